package rerank_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/rerank"
)

// same fails unless got and want are the same JSON value.
func same(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !reflect.DeepEqual(value(t, got), value(t, want)) {
		t.Errorf("%s:\n got %.2000s\nwant %.2000s", what, got, want)
	}
}

func value(t testing.TB, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %.2000s", err, raw)
	}
	return v
}

func decode(body string) (*llm.RerankRequest, error) {
	var r llm.RerankRequest
	err := rerank.Codec{}.DecodeRequest(&r, wire.Question{Body: []byte(body)})
	return &r, err
}

func encode(t testing.TB, r *llm.RerankRequest) (body []byte, notes []wire.Note) {
	t.Helper()
	var n wire.Notes
	body, err := rerank.Codec{}.EncodeRequest(nil, r, &n)
	if err != nil {
		t.Fatal(err)
	}
	return body, n.List()
}

// exchange is one recording.
type exchange struct {
	API      string
	Request  struct{ Body json.RawMessage }
	Response struct {
		Status int
		Body   json.RawMessage
	}
}

// TestCorpus reads and writes recorded traffic: nothing of it may be lost.
func TestCorpus(t *testing.T) {
	root := os.Getenv("CORPUS")
	if root == "" {
		root = "../../../shared/corpus"
	}
	files, _ := filepath.Glob(filepath.Join(root, "*", "*rerank*.json"))
	if len(files) == 0 {
		t.Skip("no recorded traffic: set CORPUS to its folder")
	}
	n := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var x exchange
		if err := json.Unmarshal(raw, &x); err != nil {
			t.Fatal(err)
		}
		if x.API != "dashscope.rerank" { // a format of its own
			n++
			t.Run(filepath.Base(file), func(t *testing.T) { replay(t, &x) })
		}
	}
	t.Logf("%d exchanges", n)
}

func replay(t *testing.T, x *exchange) {
	t.Helper()
	r, err := decode(string(x.Request.Body))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := encode(t, r)
	same(t, "request", body, x.Request.Body)
	if x.Response.Status != 200 {
		if e := (rerank.Codec{}).DecodeError(x.Response.Status, nil, x.Response.Body); e.Message == "" {
			t.Errorf("error %+v", e)
		}
		return
	}
	var a llm.RerankResponse
	if err := (rerank.Codec{}).DecodeResponse(&a, x.Response.Body); err != nil {
		t.Fatal(err)
	}
	if len(a.Results) == 0 || a.Results[0].Score == nil {
		t.Errorf("%+v", a)
	}
	same(t, "answer", rerank.Codec{}.EncodeResponse(nil, &a, r), x.Response.Body)
}

func TestRequest(t *testing.T) {
	for _, body := range []string{
		`{"model":"m","query":"q","documents":["a",{"text":"b"}],"top_n":1,"return_documents":true}`,
		`{"model":"m","query":"q","documents":["a"],"top_k":1,"truncation":true}`,
		`{"model":"m","query":"q","documents":["a"],"top_n":null,"return_documents":null,"rank_fields":["x"]}`,
	} {
		r, err := decode(body)
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		got, notes := encode(t, r)
		same(t, "request", got, []byte(body))
		if len(notes) > 0 {
			t.Errorf("%s: notes %v", body, notes)
		}
	}
	for _, body := range []string{`{"documents":["a"]}`, `{"query":"q"}`, `{"query":"q","documents":[]}`, `{"query":1,"documents":["a"]}`, `[]`} {
		if _, err := decode(body); err == nil {
			t.Errorf("%s was taken", body)
		}
	}
	foreign := &llm.RerankRequest{Model: "m", Query: llm.JSON(`"q"`), Documents: []llm.JSON{llm.JSON(`"a"`)}, TopN: llm.JSON("1")}
	foreign.Extra = llm.Extra{From: "x", Members: []llm.Member{{Name: "y", Value: llm.JSON("1")}}}
	got, notes := encode(t, foreign)
	same(t, "foreign", got, []byte(`{"model":"m","query":"q","documents":["a"],"top_n":1}`))
	if fmt.Sprint(notes) != "[{y false }]" {
		t.Errorf("notes %v", notes)
	}
}

func TestResponse(t *testing.T) {
	for _, body := range []string{
		`{"id":"i","results":[{"index":1,"relevance_score":0.5,"document":{"text":"a"}}],"meta":{"billed_units":{"search_units":1}}}`,
		`{"object":"list","model":"m","data":[{"index":1,"relevance_score":0.5}],"usage":{"total_tokens":3}}`,
	} {
		var a llm.RerankResponse
		if err := (rerank.Codec{}).DecodeResponse(&a, []byte(body)); err != nil {
			t.Fatal(err)
		}
		if len(a.Results) != 1 || a.Results[0].Index != 1 || string(a.Results[0].Score) != "0.5" {
			t.Errorf("%+v", a)
		}
		same(t, "answer", rerank.Codec{}.EncodeResponse(nil, &a, nil), []byte(body))
	}
	for body, want := range map[string]string{`{"message":"no"}`: "no", `{"error":{"message":"no"}}`: "no", `{}`: "the answer has no results", `{"results":1}`: "the answer has no results"} {
		err := rerank.Codec{}.DecodeResponse(&llm.RerankResponse{}, []byte(body))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v", body, err)
		}
	}
	foreign := &llm.RerankResponse{ID: "i", Model: "m", Results: []llm.Ranked{{Index: 2, Score: llm.JSON("1")}}, Usage: llm.Usage{Prompt: 3, Total: 3}}
	same(t, "foreign", rerank.Codec{}.EncodeResponse(nil, foreign, nil), []byte(`{"id":"i","model":"m","results":[{"index":2,"relevance_score":1}],"usage":{"prompt_tokens":3,"total_tokens":3}}`))
	same(t, "error", rerank.Codec{}.EncodeError(nil, &llm.Error{Status: 400, Message: "m", RequestID: "i"}), []byte(`{"id":"i","message":"m"}`))
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"model":"m","query":"q","documents":["a",{}],"top_n":1,"top_k":2}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := decode(string(body))
		if err != nil {
			return
		}
		once, _ := encode(t, r)
		again, err := decode(string(once))
		if err != nil {
			t.Fatalf("%s became %s: %v", body, once, err)
		}
		twice, _ := encode(t, again)
		same(t, "again", twice, once)
	})
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte(`{"results":[{"index":1,"relevance_score":0.5}],"data":[{"index":1}],"usage":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var a, b llm.RerankResponse
		if (rerank.Codec{}).DecodeResponse(&a, body) != nil {
			return
		}
		once := rerank.Codec{}.EncodeResponse(nil, &a, nil)
		if err := (rerank.Codec{}).DecodeResponse(&b, once); err != nil {
			t.Fatalf("%s became %s: %v", body, once, err)
		}
		same(t, "again", rerank.Codec{}.EncodeResponse(nil, &b, nil), once)
	})
}
