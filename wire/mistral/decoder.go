package mistral

import (
	"fmt"
	"io"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Provider.
func (Provider) NewStream() wire.StreamDecoder { return &decoder{} }

// decoder reads the chunks of one stream.
type decoder struct {
	dst     []llm.Event
	started bool
	ended   bool
	choices []*streamed
}

// streamed is one choice on its way.
type streamed struct {
	index    int
	parts    int // begun so far
	open     int // the part that is open, or -1
	kind     llm.Kind
	calls    []called
	finished bool
}

// called is a call that has begun: its number and id in the chunks, its part.
type called struct {
	number int64
	id     string
	part   int
}

// Bounds on what a provider can make us remember.
const (
	maxChoices = 1024
	maxCalls   = 4096
)

// Decode implements wire.StreamDecoder.
func (d *decoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	d.dst = dst
	if d.ended || len(m.Data) == 0 {
		return dst, nil
	}
	if string(m.Data) == "[DONE]" {
		d.end()
		return d.dst, nil
	}
	if err := wire.Check(m.Data); err != nil {
		return dst, fmt.Errorf("chunk of the stream: %w", err)
	}
	if failed(m.Data) {
		d.ended = true
		d.emit(llm.Event{Kind: llm.EventError, Err: readError(502, m.Data)})
		return d.dst, nil
	}
	d.chunk(m.Data)
	return d.dst, nil
}

// End implements wire.StreamDecoder.
func (d *decoder) End(dst []llm.Event) ([]llm.Event, error) {
	d.dst = dst
	if !d.ended && !d.complete() {
		return dst, fmt.Errorf("the stream has no end: %w", io.ErrUnexpectedEOF)
	}
	d.end()
	return d.dst, nil
}

func (d *decoder) complete() bool {
	for _, c := range d.choices {
		if !c.finished {
			return false
		}
	}
	return len(d.choices) > 0
}

func (d *decoder) end() {
	if d.ended {
		return
	}
	d.ended = true
	for _, c := range d.choices {
		if d.close(c); !c.finished {
			d.emit(llm.Event{Kind: llm.EventFinish, Choice: c.index, Finish: finish("stop", len(c.calls) > 0)})
		}
	}
	d.emit(llm.Event{Kind: llm.EventEnd})
}

func (d *decoder) emit(ev llm.Event) { d.dst = append(d.dst, ev) }

func (d *decoder) chunk(v llm.JSON) {
	var usage, choices llm.JSON
	start := llm.Event{Kind: llm.EventStart, Extra: llm.Extra{From: own}}
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "id":
			start.ID = wire.Text(f.Value())
		case "model":
			start.Model = wire.Text(f.Value())
		case "created":
			start.Created, _ = wire.Int(f.Value())
		case "choices":
			choices = f.Value()
		case "usage":
			usage = wire.Null(f.Value())
		case "object", "p": // p is there to hide how long the text is
		default:
			f.Keep(&start.Extra, own)
		}
	}
	if !d.started {
		d.started = true
		d.emit(start)
	}
	items := wire.Items(choices)
	for c, ok := items.Next(); ok; c, ok = items.Next() {
		if n, _ := wire.Int(wire.Get(c, "index")); n >= 0 && n < maxChoices {
			d.choice(d.at(int(n)), c)
		}
	}
	if wire.IsObject(usage) {
		d.emit(llm.Event{Kind: llm.EventUsage, Usage: readUsage(usage)})
	}
}

func (d *decoder) at(n int) *streamed {
	for _, c := range d.choices {
		if c.index == n {
			return c
		}
	}
	c := &streamed{index: n, open: -1}
	d.choices = append(d.choices, c)
	return c
}

func (d *decoder) choice(c *streamed, v llm.JSON) {
	if c.finished {
		return
	}
	d.delta(c, wire.Get(v, "delta"))
	if probs := wire.Null(wire.Get(v, "logprobs")); probs != nil {
		d.emit(llm.Event{Kind: llm.EventLogprobs, Choice: c.index, Text: probs})
	}
	reason := wire.Text(wire.Get(v, "finish_reason"))
	if reason == "" {
		return
	}
	c.finished = true
	d.close(c)
	d.emit(llm.Event{Kind: llm.EventFinish, Choice: c.index, Finish: finish(reason, len(c.calls) > 0), Reason: reason})
}

func (d *decoder) delta(c *streamed, v llm.JSON) {
	thought := false
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "content":
			d.content(c, f.Value())
		case "tool_calls":
			items := wire.Items(f.Value())
			for t, ok := items.Next(); ok; t, ok = items.Next() {
				d.tool(c, t)
			}
		case "reasoning_content", "reasoning": // servers with models of Mistral's
			if !thought {
				d.text(c, llm.Thinking, f.Value())
			}
			thought = true
		}
	}
}

