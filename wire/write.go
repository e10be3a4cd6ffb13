package wire

import (
	"strconv"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
)

// Writer appends JSON to Buf and puts the commas. Its zero value is ready;
// what Buf holds at first is left as it is.
type Writer struct {
	Buf []byte
	// Links takes the long values; nil copies them all.
	Links *Links
	depth int
}

// Object begins an object, as an element or as the value of a member.
func (w *Writer) Object() { w.open('{') }

// Array begins an array.
func (w *Writer) Array() { w.open('[') }

func (w *Writer) open(c byte) {
	w.comma()
	w.depth++
	w.Buf = append(w.Buf, c)
}

// EndObject ends the object begun last.
func (w *Writer) EndObject() { w.close('}') }

// EndArray ends the array begun last.
func (w *Writer) EndArray() { w.close(']') }

func (w *Writer) close(c byte) {
	w.depth--
	w.Buf = append(w.Buf, c)
}

func (w *Writer) comma() {
	if w.depth == 0 || len(w.Buf) == 0 {
		return
	}
	switch w.Buf[len(w.Buf)-1] {
	case '{', '[', ':':
	default:
		w.Buf = append(w.Buf, ',')
	}
}

// Name begins a member; its value follows. The name needs no escapes.
func (w *Writer) Name(name string) {
	w.comma()
	w.Buf = append(w.Buf, '"')
	w.Buf = append(w.Buf, name...)
	w.Buf = append(w.Buf, '"', ':')
}

// Raw appends a value as it is; nil is null.
func (w *Writer) Raw(v llm.JSON) {
	w.comma()
	if v == nil {
		w.Buf = append(w.Buf, "null"...)
		return
	}
	if w.Links.takes(v) {
		w.Links.list = append(w.Links.list, Link{len(w.Buf), v})
		v = llm.JSON(placeholder)
	}
	w.Buf = append(w.Buf, v...)
}

// Literal appends a value that is known beforehand, such as true or {}.
func (w *Writer) Literal(s string) {
	w.comma()
	w.Buf = append(w.Buf, s...)
}

// String appends a string.
func (w *Writer) String(s string) {
	w.comma()
	w.Buf = jsonscan.AppendQuote(w.Buf, s)
}

// Bytes appends a text as a string.
func (w *Writer) Bytes(s []byte) {
	w.comma()
	w.Buf = jsonscan.AppendQuote(w.Buf, s)
}

// Int appends a number.
func (w *Writer) Int(n int64) {
	w.comma()
	w.Buf = strconv.AppendInt(w.Buf, n, 10)
}

// Bool appends true or false.
func (w *Writer) Bool(b bool) {
	w.comma()
	w.Buf = strconv.AppendBool(w.Buf, b)
}

// Member appends a member, unless v is nil.
func (w *Writer) Member(name string, v llm.JSON) {
	if v != nil {
		w.Name(name)
		w.Raw(v)
	}
}

// StringMember appends a member, unless s is empty.
func (w *Writer) StringMember(name, s string) {
	if s != "" {
		w.Name(name)
		w.String(s)
	}
}

// IntMember appends a member.
func (w *Writer) IntMember(name string, n int64) {
	w.Name(name)
	w.Int(n)
}

// BoolMember appends a member.
func (w *Writer) BoolMember(name string, b bool) {
	w.Name(name)
	w.Bool(b)
}

// Extra appends what a node of this format held beside what the model knows.
func (w *Writer) Extra(x *llm.Extra, own llm.Format) {
	if x.From != own {
		return
	}
	for i := range x.Members {
		w.kept(&x.Members[i])
	}
}

func (w *Writer) kept(m *llm.Member) {
	if m.Value == nil {
		return
	}
	w.Quoted(m.Name)
	w.Buf = append(w.Buf, m.Value...)
}
