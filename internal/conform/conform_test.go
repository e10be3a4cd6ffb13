package conform

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct{ schema, document, want string }{
		{`{"type":"object","required":["a"]}`, `{"a":1}`, ""},
		{`{"type":"object","required":["a"]}`, `{}`, "at "},
		{`{"type":"object","properties":{"a":{"type":"array","items":{"type":"integer"}}}}`, `{"a":[1,"x"]}`, "at /a/1"},
		{`{"properties":{"a/b":{"enum":["x"]}}}`, `{"a/b":"y"}`, "at /a~1b"},
		{`{"$ref":"#/$defs/a","$defs":{"a":{"properties":{"n":{"$ref":"#/$defs/a"},"v":{"type":"string"}}}}}`, `{"n":{"n":{"v":1}}}`, "at /n/n/v"},
		{`{"properties":{"a":{"anyOf":[{"type":"string"},{"type":"object","properties":{"b":{"type":"null"}}}]}}}`, `{"a":{"b":1}}`, "at /a"},
		{`{"type":"string","format":"date"}`, `"never"`, ""}, // a note only, since 2019
		{`{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"type":"string"}}}`, `{"a":1}`, "at /a"},
		{`{"type":"string","pattern":"^a+$"}`, `"aab"`, "at "},
		{`{"type":"number","multipleOf":0.1}`, `0.3`, ""},
	} {
		s, err := Compile([]byte(c.schema))
		if err != nil {
			t.Errorf("%s: %v", c.schema, err)
			continue
		}
		at, ok, err := s.Check([]byte(c.document))
		got := ""
		if !ok {
			got = "at " + at
		}
		if err != nil || got != c.want {
			t.Errorf("%s of %s: %q %v, want %q", c.document, c.schema, got, err, c.want)
		}
	}
}

func TestRefusedSchemas(t *testing.T) {
	for _, schema := range []string{
		`{"type":"objekt"}`, `{"$ref":"https://example.com/a.json"}`, `{"$ref":"other.json"}`, `{"$ref":"file:///etc/passwd"}`,
		`{"$schema":"https://example.com/mine"}`, `{"$ref":"#/$defs/a"}`, `{"pattern":"(?=a)"}`, `{`,
		`{"pattern":"((a{100}){9}b){9}"}`, `{"minimum":1e999999999}`,
		`{"title":"` + strings.Repeat("x", maxSchema) + `"}`,
	} {
		if _, err := Compile([]byte(schema)); err == nil {
			t.Errorf("%.80s is taken", schema)
		}
	}
}

// TestBounds: what would take for ever ends.
func TestBounds(t *testing.T) {
	for name, c := range map[string]struct{ schema, document string }{
		"alternatives": {doubled("$ref", "anyOf"), `1`},
		"not":          {doubled("not", "allOf"), `"x"`},
		"enums":        {`{"items":{"enum":[` + list("%d", 2000) + `]}}`, `[` + list("%d.5", 2000) + `]`},
		"patterns":     {`{"patternProperties":{` + list(`"^a*%db":false`, 500) + `}}`, `{` + list(`"aaaaaaaaaaaaaaaaaaaaaaaaa%d":1`, 3000) + `}`},
		"number":       {`{"type":"integer"}`, `1e999999999`},
		"length":       {`{}`, `"` + strings.Repeat("x", maxDocument) + `"`},
	} {
		s, err := Compile([]byte(c.schema))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, ok, err := s.Check([]byte(c.document)); ok || !errors.Is(err, ErrBeyond) {
			t.Errorf("%s: %v %v", name, ok, err)
		}
	}
}

// doubled is a schema of 2^40 steps.
func doubled(root, keyword string) string {
	var b strings.Builder
	first := `"#/$defs/d0"`
	if root != "$ref" {
		first = `{"$ref":` + first + `}`
	}
	b.WriteString(`{"` + root + `":` + first + `,"$defs":{`)
	for i := range 40 {
		fmt.Fprintf(&b, `"d%d":{"%s":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]},`, i, keyword, i+1, i+1)
	}
	return b.String() + `"d40":{"type":"string"}}}`
}

func list(form string, n int) string {
	var parts []string
	for i := range n {
		parts = append(parts, fmt.Sprintf(form, i))
	}
	return strings.Join(parts, ",")
}
