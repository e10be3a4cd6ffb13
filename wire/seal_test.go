package wire_test

import (
	"encoding/base64"
	"strconv"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func TestOpenID(t *testing.T) {
	sealed := wire.SealID("call_1", []wire.Proof{
		{By: llm.Anthropic, Kind: llm.Thinking, Signature: llm.JSON(`"a"`)},
		{By: llm.Gemini, Kind: llm.ToolCall, Signature: llm.JSON(`"b"`)},
	})
	id, proofs := wire.OpenID(sealed)
	if id != "call_1" || len(proofs) != 2 || string(proofs[1].Signature) != `"b"` {
		t.Errorf("got %q and %v", id, proofs)
	}
}

func TestOpenIDForged(t *testing.T) {
	list := []string{`{}`, `[`, `["a"]`, `["a",7]`, `["a",7,1]`, `["a","7","s"]`, `["a",1e99,"s"]`, `["a",-1,"s"]`, `["a",99,"s"]`}
	for kind := llm.Text; kind <= llm.Opaque; kind++ {
		switch kind {
		case llm.ToolCall, llm.Thinking, llm.Redacted:
		default:
			list = append(list, `["a",`+strconv.Itoa(int(kind))+`,"s"]`)
		}
	}
	for _, proofs := range list {
		forged := "call_1-sealed-" + base64.RawURLEncoding.EncodeToString([]byte(proofs))
		if id, got := wire.OpenID(forged); id != forged || got != nil {
			t.Errorf("%s: got %q and %v, want the id as it is", proofs, id, got)
		}
	}
}
