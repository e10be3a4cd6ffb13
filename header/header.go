// Package header holds the header of an HTTP message: an ordered list of
// fields with case-insensitive names.
//
// It stands at the very bottom of the house, so that the HTTP/1.1 client and
// the exchange share one type without copying. It knows nothing of HTTP rules
// (hop-by-hop names, limits): those belong to who sends or receives.
package header

// Field is one header line. Name keeps the spelling it came with.
type Field struct {
	Name  string
	Value string
}

// Header is an ordered list of fields. A name may occur several times.
// The zero value is an empty header ready to use.
type Header []Field

// Get returns the first value of name, or "".
func (h Header) Get(name string) string {
	for i := range h {
		if Equal(h[i].Name, name) {
			return h[i].Value
		}
	}
	return ""
}

// Has tells whether name occurs, with whatever value.
func (h Header) Has(name string) bool { return h.Index(name) >= 0 }

// Index returns the place of the first field called name, or -1.
func (h Header) Index(name string) int {
	for i := range h {
		if Equal(h[i].Name, name) {
			return i
		}
	}
	return -1
}

// Count returns how many fields are called name.
func (h Header) Count(name string) int {
	n := 0
	for i := range h {
		if Equal(h[i].Name, name) {
			n++
		}
	}
	return n
}

// Values returns all values of name in order, nil if there is none.
func (h Header) Values(name string) []string {
	var out []string
	for i := range h {
		if Equal(h[i].Name, name) {
			out = append(out, h[i].Value)
		}
	}
	return out
}

// Add appends a field.
func (h *Header) Add(name, value string) { *h = append(*h, Field{name, value}) }

// Set gives name exactly one value, in the place of its first occurrence or
// at the end.
func (h *Header) Set(name, value string) {
	i := h.Index(name)
	if i < 0 {
		h.Add(name, value)
		return
	}
	(*h)[i].Value = value
	h.delFrom(i+1, name)
}

// Del removes every field called name.
func (h *Header) Del(name string) { h.delFrom(0, name) }

func (h *Header) delFrom(start int, name string) {
	s := *h
	kept := start
	for i := start; i < len(s); i++ {
		if Equal(s[i].Name, name) {
			continue
		}
		if kept != i {
			s[kept] = s[i]
		}
		kept++
	}
	clear(s[kept:])
	*h = s[:kept]
}

// Equal tells whether two field names are the same but for ASCII case.
func Equal(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	if a == b {
		return true
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// Lower returns the lower-case spelling of a field name. It allocates only
// when there is something to change.
func Lower(name string) string {
	for i := range len(name) {
		if c := name[i]; 'A' <= c && c <= 'Z' {
			b := []byte(name)
			for j := i; j < len(b); j++ {
				b[j] = lower(b[j])
			}
			return string(b)
		}
	}
	return name
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Alike compares names as credentials want it: without case, and with hyphen
// and underscore as one, since many servers behind a gateway (CGI, WSGI) cannot
// tell x_consumer_id from X-Consumer-ID.
func Alike(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if fold(a[i]) != fold(b[i]) {
			return false
		}
	}
	return true
}

func fold(c byte) byte {
	if c == '_' {
		return '-'
	}
	return lower(c)
}
