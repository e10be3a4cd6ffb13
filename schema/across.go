package schema

import (
	"reflect"
	"strings"
)

// The checks below are for Validate methods: v is the struct (or a pointer to
// it), fields are dotted paths of members as users write them. A check stays
// silent when one of its fields is already wrong. A string, list, map or
// pointer counts as set when it is not empty, a boolean when it is true, a
// number always.

// AtLeastOne wants one of the fields set.
func (e *Errors) AtLeastOne(v any, fields ...string) {
	if n, ok := e.count(v, fields); ok && n == 0 {
		e.Entity("at least one of these fields must be non-empty: " + quoted(fields))
	}
}

// OnlyOne wants at most one of the fields set.
func (e *Errors) OnlyOne(v any, fields ...string) {
	if n, ok := e.count(v, fields); ok && n > 1 {
		e.Entity("only one or none of these fields must be set: " + quoted(fields))
	}
}

// ExactlyOne wants one of the fields set and the others not.
func (e *Errors) ExactlyOne(v any, fields ...string) {
	if n, ok := e.count(v, fields); ok && n != 1 {
		e.Entity("exactly one of these fields must be non-empty: " + quoted(fields))
	}
}

// AllOrNone wants all of the fields set or none.
func (e *Errors) AllOrNone(v any, fields ...string) {
	if n, ok := e.count(v, fields); ok && n != 0 && n != len(fields) {
		e.Entity("all or none of these fields must be set: " + quoted(fields))
	}
}

// Distinct wants the fields that are set to differ.
func (e *Errors) Distinct(v any, fields ...string) {
	seen := map[any]bool{}
	for _, f := range fields {
		if e.Has(f) {
			return
		}
		at, ok := member(v, f)
		if !ok || !isSet(at) || !at.Comparable() {
			continue
		}
		if seen[at.Interface()] {
			e.Entity("values of these fields must be distinct: " + quoted(fields))
			return
		}
		seen[at.Interface()] = true
	}
}

// Conditional says that field is wrong because of the value of given, and
// that the record therefore fails.
func (e *Errors) Conditional(given, field, msg string) {
	e.At(field).Fail(msg)
	e.Entity("failed conditional validation given value of field '" + given + "'")
}

// NullUnless wants the fields null because of the value of given.
func (e *Errors) NullUnless(v any, given string, fields ...string) {
	if e.Has(given) {
		return
	}
	for _, f := range fields {
		if at, ok := member(v, f); ok && isSet(at) && !e.Has(f) {
			e.Conditional(given, f, MsgNull)
		}
	}
}

// Deprecated says that an old and a new field contradict each other.
func (e *Errors) Deprecated(fields ...string) {
	e.Entity("both deprecated and new field are used but their values mismatch: " + strings.Join(fields, ", "))
}

func (e *Errors) count(v any, fields []string) (n int, ok bool) {
	for _, f := range fields {
		if e.Has(f) {
			return 0, false
		}
		if at, there := member(v, f); there && isSet(at) {
			n++
		}
	}
	return n, true
}

func quoteAll(fields []string) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = "'" + f + "'"
	}
	return out
}

func quoted(fields []string) string { return strings.Join(quoteAll(fields), ", ") }

// member finds a dotted path; not ok when a record on the way is null.
func member(v any, path string) (reflect.Value, bool) {
	at := reflect.ValueOf(v)
	for name := range strings.SplitSeq(path, ".") {
		if at.Kind() == reflect.Pointer || at.Kind() == reflect.Interface {
			if at.IsNil() {
				return at, false
			}
			at = at.Elem()
		}
		f, ok := Of(at.Type()).Field(name)
		if !ok {
			panic("schema: " + at.Type().String() + " has no field " + name)
		}
		at = at.FieldByIndex(f.index)
	}
	return at, true
}

func isSet(v reflect.Value) bool {
	switch v.Kind() { //nolint:exhaustive // numbers and structs are always set
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() > 0
	case reflect.Pointer, reflect.Interface:
		return !v.IsNil()
	case reflect.Bool:
		return v.Bool()
	default:
		return true
	}
}
