package jsonscan

import "unicode/utf8"

// wideStr is longStr with whole blocks at a time. All rules of a string are
// checked for all bytes of a block at once; only a block with a fault, or with
// what may be one, is looked at byte by byte. It goes as far as it can and
// returns the place from which longStr goes on, or where the string ended
// (closed).
func wideStr(data []byte, i int) (end int, closed bool, st status) {
	// A block is looked at together with the bytes before it.
	if i < utf8.UTFMax-1 {
		if i, closed, st = part(data, i, utf8.UTFMax-1); closed || st > escaped {
			return i, closed, st
		}
	}
	for i+block <= len(data) {
		good, closed, escapes := scanBlocks(&data[i], len(data)-i)
		if i += good; escapes {
			st = max(st, escaped)
		}
		if closed {
			return i, true, st
		}
		i = boundary(data, i)
		if i+block > len(data) {
			break
		}
		end, closed, found := part(data, i, i+block)
		if st = max(st, found); closed || found > escaped {
			return end, closed, st
		}
		i = end
	}
	return i, false, st
}

// boundary returns the place where the sequence begins that i may be within.
// What stands before i was found good as far as it goes.
func boundary(data []byte, i int) int {
	for k := i - 1; k > i-utf8.UTFMax && data[k] >= utf8.RuneSelf; k-- {
		if utf8.RuneStart(data[k]) {
			return k
		}
	}
	return i
}
