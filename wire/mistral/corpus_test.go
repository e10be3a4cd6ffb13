package mistral_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
)

func TestCorpus(t *testing.T) {
	corpus(t, func(t *testing.T, e *exchange) {
		t.Helper()
		if len(e.Request.Body) > 0 && e.Request.Body[0] == '{' {
			body, notes := encoded(t, decoded(t, string(e.Request.Body)))
			same(t, body, string(e.Request.Body))
			if notes != nil {
				t.Errorf("notes: %v", notes)
			}
		}
		switch {
		case e.Response.Status != 200:
			failure(t, e)
		case e.Response.StreamFile != "":
			stream(t, e)
		default:
			answer(t, e)
		}
	})
}

func answer(t *testing.T, e *exchange) {
	t.Helper()
	var a llm.Response
	if err := service.DecodeResponse(&a, e.Response.Body); err != nil {
		t.Fatal(err)
	}
	same(t, client.EncodeResponse(nil, &a, &llm.Request{}), string(e.Response.Body))
	if u := a.Usage; u.Total >= 0 && u.Total != u.Prompt+u.Completion {
		t.Errorf("usage does not add up: %+v", u)
	}
}

func stream(t *testing.T, e *exchange) {
	t.Helper()
	recorded, err := os.ReadFile(filepath.Join(e.dir, filepath.Base(e.Response.StreamFile)))
	if err != nil {
		t.Fatal(err)
	}
	first, err := events(recorded)
	if err != nil {
		t.Fatal(err)
	}
	second, err := events(encode(first))
	if err != nil {
		t.Fatal(err)
	}
	a, b := tell(first), tell(second)
	if !a.Ended || a.Usage.Completion <= 0 || len(a.Parts) == 0 && a.Finish[0] != llm.FinishLength || a.Finish[0] == llm.Unfinished {
		t.Errorf("incomplete: %+v", a)
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("read   %+v\nagain %+v", a, b)
	}
}

func failure(t *testing.T, e *exchange) {
	t.Helper()
	body := []byte(e.Response.Body)
	if len(body) == 0 {
		body = []byte(e.Response.BodyText)
	}
	got := service.DecodeError(e.Response.Status, nil, body)
	if got.Message == "" || got.Status != e.Response.Status || reflect.DeepEqual(body, []byte(got.Message)) {
		t.Errorf("got %+v of %s", got, body)
	}
}
