package gemini_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

const streamed = `{"candidates":[{"content":{"parts":[{"text":"think","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":3},"modelVersion":"m","responseId":"r"}
{"candidates":[{"content":{"parts":[{"text":""}]}}],"usageMetadata":{"promptTokenCount":3},"modelVersion":"m","responseId":"r"}
{"candidates":[{"content":{"parts":[{"text":"Hi"}]}}],"modelVersion":"m","responseId":"r"}
{"candidates":[{"content":{"parts":[{"text":" there"}]},"citationMetadata":{"citationSources":[{"uri":"u","endIndex":2}]}}]}
{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"c2ln"}]}}]}
{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":1}}},{"functionCall":{"name":"g","id":"x"}}]},"finishReason":"STOP"}]}
{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4,"thoughtsTokenCount":2,"totalTokenCount":9}}`

const pieces = `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","willContinue":true},"thoughtSignature":"c2ln"}]}}],"responseId":"r"}
{"candidates":[{"content":{"parts":[{"functionCall":{"partialArgs":[{"jsonPath":"$.a.b","stringValue":"x\"","willContinue":true}],"willContinue":true}}]}}]}
{"candidates":[{"content":{"parts":[{"functionCall":{"partialArgs":[{"jsonPath":"$.a.b","stringValue":"y"},{"jsonPath":"$.a.c[0]","numberValue":1},{"jsonPath":"$.a.c[1].d","boolValue":true},{"jsonPath":"$['e f']","nullValue":null}],"willContinue":true}}]}}]}
{"candidates":[{"content":{"parts":[{"functionCall":{}}]},"finishReason":"STOP"}]}`

func TestStreams(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"parts", streamed, `
start r m
usage 3 -1 -1
part 0.0 7
delta 0.0 "think"
end 0.0
part 0.1 0
delta 0.1 "Hi"
delta 0.1 " there"
other candidate.citationMetadata {"citationSources":[{"uri":"u","endIndex":2}]}
cite 0.1 "u" 0 2
sign 0.1 "c2ln" gemini.generateContent
end 0.1
part 0.2 5 gemini_r_0 f
delta 0.2 "{\"a\":1}"
end 0.2
part 0.3 5 x g
delta 0.3 "{}"
end 0.3
usage 3 6 9
finish 0 3 STOP
over`},
		{"arguments in pieces", pieces, `
start r 
part 0.0 5 gemini_r_0 f "c2ln" gemini.generateContent
delta 0.0 "{\"a\":{\"b\":\"x\\\"y\",\"c\":[1,{\"d\":true}]},\"e f\":null}"
end 0.0
finish 0 3 STOP
over`},
		{"blocked", `{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":4}}`, `
start  
usage 4 -1 -1
other promptFeedback {"blockReason":"PROHIBITED_CONTENT"}
finish 0 4 PROHIBITED_CONTENT
over`},
		{"several candidates, media", `{"candidates":[{"index":1,"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{}]},"finishReason":2},{"index":0,"finishReason":"SAFETY"}]}
[DONE]`, `
start  
part 1.0 1
end 1.0
part 1.1 10
end 1.1
finish 1 2 2
finish 0 4 SAFETY
over`},
		{"error", `{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}
{"error":{"code":503,"message":"over","status":"UNAVAILABLE"}}`, `
start  
part 0.0 0
delta 0.0 "a"
error 503 over`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var list [][]byte
			for m := range strings.SplitSeq(c.in, "\n") {
				list = append(list, []byte(m))
			}
			events, err := decodeStream(list)
			if err != nil {
				t.Fatal(err)
			}
			got := short(events)
			if c.name == "arguments in pieces" {
				got = short(joined(events))
			}
			want(t, got, c.want)
			if c.name == "error" {
				return
			}
			again, err := decodeStream(messages(t, encodeStream(events, nil)))
			if err != nil {
				t.Fatal(err)
			}
			want(t, short(joined(again)), short(joined(events)))
		})
	}
}

func TestCutStreams(t *testing.T) {
	for _, in := range []string{``, `{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}`} {
		if _, err := decodeStream([][]byte{[]byte(in)}); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %v", in, err)
		}
	}
	if _, err := decodeStream([][]byte{[]byte(`{"a`)}); err == nil {
		t.Error("no error")
	}
}

