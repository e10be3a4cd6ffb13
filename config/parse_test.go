package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

type obj = map[string]any

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		want any
	}{
		{`{"a":1,"b":1.0,"c":[true,null,"x"],"d":{}}`, obj{"a": int64(1), "b": 1.0, "c": []any{true, nil, "x"}, "d": obj{}}},
		{"a: 1\nb: 1.5\nc: [true, ~, x, '1', yes]\nd: {}\n", obj{"a": int64(1), "b": 1.5, "c": []any{true, nil, "x", "1", "yes"}, "d": obj{}}},
		{"{a: 1}", obj{"a": int64(1)}},
		{"a: 0x10\nb: 010\nc: 2024-01-01\nd: 9223372036854775808\ne: -3", obj{"a": int64(16), "b": int64(10), "c": "2024-01-01", "d": 9223372036854775808.0, "e": int64(-3)}},
		{"base: &b {x: 1, y: 2}\nlist: [*b]\nover:\n  <<: *b\n  y: 3\n", obj{
			"base": obj{"x": int64(1), "y": int64(2)},
			"list": []any{obj{"x": int64(1), "y": int64(2)}}, "over": obj{"x": int64(1), "y": int64(3)},
		}},
		{"a: &x {p: 1}\nb: &y {p: 2, q: 3}\nc: {<<: [*x, *y]}", obj{"a": obj{"p": int64(1)}, "b": obj{"p": int64(2), "q": int64(3)}, "c": obj{"p": int64(1), "q": int64(3)}}},
		{"a: |\n  x\n  y\n", obj{"a": "x\ny\n"}},
		{"1: x\ntrue: y", obj{"1": "x", "true": "y"}},
		{"", nil},
		{"# nothing\n", nil},
		{"text", "text"},
		{"\uFEFF{}", obj{}},
	} {
		got, err := Parse([]byte(c.text))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q\n got %#v %v\nwant %#v", c.text, got, err, c.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'k'; c++ {
		p := string(c - 1)
		bomb += string(c) + ": &" + string(c) + " [*" + p + strings.Repeat(", *"+p, 8) + "]\n"
	}
	for _, c := range []struct {
		text string
		line int
		part string
	}{
		{"{\n\"a\":1,\n\"a\":2}", 3, "duplicate"},
		{"a: 1\nb: 2\na: 3\n", 3, `mapping key "a" already defined`},
		{"{\"a\": [1,\n2", 2, ""},
		{"a: [1\nb: 2", 0, ""},
		{"a: 1\n---\nb: 2", 2, "second document"},
		{"{} {}", 1, ""},
		{"a: *nope", 0, "nope"},
		{"a: &a [*a]", 1, "contains itself"},
		{"a: {<<: 3}", 1, "map merge"},
		{bomb, 0, ""},
		{strings.Repeat("[", 300) + strings.Repeat("]", 300), 0, "nested deeper"},
		{strings.Repeat("- ", 300) + "x", 0, "nested deeper"},
		{"a: .inf", 1, "out of range"},
		{"{\"a\":1e999}", 1, "out of range"},
	} {
		v, err := Parse([]byte(c.text))
		pe, ok := errors.AsType[*ParseError](err)
		if v != nil || !ok || c.line != 0 && pe.Line != c.line || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%.40q: %v", c.text, err)
		}
	}
}

func TestSubstitute(t *testing.T) {
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"DECK_X": "value", "DECK_N": "08", "DECK_B": "T", "DECK_L": "a\nb"}[name]
		return v, ok
	}
	for _, c := range []struct{ in, want string }{
		{"plain", "plain"},
		{`a: ${{ env "DECK_X" }} b`, "a: value b"},
		{`${{env "DECK_N"|toInt}}`, "8"},
		{"${{ env `DECK_B` | toBool }}", "true"},
		{`  ${{ env "DECK_L" | indent 2 }}`, "  a\n  b"},
		{`${{ env "HOME" }}`, "line 1: environment variables in the state file must be prefixed with 'DECK_', found: 'HOME'"},
		{"\n${{ env \"DECK_NO\" }}", "line 2: environment variable 'DECK_NO' present in state file but not set"},
		{`${{ env "DECK_X" | toInt }}`, "line 1: toInt: the value cannot be converted"},
		{`${{ env "DECK_X"`, "line 1: '${{' is never closed by '}}'"},
		{`${{ }}`, "line 1: an expression is empty"},
		{`${{ env "DECK_X" | }}`, "line 1: an expression is empty"},
		{`${{ shell "x" }}`, `line 1: function "shell" is not known: there are env, toBool, toInt, toFloat and indent`},
		{`${{ env }}`, "line 1: env takes 1 argument(s), not 0"},
	} {
		got, err := Substitute([]byte(c.in), env)
		if err != nil {
			got = []byte(err.Error())
		}
		if string(got) != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.in, got, c.want)
		}
	}
}

func TestVaults(t *testing.T) {
	d := mustLoad(t, head+"vaults: [{name: env, prefix: my-env, config: {prefix: my_}}, {name: env, prefix: b64, config: {base64_decode: true}}]")
	env := map[string]string{
		"OPENAI_KEY": "k1", "OPENAI_KEY_PREVIOUS": "k0", "MY_TOKEN": "t", "SSL_TOKEN": "s",
		"JSON": `{"a":"x","n":5}`, "ENC": "aGk=",
	}
	v := NewVaults(d, func(name string) (string, bool) { s, ok := env[name]; return s, ok })
	for _, c := range []struct{ ref, want string }{
		{"{vault://env/openai-key}", "k1"},
		{"{vault://env/openai-key#2}", "k0"},
		{"{vault://env/openai-key#1}", "k1"},
		{"{vault://my-env/token}", "t"},
		{"{vault://my-env/token?prefix=SSL_}", "s"},
		{"{vault://env/json/a}", "x"},
		{"{vault://env/json/n}", "5"},
		{"{vault://b64/enc}", "hi"},
		{"{vault://env/none}", "reference {vault://env/none}: environment variable NONE is not set"},
		{"{vault://nope/x}", "reference {vault://nope/x}: there is no vault 'nope'"},
		{"{vault://env/json/z}", "reference {vault://env/json/z}: the value has no member 'z'"},
		{"{vault://env/token/z}", "reference {vault://env/token/z}: environment variable TOKEN is not set"},
		{"{vault://env/openai-key/z}", "reference {vault://env/openai-key/z}: the value is not a JSON object"},
		{"{vault://env}", "reference {vault://env}: want {vault://<vault>/<resource>}"},
	} {
		got, err := v.Resolve(c.ref)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.ref, got, c.want)
		}
	}
}
