package geminiembed_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// same fails unless got and want are the same JSON value.
func same(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !reflect.DeepEqual(value(t, got), value(t, want)) {
		t.Errorf("%s:\n got %.2000s\nwant %.2000s", what, got, want)
	}
}

func value(t testing.TB, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %.2000s", err, raw)
	}
	return v
}

// put encodes a question and gives the notes as texts.
func put(t testing.TB, p wire.EmbedProvider, r *llm.EmbedRequest) (body []byte, notes []string) {
	t.Helper()
	var n wire.Notes
	body, err := p.EncodeRequest(nil, r, &n)
	if err != nil {
		t.Fatal(err)
	}
	for _, note := range n.List() {
		if note.Changed {
			notes = append(notes, note.Field+": "+note.How)
		} else {
			notes = append(notes, note.Field)
		}
	}
	return body, notes
}

// answered decodes an answer.
func answered(t testing.TB, p wire.EmbedProvider, body string) *llm.EmbedResponse {
	t.Helper()
	var a llm.EmbedResponse
	if err := p.DecodeResponse(&a, nil, []byte(body)); err != nil {
		t.Fatalf("%v in %.2000s", err, body)
	}
	return &a
}

// inputs are texts as a question has them.
func inputs(texts ...string) []llm.EmbedInput {
	list := make([]llm.EmbedInput, len(texts))
	for i, text := range texts {
		list[i].Text = wire.Quote(text)
	}
	return list
}

// exchange is one recording.
type exchange struct {
	ID, API string
	Request struct {
		Path string
		Body json.RawMessage
	}
	Response struct {
		Status   int
		Headers  map[string]any
		Body     json.RawMessage
		BodyText string `json:"body_text"`
	}
}

// corpus gives the recordings of some APIs.
func corpus(t *testing.T, apis ...string) []exchange {
	t.Helper()
	root := os.Getenv("CORPUS")
	if root == "" {
		root = "../../../shared/corpus"
	}
	var all []exchange
	for _, api := range apis {
		files, err := filepath.Glob(filepath.Join(root, "*", "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if x := recorded(t, file, api); x != nil {
				all = append(all, *x)
			}
		}
	}
	if len(all) == 0 {
		t.Skip("no recorded traffic: set CORPUS to its folder")
	}
	t.Logf("%d exchanges", len(all))
	return all
}

// recorded reads a recording, if it is of the API.
func recorded(t *testing.T, file, api string) *exchange {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(raw, []byte(`"`+api+`"`)) {
		return nil
	}
	var x exchange
	if err := json.Unmarshal(raw, &x); err != nil || x.API != api {
		return nil
	}
	return &x
}

// failed reads an error that was recorded.
func failed(t *testing.T, p wire.EmbedProvider, x *exchange) {
	t.Helper()
	body := []byte(x.Response.Body)
	if len(body) == 0 {
		body = []byte(x.Response.BodyText)
	}
	if e := p.DecodeError(x.Response.Status, nil, body); e.Message == "" || e.Message[0] == '{' {
		t.Errorf("error %+v", e)
	}
}
