package bedrock_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/bedrock"
)

var invoke bedrock.Invoke

func ask(model string) *llm.Request {
	return &llm.Request{
		Model: model,
		Messages: []llm.Message{
			says(llm.System, text("S")), says(llm.User, text("U1")), says(llm.Assistant, text("A1")), says(llm.User, text("U2")),
		},
		Sampling: llm.Sampling{MaxTokens: llm.JSON("9"), Temperature: llm.JSON("0.5"), TopP: llm.JSON("1"), TopK: llm.JSON("4"), Stop: []llm.JSON{llm.JSON(`"x"`)}},
	}
}

func TestInvokeRequests(t *testing.T) {
	for _, c := range []struct{ model, want, notes string }{
		{"amazon.titan-text-lite-v1", `{"inputText":"S\nUser: U1\nBot: A1\nUser: U2\nBot:","textGenerationConfig":{"maxTokenCount":9,"temperature":0.5,"topP":1,"stopSequences":["x"]}}`, "sampling.top_k"},
		{"meta.llama2-13b-chat-v1", `{"prompt":"<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nU1 [/INST] A1 </s><s>[INST] U2 [/INST]","max_gen_len":9,"temperature":0.5,"top_p":1}`, "sampling.top_k, sampling.stop"},
		{
			"us.meta.llama3-1-8b-instruct-v1:0",
			`{"prompt":"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nU1<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nA1<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nU2<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n","max_gen_len":9,"temperature":0.5,"top_p":1}`,
			"sampling.top_k, sampling.stop",
		},
		{
			"meta.llama4-scout-17b-instruct-v1:0",
			`{"prompt":"<|begin_of_text|><|header_start|>system<|header_end|>\n\nS<|eot|><|header_start|>user<|header_end|>\n\nU1<|eot|><|header_start|>assistant<|header_end|>\n\nA1<|eot|><|header_start|>user<|header_end|>\n\nU2<|eot|><|header_start|>assistant<|header_end|>\n\n","max_gen_len":9,"temperature":0.5,"top_p":1}`,
			"sampling.top_k, sampling.stop",
		},
		{"cohere.command-text-v14", `{"prompt":"S\nUser: U1\nChatbot: A1\nUser: U2\nChatbot:","max_tokens":9,"temperature":0.5,"p":1,"k":4,"stop_sequences":["x"]}`, ""},
		{"cohere.command-r-plus-v1:0", `{"message":"U2","chat_history":[{"role":"USER","message":"U1"},{"role":"CHATBOT","message":"A1"}],"preamble":"S","max_tokens":9,"temperature":0.5,"p":1,"k":4,"stop_sequences":["x"]}`, ""},
		{"mistral.mistral-7b-instruct-v0:2", `{"prompt":"<s>[INST] S\n\nU1 [/INST] A1</s>[INST] U2 [/INST]","max_tokens":9,"temperature":0.5,"top_p":1,"top_k":4,"stop":["x"]}`, ""},
		{
			"mistral.mistral-large-2407-v1:0",
			`{"messages":[{"role":"system","content":"S"},{"role":"user","content":"U1"},{"role":"assistant","content":"A1"},{"role":"user","content":"U2"}],"max_tokens":9,"temperature":0.5,"top_p":1}`, "sampling.top_k, sampling.stop",
		},
		{"ai21.j2-ultra-v1", `{"prompt":"S\nUser: U1\nAssistant: A1\nUser: U2\nAssistant:","maxTokens":9,"temperature":0.5,"topP":1,"stopSequences":["x"]}`, "sampling.top_k"},
		{
			"ai21.jamba-1-5-mini-v1:0",
			`{"messages":[{"role":"system","content":"S"},{"role":"user","content":"U1"},{"role":"assistant","content":"A1"},{"role":"user","content":"U2"}],"max_tokens":9,"temperature":0.5,"top_p":1,"stop":["x"]}`, "sampling.top_k",
		},
		{
			"us.amazon.nova-pro-v1:0",
			`{"schemaVersion":"messages-v1","system":[{"text":"S"}],"messages":[{"role":"user","content":[{"text":"U1"}]},{"role":"assistant","content":[{"text":"A1"}]},{"role":"user","content":[{"text":"U2"}]}],"inferenceConfig":{"maxTokens":9,"temperature":0.5,"topP":1,"topK":4,"stopSequences":["x"]}}`, "",
		},
		{"anthropic.claude-v2:1", `{"prompt":"S\n\nHuman: U1\n\nAssistant: A1\n\nHuman: U2\n\nAssistant:","max_tokens_to_sample":9,"temperature":0.5,"top_p":1,"top_k":4,"stop_sequences":["x"]}`, ""},
	} {
		t.Run(c.model, func(t *testing.T) {
			var n wire.Notes
			got, err := invoke.EncodeRequest(nil, ask(c.model), &n)
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, c.model, got, []byte(c.want))
			if noted(n.List()) != c.notes {
				t.Errorf("notes: %s", noted(n.List()))
			}
		})
	}
}

