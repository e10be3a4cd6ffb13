package hfembed_test

import (
	"fmt"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire/hfembed"
)

func TestRequest(t *testing.T) {
	r := &llm.EmbedRequest{
		Model: "intfloat/e5", Inputs: inputs("a", "b"), Dimensions: llm.JSON("256"), Purpose: llm.PurposeQuery,
		Encoding: llm.EncodingBase64, User: llm.JSON(`"u"`),
	}
	body, notes := put(t, hfembed.Provider{}, r)
	same(t, "request", body, []byte(`{"inputs":["a","b"]}`))
	if got := fmt.Sprint(notes); got != "[dimensions input_type user]" {
		t.Errorf("notes %s", got)
	}
}

func TestResponse(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`[[0.1,0.2],[3,4]]`, `[[0.1,0.2] [3,4]]`},
		{` [ [0.1] ] `, `[[0.1]]`},
		{`[0.1,0.2]`, `[[0.1,0.2]]`},
		{`[]`, `the answer is no list of vectors`},
		{`[[]]`, `the answer is no list of vectors`},
		{`[[[1,2],[3,4]]]`, `[]`},
		{`{"a":1}`, `the answer is no list of vectors`},
		{`{"error":"Model is loading","estimated_time":20}`, `Model is loading`},
		{`{"error":["no such model"]}`, `no such model`},
		{`"text"`, `the answer is no list of vectors`},
	} {
		var a llm.EmbedResponse
		got := ""
		if err := (hfembed.Provider{}).DecodeResponse(&a, nil, []byte(tt.body)); err != nil {
			got = err.Error()
		} else {
			var list []string
			for _, v := range a.Vectors {
				list = append(list, string(v.Value))
			}
			got = fmt.Sprint(list)
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.body, got, tt.want)
		}
	}
	if err := (hfembed.Provider{}).DecodeResponse(&llm.EmbedResponse{}, nil, []byte(`[[1`)); err == nil {
		t.Error("half an answer was read")
	}
}

func TestErrors(t *testing.T) {
	header := func(name string) string {
		if name == "Retry-After" {
			return "20"
		}
		return ""
	}
	for _, tt := range []struct{ body, want string }{
		{`{"error":"Model is loading"}`, "Model is loading"},
		{`{"error":["inputs is missing"],"warnings":[]}`, "inputs is missing"},
		{`{"error":{"message":"no"}}`, "no"},
		{`Not Found`, "Not Found"},
		{``, "the provider answered with status 503"},
	} {
		e := hfembed.Provider{}.DecodeError(503, header, []byte(tt.body))
		if e.Message != tt.want || e.Status != 503 || e.RetryAfter != 20 {
			t.Errorf("%s: %+v", tt.body, e)
		}
	}
}

func FuzzResponse(f *testing.F) {
	for _, s := range []string{`[[1,2]]`, `[1]`, `[[[1]]]`, `{"error":"x"}`, `[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var a llm.EmbedResponse
		err := hfembed.Provider{}.DecodeResponse(&a, nil, body)
		if (err == nil) != (len(a.Vectors) > 0) {
			t.Errorf("%d vectors and %v", len(a.Vectors), err)
		}
	})
}
