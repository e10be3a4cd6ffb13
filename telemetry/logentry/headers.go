package logentry

import (
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
)

// fields are header fields to be written as members: names in lower case,
// repeated ones as arrays.
type fields struct {
	list header.Header
	// kept, unless nil, is what plugins left of the list: the rest is left out.
	kept header.Header
	// request is set for those of a request: credentials are hidden, and Host
	// stands elsewhere.
	request *flow.Exchange
}

// append writes the fields after what is open in dst.
func (f *fields) append(dst []byte) []byte {
	h := f.list[:min(len(f.list), maxItems)]
	repeated := repeats(h)
	for i := range h {
		name := h[i].Name
		again := repeated.has(name)
		if again && h[:i].Has(name) {
			continue
		}
		hidden := f.request != nil && isCredential(name)
		if f.request != nil && (header.Equal(name, "host") || f.kept != nil && !hidden && !f.kept.Has(name)) {
			continue
		}
		dst = append(lowerName(comma(dst, `"`), name), '"', ':')
		switch {
		case hidden, f.request != nil && concealed(f.request, name):
			dst = append(dst, `"`+redacted+`"`...)
		case again:
			dst = appendValues(dst, h[i:], name)
		default:
			dst = quote(dst, h[i].Value)
		}
	}
	return dst
}

// isCredential tells the fields whose value is never shown.
func isCredential(name string) bool {
	switch len(name) {
	case len("authorization"):
		return header.Equal(name, "authorization")
	case len("proxy-authorization"):
		return header.Equal(name, "proxy-authorization")
	}
	return false
}

// nameSet is a set of field names, by a cheap hash: what is not in it for
// certain is not, what is may be another name.
type nameSet [4]uint64

// repeats lists the names that may occur twice. That saves comparing every
// field with every other.
func repeats(h header.Header) (repeated nameSet) {
	var seen nameSet
	for i := range h {
		word, bit := place(h[i].Name)
		repeated[word] |= seen[word] & bit
		seen[word] |= bit
	}
	return repeated
}

func (s *nameSet) has(name string) bool {
	word, bit := place(name)
	return s[word]&bit != 0
}

// place is the same for names that differ in case only.
func place(name string) (word uint, bit uint64) {
	n := uint(len(name))
	if n == 0 {
		return 0, 1
	}
	h := n*31 + uint(name[0]|0x20)*7 + uint(name[n-1]|0x20)*5 + uint(name[n/2]|0x20)*3
	return h >> 6 & 3, 1 << (h & 63)
}

func appendValues(dst []byte, h header.Header, name string) []byte {
	n, start := 0, len(dst)
	for i := range h {
		if !header.Equal(h[i].Name, name) {
			continue
		}
		if n++; n > 1 {
			dst = append(dst, ',')
		}
		dst = quote(dst, h[i].Value)
	}
	return asArray(dst, start, n)
}

// lowered are the lower-case spellings of plain characters, 0 for others.
var lowered = func() (t [256]byte) {
	for c := range 256 {
		switch {
		case 'A' <= c && c <= 'Z':
			t[c] = byte(c) | 0x20
		case plain[c]:
			t[c] = byte(c)
		}
	}
	return t
}()

// lowerName writes a field name. One that is no token, which a sound listener
// refuses, is still written as valid JSON.
func lowerName(dst []byte, name string) []byte {
	at := len(dst)
	dst = append(dst, name...)
	for i := at; i < len(dst); i++ {
		c := lowered[dst[i]]
		if c == 0 {
			return text(dst[:at], header.Lower(name))
		}
		dst[i] = c
	}
	return dst
}
