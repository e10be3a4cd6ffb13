package bedrock_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// feed makes messages of lines: a name, a space and the payload.
func feed(lines string) []wire.Message {
	var out []wire.Message
	for line := range strings.Lines(strings.TrimSpace(lines)) {
		name, data, _ := strings.Cut(strings.TrimSpace(line), " ")
		out = append(out, wire.Message{Name: name, Data: []byte(data)})
	}
	return out
}

// text spells events shortly.
func short(list []llm.Event) string {
	var out []string
	for _, ev := range list {
		s := []string{"start", "part", "delta", "sign", "cite", "partend", "finish", "usage", "logprobs", "error", "end", "other"}[ev.Kind]
		switch ev.Kind {
		case llm.EventPart:
			s += []string{" text", " image", " audio", " video", " document", " call", " result", " thinking", " redacted", " refusal", " opaque"}[ev.Part.Kind]
			if ev.Part.Call != nil {
				s += " " + ev.Part.Call.ID + " " + ev.Part.Call.Name
			}
			s += string(ev.Part.Raw)
		case llm.EventDelta, llm.EventSign, llm.EventOther:
			s += " " + string(ev.Text)
		case llm.EventFinish:
			s += " " + ev.Reason
		case llm.EventError:
			s += " " + ev.Err.Type + " " + ev.Err.Message
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

var streams = []struct{ name, in, want string }{
	{
		"text, thoughts and a call", `
messageStart {"p":"ab","role":"assistant"}
messageStart {"role":"assistant"}
contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"hm"}},"p":"a"}
contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"c2ln"}}}
contentBlockStop {"contentBlockIndex":0}
contentBlockDelta {"contentBlockIndex":1,"delta":{"text":""}}
contentBlockDelta {"contentBlockIndex":1,"delta":{"text":"hi"}}
contentBlockStop {"contentBlockIndex":1}
contentBlockStart {"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t","name":"f","type":"tool_use"}}}
contentBlockDelta {"contentBlockIndex":2,"delta":{"toolUse":{"input":""}}}
contentBlockDelta {"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"a\":"}}}
contentBlockDelta {"contentBlockIndex":2,"delta":{"toolUse":{"input":"1}"}}}
contentBlockStop {"contentBlockIndex":2}
messageStop {"stopReason":"tool_use","p":"abc"}
metadata {"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3},"metrics":{"latencyMs":4},"p":"a"}`,
		"start\npart thinking\ndelta \"hm\"\nsign \"c2ln\"\npartend\npart text\ndelta \"hi\"\npartend\npart call t f\ndelta \"{\\\"a\\\":\"\ndelta \"1}\"\npartend\nfinish tool_use\nusage\nend",
	},
	{
		"interleaved, without stops, numbered from above", `
contentBlockDelta {"contentBlockIndex":7,"delta":{"text":"a"}}
contentBlockStart {"contentBlockIndex":3,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}
contentBlockDelta {"contentBlockIndex":7,"delta":{"text":"b"}}
contentBlockStop {"contentBlockIndex":99}
messageStop {"stopReason":"end_turn"}`,
		"start\npart text\ndelta \"a\"\npart call t f\ndelta \"b\"\npartend\npartend\nfinish end_turn\nend",
	},
	{
		"thoughts and text in one block", `
contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"hm"}}}
contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"a"}}
contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"redactedContent":"aGk="}}}
messageStop {"stopReason":"end_turn"}`,
		"start\npart thinking\ndelta \"hm\"\npartend\npart text\ndelta \"a\"\npartend\npart redacted\npartend\nfinish end_turn\nend",
	},
	{
		"server tool", `
contentBlockStart {"contentBlockIndex":0,"start":{"toolUse":{"name":"nova","toolUseId":"t","type":"server_tool_use"}}}
contentBlockDelta {"contentBlockIndex":0,"delta":{"toolUse":{"input":"{\"a\""}}}
contentBlockDelta {"contentBlockIndex":0,"delta":{"toolUse":{"input":":1}"}}}
contentBlockStop {"contentBlockIndex":0}
contentBlockStart {"contentBlockIndex":1,"start":{"toolResult":{"status":"success","toolUseId":"t","type":"nova_result"}}}
contentBlockDelta {"contentBlockIndex":1,"delta":{"toolResult":[{"json":{"b":2}}]}}
contentBlockDelta {"contentBlockIndex":1,"delta":{"toolResult":[{"text":"c"}]}}
contentBlockStop {"contentBlockIndex":1}
messageStop {"stopReason":"end_turn"}`,
		"start\npart opaque{\"toolUse\":{\"input\":{\"a\":1},\"name\":\"nova\",\"toolUseId\":\"t\",\"type\":\"server_tool_use\"}}\npartend\npart opaque{\"toolResult\":{\"content\":[{\"json\":{\"b\":2}},{\"text\":\"c\"}],\"status\":\"success\",\"toolUseId\":\"t\",\"type\":\"nova_result\"}}\npartend\nfinish end_turn\nend",
	},
	{
		"image", `
contentBlockStart {"contentBlockIndex":0,"start":{"image":{"format":"png"}}}
contentBlockDelta {"contentBlockIndex":0,"delta":{"image":{"source":{"bytes":"aGk="}}}}
contentBlockStop {"contentBlockIndex":0}
messageStop {"stopReason":"end_turn"}`,
		"start\npart image\npartend\nfinish end_turn\nend",
	},
	{
		"without its stop", `
contentBlockStart {"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}
metadata {"usage":{"inputTokens":1,"outputTokens":2}}`,
		"start\npart call t f\npartend\nfinish tool_use\nusage\nend",
	},
	{
		"unknown things", `
messageStart {"role":"assistant","new":1}
brandNew {"p":"abc","a":1}
contentBlockDelta {"contentBlockIndex":0,"delta":{"new":{"a":1}},"p":"abc"}
metadata {"trace":{"a":1}}
messageStop {"stopReason":"end_turn","additionalModelResponseFields":{"x":1}}`,
		"start\nother {\"a\":1}\nother {\"contentBlockIndex\":0,\"delta\":{\"new\":{\"a\":1}}}\nother {\"trace\":{\"a\":1}}\nfinish end_turn\nend",
	},
	{
		"exception", `
messageStart {"role":"assistant"}
throttlingException {"message":"slow down"}
messageStop {"stopReason":"end_turn"}`,
		"start\nerror ThrottlingException slow down",
	},
}

func TestStreams(t *testing.T) {
	for _, c := range streams {
		t.Run(c.name, func(t *testing.T) {
			got, err := events(feed(c.in))
			if err != nil || short(got) != c.want {
				t.Errorf("%v\n%s\nwant\n%s", err, short(got), c.want)
			}
			again, err := events(messages(t, stream(got)))
			if err != nil {
				t.Fatal(err)
			}
			if got[len(got)-1].Kind == llm.EventError {
				got[len(got)-1].Err.Status = again[len(again)-1].Err.Status
			}
			sameEvents(t, "again", again, got)
		})
	}
}

func TestCutStream(t *testing.T) {
	for _, lines := range []string{
		`messageStart {"role":"assistant"}`,
		`contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"a"}}`,
	} {
		if got, err := events(feed(lines)); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s, %v", short(got), err)
		}
	}
	if _, err := events(feed(`messageStart {"role":`)); err == nil {
		t.Error("broken JSON accepted")
	}
}

func TestExceptions(t *testing.T) {
	for name, want := range map[string]int{
		"throttlingException": 429, "validationException": 400, "internalServerException": 500, "serviceUnavailableException": 503, "modelTimeoutException": 408, "InternalError": 500,
	} {
		got, err := events([]wire.Message{{Name: name, Data: []byte(`{"message":"m"}`)}})
		if err != nil || len(got) != 1 || got[0].Err.Status != want || got[0].Err.Message != "m" {
			t.Errorf("%s: %v", name, got)
		}
	}
	got, _ := events(feed(`modelStreamErrorException {"originalStatusCode":502,"originalMessage":"o"}`))
	if got[0].Err.Status != 502 || got[0].Err.Message != "o" {
		t.Errorf("%+v", got[0].Err)
	}
}

// A provider that leaves out what ours never does.
func TestForeignStream(t *testing.T) {
	got := messages(t, stream([]llm.Event{
		{Kind: llm.EventUsage, Usage: llm.Usage{Prompt: 10, Completion: 1, Total: 11}},
		{Kind: llm.EventDelta, Text: llm.JSON(`"a"`)},
		{Kind: llm.EventDelta, Choice: 1, Text: llm.JSON(`"other"`)},
		{Kind: llm.EventLogprobs, Text: llm.JSON(`{}`)},
		{Kind: llm.EventOther, Name: "ping", Text: llm.JSON(`{}`)},
		{Kind: llm.EventPart, Index: 1, Part: llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "c", Name: "f", Args: []byte(`{}`)}}},
		{Kind: llm.EventUsage, Usage: llm.Usage{Prompt: 10, Completion: 5, Total: 15, Details: &llm.UsageDetails{CachedPrompt: 4, CacheWrite: -1}}},
		{Kind: llm.EventEnd},
	}))
	want := feed(`
messageStart {"role":"assistant"}
contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"a"}}
contentBlockStart {"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"c","name":"f"}}}
contentBlockDelta {"contentBlockIndex":1,"delta":{"toolUse":{"input":"{}"}}}
contentBlockStop {"contentBlockIndex":0}
contentBlockStop {"contentBlockIndex":1}
messageStop {"stopReason":"end_turn"}
metadata {"usage":{"inputTokens":6,"outputTokens":5,"totalTokens":15,"cacheReadInputTokens":4},"metrics":{"latencyMs":0}}`)
	if len(got) != len(want) {
		t.Fatalf("%d messages, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].Name != want[i].Name {
			t.Errorf("%s, want %s", got[i].Name, want[i].Name)
		}
		sameJSON(t, want[i].Name, got[i].Data, want[i].Data)
	}
}

