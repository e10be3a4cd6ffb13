package translate

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exchange is a recorded request and its answer.
type exchange struct {
	ID        string
	API       string
	Model     string
	Streaming bool
	Fidelity  string
	Features  []string
	Request   struct {
		Recorded bool
		Path     string
		Query    string
		Headers  map[string]string
		Body     json.RawMessage
	}
	Response struct {
		Status       int
		Headers      map[string]string
		Body         json.RawMessage
		StreamFile   string `json:"stream_file"`
		StreamFormat string `json:"stream_format"`
	}

	answer []byte  // the body of the answer, or the whole stream
	frames []frame // of a stream, or the one document
	told   *told   // what the provider said
}

// The route types that questions are translated on.
const (
	chat        = "llm/v1/chat"
	completions = "llm/v1/completions"
	responses   = "llm/v1/responses"
)

// api is a format of a provider that the gateway has a codec for.
type api struct {
	// ways are how the gateway is made to ask a provider in it, by the route
	// type of the callers.
	ways  map[string]*way
	same  string // the caller whose format this is, which passes untranslated
	read  reader
	texts func(body object) []string // what must reach the provider of a question
}

// way is a configuration of a provider.
type way struct {
	provider string
	options  string // what that needs
	path     string // behind the port, with the id of the replay; empty is byPath
	host     string // where it must be; empty is anywhere
	inPath   bool   // the model is named in the path, not in the body
	models   string // what the models that it takes begin with
}

const byPath = "/$(headers.x-replay-id)"

// Ways that several formats share.
var (
	toAnthropic = &way{provider: "anthropic", options: "anthropic_version: '2023-06-01'"}
	toVertex    = &way{provider: "gemini", options: "gemini: {api_endpoint: vertex.test, project_id: p, location_id: l}", inPath: true, models: "claude"}
	toGemini    = &way{provider: "gemini", inPath: true}
	toBedrock   = &way{provider: "bedrock", inPath: true}
	toInvoke    = &way{provider: "bedrock", options: "bedrock: {invoke_model: true}", inPath: true}
	toCohere    = &way{provider: "cohere"}
	toCohereV1  = &way{provider: "cohere", path: "/v1/chat?replay=$(headers.x-replay-id)"}
	toMistral   = &way{provider: "mistral", options: "mistral_format: openai", host: "api.mistral.ai"}
	toOllama    = &way{provider: "ollama"}
	toOpenAI    = &way{provider: "openai"}
	toCerebras  = &way{provider: "cerebras"} // who has a chat and nothing else
)

// apis are the formats by the corpus' name.
var apis = map[string]*api{
	"openai.chat": {
		ways: map[string]*way{chat: toOpenAI, responses: toCerebras, completions: toCerebras},
		same: "openai", read: readOpenAI, texts: openAITexts,
	},
	"openai.responses":   {ways: map[string]*way{responses: toOpenAI}, same: "openai/responses", read: readResponses},
	"openai.completions": {ways: map[string]*way{completions: toOpenAI}, same: "openai/completions", read: readCompletions},
	"anthropic.messages": {
		ways: map[string]*way{chat: toAnthropic, responses: toAnthropic, completions: toVertex},
		same: "anthropic", read: readAnthropic, texts: anthropicTexts,
	},
	"gemini.generateContent": {ways: everywhere(toGemini), same: "gemini", read: readGemini, texts: geminiTexts},
	"bedrock.converse":       {ways: everywhere(toBedrock), same: "bedrock", read: readBedrock, texts: bedrockTexts},
	"bedrock.invoke":         {ways: everywhere(toInvoke), read: readInvoke, texts: anthropicTexts},
	"cohere.v2.chat":         {ways: map[string]*way{chat: toCohere, responses: toCohere}, same: "cohere", read: readCohere, texts: openAITexts},
	"cohere.v1.chat":         {ways: map[string]*way{chat: toCohereV1, responses: toCohereV1}, read: readCohereV1, texts: cohereV1Texts},
	"cohere.v1.generate":     {ways: map[string]*way{completions: toCohere}, read: readGenerate},
	"mistral.chat":           {ways: everywhere(toMistral), same: "mistral", read: readMistral, texts: openAITexts},
	"ollama.chat":            {ways: map[string]*way{chat: toOllama, responses: toOllama}, same: "ollama", read: readOllama, texts: openAITexts},
	"ollama.generate":        {ways: map[string]*way{completions: toOllama}, read: readOllamaText, texts: promptTexts},
	"tgi.generate":           {ways: map[string]*way{completions: {provider: "huggingface"}}, read: readTGI, texts: promptTexts},
}

