package relay

import (
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/anthropic"
	"github.com/sluice-gateway/sluice/provider/azure"
	"github.com/sluice-gateway/sluice/provider/cohere"
	"github.com/sluice-gateway/sluice/provider/compatible"
	"github.com/sluice-gateway/sluice/provider/gemini"
	"github.com/sluice-gateway/sluice/provider/huggingface"
	"github.com/sluice-gateway/sluice/provider/llama2"
	"github.com/sluice-gateway/sluice/provider/mistral"
	"github.com/sluice-gateway/sluice/provider/ollama"
	"github.com/sluice-gateway/sluice/wire"
	coherewire "github.com/sluice-gateway/sluice/wire/cohere"
	"github.com/sluice-gateway/sluice/wire/rerank"
)

// ranks makes a target for Cohere's callers.
func ranks(tb testing.TB, p provider.Provider, change func(*Settings)) *Target {
	tb.Helper()
	return target(tb, func(s *Settings) {
		s.Provider, s.Client = p, coherewire.V2Client{}
		s.Rerank = []wire.RerankClient{rerank.Client{First: true}, rerank.Client{}}
		s.Model.Provider, s.Model.Name = p.Name(), "m"
		s.Model.Options.Bedrock.AWSRegion = "us-east-1"
		if change != nil {
			change(s)
		}
	})
}

// serviceOf is one of the services that speak OpenAI's API.
func serviceOf(tb testing.TB, name string) provider.Provider {
	tb.Helper()
	for _, p := range compatible.All() {
		if p.Name() == name {
			return p
		}
	}
	tb.Fatalf("no service %s", name)
	return nil
}

func askedAt(path, body string) *flow.Exchange {
	ex := asking(body)
	ex.In.Path = path
	return ex
}

func upstreamURL(url string) func(*Settings) {
	return func(s *Settings) { s.Model.Options.UpstreamURL = url }
}

