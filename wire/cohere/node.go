package cohere

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// node writes one object. A member of an Extra with no value at all tells
// that the object came without a member that is written otherwise.
type node struct{ wire.Node }

func begin(w *wire.Writer, x *llm.Extra, own llm.Format) node {
	return node{wire.Begin(w, x, own)}
}

// word writes a member that has the same value in all objects of its kind,
// but for those that came without it or with another.
func (n *node) word(name, value string) {
	if _, kept := n.kept(name); !kept {
		n.Name(name)
		n.W.String(value)
	}
}

// kept is the member of the object as it came.
func (n *node) kept(name string) (llm.JSON, bool) { return keptOf(n.X, n.Own, name) }

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
