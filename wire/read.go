package wire

import (
	"bytes"
	"unsafe"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
)

// Check tells whether a body is one JSON object, whole and without names that
// occur twice. Decoders call it before anything else reads the body.
func Check(body []byte) error {
	if err := jsonscan.NoDuplicates(body); err != nil {
		return err
	}
	if jsonscan.KindOf(body) != jsonscan.Object {
		return &Invalid{Message: "must be a JSON object"}
	}
	return nil
}

// Open begins a walk over the members of the body, of which it tells what Check
// does.
func (q *Question) Open() (Fields, error) {
	if q.Index == nil {
		return new(Reader).Open(q.Body)
	}
	return open(q.Index)
}

// Reader reads documents, one after the other. The zero Reader is ready.
type Reader struct {
	index jsonscan.Index
}

// Open begins a walk over the members of a document, of which it tells what
// Check does. Walks that go on from it (Fields.Fields, Fields.Items) know where
// long values end, and step over them at once. They hold until the next Open.
func (r *Reader) Open(doc []byte) (Fields, error) {
	if err := r.index.Scan(doc); err != nil {
		return Fields{}, err
	}
	return open(&r.index)
}

func open(x *jsonscan.Index) (Fields, error) {
	if jsonscan.KindOf(x.Data()) != jsonscan.Object {
		return Fields{}, &Invalid{Message: "must be a JSON object"}
	}
	return Fields{m: x.Members()}, nil
}

// Fields walks over the members of an object in valid JSON. Anything that is
// no object has none.
type Fields struct {
	m     jsonscan.Members
	name  []byte
	value []byte
}

// NewFields begins a walk.
func NewFields(object []byte) Fields {
	if jsonscan.KindOf(object) != jsonscan.Object {
		object = nil
	}
	return Fields{m: jsonscan.NewMembers(object)}
}

// Next goes to the next member.
func (f *Fields) Next() bool {
	name, value, ok := f.m.Next()
	if !ok {
		return false
	}
	f.name, f.value = name[1:len(name)-1], value
	if f.m.Escaped() {
		f.name, _ = jsonscan.AppendUnquote(nil, name)
	}
	return true
}

// Name of the member. It shares the memory of the body.
func (f *Fields) Name() string {
	// A copy for each name would be most of a decoder's garbage.
	return unsafe.String(unsafe.SliceData(f.name), len(f.name)) //nolint:gosec // nobody writes to a body
}

// Value of the member.
func (f *Fields) Value() llm.JSON { return f.value }

// Get is the value of a name that the walk has yet to come by; nil if there is
// none. The walk stays where it is.
func (f Fields) Get(name string) llm.JSON { //nolint:gocritic // a copy is what walks
	for f.Next() {
		if f.Name() == name {
			return f.value
		}
	}
	return nil
}

// Object is what the walk is over; nil if that is no object.
func (f *Fields) Object() llm.JSON { return f.m.Object() }

// Fields begins a walk over the members of the value, as NewFields does.
func (f *Fields) Fields() Fields {
	if !IsObject(f.value) {
		return Fields{}
	}
	return Fields{m: f.m.Members()}
}

// Items begins a walk over the elements of the value, as the function Items
// does.
func (f *Fields) Items() List {
	if !IsArray(f.value) {
		return List{}
	}
	return List{e: f.m.Elements()}
}

// Keep adds the member to what a node has beside what the model knows.
func (f *Fields) Keep(x *llm.Extra, from llm.Format) {
	x.From = from
	x.Members = append(x.Members, llm.Member{Name: f.Name(), Value: f.value})
}

// Mark remembers how a format spelled what the model knows, with a value if
// there is one to keep.
func Mark(x *llm.Extra, from llm.Format, name string, value llm.JSON) {
	x.From = from
	x.Form = append(x.Form, llm.Member{Name: name, Value: value})
}

// Marked tells whether a spelling was remembered by the format.
func Marked(x *llm.Extra, from llm.Format, name string) (value llm.JSON, ok bool) {
	if x.From != from {
		return nil, false
	}
	for i := range x.Form {
		if x.Form[i].Name == name {
			return x.Form[i].Value, true
		}
	}
	return nil, false
}

// NoteExtra notes the members that another format than own has left in x, and
// that ask for anything.
func NoteExtra(n *Notes, x *llm.Extra, own llm.Format, path string) {
	if x.From == own {
		return
	}
	for i := range x.Members {
		if m := &x.Members[i]; Asks(m.Name, m.Value) {
			n.Drop(path + m.Name)
		}
	}
}

// Get is the value at a path of names in an object, nil if there is none.
func Get(object []byte, path ...string) llm.JSON {
	for _, name := range path {
		if object = member(object, name); object == nil {
			return nil
		}
	}
	return object
}

// member is the value of a name, which occurs once: see Check.
func member(object []byte, name string) []byte {
	for f := NewFields(object); f.Next(); {
		if f.Name() == name {
			return f.value
		}
	}
	return nil
}

// List walks over the elements of an array in valid JSON. Anything that is no
// array has none.
type List struct {
	e     jsonscan.Elements
	value []byte
}

// Items begins a walk.
func Items(array []byte) List {
	if jsonscan.KindOf(array) != jsonscan.Array {
		array = nil
	}
	return List{e: jsonscan.NewElements(array)}
}

// IsArray tells whether the walk is over an array, be it empty.
func (l *List) IsArray() bool { return l.e.Array() != nil }