// TestRerankAsked: questions as providers get them.
func TestRerankAsked(t *testing.T) {
	const (
		v1, v2  = "/x/v1/rerank", "/x/v2/rerank"
		two     = `{"query":"q","documents":["a","b"],"top_n":1}`
		sent    = `{"model":"m","query":"q","documents":["a","b"],"top_n":1}`
		objects = `{"query":"q","documents":["a",{"text":"b","id":7},{"title":"c","year":1999,"text":"d"}]`
	)
	for _, tt := range []struct {
		name           string
		p              provider.Provider
		change         func(*Settings)
		path, body     string
		url, sent, say string
	}{
		{"as it came", cohere.New(), nil, v2, `{ "model":"m", "query":"q","x":[1.0],"documents":[{"text":"a"}],"max_tokens_per_doc":9}`, "api.cohere.com/v2/rerank", `{ "model":"m", "query":"q","x":[1.0],"documents":[{"text":"a"}],"max_tokens_per_doc":9}`, ""},
		{"the first version", cohere.New(), nil, v1, `{"query":"q","rank_fields":["x"],"model":"m","documents":[{"x":"a"}]}`, "api.cohere.com/v1/rerank", `{"query":"q","rank_fields":["x"],"model":"m","documents":[{"x":"a"}]}`, ""},
		{"no version", cohere.New(), nil, "/rerank", sent, "api.cohere.com/v2/rerank", sent, ""},
		{"the configured model", cohere.New(), nil, v2, `{"query":"q","documents":["a"] }`, "api.cohere.com/v2/rerank", `{"query":"q","documents":["a"],"model":"m" }`, ""},
		{"the configured model for null", cohere.New(), nil, v1, `{"model":null,"query":"q","documents":["a"]}`, "api.cohere.com/v1/rerank", `{"model":"m","query":"q","documents":["a"]}`, ""},
		{"the caller's model", cohere.New(), func(s *Settings) { s.Model.Name = "" }, v2, `{"model":"x","query":"q","documents":["a"]}`, "api.cohere.com/v2/rerank", `{"model":"x","query":"q","documents":["a"]}`, ""},
		{"beside a chat", cohere.New(), upstreamURL("http://c.example/p/v2/chat"), v1, sent, "c.example/p/v1/rerank", sent, ""},
		{"on a server", cohere.New(), upstreamURL("http://c.example"), v2, sent, "c.example/v2/rerank", sent, ""},
		{"at another path", cohere.New(), upstreamURL("http://c.example/rank"), v2, sent, "c.example/rank", sent, ""},
		{"beside a path", cohere.New(), func(s *Settings) { s.Model.Options.UpstreamPath = "/v1/chat" }, v2, sent, "api.cohere.com/v2/rerank", sent, ""},
		{"first to second by texts", cohere.New(), upstreamURL("http://c.example/p/v2/rerank"), v1, objects + `,"max_chunks_per_doc":4,"return_documents":true}`, "c.example/p/v2/rerank", `{"model":"m","query":"q","documents":["a","b","d"]}`, "dropped: max_chunks_per_doc"},
		{"second to first", cohere.New(), upstreamURL("http://c.example/v1/rerank"), v2, `{"query":"q","documents":["a"],"max_tokens_per_doc":9,"priority":0}`, "c.example/v1/rerank", `{"model":"m","query":"q","documents":["a"]}`, "dropped: max_tokens_per_doc"},
		{"jina", serviceOf(t, "openai-compatible"), upstreamURL("https://api.jina.ai/v1/rerank"), v2, two, "api.jina.ai/v1/rerank", sent, ""},
		{"joined", serviceOf(t, "openai-compatible"), upstreamURL("https://api.jina.ai"), v1, `{"query":"q","documents":[{"title":"c\"","year":1999}],"rank_fields":["title","year","title","none"]}`, "api.jina.ai/v1/rerank", `{"model":"m","query":"q","documents":["c\"\n1999"]}`, "changed: rank_fields (joined)"},
		{"voyage", serviceOf(t, "openai-compatible"), upstreamURL("https://api.voyageai.com/v1/rerank"), v2, two, "api.voyageai.com/v1/rerank", `{"model":"m","query":"q","documents":["a","b"],"top_k":1}`, ""},
		{"vllm beside a chat", serviceOf(t, "vllm"), upstreamURL("http://v.example:8000/v1/chat/completions"), v2, two, "v.example:8000/v1/rerank", sent, ""},
		{"together", serviceOf(t, "together"), nil, v1, two, "api.together.xyz/v1/rerank", sent, ""},
		{"openrouter", serviceOf(t, "openrouter"), nil, v2, two, "openrouter.ai/api/v1/rerank", sent, ""},
		{"dashscope", serviceOf(t, "dashscope"), nil, v2, two, "dashscope.aliyuncs.com/api/v1/services/rerank/text-rerank/text-rerank", `{"model":"m","input":{"query":"q","documents":["a","b"]},"parameters":{"top_n":1}}`, ""},
		{"bedrock", aws(), func(s *Settings) { s.Model.Name = "cohere.rerank-v3-5:0" }, v2, two, "bedrock-runtime.us-east-1.amazonaws.com/model/cohere.rerank-v3-5%3A0/invoke", `{"query":"q","documents":["a","b"],"top_n":1,"api_version":2}`, ""},
		{"amazon", aws(), func(s *Settings) { s.Model.Name = "" }, v2, `{"model":"amazon.rerank-v1:0",` + two[1:], "bedrock-runtime.us-east-1.amazonaws.com/model/amazon.rerank-v1%3A0/invoke", two, ""},
	} {
		ex := askedAt(tt.path, tt.body)
		if err := put(ranks(t, tt.p, tt.change), ex); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := ex.Out.Host + ex.Out.Path; got != tt.url {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.url)
		}
		if got := string(ex.Body.Edited()); got != tt.sent {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.sent)
		}
		r := answer(200, "application/json", cutAt([]byte(`{"results":[{"index":0,"relevance_score":1}]}`)))
		if err := ex.Call.Receive(ex, r); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got := r.Header.Get(TranslationHeader); got != tt.say {
			t.Errorf("%s: said %q, want %q", tt.name, got, tt.say)
		}
		ex.Call.Release()
	}
}

