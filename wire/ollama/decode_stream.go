package ollama

import (
	"fmt"
	"io"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Provider.
func (p Provider) NewStream() wire.StreamDecoder {
	return &streamDecoder{answer: answer{own: p.Format()}}
}

// streamDecoder reads one answer line by line.
type streamDecoder struct {
	answer  answer
	started bool
	ended   bool   // by the last line, or by an error
	scope   string // of made-up ids
	calls   int

	isOpen bool // a part is
	open   llm.Kind
	index  int // of the part that is open, or comes next
	buf    []byte
}

// Decode implements wire.StreamDecoder.
func (d *streamDecoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	line := trim(m.Data)
	if d.ended || len(line) == 0 || string(line) == "[DONE]" {
		return dst, nil
	}
	if err := jsonscan.Valid(line); err != nil {
		return dst, fmt.Errorf("ollama: a line of the stream is no JSON: %w", err)
	}
	d.buf = d.buf[:0]
	a := &d.answer
	a.read(line)
	if a.failure != "" {
		d.ended = true
		return append(dst, llm.Event{
			Kind: llm.EventError, Err: &llm.Error{Status: 500, Message: a.failure, RetryAfter: -1},
		}), nil
	}
	dst = d.start(dst)
	dst = d.content(dst)
	if list := logprobs(a.logprobs); list != nil {
		dst = append(dst, llm.Event{Kind: llm.EventLogprobs, Text: list})
	}
	if a.done {
		dst = d.finish(dst)
	}
	return dst, nil
}

func (d *streamDecoder) start(dst []llm.Event) []llm.Event {
	if d.started {
		return dst
	}
	d.started = true
	a := &d.answer
	created, id := a.time()
	d.scope = a.scope()
	ev := llm.Event{Kind: llm.EventStart, ID: id, Model: a.model, Created: created, Extra: a.extra}
	if a.done {
		ev.Extra = llm.Extra{From: a.own} // all of it is of the end
	}
	return append(dst, ev)
}

func (d *streamDecoder) content(dst []llm.Event) []llm.Event {
	a := &d.answer
	if a.own == llm.OllamaGenerate {
		dst = d.text(dst, llm.Thinking, a.thinking)
		return d.text(dst, llm.Text, a.response)
	}
	var s said
	for f := wire.NewFields(a.message); f.Next(); {
		if f.Name() != "role" {
			s.take(f.Name(), f.Value(), false)
		}
	}
	dst = d.text(dst, llm.Thinking, s.thinking)
	dst = d.text(dst, llm.Text, s.content)
	items := wire.Items(s.images)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		dst = d.close(dst)
		dst = append(dst, llm.Event{Kind: llm.EventPart, Index: d.index, Part: picture(v, a.own)})
		d.isOpen, d.open = true, llm.Image
	}
	items = wire.Items(s.calls)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		dst = d.call(dst, raw)
	}
	return dst
}

// text goes on with the part of its kind, or begins one.
func (d *streamDecoder) text(dst []llm.Event, kind llm.Kind, text llm.JSON) []llm.Event {
	if text == nil || wire.EmptyText(text) {
		return dst
	}
	if !d.isOpen || d.open != kind {
		dst = d.close(dst)
		d.isOpen, d.open = true, kind
		dst = append(dst, llm.Event{Kind: llm.EventPart, Index: d.index, Part: llm.Part{Kind: kind}})
	}
	return append(dst, llm.Event{Kind: llm.EventDelta, Index: d.index, Text: text})
}

func (d *streamDecoder) close(dst []llm.Event) []llm.Event {
	if !d.isOpen {
		return dst
	}
	d.isOpen = false
	d.index++
	return append(dst, llm.Event{Kind: llm.EventPartEnd, Index: d.index - 1})
}

// call tells a call, which comes whole.
func (d *streamDecoder) call(dst []llm.Event, raw []byte) []llm.Event {
	dst = d.close(dst)
	p := decodeCall(raw, d.answer.own)
	if p.Call.ID == "" {
		p.Call.ID = madeUpID(d.scope, d.calls)
	}
	d.calls++
	args := p.Call.Args
	p.Call.Args = nil
	d.isOpen, d.open = true, llm.ToolCall
	dst = append(dst, llm.Event{Kind: llm.EventPart, Index: d.index, Part: p})
	if len(args) > 0 {
		start := len(d.buf)
		d.buf = jsonscan.AppendQuote(d.buf, args)
		dst = append(dst, llm.Event{Kind: llm.EventDelta, Index: d.index, Text: d.buf[start:len(d.buf):len(d.buf)]})
	}
	return d.close(dst)
}

func (d *streamDecoder) finish(dst []llm.Event) []llm.Event {
	d.ended = true
	a := &d.answer
	dst = d.close(dst)
	dst = append(dst, llm.Event{
		Kind: llm.EventFinish, Finish: finishOf(a.reason, d.calls > 0), Reason: a.reason, Extra: a.extra,
	})
	if u := a.usage(); u.Prompt >= 0 || u.Completion >= 0 {
		dst = append(dst, llm.Event{Kind: llm.EventUsage, Usage: u})
	}
	return dst
}

// End implements wire.StreamDecoder.
func (d *streamDecoder) End(dst []llm.Event) ([]llm.Event, error) {
	if !d.ended {
		return dst, fmt.Errorf("ollama: the stream ended before its last line: %w", io.ErrUnexpectedEOF)
	}
	return append(dst, llm.Event{Kind: llm.EventEnd}), nil
}
