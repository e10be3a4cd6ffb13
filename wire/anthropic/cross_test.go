package anthropic_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/anthropic"
)

func say(role llm.Role, text string) llm.Message {
	return llm.Message{Role: role, Plain: true, Parts: []llm.Part{{Text: wire.Quote(text)}}}
}

func callOf(id, name, args string) llm.Part {
	return llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: id, Name: name, Args: []byte(args)}}
}

func resultOf(id, text string) llm.Part {
	return llm.Part{Kind: llm.ToolResult, Result: &llm.Result{ID: id, Plain: true, Parts: []llm.Part{{Text: wire.Quote(text)}}}}
}

// sums is the conversation that most vectors use.
func sums(change func(*llm.Request)) *llm.Request {
	r := &llm.Request{Model: "claude-2.1", Messages: []llm.Message{
		say(llm.System, "You are a mathematician."), say(llm.User, "1 + 1"), say(llm.Assistant, "2"),
		say(llm.User, "3 + 3"), say(llm.Assistant, "6"), say(llm.User, "12 + 12"),
	}}
	if change != nil {
		change(r)
	}
	return r
}

const sumsMessages = `[{"role":"user","content":"1 + 1"},{"role":"assistant","content":"2"},{"role":"user","content":"3 + 3"},{"role":"assistant","content":"6"},{"role":"user","content":"12 + 12"}]`

var tool = llm.Tool{Name: "check_stock", Description: llm.JSON(`"d"`), Schema: llm.JSON(`{"type":"object"}`)}

