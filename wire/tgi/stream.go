package tgi

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Provider.
func (Provider) NewStream() wire.StreamDecoder { return &streamDecoder{} }

// streamDecoder reads one answer, token by token.
type streamDecoder struct {
	started, speaking, ended bool
}

// Decode implements wire.StreamDecoder.
func (d *streamDecoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	data := bytes.TrimSpace(m.Data)
	if d.ended || len(data) == 0 || string(data) == "[DONE]" {
		return dst, nil
	}
	if err := jsonscan.Valid(data); err != nil {
		return dst, fmt.Errorf("tgi: an event of the stream is no JSON: %w", err)
	}
	if e := wire.Null(wire.Get(data, "error")); e != nil {
		d.ended = true
		return append(dst, llm.Event{Kind: llm.EventError, Err: wire.ReadError(500, nil, data)}), nil
	}
	if !d.started {
		d.started = true
		dst = append(dst, llm.Event{Kind: llm.EventStart})
	}
	token, text := wire.Get(data, "token"), wire.Get(data, "generated_text")
	if wire.IsString(text) && !wire.IsObject(token) && !d.speaking {
		// The whole, though a stream was asked for.
		dst = d.piece(dst, text)
	}
	dst = d.token(dst, token, wire.Get(data, "top_tokens"))
	if wire.IsString(text) {
		dst = d.finish(dst, data)
	}
	return dst, nil
}

// token tells a token, unless it is one of the model's marks.
func (d *streamDecoder) token(dst []llm.Event, token, tops llm.JSON) []llm.Event {
	text := wire.Get(token, "text")
	if !wire.IsString(text) || wire.EmptyText(text) || wire.IsTrue(wire.Get(token, "special")) {
		return dst
	}
	dst = d.piece(dst, text)
	if wire.Len(tops) == 0 {
		return dst
	}
	var w wire.Writer
	w.Object()
	w.Name("content")
	w.Array()
	writeLogprob(&w, token, tops)
	w.EndArray()
	w.EndObject()
	return append(dst, llm.Event{Kind: llm.EventLogprobs, Text: w.Buf})
}

func (d *streamDecoder) piece(dst []llm.Event, text llm.JSON) []llm.Event {
	if !d.speaking {
		d.speaking = true
		dst = append(dst, llm.Event{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Text}})
	}
	return append(dst, llm.Event{Kind: llm.EventDelta, Text: text})
}

// finish tells the end. The whole text that comes with it has been told.
func (d *streamDecoder) finish(dst []llm.Event, data []byte) []llm.Event {
	d.ended = true
	if d.speaking {
		dst = append(dst, llm.Event{Kind: llm.EventPartEnd})
	}
	details := wire.Get(data, "details")
	reason := wire.Text(wire.Get(details, "finish_reason"))
	extra := llm.Extra{From: own}
	for f := wire.NewFields(data); f.Next(); {
		if f.Name() == "generated_text" || f.Name() == "details" {
			f.Keep(&extra, own)
		}
	}
	dst = append(dst, llm.Event{Kind: llm.EventFinish, Finish: finishOf(reason), Reason: reason, Extra: extra})
	if u := usage(details); u.Prompt >= 0 || u.Completion >= 0 {
		dst = append(dst, llm.Event{Kind: llm.EventUsage, Usage: u})
	}
	return dst
}

// End implements wire.StreamDecoder.
func (d *streamDecoder) End(dst []llm.Event) ([]llm.Event, error) {
	if !d.ended {
		return dst, fmt.Errorf("tgi: the stream ended before the answer did: %w", io.ErrUnexpectedEOF)
	}
	return append(dst, llm.Event{Kind: llm.EventEnd}), nil
}

// NewStream implements wire.Client.
func (Client) NewStream(r *llm.Request) wire.StreamEncoder {
	return &streamEncoder{
		details: wantsDetails(r), tops: r != nil && r.Sampling.TopLogprobs != nil,
		usage: llm.NoUsage(), finish: llm.FinishStop, text: []byte{'"'},
	}
}

