package gemini

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// maxChoices bounds the candidates of a stream; Google makes at most eight.
const maxChoices = 128

var errChoices = errors.New("gemini: too many candidates")

// Names of an EventOther: what belongs to a candidate or its content has these
// in front of the member's name, anything else is a member of the answer.
const (
	ofCandidate = "candidate."
	ofContent   = "content."
)

// decoder reads a stream. Google marks no end of it, and may tell more after a
// finishReason; so the choices are finished when the bytes have ended.
type decoder struct {
	events  []llm.Event
	ids     callIDs
	started bool
	ended   bool
	told    []byte // usageMetadata as it came last
	usage   []byte // as told on
	known   bool   // and it had counts
	choices []*choice
	err     error
}

// choice is how far one of the candidates has got.
type choice struct {
	index  int
	parts  int // begun so far
	open   bool
	kind   llm.Kind
	signed bool  // the open part has its signature: a text after it is another
	ascii  bool  // all of its text so far
	size   int   // of it, in bytes
	args   *args // of the call that comes in pieces
	calls  bool
	reason string
	finish llm.Finish
	done   bool
}

func newDecoder() *decoder { return &decoder{} }

// Decode implements wire.StreamDecoder.
func (d *decoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	data := bytes.TrimSpace(m.Data)
	if d.ended || len(data) == 0 || string(data) == "[DONE]" {
		return dst, nil
	}
	if err := wire.Check(data); err != nil {
		return dst, fmt.Errorf("gemini: %w", err)
	}
	d.events = dst
	if wire.IsObject(member(data, "error")) {
		d.ended = true
		d.emit(llm.Event{Kind: llm.EventError, Err: readError(0, nil, data)})
		return d.events, nil
	}
	d.start(data)
	if counts := member(data, "usageMetadata"); wire.IsObject(counts) {
		d.told = append(d.told[:0], counts...)
	}
	d.tellUsage()
	d.answer(data)
	d.tellUsage()
	return d.events, d.err
}

func (d *decoder) emit(ev llm.Event) { d.events = append(d.events, ev) }

func (d *decoder) start(data []byte) {
	if d.started {
		return
	}
	d.started = true
	ev := llm.Event{Kind: llm.EventStart, ID: wire.Text(member(data, "responseId")), Model: wire.Text(member(data, "modelVersion"))}
	d.ids.response = printable(ev.ID)
	ev.Extra.From = own
	if at := member(data, "createTime"); seconds(at) != 0 {
		ev.Created = seconds(at)
		setForm(&ev.Extra, formTime, at)
	}
	d.emit(ev)
}

// tellUsage tells the counts where they have changed: every message has those so
// far. One without counts takes nothing back. While a call comes in pieces they
// wait: it is one step for those who get it whole.
func (d *decoder) tellUsage() {
	if len(d.told) == 0 || bytes.Equal(d.told, d.usage) || d.inCall() {
		return
	}
	u := readUsage(slices.Clone(d.told))
	known := u.Prompt >= 0 || u.Completion >= 0 || u.Total >= 0
	if d.known && !known {
		return
	}
	d.known, d.usage = known, append(d.usage[:0], d.told...)
	d.emit(llm.Event{Kind: llm.EventUsage, Usage: u})
}

func (d *decoder) inCall() bool {
	return slices.ContainsFunc(d.choices, func(c *choice) bool { return c.args != nil })
}

// answer reads what is left of a message.
func (d *decoder) answer(data []byte) {
	var rest llm.Extra
	walk(data, &rest, func(name string, v llm.JSON) bool {
		switch name {
		case "candidates":
			d.candidates(v)
			return true
		case "usageMetadata", "responseId", "modelVersion", "createTime":
			return true
		}
		return false
	})
	d.others(0, "", &rest)
	if feedback := member(data, "promptFeedback"); member(feedback, "blockReason") != nil && len(d.choices) == 0 {
		c := d.choice(0)
		c.reason, _ = reasonOf(member(feedback, "blockReason"))
		c.finish, c.done = llm.FinishFilter, true
	}
}

