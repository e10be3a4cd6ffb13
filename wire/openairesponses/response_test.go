package openairesponses_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

const shellOf = `"id":"resp_1","object":"response","created_at":7,"model":"gpt-5","error":null,"metadata":{},`

func TestResponseIsKept(t *testing.T) {
	for name, body := range map[string]string{
		"message": `{` + shellOf + `"status":"completed","incomplete_details":null,"output":[{"id":"msg_1","type":"message","status":"completed","role":"assistant","phase":"commentary",
			"content":[{"type":"output_text","text":"a","annotations":[{"type":"file_citation","file_id":"f","filename":"n","index":3}],"logprobs":[{"token":"a","logprob":-1,"bytes":[97],"top_logprobs":[]}]},{"type":"refusal","refusal":"r"}]},
			{"id":"msg_2","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"b","annotations":[]}]}],
			"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":0,"x":1},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":3,"cost":0.5},"output_text":"ab"}`,
		"items": `{` + shellOf + `"status":"completed","output":[{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"E"},{"type":"web_search_call","id":"ws","status":"completed","action":{"type":"search"}},
			{"id":"fc","type":"function_call","status":"completed","call_id":"c","name":"f","arguments":"{}"},{"id":"ctc","type":"custom_tool_call","call_id":"d","name":"g","input":"x\n"},
			{"id":"msg","type":"message","role":"assistant","status":"completed","content":[]}],"usage":null}`,
		"incomplete": `{` + shellOf + `"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[],"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}`,
		"filter":     `{` + shellOf + `"status":"incomplete","incomplete_details":{"reason":"content_filter","x":1},"output":[]}`,
		"other":      `{` + shellOf + `"status":"incomplete","incomplete_details":{"reason":"max_tool_calls"},"output":[]}`,
		"odd":        `{` + shellOf + `"status":"incomplete","incomplete_details":null,"output":[]}`,
		"queued":     `{` + shellOf + `"status":"queued","incomplete_details":null,"output":[],"background":true}`,
		"bare":       `{"output":[]}`,
		"zero":       `{"id":"","model":null,"created_at":0,"status":"completed","output":[],"usage":{}}`,
	} {
		t.Run(name, func(t *testing.T) {
			sameJSON(t, client.EncodeResponse(nil, answer(t, body), &llm.Request{}), []byte(body))
		})
	}
}

func TestResponseMeaning(t *testing.T) {
	a := answer(t, `{`+shellOf+`"status":"completed","output":[{"id":"rs","type":"reasoning","summary":[{"type":"summary_text","text":"th"}],"encrypted_content":"E"},
		{"id":"m","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"see","annotations":[{"type":"url_citation","url":"https://x","title":"X","start_index":0,"end_index":3}],"logprobs":[{"token":"see","logprob":-0.1}]}]},
		{"id":"fc","type":"function_call","status":"completed","call_id":"c","name":"f","arguments":"{\"a\":1}"}],
		"usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":2},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":15}}`)
	c := a.Choices[0]
	if a.ID != "resp_1" || a.Created != 7 || c.Finish != llm.FinishTools || c.Reason != "completed" || len(c.Parts) != 3 {
		t.Fatalf("%+v", a)
	}
	if string(c.Logprobs) != `{"content":[{"token":"see","logprob":-0.1}]}` {
		t.Errorf("logprobs %s", c.Logprobs)
	}
	if cite := c.Parts[1].Citations[0]; string(cite.URL) != `"https://x"` || cite.End != 3 {
		t.Errorf("citation %+v", cite)
	}
	if u := a.Usage; u.Prompt != 10 || u.Completion != 5 || u.Total != 15 || u.Details.CachedPrompt != 4 || u.Details.CacheWrite != 2 || u.Details.Reasoning != 3 || u.Details.AudioPrompt != -1 {
		t.Errorf("usage %+v", u)
	}
}

func TestForeignResponse(t *testing.T) {
	r := decode(t, `{"model":"x","instructions":"I","input":"q","temperature":0.5,"store":true,"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}],"tool_choice":"required"}`)
	usage := llm.Usage{Prompt: 3, Completion: 4, Total: -1}
	a := &llm.Response{ID: "msg_9", Model: "claude", Created: 5, Usage: usage, Choices: []llm.Choice{{
		Finish: llm.FinishLength, Reason: "max_tokens",
		Parts: []llm.Part{
			{Kind: llm.Text, Text: wire.Quote("a"), Citations: []llm.Citation{{URL: wire.Quote("https://x"), Start: -1, End: -1}, {Title: wire.Quote("no address"), Start: -1, End: -1}}},
			{Kind: llm.ToolCall, Call: &llm.Call{Name: "f", Args: []byte(`{"a"`)}},
			{Kind: llm.Image, Media: &llm.Media{MIME: "image/png", Data: []byte("QUJD")}},
			{Kind: llm.Opaque, Raw: llm.JSON(`{}`), Extra: llm.Extra{From: llm.Anthropic}},
			{Kind: llm.Text, Text: wire.Quote("b")},
		},
	}}}
	sameJSON(t, client.EncodeResponse(nil, a, r), []byte(`{"object":"response","id":"msg_9","created_at":5,"model":"claude","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},
		"output":[{"type":"message","id":"msg_9_0","status":"completed","role":"assistant","content":[{"type":"output_text","text":"a","annotations":[{"type":"url_citation","url":"https://x","title":"","start_index":0,"end_index":0}],"logprobs":[]}]},
		{"type":"function_call","id":"fc_9_1","status":"completed","call_id":"call_9_1","name":"f","arguments":"{\"a\""},
		{"type":"image_generation_call","id":"ig_9_2","status":"completed","result":"QUJD"},
		{"type":"message","id":"msg_9_3","status":"incomplete","role":"assistant","content":[{"type":"output_text","text":"b","annotations":[],"logprobs":[]}]}],
		"usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":0},"output_tokens":4,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":7},
		"background":false,"error":null,"instructions":"I","max_output_tokens":null,"metadata":{},"parallel_tool_calls":true,"previous_response_id":null,"store":true,"temperature":0.5,"top_p":null,
		"truncation":"disabled","user":null,"reasoning":{"effort":null,"summary":null},"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}],"tool_choice":"required","text":{"format":{"type":"text"}}}`))
	if got := client.EncodeResponse(nil, &llm.Response{Usage: llm.NoUsage()}, nil); !strings.Contains(string(got), `"status":"completed"`) {
		t.Errorf("%s", got)
	}
}

