package cohereembed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/cohereembed"
)

func decode(body string) (*llm.EmbedRequest, error) {
	var r llm.EmbedRequest
	err := cohereembed.Client{}.DecodeRequest(&r, wire.Question{Body: []byte(body)})
	return &r, err
}

func TestRequest(t *testing.T) {
	for _, body := range []string{
		`{"model":"m","texts":["a","b"],"input_type":"search_query"}`,
		`{"model":"m","texts":["a"],"input_type":"search_document","embedding_types":["float"],"output_dimension":256,"truncate":"END"}`,
		`{"model":"m","texts":["a"],"input_type":"clustering","embedding_types":["base64"]}`,
		`{"model":"m","texts":["a"],"input_type":"classification","embedding_types":["int8","float"],"max_tokens":3}`,
		`{"model":"m","images":["data:image/png;base64,AAAA"],"input_type":"image","texts":null}`,
		`{"model":"m","inputs":[{"content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}}]}],"input_type":"search_query","texts":[]}`,
	} {
		r, err := decode(body)
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		got, notes := put(t, cohereembed.Provider{InputType: "classification"}, r)
		same(t, "request", got, []byte(body))
		if len(notes) > 0 {
			t.Errorf("%s: notes %q", body, notes)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`{"model":"m"}`, "texts: must be a list of texts"},
		{`{"texts":[]}`, "texts: must be a list of texts"},
		{`{"texts":[1]}`, "texts: must be a list of texts"},
		{`{"texts":"a"}`, "texts: must be a list of texts"},
		{`{"texts":["a"],"images":["b"]}`, "images: only one of"},
	} {
		_, err := decode(tt.body)
		if _, ok := err.(*wire.Invalid); !ok || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.body, err)
		}
	}
}

func TestForeign(t *testing.T) {
	for _, tt := range []struct {
		purpose    llm.Purpose
		configured string
		word       string
		notes      string
	}{
		{llm.PurposeUnsaid, "search_document", "search_document", "[user input[0].title truncation]"},
		{llm.PurposeQuery, "search_document", "search_query", "[user input[0].title truncation]"},
		{llm.PurposeSimilarity, "", "clustering", "[input_type: clustering user input[0].title truncation]"},
		{llm.PurposeFact, "", "search_query", "[input_type: search_query user input[0].title truncation]"},
	} {
		r := &llm.EmbedRequest{
			Model: "m", Plain: true, Inputs: inputs("a"), Dimensions: llm.JSON("3"), Purpose: tt.purpose, Encoding: llm.EncodingBase64,
			User: llm.JSON(`"u"`), Extra: llm.Extra{From: "x", Members: []llm.Member{{Name: "truncation", Value: llm.JSON(`true`)}}},
		}
		r.Inputs[0].Title = llm.JSON(`"t"`)
		body, notes := put(t, cohereembed.Provider{InputType: tt.configured}, r)
		same(t, "request", body, []byte(`{"model":"m","texts":["a"],"input_type":"`+tt.word+`","embedding_types":["float"],"output_dimension":3}`))
		if got := fmt.Sprint(notes); got != tt.notes {
			t.Errorf("notes %s", got)
		}
		body, notes = put(t, cohereembed.Provider{First: true, InputType: tt.configured}, r)
		same(t, "first version", body, []byte(`{"model":"m","texts":["a"],"input_type":"`+tt.word+`","embedding_types":["float"]}`))
		if !strings.Contains(fmt.Sprint(notes), "dimensions") {
			t.Errorf("notes %s", notes)
		}
	}
	r := &llm.EmbedRequest{Model: "m", Inputs: []llm.EmbedInput{{Tokens: llm.JSON(`[1]`)}}}
	if _, err := (cohereembed.Provider{}).EncodeRequest(nil, r, &wire.Notes{}); err == nil {
		t.Error("tokens were sent")
	}
}

func TestResponse(t *testing.T) {
	foreign := &llm.EmbedResponse{ID: "i", Model: "m", Vectors: []llm.Vector{{Value: llm.JSON(`[1]`)}}, Usage: llm.NoUsage()}
	foreign.Usage.Prompt = 2
	for _, tt := range []struct {
		first    bool
		encoding llm.Encoding
		want     string
	}{
		{false, llm.EncodingUnsaid, `{"id":"i","embeddings":{"float":[[1]]},"texts":["a"],"response_type":"embeddings_by_type","meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":2}}}`},
		{false, llm.EncodingBase64, `{"id":"i","embeddings":{"base64":["AACAPw=="]},"texts":["a"],"response_type":"embeddings_by_type","meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":2}}}`},
		{true, llm.EncodingUnsaid, `{"id":"i","embeddings":[[1]],"texts":["a"],"response_type":"embeddings_floats","meta":{"api_version":{"version":"1"},"billed_units":{"input_tokens":2}}}`},
		{true, llm.EncodingFloat, `{"id":"i","embeddings":{"float":[[1]]},"texts":["a"],"response_type":"embeddings_by_type","meta":{"api_version":{"version":"1"},"billed_units":{"input_tokens":2}}}`},
	} {
		got := cohereembed.Client{First: tt.first}.EncodeResponse(nil, foreign, &llm.EmbedRequest{Inputs: inputs("a"), Encoding: tt.encoding})
		same(t, "answer", got, []byte(tt.want))
	}
	for _, body := range []string{`{}`, `{"id":"i"}`, `[]`, `{"message":"no"}`, `{"embeddings":1}`} {
		if err := (cohereembed.Provider{}).DecodeResponse(&llm.EmbedResponse{}, nil, []byte(body)); err == nil {
			t.Errorf("%s was read", body)
		}
	}
	var a llm.EmbedResponse
	err := cohereembed.Provider{}.DecodeResponse(&a, func(string) string { return "5" }, []byte(`{"embeddings":{"int8":[[1]],"base64":["AACAPw=="]}}`))
	if err != nil || len(a.Vectors) != 1 || a.Usage.Prompt != 5 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestErrors(t *testing.T) {
	e := cohereembed.Provider{}.DecodeError(400, nil, []byte(`{"message":"m"}`))
	same(t, "error", cohereembed.Client{}.EncodeError(nil, e), []byte(`{"message":"m"}`))
}

func FuzzRequest(f *testing.F) {
	for _, s := range []string{`{"model":"m","texts":["a"]}`, `{"images":["b"],"embedding_types":["float"]}`, `{"inputs":[{"content":[]}],"input_type":"image"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := decode(string(body))
		if err != nil {
			return
		}
		once, _ := put(t, cohereembed.Provider{}, r)
		again, err := decode(string(once))
		if err != nil {
			t.Fatalf("%s became %s: %v", body, once, err)
		}
		twice, _ := put(t, cohereembed.Provider{}, again)
		same(t, "again", twice, once)
	})
}

func FuzzResponse(f *testing.F) {
	for _, s := range []string{`{"embeddings":[[1]],"meta":{}}`, `{"embeddings":{"float":[[1]]},"id":"i"}`, `{"message":"x"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var a, b llm.EmbedResponse
		if (cohereembed.Provider{}).DecodeResponse(&a, nil, body) != nil {
			return
		}
		once := cohereembed.Client{}.EncodeResponse(nil, &a, &llm.EmbedRequest{})
		if err := (cohereembed.Provider{}).DecodeResponse(&b, nil, once); err != nil {
			t.Fatalf("%s became %s: %v", body, once, err)
		}
		same(t, "again", cohereembed.Client{}.EncodeResponse(nil, &b, &llm.EmbedRequest{}), once)
	})
}
