package gemini_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// answers come out of the model as they went in. say tells what they mean.
var answers = []struct{ name, body, say string }{
	{
		"text", `{"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"finishReason":"STOP","index":0}],
		"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":11,"totalTokenCount":13},"modelVersion":"m","responseId":"r"}`,
		"0 stop STOP: \"Hi\"\n2 11 13",
	},
	{
		"calls", `{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2ln"},
		{"functionCall":{"name":"g","id":"x"}}]},"finishReason":"STOP"}],"responseId":"r/1"}`,
		"0 tools STOP: f(gemini_r1_0 {\"a\":1}) g(x {})\n-1 -1 -1",
	},
	{
		"usage", `{"candidates":[{"content":{"parts":[]},"finishReason":"MAX_TOKENS"}],"usageMetadata":{"promptTokenCount":10,"toolUsePromptTokenCount":5,
		"thoughtsTokenCount":7,"totalTokenCount":22,"cachedContentTokenCount":4,"trafficType":"ON_DEMAND"}}`,
		"0 length MAX_TOKENS:\n15 7 22 cached 4 reasoning 7",
	},
	{"blocked", `{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"trafficType":"ON_DEMAND"}}`, "0 filter SAFETY:\n-1 -1 -1"},
	{
		"numbers", `{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":1},{"finishReason":3,"index":1},{"finishReason":10,"content":null}]}`,
		"0 stop 1: \"a\"\n1 filter 3:\n2 error 10:\n-1 -1 -1",
	},
	{
		"odd", `{"candidates":[{"content":{"parts":{"text":"a"},"role":"x"},"finishReason":""},{"content":{"parts":[5]}},{}],"createTime":"2026-04-02T17:03:50.399550Z","x":null}`,
		"0 none : \"a\"\n1 none :\n2 none :\n-1 -1 -1",
	},
	{
		"citations", `{"candidates":[{"content":{"parts":[{"text":"zwölf"},{"text":"b"}]},"finishReason":"RECITATION",
		"citationMetadata":{"citationSources":[{"startIndex":0,"endIndex":4,"uri":"u"},{}]},
		"groundingMetadata":{"groundingChunks":[{"web":{"uri":"v","title":"t"}}],"groundingSupports":[{"segment":{"startIndex":4,"endIndex":6},
		"groundingChunkIndices":[0,7]}]}}]}`,
		"0 filter RECITATION: \"zwölf\"[\"u\" 0-3][\"v\" 3-5] \"b\"\n-1 -1 -1",
	},
	{
		"logprobs", `{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP","avgLogprobs":-0.5,"logprobsResult":{"chosenCandidates":[
		{"token":"a","tokenId":5,"logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"b","logProbability":-1}]}]}}]}`,
		"0 stop STOP: \"a\"\n-1 -1 -1",
	},
}

func tell(a *llm.Response) string {
	var b strings.Builder
	names := [...]string{"none", "stop", "length", "tools", "filter", "refusal", "pause", "error"}
	for _, c := range a.Choices {
		b.WriteString(string(rune('0'+c.Index)) + " " + names[c.Finish] + " " + c.Reason + ":")
		for _, p := range c.Parts {
			if p.Call != nil {
				b.WriteString(" " + p.Call.Name + "(" + p.Call.ID + " " + string(p.Call.Args) + ")")
			} else {
				b.WriteString(" " + string(p.Text))
			}
			for _, c := range p.Citations {
				n, _ := json.Marshal([]int{c.Start, c.End})
				b.WriteString("[" + string(c.URL) + " " + strings.ReplaceAll(strings.Trim(string(n), "[]"), ",", "-") + "]")
			}
		}
		b.WriteString("\n")
	}
	n, _ := json.Marshal([]int64{a.Usage.Prompt, a.Usage.Completion, a.Usage.Total})
	b.WriteString(strings.ReplaceAll(strings.Trim(string(n), "[]"), ",", " "))
	if d := a.Usage.Details; d != nil {
		n, _ := json.Marshal([]int64{d.CachedPrompt, d.Reasoning})
		b.WriteString(strings.NewReplacer("[", " cached ", ",", " reasoning ", "]", "").Replace(string(n)))
	}
	return b.String()
}

func TestAnswers(t *testing.T) {
	for _, c := range answers {
		t.Run(c.name, func(t *testing.T) {
			a := decodeResponse(t, c.body)
			want(t, tell(a), c.say)
			sameJSON(t, client.EncodeResponse(nil, a, nil), []byte(c.body))
		})
	}
}

func TestLogprobs(t *testing.T) {
	shape := `{"content":[{"token":"a","logprob":-0.5,"bytes":null,"top_logprobs":[{"token":"b","logprob":-1,"bytes":null}]}]}`
	sameJSON(t, decodeResponse(t, answers[7].body).Choices[0].Logprobs, []byte(shape))
	a := llm.Response{Choices: []llm.Choice{{Finish: llm.FinishStop, Logprobs: js(shape)}}, Usage: llm.NoUsage()}
	sameJSON(t, client.EncodeResponse(nil, &a, nil), []byte(`{"candidates":[{"content":{"role":"model","parts":[]},"finishReason":"STOP",
		"logprobsResult":{"chosenCandidates":[{"token":"a","logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"b","logProbability":-1}]}]}}]}`))
}

