package wire

import (
	"iter"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
)

// Unroll tells a whole answer in events, for a caller who wanted them from a
// provider that has none. An event holds until the next one.
func Unroll(a *llm.Response) iter.Seq[*llm.Event] {
	return func(yield func(*llm.Event) bool) {
		u := unroller{yield: yield}
		if !u.tell(llm.Event{Kind: llm.EventStart, ID: a.ID, Model: a.Model, Created: a.Created, Extra: a.Extra}) {
			return
		}
		for i := range a.Choices {
			if !u.choice(&a.Choices[i]) {
				return
			}
		}
		if a.Usage.Prompt >= 0 || a.Usage.Completion >= 0 {
			if !u.tell(llm.Event{Kind: llm.EventUsage, Usage: a.Usage}) {
				return
			}
		}
		u.tell(llm.Event{Kind: llm.EventEnd})
	}
}

// unroller tells events until nobody wants them any more.
type unroller struct {
	yield func(*llm.Event) bool
	ev    llm.Event
}

func (u *unroller) tell(ev llm.Event) bool { //nolint:gocritic // the copy is what is told
	u.ev = ev
	return u.yield(&u.ev)
}

func (u *unroller) choice(c *llm.Choice) bool {
	for i := range c.Parts {
		if !u.part(c, i) {
			return false
		}
	}
	if c.Logprobs != nil && !u.tell(llm.Event{Kind: llm.EventLogprobs, Choice: c.Index, Text: c.Logprobs}) {
		return false
	}
	return u.tell(llm.Event{
		Kind: llm.EventFinish, Choice: c.Index, Finish: c.Finish, Reason: c.Reason, StopSequence: c.StopSequence,
	})
}

func (u *unroller) part(c *llm.Choice, i int) bool {
	p := c.Parts[i]
	text, cited := p.Text, p.Citations
	p.Citations = nil
	if p.Text = nil; p.Call != nil {
		begun := *p.Call
		begun.Args = nil
		text, p.Call = jsonscan.AppendQuote(nil, c.Parts[i].Call.Args), &begun
	}
	if !u.tell(llm.Event{Kind: llm.EventPart, Choice: c.Index, Index: i, Part: p}) {
		return false
	}
	if text != nil && !EmptyText(text) && !u.tell(llm.Event{Kind: llm.EventDelta, Choice: c.Index, Index: i, Text: text}) {
		return false
	}
	for _, cite := range cited {
		if !u.tell(llm.Event{Kind: llm.EventCite, Choice: c.Index, Index: i, Citation: cite}) {
			return false
		}
	}
	return u.tell(llm.Event{Kind: llm.EventPartEnd, Choice: c.Index, Index: i})
}

// Collector makes one answer of events. It copies what it keeps, which is the
// beginning of an answer that is very long.
type Collector struct {
	a    llm.Response
	kept int // bytes, roughly
}

// Add takes the next event.
func (c *Collector) Add(ev *llm.Event) {
	switch ev.Kind {
	case llm.EventStart:
		c.a.ID, c.a.Model, c.a.Created = ev.ID, ev.Model, ev.Created
		c.a.Usage = llm.NoUsage()
	case llm.EventUsage:
		c.a.Usage = ev.Usage
		c.a.Usage.Extra = llm.Extra{}
	case llm.EventPart:
		c.part(ev)
	case llm.EventDelta:
		c.delta(ev)
	case llm.EventSign:
		if !c.room(len(ev.Text)) {
			return
		}
		p := c.at(ev)
		p.Signature = clone(ev.Text)
		if ev.Part.SignedBy != "" {
			p.SignedBy = ev.Part.SignedBy
		}
	case llm.EventFinish:
		choice := c.choice(ev.Choice)
		choice.Finish, choice.Reason, choice.StopSequence = ev.Finish, ev.Reason, clone(ev.StopSequence)
	case llm.EventCite, llm.EventPartEnd, llm.EventLogprobs, llm.EventError, llm.EventEnd, llm.EventOther:
	}
}

// Full tells whether there was more than is kept.
func (c *Collector) Full() bool { return c.kept >= maxKept }

// Response is what has been added so far.
func (c *Collector) Response() *llm.Response { return &c.a }

func clone(v llm.JSON) llm.JSON {
	if v == nil {
		return nil
	}
	return append(llm.JSON{}, v...)
}

// maxCollected bounds choices, and parts of each, that are kept; maxKept all
// that is.
const (
	maxCollected = 4096
	maxKept      = 4 << 20
)

// nodeSize is what a choice or a part takes without its text, roughly.
const nodeSize = 256

// room tells whether n more bytes are kept.
func (c *Collector) room(n int) bool {
	if c.kept+n > maxKept {
		c.kept = maxKept // what follows a gap is not kept either
		return false
	}
	c.kept += n
	return true
}

func (c *Collector) choice(n int) *llm.Choice {
	n = min(max(n, 0), maxCollected)
	for len(c.a.Choices) <= n {
		c.kept += nodeSize
		c.a.Choices = append(c.a.Choices, llm.Choice{Index: len(c.a.Choices)})
	}
	return &c.a.Choices[n]
}

func (c *Collector) at(ev *llm.Event) *llm.Part {
	choice := c.choice(ev.Choice)
	n := min(max(ev.Index, 0), maxCollected)
	for len(choice.Parts) <= n {
		c.kept += nodeSize
		choice.Parts = append(choice.Parts, llm.Part{Text: llm.JSON(`""`)})
	}
	return &choice.Parts[n]
}

func (c *Collector) part(ev *llm.Event) {
	if !c.room(size(&ev.Part)) {
		return
	}
	p := c.at(ev)
	*p = llm.Part{Kind: ev.Part.Kind, Text: llm.JSON(`""`), SignedBy: ev.Part.SignedBy, Signature: clone(ev.Part.Signature)}
	if IsString(ev.Part.Text) {
		p.Text = clone(ev.Part.Text)
	}
	if call := ev.Part.Call; call != nil {
		p.Call = &llm.Call{ID: call.ID, Name: call.Name, Custom: call.Custom, Args: append([]byte{}, call.Args...)}
	}
	if m := ev.Part.Media; m != nil {
		p.Media = &llm.Media{MIME: m.MIME, Data: append([]byte{}, m.Data...), URL: clone(m.URL)}
	}
}

// size is how many bytes of a part are kept.
func size(p *llm.Part) int {
	n := len(p.Text) + len(p.Signature)
	if p.Call != nil {
		n += len(p.Call.ID) + len(p.Call.Name) + len(p.Call.Args)
	}
	if p.Media != nil {
		n += len(p.Media.MIME) + len(p.Media.Data) + len(p.Media.URL)
	}
	return n
}

func (c *Collector) delta(ev *llm.Event) {
	if !c.room(len(ev.Text)) {
		return
	}
	p := c.at(ev)
	if p.Call != nil {
		p.Call.Args = append(p.Call.Args, TextBytes(ev.Text)...)
		return
	}
	if IsString(ev.Text) {
		p.Text = append(append(p.Text[:len(p.Text)-1], ev.Text[1:len(ev.Text)-1]...), '"')
	}
}
