package openaichat

import (
	"cmp"
	"slices"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// unnamed is a call whose name has not come yet: some services send the id
// alone first. Callers hear of it when it has one: most formats have no place
// for a name but the beginning of a call.
type unnamed struct {
	number int64
	part   llm.Part
	args   []byte // decoded
}

// maxWaiting bounds what is kept of all calls of an answer that wait for their
// names, waiter is what one takes beside its texts.
const (
	maxWaiting = 1 << 20
	waiter     = 512
)

// size is what the call takes of maxWaiting.
func (u *unnamed) size() int {
	return waiter + len(u.part.Call.ID) + len(u.part.Signature) + len(u.args)
}

// await takes a piece of a call that has no name yet, or has one at last. ready
// tells whether the call can begin, with what has been said of it.
func (d *decoder) await(c *streamed, n int64, p *llm.Part, function llm.JSON) (begun llm.Part, ready bool) {
	i := slices.IndexFunc(c.unnamed, func(u unnamed) bool { return u.number == n })
	if i < 0 {
		u := newUnnamed(n, p)
		if p.Call.Name != "" || d.waiting+u.size() > maxWaiting {
			return *p, true
		}
		d.waiting += u.size()
		i = len(c.unnamed)
		c.unnamed = append(c.unnamed, u)
	}
	u := &c.unnamed[i]
	piece := wire.TextBytes(argumentsIn(function))
	if p.Call.Name == "" && d.waiting+len(piece) <= maxWaiting {
		u.args = append(u.args, piece...)
		d.waiting += len(piece)
		return llm.Part{}, false
	}
	d.waiting -= u.size()
	begun = u.named(p)
	c.unnamed = slices.Delete(c.unnamed, i, i+1)
	return begun, true
}

// newUnnamed keeps what the first piece of a call says, but for its arguments.
func newUnnamed(n int64, p *llm.Part) unnamed {
	return unnamed{number: n, part: llm.Part{
		Kind: llm.ToolCall, Signature: slices.Clone(p.Signature), SignedBy: p.SignedBy,
		Call: &llm.Call{ID: p.Call.ID, Custom: p.Call.Custom},
	}}
}

// named is the call with what a further piece says of it.
func (u *unnamed) named(p *llm.Part) llm.Part {
	begun := u.part
	begun.Call.Name, begun.Call.Args, begun.Extra = p.Call.Name, u.args, p.Extra
	begun.Call.ID = cmp.Or(begun.Call.ID, p.Call.ID)
	begun.Call.Custom = begun.Call.Custom || p.Call.Custom
	if begun.Signature == nil {
		begun.Signature, begun.SignedBy = p.Signature, p.SignedBy
	}
	return begun
}

// giveUp begins the calls that never got a name.
func (d *decoder) giveUp(c *streamed) {
	for _, u := range c.unnamed {
		u.part.Call.Args = u.args
		d.begin(c, u.part, u.number)
	}
	c.unnamed = nil
}

// begin tells of a call, and of the arguments that are there already.
func (d *decoder) begin(c *streamed, p llm.Part, n int64) int { //nolint:gocritic // a copy is what the event gets
	args := p.Call.Args
	p.Call.Args = nil
	d.open(c, p)
	c.calls = append(c.calls, tool{n, c.open})
	if len(args) > 0 {
		d.emit(llm.Event{Kind: llm.EventDelta, Choice: c.index, Index: c.open, Text: jsonscan.AppendQuote(nil, args)})
	}
	return c.open
}
