package openaichat_test

import (
	"bytes"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/openaichat"
)

// The bytes of an event hold until the next one is made; a proof is told later,
// in the id of the call that it leads to.
func TestProofOutlivesItsEvent(t *testing.T) {
	signature := `"c2lnbmF0dXJl"`
	want := wire.SealID("c1", []wire.Proof{{By: llm.Anthropic, Kind: llm.Thinking, Signature: llm.JSON(signature), Text: llm.JSON(`""`)}})
	for name, events := range map[string][]llm.Event{
		"with the part": {
			{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Thinking, Signature: llm.JSON(signature), SignedBy: llm.Anthropic}},
		},
		"after the part": {
			{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Thinking}},
			{Kind: llm.EventSign, Text: llm.JSON(signature), Part: llm.Part{SignedBy: llm.Anthropic}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openaichat.Client{}.NewStream(&llm.Request{})
			out := s.Encode(nil, &llm.Event{Kind: llm.EventStart, ID: "r"})
			for i := range events {
				out = s.Encode(out, &events[i])
				clear(events[i].Text)
				clear(events[i].Part.Signature)
			}
			call := llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "c1", Name: "f"}}
			out = s.Encode(out, &llm.Event{Kind: llm.EventPart, Index: 1, Part: call})
			if !bytes.Contains(out, []byte(`"id":"`+want+`"`)) {
				t.Errorf("no call %s in\n%s", want, out)
			}
		})
	}
}
