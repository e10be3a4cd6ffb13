package openaicompletions_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/openaicompletions"
)

func TestRequestRoundTrip(t *testing.T) {
	for _, body := range requests {
		r := ask(t, body)
		got, notes := put(t, &r)
		same(t, []byte(got), []byte(body))
		if len(notes) > 0 {
			t.Errorf("notes %q for %s", notes, body)
		}
	}
}

func TestRequestMeaning(t *testing.T) {
	r := ask(t, requests[1])
	s := r.Sampling
	if !r.Stream || !r.IncludeUsage || string(r.Prompt) != `["a","b"]` || string(s.N) != "2" || len(s.Stop) != 1 ||
		string(s.Logprobs) != "true" || string(s.TopLogprobs) != "5" || string(r.User) != `"u"` {
		t.Errorf("%+v", r)
	}
	if r := ask(t, requests[2]); len(r.Sampling.Stop) != 1 || r.Sampling.Logprobs != nil || string(r.Sampling.TopK) != "3" {
		t.Errorf("%+v", r)
	}
}

func TestInvalid(t *testing.T) {
	for _, body := range []string{`[]`, `{"prompt":"a","prompt":"b"}`, `{"messages":[]}`, `{"prompt":null}`, `{"prompt":{}}`, `{`} {
		err := openaicompletions.Client{}.DecodeRequest(&llm.Request{}, wire.Question{Body: []byte(body)})
		if _, ok := errors.AsType[*wire.Invalid](err); !ok {
			t.Errorf("%s: %v", body, err)
		}
	}
	for _, r := range []*llm.Request{{}, {Messages: make([]llm.Message, 1)}, {Messages: make([]llm.Message, 1), Prompt: wire.Quote("x")}} {
		_, err := openaicompletions.Provider{}.EncodeRequest(nil, r, nil)
		if _, ok := errors.AsType[*wire.Invalid](err); !ok {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestForeignRequest(t *testing.T) {
	r := llm.Request{
		Model: "m", Prompt: wire.Quote("p"), Stream: true, IncludeUsage: true, Tools: make([]llm.Tool, 1),
		Sampling:  llm.Sampling{TopK: llm.JSON("3"), Logprobs: llm.JSON("true"), MaxTokens: llm.JSON("5")},
		Reasoning: llm.Reasoning{On: true}, Metadata: llm.JSON(`{"a":"b"}`),
		Extra: llm.Extra{From: llm.TGI, Members: []llm.Member{{Name: "options", Value: llm.JSON(`{"use_cache":false}`)}}},
	}
	got, notes := put(t, &r)
	same(t, []byte(got), []byte(`{"model":"m","prompt":"p","max_tokens":5,"logprobs":0,"stream":true,"stream_options":{"include_usage":true}}`))
	for _, want := range []string{"sampling.top_k", "tools", "reasoning", "metadata", "options"} {
		if !slices.Contains(notes, want) {
			t.Errorf("no note %q in %q", want, notes)
		}
	}
}

func TestResponseRoundTrip(t *testing.T) {
	for _, body := range answers[:3] {
		a := answer(t, body)
		same(t, openaicompletions.Client{}.EncodeResponse(nil, &a, &llm.Request{}), []byte(body))
	}
}

func TestResponseMeaning(t *testing.T) {
	a := answer(t, answers[0])
	if a.ID != "cmpl-1" || a.Created != 1589478378 || a.Usage.Total != 12 || a.Usage.Details.CachedPrompt != 2 ||
		a.Choices[0].Finish != llm.FinishLength || len(a.Choices[0].Parts) != 1 {
		t.Errorf("%+v", a)
	}
	a = answer(t, answers[1])
	if c := a.Choices[0]; c.Index != 1 || a.Choices[1].Finish != llm.FinishFilter {
		t.Errorf("%+v", a)
	}
	same(t, a.Choices[0].Logprobs, []byte(`{"content":[{"token":"b","logprob":-0.5,"bytes":null,
	  "top_logprobs":[{"token":"b","logprob":-0.5,"bytes":null},{"token":"c","logprob":-1,"bytes":null}]}]}`))
	if a := answer(t, answers[2]); a.Choices[0].Finish != llm.FinishStop || a.Choices[1].Finish != llm.Unfinished {
		t.Errorf("%+v", a)
	}
	var failed *llm.Error
	err := openaicompletions.Provider{}.DecodeResponse(&llm.Response{}, []byte(`{"error":{"message":"no","type":"t","code":4}}`))
	if !errors.As(err, &failed) || failed.Message != "no" || failed.Type != "t" || failed.Code != "4" {
		t.Errorf("%v", err)
	}
	if err := (openaicompletions.Provider{}).DecodeResponse(&llm.Response{}, []byte(`{}`)); err == nil {
		t.Error("nothing was read")
	}
}

func TestForeignResponse(t *testing.T) {
	details := llm.NoDetails()
	details.Reasoning = 2
	a := llm.Response{
		ID: "x", Model: "m", Created: 5, Usage: llm.Usage{Prompt: 1, Completion: 2, Total: -1, Details: &details},
		Choices: []llm.Choice{{
			Finish: llm.FinishStop, Reason: "end_turn",
			Logprobs: llm.JSON(`{"content":[{"token":"é","logprob":-1,"top_logprobs":[{"token":"é","logprob":-1},{"token":"é","logprob":-2}]},{"token":"b","logprob":-2}]}`),
			Parts: []llm.Part{
				{Kind: llm.Thinking, Text: wire.Quote("hm")},
				{Kind: llm.Text, Text: wire.Quote("é")},
				{Kind: llm.Text, Text: wire.Quote("b")},
			},
		}},
	}
	same(t, openaicompletions.Client{}.EncodeResponse(nil, &a, nil), []byte(`{"id":"x","object":"text_completion","created":5,"model":"m",
	  "choices":[{"text":"éb","index":0,"finish_reason":"stop","logprobs":{"tokens":["é","b"],"token_logprobs":[-1,-2],
	    "top_logprobs":[{"é":-1},{}],"text_offset":[0,1]}}],
	  "usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"completion_tokens_details":{"reasoning_tokens":2}}}`))
}

func TestStream(t *testing.T) {
	evs, err := events(goldenStream)
	if err != nil {
		t.Fatal(err)
	}
	if text(evs, 0) != "This is" || text(evs, 1) != "That!" {
		t.Errorf("%q %q", text(evs, 0), text(evs, 1))
	}
	usage := slices.IndexFunc(evs, func(ev llm.Event) bool { return ev.Kind == llm.EventUsage })
	if evs[0].Kind != llm.EventStart || usage != len(evs)-2 || evs[usage].Usage.Total != 9 || evs[usage+1].Kind != llm.EventEnd {
		t.Errorf("%+v", evs)
	}
	out := stream(evs)
	again, err := events(out)
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, again, evs)
	if !strings.HasSuffix(out, "data: [DONE]\n\n") || !strings.Contains(out, `"text_offset":[0]`) {
		t.Error(out)
	}
}

func TestStreamEnds(t *testing.T) {
	first, _, _ := strings.Cut(goldenStream, "\n")
	if _, err := events(first); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
	if _, err := events("data: {"); err == nil {
		t.Error("broken JSON was read")
	}
	evs, err := events(`data: {"error":{"message":"no","type":"server_error"}}`)
	if err != nil || evs[0].Err == nil || evs[0].Err.Message != "no" {
		t.Errorf("%v %+v", err, evs)
	}
	if got := stream(evs); !strings.HasPrefix(got, `data: {"error":{"message":"no"`) {
		t.Error(got)
	}
}

// TestForeignStream tells events as others do.
func TestForeignStream(t *testing.T) {
	e := openaicompletions.Client{}.NewStream(&llm.Request{})
	var got []byte
	for _, ev := range []llm.Event{
		{Kind: llm.EventStart, ID: "x", Model: "m", Created: 5, Extra: llm.Extra{From: llm.Anthropic, Members: []llm.Member{{Name: "y"}}}},
		{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Thinking}},
		{Kind: llm.EventDelta, Text: wire.Quote("hm")},
		{Kind: llm.EventDelta, Index: 1, Text: wire.Quote("Hi")},
		{Kind: llm.EventFinish, Finish: llm.FinishLength, Reason: "max_tokens_reached"},
		{Kind: llm.EventUsage, Usage: llm.Usage{Prompt: 1, Completion: 1, Total: 2}},
		{Kind: llm.EventEnd},
		{Kind: llm.EventDelta, Text: wire.Quote("late")},
	} {
		got = e.Encode(got, &ev)
	}
	head := `data: {"id":"x","object":"text_completion","created":5,"model":"m","choices":[{`
	want := head + `"text":"Hi","index":0,"logprobs":null,"finish_reason":null}]}` + "\n\n" +
		head + `"text":"","index":0,"logprobs":null,"finish_reason":"length"}]}` + "\n\n" + "data: [DONE]\n\n"
	if string(got) != want || e.ContentType() != "text/event-stream" {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestErrors(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":{"message":"m","type":"invalid_request_error","param":"p","code":"c"}}`: "m",
		`{"error":"words"}`:                    "words",
		`{"object":"error","message":"plain"}`: "plain",
		`{"detail":"gone"}`:                    "gone",
		`<html>`:                               "the provider answered with status 503",
		``:                                     "the provider answered with status 503",
	} {
		e := openaicompletions.Provider{}.DecodeError(503, func(name string) string {
			return map[string]string{"Retry-After": "7", "X-Request-Id": "r"}[name]
		}, []byte(body))
		if e.Message != want || e.RetryAfter != 7 || e.RequestID != "r" {
			t.Errorf("%s: %+v", body, e)
		}
	}
	for status, kind := range map[int]string{
		400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 429: "rate_limit_error", 500: "server_error",
	} {
		got := openaicompletions.Client{}.EncodeError(nil, &llm.Error{Status: status, Message: "m", Param: "p"})
		same(t, got, []byte(`{"error":{"message":"m","type":"`+kind+`","param":"p","code":null}}`))
	}
}
