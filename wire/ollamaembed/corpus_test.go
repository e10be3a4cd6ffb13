package ollamaembed_test

import (
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/ollamaembed"
)

// TestCorpus reads and writes recorded traffic: nothing of it may be lost.
func TestCorpus(t *testing.T) {
	for _, x := range corpus(t, "ollama.embed") {
		t.Run(x.ID, func(t *testing.T) { replay(t, &x) })
	}
}

func replay(t *testing.T, x *exchange) {
	t.Helper()
	var r llm.EmbedRequest
	if x.asks() {
		if err := (ollamaembed.Client{}).DecodeRequest(&r, wire.Question{Body: x.Request.Body}); err != nil {
			t.Fatal(err)
		}
		body, notes := put(t, ollamaembed.Provider{}, &r)
		same(t, "request", body, x.Request.Body)
		if len(notes) > 0 {
			t.Errorf("notes: %q", notes)
		}
	}
	a := answered(t, ollamaembed.Provider{}, string(x.Response.Body))
	if a.Usage.Prompt <= 0 || len(a.Vectors) == 0 {
		t.Errorf("%d vectors, usage %+v", len(a.Vectors), a.Usage)
	}
	same(t, "answer", ollamaembed.Client{}.EncodeResponse(nil, a, &r), x.Response.Body)
}
