package relay

import "bytes"

// gleaner takes from a plain answer that passes in pieces what the log needs,
// without holding it: how long the generated text is, and a few members of the
// answer itself. It follows the structure of JSON and checks nothing: what it
// finds in something that is no JSON is of no use, and small.
type gleaner struct {
	text [][]byte // names of the members that hold text
	keep bool     // the members of gleaned are wanted
	// letters of generated text so far.
	letters int
	found   [gleanedCount][]byte

	depth  int
	ended  int        // documents that have ended
	string stringKind // of the string that is being read
	escape bool       // after a backslash
	name   []byte     // the last name, cut off
	colon  bool       // a colon is all that came since
	into   int        // which of found is being written, or -1
}

type stringKind uint8

const (
	noString    stringKind = iota
	aName                  // a member's name, or an element of an array
	aText                  // generated text
	otherString            // the value of some other member
)

// The members of an answer that are kept.
const (
	gleanedUsage = iota
	gleanedModel
	gleanedTier
	gleanedCount
)

var gleanedNames = [gleanedCount]string{"usage", "model", "service_tier"}

const (
	maxGleanedName = 32       // longer than any name of interest
	maxGleaned     = 16 << 10 // a longer value is not what it says
)

func newGleaner(text [][]byte, keep bool) gleaner { return gleaner{text: text, keep: keep, into: -1} }

// push reads the next piece.
func (g *gleaner) push(b []byte) {
	for len(b) > 0 {
		was := g.into
		var n int
		if g.string != noString {
			n = g.inString(b)
		} else {
			n = g.between(b)
		}
		if g.into >= 0 || was >= 0 {
			g.note(max(was, g.into), b[:n])
		}
		b = b[n:]
	}
}

// note adds to a member that is kept.
func (g *gleaner) note(which int, b []byte) {
	if v := &g.found[which]; len(*v)+len(b) <= maxGleaned {
		*v = append(*v, b...)
		return
	}
	g.found[which], g.into = nil, -1
}

// structural are the characters that tell where in a document one is.
var structural = [256]bool{'"': true, ':': true, '{': true, '}': true, '[': true, ']': true}

// between reads outside of strings: one structural character, or what comes
// before the next.
func (g *gleaner) between(b []byte) int {
	n := 0
	for n < len(b) && !structural[b[n]] {
		n++
	}
	if n > 0 {
		g.colon = g.colon && len(bytes.TrimLeft(b[:n], " \t\r\n")) == 0
		return n
	}
	switch b[0] {
	case ':':
		g.colon = true
		return 1
	case '"':
		g.open()
	case '{':
		g.begin(gleanedUsage, gleanedUsage)
		g.depth++
	case '[':
		g.depth++
	default:
		if g.depth == 1 {
			g.ended++
		}
		g.depth = max(g.depth-1, 0)
		g.end()
	}
	g.colon = false
	return 1
}

// open begins a string: a name, or the value of the one before.
func (g *gleaner) open() {
	if !g.colon {
		g.string, g.name = aName, g.name[:0]
		return
	}
	g.string = otherString
	for _, name := range g.text {
		if bytes.Equal(name, g.name) {
			g.string = aText
		}
	}
	g.begin(gleanedModel, gleanedTier)
}

// begin begins to keep a value if its name is one of first to last.
func (g *gleaner) begin(first, last int) {
	if !g.keep || g.depth != 1 || !g.colon {
		return
	}
	for i := first; i <= last; i++ {
		if string(g.name) == gleanedNames[i] {
			g.found[i], g.into = g.found[i][:0], i
		}
	}
}

// end ends a value that is being kept, with what closes it.
func (g *gleaner) end() {
	if g.depth == 1 {
		g.into = -1
	}
}

// inString reads on in a string, up to an escape or its end.
func (g *gleaner) inString(b []byte) int {
	if g.escape {
		g.escaped(b[0])
		return 1
	}
	n := 0
	for n < len(b) && b[n] != '"' && b[n] != '\\' {
		n++
	}
	switch {
	case g.string == aText:
		g.letters += n
	case g.string == aName && len(g.name) < maxGleanedName:
		g.name = append(g.name, b[:min(n, maxGleanedName)]...)
	}
	if n == len(b) {
		return n
	}
	if b[n] == '\\' {
		g.escape = true
		return n + 1
	}
	g.string = noString
	g.end()
	return n + 1
}

// escaped reads what follows a backslash.
func (g *gleaner) escaped(c byte) {
	g.escape = false
	switch {
	case g.string == aName:
		g.name = append(g.name[:0], '\\') // no name of interest has one
	case g.string == aText && c == 'u':
		g.letters -= 2 // with its four digits it stands for two bytes, more or less
	case g.string == aText:
		g.letters++
	}
}
