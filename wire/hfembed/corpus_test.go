package hfembed_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/hfembed"
)

// TestCallers plays recorded calls with a caller of the format before a provider
// of it: nothing but the model, which the path names, changes.
func TestCallers(t *testing.T) {
	n := 0
	for _, x := range corpus(t, "hf.feature_extraction") {
		var r llm.EmbedRequest
		err := hfembed.Client{}.DecodeRequest(&r, wire.Question{Path: x.Request.Path, Body: x.Request.Body})
		if other := strings.Contains(string(x.Request.Body), `"inputs":{`) || strings.Contains(string(x.Request.Body), `"inputs": {`); other {
			if err == nil || err.Error() != "inputs: must be a text or a list of texts" {
				t.Errorf("%s: another task was taken: %v", x.ID, err)
			}
			continue
		}
		n++
		if err != nil || !strings.HasSuffix(x.Request.Path, "/"+r.Model) {
			t.Errorf("%s: model %q, %v", x.ID, r.Model, err)
			continue
		}
		body, notes := put(t, hfembed.Provider{}, &r)
		if notes != nil {
			t.Errorf("%s: notes %q", x.ID, notes)
		}
		same(t, x.ID, withModel(body, r.Model), withModel(x.Request.Body, r.Model))
		var a llm.EmbedResponse
		if err := wire.ReadEmbed(hfembed.Provider{}, &a, &r, nil, x.Response.Body); err != nil {
			t.Errorf("%s: %v", x.ID, err)
		}
		same(t, x.ID, hfembed.Client{}.EncodeResponse(nil, &a, &r), x.Response.Body)
	}
	t.Logf("%d of the task", n)
}

// withModel is a question with the model in it, as some have it.
func withModel(body []byte, model string) []byte {
	var m map[string]any
	if json.Unmarshal(body, &m) != nil {
		return nil
	}
	m["model"] = model
	out, _ := json.Marshal(m)
	return out
}

// TestCorpus reads recorded answers. Among them are other tasks, which answer a
// bare list of numbers as well, and a model that gives a vector for each token.
func TestCorpus(t *testing.T) {
	for _, x := range corpus(t, "hf.feature_extraction") {
		var a llm.EmbedResponse
		err := hfembed.Provider{}.DecodeResponse(&a, nil, x.Response.Body)
		if strings.Contains(x.Request.Path, "bart-base") {
			if err != nil || len(a.Vectors) == 0 || a.Vectors[0].Opaque == "" {
				t.Errorf("%s: %d vectors, %v", x.ID, len(a.Vectors), err)
			}
		} else if err != nil || len(a.Vectors) != 1 {
			t.Errorf("%s: %d vectors, %v", x.ID, len(a.Vectors), err)
		}
	}
}
