package formats

import (
	"runtime"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/anthropic"
	"github.com/sluice-gateway/sluice/wire/bedrock"
	"github.com/sluice-gateway/sluice/wire/cohere"
	"github.com/sluice-gateway/sluice/wire/gemini"
	"github.com/sluice-gateway/sluice/wire/llama2"
	"github.com/sluice-gateway/sluice/wire/mistral"
	"github.com/sluice-gateway/sluice/wire/ollama"
	"github.com/sluice-gateway/sluice/wire/openaichat"
	"github.com/sluice-gateway/sluice/wire/openaicompletions"
	"github.com/sluice-gateway/sluice/wire/openairesponses"
	"github.com/sluice-gateway/sluice/wire/tgi"
)

// crowd is an answer with a place for as many things as one likes.
type crowd struct {
	name     string
	provider wire.Provider
	doc      string // @ is the place
	elements []string
}

func crowds() []crowd {
	chat := openaichat.New(openaichat.Dialect{Thoughts: true})
	calls := []string{`{}`, `{"function":{}}`, `{"type":"function","function":{"name":"f"}}`}
	citations := []string{`0`, `{}`, `{"type":"url_citation","url_citation":{}}`}
	return []crowd{
		{"openai.chat choices", chat, `{"choices":[@]}`, []string{`{}`, `0`, `{"message":{}}`}},
		{"openai.chat calls", chat, `{"choices":[{"message":{"tool_calls":[@]}}]}`, calls},
		{"openai.chat content", chat, `{"choices":[{"message":{"content":[@]}}]}`, []string{`{}`, `0`, `{"type":"text","text":""}`}},
		{"openai.chat thoughts", chat, `{"choices":[{"message":{"content":"a","reasoning_details":[@]}}]}`, []string{`{}`, `0`, `{"type":"reasoning.text","text":""}`}},
		{"openai.chat citations", chat, `{"choices":[{"message":{"content":"a","annotations":[@]}}]}`, citations},
		{"openai.chat probabilities", chat, `{"choices":[{"message":{"content":"a"},"logprobs":{"content":[@]}}]}`, []string{`{}`}},
		{"openai.completions", &openaicompletions.Provider{}, `{"choices":[@]}`, []string{`{}`, `{"text":""}`}},
		{"openai.responses items", openairesponses.Provider{}, `{"output":[@]}`, []string{`{}`, `{"type":"reasoning"}`, `{"type":"function_call","call_id":"a","name":"f","arguments":""}`}},
		{"openai.responses parts", openairesponses.Provider{}, `{"output":[{"type":"message","role":"assistant","content":[@]}]}`, []string{`{}`, `{"type":"output_text","text":""}`}},
		{"openai.responses citations", openairesponses.Provider{}, `{"output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a","annotations":[@]}]}]}`, citations},
		{"anthropic", anthropic.Provider{}, `{"content":[@]}`, []string{`{}`, `0`, `{"type":"text","text":""}`, `{"type":"tool_use","id":"a","name":"f","input":{}}`}},
		{"anthropic citations", anthropic.Provider{}, `{"content":[{"type":"text","text":"a","citations":[@]}]}`, citations},
		{"gemini candidates", gemini.Provider{}, `{"candidates":[@]}`, []string{`{}`, `{"content":{"role":"model","parts":[{}]}}`}},
		{"gemini parts", gemini.Provider{}, `{"candidates":[{"content":{"role":"model","parts":[@]}}]}`, []string{`{}`, `{"text":""}`, `{"functionCall":{"name":"f"}}`}},
		{"gemini citations", gemini.Provider{}, `{"candidates":[{"content":{"role":"model","parts":[{"text":"a"}]},"groundingMetadata":{"groundingChunks":[{"web":{"uri":"u"}}],"groundingSupports":[@]}}]}`, []string{`{}`, `{"segment":{"text":"a"},"groundingChunkIndices":[0]}`}},
		{"gemini indices", gemini.Provider{}, `{"candidates":[{"content":{"role":"model","parts":[{"text":"a"}]},"groundingMetadata":{"groundingChunks":[{"web":{"uri":"u"}}],"groundingSupports":[{"segment":{"text":"a"},"groundingChunkIndices":[@]}]}}]}`, []string{`0`}},
		{"gemini probabilities", gemini.Provider{}, `{"candidates":[{"content":{"role":"model","parts":[{"text":"a"}]},"logprobsResult":{"chosenCandidates":[@]}}]}`, []string{`{}`}},
		{"bedrock.converse", bedrock.Provider{}, `{"output":{"message":{"role":"assistant","content":[@]}}}`, []string{`{}`, `{"text":""}`, `{"toolUse":{"name":"f","input":{}}}`}},
		{"bedrock.invoke", bedrock.Invoke{}, `{"choices":[@]}`, []string{`0`, `{}`}},
		{"bedrock.invoke calls", bedrock.Invoke{}, `{"choices":[{"message":{"tool_calls":[@]}}]}`, calls},
		{"cohere.v2 parts", cohere.V2Provider{}, `{"message":{"content":[@]}}`, []string{`{}`, `0`, `{"type":"text","text":""}`}},
		{"cohere.v2 calls", cohere.V2Provider{}, `{"message":{"tool_calls":[@]}}`, calls},
		{"cohere.v2 citations", cohere.V2Provider{}, `{"message":{"content":[{"type":"text","text":"a"}],"citations":[@]}}`, []string{`{}`, `{"sources":[{}]}`}},
		{"cohere.v2 probabilities", cohere.V2Provider{}, `{"message":{"content":[{"type":"text","text":"a"}]},"logprobs":[@]}`, []string{`{}`}},
		{"cohere.v1 calls", cohere.V1Provider{}, `{"text":"a","tool_calls":[@]}`, []string{`{}`, `{"name":"f","parameters":{}}`}},
		{"cohere.v1 citations", cohere.V1Provider{}, `{"text":"a","citations":[@]}`, []string{`{}`, `{"document_ids":["a"]}`}},
		{"mistral choices", mistral.Provider{}, `{"choices":[@]}`, []string{`{}`, `{"message":{}}`}},
		{"mistral parts", mistral.Provider{}, `{"choices":[{"message":{"content":[@]}}]}`, []string{`{}`, `{"type":"text","text":""}`, `{"type":"thinking","thinking":[]}`}},
		{"mistral thoughts", mistral.Provider{}, `{"choices":[{"message":{"content":[{"type":"thinking","thinking":[@]}]}}]}`, []string{`{}`, `{"type":"text","text":""}`}},
		{"mistral calls", mistral.Provider{}, `{"choices":[{"message":{"tool_calls":[@]}}]}`, calls},
		{"ollama calls", ollama.Provider{}, `{"message":{"role":"assistant","content":"","tool_calls":[@]},"done":true}`, calls},
		{"ollama images", ollama.Provider{}, `{"message":{"role":"assistant","content":"","images":[@]},"done":true}`, []string{`""`, `0`}},
		{"tgi", tgi.Provider{}, `[@]`, []string{`{}`, `{"generated_text":""}`}},
		{"tgi probabilities", tgi.Provider{}, `[{"generated_text":"a","details":{"tokens":[@],"top_tokens":[[]]}}]`, []string{`{}`}},
		{"llama2", llama2.Provider{}, `[@]`, []string{`{}`, `{"generated_text":""}`}},
		{"members", chat, `{"choices":[{"message":{"content":"a"}}],@}`, []string{`"#":0`}},
	}
}

// fill puts n elements into an answer, and text until it has a size.
func (c *crowd) fill(element string, n, size int) []byte {
	list := strings.Repeat(element+",", n-1) + element
	if strings.Contains(element, "#") {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.Replace(element, "#", strconv.Itoa(i), 1) + ",")
		}
		list = strings.TrimSuffix(b.String(), ",")
	}
	doc := strings.Replace(c.doc, "@", list, 1)
	if pad := size - len(doc); pad > 0 && doc[0] == '{' {
		doc = `{"pad":"` + strings.Repeat("x", pad) + `",` + doc[1:]
	}
	return []byte(doc)
}

// allocated is how many bytes f takes from the heap in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// retell reads an answer and tells it in events.
func retell(from wire.Provider, to wire.Client, doc []byte) {
	var a llm.Response
	if wire.Read(from, &a, doc) != nil {
		return
	}
	var out []byte
	enc := to.NewStream(&llm.Request{})
	for ev := range wire.Unroll(&a) {
		out = enc.Encode(out, ev)
	}
}
