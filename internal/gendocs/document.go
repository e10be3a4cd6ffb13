package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/schema"
)

// object is a JSON object; encoding/json writes its keys sorted.
type object = map[string]any

// documentSchema is the JSON schema of a declarative document, for editors.
// It accepts what loading accepts as far as a schema can tell; checks between
// fields and between entities are not in it.
func documentSchema(c *comments, registry *plugin.Registry) (string, error) {
	d := &definitions{comments: c, all: object{}}
	properties := asides(object{
		"_format_version": object{"enum": []any{"1.1", "2.1", "3.0"}, "description": "The version of the format."},
		"_transform":      object{"type": "boolean", "default": true, "description": "Accepted; nothing needs transforming."},
		"_info":           object{"type": "object", "description": "decK's: select_tags and defaults are honoured in files."},
		"_workspace":      object{"enum": []any{"default", nil}, "description": "decK's; there is only default."},
		"_konnect":        object{"description": "decK's; without effect."},
		"_plugin_configs": object{"type": "object", "description": "decK's: configs that plugins name in _config."},
		"workspaces":      object{"type": "array", "description": "Only the workspace default."},
	})
	for _, coll := range config.Collections() {
		if err := d.collection(coll, registry); err != nil {
			return "", err
		}
		properties[coll.Name] = listOf(coll)
	}
	for _, def := range registry.All() {
		s, err := d.record(def.Config)
		if err != nil {
			return "", err
		}
		d.all["plugin."+def.Name] = nullable(s)
	}
	return indented(object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Declarative document of Sluice",
		"description": "Written by gendocs from the source.", "type": "object", "properties": properties,
		"required": []any{"_format_version"}, "additionalProperties": false, "$defs": d.all,
	})
}

func indented(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.String(), err
}

// asides adds the members for remarks, which any entity may have.
func asides(properties object) object {
	properties["_comment"] = object{"type": []any{"string", "null"}, "description": "Ignored."}
	properties["_ignore"] = object{"type": []any{"array", "null"}, "description": "Ignored; a home for YAML anchors."}
	return properties
}

func listOf(coll *config.Collection) object {
	return object{"type": []any{"array", "null"}, "items": object{"$ref": "#/$defs/" + coll.Singular}}
}

// definitions are the entities and the configs of plugins.
type definitions struct {
	comments *comments
	all      object
}

func (d *definitions) collection(coll *config.Collection, registry *plugin.Registry) error {
	s, err := d.record(coll.Record)
	if err != nil {
		return err
	}
	properties := asides(s["properties"].(object))
	for _, child := range children(coll) {
		properties[child.Name] = listOf(child)
	}
	members := object{"type": []any{"array", "null"}, "items": object{"type": []any{"string", "object"}}}
	switch coll.Name {
	case "consumers":
		properties["groups"] = members
	case "consumer_groups":
		properties["consumers"] = members
	case "plugins":
		properties["_config"] = object{"type": "string", "description": "decK's: an entry of _plugin_configs."}
		pluginConfigs(s, registry)
	case "snis":
		s = object{"anyOf": []any{object{"type": "string"}, s}}
	}
	d.all[coll.Singular] = s
	return nil
}

// pluginConfigs ties the config of a plugin to its name.
func pluginConfigs(s object, registry *plugin.Registry) {
	var names, choices []any
	for _, def := range registry.All() {
		names = append(names, def.Name)
		choices = append(choices, object{
			"if":   object{"properties": object{"name": object{"const": def.Name}}, "required": []any{"name"}},
			"then": object{"properties": object{"config": ref("plugin." + def.Name)}},
		})
	}
	properties := s["properties"].(object)
	properties["name"] = object{"enum": names, "description": properties["name"].(object)["description"]}
	properties["config"] = object{"type": []any{"object", "null"}, "description": properties["config"].(object)["description"]}
	s["allOf"] = choices
}

func ref(name string) object { return object{"$ref": "#/$defs/" + name} }

func null() object { return object{"type": "null"} }

// record is the schema of a record. Foreign fields are never required: an
// entity that is nested in another one must leave them out.
func (d *definitions) record(r *schema.Record) (object, error) {
	docs, err := d.comments.ofFields(r.Type)
	if err != nil {
		return nil, err
	}
	properties := object{}
	required := []any{}
	for _, f := range r.Fields {
		s, err := d.field(f)
		if err != nil {
			return nil, err
		}
		s["description"] = docs[f.Name]
		if f.Refuse != "" {
			s["description"] = docs[f.Name] + " Refused for now: " + f.Refuse
		}
		properties[f.Name] = s
		if f.Required && f.Default == nil && f.Auto == "" && f.Kind != schema.Foreign && f.Kind != schema.RecordKind {
			required = append(required, f.Name)
		}
	}
	out := object{"type": "object", "properties": properties, "additionalProperties": false}
	shorthands(out, properties, required, r)
	return out, nil
}

