package cohere

import (
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Client.
func (V2Client) NewStream(*llm.Request) wire.StreamEncoder {
	return &v2Encoder{usage: llm.NoUsage(), proofs: wire.Sealer{Own: llm.CohereV2}}
}

// maxSaid bounds how much of an answer an encoder remembers, and
// how long a text is searched for what is cited.
const maxSaid = 1 << 16

// v2Encoder writes a stream. It remembers the parts that are open, the texts
// that citations may quote, and what is told last.
type v2Encoder struct {
	started, done            bool
	open                     []outPart
	blocks, calls, citations int64
	proofs                   wire.Sealer
	probs                    llm.JSON
	end                      ending
	usage                    llm.Usage
}

// outPart is a part that is being told.
type outPart struct {
	index  int
	number int64
	kind   llm.Kind
	plan   bool
	silent bool
	said   []byte
}

// ContentType implements wire.StreamEncoder.
func (*v2Encoder) ContentType() string { return "text/event-stream" }

// Encode implements wire.StreamEncoder.
func (e *v2Encoder) Encode(dst []byte, ev *llm.Event) []byte {
	if e.done || ev.Choice != 0 {
		return dst
	}
	if ev.Kind == llm.EventStart {
		return e.start(dst, ev.ID)
	}
	dst = e.start(dst, "")
	switch ev.Kind {
	case llm.EventPart:
		return e.part(dst, ev.Index, &ev.Part)
	case llm.EventDelta:
		return e.delta(dst, ev.Index, ev.Text)
	case llm.EventPartEnd:
		return e.partEnd(dst, ev.Index)
	case llm.EventCite:
		return e.cite(dst, ev)
	case llm.EventSign:
		e.proofs.Sign(ev.Text, ev.Part.SignedBy)
	case llm.EventFinish:
		e.end.finish, e.end.reason, e.end.stop = ev.Finish, ev.Reason, ev.StopSequence
		e.end.mine = ev.Extra.From == llm.CohereV2
	case llm.EventUsage:
		e.usage = ev.Usage
		e.usage.Extra.Members = kept(ev.Usage.Extra.Members)
	case llm.EventLogprobs:
		e.probs = v2Probs(ev)
	case llm.EventOther:
		return e.other(dst, ev)
	case llm.EventError:
		return e.finish(dst, ev.Err)
	case llm.EventEnd:
		return e.finish(dst, nil)
	case llm.EventStart:
	}
	return dst
}

// kept copies members: those of an event hold until the next.
func kept(members []llm.Member) []llm.Member {
	copied := make([]llm.Member, len(members))
	for i, m := range members {
		copied[i] = llm.Member{Name: strings.Clone(m.Name), Value: append(llm.JSON(nil), m.Value...)}
	}
	return copied
}

// frame appends an event that write fills.
func frame(dst []byte, name string, write func(w *wire.Writer)) []byte {
	if name != "" && !strings.ContainsAny(name, "\r\n") {
		dst = append(append(append(dst, "event: "...), name...), '\n')
	}
	dst = append(dst, "data: "...)
	return append(line(dst, write), '\n', '\n')
}

// line appends JSON in one line: line ends within it are white space.
func line(dst []byte, write func(w *wire.Writer)) []byte {
	from := len(dst)
	w := wire.Writer{Buf: dst}
	write(&w)
	for i := from; i < len(w.Buf); i++ {
		if w.Buf[i] == '\n' || w.Buf[i] == '\r' {
			w.Buf[i] = ' '
		}
	}
	return w.Buf
}

// event appends {"type": …, "index": …, "delta": {"message": {member: …}}}.
func event(dst []byte, name string, index int64, member string, write func(w *wire.Writer)) []byte {
	return frame(dst, name, func(w *wire.Writer) {
		w.Object()
		w.StringMember("type", name)
		if index >= 0 {
			w.IntMember("index", index)
		}
		if member != "" {
			w.Name("delta")
			w.Object()
			w.Name("message")
			w.Object()
			w.Name(member)
			write(w)
			w.EndObject()
			w.EndObject()
		}
		w.EndObject()
	})
}

func (e *v2Encoder) start(dst []byte, id string) []byte {
	if e.started {
		return dst
	}
	e.started = true
	return frame(dst, "message-start", func(w *wire.Writer) {
		w.Object()
		w.StringMember("id", id)
		w.StringMember("type", "message-start")
		w.Name("delta")
		w.Literal(`{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}`)
		w.EndObject()
	})
}

func (e *v2Encoder) find(index int) *outPart {
	for i := range e.open {
		if e.open[i].index == index {
			return &e.open[i]
		}
	}
	return nil
}

func (e *v2Encoder) part(dst []byte, index int, p *llm.Part) []byte {
	dst = e.partEnd(dst, index)
	o := outPart{index: index, kind: p.Kind, plan: isPlan(p)}
	switch {
	case o.plan:
	case p.Kind == llm.ToolCall && p.Call != nil:
		dst = e.call(dst, &o, p)
	case isText(p), p.Kind == llm.Thinking, p.Kind == llm.Opaque && p.Extra.From == llm.CohereV2 && p.Raw != nil:
		dst = e.block(dst, &o, p)
	default:
		o.silent = true
	}
	if p.Kind != llm.ToolCall {
		e.proofs.Part(&llm.Part{Kind: p.Kind, Signature: p.Signature, SignedBy: p.SignedBy})
	}
	if len(e.open) < maxParts {
		e.open = append(e.open, o)
	}
	if p.Text != nil && !wire.EmptyText(p.Text) {
		dst = e.delta(dst, index, p.Text)
	}
	return dst
}

func (e *v2Encoder) call(dst []byte, o *outPart, p *llm.Part) []byte {
	c := p.Call
	o.number, e.calls, e.end.calls = e.calls, e.calls+1, true
	id := wire.SealID(c.ID, e.proofs.Take(p))
	dst = event(dst, "tool-call-start", o.number, "tool_calls", func(w *wire.Writer) {
		w.Object()
		w.Name("id")
		w.String(id)
		w.StringMember("type", "function")
		w.Name("function")
		w.Object()
		w.Name("name")
		w.String(c.Name)
		w.Name("arguments")
		w.Literal(`""`)
		w.EndObject()
		w.EndObject()
	})
	if len(c.Args) == 0 {
		return dst
	}
	return argumentsOut(dst, o.number, wire.Quote(string(c.Args)))
}

func argumentsOut(dst []byte, number int64, text llm.JSON) []byte {
	return event(dst, "tool-call-delta", number, "tool_calls", func(w *wire.Writer) {
		w.Object()
		w.Name("function")
		w.Object()
		w.Member("arguments", text)
		w.EndObject()
		w.EndObject()
	})
}

func (e *v2Encoder) block(dst []byte, o *outPart, p *llm.Part) []byte {
	o.number, e.blocks = e.blocks, e.blocks+1
	return event(dst, "content-start", o.number, "content", func(w *wire.Writer) {
		if p.Kind == llm.Opaque {
			w.Raw(p.Raw)
			return
		}
		kind := textKind(p.Kind)
		w.Object()
		w.StringMember("type", kind)
		w.Member(kind, llm.JSON(`""`))
		w.EndObject()
	})
}

func (e *v2Encoder) delta(dst []byte, index int, text llm.JSON) []byte {
	o := e.find(index)
	if o == nil {
		dst = e.part(dst, index, &llm.Part{})
		if o = e.find(index); o == nil {
			return dst
		}
	}
	switch {
	case o.silent || !wire.IsString(text):
		return dst
	case o.plan:
		return event(dst, "tool-plan-delta", -1, planMark, func(w *wire.Writer) { w.Raw(text) })
	case o.kind == llm.ToolCall:
		return argumentsOut(dst, o.number, text)
	}
	if o.kind == llm.Thinking {
		e.proofs.Tell(text)
	} else if len(o.said) < maxSaid {
		o.said = append(o.said, text[1:len(text)-1]...)
	}
	return e.text(dst, o, text)
}

func (e *v2Encoder) text(dst []byte, o *outPart, text llm.JSON) []byte {
	probs := e.probs
	e.probs = nil
	return frame(dst, "content-delta", func(w *wire.Writer) {
		w.Object()
		w.StringMember("type", "content-delta")
		w.IntMember("index", o.number)
		w.Name("delta")
		w.Object()
		w.Name("message")
		w.Object()
		w.Name("content")
		w.Object()
		w.Member(textKind(o.kind), text)
		w.EndObject()
		w.EndObject()
		w.EndObject()
		w.Member("logprobs", probs)
		w.EndObject()
	})
}

// v2Probs are logprobs as the next piece of text has them beside it.
func v2Probs(ev *llm.Event) llm.JSON {
	if raw, ok := keptOf(&ev.Extra, llm.CohereV2, "logprobs"); ok {
		return append(llm.JSON(nil), raw...)
	}
	var w, list wire.Writer
	list.Array()
	var tokens []llm.JSON
	items := wire.Items(wire.Get(ev.Text, "content"))
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		tokens = append(tokens, wire.Get(item, "token"))
		list.Raw(wire.Get(item, "logprob"))
	}
	list.EndArray()
	if len(tokens) == 0 {
		return nil
	}
	w.Object()
	w.Member("text", wire.Join("", tokens...))
	w.Member("token_ids", llm.JSON("[]"))
	w.Member("logprobs", list.Buf)
	w.EndObject()
	return w.Buf
}

