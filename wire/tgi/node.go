package tgi

import (
	"slices"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// node writes an object: what the model holds, then what the same format said
// beside it and nobody has written yet.
type node struct {
	w     *wire.Writer
	extra *llm.Extra
	names []string
}

func begin(w *wire.Writer, extra *llm.Extra) node {
	w.Object()
	return node{w: w, extra: extra}
}

// name begins a member.
func (n *node) name(name string) {
	n.names = append(n.names, name)
	n.w.Name(name)
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

// end writes the rest.
func (n *node) end() {
	if n.extra.From == own {
		for i := range n.extra.Members {
			if slices.Contains(n.names, n.extra.Members[i].Name) {
				continue
			}
			n.w.Extra(&llm.Extra{From: own, Members: n.extra.Members[i : i+1]}, own)
		}
	}
	n.w.EndObject()
}
