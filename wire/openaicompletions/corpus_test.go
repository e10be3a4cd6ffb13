package openaicompletions_test

import (
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire/openaicompletions"
)

func TestCorpus(t *testing.T) {
	for _, e := range corpus(t, "openai.completions") {
		t.Run(e.ID, func(t *testing.T) { replay(t, &e) })
	}
}

func replay(t *testing.T, e *exchange) {
	t.Helper()
	if body := e.Request.Body; len(body) > 0 && string(body) != "null" {
		r := ask(t, string(body))
		got, notes := put(t, &r)
		same(t, []byte(got), body)
		if len(notes) > 0 {
			t.Errorf("notes %q", notes)
		}
	}
	body := e.Response.Body
	switch {
	case e.Response.Status != 200:
		err := openaicompletions.Provider{}.DecodeError(e.Response.Status, nil, body)
		if err.Message == "" || err.Type != "invalid_request_error" {
			t.Errorf("error %+v", err)
		}
	case e.Stream:
		replayStream(t, e.raw)
	default:
		a := answer(t, string(body))
		same(t, openaicompletions.Client{}.EncodeResponse(nil, &a, &llm.Request{}), body)
	}
}

func replayStream(t *testing.T, raw string) {
	t.Helper()
	first, err := events(raw)
	if err != nil {
		t.Fatal(err)
	}
	again, err := events(stream(first))
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, again, first)
	if text(first, 0) == "" {
		t.Error("nothing was said")
	}
}
