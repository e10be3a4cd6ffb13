// Package llama2 translates the raw prompt format of Llama 2 chat models, as
// plain inference servers of them take it, for providers: nobody asks in it. A
// conversation becomes one text with the model's own marks. The package only
// translates: it opens no connection, reads no clock and knows no other format.
//
// Source of the marks: https://huggingface.co/blog/llama2#how-to-prompt-llama-2
package llama2

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

const own = llm.Llama2Raw

// Provider is the provider's side.
type Provider struct{}

// Format implements wire.Provider.
func (Provider) Format() llm.Format { return own }

// EncodeRequest implements wire.Provider.
func (Provider) EncodeRequest(dst []byte, r *llm.Request, notes *wire.Notes) ([]byte, error) {
	e := encoder{r: r, notes: notes}
	inputs, err := e.inputs()
	if err != nil {
		return dst, err
	}
	w := wire.Writer{Buf: dst}
	w.Object()
	w.Member("inputs", inputs)
	w.Name("parameters")
	w.Object()
	w.Member("max_new_tokens", r.Sampling.MaxTokens)
	w.Member("top_p", r.Sampling.TopP)
	w.Member("top_k", r.Sampling.TopK)
	w.Member("temperature", r.Sampling.Temperature)
	w.BoolMember("stream", false)
	w.EndObject()
	w.EndObject()
	e.drops()
	return w.Buf, nil
}

// encoder writes one question.
type encoder struct {
	r     *llm.Request
	notes *wire.Notes
}

func (e *encoder) drop(there bool, field string) {
	if there {
		e.notes.Drop(field)
	}
}

func (e *encoder) inputs() (llm.JSON, error) {
	r := e.r
	switch {
	case r.Prompt != nil && len(r.Messages) > 0:
		return nil, &wire.Invalid{
			Message: "cannot run raw 'prompt' and chat history 'messages' requests at the same time - refer to schema",
		}
	case len(r.Messages) > 0:
		return e.chat(), nil
	}
	prompt, ok := wire.OnePrompt(r.Prompt)
	if !ok {
		return nil, &wire.Invalid{Field: "prompt", Message: "must be one text"}
	}
	return wire.Join("",
		llm.JSON(`"<s> [INST] <<SYS>> You are a helpful assistant. <<SYS>> "`), prompt, llm.JSON(`" [/INST]"`)), nil
}

// chat writes a conversation. The first message stands where instructions do,
// the second opens the first turn, whoever speaks; what the assistant said
// later is left out.
func (e *encoder) chat() llm.JSON {
	out := []byte{'"'}
	for i := range e.r.Messages {
		m := &e.r.Messages[i]
		before, after := marks(i, m.Role)
		if before == "" && after == "" {
			continue
		}
		out = append(out, before...)
		out = e.appendText(out, m, "messages["+strconv.Itoa(i)+"]")
		out = append(out, after...)
	}
	return append(out, '"')
}

// marks are what stands around a message, in letters that JSON needs no escapes for.
func marks(i int, role llm.Role) (before, after string) {
	switch {
	case i == 0:
		return "<s>[INST] <<SYS>> ", " <</SYS>>"
	case i == 1:
		return " ", " [/INST]"
	case role == llm.System || role == llm.Developer:
		return " ", " </s>"
	case role == llm.User || role == llm.ToolRole:
		return " <s>[INST] ", " [/INST]"
	}
	return "", ""
}

// appendText appends what a message says, without quotes.
func (e *encoder) appendText(out []byte, m *llm.Message, path string) []byte {
	text := wire.Join("\n", e.texts(nil, m.Parts, path)...)
	return append(out, text[1:len(text)-1]...)
}

func (e *encoder) texts(texts []llm.JSON, parts []llm.Part, path string) []llm.JSON {
	for j := range parts {
		p, at := &parts[j], path+".parts["+strconv.Itoa(j)+"]"
		switch p.Kind {
		case llm.Text, llm.Refusal:
			texts = append(texts, p.Text)
		case llm.ToolResult:
			if p.Result == nil {
				continue
			}
			e.notes.Change(at, "sent as text")
			texts = e.texts(texts, p.Result.Parts, at)
			if p.Result.Value != nil {
				texts = append(texts, textOf(p.Result.Value))
			}
		case llm.Image, llm.Audio, llm.Video, llm.Document, llm.ToolCall, llm.Thinking, llm.Redacted, llm.Opaque:
			e.notes.Drop(at)
		}
	}
	return texts
}

// textOf is a JSON value as a text.
func textOf(v llm.JSON) llm.JSON {
	if wire.IsString(v) {
		return v
	}
	return wire.Quote(string(v))
}

