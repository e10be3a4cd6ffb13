package openaicompletions

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// maxIndex bounds the answers to one question: 128 to each of 2048 prompts.
const maxIndex = 128 * 2048

// NewStream implements wire.Provider.
func (Provider) NewStream() wire.StreamDecoder {
	return &streamDecoder{choices: map[int]progress{}}
}

// progress is how far a choice has come.
type progress uint8

const (
	silent progress = iota
	speaking
	finished
)

// streamDecoder reads one answer. Usage may come with each event and grow; it
// is told once, at the end.
type streamDecoder struct {
	started  bool
	finished bool // some choice has
	done     bool // [DONE] came
	failed   bool
	choices  map[int]progress
	usage    llm.Usage
	counted  bool
	kept     []byte // what usage refers to
}

// Decode implements wire.StreamDecoder.
func (d *streamDecoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	data := bytes.TrimSpace(m.Data)
	if string(data) == "[DONE]" {
		d.done = true
	}
	if d.done || d.failed || len(data) == 0 {
		return dst, nil
	}
	if err := jsonscan.Valid(data); err != nil {
		return dst, fmt.Errorf("openai: an event of the stream is no JSON: %w", err)
	}
	if e := wire.Null(wire.Get(data, "error")); e != nil {
		d.failed = true
		return append(dst, llm.Event{Kind: llm.EventError, Err: wire.ReadError(500, nil, data)}), nil
	}
	dst = d.start(dst, data)
	var err error
	items := wire.Items(wire.Get(data, "choices"))
	for raw, ok := items.Next(); ok && err == nil; raw, ok = items.Next() {
		dst, err = d.choice(dst, raw)
	}
	d.count(wire.Get(data, "usage"))
	return dst, err
}

// count replaces what was counted so far; an object without counts does not.
func (d *streamDecoder) count(raw llm.JSON) {
	if u := decodeUsage(raw); u.Known() {
		d.kept = append(d.kept[:0], raw...)
		d.usage, d.counted = decodeUsage(d.kept), true
	}
}

func (d *streamDecoder) start(dst []llm.Event, data []byte) []llm.Event {
	if d.started {
		return dst
	}
	d.started = true
	var a llm.Response
	ev := llm.Event{Kind: llm.EventStart, Extra: llm.Extra{From: own}}
	f := wire.NewFields(data)
	for f.Next() {
		if f.Name() == "usage" || wire.IsNull(f.Value()) || takeHead(&a, f.Name(), f.Value()) {
			continue
		}
		f.Keep(&ev.Extra, own)
	}
	ev.ID, ev.Model, ev.Created = a.ID, a.Model, a.Created
	return append(dst, ev)
}

func (d *streamDecoder) choice(dst []llm.Event, raw []byte) ([]llm.Event, error) {
	c := decodeChoice(raw, 0)
	at, seen := d.choices[c.Index]
	if !seen && len(d.choices) > maxIndex {
		return dst, errors.New("openai: too many choices")
	}
	if at == finished {
		return dst, nil // repeated, with some servers
	}
	if text := wire.Get(raw, "text"); wire.IsString(text) && !wire.EmptyText(text) {
		if at == silent {
			dst = append(dst, llm.Event{Kind: llm.EventPart, Choice: c.Index, Part: llm.Part{Kind: llm.Text}})
			at = speaking
		}
		dst = append(dst, llm.Event{Kind: llm.EventDelta, Choice: c.Index, Text: text})
	}
	if c.Logprobs != nil {
		dst = append(dst, llm.Event{
			Kind: llm.EventLogprobs, Choice: c.Index, Text: c.Logprobs,
			Extra: llm.Extra{From: own, Members: []llm.Member{{Name: "logprobs", Value: wire.Get(raw, "logprobs")}}},
		})
	}
	if c.Finish != llm.Unfinished {
		dst = d.finish(dst, &c, at)
		at = finished
	}
	d.choices[c.Index] = at
	return dst, nil
}

func (d *streamDecoder) finish(dst []llm.Event, c *llm.Choice, at progress) []llm.Event {
	d.finished = true
	if at == speaking {
		dst = append(dst, llm.Event{Kind: llm.EventPartEnd, Choice: c.Index})
	}
	extra := llm.Extra{From: own}
	for _, m := range c.Extra.Members {
		switch m.Name {
		case "text", "index", "logprobs", "finish_reason":
		default:
			extra.Members = append(extra.Members, m)
		}
	}
	return append(dst, llm.Event{
		Kind: llm.EventFinish, Choice: c.Index, Finish: c.Finish, Reason: c.Reason, Extra: extra,
	})
}

// End implements wire.StreamDecoder.
func (d *streamDecoder) End(dst []llm.Event) ([]llm.Event, error) {
	if d.counted {
		dst = append(dst, llm.Event{Kind: llm.EventUsage, Usage: d.usage})
	}
	if !d.finished && !d.done && !d.failed {
		return dst, fmt.Errorf("openai: the stream ended before the answer did: %w", io.ErrUnexpectedEOF)
	}
	return append(dst, llm.Event{Kind: llm.EventEnd}), nil
}

