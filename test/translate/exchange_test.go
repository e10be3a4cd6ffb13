package translate

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
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

// api is a format of a provider that the gateway has a codec for.
type api struct {
	provider string // as in configuration
	options  string // what that needs
	path     string // behind the port, with the id of the replay
	same     string // the llm_format that is this format, which passes untranslated
	read     reader
	texts    func(body object) []string // what must reach the provider of a question
}

const byPath = "/$(headers.x-replay-id)"

// apis are the formats by the corpus' name.
var apis = map[string]*api{
	"openai.chat":            {"openai", "", byPath, "openai", readOpenAI, openAITexts},
	"anthropic.messages":     {"anthropic", "anthropic_version: '2023-06-01'", byPath, "anthropic", readAnthropic, anthropicTexts},
	"gemini.generateContent": {"gemini", "", byPath, "gemini", readGemini, geminiTexts},
	"bedrock.converse":       {"bedrock", "", byPath, "bedrock", readBedrock, bedrockTexts},
	"cohere.v2.chat":         {"cohere", "", byPath, "cohere", readCohere, openAITexts},
	"cohere.v1.chat":         {"cohere", "", "/v1/chat?replay=$(headers.x-replay-id)", "", readCohereV1, cohereV1Texts},
	"mistral.chat":           {"mistral", "mistral_format: openai", byPath, "openai", readOpenAI, openAITexts},
	"ollama.chat":            {"ollama", "", byPath, "ollama", readOllama, openAITexts},
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
	x.told = recorded(apis[x.API].read, x.frames, x.Streaming)
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
	if x.Streaming && x.API == "bedrock.converse" {
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
