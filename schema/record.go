package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/sluice-gateway/sluice/internal/jsonv2"
)

// Kind is the type of a field as users see it.
type Kind uint8

// The kinds, named as in the schema JSON.
const (
	String Kind = iota
	Number
	Integer
	Boolean
	Array
	Set
	Map
	RecordKind
	Foreign
	Any
)

var kindNames = [...]string{"string", "number", "integer", "boolean", "array", "set", "map", "record", "foreign", "json"}

// String is the kind's name in the schema JSON.
func (k Kind) String() string { return kindNames[k] }

// Record describes a struct type. It is made once per type and never changes.
type Record struct {
	// Type is the struct type.
	Type reflect.Type
	// Fields in the order of declaration, embedded structs flattened.
	Fields []*Field
	// Shorthands are members that are only taken as input.
	Shorthands []Shorthand

	byName    map[string]*Field
	shorthand map[string]bool
	proto     reflect.Value // the struct with its plain defaults
	prepares  bool
	validates bool
	// inert: an absent record of this type needs nothing but proto.
	inert   bool
	hasRef  bool
	ownTest map[string]Check
}

// Shorthand is a member that Prepare turns into others.
type Shorthand struct {
	// Name of the member.
	Name string
	// Type as in the schema JSON.
	Type string
}

// Field describes one member of a record, or the elements of a list or map.
type Field struct {
	// Name of the member; "" for elements.
	Name string
	// Kind is the type users see.
	Kind Kind
	// Type is the Go type.
	Type reflect.Type
	// Doc is a sentence for users.
	Doc string
	// Default as plain values, nil when there is none.
	Default any
	// Required: the value may not stay null.
	Required bool
	// Enum lists the allowed values, as text.
	Enum []string
	// Not lists forbidden values.
	Not []string
	// Between is the allowed range, nil when there is none.
	Between *[2]float64
	// Gt is the value to be exceeded, nil when there is none.
	Gt *float64
	// LenMin and LenMax bound the length of a string; LenMax -1 is no bound.
	LenMin, LenMax int
	// ItemsMin and ItemsMax bound the number of elements.
	ItemsMin, ItemsMax int
	// Check is the name of the check, Keys that for the keys of a map.
	Check, Keys string
	// Unique: no two entities may share the value.
	Unique bool
	// Reference is the collection a foreign field points to.
	Reference string
	// Ref: the value may be a vault reference.
	Ref bool
	// Secret: the value is masked on output.
	Secret bool
	// Auto is uuid, created, updated or random: the caller fills it in.
	Auto string
	// Refuse is the sentence for a field that is not supported yet.
	Refuse string
	// Elem describes elements of a list and values of a map.
	Elem *Field
	// Record describes a nested record, nil otherwise.
	Record *Record

	index    []int
	place    int    // in Fields of its record
	show     string // the tag type
	pointer  bool   // *T
	fresh    bool   // the default must be made anew for each value
	test     Check
	testKeys Check
	zero     reflect.Value // plain default as a value of Type
}

var (
	records  sync.Map // reflect.Type → *Record
	building sync.Mutex

	prepareType  = reflect.TypeFor[Preparer]()
	validateType = reflect.TypeFor[Validator]()
	checkerType  = reflect.TypeFor[Checker]()
	secretType   = reflect.TypeFor[Secret]()
	stringsType  = reflect.TypeFor[[]string]()
)

// Preparer rewrites the input of a record before it is decoded: shorthands,
// old names, defaults that depend on other fields. It returns in itself or a
// changed copy; it must not change in.
type Preparer interface {
	Prepare(in map[string]any, e *Errors) map[string]any
}

// Validator checks a decoded record across its fields. Fields that are wrong
// on their own are already in e and hold their zero values.
type Validator interface {
	Validate(e *Errors)
}

// Checker gives a type named checks of its own, for the tags of its fields.
type Checker interface {
	Checks() map[string]Check
}

// For is the record of T.
func For[T any]() *Record { return Of(reflect.TypeFor[T]()) }

// Of is the record of a struct type, or of a pointer to one. A tag that makes
// no sense is a programmer's error and panics.
func Of(t reflect.Type) *Record {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if r, ok := records.Load(t); ok {
		return r.(*Record)
	}
	building.Lock()
	defer building.Unlock()
	return build(t, nil)
}

