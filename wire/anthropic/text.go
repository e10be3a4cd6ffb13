package anthropic

import (
	"bytes"
	"fmt"
	"io"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Text is the older API of text completions, as providers speak it; it
// implements wire.Provider. See
// https://platform.claude.com/docs/en/api/completions/create.
type Text struct{}

// Format implements wire.Provider.
func (Text) Format() llm.Format { return llm.AnthropicText }

// The turns of a prompt.
const (
	human     = "\n\nHuman:"
	assistant = "\n\nAssistant:"
)

// EncodeRequest implements wire.Provider.
func (Text) EncodeRequest(dst []byte, r *llm.Request, n *wire.Notes) ([]byte, error) {
	prompt, bad := textPrompt(r, n)
	if bad != nil {
		return dst, bad
	}
	limit := r.Sampling.MaxTokens
	if limit == nil {
		limit = number(DefaultMaxTokens)
	}
	e := encoder{w: &wire.Writer{Buf: dst}, r: r, n: n}
	e.o = newObject(e.w, &llm.Extra{})
	e.noteForeign()
	e.noteText()
	e.o.text("model", r.Model)
	e.o.raw("prompt", prompt)
	e.o.raw("max_tokens_to_sample", limit)
	e.o.name("stream")
	e.w.Bool(r.Stream)
	e.sampling(thought{})
	if r.User != nil {
		e.user()
	}
	e.o.end()
	return e.w.Buf, nil
}

// noteText notes what messages have and texts have not.
func (e *encoder) noteText() {
	r := e.r
	for _, f := range [...]struct {
		name string
		said bool
	}{
		{"tools", len(r.Tools) > 0},
		{"reasoning", wire.Thinks(&r.Reasoning)},
		{"output", r.Output.Kind == llm.OutputJSON || r.Output.Kind == llm.OutputSchema},
	} {
		if f.said {
			e.n.Drop(f.name)
		}
	}
	e.n.Lose("suffix", r.Suffix)
	e.n.Lose("service_tier", r.ServiceTier)
}

// textPrompt is the prompt as turns of a human and an assistant, which the API
// demands.
func textPrompt(r *llm.Request, n *wire.Notes) (llm.JSON, error) {
	if len(r.Messages) > 0 {
		return conversationPrompt(r, n), nil
	}
	text, ok := wire.OnePrompt(r.Prompt)
	if !ok {
		return nil, invalid("prompt", "must be one text")
	}
	if bytes.Contains(wire.TextBytes(text), []byte(human)) {
		return text, nil
	}
	return turns(human+" ", text, assistant), nil
}

// turns puts a text that is a JSON string between others.
func turns(before string, text llm.JSON, after string) llm.JSON {
	return wire.Join("", wire.Quote(before), text, wire.Quote(after))
}

func conversationPrompt(r *llm.Request, n *wire.Notes) llm.JSON {
	var all []llm.JSON
	for i := range r.Messages {
		m := &r.Messages[i]
		before := human + " "
		switch m.Role {
		case llm.Assistant:
			before = assistant + " "
		case llm.System, llm.Developer:
			before = ""
			if len(all) > 0 {
				before = "\n\n"
			}
		case llm.User, llm.ToolRole:
		}
		text := wire.Join("\n", textsOf(m, i, n)...)
		if !wire.EmptyText(text) {
			all = append(all, wire.Quote(before), text)
		}
	}
	if last := &r.Messages[len(r.Messages)-1]; last.Role != llm.Assistant {
		all = append(all, wire.Quote(assistant))
	}
	return wire.Join("", all...)
}

// textsOf are the texts of a message; its other parts are left out.
func textsOf(m *llm.Message, i int, n *wire.Notes) []llm.JSON {
	var texts []llm.JSON
	for j := range m.Parts {
		p := &m.Parts[j]
		if p.Kind != llm.Text && p.Kind != llm.Refusal {
			n.Drop(place(i, j))
			continue
		}
		texts = append(texts, p.Text)
	}
	return texts
}

// textFinish is why a completion ended.
func textFinish(reason string) llm.Finish {
	switch reason {
	case "":
		return llm.Unfinished
	case "max_tokens":
		return llm.FinishLength
	}
	return llm.FinishStop
}

// DecodeResponse implements wire.Provider.
func (Text) DecodeResponse(a *llm.Response, body []byte) error {
	if wire.Check(body) != nil {
		return errUnreadable
	}
	if failure, failed := inBand(body); failed {
		return failure
	}
	text := wire.Get(body, "completion")
	if !wire.IsString(text) {
		return errNoCompletion
	}
	a.ID = wire.Text(wire.Get(body, "id"))
	a.Model = wire.Text(wire.Get(body, "model"))
	a.Usage = llm.NoUsage()
	reason := wire.Text(wire.Get(body, "stop_reason"))
	a.Choices = []llm.Choice{{
		Parts:        []llm.Part{{Kind: llm.Text, Text: text}},
		Finish:       textFinish(reason),
		Reason:       reason,
		StopSequence: stringOrNil(wire.Get(body, "stop")),
		Extra:        llm.Extra{From: llm.AnthropicText},
	}}
	return nil
}

// DecodeError implements wire.Provider.
func (Text) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return decodeError(status, header, body)
}

// NewStream implements wire.Provider.
func (Text) NewStream() wire.StreamDecoder { return &textDecoder{} }

type textDecoder struct {
	started, begun, finished, ended bool
}

// Decode implements wire.StreamDecoder. Each completion is a piece.
func (d *textDecoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	data := bytes.TrimSpace(m.Data)
	if d.ended || len(data) == 0 || string(data) == "[DONE]" {
		return dst, nil
	}
	if err := wire.Check(data); err != nil {
		return dst, fmt.Errorf("anthropic: an event that is not JSON: %w", err)
	}
	if failure, failed := inBand(data); failed {
		d.ended = true
		return append(dst, llm.Event{Kind: llm.EventError, Err: failure}), nil
	}
	text := wire.Get(data, "completion")
	if !wire.IsString(text) || d.finished {
		return dst, nil
	}
	return d.piece(dst, data, text), nil
}

func (d *textDecoder) piece(dst []llm.Event, data, text llm.JSON) []llm.Event {
	if !d.started {
		d.started = true
		dst = append(dst, llm.Event{
			Kind: llm.EventStart, ID: wire.Text(wire.Get(data, "id")), Model: wire.Text(wire.Get(data, "model")),
		})
	}
	if !wire.EmptyText(text) {
		if !d.begun {
			d.begun = true
			dst = append(dst, llm.Event{Kind: llm.EventPart})
		}
		dst = append(dst, llm.Event{Kind: llm.EventDelta, Text: text})
	}
	reason := wire.Text(wire.Get(data, "stop_reason"))
	if reason == "" {
		return dst
	}
	d.finished = true
	if d.begun {
		dst = append(dst, llm.Event{Kind: llm.EventPartEnd})
	}
	return append(dst, llm.Event{
		Kind: llm.EventFinish, Finish: textFinish(reason), Reason: reason,
		StopSequence: stringOrNil(wire.Get(data, "stop")),
		Extra:        llm.Extra{From: llm.AnthropicText},
	})
}

// End implements wire.StreamDecoder.
func (d *textDecoder) End(dst []llm.Event) ([]llm.Event, error) {
	if d.ended {
		return dst, nil
	}
	if !d.finished {
		return dst, fmt.Errorf("anthropic: the stream broke off: %w", io.ErrUnexpectedEOF)
	}
	d.ended = true
	return append(dst, llm.Event{Kind: llm.EventEnd}), nil
}
