package anthropic_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/anthropic"
)

// recorded is one exchange of the corpus of recorded traffic.
type recorded struct {
	ID, Provider, API string
	Streaming         bool
	Request           struct {
		Recorded bool
		Path     string
		Body     json.RawMessage
	}
	Response struct {
		Status   int
		Headers  map[string]string
		Body     json.RawMessage
		BodyText string `json:"body_text"`
		File     string `json:"stream_file"`
	}
}

// TestCorpus runs over recorded traffic, which is no part of the repository:
// CORPUS names its folder.
func TestCorpus(t *testing.T) {
	root := os.Getenv("CORPUS")
	if root == "" {
		t.Skip("CORPUS names no folder of recorded traffic")
	}
	index, err := os.ReadFile(filepath.Join(root, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var entries []struct{ API, File string }
	if err := json.Unmarshal(index, &entries); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, entry := range entries {
		if entry.API != string(llm.Anthropic) {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(root, entry.File))
		if err != nil {
			t.Fatal(err)
		}
		var x recorded
		if err := json.Unmarshal(raw, &x); err != nil {
			t.Fatal(err)
		}
		t.Run(x.ID, func(t *testing.T) { exchange(t, root, &x, count) })
	}
	t.Logf("%v", count)
	if count["request"] == 0 || count["plain"] == 0 || count["stream"] == 0 {
		t.Error("the corpus has no exchanges of this format")
	}
}

func exchange(t *testing.T, root string, x *recorded, count map[string]int) {
	t.Helper()
	api := anthropic.New()
	if x.Provider == "vertex" {
		api = anthropic.Hosted(anthropic.VertexVersion)
	}
	if x.Request.Recorded && len(x.Request.Body) > 0 && string(x.Request.Body) != "null" {
		count["request"]++
		recordedRequest(t, api, x)
	}
	switch {
	case x.Response.Status != 200:
		count["error"]++
		header := func(name string) string { return x.Response.Headers[name] }
		body := x.Response.Body
		if body == nil {
			body = []byte(x.Response.BodyText)
		}
		if e := api.Provider.DecodeError(x.Response.Status, header, body); e.Message == "" || e.Type == "" {
			t.Errorf("error %+v", e)
		}
	case x.Response.File != "":
		count["stream"]++
		stream, err := os.ReadFile(filepath.Join(root, x.Provider, filepath.Base(x.Response.File)))
		if err != nil {
			t.Fatal(err)
		}
		recordedStream(t, api, stream)
	default:
		count["plain"]++
		recordedAnswer(t, api, x.Response.Body)
	}
}

func recordedRequest(t *testing.T, api anthropic.Messages, x *recorded) {
	t.Helper()
	var r llm.Request
	if err := api.Client.DecodeRequest(&r, wire.Question{Path: x.Request.Path, Body: x.Request.Body}); err != nil {
		t.Fatal(err)
	}
	if r.Model == "" {
		t.Error("no model")
	}
	var n wire.Notes
	out, err := api.Provider.EncodeRequest([]byte("before"), &r, &n)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, out[len("before"):], x.Request.Body)
	if len(n.List()) > 0 {
		t.Errorf("notes %v", notes(&n))
	}
}

func recordedAnswer(t *testing.T, api anthropic.Messages, body []byte) {
	t.Helper()
	var a llm.Response
	if err := api.Provider.DecodeResponse(&a, body); err != nil {
		t.Fatal(err)
	}
	c := a.Choices[0]
	if a.ID == "" || a.Model == "" || c.Finish == llm.Unfinished || a.Usage.Prompt < 0 || a.Usage.Completion < 0 {
		t.Errorf("answer %s", show(a))
	}
	sameJSON(t, api.Client.EncodeResponse(nil, &a, &llm.Request{}), body)
}

func recordedStream(t *testing.T, api anthropic.Messages, stream []byte) {
	t.Helper()
	events, err := feed(api.Provider.NewStream(), messages(stream))
	if err != nil {
		t.Fatal(err)
	}
	checkOrder(t, events)
	again, err := feed(api.Provider.NewStream(), messages(relay(api.Client.NewStream(&llm.Request{}), events)))
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, again, events)
}

// checkOrder checks what is promised at llm.EventKind.
func checkOrder(tb testing.TB, events []llm.Event) {
	tb.Helper()
	open, parts, finished := map[int]bool{}, 0, false
	for i, ev := range events {
		if (i == 0) != (ev.Kind == llm.EventStart) && ev.Kind != llm.EventError {
			tb.Errorf("event %d is of kind %d", i, ev.Kind)
		}
		switch ev.Kind {
		case llm.EventPart:
			if ev.Index != parts {
				tb.Errorf("part %d, want %d", ev.Index, parts)
			}
			open[ev.Index] = true
			parts++
		case llm.EventDelta, llm.EventSign, llm.EventCite:
			if !open[ev.Index] {
				tb.Errorf("event %d is of a part that is not open", i)
			}
		case llm.EventPartEnd:
			delete(open, ev.Index)
		case llm.EventFinish:
			if finished || len(open) > 0 {
				tb.Errorf("event %d ends the choice too early, or twice", i)
			}
			finished = true
		case llm.EventEnd:
			if i != len(events)-1 {
				tb.Error("the end is not the end")
			}
		}
	}
}
