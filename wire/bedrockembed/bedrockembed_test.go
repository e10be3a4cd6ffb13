package bedrockembed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/bedrockembed"
)

const (
	titan1 = "amazon.titan-embed-text-v1"
	titan2 = "us.amazon.titan-embed-text-v2:0"
	image  = "amazon.titan-embed-image-v1"
	nova   = "amazon.nova-2-multimodal-embeddings-v1:0"
)

func TestRequest(t *testing.T) {
	all := llm.EmbedRequest{Inputs: inputs("a"), Dimensions: llm.JSON("256"), Purpose: llm.PurposeQuery, User: llm.JSON(`"u"`)}
	for _, tt := range []struct {
		model     string
		normalize bool
		r         llm.EmbedRequest
		want      string
		notes     string
	}{
		{titan1, true, all, `{"inputText":"a"}`, "[dimensions input_type user]"},
		{titan2, true, all, `{"inputText":"a","dimensions":256,"normalize":true}`, "[input_type user]"},
		{titan2, false, llm.EmbedRequest{Inputs: inputs("a")}, `{"inputText":"a","normalize":false}`, "[]"},
		{image, false, all, `{"inputText":"a","embeddingConfig":{"outputEmbeddingLength":256}}`, "[input_type user]"},
		{image, false, llm.EmbedRequest{Inputs: inputs("a")}, `{"inputText":"a"}`, "[]"},
		{nova, false, all, `{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"TEXT_RETRIEVAL","embeddingDimension":256,"text":{"truncationMode":"END","value":"a"}}}`, "[user]"},
		{nova, false, llm.EmbedRequest{Inputs: inputs("a"), Purpose: llm.PurposeFact}, `{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"TEXT_RETRIEVAL","text":{"truncationMode":"END","value":"a"}}}`, "[input_type: TEXT_RETRIEVAL]"},
	} {
		tt.r.Model = tt.model
		body, notes := put(t, bedrockembed.Provider{Normalize: tt.normalize}, &tt.r)
		same(t, tt.model, body, []byte(tt.want))
		if got := fmt.Sprint(notes); got != tt.notes {
			t.Errorf("%s: notes %s, want %s", tt.model, got, tt.notes)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		model  string
		inputs []llm.EmbedInput
		want   string
	}{
		{titan2, inputs("a", "b"), "one input in a request"},
		{nova, inputs("a", "b"), "one input in a request"},
		{titan2, []llm.EmbedInput{{Tokens: llm.JSON(`[1]`)}}, "no tokens"},
		{"anthropic.claude-3", inputs("a"), "titan-embed-text-v2"},
	} {
		_, err := bedrockembed.Provider{}.EncodeRequest(nil, &llm.EmbedRequest{Model: tt.model, Inputs: tt.inputs}, &wire.Notes{})
		if _, ok := err.(*wire.Invalid); !ok || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.model, err, tt.want)
		}
	}
}

func TestResponse(t *testing.T) {
	header := func(name string) string {
		if name == "X-Amzn-Bedrock-Input-Token-Count" {
			return "7"
		}
		return ""
	}
	for _, tt := range []struct {
		name, body, want string
		prompt           int64
	}{
		{"titan", `{"embedding":[1,2],"embeddingsByType":{"float":[1,2]},"inputTextTokenCount":3}`, `[[1,2]]`, 3},
		{"nova", `{"embeddings":[{"embeddingType":"TEXT","embedding":[1,2]}]}`, `[[1,2]]`, 7},
	} {
		var a llm.EmbedResponse
		if err := (bedrockembed.Provider{}).DecodeResponse(&a, header, []byte(tt.body)); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var list []string
		for _, v := range a.Vectors {
			list = append(list, string(v.Value))
		}
		if fmt.Sprint(list) != tt.want || a.Usage.Prompt != tt.prompt {
			t.Errorf("%s: %s, usage %+v", tt.name, list, a.Usage)
		}
	}
	for _, body := range []string{`{}`, `{"embeddings":[]}`, `[1]`, `{"embedding":"x"}`, `{"message":"no"}`, `{`} {
		if err := (bedrockembed.Provider{}).DecodeResponse(&llm.EmbedResponse{}, nil, []byte(body)); err == nil {
			t.Errorf("%s was read", body)
		}
	}
}

func TestErrors(t *testing.T) {
	header := func(name string) string {
		return map[string]string{"X-Amzn-Errortype": "ValidationException:http://x", "X-Amzn-Requestid": "r"}[name]
	}
	e := bedrockembed.Provider{}.DecodeError(400, header, []byte(`{"message":"Malformed input request"}`))
	if e.Message != "Malformed input request" || e.Type != "ValidationException" || e.RequestID != "r" || e.RetryAfter != -1 {
		t.Errorf("%+v", e)
	}
}

func FuzzResponse(f *testing.F) {
	for _, s := range []string{`{"embedding":[1]}`, `{"embeddings":[[1]]}`, `{"embeddings":{"float":[[1]]}}`, `{"embeddings":[{"embedding":[1]}]}`, `{`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var a llm.EmbedResponse
		err := bedrockembed.Provider{}.DecodeResponse(&a, nil, body)
		if (err == nil) != (len(a.Vectors) > 0) {
			t.Errorf("%d vectors and %v", len(a.Vectors), err)
		}
	})
}
