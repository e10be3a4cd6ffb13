package relay

import (
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/bedrock"
	"github.com/sluice-gateway/sluice/provider/cohere"
	"github.com/sluice-gateway/sluice/provider/compatible"
	"github.com/sluice-gateway/sluice/provider/gemini"
	"github.com/sluice-gateway/sluice/provider/huggingface"
	"github.com/sluice-gateway/sluice/provider/mistral"
	"github.com/sluice-gateway/sluice/provider/ollama"
	"github.com/sluice-gateway/sluice/wire"
	bedrockwire "github.com/sluice-gateway/sluice/wire/bedrock"
	"github.com/sluice-gateway/sluice/wire/bedrockembed"
	"github.com/sluice-gateway/sluice/wire/cohereembed"
	"github.com/sluice-gateway/sluice/wire/geminiembed"
	"github.com/sluice-gateway/sluice/wire/hfembed"
	"github.com/sluice-gateway/sluice/wire/ollamaembed"
	"github.com/sluice-gateway/sluice/wire/openaiembed"
)

// embedding makes a target for vectors.
func embedding(tb testing.TB, p provider.Provider, client wire.EmbedClient, change func(*Settings)) *Target {
	tb.Helper()
	return target(tb, func(s *Settings) {
		s.RouteType, s.Provider, s.Embed = provider.Embeddings, p, client
		s.Model.Provider, s.Model.Name = p.Name(), "m"
		s.Model.Options.Bedrock.AWSRegion = "us-east-1"
		s.Model.Options.Cohere.EmbeddingInputType = "classification"
		if change != nil {
			change(s)
		}
	})
}

func aws() provider.Provider {
	return bedrock.New(func(string) (string, bool) { return "", false })
}

