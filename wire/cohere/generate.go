package cohere

import (
	"fmt"
	"io"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// EncodeRequest implements wire.Provider. A conversation becomes a prompt of
// its texts.
func (Generate) EncodeRequest(dst []byte, r *llm.Request, n *wire.Notes) ([]byte, error) {
	prompt, err := promptOf(r, n)
	if err != nil {
		return nil, err
	}
	w := wire.Writer{Buf: dst}
	top := begin(&w, &r.Extra, llm.CohereGenerate)
	top.Text("model", r.Model)
	top.Member("prompt", prompt)
	top.stream(r.Stream)
	top.Member("num_generations", r.Sampling.N)
	top.sampling(&r.Sampling)
	if wire.IsTrue(r.Sampling.Logprobs) {
		top.Text("return_likelihoods", "GENERATION")
	}
	top.End()
	dropped(r, n)
	t := &r.Reasoning
	drop(n, "reasoning", wire.Thinks(t))
	drop(n, "tools", len(r.Tools) > 0)
	drop(n, "output", r.Output.Kind == llm.OutputJSON || r.Output.Kind == llm.OutputSchema)
	wire.NoteExtra(n, &r.Extra, llm.CohereGenerate, "")
	return w.Buf, nil
}

func promptOf(r *llm.Request, n *wire.Notes) (llm.JSON, error) {
	if r.Prompt != nil {
		return onePrompt(r)
	}
	var texts []llm.JSON
	for i := range r.Messages {
		for k := range r.Messages[i].Parts {
			if p := &r.Messages[i].Parts[k]; isText(p) && p.Text != nil {
				texts = append(texts, p.Text)
			}
		}
	}
	if len(texts) == 0 {
		return nil, &wire.Invalid{Field: "prompt", Message: "is required"}
	}
	n.Change("messages", "their texts are sent as one prompt")
	return wire.Join("\n\n", texts...), nil
}

// DecodeResponse implements wire.Provider.
func (Generate) DecodeResponse(a *llm.Response, body []byte) error {
	if wire.Check(body) != nil {
		return errUnreadable
	}
	switch {
	case wire.IsArray(wire.Get(body, "generations")):
		generations(a, body, llm.CohereGenerate)
	case wire.IsString(wire.Get(body, "text")):
		v1Answer(a, body)
	default:
		if disguised := disguisedError(body); disguised != nil {
			return disguised
		}
		return errNoAnswer
	}
	return nil
}

// generations reads {"id", "generations": [{"text", …}], "meta"}.
func generations(a *llm.Response, body llm.JSON, own llm.Format) {
	a.Usage = llm.NoUsage()
	a.Extra.From = own
	f := wire.NewFields(body)
	for f.Next() {
		v := f.Value()
		switch name := f.Name(); {
		case name == "id" && wire.IsString(v):
			a.ID = wire.Text(v)
		case name == "generations":
			items := wire.Items(v)
			for raw, ok := items.Next(); ok && len(a.Choices) <= wire.MaxChoices; raw, ok = items.Next() {
				a.Choices = append(a.Choices, generation(raw, len(a.Choices), own))
			}
		case name == "meta" && wire.IsObject(v):
			a.Usage = usage(v, own)
		default:
			f.Keep(&a.Extra, own)
		}
	}
}

func generation(raw llm.JSON, index int, own llm.Format) llm.Choice {
	c := llm.Choice{Index: index, Extra: llm.Extra{From: own}}
	f := wire.NewFields(raw)
	for f.Next() {
		v := f.Value()
		switch name := f.Name(); {
		case name == "text" && wire.IsString(v):
			c.Parts = append(c.Parts, llm.Part{Text: v})
		case name == "finish_reason" && wire.IsString(v):
			c.Reason = wire.Text(v)
		default:
			f.Keep(&c.Extra, own)
		}
	}
	if c.Finish, _ = finishOf(c.Reason, false); c.Finish == llm.Unfinished {
		c.Finish = llm.FinishStop
	}
	return c
}

// NewStream implements wire.Provider.
func (Generate) NewStream() wire.StreamDecoder { return &generateDecoder{} }

// generateDecoder reads texts of one or several choices.
type generateDecoder struct {
	started, done bool
	begun         []bool // of each choice
}

// Decode implements wire.StreamDecoder.
func (d *generateDecoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	data := llm.JSON(m.Data)
	if d.done || len(data) == 0 || string(data) == "[DONE]" {
		return dst, nil
	}
	if err := readable(data); err != nil {
		return dst, err
	}
	if !d.started {
		d.started = true
		dst = append(dst, llm.Event{Kind: llm.EventStart})
	}
	name := wire.Text(wire.Get(data, "event_type"))
	switch {
	case name == "stream-end":
		return d.finish(dst, data), nil
	case name == "stream-error":
		d.done = true
		return append(dst, streamError(data)), nil
	case wire.IsString(wire.Get(data, "text")):
		n, _ := wire.Int(wire.Get(data, "index"))
		return d.text(dst, n, wire.Get(data, "text")), nil
	}
	if dst, d.done = spoilt(dst, data); d.done {
		return dst, nil
	}
	return append(dst, other(name, data, llm.CohereGenerate)), nil
}

// streamError is {"event_type": "stream-error", "err": …}.
func streamError(data llm.JSON) llm.Event {
	e := decodeError(502, nil, data)
	e.Type = wire.Text(wire.Get(data, "finish_reason"))
	return llm.Event{Kind: llm.EventError, Err: e}
}

func (d *generateDecoder) text(dst []llm.Event, choice int64, text llm.JSON) []llm.Event {
	if choice < 0 || choice >= maxParts || wire.EmptyText(text) {
		return dst
	}
	for int64(len(d.begun)) <= choice {
		d.begun = append(d.begun, false)
	}
	if !d.begun[choice] {
		d.begun[choice] = true
		dst = append(dst, llm.Event{Kind: llm.EventPart, Choice: int(choice)})
	}
	return append(dst, llm.Event{Kind: llm.EventDelta, Choice: int(choice), Text: text})
}

func (d *generateDecoder) finish(dst []llm.Event, data llm.JSON) []llm.Event {
	d.done = true
	response := wire.Get(data, "response")
	var a llm.Response
	generations(&a, response, llm.CohereGenerate)
	for i := range a.Choices[:min(len(a.Choices), maxParts)] {
		if i >= len(d.begun) || !d.begun[i] {
			dst = d.text(dst, int64(i), answerText(a.Choices[i].Parts))
		}
	}
	for i, begun := range d.begun {
		if begun {
			dst = append(dst, llm.Event{Kind: llm.EventPartEnd, Choice: i})
		}
	}
	reason := wire.Text(wire.Get(data, "finish_reason"))
	for i := range max(len(d.begun), 1) {
		ev := llm.Event{Kind: llm.EventFinish, Choice: i, Reason: reason}
		if i < len(a.Choices) && a.Choices[i].Reason != "" {
			ev.Reason = a.Choices[i].Reason
		}
		ev.Finish, _ = finishOf(ev.Reason, false)
		dst = append(dst, ev)
	}
	if len(a.Usage.Extra.Members) > 0 {
		dst = append(dst, llm.Event{Kind: llm.EventUsage, Usage: a.Usage})
	}
	return append(dst, llm.Event{Kind: llm.EventEnd})
}

// End implements wire.StreamDecoder.
func (d *generateDecoder) End(dst []llm.Event) ([]llm.Event, error) {
	if d.done {
		return dst, nil
	}
	return dst, fmt.Errorf("cohere stream: no stream-end: %w", io.ErrUnexpectedEOF)
}
