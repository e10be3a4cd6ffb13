package jsonscan

// status is how a strict scan ended. Up to escaped it went well; beyond, the
// position returned with it is the place of the fault.
type status uint8

const (
	plain   status = iota // accepted
	escaped               // accepted, a string with at least one escape
	badEnd
	badObject
	badValue
	badName
	badColon
	badComma
	badNumber
	badLiteral
	badControl
	badEscape
	badSurrogate
	badUTF8
	badTrailing
	tooDeep
	duplicate
)

func (s status) String() string {
	return [...]string{
		plain:        "no error",
		escaped:      "no error",
		badEnd:       "unexpected end of data",
		badObject:    "not an object",
		badValue:     "no value where one must be",
		badName:      "no member name where one must be",
		badColon:     "no colon after a member name",
		badComma:     "neither comma nor closing bracket after a value",
		badNumber:    "malformed number",
		badLiteral:   "malformed literal",
		badControl:   "control character in a string",
		badEscape:    "malformed escape in a string",
		badSurrogate: "lone surrogate in a string",
		badUTF8:      "invalid UTF-8 in a string",
		badTrailing:  "data after the value",
		tooDeep:      "nested too deeply",
		duplicate:    "duplicate member",
	}[s]
}

// space returns the first place at or after i that is not white space.
func space(data []byte, i int) int {
	for i < len(data) && data[i] <= ' ' && isSpace(data[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// value scans the value that begins at i, inside depth containers. x remembers
// what it passes; nil remembers nothing.
func value(data []byte, i, depth int, x *Index) (int, status) {
	if i >= len(data) {
		return i, badEnd
	}
	switch c := data[i]; c {
	case '"':
		end, st := str(data, i+1)
		x.text(i, end)
		return end, st
	case '{':
		at := x.open(i)
		end, st := object(data, i, depth+1, x)
		x.close(at, end)
		return end, st
	case '[':
		at := x.open(i)
		end, st := array(data, i, depth+1, x)
		x.close(at, end)
		return end, st
	case 't':
		return literal(data, i, "true")
	case 'f':
		return literal(data, i, "false")
	case 'n':
		return literal(data, i, "null")
	default:
		if c == '-' || isDigit(c) {
			return number(data, i)
		}
		return i, badValue
	}
}

// object scans an object below the top level, from its brace at i.
func object(data []byte, i, depth int, x *Index) (int, status) {
	if depth > MaxDepth {
		return i, tooDeep
	}
	i = space(data, i+1)
	if i < len(data) && data[i] == '}' {
		return i + 1, plain
	}
	base := x.openNames()
	for {
		nameEnd, valueStart, st := name(data, i)
		if st > escaped {
			return nameEnd, st
		}
		x.name(i, nameEnd, st)
		if i, st = value(data, valueStart, depth, x); st > escaped {
			return i, st
		}
		var more bool
		if i, more, st = next(data, i, '}'); !more {
			x.closeNames(base)
			return i, st
		}
	}
}

// array scans an array from its bracket at i.
func array(data []byte, i, depth int, x *Index) (int, status) {
	if depth > MaxDepth {
		return i, tooDeep
	}
	i = space(data, i+1)
	if i < len(data) && data[i] == ']' {
		return i + 1, plain
	}
	for {
		var st status
		if i, st = value(data, i, depth, x); st > escaped {
			return i, st
		}
		var more bool
		if i, more, st = next(data, i, ']'); !more {
			return i, st
		}
	}
}

// name scans a member's name and its colon. It returns where the name ends and
// where the value begins; on failure nameEnd is the place of the fault.
func name(data []byte, i int) (nameEnd, valueStart int, st status) {
	if i >= len(data) {
		return i, i, badEnd
	}
	if data[i] != '"' {
		return i, i, badName
	}
	nameEnd, st = str(data, i+1)
	if st > escaped {
		return nameEnd, nameEnd, st
	}
	i = space(data, nameEnd)
	if i >= len(data) {
		return i, i, badEnd
	}
	if data[i] != ':' {
		return i, i, badColon
	}
	return nameEnd, space(data, i+1), st
}

// next steps over what follows a value in a container: a comma (more), or the
// closing bracket.
func next(data []byte, i int, closing byte) (end int, more bool, st status) {
	if i = space(data, i); i >= len(data) {
		return i, false, badEnd
	}
	switch data[i] {
	case ',':
		return space(data, i+1), true, plain
	case closing:
		return i + 1, false, plain
	default:
		return i, false, badComma
	}
}

func literal(data []byte, i int, want string) (int, status) {
	if len(data)-i < len(want) {
		return i, badLiteral
	}
	if string(data[i:i+len(want)]) != want {
		return i, badLiteral
	}
	return i + len(want), plain
}

// number scans a number. What follows is checked by who called, so "01" is a
// zero with something other than a comma after it.
func number(data []byte, i int) (int, status) {
	start := i
	if data[i] == '-' {
		i++
	}
	if i < len(data) && data[i] == '0' {
		i++
	} else if j := digits(data, i); j > i {
		i = j
	} else {
		return start, badNumber
	}
	if i < len(data) && data[i] == '.' {
		j := digits(data, i+1)
		if j == i+1 {
			return start, badNumber
		}
		i = j
	}
	if i < len(data) && data[i]|0x20 == 'e' {
		i++
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		j := digits(data, i)
		if j == i {
			return start, badNumber
		}
		i = j
	}
	return i, plain
}

func digits(data []byte, i int) int {
	for i < len(data) && isDigit(data[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c-'0' <= 9 }