func TestQuestionsOfOtherFormats(t *testing.T) {
	hello := []llm.Message{say(llm.User, "x")}
	const x = `"messages":[{"role":"user","content":"x"}]`
	for _, v := range []struct {
		name string
		r    *llm.Request
		want string // a body, or members of one
		note []string
	}{
		{"a conversation", sums(func(r *llm.Request) {
			r.Sampling.MaxTokens, r.Sampling.Temperature = llm.JSON("512"), llm.JSON("0.5")
		}), `{"model":"claude-2.1","stream":false,"max_tokens":512,"temperature":0.5,"system":"You are a mathematician.","messages":` + sumsMessages + `}`, nil},
		{"no limit", sums(func(r *llm.Request) { r.Stream = true }), `{"model":"claude-2.1","stream":true,"max_tokens":4096,"system":"You are a mathematician.","messages":` + sumsMessages + `}`, nil},
		{"instructions in the middle", &llm.Request{Messages: []llm.Message{say(llm.System, "a"), say(llm.User, "x"), say(llm.Developer, "b\"")}}, `{"system":"a\n\nb\"",` + x + `}`, nil},
		{"instructions in parts", &llm.Request{Messages: []llm.Message{{Role: llm.System, Parts: []llm.Part{{Text: llm.JSON(`"a"`)}, {Kind: llm.Image}}}, say(llm.System, "b"), say(llm.User, "x")}}, `{"system":[{"type":"text","text":"a"},{"type":"text","text":"b"}],` + x + `}`, []string{"messages[0].parts[1]"}},
		{"two of one role stay two", &llm.Request{Messages: []llm.Message{say(llm.User, "x"), say(llm.User, "y")}}, `{"messages":[{"role":"user","content":"x"},{"role":"user","content":"y"}]}`, nil},
		{"a prompt", &llm.Request{Prompt: llm.JSON(`"x"`), Suffix: llm.JSON(`"y"`)}, `{` + x + `}`, []string{"suffix"}},
		{"a prompt in an array", &llm.Request{Prompt: llm.JSON(`["x"]`)}, `{` + x + `}`, nil},
		{"calls and results", &llm.Request{Tools: []llm.Tool{tool}, Messages: []llm.Message{
			{Role: llm.Assistant, Parts: []llm.Part{{Text: llm.JSON(`""`)}, callOf("call_1", "check_stock", `{"a":1}`), callOf("functions.f:0", "check_stock", "")}},
			{Role: llm.ToolRole, Parts: []llm.Part{resultOf("call_1", "3")}},
			{Role: llm.ToolRole, Parts: []llm.Part{{Kind: llm.ToolResult, Result: &llm.Result{ID: "functions.f:0", Value: llm.JSON(`{"n":4}`), Failed: true}}}},
			say(llm.User, "x"),
		}}, `{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"check_stock","input":{"a":1}},{"type":"tool_use","id":"toolu_xZnVuY3Rpb25zLmY6MA","name":"check_stock","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"3"},{"type":"tool_result","tool_use_id":"toolu_xZnVuY3Rpb25zLmY6MA","content":"{\"n\":4}","is_error":true}]},{"role":"user","content":"x"}],"tools":[{"name":"check_stock","description":"d","input_schema":{"type":"object"}}]}`, nil},
		{"results come first", &llm.Request{Messages: []llm.Message{{Parts: []llm.Part{{Text: llm.JSON(`"x"`)}, resultOf("a", "b")}}}}, `{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"b"},{"type":"text","text":"x"}]}]}`, nil},
		{"arguments cut short", &llm.Request{Messages: []llm.Message{{Role: llm.Assistant, Parts: []llm.Part{callOf("a", "b", `{"x`), callOf("c", "d", `[1]`)}}}}, `{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b","input":{"_raw":"{\"x"}},{"type":"tool_use","id":"c","name":"d","input":{"_raw":"[1]"}}]}]}`, []string{"messages[0].parts[0].args~", "messages[0].parts[1].args~"}},
		{"thoughts", &llm.Request{Messages: []llm.Message{{Role: llm.Assistant, Parts: []llm.Part{
			{Kind: llm.Thinking, Text: llm.JSON(`""`)},
			{Kind: llm.Thinking, Text: llm.JSON(`"unsigned"`)},
			{Kind: llm.Thinking, Text: llm.JSON(`"t"`), Signature: llm.JSON(`"S"`), SignedBy: llm.Anthropic},
			{Kind: llm.Thinking, Text: llm.JSON(`"u"`), Signature: llm.JSON(`"S"`), SignedBy: llm.Gemini},
			{Kind: llm.Redacted, Signature: llm.JSON(`"R"`), SignedBy: llm.Anthropic},
			{Kind: llm.Redacted, Signature: llm.JSON(`"R"`), SignedBy: llm.OpenAIResponses},
			{Kind: llm.Refusal, Text: llm.JSON(`"no"`)},
		}}}}, `{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"S"},{"type":"redacted_thinking","data":"R"},{"type":"text","text":"no"}]}]}`, []string{"messages[0].parts[1]", "messages[0].parts[3]", "messages[0].parts[5]", "messages[0].parts[6]~"}},
		{"empty messages", &llm.Request{Messages: []llm.Message{say(llm.User, ""), {Role: llm.Assistant}, say(llm.User, "x")}}, `{` + x + `}`, []string{"messages[0]", "messages[1]"}},
		{"media", &llm.Request{Messages: []llm.Message{{Parts: []llm.Part{
			{Kind: llm.Image, Media: &llm.Media{URL: llm.JSON(`"https://e.com/a.png"`), Detail: "low"}, Cache: &llm.Cache{TTL: "24h"}},
			{Kind: llm.Image, Media: &llm.Media{URL: llm.JSON(`"data:image/gif;base64,R0lGOD"`)}},
			{Kind: llm.Image, Media: &llm.Media{Data: []byte("/9j/4AAQ")}},
			{Kind: llm.Image, Media: &llm.Media{File: llm.JSON(`"file-1"`)}},
			{Kind: llm.Image, Media: &llm.Media{URL: llm.JSON(`"gs://b/o"`)}},
			{Kind: llm.Document, Media: &llm.Media{MIME: "application/pdf", Data: []byte("JVBERi0"), Name: llm.JSON(`"a.pdf"`)}},
			{Kind: llm.Document, Media: &llm.Media{MIME: "text/csv", Data: []byte("YSxi")}},
			{Kind: llm.Document, Media: &llm.Media{MIME: "application/msword", Data: []byte("YSxi")}},
			{Kind: llm.Audio, Media: &llm.Media{Data: []byte("YSxi")}},
			{Kind: llm.Opaque, Raw: llm.JSON(`{}`), Extra: llm.Extra{From: llm.Gemini}},
		}}}}, `{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://e.com/a.png"},"cache_control":{"type":"ephemeral"}},{"type":"image","source":{"type":"base64","media_type":"image/gif","data":"R0lGOD"}},{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"/9j/4AAQ"}},{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0"},"title":"a.pdf"},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a,b"}}]}]}`, []string{"messages[0].parts[0].detail", "messages[0].parts[3]", "messages[0].parts[4]", "messages[0].parts[7]", "messages[0].parts[8]", "messages[0].parts[9]"}},
		{"tools", &llm.Request{Messages: hello, Choice: llm.ToolChoice{Mode: llm.ChoiceNamed, Name: "check_stock"}, Parallel: llm.JSON("false"), Tools: []llm.Tool{
			{Name: "a", Strict: llm.JSON("false")}, {Name: "b", Strict: llm.JSON("true"), Cache: &llm.Cache{TTL: "1h"}}, {Name: "c", Custom: true}, {Raw: llm.JSON(`{"type":"file_search"}`), From: llm.OpenAIResponses},
		}}, `{` + x + `,"tools":[{"name":"a","input_schema":{"type":"object"}},{"name":"b","input_schema":{"type":"object"},"strict":true,"cache_control":{"type":"ephemeral","ttl":"1h"}},{"name":"c","input_schema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}}],"tool_choice":{"type":"tool","name":"check_stock","disable_parallel_tool_use":true}}`, []string{"tools[2].custom~", "tools[3]"}},
		{"some tools", &llm.Request{Messages: hello, Choice: llm.ToolChoice{Mode: llm.ChoiceAny, Allowed: []string{"check_stock"}}, Tools: []llm.Tool{{Name: "a"}, tool}}, `{` + x + `,"tools":[{"name":"check_stock","description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"}}`, []string{"tools[0]", "choice.allowed~"}},
		{"one call at a time", &llm.Request{Messages: hello, Parallel: llm.JSON("false"), Tools: []llm.Tool{tool}}, `{` + x + `,"tools":[{"name":"check_stock","description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}`, nil},
		{"no tools at all", &llm.Request{Messages: hello, Choice: llm.ToolChoice{Mode: llm.ChoiceNone}, Parallel: llm.JSON("true")}, `{` + x + `}`, nil},
		{"sampling", &llm.Request{Messages: hello, Sampling: llm.Sampling{
			Temperature: llm.JSON("1.5"), TopP: llm.JSON("0.9"), TopK: llm.JSON("3"), Stop: []llm.JSON{llm.JSON(`"\n"`), llm.JSON(`"x"`)}, Seed: llm.JSON("1"), N: llm.JSON("2"),
			MinP: llm.JSON("1"), FrequencyPenalty: llm.JSON("1"), PresencePenalty: llm.JSON("1"), RepeatPenalty: llm.JSON("1.1"), LogitBias: llm.JSON(`{"5":1}`), Logprobs: llm.JSON("true"), TopLogprobs: llm.JSON("1"),
		}}, `{` + x + `,"temperature":1,"top_p":0.9,"top_k":3,"stop_sequences":["x"]}`, []string{"sampling.min_p", "sampling.frequency_penalty", "sampling.presence_penalty", "sampling.repeat_penalty", "sampling.seed", "sampling.logit_bias", "sampling.logprobs", "sampling.top_logprobs", "sampling.n", "sampling.temperature~", "sampling.stop"}},
		{"sampling of newer models", &llm.Request{Model: "claude-opus-4-7", Messages: hello, Sampling: llm.Sampling{Temperature: llm.JSON("1"), TopP: llm.JSON("1"), TopK: llm.JSON("1")}}, `{"model":"claude-opus-4-7",` + x + `}`, []string{"sampling.temperature", "sampling.top_p", "sampling.top_k"}},
		{"format", &llm.Request{Messages: hello, Output: llm.Output{Kind: llm.OutputSchema, Name: "n", Schema: llm.JSON(`{"type":"object"}`), Verbosity: "low"}}, `{` + x + `,"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}`, []string{"output.verbosity"}},
		{"any JSON", &llm.Request{Messages: hello, Output: llm.Output{Kind: llm.OutputJSON}}, `{` + x + `}`, []string{"output.kind"}},
		{"who asks", &llm.Request{Messages: hello, User: llm.JSON(`"u"`), ServiceTier: llm.JSON(`"default"`), Metadata: llm.JSON(`{"a":"b"}`)}, `{` + x + `,"metadata":{"user_id":"u"},"service_tier":"standard_only"}`, []string{"metadata"}},
		{"a tier", &llm.Request{Messages: hello, ServiceTier: llm.JSON(`"priority"`)}, `{` + x + `,"service_tier":"auto"}`, []string{"service_tier~"}},
		{"another tier", &llm.Request{Messages: hello, ServiceTier: llm.JSON(`"flex"`)}, `{` + x + `}`, []string{"service_tier"}},
		{"what only others know", &llm.Request{Extra: llm.Extra{From: llm.OpenAIChat, Members: []llm.Member{{Name: "store", Value: llm.JSON("true")}, {Name: "audio", Value: llm.JSON("null")}}}, Messages: []llm.Message{
			{Plain: true, Name: llm.JSON(`"n"`), Parts: []llm.Part{{Text: llm.JSON(`"x"`)}}},
			{Role: llm.Assistant, Parts: []llm.Part{{Text: llm.JSON(`"y"`), Citations: []llm.Citation{{URL: llm.JSON(`"https://e.com"`), From: llm.OpenAIChat}}}}},
		}}, `{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"text","text":"y"}]}]}`, []string{"store", "messages[0].name", "messages[1].parts[0].citations"}},
	} {
		t.Run(v.name, func(t *testing.T) {
			var n wire.Notes
			out, err := anthropic.New().Provider.EncodeRequest(nil, v.r, &n)
			if err != nil {
				t.Fatal(err)
			}
			want := v.want
			if !strings.Contains(want, `"model"`) {
				want = `{"model":"",` + want[1:]
			}
			if !strings.Contains(want, `"max_tokens"`) {
				limit := "4096"
				if strings.Contains(want, "claude-opus-4") {
					limit = "16384"
				}
				want = `{"max_tokens":` + limit + `,"stream":false,` + want[1:]
			}
			sameJSON(t, out, []byte(want))
			if got := notes(&n); !slices.Equal(got, v.note) {
				t.Errorf("notes %q", got)
			}
		})
	}
}

