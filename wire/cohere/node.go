package cohere

import (
	"slices"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// node writes one object: first what the model knows, then what it held
// beside that in its own format. Of a member that is both, the first counts.
//
// A member of an Extra with no value at all is a mark: that the object came
// without a member that is written otherwise, or where it came from.
type node struct {
	w   *wire.Writer
	x   *llm.Extra
	own llm.Format
	set []string
}

func begin(w *wire.Writer, x *llm.Extra, own llm.Format) node {
	w.Object()
	return node{w: w, x: x, own: own}
}

// name begins a member.
func (n *node) name(name string) {
	n.w.Name(name)
	n.set = append(n.set, name)
}

// member writes a member, unless v is nil.
func (n *node) member(name string, v llm.JSON) {
	if v != nil {
		n.name(name)
		n.w.Raw(v)
	}
}

// text writes a member, unless s is empty.
func (n *node) text(name, s string) {
	if s != "" {
		n.name(name)
		n.w.String(s)
	}
}

// word writes a member that has the same value in all objects of its kind,
// but for those that came without it or with another.
func (n *node) word(name, value string) {
	if _, kept := n.kept(name); !kept {
		n.name(name)
		n.w.String(value)
	}
}

// kept is the member of the object as it came.
func (n *node) kept(name string) (llm.JSON, bool) { return keptOf(n.x, n.own, name) }

func keptOf(x *llm.Extra, own llm.Format, name string) (llm.JSON, bool) {
	if x.From != own {
		return nil, false
	}
	for i := range x.Members {
		if x.Members[i].Name == name {
			return x.Members[i].Value, true
		}
	}
	return nil, false
}

// end writes the rest and ends the object.
func (n *node) end() {
	if n.x.From == n.own {
		for i := range n.x.Members {
			n.extra(&n.x.Members[i])
		}
	}
	n.w.EndObject()
}

func (n *node) extra(m *llm.Member) {
	if m.Value == nil || slices.Contains(n.set, m.Name) {
		return
	}
	n.w.Raw(jsonscan.AppendQuote(nil, m.Name))
	n.w.Buf = append(n.w.Buf, ':')
	n.w.Raw(m.Value)
}

// keep adds a member to what a node has beside what the model knows; nil says
// that it came without.
func keep(x *llm.Extra, own llm.Format, name string, v llm.JSON) {
	x.From = own
	x.Members = append(x.Members, llm.Member{Name: name, Value: v})
}

// keepUnless keeps a member that is always the same, unless it is.
func keepUnless(x *llm.Extra, own llm.Format, name, usual string, v llm.JSON) {
	if !wire.Equal(v, usual) {
		keep(x, own, name, v)
	}
}
