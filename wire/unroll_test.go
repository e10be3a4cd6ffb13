package wire_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// An answer without an end must not be kept without an end.
func TestCollectorIsBounded(t *testing.T) {
	const limit = 5 << 20
	text := llm.JSON(`"` + strings.Repeat("x", 1<<16) + `"`)
	var c wire.Collector
	c.Add(&llm.Event{Kind: llm.EventPart})
	for range 200 {
		c.Add(&llm.Event{Kind: llm.EventDelta, Text: text})
	}
	for i := range 200 {
		c.Add(&llm.Event{Kind: llm.EventPart, Index: i, Part: llm.Part{Kind: llm.Thinking, Text: text, Signature: text}})
		c.Add(&llm.Event{Kind: llm.EventSign, Index: i, Text: text})
	}
	c.Add(&llm.Event{Kind: llm.EventFinish, Finish: llm.FinishStop})
	kept := 0
	for _, p := range c.Response().Choices[0].Parts {
		kept += len(p.Text) + len(p.Signature)
	}
	if kept > limit || kept < 1<<20 {
		t.Errorf("%d bytes are kept, want about 4 MiB", kept)
	}
	if c.Response().Choices[0].Finish != llm.FinishStop {
		t.Error("the finish is lost")
	}
}

func TestCollectorOfManyParts(t *testing.T) {
	var c wire.Collector
	for choice := range 100 {
		for part := range 4096 {
			c.Add(&llm.Event{Kind: llm.EventDelta, Choice: choice, Index: part, Text: llm.JSON(`"x"`)})
		}
	}
	parts := 0
	for i := range c.Response().Choices {
		parts += len(c.Response().Choices[i].Parts)
	}
	if parts > 1<<16 {
		t.Errorf("%d parts are kept", parts)
	}
}

// A whole answer told in events tells everything once.
func TestUnrolledOnce(t *testing.T) {
	part := llm.Part{Text: llm.JSON(`"a"`), Citations: []llm.Citation{{From: llm.Anthropic, Raw: llm.JSON(`{}`)}}}
	cited := 0
	for ev := range wire.Unroll(&llm.Response{Choices: []llm.Choice{{Parts: []llm.Part{part}}}}) {
		cited += len(ev.Part.Citations)
		if ev.Kind == llm.EventCite {
			cited++
		}
	}
	if cited != 1 {
		t.Errorf("cited %d times", cited)
	}
}
