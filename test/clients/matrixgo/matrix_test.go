// Package matrixgo drives the gateway with the vendors' Go clients, each in its
// own format before the models of every provider. The questions are those of
// ../node/matrix/matrix.js. Run it by ../run.sh, which starts what it needs.
package matrixgo

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/test/clients/upstream"
)

var models = map[string]string{
	"openai":    upstream.Models[0],
	"anthropic": upstream.AnthropicModel,
	"gemini":    upstream.GeminiModel,
	"bedrock":   upstream.BedrockModel,
	"cohere":    upstream.CohereModel,
	"ollama":    upstream.OllamaModel,
}

const (
	system   = "Be brief."
	greeting = `hello there, "you" 🙂`
	cities   = "What is the weather in Zürich and São Paulo?"

	toolName        = "get_weather"
	toolDescription = "The weather in a city"
)

var places = []string{"Zürich", "São Paulo"}

func properties() map[string]any {
	return map[string]any{"city": map[string]any{"type": "string", "description": "Where"}}
}

// talk is a conversation by one client in its own format.
type talk interface {
	// say adds what the user says, and results what the tools gave for the
	// calls of the last answer, in order.
	say(text string)
	results(outputs []string)
	// next asks for the model's turn and adds it.
	next(ctx context.Context, stream, tools bool) (answer, error)
}

// answer is what the model has said, whatever the client calls it.
type answer struct {
	text   string
	ids    []string
	cities []string // that the calls are about
	usage  [2]int64
	finish string
	deltas int
}

// adapter is a client.
type adapter struct {
	name, format   string
	stop, toolStop string
	begin          func(t *testing.T, url, key, model string) talk
	// status and message of an error; 0 is no error of the client's own.
	status func(err error) (int, string)
}

type scenario func(t *testing.T, a *adapter, c talk, stream bool)

var scenarios = map[string]scenario{"text": text, "tools": tools, "failure": failure}

func matrix(t *testing.T, a *adapter) {
	t.Helper()
	for provider, model := range models {
		for name, run := range scenarios {
			for what, stream := range map[string]bool{name: false, name + "-streamed": true} {
				t.Run(provider+"/"+what, func(t *testing.T) {
					defer func() { count(t, a, provider, what) }()
					c := a.begin(t, need(t, "MATRIX_URL")+"/"+a.format+"/"+provider, need(t, "GATEWAY_KEY"), model)
					run(t, a, c, stream)
				})
			}
		}
	}
}

func text(t *testing.T, a *adapter, c talk, stream bool) {
	t.Helper()
	c.say(greeting)
	got, err := c.next(t.Context(), stream, false)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text", got.text, "You said: "+greeting)
	equal(t, "usage", got.usage, [2]int64{6, 6})
	equal(t, "finish", got.finish, a.stop)
	equal(t, "calls", len(got.ids), 0)
	if stream && got.deltas < 3 {
		t.Errorf("%d pieces of text", got.deltas)
	}
}

func tools(t *testing.T, a *adapter, c talk, stream bool) {
	t.Helper()
	c.say(cities)
	first, err := c.next(t.Context(), stream, true)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(first.cities, places) {
		t.Fatalf("calls about %q", first.cities)
	}
	if first.ids[0] == first.ids[1] && first.ids[0] != "" {
		t.Errorf("both calls are %q", first.ids[0])
	}
	equal(t, "finish", first.finish, a.toolStop)
	var outputs []string
	for _, city := range first.cities {
		outputs = append(outputs, "sun in "+city)
	}
	c.results(outputs)
	second, err := c.next(t.Context(), stream, true)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text", unwrapped(second.text), "The tools said: sun in Zürich; sun in São Paulo")
	equal(t, "finish", second.finish, a.stop)
}

var wrapped = regexp.MustCompile(`\{"output": ?"([^"]*)"\}`)

// unwrapped takes outputs out of the object that Google wants them in.
func unwrapped(said string) string { return wrapped.ReplaceAllString(said, "$1") }

func failure(t *testing.T, a *adapter, c talk, stream bool) {
	t.Helper()
	c.say("error: 429")
	_, err := c.next(t.Context(), stream, false)
	if err == nil {
		t.Fatal("there is no error")
	}
	if status, message := a.status(err); status != 429 || !strings.Contains(message, "scripted failure 429") {
		t.Errorf("error of status %d with message %q: %v", status, message, err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func need(t *testing.T, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		t.Fatalf("%s is not set: run ../run.sh", name)
	}
	return v
}

// count writes a line of what ../run.sh counts.
func count(t *testing.T, a *adapter, provider, what string) {
	t.Helper()
	path := os.Getenv("MATRIX_COUNTS")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	verdict := "ok"
	if t.Failed() {
		verdict = "FAIL"
	}
	if _, err := fmt.Fprintf(f, "%s\t%s\t%s\t%s\t%s\n", a.name, a.format, provider, what, verdict); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
