package tgi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/tgi"
)

var (
	_ wire.Client   = tgi.Client{}
	_ wire.Provider = tgi.Provider{}
)

func parsed(tb testing.TB, b []byte) any {
	tb.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		tb.Fatalf("no JSON: %v\n%s", err, b)
	}
	if d.More() {
		tb.Fatalf("more than one value: %s", b)
	}
	return v
}

// same fails unless both are the same JSON value.
func same(tb testing.TB, got, want []byte) {
	tb.Helper()
	if !reflect.DeepEqual(parsed(tb, got), parsed(tb, want)) {
		tb.Fatalf("got  %s\nwant %s", got, want)
	}
}

func ask(tb testing.TB, body string) llm.Request {
	tb.Helper()
	var r llm.Request
	if err := (tgi.Client{}).DecodeRequest(&r, wire.Question{Body: []byte(body)}); err != nil {
		tb.Fatalf("%v in %s", err, body)
	}
	return r
}

func put(tb testing.TB, r *llm.Request) (body string, notes []string) {
	tb.Helper()
	var n wire.Notes
	b, err := tgi.Provider{}.EncodeRequest(nil, r, &n)
	if err != nil {
		tb.Fatal(err)
	}
	for _, note := range n.List() {
		notes = append(notes, note.Field)
	}
	return string(b), notes
}

func answer(tb testing.TB, body string) llm.Response {
	tb.Helper()
	var a llm.Response
	if err := (tgi.Provider{}).DecodeResponse(&a, []byte(body)); err != nil {
		tb.Fatalf("%v in %s", err, body)
	}
	return a
}

// events reads a stream. They are copied, for they hold only until the next
// call of the decoder.
func events(stream string) (out []llm.Event, err error) {
	d := tgi.Provider{}.NewStream()
	for line := range strings.SplitSeq(stream, "\n") {
		data, ok := strings.CutPrefix(line, "data:")
		if !ok {
			continue
		}
		evs, err := d.Decode(nil, wire.Message{Data: []byte(data)})
		out = append(out, copied(evs)...)
		if err != nil {
			return out, err
		}
	}
	evs, err := d.End(nil)
	return append(out, copied(evs)...), err
}

func copied(evs []llm.Event) []llm.Event {
	for i := range evs {
		evs[i].Text = bytes.Clone(evs[i].Text)
		evs[i].Extra = copiedExtra(evs[i].Extra)
		evs[i].Part.Extra = copiedExtra(evs[i].Part.Extra)
	}
	return evs
}

func copiedExtra(x llm.Extra) llm.Extra {
	out := llm.Extra{From: x.From}
	for _, m := range x.Members {
		out.Members = append(out.Members, llm.Member{Name: strings.Clone(m.Name), Value: bytes.Clone(m.Value)})
	}
	slices.SortFunc(out.Members, func(a, b llm.Member) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// sameEvents fails at the first event that differs.
func sameEvents(tb testing.TB, got, want []llm.Event) {
	tb.Helper()
	for i := range min(len(got), len(want)) {
		if !reflect.DeepEqual(got[i], want[i]) {
			tb.Fatalf("event %d\ngot  %s\nwant %s", i, spelled(got[i]), spelled(want[i]))
		}
	}
	if len(got) != len(want) {
		tb.Fatalf("%d events, want %d", len(got), len(want))
	}
}

func spelled(ev llm.Event) string {
	return fmt.Sprintf("kind %d index %d id %q model %q text %s finish %d reason %q usage %+v part %+v extra %s",
		ev.Kind, ev.Index, ev.ID, ev.Model, ev.Text, ev.Finish, ev.Reason, ev.Usage, ev.Part, ev.Extra)
}

func stream(evs []llm.Event) string {
	e := tgi.Client{}.NewStream(&llm.Request{Sampling: llm.Sampling{TopLogprobs: llm.JSON("1")}})
	var out []byte
	for i := range evs {
		out = e.Encode(out, &evs[i])
	}
	return string(out)
}

// text is what was said.
func text(evs []llm.Event) string {
	var out strings.Builder
	for _, ev := range evs {
		if ev.Kind == llm.EventDelta {
			out.WriteString(wire.Text(ev.Text))
		}
	}
	return out.String()
}

type exchange struct {
	ID, API string
	Status  int
	Stream  bool `json:"streaming"`
	File    string
	Request struct {
		Path string
		Body json.RawMessage
	}
	Response struct {
		Status   int
		Headers  json.RawMessage
		Body     json.RawMessage
		BodyText string `json:"body_text"`
		Stream   string `json:"stream_file"`
	}
	raw string // the stream
}

// corpus reads the recorded exchanges of an API.
func corpus(t *testing.T, api string) []exchange {
	t.Helper()
	dir := os.Getenv("CORPUS")
	if dir == "" {
		t.Skip("CORPUS does not name the folder of recorded exchanges")
	}
	var index, out []exchange
	load(t, filepath.Join(dir, "index.json"), &index)
	for _, e := range index {
		if e.API != api {
			continue
		}
		path := filepath.Join(dir, e.File)
		load(t, path, &e)
		if e.Response.Stream != "" {
			b, err := os.ReadFile(filepath.Join(filepath.Dir(path), filepath.Base(e.Response.Stream)))
			if err != nil {
				t.Fatal(err)
			}
			e.raw = string(b)
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		t.Fatalf("no exchanges of %s", api)
	}
	return out
}

func load(t *testing.T, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}
