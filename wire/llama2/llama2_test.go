package llama2_test

import (
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/llama2"
)

var _ wire.Provider = llama2.Provider{}

func turn(role llm.Role, texts ...string) llm.Message {
	m := llm.Message{Role: role}
	for _, s := range texts {
		m.Parts = append(m.Parts, llm.Part{Kind: llm.Text, Text: wire.Quote(s)})
	}
	return m
}

func TestChat(t *testing.T) {
	for want, messages := range map[string][]llm.Message{
		`<s>[INST] <<SYS>> S <</SYS>> U1 [/INST] <s>[INST] U2 [/INST] <s>[INST] U3 [/INST]`: {
			turn(llm.System, "S"), turn(llm.User, "U1"), turn(llm.Assistant, "A1"), turn(llm.User, "U2"),
			turn(llm.Assistant, "A2"), turn(llm.User, "U3"),
		},
		`<s>[INST] <<SYS>> S <</SYS>>`: {turn(llm.System, "S")},
		`<s>[INST] <<SYS>> S <</SYS>> U [/INST] T </s>`: {
			turn(llm.System, "S"), turn(llm.User, "U"), turn(llm.System, "T"),
		},
		"<s>[INST] <<SYS>> a\nb <</SYS>>": {turn(llm.User, "a", "b")},
	} {
		got, err := llama2.Provider{}.EncodeRequest(nil, &llm.Request{Messages: messages}, nil)
		if err != nil || wire.Text(wire.Get(got, "inputs")) != want {
			t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
		}
	}
}

func TestCompletion(t *testing.T) {
	r := llm.Request{
		Prompt: llm.JSON(`["P"]`), Stream: true,
		Sampling: llm.Sampling{
			MaxTokens: llm.JSON("5"), TopP: llm.JSON("1.0"), TopK: llm.JSON("40"), Temperature: llm.JSON("0.5"), Seed: llm.JSON("1"),
		},
		Extra: llm.Extra{From: llm.OpenAIChat, Members: []llm.Member{{Name: "store", Value: llm.JSON("true")}}},
	}
	var notes wire.Notes
	got, err := llama2.Provider{}.EncodeRequest(nil, &r, &notes)
	want := `{"inputs":"<s> [INST] <<SYS>> You are a helpful assistant. <<SYS>> P [/INST]",` +
		`"parameters":{"max_new_tokens":5,"top_p":1.0,"top_k":40,"temperature":0.5,"stream":false}}`
	if err != nil || string(got) != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
	}
	var fields []string
	for _, n := range notes.List() {
		fields = append(fields, n.Field)
	}
	if !slices.Equal(fields, []string{"stream", "sampling.seed", "store"}) {
		t.Errorf("%q", fields)
	}
}

func TestParts(t *testing.T) {
	r := llm.Request{Messages: []llm.Message{{Parts: []llm.Part{
		{Kind: llm.ToolResult, Result: &llm.Result{Parts: turn(llm.User, "1").Parts, Value: llm.JSON(`{"a":"b"}`)}},
		{Kind: llm.ToolResult},
		{Kind: llm.Image},
		{Kind: llm.Text, Text: wire.Quote("go on")},
	}}}}
	var notes wire.Notes
	got, err := llama2.Provider{}.EncodeRequest(nil, &r, &notes)
	if want := "<s>[INST] <<SYS>> 1\n{\"a\":\"b\"}\ngo on <</SYS>>"; err != nil || wire.Text(wire.Get(got, "inputs")) != want {
		t.Errorf("%v %s", err, got)
	}
	if len(notes.List()) != 2 {
		t.Errorf("%+v", notes.List())
	}
}

func TestInvalid(t *testing.T) {
	for _, r := range []*llm.Request{
		{},
		{Prompt: llm.JSON(`["a","b"]`)},
		{Prompt: llm.JSON(`[1]`)},
		{Prompt: wire.Quote("p"), Messages: []llm.Message{turn(llm.User, "u")}},
	} {
		_, err := llama2.Provider{}.EncodeRequest(nil, r, nil)
		if _, ok := errors.AsType[*wire.Invalid](err); !ok {
			t.Errorf("%+v: %v", r, err)
		}
		const both = "cannot run raw 'prompt' and chat history 'messages' requests at the same time - refer to schema"
		if r.Messages != nil && err.Error() != both {
			t.Error(err)
		}
	}
}

