package geminiembed_test

import (
	"fmt"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/geminiembed"
)

func decode(body string) (*llm.EmbedRequest, error) {
	var r llm.EmbedRequest
	err := geminiembed.Client{}.DecodeRequest(&r, wire.Question{Path: "/v1beta/models/m:embedContent", Body: []byte(body)})
	return &r, err
}

func TestRequest(t *testing.T) {
	for _, tt := range []struct {
		p    wire.EmbedProvider
		body string
	}{
		{geminiembed.Batch{}, `{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]}},{"model":"models/m","content":{"role":"user","parts":[{"text":"b"},{"text":"c"}]},"taskType":"CLUSTERING","outputDimensionality":3}]}`},
		{geminiembed.Batch{}, `{"requests":[{"model":"models/m","content":{"parts":[{"inline_data":{"mime_type":"image/png","data":"AAAA"}}]},"output_dimensionality":3,"task_type":"x"}]}`},
		{geminiembed.Single{}, `{"content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_DOCUMENT","title":"t","outputDimensionality":3,"autoTruncate":true}`},
		{geminiembed.Predict{}, `{"instances":[{"content":"a","task_type":"RETRIEVAL_QUERY"},{"content":"b","title":"t"}],"parameters":{"outputDimensionality":3,"autoTruncate":false}}`},
		{geminiembed.Predict{}, `{"instances":[{"content":"a"}],"parameters":{}}`},
	} {
		r, err := decode(tt.body)
		if err != nil {
			t.Errorf("%s: %v", tt.body, err)
			continue
		}
		got, notes := put(t, tt.p, r)
		same(t, "request", got, []byte(tt.body))
		if len(notes) > 0 || r.Model != "m" {
			t.Errorf("%s: notes %q, model %q", tt.body, notes, r.Model)
		}
	}
	for _, body := range []string{`{}`, `{"requests":[]}`, `{"instances":{}}`, `{"content":"a"}`, `[]`} {
		if _, err := decode(body); err == nil {
			t.Errorf("%s was taken", body)
		}
	}
}

// TestAnew: the dimensions that the gateway decides win over those of every
// request.
func TestAnew(t *testing.T) {
	r, err := decode(`{"requests":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"}]},"output_dimensionality":3}]}`)
	if err != nil {
		t.Fatal(err)
	}
	r.Dimensions = llm.JSON("8")
	body, _ := put(t, geminiembed.Batch{}, r)
	same(t, "batch", body, []byte(`{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]},"outputDimensionality":8},{"model":"models/m","content":{"parts":[{"text":"b"}]},"outputDimensionality":8}]}`))
	body, _ = put(t, geminiembed.Predict{}, r)
	same(t, "predict", body, []byte(`{"instances":[{"content":"a"},{"content":"b"}],"parameters":{"outputDimensionality":8}}`))
}

func TestForeign(t *testing.T) {
	r := &llm.EmbedRequest{
		Model: "m", Inputs: inputs("a", "b"), Dimensions: llm.JSON("3"), Purpose: llm.PurposeQuery, Encoding: llm.EncodingBase64,
		User: llm.JSON(`"u"`), Extra: llm.Extra{From: "x", Members: []llm.Member{{Name: "truncation", Value: llm.JSON(`true`)}}},
	}
	r.Inputs[0].Title = llm.JSON(`"t"`)
	for _, tt := range []struct {
		p    wire.EmbedProvider
		want string
	}{
		{geminiembed.Batch{}, `{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","title":"t","outputDimensionality":3},{"model":"models/m","content":{"parts":[{"text":"b"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":3}]}`},
		{geminiembed.Predict{}, `{"instances":[{"task_type":"RETRIEVAL_QUERY","title":"t","content":"a"},{"task_type":"RETRIEVAL_QUERY","content":"b"}],"parameters":{"outputDimensionality":3}}`},
	} {
		body, notes := put(t, tt.p, r)
		same(t, "request", body, []byte(tt.want))
		if got := fmt.Sprint(notes); got != "[user truncation]" {
			t.Errorf("notes %s", got)
		}
	}
	if _, err := (geminiembed.Single{}).EncodeRequest(nil, r, &wire.Notes{}); err == nil || err.Error() != "input: this model takes one input in a request" {
		t.Errorf("two inputs: %v", err)
	}
	r.Inputs = r.Inputs[1:]
	body, _ := put(t, geminiembed.Single{}, r)
	same(t, "single", body, []byte(`{"content":{"parts":[{"text":"b"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":3}`))
	r.Inputs = []llm.EmbedInput{{Tokens: llm.JSON(`[1]`)}}
	for _, p := range []wire.EmbedProvider{geminiembed.Batch{}, geminiembed.Single{}, geminiembed.Predict{}} {
		if _, err := p.EncodeRequest(nil, r, &wire.Notes{}); err == nil {
			t.Error("tokens were sent")
		}
	}
}

