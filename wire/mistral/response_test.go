package mistral_test

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Answers of the service are written again as they were.
func TestAnswersStayAsTheyAre(t *testing.T) {
	for name, body := range map[string]string{
		"plain":    `{"id":"a","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi","tool_calls":null,"prefix":false},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"service_tier":"standard"}}`,
		"odd":      `{"id":"","created":0,"model":null,"object":"x","new":1,"choices":[{"message":{"role":"x","content":[]},"finish_reason":null,"logprobs":null},{"index":-1,"finish_reason":"model_length"},{"index":1,"message":{"content":{}},"messages":[{"role":"tool"}],"logprobs":{"content":[]}}],"usage":null}`,
		"no usage": `{"choices":[]}`,
		"calls":    `{"id":"a","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"{\"a\":1}","name":"f"},"id":"KikbB849t","index":0}]}}],"usage":{"num_cached_tokens":76,"prompt_tokens":77}}`,
		"chunks":   `{"id":"a","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"t"}],"closed":true},{"type":"text","text":"a"},{"type":"reference","reference_ids":[0]},{"type":"image_url","image_url":"u"}]}}]}`,
		"thoughts": `{"id":"a","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","reasoning_content":"t","reasoning":"t","content":"a"}}]}`,
		"one text": `{"id":"a","choices":[{"index":0,"finish_reason":"error","message":{"role":"assistant","content":[{"type":"text","text":"a"}]}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			var a llm.Response
			if err := service.DecodeResponse(&a, []byte(body)); err != nil {
				t.Fatal(err)
			}
			same(t, client.EncodeResponse(nil, &a, &llm.Request{}), body)
		})
	}
}

func TestAnswerIsUnderstood(t *testing.T) {
	var a llm.Response
	err := service.DecodeResponse(&a, []byte(`{"id":"a","created":5,"model":"m","choices":[{"index":0,"finish_reason":"model_length","message":{"reasoning_content":"r","content":[{"type":"thinking","thinking":[{"type":"text","text":"t"}]},{"type":"text","text":"a"}],"tool_calls":[{"id":"x","function":{"name":"f","arguments":{"b":1}}}]}},{"index":1,"finish_reason":"stop","message":{"content":"","tool_calls":[{"function":{"name":"f"}}]}}],
		"usage":{"prompt_tokens":9,"completion_tokens":201,"total_tokens":585,"prompt_audio_seconds":4,"prompt_tokens_details":{"cached_tokens":3,"audio_tokens":375},"service_tier":"standard"}}`))
	if err != nil {
		t.Fatal(err)
	}
	parts := a.Choices[0].Parts
	if len(parts) != 4 || string(parts[0].Text) != `"r"` || string(parts[1].Text) != `"t"` || string(parts[2].Text) != `"a"` || string(parts[3].Call.Args) != `{"b":1}` {
		t.Errorf("parts %+v", parts)
	}
	if a.ID != "a" || a.Created != 5 || a.Choices[0].Finish != llm.FinishLength || a.Choices[1].Finish != llm.FinishTools || len(a.Choices[1].Parts) != 1 {
		t.Errorf("answer %+v", a)
	}
	if u := a.Usage; u.Prompt != 384 || u.Completion != 201 || u.Total != 585 || u.Details.CachedPrompt != 3 || u.Details.AudioPrompt != 375 || u.Details.Reasoning != -1 || u.ServiceTier != "standard" {
		t.Errorf("usage %+v %+v", u, u.Details)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for body, disguised := range map[string]bool{
		`{"id":"a"}`:                         false,
		`{"choices":{}}`:                     false,
		`[`:                                  false,
		`{"object":"error","message":"no"}`:  true,
		`{"detail":"no"}`:                    true,
		`{"error":{"message":"no"}}`:         true,
		`{"message":"no","request_id":"id"}`: true,
	} {
		var a llm.Response
		err := service.DecodeResponse(&a, []byte(body))
		e, ok := errors.AsType[*llm.Error](err)
		if err == nil || ok != disguised || ok && e.Message != "no" {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestForeignAnswers(t *testing.T) {
	usage := llm.NoUsage()
	usage.Prompt, usage.Completion = 3, 4
	usage.Details = &llm.UsageDetails{CachedPrompt: 1, AudioPrompt: 2, Reasoning: 2}
	for _, c := range []struct {
		name string
		a    llm.Response
		want string
	}{
		{
			"text",
			llm.Response{ID: "a", Created: 5, Model: "m", Usage: usage, Choices: []llm.Choice{{Parts: []llm.Part{text("a"), text("b")}, Finish: llm.FinishFilter}}},
			`{"id":"a","object":"chat.completion","created":5,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"ab","tool_calls":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":1,"audio_tokens":2}}}`,
		},
		{"thoughts", llm.Response{ID: "a", Usage: llm.NoUsage(), Choices: []llm.Choice{{Finish: llm.FinishStop, Parts: []llm.Part{
			{Kind: llm.Thinking, Text: js(`"t"`), Signature: js(`"s"`), SignedBy: llm.Anthropic}, {Kind: llm.Redacted, Text: js(`""`)}, text("a"), {Kind: llm.Image, Media: &llm.Media{URL: js(`"u"`)}},
		}}}}, `{"id":"a","object":"chat.completion","created":0,"choices":[{"index":0,"message":{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"t"}]},{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"u"}}],"tool_calls":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}`},
		{
			"calls",
			llm.Response{ID: "a", Usage: usage, Choices: []llm.Choice{{Parts: []llm.Part{{Kind: llm.ToolCall, Call: &llm.Call{ID: "toolu_1", Name: "f"}}}}}},
			`{"id":"a","object":"chat.completion","created":0,"choices":[{"index":0,"message":{"role":"assistant","content":"","tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":1,"audio_tokens":2}}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			same(t, client.EncodeResponse(nil, &c.a, &llm.Request{}), c.want)
		})
	}
}

// What proves thoughts and calls of another provider comes back with the ids.
func TestProofsComeBack(t *testing.T) {
	parts := []llm.Part{
		{Kind: llm.Thinking, Text: js(`"t"`), Signature: js(`"s1"`), SignedBy: llm.Anthropic},
		{Kind: llm.Redacted, Text: js(`""`), Signature: js(`"s2"`), SignedBy: llm.Anthropic},
		{Kind: llm.ToolCall, Call: &llm.Call{ID: "toolu_1", Name: "f", Args: []byte("{}")}, Signature: js(`"s3"`), SignedBy: llm.Gemini},
		{Kind: llm.ToolCall, Call: &llm.Call{ID: "toolu_2", Name: "f", Args: []byte("{}")}},
	}
	a := llm.Response{ID: "a", Choices: []llm.Choice{{Parts: parts}}}
	plain := client.EncodeResponse(nil, &a, &llm.Request{})
	message := wire.Get(plain, "choices")
	items := wire.Items(message)
	first, _ := items.Next()
	check := func(t *testing.T, message llm.JSON) {
		t.Helper()
		r := decoded(t, `{"messages":[`+string(message)+`,{"role":"tool","tool_call_id":`+string(firstID(message))+`,"content":"r"}]}`)
		var got []string
		for _, p := range r.Messages[0].Parts {
			s := kinds[p.Kind] + string(p.Text) + string(p.Signature) + string(p.SignedBy)
			if p.Call != nil {
				s += p.Call.ID
			}
			got = append(got, s)
		}
		want := []string{`thinking "t""s1"anthropic.messages`, `"s2"anthropic.messages`, `call "s3"gemini.generateContenttoolu_1`, `call toolu_2`}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		if id := r.Messages[1].Parts[0].Result.ID; id != "toolu_1" {
			t.Errorf("result of %s", id)
		}
	}
	check(t, wire.Get(first, "message"))

	// The same in events, where signatures come on their own.
	var evs []llm.Event
	for ev := range wire.Unroll(&a) {
		evs = append(evs, *ev)
	}
	var calls []string
	for _, m := range messages(encode(evs)) {
		items := wire.Items(wire.Get(m.Data, "choices"))
		choice, _ := items.Next()
		if list := wire.Get(choice, "delta", "tool_calls"); list != nil {
			calls = append(calls, strings.Trim(string(list), "[]"))
		}
	}
	check(t, js(`{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"t"}]}],"tool_calls":[`+strings.Join(calls, ",")+`]}`))
}

func firstID(message llm.JSON) llm.JSON {
	items := wire.Items(wire.Get(message, "tool_calls"))
	call, _ := items.Next()
	return wire.Get(call, "id")
}

func sse(chunks ...string) []byte {
	var b strings.Builder
	for _, c := range chunks {
		b.WriteString("data: " + c + "\n\n")
	}
	return []byte(b.String())
}

func delta(d, rest string) string {
	return `{"id":"a","object":"chat.completion.chunk","created":5,"model":"m","p":"abc","choices":[{"index":0,"delta":` + d + `,"finish_reason":null` + rest + `}]}`
}

const stopped = `{"id":"a","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`

func TestStreams(t *testing.T) {
	for _, c := range []struct {
		name   string
		stream []byte
		parts  map[[2]int]string
		finish llm.Finish
	}{
		{
			"text", sse(delta(`{"role":"assistant","content":""}`, ""), delta(`{"content":"a"}`, `,"logprobs":null`), delta(`{"content":null}`, ""), delta(`{"content":[{"type":"text","text":"b"}]}`, ""), stopped, "[DONE]"),
			map[[2]int]string{{0, 0}: "text ab"},
			llm.FinishStop,
		},
		{"without an end", sse(delta(`{"content":"a"}`, ""), stopped), map[[2]int]string{{0, 0}: "text a"}, llm.FinishStop},
		{"without a finish", sse(delta(`{"content":"a"}`, ""), "[DONE]"), map[[2]int]string{{0, 0}: "text a"}, llm.FinishStop},
		{
			"thoughts", sse(delta(`{"content":[{"type":"thinking","thinking":[{"type":"text","text":"t"}]}]}`, ""), delta(`{"content":[{"type":"thinking","thinking":[{"type":"text","text":"u"}],"signature":"s"}]}`, ""),
				delta(`{"content":[{"type":"thinking","thinking":[]}]}`, ""), delta(`{"content":"a"}`, ""), stopped),
			map[[2]int]string{{0, 0}: "thinking tu signed s", {0, 1}: "text a"},
			llm.FinishStop,
		},
		{
			"references", sse(delta(`{"content":[{"type":"thinking","thinking":[{"type":"text","text":"t"},{"type":"reference","reference_ids":[1]}]}]}`, ""), delta(`{"content":[{"type":"text","text":"a"},{"type":"reference","reference_ids":[2]}]}`, ""), stopped),
			map[[2]int]string{{0, 0}: "thinking t", {0, 1}: `opaque {"type":"thinking","thinking":[{"type":"reference","reference_ids":[1]}]}`, {0, 2}: "text a", {0, 3}: `opaque {"type":"reference","reference_ids":[2]}`},
			llm.FinishStop,
		},
		{"thoughts of servers", sse(delta(`{"reasoning":"t","reasoning_content":"t"}`, ""), delta(`{"content":"a"}`, ""), stopped), map[[2]int]string{{0, 0}: "thinking t", {0, 1}: "text a"}, llm.FinishStop},
		{
			"calls without numbers", sse(delta(`{"tool_calls":[{"id":"x","function":{"name":"f","arguments":"{}"}},{"id":"y","function":{"name":"g","arguments":{"a":1}}}]}`, ""), stopped),
			map[[2]int]string{{0, 0}: "call x f {}", {0, 1}: `call y g {"a":1}`},
			llm.FinishTools,
		},
		{
			"calls of one number", sse(delta(`{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":"{}"}}]}`, ""), delta(`{"tool_calls":[{"index":0,"id":"y","function":{"name":"g","arguments":"{}"}}]}`, ""), stopped),
			map[[2]int]string{{0, 0}: "call x f {}", {0, 1}: `call y g {}`},
			llm.FinishTools,
		},
		{
			"calls in pieces", sse(delta(`{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":""}},{"index":1,"id":"y","function":{"name":"g"}}]}`, ""), delta(`{"tool_calls":[{"index":0,"id":"","function":{"name":"","arguments":"{"}},{"index":1,"function":{"arguments":"{}"}},{"index":0,"id":"x","function":{"name":"f","arguments":"}"}}]}`, ""), stopped),
			map[[2]int]string{{0, 0}: "call x f {}", {0, 1}: `call y g {}`},
			llm.FinishTools,
		},
		{
			"pieces without numbers", sse(delta(`{"tool_calls":[{"id":"x","function":{"name":"f","arguments":"{"}}]}`, ""), delta(`{"tool_calls":[{"function":{"arguments":"}"}}]}`, ""), stopped),
			map[[2]int]string{{0, 0}: "call x f {}"},
			llm.FinishTools,
		},
		{
			"two choices", sse(`{"id":"a","choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"},"finish_reason":"length"},{"index":-1},{"index":99999}]}`, stopped),
			map[[2]int]string{{0, 0}: "text a", {1, 0}: "text b"},
			llm.FinishStop,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			evs, err := events(c.stream)
			if err != nil {
				t.Fatal(err)
			}
			got := tell(evs)
			if !reflect.DeepEqual(got.Parts, c.parts) || got.Finish[0] != c.finish || !got.Ended || got.ID != "a" {
				t.Errorf("got %+v", got)
			}
			again, err := events(encode(evs))
			if err != nil {
				t.Fatal(err)
			}
			if b := tell(again); !reflect.DeepEqual(b.Parts, got.Parts) || !reflect.DeepEqual(b.Finish, got.Finish) || !reflect.DeepEqual(b.Usage, got.Usage) {
				t.Errorf("got %+v\nagain %+v", got, b)
			}
		})
	}
}