func TestSeveralPromptsCannotBePut(t *testing.T) {
	for _, prompt := range []string{`["a","b"]`, `[1,2]`, `[]`} {
		_, err := anthropic.New().Provider.EncodeRequest(nil, &llm.Request{Prompt: llm.JSON(prompt)}, nil)
		if _, ok := err.(*wire.Invalid); !ok {
			t.Errorf("%s: %v", prompt, err)
		}
	}
}

func TestEffortsOfOtherFormats(t *testing.T) {
	named := llm.ToolChoice{Mode: llm.ChoiceNamed, Name: "check_stock"}
	answered := []llm.Message{{Role: llm.Assistant, Parts: []llm.Part{callOf("a", "b", "{}")}}, {Role: llm.ToolRole, Parts: []llm.Part{resultOf("a", "c")}}}
	thought := llm.Part{Kind: llm.Thinking, Text: llm.JSON(`""`), Signature: llm.JSON(`"S"`), SignedBy: llm.Anthropic}
	signed := []llm.Message{{Role: llm.Assistant, Parts: []llm.Part{thought, answered[0].Parts[0]}}, answered[1]}
	budget := func(n string) string { return `{"type":"enabled","budget_tokens":` + n + `}` }
	for _, v := range []struct {
		name                    string
		r                       llm.Request
		thinking, limit, effort string
	}{
		{"low", llm.Request{Reasoning: llm.Reasoning{Effort: "low"}}, budget("1024"), "5120", ""},
		{"medium", llm.Request{Reasoning: llm.Reasoning{Effort: "medium"}}, budget("4096"), "8192", ""},
		{"high", llm.Request{Reasoning: llm.Reasoning{Effort: "high"}}, budget("16384"), "20480", ""},
		{"none", llm.Request{Reasoning: llm.Reasoning{Effort: "none"}}, "", "4096", ""},
		{"off", llm.Request{Reasoning: llm.Reasoning{Off: true}}, "", "4096", ""},
		{"on", llm.Request{Reasoning: llm.Reasoning{On: true}}, budget("4096"), "8192", ""},
		{"budget", llm.Request{Reasoning: llm.Reasoning{Budget: llm.JSON("2000")}}, budget("2000"), "6096", ""},
		{"small budget", llm.Request{Reasoning: llm.Reasoning{Budget: llm.JSON("100")}}, budget("1024"), "5120", ""},
		{"the model's own budget", llm.Request{Reasoning: llm.Reasoning{On: true, Budget: llm.JSON("-1")}}, budget("4096"), "8192", ""},
		{"no budget", llm.Request{Reasoning: llm.Reasoning{Budget: llm.JSON("0")}}, "", "4096", ""},
		{"within the limit", llm.Request{Reasoning: llm.Reasoning{Effort: "high"}, Sampling: llm.Sampling{MaxTokens: llm.JSON("20000")}}, budget("16384"), "20000", ""},
		{"beyond the limit", llm.Request{Reasoning: llm.Reasoning{Effort: "high"}, Sampling: llm.Sampling{MaxTokens: llm.JSON("2000")}}, budget("1500"), "2000", ""},
		{"no room", llm.Request{Reasoning: llm.Reasoning{Effort: "high"}, Sampling: llm.Sampling{MaxTokens: llm.JSON("1024")}}, "", "1024", ""},
		{"a forced tool", llm.Request{Reasoning: llm.Reasoning{Effort: "high"}, Choice: named, Tools: []llm.Tool{tool}}, "", "4096", ""},
		{"calls without thoughts", llm.Request{Reasoning: llm.Reasoning{Effort: "low"}, Messages: answered}, "", "4096", ""},
		{"calls with thoughts", llm.Request{Reasoning: llm.Reasoning{Effort: "low"}, Messages: signed}, budget("1024"), "5120", ""},
		{"calls of an earlier turn", llm.Request{Reasoning: llm.Reasoning{Effort: "low"}, Messages: append(slices.Clone(answered), say(llm.User, "x"))}, budget("1024"), "5120", ""},
		{"adaptive", llm.Request{Model: "claude-opus-4-7", Reasoning: llm.Reasoning{Effort: "high", Show: true}}, `{"type":"adaptive","display":"summarized"}`, "16384", `"high"`},
		{"adaptive minimal", llm.Request{Model: "us.anthropic.claude-sonnet-5-20260101-v1:0", Reasoning: llm.Reasoning{Effort: "minimal"}}, `{"type":"adaptive"}`, "16384", `"low"`},
		{"dated", llm.Request{Model: "claude-opus-4-20250514", Reasoning: llm.Reasoning{Effort: "low"}}, budget("1024"), "5120", ""},
		{"4.6", llm.Request{Model: "claude-opus-4-6", Reasoning: llm.Reasoning{Effort: "low"}}, budget("1024"), "5120", ""},
		{"older", llm.Request{Model: "claude-3-7-sonnet-20250219", Reasoning: llm.Reasoning{Effort: "low"}}, budget("1024"), "5120", ""},
		{"fable", llm.Request{Model: "claude-fable-5", Reasoning: llm.Reasoning{Effort: "max"}}, `{"type":"adaptive"}`, "16384", `"max"`},
	} {
		out := encode(t, anthropic.New(), &v.r)
		if got := wire.Get(out, "thinking"); string(got) != v.thinking {
			t.Errorf("%s: thinking %s", v.name, got)
		}
		if got := wire.Get(out, "max_tokens"); string(got) != v.limit {
			t.Errorf("%s: max_tokens %s", v.name, got)
		}
		if got := wire.Get(out, "output_config", "effort"); string(got) != v.effort {
			t.Errorf("%s: effort %s", v.name, got)
		}
	}
	out := encode(t, anthropic.New(), &llm.Request{Reasoning: llm.Reasoning{On: true}, Sampling: llm.Sampling{Temperature: llm.JSON("0.2"), TopK: llm.JSON("2"), TopP: llm.JSON("0.5")}})
	if s := string(out); strings.Contains(s, "temperature") || strings.Contains(s, "top_k") || strings.Contains(s, "top_p") {
		t.Errorf("thinking with %s", s)
	}
}