// TestEmbedAsked: questions as providers get them.
func TestEmbedAsked(t *testing.T) {
	const plain = `{"model":"m","input":"a"}`
	vertex := func(s *Settings) {
		s.Model.Options.Gemini = provider.Gemini{APIEndpoint: "x.example", ProjectID: "p", LocationID: "l"}
	}
	for _, tt := range []struct {
		name           string
		p              provider.Provider
		change         func(*Settings)
		body           string
		url, sent, say string
	}{
		{"openai", compatible.All()[0], nil, plain, "api.openai.com/v1/embeddings", plain, ""},
		{"openai with dimensions", compatible.All()[0], func(s *Settings) { s.Model.Options.EmbeddingsDimensions = new(8) }, plain, "api.openai.com/v1/embeddings", `{"model":"m","input":"a","dimensions":8}`, ""},
		{"gemini", gemini.New(), nil, `{"model":"m","input":["a","b"],"dimensions":3}`, "generativelanguage.googleapis.com/v1beta/models/m:batchEmbedContents", `{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]},"outputDimensionality":3},{"model":"models/m","content":{"parts":[{"text":"b"}]},"outputDimensionality":3}]}`, ""},
		{"gemini for queries", gemini.New(), nil, `{"input":"a","input_type":"query","user":"u"}`, "generativelanguage.googleapis.com/v1beta/models/m:batchEmbedContents", `{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY"}]}`, "dropped: user"},
		{"vertex", gemini.New(), vertex, plain, "x.example/v1/projects/p/locations/l/publishers/google/models/m:predict", `{"instances":[{"content":"a"}]}`, ""},
		{"vertex of today", gemini.New(), func(s *Settings) { vertex(s); s.Model.Name = "gemini-embedding-2" }, `{"input":"a"}`, "x.example/v1/projects/p/locations/l/publishers/google/models/gemini-embedding-2:embedContent", `{"content":{"parts":[{"text":"a"}]}}`, ""},
		{"bedrock", aws(), func(s *Settings) {
			s.Model.Name, s.Model.Options.Bedrock.EmbeddingsNormalize = "amazon.titan-embed-text-v2:0", true
			s.Model.Options.EmbeddingsDimensions = new(256)
		}, `{"input":"a","encoding_format":"base64"}`, "bedrock-runtime.us-east-1.amazonaws.com/model/amazon.titan-embed-text-v2%3A0/invoke", `{"inputText":"a","dimensions":256,"normalize":true}`, ""},
		{"cohere on bedrock", aws(), func(s *Settings) { s.Model.Name = "cohere.embed-english-v3" }, `{"input":["a"],"dimensions":3}`, "bedrock-runtime.us-east-1.amazonaws.com/model/cohere.embed-english-v3/invoke", `{"texts":["a"],"input_type":"classification","embedding_types":["float"]}`, "dropped: dimensions"},
		{"cohere", cohere.New(), nil, plain, "api.cohere.com/v2/embed", `{"model":"m","texts":["a"],"input_type":"classification","embedding_types":["float"]}`, ""},
		{"cohere for documents", cohere.New(), nil, `{"input":["a"],"input_type":"document"}`, "api.cohere.com/v2/embed", `{"model":"m","texts":["a"],"input_type":"search_document","embedding_types":["float"]}`, ""},
		{"cohere of before", cohere.New(), func(s *Settings) { s.Model.Options.UpstreamURL = "http://c.example/v1/embed" }, plain, "c.example/v1/embed", `{"model":"m","texts":["a"],"input_type":"classification","embedding_types":["float"]}`, ""},
		{"ollama", ollama.New(), func(s *Settings) { s.Model.Options.UpstreamURL = "http://o.example:11434" }, plain, "o.example:11434/api/embed", `{"model":"m","input":"a"}`, ""},
		{"huggingface", huggingface.New(), func(s *Settings) {
			s.Model.Name = "org/e5"
			s.Model.Options.HuggingFace = provider.HuggingFace{UseCache: new(false), WaitForModel: new(true)}
		}, `{"input":"a"}`, "router.huggingface.co/hf-inference/models/org/e5/pipeline/feature-extraction", `{"inputs":["a"],"options":{"use_cache":false,"wait_for_model":true}}`, ""},
		{"mistral", mistral.New(), nil, `{"input":["a"],"dimensions":3,"user":"u"}`, "api.mistral.ai/v1/embeddings", `{"model":"m","input":["a"],"output_dimension":3}`, "dropped: user"},
	} {
		ex := asking(tt.body)
		tg := embedding(t, tt.p, openaiembed.Client{}, tt.change)
		if err := put(tg, ex); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := ex.Out.Host + ex.Out.Path; got != tt.url {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.url)
		}
		if got := sent(ex); got != tt.sent {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.sent)
		}
		r := answer(200, "application/json", cutAt([]byte(`{"embeddings":{"float":[[1]]}}`)))
		if tt.p.Name() == "cohere" || tt.say != "" {
			_ = ex.Call.Receive(ex, r)
			if got := r.Header.Get(TranslationHeader); got != tt.say {
				t.Errorf("%s: said %q, want %q", tt.name, got, tt.say)
			}
		}
		ex.Call.Release()
	}
}

// put begins a call and writes its question.
func put(tg *Target, ex *flow.Exchange) error {
	if err := calling(tg, ex); err != nil {
		return err
	}
	return ex.Call.Prepare(ex, 0)
}

