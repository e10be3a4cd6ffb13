package fit_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/anthropic"
	"github.com/sluice-gateway/sluice/wire/bedrock"
	"github.com/sluice-gateway/sluice/wire/cohere"
	"github.com/sluice-gateway/sluice/wire/fit"
	"github.com/sluice-gateway/sluice/wire/gemini"
	"github.com/sluice-gateway/sluice/wire/mistral"
	"github.com/sluice-gateway/sluice/wire/ollama"
	"github.com/sluice-gateway/sluice/wire/openaichat"
	"github.com/sluice-gateway/sluice/wire/openairesponses"
)

var (
	openai  = openaichat.New(openaichat.Dialect{})
	claude  = anthropic.Provider{}
	google  = gemini.Provider{}
	aws     = bedrock.Provider{}
	command = cohere.V2Provider{}
)

const (
	tree = `{"type":"object","properties":{"n":{"$ref":"#/$defs/node"}},"$defs":{"node":{"type":"object","properties":` +
		`{"v":{"type":"string"},"in":{"type":"array","items":{"$ref":"#/$defs/node"}}}}}}`
	endless = `{"type":"object","properties":{"n":{"$ref":"#/$defs/node"}},"$defs":{"node":{"type":"object","required":["in"],"properties":` +
		`{"in":{"$ref":"#/$defs/node"}}}}}`
	choices = `{"anyOf":[{"type":"object","properties":{"a":{"const":1},"b":{}},"required":["a","b"]},` +
		`{"$ref":"#/$defs/x"}],"title":"t","$defs":{"x":{"properties":{"a":{"const":2},"c":{}},"required":["a"]}}}`
)