func foreignAnswer() llm.Response {
	usage := llm.NoUsage()
	usage.Prompt, usage.Completion, usage.ServiceTier = 100, 20, "default"
	d := llm.NoDetails()
	d.CachedPrompt, d.Reasoning = 60, 5
	usage.Details = &d
	call := callOf("call_1", "f", `{"a":1}`)
	call.Signature, call.SignedBy = llm.JSON(`"G"`), llm.Gemini
	return llm.Response{ID: "chatcmpl-1", Model: "gpt", Usage: usage, Choices: []llm.Choice{{Finish: llm.FinishTools, Reason: "tool_calls", Parts: []llm.Part{
		{Kind: llm.Thinking, Text: llm.JSON(`"unsigned"`)},
		{Kind: llm.Thinking, Text: llm.JSON(`"t"`), Signature: llm.JSON(`"S"`), SignedBy: llm.Gemini},
		{Kind: llm.Redacted, Signature: llm.JSON(`"R"`), SignedBy: llm.OpenAIResponses},
		{Text: llm.JSON(`"so"`), Citations: []llm.Citation{{URL: llm.JSON(`"https://e.com"`), Quote: llm.JSON(`"q"`), From: llm.OpenAIChat}}},
		call,
	}}, {Index: 1}}}
}

func TestAnswersOfOtherFormats(t *testing.T) {
	a := foreignAnswer()
	out := anthropic.New().Client.EncodeResponse(nil, &a, nil)
	wellFormed(t, out)
	if got := wire.Get(out, "usage"); string(got) != `{"input_tokens":40,"cache_read_input_tokens":60,"output_tokens":20,"output_tokens_details":{"thinking_tokens":5},"service_tier":"standard"}` {
		t.Errorf("usage %s", got)
	}
	for _, part := range []string{
		`"id":"chatcmpl-1","type":"message","role":"assistant","model":"gpt"`, `"stop_reason":"tool_use","stop_sequence":null`, `{"type":"thinking","thinking":"t","signature":"-sealed-`, `{"type":"redacted_thinking","data":"-sealed-`,
		`{"type":"text","text":"so","citations":[{"type":"web_search_result_location","cited_text":"q","url":"https://e.com","title":null,"encrypted_index":""}]}`, `{"type":"tool_use","id":"call_1-sealed-`, `"name":"f","input":{"a":1}}`,
	} {
		if !strings.Contains(string(out), part) {
			t.Errorf("no %s in %s", part, out)
		}
	}
	comesBack(t, string(wire.Get(out, "content")), a.Choices[0].Parts)
}

