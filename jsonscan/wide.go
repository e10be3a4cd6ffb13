package jsonscan

import (
	"math/bits"
	"unicode/utf8"
)

// marks are the bytes of a block that matter in a string, a bit for each.
type marks struct {
	quote     uint64
	backslash uint64
	other     uint64 // control characters and bytes of 0x80 and above
	never     uint64 // what may not follow a backslash; u counts among it
}

// wideStr is longStr with whole blocks at a time: which characters are escaped
// is worked out for all of a block at once, without a branch; only what is
// rarer (other scripts, \\u, faults) is looked at one by one. It goes as far as
// it can and returns the place from which longStr goes on, or where the string
// ended (closed).
func wideStr(data []byte, i int) (end int, closed bool, st status) {
	var m marks
	st = plain
	for i+block+8 <= len(data) {
		n := nextBlock(&data[i], (len(data)-i-8)/block, &m)
		if i += n * block; i+block+8 > len(data) {
			break
		}
		escapes, next := uint64(0), uint64(0)
		if m.backslash != 0 {
			escapes, next = escapedBy(m.backslash)
		}
		quote := m.quote &^ escapes
		inside := ^uint64(0)
		if quote != 0 {
			inside = quote&-quote - 1
		}
		if m.backslash&inside != 0 {
			st = escaped
		}
		rare := (m.other | escapes&m.never) & inside
		end = i + block - int(next) // an escape at the end belongs to the next block
		if rare != 0 {
			var bad status
			if end, bad = rareMarks(data, i, end, rare, escapes); bad > escaped {
				return end, false, bad
			}
		}
		if quote != 0 {
			return i + bits.TrailingZeros64(quote) + 1, true, st
		}
		i = end
	}
	return i, false, st
}

// rareMarks looks at the marked bytes of the block at i and returns end, or
// where the last of them ends when that is further on.
func rareMarks(data []byte, i, end int, rare, escapes uint64) (int, status) {
	for rare != 0 {
		k := bits.TrailingZeros64(rare)
		p := i + k
		n := 0
		switch c := data[p]; {
		case escapes>>k&1 != 0:
			p--
			if n = escape((*[6]byte)(data[p:])); n == 0 {
				var bad status
				if n, bad = unicodeEscape(data, p); bad > escaped {
					return p, bad
				}
			}
		case c >= utf8.RuneSelf:
			if n = sequence(data, p); n == 0 {
				return p, badUTF8
			}
		default:
			return p, badControl
		}
		end = max(end, p+n)
		rare &= ^uint64(0) << uint(p+n-i)
	}
	return end, plain
}

// escapedBy returns the characters of a block that backslashes escape, and 1
// when the last one escapes the first of the next block. A run of backslashes
// escapes what follows it when its length is odd.
func escapedBy(backslash uint64) (escapes, next uint64) {
	const even = 0x5555555555555555
	follows := backslash << 1
	odd := backslash &^ even &^ follows
	sum, next := bits.Add64(odd, backslash, 0)
	return (even ^ sum<<1) & follows, next
}