func (e *v2Encoder) partEnd(dst []byte, index int) []byte {
	for i := range e.open {
		if e.open[i].index == index {
			dst = e.close(dst, &e.open[i])
			e.open = append(e.open[:i], e.open[i+1:]...)
			return dst
		}
	}
	return dst
}

func (e *v2Encoder) close(dst []byte, o *outPart) []byte {
	switch {
	case o.silent, o.plan:
		return dst
	case o.kind == llm.ToolCall:
		return event(dst, "tool-call-end", o.number, "", nil)
	case e.probs != nil:
		dst = e.text(dst, o, llm.JSON(`""`))
	}
	return event(dst, "content-end", o.number, "", nil)
}

func (e *v2Encoder) cite(dst []byte, ev *llm.Event) []byte {
	var said llm.JSON
	if o := e.find(ev.Index); o != nil {
		said = append(append([]byte{'"'}, o.said...), '"')
	}
	number := e.citations
	e.citations++
	dst = event(dst, "citation-start", number, "citations", func(w *wire.Writer) {
		v2CitationOut(w, &ev.Citation, said)
	})
	return event(dst, "citation-end", number, "", nil)
}

func (e *v2Encoder) other(dst []byte, ev *llm.Event) []byte {
	if ev.Extra.From != llm.CohereV2 || ev.Text == nil {
		return dst
	}
	return frame(dst, ev.Name, func(w *wire.Writer) { w.Raw(ev.Text) })
}

// finish ends the stream, with an error if there is one.
func (e *v2Encoder) finish(dst []byte, failure *llm.Error) []byte {
	e.done = true
	for i := range e.open {
		dst = e.close(dst, &e.open[i])
	}
	dst = frame(dst, "message-end", func(w *wire.Writer) {
		w.Object()
		w.StringMember("type", "message-end")
		w.Name("delta")
		var none llm.Extra
		delta := begin(w, &none, llm.CohereV2)
		if failure != nil {
			e.end.finish, e.end.reason = llm.FinishError, "ERROR"
		}
		delta.Text("finish_reason", e.end.word(llm.CohereV2))
		v2Usage(&delta, &e.usage)
		if failure != nil {
			delta.Name("error")
			w.String(failure.Message)
			delta.Text("error_type", failure.Type)
		}
		delta.End()
		w.EndObject()
	})
	return append(dst, "data: [DONE]\n\n"...)
}
