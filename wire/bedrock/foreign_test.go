package bedrock_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func text(s string) llm.Part { return llm.Part{Kind: llm.Text, Text: wire.Quote(s)} }

func says(role llm.Role, parts ...llm.Part) llm.Message { return llm.Message{Role: role, Parts: parts} }

func call(id, name, args string) llm.Part {
	return llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: id, Name: name, Args: []byte(args)}}
}

func result(id string, parts ...llm.Part) llm.Part {
	return llm.Part{Kind: llm.ToolResult, Result: &llm.Result{ID: id, Parts: parts, Plain: true}}
}

func image(mime, data string) llm.Part {
	return llm.Part{Kind: llm.Image, Media: &llm.Media{MIME: mime, Data: []byte(data)}}
}

var foreign = []struct {
	name  string
	r     llm.Request
	want  string
	notes string
}{
	{
		"five turns",
		llm.Request{
			Model: "amazon.nova-lite-v1:0",
			Messages: []llm.Message{
				says(llm.System, text("You are a mathematician.")), says(llm.User, text("What is 1 + 2?")), says(llm.Assistant, text("3.")),
				says(llm.User, text("Multiply that by 2")), says(llm.Assistant, text("6.")), says(llm.User, text("Why?")),
			},
			Sampling: llm.Sampling{MaxTokens: llm.JSON("8192"), Temperature: llm.JSON("0.8"), TopP: llm.JSON("0.6")},
		},
		`{"system":[{"text":"You are a mathematician."}],"messages":[{"role":"user","content":[{"text":"What is 1 + 2?"}]},{"role":"assistant","content":[{"text":"3."}]},
		{"role":"user","content":[{"text":"Multiply that by 2"}]},{"role":"assistant","content":[{"text":"6."}]},{"role":"user","content":[{"text":"Why?"}]}],
		"inferenceConfig":{"maxTokens":8192,"temperature":0.8,"topP":0.6}}`, "",
	},
	{
		"calls and results",
		llm.Request{Messages: []llm.Message{
			says(llm.User, text("stock?")),
			says(llm.Assistant, text(""), call("tooluse_1", "check_stock", `{"a":1}`), call("call 2", "f", ""), call("3", "f", `{"a":`)),
			says(llm.ToolRole, result("tooluse_1", text(`{"n":3}`))),
			says(llm.ToolRole, result("call 2", text(`[1]`))),
			says(llm.ToolRole, llm.Part{Kind: llm.ToolResult, Result: &llm.Result{ID: "3", Failed: true, Parts: []llm.Part{text("no stock")}}}),
			says(llm.User, text("go on")),
		}},
		`{"messages":[{"role":"user","content":[{"text":"stock?"}]},{"role":"assistant","content":[
		{"toolUse":{"toolUseId":"tooluse_1","name":"check_stock","input":{"a":1}}},{"toolUse":{"toolUseId":"tooluse_VOxZVHDdIKb29tuLTyovgzbP","name":"f","input":{}}},
		{"toolUse":{"toolUseId":"3","name":"f","input":{"_raw":"{\"a\":"}}}]},{"role":"user","content":[
		{"toolResult":{"toolUseId":"tooluse_1","content":[{"json":{"n":3}}]}},{"toolResult":{"toolUseId":"tooluse_VOxZVHDdIKb29tuLTyovgzbP","content":[{"json":{"result":[1]}}]}},
		{"toolResult":{"toolUseId":"3","content":[{"text":"no stock"}],"status":"error"}},{"text":"go on"}]}]}`,
		"messages[1].parts[3].call.args (changed)",
	},
	{
		"results as values",
		llm.Request{Messages: []llm.Message{says(llm.ToolRole,
			llm.Part{Kind: llm.ToolResult, Result: &llm.Result{ID: "1", Value: llm.JSON(`{"a":1}`)}},
			llm.Part{Kind: llm.ToolResult, Result: &llm.Result{ID: "2", Value: llm.JSON(`7`)}},
			llm.Part{Kind: llm.ToolResult, Result: &llm.Result{ID: "3", Parts: []llm.Part{text("see"), image("image/png", "aGk=")}}},
		)}},
		`{"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[{"json":{"a":1}}]}},{"toolResult":{"toolUseId":"2","content":[{"json":{"result":7}}]}},
		{"toolResult":{"toolUseId":"3","content":[{"text":"see"},{"image":{"format":"png","source":{"bytes":"aGk="}}}]}}]}]}`, "",
	},
	{
		"media",
		llm.Request{Messages: []llm.Message{says(llm.User,
			image("image/jpeg", "aGk="),
			image("image/tiff", "aGk="),
			llm.Part{Kind: llm.Image, Media: &llm.Media{URL: llm.JSON(`"https://x/y.png"`)}},
			llm.Part{Kind: llm.Document, Media: &llm.Media{MIME: "application/pdf", Data: []byte("aGk="), Name: llm.JSON(`"Übersicht_2024  (final).pdf"`)}},
			llm.Part{Kind: llm.Document, Media: &llm.Media{Text: llm.JSON(`"plain"`)}},
			llm.Part{Kind: llm.Document, Media: &llm.Media{MIME: "text/markdown; charset=utf-8", Data: []byte("aGk="), Title: llm.JSON(`"T"`), Context: llm.JSON(`"c"`)}},
			llm.Part{Kind: llm.Document, Media: &llm.Media{File: llm.JSON(`"file-1"`)}},
			llm.Part{Kind: llm.Video, Media: &llm.Media{MIME: "video/mp4", URL: llm.JSON(`"s3://b/k"`)}},
		)}},
		`{"messages":[{"role":"user","content":[{"image":{"format":"jpeg","source":{"bytes":"aGk="}}},
		{"document":{"format":"pdf","name":"-bersicht-2024 (final)","source":{"bytes":"aGk="}}},{"document":{"format":"txt","name":"document-2","source":{"text":"plain"}}},
		{"document":{"format":"md","name":"T","context":"c","source":{"bytes":"aGk="}}},{"video":{"format":"mp4","source":{"s3Location":{"uri":"s3://b/k"}}}}]}]}`,
		"messages[0].parts[1], messages[0].parts[2], messages[0].parts[6]",
	},
	{
		"tools",
		llm.Request{
			Messages: []llm.Message{says(llm.User, text("a"))},
			Tools: []llm.Tool{
				{Name: "f", Description: llm.JSON(`"d"`), Schema: llm.JSON(`{"type":"object"}`), Strict: llm.JSON("true"), Cache: &llm.Cache{TTL: "30m"}},
				{Name: "g"},
				{Name: "c", Custom: true},
				{Name: "w", Raw: llm.JSON(`{"type":"web_search"}`), From: llm.OpenAIResponses},
			},
			Choice: llm.ToolChoice{Mode: llm.ChoiceNamed, Name: "f"}, Parallel: llm.JSON("false"),
		},
		`{"messages":[{"role":"user","content":[{"text":"a"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"d","inputSchema":{"json":{"type":"object"}},"strict":true}},
		{"cachePoint":{"type":"default"}},{"toolSpec":{"name":"g","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"tool":{"name":"f"}}}}`,
		"tools.cache.ttl (changed), tools[2], tools[3] (w), parallel",
	},
	{
		"no tool",
		llm.Request{Messages: []llm.Message{says(llm.User, text("a"))}, Tools: []llm.Tool{{Name: "f"}}, Choice: llm.ToolChoice{Mode: llm.ChoiceNone}},
		`{"messages":[{"role":"user","content":[{"text":"a"}]}]}`, "choice (changed)",
	},
	{
		"some tools",
		llm.Request{Messages: []llm.Message{says(llm.User, text("a"))}, Tools: []llm.Tool{{Name: "f"}, {Name: "g", Schema: llm.JSON("{}")}}, Choice: llm.ToolChoice{Mode: llm.ChoiceAny, Allowed: []string{"g"}}},
		`{"messages":[{"role":"user","content":[{"text":"a"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"g","inputSchema":{"json":{}}}}],"toolChoice":{"any":{}}}}`, "choice.allowed (changed)",
	},
	{
		"what cannot be said",
		llm.Request{
			Messages: []llm.Message{
				{Role: llm.User, Name: llm.JSON(`"n"`), Parts: []llm.Part{text("a"), text("  ")}, Extra: llm.Extra{From: llm.OpenAIChat, Members: []llm.Member{{Name: "odd", Value: llm.JSON("1")}}}},
				says(llm.Assistant, llm.Part{Kind: llm.Thinking, Text: llm.JSON(`"h"`), SignedBy: llm.Anthropic, Signature: llm.JSON(`"s"`)}, llm.Part{Kind: llm.Opaque, Raw: llm.JSON("{}"), Extra: llm.Extra{From: llm.Anthropic}}),
				{Role: llm.User, Parts: []llm.Part{text("b"), {Kind: llm.Text, Text: llm.JSON(`"c"`), Citations: []llm.Citation{{}}}}},
			},
			Sampling: llm.Sampling{Seed: llm.JSON("1"), N: llm.JSON("2"), TopK: llm.JSON("3"), LogitBias: llm.JSON(`{"5":1}`), Logprobs: llm.JSON("true")},
			Output:   llm.Output{Kind: llm.OutputJSON, Verbosity: "low"}, User: llm.JSON(`"u"`), ServiceTier: llm.JSON(`"auto"`),
			Extra: llm.Extra{From: llm.OpenAIChat, Members: []llm.Member{{Name: "store", Value: llm.JSON("true")}, {Name: "guardrailConfig", Value: llm.JSON(`{"guardrailIdentifier":"g"}`)}}},
		},
		`{"messages":[{"role":"user","content":[{"text":"a"},{"text":"b"},{"text":"c"}]}],"guardrailConfig":{"guardrailIdentifier":"g"}}`,
		"messages[0].name, odd, messages[1].parts[0], messages[1].parts[1], messages[2].parts[1].citations, output.verbosity, output, sampling.top_k, store, sampling.seed, sampling.n, sampling.logit_bias, sampling.logprobs, user",
	},
	{
		"thinking of Claude",
		llm.Request{Model: "us.anthropic.claude-sonnet-4", Reasoning: llm.Reasoning{Effort: "high"}, Sampling: llm.Sampling{MaxTokens: llm.JSON("5000"), Temperature: llm.JSON("0"), TopK: llm.JSON("4")}},
		`{"messages":[],"inferenceConfig":{"maxTokens":5000},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":4999}}}`,
		"sampling.temperature, sampling.top_k, reasoning.effort (changed), reasoning.budget (changed)",
	},
	{
		"top k of Nova",
		llm.Request{Model: "amazon.nova-pro-v1:0", Sampling: llm.Sampling{TopK: llm.JSON("4")}},
		`{"messages":[],"additionalModelRequestFields":{"inferenceConfig":{"topK":4}}}`, "",
	},
	{
		"effort of gpt-oss",
		llm.Request{Model: "openai.gpt-oss-120b-1:0", Reasoning: llm.Reasoning{Effort: "xhigh"}},
		`{"messages":[],"additionalModelRequestFields":{"reasoning_effort":"high"}}`, "reasoning.effort (changed)",
	},
	{
		"effort of Nova 2",
		llm.Request{Model: "us.amazon.nova-2-lite-v1:0", Reasoning: llm.Reasoning{On: true, Effort: "low"}},
		`{"messages":[],"additionalModelRequestFields":{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"low"}}}`, "",
	},
	{
		"schema",
		llm.Request{Output: llm.Output{Kind: llm.OutputSchema, Name: "N", Schema: llm.JSON(`{"type":"object"}`), Strict: llm.JSON("true")}, Metadata: llm.JSON(`{"a":"b"}`), ServiceTier: llm.JSON(`"flex"`)},
		`{"messages":[],"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"name":"N","schema":"{\"type\":\"object\"}"}}}},"requestMetadata":{"a":"b"},"serviceTier":{"type":"flex"}}`, "output.strict",
	},
	{
		"prompt",
		llm.Request{Prompt: llm.JSON(`["go on"]`), Suffix: llm.JSON(`"s"`)},
		`{"messages":[{"role":"user","content":[{"text":"go on"}]}]}`, "suffix",
	},
	{
		"cache",
		llm.Request{Messages: []llm.Message{says(llm.System, llm.Part{Kind: llm.Text, Text: llm.JSON(`"s"`), Cache: &llm.Cache{TTL: "1h"}}), says(llm.User, llm.Part{Kind: llm.Text, Text: llm.JSON(`"a"`), Cache: &llm.Cache{}})}},
		`{"system":[{"text":"s"},{"cachePoint":{"type":"default","ttl":"1h"}}],"messages":[{"role":"user","content":[{"text":"a"},{"cachePoint":{"type":"default"}}]}]}`, "",
	},
}

