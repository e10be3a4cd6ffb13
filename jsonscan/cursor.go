package jsonscan

import "bytes"

// Members walks over the members of one object without allocating. The object
// must be validated data; on anything else the walk ends early or yields
// meaningless parts of it, but never panics.
type Members struct {
	data    []byte
	pos     int
	span    Span
	nameEnd int
	escaped bool
	state   walk
	trail   trail
}

type walk uint8

const (
	walkFirst walk = iota
	walkNext
	walkDone   // the closing bracket was reached
	walkBroken // the data is malformed
)

// NewMembers returns a walk over object.
func NewMembers(object []byte) Members { return Members{data: object} }

// Next returns the next member: its name as spelled, quotes included (see
// EqualString), and its value. ok is false after the last.
func (m *Members) Next() (name, value []byte, ok bool) {
	if !m.next() {
		return nil, nil, false
	}
	return m.data[m.span.KeyStart:m.nameEnd:m.nameEnd], m.span.Of(m.data), true
}

// Span returns the place of the last member returned.
func (m *Members) Span() Span { return m.span }

func (m *Members) next() bool {
	i, ok := enter(m.data, m.pos, '{', '}', &m.state)
	m.pos = i
	if !ok {
		return false
	}
	if i >= len(m.data) || m.data[i] != '"' {
		m.state = walkBroken
		return false
	}
	m.nameEnd = skipString(m.data, i+1)
	colon := space(m.data, m.nameEnd)
	if m.nameEnd < i+2 || colon >= len(m.data) || m.data[colon] != ':' {
		m.state = walkBroken
		return false
	}
	m.escaped = bytes.IndexByte(m.data[i+1:m.nameEnd-1], '\\') >= 0
	start := space(m.data, colon+1)
	m.pos = m.trail.end(m.data, start)
	m.span = Span{i, start, m.pos}
	if m.pos == start {
		m.state = walkBroken
		return false
	}
	return true
}

// Object is what the walk is over.
func (m *Members) Object() []byte { return m.data }

// Escaped tells whether the name of the last member returned has escapes.
func (m *Members) Escaped() bool { return m.escaped }

// Members begins a walk over the value of the last member returned, an object.
func (m *Members) Members() Members {
	return Members{data: m.span.Of(m.data), trail: m.trail.into(m.span)}
}

// Elements begins a walk over the value of the last member returned, an array.
func (m *Members) Elements() Elements {
	return Elements{data: m.span.Of(m.data), trail: m.trail.into(m.span)}
}

// complete tells whether the walk ended at the end of a well-formed object.
func (m *Members) complete() bool {
	return m.state == walkDone && space(m.data, m.pos) == len(m.data)
}

// Elements walks over the elements of one array without allocating, under the
// same conditions as Members.
type Elements struct {
	data  []byte
	pos   int
	span  Span
	state walk
	trail trail
}

// NewElements returns a walk over array.
func NewElements(array []byte) Elements { return Elements{data: array} }

// Next returns the next element; ok is false after the last.
func (e *Elements) Next() (value []byte, ok bool) {
	i, ok := enter(e.data, e.pos, '[', ']', &e.state)
	e.pos = i
	if !ok {
		return nil, false
	}
	e.pos = e.trail.end(e.data, i)
	e.span = Span{i, i, e.pos}
	if e.pos == i {
		e.state = walkBroken
		return nil, false
	}
	return e.span.Of(e.data), true
}

// Span returns the place of the last element returned.
func (e *Elements) Span() Span { return e.span }

// Array is what the walk is over.
func (e *Elements) Array() []byte { return e.data }

// Members begins a walk over the last element returned, an object.
func (e *Elements) Members() Members {
	return Members{data: e.span.Of(e.data), trail: e.trail.into(e.span)}
}

// Elements begins a walk over the last element returned, an array.
func (e *Elements) Elements() Elements {
	return Elements{data: e.span.Of(e.data), trail: e.trail.into(e.span)}
}

// enter steps from one item of a container to the place where the next begins.
func enter(data []byte, i int, opening, closing byte, state *walk) (int, bool) {
	if *state >= walkDone {
		return i, false
	}
	i = space(data, i)
	want := byte(',')
	if *state == walkFirst {
		want = opening
	}
	switch {
	case i < len(data) && data[i] == want:
		i = space(data, i+1)
	case i < len(data) && data[i] == closing && *state == walkNext:
		*state = walkDone
		return i + 1, false
	default:
		*state = walkBroken
		return i, false
	}
	if *state == walkFirst && i < len(data) && data[i] == closing {
		*state = walkDone
		return i + 1, false
	}
	*state = walkNext
	return i, true
}

// Find returns the place of the value that a path of member names leads to in
// validated data, absent if one of them is not there. Of a name that occurs
// twice the last counts, as most parsers have it.
func Find(data []byte, path ...string) Span {
	found := Span{0, 0, len(data)}
	for _, name := range path {
		part := data[found.Start:found.End]
		m := NewMembers(part)
		var last Span
		for m.next() {
			if EqualString(part[m.span.KeyStart:m.nameEnd], name) {
				last = m.span
			}
		}
		if !last.Present() {
			return Span{}
		}
		found = last.Shift(found.Start)
	}
	return found
}
