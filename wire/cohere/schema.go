package cohere

import (
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// The first version describes the arguments of a tool by name, type (of
// Python), description and whether they are required, and knows no schema.
//
// https://docs.cohere.com/v1/reference/chat (tools)

// schemaOf makes a JSON schema of parameter definitions.
func schemaOf(definitions llm.JSON) llm.JSON {
	var w wire.Writer
	var required []string
	w.Object()
	w.StringMember("type", "object")
	w.Name("properties")
	w.Object()
	f := wire.NewFields(definitions)
	for f.Next() {
		quoted(&w, f.Name())
		property(&w, f.Value())
		if wire.IsTrue(wire.Get(f.Value(), "required")) {
			required = append(required, f.Name())
		}
	}
	w.EndObject()
	if len(required) > 0 {
		w.Name("required")
		w.Array()
		for _, name := range required {
			w.String(name)
		}
		w.EndArray()
	}
	w.EndObject()
	return w.Buf
}

// quoted begins a member whose name may need escapes.
func quoted(w *wire.Writer, name string) {
	w.Raw(jsonscan.AppendQuote(nil, name))
	w.Buf = append(w.Buf, ':')
}

func property(w *wire.Writer, definition llm.JSON) {
	w.Object()
	typed(w, wire.Text(wire.Get(definition, "type")))
	if d := wire.Get(definition, "description"); wire.IsString(d) {
		w.Member("description", d)
	}
	w.EndObject()
}

// typed writes a type of Python as one of JSON schema: List[str] is an array
// of strings.
func typed(w *wire.Writer, python string) {
	outer, inner, generic := strings.Cut(strings.ToLower(strings.TrimSpace(python)), "[")
	kind := jsonType(outer)
	if kind == "" {
		return
	}
	w.StringMember("type", kind)
	if kind != "array" || !generic {
		return
	}
	w.Name("items")
	w.Object()
	if item := jsonType(strings.TrimRight(inner, "]")); item != "" {
		w.StringMember("type", item)
	}
	w.EndObject()
}

func jsonType(python string) string {
	switch python {
	case "str", "string":
		return "string"
	case "int", "integer":
		return "integer"
	case "float", "number":
		return "number"
	case "bool", "boolean":
		return "boolean"
	case "list", "array", "tuple", "set":
		return "array"
	case "dict", "object":
		return "object"
	}
	return ""
}

// definitionsOf makes parameter definitions of a schema. whole is false if
// the schema says more than they can.
func definitionsOf(w *wire.Writer, schema llm.JSON) (whole bool) {
	whole = true
	w.Object()
	required := wire.TextSet(wire.Get(schema, "required"))
	f := wire.NewFields(wire.Get(schema, "properties"))
	for f.Next() {
		quoted(w, f.Name())
		whole = definition(w, f.Value(), required[f.Name()]) && whole
	}
	w.EndObject()
	f = wire.NewFields(schema)
	for f.Next() {
		switch f.Name() {
		case "type", "properties", "required", "title", "$schema", "additionalProperties":
		default:
			whole = false
		}
	}
	return whole
}

func definition(w *wire.Writer, schema llm.JSON, required bool) (whole bool) {
	python, whole := pythonType(schema)
	w.Object()
	if d := wire.Get(schema, "description"); wire.IsString(d) {
		w.Member("description", d)
	}
	w.StringMember("type", python)
	w.BoolMember("required", required)
	w.EndObject()
	f := wire.NewFields(schema)
	for f.Next() {
		switch f.Name() {
		case "type", "description", "title", "items":
		default:
			whole = false
		}
	}
	return whole
}

// pythonType is the type of a schema; what has none, or several, is a text.
func pythonType(schema llm.JSON) (python string, whole bool) {
	switch wire.Text(wire.Get(schema, "type")) {
	case "string":
		return "str", true
	case "integer":
		return "int", true
	case "number":
		return "float", true
	case "boolean":
		return "bool", true
	case "object":
		return "dict", wire.Get(schema, "properties") == nil
	case "array":
		items := wire.Get(schema, "items")
		if items == nil {
			return "list", true
		}
		switch wire.Text(wire.Get(items, "type")) {
		case "string", "integer", "number", "boolean":
			item, _ := pythonType(items)
			return "List[" + item + "]", true
		}
		return "list", false
	}
	return "str", false
}

// compact is a value without white space between its tokens.
func compact(v llm.JSON) llm.JSON {
	out := make(llm.JSON, 0, len(v))
	inString, escaped := false, false
	for _, c := range v {
		switch {
		case inString:
			inString, escaped = escaped || c != '"', !escaped && c == '\\'
		case c == ' ' || c == '\n' || c == '\r' || c == '\t':
			continue
		default:
			inString = c == '"'
		}
		out = append(out, c)
	}
	return out
}
