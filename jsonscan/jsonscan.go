// Package jsonscan finds members of a JSON object in one pass over its bytes
// and rewrites them by splices. Request and answer bodies go through it on
// their way between caller and provider, so it allocates nothing on success.
//
// It is strict: what it accepts, every conforming parser reads in the same
// way, at least in the members asked for. It must not build values, repair
// input, or know what any member means; that is for the wire formats above.
package jsonscan

import (
	"errors"
	"math/bits"
	"strconv"
)

// MaxDepth is how deeply arrays and objects may be nested in each other.
const MaxDepth = 512

// MaxKeys is how many names one Keys can hold.
const MaxKeys = 64

// ErrSpans says that a caller gave fewer spans than there are keys.
var ErrSpans = errors.New("jsonscan: fewer spans than keys")

// SyntaxError says why and where a document was refused. It never quotes the
// document, so it may be logged and shown.
type SyntaxError struct {
	Offset int    // place in the document, in bytes
	Msg    string // what is wrong there
	// Duplicate tells that the fault is a name that occurs twice. What stands
	// behind the second was not looked at.
	Duplicate bool
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return "jsonscan: offset " + strconv.Itoa(e.Offset) + ": " + e.Msg
}

// Span is the place of a member in a document: its name begins (with the
// quote) at KeyStart, its value is data[Start:End]. The zero Span is an absent
// member. An array's element has KeyStart equal to Start.
type Span struct {
	KeyStart, Start, End int
}

// Present tells whether the member is there.
func (s Span) Present() bool { return s.End > 0 }

// Of returns the value's bytes in data, the document the span was found in;
// nil if absent.
func (s Span) Of(data []byte) []byte {
	if s.Start < 0 || s.End <= s.Start || s.End > len(data) {
		return nil
	}
	return data[s.Start:s.End:s.End]
}

// Shift moves a span found in a part of a document to the whole document, in
// which the part begins at base. An absent span stays absent.
func (s Span) Shift(base int) Span {
	if !s.Present() {
		return s
	}
	return Span{s.KeyStart + base, s.Start + base, s.End + base}
}

// Keys is a prepared set of member names to look for. It is immutable, so any
// number of goroutines may use it.
type Keys struct {
	names []string
	// One bit per name: which have this length, which begin with this letter.
	byLen   [32]uint64
	byFirst [32]uint64
}

// NewKeys prepares a set of names. It is called when the program starts or a
// configuration is built, and panics on more than MaxKeys names or on one
// given twice, both mistakes of the programmer.
func NewKeys(names ...string) *Keys {
	if len(names) > MaxKeys {
		panic("jsonscan: more than 64 keys")
	}
	k := &Keys{names: append([]string(nil), names...)}
	for i, name := range names {
		for _, other := range names[:i] {
			if other == name {
				panic("jsonscan: key given twice: " + name)
			}
		}
		k.byLen[min(len(name), 31)] |= 1 << i
		if name != "" {
			k.byFirst[name[0]&31] |= 1 << i
		}
	}
	return k
}

// Len returns the number of keys, which is the number of spans needed.
func (k *Keys) Len() int { return len(k.names) }

// Name returns the name of key i.
func (k *Keys) Name(i int) string { return k.names[i] }

// Object scans the whole of data, which must be one JSON object with nothing
// but white space around it, and sets spans[i] to the place of key i. Spans of
// keys that do not occur, and all spans of a refused document, are zero.
//
// It refuses with a *SyntaxError what strict JSON refuses at any depth (bad
// structure, literals, numbers, escapes, lone surrogates, control characters,
// invalid UTF-8, trailing data), nesting beyond MaxDepth, and a wanted key that
// occurs twice at the top level in whatever spelling. Other names may repeat;
// NoDuplicates refuses those.
func (k *Keys) Object(data []byte, spans []Span) error {
	if len(spans) < len(k.names) {
		return ErrSpans
	}
	spans = spans[:len(k.names)]
	clear(spans)
	i, st := k.document(data, spans)
	if st <= escaped {
		return nil
	}
	clear(spans)
	return k.refuse(data, i, st)
}

// Nested is Object for data that is known to be valid, such as the value of a
// span of a document that Object accepted. It checks only what it steps on:
// malformed data gives an error or meaningless spans within data, no panic.
func (k *Keys) Nested(data []byte, spans []Span) error {
	return k.walk(NewMembers(data), spans)
}

// Indexed is Nested for the document of an index, an object.
func (k *Keys) Indexed(x *Index, spans []Span) error {
	return k.walk(x.Members(), spans)
}

func (k *Keys) walk(m Members, spans []Span) error {
	if len(spans) < len(k.names) {
		return ErrSpans
	}
	spans = spans[:len(k.names)]
	clear(spans)
	data := m.data
	for m.next() {
		j := k.find(data[m.span.KeyStart+1:m.nameEnd-1], m.escaped)
		if j < 0 {
			continue
		}
		if spans[j].Present() {
			clear(spans)
			return k.refuse(data, m.span.KeyStart, duplicate)
		}
		spans[j] = m.span
	}
	if !m.complete() {
		clear(spans)
		return k.refuse(data, m.pos, badObject)
	}
	return nil
}

// document scans an object and the white space around it.
func (k *Keys) document(data []byte, spans []Span) (int, status) {
	i := space(data, 0)
	if i == len(data) {
		return i, badEnd
	}
	if data[i] != '{' {
		return i, badObject
	}
	i, st := k.object(data, i, spans)
	if st > escaped {
		return i, st
	}
	if i = space(data, i); i != len(data) {
		return i, badTrailing
	}
	return i, plain
}

// object is the strict scan of the top level; the levels below need no names
// and take the function of the same name in scan.go.
func (k *Keys) object(data []byte, i int, spans []Span) (int, status) {
	i = space(data, i+1)
	if i < len(data) && data[i] == '}' {
		return i + 1, plain
	}
	for {
		start := i
		nameEnd, valueStart, st := name(data, i)
		if st > escaped {
			return nameEnd, st
		}
		j := k.find(data[start+1:nameEnd-1], st == escaped)
		if i, st = value(data, valueStart, 1, nil); st > escaped {
			return i, st
		}
		if j >= 0 {
			if spans[j].Present() {
				return start, duplicate
			}
			spans[j] = Span{start, valueStart, i}
		}
		var more bool
		if i, more, st = next(data, i, '}'); !more {
			return i, st
		}
	}
}

// find returns the key that a name (without its quotes) spells, or -1.
func (k *Keys) find(raw []byte, hasEscape bool) int {
	if hasEscape {
		return k.findEscaped(raw)
	}
	m := k.byLen[min(len(raw), 31)]
	if len(raw) > 0 {
		m &= k.byFirst[raw[0]&31]
	}
	for ; m != 0; m &= m - 1 {
		if j := bits.TrailingZeros64(m); k.names[j] == string(raw) {
			return j
		}
	}
	return -1
}

func (k *Keys) findEscaped(raw []byte) int {
	for j, name := range k.names {
		if equalInner(raw, name) {
			return j
		}
	}
	return -1
}

// refuse makes the error; only here, so that success allocates nothing.
func (k *Keys) refuse(data []byte, i int, st status) error {
	err := &SyntaxError{Offset: i, Msg: st.String()}
	if st != duplicate {
		return err
	}
	err.Duplicate = true
	end := skipString(data, i+1)
	if j := k.findEscaped(data[i+1 : max(i+1, end-1)]); j >= 0 {
		err.Msg += " " + strconv.Quote(k.names[j])
	}
	return err
}