func TestResponse(t *testing.T) {
	var a llm.Response
	body := `{"data":[{"generated_text":"[INST] one [/INST] two [INST] three [/INST]\n It is \"four\". "}],
	  "usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}`
	if err := (llama2.Provider{}).DecodeResponse(&a, []byte(body)); err != nil {
		t.Fatal(err)
	}
	if got := a.Choices[0]; string(got.Parts[0].Text) != `"It is \"four\"."` || got.Finish != llm.FinishStop || a.Usage.Total != 7 {
		t.Errorf("%+v", a)
	}
	for body, want := range map[string]string{
		`x`:                               "failed to decode llama2 response",
		`[]`:                              "failed to decode llama2 response",
		`{}`:                              "cannot parse response from llama2 endpoint",
		`{"data":[{},{}]}`:                "cannot parse response from llama2 endpoint",
		`{"data":[]}`:                     "response data is empty from llama2 endpoint",
		`{"data":[{}]}`:                   "response did not contain a system reply",
		`{"data":[{"generated_text":1}]}`: "response did not contain a system reply",
	} {
		if err := (llama2.Provider{}).DecodeResponse(&llm.Response{}, []byte(body)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestStream(t *testing.T) {
	d := llama2.Provider{}.NewStream()
	if _, err := d.End(nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
	if _, err := d.Decode(nil, wire.Message{Data: []byte("{}")}); err == nil {
		t.Error("nothing was read")
	}
	evs, err := d.Decode(nil, wire.Message{Data: []byte(`{"data":[{"generated_text":"a"}],"usage":{"prompt_tokens":1}}`)})
	if err != nil {
		t.Fatal(err)
	}
	evs, err = d.End(evs)
	want := []llm.EventKind{
		llm.EventStart, llm.EventPart, llm.EventDelta, llm.EventPartEnd, llm.EventFinish, llm.EventUsage, llm.EventEnd,
	}
	var kinds []llm.EventKind
	for _, ev := range evs {
		kinds = append(kinds, ev.Kind)
	}
	if err != nil || !slices.Equal(kinds, want) {
		t.Errorf("%v %v", err, kinds)
	}
}

func TestErrors(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"a"}`: "a", `{"error":{"message":"b"}}`: "b", `gone`: "gone", ``: "status 500 without a reason",
	} {
		e := llama2.Provider{}.DecodeError(500, func(name string) string {
			return map[string]string{"retry-after": "7", "x-request-id": "r"}[name]
		}, []byte(body))
		if e.Message != want || e.RetryAfter != 7 || e.RequestID != "r" {
			t.Errorf("%s: %+v", body, e)
		}
	}
}

// FuzzRequest: whatever is asked becomes JSON.
func FuzzRequest(f *testing.F) {
	f.Add("S", "U", uint8(1), false)
	f.Fuzz(func(t *testing.T, one, two string, role uint8, complete bool) {
		r := llm.Request{Messages: []llm.Message{turn(llm.System, one), turn(llm.User), turn(llm.Role(role%5), two, one)}}
		if complete {
			r = llm.Request{Prompt: wire.Quote(one)}
		}
		got, err := llama2.Provider{}.EncodeRequest(nil, &r, nil)
		if err != nil || jsonscan.NoDuplicates(got) != nil {
			t.Fatalf("%v %s", err, got)
		}
	})
}

// FuzzResponse: an answer or an error, and the same in events.
func FuzzResponse(f *testing.F) {
	f.Add(`{"data":[{"generated_text":"[/INST] a"}],"usage":{"prompt_tokens":1}}`)
	f.Fuzz(func(t *testing.T, body string) {
		var a llm.Response
		err := llama2.Provider{}.DecodeResponse(&a, []byte(body))
		if (err == nil) != (len(a.Choices) == 1) {
			t.Fatalf("%v %+v", err, a)
		}
		if e := (llama2.Provider{}).DecodeError(500, nil, []byte(body)); e.Message == "" {
			t.Fatal("an error without words")
		}
	})
}

// FuzzStream: what is an answer is one in events.
func FuzzStream(f *testing.F) {
	f.Add(`{"data":[{"generated_text":"[/INST] a"}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		d := llama2.Provider{}.NewStream()
		evs, err := d.Decode(nil, wire.Message{Data: []byte(body)})
		_, end := d.End(nil)
		if err == nil && (len(evs) > 0) != (end == nil) {
			t.Fatalf("%v %+v", end, evs)
		}
	})
}
