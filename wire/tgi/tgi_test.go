package tgi_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/tgi"
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
	r := ask(t, requests[0])
	s := r.Sampling
	if string(s.MaxTokens) != "20" || string(s.RepeatPenalty) != "1.03" || len(s.Stop) != 1 || string(s.TopLogprobs) != "5" ||
		r.Output.Kind != llm.OutputSchema || r.Stream || string(r.Prompt) != `"My name is Olivier and I"` {
		t.Errorf("%+v", r)
	}
	var streamed llm.Request
	if err := (tgi.Client{}).DecodeRequest(&streamed, wire.Question{Path: "/generate_stream", Body: []byte(`{"inputs":"x"}`)}); err != nil || !streamed.Stream {
		t.Errorf("%v %+v", err, streamed)
	}
	if got, _ := put(t, &streamed); got != `{"inputs":"x","stream":true}` {
		t.Error(got)
	}
}

func TestInvalid(t *testing.T) {
	for _, body := range []string{`[]`, `{`, `{}`, `{"inputs":5}`, `{"inputs":[]}`, `{"inputs":["a",1]}`} {
		err := tgi.Client{}.DecodeRequest(&llm.Request{}, wire.Question{Body: []byte(body)})
		if _, ok := errors.AsType[*wire.Invalid](err); !ok {
			t.Errorf("%s: %v", body, err)
		}
	}
	for _, r := range []*llm.Request{{}, {Messages: make([]llm.Message, 1)}, {Prompt: llm.JSON(`["a","b"]`)}, {Prompt: llm.JSON(`[1]`)}} {
		_, err := tgi.Provider{}.EncodeRequest(nil, r, nil)
		if _, ok := errors.AsType[*wire.Invalid](err); !ok {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestForeignRequest(t *testing.T) {
	r := llm.Request{
		Model: "gpt2", Prompt: llm.JSON(`["p"]`), Suffix: wire.Quote("s"), User: wire.Quote("u"),
		Sampling: llm.Sampling{
			Temperature: llm.JSON("0.0"), TopP: llm.JSON("1"), TopK: llm.JSON("4"), MaxTokens: llm.JSON("5"), N: llm.JSON("2"),
			Stop: []llm.JSON{wire.Quote("x")}, Logprobs: llm.JSON("true"), MinP: llm.JSON("0.1"), PresencePenalty: llm.JSON("1"),
		},
		Output: llm.Output{Kind: llm.OutputJSON},
		Extra: llm.Extra{From: llm.OpenAICompletions, Members: []llm.Member{
			{Name: "echo", Value: llm.JSON("true")}, {Name: "best_of", Value: llm.JSON("2")},
		}},
	}
	got, notes := put(t, &r)
	same(t, []byte(got), []byte(`{"model":"gpt2","inputs":"p","parameters":{"max_new_tokens":5,"do_sample":false,"top_k":4,
	  "top_n_tokens":1,"stop":["x"],"grammar":{"type":"json","value":{"type":"object"}},"details":true,"return_full_text":true}}`))
	for _, want := range []string{
		"sampling.temperature", "suffix", "user", "sampling.n", "sampling.min_p", "sampling.presence_penalty", "output", "best_of",
	} {
		if !slices.Contains(notes, want) {
			t.Errorf("no note %q in %q", want, notes)
		}
	}
	if slices.Contains(notes, "echo") {
		t.Error("echo was noted")
	}
}

func TestResponseRoundTrip(t *testing.T) {
	for _, body := range answers[:4] {
		a := answer(t, body)
		same(t, tgi.Client{}.EncodeResponse(nil, &a, &llm.Request{}), []byte(body))
	}
}

func TestResponseMeaning(t *testing.T) {
	a := answer(t, answers[3])
	c := a.Choices[0]
	if c.Finish != llm.FinishLength || c.Reason != "length" || a.Usage.Completion != 1 || a.Usage.Prompt != 1 || a.Usage.Total != 2 {
		t.Errorf("%+v", a)
	}
	same(t, c.Logprobs, []byte(`{"content":[{"token":"test","logprob":-0.34,"bytes":null,"top_logprobs":[
	  {"token":"test","logprob":-0.34,"bytes":null},{"token":"x","logprob":-3.1,"bytes":null}]}]}`))
	a = answer(t, answers[7])
	if string(a.Choices[0].Parts[0].Text) != `"hi"` || a.Usage.Total != 3 || a.Choices[0].Finish != llm.FinishLength {
		t.Errorf("%+v", a)
	}
	for body, want := range map[string]string{
		`{"error":"Model overloaded"}`:   "API error: Model overloaded",
		`[{"error":["x"]}]`:              "API error: x",
		`{"message":"m"}`:                "API error: m",
		`{"choices":[]}`:                 "Invalid response format",
		`{"choices":[{}]}`:               "Invalid response format",
		`{"generated_text":5}`:           "Invalid response format",
		`[]`:                             "Invalid response format",
		`[{"generated_text":"a"}`:        "Failed to decode response",
		`[{"generated_text":"a"}],"x":1`: "Failed to decode response",
		`<html>`:                         "Failed to decode response",
	} {
		err := tgi.Provider{}.DecodeResponse(&llm.Response{}, []byte(body))
		var failed *llm.Error
		if err == nil || err.Error() != want || errors.As(err, &failed) != strings.HasPrefix(want, "API") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestForeignResponse(t *testing.T) {
	a := llm.Response{Usage: llm.Usage{Prompt: 1, Completion: 2, Total: 3}, Choices: []llm.Choice{{
		Finish: llm.FinishStop, StopSequence: wire.Quote("."), Logprobs: llm.JSON(`{"content":[{"token":"a","logprob":-1,"top_logprobs":[{"token":"a","logprob":-1}]}]}`),
		Parts: []llm.Part{{Kind: llm.Thinking, Text: wire.Quote("hm")}, {Kind: llm.Text, Text: wire.Quote("a")}, {Kind: llm.Text, Text: wire.Quote("b")}},
	}}}
	same(t, tgi.Client{}.EncodeResponse(nil, &a, &llm.Request{}), []byte(`{"generated_text":"ab"}`))
	r := ask(t, `{"inputs":"x","parameters":{"details":true}}`)
	same(t, tgi.Client{}.EncodeResponse(nil, &a, &r), []byte(`{"generated_text":"ab","details":{"finish_reason":"stop_sequence",
	  "generated_tokens":2,"seed":null,"prefill":[],"tokens":[{"id":0,"text":"a","logprob":-1,"special":false}],
	  "top_tokens":[[{"id":0,"text":"a","logprob":-1,"special":false}]]}}`))
}

func TestStream(t *testing.T) {
	evs, err := events(goldenStream)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []llm.EventKind
	for _, ev := range evs {
		kinds = append(kinds, ev.Kind)
	}
	want := []llm.EventKind{
		llm.EventStart, llm.EventPart, llm.EventDelta, llm.EventLogprobs, llm.EventDelta, llm.EventPartEnd,
		llm.EventFinish, llm.EventUsage, llm.EventEnd,
	}
	if !slices.Equal(kinds, want) || text(evs) != "One two" || evs[6].Reason != "eos_token" || evs[7].Usage.Total != 7 {
		t.Errorf("%v %+v", kinds, evs)
	}
	again, err := events(stream(evs))
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, again, evs)
}

func TestStreamEnds(t *testing.T) {
	first, _, _ := strings.Cut(goldenStream, "\n")
	if _, err := events(first); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
	if _, err := events("data: {"); err == nil {
		t.Error("broken JSON was read")
	}
	evs, err := events(`data:{"error":"Request failed during generation","error_type":"generation"}`)
	if err != nil || evs[0].Err == nil || evs[0].Err.Type != "generation" {
		t.Errorf("%v %+v", err, evs)
	}
	if got := stream(evs); got != "data:{\"error\":\"Request failed during generation\",\"error_type\":\"generation\"}\n\n" {
		t.Error(got)
	}
}

// TestForeignStream tells events as others do.
func TestForeignStream(t *testing.T) {
	r := ask(t, `{"inputs":"x","parameters":{"details":true}}`)
	e := tgi.Client{}.NewStream(&r)
	var got []byte
	for _, ev := range []llm.Event{
		{Kind: llm.EventStart, ID: "x"},
		{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Thinking}},
		{Kind: llm.EventDelta, Text: wire.Quote("hm")},
		{Kind: llm.EventDelta, Index: 1, Text: wire.Quote("Hi")},
		{Kind: llm.EventDelta, Index: 1, Text: wire.Quote("\n")},
		{Kind: llm.EventDelta, Choice: 1, Text: wire.Quote("no")},
		{Kind: llm.EventFinish, Finish: llm.FinishLength, Reason: "max_tokens"},
		{Kind: llm.EventUsage, Usage: llm.Usage{Prompt: 4, Completion: 2, Total: 6}},
		{Kind: llm.EventEnd},
		{Kind: llm.EventDelta, Text: wire.Quote("late")},
	} {
		got = e.Encode(got, &ev)
	}
	want := `data:{"index":1,"token":{"id":0,"text":"Hi","logprob":0,"special":false},"generated_text":null,"details":null}` + "\n\n" +
		`data:{"index":2,"token":{"id":0,"text":"\n","logprob":0,"special":false},"generated_text":null,"details":null}` + "\n\n" +
		`data:{"index":3,"token":{"id":0,"text":"","logprob":0,"special":true},"generated_text":"Hi\n",` +
		`"details":{"finish_reason":"length","generated_tokens":2,"seed":null,"input_length":4}}` + "\n\n"
	if string(got) != want || e.ContentType() != "text/event-stream" {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestErrors(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"Input validation error","error_type":"validation"}`: "Input validation error",
		`{"error":["a","b"]}`: "a",
		`Failed to deserialize the JSON body into the target type`: "Failed to deserialize the JSON body into the target type",
		``: "the provider answered with status 422",
	} {
		e := tgi.Provider{}.DecodeError(422, func(name string) string {
			return map[string]string{"Retry-After": "7", "X-Request-Id": "r"}[name]
		}, []byte(body))
		if e.Message != want || e.RetryAfter != 7 || e.RequestID != "r" {
			t.Errorf("%s: %+v", body, e)
		}
	}
	for status, kind := range map[int]string{422: "validation", 401: "authentication", 424: "generation", 429: "overloaded", 500: "generation"} {
		got := tgi.Client{}.EncodeError(nil, &llm.Error{Status: status, Message: "m"})
		same(t, got, []byte(`{"error":"m","error_type":"`+kind+`"}`))
	}
}
