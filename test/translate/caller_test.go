package translate

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/wire"
	anthropicwire "github.com/sluice-gateway/sluice/wire/anthropic"
	bedrockwire "github.com/sluice-gateway/sluice/wire/bedrock"
	coherewire "github.com/sluice-gateway/sluice/wire/cohere"
	geminiwire "github.com/sluice-gateway/sluice/wire/gemini"
	mistralwire "github.com/sluice-gateway/sluice/wire/mistral"
	ollamawire "github.com/sluice-gateway/sluice/wire/ollama"
	"github.com/sluice-gateway/sluice/wire/openaichat"
	"github.com/sluice-gateway/sluice/wire/openaicompletions"
	"github.com/sluice-gateway/sluice/wire/openairesponses"
	"github.com/sluice-gateway/sluice/wire/tgi"
)

// format is what callers speak, by llm_format and, but for a chat, the route
// type's own name.
type format struct {
	llmFormat, routeType string

	path     string // of a plain question; %s is the model
	stream   string // of a question that wants a stream
	document string // the content type of an answer
	events   string // and that of a stream
	framing  string
	read     reader
	check    func(p *form)
	ids      bool // calls have ids
	choices  bool // there may be several answers
	texts    bool // nothing but text can be told
	counts   bool // the tokens of the prompt are not told
	// says are the finishes that the format has other words for.
	says  map[string][]string
	codec wire.Provider // makes the question
	small string        // a question where none is known; %q is the model, %v whether to stream
}

const (
	chatSmall   = `{"model":%q,"stream":%v,"messages":[{"role":"user","content":"What was asked is not known."}]}`
	geminiSmall = `{"contents":[{"role":"user","parts":[{"text":"What was asked is not known."}]}]}`
	unknown     = "What was asked is not known."
)

// ends are the finishes that OpenAI's chat has other words for.
var ends = map[string][]string{"refusal": {"stop", "filter"}, "pause": {"stop"}, "error": {"stop", "filter", "unknown: error"}}

