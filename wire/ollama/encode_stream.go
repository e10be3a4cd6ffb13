package ollama

import (
	"bytes"
	"slices"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Client.
func (c Client) NewStream(*llm.Request) wire.StreamEncoder {
	return &streamEncoder{own: c.Format(), proofs: wire.Sealer{Own: c.Format()}, finish: llm.FinishStop, usage: llm.NoUsage()}
}

// streamEncoder writes one answer line by line. Of several answers to one
// question it tells the first.
type streamEncoder struct {
	own     llm.Format
	model   string
	created int64
	extra   llm.Extra // of each line but the last
	last    llm.Extra // of the last
	silent  []int     // parts that have no place here
	calls   []openCall
	proofs  wire.Sealer
	finish  llm.Finish
	reason  string
	usage   llm.Usage
	ended   bool
}

// openCall is a call that is being told, with the proofs of what came before it,
// or thoughts that may still be signed.
type openCall struct {
	index  int
	part   llm.Part
	call   llm.Call
	proofs []wire.Proof
}

const lineType = "application/x-ndjson"

// ContentType implements wire.StreamEncoder.
func (s *streamEncoder) ContentType() string { return lineType }

// Encode implements wire.StreamEncoder.
func (s *streamEncoder) Encode(dst []byte, ev *llm.Event) []byte {
	if s.ended || ev.Choice != 0 {
		return dst
	}
	switch ev.Kind {
	case llm.EventStart:
		s.model, s.created, s.extra = ev.Model, ev.Created, kept(&ev.Extra, s.own)
	case llm.EventPart:
		return s.part(dst, ev)
	case llm.EventDelta:
		return s.delta(dst, ev)
	case llm.EventSign:
		s.sign(ev)
	case llm.EventPartEnd:
		return s.partEnd(dst, ev.Index)
	case llm.EventFinish:
		s.finish, s.reason, s.last = ev.Finish, ev.Reason, kept(&ev.Extra, s.own)
	case llm.EventUsage:
		s.usage = ev.Usage
	case llm.EventLogprobs:
		return s.logprobs(dst, ev.Text)
	case llm.EventError:
		return s.failure(dst, ev.Err)
	case llm.EventEnd:
		return s.end(dst)
	case llm.EventCite, llm.EventOther:
	}
	return dst
}

// kept is a copy of what an event held of our own format.
func kept(x *llm.Extra, own llm.Format) llm.Extra {
	if x.From != own {
		return llm.Extra{}
	}
	out := llm.Extra{From: own, Members: make([]llm.Member, len(x.Members))}
	for i, m := range x.Members {
		out.Members[i] = llm.Member{Name: string([]byte(m.Name)), Value: bytes.Clone(m.Value)}
	}
	return out
}

func (s *streamEncoder) part(dst []byte, ev *llm.Event) []byte {
	p := &ev.Part
	if p.Kind != llm.ToolCall {
		s.proofs.Part(p)
	}
	switch p.Kind {
	case llm.Text, llm.Refusal:
		return s.text(dst, "content", p.Text)
	case llm.Thinking:
		s.openPart(ev.Index, p)
		return s.text(dst, "thinking", p.Text)
	case llm.Redacted, llm.ToolCall:
		s.openPart(ev.Index, p)
	case llm.Image:
		return s.image(dst, p)
	case llm.Audio, llm.Video, llm.Document, llm.ToolResult, llm.Opaque:
		s.silent = append(s.silent, ev.Index)
	}
	return dst
}

func (s *streamEncoder) openPart(index int, p *llm.Part) {
	o := openCall{index: index, part: llm.Part{
		Kind: p.Kind, Signature: bytes.Clone(p.Signature), SignedBy: p.SignedBy, Extra: kept(&p.Extra, s.own),
	}}
	if p.Call != nil {
		o.proofs = s.proofs.Thoughts()
		o.call = llm.Call{
			ID: p.Call.ID, Name: p.Call.Name, Args: bytes.Clone(p.Call.Args), Extra: kept(&p.Call.Extra, s.own),
		}
	}
	s.calls = append(s.calls, o)
}

func (s *streamEncoder) find(index int) *openCall {
	for i := range s.calls {
		if s.calls[i].index == index {
			return &s.calls[i]
		}
	}
	return nil
}

func (s *streamEncoder) delta(dst []byte, ev *llm.Event) []byte {
	o := s.find(ev.Index)
	switch {
	case o == nil:
		if slices.Contains(s.silent, ev.Index) {
			return dst
		}
		return s.text(dst, "content", ev.Text)
	case o.part.Kind == llm.Thinking:
		s.proofs.Tell(ev.Text)
		return s.text(dst, "thinking", ev.Text)
	case o.part.Kind == llm.ToolCall && wire.IsString(ev.Text):
		if args, err := jsonscan.AppendUnquote(o.call.Args, ev.Text); err == nil {
			o.call.Args = args
		}
	}
	return dst
}

func (s *streamEncoder) sign(ev *llm.Event) {
	o := s.find(ev.Index)
	if o == nil {
		return
	}
	if o.part.Kind != llm.ToolCall {
		s.proofs.Sign(ev.Text, ev.Part.SignedBy)
		return
	}
	o.part.Signature = bytes.Clone(ev.Text)
	if ev.Part.SignedBy != "" {
		o.part.SignedBy = ev.Part.SignedBy
	}
}

// partEnd ends a part. A call is told whole.
func (s *streamEncoder) partEnd(dst []byte, index int) []byte {
	for i := range s.calls {
		if s.calls[i].index == index {
			o := s.calls[i]
			s.calls = append(s.calls[:i], s.calls[i+1:]...)
			return s.tell(dst, &o)
		}
	}
	return dst
}

func (s *streamEncoder) tell(dst []byte, o *openCall) []byte {
	if o.part.Kind != llm.ToolCall || s.own == llm.OllamaGenerate {
		return dst
	}
	o.part.Call = &o.call
	if len(o.call.Args) == 0 {
		o.call.Args = nil
	}
	v := voice{own: s.own, calls: []call{{part: &o.part, proofs: wire.Prove(o.proofs, &o.part, s.own)}}}
	return s.line(dst, &v)
}

func (s *streamEncoder) image(dst []byte, p *llm.Part) []byte {
	v := voice{own: s.own}
	v.sort([]llm.Part{*p})
	if len(v.images) == 0 || s.own == llm.OllamaGenerate {
		return dst
	}
	return s.line(dst, &v)
}

func (s *streamEncoder) text(dst []byte, name string, text llm.JSON) []byte {
	if !wire.IsString(text) || wire.EmptyText(text) {
		return dst
	}
	v := voice{own: s.own}
	if name == "thinking" {
		v.thoughts = []llm.JSON{text}
	} else {
		v.texts = []llm.JSON{text}
	}
	return s.line(dst, &v)
}

// line writes one line but the last.
func (s *streamEncoder) line(dst []byte, v *voice) []byte {
	w := wire.Writer{Buf: dst}
	n := s.begin(&w, &s.extra)
	s.content(&n, v)
	n.Member("done", llm.JSON("false"))
	n.End()
	return lineEnd(w.Buf, len(dst))
}

func (s *streamEncoder) begin(w *wire.Writer, extra *llm.Extra) wire.Node {
	n := wire.Begin(w, extra, s.own)
	n.Text("model", s.model)
	writeCreated(&n, s.created)
	return n
}

func (s *streamEncoder) content(n *wire.Node, v *voice) {
	v.w = n.W
	if s.own == llm.OllamaChat {
		v.message(n, &llm.Extra{})
		return
	}
	n.Member("response", v.text())
	v.thinking(n)
}

func lineEnd(b []byte, start int) []byte {
	oneLine(b[start:])
	return append(b, '\n')
}

func (s *streamEncoder) logprobs(dst []byte, text llm.JSON) []byte {
	list := wire.Get(text, "content")
	if !wire.IsArray(list) {
		return dst
	}
	w := wire.Writer{Buf: dst}
	n := s.begin(&w, &s.extra)
	s.content(&n, &voice{own: s.own})
	n.Member("logprobs", list)
	n.Member("done", llm.JSON("false"))
	n.End()
	return lineEnd(w.Buf, len(dst))
}

func (s *streamEncoder) failure(dst []byte, e *llm.Error) []byte {
	s.ended = true
	if e == nil {
		e = &llm.Error{Message: "the stream broke"}
	}
	return append(Client{}.EncodeError(dst, e), '\n')
}

// end writes the last line, after calls that nobody ended.
func (s *streamEncoder) end(dst []byte) []byte {
	for i := range s.calls {
		dst = s.tell(dst, &s.calls[i])
	}
	s.ended = true
	if s.last.From != s.own && s.extra.From == s.own {
		s.last = s.extra
	}
	w := wire.Writer{Buf: dst}
	n := s.begin(&w, &s.last)
	s.content(&n, &voice{own: s.own})
	n.Member("done", llm.JSON("true"))
	if s.last.From != s.own || s.reason != "" {
		n.Text("done_reason", reasonOf(s.finish, s.reason, s.last.From == s.own))
	}
	writeUsage(&n, &s.usage)
	n.End()
	return lineEnd(w.Buf, len(dst))
}
