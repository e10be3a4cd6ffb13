package schema

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// The messages of the contract that several places use.
const (
	MsgRequired = "required field missing"
	MsgUnknown  = "unknown field"
	MsgNull     = "value must be null"
)

// Options change how a record is decoded; the zero value is right for plugin
// configs and for the Admin API.
type Options struct {
	// Extra is asked about members that the record does not have; true means
	// that the caller deals with them.
	Extra func(name string, value any) bool
	// Foreign, when set, is told of every foreign field of the outermost
	// record, with nil when it is absent or null; it gives the id to store,
	// and "" to leave the field unset. It is then also responsible for
	// required ones.
	Foreign func(f *Field, value any) (id string, e *Errors)
}

// Decode reads a tree of plain values (map[string]any, []any, string, int64,
// float64, bool, nil) into the struct that into points to, with all defaults.
// It gives everything that is wrong, nil when nothing is; then what into holds
// is of no use.
func Decode(value, into any) *Errors { return Options{}.Decode(value, into) }

// Decode is the function Decode with options.
func (o Options) Decode(value, into any) *Errors {
	d := Decoder{Options: o}
	return d.Decode(value, into)
}

// Decode reads value into a new struct of the record's type and returns the
// pointer to it.
func (r *Record) Decode(value any) (any, *Errors) {
	var d Decoder
	return d.New(r, value)
}

// Decoder decodes one value after the other and uses its memory again. It is
// for one goroutine at a time; the zero value is ready.
type Decoder struct {
	// Options are for Decode.
	Options Options
	d       decoder
}

// Decode is Options.Decode.
func (d *Decoder) Decode(value, into any) *Errors {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic("schema: Decode wants a pointer to a struct, not a " + v.Type().String())
	}
	d.d.opts = &d.Options
	e := d.d.record(Of(v.Type()), value, v.Elem())
	d.d.opts = nil
	if e.Empty() {
		return nil
	}
	return e
}

// New is Record.Decode.
func (d *Decoder) New(r *Record, value any) (any, *Errors) {
	v := reflect.New(r.Type)
	if e := d.d.record(r, value, v.Elem()); !e.Empty() {
		return nil, e
	}
	return v.Interface(), nil
}

type decoder struct {
	opts *Options // for the outermost record; nil below
	// values of the members of the records that are open, by place of the
	// field.
	values []any
	// spare is empty, for the next record.
	spare *Errors
}

// absent is the value of a member that is not there; null is nil.
type absent struct{}

func (d *decoder) record(r *Record, value any, dst reflect.Value) *Errors {
	m, ok := value.(map[string]any)
	if !ok {
		if list, isList := value.([]any); !isList || len(list) > 0 {
			return Message("expected a record")
		}
	}
	e := d.spare
	d.spare = nil
	if e == nil {
		e = &Errors{}
	}
	d.fill(r, m, dst, e)
	if e.msg == "" && e.entity == nil && e.fields == nil && e.items == nil {
		d.spare = e
		return nil
	}
	return e
}

// fill decodes m into dst, which it resets first.
func (d *decoder) fill(r *Record, m map[string]any, dst reflect.Value, e *Errors) {
	opts := d.opts
	d.opts = nil
	if r.prepares {
		m = dst.Addr().Interface().(Preparer).Prepare(m, e)
	}
	dst.Set(r.proto)
	base := len(d.values)
	d.spread(r, m, opts, e)
	for i, f := range r.Fields {
		d.field(f, d.values[base+i], opts, dst, e)
	}
	clear(d.values[base:])
	d.values = d.values[:base]
	if r.validates {
		dst.Addr().Interface().(Validator).Validate(e)
	}
}

// spread puts the members of a record where their fields have their places.
func (d *decoder) spread(r *Record, m map[string]any, opts *Options, e *Errors) {
	base := len(d.values)
	for range r.Fields {
		d.values = append(d.values, absent{})
	}
	for name, value := range m {
		if f := r.byName[name]; f != nil {
			d.values[base+f.place] = value
			continue
		}
		if r.shorthand[name] || opts != nil && opts.Extra != nil && opts.Extra(name, value) {
			continue
		}
		e.Field(name).Fail(MsgUnknown)
	}
}

