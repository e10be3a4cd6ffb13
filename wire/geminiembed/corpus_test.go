package geminiembed_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/geminiembed"
)

// others are questions that do not come out as they came, and why.
var others = map[string]string{
	"gemini.embedcontent.n.7fc58a30": "the model is told twice, beside the requests and in them",
}

// TestCorpus reads and writes recorded traffic: nothing of it may be lost.
func TestCorpus(t *testing.T) {
	for _, x := range corpus(t, "gemini.embedContent", "vertex.predict") {
		t.Run(x.ID, func(t *testing.T) { replay(t, &x) })
	}
}

// operation is the provider for a path.
func operation(path string) wire.EmbedProvider {
	switch {
	case strings.HasSuffix(path, ":batchEmbedContents"):
		return geminiembed.Batch{}
	case strings.HasSuffix(path, ":embedContent"):
		return geminiembed.Single{}
	}
	return geminiembed.Predict{}
}

func replay(t *testing.T, x *exchange) {
	t.Helper()
	p := operation(x.Request.Path)
	var r llm.EmbedRequest
	if err := (geminiembed.Client{}).DecodeRequest(&r, wire.Question{Path: x.Request.Path, Body: x.Request.Body}); err != nil {
		t.Fatal(err)
	}
	if r.Model == "" || strings.Contains(r.Model, "/") {
		t.Errorf("model %q", r.Model)
	}
	body, notes := put(t, p, &r)
	if others[x.ID] == "" {
		same(t, "request", body, x.Request.Body)
	}
	if len(notes) > 0 {
		t.Errorf("notes: %q", notes)
	}
	if x.Response.Status != 200 {
		failed(t, p, x)
		return
	}
	a := answered(t, p, string(x.Response.Body))
	counts := strings.Contains(string(x.Response.Body), "oken")
	if len(a.Vectors) != len(r.Inputs) || counts && a.Usage.Prompt <= 0 {
		t.Errorf("%d vectors, usage %+v", len(a.Vectors), a.Usage)
	}
	same(t, "answer", geminiembed.Client{}.EncodeResponse(nil, a, &r), x.Response.Body)
}
