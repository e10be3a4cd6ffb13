package jsonscan

import (
	"cmp"
	"errors"
	"slices"
)

// ErrEdits says that edits overlap, or do not fit the document: a mistake of
// the program, not of whoever sent the document.
var ErrEdits = errors.New("jsonscan: edits overlap or do not fit the document")

// Edit replaces data[Start:End] by With.
type Edit struct {
	Start, End int
	With       []byte
}

// Edits is a list of changes to one document, gathered while features look at
// it and applied at once. The zero value is an empty list. Spans and offsets
// always mean the document as it was scanned; values are kept, not copied, so
// they must not change before the result was used. Not for concurrent use.
//
// The kinds of change compose: an object whose members were all deleted takes
// insertions without a stray comma. Set and Delete of one member follow each
// other, the last counts. Every other overlap is refused as a whole: Check
// returns ErrEdits, and Segments, Append and Len act as if there were no
// document, so that one never goes out half changed.
type Edits struct {
	ops     []op
	far     int // behind where all opSet and opDelete begin
	deletes []Span
	emptied []int // opening brackets of containers that lost all items
	plan    []Edit
	glue    []byte // names and commas of the plan
}

type op struct {
	kind   opKind
	span   Span // of the item, or of the container that gets one
	name   string
	value  []byte
	noName bool // an array's element
}

type opKind uint8

const (
	opSplice opKind = iota // by place
	opSet                  // a present member gets a value
	opDelete
	opFirst
	opLast
)

// whole stands for the top-level value as a container.
var whole = Span{}

// Reset empties the list and lets go of the values, keeping its memory.
func (e *Edits) Reset() {
	clear(e.ops)
	clear(e.plan)
	e.ops, e.plan, e.glue, e.far = e.ops[:0], e.plan[:0], e.glue[:0], 0
}

// Empty tells whether there is nothing to change.
func (e *Edits) Empty() bool { return len(e.ops) == 0 }

// Splice replaces data[start:end] by with, whatever stands there.
func (e *Edits) Splice(start, end int, with []byte) {
	e.ops = append(e.ops, op{kind: opSplice, span: Span{start, start, end}, value: with})
}

// Replace gives a present member (or element) another value.
func (e *Edits) Replace(member Span, value []byte) { e.Splice(member.Start, member.End, value) }

// Set gives the top-level member a value: in its place if member is present,
// else as a new last member called name.
func (e *Edits) Set(member Span, name string, value []byte) { e.SetIn(whole, member, name, value) }

// SetIn is Set for a member of the object at container; member's place is in
// the whole document (see Span.Shift).
func (e *Edits) SetIn(container, member Span, name string, value []byte) {
	if member.Present() {
		e.put(op{kind: opSet, span: member, value: value})
		return
	}
	for i := range e.ops {
		o := &e.ops[i]
		if o.kind == opLast && !o.noName && o.span == container && o.name == name {
			o.value = value
			return
		}
	}
	e.InsertLastIn(container, name, value)
}

// Delete takes a member of any object, or an element of any array, out of the
// document, with the comma that would be left over.
func (e *Edits) Delete(member Span) { e.put(op{kind: opDelete, span: member}) }

// put adds an opSet or opDelete in the place of an earlier one of its member.
func (e *Edits) put(o op) {
	if o.span.KeyStart >= e.far { // a caller's list can be long
		e.far = o.span.KeyStart + 1
		e.ops = append(e.ops, o)
		return
	}
	for i := range e.ops {
		if k := e.ops[i].kind; (k == opSet || k == opDelete) && e.ops[i].span == o.span {
			e.ops[i] = o
			return
		}
	}
	e.ops = append(e.ops, o)
}

// InsertFirst puts a member before all others of the top-level object; several
// keep the order of the calls. It does not look whether name is there already.
func (e *Edits) InsertFirst(name string, value []byte) { e.InsertFirstIn(whole, name, value) }

// InsertLast puts a member after all others of the top-level object.
func (e *Edits) InsertLast(name string, value []byte) { e.InsertLastIn(whole, name, value) }

