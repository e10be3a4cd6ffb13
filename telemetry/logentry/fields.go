package logentry

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/jsonscan"
)

// Appender is a value of a log field that writes itself: one JSON value.
type Appender interface {
	AppendJSON(dst []byte) []byte
}

// appendFields ends the entry that begins at dst[base] with the fields that
// plugins added. As long as they are new members of the entry itself they
// are simply written; from the first other one on the entry is spliced.
func appendFields(dst []byte, base int, fields []flow.LogField) []byte {
	n := 0
	for n < len(fields) && isNew(&fields[n]) {
		dst = quote(append(dst, ','), fields[n].Path)
		dst = appendAny(append(dst, ':'), fields[n].Value)
		n++
	}
	dst = append(dst, '}')
	for i := range fields[n:] {
		f := &fields[n+i]
		entry := setPath(dst[base:], splitPath(f.Path), f.Value)
		dst = append(dst[:base], entry...)
	}
	return dst
}

// isNew tells whether a field is a member that the entry cannot have yet.
func isNew(f *flow.LogField) bool {
	switch f.Path {
	case "request", "response", "upstream_uri", "upstream_status", "latencies", "tries",
		"authenticated_entity", "consumer", "service", "route", "client_ip", "started_at",
		"source", "workspace", "workspace_name", "ai", "":
		return false
	}
	return f.Value != nil && strings.IndexByte(f.Path, '.') < 0 && strings.IndexByte(f.Path, '\\') < 0
}

// splitPath splits at dots; `\.` is a dot in a name.
func splitPath(path string) []string {
	var out []string
	var name []byte
	for i := 0; i < len(path); i++ {
		switch {
		case path[i] == '\\' && i+1 < len(path) && path[i+1] == '.':
			name = append(name, '.')
			i++
		case path[i] == '.':
			out = append(out, string(name))
			name = name[:0]
		default:
			name = append(name, path[i])
		}
	}
	return append(out, string(name))
}

// setPath returns a copy of entry with value at path, or without what is
// there when value is nil. Objects on the way are made; a member on the way
// that is not an object is replaced by one.
func setPath(entry []byte, path []string, value any) []byte {
	at := jsonscan.Span{End: len(entry)} // the deepest object on the way
	var edits jsonscan.Edits
	for i, name := range path {
		found := jsonscan.Find(at.Of(entry), name).Shift(at.Start)
		last := i == len(path)-1
		if !last && found.Present() && entry[found.Start] == '{' {
			at = found
			continue
		}
		switch {
		case value != nil:
			edits.SetIn(at, found, name, nest(path[i+1:], value))
		case last && found.Present():
			edits.Delete(found)
		}
		break
	}
	return edits.Append(make([]byte, 0, len(entry)+128), entry)
}

// nest is value within one object per name.
func nest(names []string, value any) []byte {
	var out []byte
	for _, name := range names {
		out = append(quote(append(out, '{'), name), ':')
	}
	out = appendAny(out, value)
	for range names {
		out = append(out, '}')
	}
	return out
}

// appendAny writes a value that a plugin gave.
func appendAny(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case string:
		return quote(dst, v)
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return appendFloat(dst, v)
	case Appender:
		return v.AppendJSON(dst)
	case []byte:
		return jsonscan.AppendQuote(dst, v)
	case []flow.LogField:
		return appendObject(dst, v)
	case fmt.Stringer:
		return quote(dst, v.String())
	case error:
		return quote(dst, v.Error())
	}
	return appendReflected(dst, reflect.ValueOf(v))
}

// appendObject writes fields as an object in their order.
func appendObject(dst []byte, fields []flow.LogField) []byte {
	dst = append(dst, '{')
	for i := range fields {
		dst = append(quote(comma(dst, ""), fields[i].Path), ':')
		dst = appendAny(dst, fields[i].Value)
	}
	return append(dst, '}')
}

// appendReflected writes the rarer kinds of values; maps sorted by key.
func appendReflected(dst []byte, v reflect.Value) []byte {
	switch k := v.Kind(); {
	case k == reflect.Map && v.Type().Key().Kind() == reflect.String:
		items := map[string]reflect.Value{}
		for it := v.MapRange(); it.Next(); {
			items[it.Key().String()] = it.Value()
		}
		dst = append(dst, '{')
		for _, k := range slices.Sorted(maps.Keys(items)) {
			dst = append(quote(comma(dst, ""), k), ':')
			dst = appendAny(dst, items[k].Interface())
		}
		return append(dst, '}')
	case k == reflect.Slice || k == reflect.Array:
		dst = append(dst, '[')
		for i := range v.Len() {
			dst = appendAny(comma(dst, ""), v.Index(i).Interface())
		}
		return append(dst, ']')
	}
	return appendScalar(dst, v)
}

func appendScalar(dst []byte, v reflect.Value) []byte {
	switch {
	case v.CanInt():
		return strconv.AppendInt(dst, v.Int(), 10)
	case v.CanUint():
		return strconv.AppendUint(dst, v.Uint(), 10)
	case v.CanFloat():
		return appendFloat(dst, v.Float())
	case v.Kind() == reflect.String:
		return quote(dst, v.String())
	case v.Kind() == reflect.Bool:
		return strconv.AppendBool(dst, v.Bool())
	case v.Kind() == reflect.Pointer && v.IsNil():
		return append(dst, "null"...)
	}
	return quote(dst, fmt.Sprint(v.Interface()))
}