// TestBeside: what a request of a batch says for itself is not lost in silence.
func TestBeside(t *testing.T) {
	for body, want := range map[string]string{
		`{"requests":[{"content":{"parts":[{"text":"a"}]},"taskType":"CLUSTERING","outputDimensionality":3},{"content":{"parts":[{"text":"b"}]},"taskType":"RETRIEVAL_QUERY","output_dimensionality":4,"x":true}]}`: "[input[1].taskType input[1].output_dimensionality input[1].x]",
		`{"requests":[{"content":{"parts":[{"text":"a"}]},"taskType":"NEW","x":null}]}`:                                                                           "[input[0].taskType]",
		`{"instances":[{"content":"a","task_type":"CLUSTERING"},{"content":"b","task_type":"CLUSTERING"},{"content":"c","task_type":"FACT_VERIFICATION","y":1}]}`: "[input[2].task_type input[2].y]",
	} {
		r, err := decode(body)
		if err != nil {
			t.Fatal(err)
		}
		var n wire.Notes
		wire.NoteEmbed(&n, r, "another")
		var got []string
		for _, note := range n.List() {
			got = append(got, note.Field)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: notes %q, want %s", body, got, want)
		}
	}
}

func TestResponse(t *testing.T) {
	foreign := &llm.EmbedResponse{Vectors: []llm.Vector{{Value: llm.JSON(`[1]`)}}, Usage: llm.NoUsage()}
	foreign.Usage.Prompt = 2
	for _, tt := range []struct{ question, own, want string }{
		{`{"requests":[{"content":{"parts":[{"text":"a"}]}}]}`, `{"embeddings":[{"values":[1]}],"usageMetadata":{"promptTokenCount":3,"x":1}}`, `{"embeddings":[{"values":[1]}],"usageMetadata":{"promptTokenCount":2}}`},
		{`{"content":{"parts":[{"text":"a"}]}}`, `{"embedding":{"values":[1]}}`, `{"embedding":{"values":[1]},"usageMetadata":{"promptTokenCount":2}}`},
		{`{"instances":[{"content":"a"}]}`, `{"predictions":[{"embeddings":{"values":[1],"statistics":{"token_count":3,"truncated":false}}}],"metadata":{"billableCharacterCount":1}}`, `{"predictions":[{"embeddings":{"values":[1]}}]}`},
	} {
		r, err := decode(tt.question)
		if err != nil {
			t.Fatal(err)
		}
		a := answered(t, geminiembed.Batch{}, tt.own)
		same(t, "answer", geminiembed.Client{}.EncodeResponse(nil, a, r), []byte(tt.own))
		same(t, "foreign", geminiembed.Client{}.EncodeResponse(nil, foreign, r), []byte(tt.want))
	}
	a := answered(t, geminiembed.Predict{}, `{"predictions":[{"embeddings":{"values":[1],"statistics":{"token_count":3.0}}},{"embeddings":{"values":[2],"statistics":{"token_count":4}}}]}`)
	if len(a.Vectors) != 2 || a.Usage.Prompt != 7 || a.Usage.Total != 7 {
		t.Errorf("%+v", a)
	}
	for body, want := range map[string]string{`{"error":{"message":"no"}}`: "no", `{}`: "the answer has no embeddings", `[]`: "must be a JSON object"} {
		err := geminiembed.Batch{}.DecodeResponse(&llm.EmbedResponse{}, nil, []byte(body))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestErrors(t *testing.T) {
	for status, want := range map[int]string{400: "INVALID_ARGUMENT", 413: "INVALID_ARGUMENT", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE", 599: "UNKNOWN"} {
		got := geminiembed.Client{}.EncodeError(nil, &llm.Error{Status: status, Message: "m", RetryAfter: -1})
		same(t, "error", got, []byte(fmt.Sprintf(`{"error":{"code":%d,"message":"m","status":%q}}`, status, want)))
	}
	got := geminiembed.Client{}.EncodeError(nil, &llm.Error{Status: 429, Message: "m", RetryAfter: 7})
	same(t, "error", got, []byte(`{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}]}}`))
}

func FuzzRequest(f *testing.F) {
	for _, s := range []string{`{"requests":[{"content":{"parts":[{"text":"a"}]}}]}`, `{"content":{"parts":[{"text":"a"}]},"title":1}`, `{"instances":[{"content":"a"}],"parameters":{"outputDimensionality":3}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := decode(string(body))
		if err != nil {
			return
		}
		op, _ := wire.Marked(&r.Extra, llm.GeminiEmbed, "operation")
		p := map[string]wire.EmbedProvider{"requests": geminiembed.Batch{}, "content": geminiembed.Single{}, "instances": geminiembed.Predict{}}[string(op)]
		once, _ := put(t, p, r)
		again, err := decode(string(once))
		if err != nil {
			t.Fatalf("%s became %s: %v", body, once, err)
		}
		twice, _ := put(t, p, again)
		same(t, "again", twice, once)
	})
}

func FuzzResponse(f *testing.F) {
	for _, s := range []string{`{"embeddings":[{"values":[1]}],"usageMetadata":{}}`, `{"embedding":{"values":[1]}}`, `{"predictions":[{"embeddings":{"values":[1]}}]}`, `{"error":{}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var a, b llm.EmbedResponse
		if (geminiembed.Batch{}).DecodeResponse(&a, nil, body) != nil {
			return
		}
		once := geminiembed.Client{}.EncodeResponse(nil, &a, &llm.EmbedRequest{})
		if err := (geminiembed.Batch{}).DecodeResponse(&b, nil, once); err != nil {
			t.Fatalf("%s became %s: %v", body, once, err)
		}
		same(t, "again", geminiembed.Client{}.EncodeResponse(nil, &b, &llm.EmbedRequest{}), once)
	})
}
