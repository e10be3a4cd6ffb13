package openaichat

import (
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

// maxWaiting is how much of an argument waits for the name of its call.
const maxWaiting = 64 << 10

// await takes a piece of a call that has no name yet, or has one at last. ready
// tells whether the call can begin, with what has been said of it.
func (c *streamed) await(n int64, p *llm.Part, function llm.JSON) (begun llm.Part, ready bool) {
	i := slices.IndexFunc(c.unnamed, func(u unnamed) bool { return u.number == n })
	if i < 0 {
		if p.Call.Name != "" {
			return *p, true
		}
		i = len(c.unnamed)
		c.unnamed = append(c.unnamed, unnamed{number: n, part: llm.Part{
			Kind: llm.ToolCall, Call: &llm.Call{ID: p.Call.ID, Custom: p.Call.Custom},
		}})
	}
	u := &c.unnamed[i]
	if p.Call.Name == "" && len(u.args) < maxWaiting {
		u.args = append(u.args, wire.TextBytes(argumentsIn(function))...)
		return llm.Part{}, false
	}
	begun = u.part
	begun.Call.Name, begun.Call.Args = p.Call.Name, u.args
	if begun.Call.ID == "" {
		begun.Call.ID = p.Call.ID
	}
	c.unnamed = slices.Delete(c.unnamed, i, i+1)
	return begun, true
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