// build makes the record of t; open are the types being built, which a struct
// may contain itself through lists, maps and pointers.
func build(t reflect.Type, open []*Record) *Record {
	if r, ok := records.Load(t); ok {
		return r.(*Record)
	}
	for _, r := range open {
		if r.Type == t {
			return r
		}
	}
	if t.Kind() != reflect.Struct {
		panic("schema: " + t.String() + " is not a struct")
	}
	r := &Record{Type: t, byName: map[string]*Field{}, shorthand: map[string]bool{}}
	pt := reflect.PointerTo(t)
	r.prepares, r.validates = pt.Implements(prepareType), pt.Implements(validateType)
	if pt.Implements(checkerType) {
		r.ownTest = reflect.New(t).Interface().(Checker).Checks()
	}
	r.collect(t, nil, nil, append(open, r))
	r.finish()
	if len(open) == 0 {
		r.publish()
	}
	return r
}

// publish makes r and everything below it known, once all of it is complete.
func (r *Record) publish() {
	if _, done := records.LoadOrStore(r.Type, r); done {
		return
	}
	for _, f := range r.Fields {
		for ; f != nil; f = f.Elem {
			if f.Record != nil {
				f.Record.publish()
			}
		}
	}
}

func (r *Record) collect(t reflect.Type, index []int, numbers []string, open []*Record) {
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(slices.Clone(index), i)
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		switch {
		case sf.Name == "_":
			r.addShorthand(sf.Tag)
		case sf.Anonymous && name == "":
			r.collect(sf.Type, at, append(numbers, split(sf.Tag.Get("numbers"))...), open)
		case name == "" || name == "-":
		default:
			f := r.field(sf, name, numbers, open)
			f.index, f.place = at, len(r.Fields)
			r.Fields = append(r.Fields, f)
			r.byName[name] = f
		}
	}
}

func (r *Record) addShorthand(tag reflect.StructTag) {
	name, typ, ok := strings.Cut(tag.Get("shorthand"), ",")
	if !ok {
		return
	}
	r.Shorthands = append(r.Shorthands, Shorthand{Name: name, Type: typ})
	r.shorthand[name] = true
}

func (r *Record) field(sf reflect.StructField, name string, numbers []string, open []*Record) *Field {
	tag := sf.Tag
	f := &Field{Name: name, Type: sf.Type, Reference: tag.Get("foreign")}
	f.Doc, f.Auto, f.Refuse, f.show = tag.Get("doc"), tag.Get("auto"), tag.Get("refuse"), tag.Get("type")
	f.Required, f.Unique = isTrue(tag, "required"), isTrue(tag, "unique")
	f.ItemsMin, f.ItemsMax = bounds(tag.Get("items"), 0)
	r.shape(f, tag, open)
	if f.Kind == Number && isTrue(tag, "integer") && !slices.Contains(numbers, name) {
		f.Kind = Integer
	}
	r.setDefault(f, tag)
	return f
}

// shape finds the kind of f.Type and hands the checks to the elements.
func (r *Record) shape(f *Field, tag reflect.StructTag, open []*Record) {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		f.pointer = true
		t = t.Elem()
	}
	f.Ref = isTrue(tag, "ref")
	f.Secret = isTrue(tag, "secret") || t == secretType
	switch t.Kind() { //nolint:exhaustive // the other kinds cannot be configured
	case reflect.String:
		f.Kind = String
	case reflect.Bool:
		f.Kind = Boolean
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		f.Kind = Integer
	case reflect.Float32, reflect.Float64:
		f.Kind = Number
	case reflect.Slice:
		f.Kind = Array
		if isTrue(tag, "set") {
			f.Kind = Set
		}
		r.elements(f, t.Elem(), tag, open)
	case reflect.Map:
		f.Kind = Map
		f.Keys = tag.Get("keys")
		f.testKeys = r.find(f.Keys)
		r.elements(f, t.Elem(), tag, open)
	case reflect.Struct:
		f.Kind = RecordKind
		f.Record = build(t, open)
		if f.Reference != "" {
			f.Kind = Foreign
		}
	case reflect.Interface:
		f.Kind = Any
	default:
		panic(fmt.Sprintf("schema: %s.%s: type %s cannot be configured", r.Type, f.Name, t))
	}
	r.scalarTags(f, tag)
}

func (r *Record) elements(f *Field, t reflect.Type, tag reflect.StructTag, open []*Record) {
	f.Elem = &Field{Type: t, ItemsMax: -1}
	// set belongs to the outermost list only.
	r.shape(f.Elem, reflect.StructTag(strings.Replace(string(tag), `set:"true"`, "", 1)), open)
	f.Secret = f.Elem.Secret
}