func TestFinishes(t *testing.T) {
	for _, c := range []struct {
		finish       llm.Finish
		status, more string
	}{
		{llm.FinishStop, "completed", ""},
		{llm.FinishTools, "completed", ""},
		{llm.FinishPause, "completed", ""},
		{llm.FinishRefusal, "completed", ""},
		{llm.Unfinished, "completed", ""},
		{llm.FinishLength, "incomplete", "max_output_tokens"},
		{llm.FinishFilter, "incomplete", "content_filter"},
		{llm.FinishError, "failed", ""},
	} {
		a := &llm.Response{Choices: []llm.Choice{{Finish: c.finish, Reason: "x"}}, Usage: llm.NoUsage()}
		got := client.EncodeResponse(nil, a, nil)
		if wire.Text(wire.Get(got, "status")) != c.status || wire.Text(wire.Get(got, "incomplete_details", "reason")) != c.more {
			t.Errorf("%v gave %s", c.finish, got)
		}
	}
}

func TestErrors(t *testing.T) {
	header := func(name string) string { return map[string]string{"Retry-After": "3", "X-Request-Id": "req_1"}[name] }
	for body, want := range map[string]llm.Error{
		`{"error":{"message":"m","type":"t","param":"p","code":"c"}}`:  {Message: "m", Type: "t", Param: "p", Code: "c"},
		`{"error":{"message":"m","type":"t","param":null,"code":429}}`: {Message: "m", Type: "t", Code: "429"},
		`{"code":"invalid-argument","error":"Incorrect"}`:              {Message: "Incorrect", Code: "invalid-argument"},
		`{"message":"m"}`:          {Message: "m"},
		`{"detail":"m"}`:           {Message: "m"},
		`{"detail":[{"msg":"x"}]}`: {Message: `[{"msg":"x"}]`},
		`"m"`:                      {Message: "m"},
		`Bad gateway`:              {Message: "Bad gateway"},
		``:                         {Message: "the provider answered with status 429"},
		`{}`:                       {Message: "the provider answered with status 429"},
		`{"error":{}}`:             {Message: "the provider answered with status 429"},
	} {
		want.Status, want.RetryAfter, want.RequestID = 429, 3, "req_1"
		if got := provider.DecodeError(429, header, []byte(body)); *got != want {
			t.Errorf("%s gave %+v", body, got)
		}
	}
	if got := provider.DecodeError(799, nil, nil); got.Message == "" || got.RetryAfter != -1 {
		t.Errorf("%+v", got)
	}
	for status, kind := range map[int]string{400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error", 500: "server_error", 529: "server_error"} {
		sameJSON(t, client.EncodeError(nil, &llm.Error{Status: status, Type: "overloaded", Message: "m"}), []byte(`{"error":{"message":"m","type":"`+kind+`","param":null,"code":null}}`))
	}
	sameJSON(t, client.EncodeError(nil, &llm.Error{Status: 429, Type: "tokens", Code: "c", Param: "p"}), []byte(`{"error":{"message":"the provider failed","type":"tokens","param":"p","code":"c"}}`))
}

func TestErrorsInDisguise(t *testing.T) {
	for body, status := range map[string]int{
		`{"id":"r","status":"failed","error":{"code":"rate_limit_exceeded","message":"m"},"output":[]}`: 429,
		`{"error":{"code":"server_error","message":"m"}}`:                                               500,
		`{"error":{"code":"invalid_image","message":"m"}}`:                                              400,
	} {
		err := provider.DecodeResponse(&llm.Response{}, []byte(body))
		e, ok := err.(*llm.Error)
		if !ok || e.Status != status || e.Message != "m" {
			t.Errorf("%s gave %v", body, err)
		}
	}
	for _, body := range []string{``, `[]`, `{}`, `{"output":{}}`, `{"output":[1]}`, `{"output":[]`} {
		if err := provider.DecodeResponse(&llm.Response{}, []byte(body)); err == nil {
			t.Errorf("%s was read", body)
		}
	}
}
