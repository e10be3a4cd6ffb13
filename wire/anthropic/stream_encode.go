package anthropic

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Client.
func (Client) NewStream(*llm.Request) wire.StreamEncoder {
	return &streamEncoder{blocks: map[int]*sentBlock{}, usage: llm.NoUsage()}
}

// sentBlock is a part of the answer as a content block.
type sentBlock struct {
	index int
	kind  llm.Kind
	// mine: it came in our own format. signed: so was its proof, or it needs
	// none. skipped: there is no block for such a part.
	mine, signed, skipped, ended bool
	// waiting: the block cannot begin before its signature.
	waiting bool
	by      llm.Format
	// args of a call that came with its beginning. They count only where no
	// pieces follow.
	args []byte
	// late is the proof of a call whose id had gone out before.
	late *wire.Proof
}

type streamEncoder struct {
	w wire.Writer
	// The beginning waits for the next event: that may be the usage.
	head                     *llm.Event
	mine                     bool
	started, finished, ended bool
	blocks                   map[int]*sentBlock
	order                    []*sentBlock
	next                     int
	called                   bool
	usage                    llm.Usage
	// finish waits for the usage, or for the end.
	finish *llm.Event
}

// ContentType implements wire.StreamEncoder.
func (*streamEncoder) ContentType() string { return "text/event-stream" }

// Encode implements wire.StreamEncoder.
func (s *streamEncoder) Encode(dst []byte, ev *llm.Event) []byte {
	if s.ended || ev.Choice != 0 {
		return dst
	}
	s.w.Buf = dst
	s.event(ev)
	dst, s.w.Buf = s.w.Buf, nil
	return dst
}

func (s *streamEncoder) event(ev *llm.Event) {
	if ev.Kind == llm.EventStart {
		s.start(ev)
		return
	}
	// A beginning that nothing follows is not worth telling.
	if ev.Kind == llm.EventError && s.head == nil {
		s.fail(ev.Err)
		return
	}
	if s.begin(ev) {
		return
	}
	switch ev.Kind {
	case llm.EventPart:
		s.part(ev)
	case llm.EventDelta:
		s.delta(ev)
	case llm.EventSign:
		s.sign(ev)
	case llm.EventCite:
		s.cite(ev)
	case llm.EventPartEnd:
		s.end(s.blocks[ev.Index])
	case llm.EventFinish:
		s.keepFinish(ev)
	case llm.EventUsage:
		s.tellUsage(&ev.Usage)
	case llm.EventEnd:
		s.stop(ev)
	case llm.EventError:
		s.fail(ev.Err)
	case llm.EventOther:
		s.other(ev)
	case llm.EventStart, llm.EventLogprobs:
	}
}

// frame begins an event; its end is at done. The data is one object.
func (s *streamEncoder) frame(name string) int {
	s.w.Buf = append(s.w.Buf, "event: "...)
	s.w.Buf = append(s.w.Buf, name...)
	s.w.Buf = append(s.w.Buf, "\ndata: "...)
	return len(s.w.Buf)
}

// done ends an event. White space within values that came as they were must
// not break its line.
func (s *streamEncoder) done(data int) {
	for i, c := range s.w.Buf[data:] {
		if c == '\n' || c == '\r' {
			s.w.Buf[data+i] = ' '
		}
	}
	s.w.Buf = append(s.w.Buf, "\n\n"...)
}

// open begins an event with its type within.
func (s *streamEncoder) open(kind string) int {
	data := s.frame(kind)
	s.w.Object()
	s.w.StringMember("type", kind)
	return data
}

func (s *streamEncoder) close(data int) {
	s.w.EndObject()
	s.done(data)
}

func (s *streamEncoder) start(ev *llm.Event) {
	if s.started || s.head != nil {
		return
	}
	s.head = &llm.Event{ID: strings.Clone(ev.ID), Model: strings.Clone(ev.Model), Extra: cloneExtra(&ev.Extra)}
	s.mine = ev.Extra.From == own
}