func TestStreamsThatFail(t *testing.T) {
	if _, err := events(sse(delta(`{"content":"a"}`, ""))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut short: %v", err)
	}
	if _, err := events(nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("empty: %v", err)
	}
	if _, err := events(sse("{")); err == nil {
		t.Error("no JSON")
	}
	evs, err := events(sse(delta(`{"content":"a"}`, ""), `{"object":"error","message":"busy","type":"service_tier_capacity_exceeded","code":"3505"}`, "[DONE]"))
	if err != nil {
		t.Fatal(err)
	}
	if a := tell(evs); a.Failed != "busy" || a.Ended {
		t.Errorf("got %+v", a)
	}
	again, err := events(encode(evs))
	if err != nil || tell(again).Failed != "busy" {
		t.Errorf("again %v %+v", err, tell(again))
	}
}

// A call is told whole, and the usage with the finish.
func TestStreamAsTheServiceWritesIt(t *testing.T) {
	usage := llm.NoUsage()
	usage.Prompt, usage.Completion, usage.Total = 1, 2, 3
	got := encode([]llm.Event{
		{Kind: llm.EventStart, ID: "a", Model: "m", Created: 5, Extra: llm.Extra{From: llm.OpenAIChat, Members: []llm.Member{{Name: "x", Value: js("1")}}}},
		{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Thinking}},
		{Kind: llm.EventDelta, Text: js(`"t"`)},
		{Kind: llm.EventPartEnd},
		{Kind: llm.EventDelta, Index: 1, Text: js(`"b"`)}, // no beginning was told
		{Kind: llm.EventPart, Index: 2, Part: llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "x", Name: "f"}}},
		{Kind: llm.EventDelta, Index: 2, Text: js(`"{\"a\":"`)},
		{Kind: llm.EventDelta, Index: 2, Text: js(`"1}"`)},
		{Kind: llm.EventPart, Index: 3, Part: llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "y", Name: "g"}}},
		{Kind: llm.EventFinish, Finish: llm.FinishTools, Reason: "tool_use"},
		{Kind: llm.EventUsage, Usage: usage},
		{Kind: llm.EventEnd},
		{Kind: llm.EventDelta, Text: js(`"late"`)},
	})
	const head = `data: {"id":"a","object":"chat.completion.chunk","created":5,"model":"m","choices":[{"index":0,"delta":`
	want := ""
	for _, d := range []string{
		`{"role":"assistant","content":""}`, `{"content":[{"type":"thinking","thinking":[{"type":"text","text":"t"}]}]}`, `{"content":"b"}`,
		`{"tool_calls":[{"id":"x","type":"function","function":{"name":"f","arguments":"{\"a\":1}"},"index":0}]}`,
		`{"tool_calls":[{"id":"y","type":"function","function":{"name":"g","arguments":"{}"},"index":1}]}`,
	} {
		want += head + d + `,"finish_reason":null}]}` + "\n\n"
	}
	want += head + `{"content":""},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}` + "\n\ndata: [DONE]\n\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestArgumentsWithoutEnd(t *testing.T) {
	s := client.NewStream(&llm.Request{})
	ev := llm.Event{Kind: llm.EventPart, Part: llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "x", Name: "f"}}}
	out := s.Encode(nil, &ev)
	ev = llm.Event{Kind: llm.EventDelta, Text: wire.Quote(strings.Repeat("a", 1<<20))}
	for range 9 {
		out = s.Encode(out, &ev)
	}
	if !strings.Contains(string(out), `"object":"error"`) {
		t.Error("kept all of it")
	}
}

