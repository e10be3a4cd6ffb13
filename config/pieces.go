package config

import (
	"bytes"
	"io"
	"strings"
	"sync/atomic"
)

// A large document is mostly a few long lists, and reading YAML is most of the
// time that loading it takes. So the lists are cut between elements, and the
// pieces are read at the same time, each as the document it would be alone.
//
// Cuts are at the beginning of lines only. A piece that can be read alone
// leaves no quote and no bracket open, so the line behind it means the same
// with it and without it; an alias that reaches into another piece makes its
// own unreadable. Where anything cannot be read or looks odd, the text is read
// as one: cutting decides how long it takes, and never what it says.

const (
	minCut     = 256 << 10 // shorter texts are read as one
	minPiece   = 64 << 10
	piecesEach = 4 // per goroutine, so that none waits long for another
)

// piece is a part of a document.
type piece struct {
	// key of the list that text holds elements of; "" when text holds whole
	// members of the document, or nothing but comments.
	key  string
	text []byte
	// more: the elements belong to the list of the piece before; text is
	// without the key, then.
	more bool

	members map[string]any
	list    []any
	nodes   int
}

// parseInPieces reads a text that can be cut; not ok when it has to be read
// as one.
func parseInPieces(data []byte) (tree any, ok bool) {
	at := workers()
	// Anchors are rarely used in their own piece only.
	if len(data) < minCut || at < 2 || bytes.Contains(data, []byte(" &")) {
		return nil, false
	}
	return parsePieces(data, max(minPiece, len(data)/(at*piecesEach)))
}

// parsePieces is parseInPieces for pieces of at least size bytes.
func parsePieces(data []byte, size int) (tree any, ok bool) {
	c := cutter{data: data, size: size}
	if !c.cut() || len(c.pieces) < 2 || !readPieces(c.pieces) {
		return nil, false
	}
	return join(c.pieces)
}

// readPieces reads the pieces; false when one cannot be read.
func readPieces(pieces []piece) bool {
	var failed atomic.Bool
	each(len(pieces), func(i int) {
		if !failed.Load() && !pieces[i].read() {
			failed.Store(true)
		}
	})
	return !failed.Load()
}

func (p *piece) read() bool {
	var text io.Reader = bytes.NewReader(p.text)
	if p.more {
		text = io.MultiReader(strings.NewReader(p.key+":\n"), text)
	}
	t := newTreeMaker()
	tree, err := t.read(text)
	p.nodes = t.nodes
	if err != nil {
		return false
	}
	var ok bool
	p.members, ok = tree.(map[string]any)
	if p.key == "" {
		return ok || onlyRemarks(p.text)
	}
	p.list, ok = p.members[p.key].([]any)
	return ok && len(p.members) == 1
}

// join makes the document of its pieces; not ok when it is a wrong one.
func join(pieces []piece) (tree any, ok bool) {
	root, nodes := map[string]any{}, 0
	for i := 0; i < len(pieces); {
		p := &pieces[i]
		same := i + 1
		for same < len(pieces) && pieces[same].more {
			same++
		}
		members := p.members
		if p.key != "" {
			members = map[string]any{p.key: concat(pieces[i:same])}
		}
		for name, v := range members {
			if _, twice := root[name]; twice {
				return nil, false
			}
			root[name] = v
		}
		for ; i < same; i++ {
			nodes += pieces[i].nodes
		}
	}
	return root, nodes <= maxNodes
}

func concat(pieces []piece) []any {
	n := 0
	for i := range pieces {
		n += len(pieces[i].list)
	}
	list := make([]any, 0, n)
	for i := range pieces {
		list = append(list, pieces[i].list...)
	}
	return list
}

// cutter cuts a document whose members begin in the first column.
type cutter struct {
	data []byte
	size int // the least size of a piece

	pieces []piece
	done   int // up to here data is in pieces
	marked bool
	// member is the one being looked at, nil before the first.
	member *member
}

// member of the document.
type member struct {
	begin  int
	key    string // "" when it is no list, or one that is not understood
	indent int    // of the elements; -1 before the first
	piece  int    // where the piece that is being made begins
	pieces []piece
}

