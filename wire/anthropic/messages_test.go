package anthropic_test

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/anthropic"
)

func typeOf(event string) string {
	var v struct{ Type string }
	if err := json.Unmarshal([]byte(event), &v); err != nil {
		panic(err)
	}
	return v.Type
}

func decode(tb testing.TB, body string) llm.Request {
	tb.Helper()
	var r llm.Request
	if err := anthropic.New().Client.DecodeRequest(&r, wire.Question{Path: "/v1/messages", Body: []byte(body)}); err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestRequestsLoseNothing(t *testing.T) {
	for _, v := range requests {
		t.Run(v.name, func(t *testing.T) {
			r := decode(t, v.body)
			sameJSON(t, encode(t, anthropic.New(), &r), []byte(v.body))
		})
	}
}

func TestRequestInTheModel(t *testing.T) {
	r := decode(t, `{"messages":[
			{"role":"user","content":[{"type":"text","text":"see","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}]},
			{"role":"assistant","content":[{"type":"thinking","thinking":"Hm","signature":"S"},{"type":"tool_use","id":"t1","name":"f","input":{"a":1}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"r","is_error":true}]},
			{"role":"system","content":"more"}],
		"system":"sys","model":"m","max_tokens":7,"stream":true,"temperature":0.5,"stop_sequences":["x"],
		"tools":[{"name":"f","description":"d","input_schema":{"type":"object"}},{"type":"bash_20250124","name":"bash"}],
		"tool_choice":{"type":"any","disable_parallel_tool_use":true},"metadata":{"user_id":"u"},
		"thinking":{"type":"enabled","budget_tokens":2048},"output_config":{"effort":"low","format":{"type":"json_schema","schema":{}}}}`)
	roles := []llm.Role{}
	for _, m := range r.Messages {
		roles = append(roles, m.Role)
	}
	if want := []llm.Role{llm.System, llm.User, llm.Assistant, llm.ToolRole, llm.System}; !slices.Equal(roles, want) {
		t.Errorf("roles %v", roles)
	}
	user, model, tool := r.Messages[1].Parts, r.Messages[2].Parts, r.Messages[3].Parts
	image := user[1].Media
	if user[0].Cache.TTL != "1h" || string(user[0].Text) != `"see"` || image.MIME != "image/png" || string(image.Data) != "aGk=" {
		t.Errorf("user %s", show(user))
	}
	if string(model[0].Signature) != `"S"` || model[0].SignedBy != llm.Anthropic || string(model[1].Call.Args) != `{"a":1}` {
		t.Errorf("model %s", show(model))
	}
	if res := tool[0].Result; res.ID != "t1" || !res.Failed || !res.Plain || string(res.Parts[0].Text) != `"r"` {
		t.Errorf("tool %s", show(tool))
	}
	if !r.Stream || !r.IncludeUsage || string(r.User) != `"u"` || r.Choice.Mode != llm.ChoiceAny || string(r.Parallel) != "false" {
		t.Errorf("request %s", show(r))
	}
	if s := r.Sampling; string(s.MaxTokens) != "7" || string(s.Temperature) != "0.5" || string(s.Stop[0]) != `"x"` {
		t.Errorf("sampling %s", show(s))
	}
	if th := r.Reasoning; !th.On || !th.Show || string(th.Budget) != "2048" || th.Effort != "low" {
		t.Errorf("reasoning %s", show(th))
	}
	if r.Output.Kind != llm.OutputSchema || string(r.Output.Schema) != "{}" {
		t.Errorf("output %s", show(r.Output))
	}
	if r.Tools[0].Name != "f" || r.Tools[1].Raw == nil || r.Tools[1].From != llm.Anthropic || r.Tools[1].Name != "bash" {
		t.Errorf("tools %s", show(r.Tools))
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	for body, field := range map[string]string{
		``:   "",
		`[]`: "",
		`{"model":"a","model":"b","messages":[]}`: "",
		`{"model":"a"}`:                        "messages",
		`{"messages":{}}`:                      "messages",
		`{"model":1,"messages":[]}`:            "model",
		`{"max_tokens":"1","messages":[]}`:     "max_tokens",
		`{"messages":[],"stop_sequences":"x"}`: "stop_sequences",
		`{"messages":[],"stop_sequences":[1]}`: "stop_sequences",
		`{"messages":[],"tools":{}}`:           "tools",
		`{"messages":[],"tools":[1]}`:          "tools[0]",
		`{"messages":[],"service_tier":1}`:     "service_tier",
		`{"messages":[],"system":1}`:           "system",
		`{"messages":["x"]}`:                   "messages[0]",
		`{"messages":[{"content":"x"}]}`:       "messages[0].role",
		`{"messages":[{"role":"user","content":"x"},{"role":"tool","content":"x"}]}`:                                      "messages[1].role",
		`{"messages":[{"role":"user"}]}`:                                                                                  "messages[0].content",
		`{"messages":[{"role":"user","content":["x"]}]}`:                                                                  "messages[0].content[0]",
		`{"messages":[{"role":"user","content":[{"text":"x"}]}]}`:                                                         "messages[0].content[0].type",
		`{"messages":[{"role":"user","content":[{"type":"text"}]}]}`:                                                      "messages[0].content[0].text",
		`{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text"}]}]}]}`: "messages[0].content[0].content[0].text",
	} {
		var r llm.Request
		err := anthropic.New().Client.DecodeRequest(&r, wire.Question{Body: []byte(body)})
		var bad *wire.Invalid
		if !errors.As(err, &bad) || bad.Field != field || bad.Message == "" {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestChangedParametersGoOutChanged(t *testing.T) {
	body := `{"model":"m","max_tokens":5,"messages":[],"stream":false,"metadata":{"user_id":"u"},"thinking":{"type":"enabled","budget_tokens":2000},"tools":[{"name":"a","input_schema":{}}],"tool_choice":{"type":"any"},"output_config":{"effort":"low","task_budget":1}}`
	for _, v := range []struct {
		name   string
		change func(*llm.Request)
		want   string
	}{
		{"stream", func(r *llm.Request) { r.Stream = true }, `"stream":true`},
		{"user", func(r *llm.Request) { r.User = llm.JSON(`"v"`) }, `"metadata":{"user_id":"v"}`},
		{"budget", func(r *llm.Request) { r.Reasoning.Budget = llm.JSON("3000") }, `"thinking":{"type":"enabled","budget_tokens":3000}`},
		{"off", func(r *llm.Request) { r.Reasoning = llm.Reasoning{Off: true, Effort: "low"} }, `"thinking":{"type":"disabled"}`},
		{"effort", func(r *llm.Request) { r.Reasoning.Effort = "max" }, `"output_config":{"effort":"max","task_budget":1}`},
		{"choice", func(r *llm.Request) { r.Choice.Mode = llm.ChoiceNone }, `"tool_choice":{"type":"none"}`},
		{"parallel", func(r *llm.Request) { r.Parallel = llm.JSON("false") }, `"tool_choice":{"type":"any","disable_parallel_tool_use":true}`},
		{"limit", func(r *llm.Request) { r.Sampling.MaxTokens = llm.JSON("9") }, `"max_tokens":9`},
	} {
		r := decode(t, body)
		v.change(&r)
		if out := encode(t, anthropic.New(), &r); !strings.Contains(string(out), v.want) {
			t.Errorf("%s: %s", v.name, out)
		}
	}
}

func TestAnInsertedSystemMessageJoinsTheTopLevel(t *testing.T) {
	r := decode(t, `{"model":"m","max_tokens":5,"system":"a","messages":[{"role":"user","content":"x"},{"role":"system","content":"late"}]}`)
	r.Messages = append([]llm.Message{{Role: llm.System, Plain: true, Parts: []llm.Part{{Text: llm.JSON(`"b"`)}}}}, r.Messages...)
	sameJSON(t, encode(t, anthropic.New(), &r), []byte(`{"model":"m","max_tokens":5,"system":"b\n\na","messages":[{"role":"user","content":"x"},{"role":"system","content":"late"}]}`))
}

func TestHosted(t *testing.T) {
	for _, v := range []struct {
		version, path, model string
		stream               bool
	}{
		{anthropic.VertexVersion, "/v1/projects/p/locations/l/publishers/anthropic/models/claude-x@20250219:streamRawPredict", "claude-x@20250219", true},
		{anthropic.VertexVersion, "/v1/projects/p/locations/l/publishers/anthropic/models/claude-x:rawPredict", "claude-x", false},
		{anthropic.BedrockVersion, "/model/anthropic.claude-v2%3A1/invoke", "anthropic.claude-v2:1", false},
		{anthropic.BedrockVersion, "/model/a:0/invoke-with-response-stream", "a:0", true},
		{anthropic.BedrockVersion, "/elsewhere", "", false},
	} {
		api := anthropic.Hosted(v.version)
		body := `{"anthropic_version":"` + v.version + `","max_tokens":5,"messages":[{"role":"user","content":"x"}]}`
		var r llm.Request
		if err := api.Client.DecodeRequest(&r, wire.Question{Path: v.path, Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
		if r.Model != v.model || r.Stream != v.stream {
			t.Errorf("%s: model %q, stream %v", v.path, r.Model, r.Stream)
		}
		sameJSON(t, encode(t, api, &r), []byte(body))
		direct := encode(t, anthropic.New(), &r)
		if strings.Contains(string(direct), "anthropic_version") || !strings.Contains(string(direct), `"model"`) {
			t.Errorf("to Anthropic: %s", direct)
		}
		own := decode(t, `{"model":"m","stream":true,"max_tokens":5,"messages":[{"role":"user","content":"x"}]}`)
		sameJSON(t, encode(t, api, &own), []byte(body))
	}
}

func TestAnswersLoseNothing(t *testing.T) {
	api := anthropic.New()
	for _, v := range answers {
		var a llm.Response
		if err := api.Provider.DecodeResponse(&a, []byte(v)); err != nil {
			t.Fatal(err)
		}
		sameJSON(t, api.Client.EncodeResponse(nil, &a, nil), []byte(v))
	}
}

func TestAnswerInTheModel(t *testing.T) {
	var a llm.Response
	if err := anthropic.New().Provider.DecodeResponse(&a, []byte(answers[2])); err != nil {
		t.Fatal(err)
	}
	c := a.Choices[0]
	if c.Finish != llm.FinishTools || c.Reason != "tool_use" || c.Parts[3].Call.ID != "toolu_1" || c.Parts[1].Kind != llm.Redacted {
		t.Errorf("choice %s", show(c))
	}
	want := llm.NoDetails()
	want.CachedPrompt, want.CacheWrite, want.CacheWriteHour, want.Reasoning = 200, 30, 20, 3
	if u := a.Usage; u.Prompt != 240 || u.Completion != 7 || u.Total != 247 || *u.Details != want || u.ServiceTier != "standard" {
		t.Errorf("usage %s", show(a.Usage))
	}
	a = llm.Response{}
	if err := anthropic.New().Provider.DecodeResponse(&a, []byte(answers[3])); err != nil {
		t.Fatal(err)
	}
	if u := a.Usage; u.Prompt != 106 || u.Completion != 11 || u.Details.CachedPrompt != 5 {
		t.Errorf("usage of several steps %s", show(u))
	}
}

func TestFinishes(t *testing.T) {
	api := anthropic.New()
	for reason, want := range map[string]llm.Finish{
		"end_turn": llm.FinishStop, "stop_sequence": llm.FinishStop, "max_tokens": llm.FinishLength, "tool_use": llm.FinishTools,
		"refusal": llm.FinishRefusal, "pause_turn": llm.FinishPause, "model_context_window_exceeded": llm.FinishLength, "new_one": llm.FinishStop,
	} {
		var a llm.Response
		if err := api.Provider.DecodeResponse(&a, []byte(`{"content":[],"stop_reason":"`+reason+`"}`)); err != nil {
			t.Fatal(err)
		}
		if got := a.Choices[0].Finish; got != want {
			t.Errorf("%s is %d", reason, got)
		}
	}
	call := []llm.Part{{Kind: llm.ToolCall, Call: &llm.Call{ID: "a", Name: "b"}}}
	for _, v := range []struct {
		c    llm.Choice
		want string
	}{
		{llm.Choice{Finish: llm.FinishStop, Reason: "stop"}, `"end_turn"`},
		{llm.Choice{Finish: llm.FinishStop, StopSequence: llm.JSON(`"x"`)}, `"stop_sequence"`},
		{llm.Choice{Finish: llm.FinishStop, Parts: call}, `"tool_use"`},
		{llm.Choice{Finish: llm.FinishLength, Parts: call}, `"max_tokens"`},
		{llm.Choice{Finish: llm.FinishTools}, `"tool_use"`},
		{llm.Choice{Finish: llm.FinishFilter, Reason: "content_filter"}, `"refusal"`},
		{llm.Choice{Finish: llm.FinishRefusal}, `"refusal"`},
		{llm.Choice{Finish: llm.FinishPause}, `"pause_turn"`},
		{llm.Choice{Finish: llm.FinishError}, `"end_turn"`},
		{llm.Choice{}, `"end_turn"`},
	} {
		out := api.Client.EncodeResponse(nil, &llm.Response{Choices: []llm.Choice{v.c}, Usage: llm.NoUsage()}, nil)
		if got := wire.Get(out, "stop_reason"); string(got) != v.want {
			t.Errorf("%s is %s", show(v.c), got)
		}
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	p := anthropic.New().Provider
	for _, body := range []string{``, `[]`, `{`, `{"id":"x"}`, `{"content":null}`, `{"content":[1]}`, `{"content":[{"type":"text"}]}`} {
		var e *llm.Error
		if err := p.DecodeResponse(&llm.Response{}, []byte(body)); err == nil || errors.As(err, &e) {
			t.Errorf("%s: %v", body, err)
		}
	}
	err := p.DecodeResponse(&llm.Response{}, []byte(`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req"}`))
	if want := (&llm.Error{Status: 529, Type: "overloaded_error", Message: "Overloaded", RetryAfter: -1, RequestID: "req"}); !reflect.DeepEqual(err, want) {
		t.Errorf("error %+v", err)
	}
}

func TestStreamInTheModel(t *testing.T) {
	events, err := feed(anthropic.New().Provider.NewStream(), messages([]byte(plainStream)))
	if err != nil {
		t.Fatal(err)
	}
	kinds := []llm.EventKind{}
	for _, ev := range events {
		kinds = append(kinds, ev.Kind)
	}
	want := []llm.EventKind{
		llm.EventStart, llm.EventUsage, llm.EventPart, llm.EventOther, llm.EventDelta, llm.EventDelta,
		llm.EventPartEnd, llm.EventFinish, llm.EventUsage, llm.EventEnd,
	}
	if !slices.Equal(kinds, want) {
		t.Errorf("kinds %v", kinds)
	}
	if first := events[1].Usage; first.Prompt != 30 || first.Completion != -1 {
		t.Errorf("first usage %s", show(first))
	}
	if last := events[8].Usage; last.Prompt != 30 || last.Completion != 15 || last.Total != 45 || last.Details.CachedPrompt != 5 {
		t.Errorf("last usage %s", show(last))
	}
	got := transcript(events)
	if got.ID != "msg_1" || got.Model != "claude-opus-4-6" || got.Parts[0].Text != `Hello!\n` || got.Finish != llm.FinishStop {
		t.Errorf("transcript %s", show(got))
	}
}

func TestStreamOfToolsAndThoughts(t *testing.T) {
	events, err := feed(anthropic.New().Provider.NewStream(), messages([]byte(toolStream)))
	if err != nil {
		t.Fatal(err)
	}
	got := transcript(events)
	for i, want := range []toldPart{
		{Kind: llm.Thinking, Text: "Hm.", Sign: "EqQB", Ended: true},
		{Kind: llm.Redacted, Sign: "Emw", Ended: true},
		{Kind: llm.Opaque, Rest: `{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}`, Ended: true},
		{Kind: llm.Text, Text: "so", Cites: 1, Ended: true},
		{Kind: llm.ToolCall, Text: `{\"location\": \"SF\"}`, Call: "toolu_1 get_weather", Ended: true},
		{Kind: llm.ToolCall, Call: "toolu_2 no_args", Ended: true},
	} {
		if got.Parts[i] != want {
			t.Errorf("part %d: %+v", i, got.Parts[i])
		}
	}
	if got.Finish != llm.FinishTools || got.Prompt != 473 || got.Answer != 89 {
		t.Errorf("transcript %s", show(got))
	}
}

func TestStreamsLoseNothing(t *testing.T) {
	api := anthropic.New()
	for i, stream := range streams[:3] {
		events, err := feed(api.Provider.NewStream(), messages([]byte(stream)))
		if err != nil {
			t.Fatal(err)
		}
		checkOrder(t, events)
		passed := relay(api.Client.NewStream(nil), events)
		again, err := feed(api.Provider.NewStream(), messages(passed))
		if err != nil {
			t.Fatal(err)
		}
		if i < 2 {
			sameEvents(t, again, events)
		}
		if got, want := transcript(again), transcript(events); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %s\nwant %s", show(got), show(want))
		}
	}
}

func TestOddStream(t *testing.T) {
	events, err := feed(anthropic.New().Provider.NewStream(), messages([]byte(oddStream)))
	if err != nil {
		t.Fatal(err)
	}
	got := transcript(events)
	want := []toldPart{
		{Kind: llm.Text, Text: "ab", Ended: true},
		{Kind: llm.ToolCall, Text: `{\"x\": \"y\"}`, Call: "t n", Ended: true},
		{Kind: llm.Thinking, Text: "tu", Sign: "S", Ended: true},
	}
	if got.ID != "msg_1" || !slices.Equal(got.Parts, want) || got.Finish != llm.FinishLength || !got.Ended {
		t.Errorf("transcript %s", show(got))
	}
}

func TestStreamsThatBreak(t *testing.T) {
	start := `{"type":"message_start","message":{"id":"a","model":"m"}}`
	for _, v := range []struct {
		stream string
		broken bool
	}{
		{"", true},
		{sse(start), true},
		{sse(start, `{"type":"message_delta","delta":{"stop_reason":null}}`), true},
		{sse(start, `{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`), false},
		{sse(start, `{"type":"message_stop"}`), false},
		{sse(start, `{"type":"message_stop"}`) + "event: data\ndata: [DONE]\n\n", false},
		{"event: message_start\ndata: {\"message\":{\"id\":\"a\"}}\n\nevent: message_stop\ndata: {}\n\n", false},
	} {
		_, err := feed(anthropic.New().Provider.NewStream(), messages([]byte(v.stream)))
		if errors.Is(err, io.ErrUnexpectedEOF) != v.broken {
			t.Errorf("%s: %v", v.stream, err)
		}
	}
	for _, data := range []string{`{`, `[]`, `{"type":"content_block_start","content_block":{}}`} {
		if _, err := anthropic.New().Provider.NewStream().Decode(nil, wire.Message{Data: []byte(data)}); err == nil {
			t.Errorf("%s is read", data)
		}
	}
}

func TestErrorInAStream(t *testing.T) {
	events, err := feed(anthropic.New().Provider.NewStream(), messages([]byte(streams[3])))
	if err != nil {
		t.Fatal(err)
	}
	last := events[len(events)-1]
	if last.Kind != llm.EventError || last.Err.Type != "overloaded_error" || last.Err.Status != 529 || last.Err.Message != "Overloaded" {
		t.Errorf("event %s", show(last))
	}
	out := anthropic.New().Client.NewStream(nil).Encode(nil, &last)
	if want := "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n"; string(out) != want {
		t.Errorf("%q", out)
	}
}

func TestTooManyOpenBlocks(t *testing.T) {
	d := anthropic.New().Provider.NewStream()
	for i := range 1 << 16 {
		data := `{"type":"content_block_start","index":` + string(number(i)) + `,"content_block":{"type":"text","text":""}}`
		if _, err := d.Decode(nil, wire.Message{Data: []byte(data)}); err != nil {
			return
		}
	}
	t.Error("no end of blocks")
}

func number(n int) []byte {
	out, err := json.Marshal(n)
	if err != nil {
		panic(err)
	}
	return out
}

func TestErrorsOfProviders(t *testing.T) {
	for _, v := range errorBodies {
		e := anthropic.New().Provider.DecodeError(v.status, nil, []byte(v.body))
		if e.Status != v.status || e.Type != v.kind || e.Message != v.text || e.Code != v.code || e.RetryAfter != -1 {
			t.Errorf("%s: %+v", v.body, e)
		}
	}
	header := func(name string) string {
		return map[string]string{"Retry-After": "7", "Request-Id": "req_2", "X-Amzn-Errortype": "ThrottlingException:http://x"}[name]
	}
	e := anthropic.New().Provider.DecodeError(429, header, []byte(`{"message":"slow"}`))
	if want := (llm.Error{Status: 429, Type: "ThrottlingException", Message: "slow", RetryAfter: 7, RequestID: "req_2"}); *e != want {
		t.Errorf("%+v", e)
	}
	long := anthropic.New().Provider.DecodeError(500, nil, []byte(strings.Repeat("ä", 5000)))
	if len(long.Message) > 1100 {
		t.Errorf("%d bytes of message", len(long.Message))
	}
}

func TestErrorsForCallers(t *testing.T) {
	for _, v := range []struct {
		e    llm.Error
		want string
	}{
		{llm.Error{Status: 400, Message: "m"}, "invalid_request_error"},
		{llm.Error{Status: 401}, "authentication_error"},
		{llm.Error{Status: 403}, "permission_error"},
		{llm.Error{Status: 404}, "not_found_error"},
		{llm.Error{Status: 413}, "request_too_large"},
		{llm.Error{Status: 422}, "invalid_request_error"},
		{llm.Error{Status: 429}, "rate_limit_error"},
		{llm.Error{Status: 500}, "api_error"},
		{llm.Error{Status: 502}, "api_error"},
		{llm.Error{Status: 529}, "overloaded_error"},
		{llm.Error{Status: 503, Type: "overloaded_error"}, "overloaded_error"},
		{llm.Error{Status: 429, Type: "insufficient_quota"}, "rate_limit_error"},
	} {
		out := anthropic.New().Client.EncodeError([]byte{}, &v.e)
		if got := wire.Text(wire.Get(out, "error", "type")); got != v.want || wire.Text(wire.Get(out, "type")) != "error" {
			t.Errorf("%+v: %s", v.e, out)
		}
	}
	out := anthropic.New().Client.EncodeError(nil, &llm.Error{Status: 400, Message: "no \"x\"", RequestID: "r"})
	sameJSON(t, out, []byte(`{"type":"error","error":{"type":"invalid_request_error","message":"no \"x\""},"request_id":"r"}`))
}
