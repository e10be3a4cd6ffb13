package logentry

import (
	"strings"
	"sync/atomic"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
)

// fields are header fields to be written as members: names in lower case,
// repeated ones as arrays.
type fields struct {
	list  header.Header
	names *names
	// kept, unless nil, is what plugins left of the list: the rest is left out.
	kept header.Header
	next int // where in kept the next field probably is: plugins leave the order
	// request is set for those of a request: credentials are hidden, and Host
	// stands elsewhere.
	request *flow.Exchange
}

// append writes the fields after what is open in dst.
func (f *fields) append(dst []byte) []byte {
	h := f.list[:min(len(f.list), maxItems)]
	var places [maxItems]uint8
	repeated := repeats(h, &places)
	for i := range h {
		name := h[i].Name
		again := repeated.has(places[i])
		if again && h[:i].Has(name) {
			continue
		}
		show := shown
		if f.request != nil {
			show = f.look(name)
		}
		if show == omitted {
			continue
		}
		dst = f.names.append(dst, name, places[i])
		switch {
		case show == hidden:
			dst = append(dst, `"`+redacted+`"`...)
		case again:
			dst = appendValues(dst, h[i:], name)
		default:
			dst = quote(dst, h[i].Value)
		}
	}
	return dst
}

// showing is what an entry has of a field.
type showing uint8

const (
	omitted showing = iota
	hidden          // its name
	shown
)

// look tells what is shown of a field of the request.
func (f *fields) look(name string) showing {
	next := f.next < len(f.kept) && f.kept[f.next].Name == name
	if next {
		f.next++
	}
	switch len(name) {
	case len("host"):
		if header.Equal(name, "host") {
			return omitted
		}
	case len("authorization"), len("proxy-authorization"):
		if header.Equal(name, "authorization") || header.Equal(name, "proxy-authorization") {
			return hidden
		}
	}
	switch {
	case f.kept != nil && !next && !f.kept.Has(name):
		return omitted
	case concealed(f.request, name):
		return hidden
	}
	return shown
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

// maxPlaces is how many places there are for names.
const maxPlaces = 256

// placeOf is the place of a name, the same for names that differ in case only.
func placeOf(name string) uint8 {
	n := len(name)
	if n == 0 {
		return 0
	}
	h := uint32(n)<<24 ^ uint32(name[0]|0x20)<<16 ^ uint32(name[n/2]|0x20)<<8 ^ uint32(name[n-1]|0x20)
	return uint8(h * 0x9e3779b1 >> 24)
}

// nameSet is a set of names, by their place: what is not in it for certain is
// not, what is may be another name.
type nameSet [maxPlaces / 64]uint64

// repeats notes the places of fields, and lists the names that may occur twice.
// That saves comparing every field with every other.
func repeats(h header.Header, places *[maxItems]uint8) (repeated nameSet) {
	var seen nameSet
	for i := range h {
		p := placeOf(h[i].Name)
		places[i] = p
		bit := uint64(1) << (p & 63)
		repeated[p>>6] |= seen[p>>6] & bit
		seen[p>>6] |= bit
	}
	return repeated
}

func (s *nameSet) has(place uint8) bool { return s[place>>6]>>(place&63)&1 != 0 }

// maxKnownName is the longest name that is remembered.
const maxKnownName = 64

// names remembers how names are written: the first one in each place, so that
// the memory is bounded and soon settled.
type names struct {
	known [maxPlaces]atomic.Pointer[writtenName]
}

type writtenName struct {
	name    string
	written string // with comma, quotes and colon
}

// append writes a name as the next member.
func (ns *names) append(dst []byte, name string, place uint8) []byte {
	known := ns.known[place].Load()
	if known == nil || known.name != name {
		return ns.write(dst, name, place)
	}
	written := known.written
	if dst[len(dst)-1] == '{' {
		written = written[1:]
	}
	return append(dst, written...)
}

// write writes a name that is not known, and remembers it if its place is free.
func (ns *names) write(dst []byte, name string, place uint8) []byte {
	n := len(dst)
	dst = append(text(comma(dst, `"`), header.Lower(name)), `":`...)
	if len(name) <= maxKnownName && ns.known[place].Load() == nil {
		written := "," + strings.TrimPrefix(string(dst[n:]), ",")
		ns.known[place].CompareAndSwap(nil, &writtenName{strings.Clone(name), written})
	}
	return dst
}
