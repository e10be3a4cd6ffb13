package openaichat_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func isObject(v json.RawMessage) bool { return len(v) > 0 && v[0] == '{' }

func TestCorpusRequests(t *testing.T) {
	corpus(t, func(t *testing.T, e *exchange) {
		t.Helper()
		if !isObject(e.Request.Body) {
			t.Skip("the question was not recorded")
		}
		var r llm.Request
		if err := client.DecodeRequest(&r, wire.Question{Body: e.Request.Body}); err != nil {
			if e.Response.Status == 200 {
				t.Fatal(err)
			}
			t.Skip("the provider refused it too")
		}
		var n wire.Notes
		again, err := service.EncodeRequest(nil, &r, &n)
		if err != nil {
			t.Fatal(err)
		}
		same(t, again, e.Request.Body)
		if len(n.List()) > 0 {
			t.Errorf("notes: %v", n.List())
		}
	})
}

func TestCorpusAnswers(t *testing.T) {
	corpus(t, func(t *testing.T, e *exchange) {
		t.Helper()
		if e.Response.Status != 200 || !isObject(e.Response.Body) {
			t.Skip("no plain answer")
		}
		var a llm.Response
		err := service.DecodeResponse(&a, e.Response.Body)
		if _, failed := err.(*llm.Error); failed {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		same(t, client.EncodeResponse(nil, &a, &llm.Request{}), e.Response.Body)
	})
}

func TestCorpusStreams(t *testing.T) {
	corpus(t, func(t *testing.T, e *exchange) {
		t.Helper()
		if e.Response.StreamFile == "" || e.Response.Status != 200 {
			t.Skip("no stream")
		}
		first, err := events(e.stream(t))
		if err != nil {
			t.Fatal(err)
		}
		second, err := events(encode(&llm.Request{IncludeUsage: true}, first))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := tell(first), tell(second); !reflect.DeepEqual(a, b) {
			t.Errorf("read   %+v\nagain %+v", a, b)
		}
	})
}

func TestCorpusErrors(t *testing.T) {
	corpus(t, func(t *testing.T, e *exchange) {
		t.Helper()
		if e.Response.Status < 400 {
			t.Skip("no error")
		}
		body := []byte(e.Response.Body)
		if body == nil {
			body = []byte(e.Response.BodyText)
		}
		got := service.DecodeError(e.Response.Status, nil, body)
		if got.Message == "" || got.Status != e.Response.Status {
			t.Errorf("got %+v of %s", got, body)
		}
	})
}
