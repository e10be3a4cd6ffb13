package cohere_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/cohere"
)

const v2Stream = `event: message-start
data: {"id":"1","type":"message-start","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}

event: content-start
data: {"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}}

event: content-delta
data: {"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"hm"}}}}

event: content-end
data: {"type":"content-end","index":0}

event: content-start
data: {"type":"content-start","index":1,"delta":{"message":{"content":{"type":"text","text":""}}}}

event: content-delta
data: {"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"Ruby"}}},"logprobs":{"text":"Ruby","token_ids":[1],"logprobs":[-1]}}

event: citation-start
data: {"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":0,"end":4,"text":"Ruby","sources":[],"type":"TEXT_CONTENT"}}}}

event: citation-end
data: {"type":"citation-end","index":0}

event: content-end
data: {"type":"content-end","index":1}

event: tool-plan-delta
data: {"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I will."}}}

event: tool-call-start
data: {"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"f_1","type":"function","function":{"name":"f","arguments":""}}}}}

event: tool-call-delta
data: {"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{}"}}}}}

event: tool-call-end
data: {"type":"tool-call-end","index":0}

event: message-end
data: {"type":"message-end","delta":{"finish_reason":"TOOL_CALL","usage":{"billed_units":{"input_tokens":1,"output_tokens":2}}}}

data: [DONE]

`

// kinds is the order of a stream's events.
func kinds(events []llm.Event) string {
	names := [...]string{"start", "part", "delta", "sign", "cite", "partend", "finish", "usage", "logprobs", "error", "end", "other"}
	var all []string
	for i := range events {
		all = append(all, names[events[i].Kind])
	}
	return strings.Join(all, " ")
}

func TestV2Stream(t *testing.T) {
	events, err := heard(cohere.V2Provider{}.NewStream(), v2Stream)
	if err != nil {
		t.Fatal(err)
	}
	want := "start part delta partend part logprobs delta cite partend part delta partend part delta partend finish usage end"
	if got := kinds(events); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := told(cohere.V2Client{}.NewStream(nil), events); got != v2Stream {
		t.Errorf("told again:\n%s", got)
	}
}

func TestV2StreamTolerates(t *testing.T) {
	for name, c := range map[string]struct{ stream, want string }{
		"no start, no content-start": {
			`{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"A"}}}}` + "\n" + `{"type":"message-end","delta":{"finish_reason":"COMPLETE"}}`,
			"start part delta partend finish end",
		},
		"an index below 0": {
			`{"type":"content-delta","index":-1,"delta":{"message":{"content":{"text":"A"}}}}` + "\n" + `{"type":"message-end"}`,
			"start part delta partend finish end",
		},
		"two starts, open parts": {
			strings.Repeat(`{"type":"message-start","id":"1"}`+"\n", 2) + `{"type":"content-start","index":0}` + "\n" + `{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"x"}}}` + "\n" + `{"type":"message-end"}`,
			"start part part delta partend partend finish end",
		},
		"a list of one call, arguments null": {
			`{"type":"tool-call-start","delta":{"message":{"tool_calls":[{"id":"1","function":{"name":"f","arguments":"null"}}]}}}` + "\n" + `{"type":"tool-call-delta","delta":null}` + "\n" + `{"type":"message-end","delta":{"finish_reason":"TOOL_CALL"}}`,
			"start part partend finish end",
		},
		"an error at the end": {
			`{"type":"message-end","delta":{"finish_reason":"ERROR","usage":{},"error":"broken","error_type":"X"}}`,
			"start error",
		},
		"an error in place of an event": {`{"message":"broken"}`, "error"},
		"events that nobody knows": {
			`{"type":"debug","prompt":"x"}` + "\n" + `{"type":"citation-start","delta":{"message":{"citations":{}}}}` + "\n" + `{"type":"message-end"}`,
			"start other other finish end",
		},
		"a block that nobody knows": {
			`{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"x"}}}}` + "\n" + `{"type":"content-end","index":0}` + "\n" + `{"type":"message-end"}`,
			"start part partend finish end",
		},
	} {
		events, err := heard(cohere.V2Provider{}.NewStream(), c.stream)
		if err != nil || kinds(events) != c.want {
			t.Errorf("%s: %v %s", name, err, kinds(events))
		}
		again, err := heard(cohere.V2Provider{}.NewStream(), told(cohere.V2Client{}.NewStream(nil), events))
		if c.want != "error" && (err != nil || show(again) != show(events)) {
			t.Errorf("%s: %v\n%s\n%s", name, err, show(again), show(events))
		}
	}
}

func TestV2StreamCutShort(t *testing.T) {
	for _, provider := range []wire.Provider{cohere.V2Provider{}, cohere.V1Provider{}, cohere.Generate{}} {
		if _, err := heard(provider.NewStream(), ""); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %v", provider.Format(), err)
		}
		if _, err := heard(provider.NewStream(), `{"type":`); err == nil {
			t.Errorf("%s: half a message was read", provider.Format())
		}
	}
}

// foreignEvents are those of a provider that tells little.
func foreignEvents() []llm.Event {
	return []llm.Event{
		{Kind: llm.EventStart, ID: "msg"},
		{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Thinking, SignedBy: llm.Anthropic}},
		{Kind: llm.EventDelta, Text: llm.JSON(`"hm"`)},
		{Kind: llm.EventSign, Text: llm.JSON(`"sig"`)},
		{Kind: llm.EventPartEnd},
		{Kind: llm.EventDelta, Index: 1, Text: llm.JSON(`"Hi"`)},
		{Kind: llm.EventDelta, Choice: 1, Text: llm.JSON(`"other choice"`)},
		{Kind: llm.EventCite, Index: 1, Citation: llm.Citation{Start: 0, End: 1, Title: llm.JSON(`"T"`)}},
		{Kind: llm.EventPart, Index: 2, Part: llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "c1", Name: "f"}}},
		{Kind: llm.EventDelta, Index: 2, Text: llm.JSON(`"{}"`)},
		{Kind: llm.EventFinish, Finish: llm.FinishTools, Reason: "tool_use"},
		{Kind: llm.EventEnd},
	}
}

func TestV2TellsForeignStreams(t *testing.T) {
	stream := told(cohere.V2Client{}.NewStream(nil), foreignEvents())
	events, err := heard(cohere.V2Provider{}.NewStream(), stream)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := kinds(events), "start part delta partend part delta cite part delta partend partend finish end"; got != want {
		t.Errorf("%s\n%s", got, stream)
	}
	if strings.Contains(stream, "other choice") || !strings.Contains(stream, `"id":"c1-sealed-`) || !strings.HasSuffix(stream, "data: [DONE]\n\n") {
		t.Error(stream)
	}
}

func TestV2StreamsStayInTheirFrames(t *testing.T) {
	events := []llm.Event{
		{Kind: llm.EventOther, Name: "a\nb", Text: llm.JSON("{\n\"type\":\"x\"}"), Extra: llm.Extra{From: llm.CohereV2}},
		{Kind: llm.EventError, Err: &llm.Error{Message: "a\nb"}},
	}
	stream := told(cohere.V2Client{}.NewStream(nil), events)
	heard, err := heard(cohere.V2Provider{}.NewStream(), stream)
	if err != nil || kinds(heard) != "start other error" || heard[2].Err.Message != "a\nb" {
		t.Errorf("%v %s", err, stream)
	}
}
