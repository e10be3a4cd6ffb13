package logentry

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	"github.com/sluice-gateway/sluice/jsonscan"
)

// An entry is mostly text that needs no escapes. It is looked at while it is
// copied, eight bytes at a time; the last eight may overlap those before.

const (
	ones = 0x0101010101010101
	high = 0x8080808080808080
)

// copyPlain copies s to dst, which has its length, and tells whether all of it
// can stand in a JSON string as it is.
func copyPlain(dst []byte, s string) bool {
	var bad uint64
	n := len(s)
	switch {
	case n >= 8:
		last := word(s[n-8:])
		bad = special(last)
		binary.LittleEndian.PutUint64(dst[n-8:], last)
		for n > 8 {
			w := word(s)
			bad |= special(w)
			binary.LittleEndian.PutUint64(dst, w)
			s, dst, n = s[8:], dst[8:], n-8
		}
	case n >= 4:
		first, last := half(s), half(s[n-4:])
		bad = special(first | last<<32)
		binary.LittleEndian.PutUint32(dst, uint32(first))
		binary.LittleEndian.PutUint32(dst[n-4:], uint32(last))
	default:
		for i := range n {
			dst[i] = s[i]
			bad |= special(uint64(s[i]) | ones&^0xff*'x')
		}
	}
	return bad == 0
}

// word is the first eight bytes of s, half the first four.
func word(s string) uint64 {
	s = s[:8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func half(s string) uint64 {
	s = s[:4]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}

// special is not 0 if some byte of w cannot stand for itself in a JSON string,
// or is not whole by itself.
func special(w uint64) uint64 {
	quotes, slashes := w^ones*'"', w^ones*'\\'
	return (w | (w - ones*' ') | (quotes - ones) | (slashes - ones)) & high
}

// quote appends s as a JSON string.
func quote(dst []byte, s string) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(s)+2)[:n+len(s)+2]
	dst[n], dst[len(dst)-1] = '"', '"'
	if !copyPlain(dst[n+1:len(dst)-1], s) {
		return jsonscan.AppendQuote(dst[:n], s)
	}
	return dst
}

// text appends s as part of a JSON string.
func text(dst []byte, s string) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(s))[:n+len(s)]
	if copyPlain(dst[n:], s) {
		return dst
	}
	dst = jsonscan.AppendQuote(dst[:n], s)
	copy(dst[n:], dst[n+1:len(dst)-1])
	return dst[:len(dst)-2]
}

// member appends literal and then s as a string.
func member(dst []byte, literal, s string) []byte { return quote(append(dst, literal...), s) }

// number appends literal and then n, which is mostly small.
func number(dst []byte, literal string, n int64) []byte {
	dst = append(dst, literal...)
	switch {
	case n < 0 || n >= 10000:
		return strconv.AppendInt(dst, n, 10)
	case n >= 1000:
		return append(dst, '0'+byte(n/1000), '0'+byte(n/100%10), '0'+byte(n/10%10), '0'+byte(n%10))
	case n >= 100:
		return append(dst, '0'+byte(n/100), '0'+byte(n/10%10), '0'+byte(n%10))
	case n >= 10:
		return append(dst, '0'+byte(n/10), '0'+byte(n%10))
	}
	return append(dst, '0'+byte(n))
}

// comma appends literal as the next item of what is open.
func comma(dst []byte, literal string) []byte {
	if c := dst[len(dst)-1]; c != '{' && c != '[' {
		dst = append(dst, ',')
	}
	return append(dst, literal...)
}

// appendFloat writes 14 digits, as the original does, so that sums of decimal
// prices stay readable. JSON has no word for what is not finite.
func appendFloat(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, "null"...)
	}
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.AppendInt(dst, int64(v), 10)
	}
	return strconv.AppendFloat(dst, v, 'g', 14, 64)
}