// foreign is a stream as other providers tell it.
func foreign() []llm.Event {
	return []llm.Event{
		{Kind: llm.EventStart, ID: "i", Model: "m"},
		{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Thinking}},
		{Kind: llm.EventDelta, Text: js(`"hm"`)},
		{Kind: llm.EventSign, Text: js(`"sig"`), Part: llm.Part{SignedBy: llm.Anthropic}},
		{Kind: llm.EventPartEnd},
		{Kind: llm.EventDelta, Index: 1, Text: js(`"Hi"`)},
		{Kind: llm.EventCite, Index: 1, Citation: llm.Citation{URL: js(`"u"`), Start: 0, End: 2}},
		{Kind: llm.EventPart, Index: 2, Part: call("c1", "f", "")},
		{Kind: llm.EventDelta, Index: 2, Text: js(`"{\"a\""`)},
		{Kind: llm.EventPart, Index: 3, Part: call("c2", "g", "")},
		{Kind: llm.EventDelta, Index: 2, Text: js(`":1}"`)},
		{Kind: llm.EventOther, Name: "ping", Text: js("\n{\n}")},
		{Kind: llm.EventFinish, Finish: llm.FinishTools, Reason: "tool_calls"},
		{Kind: llm.EventUsage, Usage: llm.Usage{Prompt: 1, Completion: 2, Total: -1}},
		{Kind: llm.EventEnd},
	}
}

func TestForeignStreams(t *testing.T) {
	proof := wire.Quote("")
	r := llm.Request{Reasoning: llm.Reasoning{Show: true}}
	out := encodeStream(foreign(), &r)
	for _, m := range messages(t, out) {
		items := wire.Items(wire.Get(m, "candidates"))
		first, _ := items.Next()
		parts := wire.Items(wire.Get(first, "content", "parts"))
		p, _ := parts.Next()
		if s := wire.Get(p, "thoughtSignature"); s != nil {
			proof = s
		}
	}
	frame := func(candidate, rest string) string {
		return `data: {"candidates":[{` + candidate + `"index":0}],` + rest + `"modelVersion":"m","responseId":"i"}` + "\r\n\r\n"
	}
	part := func(p string) string {
		return frame(`"content":{"parts":[`+p+`],"role":"model"},`, "")
	}
	want(t, string(out), part(`{"text":"hm","thought":true}`)+part(`{"text":"Hi"}`)+
		part(`{"functionCall":{"id":"c1","name":"f","args":{"a":1}},"thoughtSignature":`+string(proof)+`}`)+
		part(`{"functionCall":{"id":"c2","name":"g","args":{}}}`)+
		strings.Replace(frame(`"finishReason":"STOP","groundingMetadata":{"groundingChunks":[{"web":{"uri":"u"}}],`+
			`"groundingSupports":[{"segment":{"startIndex":0,"endIndex":2},"groundingChunkIndices":[0]}]},`,
			`"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":3},`), `,"index":0}`, `,"index":0}`, 1))
}

func TestFraming(t *testing.T) {
	e := client.NewStream(arrayRequest(t))
	if e.ContentType() != "application/json" {
		t.Error(e.ContentType())
	}
	out := encodeStream([]llm.Event{{Kind: llm.EventDelta, Text: js(`"a"`)}, {Kind: llm.EventDelta, Text: js(`"b"`)}, {Kind: llm.EventEnd}}, arrayRequest(t))
	want(t, string(out), `[{"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"},"index":0}]},`+"\r\n"+
		`{"candidates":[{"content":{"parts":[{"text":"b"}],"role":"model"},"index":0}]}]`)
	want(t, string(encodeStream([]llm.Event{{Kind: llm.EventEnd}}, arrayRequest(t))), `[]`)
	broken := []llm.Event{{Kind: llm.EventError, Err: &llm.Error{Status: 500, Message: "no", RetryAfter: -1}}, {Kind: llm.EventEnd}}
	want(t, string(encodeStream(broken, arrayRequest(t))), `[{"error":{"code":500,"message":"no","status":"INTERNAL"}}]`)
	want(t, string(encodeStream(broken, nil)), `{"error":{"code":500,"message":"no","status":"INTERNAL"}}`)

	r := &llm.Request{}
	q := wire.Question{Path: "/v1beta/models/m:streamGenerateContent", Query: "key=k&alt=sse", Body: []byte(`{}`)}
	if err := client.DecodeRequest(r, q); err != nil {
		t.Fatal(err)
	}
	if got := client.NewStream(r).ContentType(); got != "text/event-stream" {
		t.Error(got)
	}
	events, err := decodeStream([][]byte{[]byte("{\n\"candidates\":[{\"x\":[\n1],\"finishReason\":\"STOP\"}]}")})
	if err != nil {
		t.Fatal(err)
	}
	if out := strings.TrimSpace(string(encodeStream(events, nil))); strings.ContainsAny(out, "\r\n") {
		t.Errorf("%q", out)
	}
}