func cloneExtra(x *llm.Extra) llm.Extra {
	c := llm.Extra{From: x.From, Members: slices.Clone(x.Members)}
	for i := range c.Members {
		m := &c.Members[i]
		m.Name, m.Value = strings.Clone(m.Name), bytes.Clone(m.Value)
	}
	return c
}

// begin writes message_start before anything else. It tells whether that was
// all that the event was for.
func (s *streamEncoder) begin(ev *llm.Event) bool {
	if s.started {
		return false
	}
	s.started = true
	if s.head == nil {
		s.head = &llm.Event{}
	}
	data := s.open("message_start")
	s.w.Name("message")
	o := newObject(&s.w, &s.head.Extra)
	o.text("id", s.head.ID)
	o.text("type", "message")
	o.text("role", "assistant")
	o.text("model", s.head.Model)
	o.name("content")
	s.w.Literal("[]")
	o.name("stop_reason")
	s.w.Raw(nil)
	o.name("stop_sequence")
	s.w.Raw(nil)
	first := ev.Kind == llm.EventUsage
	if first {
		s.keepUsage(&ev.Usage)
	}
	switch {
	case first:
		o.name("usage")
		writeUsage(&s.w, &ev.Usage)
	case !s.mine:
		none := llm.NoUsage()
		o.name("usage")
		writeUsage(&s.w, &none)
	}
	o.end()
	s.close(data)
	s.head = nil
	return first
}

func (s *streamEncoder) fail(e *llm.Error) {
	if e == nil {
		e = &llm.Error{Status: 500, Message: "the provider failed"}
	}
	data := s.frame("error")
	writeError(&s.w, e)
	s.done(data)
	s.ended = true
}

// block is that of a part, begun as a text where nobody began it.
func (s *streamEncoder) block(ev *llm.Event) *sentBlock {
	if b := s.blocks[ev.Index]; b != nil {
		return b
	}
	s.part(&llm.Event{Kind: llm.EventPart, Index: ev.Index})
	return s.blocks[ev.Index]
}

func (s *streamEncoder) part(ev *llm.Event) {
	if s.finished || s.blocks[ev.Index] != nil {
		return
	}
	p := ev.Part
	b := &sentBlock{kind: p.Kind, by: p.SignedBy, mine: p.Extra.From == own || p.SignedBy == own}
	s.blocks[ev.Index] = b
	s.order = append(s.order, b)
	if p.Kind == llm.Redacted && p.Signature == nil {
		b.waiting = true
		return
	}
	text, sign := s.bare(b, &p)
	s.blockStart(b, &p)
	if text != nil && !wire.EmptyText(text) {
		s.delta(&llm.Event{Index: ev.Index, Text: text})
	}
	if sign != nil {
		s.sign(&llm.Event{Index: ev.Index, Text: sign, Part: llm.Part{SignedBy: p.SignedBy}})
	}
}

// bare takes from a part what is told by events of its own.
func (s *streamEncoder) bare(b *sentBlock, p *llm.Part) (text, sign llm.JSON) {
	if p.Kind == llm.Text || p.Kind == llm.Refusal {
		text, p.Text = p.Text, nil
	}
	if p.Kind == llm.Thinking {
		text, sign = p.Text, p.Signature
		p.Text, p.Signature, p.Extra = nil, nil, startExtra(p)
	}
	if p.Kind == llm.ToolCall {
		s.called = true
		p.Call, b.args = withoutArgs(p.Call)
	}
	return text, sign
}

// startExtra makes the beginning of thoughts have the empty signature that
// clients expect there.
func startExtra(p *llm.Part) llm.Extra {
	x := llm.Extra{From: own}
	if p.Extra.From == own {
		x.Members = without(p.Extra.Members, "signature")
	}
	x.Members = append(x.Members, llm.Member{Name: "signature", Value: llm.JSON(`""`)})
	return x
}

func withoutArgs(call *llm.Call) (*llm.Call, []byte) {
	if call == nil {
		return &llm.Call{}, nil
	}
	bare := *call
	bare.Args = nil
	return &bare, bytes.Clone(call.Args)
}

