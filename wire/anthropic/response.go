package anthropic

import (
	"errors"
	"fmt"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// The wording is part of what callers see.
var (
	errUnreadable   = errors.New("failed to decode anthropic response")
	errNoContent    = errors.New("'content' not in anthropic://llm/v1/chat response")
	errNoCompletion = errors.New("'completion' not in anthropic://llm/v1/chat response")
)

// DecodeResponse implements wire.Provider.
func (Provider) DecodeResponse(a *llm.Response, body []byte) error {
	if wire.Check(body) != nil {
		return errUnreadable
	}
	d := responseDecoder{a: a}
	a.Extra.From = own
	a.Usage = llm.NoUsage()
	f := wire.NewFields(body)
	for f.Next() {
		d.member(&f)
	}
	if d.failed {
		failure, _ := inBand(body)
		return failure
	}
	if !d.content.IsArray() {
		return errNoContent
	}
	parts, bad := blocks{}.list("content", d.content)
	if bad != nil {
		return fmt.Errorf("anthropic: %w", bad)
	}
	d.choice.Parts = parts
	a.Choices = []llm.Choice{d.choice}
	return nil
}

type responseDecoder struct {
	a       *llm.Response
	choice  llm.Choice
	content wire.List
	failed  bool
}

func (d *responseDecoder) member(f *wire.Fields) {
	v := f.Value()
	switch name := f.Name(); {
	case name == "type", name == "role":
	case name == "error" && !wire.IsNull(v):
		d.failed = true
	case name == "id" && wire.IsString(v):
		d.a.ID = wire.Text(v)
	case name == "model" && wire.IsString(v):
		d.a.Model = wire.Text(v)
	case name == "content":
		d.content = f.Items()
	case name == "stop_reason" && wire.IsString(v):
		d.choice.Reason = wire.Text(v)
		d.choice.Finish = finishOf(d.choice.Reason)
	case name == "stop_sequence" && wire.IsString(v):
		d.choice.StopSequence = v
	case name == "usage" && wire.IsObject(v):
		u := usage{final: true}
		u.add(v)
		d.a.Usage = u.canonical()
	default:
		f.Keep(&d.a.Extra, own)
	}
}

// finishOf is why an answer ended,
// https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons.
// A reason that is not known yet still ends it.
func finishOf(reason string) llm.Finish {
	switch reason {
	case "":
		return llm.Unfinished
	case "max_tokens", "model_context_window_exceeded":
		return llm.FinishLength
	case "tool_use":
		return llm.FinishTools
	case "refusal":
		return llm.FinishRefusal
	case "pause_turn", "compaction":
		return llm.FinishPause
	}
	return llm.FinishStop
}

// reasonOf is the finish in the words of the API: the provider's own where
// mine tells that they are ours. Some providers call tools and say no more
// than that they stopped.
func reasonOf(f llm.Finish, reason string, mine, stopped, called bool) string {
	if mine && reason != "" && finishOf(reason) == f {
		return reason
	}
	switch f {
	case llm.FinishLength:
		return "max_tokens"
	case llm.FinishTools:
		return "tool_use"
	case llm.FinishFilter, llm.FinishRefusal:
		return "refusal"
	case llm.FinishPause:
		return "pause_turn"
	case llm.Unfinished, llm.FinishStop, llm.FinishError:
	}
	switch {
	case stopped:
		return "stop_sequence"
	case called:
		return "tool_use"
	}
	return "end_turn"
}

// EncodeResponse implements wire.Client.
func (Client) EncodeResponse(dst []byte, a *llm.Response, _ *llm.Request) []byte {
	w := wire.Writer{Buf: dst}
	mine := a.Extra.From == own
	var c llm.Choice
	if len(a.Choices) > 0 {
		c = a.Choices[0]
	}
	o := newObject(&w, &a.Extra)
	o.text("id", a.ID)
	o.text("type", "message")
	o.text("role", "assistant")
	o.text("model", a.Model)
	pw := partWriter{w: &w, own: mine, answer: true}
	called := false
	o.name("content")
	w.Array()
	for i := range c.Parts {
		pw.part(&c.Parts[i], "")
		called = called || c.Parts[i].Kind == llm.ToolCall
	}
	w.EndArray()
	if !mine || c.Finish != llm.Unfinished {
		o.text("stop_reason", reasonOf(c.Finish, c.Reason, mine, c.StopSequence != nil, called))
	}
	if !mine || c.StopSequence != nil {
		o.name("stop_sequence")
		w.Raw(c.StopSequence)
	}
	if !mine || a.Usage.Extra.From == own || a.Usage.Prompt >= 0 || a.Usage.Completion >= 0 {
		o.name("usage")
		writeUsage(&w, &a.Usage)
	}
	o.end()
	return w.Buf
}