func TestNoAnswer(t *testing.T) {
	for body, want := range map[string]string{
		`{}`: "no generation candidates received from Gemini, or max_tokens too short",
		`{"error":{"code":503,"message":"over","status":"UNAVAILABLE"}}`: "over",
		`[]`: "must be a JSON object",
	} {
		err := provider.DecodeResponse(&llm.Response{}, []byte(body))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestForeignAnswers(t *testing.T) {
	details := llm.NoDetails()
	details.Reasoning, details.CachedPrompt = 3, 2
	a := llm.Response{
		ID: "msg_1", Model: "claude", Extra: llm.Extra{From: llm.Anthropic, Members: []llm.Member{{Name: "type", Value: js(`"message"`)}}},
		Usage: llm.Usage{Prompt: 10, Completion: 8, Total: -1, Details: &details},
		Choices: []llm.Choice{{Finish: llm.FinishTools, Reason: "tool_use", Parts: []llm.Part{
			{Kind: llm.Thinking, Text: js(`"hm"`), Signature: js(`"sig"`), SignedBy: llm.Anthropic},
			{Text: js(`"ö a"`), Citations: []llm.Citation{{URL: js(`"u"`), Title: js(`"t"`), Start: 2, End: 3}}},
			call("toolu_1", "f", `{"a":1}`),
		}}},
	}
	b := client.EncodeResponse(nil, &a, &llm.Request{Reasoning: llm.Reasoning{Show: true}})
	sealed := wire.Get(b, "candidates")
	items := wire.Items(sealed)
	first, _ := items.Next()
	parts := wire.Items(wire.Get(first, "content", "parts"))
	_, _ = parts.Next()
	_, _ = parts.Next()
	calls, _ := parts.Next()
	signature := wire.Get(calls, "thoughtSignature")
	sameJSON(t, b, []byte(`{"candidates":[{"content":{"role":"model","parts":[{"text":"hm","thought":true},{"text":"ö a"},
		{"functionCall":{"id":"toolu_1","name":"f","args":{"a":1}},"thoughtSignature":`+string(signature)+`}]},"finishReason":"STOP",
		"groundingMetadata":{"groundingChunks":[{"web":{"uri":"u","title":"t"}}],"groundingSupports":[{"segment":{"partIndex":1,"startIndex":3,"endIndex":4,"text":"a"},
		"groundingChunkIndices":[0]}]}}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":18,
		"thoughtsTokenCount":3,"cachedContentTokenCount":2},"modelVersion":"claude","responseId":"msg_1"}`))

	// It comes back with the call, with or without the thought, in either alphabet.
	for _, thought := range []string{``, `{"text":"hm","thought":true},`} {
		for _, s := range []string{string(signature), strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(string(signature))} {
			r := decodeRequest(t, `{"contents":[{"role":"model","parts":[`+thought+`{"functionCall":{"id":"toolu_1","name":"f","args":{"a":1}},"thoughtSignature":`+s+`}]}]}`)
			p := r.Messages[0].Parts
			if len(p) != 2 || p[0].Kind != llm.Thinking || string(p[0].Signature) != `"sig"` || p[0].SignedBy != llm.Anthropic ||
				p[1].Signature != nil || thought != "" && string(p[0].Text) != `"hm"` {
				t.Errorf("%+v", p)
			}
		}
	}
	hidden := client.EncodeResponse(nil, &a, &llm.Request{})
	if strings.Contains(string(hidden), "thought\"") || !strings.Contains(string(hidden), "thoughtSignature") {
		t.Errorf("%s", hidden)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		status      int
		header      string
		body, again string
		want        llm.Error
	}{
		{
			429, "", `{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"48.9s"},
			{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE"}]}}`,
			`{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE"},
			{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"49s"}]}}`,
			llm.Error{Status: 429, Type: "RESOURCE_EXHAUSTED", Code: "RATE", Message: "m", RetryAfter: 49},
		},
		{
			400, "7", `[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[{"@type":"x.BadRequest","fieldViolations":[{"field":"contents"}]}]}}]`,
			`{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}]}}`,
			llm.Error{Status: 400, Type: "INVALID_ARGUMENT", Param: "contents", Message: "m", RetryAfter: 7},
		},
		{
			502, "", ``, `{"error":{"code":502,"message":"the provider answered with status 502","status":"UNAVAILABLE"}}`,
			llm.Error{Status: 502, Message: "the provider answered with status 502", RetryAfter: -1},
		},
		{
			404, "", " <html> ", `{"error":{"code":404,"message":"<html>","status":"NOT_FOUND"}}`,
			llm.Error{Status: 404, Message: "<html>", RetryAfter: -1},
		},
		{
			418, "", `{"error":"no"}`, `{"error":{"code":418,"message":"no","status":"INVALID_ARGUMENT"}}`,
			llm.Error{Status: 418, Message: "no", RetryAfter: -1},
		},
	} {
		e := provider.DecodeError(c.status, func(string) string { return c.header }, []byte(c.body))
		if *e != c.want {
			t.Errorf("%s: %+v", c.body, *e)
		}
		sameJSON(t, client.EncodeError(nil, e), []byte(c.again))
	}
}