func TestInvokePrompt(t *testing.T) {
	for model, want := range map[string]string{
		"anthropic.claude-instant-v1": `{"prompt":"\n\nHuman: go\n\nAssistant:","max_tokens_to_sample":4096}`,
		"cohere.command-text-v14":     `{"prompt":"go","stream":true}`,
		"cohere.command-r-v1:0":       `{"message":"go"}`,
		"amazon.titan-text-lite-v1":   `{"inputText":"go","textGenerationConfig":{}}`,
		"ai21.jamba-instruct-v1:0":    `{"messages":[{"role":"user","content":"go"}]}`,
		"amazon.nova-lite-v1:0":       `{"schemaVersion":"messages-v1","messages":[{"role":"user","content":[{"text":"go"}]}]}`,
	} {
		got, err := invoke.EncodeRequest(nil, &llm.Request{Model: model, Stream: true, Prompt: llm.JSON(`"go"`)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		sameJSON(t, model, got, []byte(want))
	}
}

func TestInvokeTools(t *testing.T) {
	r := &llm.Request{
		Model: "ai21.jamba-1-5-large-v1:0",
		Messages: []llm.Message{
			says(llm.User, text("q"), image("image/png", "aGk=")),
			says(llm.Assistant, call("c", "f", `{"a":1}`)),
			says(llm.ToolRole, result("c", text("r")), llm.Part{Kind: llm.ToolResult, Result: &llm.Result{ID: "d", Value: llm.JSON("7")}}),
		},
		Tools:  []llm.Tool{{Name: "f", Description: llm.JSON(`"d"`)}, {Name: "c", Custom: true}},
		Choice: llm.ToolChoice{Mode: llm.ChoiceAny},
	}
	var n wire.Notes
	got, err := invoke.EncodeRequest(nil, r, &n)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, "jamba", got, []byte(`{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
	{"role":"tool","tool_call_id":"c","content":"r"},{"role":"tool","tool_call_id":"d","content":"7"}],"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{}}}}],"tool_choice":"required"}`))
	if noted(n.List()) != "messages[0].parts[1], tools[1]" {
		t.Error(noted(n.List()))
	}
	r.Model = "meta.llama3-8b-instruct-v1:0"
	n.Reset()
	if _, err := invoke.EncodeRequest(nil, r, &n); err != nil || noted(n.List()) != "messages[0].parts[1], messages[1].parts[0], messages[2].parts[0], messages[2].parts[1], tools" {
		t.Error(err, noted(n.List()))
	}
}

func TestInvokeUnknown(t *testing.T) {
	for _, model := range []string{"anthropic.claude-3-haiku-20240307-v1:0", "us.anthropic.claude-sonnet-4", "stability.sd3", ""} {
		_, err := invoke.EncodeRequest(nil, &llm.Request{Model: model}, nil)
		if _, ok := err.(*wire.Invalid); !ok || !strings.Contains(err.Error(), model) {
			t.Errorf("%s: %v", model, err)
		}
	}
	for _, body := range []string{`{"type":"message","content":[]}`, `{"embedding":[1]}`, `{"message":"no"}`, `[]`} {
		var a llm.Response
		if err := invoke.DecodeResponse(&a, []byte(body)); err == nil {
			t.Errorf("%s accepted", body)
		}
	}
}

func TestInvokeAnswers(t *testing.T) {
	for _, c := range []struct {
		body, text         string
		finish             llm.Finish
		prompt, completion int64
	}{
		{`{"inputTextTokenCount":5,"results":[{"tokenCount":10,"outputText":"a","completionReason":"LENGTH"}]}`, `"a"`, llm.FinishLength, 5, 10},
		{`{"generation":"a","prompt_token_count":3,"generation_token_count":4,"stop_reason":"stop"}`, `"a"`, llm.FinishStop, 3, 4},
		{`{"id":"i","generations":[{"id":"g","text":"a","finish_reason":"MAX_TOKENS"}],"prompt":"p"}`, `"a"`, llm.FinishLength, -1, -1},
		{`{"response_id":"r","text":"a","generation_id":"g","chat_history":[],"finish_reason":"COMPLETE"}`, `"a"`, llm.FinishStop, -1, -1},
		{`{"outputs":[{"text":"a","stop_reason":"length"}]}`, `"a"`, llm.FinishLength, -1, -1},
		{`{"choices":[{"index":0,"message":{"role":"assistant","content":"a"},"stop_reason":"stop"}]}`, `"a"`, llm.FinishStop, -1, -1},
		{`{"id":"i","choices":[{"index":0,"message":{"role":"assistant","content":"a","tool_calls":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":17,"completion_tokens":8,"total_tokens":25}}`, `"a"`, llm.FinishStop, 17, 8},
		{`{"id":1234,"prompt":{"text":"p","tokens":[1,2]},"completions":[{"data":{"text":"a","tokens":[1]},"finishReason":{"reason":"endoftext"}}]}`, `"a"`, llm.FinishStop, 2, 1},
		{`{"output":{"message":{"content":[{"text":"a"}],"role":"assistant"}},"stopReason":"max_tokens","usage":{"inputTokens":1,"outputTokens":2,"cacheReadInputTokenCount":3}}`, `"a"`, llm.FinishLength, 4, 2},
		{`{"completion":"a","stop_reason":"stop_sequence","stop":"\n\nHuman:"}`, `"a"`, llm.FinishStop, -1, -1},
	} {
		var a llm.Response
		if err := invoke.DecodeResponse(&a, []byte(c.body)); err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		ch := a.Choices[0]
		if string(ch.Parts[0].Text) != c.text || ch.Finish != c.finish || a.Usage.Prompt != c.prompt || a.Usage.Completion != c.completion {
			t.Errorf("%s: %+v, %+v", c.body, ch, a.Usage)
		}
	}
}

func TestInvokeCalls(t *testing.T) {
	var a llm.Response
	body := `{"id":"r","choices":[{"index":0,"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"x","function":{"name":"g","arguments":{"b":2}}}]},"finish_reason":"tool_calls"}]}`
	if err := invoke.DecodeResponse(&a, []byte(body)); err != nil {
		t.Fatal(err)
	}
	p := a.Choices[0].Parts
	if len(p) != 2 || p[0].Call.ID != "call_r_0" || string(p[0].Call.Args) != `{"a":1}` || p[1].Call.ID != "x" || string(p[1].Call.Args) != `{"b":2}` || a.Choices[0].Finish != llm.FinishTools {
		t.Errorf("%+v", p)
	}
}

// chunks wraps lines as a stream of InvokeModel does.
func chunks(lines string) []wire.Message {
	var out []wire.Message
	for line := range strings.Lines(strings.TrimSpace(lines)) {
		data := `{"bytes":"` + base64.StdEncoding.EncodeToString([]byte(line)) + `","p":"abc"}`
		out = append(out, wire.Message{Name: "chunk", Data: []byte(data)})
	}
	return out
}

// invoked decodes messages, copying what is told.
func invoked(t testing.TB, in []wire.Message) (string, []llm.Event, error) {
	t.Helper()
	d := invoke.NewStream()
	var out []llm.Event
	var told []string
	for _, m := range in {
		list, err := d.Decode(nil, m)
		if err != nil {
			return "", nil, err
		}
		if len(list) > 0 {
			told = append(told, short(list))
		}
		out = append(out, list...)
	}
	list, err := d.End(nil)
	return strings.Join(append(told, short(list)), "\n"), append(out, list...), err
}

const counted = `"amazon-bedrock-invocationMetrics":{"inputTokenCount":9,"outputTokenCount":4,"invocationLatency":1,"firstByteLatency":1}`

var replyStreams = []struct{ name, in, want string }{
	{"titan", `{"outputText":"a","index":0,"totalOutputTextTokenCount":4,"completionReason":"FINISH","inputTextTokenCount":9,` + counted + `}`, "start\npart text\ndelta \"a\"\npartend\nfinish FINISH\nusage\nend"},
	{"llama", `{"generation":"a","prompt_token_count":9,"generation_token_count":1,"stop_reason":null}
	{"generation":"","prompt_token_count":null,"generation_token_count":4,"stop_reason":"stop",` + counted + `}`, "start\npart text\ndelta \"a\"\npartend\nfinish stop\nusage\nend"},
	{"llama uncounted", `{"generation":"a","prompt_token_count":9,"generation_token_count":1,"stop_reason":null}
	{"generation":"b","prompt_token_count":null,"generation_token_count":4,"stop_reason":"length"}`, "start\npart text\ndelta \"a\"\ndelta \"b\"\npartend\nfinish length\nusage\nend"},
	{"command", `{"is_finished":false,"text":"a"}
	{"finish_reason":"MAX_TOKENS","is_finished":true,` + counted + `}`, "start\npart text\ndelta \"a\"\npartend\nfinish MAX_TOKENS\nusage\nend"},
	{"command r", `{"is_finished":false,"event_type":"stream-start","generation_id":"g"}
	{"is_finished":false,"event_type":"text-generation","text":"a"}
	{"is_finished":true,"event_type":"stream-end","response":{"text":"a","finish_reason":"COMPLETE"},` + counted + `}`, "start\npart text\ndelta \"a\"\npartend\nfinish COMPLETE\nusage\nend"},
	{"mistral", `{"outputs":[{"text":"a","stop_reason":null}]}
	{"outputs":[{"text":"","stop_reason":"stop"}],` + counted + `}`, "start\npart text\ndelta \"a\"\npartend\nfinish stop\nusage\nend"},
	{"jamba", `{"id":"i","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":{"prompt_tokens":9,"completion_tokens":0}}
	{"id":"i","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}
	{"id":"i","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{"}}]},"finish_reason":null}]}
	{"id":"i","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]},"finish_reason":"tool_calls"}]}
	{` + counted + `}`, "start\npart text\ndelta \"a\"\npartend\npart call call_i_1 f\ndelta \"{\"\ndelta \"}\"\npartend\nfinish tool_calls\nusage\nend"},
	{"nova", `{"messageStart":{"role":"assistant"}}
	{"contentBlockDelta":{"delta":{"text":"a"},"contentBlockIndex":0},"amazon-bedrock-guardrailAction":"NONE"}
	{"contentBlockStop":{"contentBlockIndex":0}}
	{"messageStop":{"stopReason":"end_turn"}}
	{"metadata":{"usage":{"inputTokens":9,"outputTokens":4},"metrics":{}},` + counted + `}`, "start\npart text\ndelta \"a\"\npartend\nfinish end_turn\nusage\nend"},
	{"claude", `{"completion":"a","stop_reason":null,"stop":null}
	{"completion":"","stop_reason":"stop_sequence","stop":"x",` + counted + `}`, "start\npart text\ndelta \"a\"\npartend\nfinish stop_sequence\nusage\nend"},
}

func TestInvokeStreams(t *testing.T) {
	for _, c := range replyStreams {
		t.Run(c.name, func(t *testing.T) {
			got, list, err := invoked(t, chunks(c.in))
			if err != nil || got != c.want {
				t.Errorf("%v\n%s\nwant\n%s", err, got, c.want)
			}
			checkOrder(t, list)
			for _, ev := range list {
				if ev.Kind == llm.EventUsage && (ev.Usage.Prompt != 9 || ev.Usage.Completion != 4 || ev.Usage.Total != 13) {
					t.Errorf("usage %+v", ev.Usage)
				}
			}
		})
	}
}

func TestInvokeBrokenStreams(t *testing.T) {
	for name, in := range map[string][]wire.Message{
		"cut":         chunks(`{"generation":"a","stop_reason":null}`),
		"messages":    chunks(`{"type":"message_start","message":{}}`),
		"no JSON":     chunks(`{"generation":`),
		"no base64":   {{Name: "chunk", Data: []byte(`{"bytes":"%"}`)}},
		"no wrapping": {{Name: "chunk", Data: []byte(`x`)}},
		"nothing":     {},
	} {
		if got, _, err := invoked(t, in); err == nil {
			t.Errorf("%s: %s", name, got)
		}
	}
	got, _, err := invoked(t, []wire.Message{{Name: "modelStreamErrorException", Data: []byte(`{"message":"m"}`)}})
	if err != nil || !strings.HasPrefix(got, "error ModelStreamErrorException m") {
		t.Errorf("%s, %v", got, err)
	}
}

// notOurs are the recordings of models whose bodies another format reads, or
// which do not answer in words.
func notOurs(x *exchange) bool {
	body := string(x.body())
	return strings.Contains(body, `"embedding`) || strings.Contains(body, `"relevance_score"`) || strings.Contains(body, `"type":"message"`) || strings.Contains(body, `"type": "message"`) ||
		strings.Contains(string(x.Request.Body), `"anthropic_version"`)
}

func TestInvokeCorpus(t *testing.T) {
	answers, streams, errs, others := 0, 0, 0, 0
	for _, x := range corpus(t, "bedrock.invoke") {
		t.Run(x.ID, func(t *testing.T) {
			switch {
			case x.Response.Status != 200:
				errs++
				if e := invoke.DecodeError(x.Response.Status, x.header, x.body()); e.Message == "" || e.Type == "" {
					t.Errorf("%+v", e)
				}
			case notOurs(&x):
				others++
			case x.Response.StreamFile != "":
				list := x.stream(t)
				_, got, err := invoked(t, list)
				if err != nil && strings.Contains(err.Error(), "Anthropic's Messages") {
					others++
					return
				}
				streams++
				if err != nil {
					t.Fatal(err)
				}
				checkOrder(t, got)
				if s := short(got); !strings.Contains(s, "finish ") || !strings.Contains(s, "usage") {
					t.Error(s)
				}
			default:
				answers++
				invokeAnswer(t, &x)
			}
		})
	}
	t.Logf("%d answers, %d streams, %d errors; %d of other formats", answers, streams, errs, others)
}

func invokeAnswer(t *testing.T, x *exchange) {
	t.Helper()
	var a llm.Response
	if err := invoke.DecodeResponse(&a, x.body()); err != nil {
		t.Fatalf("%v: %.300s", err, x.body())
	}
	if len(a.Choices) == 0 || len(a.Choices[0].Parts) == 0 || a.Choices[0].Finish == llm.Unfinished {
		t.Errorf("%+v", a)
	}
}

func FuzzInvokeResponse(f *testing.F) {
	f.Add([]byte(`{"id":"r","choices":[{"index":0,"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}]}`))
	f.Add([]byte(`{"id":1234,"prompt":{"text":"p","tokens":[1,2]},"completions":[{"data":{"text":"a","tokens":[1]},"finishReason":{"reason":"endoftext"}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var a llm.Response
		if err := invoke.DecodeResponse(&a, body); err != nil && a.Choices != nil {
			t.Errorf("an answer and an error: %s", body)
		}
	})
}

func FuzzInvokeStream(f *testing.F) {
	for _, s := range replyStreams {
		f.Add(s.in)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		_, list, err := invoked(t, chunks(lines))
		if err == nil && list[len(list)-1].Kind == llm.EventEnd && !strings.Contains(lines, `"index"`) {
			checkOrder(t, list)
		}
	})
}
