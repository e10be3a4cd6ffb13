// Package formats holds properties of the translation between formats: over
// every format, and over every pair of one that callers speak and one that
// providers speak. The questions and answers are made up from seeds. It must
// not use the network, nor know how a format works inside.
package formats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/sluice-gateway/sluice/internal/eventstream"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/anthropic"
	"github.com/sluice-gateway/sluice/wire/bedrock"
	"github.com/sluice-gateway/sluice/wire/cohere"
	"github.com/sluice-gateway/sluice/wire/gemini"
	"github.com/sluice-gateway/sluice/wire/ollama"
	"github.com/sluice-gateway/sluice/wire/openaichat"
	"github.com/sluice-gateway/sluice/wire/openairesponses"
	"github.com/sluice-gateway/sluice/wire/sse"
)

// format is one that is spoken on both sides.
type format struct {
	name     string
	client   wire.Client
	provider wire.Provider
	// model that takes most of what the format has.
	model string
	// path of a question, with the model and what is done when it streams.
	path, plain, stream, query string
	unframe                    func(raw []byte) ([]wire.Message, error)
	// maker is whose words the bodies are, if not those of the client's format.
	maker llm.Format
	// silent are facts of a question that need not be said, see differences.
	silent []string
}

func formats() []format {
	return []format{
		{
			name: "openai.chat", client: openaichat.Client{}, provider: openaichat.New(openaichat.Dialect{}),
			model: "gpt-5", unframe: events, silent: []string{"new output.name", "new turn N name"},
		},
		{
			name: "openai.chat/wide", client: openaichat.Client{}, model: "some-model", unframe: events,
			provider: openaichat.New(openaichat.Dialect{TopK: true, MinP: true, RepeatPenalty: true, Thoughts: true, CacheMarks: true}),
			silent:   []string{"new output.name", "new turn N name"},
		},
		{
			name: "openai.responses", client: openairesponses.Client{}, provider: openairesponses.Provider{},
			model: "gpt-5", unframe: events,
			silent: []string{"new output.name", "new turn N name", "reasoning=on"}, // the models think anyway
		},
		{
			name: "anthropic.messages", client: anthropic.Client{}, provider: anthropic.Provider{},
			model: "claude-sonnet-4-5", unframe: events,
			// A limit is demanded; a schema is always kept to.
			silent: []string{"new sampling.max_tokens", "output.strict=true", "reasoning=off", "no output.name"},
		},
		{
			name: "gemini", client: gemini.Client{}, provider: gemini.Provider{}, model: "gemini-2.5-flash",
			path: "/v1beta/models/%s:%s", plain: "generateContent", stream: "streamGenerateContent", query: "alt=sse", unframe: events,
			silent: []string{"output.strict=true", "no output.name"},
		},
		{
			name: "gemini/3", client: gemini.Client{}, provider: gemini.Provider{}, model: "gemini-3-pro-preview",
			path: "/v1beta/models/%s:%s", plain: "generateContent", stream: "streamGenerateContent", unframe: elements,
			silent: []string{"output.strict=true", "reasoning=on", "no output.name"},
		},
		{
			name: "bedrock.converse", client: bedrock.Client{}, provider: bedrock.Provider{},
			model: "anthropic.claude-sonnet-4-5-20250929-v1:0", path: "/model/%s/%s", plain: "converse", stream: "converse-stream", unframe: amazon,
			silent: []string{"reasoning=off", "new turn N name", "new output.name"},
		},
		{
			name: "bedrock.invoke/claude", maker: llm.Anthropic, client: invokeClient(claudeModel), provider: invokeProvider,
			model: claudeModel, path: "/model/%s/%s", plain: "invoke", stream: "invoke-with-response-stream", unframe: amazon,
			silent: []string{"new sampling.max_tokens", "output.strict=true", "reasoning=off", "no output.name"},
		},
		{
			name: "bedrock.invoke/nova", maker: llm.BedrockConverse, client: invokeClient(novaModel), provider: invokeProvider,
			model: novaModel, path: "/model/%s/%s", plain: "invoke", stream: "invoke-with-response-stream", unframe: amazon,
			silent: []string{"reasoning=off", "new turn N name", "new output.name"},
		},
		{
			name: "bedrock.invoke/command-r", maker: llm.CohereV1, client: invokeClient(commandRModel), provider: invokeProvider,
			model: commandRModel, path: "/model/%s/%s", plain: "invoke", stream: "invoke-with-response-stream", unframe: amazon,
			silent: []string{"output.strict=true", "reasoning=off"},
		},
		{
			name: "bedrock.invoke/mistral", maker: llm.Mistral, client: invokeClient(mistralModel), provider: invokeProvider,
			model: mistralModel, path: "/model/%s/%s", plain: "invoke", stream: "invoke-with-response-stream", unframe: amazon,
			silent: []string{"reasoning=off", "output.strict=true"},
		},
		{
			name: "cohere.v2", client: cohere.V2Client{}, provider: cohere.V2Provider{},
			model: "command-a-03-2025", unframe: events,
			silent: []string{"output.strict=true", "no output.name"},
		},
		{
			name: "cohere.v1", client: cohere.V1Client{}, provider: cohere.V1Provider{},
			model: "command-r", unframe: lines,
			silent: []string{"output.strict=true", "reasoning=off", "no output.name"},
		},
		{
			name: "ollama.chat", client: ollama.Client{}, provider: ollama.Provider{},
			model: "llama3.2", unframe: lines, silent: []string{"no output.name"},
		},
	}
}

