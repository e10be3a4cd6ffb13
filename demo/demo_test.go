package demo

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/internal/jsonv2"
)

func ask(t *testing.T, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(0).ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

const hello = "This is the demo model of Sluice: it runs inside the gateway and knows nothing. You said: Hi there"

func TestPlain(t *testing.T) {
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		want                     []string
	}{
		{
			"chat", "POST", "/v1/chat/completions", `{"model":"demo","messages":[{"role":"system","content":"Be kind"},{"role":"user","content":"Hi there"}]}`, 200,
			[]string{`"content":"` + hello, `"finish_reason":"stop"`, `"model":"demo"`, `"prompt_tokens":4`, `"completion_tokens":19`, `"total_tokens":23`},
		},
		{"parts", "POST", "/v1/chat/completions", `{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"text","text":"there"}]}]}`, 200, []string{hello, `"model":"demo"`}},
		{
			"limit", "POST", "/v1/chat/completions", `{"messages":[{"role":"user","content":"Hi"}],"max_completion_tokens":3,"max_tokens":9}`, 200,
			[]string{`"content":"This is the"`, `"finish_reason":"length"`, `"completion_tokens":3`},
		},
		{"completions", "POST", "/v1/completions", `{"prompt":"Hi there"}`, 200, []string{`"text":"` + hello, `"object":"text_completion"`, `"prompt_tokens":2`}},
		{"responses", "POST", "/v1/responses", `{"input":"Hi there"}`, 200, []string{`"text":"` + hello, `"status":"completed"`, `"input_tokens":2`, `"output_tokens":19`}},
		{"responses with messages", "POST", "/v1/responses", `{"input":[{"role":"user","content":"Hi there"}],"max_output_tokens":2}`, 200, []string{`"text":"This is"`, `"status":"incomplete"`}},
		{"embeddings", "POST", "/v1/embeddings", `{"input":["a b","c"],"dimensions":2}`, 200, []string{`"index":1`, `"prompt_tokens":3`}},
		{"models", "GET", "/v1/models", "", 200, []string{`"id":"demo"`}},
		{"model", "GET", "/v1/models/demo", "", 200, []string{`"owned_by":"sluice"`}},
		{"other model", "GET", "/v1/models/gpt", "", 404, []string{`"error":{`}},
		{"chat with another model", "POST", "/v1/chat/completions", `{"model":"gpt","messages":[{"role":"user","content":"Hi"}]}`, 404, []string{"only model is 'demo'"}},
		{"embeddings with another model", "POST", "/v1/embeddings", `{"model":"gpt","input":"a"}`, 404, []string{"only model is 'demo'"}},
		{"other path", "GET", "/v1/files", "", 404, []string{"has no GET /v1/files"}},
		{"other method", "GET", "/v1/embeddings", "", 404, []string{`"invalid_request_error"`}},
		{"no JSON", "POST", "/v1/chat/completions", `{`, 400, []string{"must be a JSON object"}},
		{"no messages", "POST", "/v1/chat/completions", `{"messages":[]}`, 400, []string{"'messages'"}},
		{"no prompt", "POST", "/v1/completions", `{}`, 400, []string{"'prompt'"}},
		{"no input", "POST", "/v1/responses", `{"input":[]}`, 400, []string{"'input'"}},
		{"bad input", "POST", "/v1/embeddings", `{"input":[1]}`, 400, []string{"'input'"}},
		{"bad dimensions", "POST", "/v1/embeddings", `{"input":"a","dimensions":9999}`, 400, []string{"'dimensions'"}},
		{"too large", "POST", "/v1/completions", strings.Repeat(" ", maxBody+1), 413, []string{"at most"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ask(t, tc.method, tc.path, tc.body)
			if w.Code != tc.status {
				t.Errorf("status %d, want %d: %s", w.Code, tc.status, w.Body)
			}
			for _, want := range tc.want {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("no %s in %s", want, w.Body)
				}
			}
			if again := ask(t, tc.method, tc.path, tc.body).Body.String(); again != w.Body.String() {
				t.Errorf("the second answer differs: %s", again)
			}
		})
	}
}

