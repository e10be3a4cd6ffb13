package gemini

import (
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// encoder writes the messages of a stream. Texts go out as they come; a call is
// written when it is whole, for clients take its arguments for an object; what
// belongs to the end of the answer goes into its last message.
type encoder struct {
	partEncoder
	array   bool // one array, not server-sent events
	wrote   bool
	ended   bool
	id      string
	model   string
	created llm.JSON
	usage   []byte // usageMetadata, as told last
	fresh   bool   // it is not written yet
	top     llm.Extra
	choices []*answer
	blocked bool // the prompt was, so there are no candidates
}

// answer is how far one choice has got.
type answer struct {
	index   int
	parts   map[int]*piece
	rest    llm.Extra // members of the candidate to write with the next message
	inner   llm.Extra // of its content
	proofs  wire.Sealer
	called  bool
	cited   grounding
	written bool
	reason  string
	done    bool
}

// piece is a part that is not at its end.
type piece struct {
	llm.Part
	whole bool   // to be written at its end
	text  []byte // until then: the text, or that of the arguments
	ascii bool
}

func newEncoder(r *llm.Request) *encoder {
	e := &encoder{}
	e.answer, e.show = true, r == nil || r.Reasoning.Show
	e.array = r != nil && hasForm(&r.Extra, formAlt, "json")
	return e
}

// ContentType implements wire.StreamEncoder.
func (e *encoder) ContentType() string {
	if e.array {
		return "application/json"
	}
	return "text/event-stream"
}

// Encode implements wire.StreamEncoder.
func (e *encoder) Encode(dst []byte, ev *llm.Event) []byte {
	if e.ended {
		return dst
	}
	e.w.Buf = dst
	switch ev.Kind {
	case llm.EventStart:
		e.start(ev)
	case llm.EventPart, llm.EventDelta, llm.EventSign, llm.EventPartEnd, llm.EventCite:
		e.partEvent(ev)
	case llm.EventFinish:
		e.finish(ev)
	case llm.EventUsage:
		e.tellUsage(&ev.Usage)
	case llm.EventLogprobs:
		e.logprobs(ev)
	case llm.EventOther:
		e.other(ev)
	case llm.EventError:
		e.fail(ev.Err)
	case llm.EventEnd:
		e.end()
	}
	return e.w.Buf
}

func (e *encoder) start(ev *llm.Event) {
	e.id, e.model, e.same = ev.ID, ev.Model, ev.Extra.From == own
	e.created = slices.Clone(form(&ev.Extra, formTime))
}

func (e *encoder) choice(index int) *answer {
	for _, a := range e.choices {
		if a.index == index {
			return a
		}
	}
	a := &answer{index: index, parts: map[int]*piece{}, proofs: wire.Sealer{Own: own}}
	e.choices = append(e.choices, a)
	return a
}

func (e *encoder) partEvent(ev *llm.Event) {
	a := e.choice(ev.Choice)
	p := a.parts[ev.Index]
	if ev.Kind == llm.EventPart || p == nil && ev.Kind != llm.EventPartEnd {
		p = e.begin(a, ev)
	}
	switch ev.Kind {
	case llm.EventDelta:
		e.delta(a, p, ev.Text)
	case llm.EventSign:
		e.sign(a, p, ev)
	case llm.EventCite:
		e.cite(a, p, &ev.Citation)
	case llm.EventPartEnd:
		e.endPart(a, ev.Index)
	case llm.EventStart, llm.EventPart, llm.EventFinish, llm.EventUsage, llm.EventLogprobs, llm.EventError,
		llm.EventEnd, llm.EventOther:
	}
}

// begin begins a part. Media and what only this format knows come whole.
func (e *encoder) begin(a *answer, ev *llm.Event) *piece {
	p := &piece{ascii: true}
	if ev.Kind == llm.EventPart {
		p.Part = ev.Part
	}
	a.parts[ev.Index] = p
	if p.Kind != llm.ToolCall {
		a.proofs.Part(&llm.Part{Kind: p.Kind, Signature: p.Signature, SignedBy: p.SignedBy})
	}
	switch p.Kind {
	case llm.ToolCall:
		p.whole = true
		p.Call = cloneCall(p.Call)
		p.text = append(p.text, p.Call.Args...)
	case llm.Text, llm.Refusal, llm.Thinking, llm.Redacted:
		p.whole = p.Extra.From == own && len(p.Extra.Members) > 0
	case llm.Image, llm.Audio, llm.Video, llm.Document, llm.ToolResult, llm.Opaque:
		e.write(a, &p.Part)
	}
	first, signature, by := p.Text, p.Signature, p.SignedBy
	p.Text, p.Signature, p.Media, p.Raw, p.Result, p.Citations = nil, nil, nil, nil, nil, nil
	p.Extra = cloneExtra(&p.Extra)
	e.delta(a, p, first)
	if signature != nil && isTalk(p.Kind) {
		e.sign(a, p, &llm.Event{Text: signature, Part: llm.Part{SignedBy: by}})
	}
	return p
}

// isTalk tells the kinds that go on after they have begun.
func isTalk(k llm.Kind) bool {
	return k == llm.Text || k == llm.Refusal || k == llm.Thinking || k == llm.Redacted || k == llm.ToolCall
}

func cloneCall(c *llm.Call) *llm.Call {
	if c == nil {
		return &llm.Call{}
	}
	return &llm.Call{ID: c.ID, Name: c.Name, Args: slices.Clone(c.Args), Custom: c.Custom, Extra: cloneExtra(&c.Extra)}
}

// cloneExtra copies what this format will want after the event is gone.
func cloneExtra(x *llm.Extra) llm.Extra {
	if x.From != own {
		return llm.Extra{}
	}
	out := llm.Extra{From: own}
	for _, m := range x.Members {
		out.Members = append(out.Members, llm.Member{Name: string([]byte(m.Name)), Value: slices.Clone(m.Value)})
	}
	return out
}

func (e *encoder) delta(a *answer, p *piece, text llm.JSON) {
	if !wire.IsString(text) || wire.EmptyText(text) {
		return
	}
	if p.Kind == llm.ToolCall || p.whole {
		p.text = append(p.text, wire.TextBytes(text)...)
		return
	}
	if !isTalk(p.Kind) || p.Kind == llm.Redacted {
		return
	}
	p.ascii = p.ascii && isASCII(text)
	a.proofs.Tell(text)
	e.write(a, &llm.Part{Kind: p.Kind, Text: text})
}

// isASCII tells whether a JSON string has characters of one byte only.
func isASCII(text llm.JSON) bool {
	for i, c := range text {
		if c >= 0x80 || c == '\\' && text[i+1] == 'u' {
			return false
		}
	}
	return true
}

// sign gives the part its signature: with it, where it is written whole, or in
// an empty text after it. That of another format waits for the next call.
func (e *encoder) sign(a *answer, p *piece, ev *llm.Event) {
	by := ev.Part.SignedBy
	if by == "" {
		by = p.SignedBy
	}
	if !wire.IsString(ev.Text) || by == "" || !isTalk(p.Kind) {
		return
	}
	signature := slices.Clone(ev.Text)
	switch {
	case p.Kind == llm.ToolCall || p.whole:
		p.Signature, p.SignedBy = signature, by
	case by == own:
		e.write(a, &llm.Part{Kind: p.Kind, Text: llm.JSON(`""`), Signature: signature, SignedBy: by})
	default:
		a.proofs.Sign(signature, by)
	}
}

// cite keeps a citation of another format for the end. Places are in bytes here;
// they are known where the text is ASCII.
func (e *encoder) cite(a *answer, p *piece, c *llm.Citation) {
	if c.From == own {
		return // it is in a member of the candidate
	}
	if a.cited.source(c) && p.ascii && c.Start >= 0 && c.End >= c.Start {
		a.cited.support(0, c.Start, c.End, nil)
	}
}

func (e *encoder) endPart(a *answer, index int) {
	p := a.parts[index]
	delete(a.parts, index)
	if p == nil || !p.whole {
		return
	}
	if p.Kind == llm.ToolCall {
		p.Call.Args = p.text
	} else {
		p.Text = wire.Quote(string(p.text))
	}
	e.write(a, &p.Part)
}

// write writes a message with one part.
func (e *encoder) write(a *answer, p *llm.Part) {
	e.called, e.proofs = a.called, nil
	if !e.expressible(p, &llm.Message{Parts: []llm.Part{*p}}) {
		return
	}
	if p.Kind == llm.ToolCall {
		e.proofs = a.proofs.Thoughts()
	}
	e.flush()
	e.message(func(o *node) {
		e.oneCandidate(o, a, func(c *node) {
			e.content(c, a, p)
		})
	})
	a.called, a.written = e.called, true
}

func (e *encoder) content(c *node, a *answer, p *llm.Part) {
	in := c.inner("content", &a.inner)
	in.name("parts")
	e.w.Array()
	e.part(p)
	e.w.EndArray()
	in.text("role", "model")
	in.end()
	a.inner = llm.Extra{}
}

// message writes one message: what fill writes of it, and what every message has.
func (e *encoder) message(fill func(o *node)) {
	switch {
	case !e.array:
		e.w.Buf = append(e.w.Buf, "data: "...)
	case e.wrote:
		e.w.Buf = append(e.w.Buf, ",\r\n"...)
	default:
		e.w.Buf = append(e.w.Buf, '[')
	}
	e.wrote = true
	begin := len(e.w.Buf)
	o := node{w: &e.w, x: &e.top}
	o.open()
	fill(&o)
	if len(e.usage) > 0 {
		o.member("usageMetadata", e.usage)
	}
	e.fresh = false
	o.text("modelVersion", e.model)
	o.member("createTime", e.created)
	o.text("responseId", e.id)
	o.end()
	e.top = llm.Extra{}
	if !e.array {
		oneLine(e.w.Buf[begin:])
		e.w.Buf = append(e.w.Buf, "\r\n\r\n"...)
	}
}

// oneLine makes breaks of lines blanks. They stand between the tokens of values
// that were copied: a string in JSON has none.
func oneLine(b []byte) {
	for i, c := range b {
		if c == '\n' || c == '\r' {
			b[i] = ' '
		}
	}
}

func (e *encoder) oneCandidate(o *node, a *answer, fill func(c *node)) {
	o.name("candidates")
	e.w.Array()
	e.candidate(a, fill)
	e.w.EndArray()
}

func (e *encoder) candidate(a *answer, fill func(c *node)) {
	c := node{w: &e.w, x: &a.rest}
	c.open()
	fill(&c)
	c.count("index", int64(a.index))
	c.end()
	a.rest = llm.Extra{}
}

// pending tells whether there is something that must be written before the next
// part, or before other counts.
func (e *encoder) pending() bool {
	if len(e.top.Members) > 0 {
		return true
	}
	return slices.ContainsFunc(e.choices, (*answer).pending)
}

// flush writes what is pending as a message of its own.
func (e *encoder) flush() {
	if e.pending() {
		e.message(func(o *node) { e.leftovers(o, false) })
	}
}

// leftovers writes the candidates of which something is pending, and at the end
// all that are finished.
func (e *encoder) leftovers(o *node, last bool) {
	open := false
	for _, a := range e.choices {
		if !a.pending() && (!last || !e.tellsEnd(a)) {
			continue
		}
		if !open {
			o.name("candidates")
			e.w.Array()
			open = true
		}
		e.candidate(a, func(c *node) {
			e.innerRest(c, a)
			if last {
				c.text("finishReason", a.reason)
				if !holds(&a.rest, "groundingMetadata") {
					a.cited.write(c)
				}
			}
		})
	}
	if open {
		e.w.EndArray()
	}
}

// tellsEnd tells whether a choice is a candidate with a finishReason. Where the
// prompt was blocked there is none.
func (e *encoder) tellsEnd(a *answer) bool { return a.done && (a.written || !e.blocked) }

func (e *encoder) innerRest(c *node, a *answer) {
	if len(a.inner.Members) == 0 {
		return
	}
	in := c.inner("content", &a.inner)
	in.end()
	a.inner = llm.Extra{}
}

// other keeps a member that only this format knows for the next message.
func (e *encoder) other(ev *llm.Event) {
	if ev.Extra.From != own || ev.Text == nil {
		return
	}
	prefix, name := otherName(ev.Name)
	if prefix == "" {
		e.blocked = e.blocked || name == "promptFeedback" && member(ev.Text, "blockReason") != nil
		if holds(&e.top, name) {
			e.flush()
		}
		keep(&e.top, name, ev.Text)
		return
	}
	a := e.choice(ev.Choice)
	if prefix == ofContent {
		e.room(a, len(a.rest.Members) > 0 || holds(&a.inner, name))
		keep(&a.inner, name, ev.Text)
		return
	}
	e.room(a, holds(&a.rest, name))
	keep(&a.rest, name, ev.Text)
}

// room writes what is pending, if a reader would find it after what is to be
// kept for the choice a: members of the answer, and of other choices.
func (e *encoder) room(a *answer, taken bool) {
	if taken || len(e.top.Members) > 0 || slices.ContainsFunc(e.choices, func(b *answer) bool { return a != b && b.pending() }) {
		e.flush()
	}
}

func (a *answer) pending() bool { return len(a.rest.Members)+len(a.inner.Members) > 0 }

func keep(x *llm.Extra, name string, v llm.JSON) {
	x.From = own
	x.Members = append(x.Members, llm.Member{Name: strings.Clone(name), Value: slices.Clone(v)})
}

func (e *encoder) logprobs(ev *llm.Event) {
	var w wire.Writer
	o := node{w: &w}
	o.open()
	writeLogprobs(&o, ev.Text)
	o.end()
	if v := wire.Get(w.Buf, "logprobsResult"); v != nil {
		a := e.choice(ev.Choice)
		e.room(a, len(a.rest.Members) > 0)
		keep(&a.rest, "logprobsResult", v)
	}
}

// tellUsage keeps the counts for the next message, and all after it.
func (e *encoder) tellUsage(u *llm.Usage) {
	if !knownUsage(u) {
		return
	}
	e.flush()
	var w wire.Writer
	o := node{w: &w}
	o.open()
	writeUsage(&o, u)
	o.end()
	e.usage, e.fresh = wire.Get(w.Buf, "usageMetadata"), true
}

func (e *encoder) finish(ev *llm.Event) {
	a := e.choice(ev.Choice)
	e.endParts(a)
	a.done = true
	a.reason = reasonFor(ev.Finish, ev.Reason, a.called, e.same)
}

// endParts ends the parts that nobody ended, in order.
func (e *encoder) endParts(a *answer) {
	var open []int
	for i := range a.parts {
		open = append(open, i)
	}
	slices.Sort(open)
	for _, i := range open {
		e.endPart(a, i)
	}
}

func (e *encoder) end() {
	for _, a := range e.choices {
		e.endParts(a)
	}
	finished := slices.ContainsFunc(e.choices, e.tellsEnd)
	if finished || e.pending() || e.fresh {
		e.message(func(o *node) { e.leftovers(o, true) })
	}
	e.close()
}

func (e *encoder) close() {
	e.ended = true
	switch {
	case !e.array:
	case e.wrote:
		e.w.Buf = append(e.w.Buf, ']')
	default:
		e.w.Buf = append(e.w.Buf, "[]"...)
	}
}

// fail ends the stream with an error. Among events it stands without data: in
// front, as Google's servers send it: Google's libraries look for it there and
// nowhere else, and other readers of events pass over the line.
func (e *encoder) fail(err *llm.Error) {
	if err == nil {
		err = &llm.Error{Message: "the answer broke off", RetryAfter: -1}
	}
	switch {
	case e.array && e.wrote:
		e.w.Buf = append(e.w.Buf, ",\r\n"...)
	case e.array:
		e.w.Buf = append(e.w.Buf, '[')
	}
	e.wrote = true
	writeError(&e.w, err)
	if !e.array {
		e.w.Buf = append(e.w.Buf, "\r\n\r\n"...)
	}
	e.close()
}
