package openairesponses_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func lines(data ...string) []wire.Message {
	var out []wire.Message
	for _, d := range data {
		out = append(out, wire.Message{Data: []byte(d)})
	}
	return out
}

const (
	created   = `{"type":"response.created","response":{"id":"resp_1","object":"response","created_at":7,"status":"in_progress","model":"gpt-5","output":[]}}`
	completed = `{"type":"response.completed","response":{"id":"resp_1","object":"response","status":"completed","model":"gpt-5","output":[],"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}}`
)

func TestStreamSteps(t *testing.T) {
	for name, c := range map[string]struct {
		list []wire.Message
		want string
	}{
		"text": {lines(created, `{"type":"response.in_progress","response":{}}`,
			`{"type":"response.output_item.added","output_index":0,"item":{"id":"m1","type":"message","role":"assistant","status":"in_progress","content":[]}}`,
			`{"type":"response.content_part.added","output_index":0,"item_id":"other","content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}`,
			`{"type":"response.output_text.delta","output_index":0,"item_id":"m2","content_index":0,"delta":"a"}`,
			`{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"b","logprobs":[{"token":"b","logprob":0}]}`,
			`{"type":"response.output_text.annotation.added","output_index":0,"content_index":0,"annotation_index":0,"annotation":{"type":"url_citation","url":"u"}}`,
			`{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"ab"}`,
			`{"type":"response.content_part.done","output_index":0,"content_index":0,"part":{"type":"output_text","text":"ab","annotations":[{"type":"url_citation","url":"u"}]}}`,
			`{"type":"response.output_item.done","output_index":0,"item":{"id":"m3","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"ab","annotations":[{"type":"url_citation","url":"u"}]}]}}`,
			completed, `[DONE]`), "start part0 delta0=a logprobs delta0=b cite0 end0 finish usage END"},
		"calls interleaved": {
			lines(created,
				`{"type":"response.output_item.added","output_index":0,"item":{"id":"f","type":"function_call","call_id":"c0","name":"f","arguments":""}}`,
				`{"type":"response.output_item.added","output_index":1,"item":{"id":"g","type":"custom_tool_call","call_id":"c1","name":"g","input":""}}`,
				`{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{"}`, `{"type":"response.custom_tool_call_input.delta","output_index":1,"delta":"x"}`,
				`{"type":"response.function_call_arguments.delta","output_index":0,"delta":"}"}`,
				`{"type":"response.function_call_arguments.done","output_index":0,"arguments":"{}"}`, `{"type":"response.custom_tool_call_input.done","output_index":1,"input":"x"}`,
				`{"type":"response.output_item.done","output_index":1,"item":{"id":"g","type":"custom_tool_call","call_id":"c1","name":"g","input":"x"}}`,
				`{"type":"response.output_item.done","output_index":0,"item":{"id":"f","type":"function_call","call_id":"c0","name":"f","arguments":"{}"}}`, completed),
			"start part0 part1 delta0={ delta1=x delta0=} end1 end0 finish usage END",
		},
		"whole items": {
			lines(created,
				`{"type":"response.output_item.done","output_index":0,"item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"},{"type":"refusal","refusal":"r"}]}}`,
				`{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}`,
				`{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}`, completed),
			"start part0 delta0=a end0 part1 delta1=r end1 part2 delta2={} end2 finish usage END",
		},
		"only the end": {
			lines(`{"type":"response.completed","response":{"id":"r","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"}]}]}}`),
			"start part0 delta0=a end0 finish END",
		},
		"thoughts": {lines(created,
			`{"type":"response.output_item.added","output_index":0,"item":{"id":"rs","type":"reasoning","summary":[],"encrypted_content":"early"}}`,
			`{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}`,
			`{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"a"}`,
			`{"type":"response.reasoning_summary_text.done","output_index":0,"summary_index":0,"text":"a"}`,
			`{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"delta":"b"}`,
			`{"type":"response.output_item.done","output_index":0,"item":{"id":"rs","type":"reasoning","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],"encrypted_content":"E"}}`,
			completed), "start part0 delta0=a delta0=\n\n delta0=b sign0 end0 finish usage END"},
		"raw thoughts": {
			lines(created,
				`{"type":"response.output_item.added","output_index":0,"item":{"id":"rs","type":"reasoning","summary":[]}}`,
				`{"type":"response.reasoning_part.added","output_index":0,"content_index":0,"part":{"type":"reasoning_text","text":""}}`,
				`{"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":"a"}`,
				`{"type":"response.output_item.done","output_index":0,"item":{"id":"rs","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"a"}]}}`, completed),
			"start part0 delta0=a end0 finish usage END",
		},
		"hosted": {lines(created,
			`{"type":"response.output_item.added","output_index":0,"item":{"id":"ws","type":"web_search_call","status":"in_progress"}}`,
			`{"type":"response.web_search_call.searching","output_index":0,"item_id":"ws","sequence_number":4}`,
			`{"type":"response.output_item.done","output_index":0,"item":{"id":"ws","type":"web_search_call","status":"completed"}}`,
			`{"type":"keepalive"}`, completed), "start part0 other end0 other finish usage END"},
		"nothing announced": {
			lines(`{"type":"response.output_text.delta","delta":"a"}`, `{"type":"response.function_call_arguments.delta","output_index":3,"delta":"{}"}`, `{"type":"response.completed"}`),
			"start part0 delta0=a part1 delta1={} end0 end1 finish END",
		},
		"error":  {lines(created, `{"type":"error","code":"rate_limit_exceeded","message":"m","param":null}`, completed), "start error"},
		"nested": {lines(`{"type":"error","error":{"code":"x","message":"m"}}`), "start error"},
		"bare":   {lines(`{"error":{"message":"m"}}`), "start error"},
		"failed": {lines(created, `{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"m"}}}`), "start error"},
		"empty item": {lines(created, `{"type":"response.output_item.added","output_index":0,"item":{"type":"message","role":"assistant","content":[]}}`,
			`{"type":"response.output_item.done","output_index":0,"item":{"type":"message","role":"assistant","content":[]}}`, completed), "start part0 end0 finish usage END"},
	} {
		t.Run(name, func(t *testing.T) {
			evs, err := events(c.list)
			if err != nil {
				t.Fatal(err)
			}
			if got := steps(evs); got != c.want {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
			again, err := events(messages(encodeStream(evs, &llm.Request{})))
			if err != nil {
				t.Fatal(err)
			}
			sameEvents(t, plainErrors(again), plainErrors(evs))
		})
	}
}

// plainErrors are events without what the events of errors have no place for.
func plainErrors(list []llm.Event) []llm.Event {
	for i := range list {
		if e := list[i].Err; e != nil {
			list[i].Err = &llm.Error{Code: e.Code, Message: e.Message, Param: e.Param, RetryAfter: -1, Status: e.Status}
		}
	}
	return list
}

func TestStreamCutShort(t *testing.T) {
	for _, list := range [][]wire.Message{nil, lines(created), lines(created, `[DONE]`)} {
		if _, err := events(list); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%v", err)
		}
	}
	if _, err := events(lines(`{`)); err == nil {
		t.Error("half a message was read")
	}
}

