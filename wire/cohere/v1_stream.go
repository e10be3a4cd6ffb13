package cohere

import (
	"fmt"
	"io"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Provider. A message is a line of JSON, whatever
// type the stream has been given.
//
// https://docs.cohere.com/v1/reference/chat-stream
func (V1Provider) NewStream() wire.StreamDecoder { return &v1Decoder{text: -1, call: -1} }

// v1Decoder follows a stream: a text, then calls, of which one at a time is
// open; -1 is none.
type v1Decoder struct {
	id                string
	started, done     bool
	parts, text, call int
	texts, calls      int
	number            int64
}

// Decode implements wire.StreamDecoder.
func (d *v1Decoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	data := llm.JSON(m.Data)
	if d.done || len(data) == 0 || string(data) == "[DONE]" {
		return dst, nil
	}
	if err := readable(data); err != nil {
		return dst, err
	}
	name := wire.Text(wire.Get(data, "event_type"))
	if name == "" {
		if dst, d.done = spoilt(dst, data); d.done {
			return dst, nil
		}
		name = m.Name
	}
	if d.parts > maxParts {
		return dst, errTooManyParts
	}
	return d.event(dst, name, data), nil
}

func (d *v1Decoder) event(dst []llm.Event, name string, data llm.JSON) []llm.Event {
	if name == "stream-start" {
		return d.start(dst, wire.Text(wire.Get(data, "generation_id")))
	}
	if name == "stream-end" {
		dst = d.start(dst, wire.Text(wire.Get(data, "response", "generation_id")))
		return d.finish(dst, data)
	}
	dst = d.start(dst, "")
	switch name {
	case "text-generation":
		return d.say(dst, wire.Get(data, "text"))
	case "citation-generation":
		return d.cite(dst, wire.Get(data, "citations"), data)
	case "tool-calls-chunk":
		dst = d.say(dst, wire.Get(data, "text"))
		return d.chunk(dst, wire.Get(data, "tool_call_delta"))
	case "tool-calls-generation":
		return d.whole(dst, data)
	case "stream-error":
		d.done = true
		return append(dst, streamError(data))
	}
	return append(dst, other(name, data, llm.CohereV1))
}

func (d *v1Decoder) start(dst []llm.Event, id string) []llm.Event {
	if d.started {
		return dst
	}
	d.started, d.id = true, id
	return append(dst, llm.Event{Kind: llm.EventStart, ID: id})
}

// end ends what is open.
func (d *v1Decoder) end(dst []llm.Event) []llm.Event {
	for _, open := range [...]*int{&d.text, &d.call} {
		if *open >= 0 {
			dst = append(dst, llm.Event{Kind: llm.EventPartEnd, Index: *open})
			*open = -1
		}
	}
	return dst
}

func (d *v1Decoder) begin(dst []llm.Event, p llm.Part) []llm.Event {
	dst = append(d.end(dst), llm.Event{Kind: llm.EventPart, Index: d.parts, Part: p})
	d.parts++
	return dst
}

func (d *v1Decoder) say(dst []llm.Event, text llm.JSON) []llm.Event {
	if !wire.IsString(text) || wire.EmptyText(text) {
		return dst
	}
	if d.text < 0 {
		dst = d.begin(dst, llm.Part{Extra: llm.Extra{From: llm.CohereV1}})
		d.text = d.parts - 1
		d.texts++
	}
	return append(dst, llm.Event{Kind: llm.EventDelta, Index: d.text, Text: text})
}

func (d *v1Decoder) cite(dst []llm.Event, list, data llm.JSON) []llm.Event {
	if d.text < 0 || wire.Len(list) == 0 {
		return append(dst, other("citation-generation", data, llm.CohereV1))
	}
	items := wire.Items(list)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		dst = append(dst, llm.Event{Kind: llm.EventCite, Index: d.text, Citation: v1Citation(raw, nil)})
	}
	return dst
}