func TestStream(t *testing.T) {
	for _, tc := range []struct {
		name, path, body string
		events           int
		last             string // the last event with content
		done             bool
	}{
		{"chat", "/v1/chat/completions", `{"stream":true,"messages":[{"role":"user","content":"Hi there"}]}`, 22, `"finish_reason":"stop"`, true},
		{"chat with usage", "/v1/chat/completions", `{"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hi there"}]}`, 23, `"usage":{"completion_tokens":19,"prompt_tokens":2,"total_tokens":21}`, true},
		{"completions", "/v1/completions", `{"stream":true,"prompt":"Hi there"}`, 21, `"finish_reason":"stop"`, true},
		{"completions with usage", "/v1/completions", `{"stream":true,"stream_options":{"include_usage":true},"prompt":"Hi there"}`, 22, `"choices":[]`, true},
		{"responses", "/v1/responses", `{"stream":true,"input":"Hi there"}`, 27, `"type":"response.completed"`, false},
		{"responses, cut", "/v1/responses", `{"stream":true,"max_output_tokens":1,"input":"Hi there"}`, 9, `"type":"response.incomplete"`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ask(t, "POST", tc.path, tc.body)
			if got := w.Header().Get("Content-Type"); w.Code != 200 || got != "text/event-stream" {
				t.Fatalf("status %d, type %s", w.Code, got)
			}
			events := strings.Split(strings.TrimSuffix(w.Body.String(), "\n\n"), "\n\n")
			if len(events) != tc.events {
				t.Errorf("%d events, want %d", len(events), tc.events)
			}
			last := events[len(events)-1]
			if tc.done != (last == "data: [DONE]") {
				t.Errorf("ends with %s", last)
			}
			if tc.done {
				last = events[len(events)-2]
			}
			if !strings.Contains(last, tc.last) {
				t.Errorf("no %s in %s", tc.last, last)
			}
			for _, e := range events {
				if _, data, _ := strings.Cut(e, "data: "); data != "[DONE]" {
					if _, err := jsonv2.Parse([]byte(data)); err != nil {
						t.Errorf("%s: %v", data, err)
					}
				}
			}
		})
	}
}

func TestPackedEmbedding(t *testing.T) {
	w := ask(t, "POST", "/v1/embeddings", `{"input":"a","encoding_format":"base64","dimensions":3}`)
	_, rest, _ := strings.Cut(w.Body.String(), `"embedding":"`)
	text, _, _ := strings.Cut(rest, `"`)
	if raw, err := base64.StdEncoding.DecodeString(text); err != nil || len(raw) != 12 {
		t.Errorf("got %d bytes, %v", len(raw), err)
	}
}

func TestEchoIsBounded(t *testing.T) {
	w := ask(t, "POST", "/v1/completions", `{"prompt":"`+strings.Repeat("é", 100_000)+`"}`)
	if w.Body.Len() > 4*maxEcho {
		t.Errorf("answer of %d bytes", w.Body.Len())
	}
}

func TestServer(t *testing.T) {
	if _, err := Open("0.0.0.0:0"); err == nil {
		t.Error("an address that others reach must be refused")
	}
	s, err := Open("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	resp, err := http.Get("http://" + s.Addr().String() + "/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d", resp.StatusCode)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A caller who leaves ends the stream.
func TestStreamEndsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	body := strings.NewReader(`{"stream":true,"messages":[{"role":"user","content":"Hi"}]}`)
	Handler(time.Hour).ServeHTTP(w, httptest.NewRequest("POST", "/v1/chat/completions", body).WithContext(ctx))
	if strings.Contains(w.Body.String(), "[DONE]") {
		t.Errorf("went on: %s", w.Body)
	}
}