// comesBack checks that proofs of other providers are found in what a client
// sends back, and do not go to Anthropic.
func comesBack(t *testing.T, content string, sent []llm.Part) {
	t.Helper()
	var id struct{ tool string }
	parts := decode(t, `{"max_tokens":1,"messages":[{"role":"assistant","content":`+content+`}]}`).Messages[0].Parts
	if len(parts) != len(sent) {
		t.Fatalf("%d parts: %s", len(parts), show(parts))
	}
	for i := range parts {
		got, want := &parts[i], &sent[i]
		if got.Kind != want.Kind || string(got.Signature) != string(want.Signature) || got.SignedBy != want.SignedBy {
			t.Errorf("part %d: got %s, want %s", i, show(got), show(want))
		}
		if got.Call != nil {
			id.tool = got.Call.ID
		}
	}
	if id.tool != "call_1" {
		t.Errorf("id %q", id.tool)
	}
	r := decode(t, `{"max_tokens":1,"messages":[{"role":"assistant","content":`+content+`}]}`)
	if out := string(encode(t, anthropic.New(), &r)); strings.Contains(out, "sealed") || strings.Contains(out, "thinking") {
		t.Errorf("to Anthropic: %s", out)
	}
}

func TestASealedIDIsOpened(t *testing.T) {
	id := wire.SealID("call_1", []wire.Proof{{By: llm.Anthropic, Kind: llm.Thinking, Signature: llm.JSON(`"S"`)}, {By: llm.Gemini, Kind: llm.ToolCall, Signature: llm.JSON(`"G"`)}})
	r := decode(t, `{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"`+id+`","name":"n","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"`+id+`"}]}]}`)
	if call := r.Messages[0].Parts[1]; string(call.Signature) != `"G"` || call.SignedBy != llm.Gemini {
		t.Errorf("call %s", show(call))
	}
	sameJSON(t, encode(t, anthropic.New(), &r), []byte(`{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"S"},{"type":"tool_use","id":"call_1","name":"n","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1"}]}]}`))
}