// tools are schemas of tools: what is sent, and what is noted of it; nothing
// is the same bytes.
var tools = []struct {
	to         wire.Provider
	model      string
	schema     string
	want, note string
}{
	// A root without a type, with another one, or somewhere else.
	{openai, "", `{"properties":{}}`, `{"properties":{},"type":"object"}`, "type object"},
	{openai, "", `{"type":"object"}`, `{"type":"object","properties":{}}`, "properties added"},
	{openairesponses.Provider{}, "", `{"type":"object"}`, `{"type":"object","properties":{}}`, "properties added"},
	{claude, "", `{}`, `{"type":"object"}`, "type object"},
	{claude, "", `{"type":"object"}`, "", ""},
	{aws, "meta.llama3", `{"properties":{"a":{}}}`, `{"properties":{"a":{}},"type":"object"}`, "type object"},
	{google, "", `{"type":["object","null"]}`, `{"type":"object"}`, "type object"},
	{command, "", `{}`, `{"type":"object"}`, "type object"},
	{mistral.Provider{}, "", `{}`, "", ""},
	{mistral.Provider{}, "", `{"$schema":"x","$id":"y","type":"object","properties":{"$id":{}}}`, `{"type":"object","properties":{"$id":{}}}`, "without $schema, without $id"},
	{ollama.Provider{}, "", `{}`, `{"type":"object"}`, "type object"},
	{ollama.Provider{}, "", `{"type":["object","null"],"properties":{"a":true,"b":{"type":"boolean","default":false}}}`, `{"properties":{"a":{},"b":{"type":"boolean","default":false}},"type":"object"}`, "type object, true and false sent as objects"},
	{ollama.Provider{}, "", `{"type":"object","properties":{"a":{"$ref":"#/$defs/a"}},"$defs":{"a":{"type":"string"}}}`, `{"type":"object","properties":{"a":{"type":"string"}}}`, "references replaced by what they mean"},
	{openai, "", `{"type":"object","properties":{"a":{"type":"array"},"b":{"type":["array","null"],"prefixItems":[{}]},"c":{"type":"array","items":{}}}}`, `{"type":"object","properties":{"a":{"type":"array","items":{}},"b":{"type":["array","null"],"prefixItems":[{}],"items":{}},"c":{"type":"array","items":{}}}}`, "items added"},
	{
		claude, "", `{"type":"object","properties":{"filter[id]":{"type":"object","properties":{"a b":{}}},"ok.-_":{"$ref":"#/properties/filter%5Bid%5D/properties/a%20b"}},"required":["filter[id]"]}`,
		`{"type":"object","properties":{"filter_id_665d001d74":{"type":"object","properties":{"a b":{}}},"ok.-_":{"$ref":"#/properties/filter_id_665d001d74/properties/a%20b"}},"required":["filter_id_665d001d74"]}`, "properties renamed",
	},
	{aws, "eu.anthropic.claude-x", `{"type":"object","properties":{"":{}},"if":{"required":[""]}}`, `{"type":"object","properties":{"_e3b0c44298":{}},"if":{"required":["_e3b0c44298"]}}`, "properties renamed"},
	{aws, "meta.llama3", `{"type":"object","properties":{"a b":{}}}`, "", ""},
	{
		claude, "", `{"anyOf":[{"type":"object","properties":{"a":{"type":"string"}}},{"type":"object","properties":{"b":{"$ref":"#/anyOf/0/properties/a"}}}]}`,
		`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}}`, "alternatives merged into one object, references replaced by what they mean",
	},
	{cohere.V1Provider{}, "", `{"type":"object","properties":{"a":{"$ref":"#here"}},"$defs":{"x":{"$anchor":"here","type":"string"}}}`, `{"type":"object","properties":{"a":{"type":"string"}}}`, "references replaced by what they mean"},
	{
		claude, "", `{"$ref":"#/$defs/a","$defs":{"a":{"type":"object","properties":{"b":{"$ref":"#/$defs/a"}}}}}`,
		`{"type":"object","properties":{"b":{"$ref":"#/$defs/a"}},"$defs":{"a":{"type":"object","properties":{"b":{"$ref":"#/$defs/a"}}}}}`,
		"references replaced by what they mean",
	},

	// Alternatives at the root, and below it.
	{
		openai, "", choices,
		`{"title":"t","$defs":{"x":{"properties":{"a":{"const":2},"c":{}},"required":["a"]}},"type":"object",` +
			`"properties":{"a":{"anyOf":[{"const":1},{"const":2}]},"b":{},"c":{}},"required":["a"]}`,
		"alternatives merged into one object",
	},
	{
		claude, "", `{"type":"object","properties":{"a":{}},"required":["a"],"allOf":[{"required":["b"],"properties":{"b":{}}},{"oneOf":[{"properties":{"c":{}}}]}]}`,
		`{"type":"object","properties":{"a":{},"b":{},"c":{}},"required":["a","b"]}`, "alternatives merged into one object",
	},
	{
		aws, "us.anthropic.claude-sonnet-4", `{"type":"object","oneOf":[{"required":["a"]},{"required":["b"]}],"properties":{"a":{},"b":{}}}`,
		`{"type":"object","properties":{"a":{},"b":{}}}`, "alternatives merged into one object",
	},
	{aws, "meta.llama3", `{"type":"object","oneOf":[{"required":["a"]}]}`, "", ""},
	{claude, "", `{"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}}}`, "", ""},
	{openai, "", `{"type":"object","properties":{},"enum":[{}]}`, `{"type":"object","properties":{}}`, "alternatives merged into one object"},

	// References stay where they are taken.
	{openai, "", tree, "", ""},
	{claude, "", tree, "", ""},
	{google, "", tree, "", ""},
	{aws, "anthropic.claude-3", tree, "", ""},
	{mistral.Provider{}, "", endless, "", ""},
	{
		aws, "amazon.nova-pro-v1:0", tree,
		`{"type":"object","properties":{"n":{"type":"object","properties":{"v":{"type":"string"},"in":{"type":"array","items":{"type":"object"}}}}}}`,
		"references replaced by what they mean, recursion cut",
	},
	{
		aws, "amazon.nova-pro-v1:0", `{"$schema":"x","title":"t","type":"object","properties":{"a":{"title":"kept"}},"additionalProperties":false}`,
		`{"type":"object","properties":{"a":{"title":"kept"}}}`, "without $schema, without title, without additionalProperties",
	},
	{
		google, "", endless, `{"type":"object","properties":{"n":{"type":"object","required":["in"],"properties":{"in":{"type":"object"}}}}}`,
		"references replaced by what they mean, recursion cut",
	},
	{
		google, "", `{"type":"object","properties":{"a":{"$ref":"#/$defs/a","description":"d"}},"$defs":{"a":{"type":"string"}}}`,
		`{"type":"object","properties":{"a":{"anyOf":[{"$ref":"#/$defs/a"}],"description":"d"}},"$defs":{"a":{"type":"string"}}}`,
		"what is beside references wrapped",
	},
	{
		google, "", `{"type":"object","properties":{"a":{"$ref":"https://example.com/a","description":"d"}}}`,
		`{"type":"object","properties":{"a":{"description":"d"}}}`, "references that lead nowhere left out",
	},
	{
		cohere.V1Provider{},
		"", `{"type":"object","properties":{"a":{"$ref":"#/prefixItems/1"},"b":{"$ref":"#/prefixItems/-1"}},"prefixItems":[{"type":"null"},{"type":"string"}]}`,
		`{"type":"object","properties":{"a":{"type":"string"},"b":{}},"prefixItems":[{"type":"null"},{"type":"string"}]}`,
		"references replaced by what they mean, references that lead nowhere left out",
	},
	{
		cohere.V1Provider{},
		"", `{"type":"object","properties":{"a":{"$ref":"#/definitions/a~1b","description":"mine"}},` +
			`"definitions":{"a/b":{"type":"integer","description":"its"}}}`,
		`{"type":"object","properties":{"a":{"type":"integer","description":"mine"}}}`, "references replaced by what they mean",
	},
}

