package openaichat

import (
	"strconv"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Client.
func (Client) NewStream(r *llm.Request) wire.StreamEncoder {
	return &chunker{usage: r.IncludeUsage}
}

// chunker writes an answer in chunks.
type chunker struct {
	usage bool // the caller wants to know
	told  llm.Usage
	has   bool
	// before stands before the index and the delta of every chunk.
	before  []byte
	choices []*outgoing
	ended   bool
}

// outgoing is one choice on its way to the caller.
type outgoing struct {
	index    int
	parts    []outPart
	calls    int64
	proofs   wire.Sealer
	finished bool
}

type outPart struct {
	kind   llm.Kind
	call   int64 // its number among the calls
	custom bool
	signed llm.Format
}

// ContentType implements wire.StreamEncoder.
func (*chunker) ContentType() string { return "text/event-stream" }

// Encode implements wire.StreamEncoder.
func (c *chunker) Encode(dst []byte, ev *llm.Event) []byte {
	if c.ended {
		return dst
	}
	switch ev.Kind {
	case llm.EventStart:
		return c.start(dst, ev)
	case llm.EventUsage:
		c.told, c.has = ev.Usage, true
		return dst
	case llm.EventError:
		return c.fail(dst, ev.Err)
	case llm.EventEnd:
		return c.end(dst)
	case llm.EventOther:
		return dst
	case llm.EventPart, llm.EventDelta, llm.EventSign, llm.EventCite, llm.EventPartEnd, llm.EventFinish, llm.EventLogprobs:
	}
	if c.before == nil {
		c.head(&llm.Event{})
	}
	out, dst := c.at(dst, ev.Choice)
	return c.within(dst, out, ev)
}

// start begins the answer. Every choice has a chunk with the role, the first
// one at once, so that the caller learns that there is one.
func (c *chunker) start(dst []byte, ev *llm.Event) []byte {
	if c.before == nil {
		c.head(ev)
	}
	_, dst = c.at(dst, 0)
	return dst
}

func (c *chunker) head(ev *llm.Event) {
	w := wire.Writer{}
	w.Buf = append(w.Buf, "data: "...)
	w.Object()
	w.Name("id")
	w.String(ev.ID)
	w.StringMember("object", "chat.completion.chunk")
	w.IntMember("created", ev.Created)
	w.Name("model")
	w.String(ev.Model)
	w.Extra(&ev.Extra, own)
	w.Name("choices")
	c.before = append(w.Buf, `[{"index":`...)
}

// at is the choice, begun if it is new.
func (c *chunker) at(dst []byte, index int) (*outgoing, []byte) {
	for _, o := range c.choices {
		if o.index == index {
			return o, dst
		}
	}
	o := &outgoing{index: index, proofs: wire.Sealer{Own: own}}
	c.choices = append(c.choices, o)
	return o, c.delta(dst, o, `{"role":"assistant","content":""}`)
}

// delta appends a chunk with the delta given.
func (c *chunker) delta(dst []byte, o *outgoing, delta string) []byte {
	dst = append(c.open(dst, o), delta...)
	return append(dst, c.closing()...)
}

func (c *chunker) open(dst []byte, o *outgoing) []byte {
	dst = strconv.AppendInt(append(dst, c.before...), int64(o.index), 10)
	return append(dst, `,"delta":`...)
}

func (*chunker) closing() string { return `,"logprobs":null,"finish_reason":null}]}` + "\n\n" }

// named appends a chunk whose delta has one member with the value given.
func (c *chunker) named(dst []byte, o *outgoing, name string, value llm.JSON) []byte {
	dst = append(append(append(c.open(dst, o), '{', '"'), name...), '"', ':')
	dst = append(append(dst, value...), '}')
	return append(dst, c.closing()...)
}

// within writes an event of a choice.
func (c *chunker) within(dst []byte, o *outgoing, ev *llm.Event) []byte {
	switch ev.Kind {
	case llm.EventPart:
		return c.part(dst, o, ev)
	case llm.EventDelta:
		return c.piece(dst, o, ev)
	case llm.EventSign:
		return c.sign(dst, o, ev)
	case llm.EventCite:
		return c.cite(dst, o, &ev.Citation)
	case llm.EventFinish:
		return c.finish(dst, o, ev)
	case llm.EventLogprobs:
		dst = append(c.open(dst, o), `{},"logprobs":`...)
		return append(append(dst, ev.Text...), `,"finish_reason":null}]}`+"\n\n"...)
	case llm.EventStart, llm.EventPartEnd, llm.EventUsage, llm.EventError, llm.EventEnd, llm.EventOther:
	}
	return dst
}

// maxParts bounds what one answer can make us remember.
const maxParts = 1 << 16

// of is the part with an index, begun as a text if nobody said what it is.
func (o *outgoing) of(index int) *outPart {
	for len(o.parts) <= index && len(o.parts) < maxParts {
		o.parts = append(o.parts, outPart{})
	}
	return &o.parts[min(max(index, 0), len(o.parts)-1)]
}

func (c *chunker) part(dst []byte, o *outgoing, ev *llm.Event) []byte {
	p := &ev.Part
	part := o.of(ev.Index)
	*part = outPart{kind: p.Kind, signed: p.SignedBy}
	if p.Kind != llm.ToolCall {
		o.proofs.Part(p)
	}
	switch p.Kind {
	case llm.ToolCall:
		part.call, part.custom = o.calls, p.Call.Custom
		o.calls++
		return c.call(dst, o, p, part)
	case llm.Redacted:
		return c.detail(dst, o, p)
	case llm.Image:
		return c.images(dst, o, p)
	case llm.Text, llm.Thinking, llm.Refusal:
		if p.Text != nil && !wire.EmptyText(p.Text) {
			return c.named(dst, o, memberOf(p.Kind), p.Text)
		}
	case llm.Audio, llm.Video, llm.Document, llm.ToolResult, llm.Opaque:
	}
	return dst
}

// call begins a call. What proves the thoughts before it travels in its id.
func (c *chunker) call(dst []byte, o *outgoing, p *llm.Part, part *outPart) []byte {
	kind, text := "function", "arguments"
	if part.custom {
		kind, text = "custom", "input"
	}
	w := wire.Writer{Buf: append(c.open(dst, o), `{"tool_calls":[`...)}
	w.Object()
	w.IntMember("index", part.call)
	w.Name("id")
	w.String(wire.SealID(p.Call.ID, o.proofs.Take(p)))
	w.StringMember("type", kind)
	w.Name(kind)
	w.Object()
	w.Name("name")
	w.String(p.Call.Name)
	w.Name(text)
	w.Bytes(p.Call.Args)
	w.EndObject()
	w.EndObject()
	return append(append(w.Buf, ']', '}'), c.closing()...)
}

func memberOf(k llm.Kind) string {
	switch k {
	case llm.Thinking:
		return "reasoning_content"
	case llm.Refusal:
		return "refusal"
	case llm.Text, llm.Image, llm.Audio, llm.Video, llm.Document, llm.ToolCall, llm.ToolResult, llm.Redacted, llm.Opaque:
	}
	return "content"
}

func (c *chunker) piece(dst []byte, o *outgoing, ev *llm.Event) []byte {
	part := o.of(ev.Index)
	switch part.kind {
	case llm.ToolCall:
		kind, text := "function", "arguments"
		if part.custom {
			kind, text = "custom", "input"
		}
		dst = append(c.open(dst, o), `{"tool_calls":[{"index":`...)
		dst = strconv.AppendInt(dst, part.call, 10)
		dst = append(dst, `,"`+kind+`":{"`+text+`":`...)
		dst = append(append(dst, ev.Text...), `}}]}`...)
		return append(dst, c.closing()...)
	case llm.Text, llm.Thinking, llm.Refusal:
		if wire.EmptyText(ev.Text) {
			return dst
		}
		if part.kind == llm.Thinking {
			o.proofs.Tell(ev.Text)
		}
		return c.named(dst, o, memberOf(part.kind), ev.Text)
	case llm.Image, llm.Audio, llm.Video, llm.Document, llm.ToolResult, llm.Redacted, llm.Opaque:
	}
	return dst
}

func (c *chunker) sign(dst []byte, o *outgoing, ev *llm.Event) []byte {
	part := o.of(ev.Index)
	p := llm.Part{Kind: part.kind, Text: llm.JSON(`""`), Signature: ev.Text, SignedBy: ev.Part.SignedBy}
	if p.SignedBy == "" {
		p.SignedBy = part.signed
	}
	o.proofs.Sign(ev.Text, p.SignedBy)
	if p.Kind != llm.Thinking && p.Kind != llm.Redacted {
		return dst
	}
	return c.detail(dst, o, &p)
}

// detail writes a proof for clients that know reasoning_details.
func (c *chunker) detail(dst []byte, o *outgoing, p *llm.Part) []byte {
	if p.Signature == nil {
		return dst
	}
	w := wire.Writer{Buf: append(c.open(dst, o), `{"reasoning_details":[`...)}
	writeDetail(&w, p)
	return append(append(w.Buf, ']', '}'), c.closing()...)
}

func (c *chunker) images(dst []byte, o *outgoing, p *llm.Part) []byte {
	if p.Media == nil || p.Media.Data == nil && p.Media.URL == nil {
		return dst
	}
	w := wire.Writer{Buf: append(c.open(dst, o), `{"images":[`...)}
	writeImage(&w, p.Media)
	return append(append(w.Buf, ']', '}'), c.closing()...)
}

func (c *chunker) cite(dst []byte, o *outgoing, cite *llm.Citation) []byte {
	if cite.URL == nil {
		return dst
	}
	w := wire.Writer{Buf: append(c.open(dst, o), `{"annotations":[`...)}
	writeCitation(&w, cite)
	return append(append(w.Buf, ']', '}'), c.closing()...)
}

func (c *chunker) finish(dst []byte, o *outgoing, ev *llm.Event) []byte {
	if o.finished {
		return dst
	}
	o.finished = true
	reason := reasons[ev.Finish]
	if ev.Finish == llm.Unfinished || ev.Finish == llm.FinishStop {
		reason = reasons[llm.FinishStop]
		if o.calls > 0 {
			reason = reasons[llm.FinishTools]
		}
	}
	dst = append(c.open(dst, o), `{},"logprobs":null,"finish_reason":`...)
	dst = jsonscan.AppendQuote(dst, reason)
	return append(dst, "}]}\n\n"...)
}

func (c *chunker) fail(dst []byte, e *llm.Error) []byte {
	c.ended = true
	w := wire.Writer{Buf: append(dst, "data: "...)}
	w.Object()
	w.Name("error")
	w.Error(e)
	w.EndObject()
	return append(w.Buf, "\n\n"...)
}

func (c *chunker) end(dst []byte) []byte {
	c.ended = true
	if c.before == nil {
		c.head(&llm.Event{})
	}
	for _, o := range c.choices {
		dst = c.finish(dst, o, &llm.Event{})
	}
	if c.usage && c.has {
		dst = append(dst, c.before[:len(c.before)-len(`[{"index":`)]...)
		w := wire.Writer{Buf: append(dst, `[],"usage":`...)}
		writeUsage(&w, &c.told)
		dst = append(w.Buf, "}\n\n"...)
	}
	return append(dst, "data: [DONE]\n\n"...)
}
