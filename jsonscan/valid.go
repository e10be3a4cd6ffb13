package jsonscan

import "bytes"

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
	return &SyntaxError{i, st.String()}
}

// NoDuplicates is Valid, and refuses besides an object at any depth that has
// two members of the same name in whatever spelling. It may allocate.
func NoDuplicates(data []byte) error {
	if err := Valid(data); err != nil {
		return err
	}
	c := checker{data: data}
	if at := c.value(space(data, 0), len(data)); at >= 0 {
		return &SyntaxError{at, duplicate.String()}
	}
	return nil
}

// checker walks a valid document. The names of all objects that are open stand
// on one stack, so that a document costs few allocations.
type checker struct {
	data  []byte
	names []Span // KeyStart and End of each name with its quotes
	seen  map[string]struct{}
}

// value returns the place of the first duplicate name in data[start:end], or -1.
func (c *checker) value(start, end int) int {
	switch c.data[start] {
	case '{':
		return c.object(start, end)
	case '[':
		for e := NewElements(c.data[start:end]); ; {
			if _, ok := e.Next(); !ok {
				return -1
			}
			if at := c.value(start+e.span.Start, start+e.span.End); at >= 0 {
				return at
			}
		}
	}
	return -1
}

func (c *checker) object(start, end int) int {
	base := len(c.names)
	defer func() { c.names = c.names[:base] }()
	m := NewMembers(c.data[start:end])
	for m.next() {
		if at := c.value(start+m.span.Start, start+m.span.End); at >= 0 {
			return at
		}
		c.names = append(c.names, Span{KeyStart: start + m.span.KeyStart, End: start + m.nameEnd})
	}
	names := c.names[base:]
	// Comparing each with each is the cheapest for the objects people write;
	// the map keeps an object of a million names from taking for ever.
	if len(names) <= 24 {
		return c.pairs(names)
	}
	return c.set(names)
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
