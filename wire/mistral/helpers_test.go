package mistral_test

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
	"github.com/sluice-gateway/sluice/wire/mistral"
)

var (
	client  = mistral.Client{}
	service = mistral.Provider{}

	_ wire.Client   = client
	_ wire.Provider = service
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

func same(t *testing.T, got []byte, want string) {
	t.Helper()
	g, w := value(t, got), value(t, []byte(want))
	if reflect.DeepEqual(g, w) {
		return
	}
	gs, _ := json.Marshal(g)
	ws, _ := json.Marshal(w)
	t.Errorf("got  %s\nwant %s", gs, ws)
}

func decoded(t *testing.T, body string) *llm.Request {
	t.Helper()
	var r llm.Request
	if err := client.DecodeRequest(&r, wire.Question{Body: []byte(body)}); err != nil {
		t.Fatal(err)
	}
	return &r
}

// encoded is the body of a question, and the fields that were noted.
func encoded(t *testing.T, r *llm.Request) (body []byte, notes []string) {
	t.Helper()
	var n wire.Notes
	body, err := service.EncodeRequest(nil, r, &n)
	if err != nil {
		t.Fatal(err)
	}
	for _, note := range n.List() {
		notes = append(notes, note.Field)
	}
	return body, notes
}

// messages takes a stream of server-sent events apart.
func messages(stream []byte) []wire.Message {
	var out []wire.Message
	for block := range strings.SplitSeq(strings.ReplaceAll(string(stream), "\r\n", "\n"), "\n\n") {
		var data []string
		for line := range strings.SplitSeq(block, "\n") {
			if rest, ok := strings.CutPrefix(line, "data:"); ok {
				data = append(data, strings.TrimPrefix(rest, " "))
			}
		}
		if data != nil {
			out = append(out, wire.Message{Data: []byte(strings.Join(data, "\n"))})
		}
	}
	return out
}

// events reads a stream and copies what it is told.
func events(stream []byte) ([]llm.Event, error) {
	d := service.NewStream()
	var all []llm.Event
	for _, m := range messages(stream) {
		out, err := d.Decode(nil, m)
		all = append(all, out...)
		if err != nil {
			return all, err
		}
	}
	out, err := d.End(nil)
	return append(all, out...), err
}

func encode(evs []llm.Event) []byte {
	s := client.NewStream(&llm.Request{})
	var out []byte
	for i := range evs {
		out = s.Encode(out, &evs[i])
	}
	return out
}

// told is what an answer in events says in the end.
type told struct {
	ID, Model string
	Created   int64
	Parts     map[[2]int]string
	Finish    map[int]llm.Finish
	Reason    map[int]string
	Usage     llm.Usage
	Failed    string
	Ended     bool
}

func tell(evs []llm.Event) told {
	a := told{Parts: map[[2]int]string{}, Finish: map[int]llm.Finish{}, Reason: map[int]string{}, Usage: llm.NoUsage()}
	for _, ev := range evs {
		at := [2]int{ev.Choice, ev.Index}
		switch ev.Kind {
		case llm.EventStart:
			a.ID, a.Model, a.Created = ev.ID, ev.Model, ev.Created
		case llm.EventPart:
			a.Parts[at] += kinds[ev.Part.Kind] + string(ev.Part.Raw)
			if c := ev.Part.Call; c != nil {
				a.Parts[at] += c.ID + " " + c.Name + " "
			}
			if m := ev.Part.Media; m != nil {
				a.Parts[at] += m.MIME + string(m.Data) + wire.Text(m.URL) + wire.Text(m.File)
			}
		case llm.EventDelta:
			a.Parts[at] += wire.Text(ev.Text)
		case llm.EventSign:
			a.Parts[at] += " signed " + wire.Text(ev.Text)
		case llm.EventFinish:
			a.Finish[ev.Choice], a.Reason[ev.Choice] = ev.Finish, ev.Reason
		case llm.EventUsage:
			a.Usage = ev.Usage
			a.Usage.Extra = llm.Extra{}
		case llm.EventError:
			a.Failed = ev.Err.Message
		case llm.EventEnd:
			a.Ended = true
		}
	}
	for at, said := range a.Parts { // no arguments are an empty object
		if strings.HasPrefix(said, kinds[llm.ToolCall]) && strings.HasSuffix(said, " ") {
			a.Parts[at] = said + "{}"
		}
	}
	return a
}

var kinds = map[llm.Kind]string{llm.Text: "text ", llm.Thinking: "thinking ", llm.ToolCall: "call ", llm.Image: "image ", llm.Opaque: "opaque "}

// exchange is a recording.
type exchange struct {
	ID      string `json:"id"`
	API     string `json:"api"`
	Request struct {
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
	files, err := filepath.Glob(filepath.Join(root, "*", "mistral.chat.*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e := &exchange{dir: filepath.Dir(file)}
		if err := json.Unmarshal(text, e); err != nil {
			t.Fatal(err)
		}
		if e.API == string(llm.Mistral) {
			t.Run(e.ID, func(t *testing.T) { run(t, e) })
		}
	}
}
