package corpus

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
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
	Request   struct {
		Recorded bool
		Method   string
		Path     string
		Headers  map[string]string
		Body     json.RawMessage
	}
	Response struct {
		Status     int
		Headers    map[string]string
		Body       json.RawMessage
		BodyText   *string `json:"body_text"`
		StreamFile string  `json:"stream_file"`
	}

	answer   []byte // the body of the answer, or the whole stream
	question []byte // the body of the request
	fields   map[string]any
}

// routeTypes are the route types by the corpus' name of the format.
var routeTypes = map[string]string{
	"openai.chat":        "llm/v1/chat",
	"openai.completions": "llm/v1/completions",
	"openai.embeddings":  "llm/v1/embeddings",
	"openai.responses":   "llm/v1/responses",
}

// load reads the exchanges of our formats whose id begins with prefix.
func load(t *testing.T, dir, prefix string) []*exchange {
	t.Helper()
	var index []struct{ ID, API, File string }
	data, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatalf("CORPUS does not name the corpus: %v", err)
	}
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatalf("index.json: %v", err)
	}
	var all []*exchange
	for _, e := range index {
		if routeTypes[e.API] != "" && strings.HasPrefix(e.ID, prefix) {
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
	x.question = x.Request.Body
	if !x.Request.Recorded {
		x.question = x.smallest()
	}
	var err error
	if x.fields, err = object(x.question); err != nil {
		t.Fatalf("%s: the request is not an object: %v", file, err)
	}
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
	switch r := &x.Response; {
	case r.StreamFile != "":
		if x.answer, err = os.ReadFile(filepath.Join(filepath.Dir(file), r.StreamFile)); err != nil {
			t.Fatal(err)
		}
	case r.BodyText != nil:
		x.answer = []byte(*r.BodyText)
	default:
		x.answer = r.Body
	}
	return x
}

// smallest makes a request where none was recorded.
func (x *exchange) smallest() []byte {
	body := map[string]any{"model": x.Model}
	if x.Model == "" {
		body["model"] = "unrecorded"
	}
	switch x.API {
	case "openai.chat":
		body["messages"] = []any{map[string]any{"role": "user", "content": "What was asked is not known."}}
	case "openai.completions":
		body["prompt"] = "What was asked is not known."
	default:
		body["input"] = "What was asked is not known."
	}
	if x.Streaming {
		body["stream"] = true
	}
	return encode(body)
}

// encode writes a request that was made here.
func encode(body map[string]any) []byte {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // it was decoded from JSON, or is a literal
	}
	return b
}

// named tells whether the request says which model it wants; on Azure the
// address does.
func (x *exchange) named() bool {
	name, _ := x.fields["model"].(string)
	return name != ""
}

// model is the one asked for.
func (x *exchange) model() string {
	if name, _ := x.fields["model"].(string); name != "" {
		return name
	}
	return x.Model
}

// asksUsage tells whether the caller wants the usage of a stream.
func (x *exchange) asksUsage() bool {
	o, _ := x.fields["stream_options"].(map[string]any)
	return o["include_usage"] == true
}

// unasked is the exchange with a caller who does not ask for usage.
func (x *exchange) unasked() *exchange {
	out := *x
	out.fields = maps.Clone(x.fields)
	delete(out.fields, "stream_options")
	out.question = encode(out.fields)
	return &out
}

// hasStreamOptions tells whether a stream of this format has its usage asked
// for with stream_options.
func (x *exchange) hasStreamOptions() bool {
	return x.API == "openai.chat" || x.API == "openai.completions"
}

// object decodes a JSON object with nothing after it; numbers keep their
// spelling.
func object(data []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something stands behind the object")
	}
	return m, nil
}