func (s *streamEncoder) blockStart(b *sentBlock, p *llm.Part) {
	start := len(s.w.Buf)
	data := s.open("content_block_start")
	s.w.IntMember("index", int64(s.next))
	s.w.Name("content_block")
	pw := partWriter{w: &s.w, own: true, answer: true}
	some := pw.part(p, "")
	s.close(data)
	if !some {
		s.w.Buf = s.w.Buf[:start]
		b.skipped = true
		return
	}
	b.index = s.next
	s.next++
}

func (s *streamEncoder) openDelta(b *sentBlock) int {
	data := s.open("content_block_delta")
	s.w.IntMember("index", int64(b.index))
	s.w.Name("delta")
	return data
}

func (s *streamEncoder) delta(ev *llm.Event) {
	b := s.block(ev)
	if b == nil || b.skipped || b.ended || b.waiting || ev.Text == nil {
		return
	}
	b.args = nil
	kind, name := deltaNames(b.kind)
	if kind == "" {
		return
	}
	s.piece(b, kind, name, ev)
}

// deltaNames are the type of the pieces of a block and the member that holds
// them, empty where there are no pieces.
func deltaNames(kind llm.Kind) (delta, member string) {
	switch kind {
	case llm.Text, llm.Refusal:
		return "text_delta", "text"
	case llm.Thinking:
		return "thinking_delta", "thinking"
	case llm.ToolCall:
		return "input_json_delta", "partial_json"
	case llm.Image, llm.Audio, llm.Video, llm.Document, llm.ToolResult, llm.Redacted, llm.Opaque:
	}
	return "", ""
}

func (s *streamEncoder) piece(b *sentBlock, kind, name string, ev *llm.Event) {
	data := s.openDelta(b)
	o := newObject(&s.w, &ev.Extra)
	o.text("type", kind)
	o.raw(name, ev.Text)
	o.end()
	s.close(data)
}

func (s *streamEncoder) sign(ev *llm.Event) {
	b := s.blocks[ev.Index]
	if b == nil || b.skipped || b.ended {
		return
	}
	by := ev.Part.SignedBy
	if by == "" {
		by = b.by
	}
	proof := llm.Part{Kind: b.kind, Signature: ev.Text, SignedBy: by}
	switch {
	case b.kind == llm.ToolCall && by != own:
		b.late = &wire.Proof{By: by, Kind: llm.ToolCall, Signature: bytes.Clone(ev.Text)}
	case b.kind == llm.Redacted && b.waiting:
		b.waiting = false
		s.blockStart(b, &proof)
	case b.kind == llm.Thinking && by == own:
		b.signed = true
		s.signature(b, ev.Text)
	case b.kind == llm.Thinking:
		b.signed = true
		s.signature(b, wire.Quote(sealed(&proof)))
	}
}

func (s *streamEncoder) signature(b *sentBlock, text llm.JSON) {
	data := s.openDelta(b)
	s.w.Object()
	s.w.StringMember("type", "signature_delta")
	s.w.Member("signature", text)
	s.w.EndObject()
	s.close(data)
}

func (s *streamEncoder) cite(ev *llm.Event) {
	pw := partWriter{w: &s.w, answer: true}
	b := s.block(ev)
	if b == nil || b.kind != llm.Text || b.ended || !pw.citable(&ev.Citation) {
		return
	}
	data := s.openDelta(b)
	s.w.Object()
	s.w.StringMember("type", "citations_delta")
	s.w.Name("citation")
	pw.citation(&ev.Citation)
	s.w.EndObject()
	s.close(data)
}

func (s *streamEncoder) end(b *sentBlock) {
	if b == nil || b.ended {
		return
	}
	b.ended = true
	if b.skipped || b.waiting {
		return
	}
	if len(b.args) > 0 {
		s.piece(b, "input_json_delta", "partial_json", &llm.Event{Text: wire.Quote(string(b.args))})
	}
	if b.kind == llm.Thinking && !b.signed && !b.mine {
		s.signature(b, wire.Quote(sealed(&llm.Part{Kind: llm.Thinking, SignedBy: b.by})))
	}
	s.blockStop(b)
	if b.late != nil {
		s.proof(b.late)
	}
}

