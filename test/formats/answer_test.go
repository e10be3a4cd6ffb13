package formats

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// answer makes an answer of no format in particular, to a question without
// anything special.
func (m *maker) answer() *llm.Response {
	a := &llm.Response{ID: fmt.Sprintf("answer-%d", m.IntN(1e6)), Model: "model", Created: 1700000000, Usage: m.usage()}
	c := llm.Choice{Finish: pick(m, llm.FinishStop, llm.FinishStop, llm.FinishLength, llm.FinishFilter)}
	if m.one(3) {
		c.Parts = append(c.Parts, m.thought())
	}
	if m.one(8) {
		c.Parts, c.Finish = append(c.Parts, llm.Part{Kind: llm.Refusal, Text: m.text()}), llm.FinishRefusal
	} else if !m.one(3) {
		c.Parts = append(c.Parts, llm.Part{Text: m.text()})
	}
	if c.Finish == llm.FinishStop && (m.one(3) || len(c.Parts) == 0) {
		for i := range 1 + m.IntN(3) {
			c.Parts = append(c.Parts, m.call(&llm.Tool{Name: fmt.Sprintf("tool_%d", i)}))
		}
		c.Finish = llm.FinishTools
	}
	a.Choices = []llm.Choice{c}
	return a
}

func (m *maker) usage() llm.Usage {
	u := llm.Usage{Prompt: 100 + m.Int64N(1000), Completion: 10 + m.Int64N(500)}
	u.Total = u.Prompt + u.Completion
	if m.one(2) {
		d := llm.NoDetails()
		d.CachedPrompt, d.Reasoning = m.Int64N(50), m.Int64N(10)
		u.Details = &d
	}
	return u
}

// events tells an answer in events, its texts in pieces.
func (m *maker) events(a *llm.Response) []llm.Event {
	var out []llm.Event
	for ev := range wire.Unroll(a) {
		if ev.Kind != llm.EventDelta {
			out = append(out, *ev)
			continue
		}
		for _, piece := range m.pieces(wire.Text(ev.Text)) {
			one := *ev
			one.Text = wire.Quote(piece)
			out = append(out, one)
		}
	}
	return out
}

// pieces cuts a text between characters.
func (m *maker) pieces(text string) []string {
	var out []string
	for rest := []rune(text); len(rest) > 0; {
		n := 1 + m.IntN(min(len(rest), 40))
		out, rest = append(out, string(rest[:n])), rest[n:]
	}
	return out
}

// told is what an answer says, for a comparison.
type told struct {
	thoughts, text, refusal, calls, finish, usage string
}

func tell(a *llm.Response, ids bool) told {
	var out told
	if len(a.Choices) != 1 {
		out.text = fmt.Sprintf("%d choices", len(a.Choices))
		return out
	}
	for i := range a.Choices[0].Parts {
		p := &a.Choices[0].Parts[i]
		switch p.Kind {
		case llm.Text:
			out.text += plainText(p.Text)
		case llm.Refusal:
			out.refusal += plainText(p.Text)
		case llm.Thinking, llm.Redacted:
			out.thoughts += fmt.Sprintf("<%s %s>", plainText(p.Text), p.Signature)
		case llm.ToolCall:
			id, _ := wire.OpenID(p.Call.ID)
			if !ids {
				id = ""
			}
			out.calls += fmt.Sprintf("<%s %s %s %s>", id, p.Call.Name, canonicalArgs(p.Call), p.Signature)
		default:
			out.text += fmt.Sprintf("<kind %d>", p.Kind)
		}
	}
	out.finish = fmt.Sprint(a.Choices[0].Finish)
	out.usage = fmt.Sprintf("%d %d", a.Usage.Prompt, a.Usage.Completion)
	if d := a.Usage.Details; d != nil {
		out.usage += fmt.Sprintf(" %d %d", max(d.CachedPrompt, 0), max(d.Reasoning, 0))
	} else {
		out.usage += " 0 0"
	}
	return out
}

func canonicalArgs(c *llm.Call) string {
	if len(bytes.TrimSpace(c.Args)) == 0 {
		return "{}"
	}
	return canonical(c.Args)
}

// answered is the question that answers are made to.
func (f *format) answered(t testing.TB, stream bool) *llm.Request {
	t.Helper()
	r := &llm.Request{
		Stream: stream, IncludeUsage: true, Messages: []llm.Message{{Parts: []llm.Part{{Text: llm.JSON(`"Hello"`)}}, Plain: true}},
		Reasoning: llm.Reasoning{On: true, Show: true},
		Tools:     []llm.Tool{{Name: "tool_0"}, {Name: "tool_1"}, {Name: "tool_2"}},
	}
	body, _ := f.encode(t, r)
	return f.decode(t, body, stream)
}

// plainly sends an answer to a caller and reads what they got.
func (f *format) plainly(t testing.TB, a *llm.Response, r *llm.Request) *llm.Response {
	t.Helper()
	body := f.client.EncodeResponse(nil, a, r)
	got := new(llm.Response)
	if err := f.provider.DecodeResponse(got, body); err != nil {
		t.Fatalf("%s cannot read its own answer: %v\n%s", f.name, err, body)
	}
	return got
}