func everywhere(w *way) map[string]*way {
	return map[string]*way{chat: w, responses: w, completions: w}
}

// unspoken are formats of answers in the corpus that no provider is asked in.
var unspoken = []string{"dashscope.generation", "dashscope.multimodal"}

// others are formats in the corpus that no text is asked for in.
var others = []string{
	"anthropic.count_tokens", "aws.eventstream", "bedrock.count_tokens", "cohere.v1.embed", "cohere.v1.rerank", "cohere.v2.embed",
	"cohere.v2.rerank", "dashscope.embedding", "dashscope.rerank", "gemini.countTokens", "gemini.embedContent", "hf.feature_extraction",
	"mistral.embeddings", "models.list", "ollama.embed", "openai.embeddings", "openai.moderations", "rerank", "vertex.predict",
}

// load reads the answers of those formats, without the errors, whose id begins
// with prefix.
func load(t *testing.T, dir, prefix string) []*exchange {
	t.Helper()
	var index []struct {
		ID, API, File string
		Status        int
	}
	data, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatalf("CORPUS does not name the corpus: %v", err)
	}
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatalf("index.json: %v", err)
	}
	var all []*exchange
	for _, e := range index {
		if apis[e.API] == nil && !slices.Contains(unspoken, e.API) && !slices.Contains(others, e.API) {
			t.Errorf("%s: say what %s is", e.ID, e.API)
		}
		if apis[e.API] != nil && e.Status == 200 && strings.HasPrefix(e.ID, prefix) {
			all = append(all, readExchange(t, filepath.Join(dir, e.File)))
		}
	}
	if len(all) == 0 {
		t.Fatalf("no exchange in %s begins with %q", dir, prefix)
	}
	return all
}

func readExchange(t *testing.T, file string) *exchange {
	t.Helper()
	x := readRecording(t, file)
	x.told = recorded(apis[x.API].read, x.frames, x.Streaming)
	return x
}

// readRecording reads an exchange of any format.
func readRecording(t *testing.T, file string) *exchange {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	x := new(exchange)
	if err := json.Unmarshal(data, x); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	x.answer = x.Response.Body
	framing := "document"
	if name := x.Response.StreamFile; name != "" {
		if x.answer, err = os.ReadFile(filepath.Join(filepath.Dir(file), name)); err != nil {
			t.Fatal(err)
		}
		framing = x.Response.StreamFormat
	}
	if framing == "events-jsonl" {
		x.answer, framing = binaryStream(t, x.answer), "eventstream"
	}
	if x.frames, err = split(framing, x.answer); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return x
}

// model is the one asked for.
func (x *exchange) model() string {
	body, err := decode(x.Request.Body)
	if name := body.text("model"); err == nil && name != "" {
		return name
	}
	if x.Model != "" {
		return x.Model
	}
	if x.API == "bedrock.invoke" { // whose answer it is shows
		return "amazon.titan-text-express-v1"
	}
	return "unrecorded"
}

// contentType of the answer; a recording without one gets that of the format
// where it cannot be read otherwise.
func (x *exchange) contentType() string {
	for name, value := range x.Response.Headers {
		if strings.EqualFold(name, "Content-Type") {
			return value
		}
	}
	if x.Streaming && strings.HasPrefix(x.API, "bedrock.") {
		return "application/vnd.amazon.eventstream"
	}
	return ""
}

// object is a JSON object; what is missing in one is a zero value.
type object map[string]any

func (o object) get(names ...string) object {
	for _, name := range names {
		next, _ := o[name].(map[string]any)
		o = next
	}
	return o
}

func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// list are the objects of an array.
func (o object) list(name string) []object {
	var out []object
	items, _ := o[name].([]any)
	for _, item := range items {
		m, _ := item.(map[string]any)
		out = append(out, m)
	}
	return out
}

// count is a number, or -1.
func (o object) count(name string) int64 {
	n, ok := o[name].(json.Number)
	if !ok {
		return -1
	}
	i, err := n.Int64()
	if err != nil {
		return -1
	}
	return i
}

func (o object) has(name string) bool { return o[name] != nil }

// decode reads a JSON object with nothing after it; numbers keep their
// spelling.
func decode(data []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind the object")
	}
	return m, nil
}
