package jsonscan

import (
	"bytes"
	"sync"
)

// Valid checks data as strictly as Keys.Object does, but takes any value at the
// top level. It does not look for duplicate names.
func Valid(data []byte) error {
	i := space(data, 0)
	i, st := value(data, i, 0)
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
	if err := Valid(data); err != nil {
		return err
	}
	c := checkers.Get().(*checker)
	c.data, c.twice = data, -1
	c.value(space(data, 0))
	twice := c.twice
	c.release()
	if twice >= 0 {
		return &SyntaxError{Offset: twice, Msg: duplicate.String(), Duplicate: true}
	}
	return nil
}

var checkers = sync.Pool{New: func() any { return new(checker) }}

// maxNames is how large a stack of names is kept for the next document.
const maxNames = 1024

func (c *checker) release() {
	c.data, c.seen = nil, nil
	if c.names = c.names[:0]; cap(c.names) > maxNames {
		c.names = nil
	}
	checkers.Put(c)
}

// checker walks a valid document once. The names of all objects that are open
// stand on one stack, so that a document costs few allocations.
type checker struct {
	data  []byte
	names []Span // KeyStart and End of each name with its quotes
	seen  map[string]struct{}
	twice int // place of a duplicate name, -1 until one is found
}

// value walks over the value at i and returns the place after it. It goes on
// after a duplicate was found, which costs nothing that a valid document would
// not cost too.
func (c *checker) value(i int) int {
	switch c.data[i] {
	case '{':
		return c.object(i)
	case '[':
		return c.array(i)
	}
	return skip(c.data, i)
}

func (c *checker) array(i int) int {
	for i = space(c.data, i+1); c.data[i] != ']'; {
		i = space(c.data, c.value(i))
		if c.data[i] == ',' {
			i = space(c.data, i+1)
		}
	}
	return i + 1
}

func (c *checker) object(i int) int {
	base := len(c.names)
	for i = space(c.data, i+1); c.data[i] != '}'; {
		end := skipString(c.data, i+1)
		c.names = append(c.names, Span{KeyStart: i, End: end})
		colon := space(c.data, end)
		i = space(c.data, c.value(space(c.data, colon+1)))
		if c.data[i] == ',' {
			i = space(c.data, i+1)
		}
	}
	c.compare(c.names[base:])
	c.names = c.names[:base]
	return i + 1
}

// compare looks for a duplicate among the names of one object.
func (c *checker) compare(names []Span) {
	if c.twice >= 0 {
		return
	}
	// Comparing each with each is the cheapest for the objects people write;
	// the map keeps an object of a million names from taking for ever.
	if len(names) <= 24 {
		c.twice = c.pairs(names)
		return
	}
	c.twice = c.set(names)
}

func (c *checker) pairs(names []Span) int {
	for i, a := range names {
		for _, b := range names[:i] {
			if c.same(a, b) {
				return a.KeyStart
			}
		}
	}
	return -1
}

func (c *checker) same(a, b Span) bool {
	x, y := c.data[a.KeyStart+1:a.End-1], c.data[b.KeyStart+1:b.End-1]
	if bytes.Equal(x, y) {
		return true
	}
	if bytes.IndexByte(x, '\\') < 0 && bytes.IndexByte(y, '\\') < 0 {
		return false
	}
	return equalInner(x, string(appendInner(nil, y)))
}

func (c *checker) set(names []Span) int {
	if c.seen == nil {
		c.seen = make(map[string]struct{}, len(names))
	}
	clear(c.seen)
	var buf []byte
	for _, n := range names {
		buf = appendInner(buf[:0], c.data[n.KeyStart+1:n.End-1])
		if _, twice := c.seen[string(buf)]; twice {
			return n.KeyStart
		}
		c.seen[string(buf)] = struct{}{}
	}
	return -1
}
