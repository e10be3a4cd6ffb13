package relay

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/llm"
)

// streamed is a question for a stream.
func streamed() *flow.Exchange { return asking(`{"model":"m","stream":true,` + hello[1:]) }

// TestOneDocument: a provider that does not stream is passed on as it is.
func TestOneDocument(t *testing.T) {
	const pretty = "{\n  \"model\": \"m-1\",\n  \"choices\": [\n    {\"message\": {\"content\": \"{}\\n{\"}}\n  ],\n" +
		"  \"usage\": {\n    \"prompt_tokens\": 25, \"completion_tokens\": 12, \"total_tokens\": 37\n  }\n}\n"
	large := strings.Replace(pretty, "{}", strings.Repeat("x", 5000), 1)
	for name, body := range map[string]string{"over lines": pretty, "on one": hi, "after white space": "\r\n " + hi, "large": large} {
		for _, coding := range []string{"", "gzip"} {
			for _, size := range []int{1, 100, 10000} {
				ex, sent := streamed(), []byte(body)
				if coding != "" {
					sent = zipped(body)
				}
				r := answer(200, "application/json; charset=utf-8", cutAt(sent, size))
				r.Header.Set("Content-Encoding", coding)
				if err := received(t, target(t, little), ex, r); err != nil {
					t.Fatal(err)
				}
				if got := read(t, r.Stream); got != body {
					t.Errorf("%s: got %q", name, got)
				}
				if r.Header.Get("Content-Type") != "application/json; charset=utf-8" || r.Header.Has("Content-Encoding") || r.Events {
					t.Errorf("%s: header %v, events %t", name, r.Header, r.Events)
				}
				if want := (llm.Usage{Prompt: 25, Completion: 12, Total: 37}); !reflect.DeepEqual(ex.AI.Usage, want) || ex.AI.ResponseModel != "m-1" || ex.AI.Streaming {
					t.Errorf("%s: usage %+v, model %q, streaming %t", name, ex.AI.Usage, ex.AI.ResponseModel, ex.AI.Streaming)
				}
			}
		}
	}
}

// TestSeveralDocuments: those are a stream, whatever their type says.
func TestSeveralDocuments(t *testing.T) {
	const first, second = `{"choices":[{"delta":{"content":"a}"}}]}`, `{"choices":[{"delta":{"content":"b"}}]}`
	for body, want := range map[string]string{
		first + "\n" + second + "\n":     "data: " + first + "\n\ndata: " + second + "\n\ndata: [DONE]\n\n",
		"\n" + first + "\r\n\n" + second: "data: " + first + "\n\ndata: " + second + "\n\ndata: [DONE]\n\n",
		"data: " + first + "\n\n":        "data: " + first + "\n\n",
		"[1]":                            "[1]",
	} {
		for _, size := range []int{1, 7, 1000} {
			ex := streamed()
			r := answer(200, "application/json", cutAt([]byte(body), size))
			if err := received(t, target(t, nil), ex, r); err != nil {
				t.Fatal(err)
			}
			if got := read(t, r.Stream); got != want || r.Header.Get("Content-Type") != "text/event-stream" || !ex.AI.Streaming {
				t.Errorf("%q in pieces of %d: got %q, %v", body, size, got, r.Header)
			}
		}
	}
}

// TestSecondDocumentIsNotAwaited: what has come goes out once it is known to be
// a stream.
func TestSecondDocumentIsNotAwaited(t *testing.T) {
	src := cutAt([]byte("{\"a\":1}\n{\"b\":2}\n{"), 16, 1000)
	src.end = errBroken
	r := answer(200, "application/json", src)
	if err := received(t, target(t, nil), streamed(), r); err != nil {
		t.Fatal(err)
	}
	if f, err := r.Stream.Next(); err != nil || string(f.Data) != "data: {\"a\":1}\n\ndata: {\"b\":2}\n\n" {
		t.Errorf("got %q, %v", f.Data, err)
	}
}

// TestUnusableDocument: a document is checked as any plain answer.
func TestUnusableDocument(t *testing.T) {
	for body, want := range map[string]string{
		"{\n\"error\":{}\n}": "'choices' not in llm/v1/chat response",
		"{\n\"choices\":":    "failed to decode llm/v1/chat response",
		"":                   "failed to decode llm/v1/chat response",
	} {
		ex := streamed()
		err := received(t, target(t, nil), ex, answer(200, "application/json", cutAt([]byte(body))))
		if got := message(err); !strings.HasSuffix(got, want) || ex.AI.Usage.Prompt == 0 {
			t.Errorf("%q: got %q, usage %+v", body, got, ex.AI.Usage)
		}
	}
	src := cutAt([]byte("{\n\"choices\":"))
	src.end = errBroken
	err := received(t, target(t, nil), streamed(), answer(200, "application/json", src))
	if f := fault.As(err); f.Status() != 502 || !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}
