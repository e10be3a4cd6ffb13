package cohere_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/cohere"
)

// exchange is one recording.
type exchange struct {
	API      string `json:"api"`
	Request  struct{ Body json.RawMessage }
	Response struct {
		Status     int
		Body       json.RawMessage
		BodyText   string `json:"body_text"`
		StreamFile string `json:"stream_file"`
	}
}

// TestCorpus reads and writes recorded traffic: nothing of it may be lost.
func TestCorpus(t *testing.T) {
	root := os.Getenv("CORPUS")
	if root == "" {
		root = "../../../shared/corpus"
	}
	files, err := filepath.Glob(filepath.Join(root, "*", "cohere.v*.json"))
	if err != nil || len(files) == 0 {
		t.Skip("no recorded traffic: set CORPUS to its folder")
	}
	counts := map[string]int{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var x exchange
		if err := json.Unmarshal(raw, &x); err != nil {
			t.Fatal(err)
		}
		client, provider := speakers(x.API)
		if provider == nil {
			continue
		}
		counts[x.API]++
		t.Run(filepath.Base(file), func(t *testing.T) { replay(t, &x, file, client, provider) })
	}
	t.Log(counts)
}

func speakers(api string) (wire.Client, wire.Provider) {
	switch llm.Format(api) {
	case llm.CohereV2:
		return cohere.V2Client{}, cohere.V2Provider{}
	case llm.CohereV1:
		return cohere.V1Client{}, cohere.V1Provider{}
	case llm.CohereGenerate:
		return nil, cohere.Generate{}
	default:
		return nil, nil
	}
}

func replay(t *testing.T, x *exchange, file string, client wire.Client, provider wire.Provider) {
	t.Helper()
	if client != nil && len(x.Request.Body) > 0 && string(x.Request.Body) != "null" {
		var r llm.Request
		if err := client.DecodeRequest(&r, wire.Question{Body: x.Request.Body}); err != nil {
			t.Fatal(err)
		}
		body, notes := put(t, provider, &r)
		same(t, "request", body, x.Request.Body)
		if len(notes) > 0 {
			t.Errorf("notes: %q", notes)
		}
	}
	switch {
	case x.Response.Status != 200:
		body := []byte(x.Response.Body)
		if len(body) == 0 {
			body = []byte(x.Response.BodyText)
		}
		if e := provider.DecodeError(x.Response.Status, nil, body); e.Message == "" {
			t.Error("an error without a message")
		}
	case x.Response.StreamFile != "":
		raw, err := os.ReadFile(filepath.Join(filepath.Dir(file), filepath.Base(x.Response.StreamFile)))
		if err != nil {
			t.Fatal(err)
		}
		replayStream(t, string(raw), client, provider)
	default:
		a := answered(t, provider, string(x.Response.Body))
		if a.Usage.Total <= 0 || len(a.Choices) == 0 || a.Choices[0].Finish == llm.Unfinished {
			t.Errorf("no usage, choice or finish: %+v", a)
		}
		if client != nil {
			same(t, "answer", client.EncodeResponse(nil, a, &llm.Request{}), x.Response.Body)
		}
	}
}

func replayStream(t *testing.T, stream string, client wire.Client, provider wire.Provider) {
	t.Helper()
	events, err := heard(provider.NewStream(), stream)
	if err != nil {
		t.Fatal(err)
	}
	last := events[len(events)-1].Kind
	if last != llm.EventEnd && last != llm.EventError {
		t.Errorf("the last event is %d", last)
	}
	if client == nil {
		return
	}
	again, err := heard(provider.NewStream(), told(client.NewStream(&llm.Request{}), events))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := show(again), show(events); got != want {
		t.Errorf("heard again:\n%s\nat first:\n%s", got, want)
	}
}
