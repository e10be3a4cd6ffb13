package bedrock

import (
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// mistralChat is the format of Mistral's later models: questions as Mistral has
// them, answers by the names that Amazon documents. The newest are asked by
// clients who look for Mistral's own, so those are there, too.
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-chat-completion.html
type mistralChat struct{ wire.Client }

// EncodeResponse implements wire.Client.
func (mistralChat) EncodeResponse(dst []byte, a *llm.Response, _ *llm.Request) []byte {
	w := wire.Writer{Buf: dst}
	beginChat(&w, "chat.completion", a.ID, a.Created, a.Model)
	for i := range a.Choices {
		c := &a.Choices[i]
		chatChoice(&w, c.Index, textOf(c.Parts), c.Parts, chatReason(c.Finish, c.Parts))
	}
	w.EndArray()
	chatUsage(&w, &a.Usage)
	w.EndObject()
	return w.Buf
}

// beginChat begins an answer, or a piece of one, up to its choices.
func beginChat(w *wire.Writer, object, id string, created int64, model string) {
	w.Object()
	w.StringMember("id", id)
	w.StringMember("object", object)
	w.IntMember("created", created)
	w.StringMember("model", model)
	w.Name("choices")
	w.Array()
}

func chatReason(f llm.Finish, parts []llm.Part) string {
	switch f {
	case llm.FinishLength:
		return "length"
	case llm.FinishTools:
		return "tool_calls"
	case llm.Unfinished, llm.FinishStop, llm.FinishFilter, llm.FinishRefusal, llm.FinishPause, llm.FinishError:
	}
	if slices.ContainsFunc(parts, func(p llm.Part) bool { return p.Kind == llm.ToolCall }) {
		return "tool_calls"
	}
	return "stop"
}

// chatChoice writes a choice; its reason is null until it ends.
func chatChoice(w *wire.Writer, index int, text llm.JSON, parts []llm.Part, reason string) {
	w.Object()
	w.IntMember("index", int64(index))
	w.Name("message")
	w.Object()
	w.StringMember("role", "assistant")
	w.Member("content", text)
	some := false
	for i := range parts {
		c := parts[i].Call
		if parts[i].Kind != llm.ToolCall || c == nil {
			continue
		}
		if !some {
			some = true
			w.Name("tool_calls")
			w.Array()
		}
		writeChatCall(w, c)
	}
	if some {
		w.EndArray()
	}
	w.EndObject()
	orNull(w, "stop_reason", reason)
	orNull(w, "finish_reason", reason)
	w.EndObject()
}

func chatUsage(w *wire.Writer, u *llm.Usage) {
	if u.Prompt < 0 && u.Completion < 0 {
		return
	}
	w.Name("usage")
	w.Object()
	w.IntMember("prompt_tokens", max(u.Prompt, 0))
	w.IntMember("completion_tokens", max(u.Completion, 0))
	w.IntMember("total_tokens", total(u))
	w.EndObject()
}

// NewStream implements wire.Client.
func (mistralChat) NewStream(*llm.Request) wire.StreamEncoder { return &chatPieces{} }

// chatPieces writes a stream, one event a line. Calls are told whole.
type chatPieces struct {
	id, model string
	created   int64
	calls     []llm.Part
	open      []openCall
	held      int
	finish    llm.Finish
	usage     llm.Usage
	mute      []int
}

// openCall is a call that is not told yet.
type openCall struct {
	index int // of its part
	call  llm.Call
}

// ContentType implements wire.StreamEncoder.
func (*chatPieces) ContentType() string { return "application/x-ndjson" }

// Encode implements wire.StreamEncoder. A stream has one answer.
func (s *chatPieces) Encode(dst []byte, ev *llm.Event) []byte {
	if ev.Choice != 0 {
		return dst
	}
	switch ev.Kind {
	case llm.EventStart:
		s.id, s.model, s.created, s.usage = strings.Clone(ev.ID), strings.Clone(ev.Model), ev.Created, llm.NoUsage()
	case llm.EventPart:
		return s.part(dst, ev)
	case llm.EventDelta:
		return s.delta(dst, ev)
	case llm.EventPartEnd:
		return s.partEnd(dst, ev.Index)
	case llm.EventFinish:
		s.finish = ev.Finish
	case llm.EventUsage:
		s.usage = llm.Usage{Prompt: ev.Usage.Prompt, Completion: ev.Usage.Completion, Total: ev.Usage.Total}
	case llm.EventEnd:
		for len(s.open) > 0 {
			dst = s.partEnd(dst, s.open[0].index)
		}
		return s.line(dst, llm.JSON(`""`), nil, chatReason(s.finish, s.calls))
	case llm.EventSign, llm.EventCite, llm.EventLogprobs, llm.EventError, llm.EventOther:
	}
	return dst
}

func (s *chatPieces) part(dst []byte, ev *llm.Event) []byte {
	switch p := &ev.Part; p.Kind {
	case llm.ToolCall:
		if p.Call != nil && len(s.open) < maxOpen {
			s.open = append(s.open, openCall{ev.Index, llm.Call{
				ID: strings.Clone(p.Call.ID), Name: strings.Clone(p.Call.Name), Args: slices.Clone(p.Call.Args),
			}})
		}
	case llm.Text, llm.Refusal:
		return s.text(dst, p.Text)
	case llm.Image, llm.Audio, llm.Video, llm.Document, llm.ToolResult, llm.Thinking, llm.Redacted, llm.Opaque:
		s.mute = append(s.mute, ev.Index)
	}
	return dst
}

func (s *chatPieces) delta(dst []byte, ev *llm.Event) []byte {
	for i := range s.open {
		if s.open[i].index != ev.Index {
			continue
		}
		if s.held += len(ev.Text); s.held <= maxHeld {
			s.open[i].call.Args = append(s.open[i].call.Args, wire.TextBytes(ev.Text)...)
		}
		return dst
	}
	if slices.Contains(s.mute, ev.Index) {
		return dst
	}
	return s.text(dst, ev.Text)
}

func (s *chatPieces) text(dst []byte, text llm.JSON) []byte {
	if !wire.IsString(text) || wire.EmptyText(text) {
		return dst
	}
	return s.line(dst, text, nil, "")
}

func (s *chatPieces) partEnd(dst []byte, index int) []byte {
	s.mute = slices.DeleteFunc(s.mute, func(i int) bool { return i == index })
	for i := range s.open {
		if s.open[i].index != index {
			continue
		}
		call := s.open[i].call
		s.open = slices.Delete(s.open, i, i+1)
		s.calls = []llm.Part{{Kind: llm.ToolCall}} // that there was one
		return s.line(dst, llm.JSON(`""`), []llm.Part{{Kind: llm.ToolCall, Call: &call}}, "")
	}
	return dst
}

func (s *chatPieces) line(dst []byte, text llm.JSON, calls []llm.Part, reason string) []byte {
	w := wire.Writer{Buf: dst}
	beginChat(&w, "chat.completion.chunk", s.id, s.created, s.model)
	chatChoice(&w, 0, text, calls, reason)
	w.EndArray()
	if reason != "" {
		chatUsage(&w, &s.usage)
	}
	w.EndObject()
	return append(w.Buf, '\n')
}
