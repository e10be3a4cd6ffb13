package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/schema"
)

// DocumentError is everything that is wrong with a document. It answers POST
// /config (Fields, Message, Flattened), a failed start (Startup), and a check
// on the command line (Problems).
type DocumentError struct {
	errs     *schema.Errors
	items    []*item
	problems []Problem
}

// ParseFailed is the error of a text that is no document at all.
func ParseFailed(reason string) *DocumentError {
	e := &schema.Errors{}
	e.Field("error").Fail("failed parsing declarative configuration: " + reason)
	return &DocumentError{errs: e}
}

// Error implements error with Message.
func (e *DocumentError) Error() string { return e.Message() }

// Message is "declarative config is invalid: " and the tree in Kong's table
// notation.
func (e *DocumentError) Message() string { return "declarative config is invalid: " + e.errs.Table() }

// Fields is the tree for the member "fields" of the error body.
func (e *DocumentError) Fields() any { return e.errs.Value() }

// Errors is the tree itself.
func (e *DocumentError) Errors() *schema.Errors { return e.errs }

// Startup is the text that an invalid file stops a start with.
func (e *DocumentError) Startup(path string) string {
	return "error parsing declarative config file " + path + ":\n" + e.errs.Indented()
}

// Problems lists what is wrong with the place in the document, elements
// counted from 0.
func (e *DocumentError) Problems() []Problem {
	if e.problems != nil {
		return slices.Clone(e.problems)
	}
	return e.errs.Problems()
}

// Warnings lists what is odd about the entities that nothing is wrong with.
func (e *DocumentError) Warnings() []Problem { return warnings(e.items) }

// Flattened is the list for the member "flattened_errors": one object per
// entity with something wrong, nested ones on their own and with the key of
// their parent. rest is what stays for "fields".
func (e *DocumentError) Flattened() (flat []any, rest any) {
	flat = []any{}
	left := e.errs.Value()
	for _, it := range e.items {
		errs := it.flatErrors(e.errs)
		if len(errs) == 0 {
			continue
		}
		flat = append(flat, it.flattened(errs))
	}
	top, isMap := left.(map[string]any)
	if !isMap {
		return flat, left
	}
	kept := map[string]any{}
	for name, v := range top {
		if c, known := collectionByName[name]; !known || !e.covered(c) {
			kept[name] = v
		}
	}
	return flat, kept
}

// covered tells whether what is wrong under a collection's key is about its
// entities, and not about the list itself.
func (e *DocumentError) covered(c *Collection) bool {
	return slices.ContainsFunc(e.items, func(it *item) bool { return it.coll == c })
}

func (it *item) flattened(errs []any) map[string]any {
	out := map[string]any{"entity_type": it.coll.Singular, "entity": it.original(), "errors": errs}
	if id, ok := it.raw["id"].(string); ok {
		out["entity_id"] = id
	}
	if name, ok := it.raw["name"].(string); ok {
		out["entity_name"] = name
	}
	if tags, ok := it.raw["tags"].([]any); ok {
		out["entity_tags"] = tags
	}
	return out
}

// original is the entity as it was written, without nested ones and with the
// key of its parent.
func (it *item) original() map[string]any {
	out := make(map[string]any, len(it.raw)+1)
	maps.Copy(out, it.raw)
	for _, ch := range it.coll.children {
		delete(out, ch.coll.Name)
	}
	if it.parent != nil && it.parent.id != "" {
		out[it.parentField.Name] = map[string]any{"id": it.parent.id}
	}
	return out
}

// flatErrors lists the item's own errors.
func (it *item) flatErrors(root *schema.Errors) []any {
	var list []any
	for _, le := range it.linkErrs {
		list = append(list, flatError(le.field, le.message))
	}
	if list != nil {
		return list
	}
	it.find(root).Leaves(func(path, msg string, whole bool) {
		first, _, _ := strings.Cut(path, ".")
		if it.nests(first) {
			return
		}
		if whole && path != "" {
			path += ".@entity"
		}
		list = append(list, flatError(path, msg))
	})
	return list
}

func flatError(field, msg string) map[string]any {
	if field == "" {
		return map[string]any{"type": "entity", "message": msg}
	}
	return map[string]any{"type": "field", "field": field, "message": msg}
}

// nests tells whether a name is that of a nested list of entities.
func (it *item) nests(name string) bool {
	return slices.ContainsFunc(it.coll.children, func(ch child) bool { return ch.coll.Name == name })
}

// find is the item's place in the tree of errors, nil when nothing is there.
func (it *item) find(root *schema.Errors) *schema.Errors {
	if it.parent != nil {
		root = it.parent.find(root)
	}
	return root.Lookup(it.key).LookupIndex(it.index)
}
