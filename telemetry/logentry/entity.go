package logentry

import (
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
)

// maxEntities is how many entities a writer keeps. Beyond it, it begins anew:
// writing an entity once more is cheap, holding all of a large gateway's
// consumers is not.
const maxEntities = 4096

// cache holds entities as they are written, by pointer: an entity never
// changes, a changed one is another.
type cache struct {
	texts sync.Map // *entity → []byte
	count atomic.Int64
}

// cached is the text of an entity, from the cache if it is there.
func cached[E any](c *cache, entity *E) []byte {
	if text, ok := c.texts.Load(entity); ok {
		return text.([]byte)
	}
	text := AppendEntity(nil, entity)
	if c.count.Add(1) > maxEntities {
		c.texts.Clear()
		c.count.Store(1)
	}
	c.texts.Store(entity, text)
	return text
}

// AppendEntity writes an entity (a pointer to a struct) as entries show it: no
// nulls, no secrets, and the workspace it is in.
func AppendEntity(dst []byte, entity any) []byte {
	v := reflect.ValueOf(entity).Elem()
	dst = appendStruct(append(dst, '{'), v)
	dst = member(comma(dst, `"ws_id":`), "", WorkspaceID)
	return append(dst, '}')
}

// appendStruct writes the members of v; embedded structs are part of it.
func appendStruct(dst []byte, v reflect.Value) []byte {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			dst = appendStruct(dst, v.Field(i))
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" || !f.IsExported() || f.Tag.Get("secret") != "" || isNull(v.Field(i)) {
			continue
		}
		dst = append(quote(comma(dst, ""), name), ':')
		dst = appendEntityValue(dst, v.Field(i))
	}
	return dst
}

// isNull tells whether a field of an entity stands for null.
func isNull(v reflect.Value) bool {
	k := v.Kind()
	if k == reflect.Pointer || k == reflect.Map || k == reflect.Slice || k == reflect.Interface {
		return v.IsNil()
	}
	return k == reflect.String && v.Len() == 0
}

func appendEntityValue(dst []byte, v reflect.Value) []byte {
	switch k := v.Kind(); {
	case k == reflect.Pointer:
		return appendEntityValue(dst, v.Elem())
	case k == reflect.Struct:
		return append(appendStruct(append(dst, '{'), v), '}')
	case k == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		dst = append(dst, '[')
		for i := range v.Len() {
			dst = append(appendStruct(append(comma(dst, ""), '{'), v.Index(i)), '}')
		}
		return append(dst, ']')
	}
	return appendAny(dst, v.Interface())
}