// cut goes over the lines; false when the text is not what it expects.
func (c *cutter) cut() bool {
	if oddBreaks(c.data) {
		return false
	}
	for at := 0; at < len(c.data); {
		end := len(c.data)
		if n := bytes.IndexByte(c.data[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		if !c.line(at, c.data[at:end]) {
			return false
		}
		at = end
	}
	c.endMember(len(c.data))
	if c.done < len(c.data) {
		c.pieces = append(c.pieces, piece{text: c.data[c.done:]})
	}
	return true
}

// oddBreaks tells whether there are breaks between lines other than \n and
// \r\n.
func oddBreaks(data []byte) bool {
	for rest := data; ; {
		i := bytes.IndexByte(rest, '\r')
		if i < 0 {
			break
		}
		if rest = rest[i+1:]; len(rest) == 0 || rest[0] != '\n' {
			return true
		}
	}
	for _, other := range []string{"\u0085", "\u2028", "\u2029"} {
		if bytes.Contains(data, []byte(other)) {
			return true
		}
	}
	return false
}

// line looks at the line that begins at a place.
func (c *cutter) line(at int, line []byte) bool {
	content := bytes.TrimLeft(line, " ")
	indent := len(line) - len(content)
	switch {
	case remark(content):
		return true
	case content[0] == '\t', indent == 0 && line[0] == '%':
		return false
	case indent == 0 && marker(line):
		first := !c.marked && c.member == nil
		c.marked = true
		return first && remark(line[3:]) && line[0] == '-'
	case indent == 0 && !element(line):
		c.endMember(at)
		c.member = &member{begin: at, piece: at, key: listKey(line), indent: -1}
		// What begins otherwise could mean the document as a whole.
		return line[0] >= 'a' && line[0] <= 'z' || line[0] == '_'
	case c.member == nil:
		return false
	case c.member.key == "":
		return true
	}
	return c.member.line(c, at, indent, element(content))
}

// line looks at a line of a list.
func (m *member) line(c *cutter, at, indent int, element bool) bool {
	switch {
	case m.indent < 0 && !element:
		m.key = ""
	case m.indent < 0:
		m.indent = indent
	case indent < m.indent || indent == m.indent && !element:
		return false
	case indent == m.indent && at-m.piece >= c.size:
		m.pieces = append(m.pieces, piece{key: m.key, text: c.data[m.piece:at], more: len(m.pieces) > 0})
		m.piece = at
	}
	return true
}

// endMember notes the pieces of the member that ends at a place, if it was
// cut.
func (c *cutter) endMember(end int) {
	m := c.member
	if m == nil || len(m.pieces) == 0 {
		return
	}
	if c.done < m.begin {
		c.pieces = append(c.pieces, piece{text: c.data[c.done:m.begin]})
	}
	c.pieces = append(append(c.pieces, m.pieces...), piece{key: m.key, text: c.data[m.piece:end], more: true})
	c.done = end
}

// remark tells whether a line, without its indentation, says nothing.
func remark(line []byte) bool {
	line = bytes.TrimRight(line, " \t\r\n")
	return len(line) == 0 || line[0] == '#'
}

// onlyRemarks tells whether no line of a text says anything.
func onlyRemarks(text []byte) bool {
	for line := range bytes.Lines(text) {
		if !remark(bytes.TrimLeft(line, " ")) && !marker(line) {
			return false
		}
	}
	return true
}

// marker tells whether a line begins or ends a document.
func marker(line []byte) bool {
	return bytes.HasPrefix(line, []byte("---")) || bytes.HasPrefix(line, []byte("..."))
}

// element tells whether a line, without its indentation, begins an element of
// a list.
func element(line []byte) bool {
	return line[0] == '-' && (len(line) == 1 || strings.IndexByte(" \t\r\n", line[1]) >= 0)
}

// listKey is the key in a line that holds nothing else, "" for other lines.
func listKey(line []byte) string {
	i := 0
	for i < len(line) && (line[i] >= 'a' && line[i] <= 'z' || line[i] == '_') {
		i++
	}
	if i == 0 || i == len(line) || line[i] != ':' {
		return ""
	}
	rest := bytes.TrimRight(line[i+1:], " \t\r\n")
	if len(rest) > 0 && (rest[0] != ' ' || !remark(bytes.TrimLeft(rest, " "))) {
		return ""
	}
	return string(line[:i])
}
