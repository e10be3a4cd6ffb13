package eventstream

import (
	"encoding/binary"
	"math"
)

// Type is what the value of a header is, as it is numbered in a message.
type Type uint8

// The types.
const (
	True Type = iota
	False
	Int8
	Int16
	Int32
	Int64
	Bytes
	String
	// Timestamp counts milliseconds since 1970, in Value.Int.
	Timestamp
	// UUID are 16 bytes.
	UUID
)

// Value of a header: Bytes of the types Bytes, String and UUID, Int of the
// others, 1 and 0 for True and False.
type Value struct {
	Type  Type
	Int   int64
	Bytes []byte
}

// Text is a value of the type String.
func Text(s string) Value { return Value{Type: String, Bytes: []byte(s)} }

// Header is a name and its value.
type Header struct {
	Name  string
	Value Value
}

// Headers walks over the headers of a message, without allocating.
type Headers struct {
	rest  []byte
	name  []byte
	value Value
	bad   bool
}

// NewHeaders begins a walk over Message.Headers.
func NewHeaders(raw []byte) Headers { return Headers{rest: raw} }

// Name of the header.
func (h *Headers) Name() []byte { return h.name }

// Value of the header.
func (h *Headers) Value() Value { return h.value }

// Next goes to the next header.
func (h *Headers) Next() bool {
	if len(h.rest) == 0 || h.bad {
		return false
	}
	length := int(h.rest[0])
	if len(h.rest) < length+2 {
		h.bad = true
		return false
	}
	h.name = h.rest[1 : 1+length]
	kind := Type(h.rest[1+length])
	n, ok := h.read(kind, h.rest[length+2:])
	if !ok {
		h.bad = true
		return false
	}
	h.rest = h.rest[length+2+n:]
	return true
}

// check walks to the end and tells whether all of it is well-formed.
func (h *Headers) check() error {
	for h.Next() {
		continue
	}
	if h.bad {
		return ErrHeader
	}
	return nil
}

// read takes the value that b begins with, and tells how long it is.
func (h *Headers) read(kind Type, b []byte) (n int, ok bool) {
	h.value = Value{Type: kind}
	switch kind {
	case True:
		h.value.Int = 1
		return 0, true
	case False:
		return 0, true
	case Int8, Int16, Int32, Int64, Timestamp:
		return h.number(size(kind), b)
	case UUID:
		return h.bytes(0, 16, b)
	case Bytes, String:
		if len(b) < 2 {
			return 0, false
		}
		return h.bytes(2, int(binary.BigEndian.Uint16(b)), b)
	default:
		return 0, false
	}
}

func (h *Headers) number(n int, b []byte) (int, bool) {
	if len(b) < n {
		return 0, false
	}
	v := int64(int8(b[0])) // the sign
	for _, c := range b[1:n] {
		v = v<<8 | int64(c)
	}
	h.value.Int = v
	return n, true
}

func (h *Headers) bytes(skip, n int, b []byte) (int, bool) {
	if len(b) < skip+n {
		return 0, false
	}
	h.value.Bytes = b[skip : skip+n : skip+n]
	return skip + n, true
}

// size is how many bytes a number takes.
func size(kind Type) int {
	switch kind {
	case Int8:
		return 1
	case Int16:
		return 2
	case Int32:
		return 4
	case Int64, Timestamp, True, False, Bytes, String, UUID:
		return 8
	}
	return 8
}

// append writes the header.
func (h *Header) append(dst []byte) ([]byte, error) {
	if len(h.Name) > math.MaxUint8 {
		return dst, ErrHeader
	}
	dst = append(dst, byte(len(h.Name)))
	dst = append(dst, h.Name...)
	dst = append(dst, byte(h.Value.Type))
	return h.Value.append(dst)
}

func (v *Value) append(dst []byte) ([]byte, error) {
	switch v.Type {
	case True, False:
		return dst, nil
	case Int8, Int16, Int32, Int64, Timestamp:
		for i := size(v.Type) - 1; i >= 0; i-- {
			dst = append(dst, byte(v.Int>>(8*i)))
		}
		return dst, nil
	case UUID:
		if len(v.Bytes) != 16 {
			return dst, ErrHeader
		}
		return append(dst, v.Bytes...), nil
	case Bytes, String:
		if len(v.Bytes) > math.MaxUint16 {
			return dst, ErrHeader
		}
		return append(binary.BigEndian.AppendUint16(dst, uint16(len(v.Bytes))), v.Bytes...), nil
	default:
		return dst, ErrHeader
	}
}
