package logentry

import (
	"math"
	"strconv"

	"github.com/sluice-gateway/sluice/jsonscan"
)

// plain are the characters that stand for themselves in a JSON string and are
// whole by themselves.
var plain = func() (t [256]bool) {
	for c := ' '; c < 0x80; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// isPlain tells whether s can stand in a JSON string as it is. It looks at
// eight bytes at a time: an entry is mostly text.
func isPlain(s string) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		quotes, slashes := w^ones*'"', w^ones*'\\'
		if (w|(w-ones*' ')|(quotes-ones)|(slashes-ones))&high != 0 {
			return false
		}
	}
	for ; i < len(s); i++ {
		if !plain[s[i]] {
			return false
		}
	}
	return true
}

// quote appends s as a JSON string.
func quote(dst []byte, s string) []byte {
	if !isPlain(s) {
		return jsonscan.AppendQuote(dst, s)
	}
	return append(append(append(dst, '"'), s...), '"')
}

// text appends s as part of a JSON string.
func text(dst []byte, s string) []byte {
	if isPlain(s) {
		return append(dst, s...)
	}
	at := len(dst)
	dst = jsonscan.AppendQuote(dst, s)
	copy(dst[at:], dst[at+1:len(dst)-1])
	return dst[:len(dst)-2]
}

// member appends literal and then s as a string.
func member(dst []byte, literal, s string) []byte { return quote(append(dst, literal...), s) }

// number appends literal and then n.
func number(dst []byte, literal string, n int64) []byte {
	return strconv.AppendInt(append(dst, literal...), n, 10)
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