// content takes a piece of text, or a list of chunks.
func (d *decoder) content(c *streamed, v llm.JSON) {
	if !wire.IsArray(v) {
		d.text(c, llm.Text, v)
		return
	}
	items := wire.Items(v)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		p := readChunk(raw)
		switch p.Kind {
		case llm.Text:
			d.text(c, llm.Text, p.Text)
		case llm.Thinking:
			d.thinking(c, &p, raw)
		case llm.Image, llm.Audio, llm.Video, llm.Document, llm.ToolCall, llm.ToolResult, llm.Redacted, llm.Refusal, llm.Opaque:
			d.open(c, p)
			d.close(c)
		}
	}
}

// thinking goes on with thoughts. What stands among them and is no text is a
// part of its own.
func (d *decoder) thinking(c *streamed, p *llm.Part, raw llm.JSON) {
	list := wire.Get(raw, "thinking")
	if wire.IsString(list) {
		d.text(c, llm.Thinking, list)
	}
	items := wire.Items(list)
	for t, ok := items.Next(); ok; t, ok = items.Next() {
		if text, _ := thought(t); text != nil {
			d.text(c, llm.Thinking, text)
			continue
		}
		w := wire.Writer{Buf: []byte(`{"type":"thinking","thinking":[`)}
		w.Buf = append(append(w.Buf, t...), "]}"...)
		d.open(c, opaque(w.Buf))
		d.close(c)
	}
	if p.Signature == nil {
		return
	}
	if c.open < 0 || c.kind != llm.Thinking {
		d.open(c, llm.Part{Kind: llm.Thinking})
	}
	d.emit(llm.Event{Kind: llm.EventSign, Choice: c.index, Index: c.open, Text: p.Signature, Part: llm.Part{Kind: llm.Thinking, SignedBy: own}})
	d.close(c)
}

// text goes on with a part of the kind, or begins one. An empty text begins
// nothing: one comes along with the role.
func (d *decoder) text(c *streamed, kind llm.Kind, v llm.JSON) {
	if !wire.IsString(v) || wire.EmptyText(v) {
		return
	}
	if c.open < 0 || c.kind != kind {
		d.open(c, llm.Part{Kind: kind})
	}
	d.emit(llm.Event{Kind: llm.EventDelta, Choice: c.index, Index: c.open, Text: v})
}

func (d *decoder) open(c *streamed, p llm.Part) {
	d.close(c)
	c.open, c.kind = c.parts, p.Kind
	c.parts++
	d.emit(llm.Event{Kind: llm.EventPart, Choice: c.index, Index: c.open, Part: p})
}

func (d *decoder) close(c *streamed) {
	if c.open >= 0 {
		d.emit(llm.Event{Kind: llm.EventPartEnd, Choice: c.index, Index: c.open})
		c.open = -1
	}
}

// tool takes a call, which comes whole as a rule, or a piece of one.
func (d *decoder) tool(c *streamed, v llm.JSON) {
	function := wire.Get(v, "function")
	t := c.goesOn(v, wire.Text(wire.Get(function, "name")))
	if t == nil {
		if len(c.calls) >= maxCalls {
			return
		}
		p := readCall(v)
		number, ok := wire.Int(wire.Get(v, "index"))
		if !ok {
			number = int64(len(c.calls))
		}
		id := p.Call.ID
		p.Call.Args = nil
		p.Extra, p.Call.Extra = llm.Extra{}, llm.Extra{}
		d.open(c, p)
		c.calls = append(c.calls, called{number, id, c.open})
		t = &c.calls[len(c.calls)-1]
	}
	args := wire.Null(wire.Get(function, "arguments"))
	if args == nil || wire.EmptyText(args) {
		return
	}
	if !wire.IsString(args) {
		args = jsonscan.AppendQuote(nil, []byte(args))
	}
	d.emit(llm.Event{Kind: llm.EventDelta, Choice: c.index, Index: t.part, Text: args})
}

// goesOn is the call that a piece belongs to, nil for a new one. Numbers may be
// missing, or all the same: another id with a name is another call.
func (c *streamed) goesOn(v llm.JSON, name string) *called {
	number, numbered := wire.Int(wire.Get(v, "index"))
	id := wire.Text(wire.Get(v, "id"))
	for i := len(c.calls) - 1; i >= 0; i-- {
		t := &c.calls[i]
		switch {
		case numbered && t.number != number:
		case name == "", numbered && (id == "" || id == t.id):
			return t
		default:
			return nil
		}
	}
	return nil
}