func TestSchemasOfTools(t *testing.T) {
	for _, c := range tools {
		r := &llm.Request{Model: c.model, Tools: []llm.Tool{{Name: "t", Schema: llm.JSON(c.schema)}}}
		was := r.Tools
		var n wire.Notes
		new(fit.Fit).Question(r, c.to, &n)
		want := c.want
		if want == "" {
			want = c.schema
		}
		check(t, string(c.to.Format())+" "+c.schema, string(r.Tools[0].Schema), want, &n, "tools[0].schema", c.note)
		if string(was[0].Schema) != c.schema {
			t.Errorf("%s was written to", c.schema)
		}
	}
}

func check(t *testing.T, what, got, want string, n *wire.Notes, field, note string) {
	t.Helper()
	notes := ""
	for _, one := range n.List() {
		notes += one.Field + ": " + one.How + "\n"
	}
	if note != "" {
		note = field + ": " + note + "\n"
	}
	if got != want || notes != note {
		t.Errorf("%s\n got %s\nwant %s\nnoted %swanted %s", what, got, want, notes, note)
	}
}

func TestSchemasOfAnswers(t *testing.T) {
	for _, c := range []struct {
		to         wire.Provider
		schema     string
		want, note string
	}{
		{openai, tree, "", ""},
		{google, tree, "", ""},
		{mistral.Provider{}, tree, "", ""},
		{claude, `{"type":"object","properties":{"a":{"type":"string","format":"date"}},"additionalProperties":false}`, "", ""},
		{
			claude, `{"type":"object","properties":{"a":{"type":"integer","minimum":1},"b":{"type":"string","format":"regex","maxLength":3},` +
				`"c":{"type":"array","minItems":2,"items":{"oneOf":[{"type":"string"},{"type":"null"}]}}}}`,
			`{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"},` +
				`"c":{"type":"array","minItems":1,"items":{"anyOf":[{"type":"string"},{"type":"null"}]}}},"additionalProperties":false}`,
			"without minimum, without format, without maxLength, minItems sent as 1, oneOf sent as anyOf, objects closed",
		},
		{
			aws, `{"type":"object","additionalProperties":false,"properties":{"n":{"$ref":"#"}}}`,
			`{"type":"object","properties":{"n":{"type":"object","properties":{"n":{"type":"object","additionalProperties":false}},` +
				`"additionalProperties":false}},"additionalProperties":false}`,
			"references replaced by what they mean, recursion cut",
		},
		{
			claude, `{"type":"object","additionalProperties":false,"properties":{"a":{"$ref":"#/$defs/a"}},"$defs":{"a":{"type":"string"}}}`, "", "",
		},
		{
			command, `{"type":"object","properties":{"a":{"anyOf":[{"type":"string","maxLength":2},{"type":"null"}]},"b":{"type":"string","pattern":"^x$"}},"additionalProperties":false}`,
			`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["a"]}`,
			"null left out of alternatives, without maxLength, without pattern, without additionalProperties, properties required",
		},
		{command, `{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}`, "", ""},
		{command, `{"$ref":"#/$defs/a","$defs":{"a":{"type":"object","properties":{"b":{"type":"string","maxLength":2}}}}}`, `{"type":"object","properties":{"b":{"type":"string"}},"$defs":{"a":{"type":"object","properties":{"b":{"type":"string"}},"required":["b"]}},"required":["b"]}`, "references replaced by what they mean, without maxLength, properties required"},
		{
			claude, `{"type":"object","allOf":[{"$ref":"#/$defs/base"},{"properties":{"b":{"type":"string"}},"required":["b"]}],"$defs":{"base":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}}}`,
			`{"properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["a","b"],"type":"object","additionalProperties":false}`,
			"allOf merged, objects closed",
		},
		{
			claude, `{"type":"object","additionalProperties":false,"properties":{"x":{"$ref":"#/$defs/b","properties":{"n":{"type":"string"}}}},"$defs":{"b":{"type":"object","properties":{"m":{"type":"string"}},"required":["m"],"additionalProperties":false}}}`,
			`{"type":"object","properties":{"x":{"type":"object","required":["m"],"properties":{"m":{"type":"string"},"n":{"type":"string"}},"additionalProperties":false}},"$defs":{"b":{"type":"object","properties":{"m":{"type":"string"}},"required":["m"],"additionalProperties":false}},"additionalProperties":false}`,
			"references replaced by what they mean",
		},
	} {
		r := &llm.Request{Output: llm.Output{Kind: llm.OutputSchema, Schema: llm.JSON(c.schema)}}
		var n wire.Notes
		new(fit.Fit).Question(r, c.to, &n)
		want := c.want
		if want == "" {
			want = c.schema
		}
		check(t, string(c.to.Format())+" "+c.schema, string(r.Output.Schema), want, &n, "output.schema", c.note)
	}
}