// streamed does it with events, and gives the messages that they came in too.
func (f *format) streamed(t testing.TB, list []llm.Event, r *llm.Request) (*llm.Response, []wire.Message) {
	t.Helper()
	var raw []byte
	e := f.client.NewStream(r)
	for i := range list {
		raw = e.Encode(raw, &list[i])
	}
	messages, err := f.unframe(raw)
	if err != nil {
		t.Fatalf("%s: frames: %v\n%s", f.name, err, raw)
	}
	return f.read(t, raw), messages
}

// read reads a stream.
func (f *format) read(t testing.TB, raw []byte) *llm.Response {
	t.Helper()
	messages, err := f.unframe(raw)
	if err != nil {
		t.Fatalf("%s: frames: %v\n%s", f.name, err, raw)
	}
	var c wire.Collector
	d := f.provider.NewStream()
	add := func(got []llm.Event, err error) {
		if err != nil {
			t.Fatalf("%s cannot read its own stream: %v\n%s", f.name, err, raw)
		}
		for i := range got {
			if got[i].Kind == llm.EventError {
				t.Fatalf("%s: %v\n%s", f.name, got[i].Err, raw)
			}
			c.Add(&got[i])
		}
	}
	for _, m := range messages {
		add(d.Decode(nil, m))
	}
	add(d.End(nil))
	return c.Response()
}

// TestAnswers: what a caller reads is what was answered, plain and in events.
func TestAnswers(t *testing.T) {
	for _, f := range formats() {
		t.Run(f.name, func(t *testing.T) {
			for seed := range uint64(4 * seeds) {
				m := newMaker(seed, f.words())
				a := m.answer()
				want := f.expected(a)
				ids := !lost[f.words()].ids
				plain := tell(f.plainly(t, a, f.answered(t, false)), ids)
				if plain != want {
					t.Fatalf("seed %d: plain\n got %+v\nwant %+v\n%.3000s", seed, plain, want, f.client.EncodeResponse(nil, a, f.answered(t, false)))
				}
				got, _ := f.streamed(t, m.events(a), f.answered(t, true))
				if streamed := tell(got, ids); streamed != plain {
					t.Fatalf("seed %d: streamed\n got %+v\nwant %+v", seed, streamed, plain)
				}
			}
		})
	}
}

// losses are what the answers of a format cannot tell.
type losses struct {
	// finish that is told as another one.
	finish map[llm.Finish]llm.Finish
	// refusals are told as texts, thoughts not at all.
	refusals, thoughts bool
	// ids of calls are made up.
	ids bool
	// Tokens that were thought, and that were cached, are not counted.
	thought, cached bool
}

var lost = map[llm.Format]losses{
	// A refusal ends like what is held back, but for its text.
	llm.OpenAIChat:      {finish: map[llm.Finish]llm.Finish{llm.FinishRefusal: llm.FinishFilter}},
	llm.OpenAIResponses: {finish: map[llm.Finish]llm.Finish{llm.FinishRefusal: llm.FinishStop}},
	llm.Anthropic:       {finish: map[llm.Finish]llm.Finish{llm.FinishFilter: llm.FinishRefusal}, refusals: true},
	llm.Gemini:          {finish: map[llm.Finish]llm.Finish{llm.FinishRefusal: llm.FinishFilter}, refusals: true},
	llm.BedrockConverse: {finish: map[llm.Finish]llm.Finish{llm.FinishRefusal: llm.FinishFilter}, refusals: true, thought: true},
	// Of the two counts, that of what is billed knows nothing of a cache.
	llm.CohereV2: {finish: map[llm.Finish]llm.Finish{llm.FinishRefusal: llm.FinishStop, llm.FinishFilter: llm.FinishError}, refusals: true, cached: true},
	llm.CohereV1: {finish: map[llm.Finish]llm.Finish{llm.FinishRefusal: llm.FinishStop}, refusals: true, thoughts: true, cached: true, ids: true},
	// As Amazon documents it, see wire/bedrock.
	llm.Mistral: {
		finish:   map[llm.Finish]llm.Finish{llm.FinishRefusal: llm.FinishStop, llm.FinishFilter: llm.FinishStop},
		refusals: true, thoughts: true, thought: true,
		ids: true, // of calls have nine letters in questions
	},
	llm.OllamaChat: {
		finish:   map[llm.Finish]llm.Finish{llm.FinishRefusal: llm.FinishStop, llm.FinishFilter: llm.FinishStop},
		refusals: true, thought: true, cached: true,
	},
}

// expected is what is to be read of an answer in the format.
func (f *format) expected(a *llm.Response) told {
	l := lost[f.words()]
	want := tell(a, !l.ids)
	if other, ok := l.finish[a.Choices[0].Finish]; ok {
		want.finish = fmt.Sprint(other)
	}
	if l.refusals {
		want.text, want.refusal = want.refusal+want.text, ""
	}
	if l.thoughts {
		want.thoughts = ""
	}
	cached, thought := int64(0), int64(0)
	if d := a.Usage.Details; d != nil && !l.cached {
		cached = d.CachedPrompt
	}
	if d := a.Usage.Details; d != nil && !l.thought {
		thought = d.Reasoning
	}
	want.usage = fmt.Sprintf("%d %d %d %d", a.Usage.Prompt, a.Usage.Completion, cached, thought)
	return want
}
