package openairesponses_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

type exchange struct {
	ID        string `json:"id"`
	Streaming bool   `json:"streaming"`
	Request   struct {
		Body json.RawMessage `json:"body"`
	} `json:"request"`
	Response struct {
		Status     int               `json:"status"`
		Headers    map[string]string `json:"headers"`
		Body       json.RawMessage   `json:"body"`
		BodyText   string            `json:"body_text"`
		StreamFile string            `json:"stream_file"`
	} `json:"response"`
}

// exceptions are exchanges of which something is not the same, and why.
var exceptions = map[string]string{}

// TestCorpus runs over the recorded traffic of the format.
func TestCorpus(t *testing.T) {
	dir, set := os.LookupEnv("CORPUS")
	if !set {
		t.Skip("CORPUS does not name a folder of recorded traffic")
	}
	text, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index []struct{ ID, API, File string }
	if err := json.Unmarshal(text, &index); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, entry := range index {
		if entry.API != string(llm.OpenAIResponses) {
			continue
		}
		n++
		t.Run(entry.ID, func(t *testing.T) {
			if why := exceptions[entry.ID]; why != "" {
				t.Skip(why)
			}
			corpusExchange(t, filepath.Join(dir, entry.File))
		})
	}
	if n == 0 {
		t.Error("no exchange of the format")
	}
	t.Logf("%d exchanges, %d exceptions", n, len(exceptions))
}

func corpusExchange(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var x exchange
	if err := json.Unmarshal(text, &x); err != nil {
		t.Fatal(err)
	}
	if len(x.Request.Body) > 0 && string(x.Request.Body) != "null" {
		r := decode(t, string(x.Request.Body))
		body, notes := encode(t, r)
		sameJSON(t, body, x.Request.Body)
		if len(notes) > 0 {
			t.Errorf("notes %v", notes)
		}
	}
	switch {
	case x.Response.StreamFile != "":
		corpusStream(t, filepath.Join(filepath.Dir(file), filepath.Base(x.Response.StreamFile)))
	case x.Response.Status != 200:
		body := []byte(x.Response.Body)
		if len(body) == 0 {
			body = []byte(x.Response.BodyText)
		}
		header := func(name string) string { return x.Response.Headers[name] }
		if e := provider.DecodeError(x.Response.Status, header, body); e.Message == "" || e.Status != x.Response.Status || strings.HasPrefix(e.Message, "{") {
			t.Errorf("got %+v", e)
		}
	default:
		sameJSON(t, client.EncodeResponse(nil, answer(t, string(x.Response.Body)), &llm.Request{}), x.Response.Body)
	}
}

func corpusStream(t *testing.T, file string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first, err := events(messages(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	again := messages(encodeStream(first, &llm.Request{}))
	second, err := events(again)
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, second, first)
	sameFinal(t, messages(string(raw)), again)
	if len(again) > 3 {
		if _, err := events(again[:len(again)/2]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("a stream cut short gave %v", err)
		}
	}
}

// sameFinal compares the texts and calls of the response that the last events
// tell. Encrypted contents are another each time that they are told.
func sameFinal(t *testing.T, want, got []wire.Message) {
	t.Helper()
	w, g := final(want), final(got)
	if w == nil || g == nil {
		return
	}
	x, y := answer(t, string(w)), answer(t, string(g))
	if len(x.Choices[0].Parts) != len(y.Choices[0].Parts) {
		t.Fatalf("%d parts, want %d", len(y.Choices[0].Parts), len(x.Choices[0].Parts))
	}
	for i := range x.Choices[0].Parts {
		p, q := &x.Choices[0].Parts[i], &y.Choices[0].Parts[i]
		if p.Kind != q.Kind || wire.Text(p.Text) != wire.Text(q.Text) || (p.Signature == nil) != (q.Signature == nil) || len(p.Citations) != len(q.Citations) {
			t.Errorf("part %d is\n%.600s, want\n%.600s", i, show(llm.Event{Part: *q}), show(llm.Event{Part: *p}))
		}
	}
	if x.Choices[0].Finish != y.Choices[0].Finish || x.Usage.Total != y.Usage.Total {
		t.Errorf("finish %v usage %v, want %v %v", y.Choices[0].Finish, y.Usage, x.Choices[0].Finish, x.Usage)
	}
}

func final(list []wire.Message) json.RawMessage {
	for _, last := range slices.Backward(list) {
		var m struct {
			Type     string
			Response json.RawMessage
		}
		if json.Unmarshal(last.Data, &m) == nil && (m.Type == "response.completed" || m.Type == "response.incomplete") {
			return m.Response
		}
	}
	return nil
}
