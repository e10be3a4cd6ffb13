package openairesponses_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/openairesponses"
)

// What is decoded and encoded again is the same JSON value.
func TestRequestIsKept(t *testing.T) {
	for name, body := range map[string]string{
		"string":       `{"model":"gpt-5","input":"Hello"}`,
		"instructions": `{"model":"gpt-5","instructions":"Be short.","input":"Hello","stream":true}`,
		"nulls":        `{"model":null,"input":null,"instructions":null,"stream":false,"tools":null,"tool_choice":null,"temperature":null,"reasoning":null,"text":null,"metadata":null,"user":null,"include":null,"parallel_tool_calls":null}`,
		"empty":        `{"input":[],"tools":[],"reasoning":{},"text":{},"include":[]}`,
		"no input":     `{"model":"gpt-5","prompt":{"id":"pmpt_1","version":"2","variables":{"a":"b"}},"previous_response_id":"resp_1"}`,
		"items": `{"model":"m","input":[{"role":"user","content":"a"},{"type":"message","role":"user","content":"b"},
			{"role":"developer","content":[{"type":"input_text","text":"c"}]},{"type":"message","role":"system","content":"d","status":"completed","id":"msg_0"},
			{"role":"user","content":"a","phase":null},{"role":"user","content":[]},{"role":"user","content":null},{"role":"critic","content":"x"}]}`,
		"assistant": `{"model":"m","input":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},
			{"type":"message","id":"msg_1","status":"completed","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"c","annotations":[],"logprobs":[]},{"type":"refusal","refusal":"no"}]},
			{"type":"message","id":"msg_2","role":"assistant","phase":"final_answer","content":[{"type":"output_text","text":"d"},{"type":"output_text","text":"e","annotations":[{"type":"url_citation","url":"https://x","title":"X","start_index":1,"end_index":4}]}]},
			{"role":"assistant","content":[{"type":"input_text","text":"odd"}]},
			{"role":"assistant","content":[]}]}`,
		"reasoning": `{"model":"m","store":false,"include":["reasoning.encrypted_content"],"input":[{"role":"user","content":"a"},
			{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"one"},{"type":"summary_text","text":"two"}],"encrypted_content":"gAAA"},
			{"type":"reasoning","summary":[],"encrypted_content":"gBBB"},
			{"type":"reasoning","summary":[{"type":"summary_text","text":"s"}],"encrypted_content":null},
			{"type":"reasoning","id":"rs_2","summary":[],"content":[{"type":"reasoning_text","text":"deep"}],"status":"completed"},
			{"type":"reasoning","id":"rs_3","summary":[]},
			{"type":"reasoning","summary":[{"type":"summary_text","text":"alone"}]},
			{"type":"function_call","call_id":"call_1","name":"f","arguments":"{\"a\":1}"},
			{"type":"function_call","id":"fc_2","call_id":"call_2","name":"g","arguments":"","status":"completed","namespace":"n"},
			{"type":"function_call_output","call_id":"call_1","output":"12"},
			{"type":"function_call_output","id":"fco","status":"completed","call_id":"call_2","output":[{"type":"input_text","text":"t"},{"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"low"},{"type":"input_file","file_id":"file-1"}]}]}`,
		"custom": `{"model":"m","input":[{"type":"custom_tool_call","call_id":"c","name":"apply_patch","input":"*** Begin\n"},{"type":"custom_tool_call_output","call_id":"c","output":"ok"},
			{"type":"custom_tool_call_output","call_id":"c","output":[{"type":"input_text","text":"ok"}]}],
			"tools":[{"type":"custom","name":"apply_patch","description":"d","format":{"type":"grammar","syntax":"lark","definition":"start: x"}},{"type":"local_shell"},{"type":"web_search","search_context_size":"low"},
			{"type":"function","name":"f","description":null,"parameters":null,"strict":null},{"type":"function","name":"g","parameters":{"type":"object"},"strict":true,"defer_loading":true}],
			"tool_choice":{"type":"custom","name":"apply_patch"}}`,
		"hosted": `{"model":"m","input":[{"type":"item_reference","id":"msg_9"},{"id":"rs_9"},{"type":"local_shell_call","id":"lsh","call_id":"c","status":"completed","action":{"type":"exec","command":["ls"]}},
			{"type":"local_shell_call_output","id":"c","output":"x"},{"type":"compaction","encrypted_content":"x"},{"type":"additional_tools","role":"developer","tools":[]},
			{"type":"function_call","call_id":"broken"},{"type":"function_call_output","call_id":"c","output":null},{"type":"reasoning","summary":"?"}]}`,
		"media": `{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"https://x/y.png","detail":"high"},{"type":"input_image","file_id":"file-2","image_url":null},
			{"type":"input_image","image_url":"data:image/png;charset=x;base64,AAAA"},{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"},{"type":"input_file","filename":"a.pdf","file_data":"AAAA"},
			{"type":"input_file","file_url":"https://x/a.pdf","detail":"low"},{"type":"input_audio","input_audio":{"data":"AAAA","format":"mp3"}},{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav","x":1}},
			{"type":"computer_screenshot","image_url":"u"},{"type":"input_image"},{"type":"input_text","text":"a","prompt_cache_breakpoint":{"mode":"explicit"}},{"type":"input_text"},{"type":"text","text":"x"}]}]}`,
		"options": `{"model":"m","input":"x","max_output_tokens":9,"temperature":0.5,"top_p":1,"top_logprobs":3,"parallel_tool_calls":false,"user":"u","service_tier":"flex","metadata":{"a":"b"},
			"truncation":"auto","store":true,"background":true,"max_tool_calls":3,"prompt_cache_key":"k","safety_identifier":"s","conversation":{"id":"conv_1"},"stream_options":{"include_obfuscation":false},"include":["message.output_text.logprobs"],
			"reasoning":{"effort":"high","summary":"detailed","context":"all_turns"},"text":{"verbosity":"low","format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true,"description":"d","x":1},"y":2},"x_new":[1]}`,
		"text":         `{"model":"m","input":"x","text":{"format":{"type":"json_object"}},"reasoning":{"effort":"none","summary":null}}`,
		"verbosity":    `{"model":"m","input":"x","text":{"format":{"type":"grammar","g":1},"verbosity":null},"tool_choice":"none"}`,
		"allowed":      `{"model":"m","input":"x","tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"},{"type":"web_search"}]}}`,
		"named":        `{"model":"m","input":"x","tool_choice":{"type":"function","name":"f"}}`,
		"hosted tool":  `{"model":"m","input":"x","tool_choice":{"type":"file_search"}}`,
		"choice":       `{"model":"m","input":"x","tool_choice":"weird"}`,
		"output order": `{"model":"m","input":[{"type":"function_call","call_id":"a","name":"f","arguments":"{}"},{"role":"user","content":"x"},{"type":"function_call_output","call_id":"a","output":""}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, notes := encode(t, decode(t, body))
			sameJSON(t, got, []byte(body))
			if len(notes) > 0 {
				t.Errorf("notes %v", notes)
			}
		})
	}
}

func TestRequestMeaning(t *testing.T) {
	r := decode(t, `{"model":"gpt-5","stream":true,"instructions":"I","max_output_tokens":7,"reasoning":{"effort":"low","summary":"auto"},
		"tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true},{"type":"web_search"}],"tool_choice":"required",
		"text":{"format":{"type":"json_schema","name":"n","schema":{}},"verbosity":"high"},
		"input":[{"role":"developer","content":"D"},{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,QUJD"}]},
		{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],"encrypted_content":"E"},
		{"role":"assistant","content":"T"},{"type":"function_call","call_id":"c1","name":"f","arguments":"{\"x\":1}"},{"type":"function_call","call_id":"c2","name":"f","arguments":""},
		{"type":"function_call_output","call_id":"c1","output":"1"},{"type":"function_call_output","call_id":"c2","output":"2"}]}`)
	if r.Model != "gpt-5" || !r.Stream || !r.IncludeUsage || string(r.Sampling.MaxTokens) != "7" {
		t.Errorf("%+v", r)
	}
	if g := r.Reasoning; g.Effort != "low" || !g.On || !g.Show || g.Summary != "auto" {
		t.Errorf("reasoning %+v", g)
	}
	if o := r.Output; o.Kind != llm.OutputSchema || o.Name != "n" || o.Verbosity != "high" || string(o.Schema) != "{}" {
		t.Errorf("output %+v", o)
	}
	if r.Choice.Mode != llm.ChoiceAny || len(r.Tools) != 2 || r.Tools[0].Name != "f" || r.Tools[1].Raw == nil || r.Tools[1].From != llm.OpenAIResponses {
		t.Errorf("tools %+v %+v", r.Choice, r.Tools)
	}
	roles := []llm.Role{llm.System, llm.Developer, llm.User, llm.Assistant, llm.ToolRole}
	if len(r.Messages) != len(roles) {
		t.Fatalf("%d messages", len(r.Messages))
	}
	for i, role := range roles {
		if r.Messages[i].Role != role {
			t.Errorf("message %d is of %v", i, r.Messages[i].Role)
		}
	}
	if m := r.Messages[2].Parts[0].Media; m.MIME != "image/png" || string(m.Data) != "QUJD" {
		t.Errorf("media %+v", m)
	}
	a := r.Messages[3].Parts
	if len(a) != 4 || a[0].Kind != llm.Thinking || string(a[0].Text) != `"a\n\nb"` || string(a[0].Signature) != `"E"` || a[0].SignedBy != llm.OpenAIResponses {
		t.Fatalf("assistant %+v", a)
	}
	if string(a[1].Text) != `"T"` || a[2].Call.ID != "c1" || string(a[2].Call.Args) != `{"x":1}` || len(a[3].Call.Args) != 0 {
		t.Errorf("assistant %+v", a)
	}
	if res := r.Messages[4].Parts; len(res) != 2 || res[1].Result.ID != "c2" || string(res[1].Result.Parts[0].Text) != `"2"` {
		t.Errorf("results %+v", res)
	}
}

func TestRefusedRequests(t *testing.T) {
	for body, field := range map[string]string{
		``: "", `[]`: "", `{"input":1}`: "input", `{"input":{}}`: "input", `{"input":["x"]}`: "input[0]", `{"tools":[1]}`: "tools[0]", `{"input":"a","input":"b"}`: "",
	} {
		err := client.DecodeRequest(&llm.Request{}, wire.Question{Body: []byte(body)})
		bad, ok := err.(*wire.Invalid)
		if !ok || bad.Field != field || bad.Message == "" {
			t.Errorf("%s gave %v", body, err)
		}
	}
}

func text(s string) llm.Part { return llm.Part{Kind: llm.Text, Text: wire.Quote(s)} }

func message(role llm.Role, parts ...llm.Part) llm.Message {
	return llm.Message{Role: role, Parts: parts}
}

// A question from elsewhere is put as near as the API can.
func TestForeignRequest(t *testing.T) {
	call := &llm.Call{ID: "toolu_1", Name: "f", Args: []byte(`{"x":1}`)}
	r := &llm.Request{
		Model: "gpt-5", Stream: true, User: wire.Quote("u"),
		Messages: []llm.Message{
			{Role: llm.System, Plain: true, Parts: []llm.Part{text("S")}},
			message(llm.User, text("hi"), llm.Part{Kind: llm.Image, Media: &llm.Media{MIME: "image/png", Data: []byte("QUJD")}},
				llm.Part{Kind: llm.Document, Media: &llm.Media{MIME: "application/pdf", Data: []byte("QQ=="), Title: wire.Quote("T.pdf")}},
				llm.Part{Kind: llm.Document, Media: &llm.Media{Text: wire.Quote("plain")}},
				llm.Part{Kind: llm.Video, Media: &llm.Media{}}),
			message(llm.Assistant, llm.Part{Kind: llm.Thinking, Text: wire.Quote("hm"), Signature: wire.Quote("SIG"), SignedBy: llm.Anthropic}, text("ok"), text("then"),
				llm.Part{Kind: llm.ToolCall, Call: call}),
			message(llm.ToolRole, llm.Part{Kind: llm.ToolResult, Result: &llm.Result{ID: "toolu_1", Failed: true, Parts: []llm.Part{text("boom")}}},
				llm.Part{Kind: llm.ToolResult, Result: &llm.Result{ID: "x", Value: llm.JSON(`{"a":1}`)}}),
		},
		Tools:     []llm.Tool{{Name: "f", Description: wire.Quote("d")}, {Name: "web", Raw: llm.JSON(`{}`), From: llm.Anthropic}},
		Choice:    llm.ToolChoice{Mode: llm.ChoiceNamed, Name: "f"},
		Sampling:  llm.Sampling{MaxTokens: llm.JSON("5"), TopK: llm.JSON("3"), Stop: []llm.JSON{wire.Quote("x")}, N: llm.JSON("1")},
		Reasoning: llm.Reasoning{On: true, Budget: llm.JSON("8000")},
		Output:    llm.Output{Kind: llm.OutputSchema, Schema: llm.JSON(`{"type":"object"}`)},
		Extra:     llm.Extra{From: llm.Anthropic, Members: []llm.Member{{Name: "container", Value: llm.JSON("1")}}},
	}
	body, notes := encode(t, r)
	sameJSON(t, body, []byte(`{"model":"gpt-5","stream":true,"user":"u","max_output_tokens":16,"store":false,"include":["reasoning.encrypted_content"],
		"input":[{"type":"message","role":"system","content":"S"},
		{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"},{"type":"input_image","image_url":"data:image/png;base64,QUJD"},
			{"type":"input_file","filename":"T.pdf","file_data":"data:application/pdf;base64,QQ=="},{"type":"input_text","text":"plain"}]},
		{"type":"message","role":"assistant","content":[{"type":"output_text","text":"ok"},{"type":"output_text","text":"then"}]},
		{"type":"function_call","call_id":"toolu_1","name":"f","arguments":"{\"x\":1}"},
		{"type":"function_call_output","call_id":"toolu_1","output":"boom"},{"type":"function_call_output","call_id":"x","output":"{\"a\":1}"}],
		"tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object","properties":{}},"strict":false}],
		"tool_choice":{"type":"function","name":"f"},"reasoning":{"effort":"medium"},
		"text":{"format":{"type":"json_schema","name":"response","schema":{"type":"object"}}}}`))
	for _, want := range []string{"sampling.top_k", "sampling.stop", "reasoning.budget", "sampling.max_tokens", "tools[1] (web)", "container", "messages[2].parts[0]", "messages[3].parts[0].failed", "messages[1].parts[4]"} {
		if !slices.Contains(noteNames(notes), want) {
			t.Errorf("no note of %s in %v", want, noteNames(notes))
		}
	}
}

func TestForeignCompletion(t *testing.T) {
	body, _ := encode(t, &llm.Request{Model: "m", Prompt: llm.JSON(`["once"]`), Suffix: wire.Quote("x")})
	sameJSON(t, body, []byte(`{"model":"m","input":"once","store":false}`))
	if _, err := provider.EncodeRequest(nil, &llm.Request{Prompt: llm.JSON(`["a","b"]`)}, nil); err == nil {
		t.Error("two prompts were put as one")
	}
}

func TestLongCallIDs(t *testing.T) {
	long := strings.Repeat("x", 100)
	body, _ := encode(t, &llm.Request{Messages: []llm.Message{
		message(llm.Assistant, llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: long, Name: "f"}}, llm.Part{Kind: llm.ToolCall, Call: &llm.Call{Name: "g", Custom: true}}),
		message(llm.ToolRole, llm.Part{Kind: llm.ToolResult, Result: &llm.Result{ID: long}}, llm.Part{Kind: llm.ToolResult, Result: &llm.Result{}}),
	}})
	r := decode(t, string(body))
	calls, results := r.Messages[0].Parts, r.Messages[1].Parts
	for i := range calls {
		if id := calls[i].Call.ID; id == "" || len(id) > 64 || id != results[i].Result.ID {
			t.Errorf("call %q, result %q", id, results[i].Result.ID)
		}
	}
	if !results[1].Result.Custom {
		t.Error("the result of a custom tool is one of a function")
	}
}

// OpenAI takes 64 characters. What its own callers send is theirs.
func TestLongUser(t *testing.T) {
	for _, tt := range []struct {
		from llm.Format
		size int
		sent bool
	}{
		{llm.Anthropic, 64, true},
		{llm.Anthropic, 65, false},
		{llm.OpenAIResponses, 65, true},
	} {
		body, notes := encode(t, &llm.Request{User: wire.Quote(strings.Repeat("é", tt.size)), Extra: llm.Extra{From: tt.from}})
		if sent := wire.Get(body, "user") != nil; sent != tt.sent || sent == (len(notes) > 0) {
			t.Errorf("%d characters from %s: sent %v, notes %v", tt.size, tt.from, sent, notes)
		}
	}
}

func TestStored(t *testing.T) {
	for body, want := range map[string]string{
		`{"input":"x"}`: "", `{"input":"x","previous_response_id":null}`: "", `{"input":"x","previous_response_id":"resp_1"}`: "previous_response_id",
		`{"input":[{"type":"item_reference","id":"x"}]}`: "item_reference", `{"input":[{"id":"x"}]}`: "item_reference", `{"conversation":"c"}`: "conversation",
	} {
		if got := openairesponses.Stored(decode(t, body)); got != want {
			t.Errorf("%s: %q", body, got)
		}
	}
}

// What a provider has signed comes back with the question after: in reasoning
// items, or, from clients that drop them, in the ids of calls, and once only.
func TestProofsComeBack(t *testing.T) {
	thought := llm.Part{Kind: llm.Thinking, Text: wire.Quote("hm"), Signature: wire.Quote("S1"), SignedBy: llm.Anthropic}
	hidden := llm.Part{Kind: llm.Redacted, Signature: wire.Quote("S2"), SignedBy: llm.Anthropic}
	call := llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "toolu_1", Name: "f", Args: []byte("{}")}, Signature: wire.Quote("S3"), SignedBy: llm.Gemini}
	second := llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "toolu_2", Name: "f", Args: []byte("{}")}}
	a := &llm.Response{ID: "msg_1", Model: "claude", Choices: []llm.Choice{{Parts: []llm.Part{thought, hidden, call, second}, Finish: llm.FinishTools}}, Usage: llm.NoUsage()}
	plain := client.EncodeResponse(nil, a, &llm.Request{})
	evs := []llm.Event{
		{Kind: llm.EventStart, ID: "msg_1", Model: "claude"},
		{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Thinking, SignedBy: llm.Anthropic}},
		{Kind: llm.EventDelta, Text: wire.Quote("hm")},
		{Kind: llm.EventSign, Text: wire.Quote("S1")},
		{Kind: llm.EventPartEnd},
		{Kind: llm.EventPart, Index: 1, Part: hidden},
		{Kind: llm.EventPartEnd, Index: 1},
		{Kind: llm.EventPart, Index: 2, Part: call},
		{Kind: llm.EventPartEnd, Index: 2},
		{Kind: llm.EventPart, Index: 3, Part: second},
		{Kind: llm.EventPartEnd, Index: 3},
		{Kind: llm.EventFinish, Finish: llm.FinishTools},
		{Kind: llm.EventEnd},
	}
	streamed := final(messages(encodeStream(evs, &llm.Request{})))
	for name, body := range map[string][]byte{"plain": plain, "streamed": streamed} {
		items := value(t, body).(map[string]any)["output"].([]any)
		for _, drop := range []bool{false, true} {
			r := decode(t, `{"input":`+string(history(t, items, drop))+`}`)
			got := r.Messages[0].Parts
			if len(got) != 4 {
				t.Fatalf("%s: %d parts", name, len(got))
			}
			want := []llm.Part{thought, hidden, call, second}
			for i := range want {
				if got[i].Kind != want[i].Kind || string(got[i].Signature) != string(want[i].Signature) || got[i].SignedBy != want[i].SignedBy {
					t.Errorf("%s, %v: part %d is %+v", name, drop, i, got[i])
				}
			}
			if got[2].Call.ID != "toolu_1" || got[3].Call.ID != "toolu_2" || r.Messages[1].Parts[0].Result.ID != "toolu_1" {
				t.Errorf("%s: ids %q %q", name, got[2].Call.ID, got[3].Call.ID)
			}
			if !drop && string(got[0].Text) != `"hm"` {
				t.Errorf("text %s", got[0].Text)
			}
		}
	}
}

// history is what a client sends back: the items, with or without those of
// reasoning, and the result of the first call.
func history(t *testing.T, items []any, drop bool) []byte {
	t.Helper()
	var out []any
	id := ""
	for _, item := range items {
		m := item.(map[string]any)
		if m["type"] == "reasoning" && drop {
			continue
		}
		if m["type"] == "function_call" && id == "" {
			id = m["call_id"].(string)
		}
		out = append(out, m)
	}
	out = append(out, map[string]any{"type": "function_call_output", "call_id": id, "output": "1"})
	return marshal(t, out)
}

// The meaning survives where it is changed in between.
func TestChangedRequest(t *testing.T) {
	r := decode(t, `{"model":"m","input":"secret","stream":false,"temperature":null,"reasoning":{"effort":"low","context":"auto"},"text":{"verbosity":null}}`)
	r.Messages = append([]llm.Message{{Role: llm.System, Plain: true, Parts: []llm.Part{text("S")}}}, r.Messages...)
	r.Messages[1].Parts[0].Text = wire.Quote("***")
	r.Stream = true
	r.Sampling.Temperature = llm.JSON("1")
	r.Reasoning.Effort = "high"
	r.Output.Verbosity = "low"
	body, _ := encode(t, r)
	sameJSON(t, body, []byte(`{"model":"m","stream":true,"temperature":1,"reasoning":{"effort":"high","context":"auto"},"text":{"verbosity":"low"},
		"input":[{"type":"message","role":"system","content":"S"},{"type":"message","role":"user","content":"***"}]}`))
}

func TestChangedThought(t *testing.T) {
	r := decode(t, `{"input":[{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}]}]}`)
	r.Messages[0].Parts[0].Text = wire.Quote("c")
	body, _ := encode(t, r)
	sameJSON(t, body, []byte(`{"input":[{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"c"}]}]}`))
}