func TestStreamFinish(t *testing.T) {
	for body, want := range map[string]llm.Finish{
		`{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}}`: llm.FinishLength,
		`{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"content_filter"}}}`:                llm.FinishFilter,
		`{"type":"response.completed","response":{}}`: llm.FinishStop,
		`{"type":"response.completed","response":{"output":[{"type":"function_call","call_id":"c","name":"f","arguments":""}]}}`: llm.FinishTools,
	} {
		evs, err := events(lines(created, body))
		if err != nil {
			t.Fatal(err)
		}
		if got := evs[len(evs)-2].Finish; got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}

// The events that a foreign answer becomes, all of them.
func TestForeignStream(t *testing.T) {
	r := decode(t, "{\"model\":\"m\",\"input\":\"q\",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\n\"parameters\":\r\n{}}]}")
	usage := llm.Usage{Prompt: 1, Completion: 2, Total: 3}
	evs := []llm.Event{
		{Kind: llm.EventStart, ID: "msg_7", Model: "claude", Created: 5},
		{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Thinking}},
		{Kind: llm.EventDelta, Text: wire.Quote("hm")},
		{Kind: llm.EventPartEnd},
		{Kind: llm.EventDelta, Index: 1, Text: wire.Quote("a")},
		{Kind: llm.EventDelta, Index: 1, Text: wire.Quote("b")},
		{Kind: llm.EventDelta, Choice: 1, Index: 1, Text: wire.Quote("second choice")},
		{Kind: llm.EventCite, Index: 1, Citation: llm.Citation{URL: wire.Quote("u"), Title: wire.Quote("t"), Start: 0, End: 2}},
		{Kind: llm.EventPartEnd, Index: 1},
		{Kind: llm.EventPart, Index: 2, Part: llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "c", Name: "f"}}},
		{Kind: llm.EventDelta, Index: 2, Text: wire.Quote(`{"x":`)},
		{Kind: llm.EventDelta, Index: 2, Text: wire.Quote(`1}`)},
		{Kind: llm.EventOther, Name: "ping", Text: llm.JSON(`{}`), Extra: llm.Extra{From: llm.Anthropic}},
		{Kind: llm.EventPartEnd, Index: 2},
		{Kind: llm.EventFinish, Finish: llm.FinishTools, Reason: "tool_use"},
		{Kind: llm.EventUsage, Usage: usage},
		{Kind: llm.EventEnd},
	}
	stream := encodeStream(evs, r)
	list := messages(stream)
	var got []string
	for i, m := range list {
		data := value(t, m.Data).(map[string]any)
		if data["type"] != m.Name || data["sequence_number"] != float64(i) {
			t.Errorf("event %s has %v %v", m.Name, data["type"], data["sequence_number"])
		}
		got = append(got, strings.TrimPrefix(m.Name, "response."))
	}
	want := "created in_progress " +
		"output_item.added reasoning_summary_part.added reasoning_summary_text.delta reasoning_summary_text.done reasoning_summary_part.done output_item.done " +
		"output_item.added content_part.added output_text.delta output_text.delta output_text.annotation.added output_text.done content_part.done output_item.done " +
		"output_item.added function_call_arguments.delta function_call_arguments.delta function_call_arguments.done output_item.done completed"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("\n got %s\nwant %s", s, want)
	}
	sameJSON(t, wire.Get(final(list), "output"), []byte(`[{"type":"reasoning","id":"rs_7_0","status":"completed","summary":[{"type":"summary_text","text":"hm"}]},
		{"type":"message","id":"msg_7_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"ab","annotations":[{"type":"url_citation","url":"u","title":"t","start_index":0,"end_index":2}],"logprobs":[]}]},
		{"type":"function_call","id":"fc_7_2","status":"completed","call_id":"c","name":"f","arguments":"{\"x\":1}"}]`))
	sameJSON(t, wire.Get(final(list), "usage"), []byte(`{"input_tokens":1,"input_tokens_details":{"cached_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":3}`))
	if a := answer(t, string(final(list))); a.Choices[0].Finish != llm.FinishTools {
		t.Errorf("finish %v", a.Choices[0].Finish)
	}
	for _, m := range list {
		for _, name := range []string{"output_item.added", "content_part.added", "delta", ".done"} {
			if strings.HasSuffix(m.Name, name) && wire.Get(m.Data, "output_index") == nil {
				t.Errorf("%s has no output_index", m.Data)
			}
		}
	}
}

