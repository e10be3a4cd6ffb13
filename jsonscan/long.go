package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// block is how many bytes one mask stands for.
const block = 64

// longStr is str for a string that is not a short name. What makes it slow to
// scan text is not the number of bytes but branches that depend on where its
// escapes are, which no processor can predict. So the special bytes of a whole
// block are found without a branch, as bits of a mask, and only they are looked
// at.
func longStr(data []byte, i int) (int, status) {
	st := plain
	if wide {
		end, closed, found := wideStr(data, i)
		if closed || found > escaped {
			return end, found
		}
		i, st = end, found
	}
	end, found := narrowStr(data, i)
	return end, max(st, found)
}

// narrowStr is longStr for any processor, eight bytes at a time.
func narrowStr(data []byte, i int) (int, status) {
	st := plain
	// An escape is read six bytes at a time, beyond the block if need be.
	for i+block+8 <= len(data) {
		m := mask((*[block]byte)(data[i:]))
		var (
			end    int
			closed bool
			found  status
		)
		if bits.OnesCount64(m) <= block/2 {
			end, closed, found = look(data, i, m)
		} else {
			end, closed, found = part(data, i, i+block)
		}
		if found > escaped {
			return end, found
		}
		if st |= found; closed {
			return end, st
		}
		i = end
	}
	end, found := slowStr(data, i)
	return end, max(st, found)
}

// look goes through the special bytes of the block at i, the bits of m. It
// returns the place after the closing quote if the string ends there (closed),
// else the place to go on from.
func look(data []byte, i int, m uint64) (end int, closed bool, st status) {
	end = i + block
	for m != 0 {
		k := bits.TrailingZeros64(m)
		p, n := i+k, 1
		switch c := data[p]; {
		case c == '"':
			return p + 1, true, st
		case c == '\\':
			st = escaped
			if n = escape((*[6]byte)(data[p:])); n == 0 {
				var bad status
				if n, bad = unicodeEscape(data, p); bad > escaped {
					return p, false, bad
				}
			}
		case c >= utf8.RuneSelf:
			if n = sequence(data, p); n == 0 {
				return p, false, badUTF8
			}
		case c < ' ':
			return p, false, badControl
		}
		end = max(end, p+n)
		// The bytes just looked at may be marked themselves.
		m &= ^uint64(0) << uint(k+n)
	}
	return end, false, st
}

// escape returns how far to go on behind the backslash at e[0]; 0 for a fault
// or a surrogate, which take a longer look. It has no branch for the letter u,
// after which the digits may as well be taken for text.
func escape(e *[6]byte) int {
	kind := kinds[e[1]]
	bad := kind&32 | kind&(unhex[e[2]]|unhex[e[3]]|unhex[e[4]]|unhex[e[5]])
	if bad != 0 || kind == 16 && e[2]|0x20 == 'd' && e[3] >= '8' {
		return 0
	}
	return 2
}

// mask returns one bit per special byte of b.
func mask(b *[block]byte) uint64 {
	le := binary.LittleEndian
	return gather(le.Uint64(b[0:])) | gather(le.Uint64(b[8:]))<<8 |
		gather(le.Uint64(b[16:]))<<16 | gather(le.Uint64(b[24:]))<<24 |
		gather(le.Uint64(b[32:]))<<32 | gather(le.Uint64(b[40:]))<<40 |
		gather(le.Uint64(b[48:]))<<48 | gather(le.Uint64(b[56:]))<<56
}

// gather brings the marks of eight bytes together into eight bits.
func gather(w uint64) uint64 { return special(w) * 0x0002040810204081 >> 56 }

// kinds says what a byte after a backslash makes: an escape with nothing more
// to it (0), one of four hexadecimal digits (16), or none (32).
var kinds = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c == 'u':
			t[c] = 16
		case escapes[c] == 0:
			t[c] = 32
		}
	}
	return t
}()