// NewStream implements wire.Client.
func (Client) NewStream(r *llm.Request) wire.StreamEncoder {
	return &streamEncoder{tellUsage: r != nil && r.IncludeUsage, usage: llm.NoUsage()}
}

// streamEncoder writes one answer as server-sent events.
type streamEncoder struct {
	tellUsage bool
	id, model string
	created   int64
	extra     llm.Extra // of each event
	mute      map[part]bool
	usage     llm.Usage
	ended     bool
}

// part names a part that has no place in a completion.
type part struct{ choice, index int }

// ContentType implements wire.StreamEncoder.
func (s *streamEncoder) ContentType() string { return "text/event-stream" }

// Encode implements wire.StreamEncoder.
func (s *streamEncoder) Encode(dst []byte, ev *llm.Event) []byte {
	if s.ended {
		return dst
	}
	switch ev.Kind {
	case llm.EventStart:
		s.id, s.model, s.created, s.extra = ev.ID, ev.Model, ev.Created, cloned(&ev.Extra)
	case llm.EventPart:
		return s.part(dst, ev)
	case llm.EventDelta:
		return s.text(dst, ev, ev.Text)
	case llm.EventLogprobs:
		return s.event(dst, func(w *wire.Writer) { s.logprobs(w, ev) })
	case llm.EventFinish:
		return s.event(dst, func(w *wire.Writer) { s.finish(w, ev) })
	case llm.EventUsage:
		s.usage = ev.Usage
		s.usage.Extra = cloned(&ev.Usage.Extra)
	case llm.EventError:
		return s.failure(dst, ev.Err)
	case llm.EventEnd:
		return s.end(dst)
	case llm.EventSign, llm.EventCite, llm.EventPartEnd, llm.EventOther:
	}
	return dst
}

// cloned is what an event held of our own format, for longer than the event.
func cloned(x *llm.Extra) llm.Extra {
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
	if k := ev.Part.Kind; k == llm.Text || k == llm.Refusal {
		return s.text(dst, ev, ev.Part.Text)
	}
	if s.mute == nil {
		s.mute = map[part]bool{}
	}
	s.mute[part{ev.Choice, ev.Index}] = true
	return dst
}

func (s *streamEncoder) text(dst []byte, ev *llm.Event, text llm.JSON) []byte {
	if !wire.IsString(text) || wire.EmptyText(text) || s.mute[part{ev.Choice, ev.Index}] {
		return dst
	}
	return s.event(dst, func(w *wire.Writer) {
		w.Object()
		w.Member("text", text)
		w.IntMember("index", int64(ev.Choice))
		w.Name("logprobs")
		w.Raw(nil)
		w.Name("finish_reason")
		w.Raw(nil)
		w.EndObject()
	})
}

func (s *streamEncoder) logprobs(w *wire.Writer, ev *llm.Event) {
	w.Object()
	w.Member("text", llm.JSON(`""`))
	w.IntMember("index", int64(ev.Choice))
	w.Name("logprobs")
	if said := ev.Extra.Get(own, "logprobs"); said != nil {
		w.Raw(said)
	} else {
		legacy(w, ev.Text)
	}
	w.Name("finish_reason")
	w.Raw(nil)
	w.EndObject()
}

func (s *streamEncoder) finish(w *wire.Writer, ev *llm.Event) {
	n := wire.Begin(w, &ev.Extra, own)
	n.Member("text", llm.JSON(`""`))
	n.ImpliedInt("index", int64(ev.Choice))
	n.Member("logprobs", llm.JSON("null"))
	n.Member("finish_reason", reasonOf(ev.Finish, ev.Reason, ev.Extra.From))
	n.End()
}

// event writes an event with one choice, or with none.
func (s *streamEncoder) event(dst []byte, choice func(w *wire.Writer)) []byte {
	w := wire.Writer{Buf: append(dst, "data: "...)}
	start := len(w.Buf)
	n := wire.Begin(&w, &s.extra, own)
	writeHead(&n, s.id, s.created, s.model)
	n.Name("choices")
	w.Array()
	if choice != nil {
		choice(&w)
	}
	w.EndArray()
	if choice == nil {
		n.Name("usage")
		writeUsage(&w, &s.usage)
	} else if s.tellUsage {
		n.Member("usage", llm.JSON("null"))
	}
	n.End()
	return lineEnd(w.Buf, start)
}

// lineEnd makes one line of an event: a line end within JSON can only stand
// between its tokens.
func lineEnd(b []byte, start int) []byte {
	for i := start; i < len(b); i++ {
		if b[i] == '\n' || b[i] == '\r' {
			b[i] = ' '
		}
	}
	return append(b, "\n\n"...)
}

func (s *streamEncoder) failure(dst []byte, e *llm.Error) []byte {
	s.ended = true
	if e == nil {
		e = &llm.Error{Message: "the stream broke"}
	}
	dst = append(dst, "data: "...)
	start := len(dst)
	return lineEnd(Client{}.EncodeError(dst, e), start)
}

func (s *streamEncoder) end(dst []byte) []byte {
	s.ended = true
	if s.tellUsage && s.usage.Known() {
		dst = s.event(dst, nil)
	}
	return append(dst, "data: [DONE]\n\n"...)
}
