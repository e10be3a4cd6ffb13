package anthropic_test

import (
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/anthropic"
)

func TestTextRequests(t *testing.T) {
	for _, v := range []struct {
		name string
		r    *llm.Request
		want string
		note []string
	}{
		{
			"a prompt", &llm.Request{Model: "claude-2.1", Prompt: llm.JSON(`"1 + 1"`), Sampling: llm.Sampling{MaxTokens: llm.JSON("512"), Temperature: llm.JSON("0.5"), Stop: []llm.JSON{llm.JSON(`"x"`)}}},
			`{"model":"claude-2.1","prompt":"\n\nHuman: 1 + 1\n\nAssistant:","max_tokens_to_sample":512,"temperature":0.5,"stop_sequences":["x"],"stream":false}`, nil,
		},
		{
			"turns already", &llm.Request{Prompt: llm.JSON(`"\n\nHuman: a\n\nAssistant: b"`), Stream: true, User: llm.JSON(`"u"`)},
			`{"model":"","prompt":"\n\nHuman: a\n\nAssistant: b","max_tokens_to_sample":4096,"stream":true,"metadata":{"user_id":"u"}}`, nil,
		},
		{
			"messages", sums(func(r *llm.Request) { r.Tools = []llm.Tool{tool}; r.Sampling.Seed = llm.JSON("1") }),
			`{"model":"claude-2.1","prompt":"You are a mathematician.\n\nHuman: 1 + 1\n\nAssistant: 2\n\nHuman: 3 + 3\n\nAssistant: 6\n\nHuman: 12 + 12\n\nAssistant:","max_tokens_to_sample":4096,"stream":false}`,
			[]string{"sampling.seed", "tools"},
		},
		{
			"parts", &llm.Request{Messages: []llm.Message{{Parts: []llm.Part{{Text: llm.JSON(`"a"`)}, {Kind: llm.Image}}}, say(llm.Assistant, "b")}},
			`{"model":"","prompt":"\n\nHuman: a\n\nAssistant: b","max_tokens_to_sample":4096,"stream":false}`,
			[]string{"messages[0].parts[1]"},
		},
	} {
		var n wire.Notes
		out, err := anthropic.Text{}.EncodeRequest(nil, v.r, &n)
		if err != nil {
			t.Fatal(err)
		}
		sameJSON(t, out, []byte(v.want))
		if got := notes(&n); !slices.Equal(got, v.note) {
			t.Errorf("%s: notes %q", v.name, got)
		}
	}
	if _, err := (anthropic.Text{}).EncodeRequest(nil, &llm.Request{Prompt: llm.JSON(`[1]`)}, nil); err == nil {
		t.Error("tokens are put as a prompt")
	}
}

func TestTextAnswers(t *testing.T) {
	var a llm.Response
	if err := (anthropic.Text{}).DecodeResponse(&a, []byte(`{"type":"completion","id":"compl_1","completion":" Hi","stop_reason":"stop_sequence","stop":"\n\nHuman:","model":"claude-2.1"}`)); err != nil {
		t.Fatal(err)
	}
	c := a.Choices[0]
	if a.ID != "compl_1" || a.Model != "claude-2.1" || string(c.Parts[0].Text) != `" Hi"` || c.Finish != llm.FinishStop || c.Reason != "stop_sequence" || c.StopSequence == nil || a.Usage.Prompt != -1 {
		t.Errorf("answer %s", show(a))
	}
	for _, body := range []string{`{`, `{}`, `{"completion":1}`, `{"error":{"type":"api_error","message":"m"}}`} {
		if err := (anthropic.Text{}).DecodeResponse(&a, []byte(body)); err == nil {
			t.Errorf("%s is read", body)
		}
	}
	if e := (anthropic.Text{}).DecodeError(429, nil, []byte(errorBodies[0].body)); e.Message != "invalid x-api-key" {
		t.Errorf("%+v", e)
	}
}

func TestTextStreams(t *testing.T) {
	stream := sse(
		`{"type":"completion","id":"compl_1","completion":" Hi","stop_reason":null,"model":"claude-2.1"}`,
		`{"type":"ping"}`,
		`{"type":"completion","id":"compl_1","completion":"!","stop_reason":null,"model":"claude-2.1"}`,
		`{"type":"completion","id":"compl_1","completion":"","stop_reason":"max_tokens","stop":null,"model":"claude-2.1"}`,
	)
	events, err := feed(anthropic.Text{}.NewStream(), messages([]byte(stream)))
	if err != nil {
		t.Fatal(err)
	}
	checkOrder(t, events)
	if got := transcript(events); got.ID != "compl_1" || got.Parts[0].Text != " Hi!" || got.Finish != llm.FinishLength || !got.Ended {
		t.Errorf("transcript %s", show(got))
	}
	if _, err := feed(anthropic.Text{}.NewStream(), messages([]byte(stream))[:3]); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	events, err = feed(anthropic.Text{}.NewStream(), messages([]byte(streams[3])))
	if err != nil || events[len(events)-1].Kind != llm.EventError {
		t.Errorf("%s %v", show(events), err)
	}
}
