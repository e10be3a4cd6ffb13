package openaiembed_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/openaiembed"
)

// TestCorpus reads and writes recorded traffic: nothing of it may be lost.
func TestCorpus(t *testing.T) {
	for _, x := range corpus(t, "openai.embeddings", "mistral.embeddings") {
		t.Run(x.ID, func(t *testing.T) { replay(t, &x) })
	}
}

func replay(t *testing.T, x *exchange) {
	t.Helper()
	p := openaiembed.Provider{Mistral: strings.HasPrefix(x.API, "mistral")}
	var r llm.EmbedRequest
	if x.asks() {
		if err := (openaiembed.Client{}).DecodeRequest(&r, wire.Question{Body: x.Request.Body}); err != nil {
			t.Fatal(err)
		}
		body, notes := put(t, p, &r)
		same(t, "request", body, x.Request.Body)
		if len(notes) > 0 {
			t.Errorf("notes: %q", notes)
		}
	}
	if x.Response.Status != 200 {
		failed(t, p, x)
		return
	}
	a := answered(t, p, string(x.Response.Body))
	if a.Usage.Prompt <= 0 || len(a.Vectors) == 0 || r.Inputs != nil && len(a.Vectors) != len(r.Inputs) {
		t.Errorf("%d vectors, usage %+v", len(a.Vectors), a.Usage)
	}
	if a.Vectors[0].Value[0] == '"' { // some servers need not be asked
		r.Encoding = llm.EncodingBase64
	}
	same(t, "answer", openaiembed.Client{}.EncodeResponse(nil, a, &r), x.Response.Body)
}
