package cohere

import (
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Client.
func (V1Client) NewStream(*llm.Request) wire.StreamEncoder {
	return &v1Encoder{answer: llm.Response{Usage: llm.NoUsage()}}
}

// maxWhole bounds what is repeated at the end of a stream, where the format
// has the answer as a whole.
const maxWhole = 8 << 20

// v1Encoder writes a stream, and remembers the answer.
type v1Encoder struct {
	started, done bool
	answer        llm.Response
	choice        llm.Choice
	indices       []int
	numbers       []int // of the calls among them
	calls, size   int
}

// ContentType implements wire.StreamEncoder.
func (*v1Encoder) ContentType() string { return "application/stream+json" }

// Encode implements wire.StreamEncoder.
func (e *v1Encoder) Encode(dst []byte, ev *llm.Event) []byte {
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
	case llm.EventCite:
		return e.cite(dst, ev)
	case llm.EventSign:
		e.sign(ev)
	case llm.EventFinish:
		e.choice.Finish, e.choice.Reason, e.choice.StopSequence = ev.Finish, ev.Reason, ev.StopSequence
		e.choice.Inner.From = ev.Extra.From
		e.answer.Extra = llm.Extra{From: ev.Extra.From, Members: kept(ev.Extra.Members)}
	case llm.EventUsage:
		e.answer.Usage = ev.Usage
		e.answer.Usage.Extra.Members = kept(ev.Usage.Extra.Members)
	case llm.EventOther:
		if ev.Extra.From == llm.CohereV1 && ev.Text != nil {
			return append(line(dst, func(w *wire.Writer) { w.Raw(ev.Text) }), '\n')
		}
	case llm.EventError:
		return e.finish(dst, ev.Err)
	case llm.EventEnd:
		return e.finish(dst, nil)
	case llm.EventStart, llm.EventPartEnd, llm.EventLogprobs:
	}
	return dst
}

// lineEvent appends {"is_finished": false, "event_type": …} and what write
// adds.
func lineEvent(dst []byte, name string, write func(w *wire.Writer)) []byte {
	return append(line(dst, func(w *wire.Writer) {
		w.Object()
		w.BoolMember("is_finished", name == "stream-end")
		w.StringMember("event_type", name)
		write(w)
		w.EndObject()
	}), '\n')
}

func (e *v1Encoder) start(dst []byte, id string) []byte {
	if e.started {
		return dst
	}
	e.started, e.answer.ID = true, strings.Clone(id)
	return lineEvent(dst, "stream-start", func(w *wire.Writer) {
		w.Name("generation_id")
		w.String(id)
	})
}

// find is the part of an index, as far as it is remembered, and its number if
// it is a call.
func (e *v1Encoder) find(index int) (p *llm.Part, call int) {
	for i := len(e.indices) - 1; i >= 0; i-- {
		if e.indices[i] == index {
			return &e.choice.Parts[i], e.numbers[i]
		}
	}
	return nil, 0
}

func (e *v1Encoder) part(dst []byte, index int, p *llm.Part) []byte {
	if len(e.indices) >= maxParts {
		return dst
	}
	mine := llm.Part{Kind: p.Kind, Signature: append(llm.JSON(nil), p.Signature...), SignedBy: p.SignedBy, Extra: llm.Extra{From: p.Extra.From}}
	if len(p.Signature) == 0 {
		mine.Signature = nil
	}
	if p.Kind == llm.ToolCall && p.Call != nil {
		mine.Call = &llm.Call{ID: strings.Clone(p.Call.ID), Name: strings.Clone(p.Call.Name)}
	}
	e.indices, e.numbers, e.choice.Parts = append(e.indices, index), append(e.numbers, e.calls), append(e.choice.Parts, mine)
	if mine.Call == nil {
		if p.Text != nil {
			return e.delta(dst, index, p.Text)
		}
		return dst
	}
	e.calls++
	dst = lineEvent(dst, "tool-calls-chunk", func(w *wire.Writer) {
		w.Name("tool_call_delta")
		w.Object()
		w.IntMember("index", int64(e.calls-1))
		w.Name("name")
		w.String(p.Call.Name)
		w.EndObject()
	})
	if len(p.Call.Args) > 0 {
		return e.delta(dst, index, wire.Quote(string(p.Call.Args)))
	}
	return dst
}

