package formats

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/fit"
)

// taken is what names of tools the services take, as their vendors say it.
var taken = map[llm.Format]string{
	llm.OpenAIChat:      `^[a-zA-Z0-9_-]{1,64}$`,
	llm.OpenAIResponses: `^[a-zA-Z0-9_-]{1,64}$`,
	llm.Anthropic:       `^[a-zA-Z0-9_-]{1,128}$`,
	llm.Gemini:          `^[a-zA-Z_][a-zA-Z0-9_.-]{0,63}$`,
	llm.BedrockConverse: `^[a-zA-Z0-9_-]{1,64}$`,
	llm.CohereV1:        `^[a-zA-Z_][a-zA-Z0-9_]*$`,
	llm.CohereV2:        ``,
	llm.OllamaChat:      ``,
	llm.Mistral:         `^[a-zA-Z0-9_-]{1,64}$`,
}

var oddNames = []string{"get.weather/now", "get weather/now", strings.Repeat("very_long_", 15), "天気", "7-up", "fine_name"}

// odd is a question with tools of odd names. One of them must be called, if
// forced says so.
func odd(forced bool) *llm.Request {
	r := &llm.Request{Messages: []llm.Message{{Role: llm.User, Parts: []llm.Part{{Text: llm.JSON(`"Hi"`)}}}}}
	for _, name := range oddNames {
		r.Tools = append(r.Tools, llm.Tool{Name: name, Description: llm.JSON(`"d"`), Schema: llm.JSON(`{"type":"object","properties":{}}`)})
	}
	if forced {
		r.Choice = llm.ToolChoice{Mode: llm.ChoiceNamed, Name: oddNames[0]}
	}
	return r
}

// confines tells whether a format that forces a tool has no place for others.
func confines(f *format) bool {
	return f.words() == llm.CohereV1 || f.words() == llm.CohereV2
}

// calls is an answer that calls the tools as they are named in a question.
func calls(r *llm.Request) *llm.Response {
	c := llm.Choice{Finish: llm.FinishTools}
	for i := range r.Tools {
		c.Parts = append(c.Parts, llm.Part{Kind: llm.ToolCall, Call: &llm.Call{
			ID: fmt.Sprintf("callabc%02d", i), Name: r.Tools[i].Name, Args: []byte("{}"),
		}})
	}
	return &llm.Response{ID: "a", Model: "m", Usage: llm.NoUsage(), Choices: []llm.Choice{c}}
}

// named are the names of tools of a question: the tools', the one that is
// chosen, and those of calls and results.
func named(r *llm.Request) (tools []string, chosen string, called []string) {
	for i := range r.Tools {
		tools = append(tools, r.Tools[i].Name)
	}
	for i := range r.Messages {
		for k := range r.Messages[i].Parts {
			if c := r.Messages[i].Parts[k].Call; c != nil {
				called = append(called, c.Name)
			}
		}
	}
	return tools, r.Choice.Name, called
}

// fitted is how a provider of f reads the question, and what undoes its names.
func (f *format) fitted(t *testing.T, r *llm.Request) (*llm.Request, *fit.Fit) {
	t.Helper()
	asked := *r
	asked.Model = f.model
	fit := new(fit.Fit)
	fit.Question(&asked, f.provider, new(wire.Notes))
	body, _ := f.encode(t, &asked)
	return f.decode(t, body, false), fit
}

// TestOddNames: two turns of a loop with tools whose names a provider may
// refuse, of every client with every provider, plain and in events. The
// provider sees names that it takes, the same in both turns; the caller sees
// its own.
func TestOddNames(t *testing.T) {
	both(t, func(t *testing.T, a, b *format) {
		t.Helper()
		first, _ := a.encode(t, odd(!confines(a) && !confines(b)))
		question := a.decode(t, first, false)
		if a.client.Format() == b.client.Format() {
			return // the caller's own format is never changed
		}
		sent, fit := b.fitted(t, question)
		names, chosen, _ := named(sent)
		for _, name := range names {
			if !regexp.MustCompile(taken[b.words()]).MatchString(name) {
				t.Errorf("%s is asked with %q", b.name, name)
			}
		}
		if chosen != "" && chosen != names[0] {
			t.Errorf("the choice is %q of %q", chosen, names)
		}
		answer := calls(sent)
		var plain llm.Response
		if err := b.provider.DecodeResponse(&plain, b.client.EncodeResponse(nil, answer, b.answered(t, false))); err != nil {
			t.Fatal(err)
		}
		for i := range plain.Choices[0].Parts {
			fit.Call(plain.Choices[0].Parts[i].Call)
		}
		a.checkNames(t, b, "plain", first, a.client.EncodeResponse(nil, &plain, question), names)
		raw := through(t, a, b, eventsOf(calls(sent)), a.decode(t, first, true), fit)
		a.checkNames(t, b, "streamed", first, a.whole(t, raw, question), names)
	})
}

// eventsOf are the events of a whole answer.
func eventsOf(a *llm.Response) []llm.Event {
	var list []llm.Event
	for ev := range wire.Unroll(a) {
		list = append(list, *ev)
	}
	return list
}

func (f *format) checkNames(t *testing.T, b *format, how string, first, answer []byte, names []string) {
	t.Helper()
	again := f.decode(t, sendBack(t, f.words(), first, answer), false)
	if _, _, called := named(again); !slices.Equal(called, oddNames) {
		t.Errorf("%s: the caller sees calls of %q: %s", how, called, answer)
	}
	second, _ := b.fitted(t, again)
	tools, _, called := named(second)
	if !slices.Equal(tools, names) || !slices.Equal(called, names) {
		t.Errorf("%s: the second turn has tools %q, calls of %q; the first had %q", how, tools, called, names)
	}
}
