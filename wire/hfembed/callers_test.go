package hfembed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/hfembed"
)

func TestAsked(t *testing.T) {
	for _, tt := range []struct{ path, body, model, notes string }{
		{"/hf-inference/models/org/e5/pipeline/feature-extraction", `{"inputs":"a"}`, "org/e5", "[]"},
		{"/models/org%2Fe5", `{"inputs":["a","b"],"normalize":true,"truncate":false}`, "org/e5", "[normalize truncate]"},
		{"/pipeline/feature-extraction/org/e5", `{"inputs":["a"],"dimensions":3,"prompt_name":"query"}`, "org/e5", "[prompt_name]"},
		{"/", `{"inputs":"a","options":{"use_cache":false}}`, "", "[options]"},
	} {
		var r llm.EmbedRequest
		if err := (hfembed.Client{}).DecodeRequest(&r, wire.Question{Path: tt.path, Body: []byte(tt.body)}); err != nil || r.Model != tt.model {
			t.Errorf("%s: model %q, %v", tt.path, r.Model, err)
			continue
		}
		body, notes := put(t, hfembed.Provider{}, &r)
		if same(t, tt.path, body, []byte(tt.body)); len(notes) > 0 {
			t.Errorf("%s: notes %q", tt.path, notes)
		}
		var n wire.Notes
		wire.NoteEmbed(&n, &r, "another")
		var fields []string
		for _, note := range n.List() {
			fields = append(fields, note.Field)
		}
		if fmt.Sprint(fields) != tt.notes {
			t.Errorf("%s: notes for others %q, want %s", tt.path, fields, tt.notes)
		}
	}
	for body, want := range map[string]string{
		`{}`: "inputs: must be", `{"inputs":[]}`: "inputs: must be", `{"inputs":["a",1]}`: "inputs: must be",
		`{"inputs":{"source_sentence":"a"}}`: "inputs: must be", `["a"]`: "must be a JSON object", `{"inputs":"a","inputs":"b"}`: "duplicate",
	} {
		err := hfembed.Client{}.DecodeRequest(&llm.EmbedRequest{}, wire.Question{Body: []byte(body)})
		if _, ok := err.(*wire.Invalid); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// TestAnswered: answers of other providers.
func TestAnswered(t *testing.T) {
	a := &llm.EmbedResponse{Vectors: []llm.Vector{{Value: llm.JSON(`[1]`)}}, Extra: llm.Extra{From: "x"}}
	same(t, "one", hfembed.Client{}.EncodeResponse(nil, a, &llm.EmbedRequest{Plain: true}), []byte(`[1]`))
	same(t, "a list", hfembed.Client{}.EncodeResponse(nil, a, &llm.EmbedRequest{}), []byte(`[[1]]`))
	same(t, "error", hfembed.Client{}.EncodeError(nil, &llm.Error{Message: "m"}), []byte(`{"error":"m"}`))
}

// TestTokens: vectors for each token are for callers of the format only.
func TestTokens(t *testing.T) {
	const body = `[[[1,2],[3,4]]]`
	r := llm.EmbedRequest{Inputs: inputs("a"), Extra: llm.Extra{From: llm.HFFeatures}}
	var a llm.EmbedResponse
	if err := wire.ReadEmbed(hfembed.Provider{}, &a, &r, nil, []byte(body)); err != nil {
		t.Fatal(err)
	}
	same(t, "answer", hfembed.Client{}.EncodeResponse(nil, &a, &r), []byte(body))
	r.Extra.From = "x"
	err := wire.ReadEmbed(hfembed.Provider{}, new(llm.EmbedResponse), &r, nil, []byte(body))
	if err == nil || !strings.Contains(err.Error(), "a vector for each token") {
		t.Errorf("tokens: %v", err)
	}
}
