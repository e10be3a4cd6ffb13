package settings

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluice-gateway/sluice/schema"
)

// Field describes one setting, for the reference page.
type Field struct {
	// Key in the file.
	Key string
	// Name of the member of Settings that holds it.
	Name string
	// Type of the value: text, boolean, number, bytes, seconds, list.
	Type string
	// Default as it would be written; "" is none.
	Default string
	// Aliases are other spellings of the key.
	Aliases []string
	// Enum lists what is accepted, nil when it is open.
	Enum []string
	// Between are the accepted numbers, nil when any is.
	Between *[2]float64
	// Secret values are never shown.
	Secret bool

	index int
	typ   reflect.Type
	words map[string]int64
	check string
	need  string
	list  bool
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	bytesType    = reflect.TypeFor[int64]()
	listType     = reflect.TypeFor[[]string]()
)

// Fields lists the settings in the order of Settings.
func Fields() []Field { return slices.Clone(fields()) }

var fields = sync.OnceValue(func() []Field {
	t := reflect.TypeFor[Settings]()
	out := make([]Field, t.NumField())
	for i := range out {
		out[i] = describe(t.Field(i), i)
	}
	return out
})

// byKey finds fields by key and by alias.
var byKey = sync.OnceValue(func() map[string]*Field {
	all := fields()
	out := make(map[string]*Field, len(all))
	for i := range all {
		f := &all[i]
		for _, key := range append([]string{f.Key}, f.Aliases...) {
			if out[key] != nil {
				panic("settings: key " + key + " is declared twice")
			}
			out[key] = f
		}
	}
	return out
})

func describe(sf reflect.StructField, index int) Field {
	f := Field{
		Key: sf.Tag.Get("conf"), Name: sf.Name, Default: sf.Tag.Get("default"), Secret: sf.Tag.Get("secret") != "",
		index: index, typ: sf.Type, check: sf.Tag.Get("check"), need: sf.Tag.Get("need"), list: sf.Tag.Get("list") != "",
	}
	f.Aliases = commas(sf.Tag.Get("alias"))
	f.Enum = commas(sf.Tag.Get("enum"))
	if b := commas(sf.Tag.Get("between")); len(b) == 2 {
		f.Between = &[2]float64{mustFloat(b[0]), mustFloat(b[1])}
	}
	for _, w := range commas(sf.Tag.Get("words")) {
		word, n, _ := strings.Cut(w, "=")
		if f.words == nil {
			f.words = map[string]int64{}
		}
		f.words[word] = int64(mustFloat(n))
	}
	f.Type = typeName(sf.Type)
	return f
}

func mustFloat(s string) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("settings: bad tag: " + err.Error())
	}
	return n
}

func typeName(t reflect.Type) string {
	switch t {
	case durationType:
		return "seconds"
	case bytesType:
		return "bytes"
	case listType:
		return "list"
	}
	names := map[reflect.Kind]string{reflect.Bool: "boolean", reflect.Int: "number", reflect.String: "text"}
	if name, ok := names[t.Kind()]; ok {
		return name
	}
	panic("settings: no settings of type " + t.String())
}

// set reads text into the field of s.
func (f *Field) set(s *Settings, text string) error {
	v, err := f.parse(text)
	if err == nil {
		err = f.accept(v)
	}
	if err == nil && f.check != "" {
		err = checks[f.check](f.Key, v)
	}
	if err != nil {
		if f.need != "" {
			return fmt.Errorf("%w: %s", err, f.need)
		}
		return err
	}
	reflect.ValueOf(s).Elem().Field(f.index).Set(reflect.ValueOf(v).Convert(f.typ))
	return nil
}

// parse gives a string, []string, bool, int, int64 or time.Duration.
func (f *Field) parse(text string) (any, error) {
	if n, ok := f.words[text]; ok {
		return reflect.ValueOf(n).Convert(f.typ).Interface(), nil
	}
	switch f.Type {
	case "boolean":
		return parseBool(text)
	case "number":
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, errors.New("must be a whole number" + f.orWords())
		}
		return n, nil
	case "bytes":
		n, err := parseBytes(text)
		if err != nil {
			return nil, fmt.Errorf("%w%s", err, f.orWords())
		}
		return n, nil
	case "seconds":
		return parseSeconds(text)
	case "list":
		return parseList(f.Key, text), nil
	}
	return text, nil
}

func (f *Field) orWords() string {
	if len(f.words) == 0 {
		return ""
	}
	words := make([]string, 0, len(f.words))
	for w := range f.words {
		words = append(words, w)
	}
	slices.Sort(words)
	return ", or " + strings.Join(words, ", ")
}

// accept holds a value against enum and between.
func (f *Field) accept(v any) error {
	switch v := v.(type) {
	case string:
		return f.oneOf(v)
	case []string:
		for _, e := range v {
			if err := f.oneOf(e); err != nil {
				return err
			}
		}
	case int:
		return f.inRange(float64(v))
	case int64:
		return f.inRange(float64(v))
	case time.Duration:
		return f.inRange(v.Seconds())
	}
	return nil
}

func (f *Field) oneOf(s string) error {
	if f.Enum == nil || slices.Contains(f.Enum, s) {
		return nil
	}
	if len(f.Enum) == 1 {
		return fmt.Errorf("%q is not supported, only %s is", s, f.Enum[0])
	}
	return fmt.Errorf("%q must be one of: %s", s, strings.Join(f.Enum, ", "))
}

func (f *Field) inRange(n float64) error {
	if f.Between == nil || f.Between[0] <= n && n <= f.Between[1] {
		return nil
	}
	return fmt.Errorf("must be from %v to %v", f.Between[0], f.Between[1])
}

// show gives the field's value as plain data, secrets masked.
func (f *Field) show(s *Settings) any {
	v := reflect.ValueOf(s).Elem().Field(f.index)
	if v.IsZero() && v.Kind() == reflect.String || v.Kind() == reflect.Slice && v.Len() == 0 {
		return nil
	}
	if f.Secret {
		return masked
	}
	for word, n := range f.words {
		if v.CanInt() && v.Int() == n {
			return word
		}
	}
	switch v := v.Interface().(type) {
	case time.Duration:
		return v.Seconds()
	case []string:
		return slices.Clone(v)
	case string:
		if f.list {
			return commas(v)
		}
		return v
	case schema.Secret:
		return masked
	default:
		return v
	}
}
