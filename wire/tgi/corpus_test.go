package tgi_test

import (
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire/tgi"
)

func TestCorpus(t *testing.T) {
	for _, e := range corpus(t, "tgi.generate") {
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
		err := tgi.Provider{}.DecodeError(e.Response.Status, nil, body)
		if err.Message == "" || err.Message[0] == '{' {
			t.Errorf("error %+v", err)
		}
	case e.Stream:
		replayStream(t, e.raw)
	default:
		a := answer(t, string(body))
		same(t, tgi.Client{}.EncodeResponse(nil, &a, &llm.Request{}), body)
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
	if text(first) == "" {
		t.Error("nothing was said")
	}
}