func foreignStream() []llm.Event {
	usage := llm.NoUsage()
	usage.Prompt, usage.Completion = 10, 5
	a := foreignAnswer().Choices[0].Parts
	return []llm.Event{
		{Kind: llm.EventStart, ID: "chatcmpl-1", Model: "gpt"},
		{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Thinking}},
		{Kind: llm.EventDelta, Text: a[0].Text},
		{Kind: llm.EventPartEnd},
		{Kind: llm.EventPart, Index: 1, Part: llm.Part{Kind: llm.Thinking, SignedBy: llm.Gemini}},
		{Kind: llm.EventDelta, Index: 1, Text: a[1].Text},
		{Kind: llm.EventSign, Index: 1, Text: a[1].Signature},
		{Kind: llm.EventPartEnd, Index: 1},
		{Kind: llm.EventPart, Index: 2, Part: llm.Part{Kind: llm.Redacted, SignedBy: llm.OpenAIResponses}},
		{Kind: llm.EventSign, Index: 2, Text: a[2].Signature},
		{Kind: llm.EventPartEnd, Index: 2},
		{Kind: llm.EventPart, Index: 3, Part: llm.Part{Kind: llm.Audio}},
		{Kind: llm.EventDelta, Index: 3, Text: llm.JSON(`"x"`)},
		{Kind: llm.EventDelta, Index: 4, Text: a[3].Text},
		{Kind: llm.EventCite, Index: 4, Citation: a[3].Citations[0]},
		{Kind: llm.EventLogprobs, Text: llm.JSON(`{}`)},
		{Kind: llm.EventDelta, Choice: 1, Text: llm.JSON(`"other"`)},
		{Kind: llm.EventPart, Index: 5, Part: llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "call_1", Name: "f"}}},
		{Kind: llm.EventDelta, Index: 5, Text: llm.JSON(`"{\"a\":1}"`)},
		{Kind: llm.EventSign, Index: 5, Text: llm.JSON(`"G"`), Part: llm.Part{SignedBy: llm.Gemini}},
		{Kind: llm.EventFinish, Finish: llm.FinishStop, Reason: "stop"},
		{Kind: llm.EventUsage, Usage: usage},
		{Kind: llm.EventEnd},
	}
}