// The proofs of another format must come back from a client of ours.
func TestForeignProofs(t *testing.T) {
	parts := []llm.Part{
		{Kind: llm.Thinking, Text: llm.JSON(`"hm"`), Signature: llm.JSON(`"s+/="`), SignedBy: llm.Anthropic},
		{Kind: llm.Redacted, Signature: llm.JSON(`"redacted"`), SignedBy: llm.Anthropic},
		{Kind: llm.ToolCall, Call: &llm.Call{ID: "c", Name: "f", Args: []byte(`{"a":1}`)}, Signature: llm.JSON(`"call"`), SignedBy: llm.Gemini},
	}
	var a llm.Response
	a.Choices = []llm.Choice{{Parts: parts, Finish: llm.FinishTools}}
	var plainAnswer llm.Response
	if err := provider.DecodeResponse(&plainAnswer, client.EncodeResponse(nil, &a, &llm.Request{})); err != nil {
		t.Fatal(err)
	}
	content := string(client.EncodeResponse(nil, &a, &llm.Request{}))
	content = content[strings.Index(content, `"content":`):strings.Index(content, `},"stopReason"`)]
	r := decodeRequest(t, anyPath, `{"messages":[{"role":"assistant",`+content+`]}`)
	got := r.Messages[0].Parts
	if len(got) != 3 {
		t.Fatalf("%d parts", len(got))
	}
	for i, p := range got {
		if p.Kind != parts[i].Kind || string(p.Signature) != string(parts[i].Signature) || p.SignedBy != parts[i].SignedBy {
			t.Errorf("part %d: %+v", i, p)
		}
	}
	if got[2].Call.ID != "c" {
		t.Errorf("id %s", got[2].Call.ID)
	}
	var list []llm.Event
	for i, p := range parts {
		list = append(list, llm.Event{Kind: llm.EventPart, Index: i, Part: p}, llm.Event{Kind: llm.EventPartEnd, Index: i})
	}
	streamed, err := events(messages(t, stream(append(list, llm.Event{Kind: llm.EventFinish, Finish: llm.FinishTools}))))
	if err != nil {
		t.Fatal(err)
	}
	if s := short(streamed); !strings.Contains(s, `sign "s+/="`) {
		t.Error(s)
	}
	// Bedrock itself gets none of them.
	body, notes := encodeRequest(t, r)
	sameJSON(t, "request", []byte(body), []byte(`{"messages":[{"role":"assistant","content":[{"toolUse":{"toolUseId":"c","name":"f","input":{"a":1}}}]}]}`))
	if noted(notes) != "messages[0].parts[0], messages[0].parts[1], messages[0].parts[2].signature" {
		t.Error(noted(notes))
	}
}