func (r *Record) scalarTags(f *Field, tag reflect.StructTag) {
	if f.Kind > Boolean {
		return
	}
	f.Enum, f.Not = split(tag.Get("enum")), split(tag.Get("not"))
	f.LenMin, f.LenMax = bounds(tag.Get("len"), 1)
	if f.Kind == String {
		f.Check = tag.Get("check")
		f.test = r.find(f.Check)
	}
	if f.Kind == Integer && (tag.Get("check") == "port" || tag.Get("check") == "timeout") {
		f.Between = &[2]float64{0, numberChecks[tag.Get("check")]}
	}
	if s := tag.Get("between"); s != "" {
		lo, hi, _ := strings.Cut(s, ",")
		f.Between = &[2]float64{number(lo), number(hi)}
	}
	if s := tag.Get("gt"); s != "" {
		n := number(s)
		f.Gt = &n
	}
}

func (r *Record) find(name string) Check {
	if name == "" {
		return nil
	}
	if c, ok := r.ownTest[name]; ok {
		return c
	}
	if c, ok := checks[name]; ok {
		return c
	}
	panic("schema: " + r.Type.String() + ": no check is called " + name)
}

func (r *Record) setDefault(f *Field, tag reflect.StructTag) {
	text, ok := tag.Lookup("default")
	if !ok {
		return
	}
	f.Default = defaultValue(f, text)
	f.fresh = f.pointer || f.Kind >= Array
	f.zero = reflect.New(f.Type).Elem()
	var d decoder
	if e := d.value(f, f.Default, f.zero); !e.Empty() {
		panic(fmt.Sprintf("schema: %s.%s: default %q: %v", r.Type, f.Name, text, e))
	}
}

func defaultValue(f *Field, text string) any {
	switch f.Kind {
	case String:
		return text
	case Boolean, Integer, Number:
		return parseDefault(text)
	case Array, Set:
		if !strings.HasPrefix(text, "[") {
			return defaultList(f.Elem, text)
		}
	case Map, RecordKind, Any:
		if text == "" {
			return map[string]any{}
		}
	case Foreign:
	}
	return parseDefault(text)
}

func defaultList(elem *Field, text string) []any {
	list := []any{}
	for _, s := range split(text) {
		if elem.Kind == String {
			list = append(list, s)
		} else {
			list = append(list, parseDefault(s))
		}
	}
	return list
}

func parseDefault(text string) any {
	v, err := jsonv2.Parse([]byte(text))
	if err != nil {
		panic(fmt.Sprintf("schema: default %q: %v", text, err))
	}
	return v
}

// finish works out what decoding wants to know beforehand.
func (r *Record) finish() {
	r.proto = reflect.New(r.Type).Elem()
	r.inert = !r.prepares && !r.validates
	for _, f := range r.Fields {
		dst := r.proto.FieldByIndex(f.index)
		nested := f.Record != nil && !f.pointer && f.Kind == RecordKind
		if nested && f.Record.proto.IsValid() {
			dst.Set(f.Record.proto)
		}
		if f.Default != nil && !f.fresh {
			dst.Set(f.zero)
		}
		if f.fresh || f.Required && f.Default == nil || nested && !f.Record.inert {
			r.inert = false
		}
		for g := f; g != nil; g = g.Elem {
			r.hasRef = r.hasRef || g.Ref || g.Record != nil && (g.Record.hasRef || !g.Record.proto.IsValid())
		}
	}
}

// Field finds a field by name.
func (r *Record) Field(name string) (*Field, bool) {
	f, ok := r.byName[name]
	return f, ok
}

// New makes a value of the record's type with all defaults, as a pointer. What
// is required and has no default stays empty.
func (r *Record) New() any {
	v := reflect.New(r.Type)
	var d decoder
	d.fill(r, map[string]any{}, v.Elem(), &Errors{})
	return v.Interface()
}

// Get is the field's value in v, the struct or a pointer to it.
func (f *Field) Get(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return v.FieldByIndex(f.index)
}

func isTrue(tag reflect.StructTag, key string) bool { return tag.Get(key) == "true" }

func split(s string) []string {
	if s == "" {
		return nil
	}
	list := strings.Split(s, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// bounds reads "min,max" of which either may be missing.
func bounds(s string, low int) (lo, hi int) {
	lo, hi = low, -1
	a, b, _ := strings.Cut(s, ",")
	if a != "" {
		lo = int(number(a))
	}
	if b != "" {
		hi = int(number(b))
	}
	return lo, hi
}

func number(s string) float64 {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil {
		panic("schema: not a number in a tag: " + s)
	}
	return n
}