func (s *streamEncoder) blockStop(b *sentBlock) {
	data := s.open("content_block_stop")
	s.w.IntMember("index", int64(b.index))
	s.close(data)
}

// proof tells the proof of a call in a block of its own behind it: it came too
// late for the call's id.
func (s *streamEncoder) proof(p *wire.Proof) {
	b := &sentBlock{}
	s.blockStart(b, &llm.Part{Kind: llm.Redacted, Signature: wire.Quote(wire.SealID("", []wire.Proof{*p})), SignedBy: own})
	s.blockStop(b)
}

// other passes on what only our own format knows.
func (s *streamEncoder) other(ev *llm.Event) {
	if ev.Name != "content_block_delta" {
		if s.mine && wire.IsObject(ev.Text) && plainName(ev.Name) {
			data := s.frame(ev.Name)
			s.w.Raw(ev.Text)
			s.done(data)
		}
		return
	}
	b := s.blocks[ev.Index]
	if b == nil || b.skipped || b.ended || !b.mine {
		return
	}
	data := s.openDelta(b)
	s.w.Raw(ev.Text)
	s.close(data)
}

// plainName tells whether the name of an event can stand in its line.
func plainName(name string) bool {
	return name != "" && !strings.ContainsAny(name, "\r\n\x00")
}

func (s *streamEncoder) keepFinish(ev *llm.Event) {
	if s.finish != nil || s.finished {
		return
	}
	s.finish = &llm.Event{
		Finish: ev.Finish, Reason: strings.Clone(ev.Reason),
		StopSequence: bytes.Clone(ev.StopSequence), Extra: cloneExtra(&ev.Extra),
	}
}

// keepUsage remembers the counts for an end that tells none.
func (s *streamEncoder) keepUsage(u *llm.Usage) {
	s.usage = *u
	s.usage.Extra = llm.Extra{From: u.Extra.From}
	s.usage.ServiceTier = strings.Clone(u.ServiceTier)
	if u.Details != nil {
		d := *u.Details
		s.usage.Details = &d
	}
}

func (s *streamEncoder) tellUsage(u *llm.Usage) {
	s.keepUsage(u)
	if s.finish != nil {
		s.messageDelta(u)
	}
}

func (s *streamEncoder) messageDelta(u *llm.Usage) {
	for _, b := range s.order {
		s.end(b)
	}
	s.finished = true
	ev := s.finish
	if ev == nil {
		ev = &llm.Event{}
	}
	data := s.frame("message_delta")
	o := newObject(&s.w, &ev.Extra)
	o.text("type", "message_delta")
	if kept := o.kept("delta"); kept == nil || !sameFinish(finishEvent(wire.NewFields(kept)), ev) {
		o.name("delta")
		s.finishDelta(ev)
	}
	o.name("usage")
	writeUsage(&s.w, u)
	o.end()
	s.done(data)
}

func (s *streamEncoder) finishDelta(ev *llm.Event) {
	s.w.Object()
	s.w.Name("stop_reason")
	if s.mine && ev.Finish == llm.Unfinished {
		s.w.Raw(nil)
	} else {
		s.w.String(reasonOf(ev.Finish, ev.Reason, s.mine, ev.StopSequence != nil, s.called))
	}
	s.w.Name("stop_sequence")
	s.w.Raw(ev.StopSequence)
	s.w.EndObject()
}

func sameFinish(a llm.Event, b *llm.Event) bool {
	return a.Finish == b.Finish && a.Reason == b.Reason && bytes.Equal(a.StopSequence, b.StopSequence)
}

func (s *streamEncoder) stop(ev *llm.Event) {
	if !s.finished && (s.finish != nil || !s.mine || s.usage.Completion >= 0) {
		s.messageDelta(&s.usage)
	}
	for _, b := range s.order {
		s.end(b)
	}
	data := s.frame("message_stop")
	o := newObject(&s.w, &ev.Extra)
	o.text("type", "message_stop")
	o.end()
	s.done(data)
	s.ended = true
}
