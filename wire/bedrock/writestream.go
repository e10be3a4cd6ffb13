package bedrock

import (
	"strings"

	"github.com/sluice-gateway/sluice/internal/eventstream"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Client.
func (Client) NewStream(*llm.Request) wire.StreamEncoder { return newStream() }

func newStream() *stream {
	text := func(name, value string) eventstream.Header {
		return eventstream.Header{Name: name, Value: eventstream.Text(value)}
	}
	return &stream{headers: [3]eventstream.Header{
		text(":event-type", ""), text(":content-type", "application/json"), text(":message-type", "event"),
	}}
}

// stream writes one ConverseStream, in frames of AWS event streams.
type stream struct {
	headers              [3]eventstream.Header
	w                    wire.Writer // the payload at hand
	open                 []outBlock
	next                 int
	started, ended, over bool
	meta                 []byte // the payload of metadata, which comes last
	lines                bool   // each message is the member of an object, in a line of its own
}

// outBlock is a part that is being written.
type outBlock struct {
	part int // its canonical index
	wire int // its number in this stream
	kind llm.Kind
	by   llm.Format // who signs it
	said bool       // anything of it was written
}

// ContentType implements wire.StreamEncoder.
func (s *stream) ContentType() string { return eventstream.ContentType }

// Encode implements wire.StreamEncoder. Converse has one answer, so other
// choices are left out.
func (s *stream) Encode(dst []byte, ev *llm.Event) []byte {
	if s.over || ev.Choice != 0 {
		return dst
	}
	switch ev.Kind {
	case llm.EventStart:
		return s.start(dst, &ev.Extra)
	case llm.EventError:
		s.over = true
		return s.exception(dst, ev.Err)
	case llm.EventPart, llm.EventDelta, llm.EventSign, llm.EventCite, llm.EventPartEnd:
		return s.content(s.start(dst, nil), ev)
	case llm.EventFinish:
		return s.finish(s.start(dst, nil), ev)
	case llm.EventUsage:
		s.usage(ev)
		return dst
	case llm.EventEnd:
		return s.end(s.start(dst, nil))
	case llm.EventOther:
		if ev.Extra.From != own {
			return dst
		}
		return s.frame(s.start(dst, nil), ev.Name, ev.Text)
	case llm.EventLogprobs:
	}
	return dst
}

func (s *stream) content(dst []byte, ev *llm.Event) []byte {
	if len(s.open) > 2*maxOpen { // a provider that never ends its parts
		dst = s.partEnd(dst, s.open[0].part)
	}
	switch ev.Kind {
	case llm.EventPart:
		return s.part(dst, ev)
	case llm.EventDelta:
		return s.delta(dst, ev)
	case llm.EventSign:
		return s.sign(dst, ev)
	case llm.EventCite:
		return s.cite(dst, ev)
	case llm.EventPartEnd:
		return s.partEnd(dst, ev.Index)
	case llm.EventStart, llm.EventFinish, llm.EventUsage, llm.EventLogprobs, llm.EventError, llm.EventEnd, llm.EventOther:
	}
	return dst
}

// frame writes one message.
func (s *stream) frame(dst []byte, name string, payload []byte) []byte {
	if s.lines {
		w := wire.Writer{Buf: dst}
		w.Object()
		w.Member(name, payload)
		w.EndObject()
		return append(w.Buf, '\n')
	}
	v := &s.headers[0].Value
	v.Bytes = append(v.Bytes[:0], name[:min(len(name), 1<<10)]...)
	out, err := eventstream.Append(dst, s.headers[:], payload)
	if err != nil {
		return dst
	}
	return out
}

// payload begins the payload of an event.
func (s *stream) payload() object {
	s.w.Buf = s.w.Buf[:0]
	return begin(&s.w)
}

func (s *stream) start(dst []byte, x *llm.Extra) []byte {
	if s.started {
		return dst
	}
	s.started = true
	o := s.payload()
	o.text("role", "assistant")
	if x != nil {
		o.rest(x)
	}
	o.end()
	return s.frame(dst, "messageStart", s.w.Buf)
}

// block is the block of a part; one of that kind begins if it has not.
func (s *stream) block(index int, kind llm.Kind) *outBlock {
	for i := range s.open {
		if s.open[i].part == index {
			return &s.open[i]
		}
	}
	s.open = append(s.open, outBlock{part: index, wire: s.next, kind: kind})
	s.next++
	return &s.open[len(s.open)-1]
}

// part begins a part. Text and thoughts begin with their first delta; what the
// canonical model tells as a whole is written as a whole.
func (s *stream) part(dst []byte, ev *llm.Event) []byte {
	p := &ev.Part
	dst = s.partEnd(dst, ev.Index)
	switch p.Kind {
	case llm.Text, llm.Refusal, llm.Thinking:
		b := s.block(ev.Index, p.Kind)
		b.by = p.SignedBy
		return s.known(dst, ev)
	case llm.Redacted:
		b := s.block(ev.Index, p.Kind)
		b.by = p.SignedBy
		if p.Signature == nil {
			return dst
		}
		return s.signature(dst, b, p.SignedBy, p.Signature)
	case llm.ToolCall:
		if p.Call != nil {
			return s.call(dst, ev)
		}
	case llm.Image, llm.Audio, llm.Video, llm.Document, llm.ToolResult, llm.Opaque:
		return s.whole(dst, ev)
	}
	return dst
}

// known writes what is known of a text or thought when it begins.
func (s *stream) known(dst []byte, ev *llm.Event) []byte {
	p := &ev.Part
	if p.Text != nil {
		dst = s.delta(dst, &llm.Event{Index: ev.Index, Text: p.Text})
	}
	for i := range p.Citations {
		dst = s.cite(dst, &llm.Event{Index: ev.Index, Citation: p.Citations[i]})
	}
	if p.Signature != nil {
		dst = s.sign(dst, &llm.Event{Index: ev.Index, Text: p.Signature})
	}
	return dst
}

func (s *stream) call(dst []byte, ev *llm.Event) []byte {
	b := s.block(ev.Index, llm.ToolCall)
	b.said = true
	c := ev.Part.Call
	in := blocks{w: &s.w, answer: true, note: func(string, string) {}}
	o := s.payload()
	o.name("contentBlockIndex")
	s.w.Int(int64(b.wire))
	o.name("start")
	s.w.Object()
	s.w.Name("toolUse")
	use := begin(&s.w)
	use.text("toolUseId", in.callID(&ev.Part))
	use.text("name", c.Name)
	use.skip("input")
	use.rest(&c.Extra)
	use.end()
	s.w.EndObject()
	o.end()
	dst = s.frame(dst, "contentBlockStart", s.w.Buf)
	if len(c.Args) > 0 {
		dst = s.delta(dst, &llm.Event{Index: ev.Index, Text: wire.Quote(string(c.Args))})
	}
	return dst
}

// beginDelta begins an event of a block, up to the value of delta.
func (s *stream) beginDelta(b *outBlock, member string) object {
	b.said = true
	o := s.payload()
	o.name("contentBlockIndex")
	s.w.Int(int64(b.wire))
	o.name("delta")
	s.w.Object()
	s.w.Name(member)
	return o
}

func (s *stream) endDelta(dst []byte, o *object) []byte {
	s.w.EndObject()
	o.end()
	return s.frame(dst, "contentBlockDelta", s.w.Buf)
}

func (s *stream) delta(dst []byte, ev *llm.Event) []byte {
	if len(ev.Text) == 0 || wire.EmptyText(ev.Text) {
		return dst
	}
	b := s.block(ev.Index, llm.Text)
	switch b.kind {
	case llm.ToolCall:
		return s.inner(dst, b, "toolUse", "input", ev.Text)
	case llm.Thinking:
		return s.inner(dst, b, "reasoningContent", "text", ev.Text)
	case llm.Text, llm.Refusal, llm.Image, llm.Audio, llm.Video, llm.Document, llm.ToolResult, llm.Redacted, llm.Opaque:
	}
	o := s.beginDelta(b, "text")
	s.w.Raw(ev.Text)
	return s.endDelta(dst, &o)
}

// inner writes a delta whose text is a member of an object.
func (s *stream) inner(dst []byte, b *outBlock, outer, name string, text llm.JSON) []byte {
	o := s.beginDelta(b, outer)
	s.w.Object()
	s.w.Member(name, text)
	s.w.EndObject()
	return s.endDelta(dst, &o)
}

// sign writes the signature of a thought. A call's has gone with its id.
func (s *stream) sign(dst []byte, ev *llm.Event) []byte {
	b := s.block(ev.Index, llm.Thinking)
	by := b.by
	if ev.Part.SignedBy != "" {
		by = ev.Part.SignedBy
	}
	if b.kind != llm.Thinking && b.kind != llm.Redacted {
		return dst
	}
	return s.signature(dst, b, by, ev.Text)
}

func (s *stream) signature(dst []byte, b *outBlock, by llm.Format, signature llm.JSON) []byte {
	name := "signature"
	if b.kind == llm.Redacted {
		name = "redactedContent"
	}
	if by != "" {
		in := blocks{answer: true}
		signature, _ = in.signature(&llm.Part{Kind: b.kind, Signature: signature, SignedBy: by})
	}
	return s.inner(dst, b, "reasoningContent", name, signature)
}

func (s *stream) cite(dst []byte, ev *llm.Event) []byte {
	b := s.block(ev.Index, llm.Text)
	o := s.beginDelta(b, "citation")
	writeCitation(&s.w, &ev.Citation)
	return s.endDelta(dst, &o)
}

func (s *stream) partEnd(dst []byte, index int) []byte {
	for i := range s.open {
		if s.open[i].part != index {
			continue
		}
		b := s.open[i]
		s.open = append(s.open[:i], s.open[i+1:]...)
		if !b.said {
			return dst
		}
		return s.blockStop(dst, b.wire)
	}
	return dst
}

func (s *stream) blockStop(dst []byte, n int) []byte {
	o := s.payload()
	o.name("contentBlockIndex")
	s.w.Int(int64(n))
	o.end()
	return s.frame(dst, "contentBlockStop", s.w.Buf)
}

// whole writes a part that comes in one event: its block, taken apart again.
func (s *stream) whole(dst []byte, ev *llm.Event) []byte {
	var w wire.Writer
	in := blocks{w: &w, answer: true, note: func(string, string) {}}
	if !in.write(&ev.Part) {
		return dst
	}
	name, v, ok := single(w.Buf)
	if !ok {
		return dst
	}
	b := s.block(ev.Index, ev.Part.Kind)
	b.said = true
	body := bodyOf(name)
	o := s.payload()
	o.name("contentBlockIndex")
	s.w.Int(int64(b.wire))
	o.name("start")
	s.w.Object()
	s.w.Name(name)
	start := begin(&s.w)
	start.skip(body)
	start.restOf(v)
	start.end()
	s.w.EndObject()
	o.end()
	dst = s.frame(dst, "contentBlockStart", s.w.Buf)
	if value := wire.Get(v, body); value != nil {
		dst = s.bodyDelta(dst, b, name, body, value)
	}
	return dst
}

// bodyOf is the member of a block that streams tell in deltas.
func bodyOf(block string) string {
	switch block {
	case "toolUse":
		return "input"
	case "toolResult":
		return "content"
	}
	return "source"
}

func (s *stream) bodyDelta(dst []byte, b *outBlock, name, body string, value llm.JSON) []byte {
	if body == "input" && !wire.IsString(value) {
		value = wire.Quote(string(value))
	}
	o := s.beginDelta(b, name)
	if body == "content" {
		s.w.Raw(value)
		return s.endDelta(dst, &o)
	}
	s.w.Object()
	s.w.Member(body, value)
	s.w.EndObject()
	return s.endDelta(dst, &o)
}

func (s *stream) finish(dst []byte, ev *llm.Event) []byte {
	if s.ended {
		return dst
	}
	s.ended = true
	for len(s.open) > 0 {
		dst = s.partEnd(dst, s.open[0].part)
	}
	mine := ev.Extra.From == own
	o := s.payload()
	if !mine || ev.Reason != "" {
		o.text("stopReason", reasonOf(ev.Finish, ev.Reason, mine, ev.StopSequence != nil))
	}
	o.rest(&ev.Extra)
	o.end()
	return s.frame(dst, "messageStop", s.w.Buf)
}

// usage keeps what is told of usage: Bedrock tells it once, at the end.
func (s *stream) usage(ev *llm.Event) {
	w := wire.Writer{Buf: s.meta[:0]}
	o := begin(&w)
	o.name("usage")
	writeUsage(&w, &ev.Usage)
	if ev.Extra.From != own {
		o.member("metrics", llm.JSON(`{"latencyMs":0}`)) // clients' models require it
	}
	o.rest(&ev.Extra)
	o.end()
	s.meta = w.Buf
}

func (s *stream) end(dst []byte) []byte {
	if !s.ended {
		dst = s.finish(dst, &llm.Event{Finish: llm.FinishStop})
	}
	s.over = true
	if len(s.meta) == 0 {
		return dst
	}
	return s.frame(dst, "metadata", s.meta)
}

// exceptions that a ConverseStream may end with.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html
func exceptionOf(e *llm.Error) string {
	switch kind := kindOf(e); kind {
	case "ThrottlingException", "ValidationException", "ServiceUnavailableException", "InternalServerException", "ModelStreamErrorException":
		return strings.ToLower(kind[:1]) + kind[1:]
	}
	if e.Status >= 400 && e.Status < 500 && e.Status != 408 && e.Status != 424 {
		return "validationException"
	}
	return "modelStreamErrorException"
}

func (s *stream) exception(dst []byte, e *llm.Error) []byte {
	if e == nil {
		e = &llm.Error{Status: 500, Message: "the stream broke"}
	}
	return s.raise(dst, exceptionOf(e), e)
}

// raise writes an exception of a name.
func (s *stream) raise(dst []byte, name string, e *llm.Error) []byte {
	s.headers[0].Name = ":exception-type"
	s.headers[2].Value = eventstream.Text("exception")
	o := s.payload()
	o.text("message", e.Message)
	o.end()
	return s.frame(dst, name, s.w.Buf)
}
