package bedrockembed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/bedrockembed"
)

func path(model string) string { return "/x/model/" + model + "/invoke" }

func asked(t *testing.T, model, body string) *llm.EmbedRequest {
	t.Helper()
	var r llm.EmbedRequest
	if err := (bedrockembed.Callers{}).DecodeRequest(&r, wire.Question{Path: path(model), Body: []byte(body)}); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return &r
}

// TestAsked: questions go out as they came, but for what was decided anew; what
// others do not get is named.
func TestAsked(t *testing.T) {
	for _, tt := range []struct{ model, body, anew, notes string }{
		{titan1, `{"inputText":"a"}`, `{"inputText":"a"}`, "[]"},
		{titan2, `{"inputText":"a","dimensions":256,"normalize":true,"embeddingTypes":["float"]}`, `{"inputText":"a","dimensions":8,"normalize":true,"embeddingTypes":["float"]}`, "[normalize]"},
		{titan2, `{"inputText":"a","embeddingTypes":["binary"]}`, `{"inputText":"a","embeddingTypes":["binary"],"dimensions":8}`, "[embeddingTypes]"},
		{image, `{"inputText":"a","inputImage":"AAAA","embeddingConfig":{"outputEmbeddingLength":256}}`, `{"inputText":"a","inputImage":"AAAA","embeddingConfig":{"outputEmbeddingLength":8}}`, "[inputImage]"},
		{nova, `{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"TEXT_RETRIEVAL","embeddingDimension":256,"text":{"truncationMode":"END","value":"a"}}}`, `{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"TEXT_RETRIEVAL","embeddingDimension":8,"text":{"truncationMode":"END","value":"a"}}}`, "[]"},
		{nova, `{"singleEmbeddingParams":{"embeddingPurpose":"VIDEO_RETRIEVAL","video":{"format":"mp4"}}}`, `{"singleEmbeddingParams":{"embeddingPurpose":"VIDEO_RETRIEVAL","video":{"format":"mp4"},"embeddingDimension":8}}`, "[input[0].embeddingPurpose input[0].video]"},
	} {
		r := asked(t, tt.model, tt.body)
		if r.Model != tt.model {
			t.Errorf("model %q", r.Model)
		}
		body, notes := put(t, bedrockembed.Provider{Normalize: false}, r)
		if same(t, tt.model, body, []byte(tt.body)); len(notes) > 0 {
			t.Errorf("%s: notes %q", tt.body, notes)
		}
		r.Dimensions = llm.JSON("8")
		body, _ = put(t, bedrockembed.Provider{}, r)
		same(t, tt.model, body, []byte(tt.anew))
		var n wire.Notes
		wire.NoteEmbed(&n, r, "another")
		var fields []string
		for _, note := range n.List() {
			fields = append(fields, note.Field)
		}
		if fmt.Sprint(fields) != tt.notes {
			t.Errorf("%s: notes for others %q", tt.body, fields)
		}
	}
}

// TestUnknown: the body tells what a model's name does not.
func TestUnknown(t *testing.T) {
	r := asked(t, "text-embedding-3-small", `{"inputText":"a","dimensions":3}`)
	if string(r.Dimensions) != "3" || string(r.Inputs[0].Text) != `"a"` {
		t.Errorf("%+v", r)
	}
	body, _ := put(t, bedrockembed.Provider{}, &llm.EmbedRequest{Model: nova, Inputs: r.Inputs, Extra: r.Extra, Dimensions: r.Dimensions})
	same(t, "another family", body, []byte(`{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"GENERIC_INDEX","embeddingDimension":3,"text":{"truncationMode":"END","value":"a"}}}`))
	for _, tt := range []struct{ path, body, want string }{
		{path("m"), `{"prompt":"a"}`, "none of InvokeModel's for vectors"},
		{path("m"), `{}`, "none of InvokeModel's for vectors"},
		{"/model/m/converse", `{"messages":[]}`, "none of InvokeModel's for vectors"},
		{path(titan2) + "-with-response-stream", `{"inputText":"a"}`, "do not come in a stream"},
		{path(titan2), `{"inputText":"a","inputText":"b"}`, "duplicate"},
		{path(titan2), `[`, ""},
	} {
		err := bedrockembed.Callers{}.DecodeRequest(&llm.EmbedRequest{}, wire.Question{Path: tt.path, Body: []byte(tt.body)})
		if _, ok := err.(*wire.Invalid); !ok || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: %v", tt.path, tt.body, err)
		}
	}
}

