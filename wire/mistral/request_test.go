package mistral_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func js(s string) llm.JSON { return llm.JSON(s) }

// What is asked in this format is written again as it was.
// https://docs.mistral.ai/api/endpoint/chat
func TestRequestsStayAsTheyAre(t *testing.T) {
	for name, body := range map[string]string{
		"everything": `{"model":"m","temperature":0.3,"top_p":1,"max_tokens":10,"min_tokens":1,"stream":true,"stop":["a","b"],"random_seed":7,
			"metadata":{"a":"b"},"presence_penalty":1,"frequency_penalty":-1,"n":2,"prediction":{"type":"content","content":"x"},
			"parallel_tool_calls":false,"prompt_mode":"reasoning","reasoning_effort":"high","safe_prompt":true,"service_tier":"standard_only",
			"guardrails":[{"block_on_error":true}],"prompt_cache_key":"k","messages":[{"role":"user","content":"hi"}]}`,
		"nulls":         `{"model":"m","temperature":null,"stop":null,"tools":null,"tool_choice":null,"response_format":null,"prompt_mode":null,"stream":false,"messages":[{"role":"assistant","content":null,"tool_calls":null,"prefix":false}]}`,
		"one stop":      `{"model":"m","stop":"x","messages":[]}`,
		"odd stop":      `{"model":"m","stop":["x",1],"messages":[]}`,
		"no stop":       `{"model":"m","stop":[],"messages":[]}`,
		"text":          `{"model":"m","response_format":{"type":"text","json_schema":null},"messages":[]}`,
		"object":        `{"model":"m","response_format":{"type":"json_object"},"messages":[]}`,
		"odd output":    `{"model":"m","response_format":{"type":"xml"},"messages":[]}`,
		"schema":        `{"model":"m","response_format":{"type":"json_schema","json_schema":{"name":"a","description":"d","schema":{"type":"object"},"strict":true}},"messages":[]}`,
		"choices any":   `{"model":"m","tool_choice":"any","tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{},"strict":false}}],"messages":[]}`,
		"choice named":  `{"model":"m","tool_choice":{"type":"function","function":{"name":"f"}},"tools":[{"function":{"name":"f"}}],"messages":[]}`,
		"own tools":     `{"model":"m","tools":[{"type":"web_search"},{"type":"document_library","library_ids":["a"]}],"messages":[]}`,
		"no tools":      `{"model":"m","tools":[],"messages":[]}`,
		"roles":         `{"model":"m","messages":[{"role":"user","content":"a"},{"role":"system","content":[{"type":"text","text":"b"}]},{"role":"developer","content":""},{"role":"user","name":"x","content":[]}]}`,
		"prefix":        `{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","prefix":true}]}`,
		"no prefix":     `{"model":"m","messages":[{"role":"assistant","content":"b"}]}`,
		"images":        `{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":"https://e.com/a.png"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},{"type":"image_url","image_url":{"url":"data:image/png;charset=x;base64,AAAA","detail":null}}]}]}`,
		"odd data":      `{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":"data:image/png;base64,a\"},{\"b"},{"type":"image_url","image_url":"DATA:;BASE64,AAAA"},{"type":"image_url","image_url":{}}]}]}`,
		"documents":     `{"model":"m","messages":[{"role":"user","content":[{"type":"document_url","document_url":"https://e.com/a.pdf","document_name":"a"},{"type":"document_url","document_url":"data:application/pdf;base64,AAAA","document_name":null},{"type":"file","file_id":"f"}]}]}`,
		"sounds":        `{"model":"m","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":"AAAA"},{"type":"input_audio","input_audio":"https://e.com/a.mp3"},{"type":"input_audio","input_audio":"data:audio/wav;base64,AAAA"},{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav","x":1}},{"type":"input_audio","input_audio":{"data":"A A"}}]}]}`,
		"thoughts":      `{"model":"m","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"t"}],"closed":true,"signature":"s"},{"type":"text","text":"a"}]}]}`,
		"many thoughts": `{"model":"m","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"t"},{"type":"reference","reference_ids":[1,"b"]},{"type":"text","text":"u"}],"signature":null},{"type":"thinking","thinking":[]},{"type":"thinking","thinking":"t"},{"type":"thinking","thinking":[{"type":"text","text":"t","x":1}]}]}]}`,
		"references":    `{"model":"m","messages":[{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"reference","reference_ids":[0]},{"type":"later","x":1},"bare"]}]}`,
		"calls":         `{"model":"m","messages":[{"role":"assistant","content":"","tool_calls":[{"id":"D681PevKs","type":"function","function":{"name":"f","arguments":"{\"a\":1}"},"index":0},{"id":"null","function":{"name":"g","arguments":{"a":1}}},{"type":null,"function":{"name":"h","arguments":""}},{"function":{}}]},{"role":"tool","tool_call_id":"D681PevKs","name":"f","content":"r"},{"role":"tool","tool_call_id":null,"name":"","content":[{"type":"text","text":"r"}]},{"role":"tool","content":null}]}`,
		"foreign ids":   `{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"chatcmpl-tool-9f149c74c42f265b","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"chatcmpl-tool-9f149c74c42f265b","content":"r"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, notes := encoded(t, decoded(t, body))
			same(t, got, body)
			if notes != nil {
				t.Errorf("notes: %v", notes)
			}
		})
	}
}

func TestRequestIsUnderstood(t *testing.T) {
	r := decoded(t, `{"model":"m","random_seed":7,"prompt_mode":"reasoning","stream":true,"tools":[{"type":"function","function":{"name":"f","parameters":{"a":1}}},{"type":"web_search"}],"tool_choice":"any","messages":[
		{"role":"user","content":[{"type":"image_url","image_url":"data:image/png;base64,AAAA"},{"type":"document_url","document_url":"https://e.com/a.pdf","document_name":"a"},{"type":"input_audio","input_audio":"AAAA"}]},
		{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"signature":"s"},{"type":"text","text":"c"}],"tool_calls":[{"id":"D681PevKs","function":{"name":"f","arguments":"{}"}}]},
		{"role":"tool","tool_call_id":"D681PevKs","name":"f","content":"r"}]}`)
	if !r.Stream || !r.IncludeUsage || string(r.Sampling.Seed) != "7" || !r.Reasoning.On || r.Choice.Mode != llm.ChoiceAny {
		t.Errorf("got %+v", r)
	}
	if len(r.Tools) != 2 || r.Tools[0].Name != "f" || string(r.Tools[0].Schema) != `{"a":1}` || r.Tools[1].Raw == nil {
		t.Errorf("tools: %+v", r.Tools)
	}
	media := r.Messages[0].Parts
	if media[0].Media.MIME != "image/png" || string(media[0].Media.Data) != "AAAA" || string(media[1].Media.Name) != `"a"` || media[2].Kind != llm.Audio || string(media[2].Media.Data) != "AAAA" {
		t.Errorf("media: %+v", media)
	}
	said := r.Messages[1].Parts
	if said[0].Kind != llm.Thinking || string(said[0].Text) != `"ab"` || string(said[0].Signature) != `"s"` || said[0].SignedBy != llm.Mistral || said[2].Call.Name != "f" {
		t.Errorf("said: %+v", said)
	}
	res := r.Messages[2].Parts[0].Result
	if res.ID != "D681PevKs" || res.Name != "f" || !res.Plain || string(res.Parts[0].Text) != `"r"` {
		t.Errorf("result: %+v", res)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	for body, field := range map[string]string{
		`[]`:                                  "",
		`{"model":"m"}`:                       "messages",
		`{"messages":{}}`:                     "messages",
		`{"messages":[1]}`:                    "messages[0]",
		`{"messages":[{"role":"x"}]}`:         "messages[0].role",
		`{"messages":[{}]}`:                   "messages[0].role",
		`{"messages":[],"messages":[]}`:       "",
		`{"messages":[{"role":"user"},null]}`: "messages[1]",
	} {
		var r llm.Request
		err := client.DecodeRequest(&r, wire.Question{Body: []byte(body)})
		if err == nil || !strings.HasPrefix(err.Error(), field) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func text(s string) llm.Part { return llm.Part{Kind: llm.Text, Text: wire.Quote(s)} }

func says(role llm.Role, parts ...llm.Part) llm.Message { return llm.Message{Role: role, Parts: parts} }

// What other formats ask becomes the nearest thing.
func TestForeignRequests(t *testing.T) {
	ask := says(llm.User, text("hi"))
	call := func(id string) llm.Part {
		return llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: id, Name: "f", Args: []byte(`{"a":1}`)}, Signature: js(`"s"`), SignedBy: llm.Gemini}
	}
	result := func(id string) llm.Part {
		return llm.Part{Kind: llm.ToolResult, Result: &llm.Result{ID: id, Parts: []llm.Part{text("r")}}}
	}
	for _, c := range []struct {
		name  string
		r     llm.Request
		want  string
		notes []string
	}{
		{
			"sampling",
			llm.Request{Model: "m", Stream: true, IncludeUsage: true, Messages: []llm.Message{ask}, User: js(`"u"`), ServiceTier: js(`"flex"`), Sampling: llm.Sampling{
				MaxTokens: js("1"), Temperature: js("2"), TopP: js("0.5"), TopK: js("3"), MinP: js("0.1"), RepeatPenalty: js("1.1"), Seed: js("5"), N: js("2"),
				FrequencyPenalty: js("1"), PresencePenalty: js("1"), Stop: []llm.JSON{js(`"x"`)}, LogitBias: js(`{"5":1}`), Logprobs: js("true"), TopLogprobs: js("2"),
			}},
			`{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"max_tokens":1,"temperature":1.5,"top_p":0.5,"random_seed":5,"n":2,"frequency_penalty":1,"presence_penalty":1,"stop":["x"]}`,
			[]string{"sampling.temperature", "sampling.top_k", "sampling.min_p", "sampling.repeat_penalty", "sampling.logit_bias", "sampling.logprobs", "sampling.top_logprobs", "service_tier", "user"},
		},
		{"prompt", llm.Request{Model: "m", Prompt: js(`["hi"]`), Suffix: js(`"s"`)}, `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, []string{"suffix"}},
		{
			"roles",
			llm.Request{Messages: []llm.Message{says(llm.Developer, text("d")), {Role: llm.User, Name: js(`"n"`), Parts: []llm.Part{text("a"), text("b")}}, says(llm.System, text("s"), llm.Part{Kind: llm.Image, Media: &llm.Media{URL: js(`"u"`)}})}},
			`{"messages":[{"role":"system","content":"d"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"system","content":"s"}]}`,
			[]string{"messages[1].name", "messages[2].parts[1]"},
		},
		{"ids", llm.Request{Messages: []llm.Message{
			says(llm.Assistant, call("toolu_1"), call("D681PevKs")), says(llm.User, result("toolu_1"), result("D681PevKs"), text("go on")),
		}}, `{"messages":[{"role":"assistant","content":"","tool_calls":[{"id":"NOI2alsva","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"D681PevKs","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
			{"role":"tool","tool_call_id":"NOI2alsva","content":"r"},{"role":"tool","tool_call_id":"D681PevKs","content":"r"},{"role":"user","content":"go on"}]}`, nil},
		{
			"prefix",
			llm.Request{Messages: []llm.Message{ask, says(llm.Assistant, text("so"))}},
			`{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"so","prefix":true}]}`, nil,
		},
		{
			"empty answers",
			llm.Request{Messages: []llm.Message{says(llm.Assistant, text("")), says(llm.User)}},
			`{"messages":[{"role":"user","content":""}]}`,
			[]string{"messages[0]"},
		},
		{
			"thoughts",
			llm.Request{Reasoning: llm.Reasoning{On: true}, Messages: []llm.Message{
				says(llm.Assistant, llm.Part{Kind: llm.Thinking, Text: js(`"t"`), Signature: js(`"s"`), SignedBy: llm.Anthropic}, llm.Part{Kind: llm.Redacted, Text: js(`""`)}, text("a")), ask,
			}},
			`{"reasoning_effort":"high","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"t"}]},{"type":"text","text":"a"}]},{"role":"user","content":"hi"}]}`,
			[]string{"messages[0].parts[1]", "reasoning"},
		},
		{
			"thoughts unasked",
			llm.Request{Messages: []llm.Message{
				says(llm.Assistant, llm.Part{Kind: llm.Thinking, Text: js(`"t"`)}, llm.Part{Kind: llm.Thinking, Text: js(`"u"`), Signature: js(`"s"`), SignedBy: llm.Mistral}, text("a")), ask,
			}},
			`{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"u"}],"signature":"s"},{"type":"text","text":"a"}]},{"role":"user","content":"hi"}]}`,
			[]string{"messages[0].parts[0]"},
		},
		{"effort", llm.Request{Reasoning: llm.Reasoning{Effort: "low", On: true}, Messages: []llm.Message{ask}}, `{"reasoning_effort":"high","messages":[{"role":"user","content":"hi"}]}`, []string{"reasoning"}},
		{"no effort", llm.Request{Reasoning: llm.Reasoning{Effort: "none", Off: true}, Messages: []llm.Message{ask}}, `{"reasoning_effort":"none","messages":[{"role":"user","content":"hi"}]}`, nil},
		{"off", llm.Request{Reasoning: llm.Reasoning{Off: true}, Messages: []llm.Message{ask}}, `{"messages":[{"role":"user","content":"hi"}]}`, nil},
		{
			"output",
			llm.Request{Messages: []llm.Message{ask}, Output: llm.Output{Kind: llm.OutputSchema, Schema: js(`{"a":1}`), Strict: js("true"), Verbosity: "low"}},
			`{"messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"a":1},"strict":true}}}`,
			[]string{"output.verbosity"},
		},
		{
			"tools",
			llm.Request{Messages: []llm.Message{ask}, Parallel: js("false"), Choice: llm.ToolChoice{Mode: llm.ChoiceAny, Allowed: []string{"f", "c"}}, Tools: []llm.Tool{
				{Name: "f", Description: js(`"d"`), Strict: js("true")}, {Name: "g"}, {Name: "c", Custom: true}, {Name: "web", Raw: js(`{}`), From: llm.Anthropic},
			}},
			`{"messages":[{"role":"user","content":"hi"}],"parallel_tool_calls":false,"tool_choice":"any","tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{}},"strict":true}},
			{"type":"function","function":{"name":"c","parameters":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}}}]}`,
			[]string{"choice.allowed", "tools[2].custom", "tools[3] (web)"},
		},
		{
			"named",
			llm.Request{Messages: []llm.Message{ask}, Choice: llm.ToolChoice{Mode: llm.ChoiceNamed, Name: "f"}, Tools: []llm.Tool{{Name: "f", Schema: js("{}")}}},
			`{"messages":[{"role":"user","content":"hi"}],"tool_choice":{"type":"function","function":{"name":"f"}},"tools":[{"type":"function","function":{"name":"f","parameters":{}}}]}`, nil,
		},
		{
			"media",
			llm.Request{Messages: []llm.Message{says(llm.User,
				llm.Part{Kind: llm.Image, Media: &llm.Media{MIME: "image/png", Data: []byte("AAAA"), Detail: "high"}},
				llm.Part{Kind: llm.Audio, Media: &llm.Media{MIME: "audio/wav", Data: []byte("AAAA")}},
				llm.Part{Kind: llm.Document, Media: &llm.Media{MIME: "application/pdf", Data: []byte("AAAA"), Title: js(`"t"`), Context: js(`"c"`)}},
				llm.Part{Kind: llm.Document, Media: &llm.Media{Text: js(`"plain"`)}},
				llm.Part{Kind: llm.Document, Media: &llm.Media{File: js(`"file-1"`)}},
				llm.Part{Kind: llm.Video, Media: &llm.Media{URL: js(`"u"`)}},
				llm.Part{Kind: llm.Image, Media: &llm.Media{MIME: "image/png", Data: []byte(`a"},{"b`)}, Cache: &llm.Cache{}},
			)}},
			`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"high"}},{"type":"input_audio","input_audio":"AAAA"},
			{"type":"document_url","document_url":"data:application/pdf;base64,AAAA","document_name":"t"},{"type":"text","text":"plain"},{"type":"image_url","image_url":{"url":"data:image/png;base64,a\"},{\"b"}}]}]}`,
			[]string{"messages[0].parts[2].context", "messages[0].parts[3]", "messages[0].parts[4]", "messages[0].parts[5]", "messages[0].parts[6].cache"},
		},
		{
			"results",
			llm.Request{Messages: []llm.Message{says(llm.ToolRole,
				llm.Part{Kind: llm.ToolResult, Result: &llm.Result{ID: "aaaaaaaaa", Name: "f", Value: js(`{"a":1}`), Failed: true}},
				llm.Part{Kind: llm.ToolResult, Result: &llm.Result{ID: "bbbbbbbbb", Parts: []llm.Part{{Kind: llm.Image, Media: &llm.Media{URL: js(`"u"`)}}}}},
				llm.Part{Kind: llm.ToolResult, Result: &llm.Result{ID: "ccccccccc"}},
			)}},
			`{"messages":[{"role":"tool","tool_call_id":"aaaaaaaaa","name":"f","content":"{\"a\":1}"},{"role":"tool","tool_call_id":"bbbbbbbbb","content":[{"type":"image_url","image_url":{"url":"u"}}]},{"role":"tool","tool_call_id":"ccccccccc","content":""}]}`,
			[]string{"messages[0].parts[0].failed"},
		},
		{
			"calls",
			llm.Request{Messages: []llm.Message{says(llm.Assistant,
				llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "aaaaaaaaa", Name: "f"}},
				llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "bbbbbbbbb", Name: "c", Custom: true, Args: []byte(`x"y`)}},
				llm.Part{Kind: llm.Refusal, Text: js(`"no"`)},
			)}},
			`{"messages":[{"role":"assistant","content":"no","tool_calls":[{"id":"aaaaaaaaa","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"bbbbbbbbb","type":"function","function":{"name":"c","arguments":"{\"input\":\"x\\\"y\"}"}}]}]}`,
			[]string{"messages[0].parts[2]"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, notes := encoded(t, &c.r)
			same(t, body, c.want)
			if !reflect.DeepEqual(notes, c.notes) {
				t.Errorf("notes %q\nwant  %q", notes, c.notes)
			}
		})
	}
}

