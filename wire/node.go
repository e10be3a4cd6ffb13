package wire

import (
	"slices"
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
)

var null = llm.JSON("null")

// Node writes an object of a format: what the model holds, then what the same
// format said beside it and nobody has written yet. A member of the Extra without
// a value is a mark of its codec and is not written.
type Node struct {
	W   *Writer
	X   *llm.Extra
	Own llm.Format
	// written are the names so far.
	written []string
}

// Begin begins an object.
func Begin(w *Writer, x *llm.Extra, own llm.Format) Node {
	w.Object()
	return Node{W: w, X: x, Own: own}
}

// Skip keeps a member of the original from being written.
func (n *Node) Skip(name string) { n.written = append(n.written, name) }

// Name begins a member.
func (n *Node) Name(name string) {
	n.Skip(name)
	n.W.Name(name)
}

// Member writes a member, unless v is nil.
func (n *Node) Member(name string, v llm.JSON) {
	if v != nil {
		n.Name(name)
		n.W.Raw(v)
	}
}

// Text writes a member, unless s is empty.
func (n *Node) Text(name, s string) {
	if s != "" {
		n.Name(name)
		n.W.String(s)
	}
}

// Count writes a number, unless it is below nought: unknown.
func (n *Node) Count(name string, v int64) {
	if v >= 0 {
		n.Name(name)
		n.W.Int(v)
	}
}

// OrNull writes null, unless the node is of the same format and did without or
// had it otherwise.
func (n *Node) OrNull(name string) {
	if n.X.From != n.Own {
		n.Member(name, null)
	}
}

// Implied writes a member that is nearly always there, unless the node had it
// in another spelling or did without (see Expect).
func (n *Node) Implied(name string, v llm.JSON) {
	said := n.X.Get(n.Own, name)
	switch {
	case said == nil:
		n.Member(name, v)
	case IsNull(said):
		n.Skip(name)
	}
}

// ImpliedInt is Implied for a number.
func (n *Node) ImpliedInt(name string, v int64) {
	n.Implied(name, strconv.AppendInt(nil, v, 10))
}

// End writes the rest and ends the object.
func (n *Node) End() {
	if n.X.From == n.Own {
		for i := range n.X.Members {
			if m := &n.X.Members[i]; !slices.Contains(n.written, m.Name) {
				n.W.kept(m)
			}
		}
	}
	n.W.EndObject()
}

// Expect notes which of the members that are written by default were missing.
func Expect(x *llm.Extra, own llm.Format, name string, said bool) {
	x.From = own
	if !said {
		x.Members = append(x.Members, llm.Member{Name: name, Value: null})
	}
}