// shorthands adds the members that are input only. One of them stands for what
// would be required.
func shorthands(out, properties object, required []any, r *schema.Record) {
	if len(r.Shorthands) == 0 {
		if len(required) > 0 {
			out["required"] = required
		}
		return
	}
	choices := []any{object{"required": required}}
	for _, s := range r.Shorthands {
		properties[s.Name] = object{"type": []any{s.Type, "null"}, "description": "Input only: turned into other fields."}
		choices = append(choices, object{"required": []any{s.Name}})
	}
	out["anyOf"] = choices
}

// field is the schema of a field. Nearly every field may be null, which means
// its default.
func (d *definitions) field(f *schema.Field) (object, error) {
	if f.Refuse != "" {
		return refused(f), nil
	}
	s, err := d.value(f)
	if err != nil {
		return nil, err
	}
	if f.Default != nil {
		s["default"] = f.Default
	}
	if f.Required && f.Default == nil {
		return s, nil
	}
	return nullable(s), nil
}

// refused accepts what is as good as nothing.
func refused(f *schema.Field) object {
	switch f.Kind {
	case schema.Array, schema.Set:
		return object{"type": []any{"array", "null"}, "maxItems": 0}
	case schema.Map, schema.RecordKind, schema.Foreign, schema.Any:
		return object{"type": []any{"object", "null"}, "maxProperties": 0}
	case schema.String, schema.Number, schema.Integer, schema.Boolean:
	}
	values := []any{nil}
	if f.Default != nil {
		values = append(values, f.Default)
	}
	return object{"enum": values}
}

func nullable(s object) object {
	switch t := s["type"].(type) {
	case string:
		s["type"] = []any{t, "null"}
	case []any:
		s["type"] = append(t, "null")
	}
	if list, ok := s["enum"].([]any); ok {
		s["enum"] = append(slices.Clone(list), nil)
	}
	if list, ok := s["anyOf"].([]any); ok && s["properties"] == nil {
		s["anyOf"] = append(slices.Clone(list), null())
	}
	return s
}

func (d *definitions) value(f *schema.Field) (object, error) {
	switch f.Kind {
	case schema.Array, schema.Set, schema.Map:
		return d.list(f)
	case schema.RecordKind:
		return d.record(f.Record)
	case schema.Foreign:
		return object{"anyOf": []any{
			object{"type": "string"},
			object{"type": "object", "description": "With the id or the name of one of " + f.Reference + "."},
		}}, nil
	case schema.Any:
		return object{"type": "object"}, nil
	case schema.String, schema.Number, schema.Integer, schema.Boolean:
	}
	return single(f), nil
}

func (d *definitions) list(f *schema.Field) (object, error) {
	items, err := d.value(f.Elem)
	if err != nil {
		return nil, err
	}
	s := object{"type": "array", "items": items}
	least, most := "minItems", "maxItems"
	if f.Kind == schema.Map {
		s = object{"type": "object", "additionalProperties": items}
		least, most = "minProperties", "maxProperties"
	}
	if f.ItemsMin > 0 {
		s[least] = f.ItemsMin
	}
	if f.ItemsMax > 0 {
		s[most] = f.ItemsMax
	}
	return s, nil
}

// single is the schema of a text, a number or a boolean.
func single(f *schema.Field) object {
	s := object{"type": f.Kind.String()}
	if len(f.Enum) > 0 {
		values := make([]any, len(f.Enum))
		for i, v := range f.Enum {
			values[i] = v
			if f.Kind != schema.String {
				values[i] = json.Number(v)
			}
		}
		s["enum"] = values
	}
	if f.Between != nil {
		s["minimum"], s["maximum"] = f.Between[0], f.Between[1]
	}
	if f.Gt != nil {
		s["exclusiveMinimum"] = *f.Gt
	}
	if f.Kind == schema.String && len(f.Enum) == 0 {
		maps.Copy(s, length(f))
	}
	return s
}

func length(f *schema.Field) object {
	s := object{}
	if f.LenMin > 0 {
		s["minLength"] = f.LenMin
	}
	if f.LenMax > 0 {
		s["maxLength"] = f.LenMax
	}
	if f.Check == "uuid" && !f.Ref {
		s["format"] = "uuid"
	}
	return s
}
