package ollamaembed_test

import (
	"fmt"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/ollamaembed"
)

func decode(body string) (*llm.EmbedRequest, error) {
	var r llm.EmbedRequest
	err := ollamaembed.Client{}.DecodeRequest(&r, wire.Question{Body: []byte(body)})
	return &r, err
}

func TestRequest(t *testing.T) {
	for _, body := range []string{
		`{"model":"m","input":"a"}`,
		`{"model":"m","input":["a","b"],"dimensions":3}`,
		`{"model":"m","input":["a"],"truncate":false,"keep_alive":"5m","options":{"num_ctx":8}}`,
	} {
		r, err := decode(body)
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		got, notes := put(t, ollamaembed.Provider{}, r)
		same(t, "request", got, []byte(body))
		if len(notes) > 0 {
			t.Errorf("%s: notes %q", body, notes)
		}
	}
	for _, body := range []string{`{"model":"m"}`, `{"input":[]}`, `{"input":[1]}`, `{"input":["a",["b"]]}`, `{"input":3}`, `[]`} {
		if _, err := decode(body); err == nil {
			t.Errorf("%s was taken", body)
		}
	}
}

func TestForeign(t *testing.T) {
	r := &llm.EmbedRequest{
		Model: "m", Plain: true, Inputs: inputs("a"), Dimensions: llm.JSON("3"), Purpose: llm.PurposeQuery, Encoding: llm.EncodingBase64,
		User: llm.JSON(`"u"`), Extra: llm.Extra{From: "x", Members: []llm.Member{{Name: "truncation", Value: llm.JSON(`true`)}}},
	}
	body, notes := put(t, ollamaembed.Provider{}, r)
	same(t, "request", body, []byte(`{"model":"m","input":"a","dimensions":3}`))
	if got := fmt.Sprint(notes); got != "[input_type user truncation]" {
		t.Errorf("notes %s", got)
	}
	r.Inputs = []llm.EmbedInput{{Tokens: llm.JSON(`[1]`)}}
	if _, err := (ollamaembed.Provider{}).EncodeRequest(nil, r, &wire.Notes{}); err == nil {
		t.Error("tokens were sent")
	}
}

func TestResponse(t *testing.T) {
	const golden = `{"model":"m","embeddings":[[1],[2]],"total_duration":5,"prompt_eval_count":4}`
	a := answered(t, ollamaembed.Provider{}, golden)
	if len(a.Vectors) != 2 || a.Usage.Prompt != 4 {
		t.Errorf("%+v", a)
	}
	same(t, "answer", ollamaembed.Client{}.EncodeResponse(nil, a, &llm.EmbedRequest{}), []byte(golden))
	foreign := &llm.EmbedResponse{Model: "m", Vectors: []llm.Vector{{Value: llm.JSON(`[1]`)}}, Usage: llm.NoUsage()}
	same(t, "foreign", ollamaembed.Client{}.EncodeResponse(nil, foreign, &llm.EmbedRequest{}), []byte(`{"model":"m","embeddings":[[1]]}`))
	for body, want := range map[string]string{`{"error":"no"}`: "no", `{}`: "the answer has no embeddings", `[]`: "must be a JSON object"} {
		err := ollamaembed.Provider{}.DecodeResponse(&llm.EmbedResponse{}, nil, []byte(body))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestErrors(t *testing.T) {
	e := ollamaembed.Provider{}.DecodeError(404, nil, []byte(`{"error":"model \"x\" not found"}`))
	same(t, "error", ollamaembed.Client{}.EncodeError(nil, e), []byte(`{"error":"model \"x\" not found"}`))
}

func FuzzRequest(f *testing.F) {
	for _, s := range []string{`{"model":"m","input":"a"}`, `{"input":["a"],"truncate":true}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := decode(string(body))
		if err != nil {
			return
		}
		once, _ := put(t, ollamaembed.Provider{}, r)
		again, err := decode(string(once))
		if err != nil {
			t.Fatalf("%s became %s: %v", body, once, err)
		}
		twice, _ := put(t, ollamaembed.Provider{}, again)
		same(t, "again", twice, once)
	})
}

func FuzzResponse(f *testing.F) {
	for _, s := range []string{`{"embeddings":[[1]],"prompt_eval_count":1}`, `{"embeddings":["AAAA"]}`, `{"error":"x"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var a, b llm.EmbedResponse
		if (ollamaembed.Provider{}).DecodeResponse(&a, nil, body) != nil {
			return
		}
		once := ollamaembed.Client{}.EncodeResponse(nil, &a, &llm.EmbedRequest{})
		if err := (ollamaembed.Provider{}).DecodeResponse(&b, nil, once); err != nil {
			t.Fatalf("%s became %s: %v", body, once, err)
		}
		same(t, "again", ollamaembed.Client{}.EncodeResponse(nil, &b, &llm.EmbedRequest{}), once)
	})
}
