package ollama_test

import (
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire/ollama"
)

func TestCorpus(t *testing.T) {
	for api, generate := range map[string]bool{"ollama.chat": false, "ollama.generate": true} {
		for _, e := range corpus(t, api) {
			t.Run(e.ID, func(t *testing.T) { replay(t, generate, &e) })
		}
	}
}

func replay(t *testing.T, generate bool, e *exchange) {
	t.Helper()
	if body := e.Request.Body; len(body) > 0 && string(body) != "null" {
		r := ask(t, generate, string(body))
		got, notes := put(t, generate, &r)
		same(t, []byte(got), body)
		if len(notes) > 0 {
			t.Errorf("notes %q", notes)
		}
		if r.Stream != e.Stream && e.Response.Status == 200 {
			t.Errorf("stream %v", r.Stream)
		}
	}
	body := e.Response.Body
	if len(body) == 0 {
		body = []byte(e.Response.BodyText)
	}
	switch {
	case e.Response.Status != 200:
		err := ollama.Provider{Generate: generate}.DecodeError(e.Response.Status, nil, body)
		if err.Message == "" || err.Message[0] == '{' {
			t.Errorf("message %q", err.Message)
		}
	case e.Stream:
		replayStream(t, generate, e.raw)
	default:
		a := answer(t, generate, string(body))
		same(t, ollama.Client{Generate: generate}.EncodeResponse(nil, &a, &llm.Request{}), body)
	}
}

func replayStream(t *testing.T, generate bool, raw string) {
	t.Helper()
	first, err := events(generate, raw)
	if err != nil {
		t.Fatal(err)
	}
	again, err := events(generate, stream(generate, first))
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, again, first)
	if text(t, first, llm.Text)+text(t, first, llm.ToolCall) == "" {
		t.Error("nothing was said")
	}
	if last := first[len(first)-1]; last.Kind != llm.EventEnd {
		t.Errorf("last event %+v", last)
	}
}
