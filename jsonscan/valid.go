package jsonscan

import (
	"bytes"
	"sync"
)

// Valid checks data as strictly as Keys.Object does, but takes any value at the
// top level. It does not look for duplicate names.
func Valid(data []byte) error {
	i := space(data, 0)
	i, st := value(data, i, 0, nil)
	if st <= escaped {
		if i = space(data, i); i == len(data) {
			return nil
		}
		st = badTrailing
	}
	return &SyntaxError{Offset: i, Msg: st.String()}
}

// NoDuplicates is Valid, and refuses besides an object at any depth that has
// two members of the same name in whatever spelling. It may allocate.
func NoDuplicates(data []byte) error {
	x := indexes.Get().(*Index)
	err := x.Scan(data)
	x.Reset()
	indexes.Put(x)
	return err
}

var indexes = sync.Pool{New: func() any { return new(Index) }}

// names looks for names that occur twice. The names of all objects that are
// open stand on one stack, so that a document costs few allocations.
type names struct {
	data  []byte
	stack []spelled
	seen  map[string]struct{}
	twice int // place of a duplicate name, -1 until one is found
}

// spelled is a name: its place with the quotes.
type spelled struct {
	start, end int
	escaped    bool
}

// maxNames is how large a stack of names is kept for the next document.
const maxNames = 1024

func (n *names) begin(data []byte) { n.data, n.twice = data, -1 }

// end returns the place of a duplicate name, -1 if there is none.
func (n *names) end() int {
	n.data, n.seen = nil, nil
	if n.stack = n.stack[:0]; cap(n.stack) > maxNames {
		n.stack = nil
	}
	return n.twice
}

// open begins an object; what it returns is for close.
func (n *names) open() int { return len(n.stack) }

func (n *names) add(start, end int, st status) {
	n.stack = append(n.stack, spelled{start, end, st == escaped})
}

func (n *names) close(base int) {
	n.compare(n.stack[base:])
	n.stack = n.stack[:base]
}

// compare looks for a duplicate among the names of one object.
func (n *names) compare(list []spelled) {
	if n.twice >= 0 {
		return
	}
	// Comparing each with each is the cheapest for the objects people write;
	// the map keeps an object of a million names from taking for ever.
	if len(list) <= 24 {
		n.twice = n.pairs(list)
		return
	}
	n.twice = n.set(list)
}

func (n *names) pairs(list []spelled) int {
	for i, a := range list {
		for _, b := range list[:i] {
			if n.same(a, b) {
				return a.start
			}
		}
	}
	return -1
}

func (n *names) same(a, b spelled) bool {
	x, y := n.data[a.start+1:a.end-1], n.data[b.start+1:b.end-1]
	if !a.escaped && !b.escaped {
		return bytes.Equal(x, y)
	}
	return equalInner(x, string(appendInner(nil, y)))
}

func (n *names) set(list []spelled) int {
	if n.seen == nil {
		n.seen = make(map[string]struct{}, len(list))
	}
	clear(n.seen)
	var buf []byte
	for _, m := range list {
		buf = appendInner(buf[:0], n.data[m.start+1:m.end-1])
		if _, twice := n.seen[string(buf)]; twice {
			return m.start
		}
		n.seen[string(buf)] = struct{}{}
	}
	return -1
}