func (d *decoder) others(index int, prefix string, rest *llm.Extra) {
	for _, m := range rest.Members {
		if wire.IsNull(m.Value) {
			continue
		}
		ev := llm.Event{Kind: llm.EventOther, Choice: index, Name: prefix + camel(m.Name), Text: m.Value}
		ev.Extra.From = own
		d.emit(ev)
	}
}

func (d *decoder) candidates(v llm.JSON) {
	items := wire.Items(v)
	i := 0
	for item, ok := items.Next(); ok && d.err == nil; item, ok = items.Next() {
		d.candidate(item, i)
		i++
	}
}

// choice is the state of a candidate.
func (d *decoder) choice(index int) *choice {
	for _, c := range d.choices {
		if c.index == index {
			return c
		}
	}
	if len(d.choices) == maxChoices {
		d.err = errChoices
		return &choice{}
	}
	c := &choice{index: index}
	d.choices = append(d.choices, c)
	return c
}

func (d *decoder) candidate(v llm.JSON, position int) {
	var rest llm.Extra
	var turn, reason, probs llm.JSON
	index := llm.JSON(nil)
	walk(v, &rest, func(name string, v llm.JSON) bool {
		switch name {
		case "content":
			return put(&turn, v, wire.IsObject(v))
		case "finishReason":
			return put(&reason, v, wire.IsString(v) || isCount(v))
		case "index":
			return put(&index, v, isCount(v))
		case "logprobsResult":
			return put(&probs, v, wire.IsObject(v))
		}
		return false
	})
	if n, ok := wire.Int(index); ok {
		position = int(n)
	}
	c := d.choice(position)
	d.content(c, turn)
	if probs != nil {
		d.emit(llm.Event{Kind: llm.EventLogprobs, Choice: c.index, Text: logprobs(probs)})
	}
	d.others(c.index, ofCandidate, &rest)
	d.cite(c, &rest)
	if told, _ := reasonOf(reason); told != "" {
		c.reason, c.done = told, true
		c.finish = finishOf(told, c.calls)
	}
}

func (d *decoder) content(c *choice, v llm.JSON) {
	var rest llm.Extra
	turn := readContent(v, &rest)
	turn.each(func(v llm.JSON) {
		if wire.IsObject(v) {
			d.part(c, v)
		}
	})
	d.others(c.index, ofContent, &rest)
}

// part reads one part of a candidate's content.
func (d *decoder) part(c *choice, v llm.JSON) {
	call := member(v, "functionCall")
	if c.args != nil && wire.IsObject(call) && member(call, "name") == nil {
		d.pieces(c, call)
		return
	}
	part := decodePart(v, &d.ids)
	p := &part
	switch p.Kind {
	case llm.Text, llm.Thinking:
		p.Extra.Form = nil
		d.text(c, p)
	case llm.ToolCall:
		p.Extra.Form = nil
		d.call(c, p, call)
	case llm.Image, llm.Audio, llm.Video, llm.Document, llm.ToolResult, llm.Redacted, llm.Refusal, llm.Opaque:
		d.begin(c, *p)
		d.endPart(c)
	}
}

// begin begins a part, after the end of the one before.
func (d *decoder) begin(c *choice, p llm.Part) {
	d.endPart(c)
	c.open, c.kind, c.signed, c.ascii, c.size = true, p.Kind, false, true, 0
	d.emit(llm.Event{Kind: llm.EventPart, Choice: c.index, Index: c.parts, Part: p})
	c.parts++
}

func (d *decoder) endPart(c *choice) {
	if !c.open {
		return
	}
	if c.args != nil {
		c.args.end()
		d.delta(c, c.args.take())
		c.args = nil
	}
	c.open = false
	d.emit(llm.Event{Kind: llm.EventPartEnd, Choice: c.index, Index: c.parts - 1})
}

func (d *decoder) delta(c *choice, text llm.JSON) {
	if text != nil {
		d.emit(llm.Event{Kind: llm.EventDelta, Choice: c.index, Index: c.parts - 1, Text: text})
	}
}

func (d *decoder) sign(c *choice, p *llm.Part) {
	if p.Signature == nil {
		return
	}
	c.signed = true
	d.emit(llm.Event{
		Kind: llm.EventSign, Choice: c.index, Index: c.parts - 1, Text: p.Signature,
		Part: llm.Part{Kind: p.Kind, SignedBy: p.SignedBy},
	})
}