// InsertFirstIn is InsertFirst for the object at container.
func (e *Edits) InsertFirstIn(container Span, name string, value []byte) {
	e.ops = append(e.ops, op{kind: opFirst, span: container, name: name, value: value})
}

// InsertLastIn is InsertLast for the object at container.
func (e *Edits) InsertLastIn(container Span, name string, value []byte) {
	e.ops = append(e.ops, op{kind: opLast, span: container, name: name, value: value})
}

// PrependElement puts an element before all others of the array at container;
// several keep the order of the calls.
func (e *Edits) PrependElement(container Span, value []byte) {
	e.ops = append(e.ops, op{kind: opFirst, span: container, value: value, noName: true})
}

// AppendElement puts an element after all others of the array at container.
func (e *Edits) AppendElement(container Span, value []byte) {
	e.ops = append(e.ops, op{kind: opLast, span: container, value: value, noName: true})
}

// Check tells whether the edits fit data and each other.
func (e *Edits) Check(data []byte) error {
	e.plan, e.glue = e.plan[:0], e.glue[:0]
	e.deletes, e.emptied = e.deletes[:0], e.emptied[:0]
	if !e.planDeletes(data) || !e.planInserts(data, opFirst) {
		return ErrEdits
	}
	// At one place, what is put first must come before what is cut, and what is
	// put last after it; the sort keeps this order.
	for _, d := range e.deletes {
		e.plan = append(e.plan, Edit{d.Start, d.End, nil})
	}
	for _, o := range e.ops {
		if o.kind == opSplice || o.kind == opSet {
			e.plan = append(e.plan, Edit{o.span.Start, o.span.End, o.value})
		}
	}
	if !e.planInserts(data, opLast) {
		return ErrEdits
	}
	slices.SortStableFunc(e.plan, func(a, b Edit) int { return cmp.Compare(a.Start, b.Start) })
	pos := 0
	for _, p := range e.plan {
		if p.Start < pos || p.End < p.Start || p.End > len(data) {
			return ErrEdits
		}
		pos = p.End
	}
	return nil
}

// planDeletes turns the members to delete into the ranges to cut: neighbours
// become one range, which takes the comma after it, or before it if there is
// none after.
func (e *Edits) planDeletes(data []byte) bool {
	for _, o := range e.ops {
		if o.kind == opDelete {
			e.deletes = append(e.deletes, o.span)
		}
	}
	slices.SortFunc(e.deletes, func(a, b Span) int { return cmp.Compare(a.KeyStart, b.KeyStart) })
	cuts := e.deletes[:0]
	for i := 0; i < len(e.deletes); {
		first := e.deletes[i]
		if !item(data, first) {
			return false
		}
		end, comma := after(data, first.End)
		for i++; comma && i < len(e.deletes) && e.deletes[i].KeyStart == end; i++ {
			if !item(data, e.deletes[i]) {
				return false
			}
			end, comma = after(data, e.deletes[i].End)
		}
		cuts = append(cuts, Span{Start: e.cut(data, first.KeyStart, comma), End: end})
	}
	e.deletes = cuts
	return true
}

// cut returns where a cut begins whose first item begins at start, and notes
// when its container is left empty.
func (e *Edits) cut(data []byte, start int, commaAfter bool) int {
	if commaAfter {
		return start
	}
	before := spaceBefore(data, start) - 1
	if data[before] == ',' {
		return before
	}
	e.emptied = append(e.emptied, before)
	return start
}

// item tells whether span can be an item of a container: within data, after an
// opening bracket or comma, and before a closing bracket or comma.
func item(data []byte, s Span) bool {
	if s.KeyStart < 1 || s.Start < s.KeyStart || s.End <= s.Start || s.End >= len(data) {
		return false
	}
	before, behind := spaceBefore(data, s.KeyStart)-1, space(data, s.End)
	if before < 0 || behind == len(data) {
		return false
	}
	switch data[before] {
	case '{', '[', ',':
	default:
		return false
	}
	switch data[behind] {
	case '}', ']', ',':
		return true
	}
	return false
}