// TestAnswered: answers of the format come back as they were, others in it.
func TestAnswered(t *testing.T) {
	const ofNova = `{"singleEmbeddingParams":{"text":{"value":"a"}}}`
	foreign := &llm.EmbedResponse{Vectors: []llm.Vector{{Value: llm.JSON(`[1]`)}}, Usage: llm.Usage{Prompt: 3}, Extra: llm.Extra{From: "x"}}
	for _, tt := range []struct{ model, question, own, foreign string }{
		{titan1, `{"inputText":"a"}`, `{"embedding":[1],"inputTextTokenCount":3}`, `{"embedding":[1],"inputTextTokenCount":3}`},
		{titan2, `{"inputText":"a","embeddingTypes":["float"]}`, `{"embedding":[1],"embeddingsByType":{"float":[1]}}`, `{"embedding":[1],"embeddingsByType":{"float":[1]},"inputTextTokenCount":3}`},
		{titan2, `{"inputText":"a","embeddingTypes":["binary"]}`, `{"embeddingsByType":{"binary":[1,0]},"inputTextTokenCount":3}`, `{"embedding":[1],"embeddingsByType":{"float":[1]},"inputTextTokenCount":3}`},
		{nova, ofNova, `{"embeddings":[{"embeddingType":"AUDIO","embedding":[1]},{"embeddingType":"VIDEO","embedding":[2],"truncatedCharLength":3}],"requestId":"i"}`, `{"embeddings":[{"embeddingType":"TEXT","embedding":[1]}]}`},
	} {
		r := asked(t, tt.model, tt.question)
		var a llm.EmbedResponse
		if err := wire.ReadEmbed(bedrockembed.Provider{}, &a, r, nil, []byte(tt.own)); err != nil {
			t.Errorf("%s: %v", tt.own, err)
			continue
		}
		same(t, "own", bedrockembed.Callers{}.EncodeResponse(nil, &a, r), []byte(tt.own))
		same(t, "foreign", bedrockembed.Callers{}.EncodeResponse(nil, foreign, r), []byte(tt.foreign))
	}
	for body, want := range map[string]string{
		`{"embeddingsByType":{"binary":[1]}}`: "only callers of Bedrock know",
		`{"embeddings":[{"embeddingType":"TEXT","embedding":[1]},{"embeddingType":"TEXT","embedding":[2]}]}`: "2 vectors for 1 inputs",
	} {
		err := wire.ReadEmbed(bedrockembed.Provider{}, new(llm.EmbedResponse), &llm.EmbedRequest{Inputs: inputs("a")}, nil, []byte(body))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
	got := map[string]string{}
	bedrockembed.Callers{}.Head(foreign, func(name, value string) { got[name] = value })
	if got["X-Amzn-Bedrock-Input-Token-Count"] != "3" {
		t.Errorf("head %v", got)
	}
}

func FuzzAsked(f *testing.F) {
	for _, s := range []string{`{"inputText":"a","dimensions":1}`, `{"singleEmbeddingParams":{"text":{"value":"a"}}}`, `{"inputText":"a","embeddingConfig":{}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, model := range []string{titan2, image, nova} {
			var r llm.EmbedRequest
			if (bedrockembed.Callers{Cohere: nil}).DecodeRequest(&r, wire.Question{Path: path(model), Body: body}) != nil {
				return
			}
			once, _ := put(t, bedrockembed.Provider{}, &r)
			same(t, "as it came", once, body)
			r.Dimensions = llm.JSON("8")
			twice, _ := put(t, bedrockembed.Provider{}, &r)
			value(t, twice)
		}
	})
}
