package formats

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/fit"
)

// calling is an answer that calls two tools, after thoughts, signed wherever
// the vendor signs.
func (m *maker) calling() *llm.Response {
	thought := llm.Part{Kind: llm.Thinking, Text: m.text()}
	if signs(m.signer) {
		thought.Signature, thought.SignedBy = wire.Quote(string(m.data("thought"))), m.signer
	}
	parts := []llm.Part{thought}
	if m.one(3) {
		parts = append(parts, m.thought())
	}
	if m.one(2) {
		parts = append(parts, llm.Part{Text: m.text()})
	}
	for i := range 2 {
		if i > 0 && m.one(3) { // it thinks between the calls
			parts = append(parts, m.thought())
		}
		call := m.call(&llm.Tool{Name: fmt.Sprintf("tool_%d", i)})
		if call.Signature = nil; i == 0 && m.signer == llm.Gemini {
			call.Signature, call.SignedBy = wire.Quote(string(m.data("call"))), m.signer
		}
		parts = append(parts, call)
	}
	return &llm.Response{
		ID: fmt.Sprintf("answer-%d", m.IntN(1e6)), Model: "model", Usage: m.usage(),
		Choices: []llm.Choice{{Parts: parts, Finish: llm.FinishTools}},
	}
}

// proofs are what an assistant's turn holds that must come back: signatures in
// order, of thoughts and of calls by their number; and the calls.
func proofs(parts []llm.Part, ids bool) (out []string) {
	calls := 0
	signed := slices.ContainsFunc(parts, func(p llm.Part) bool { return p.Kind == llm.Thinking && p.Signature != nil })
	for i := range parts {
		p := &parts[i]
		switch p.Kind {
		case llm.Thinking, llm.Redacted:
			if p.Signature != nil && p.SignedBy != "" {
				out = append(out, fmt.Sprintf("thought %q %s of %s", wire.Text(p.Text), p.Signature, p.SignedBy))
			}
		case llm.Text:
			if signed && calls == 0 && len(out) == 0 { // providers want the thoughts first
				out = append(out, "a text")
			}
		case llm.ToolCall:
			id := ""
			if ids {
				id = p.Call.ID
			}
			out = append(out, fmt.Sprintf("call %d %s %s %s", calls, id, p.Call.Name, canonicalArgs(p.Call)))
			if p.Signature != nil && string(p.Signature) != placeholder {
				out = append(out, fmt.Sprintf("call %d %s of %s", calls, p.Signature, p.SignedBy))
			}
			calls++
		}
	}
	return out
}

// partsOf are the parts of a role, in all messages.
func partsOf(r *llm.Request, role llm.Role) (out []llm.Part) {
	for i := range r.Messages {
		if r.Messages[i].Role == role {
			out = append(out, r.Messages[i].Parts...)
		}
	}
	return out
}

// through sends events from a provider of the format b to a caller of a, whom
// fit has asked for.
func through(t testing.TB, a, b *format, list []llm.Event, asked *llm.Request, fit *fit.Fit) []byte {
	t.Helper()
	_, messages := b.streamed(t, list, b.answered(t, true))
	d := b.provider.NewStream()
	e := a.client.NewStream(asked)
	var raw []byte
	write := func(more []llm.Event, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range more {
			if before := fit.Event(&more[i]); before != nil {
				raw = e.Encode(raw, before)
			}
			raw = e.Encode(raw, &more[i])
		}
	}
	for _, m := range messages {
		write(d.Decode(nil, m))
	}
	write(d.End(nil))
	return raw
}

// whole is the answer that libraries make of a stream.
func (f *format) whole(t testing.TB, raw []byte, asked *llm.Request) []byte {
	t.Helper()
	if f.words() == llm.CohereV1 { // it comes whole at the end
		messages, err := f.unframe(raw)
		if err != nil {
			t.Fatal(err)
		}
		return wire.Get(unchunked(messages[len(messages)-1].Data), "response")
	}
	if f.words() == llm.Gemini {
		return f.joined(t, raw)
	}
	got := f.read(t, raw)
	unsealed(got)
	return f.client.EncodeResponse(nil, got, asked)
}

// joined is one answer with the parts of all chunks.
func (f *format) joined(t testing.TB, raw []byte) []byte {
	t.Helper()
	messages, err := f.unframe(raw)
	if err != nil {
		t.Fatal(err)
	}
	var parts []any
	for _, m := range messages {
		for _, c := range list(value(t, m.Data).(object)["candidates"]) {
			if content, ok := c.(object)["content"].(object); ok {
				parts = append(parts, list(content["parts"])...)
			}
		}
	}
	out, err := json.Marshal(object{"candidates": []any{object{"content": object{"role": "model", "parts": parts}}}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// unsealed lets go of proofs that are in the ids of calls as well: to libraries
// they are letters.
func unsealed(a *llm.Response) {
	parts := a.Choices[0].Parts
	if !slices.ContainsFunc(parts, func(p llm.Part) bool { return p.Call != nil && strings.Contains(p.Call.ID, "-sealed-") }) {
		return
	}
	for i := range parts {
		parts[i].Signature, parts[i].SignedBy = nil, ""
	}
}

func (f *format) checkLoop(t *testing.T, b *format, how string, answer []byte, want []string, ids bool) {
	t.Helper()
	first, before := f.encode(t, f.answered(t, false))
	body := sendBack(t, f.words(), first, answer)
	f.checkBack(t, b, how, body, before, want, ids)
	if forget := forgets[f.words()]; forget != nil && f.words() != b.words() {
		f.checkBack(t, b, how+", thoughts dropped", forgotten(t, body, forget), before, want, ids)
	}
}

// checkBack puts the second question, and looks for what has come back to the
// provider in it.
func (f *format) checkBack(t *testing.T, b *format, how string, body []byte, before []wire.Note, want []string, ids bool) {
	t.Helper()
	again := f.decode(t, body, false)
	sent, notes := b.encode(t, again)
	for _, n := range notes {
		// Thoughts that nobody signed are lost to those who do not want them.
		if signs(b.words()) && !slices.Contains(before, n) && strings.HasPrefix(n.Field, "messages") {
			t.Errorf("%s: noted %v\nback %s", how, n, body)
		}
	}
	second := b.decode(t, sent, false)
	got := proofs(partsOf(second, llm.Assistant), ids)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s\n got %q\nwant %q\nback %s\nsent %s", how, got, want, body, sent)
	}
	s := summarize(second, b.words())
	if s["turn 2 answers"].show() != "<to 1><to 2>" {
		t.Errorf("%s: the results are %s\nback %s\nsent %s", how, s["turn 2 answers"].show(), body, sent)
	}
}
