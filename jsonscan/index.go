package jsonscan

import "math"

// Index is a document that was checked, and the places of its long values:
// walks that begin at the index step over those without looking at them, so
// that going down into a document costs nothing for what is passed by. It may
// be used again for another document, by one goroutine at a time.
type Index struct {
	data []byte
	long []long
	same names
}

// long is a long value. Those within it stand behind it, up to next.
type long struct {
	start, end uint32
	next       int32
}

const (
	// worth is how long a value must be to be remembered. To look at less than
	// a cache line is as cheap as to look it up.
	worth = 64
	// maxLong is how many are remembered of one document, at 12 bytes each.
	// The others cost their walk.
	maxLong = 1 << 16
)

// Scan makes data the document: one value, as strict as Valid is about it, and
// without an object at any depth that has two members of the same name in
// whatever spelling. Errors are *SyntaxError; the index is empty then.
func (x *Index) Scan(data []byte) error {
	x.Reset()
	x.data = data
	x.same.begin(data)
	i, st := value(data, space(data, 0), 0, x)
	if st <= escaped {
		if i = space(data, i); i != len(data) {
			st = badTrailing
		}
	}
	twice := x.same.end()
	switch {
	case st > escaped:
		x.Reset()
		return &SyntaxError{Offset: i, Msg: st.String()}
	case twice >= 0:
		x.Reset()
		return &SyntaxError{Offset: twice, Msg: duplicate.String(), Duplicate: true}
	}
	return nil
}

// Reset forgets the document.
func (x *Index) Reset() {
	x.data = nil
	if x.long = x.long[:0]; cap(x.long) > maxKept {
		x.long = nil
	}
}

// maxKept is how much room for long values is kept for the next document.
const maxKept = 4096

// Data is the document, nil if there is none.
func (x *Index) Data() []byte { return x.data }

// Members begins a walk over the document, an object.
func (x *Index) Members() Members {
	return Members{data: x.data, trail: x.trail()}
}

func (x *Index) trail() trail {
	if len(x.long) == 0 {
		return trail{}
	}
	if first := space(x.data, 0); int(x.long[0].start) == first {
		return trail{x: x, at: 1}
	}
	return trail{x: x}
}

// The scan tells an index what it passes. A nil index takes it all, and
// remembers nothing.

// text remembers a string.
func (x *Index) text(start, end int) {
	if x != nil && end-start >= worth {
		x.close(x.open(start), end)
	}
}

// open begins a container that may become long; -1 is one that is not
// remembered.
func (x *Index) open(i int) int {
	if x == nil || len(x.long) == maxLong || len(x.data) > math.MaxUint32 {
		return -1
	}
	x.long = append(x.long, long{start: uint32(i)})
	return len(x.long) - 1
}

func (x *Index) close(at, end int) {
	switch {
	case at < 0:
	case end-int(x.long[at].start) < worth:
		x.long = x.long[:at] // what is in it is not longer
	default:
		x.long[at].end, x.long[at].next = uint32(end), int32(len(x.long))
	}
}

// openNames begins the names of an object; what it returns is for closeNames.
func (x *Index) openNames() int {
	if x == nil {
		return 0
	}
	return x.same.open()
}

func (x *Index) name(start, end int, st status) {
	if x != nil {
		x.same.add(start, end, st)
	}
}

func (x *Index) closeNames(base int) {
	if x != nil {
		x.same.close(base)
	}
}

// trail is where a walk is in an index; the zero trail has none.
type trail struct {
	x    *Index
	base int // where the walk's data begins in the document
	at   int // the next long value
	// inner is the first within the value that end was last asked for.
	inner int
}

// end is skip for the value at i of data, looked up if it is a long one.
func (t *trail) end(data []byte, i int) int {
	if t.x == nil {
		return skip(data, i)
	}
	all, start := t.x.long, t.base+i
	for t.at < len(all) && int(all[t.at].start) < start {
		t.at = int(all[t.at].next)
	}
	if t.at == len(all) || int(all[t.at].start) != start {
		t.inner = t.at
		return skip(data, i)
	}
	t.inner = t.at + 1
	end := int(all[t.at].end) - t.base
	t.at = int(all[t.at].next)
	return min(end, len(data))
}

// into is the trail of a walk over the value at s, where end was last asked for.
func (t *trail) into(s Span) trail {
	return trail{x: t.x, base: t.base + s.Start, at: t.inner}
}
