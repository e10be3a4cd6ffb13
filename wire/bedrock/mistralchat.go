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

// documented is a question with no more than what Amazon documents of Mistral's
// chat: the rest is an error there.
func documented(r *llm.Request, n *wire.Notes) *llm.Request {
	for i := range r.Extra.Members {
		n.Lose(r.Extra.Members[i].Name, r.Extra.Members[i].Value)
	}
	q := *r
	q.Extra = llm.Extra{}
	if len(q.Sampling.Stop) > 0 {
		n.Drop("sampling.stop")
		q.Sampling.Stop = nil
	}
	for _, f := range []struct {
		name  string
		value *llm.JSON
	}{
		{"sampling.seed", &q.Sampling.Seed},
		{"sampling.n", &q.Sampling.N},
		{"sampling.frequency_penalty", &q.Sampling.FrequencyPenalty},
		{"sampling.presence_penalty", &q.Sampling.PresencePenalty},
		{"parallel", &q.Parallel},
		{"service_tier", &q.ServiceTier},
		{"metadata", &q.Metadata},
	} {
		n.Lose(f.name, *f.value)
		*f.value = nil
	}
	answered(&q, n)
	return &q
}

// answered leaves out of a question how the answer shall come about.
func answered(q *llm.Request, n *wire.Notes) {
	if q.Output.Kind > llm.OutputText {
		n.Drop("output")
	}
	n.LoseText("output.verbosity", q.Output.Verbosity)
	if wire.Thinks(&q.Reasoning) {
		n.Drop("reasoning")
	}
	q.Output, q.Reasoning = llm.Output{}, llm.Reasoning{}
	if q.Choice.Mode == llm.ChoiceNamed {
		n.Change("choice", "any tool")
		q.Choice = llm.ToolChoice{Mode: llm.ChoiceAny}
	}
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
	some, sealed := false, wire.SealedIDs(parts, "")
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
		writeChatCall(w, sealed(i), c)
	}
	if some {
		w.EndArray()
	}
	w.EndObject()
	orNull(w, "stop_reason", reason)
	orNull(w, "finish_reason", reason)
	w.EndObject()
}

// What Mistral and OpenAI call the tokens that a cache gave.
const (
	promptDetails = "prompt_tokens_details"
	cachedTokens  = "cached_tokens" //nolint:gosec // a member
)

func chatUsage(w *wire.Writer, u *llm.Usage) {
	if u.Prompt < 0 && u.Completion < 0 {
		return
	}
	w.Name("usage")
	w.Object()
	w.IntMember("prompt_tokens", max(u.Prompt, 0))
	w.IntMember("completion_tokens", max(u.Completion, 0))
	w.IntMember("total_tokens", total(u))
	if u.Details != nil && u.Details.CachedPrompt > 0 {
		w.Name(promptDetails)
		w.Object()
		w.IntMember(cachedTokens, u.Details.CachedPrompt)
		w.EndObject()
	}
	w.EndObject()
}

// NewStream implements wire.Client.
func (mistralChat) NewStream(*llm.Request) wire.StreamEncoder { return &chatPieces{} }

// chatPieces writes a stream, one event a line. Calls are told whole.
type chatPieces struct {
	id, model string
	created   int64
	calls     []llm.Part
	open      []openPart
	held      int
	proofs    wire.Sealer // for the next call
	finish    llm.Finish
	usage     llm.Usage
	failed    bool
}

// openPart is a part that is not told as it comes: a call, or one that has no
// place here.
type openPart struct {
	index  int
	call   *llm.Part // a copy; nil: no call
	proofs []wire.Proof
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
		if d := ev.Usage.Details; d != nil {
			s.usage.Details = &llm.UsageDetails{CachedPrompt: d.CachedPrompt}
		}
	case llm.EventEnd:
		for len(s.open) > 0 {
			dst = s.partEnd(dst, s.open[0].index)
		}
		return s.line(dst, llm.JSON(`""`), nil, chatReason(s.finish, s.calls))
	case llm.EventSign:
		s.sign(ev)
	case llm.EventCite, llm.EventLogprobs, llm.EventError, llm.EventOther:
	}
	return dst
}

// failure implements failing.
func (s *chatPieces) failure() *llm.Error {
	if !s.failed {
		return nil
	}
	return &llm.Error{Status: 502, Message: "the arguments of a call are too long", RetryAfter: -1}
}

func (s *chatPieces) part(dst []byte, ev *llm.Event) []byte {
	p := &ev.Part
	if p.Kind == llm.Text || p.Kind == llm.Refusal {
		return s.text(dst, p.Text)
	}
	if len(s.open) >= maxOpen { // a provider that never ends its parts
		dst = s.partEnd(dst, s.open[0].index)
	}
	o := openPart{index: ev.Index}
	if p.Call == nil {
		s.proofs.Part(p)
	} else {
		o.call = &llm.Part{Kind: llm.ToolCall, Signature: slices.Clone(p.Signature), SignedBy: p.SignedBy, Call: &llm.Call{
			ID: strings.Clone(p.Call.ID), Name: strings.Clone(p.Call.Name), Args: slices.Clone(p.Call.Args),
		}}
		o.proofs = s.proofs.Thoughts()
	}
	s.open = append(s.open, o)
	return dst
}

// at is the part that is open with an index, nil if it is told as it comes.
func (s *chatPieces) at(index int) *openPart {
	for i := range s.open {
		if s.open[i].index == index {
			return &s.open[i]
		}
	}
	return nil
}

func (s *chatPieces) delta(dst []byte, ev *llm.Event) []byte {
	o := s.at(ev.Index)
	switch {
	case o == nil:
		return s.text(dst, ev.Text)
	case o.call == nil:
		s.proofs.Tell(ev.Text)
	case s.held+len(ev.Text) > maxHeld:
		s.failed = true
	default:
		s.held += len(ev.Text)
		o.call.Call.Args = append(o.call.Call.Args, wire.TextBytes(ev.Text)...)
	}
	return dst
}

// sign keeps a signature for the call that it goes back with.
func (s *chatPieces) sign(ev *llm.Event) {
	o := s.at(ev.Index)
	if o == nil {
		return
	}
	if o.call == nil {
		s.proofs.Sign(ev.Text, ev.Part.SignedBy)
		return
	}
	o.call.Signature = slices.Clone(ev.Text)
	if ev.Part.SignedBy != "" {
		o.call.SignedBy = ev.Part.SignedBy
	}
}

func (s *chatPieces) text(dst []byte, text llm.JSON) []byte {
	if !wire.IsString(text) || wire.EmptyText(text) {
		return dst
	}
	return s.line(dst, text, nil, "")
}

func (s *chatPieces) partEnd(dst []byte, index int) []byte {
	i := slices.IndexFunc(s.open, func(o openPart) bool { return o.index == index })
	if i < 0 {
		return dst
	}
	o := s.open[i]
	s.open = slices.Delete(s.open, i, i+1)
	if o.call == nil {
		return dst
	}
	s.held -= len(o.call.Call.Args)
	o.call.Call.ID = wire.SealID(o.call.Call.ID, wire.Prove(o.proofs, o.call, ""))
	o.call.Signature = nil
	s.calls = []llm.Part{{Kind: llm.ToolCall}} // that there was one
	return s.line(dst, llm.JSON(`""`), []llm.Part{*o.call}, "")
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
