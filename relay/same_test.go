package relay

import (
	"io"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/provider/anthropic"
	"github.com/sluice-gateway/sluice/provider/gemini"
	"github.com/sluice-gateway/sluice/provider/ollama"
	wireanthropic "github.com/sluice-gateway/sluice/wire/anthropic"
	wiregemini "github.com/sluice-gateway/sluice/wire/gemini"
	wireollama "github.com/sluice-gateway/sluice/wire/ollama"
)

// TestSameStreamCut: wherever a stream breaks that passes as it is, whole events
// are passed on, and an error event follows.
func TestSameStreamCut(t *testing.T) {
	for cut := range len(claudeStream) {
		tg := target(t, itself)
		ex := translated(t, tg, `{"stream":true,"max_tokens":5,"messages":[{"role":"user","content":"hi"}]}`)
		src := cutAt([]byte(claudeStream[:cut]), 9)
		src.end = io.ErrUnexpectedEOF
		r := answer(200, "text/event-stream", src)
		if err := ex.Call.Receive(ex, r); err != nil {
			t.Fatal(err)
		}
		whole := claudeStream[:strings.LastIndex(claudeStream[:cut], "\n\n")+1]
		if whole == "" {
			if _, err := r.Stream.Next(); err == nil || err == io.EOF {
				t.Fatalf("cut at %d: %v, want an error", cut, err)
			}
			continue
		}
		got := read(t, r.Stream)
		rest, ok := strings.CutPrefix(got, whole+"\n")
		if !ok || !strings.HasPrefix(rest, "event: error\ndata: {") || strings.Count(rest, "\n") != 3 || ex.AI.Error == "" {
			t.Fatalf("cut at %d: got %q", cut, got)
		}
	}
}

// TestSameStreamWhole: a stream that passes as it is loses nothing, however it is
// read and wherever the provider ends it in order, be that in a message. That it
// has no end is in the log.
func TestSameStreamWhole(t *testing.T) {
	for _, tt := range []struct {
		name, contentType, stream string
		change                    func(*Settings)
		path, body                string
	}{
		{"events", "text/event-stream", claudeStream, itself, "/v1/messages", `{"stream":true,"max_tokens":5,"messages":[{"role":"user","content":"hi"}]}`},
		{"events, sniffed", "", "\r\n " + claudeStream, itself, "/v1/messages", `{"stream":true,"max_tokens":5,"messages":[{"role":"user","content":"hi"}]}`},
		{"elements", "application/json", googleArray, google, "/v1beta/models/m:streamGenerateContent", `{"contents":[{"parts":[{"text":"hi"}]}]}`},
		{"lines", "application/x-ndjson", ollamaLines, local, "/api/chat", `{"messages":[{"role":"user","content":"hi"}]}`},
	} {
		for cut := range len(tt.stream) + 1 {
			for _, size := range []int{1, 7, 1 << 20} {
				ex := asking(tt.body)
				ex.In.Path = tt.path
				if err := put(target(t, tt.change), ex); err != nil {
					t.Fatal(err)
				}
				r := answer(200, tt.contentType, cutAt([]byte(tt.stream[:cut]), size))
				if err := ex.Call.Receive(ex, r); err != nil {
					t.Fatalf("%s: cut at %d: %v", tt.name, cut, err)
				}
				if got := read(t, r.Stream); got != tt.stream[:cut] {
					t.Fatalf("%s: cut at %d, read by %d: got %q", tt.name, cut, size, got)
				}
				if cut == len(tt.stream)/2 && ex.AI.Error == "" {
					t.Errorf("%s: cut at %d: no error in the log", tt.name, cut)
				}
				ex.Call.Release()
			}
		}
	}
}

const (
	googleArray = `[{"candidates":[{"content":{"parts":[{"text":"a]}\\\""}]}}]}` + "\n,\r\n" +
		`{"candidates":[{"content":{"parts":[{"text":"b"}]},"finishReason":"STOP"}]}` + "\n]\n"
	ollamaLines = `{"message":{"role":"assistant","content":"a"},"done":false}` + "\n\n" +
		`{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}` + "\r\n"
)

func itself(s *Settings) {
	s.Provider, s.Client = anthropic.New(), wireanthropic.Client{}
	s.Model.Name, s.Model.Options.AnthropicVersion = "claude-x", "2023-06-01"
}

func google(s *Settings) {
	s.Provider, s.Client, s.Model.Name = gemini.New(), wiregemini.Client{}, "m"
}

func local(s *Settings) {
	s.Provider, s.Client, s.Model.Name = ollama.New(), wireollama.Client{}, "m"
	s.Model.Options.UpstreamURL = "http://o.example"
}