// TestEmbedRefused: questions that cannot be put.
func TestEmbedRefused(t *testing.T) {
	titan := func(s *Settings) { s.Model.Name = "amazon.titan-embed-text-v2:0" }
	for _, tt := range []struct {
		name   string
		p      provider.Provider
		change func(*Settings)
		body   string
		want   string
	}{
		{"several for titan", aws(), titan, `{"input":["a","b"]}`, "input: this model takes one input in a request; send them one by one"},
		{"tokens", ollama.New(), func(s *Settings) { s.Model.Options.UpstreamURL = "http://o" }, `{"input":[1,2]}`, "input[0]: this provider takes texts, no tokens"},
		{"no embeddings", aws(), func(s *Settings) { s.Model.Name = "meta.llama3" }, `{"input":"a"}`, "model: no model of Bedrock for embeddings"},
		{"strict", gemini.New(), func(s *Settings) { s.Translation = Strict }, `{"input":"a","user":"u"}`, "gemini cannot express: user"},
		{"another model", gemini.New(), nil, `{"model":"x","input":"a"}`, "cannot use own model - must be: m"},
		{"nothing", gemini.New(), nil, `{"input":[]}`, "input: must be a text"},
		{"messages", gemini.New(), nil, hello, "[llm/v1/chat] message format is not compatible with [llm/v1/embeddings] route type"},
	} {
		err := put(embedding(t, tt.p, openaiembed.Client{}, tt.change), asking(tt.body))
		if f, ok := err.(*fault.Error); !ok || f.Status() != 400 || !strings.Contains(f.Message, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestEmbedAnswered: answers as callers get them.
func TestEmbedAnswered(t *testing.T) {
	const two = `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,2.5]}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2}}`
	counted, estimated := llm.Usage{Prompt: 2, Total: 2}, llm.Usage{Prompt: 2, Total: 2, Estimated: true}
	for _, tt := range []struct {
		name   string
		p      provider.Provider
		client wire.EmbedClient
		path   string
		ask    string
		answer string
		want   string
		usage  llm.Usage
	}{
		{"gemini", gemini.New(), openaiembed.Client{}, "/", `{"input":"a b"}`, `{"embeddings":[{"values":[1,2.5]}],"usageMetadata":{"promptTokenCount":2}}`, two, counted},
		{"gemini without a count", gemini.New(), openaiembed.Client{}, "/", `{"input":"a b","stream":true}`, `{"embeddings":[{"values":[1,2.5]}]}`, two, estimated},
		{"gemini with a count of nobody", gemini.New(), openaiembed.Client{}, "/", `{"input":"a b"}`, `{"embeddings":[{"values":[1,2.5]}],"usageMetadata":{"promptTokenCount":9223372036854775807}}`, two, estimated},
		{"mistral in another order", mistral.New(), openaiembed.Client{}, "/", `{"input":["a","b"]}`, `{"id":"i","data":[{"index":1,"embedding":[4]},{"index":0,"embedding":[3]}],"usage":{"prompt_tokens":2,"total_tokens":2}}`, `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[3]},{"object":"embedding","index":1,"embedding":[4]}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2},"id":"i"}`, counted},
		{"cohere asks cohere for bytes", cohere.New(), cohereembed.Client{}, "/v2/embed", `{"texts":["a b"],"embedding_types":["int8"]}`, `{"id":"i","embeddings":{"int8":[[1]]}}`, `{"id":"i","embeddings":{"int8":[[1]]}}`, estimated},
		{"ollama is asked nothing", ollama.New(), ollamaembed.Client{}, "/api/embed", `{"input":""}`, `{"model":"m","embeddings":[]}`, `{"model":"m","embeddings":[],"prompt_eval_count":0}`, llm.Usage{Estimated: true}},
		{"huggingface", huggingface.New(), openaiembed.Client{}, "/", `{"input":["a b"]}`, `[[1,2.5]]`, two, estimated},
		{"in base64", gemini.New(), openaiembed.Client{}, "/", `{"input":"a b","encoding_format":"base64"}`, `{"embeddings":[{"values":[1,2.5]}]}`, `{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAIEA="}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2}}`, estimated},
		{"mistral", mistral.New(), openaiembed.Client{}, "/", `{"input":"a"}`, `{"id":"i",` + two[1:], `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,2.5]}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2},"id":"i"}`, counted},
		{"cohere asks openai", compatible.All()[0], cohereembed.Client{}, "/v2/embed", `{"model":"m","texts":["a b"],"input_type":"search_query","embedding_types":["float"]}`, two, `{"id":"id","embeddings":{"float":[[1,2.5]]},"texts":["a b"],"response_type":"embeddings_by_type","meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":2}}}`, counted},
		{"cohere asks cohere", cohere.New(), cohereembed.Client{}, "/v2/embed", `{"texts":["a b"],"input_type":"image"}`, `{"id":"i","embeddings":{"int8":[[1]],"float":[[1]]},"meta":{"x":1,"billed_units":{"input_tokens":2}}}`, `{"id":"i","embeddings":{"int8":[[1]],"float":[[1]]},"meta":{"x":1,"billed_units":{"input_tokens":2}}}`, counted},
		{"gemini asks cohere", cohere.New(), geminiembed.Client{}, "/v1beta/models/m:embedContent", `{"content":{"parts":[{"text":"a b"}]}}`, `{"embeddings":{"float":[[1]]}}`, `{"embedding":{"values":[1]},"usageMetadata":{"promptTokenCount":2}}`, estimated},
	} {
		ex := asking(tt.ask)
		ex.In.Path = tt.path
		tg := embedding(t, tt.p, tt.client, func(s *Settings) {
			if tt.p.Name() == "ollama" {
				s.Model.Options.UpstreamURL = "http://o"
			}
		})
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
		if got := ex.AI.Usage; !reflect.DeepEqual(got, tt.usage) {
			t.Errorf("%s: usage %+v, want %+v", tt.name, got, tt.usage)
		}
		if ex.AI.ResponseModel != "m" || ex.AI.RequestModel != "m" || ex.AI.Streaming {
			t.Errorf("%s: %+v", tt.name, ex.AI)
		}
		ex.Call.Release()
	}
}

// TestEmbedCallers: what callers of Bedrock and of Hugging Face ask, and get.
func TestEmbedCallers(t *testing.T) {
	amazon := bedrockembed.Callers{Cohere: cohereembed.Client{First: true}, Failure: bedrockwire.Client{}.EncodeError}
	openai := compatible.All()[0]
	const one = `{"data":[{"index":0,"embedding":[1,2.5]}],"usage":{"prompt_tokens":2,"total_tokens":2}}`
	const cohere3, cohere4 = "cohere.embed-english-v3", "cohere.embed-v4:0"
	for _, tt := range []struct {
		name        string
		p           provider.Provider
		client      wire.EmbedClient
		model, path string
		ask, sent   string
		answer      string
		want, say   string
		count       string
	}{
		{"titan of openai", openai, amazon, "m", "/model/m/invoke", `{"inputText":"a b","dimensions":2,"normalize":true}`, `{"model":"m","input":"a b","dimensions":2}`, one, `{"embedding":[1,2.5],"inputTextTokenCount":2}`, "dropped: normalize", "2"},
		{"nova of openai", openai, amazon, "m", "/model/m/invoke", `{"singleEmbeddingParams":{"embeddingPurpose":"GENERIC_INDEX","text":{"value":"a b"}}}`, `{"model":"m","input":"a b"}`, one, `{"embeddings":[{"embeddingType":"TEXT","embedding":[1,2.5]}]}`, "dropped: input_type", "2"},
		{"cohere of openai", openai, amazon, "m", "/model/m/invoke", `{"texts":["a b"],"input_type":"search_query","truncate":"END"}`, `{"model":"m","input":["a b"]}`, one, `{"id":"id","embeddings":[[1,2.5]],"texts":["a b"],"response_type":"embeddings_floats","meta":{"api_version":{"version":"1"},"billed_units":{"input_tokens":2}}}`, "dropped: input_type, truncate", "2"},
		{"cohere", aws(), amazon, cohere3, "/model/" + cohere3 + "/invoke", `{"texts":["a","b"],"input_type":"search_query","truncate":"END","embedding_types":["int8","float"]}`, `{"texts":["a","b"],"input_type":"search_query","truncate":"END","embedding_types":["int8","float"]}`, `{"id":"i","embeddings":{"int8":[[1],[2]],"float":[[1],[2]]},"texts":["a","b"],"response_type":"embeddings_by_type"}`, `{"id":"i","embeddings":{"int8":[[1],[2]],"float":[[1],[2]]},"texts":["a","b"],"response_type":"embeddings_by_type"}`, "", "7"},
		{"cohere of today", aws(), amazon, cohere4, "/model/cohere.embed-v4%3A0/invoke", `{"texts":["a"],"output_dimension":256}`, `{"texts":["a"],"input_type":"classification","output_dimension":256}`, `{"id":"i","embeddings":[[1]],"response_type":"embeddings_floats"}`, `{"id":"i","embeddings":[[1]],"response_type":"embeddings_floats"}`, "", "7"},
		{"openai asks cohere of today", aws(), openaiembed.Client{}, cohere4, "/", `{"input":"a","dimensions":256}`, `{"texts":["a"],"input_type":"classification","embedding_types":["float"],"output_dimension":256}`, `{"id":"i","embeddings":{"float":[[1]]}}`, `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]}],"model":"` + cohere4 + `","usage":{"prompt_tokens":7,"total_tokens":7}}`, "", ""},
		{"huggingface of openai", openai, hfembed.Client{}, "m", "/models/m", `{"inputs":"a b"}`, `{"model":"m","input":"a b"}`, one, `[1,2.5]`, "", ""},
		{"huggingface of openai, a list", openai, hfembed.Client{}, "m", "/models/m/pipeline/feature-extraction", `{"inputs":["a b"]}`, `{"model":"m","input":["a b"]}`, one, `[[1,2.5]]`, "", ""},
		{"huggingface", huggingface.New(), hfembed.Client{}, "o/m", "/models/o/m", `{"inputs":"a b","normalize":true}`, `{"inputs":"a b","normalize":true}`, `[1,2.5]`, `[1,2.5]`, "", ""},
	} {
		ex := asking(tt.ask)
		ex.In.Path = tt.path
		if tt.client.Format() == llm.BedrockEmbed {
			ex.In.Header.Set("Content-Type", "application/octet-stream") // as the SDKs do
		}
		if err := put(embedding(t, tt.p, tt.client, func(s *Settings) { s.Model.Name = tt.model }), ex); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := sent(ex); got != tt.sent {
			t.Errorf("%s: sent %s, want %s", tt.name, got, tt.sent)
		}
		r := answer(200, "application/json", cutAt([]byte(tt.answer), 5))
		if tt.p.Name() == "bedrock" {
			r.Header.Set("X-Amzn-Bedrock-Input-Token-Count", "7")
		}
		if err := ex.Call.Receive(ex, r); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := read(t, r.Stream); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		if got := r.Header.Get(TranslationHeader); got != tt.say {
			t.Errorf("%s: said %q, want %q", tt.name, got, tt.say)
		}
		if got := r.Header.Get("X-Amzn-Bedrock-Input-Token-Count"); tt.client.Format() == llm.BedrockEmbed && got != tt.count {
			t.Errorf("%s: count %q, want %q", tt.name, got, tt.count)
		}
		ex.Call.Release()
	}
}

// TestEmbedErrors: errors come in the caller's shape.
func TestEmbedErrors(t *testing.T) {
	for _, tt := range []struct {
		name         string
		p            provider.Provider
		client       wire.EmbedClient
		ask          string
		status       int
		answer, want string
	}{
		{"gemini", gemini.New(), openaiembed.Client{}, `{"input":"a"}`, 404, `{"error":{"code":404,"message":"no such model","status":"NOT_FOUND"}}`, `{"error":{"message":"no such model","type":"NOT_FOUND","param":null,"code":"404"}}`},
		{"cohere", cohere.New(), openaiembed.Client{}, `{"input":"a"}`, 429, `{"message":"slow down"}`, `{"error":{"message":"slow down","type":"rate_limit_error","param":null,"code":null}}`},
		{"openai", compatible.All()[0], geminiembed.Client{}, `{"requests":[{"content":{"parts":[{"text":"a"}]}}]}`, 400, `{"error":{"message":"no"}}`, `{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}`},
		{"same", compatible.All()[0], openaiembed.Client{}, `{"input":"a"}`, 400, `{"error":{"message":"no"}}`, `{"error":{"message":"no"}}`},
	} {
		ex := asking(tt.ask)
		if err := put(embedding(t, tt.p, tt.client, nil), ex); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		r := answer(tt.status, "application/json", cutAt([]byte(tt.answer)))
		if err := ex.Call.Receive(ex, r); err != nil || r.Status != tt.status {
			t.Errorf("%s: %d, %v", tt.name, r.Status, err)
			continue
		}
		if got := read(t, r.Stream); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		ex.Call.Release()
	}
	for body, want := range map[string]int{`{"error":{"message":"no"}}`: 502, `{}`: 500, `<html>`: 500} {
		ex := asking(`{"input":"a"}`)
		if err := put(embedding(t, gemini.New(), openaiembed.Client{}, nil), ex); err != nil {
			t.Fatal(err)
		}
		err := ex.Call.Receive(ex, answer(200, "application/json", cutAt([]byte(body))))
		if f, ok := err.(*fault.Error); !ok || f.Status() != want {
			t.Errorf("%s: %v", body, err)
		}
	}
	// What the gateway itself has against a question is in their shape, too.
	ex := asking(`{"requests":[]}`)
	tg := embedding(t, gemini.New(), geminiembed.Client{}, nil)
	err := calling(tg, ex)
	f, ok := err.(*fault.Error)
	if !ok {
		t.Fatal(err)
	}
	if got := string(ex.Call.(flow.Voice).Fault(f)); got != `{"error":{"code":400,"message":"requests: must hold something to embed","status":"INVALID_ARGUMENT"}}` {
		t.Errorf("fault %s", got)
	}
}