// Len counts the elements that the walk has yet to come by. It stays where it
// is.
func (l List) Len() int { //nolint:gocritic // a copy is what walks
	n := 0
	for _, ok := l.Next(); ok; _, ok = l.Next() {
		n++
	}
	return n
}

// Next goes to the next element; ok is false after the last.
func (l *List) Next() (v llm.JSON, ok bool) {
	l.value, ok = l.e.Next()
	return l.value, ok
}

// Fields begins a walk over the members of the element.
func (l *List) Fields() Fields {
	if !IsObject(l.value) {
		return Fields{}
	}
	return Fields{m: l.e.Members()}
}

// Items begins a walk over the elements of the element.
func (l *List) Items() List {
	if !IsArray(l.value) {
		return List{}
	}
	return List{e: l.e.Elements()}
}

// Len counts the elements of an array.
func Len(array []byte) int {
	return Items(array).Len()
}

// IsString tells whether v is a string; nil is nothing.
func IsString(v []byte) bool { return jsonscan.KindOf(v) == jsonscan.String }

// IsArray tells whether v is an array.
func IsArray(v []byte) bool { return jsonscan.KindOf(v) == jsonscan.Array }

// IsObject tells whether v is an object.
func IsObject(v []byte) bool { return jsonscan.KindOf(v) == jsonscan.Object }

// IsNumber tells whether v is a number.
func IsNumber(v []byte) bool { return jsonscan.KindOf(v) == jsonscan.Number }

// IsNull tells whether v is null.
func IsNull(v []byte) bool { return jsonscan.KindOf(v) == jsonscan.Null }

// IsTrue tells whether v is true.
func IsTrue(v []byte) bool { return string(v) == "true" }

// Null makes null nothing.
func Null(v llm.JSON) llm.JSON {
	if IsNull(v) {
		return nil
	}
	return v
}

// Text is the text of a JSON string; anything else is "".
func Text(v []byte) string {
	if !IsString(v) {
		return ""
	}
	s, err := jsonscan.Unquote(v)
	if err != nil {
		return ""
	}
	return s
}

// Word is Text for comparing, not for keeping: it shares the memory of v where
// it can.
func Word(v []byte) string {
	b := TextBytes(v)
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // nobody writes to a body
}

// TextBytes is Text as bytes, without a copy where v has no escapes.
func TextBytes(v []byte) []byte {
	if !IsString(v) {
		return nil
	}
	if in := v[1 : len(v)-1]; bytes.IndexByte(in, '\\') < 0 {
		return in
	}
	b, err := jsonscan.AppendUnquote(nil, v)
	if err != nil {
		return nil
	}
	return b
}

// Int is a whole number, or ok is false.
func Int(v []byte) (n int64, ok bool) { return jsonscan.Int(v) }

// TextSet are the texts of a list.
func TextSet(list llm.JSON) map[string]bool {
	set := map[string]bool{}
	items := Items(list)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		set[Text(v)] = true
	}
	return set
}

// Quote is s as a JSON string.
func Quote(s string) llm.JSON { return jsonscan.AppendQuote(nil, s) }

// EmptyText tells whether v is the string "".
func EmptyText(v []byte) bool { return string(v) == `""` }

// Equal tells whether v is the JSON string s.
func Equal(v []byte, s string) bool { return jsonscan.EqualString(v, s) }

// Join makes one JSON string of several, with sep between them. What is no
// string is left out.
func Join(sep string, texts ...llm.JSON) llm.JSON {
	quoted := jsonscan.AppendQuote(nil, sep)
	between := quoted[1 : len(quoted)-1]
	out, some := []byte{'"'}, false
	for _, t := range texts {
		if !IsString(t) {
			continue
		}
		if some {
			out = append(out, between...)
		}
		out, some = append(out, t[1:len(t)-1]...), true
	}
	return append(out, '"')
}

// DataURL takes a data: URL in base64 apart. data is base64, without quotes.
func DataURL(url []byte) (mime string, data []byte, ok bool) {
	b := TextBytes(url)
	if len(b) < 5 || !bytes.EqualFold(b[:5], []byte("data:")) {
		return "", nil, false
	}
	head, data, ok := bytes.Cut(b[5:], []byte(","))
	if !ok {
		return "", nil, false
	}
	mimeType, rest, _ := bytes.Cut(head, []byte(";"))
	for len(rest) > 0 {
		var param []byte
		param, rest, _ = bytes.Cut(rest, []byte(";"))
		if bytes.EqualFold(bytes.TrimSpace(param), []byte("base64")) {
			return string(mimeType), data, base64Only(data)
		}
	}
	return "", nil, false
}

// base64Only tells whether b is nothing but letters of base64.
func base64Only(b []byte) bool {
	for _, c := range b {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '+', c == '/', c == '=', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// AppendDataURL appends a data: URL as a JSON string. data may be anything:
// callers write it.
func AppendDataURL(dst []byte, mime string, data []byte) []byte {
	if mime == "" {
		mime = "application/octet-stream"
	}
	dst = append(dst, `"data:`...)
	quoted := jsonscan.AppendQuote(nil, mime)
	dst = append(dst, quoted[1:len(quoted)-1]...)
	dst = append(dst, ";base64,"...)
	if !base64Only(data) {
		rest := jsonscan.AppendQuote(nil, data)
		return append(dst, rest[1:]...)
	}
	return append(append(dst, data...), '"')
}