func (e *v1Encoder) delta(dst []byte, index int, text llm.JSON) []byte {
	if !wire.IsString(text) {
		return dst
	}
	p, call := e.find(index)
	if p == nil {
		if dst = e.part(dst, index, &llm.Part{}); len(e.indices) >= maxParts {
			return dst
		}
		p, call = e.find(index)
	}
	room := e.size+len(text) <= maxWhole
	if room {
		e.size += len(text)
	}
	switch {
	case p.Call != nil:
		if room {
			p.Call.Args = append(p.Call.Args, wire.TextBytes(text)...)
		}
		return argumentsLine(dst, call, text)
	case !isText(p) && p.Kind != llm.Thinking:
		return dst
	}
	if room {
		p.Text = extend(p.Text, text)
	}
	if p.Kind == llm.Thinking { // they go into the id of a call only
		return dst
	}
	return lineEvent(dst, "text-generation", func(w *wire.Writer) { w.Member("text", text) })
}

// extend adds a piece to a JSON string, in place.
func extend(text, piece llm.JSON) llm.JSON {
	if text == nil {
		return append(llm.JSON(nil), piece...)
	}
	return append(text[:len(text)-1], piece[1:]...)
}

func argumentsLine(dst []byte, call int, text llm.JSON) []byte {
	return lineEvent(dst, "tool-calls-chunk", func(w *wire.Writer) {
		w.Name("tool_call_delta")
		w.Object()
		w.IntMember("index", int64(call))
		w.Member("parameters", text)
		w.EndObject()
	})
}

func (e *v1Encoder) cite(dst []byte, ev *llm.Event) []byte {
	var text llm.JSON
	p, _ := e.find(ev.Index)
	if p != nil {
		text = p.Text
	}
	var w wire.Writer
	v1CitationOut(&w, &ev.Citation, text)
	if p != nil && e.size+len(w.Buf) <= maxWhole {
		e.size += len(w.Buf)
		p.Citations = append(p.Citations, llm.Citation{Raw: w.Buf, From: llm.CohereV1})
	}
	return lineEvent(dst, "citation-generation", func(l *wire.Writer) {
		l.Name("citations")
		l.Array()
		l.Raw(w.Buf)
		l.EndArray()
	})
}

func (e *v1Encoder) sign(ev *llm.Event) {
	p, _ := e.find(ev.Index)
	if p == nil {
		return
	}
	p.Signature = append(llm.JSON(nil), ev.Text...)
	if ev.Part.SignedBy != "" {
		p.SignedBy = ev.Part.SignedBy
	}
}

// finish writes the answer as a whole.
func (e *v1Encoder) finish(dst []byte, failure *llm.Error) []byte {
	e.done = true
	if failure != nil {
		e.choice.Finish, e.choice.Reason = llm.FinishError, "ERROR"
	} else if hasCalls(e.choice.Parts) {
		dst = lineEvent(dst, "tool-calls-generation", func(w *wire.Writer) {
			var none llm.Extra
			o := node{wire.Node{W: w, X: &none, Own: llm.CohereV1}}
			o.Member("text", answerText(e.choice.Parts))
			v1Sealed(&o, e.choice.Parts)
		})
	}
	c := &e.choice
	end := ending{c.Finish, c.Reason, c.StopSequence, hasCalls(c.Parts), c.Inner.From == llm.CohereV1}
	return lineEvent(dst, "stream-end", func(w *wire.Writer) {
		w.StringMember("finish_reason", end.word(llm.CohereV1))
		if failure != nil {
			w.Name("error")
			w.String(failure.Message)
		}
		w.Name("response")
		o := begin(w, &e.answer.Extra, llm.CohereV1)
		if e.answer.Extra.From != llm.CohereV1 {
			o.Text("response_id", e.answer.ID)
		}
		v1Body(&o, e.answer.ID, &e.choice)
		v1Meta(&o, &e.answer.Usage)
		o.End()
	})
}
