package bedrock_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/internal/eventstream"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/bedrock"
)

var (
	client   bedrock.Client
	provider bedrock.Provider
)

// value is JSON as any, numbers as they are spelled.
func value(t testing.TB, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return v
}

func sameJSON(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !reflect.DeepEqual(value(t, got), value(t, want)) {
		t.Errorf("%s\n got %s\nwant %s", what, got, want)
	}
}

func decodeRequest(t testing.TB, path, body string) *llm.Request {
	t.Helper()
	var r llm.Request
	if err := client.DecodeRequest(&r, wire.Question{Path: path, Body: []byte(body)}); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return &r
}

// encodeRequest gives the body and what was noted.
func encodeRequest(t testing.TB, r *llm.Request) (string, []wire.Note) {
	t.Helper()
	var n wire.Notes
	out, err := provider.EncodeRequest(nil, r, &n)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), n.List()
}

func noted(notes []wire.Note) string {
	var out []string
	for _, n := range notes {
		s := n.Field
		if n.Changed {
			s += " (changed)"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// messages takes a stream out of its frames.
func messages(t testing.TB, raw []byte) []wire.Message {
	t.Helper()
	var s eventstream.Splitter
	frames, err := s.Push(nil, bytes.Clone(raw))
	if err != nil || s.Pending() > 0 {
		t.Fatalf("%v, %d bytes left", err, s.Pending())
	}
	var out []wire.Message
	for _, f := range frames {
		out = append(out, wire.Message{Name: f.Name, Data: f.Payload})
	}
	return out
}

// events decodes messages. What is told must not change when it is written down
// at once, so each is copied.
func events(in []wire.Message) ([]llm.Event, error) {
	d := provider.NewStream()
	var out []llm.Event
	for _, m := range in {
		got, err := d.Decode(nil, m)
		out = append(out, got...)
		if err != nil {
			return out, err
		}
	}
	got, err := d.End(nil)
	return append(out, got...), err
}

// stream writes events.
func stream(list []llm.Event) []byte {
	e := client.NewStream(&llm.Request{})
	var out []byte
	for i := range list {
		out = e.Encode(out, &list[i])
	}
	return out
}

// plain prints events in a way that tells them apart.
func plain(t testing.TB, list []llm.Event) []string {
	t.Helper()
	var out []string
	for i := range list {
		b, err := json.Marshal(spell(reflect.ValueOf(list[i])))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	return out
}

// spell makes bytes readable and leaves out what is zero.
func spell(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return spell(v.Elem())
	case reflect.Struct:
		out := map[string]any{}
		for i := range v.NumField() {
			if f := v.Field(i); !f.IsZero() {
				out[v.Type().Field(i).Name] = spell(f)
			}
		}
		return out
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return string(v.Bytes())
		}
		out := []any{}
		for i := range v.Len() {
			out = append(out, spell(v.Index(i)))
		}
		return out
	default:
		return v.Interface()
	}
}

func sameEvents(t testing.TB, what string, got, want []llm.Event) {
	t.Helper()
	g, w := plain(t, got), plain(t, want)
	for i := range max(len(g), len(w)) {
		switch {
		case i >= len(g):
			t.Errorf("%s: event %d is missing: %s", what, i, w[i])
		case i >= len(w):
			t.Errorf("%s: event %d is too much: %s", what, i, g[i])
		case g[i] != w[i]:
			t.Errorf("%s: event %d\n got %s\nwant %s", what, i, g[i], w[i])
		}
	}
}

// exchange is a recording.
type exchange struct {
	ID, API   string
	Streaming bool
	Request   struct {
		Recorded bool
		Path     string
		Body     json.RawMessage
	}
	Response struct {
		Status     int
		Headers    map[string]string
		Body       json.RawMessage
		BodyText   string `json:"body_text"`
		StreamFile string `json:"stream_file"`
	}
	dir string
}

func (x *exchange) body() []byte {
	if x.Response.BodyText != "" {
		return []byte(x.Response.BodyText)
	}
	return x.Response.Body
}

func (x *exchange) header(name string) string {
	for k, v := range x.Response.Headers {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

func corpus(t *testing.T, api string) []exchange {
	t.Helper()
	dir := os.Getenv("CORPUS")
	if dir == "" {
		t.Skip("CORPUS does not name the recorded traffic")
	}
	files, err := filepath.Glob(filepath.Join(dir, "bedrock", api+".*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings of "+api, err)
	}
	var out []exchange
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		x := exchange{dir: filepath.Dir(file)}
		if err := json.Unmarshal(b, &x); err != nil {
			t.Fatal(err)
		}
		out = append(out, x)
	}
	return out
}

// stream is the messages of a recorded stream, or of its events.
func (x *exchange) stream(t *testing.T) []wire.Message {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(x.dir, x.Response.StreamFile))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(x.Response.StreamFile, ".jsonl") {
		return messages(t, raw)
	}
	var out []wire.Message
	for line := range bytes.Lines(raw) {
		var one map[string]json.RawMessage
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatal(err)
		}
		for name, data := range one {
			out = append(out, wire.Message{Name: name, Data: data})
		}
	}
	return out
}
