package header

import (
	"reflect"
	"testing"
)

func TestHeader(t *testing.T) {
	h := Header{{"A", "1"}, {"b", "2"}, {"a", "3"}, {"C", ""}}
	if h.Get("a") != "1" || h.Get("B") != "2" || h.Get("x") != "" || h.Get("c") != "" {
		t.Error("Get")
	}
	if !h.Has("c") || h.Has("d") || h.Index("B") != 1 || h.Index("d") != -1 || h.Count("A") != 2 {
		t.Error("Has, Index or Count")
	}
	if got := h.Values("A"); !reflect.DeepEqual(got, []string{"1", "3"}) || h.Values("x") != nil {
		t.Errorf("Values: %q", got)
	}
}

func TestSet(t *testing.T) {
	for _, tt := range []struct {
		in   Header
		name string
		want Header
	}{
		{nil, "A", Header{{"A", "v"}}},
		{Header{{"b", "1"}}, "A", Header{{"b", "1"}, {"A", "v"}}},
		{Header{{"a", "1"}, {"b", "2"}, {"A", "3"}}, "A", Header{{"a", "v"}, {"b", "2"}}},
		{Header{{"b", "2"}, {"A", "3"}, {"c", "4"}, {"a", "5"}, {"d", "6"}}, "a", Header{{"b", "2"}, {"A", "v"}, {"c", "4"}, {"d", "6"}}},
	} {
		h := append(Header(nil), tt.in...)
		if h.Set(tt.name, "v"); !reflect.DeepEqual(h, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.in, h, tt.want)
		}
	}
}

func TestDel(t *testing.T) {
	for _, tt := range []struct{ in, want Header }{
		{nil, nil},
		{Header{{"b", "1"}}, Header{{"b", "1"}}},
		{Header{{"a", "1"}}, Header{}},
		{Header{{"a", "1"}, {"b", "2"}, {"A", "3"}, {"c", "4"}}, Header{{"b", "2"}, {"c", "4"}}},
	} {
		h := append(Header(nil), tt.in...)
		whole := h
		if h.Del("a"); len(h) != len(tt.want) || len(h) > 0 && !reflect.DeepEqual(h, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.in, h, tt.want)
		}
		for _, f := range whole[len(h):] {
			if f != (Field{}) {
				t.Errorf("%v: %v is still in memory", tt.in, f)
			}
		}
	}
}

func TestEqual(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{{"", "", true}, {"Content-Type", "content-TYPE", true}, {"a", "b", false}, {"a", "aa", false}, {"a[", "A{", false}, {"é", "É", false}, {"@", "`", false}} {
		if got := Equal(tt.a, tt.b); got != tt.want || Equal(tt.b, tt.a) != got {
			t.Errorf("%q, %q: got %t", tt.a, tt.b, got)
		}
	}
}

func TestLower(t *testing.T) {
	for in, want := range map[string]string{"": "", "abc-1": "abc-1", "X-Kong-ID": "x-kong-id", "aBc": "abc", "[A]": "[a]"} {
		if got := Lower(in); got != want {
			t.Errorf("%q: got %q", in, got)
		}
	}
}

func TestAlike(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"apikey", "ApiKey", true},
		{"x_api_key", "X-Api-Key", true},
		{"x-api_key", "x_api-key", true},
		{"x-api-key", "x-api-keys", false},
		{"x.api", "x-api", false},
		{"", "", true},
	}
	for _, tt := range tests {
		if got := Alike(tt.a, tt.b); got != tt.want {
			t.Errorf("Alike(%q, %q) = %v", tt.a, tt.b, got)
		}
	}
}
