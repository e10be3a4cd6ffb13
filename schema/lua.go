package schema

import (
	"maps"
	"reflect"
)

// EntityChecker lists a type's checks across fields for the schema JSON, each
// an object such as {"at_least_one_of":["a","b"]}.
type EntityChecker interface {
	EntityChecks() []any
}

// Schema is the record as the Admin API's /schemas show it:
// {"fields":[{"name":{"type":"string",…}}],"entity_checks":[…]}.
func (r *Record) Schema() map[string]any {
	return r.schema(map[*Record]bool{})
}

func (r *Record) schema(open map[*Record]bool) map[string]any {
	// A type that contains itself is shown once on each way down.
	if open[r] {
		return map[string]any{"fields": []any{}}
	}
	open[r] = true
	defer delete(open, r)
	fields := make([]any, len(r.Fields))
	for i, f := range r.Fields {
		fields[i] = map[string]any{f.Name: f.schema(open)}
	}
	m := map[string]any{"fields": fields}
	if c, ok := reflect.TypeAssert[EntityChecker](reflect.New(r.Type)); ok {
		m["entity_checks"] = c.EntityChecks()
	}
	if len(r.Shorthands) > 0 {
		list := make([]any, len(r.Shorthands))
		for i, s := range r.Shorthands {
			list[i] = map[string]any{s.Name: map[string]any{"type": s.Type}}
		}
		m["shorthand_fields"] = list
	}
	return m
}

func (f *Field) schema(open map[*Record]bool) map[string]any {
	m := map[string]any{"type": f.Kind.String()}
	if f.show != "" {
		m["type"] = f.show
	}
	f.schemaShape(m, open)
	f.schemaLimits(m)
	set := func(key string, on bool) {
		if on {
			m[key] = true
		}
	}
	set("required", f.Required || f.Kind == RecordKind && !f.pointer && f.Name != "")
	set("unique", f.Unique)
	set("auto", f.Auto != "")
	set("uuid", f.Check == "uuid")
	set("timestamp", f.Auto == "created" || f.Auto == "updated")
	scalar := f.Kind <= Boolean
	set("referenceable", f.Ref && scalar)
	set("encrypted", f.Secret && scalar)
	if f.Default != nil {
		m["default"] = f.Default
	}
	if f.Doc != "" {
		m["description"] = f.Doc
	}
	return m
}

func (f *Field) schemaShape(m map[string]any, open map[*Record]bool) {
	switch f.Kind {
	case Array, Set:
		m["elements"] = f.Elem.schema(open)
	case Map:
		m["keys"] = map[string]any{"type": "string"}
		m["values"] = f.Elem.schema(open)
	case RecordKind:
		maps.Copy(m, f.Record.schema(open))
	case Foreign:
		m["reference"] = f.Reference
	case String, Number, Integer, Boolean, Any: // the type says it all
	}
}

func (f *Field) schemaLimits(m map[string]any) {
	if len(f.Enum) > 0 {
		m["one_of"] = f.enumValues(f.Enum)
	}
	if len(f.Not) > 0 {
		m["not_one_of"] = f.enumValues(f.Not)
	}
	if f.Between != nil {
		m["between"] = []any{encodeNumber(reflect.ValueOf(f.Between[0])), encodeNumber(reflect.ValueOf(f.Between[1]))}
	}
	if f.Gt != nil {
		m["gt"] = encodeNumber(reflect.ValueOf(*f.Gt))
	}
	switch {
	case f.Kind == String && f.LenMin != 1:
		m["len_min"] = int64(f.LenMin)
	case f.Kind >= Array && f.Kind <= Map && f.ItemsMin > 0:
		m["len_min"] = int64(f.ItemsMin)
	}
	if f.Kind == String && f.LenMax >= 0 {
		m["len_max"] = int64(f.LenMax)
	}
}

func (f *Field) enumValues(texts []string) []any {
	list := make([]any, len(texts))
	for i, s := range texts {
		if list[i] = any(s); f.Kind != String {
			list[i] = parseDefault(s)
		}
	}
	return list
}
