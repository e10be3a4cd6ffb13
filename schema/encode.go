package schema

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strconv"

	"github.com/sluice-gateway/sluice/internal/jsonv2"
)

// Encode turns a config struct (or a tree that holds some) back into plain
// values: every field present, null ones as nil, whole numbers as int64,
// foreign ones as {id}. Secrets are masked unless reveal; a vault reference is
// never masked, it is no secret.
func Encode(v any, reveal bool) any { return encoder{reveal}.any(reflect.ValueOf(v)) }

// JSON is Encode as JSON text with sorted keys.
func JSON(v any, reveal bool) []byte { return AppendJSON(nil, Encode(v, reveal)) }

type encoder struct{ reveal bool }

// any encodes what is not described by a field: plain trees, and config
// structs inside them.
func (x encoder) any(v reflect.Value) any {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch v.Kind() { //nolint:exhaustive // what is left are numbers
	case reflect.Struct:
		return x.record(Of(v.Type()), v)
	case reflect.Map:
		return x.anyMap(v)
	case reflect.Slice:
		return x.anyList(v)
	case reflect.String:
		if v.Type() == secretType {
			return x.secret(v.String())
		}
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Invalid:
		return nil
	}
	return encodeNumber(v)
}

func (x encoder) anyMap(v reflect.Value) any {
	if v.IsNil() {
		return nil
	}
	m := make(map[string]any, v.Len())
	for it := v.MapRange(); it.Next(); {
		m[it.Key().String()] = x.any(it.Value())
	}
	return m
}

func (x encoder) anyList(v reflect.Value) any {
	if v.IsNil() {
		return nil
	}
	list := make([]any, v.Len())
	for i := range list {
		list[i] = x.any(v.Index(i))
	}
	return list
}

func (x encoder) record(r *Record, v reflect.Value) map[string]any {
	m := make(map[string]any, len(r.Fields))
	for _, f := range r.Fields {
		m[f.Name] = x.field(f, v.FieldByIndex(f.index))
	}
	return m
}

func (x encoder) field(f *Field, v reflect.Value) any {
	if f.pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch f.Kind {
	case String:
		return x.text(f, v.String())
	case Boolean:
		return v.Bool()
	case Integer, Number:
		return encodeNumber(v)
	case Array, Set:
		return x.list(f, v)
	case Map:
		return x.dict(f, v)
	case RecordKind:
		return x.record(f.Record, v)
	case Foreign:
		return x.foreign(f, v)
	case Any:
	}
	return x.any(v)
}

func (x encoder) text(f *Field, s string) any {
	if s == "" && f.Name != "" && !f.pointer && (f.LenMin > 0 || f.Default == nil) {
		return nil
	}
	if f.Secret {
		return x.secret(s)
	}
	return s
}

func (x encoder) secret(s string) string {
	if x.reveal || s == "" || IsReference(s) {
		return s
	}
	return Mask
}

func (x encoder) list(f *Field, v reflect.Value) any {
	if v.IsNil() {
		return nil
	}
	list := make([]any, v.Len())
	for i := range list {
		list[i] = x.field(f.Elem, v.Index(i))
	}
	return list
}

func (x encoder) dict(f *Field, v reflect.Value) any {
	if v.IsNil() {
		return nil
	}
	m := make(map[string]any, v.Len())
	for it := v.MapRange(); it.Next(); {
		m[it.Key().String()] = x.field(f.Elem, it.Value())
	}
	return m
}

func (x encoder) foreign(f *Field, v reflect.Value) any {
	idField, ok := f.Record.byName["id"]
	if !ok {
		return nil
	}
	id := v.FieldByIndex(idField.index).String()
	if id == "" {
		return nil
	}
	return map[string]any{"id": id}
}

// encodeNumber gives int64 for what is whole, so that no integer is ever
// printed as a float.
func encodeNumber(v reflect.Value) any {
	if v.CanInt() {
		return v.Int()
	}
	if v.CanUint() {
		return int64(v.Uint())
	}
	if !v.CanFloat() {
		return nil
	}
	f := v.Float()
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int64(f)
	}
	return f
}

// AppendJSON appends a tree of plain values as JSON, keys sorted.
func AppendJSON(dst []byte, v any) []byte {
	switch t := v.(type) {
	case nil:
		return append(dst, "null"...)
	case string:
		return jsonv2.AppendString(dst, t)
	case bool:
		return strconv.AppendBool(dst, t)
	case int64:
		return strconv.AppendInt(dst, t, 10)
	case int:
		return strconv.AppendInt(dst, int64(t), 10)
	case float64:
		return jsonv2.AppendFloat(dst, t)
	case []any:
		dst = append(dst, '[')
		for i, e := range t {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendJSON(dst, e)
		}
		return append(dst, ']')
	case map[string]any:
		return appendObject(dst, t)
	}
	return AppendJSON(dst, Encode(v, false))
}

func appendObject(dst []byte, m map[string]any) []byte {
	dst = append(dst, '{')
	for i, k := range sortedKeys(m) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(jsonv2.AppendString(dst, k), ':')
		dst = AppendJSON(dst, m[k])
	}
	return append(dst, '}')
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// AppendContent appends a compact form of what a config struct says, secrets
// included and the times of creation and change left out: two structs have
// the same form exactly when they configure the same. It is meant for
// hashing, not for reading back.
func AppendContent(dst []byte, v any) []byte { return appendContent(dst, reflect.ValueOf(v)) }

func appendContent(dst []byte, v reflect.Value) []byte {
	switch v.Kind() { //nolint:exhaustive // what is left are whole numbers
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(dst, 0)
		}
		return appendContent(append(dst, 1), v.Elem())
	case reflect.Struct:
		for _, f := range Of(v.Type()).Fields {
			if f.Auto != "created" && f.Auto != "updated" {
				dst = appendContent(dst, v.FieldByIndex(f.index))
			}
		}
		return dst
	case reflect.Slice:
		dst = appendLen(dst, v.IsNil(), v.Len())
		for i := range v.Len() {
			dst = appendContent(dst, v.Index(i))
		}
		return dst
	case reflect.Map:
		return appendMapContent(dst, v)
	case reflect.String:
		return append(binary.AppendUvarint(dst, uint64(v.Len())), v.String()...)
	case reflect.Bool:
		if v.Bool() {
			return append(dst, 1)
		}
		return append(dst, 0)
	case reflect.Float32, reflect.Float64:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.Float()))
	case reflect.Invalid:
		return append(dst, 0)
	default:
		return binary.AppendVarint(dst, v.Int())
	}
}

// appendLen tells null from empty.
func appendLen(dst []byte, null bool, n int) []byte {
	if null {
		return append(dst, 0)
	}
	return binary.AppendUvarint(dst, uint64(n)+1)
}

func appendMapContent(dst []byte, v reflect.Value) []byte {
	dst = appendLen(dst, v.IsNil(), v.Len())
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		if a.String() < b.String() {
			return -1
		}
		return 1
	})
	for _, k := range keys {
		dst = appendContent(appendContent(dst, k), v.MapIndex(k))
	}
	return dst
}
