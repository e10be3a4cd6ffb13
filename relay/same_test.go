package relay

import (
	"io"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/provider/anthropic"
	wireanthropic "github.com/sluice-gateway/sluice/wire/anthropic"
)

// TestSameStreamCut: wherever a stream breaks that passes as it is, whole events
// are passed on, and an error event follows.
func TestSameStreamCut(t *testing.T) {
	for cut := range len(claudeStream) {
		tg := target(t, func(s *Settings) {
			s.Provider, s.Client = anthropic.New(), wireanthropic.Client{}
			s.Model.Name, s.Model.Options.AnthropicVersion = "claude-x", "2023-06-01"
		})
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