// chunk is {"index", "name"}, then {"index", "parameters"} many times.
func (d *v1Decoder) chunk(dst []llm.Event, delta llm.JSON) []llm.Event {
	if !wire.IsObject(delta) {
		return dst
	}
	dst = d.say(dst, wire.Get(delta, "text"))
	number, _ := wire.Int(wire.Get(delta, "index"))
	name, parameters := wire.Get(delta, "name"), wire.Get(delta, "parameters")
	if d.call < 0 || number != d.number {
		if !wire.IsString(name) && !wire.IsString(parameters) {
			return dst
		}
		d.number = number
		dst = d.beginCall(dst, wire.Text(name))
	}
	if wire.IsString(parameters) && !wire.EmptyText(parameters) {
		dst = append(dst, llm.Event{Kind: llm.EventDelta, Index: d.call, Text: parameters})
	}
	return dst
}

func (d *v1Decoder) beginCall(dst []llm.Event, name string) []llm.Event {
	c := &llm.Call{ID: madeUp(d.id, d.calls), Name: name, Extra: llm.Extra{From: llm.CohereV1}}
	dst = d.begin(dst, llm.Part{Kind: llm.ToolCall, Call: c, Extra: llm.Extra{From: llm.CohereV1}})
	d.call = d.parts - 1
	d.calls++
	return dst
}

// whole tells what of the text and the calls has not been told in pieces.
func (d *v1Decoder) whole(dst []llm.Event, data llm.JSON) []llm.Event {
	if d.texts == 0 && d.calls == 0 {
		dst = d.say(dst, wire.Get(data, "text"))
	}
	told, n := d.calls, 0
	items := wire.Items(wire.Get(data, "tool_calls"))
	for raw, ok := items.Next(); ok && d.parts <= maxParts; raw, ok = items.Next() {
		if n++; n <= told {
			continue
		}
		dst = d.beginCall(dst, wire.Text(wire.Get(raw, "name")))
		if parameters := wire.Get(raw, "parameters"); wire.IsObject(parameters) {
			dst = append(dst, llm.Event{Kind: llm.EventDelta, Index: d.call, Text: wire.Quote(string(parameters))})
		}
	}
	return dst
}

func (d *v1Decoder) finish(dst []llm.Event, data llm.JSON) []llm.Event {
	d.done = true
	response := wire.Get(data, "response")
	dst = d.end(d.whole(dst, response))
	ev := llm.Event{Kind: llm.EventFinish, Reason: wire.Text(wire.Get(data, "finish_reason"))}
	ev.Extra.From = llm.CohereV1
	var spent llm.JSON
	f := wire.NewFields(response)
	for f.Next() {
		switch f.Name() {
		case "text", "generation_id", "tool_calls", "citations":
		case "finish_reason":
			if ev.Reason == "" {
				ev.Reason = wire.Text(f.Value())
			}
		case "meta":
			spent = f.Value()
		default:
			f.Keep(&ev.Extra, llm.CohereV1)
		}
	}
	ev.Finish, _ = finishOf(ev.Reason, d.calls > 0)
	failure := firstText(data, response)
	if failure == nil {
		dst = append(dst, ev)
	}
	if wire.IsObject(spent) {
		dst = append(dst, llm.Event{Kind: llm.EventUsage, Usage: usage(spent, llm.CohereV1)})
	} else if u := tokenCount(wire.Get(response, "token_count")); known(&u) {
		dst = append(dst, llm.Event{Kind: llm.EventUsage, Usage: u})
	}
	if failure != nil {
		e := &llm.Error{Message: wire.Text(failure), Type: ev.Reason, Status: 502, RetryAfter: -1}
		return append(dst, llm.Event{Kind: llm.EventError, Err: e})
	}
	return append(dst, llm.Event{Kind: llm.EventEnd})
}

// firstText is what the end of a stream says of its failure.
func firstText(objects ...llm.JSON) llm.JSON {
	for _, object := range objects {
		for _, name := range [...]string{"error", "err", "error_message"} {
			if v := wire.Get(object, name); wire.IsString(v) && !wire.EmptyText(v) {
				return v
			}
		}
	}
	return nil
}

// End implements wire.StreamDecoder.
func (d *v1Decoder) End(dst []llm.Event) ([]llm.Event, error) {
	if d.done {
		return dst, nil
	}
	return dst, fmt.Errorf("cohere stream: no stream-end: %w", io.ErrUnexpectedEOF)
}
