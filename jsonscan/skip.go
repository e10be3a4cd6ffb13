package jsonscan

import "bytes"

// The functions here step over data that was already validated. They look at
// as little as they can, and stay within data whatever it holds.

// skipString returns the place after the closing quote of the string whose
// opening quote is just before i; len(data) if there is none.
func skipString(data []byte, i int) int {
	start := i
	for {
		n := bytes.IndexByte(data[min(i, len(data)):], '"')
		if n < 0 {
			return len(data)
		}
		i += n
		if !oddBackslashes(data[start:i]) {
			return i + 1
		}
		i++
	}
}

// oddBackslashes tells whether b ends in a backslash that is not itself
// escaped.
func oddBackslashes(b []byte) bool {
	n := len(b)
	for n > 0 && b[n-1] == '\\' {
		n--
	}
	return (len(b)-n)&1 == 1
}

// skip returns the place after the value that begins at i; i itself if none
// begins there.
func skip(data []byte, i int) int {
	if i >= len(data) {
		return i
	}
	switch data[i] {
	case '"':
		return skipString(data, i+1)
	case '{', '[':
		return skipContainer(data, i)
	}
	for i < len(data) && structure[data[i]] == 0 {
		i++
	}
	return i
}

const (
	opens = iota + 1
	closes
	quotes
	ends // of a number or literal
)

var structure = [256]uint8{
	'{': opens, '[': opens, '}': closes, ']': closes, '"': quotes,
	',': ends, ':': ends, ' ': ends, '\n': ends, '\t': ends, '\r': ends,
}

func skipContainer(data []byte, i int) int {
	depth := 0
	for i < len(data) {
		switch structure[data[i]] {
		case opens:
			depth++
		case closes:
			if depth--; depth == 0 {
				return i + 1
			}
		case quotes:
			i = skipString(data, i+1)
			continue
		}
		i++
	}
	return len(data)
}