// after looks behind an item: past the comma, at the start of the next item, or
// at the item's own end if it is the last.
func after(data []byte, end int) (pos int, comma bool) {
	if i := space(data, end); i < len(data) && data[i] == ',' {
		return space(data, i+1), true
	}
	return end, false
}

// spaceBefore returns the place after the last byte before i that is not white
// space.
func spaceBefore(data []byte, i int) int {
	for i > 0 && isSpace(data[i-1]) {
		i--
	}
	return i
}

// planInserts plans the insertions of one kind, in the order of the calls.
func (e *Edits) planInserts(data []byte, kind opKind) bool {
	for i := range e.ops {
		o := &e.ops[i]
		if o.kind != kind {
			continue
		}
		opening, last, ok := bounds(data, o.span, o.noName)
		if !ok {
			return false
		}
		rest := last > opening+1 && !slices.Contains(e.emptied, opening)
		if kind == opFirst {
			others := rest || e.has(i+1, opFirst, o.span) || e.has(0, opLast, o.span)
			e.insert(o, opening+1, false, others)
		} else {
			others := rest || e.hasBefore(i, opLast, o.span)
			e.insert(o, last, others, false)
		}
	}
	return true
}

// bounds returns the place of a container's opening bracket and the place after
// its last item, which is right behind the bracket if it has none.
func bounds(data []byte, container Span, array bool) (opening, last int, ok bool) {
	start, end := container.Start, container.End
	if container == whole {
		start, end = space(data, 0), spaceBefore(data, len(data))
	}
	want := [2]byte{'{', '}'}
	if array {
		want = [2]byte{'[', ']'}
	}
	if start < 0 || end > len(data) || end-start < 2 || data[start] != want[0] || data[end-1] != want[1] {
		return 0, 0, false
	}
	return start, spaceBefore(data, end-1), true
}

func (e *Edits) has(from int, kind opKind, container Span) bool {
	for _, o := range e.ops[from:] {
		if o.kind == kind && o.span == container {
			return true
		}
	}
	return false
}

func (e *Edits) hasBefore(to int, kind opKind, container Span) bool {
	for _, o := range e.ops[:to] {
		if o.kind == kind && o.span == container {
			return true
		}
	}
	return false
}

// insert plans one insertion: comma, name and colon, value, comma.
func (e *Edits) insert(o *op, at int, commaBefore, commaAfter bool) {
	start := len(e.glue)
	if commaBefore {
		e.glue = append(e.glue, ',')
	}
	if !o.noName {
		e.glue = append(AppendQuote(e.glue, o.name), ':')
	}
	if g := e.glue[start:]; len(g) > 0 {
		e.plan = append(e.plan, Edit{at, at, g})
	}
	e.plan = append(e.plan, Edit{at, at, o.value})
	if commaAfter {
		e.plan = append(e.plan, Edit{at, at, comma})
	}
}

var comma = []byte{','}

// Segments appends the changed document to dst as a list of parts, for writev.
// The parts are slices of data, of the values given and of e's own memory: they
// hold until the next call of any method of e.
func (e *Edits) Segments(dst [][]byte, data []byte) [][]byte {
	if e.Check(data) != nil {
		return dst
	}
	pos := 0
	for _, p := range e.plan {
		if p.Start > pos {
			dst = append(dst, data[pos:p.Start])
		}
		if len(p.With) > 0 {
			dst = append(dst, p.With)
		}
		pos = p.End
	}
	if pos < len(data) {
		dst = append(dst, data[pos:])
	}
	return dst
}

// Append appends the changed document to dst.
func (e *Edits) Append(dst, data []byte) []byte {
	if e.Check(data) != nil {
		return dst
	}
	pos := 0
	for _, p := range e.plan {
		dst = append(append(dst, data[pos:p.Start]...), p.With...)
		pos = p.End
	}
	return append(dst, data[pos:]...)
}

// Len returns the length of the changed document.
func (e *Edits) Len(data []byte) int {
	if e.Check(data) != nil {
		return 0
	}
	n := len(data)
	for _, p := range e.plan {
		n += len(p.With) - (p.End - p.Start)
	}
	return n
}