// Callers of OpenAI's format add what only this service knows to their
// questions.
func TestMembersThatOpenAICallersAdd(t *testing.T) {
	from := func(members ...llm.Member) llm.Extra { return llm.Extra{From: llm.OpenAIChat, Members: members} }
	r := llm.Request{
		Sampling: llm.Sampling{Seed: js("1")},
		Extra: from(llm.Member{Name: "safe_prompt", Value: js("true")}, llm.Member{Name: "random_seed", Value: js("2")},
			llm.Member{Name: "prompt_cache_key", Value: js("null")}, llm.Member{Name: "store", Value: js("true")}),
		Tools: []llm.Tool{{Name: "web_search", Raw: js(`{"type":"web_search"}`), From: llm.OpenAIChat}},
		Messages: []llm.Message{
			{Parts: []llm.Part{
				{Kind: llm.Opaque, Raw: js(`{"type":"document_url","document_url":"u"}`), Extra: from()},
				{Kind: llm.Opaque, Raw: js(`{"type":"other"}`), Extra: from()},
			}},
			{Role: llm.Assistant, Parts: []llm.Part{text("a")}, Extra: from(llm.Member{Name: "prefix", Value: js("true")}, llm.Member{Name: "x", Value: js("1")})},
		},
	}
	body, notes := encoded(t, &r)
	same(t, body, `{"safe_prompt":true,"random_seed":2,"tools":[{"type":"web_search"}],"messages":[{"role":"user","content":[{"type":"document_url","document_url":"u"}]},{"role":"assistant","content":"a","prefix":true}]}`)
	if want := []string{"messages[0].parts[1]", "messages[1].x", "store"}; !reflect.DeepEqual(notes, want) {
		t.Errorf("notes %q", notes)
	}
}

func TestPromptOfSeveralTexts(t *testing.T) {
	if _, err := service.EncodeRequest(nil, &llm.Request{Prompt: js(`["a","b"]`)}, nil); err == nil {
		t.Error("a chat has one question")
	}
}