// streamEncoder writes one answer as server-sent events. The last has the
// whole text again.
type streamEncoder struct {
	details bool
	tops    bool     // the caller wants the alternatives of each token
	held    llm.JSON // a token that waits for them
	index   int64
	text    []byte // so far, as a JSON string without its end
	mute    []int  // parts that have no place here
	finish  llm.Finish
	reason  string
	stop    llm.JSON
	last    llm.Extra
	usage   llm.Usage
	ended   bool
}

// ContentType implements wire.StreamEncoder.
func (s *streamEncoder) ContentType() string { return "text/event-stream" }

// Encode implements wire.StreamEncoder.
func (s *streamEncoder) Encode(dst []byte, ev *llm.Event) []byte {
	if s.ended || ev.Choice != 0 {
		return dst
	}
	if s.held != nil {
		var logprobs llm.JSON
		if ev.Kind == llm.EventLogprobs {
			logprobs = ev.Text
		}
		dst = s.writeToken(dst, s.held, logprobs)
		s.held = nil
	}
	switch ev.Kind {
	case llm.EventPart:
		if k := ev.Part.Kind; k == llm.Text || k == llm.Refusal {
			return s.token(dst, ev.Part.Text)
		}
		s.mute = append(s.mute, ev.Index)
	case llm.EventDelta:
		if slices.Contains(s.mute, ev.Index) {
			return dst
		}
		return s.token(dst, ev.Text)
	case llm.EventFinish:
		s.finish, s.reason, s.stop = ev.Finish, ev.Reason, bytes.Clone(ev.StopSequence)
		s.last = cloned(&ev.Extra)
	case llm.EventUsage:
		s.usage = ev.Usage
	case llm.EventError:
		return s.failure(dst, ev.Err)
	case llm.EventEnd:
		return s.end(dst)
	case llm.EventStart, llm.EventSign, llm.EventCite, llm.EventPartEnd, llm.EventLogprobs, llm.EventOther:
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

// token writes a piece of text as if it were one token.
func (s *streamEncoder) token(dst []byte, text llm.JSON) []byte {
	if !wire.IsString(text) || wire.EmptyText(text) {
		return dst
	}
	s.text = append(s.text, text[1:len(text)-1]...)
	if s.tops {
		s.held = bytes.Clone(text)
		return dst
	}
	return s.writeToken(dst, text, nil)
}

func (s *streamEncoder) writeToken(dst []byte, text, logprobs llm.JSON) []byte {
	items := wire.Items(wire.Get(logprobs, "content"))
	first, known := items.Next()
	logprob := llm.JSON("0")
	if v := wire.Get(first, "logprob"); known && v != nil {
		logprob = v
	}
	s.index++
	w := wire.Writer{Buf: append(dst, "data:"...)}
	start := len(w.Buf)
	w.Object()
	w.IntMember("index", s.index)
	w.Name("token")
	writeText(&w, text, logprob, false)
	if known {
		w.Name("top_tokens")
		writeTops(&w, first)
	}
	w.Name("generated_text")
	w.Raw(nil)
	w.Name("details")
	w.Raw(nil)
	w.EndObject()
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
	dst = append(dst, "data:"...)
	start := len(dst)
	return lineEnd(Client{}.EncodeError(dst, e), start)
}

// end writes the mark that ends an answer, which callers do not show.
func (s *streamEncoder) end(dst []byte) []byte {
	s.ended = true
	w := wire.Writer{Buf: append(dst, "data:"...)}
	start := len(w.Buf)
	n := wire.Begin(&w, &s.last, own)
	n.Name("index")
	w.Int(s.index + 1)
	n.Name("token")
	writeText(&w, llm.JSON(`""`), llm.JSON("0"), true)
	if s.last.From != own {
		n.Member("generated_text", append(s.text, '"'))
		n.Name("details")
		s.writeDetails(&w)
	}
	n.End()
	return lineEnd(w.Buf, start)
}

func (s *streamEncoder) writeDetails(w *wire.Writer) {
	if !s.details {
		w.Raw(nil)
		return
	}
	w.Object()
	w.StringMember("finish_reason", reasonOf(s.finish, s.reason, s.stop))
	w.IntMember("generated_tokens", max(s.usage.Completion, 0))
	w.Name("seed")
	w.Raw(nil)
	if s.usage.Prompt >= 0 {
		w.IntMember("input_length", s.usage.Prompt)
	}
	w.EndObject()
}
