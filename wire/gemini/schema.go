package gemini

import (
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// A Schema of Gemini is a subset of the schema objects of OpenAPI 3.0: types in
// capitals, nullable, counts as strings. Others want a JSON schema.
//
// The other way nothing is translated: parametersJsonSchema and
// responseJsonSchema take a JSON schema. "While the full JSON Schema may be
// sent, not all features are supported": what is not known there is ignored, not
// refused, so a foreign schema goes there whole and nothing of it is lost.
// Source: https://ai.google.dev/api/generate-content#generationconfig.

// jsonSchema is the JSON schema for a Schema; the same bytes if it is one.
func jsonSchema(v llm.JSON) llm.JSON {
	s := schema{}
	s.node(v)
	if !s.changed {
		return v
	}
	return s.w.Buf
}

type schema struct {
	w       wire.Writer
	changed bool
}

// node writes one schema. What is no object (true, false) is written as it is.
func (s *schema) node(v llm.JSON) {
	if !wire.IsObject(v) {
		s.w.Raw(v)
		return
	}
	nullable := wire.IsTrue(wire.Get(v, "nullable"))
	typed := wire.Get(v, "type") != nil
	number := isNumeric(wire.Get(v, "type"))
	s.w.Object()
	f := wire.NewFields(v)
	for f.Next() {
		name := s.rename(v, f.Name())
		s.member(name, f.Value(), nullable, typed, number)
	}
	s.w.EndObject()
}

var renames = map[string]string{
	"any_of": "anyOf", "one_of": "oneOf", "all_of": "allOf", "prefix_items": "prefixItems",
	"min_items": "minItems", "max_items": "maxItems", "min_length": "minLength", "max_length": "maxLength",
	"min_properties": "minProperties", "max_properties": "maxProperties",
	"property_ordering": "propertyOrdering", "additional_properties": "additionalProperties",
}

func (s *schema) rename(object llm.JSON, name string) string {
	to, ok := renames[name]
	if !ok || wire.Get(object, to) != nil {
		return name
	}
	s.changed = true
	return to
}

func (s *schema) member(name string, v llm.JSON, nullable, typed, number bool) {
	switch name {
	case "type":
		s.types(v, nullable)
	case "nullable":
		s.changed = true // it is told by the types
	case "properties", "$defs", "definitions", "patternProperties":
		s.name(name)
		s.named(v)
	case "items", "additionalProperties", "not", "contains":
		s.name(name)
		s.node(v)
	case "anyOf", "oneOf", "allOf", "prefixItems":
		s.name(name)
		s.list(v, nullable && !typed && name == "anyOf")
	case "enum":
		s.name(name)
		s.enum(v, nullable, number)
	case "minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties":
		s.name(name)
		s.count(v)
	default:
		s.name(name)
		s.w.Raw(v)
	}
}

func (s *schema) name(name string) {
	quoted := jsonscan.AppendQuote(nil, name)
	s.w.Name(string(quoted[1 : len(quoted)-1]))
}

// named writes an object whose values are schemas.
func (s *schema) named(v llm.JSON) {
	if !wire.IsObject(v) {
		s.w.Raw(v)
		return
	}
	s.w.Object()
	f := wire.NewFields(v)
	for f.Next() {
		s.name(f.Name())
		s.node(f.Value())
	}
	s.w.EndObject()
}

// list writes an array of schemas.
func (s *schema) list(v llm.JSON, null bool) {
	if !wire.IsArray(v) {
		s.w.Raw(v)
		return
	}
	s.w.Array()
	items := wire.Items(v)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		s.node(item)
	}
	if null {
		s.w.Literal(`{"type":"null"}`)
	}
	s.w.EndArray()
}

// types writes the type, of which Gemini's enum has a number too.
func (s *schema) types(v llm.JSON, nullable bool) {
	name := typeName(v)
	if name == "" && !wire.IsArray(v) {
		s.changed = true // TYPE_UNSPECIFIED says nothing
		return
	}
	s.name("type")
	if name != "" && !nullable {
		s.changed = s.changed || !wire.Equal(v, name)
		s.w.String(name)
		return
	}
	s.w.Array()
	if name != "" {
		s.w.String(name)
	}
	items := wire.Items(v)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		one := typeName(item)
		if one == "" || wire.Equal(item, one) {
			s.w.Raw(item)
			continue
		}
		s.changed = true
		s.w.String(one)
	}
	if nullable {
		s.changed = true
		s.w.String("null")
	}
	s.w.EndArray()
}

// typeName is the type as JSON schemas spell it.
func typeName(v llm.JSON) string {
	names := [...]string{"", "string", "number", "integer", "boolean", "array", "object", "null"}
	if n, ok := wire.Int(v); ok && n > 0 && n < int64(len(names)) {
		return names[n]
	}
	name := strings.ToLower(wire.Text(v))
	if name == "type_unspecified" {
		return ""
	}
	return name
}

func isNumeric(v llm.JSON) bool {
	name := typeName(v)
	return name == "integer" || name == "number"
}

// enum writes the values. Gemini has those of numbers as strings.
func (s *schema) enum(v llm.JSON, nullable, number bool) {
	if !wire.IsArray(v) {
		s.w.Raw(v)
		return
	}
	s.w.Array()
	items := wire.Items(v)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		if number {
			s.count(item)
			continue
		}
		s.w.Raw(item)
	}
	if nullable {
		s.w.Literal("null")
	}
	s.w.EndArray()
}

// count writes a number, also where it came as a string.
func (s *schema) count(v llm.JSON) {
	if text := wire.TextBytes(v); len(text) > 0 && jsonscan.Valid(text) == nil && wire.IsNumber(text) {
		s.changed, v = true, text
	}
	s.w.Raw(v)
}
