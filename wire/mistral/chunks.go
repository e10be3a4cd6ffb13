package mistral

import (
	"slices"
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Client.
func (Client) NewStream(*llm.Request) wire.StreamEncoder { return &chunker{} }

// chunker writes an answer in chunks. The service tells a call in one chunk,
// and the usage in the one with the finish; clients rely on both.
type chunker struct {
	head    *wire.Writer // what every chunk has before its choice
	choices []*outgoing
	usage   llm.Usage
	has     bool
	ended   bool
}

// outgoing is one choice on its way to the caller.
type outgoing struct {
	index  int
	parts  []outPart
	calls  int64
	proofs wire.Sealer
	reason string // once it has ended
}

// outPart is a part that has begun.
type outPart struct {
	kind   llm.Kind
	signed llm.Format
	call   *outCall
}

// outCall is a call that waits for the rest of its arguments.
type outCall struct {
	part   llm.Part
	proofs []wire.Proof
}

// Bounds on what one answer can make us remember.
const (
	maxParts = 1 << 16
	maxArgs  = 8 << 20
)

// ContentType implements wire.StreamEncoder.
func (*chunker) ContentType() string { return "text/event-stream" }

// Encode implements wire.StreamEncoder.
func (c *chunker) Encode(dst []byte, ev *llm.Event) []byte {
	if c.ended {
		return dst
	}
	switch ev.Kind {
	case llm.EventUsage:
		c.usage, c.has = ev.Usage, true
		if raw, ok := wire.Marked(&ev.Usage.Extra, own, "usage"); ok { // it holds until the next event only
			c.usage.Extra = llm.Extra{}
			wire.Mark(&c.usage.Extra, own, "usage", append(llm.JSON{}, raw...))
		}
		return dst
	case llm.EventError:
		return c.fail(dst, ev.Err)
	case llm.EventEnd:
		return c.end(dst)
	case llm.EventOther:
		return dst
	case llm.EventStart, llm.EventPart, llm.EventDelta, llm.EventSign, llm.EventCite, llm.EventPartEnd, llm.EventFinish, llm.EventLogprobs:
	}
	if c.head == nil {
		c.begin(ev)
	}
	if ev.Choice < 0 || ev.Choice >= maxChoices {
		return dst
	}
	out, dst := c.at(dst, ev.Choice)
	return c.within(dst, out, ev)
}

func (c *chunker) begin(ev *llm.Event) {
	w := &wire.Writer{Buf: []byte("data: ")}
	w.Object()
	w.Name("id")
	w.String(ev.ID)
	w.StringMember("object", "chat.completion.chunk")
	w.IntMember("created", ev.Created)
	w.Name("model")
	w.String(ev.Model)
	w.Extra(&ev.Extra, own)
	w.Name("choices")
	c.head = w
}

// at is the choice, begun with its role if it is new.
func (c *chunker) at(dst []byte, n int) (*outgoing, []byte) {
	for _, o := range c.choices {
		if o.index == n {
			return o, dst
		}
	}
	o := &outgoing{index: n, proofs: wire.Sealer{Own: own}}
	c.choices = append(c.choices, o)
	w := c.open(dst, o)
	w.StringMember("role", roles[llm.Assistant])
	w.Name("content")
	w.String("")
	return o, c.close(w, o, "", nil)
}

// open begins a chunk, up to the members of its delta.
func (c *chunker) open(dst []byte, o *outgoing) *wire.Writer {
	w := *c.head
	w.Buf = append(dst, c.head.Buf...)
	w.Array()
	w.Object()
	w.IntMember("index", int64(o.index))
	w.Name("delta")
	w.Object()
	return &w
}

// close ends a chunk behind its delta.
func (c *chunker) close(w *wire.Writer, o *outgoing, finish string, logprobs llm.JSON) []byte {
	w.EndObject()
	w.Name("finish_reason")
	w.OrNull(finish)
	w.Member("logprobs", logprobs)
	w.EndObject()
	w.EndArray()
	if finish != "" && c.has && o.index == c.choices[len(c.choices)-1].index {
		writeUsage(w, &c.usage)
	}
	w.EndObject()
	return append(w.Buf, "\n\n"...)
}

// within writes an event of a choice.
func (c *chunker) within(dst []byte, o *outgoing, ev *llm.Event) []byte {
	if o.reason != "" {
		return dst
	}
	switch ev.Kind {
	case llm.EventPart:
		return c.part(dst, o, ev)
	case llm.EventDelta:
		return c.piece(dst, o, ev)
	case llm.EventSign:
		return c.sign(dst, o, ev)
	case llm.EventPartEnd:
		return c.tell(dst, o, o.of(ev.Index))
	case llm.EventLogprobs:
		return c.close(c.open(dst, o), o, "", ev.Text)
	case llm.EventFinish:
		return c.finish(dst, o, ev)
	case llm.EventStart, llm.EventCite, llm.EventUsage, llm.EventError, llm.EventEnd, llm.EventOther:
	}
	return dst
}

// finish tells the calls that are left. The chunk with the reason waits for the
// usage.
func (c *chunker) finish(dst []byte, o *outgoing, ev *llm.Event) []byte {
	for i := range o.parts {
		dst = c.tell(dst, o, &o.parts[i])
	}
	o.reason = reasonOf(ev.Finish, ev.Reason, o.calls > 0)
	return dst
}

// of is the part with an index, a text if nobody said what it is.
func (o *outgoing) of(n int) *outPart {
	n = min(max(n, 0), maxParts)
	for len(o.parts) <= n {
		o.parts = append(o.parts, outPart{})
	}
	return &o.parts[n]
}

func (c *chunker) part(dst []byte, o *outgoing, ev *llm.Event) []byte {
	p := &ev.Part
	part := o.of(ev.Index)
	*part = outPart{kind: p.Kind, signed: p.SignedBy}
	if p.Kind == llm.ToolCall {
		part.call = o.call(p)
		return dst
	}
	o.proofs.Part(p)
	switch p.Kind {
	case llm.Text, llm.Thinking, llm.Refusal:
		if wire.IsString(p.Text) {
			dst = c.text(dst, o, p.Kind, p.Text)
		}
		return c.proof(dst, o, p)
	case llm.Image, llm.Audio, llm.Document, llm.Opaque:
		if shown(p) {
			w := c.open(dst, o)
			w.Name("content")
			writeChunks(w, []llm.Part{*p})
			return c.close(w, o, "", nil)
		}
	case llm.Video, llm.ToolCall, llm.ToolResult, llm.Redacted:
	}
	return dst
}

// call begins a call. Events hold for a moment only, so it is a copy.
func (o *outgoing) call(p *llm.Part) *outCall {
	t := &outCall{proofs: o.proofs.Thoughts()}
	t.part = llm.Part{Kind: llm.ToolCall, Signature: slices.Clone(p.Signature), SignedBy: p.SignedBy, Call: &llm.Call{
		ID: p.Call.ID, Name: p.Call.Name, Custom: p.Call.Custom, Args: append([]byte{}, p.Call.Args...),
	}}
	wire.Mark(&t.part.Extra, own, "index", strconv.AppendInt(nil, o.calls, 10))
	o.calls++
	return t
}

// tell writes a call that is whole.
func (c *chunker) tell(dst []byte, o *outgoing, part *outPart) []byte {
	t := part.call
	if t == nil {
		return dst
	}
	part.call = nil
	w := c.open(dst, o)
	w.Name("tool_calls")
	w.Array()
	writeCall(w, &t.part, wire.SealID(t.part.Call.ID, wire.Prove(t.proofs, &t.part, own)))
	w.EndArray()
	return c.close(w, o, "", nil)
}

func (c *chunker) piece(dst []byte, o *outgoing, ev *llm.Event) []byte {
	part := o.of(ev.Index)
	t := part.call
	if t == nil {
		o.proofs.Tell(ev.Text)
		return c.text(dst, o, part.kind, ev.Text)
	}
	args := &t.part.Call.Args
	if *args = append(*args, wire.TextBytes(ev.Text)...); len(*args) > maxArgs {
		return c.fail(dst, &llm.Error{Status: 502, Message: "the arguments of a call are too long"})
	}
	return dst
}

func (c *chunker) text(dst []byte, o *outgoing, kind llm.Kind, text llm.JSON) []byte {
	if !wire.IsString(text) || wire.EmptyText(text) {
		return dst
	}
	w := c.open(dst, o)
	w.Name("content")
	switch kind {
	case llm.Text, llm.Refusal:
		w.Raw(text)
	case llm.Thinking:
		writeChunks(w, []llm.Part{{Kind: kind, Text: text}})
	case llm.Image, llm.Audio, llm.Video, llm.Document, llm.ToolCall, llm.ToolResult, llm.Redacted, llm.Opaque:
		return dst
	}
	return c.close(w, o, "", nil)
}

func (c *chunker) sign(dst []byte, o *outgoing, ev *llm.Event) []byte {
	part := o.of(ev.Index)
	p := llm.Part{Kind: part.kind, Signature: ev.Text, SignedBy: ev.Part.SignedBy}
	if p.SignedBy == "" {
		p.SignedBy = part.signed
	}
	if t := part.call; t != nil {
		t.part.Signature, t.part.SignedBy = slices.Clone(ev.Text), p.SignedBy
		return dst
	}
	o.proofs.Sign(ev.Text, p.SignedBy)
	return c.proof(dst, o, &p)
}

// proof writes the service's own signature of thoughts; another's travels with
// the next call.
func (c *chunker) proof(dst []byte, o *outgoing, p *llm.Part) []byte {
	if p.SignedBy != own || p.Kind != llm.Thinking || p.Signature == nil {
		return dst
	}
	w := c.open(dst, o)
	w.Name("content")
	w.Array()
	w.Object()
	w.StringMember("type", "thinking")
	w.Name("thinking")
	w.Literal("[]")
	w.Member("signature", p.Signature)
	w.EndObject()
	w.EndArray()
	return c.close(w, o, "", nil)
}

func (c *chunker) fail(dst []byte, e *llm.Error) []byte {
	c.ended = true
	if e == nil {
		e = &llm.Error{Status: 502, Message: "the answer broke off"}
	}
	dst = Client{}.EncodeError(append(dst, "data: "...), e)
	return append(dst, "\n\n"...)
}

func (c *chunker) end(dst []byte) []byte {
	c.ended = true
	if c.head == nil {
		c.begin(&llm.Event{})
	}
	if len(c.choices) == 0 {
		_, dst = c.at(dst, 0)
	}
	for _, o := range c.choices {
		if o.reason == "" {
			dst = c.finish(dst, o, &llm.Event{})
		}
		w := c.open(dst, o)
		w.Name("content")
		w.String("")
		dst = c.close(w, o, o.reason, nil)
	}
	return append(dst, "data: [DONE]\n\n"...)
}