func TestStreamsOfOtherFormats(t *testing.T) {
	out := relay(anthropic.New().Client.NewStream(nil), foreignStream())
	events, err := feed(anthropic.New().Provider.NewStream(), messages(out))
	if err != nil {
		t.Fatal(err)
	}
	checkOrder(t, events)
	got := transcript(events)
	if got.ID != "chatcmpl-1" || got.Model != "gpt" || got.Finish != llm.FinishTools || got.Prompt != 10 || got.Answer != 5 || len(got.Parts) != 6 {
		t.Errorf("transcript %s", show(got))
	}
	blocks := []string{}
	for _, p := range got.Parts {
		switch p.Kind {
		case llm.Thinking:
			blocks = append(blocks, `{"type":"thinking","thinking":"`+p.Text+`","signature":"`+p.Sign+`"}`)
		case llm.Redacted:
			blocks = append(blocks, `{"type":"redacted_thinking","data":"`+p.Sign+`"}`)
		case llm.Text:
			blocks = append(blocks, `{"type":"text","text":"`+p.Text+`"}`)
		case llm.ToolCall:
			blocks = append(blocks, `{"type":"tool_use","id":"call_1","name":"f","input":{}}`)
		}
	}
	comesBack(t, "["+strings.Join(blocks, ",")+"]", foreignAnswer().Choices[0].Parts)
}

func TestAStreamWithLittleInIt(t *testing.T) {
	enc := anthropic.New().Client.NewStream(nil)
	if enc.ContentType() != "text/event-stream" {
		t.Error(enc.ContentType())
	}
	got := string(relay(enc, []llm.Event{
		{Kind: llm.EventPart, Part: llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "a", Name: "b", Args: []byte(`{}`)}}},
		{Kind: llm.EventEnd},
		{Kind: llm.EventDelta, Text: llm.JSON(`"late"`)},
	}))
	want := sse(
		`{"type":"message_start","message":{"id":"","type":"message","role":"assistant","model":"","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}}`,
		`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"b","input":{}}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}`,
		`{"type":"content_block_stop","index":0}`,
		`{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":0,"output_tokens":0}}`,
		`{"type":"message_stop"}`,
	)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFramesAreOneLine(t *testing.T) {
	raw := llm.JSON("{\"type\":\"x_result\",\r\n\"a\":\"b\"}")
	out := relay(anthropic.New().Client.NewStream(nil), []llm.Event{
		{Kind: llm.EventStart, Extra: llm.Extra{From: llm.Anthropic}},
		{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Opaque, Raw: raw, Extra: llm.Extra{From: llm.Anthropic}}},
	})
	for line := range strings.SplitSeq(string(out), "\n") {
		if line != "" && !strings.HasPrefix(line, "event: ") && !strings.HasPrefix(line, "data: {") || strings.Contains(line, "\r") {
			t.Errorf("line %q", line)
		}
	}
}