// field decodes a member of the record that goes into dst.
func (d *decoder) field(f *Field, value any, opts *Options, dst reflect.Value, e *Errors) {
	_, missing := value.(absent)
	if missing {
		value = nil
	}
	switch {
	case opts != nil && opts.Foreign != nil && f.Kind == Foreign:
		id, fe := opts.Foreign(f, value)
		e.add(f.Name, fe)
		f.setID(dst.FieldByIndex(f.index), id)
	case value == nil && !missing && f.Required && f.Default != nil:
		e.add(f.Name, Message(MsgRequired)) // null takes the default away
	default:
		d.member(f, value, dst, e)
	}
}

// add takes over the problems of a member, if there are any.
func (e *Errors) add(name string, c *Errors) {
	if c == nil || c.Empty() {
		return
	}
	if have := e.fields[name]; have != nil {
		have.Merge(c)
		return
	}
	e.attach(name, c)
}

func (d *decoder) member(f *Field, value any, dst reflect.Value, e *Errors) {
	if value != nil {
		if f.Refuse != "" && !sameValue(value, f.Default) && !hollow(value) {
			e.add(f.Name, Message(f.Refuse))
			return
		}
		e.add(f.Name, d.value(f, value, dst.FieldByIndex(f.index)))
		return
	}
	switch {
	case f.fresh:
		_ = d.value(f, f.Default, dst.FieldByIndex(f.index)) // was checked when the record was described
	case f.Default != nil:
	case f.Kind == RecordKind && !f.pointer:
		if !f.Record.inert {
			e.add(f.Name, d.record(f.Record, map[string]any(nil), dst.FieldByIndex(f.index)))
		}
	case f.Required:
		e.add(f.Name, Message(MsgRequired))
	}
}

func (d *decoder) value(f *Field, value any, dst reflect.Value) *Errors {
	if f.pointer {
		p := reflect.New(f.Type.Elem())
		e := d.plain(f, value, p.Elem())
		if e == nil {
			dst.Set(p)
		}
		return e
	}
	return d.plain(f, value, dst)
}

func (d *decoder) plain(f *Field, value any, dst reflect.Value) *Errors {
	switch f.Kind {
	case String:
		return f.text(value, dst)
	case Boolean:
		b, ok := value.(bool)
		if !ok {
			return Message("expected a boolean")
		}
		dst.SetBool(b)
		return nil
	case Integer, Number:
		return f.number(value, dst)
	case Array, Set:
		return d.list(f, value, dst)
	case Map:
		return d.dict(f, value, dst)
	case RecordKind:
		return d.record(f.Record, value, dst)
	case Foreign:
		return f.foreign(value, dst)
	case Any:
	}
	return f.anything(value, dst)
}

func (f *Field) text(value any, dst reflect.Value) *Errors {
	s, ok := value.(string)
	if !ok {
		return Message("expected a string")
	}
	if msg := f.testText(s); msg != "" {
		return Message(msg)
	}
	dst.SetString(s)
	return nil
}

func (f *Field) testText(s string) string {
	if f.Ref && IsReference(s) {
		return checkReference(s)
	}
	switch {
	case f.Enum != nil && !slices.Contains(f.Enum, s):
		return "expected one of: " + strings.Join(f.Enum, ", ")
	case len(s) < f.LenMin:
		return "length must be at least " + strconv.Itoa(f.LenMin)
	case f.LenMax >= 0 && len(s) > f.LenMax:
		return "length must be at most " + strconv.Itoa(f.LenMax)
	case f.Not != nil && slices.Contains(f.Not, s):
		return "must not be one of: " + strings.Join(f.Not, ", ")
	case f.test != nil:
		return f.test(s)
	}
	return ""
}

func (f *Field) number(value any, dst reflect.Value) *Errors {
	var n float64
	whole, isInt := value.(int64)
	if isInt {
		n = float64(whole)
	} else {
		var ok bool
		n, ok = value.(float64)
		if !ok || f.Kind == Integer && (n != math.Trunc(n) || math.Abs(n) > 1<<62) {
			return Message("expected " + article(f.Kind))
		}
		whole = int64(n)
	}
	if msg := f.testNumber(n); msg != "" {
		return Message(msg)
	}
	if dst.CanInt() {
		if dst.OverflowInt(whole) {
			return Message("expected " + article(f.Kind))
		}
		dst.SetInt(whole)
	} else {
		dst.SetFloat(n)
	}
	return nil
}

