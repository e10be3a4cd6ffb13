package openaichat_test

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
	"github.com/sluice-gateway/sluice/wire/openaichat"
	"github.com/sluice-gateway/sluice/wire/sse"
)

var (
	client  = openaichat.Client{}
	service = openaichat.New(openaichat.Dialect{})
)

// value is JSON text as values, numbers as they are spelled.
func value(t *testing.T, text []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
	return v
}

func same(t *testing.T, got, want []byte) {
	t.Helper()
	if g, w := value(t, got), value(t, want); !reflect.DeepEqual(g, w) {
		t.Errorf("got  %s\nwant %s", sorted(t, g), sorted(t, w))
	}
}

func sorted(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// exchange is a recording.
type exchange struct {
	ID      string `json:"id"`
	API     string `json:"api"`
	Request struct {
		Path string          `json:"path"`
		Body json.RawMessage `json:"body"`
	} `json:"request"`
	Response struct {
		Status     int             `json:"status"`
		Body       json.RawMessage `json:"body"`
		BodyText   string          `json:"body_text"`
		StreamFile string          `json:"stream_file"`
	} `json:"response"`
	dir string
}

func corpus(t *testing.T, run func(t *testing.T, e *exchange)) {
	t.Helper()
	root := os.Getenv("CORPUS")
	if root == "" {
		t.Skip("CORPUS does not name the folder of recordings; make test-corpus does")
	}
	files, err := filepath.Glob(filepath.Join(root, "*", "*.openai-chat.*.json"))
	own, err2 := filepath.Glob(filepath.Join(root, "openai", "openai.chat.*.json"))
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	for _, file := range append(files, own...) {
		if strings.HasSuffix(file, ".stream.json") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e := &exchange{dir: filepath.Dir(file)}
		if err := json.Unmarshal(text, e); err != nil {
			t.Fatal(err)
		}
		if e.API == string(llm.OpenAIChat) {
			t.Run(e.ID, func(t *testing.T) { run(t, e) })
		}
	}
}

func (e *exchange) stream(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(e.dir, filepath.Base(e.Response.StreamFile)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// events reads a stream of server-sent events.
func events(stream []byte) ([]llm.Event, error) {
	d := service.NewStream()
	var all []llm.Event
	c := sse.NewCursor(stream)
	for ev, ok := c.Next(); ok; ev, ok = c.Next() {
		if !ev.HasData {
			continue
		}
		out, err := d.Decode(nil, wire.Message{Name: string(ev.Name), Data: bytes.Clone(ev.Data)})
		if err != nil {
			return all, err
		}
		all = append(all, out...)
	}
	out, err := d.End(nil)
	return append(all, out...), err
}

func encode(r *llm.Request, evs []llm.Event) []byte {
	s := client.NewStream(r)
	var out []byte
	for i := range evs {
		out = s.Encode(out, &evs[i])
	}
	return out
}

// told is what an answer in events says in the end.
type told struct {
	ID, Model string
	Parts     map[[2]int]string
	Finish    map[int]llm.Finish
	Usage     llm.Usage
	Failed    string
}

func tell(evs []llm.Event) told {
	a := told{Parts: map[[2]int]string{}, Finish: map[int]llm.Finish{}, Usage: llm.NoUsage()}
	for _, ev := range evs {
		at := [2]int{ev.Choice, ev.Index}
		switch ev.Kind {
		case llm.EventStart:
			a.ID, a.Model = ev.ID, ev.Model
		case llm.EventPart:
			a.Parts[at] += kinds[ev.Part.Kind]
			if c := ev.Part.Call; c != nil {
				id, _ := wire.OpenID(c.ID) // a proof was put into it
				a.Parts[at] += id + " " + c.Name + " "
			}
		case llm.EventDelta, llm.EventSign:
			a.Parts[at] += wire.Text(ev.Text)
		case llm.EventFinish:
			a.Finish[ev.Choice] = ev.Finish
		case llm.EventUsage:
			a.Usage = ev.Usage
			a.Usage.Extra, a.Usage.ServiceTier = llm.Extra{}, ""
		case llm.EventError:
			a.Failed = ev.Err.Message
		}
	}
	return a
}

var kinds = map[llm.Kind]string{llm.Text: "text ", llm.Thinking: "thinking ", llm.ToolCall: "call ", llm.Refusal: "refusal ", llm.Redacted: "redacted ", llm.Image: "image "}
