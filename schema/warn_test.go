package schema_test

import (
	"reflect"
	"testing"

	"github.com/sluice-gateway/sluice/schema"
)

type changing struct {
	Name  string   `json:"name" default:"a"`
	On    bool     `json:"on"`
	Count *int     `json:"count"`
	List  []string `json:"list" default:"x,y"`
	Deep  struct {
		Size int `json:"size" default:"3"`
		More struct {
			Text schema.Secret `json:"text"`
		} `json:"more"`
	} `json:"deep"`
}

// TestChanged: a value that is said and yet the default is no change.
func TestChanged(t *testing.T) {
	type m = map[string]any
	for _, tt := range []struct {
		in   m
		want []string
	}{
		{m{}, nil},
		{m{"name": "a", "on": false, "count": nil, "list": []any{"x", "y"}, "deep": m{"size": int64(3)}}, nil},
		{m{"name": "b", "on": true, "count": int64(0), "list": []any{"x"}}, []string{"name", "on", "count", "list"}},
		{m{"deep": m{"size": int64(4), "more": m{"text": "t"}}}, []string{"deep.size", "deep.more.text"}},
	} {
		var c changing
		if e := schema.Decode(tt.in, &c); !e.Empty() {
			t.Fatal(e)
		}
		if got := schema.Changed(&c); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.in, got, tt.want)
		}
	}
}

func TestBelow(t *testing.T) {
	got := schema.Below("a", []schema.Problem{{Path: "b", Message: "m"}, {Message: "n"}})
	if !reflect.DeepEqual(got, []schema.Problem{{Path: "a.b", Message: "m"}, {Path: "a", Message: "n"}}) {
		t.Error(got)
	}
}
