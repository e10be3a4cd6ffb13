package jsonv2

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	got, err := Parse([]byte(`{"a":[1,-2,1.5,1e2,"x\u00e9",true,false,null],"b":{}}`))
	want := map[string]any{"a": []any{int64(1), int64(-2), 1.5, 100.0, "xé", true, false, nil}, "b": map[string]any{}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%#v %v", got, err)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "line 1: unexpected end of text"},
		{"{\n\n\"a\":1,\"a\":2}", "line 3: duplicate object member name /a"},
		{"{\"a\":\n", "line 2: unexpected end of text"},
		{"1\n2", "line 2: unexpected data after the document"},
		{"\"\xff\"", "line 1: invalid UTF-8"},
		{"1e999", "line 1: number out of range: 1e999"},
		{strings.Repeat("[", 250), "line 1: nested deeper than 200 levels"},
	} {
		v, err := Parse([]byte(c.text))
		if v != nil || err == nil || err.Error() != c.want {
			t.Errorf("%q: got %v, want %s", c.text, err, c.want)
		}
	}
}

func TestAppend(t *testing.T) {
	if got := string(AppendString(nil, "a\"\n\xff")); got != "\"a\\\"\\n\uFFFD\"" {
		t.Errorf("%s", got)
	}
	if got := string(AppendFloat(AppendFloat(nil, 2), 0.5)); got != "20.5" {
		t.Error(got)
	}
}