// text goes on with a text, or begins one: after another kind, after a
// signature, and where the part has members of its own.
func (d *decoder) text(c *choice, p *llm.Part) {
	empty, alone := wire.EmptyText(p.Text), len(p.Extra.Members) > 0
	if empty && p.Signature == nil && !alone {
		return
	}
	if !c.open || c.kind != p.Kind || c.signed || alone {
		d.begin(c, llm.Part{Kind: p.Kind, Extra: p.Extra})
	}
	if !empty {
		plain := wire.TextBytes(p.Text)
		c.ascii = c.ascii && utf8.RuneCount(plain) == len(plain)
		c.size += len(plain)
		d.delta(c, p.Text)
	}
	d.sign(c, p)
	if alone {
		d.endPart(c)
	}
}

// call begins a call; its arguments are with it, or come in pieces.
func (d *decoder) call(c *choice, p *llm.Part, v llm.JSON) {
	c.calls = true
	whole := p.Call.Args
	head := *p // its signature with it: formats without a place for one put it into the id
	head.Call = &llm.Call{ID: p.Call.ID, Name: p.Call.Name, Extra: llm.Extra{From: own}}
	for _, m := range p.Call.Extra.Members {
		if name := camel(m.Name); name != "partialArgs" && name != "willContinue" && name != "args" && !wire.IsNull(m.Value) {
			head.Call.Extra.Members = append(head.Call.Extra.Members, m)
		}
	}
	d.begin(c, head)
	if member(v, "args") == nil && (member(v, "partialArgs") != nil || wire.IsTrue(member(v, "willContinue"))) {
		c.args = newArgs()
		d.pieces(c, v)
		return
	}
	d.delta(c, wire.Quote(string(whole)))
	d.endPart(c)
}

// pieces goes on with the arguments of the call that is open.
func (d *decoder) pieces(c *choice, v llm.JSON) {
	items := wire.Items(member(v, "partialArgs"))
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		c.args.piece(item)
	}
	if wire.IsTrue(member(v, "willContinue")) {
		d.delta(c, c.args.take())
		return
	}
	d.endPart(c)
}

// cite tells the citations of the text that is open. Where it is not all ASCII
// the places are unknown: they are in bytes, and the text is not kept.
func (d *decoder) cite(c *choice, rest *llm.Extra) {
	if !c.open || c.kind != llm.Text {
		return
	}
	reader := citer{add: func(_ int, one llm.Citation) {
		if !c.ascii || one.Start > c.size || one.End > c.size {
			one.Start, one.End = -1, -1
		}
		d.emit(llm.Event{Kind: llm.EventCite, Choice: c.index, Index: c.parts - 1, Citation: one})
	}}
	for _, m := range rest.Members {
		reader.read(camel(m.Name), m.Value)
	}
}

// End implements wire.StreamDecoder.
func (d *decoder) End(dst []llm.Event) ([]llm.Event, error) {
	if d.ended {
		return dst, nil
	}
	d.ended = true
	done := false
	for _, c := range d.choices {
		done = done || c.done
	}
	if !done {
		return dst, fmt.Errorf("gemini: the stream ended before a finishReason: %w", io.ErrUnexpectedEOF)
	}
	d.events = dst
	for _, c := range d.choices {
		if c.args != nil && c.finish == llm.FinishLength {
			c.args.stack, c.args.open = nil, false // the text stays cut off
		}
		d.endPart(c)
		if c.finish == llm.FinishStop && c.calls {
			c.finish = llm.FinishTools
		}
		d.tellUsage()
		d.emit(llm.Event{Kind: llm.EventFinish, Choice: c.index, Finish: c.finish, Reason: c.reason, Extra: llm.Extra{From: own}})
	}
	d.emit(llm.Event{Kind: llm.EventEnd})
	return d.events, nil
}

// otherName takes the name of an EventOther apart.
func otherName(name string) (prefix, member string) {
	for _, p := range []string{ofCandidate, ofContent} {
		if rest, ok := strings.CutPrefix(name, p); ok {
			return p, rest
		}
	}
	return "", name
}