// drops notes what has no place here.
func (e *encoder) drops() {
	r, s, t, o := e.r, &e.r.Sampling, &e.r.Reasoning, &e.r.Output
	if r.Stream {
		e.notes.Change("stream", "answered whole")
	}
	e.notes.Lose("suffix", r.Suffix)
	e.drop(len(r.Tools) > 0, "tools")
	e.drop(wire.Confines(&r.Choice), "choice")
	e.notes.Lose("parallel", r.Parallel)
	e.notes.Lose("sampling.min_p", s.MinP)
	e.notes.Lose("sampling.frequency_penalty", s.FrequencyPenalty)
	e.notes.Lose("sampling.presence_penalty", s.PresencePenalty)
	e.notes.Lose("sampling.repeat_penalty", s.RepeatPenalty)
	e.notes.Lose("sampling.seed", s.Seed)
	e.notes.Lose("sampling.n", s.N)
	e.drop(len(s.Stop) > 0, "sampling.stop")
	e.notes.Lose("sampling.logit_bias", s.LogitBias)
	e.notes.Lose("sampling.logprobs", s.Logprobs)
	e.drop(wire.Thinks(t), "reasoning")
	e.drop(o.Kind == llm.OutputJSON || o.Kind == llm.OutputSchema || o.Verbosity != "", "output")
	e.notes.Lose("user", r.User)
	e.notes.Lose("service_tier", r.ServiceTier)
	e.notes.Lose("metadata", r.Metadata)
	for i := range r.Extra.Members {
		e.notes.Lose(r.Extra.Members[i].Name, r.Extra.Members[i].Value)
	}
}

// unreadable is an answer that is none.
type unreadable string

// Error implements error.
func (u unreadable) Error() string { return string(u) }

const (
	undecodable unreadable = "failed to decode llama2 response"
	shapeless   unreadable = "cannot parse response from llama2 endpoint"
	empty       unreadable = "response data is empty from llama2 endpoint"
	speechless  unreadable = "response did not contain a system reply"
)

// DecodeResponse implements wire.Provider. The answer is the text after the
// prompt, which the server repeats.
func (Provider) DecodeResponse(a *llm.Response, body []byte) error {
	if wire.Check(body) != nil {
		return undecodable
	}
	data := wire.Get(body, "data")
	switch n := wire.Len(data); {
	case !wire.IsArray(data) || n > 1:
		return shapeless
	case n == 0:
		return empty
	}
	items := wire.Items(data)
	first, _ := items.Next()
	generated := wire.Get(first, "generated_text")
	if !wire.IsString(generated) {
		return speechless
	}
	a.Usage = usage(wire.Get(body, "usage"))
	a.Choices = append(a.Choices, llm.Choice{
		Finish: llm.FinishStop,
		Parts:  []llm.Part{{Kind: llm.Text, Text: reply(generated)}},
	})
	return nil
}

// reply is the text after the last turn of the user.
func reply(generated llm.JSON) llm.JSON {
	text := wire.Text(generated)
	if i := strings.LastIndex(text, "[/INST]"); i >= 0 {
		text = text[i+len("[/INST]"):]
	}
	return wire.Quote(strings.TrimSpace(text))
}

func usage(raw llm.JSON) llm.Usage {
	u := llm.NoUsage()
	for _, c := range [...]struct {
		name string
		into *int64
	}{
		{"prompt_tokens", &u.Prompt}, {"completion_tokens", &u.Completion}, {"total_tokens", &u.Total},
	} {
		if n, ok := wire.Int(wire.Get(raw, c.name)); ok && n >= 0 {
			*c.into = n
		}
	}
	return u
}

// NewStream implements wire.Provider. There are no streams: the whole answer,
// if it is given as the one message, is told in events.
func (p Provider) NewStream() wire.StreamDecoder { return &streamDecoder{provider: p} }

type streamDecoder struct {
	provider Provider
	told     bool
}

// Decode implements wire.StreamDecoder.
func (d *streamDecoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	data := bytes.TrimSpace(m.Data)
	if d.told || len(data) == 0 || string(data) == "[DONE]" {
		return dst, nil
	}
	var a llm.Response
	if err := d.provider.DecodeResponse(&a, data); err != nil {
		return dst, err
	}
	d.told = true
	dst = append(dst, llm.Event{Kind: llm.EventStart})
	if text := a.Choices[0].Parts[0].Text; !wire.EmptyText(text) {
		dst = append(dst,
			llm.Event{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Text}},
			llm.Event{Kind: llm.EventDelta, Text: text},
			llm.Event{Kind: llm.EventPartEnd})
	}
	dst = append(dst, llm.Event{Kind: llm.EventFinish, Finish: llm.FinishStop})
	if u := a.Usage; u.Prompt >= 0 || u.Completion >= 0 {
		dst = append(dst, llm.Event{Kind: llm.EventUsage, Usage: u})
	}
	return dst, nil
}

// End implements wire.StreamDecoder.
func (d *streamDecoder) End(dst []llm.Event) ([]llm.Event, error) {
	if !d.told {
		return dst, fmt.Errorf("llama2: there was no answer: %w", io.ErrUnexpectedEOF)
	}
	return append(dst, llm.Event{Kind: llm.EventEnd}), nil
}

// DecodeError implements wire.Provider.
func (Provider) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	e := &llm.Error{Status: status, RetryAfter: -1}
	if header != nil {
		e.RequestID = header("x-request-id")
		if s, err := strconv.Atoi(strings.TrimSpace(header("retry-after"))); err == nil && s >= 0 {
			e.RetryAfter = s
		}
	}
	if e.Message = message(body); e.Message == "" {
		e.Message = "status " + strconv.Itoa(status) + " without a reason"
	}
	return e
}

// message finds the words of an error, in JSON or not.
func message(body []byte) string {
	if wire.IsObject(body) && jsonscan.Valid(body) == nil {
		for _, path := range [...][]string{{"error"}, {"error", "message"}, {"message"}, {"detail"}} {
			if s := wire.Text(wire.Get(body, path...)); s != "" {
				return s
			}
		}
	}
	return string(bytes.TrimSpace(body))
}