func TestForeignRequests(t *testing.T) {
	for _, c := range foreign {
		t.Run(c.name, func(t *testing.T) {
			got, notes := encodeRequest(t, &c.r)
			sameJSON(t, c.name, []byte(got), []byte(c.want))
			if noted(notes) != c.notes {
				t.Errorf("notes: %s\nwant %s", noted(notes), c.notes)
			}
		})
	}
}

func TestImpossibleRequests(t *testing.T) {
	for want, r := range map[string]llm.Request{
		"system prompts are unsupported for model 'amazon.titan-text-express-v1": {Model: "amazon.titan-text-express-v1", Messages: []llm.Message{says(llm.Developer, text("s"))}},
		"prompt: must be one text": {Prompt: llm.JSON(`["a","b"]`)},
	} {
		out, err := provider.EncodeRequest([]byte("kept"), &r, nil)
		if _, ok := err.(*wire.Invalid); !ok || err.Error() != want || string(out) != "kept" {
			t.Errorf("%v, %q; want %s", err, out, want)
		}
	}
}

// A thought that changed after the question was read is told anew.
func TestChangedReasoning(t *testing.T) {
	r := decodeRequest(t, anyPath, `{"messages":[],"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":4000},"top_k":5,"x":1}}`)
	r.Reasoning.Budget = llm.JSON("2000")
	got, _ := encodeRequest(t, r)
	sameJSON(t, "changed", []byte(got), []byte(`{"messages":[],"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2000},"top_k":5,"x":1}}`))
}