func TestErrors(t *testing.T) {
	header := func(name string) string {
		return map[string]string{"Retry-After": "7", "Mistral-Correlation-Id": "id"}[name]
	}
	for _, c := range []struct{ body, message, kind, code string }{
		{`{"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500","raw_status_code":400}`, "Invalid model: x", "invalid_model", "1500"},
		{`{"detail":"Invalid API Key"}`, "Invalid API Key", "", ""},
		{`{"message":"Unauthorized","request_id":"r"}`, "Unauthorized", "", ""},
		{`{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","messages",0,"x"],"msg":"Extra inputs are not permitted","input":true},{"msg":"b"}]},"type":"invalid_request_error","code":null}`, "messages.0.x: Extra inputs are not permitted; b", "invalid_request_error", ""},
		{`{"detail":[{"loc":["body"],"msg":"missing"}]}`, "missing", "", ""},
		{`{"error":{"message":"no","type":"t","code":400}}`, "no", "t", "400"},
		{`{"error":"no"}`, "no", "", ""},
		{"upstream connect error", "upstream connect error", "", ""},
		{"<html>", "the provider answered with status 400", "", ""},
		{"", "the provider answered with status 400", "", ""},
		{"[]", "the provider answered with status 400", "", ""},
		{`{"message":{"detail":"no"}}`, "no", "", ""},
	} {
		e := service.DecodeError(400, header, []byte(c.body))
		if e.Message != c.message || e.Type != c.kind || e.Code != c.code || e.Status != 400 || e.RetryAfter != 7 || e.RequestID != "id" {
			t.Errorf("%s: %+v", c.body, e)
		}
	}
	if e := service.DecodeError(401, nil, []byte(`{"message":"no","request_id":"r"}`)); e.RequestID != "r" || e.RetryAfter != -1 {
		t.Errorf("got %+v", e)
	}
	same(t, client.EncodeError(nil, &llm.Error{Status: 429, Message: "slow \"down\""}), `{"object":"error","message":"slow \"down\"","type":"rate_limited","param":null,"code":null,"raw_status_code":429}`)
	for status, kind := range map[int]string{400: "invalid_request_error", 401: "unauthorized", 403: "forbidden", 404: "not_found", 500: "internal_server_error"} {
		got := client.EncodeError(nil, &llm.Error{Status: status, Message: "m", Code: "c", Param: "p"})
		if !wire.Equal(wire.Get(got, "type"), kind) || !wire.Equal(wire.Get(got, "code"), "c") || !wire.Equal(wire.Get(got, "param"), "p") {
			t.Errorf("%d: %s", status, got)
		}
	}
}