var callers = map[string]*format{
	"openai": {
		llmFormat: "openai", routeType: chat,
		path: "/v1/chat/completions", stream: "/v1/chat/completions",
		document: "application/json", events: "text/event-stream", framing: "sse",
		read: readOpenAI, check: checkOpenAI, ids: true, choices: true,
		says:  ends,
		codec: openaichat.New(openaichat.Dialect{}),
		small: `{"model":%q,"stream":%v,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"` + unknown + `"}]}`,
	},
	"openai/responses": {
		llmFormat: "openai", routeType: responses,
		path: "/v1/responses", stream: "/v1/responses",
		document: "application/json", events: "text/event-stream", framing: "sse",
		read: readResponses, check: checkResponses, ids: true,
		says:  map[string][]string{"refusal": {"stop", "filter"}, "pause": {"stop"}, "error": {"failed"}, "tools": {"stop"}},
		codec: openairesponses.Provider{},
		small: `{"model":%q,"stream":%v,"input":"` + unknown + `"}`,
	},
	"openai/completions": {
		llmFormat: "openai", routeType: completions,
		path: "/v1/completions", stream: "/v1/completions",
		document: "application/json", events: "text/event-stream", framing: "sse",
		read: readCompletions, check: checkCompletions, choices: true, texts: true,
		says:  ends,
		codec: openaicompletions.Provider{},
		small: `{"model":%q,"stream":%v,"stream_options":{"include_usage":true},"prompt":"` + unknown + `"}`,
	},
	"mistral": {
		llmFormat: "mistral", routeType: chat,
		path: "/v1/chat/completions", stream: "/v1/chat/completions",
		document: "application/json", events: "text/event-stream", framing: "sse",
		read: readMistral, check: checkOpenAI, ids: true, choices: true,
		says:  map[string][]string{"refusal": {"stop"}, "filter": {"stop"}, "pause": {"stop"}},
		codec: mistralwire.Provider{},
		small: chatSmall,
	},
	"huggingface": {
		llmFormat: "huggingface", routeType: chat,
		path: "/generate", stream: "/generate_stream",
		document: "application/json", events: "text/event-stream", framing: "sse",
		read: readTGI, check: checkTGI, texts: true, counts: true,
		says:  map[string][]string{"refusal": {"stop"}, "filter": {"stop"}, "pause": {"stop"}, "error": {"stop"}},
		codec: tgi.Provider{},
		small: `{"model":%q,"stream":%v,"inputs":"` + unknown + `","parameters":{"details":true}}`,
	},
	"anthropic": {
		llmFormat: "anthropic", routeType: chat,
		path: "/v1/messages", stream: "/v1/messages",
		document: "application/json", events: "text/event-stream", framing: "sse",
		read: readAnthropic, check: checkAnthropic, ids: true,
		says:  map[string][]string{"filter": {"refusal"}, "error": {"stop", "tools"}},
		codec: anthropicwire.Provider{},
		small: `{"model":%q,"stream":%v,"max_tokens":100,"messages":[{"role":"user","content":"` + unknown + `"}]}`,
	},
	"gemini": {
		llmFormat: "gemini", routeType: chat,
		path: "/v1beta/models/%s:generateContent", stream: "/v1beta/models/%s:streamGenerateContent?alt=sse",
		document: "application/json", events: "text/event-stream", framing: "sse",
		read: readGemini, check: checkGemini, choices: true,
		says:  map[string][]string{"refusal": {"filter"}, "pause": {"stop"}},
		codec: geminiwire.Provider{},
		small: geminiSmall,
	},
	"bedrock": {
		llmFormat: "bedrock", routeType: chat,
		path: "/model/%s/converse", stream: "/model/%s/converse-stream",
		document: "application/json", events: "application/vnd.amazon.eventstream", framing: "eventstream",
		read: readBedrock, check: checkBedrock, ids: true,
		says:  map[string][]string{"refusal": {"filter"}, "pause": {"stop"}, "error": {"stop", "tools"}},
		codec: bedrockwire.Provider{},
		small: `{"messages":[{"role":"user","content":[{"text":"` + unknown + `"}]}]}`,
	},
	"cohere": {
		llmFormat: "cohere", routeType: chat,
		path: "/v2/chat", stream: "/v2/chat",
		document: "application/json", events: "text/event-stream", framing: "sse",
		read: readCohere, check: checkCohere, ids: true,
		says:  map[string][]string{"refusal": {"stop", "filter", "error"}, "filter": {"stop", "error"}, "pause": {"stop"}},
		codec: coherewire.V2Provider{},
		small: chatSmall,
	},
	"ollama": {
		llmFormat: "ollama", routeType: chat,
		path: "/api/chat", stream: "/api/chat",
		document: "application/json", events: "application/x-ndjson", framing: "ndjson",
		read: readOllama, check: checkOllama,
		says:  map[string][]string{"refusal": {"stop"}, "filter": {"stop"}, "pause": {"stop"}, "error": {"stop", "tools"}, "tools": {"stop"}},
		codec: ollamawire.Provider{},
		small: chatSmall,
	},
}

// address is the path and query of a question.
func (f *format) address(model string, stream bool) string {
	path := f.path
	if stream {
		path = f.stream
	}
	if f.inPath() {
		return fmt.Sprintf(path, url.PathEscape(model))
	}
	return path
}

// inPath tells whether the model is named in the path.
func (f *format) inPath() bool { return strings.Contains(f.path, "%s") }

// smallest is a question where none was recorded.
func (f *format) smallest(model string, stream bool) []byte {
	if f.inPath() {
		return []byte(f.small)
	}
	return fmt.Appendf(nil, f.small, model, stream)
}

// means tells whether a finish in this format is what the provider meant.
func (f *format) means(got, want string) bool {
	return got == want || slices.Contains(f.says[want], got)
}

// form is an answer as it stands, to be held against its format.
type form struct {
	stream    bool
	failed    bool
	counted   bool // the provider told the usage
	documents []document
	last      string // the data of the last event
	problems  []string
}

type document struct {
	name string
	data object
}

func newForm(frames []frame, stream, failed bool) *form {
	p := &form{stream: stream, failed: failed}
	for _, f := range frames {
		p.last = string(f.data)
		if m, err := decode(f.data); err == nil {
			p.documents = append(p.documents, document{f.name, m})
		}
	}
	return p
}

// want notes what does not hold, once.
func (p *form) want(ok bool, problem string, args ...any) {
	if text := fmt.Sprintf(problem, args...); !ok && !slices.Contains(p.problems, text) {
		p.problems = append(p.problems, text)
	}
}

// ends wants the last event to be of a type, unless the stream failed.
func (p *form) ends(kind string) {
	if last := p.documents[len(p.documents)-1]; !p.failed {
		p.want(last.name == kind, "the stream ends with %q", last.name)
	}
}