func TestChangedText(t *testing.T) {
	r := decodeRequest(t, anyPath, `{"messages":[{"role":"user","content":[{"guardContent":{"text":{"text":"secret"}}}]}]}`)
	r.Messages[0].Parts[0].Text = llm.JSON(`"***"`)
	got, _ := encodeRequest(t, r)
	sameJSON(t, "changed", []byte(got), []byte(`{"messages":[{"role":"user","content":[{"text":"***"}]}]}`))
}

func TestForeignAnswer(t *testing.T) {
	a := llm.Response{
		ID: "x", Model: "m", Usage: llm.Usage{Prompt: 10, Completion: 5, Total: -1, Details: &llm.UsageDetails{CachedPrompt: 3, CacheWrite: 4, CacheWriteHour: 1}},
		Choices: []llm.Choice{{
			Parts: []llm.Part{
				{Kind: llm.Thinking, Text: llm.JSON(`"hm"`)},
				{Kind: llm.Text, Text: llm.JSON(`"a"`), Citations: []llm.Citation{{URL: llm.JSON(`"https://x"`), Title: llm.JSON(`"t"`), Quote: llm.JSON(`"q"`)}}},
				{Kind: llm.Refusal, Text: llm.JSON(`"no"`)},
				call("c", "f", ""),
			},
			Finish: llm.FinishTools, Reason: "tool_calls",
		}, {Parts: []llm.Part{text("second")}}},
	}
	sameJSON(t, "answer", client.EncodeResponse(nil, &a, &llm.Request{}), []byte(`{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm"}}},
	{"citationsContent":{"citations":[{"title":"t","location":{"web":{"url":"https://x"}},"sourceContent":[{"text":"q"}]}],"content":[{"text":"a"}]}},{"text":"no"},{"toolUse":{"toolUseId":"c","name":"f","input":{}}}]}},
	"stopReason":"tool_use","usage":{"inputTokens":3,"outputTokens":5,"totalTokens":15,"cacheReadInputTokens":3,"cacheWriteInputTokens":4,"cacheDetails":[{"ttl":"1h","inputTokens":1},{"ttl":"5m","inputTokens":3}]},"metrics":{"latencyMs":0}}`))
}

func TestStopReasons(t *testing.T) {
	for _, c := range []struct {
		finish llm.Finish
		reason string
		stop   llm.JSON
		want   string
	}{
		{llm.FinishStop, "stop", nil, "end_turn"},
		{llm.FinishStop, "stop", llm.JSON(`"x"`), "stop_sequence"},
		{llm.FinishLength, "length", nil, "max_tokens"},
		{llm.FinishFilter, "content_filter", nil, "content_filtered"},
		{llm.FinishFilter, "guardrail_intervened", nil, "guardrail_intervened"},
		{llm.FinishRefusal, "", nil, "content_filtered"},
		{llm.FinishError, "", nil, "end_turn"},
		{llm.Unfinished, "", nil, "end_turn"},
	} {
		a := llm.Response{Choices: []llm.Choice{{Finish: c.finish, Reason: c.reason, StopSequence: c.stop}}}
		if got := string(client.EncodeResponse(nil, &a, &llm.Request{})); !strings.Contains(got, `"stopReason":"`+c.want+`"`) {
			t.Errorf("%d %s: %s", c.finish, c.reason, got)
		}
	}
}
