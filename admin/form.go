package admin

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/internal/jsonv2"
	"github.com/sluice-gateway/sluice/schema"
)

// form is what a form says, in its order.
type form []pair

type pair struct{ name, value string }

// maxFormDepth bounds how deep a name may reach.
const maxFormDepth = 50

// parseForm reads application/x-www-form-urlencoded. It forgives what curl -d
// leaves unescaped.
func parseForm(s string) form {
	var f form
	for part := range strings.SplitSeq(s, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		f = append(f, pair{unescape(name), unescape(value)})
	}
	return f
}

func unescape(s string) string {
	if out, err := url.QueryUnescape(s); err == nil {
		return out
	}
	return s
}

// get is the value of a name, the last one when there are several.
func (f form) get(name string) (value string, found bool) {
	for _, p := range f {
		if p.name == name {
			value, found = p.value, true
		}
	}
	return value, found
}

// tree makes nested records of dotted names, and lists of names that are
// repeated or end in [] or [n].
func (f form) tree() map[string]any {
	f = slices.Clone(f)
	slices.SortStableFunc(f, func(a, b pair) int { return cmp.Compare(place(a.name), place(b.name)) })
	root := map[string]any{}
	for _, p := range f {
		name, isList := trimBrackets(p.name)
		parts := strings.SplitN(name, ".", maxFormDepth)
		at := root
		for _, s := range parts[:len(parts)-1] {
			next, ok := at[s].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[s] = next
			}
			at = next
		}
		put(at, parts[len(parts)-1], p.value, isList)
	}
	return root
}

func put(m map[string]any, name, value string, isList bool) {
	old, there := m[name]
	list, wasList := old.([]any)
	switch {
	case wasList:
		m[name] = append(list, value)
	case there:
		m[name] = []any{old, value}
	case isList:
		m[name] = []any{value}
	default:
		m[name] = value
	}
}

func trimBrackets(name string) (string, bool) {
	open := strings.LastIndexByte(name, '[')
	if open < 0 || !strings.HasSuffix(name, "]") {
		return name, false
	}
	inner := name[open+1 : len(name)-1]
	if _, err := strconv.Atoi(inner); inner != "" && err != nil {
		return name, false
	}
	return name[:open], true
}

// place is n of a name that ends in [n].
func place(name string) int {
	if !strings.HasSuffix(name, "]") {
		return 0
	}
	n, _ := strconv.Atoi(name[strings.LastIndexByte(name, '[')+1 : len(name)-1])
	return n
}

// typed gives the texts of a form the types that a record's fields have. What
// does not fit stays a text; decoding says what is wrong with it.
func typed(r *schema.Record, m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for name, v := range m {
		if f, ok := r.Field(name); ok {
			v = typedValue(f, v)
		} else if s, ok := v.(string); ok {
			v = typedText(shorthandKind(r, name), s)
		}
		out[name] = v
	}
	return out
}

func shorthandKind(r *schema.Record, name string) schema.Kind {
	for _, s := range r.Shorthands {
		if s.Name != name {
			continue
		}
		for _, k := range []schema.Kind{schema.Number, schema.Integer, schema.Boolean} {
			if k.String() == s.Type {
				return k
			}
		}
	}
	return schema.String
}

func typedValue(f *schema.Field, v any) any {
	switch f.Kind {
	case schema.Array, schema.Set:
		return typedList(f, v)
	case schema.Map:
		m, ok := v.(map[string]any)
		if !ok {
			break
		}
		out := make(map[string]any, len(m))
		for k, e := range m {
			out[k] = typedValue(f.Elem, e)
		}
		return out
	case schema.RecordKind, schema.Foreign:
		if m, ok := v.(map[string]any); ok && f.Record != nil {
			return typed(f.Record, m)
		}
	case schema.String, schema.Number, schema.Integer, schema.Boolean, schema.Any:
	}
	if s, ok := v.(string); ok {
		return typedText(f.Kind, s)
	}
	return v
}

// typedList: one value for a list is a list of one.
func typedList(f *schema.Field, v any) any {
	list, ok := v.([]any)
	if !ok {
		if v == "" {
			return nil
		}
		list = []any{v}
	}
	out := make([]any, len(list))
	for i, e := range list {
		out[i] = typedValue(f.Elem, e)
	}
	return out
}

// typedText: an empty value is null.
func typedText(k schema.Kind, s string) any {
	switch {
	case s == "":
		return nil
	case k == schema.Boolean && (s == "true" || s == "false"):
		return s == "true"
	case k == schema.Integer || k == schema.Number:
		if n, err := jsonv2.Number(s); err == nil {
			return n
		}
	}
	return s
}
