package rerank_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
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

func ask(c rerank.Client, body string) (*llm.RerankRequest, error) {
	var r llm.RerankRequest
	err := c.DecodeRequest(&r, wire.Question{Body: []byte(body)})
	return &r, err
}

func encode(t testing.TB, p wire.RerankProvider, r *llm.RerankRequest) (body []byte, notes []wire.Note) {
	t.Helper()
	var n wire.Notes
	body, err := p.EncodeRequest(nil, r, &n)
	if err != nil {
		t.Fatal(err)
	}
	return body, n.List()
}

// providers are the formats by the name that recordings have for them.
var providers = map[string]wire.RerankProvider{
	"cohere.v1.rerank": rerank.Cohere{First: true}, "cohere.v2.rerank": rerank.Cohere{},
	"rerank": rerank.Jina{}, "dashscope.rerank": rerank.DashScope{}, "bedrock.invoke": rerank.Bedrock{},
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
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var x exchange
		if err := json.Unmarshal(raw, &x); err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(file), func(t *testing.T) { replay(t, &x) })
	}
}

// replay reads the answer, and the question where that is Cohere's own.
func replay(t *testing.T, x *exchange) {
	t.Helper()
	p := providers[x.API]
	documents := x.Request.Body
	if inner := wire.Get(documents, "input"); inner != nil {
		documents = json.RawMessage(inner)
	}
	r, err := ask(rerank.Client{First: x.API == "cohere.v1.rerank"}, string(documents))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(x.API, "cohere.") {
		body, _ := encode(t, p, r)
		same(t, "request", body, x.Request.Body)
	}
	if x.Response.Status != 200 {
		if e := p.DecodeError(x.Response.Status, nil, x.Response.Body); e.Message == "" {
			t.Errorf("error %+v", e)
		}
		return
	}
	var a llm.RerankResponse
	if err := p.DecodeResponse(&a, r, x.Response.Body); err != nil {
		t.Fatal(err)
	}
	if len(a.Results) == 0 || a.Results[0].Score == nil {
		t.Errorf("%+v", a)
	}
	if strings.HasPrefix(x.API, "cohere.") {
		same(t, "answer", rerank.Client{First: x.API == "cohere.v1.rerank"}.EncodeResponse(nil, &a, r), x.Response.Body)
	}
}

func TestPaths(t *testing.T) {
	for path, want := range map[string]string{
		"/v1/rerank": "first", "/x/v1/rerank/": "first", "/v2/rerank": "second", "/rerank": "second", "/v3/rerank": "second",
		"/v2/chat": "", "/v1/rerank/x": "", "/prerank": "", "": "",
	} {
		got := ""
		if (rerank.Client{First: true}).Asks(path) {
			got += "first"
		}
		if (rerank.Client{}).Asks(path) {
			got += "second"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"model":"m","query":"q","documents":["a",{}],"top_n":1,"top_k":2}`))
	f.Add([]byte(`{"model":"m.rerank","query":"q","documents":["a",{"x":"y"}],"rank_fields":["x"],"return_documents":true,"priority":0}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, c := range []rerank.Client{{First: true}, {}} {
			r, err := ask(c, string(body))
			if err != nil {
				continue
			}
			for _, p := range providers {
				checkAsked(t, p, r)
			}
		}
	})
}

// checkAsked: what is sent is a JSON object, and as much of it as can be read
// back is what was asked.
func checkAsked(t *testing.T, p wire.RerankProvider, r *llm.RerankRequest) {
	t.Helper()
	var n wire.Notes
	body, err := p.EncodeRequest(nil, r, &n)
	if err != nil {
		return
	}
	if err := wire.Check(body); err != nil {
		t.Fatalf("%s: %v in %s", p.Format(), err, body)
	}
	if p.Format() == llm.DashScopeRerank {
		body = wire.Get(body, "input")
	}
	again, err := ask(rerank.Client{}, string(body))
	if err != nil {
		t.Fatalf("%s: %v in %s", p.Format(), err, body)
	}
	if len(again.Documents) != len(r.Documents) || string(again.Query) != string(r.Query) {
		t.Fatalf("%s: asked %s", p.Format(), body)
	}
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte(`{"results":[{"index":1,"relevance_score":0.5}],"data":[{"index":1}],"usage":{}}`))
	f.Add([]byte(`{"output":{"results":[{"index":0,"relevance_score":1e3}]},"usage":{"total_tokens":1},"request_id":"r"}`))
	f.Add([]byte(`{"results":[{"index":2,"relevance_score":0}],"meta":{"billed_units":{"search_units":1,"input_tokens":2}}}`))
	r := &llm.RerankRequest{Documents: []llm.JSON{llm.JSON(`"a"`), llm.JSON(`{"text":"b"}`), llm.JSON(`"c"`)}, ReturnDocuments: llm.JSON("true")}
	f.Fuzz(func(t *testing.T, body []byte) {
		var a, b llm.RerankResponse
		if (rerank.Jina{}).DecodeResponse(&a, r, body) != nil {
			return
		}
		if len(a.Results) > len(r.Documents) {
			t.Fatalf("%d results", len(a.Results))
		}
		once := rerank.Client{}.EncodeResponse(nil, &a, r)
		if err := (rerank.Cohere{}).DecodeResponse(&b, r, once); err != nil {
			t.Fatalf("%s became %s: %v", body, once, err)
		}
		same(t, "again", rerank.Client{}.EncodeResponse(nil, &b, r), once)
	})
}
