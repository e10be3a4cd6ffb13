package cohere

import (
	"errors"
	"fmt"
	"io"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// maxParts bounds what a stream can make us remember.
const maxParts = 1000

var errTooManyParts = errors.New("cohere stream: too many parts")

// NewStream implements wire.Provider.
//
// https://docs.cohere.com/reference/chat-stream
func (V2Provider) NewStream() wire.StreamDecoder { return &v2Decoder{plan: -1} }

// v2Decoder follows a stream. Blocks and calls are numbered apart by the
// provider, the parts of the canonical stream together.
type v2Decoder struct {
	started, done, calls bool
	parts                int
	open                 []openPart
	// plan is the part that the plan is in, while it is told; -1 is none.
	// text is the text begun last.
	plan, text int
	someText   bool
}

type openPart struct {
	part   int
	number int64
	kind   llm.Kind
	begun  bool // of a call's arguments
}

// Decode implements wire.StreamDecoder.
func (d *v2Decoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	if d.done || string(m.Data) == "[DONE]" || len(m.Data) == 0 {
		return dst, nil
	}
	if err := readable(m.Data); err != nil {
		return dst, err
	}
	name := wire.Text(wire.Get(m.Data, "type"))
	if name == "" {
		name = m.Name
	}
	if d.parts > maxParts {
		return dst, errTooManyParts
	}
	if name == "" || name == "error" {
		if dst, d.done = spoilt(dst, m.Data); d.done {
			return dst, nil
		}
	}
	return d.event(dst, name, m.Data), nil
}

// readable tells whether a message of a stream is one JSON object.
func readable(data llm.JSON) error {
	if err := jsonscan.Valid(data); err != nil {
		return fmt.Errorf("cohere stream: %w", err)
	}
	if !wire.IsObject(data) {
		return errors.New("cohere stream: a message is no JSON object")
	}
	return nil
}

// spoilt ends a stream in which an error stands in place of an event.
func spoilt(dst []llm.Event, data llm.JSON) ([]llm.Event, bool) {
	e := disguisedError(data)
	if e == nil {
		return dst, false
	}
	return append(dst, llm.Event{Kind: llm.EventError, Err: e}), true
}

func (d *v2Decoder) event(dst []llm.Event, name string, data llm.JSON) []llm.Event {
	number, _ := wire.Int(wire.Get(data, "index"))
	number = max(number, 0)
	message := wire.Get(data, "delta", "message")
	if name == "message-start" {
		return d.start(dst, wire.Text(wire.Get(data, "id")))
	}
	dst = d.start(dst, "")
	switch name {
	case "content-start":
		return d.blockStart(dst, number, wire.Get(message, "content"))
	case "content-delta":
		return d.blockDelta(dst, number, wire.Get(message, "content"), wire.Get(data, "logprobs"))
	case "content-end":
		return d.close(dst, number, false)
	case "tool-plan-delta":
		return d.planDelta(dst, wire.Get(message, planMark))
	case "tool-call-start":
		return d.callStart(dst, number, one(wire.Get(message, "tool_calls")))
	case "tool-call-delta":
		return d.arguments(dst, number, wire.Get(one(wire.Get(message, "tool_calls")), "function", "arguments"))
	case "tool-call-end":
		return d.close(dst, number, true)
	case "citation-start":
		return d.cite(dst, one(wire.Get(message, "citations")), data)
	case "citation-end":
		return dst
	case "message-end":
		return d.finish(dst, data)
	}
	return append(dst, other(name, data, llm.CohereV2))
}

// other is an event that only its own format knows.
func other(name string, data llm.JSON, own llm.Format) llm.Event {
	return llm.Event{Kind: llm.EventOther, Name: name, Text: data, Extra: llm.Extra{From: own}}
}

// one is the value itself, or the first of a list.
func one(v llm.JSON) llm.JSON {
	if !wire.IsArray(v) {
		return v
	}
	items := wire.Items(v)
	first, _ := items.Next()
	return first
}

func (d *v2Decoder) start(dst []llm.Event, id string) []llm.Event {
	if d.started {
		return dst
	}
	d.started = true
	return append(dst, llm.Event{Kind: llm.EventStart, ID: id})
}

// begin begins a part.
func (d *v2Decoder) begin(dst []llm.Event, number int64, p llm.Part) []llm.Event {
	p.Extra.From = llm.CohereV2
	dst = append(dst, llm.Event{Kind: llm.EventPart, Index: d.parts, Part: p})
	if p.Kind == llm.Text {
		d.text, d.someText = d.parts, true
	}
	if number >= 0 {
		d.open = append(d.open, openPart{part: d.parts, number: number, kind: p.Kind})
	}
	d.parts++
	return dst
}

// find is the open part of a number: a call, or a block.
func (d *v2Decoder) find(number int64, call bool) *openPart {
	for i := range d.open {
		if d.open[i].number == number && (d.open[i].kind == llm.ToolCall) == call {
			return &d.open[i]
		}
	}
	return nil
}

func (d *v2Decoder) close(dst []llm.Event, number int64, call bool) []llm.Event {
	for i, o := range d.open {
		if o.number == number && (o.kind == llm.ToolCall) == call {
			d.open = append(d.open[:i], d.open[i+1:]...)
			return append(dst, llm.Event{Kind: llm.EventPartEnd, Index: o.part})
		}
	}
	return dst
}

func (d *v2Decoder) blockStart(dst []llm.Event, number int64, content llm.JSON) []llm.Event {
	dst = d.endPlan(d.close(dst, number, false))
	kind := wire.Get(content, "type")
	switch {
	case wire.Equal(kind, "thinking"), kind == nil && wire.Get(content, "thinking") != nil:
		dst = d.begin(dst, number, llm.Part{Kind: llm.Thinking})
	case wire.Equal(kind, "text"), kind == nil:
		dst = d.begin(dst, number, llm.Part{Kind: llm.Text})
	default:
		return d.begin(dst, number, llm.Part{Kind: llm.Opaque, Raw: content})
	}
	return d.blockDelta(dst, number, content, nil)
}

func (d *v2Decoder) blockDelta(dst []llm.Event, number int64, content, probs llm.JSON) []llm.Event {
	kind, text := llm.Text, wire.Get(content, "text")
	if !wire.IsString(text) {
		kind, text = llm.Thinking, wire.Get(content, "thinking")
	}
	if !wire.IsString(text) || wire.EmptyText(text) && probs == nil {
		return dst
	}
	o := d.find(number, false)
	if o == nil || o.kind != kind {
		dst = d.begin(d.endPlan(d.close(dst, number, false)), number, llm.Part{Kind: kind})
		o = &d.open[len(d.open)-1]
	}
	if probs = wire.Null(probs); probs != nil {
		dst = append(dst, probsEvent(probs))
	}
	return append(dst, llm.Event{Kind: llm.EventDelta, Index: o.part, Text: text})
}

// probsEvent comes before the text that it is about, so that who writes the
// event again has both.
func probsEvent(item llm.JSON) llm.Event {
	ev := llm.Event{Kind: llm.EventLogprobs, Text: logprobs(append(append([]byte{'['}, item...), ']'))}
	keep(&ev.Extra, llm.CohereV2, "logprobs", item)
	return ev
}

func (d *v2Decoder) planDelta(dst []llm.Event, text llm.JSON) []llm.Event {
	if !wire.IsString(text) || wire.EmptyText(text) {
		return dst
	}
	if d.plan < 0 {
		p := llm.Part{Kind: llm.Text}
		wire.Mark(&p.Extra, llm.CohereV2, planMark, nil)
		d.plan = d.parts
		dst = d.begin(dst, -1, p)
	}
	return append(dst, llm.Event{Kind: llm.EventDelta, Index: d.plan, Text: text})
}

func (d *v2Decoder) endPlan(dst []llm.Event) []llm.Event {
	if d.plan < 0 {
		return dst
	}
	dst = append(dst, llm.Event{Kind: llm.EventPartEnd, Index: d.plan})
	d.plan = -1
	return dst
}

func (d *v2Decoder) callStart(dst []llm.Event, number int64, call llm.JSON) []llm.Event {
	d.calls = true
	function := wire.Get(call, "function")
	c := &llm.Call{ID: wire.Text(wire.Get(call, "id")), Name: wire.Text(wire.Get(function, "name"))}
	c.Extra.From = llm.CohereV2
	dst = d.endPlan(d.close(dst, number, true))
	dst = d.begin(dst, number, llm.Part{Kind: llm.ToolCall, Call: c})
	return d.arguments(dst, number, wire.Get(function, "arguments"))
}

// arguments goes on with a call. A tool without arguments has null in place of
// an object.
func (d *v2Decoder) arguments(dst []llm.Event, number int64, text llm.JSON) []llm.Event {
	o := d.find(number, true)
	if o == nil || !wire.IsString(text) || wire.EmptyText(text) || !o.begun && wire.Equal(text, "null") {
		return dst
	}
	o.begun = true
	return append(dst, llm.Event{Kind: llm.EventDelta, Index: o.part, Text: text})
}

func (d *v2Decoder) cite(dst []llm.Event, raw, data llm.JSON) []llm.Event {
	if !wire.IsObject(raw) {
		return dst
	}
	part := d.text
	if n, ok := wire.Int(wire.Get(raw, "content_index")); ok {
		if o := d.find(n, false); o != nil {
			part = o.part
		}
	}
	if !d.someText {
		return append(dst, other("citation-start", data, llm.CohereV2))
	}
	return append(dst, llm.Event{Kind: llm.EventCite, Index: part, Citation: v2Citation(raw)})
}

func (d *v2Decoder) finish(dst []llm.Event, data llm.JSON) []llm.Event {
	d.done = true
	for _, o := range d.open {
		dst = append(dst, llm.Event{Kind: llm.EventPartEnd, Index: o.part})
	}
	dst = d.endPlan(dst)
	d.open = nil
	delta := wire.Get(data, "delta")
	ev := llm.Event{Kind: llm.EventFinish, Reason: wire.Text(wire.Get(delta, "finish_reason"))}
	ev.Extra.From = llm.CohereV2
	ev.Finish, _ = finishOf(ev.Reason, d.calls)
	failure := wire.Get(delta, "error")
	if !wire.IsString(failure) {
		dst = append(dst, ev)
	}
	if spent := wire.Get(delta, "usage"); wire.IsObject(spent) {
		if u := usage(spent, llm.CohereV2); len(u.Extra.Members) > 0 {
			dst = append(dst, llm.Event{Kind: llm.EventUsage, Usage: u})
		}
	}
	if wire.IsString(failure) {
		e := &llm.Error{Message: wire.Text(failure), Type: wire.Text(wire.Get(delta, "error_type")), Status: 502, RetryAfter: -1}
		return append(dst, llm.Event{Kind: llm.EventError, Err: e})
	}
	return append(dst, llm.Event{Kind: llm.EventEnd})
}

// End implements wire.StreamDecoder.
func (d *v2Decoder) End(dst []llm.Event) ([]llm.Event, error) {
	if d.done {
		return dst, nil
	}
	return dst, fmt.Errorf("cohere stream: no message-end: %w", io.ErrUnexpectedEOF)
}
