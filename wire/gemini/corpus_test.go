package gemini_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// exceptions are exchanges that do not pass, with the reason.
var exceptions = map[string]string{
	"vertex.gemini-generatecontent.s.56d376ad": "made for the tests of a library, without a finishReason: nothing tells it from a stream that broke off",
}

type exchange struct {
	ID       string
	API      string
	File     string
	Status   int
	Features []string
}

type recording struct {
	Request struct {
		Path, Query string
		Body        json.RawMessage
	}
	Response struct {
		Status     int
		Body       json.RawMessage
		BodyText   string `json:"body_text"`
		StreamFile string `json:"stream_file"`
	}
}

// TestCorpus runs over recorded traffic, whose folder CORPUS names.
func TestCorpus(t *testing.T) {
	root, ok := os.LookupEnv("CORPUS")
	if !ok {
		t.Skip("CORPUS names no folder of recorded traffic")
	}
	var list []exchange
	read(t, filepath.Join(root, "index.json"), &list)
	n := 0
	for _, x := range list {
		if x.API != string(llm.Gemini) {
			continue
		}
		n++
		t.Run(x.ID, func(t *testing.T) {
			if reason, ok := exceptions[x.ID]; ok {
				t.Skip(reason)
			}
			var r recording
			read(t, filepath.Join(root, x.File), &r)
			corpusRequest(t, &r)
			corpusAnswer(t, &r, filepath.Dir(filepath.Join(root, x.File)))
		})
	}
	t.Logf("%d exchanges, %d excepted", n, len(exceptions))
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func corpusRequest(t *testing.T, x *recording) {
	t.Helper()
	body := x.Request.Body
	if len(body) == 0 || body[0] != '{' {
		return
	}
	r := &llm.Request{}
	q := wire.Question{Path: x.Request.Path, Query: x.Request.Query, Body: body}
	if err := client.DecodeRequest(r, q); err != nil {
		t.Fatalf("request: %v", err)
	}
	if r.Model == "" {
		t.Errorf("no model in %s", x.Request.Path)
	}
	again, notes := encodeRequest(t, r)
	sameJSON(t, again, body)
	if notes != "" {
		t.Errorf("notes: %s", notes)
	}
}

func corpusAnswer(t *testing.T, x *recording, folder string) {
	t.Helper()
	switch {
	case x.Response.StreamFile != "":
		b, err := os.ReadFile(filepath.Join(folder, filepath.Base(x.Response.StreamFile)))
		if err != nil {
			t.Fatal(err)
		}
		corpusStream(t, b)
	case x.Response.Status != 200:
		e := provider.DecodeError(x.Response.Status, nil, append(x.Response.Body, x.Response.BodyText...))
		if e.Message == "" {
			t.Error("no message")
		}
	default:
		a := decodeResponse(t, string(x.Response.Body))
		sameJSON(t, client.EncodeResponse(nil, a, nil), x.Response.Body)
	}
}

func corpusStream(t *testing.T, stream []byte) {
	t.Helper()
	list := messages(t, stream)
	for i, m := range list { // blanks between tokens are not kept
		var b bytes.Buffer
		if err := json.Compact(&b, m); err != nil {
			t.Fatal(err)
		}
		list[i] = b.Bytes()
	}
	events, err := decodeStream(list)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*llm.Request{nil, arrayRequest(t)} {
		again, err := decodeStream(messages(t, encodeStream(events, r)))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := lines(again), lines(events); !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", short(again), short(events))
		}
	}
}

func arrayRequest(t testing.TB) *llm.Request {
	t.Helper()
	r := &llm.Request{}
	q := wire.Question{Path: "/v1beta/models/m:streamGenerateContent", Body: []byte(`{"contents":[]}`)}
	if err := client.DecodeRequest(r, q); err != nil {
		t.Fatal(err)
	}
	return r
}