func TestForeignStreamEnds(t *testing.T) {
	for name, c := range map[string]struct {
		list []llm.Event
		last string
	}{
		"empty":   {[]llm.Event{{Kind: llm.EventStart}, {Kind: llm.EventEnd}}, "response.completed"},
		"length":  {[]llm.Event{{Kind: llm.EventDelta, Text: wire.Quote("a")}, {Kind: llm.EventFinish, Finish: llm.FinishLength}, {Kind: llm.EventEnd}}, "response.incomplete"},
		"error":   {[]llm.Event{{Kind: llm.EventDelta, Text: wire.Quote("a")}, {Kind: llm.EventError, Err: &llm.Error{Message: "m", Type: "overloaded"}}, {Kind: llm.EventEnd}}, "response.failed"},
		"no text": {[]llm.Event{{Kind: llm.EventError}}, "response.failed"},
	} {
		list := messages(encodeStream(c.list, nil))
		if got := list[len(list)-1].Name; got != c.last {
			t.Errorf("%s ends with %s", name, got)
		}
		if list[0].Name != "response.created" {
			t.Errorf("%s begins with %s", name, list[0].Name)
		}
	}
	list := messages(encodeStream([]llm.Event{{Kind: llm.EventError, Err: &llm.Error{Message: "m", Code: "c"}}}, nil))
	sameJSON(t, list[2].Data, []byte(`{"type":"error","sequence_number":2,"code":"c","message":"m","param":null}`))
	sameJSON(t, wire.Get(list[3].Data, "response", "error"), []byte(`{"code":"c","message":"m"}`))
}

// What a plugin has changed in the pieces is changed in the whole.
func TestChangedStream(t *testing.T) {
	evs, err := events(lines(created,
		`{"type":"response.output_item.added","output_index":0,"item":{"id":"rs","type":"reasoning","summary":[]}}`,
		`{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"secret"}`,
		`{"type":"response.output_item.done","output_index":0,"item":{"id":"rs","type":"reasoning","summary":[{"type":"summary_text","text":"secret"}]}}`,
		`{"type":"response.output_item.added","output_index":1,"item":{"id":"m","type":"message","role":"assistant","content":[]}}`,
		`{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"secret"}`,
		`{"type":"response.output_item.done","output_index":1,"item":{"id":"m","type":"message","role":"assistant","content":[{"type":"output_text","text":"secret"}]}}`,
		`{"type":"response.output_item.added","output_index":2,"item":{"id":"f","type":"function_call","call_id":"c","name":"f","arguments":""}}`,
		`{"type":"response.output_item.done","output_index":2,"item":{"id":"f","type":"function_call","call_id":"c","name":"f","arguments":"secret"}}`,
		`{"type":"response.completed","response":{"id":"resp_1","status":"completed","output_text":"secret","output":[]}}`))
	if err != nil {
		t.Fatal(err)
	}
	for i := range evs {
		if evs[i].Kind == llm.EventDelta {
			evs[i].Text = wire.Quote("***")
		}
	}
	if stream := encodeStream(evs, nil); strings.Contains(stream, "secret") || strings.Count(stream, "***") < 6 {
		t.Error(stream)
	}
}

// Pieces cost no more the more there are.
func TestManyPieces(t *testing.T) {
	list := lines(created, `{"type":"response.output_item.added","output_index":0,"item":{"id":"rs","type":"reasoning","summary":[]}}`)
	for i := range 3000 {
		list = append(list, lines(fmt.Sprintf(`{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":%d,"delta":"a"}`, i))...)
	}
	list = append(list, lines(completed)...)
	evs, err := events(list)
	if err != nil {
		t.Fatal(err)
	}
	again, err := events(messages(encodeStream(evs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, again, evs)
}