// TestStrict: a promise that the API would refuse to make is not asked for.
func TestStrict(t *testing.T) {
	closed := `{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}`
	for _, c := range []struct {
		to     wire.Provider
		schema string
		kept   bool
	}{
		{openai, closed, true},
		{openai, strings.Replace(closed, `,"required":["a"]`, "", 1), false},
		{openai, strings.Replace(closed, `,"additionalProperties":false`, "", 1), false},
		{openai, strings.Replace(closed, `"string"`, `"string","default":"x"`, 1), false},
		{openai, nested(10), true},
		{openai, nested(11), false},
		{openai, strings.Replace(closed, `"type":"string"`, `"enum":["a"`+strings.Repeat(`,"b"`, 999)+`]`, 1), true},
		{openai, strings.Replace(closed, `"type":"string"`, `"enum":["a"`+strings.Repeat(`,"b"`, 1000)+`]`, 1), false},
		{openai, strings.Replace(closed, `"type":"string"`, `"enum":["`+strings.Repeat("a", 15_000)+`"`+strings.Repeat(`,"b"`, 250)+`]`, 1), false},
		{openai, strings.Replace(closed, `"type":"string"`, `"const":"`+strings.Repeat("a", 120_000)+`"`, 1), false},
		{claude, strings.Replace(closed, `,"required":["a"]`, "", 1), true},
		{claude, strings.Replace(closed, `"string"`, `"string","maxLength":1`, 1), false},
		{command, closed, false},
		{mistral.Provider{}, tree, true},
	} {
		r := &llm.Request{Tools: []llm.Tool{{Name: "t", Schema: llm.JSON(c.schema), Strict: llm.JSON("true")}}}
		r.Output = llm.Output{Kind: llm.OutputSchema, Name: "o", Schema: llm.JSON(c.schema), Strict: llm.JSON("true")}
		var n wire.Notes
		new(fit.Fit).Question(r, c.to, &n)
		if got := wire.IsTrue(r.Tools[0].Strict); got != c.kept || n.Changed("tools[0].strict") == c.kept || string(r.Tools[0].Schema) != c.schema {
			t.Errorf("%s %s: strict %v, noted %v", c.to.Format(), c.schema, got, n.List())
		}
		if c.to == wire.Provider(openai) && wire.IsTrue(r.Output.Strict) != c.kept {
			t.Errorf("%s %s: a strict answer: %v", c.to.Format(), c.schema, n.List())
		}
	}
}

// nested is a strict schema of so many levels.
func nested(levels int) string {
	s := `{"type":"string"}`
	for range levels {
		s = `{"type":"object","properties":{"a":` + s + `},"required":["a"],"additionalProperties":false}`
	}
	return s
}

func TestNamesOfAnswers(t *testing.T) {
	r := &llm.Request{Output: llm.Output{Kind: llm.OutputSchema, Name: "my answer", Schema: llm.JSON(`{"type":"object"}`)}}
	var n wire.Notes
	new(fit.Fit).Question(r, openai, &n)
	if !strings.HasPrefix(r.Output.Name, "my_answer_") || !n.Changed("output.name") {
		t.Errorf("sent as %q, noted %v", r.Output.Name, n.List())
	}
}
