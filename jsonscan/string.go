package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special sets the top bit of each byte of w that ends a run of plain string
// bytes: quote, backslash, control characters, and everything beyond ASCII. A
// borrow can mark bytes above a true one wrongly, so only the lowest mark
// counts; no mark at all is exact.
//
// Flipping bit 1 puts the quote just below the space and keeps the control
// characters among themselves, so that one subtraction finds both.
func special(w uint64) uint64 {
	return (((w ^ ones*0x02) - ones*0x21) | ((w ^ ones*'\\') - ones) | w) & highs
}

// str scans a string whose opening quote is just before i and returns the
// place after its closing quote.
func str(data []byte, i int) (int, status) {
	// Names and other short strings end within a few words.
	for stop := min(i+4*8, len(data)); i+8 <= stop; i += 8 {
		m := special(binary.LittleEndian.Uint64(data[i:]))
		if m == 0 {
			continue
		}
		if i += bits.TrailingZeros64(m) >> 3; data[i] == '"' {
			return i + 1, plain
		}
		break
	}
	return longStr(data, i)
}

// slowStr is str one special byte after the other. It also serves the end of a
// document, and finds the place of a fault that longStr only knows to be there.
func slowStr(data []byte, i int) (int, status) {
	end, _, st := part(data, i, len(data))
	return end, st
}

// part scans a string from i until it ends (closed), or until stop if that is
// not within an escape or a character.
func part(data []byte, i, stop int) (end int, closed bool, st status) {
	for {
		i = run(data, i)
		if i >= len(data) {
			return len(data), false, badEnd
		}
		switch c := data[i]; {
		case i >= stop:
			return i, false, st
		case c == '"':
			return i + 1, true, st
		case c == '\\':
			n := int(escapes[byteAt(data, i+1)])
			if n == 0 {
				var bad status
				if n, bad = unicodeEscape(data, i); bad > escaped {
					return i, false, bad
				}
			}
			i += n
			st = escaped
		case c < ' ':
			return i, false, badControl
		default:
			start := i
			if i = foreign(data, i, stop); i == start {
				return i, false, badUTF8
			}
		}
	}
}

// foreign passes over text in a script beyond ASCII, with the spaces and signs
// in it, up to stop or the first byte that is no part of such text.
func foreign(data []byte, i, stop int) int {
	for i < stop && i+4 <= len(data) {
		w := binary.LittleEndian.Uint32(data[i:])
		switch {
		case w&0x80 == 0:
			if !isPlain(byte(w)) {
				return i
			}
			i++
		case w&0xc0e0 == 0x80c0 && w&0x1e != 0:
			i += 2
		case w&0xc0c0f0 == 0x8080e0 && threeBytes(w):
			i += 3
		default:
			n := sequence(data, i)
			if n == 0 {
				return i
			}
			i += n
		}
	}
	if i < len(data) && data[i] >= utf8.RuneSelf {
		i += sequence(data, i)
	}
	return i
}

// threeBytes tells whether a three-byte sequence stands for a character that
// needs three bytes and is no surrogate.
func threeBytes(w uint32) bool {
	r := w&0x0f<<12 | w>>8&0x3f<<6
	return r >= 0x800 && r&0xf800 != 0xd800
}

// run returns the first place at or after i with a byte that special marks, or
// len(data).
func run(data []byte, i int) int {
	for i+8 <= len(data) {
		if m := special(binary.LittleEndian.Uint64(data[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
	for i < len(data) && isPlain(data[i]) {
		i++
	}
	return i
}

func isPlain(c byte) bool {
	return c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf
}

func byteAt(data []byte, i int) byte {
	if i < len(data) {
		return data[i]
	}
	return 0
}

// escapes holds the length of the escape that a byte after a backslash makes;
// zero for u, which takes a longer look, and for what is none.
var escapes = [256]uint8{
	'"': 2, '\\': 2, '/': 2, 'b': 2, 'f': 2, 'n': 2, 'r': 2, 't': 2,
}

// unicodeEscape returns the length of the \u escape at i: 6, or 12 for a
// surrogate pair.
func unicodeEscape(data []byte, i int) (int, status) {
	r, ok := hex4(data, i)
	switch {
	case !ok:
		return 0, badEscape
	case r&0xf800 != 0xd800:
		return 6, plain
	case r >= 0xdc00:
		return 0, badSurrogate
	}
	low, ok := hex4(data, i+6)
	if !ok || low&0xfc00 != 0xdc00 {
		return 0, badSurrogate
	}
	return 12, plain
}

// hex4 reads the code unit of the \uXXXX at i.
func hex4(data []byte, i int) (rune, bool) {
	if i+6 > len(data) || data[i] != '\\' || data[i+1] != 'u' {
		return 0, false
	}
	var r, bad rune
	for _, c := range data[i+2 : i+6] {
		d := rune(unhex[c])
		bad |= d
		r = r<<4 | d&15
	}
	return r, bad < 16
}

// unhex holds the value of a hexadecimal digit, 16 for every other byte.
var unhex = func() (t [256]uint8) {
	for i := range t {
		t[i] = 16
	}
	for i := range 10 {
		t['0'+i] = uint8(i)
	}
	for i := range 6 {
		t['a'+i], t['A'+i] = uint8(10+i), uint8(10+i)
	}
	return t
}()

// sequence returns the length of the UTF-8 sequence of more than one byte at
// i, 0 if there is none.
func sequence(data []byte, i int) int {
	if i+4 > len(data) {
		return tailSequence(data[i:])
	}
	w := binary.LittleEndian.Uint32(data[i:])
	switch {
	case w&0xc0e0 == 0x80c0:
		if w&0x1e == 0 { // overlong
			return 0
		}
		return 2
	case w&0xc0c0f0 == 0x8080e0:
		if !threeBytes(w) {
			return 0
		}
		return 3
	case w&0xc0c0c0f8 == 0x808080f0:
		r := w&0x07<<18 | w>>8&0x3f<<12
		if r < 0x10000 || r > 0x10ffff {
			return 0
		}
		return 4
	}
	return 0
}

func tailSequence(tail []byte) int {
	if r, n := utf8.DecodeRune(tail); r != utf8.RuneError || n > 1 {
		return n
	}
	return 0
}