// TestRerankRefused: questions that cannot be put.
func TestRerankRefused(t *testing.T) {
	const plain = `{"query":"q","documents":["a"]}`
	here := upstreamURL("http://h.example/v1/chat/completions")
	jina := serviceOf(t, "openai-compatible")
	type refused struct {
		name         string
		p            provider.Provider
		change       func(*Settings)
		body, reason string
	}
	list := []refused{
		{"no query", cohere.New(), nil, `{"documents":["a"]}`, "query: must be a text"},
		{"no documents", cohere.New(), nil, `{"query":"q","documents":[]}`, "documents: must be a list of documents"},
		{"no object", cohere.New(), nil, `[]`, "request body is not a valid JSON object"},
		{"twice", cohere.New(), nil, `{"query":"q","query":"r","documents":["a"]}`, "duplicate member"},
		{"another model", cohere.New(), nil, `{"model":"x","query":"q","documents":["a"]}`, "cannot use own model - must be: m"},
		{"no model", cohere.New(), func(s *Settings) { s.Model.Name = "" }, plain, "model parameter not found in request"},
		{"no text", jina, here, `{"query":"q","documents":["a",{"image":"x"}]}`, "documents[1]: must be a text, or an object with one in the member text"},
		{"a number", jina, here, `{"query":"q","documents":[1]}`, "documents[0]: must be a text"},
		{"too many fields", jina, here, `{"query":"q","documents":["a"],"rank_fields":[` + strings.Repeat(`"a",`, 64) + `"b"]}`, "rank_fields: must be 64 at most for this provider"},
		{"strict", jina, func(s *Settings) { here(s); s.Translation = Strict }, `{"query":"q","documents":["a"],"max_tokens_per_doc":1}`, "openai-compatible cannot express: max_tokens_per_doc"},
		{"no ranker", aws(), func(s *Settings) { s.Model.Name = "anthropic.claude-v2" }, plain, "model: no model of Bedrock that ranks"},
	}
	for _, p := range []provider.Provider{
		anthropic.New(), azure.New(), gemini.New(), huggingface.New(), llama2.New(), mistral.New(), ollama.New(),
		serviceOf(t, "openai"), serviceOf(t, "groq"), serviceOf(t, "xai"), serviceOf(t, "perplexity"),
	} {
		list = append(list, refused{p.Name(), p, func(s *Settings) {
			here(s)
			s.Model.Options.MistralFormat, s.Model.Options.Llama2Format = "openai", "openai"
		}, plain, "not supported by this version for provider " + p.Name() + ": rerank"})
	}
	for _, tt := range list {
		ex := askedAt("/v2/rerank", tt.body)
		err := put(ranks(t, tt.p, tt.change), ex)
		f, ok := err.(*fault.Error)
		if !ok || f.Status() != 400 || !strings.Contains(f.Message, tt.reason) {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := string(ex.Call.(flow.Voice).Fault(f)); !strings.HasPrefix(got, `{"message":"`) {
			t.Errorf("%s: told %s", tt.name, got)
		}
	}
}

// TestRerankAnswered: answers as callers get them, and what is logged of them.
func TestRerankAnswered(t *testing.T) {
	const ask = `{"model":"m","query":"q","documents":["a",{"text":"b","n":1},"c"]`
	jina, dash := serviceOf(t, "openai-compatible"), serviceOf(t, "dashscope")
	none := llm.NoUsage()
	searched := none
	searched.SearchUnits = 1
	for _, tt := range []struct {
		name      string
		p         provider.Provider
		path, ask string
		answer    string
		want      string
		usage     llm.Usage
		cost      float64
		model     string
	}{
		{"as it is", cohere.New(), "/v2/rerank", ask + "}", `{"results": [{"index":2,"relevance_score":0.50,"x":1}],"meta":{"billed_units":{"search_units":1}}}`, "", searched, 0, "m"},
		{"with tokens", cohere.New(), "/v1/rerank", ask + "}", `{"results":[],"meta":{"billed_units":{"input_tokens":3},"tokens":{"input_tokens":4}}}`, "", llm.Usage{Prompt: 3, Total: 3}, 3, "m"},
		{"jina", jina, "/v2/rerank", ask + "}", `{"id":"i","model":"j","usage":{"total_tokens":5},"results":[{"index":2,"relevance_score":0.50,"document":{"text":"z"}},{"index":0,"relevance_score":-1e-3}]}`, `{"id":"i","results":[{"index":2,"relevance_score":0.50},{"index":0,"relevance_score":-1e-3}],"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":5}}}`, llm.Usage{Prompt: 5, Total: 5}, 5, "j"},
		{"with documents", jina, "/v1/rerank", ask + `,"return_documents":true}`, `{"results":[{"relevance_score":1,"index":1,"document":"x"},{"index":0,"relevance_score":0}]}`, `{"id":"id","results":[{"index":1,"relevance_score":1,"document":{"text":"b","n":1}},{"index":0,"relevance_score":0,"document":{"text":"a"}}],"meta":{"api_version":{"version":"1"}}}`, none, 0, "m"},
		{"without", jina, "/v1/rerank", ask + `,"return_documents":false}`, `{"results":[{"index":1,"relevance_score":1,"document":"x"}]}`, `{"id":"id","results":[{"index":1,"relevance_score":1}],"meta":{"api_version":{"version":"1"}}}`, none, 0, "m"},
		{"voyage", jina, "/v2/rerank", ask + "}", `{"object":"list","data":[{"relevance_score":0.5,"index":0}],"usage":{"total_tokens":2}}`, `{"id":"id","results":[{"index":0,"relevance_score":0.5}],"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":2}}}`, llm.Usage{Prompt: 2, Total: 2}, 2, "m"},
		{"dashscope", dash, "/v2/rerank", ask + "}", `{"output":{"results":[{"index":1,"relevance_score":0.5}]},"usage":{"total_tokens":2},"request_id":"r"}`, `{"id":"r","results":[{"index":1,"relevance_score":0.5}],"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":2}}}`, llm.Usage{Prompt: 2, Total: 2}, 2, "m"},
	} {
		tg := ranks(t, tt.p, func(s *Settings) {
			s.Streaming = Always
			s.Model.Options.InputCost, s.Model.Options.OutputCost = new(1e6), new(1e6)
			if tt.p == jina {
				s.Model.Options.UpstreamURL = "http://j.example"
			}
		})
		if tt.want == "" {
			tt.want = tt.answer
		}
		ex := askedAt(tt.path, tt.ask)
		if err := put(tg, ex); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		r := answer(200, "application/json", cutAt([]byte(tt.answer), 7))
		if err := ex.Call.Receive(ex, r); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := read(t, r.Stream); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		if got := ex.AI.Usage; !reflect.DeepEqual(got, tt.usage) || ex.AI.Cost != tt.cost {
			t.Errorf("%s: usage %+v at %v, want %+v at %v", tt.name, got, ex.AI.Cost, tt.usage, tt.cost)
		}
		if ex.AI.ResponseModel != tt.model || ex.AI.RequestModel != "m" || ex.AI.Streaming {
			t.Errorf("%s: %+v", tt.name, ex.AI)
		}
		ex.Call.Release()
	}
}

// TestRerankUnreadable: answers that are of no such question.
func TestRerankUnreadable(t *testing.T) {
	many := `{"results":[` + strings.Repeat(`{"index":0,"relevance_score":1},`, 1<<20) + `0]}`
	for _, p := range []provider.Provider{cohere.New(), serviceOf(t, "together")} {
		for body, want := range map[string]string{
			`{"results":[{"index":2,"relevance_score":1}]}`:                                 "results[0]: index 2 of 2 documents",
			`{"results":[{"index":-1,"relevance_score":1}]}`:                                "results[0]: index -1 of 2 documents",
			`{"results":[{"index":99999999999999999999,"relevance_score":1}]}`:              "results[0]: no index",
			`{"results":[{"index":1,"relevance_score":1},{"index":1,"relevance_score":1}]}`: "results[1]: index 1 has come before",
			`{"results":[{"relevance_score":1}]}`:                                           "results[0]: no index",
			`{"results":[{"index":0}]}`:                                                     "results[0]: no relevance_score",
			`{"results":[{"index":0,"relevance_score":"1"}]}`:                               "results[0]: no relevance_score",
			`{"results":[7]}`: "results[0]: no index",
			`{"results":{}}`:  "the answer has no results",
			`{"choices":[]}`:  "the answer has no results",
			`{"error":"no"}`:  "no",
			`{"results":[],"error":{"message":"out of memory"}}`: "out of memory",
			`<html>`: "transformation failed from type " + p.Name() + "://llm/v1/chat: ",
			many:     "results[1]: index 0 has come before",
		} {
			ex := askedAt("/v2/rerank", `{"model":"m","query":"q","documents":["a","b"]}`)
			if err := put(ranks(t, p, nil), ex); err != nil {
				t.Fatal(err)
			}
			err := ex.Call.Receive(ex, answer(200, "application/json", cutAt([]byte(body))))
			f, ok := err.(*fault.Error)
			if !ok || f.Status() < 500 || !strings.HasSuffix(f.Message, want) && !strings.HasPrefix(f.Message, want) {
				t.Errorf("%s, %.80s: %v", p.Name(), body, err)
			}
			if ex.AI.Usage.Known() {
				t.Errorf("%s, %.80s: counted %+v", p.Name(), body, ex.AI.Usage)
			}
		}
	}
}

// TestRerankErrors: errors of the provider come in the caller's shape.
func TestRerankErrors(t *testing.T) {
	for _, tt := range []struct {
		p            provider.Provider
		answer, want string
	}{
		{cohere.New(), `{"message": "no","x":1}`, `{"message": "no","x":1}`},
		{serviceOf(t, "dashscope"), `{"code":"InvalidParameter","message":"Model not exist.","request_id":"r"}`, `{"id":"r","message":"Model not exist."}`},
		{serviceOf(t, "together"), `{"error":{"message":"no","code":7}}`, `{"message":"no"}`},
	} {
		ex := askedAt("/v1/rerank", `{"model":"m","query":"q","documents":["a"]}`)
		if err := put(ranks(t, tt.p, nil), ex); err != nil {
			t.Fatal(err)
		}
		r := answer(429, "application/json", cutAt([]byte(tt.answer)))
		if err := ex.Call.Receive(ex, r); err != nil || r.Status != 429 {
			t.Errorf("%s: %d, %v", tt.p.Name(), r.Status, err)
			continue
		}
		if got := read(t, r.Stream); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.p.Name(), got, tt.want)
		}
	}
}

// TestRerankBeside: what is no ranking on such a route is a chat.
func TestRerankBeside(t *testing.T) {
	tg := ranks(t, cohere.New(), nil)
	for range 2 {
		for path, want := range map[string]string{"/v2/rerank": "/v2/rerank", "/v2/chat": "/v2/chat", "/v1/rerank/": "/v1/rerank"} {
			body := `{"model":"m","query":"q","documents":["a"]}`
			if want == "/v2/chat" {
				body = `{"model":"m","messages":[{"role":"user","content":"a"}]}`
			}
			ex := askedAt(path, body)
			if err := put(tg, ex); err != nil || ex.Out.Path != want {
				t.Errorf("%s: went to %s: %v", path, ex.Out.Path, err)
			}
			ex.Call.Release()
		}
	}
}