func article(k Kind) string {
	if k == Integer || k == Array {
		return "an " + k.String()
	}
	return "a " + k.String()
}

func (f *Field) testNumber(n float64) string {
	switch {
	case f.Enum != nil && !slices.Contains(f.Enum, formatNumber(n)):
		return "expected one of: " + strings.Join(f.Enum, ", ")
	case f.Between != nil && (n < f.Between[0] || n > f.Between[1]):
		return "value should be between " + formatNumber(f.Between[0]) + " and " + formatNumber(f.Between[1])
	case f.Gt != nil && n <= *f.Gt:
		return "value must be greater than " + formatNumber(*f.Gt)
	}
	return ""
}

func formatNumber(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func (d *decoder) list(f *Field, value any, dst reflect.Value) *Errors {
	in, ok := value.([]any)
	if !ok {
		// An empty table is both in Kong's files.
		if m, isMap := value.(map[string]any); !isMap || len(m) > 0 {
			return Message("expected " + article(f.Kind))
		}
	}
	var e *Errors
	if dst.Type() == stringsType {
		e = f.strings(in, dst)
	} else {
		e = d.elements(f, in, dst)
	}
	if e != nil {
		return e
	}
	if msg := f.testItems(dst.Len()); msg != "" {
		return Message(msg)
	}
	return nil
}

func (f *Field) testItems(n int) string {
	if n < f.ItemsMin {
		return "length must be at least " + strconv.Itoa(f.ItemsMin)
	}
	if f.ItemsMax >= 0 && n > f.ItemsMax {
		return "length must be at most " + strconv.Itoa(f.ItemsMax)
	}
	return ""
}

// strings is elements for the commonest type, without reflection.
func (f *Field) strings(in []any, dst reflect.Value) *Errors {
	out := make([]string, 0, len(in))
	seen := newSeen(f.Kind == Set, len(in))
	var e *Errors
	for i, v := range in {
		s, ok := v.(string)
		msg := "expected a string"
		if ok {
			msg = f.Elem.testText(s)
		}
		if msg != "" {
			if e == nil {
				e = &Errors{}
			}
			e.attachAt(i, Message(msg))
			continue
		}
		if !seen.has(s, out) {
			out = append(out, s)
		}
	}
	*dst.Addr().Interface().(*[]string) = out
	return e
}

// seen finds duplicates: by looking while there are few, by a map when many.
type seen struct {
	on   bool
	many map[string]struct{}
}

func newSeen(on bool, n int) seen {
	s := seen{on: on}
	if on && n > 16 {
		s.many = make(map[string]struct{}, n)
	}
	return s
}

func (s seen) has(v string, before []string) bool {
	if !s.on {
		return false
	}
	if s.many == nil {
		return slices.Contains(before, v)
	}
	_, dup := s.many[v]
	s.many[v] = struct{}{}
	return dup
}

func (d *decoder) elements(f *Field, in []any, dst reflect.Value) *Errors {
	out := reflect.MakeSlice(dst.Type(), len(in), len(in))
	var e *Errors
	n := 0
	for i, v := range in {
		at := out.Index(n)
		at.SetZero()
		if ee := d.element(f.Elem, v, at); !ee.Empty() {
			if e == nil {
				e = &Errors{}
			}
			e.attachAt(i, ee)
			continue
		}
		if f.Kind == Set && contains(out, n) {
			continue
		}
		n++
	}
	dst.Set(out.Slice3(0, n, n))
	return e
}

// element decodes an element or a value of a map; null is no value there.
func (d *decoder) element(f *Field, value any, dst reflect.Value) *Errors {
	if value == nil && f.Kind != Any {
		return Message("expected " + article(f.Kind))
	}
	return d.value(f, value, dst)
}

// contains tells whether element n is among those before it.
func contains(list reflect.Value, n int) bool {
	last := list.Index(n).Interface()
	for i := range n {
		if reflect.DeepEqual(list.Index(i).Interface(), last) {
			return true
		}
	}
	return false
}

func (d *decoder) dict(f *Field, value any, dst reflect.Value) *Errors {
	in, ok := value.(map[string]any)
	if !ok {
		if list, isList := value.([]any); !isList || len(list) > 0 {
			return Message("expected a map")
		}
	}
	if msg := f.testItems(len(in)); msg != "" {
		return Message(msg)
	}
	if msg := f.testNames(in); msg != "" {
		return Message(msg)
	}
	out := reflect.MakeMapWithSize(dst.Type(), len(in))
	var e Errors
	for key, v := range in {
		at := reflect.New(dst.Type().Elem()).Elem()
		if ee := d.element(f.Elem, v, at); !ee.Empty() {
			e.add(key, ee)
			continue
		}
		out.SetMapIndex(reflect.ValueOf(key).Convert(dst.Type().Key()), at)
	}
	dst.Set(out)
	if len(e.fields) > 0 {
		return &e
	}
	return nil
}

// testNames checks the keys of a map; what is wrong with one is said of the
// map.
func (f *Field) testNames(in map[string]any) string {
	if f.testKeys == nil {
		return ""
	}
	for _, key := range sortedKeys(in) {
		if msg := f.testKeys(key); msg != "" {
			return msg
		}
	}
	return ""
}

func (f *Field) foreign(value any, dst reflect.Value) *Errors {
	m, ok := value.(map[string]any)
	if !ok {
		return Message("expected a record")
	}
	id, ok := m["id"].(string)
	if !ok {
		e := &Errors{}
		e.Field("id").Fail("missing primary key")
		return e
	}
	if msg := checkUUID(id); msg != "" {
		e := &Errors{}
		e.Field("id").Fail(msg)
		return e
	}
	f.setPlainID(dst, id)
	return nil
}

// setID stores the id of a foreign field, a pointer or not.
func (f *Field) setID(dst reflect.Value, id string) {
	if id == "" {
		return
	}
	if f.pointer {
		p := reflect.New(f.Type.Elem())
		f.setPlainID(p.Elem(), id)
		dst.Set(p)
		return
	}
	f.setPlainID(dst, id)
}

func (f *Field) setPlainID(dst reflect.Value, id string) {
	if idField, ok := f.Record.byName["id"]; ok {
		dst.FieldByIndex(idField.index).SetString(id)
	}
}

// SetForeign stores the id of a foreign field in the struct v points to.
func (f *Field) SetForeign(v any, id string) {
	f.setID(reflect.ValueOf(v).Elem().FieldByIndex(f.index), id)
}

// Text is the value of a string field in the struct v points to.
func (f *Field) Text(v any) string {
	return reflect.ValueOf(v).Elem().FieldByIndex(f.index).String()
}

// ForeignID is the id a foreign field of the struct v points to holds, or "".
func (f *Field) ForeignID(v any) string {
	at := reflect.ValueOf(v).Elem().FieldByIndex(f.index)
	if f.pointer {
		if at.IsNil() {
			return ""
		}
		at = at.Elem()
	}
	if idField, ok := f.Record.byName["id"]; ok {
		return at.FieldByIndex(idField.index).String()
	}
	return ""
}

func (f *Field) anything(value any, dst reflect.Value) *Errors {
	if f.show == "record" || f.show == "map" {
		if _, ok := value.(map[string]any); !ok {
			if list, isList := value.([]any); !isList || len(list) > 0 {
				return Message("expected a " + f.show)
			}
			value = map[string]any{}
		}
	}
	if value == nil {
		dst.SetZero()
		return nil
	}
	dst.Set(reflect.ValueOf(value))
	return nil
}

// hollow tells whether a value is an empty list or map: nothing to refuse.
func hollow(value any) bool {
	switch v := value.(type) {
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// sameValue compares two trees; numbers by value.
func sameValue(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, v := range x {
			w, there := y[k]
			if !there || !sameValue(v, w) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, sameValue)
	case int64:
		if y, ok := b.(float64); ok {
			return float64(x) == y
		}
	case float64:
		if y, ok := b.(int64); ok {
			return x == float64(y)
		}
	}
	return a == b
}
