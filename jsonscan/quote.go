package jsonscan

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

var errNotString = errors.New("jsonscan: not a string")

// inner returns what stands between the quotes of a string.
func inner(raw []byte) ([]byte, bool) {
	if n := len(raw); n >= 2 && raw[0] == '"' && raw[n-1] == '"' {
		return raw[1 : n-1], true
	}
	return nil, false
}

// AppendUnquote appends the text of raw, a JSON string with its quotes. It is
// as strict as Object; on an error dst comes back as it was.
func AppendUnquote(dst, raw []byte) ([]byte, error) {
	if len(raw) == 0 || raw[0] != '"' {
		return dst, errNotString
	}
	end, st := str(raw, 1)
	if st > escaped {
		return dst, &SyntaxError{Offset: end, Msg: st.String()}
	}
	if end != len(raw) {
		return dst, &SyntaxError{Offset: end, Msg: badTrailing.String()}
	}
	return appendInner(dst, raw[1:end-1]), nil
}

// Unquote returns the text of raw, a JSON string with its quotes.
func Unquote(raw []byte) (string, error) {
	// Unescaping never makes longer, so a short text needs only the string's
	// own allocation.
	var short [64]byte
	buf := short[:0]
	if in, ok := inner(raw); ok && bytes.IndexByte(in, '\\') < 0 {
		if end, st := str(raw, 1); st == plain && end == len(raw) {
			return string(in), nil
		}
	}
	buf, err := AppendUnquote(buf, raw)
	if err != nil {
		return "", err
	}
	return string(buf), nil
}

// appendInner decodes the validated inside of a string.
func appendInner(dst, in []byte) []byte {
	for {
		n := bytes.IndexByte(in, '\\')
		if n < 0 {
			return append(dst, in...)
		}
		dst = append(dst, in[:n]...)
		r, size := decodeEscape(in[n:])
		dst = utf8.AppendRune(dst, r)
		in = in[n+size:]
	}
}

var unescape = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// decodeEscape returns the character of the escape that b begins with and the
// escape's length, which is at least 1 and at most len(b). What is malformed
// gives U+FFFD.
func decodeEscape(b []byte) (rune, int) {
	c := byteAt(b, 1)
	if c != 'u' {
		if r := unescape[c]; r != 0 {
			return rune(r), 2
		}
		return utf8.RuneError, min(2, len(b))
	}
	r, ok := hex4(b, 0)
	if !ok {
		return utf8.RuneError, 2
	}
	if r&0xf800 != 0xd800 {
		return r, 6
	}
	low, ok := hex4(b, 6)
	if r >= 0xdc00 || !ok || low&0xfc00 != 0xdc00 {
		return utf8.RuneError, 6
	}
	return 0x10000 + (r&0x3ff)<<10 + low&0x3ff, 12
}

// UnquotedLen returns how many bytes the text of raw has, without decoding it.
// raw is a string of validated data; for anything else the result is between 0
// and a small multiple of len(raw), and means nothing.
func UnquotedLen(raw []byte) int {
	in, ok := inner(raw)
	if !ok {
		return 0
	}
	total := 0
	for {
		n := bytes.IndexByte(in, '\\')
		if n < 0 {
			return total + len(in)
		}
		r, size := decodeEscape(in[n:])
		total += n + utf8.RuneLen(r)
		in = in[n+size:]
	}
}

// EqualString tells whether raw, a string of validated data with its quotes,
// spells s.
func EqualString(raw []byte, s string) bool {
	in, ok := inner(raw)
	if !ok {
		return false
	}
	if bytes.IndexByte(in, '\\') < 0 {
		return string(in) == s
	}
	return equalInner(in, s)
}

// equalInner compares the validated inside of a string with s.
func equalInner(in []byte, s string) bool {
	var buf [utf8.UTFMax]byte
	for len(in) > 0 {
		n := bytes.IndexByte(in, '\\')
		if n < 0 {
			return string(in) == s
		}
		if len(s) < n || string(in[:n]) != s[:n] {
			return false
		}
		s = s[n:]
		r, size := decodeEscape(in[n:])
		in = in[n+size:]
		c := utf8.AppendRune(buf[:0], r)
		if len(s) < len(c) || s[:len(c)] != string(c) {
			return false
		}
		s = s[len(c):]
	}
	return s == ""
}

const hexDigits = "0123456789abcdef"

// AppendQuote appends s as a JSON string. It escapes only what must be, and
// writes U+FFFD for each byte that is not UTF-8.
func AppendQuote[S string | []byte](dst []byte, s S) []byte {
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[done:i]...), "\ufffd"...)
				done = i + 1
			}
			i += n
			continue
		}
		if c < ' ' || c == '"' || c == '\\' {
			dst = appendEscape(append(dst, s[done:i]...), c)
			done = i + 1
		}
		i++
	}
	return append(append(dst, s[done:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
