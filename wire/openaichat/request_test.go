package openaichat_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// OpenAI takes 64 characters. What its own callers send is theirs.
func TestLongUser(t *testing.T) {
	for _, tt := range []struct {
		from llm.Format
		size int
		sent bool
	}{
		{llm.Anthropic, 64, true},
		{llm.Anthropic, 65, false},
		{llm.OpenAIChat, 65, true},
	} {
		user := wire.Quote(strings.Repeat("é", tt.size))
		q := &llm.Request{Model: "m", User: user, Extra: llm.Extra{From: tt.from}}
		var n wire.Notes
		body, err := service.EncodeRequest(nil, q, &n)
		if err != nil {
			t.Fatal(err)
		}
		if sent := wire.Get(body, "user") != nil; sent != tt.sent || sent == (len(n.List()) > 0) {
			t.Errorf("%d characters from %s: sent %v, notes %v", tt.size, tt.from, sent, n.List())
		}
	}
}
