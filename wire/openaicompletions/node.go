package openaicompletions

import (
	"slices"
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// absent in the extra of a node tells that a member which is written by default
// was not there.
const absent = "null"

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

// implied writes a member that is nearly always there, unless the node had it
// in another spelling or did without.
func (n *node) implied(name string, v llm.JSON) {
	said := n.extra.Get(own, name)
	switch {
	case said == nil:
		n.member(name, v)
	case wire.IsNull(said):
		n.names = append(n.names, name)
	}
}

// impliedInt is implied for a number.
func (n *node) impliedInt(name string, v int64) {
	n.implied(name, strconv.AppendInt(nil, v, 10))
}

// orNull writes null, unless the node did without or had it otherwise.
func (n *node) orNull(name string) {
	if n.extra.From != own {
		n.member(name, llm.JSON(absent))
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

// expect notes which of the members that are written by default were missing.
func expect(x *llm.Extra, name string, said bool) {
	x.From = own
	if !said {
		x.Members = append(x.Members, llm.Member{Name: name, Value: llm.JSON(absent)})
	}
}