// words are the format whose words the bodies are in.
func (f *format) words() llm.Format {
	if f.maker != "" {
		return f.maker
	}
	return f.client.Format()
}

// question is a body as a caller would send it.
func (f *format) question(body []byte, stream bool) wire.Question {
	q := wire.Question{Body: body}
	if f.path == "" {
		return q
	}
	if stream {
		q.Path, q.Query = fmt.Sprintf(f.path, f.model, f.stream), f.query
		return q
	}
	q.Path = fmt.Sprintf(f.path, f.model, f.plain)
	return q
}

// decode reads a question.
func (f *format) decode(t testing.TB, body []byte, stream bool) *llm.Request {
	t.Helper()
	r := new(llm.Request)
	if err := f.client.DecodeRequest(r, f.question(body, stream)); err != nil {
		t.Fatalf("%s refuses its own question: %v\n%s", f.name, err, body)
	}
	return r
}

// encode writes a question for the format's model.
func (f *format) encode(t testing.TB, r *llm.Request) ([]byte, []wire.Note) {
	t.Helper()
	asked := *r
	asked.Model = f.model
	var n wire.Notes
	body, err := f.provider.EncodeRequest(nil, &asked, &n)
	if err != nil {
		t.Fatalf("%s cannot put the question: %v", f.name, err)
	}
	if !json.Valid(body) {
		t.Fatalf("%s writes no JSON: %s", f.name, body)
	}
	return body, n.List()
}

// differences are what the format, asked, does not tell as it was and has not
// noted.
func (f *format) differences(got, asked *llm.Request, notes []wire.Note) []string {
	to := f.words()
	return differences(summarize(got, to), summarize(changed(asked, notes), to), notes, f.silent)
}

// both runs f for every pair of formats.
func both(t *testing.T, run func(t *testing.T, a, b *format)) {
	t.Helper()
	pairs(t, formats(), run)
}

func pairs(t *testing.T, all []format, run func(t *testing.T, a, b *format)) {
	t.Helper()
	for i := range all {
		for j := range all {
			t.Run(all[i].name+" to "+all[j].name, func(t *testing.T) { run(t, &all[i], &all[j]) })
		}
	}
}

// value is JSON as any, numbers as they are spelled.
func value(t testing.TB, raw []byte) any {
	t.Helper()
	v, err := parse(raw)
	if err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return v
}

func parse(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func sameJSON(t testing.TB, got, want []byte) bool {
	t.Helper()
	return reflect.DeepEqual(value(t, got), value(t, want))
}

// events takes server-sent events out of their frames.
func events(raw []byte) (out []wire.Message, err error) {
	c := sse.NewCursor(raw)
	for ev, ok := c.Next(); ok; ev, ok = c.Next() {
		if ev.HasData {
			out = append(out, wire.Message{Name: string(ev.Name), Data: bytes.Clone(ev.Data)})
		}
	}
	return out, nil
}

// lines takes apart values that have a line each.
func lines(raw []byte) (out []wire.Message, err error) {
	for line := range bytes.Lines(raw) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			out = append(out, wire.Message{Data: line})
		}
	}
	return out, nil
}

// elements takes apart an array.
func elements(raw []byte) (out []wire.Message, err error) {
	var list []json.RawMessage
	err = json.Unmarshal(raw, &list)
	for _, v := range list {
		out = append(out, wire.Message{Data: v})
	}
	return out, err
}

// amazon takes messages of Amazon's event streams out of their frames.
func amazon(raw []byte) (out []wire.Message, err error) {
	var s eventstream.Splitter
	frames, err := s.Push(nil, bytes.Clone(raw))
	for _, f := range frames {
		out = append(out, wire.Message{Name: f.Name, Data: f.Payload})
	}
	if s.Pending() > 0 {
		err = fmt.Errorf("%d bytes are left", s.Pending())
	}
	return out, err
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
