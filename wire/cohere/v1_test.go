package cohere_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/cohere"
)

var v1Questions = []string{
	`{"model":"command-r","message":"Hi","stream":false}`,
	`{"message":"Hi","preamble":"P","chat_history":[{"role":"USER","message":"U"},{"role":"CHATBOT","message":"A"},{"role":"System","message":"S"}],"temperature":0.3,"k":1,"p":0.5,"max_tokens":4,"stop_sequences":["x"],"connectors":[{"id":"web-search"}],"raw_prompting":true}`,
	`{"message":"","chat_history":[{"role":"User","message":"U"},{"role":"Chatbot","message":"A","tool_calls":[{"name":"f","args":{"q":"x"},"id":"i1","type":"tool_call"},{"name":"f","parameters":{"q":"y"}}]}],"tool_results":[{"call":{"name":"f","parameters":{"q":"y"}},"outputs":[{"output":"1"}]},{"call":{"name":"f","parameters":{"q":"x"}},"outputs":[{"a":1},{"b":2}]}],"stream":true}`,
	`{"message":"U","tool_results":[{"call":{"name":"f","parameters":{"q":"y"}},"outputs":[{"output":"1"},{"output":"2"}]}],"force_single_step":true,"tools":[{"name":"f","description":"d","parameter_definitions":{"q":{"description":"D","type":"str","required":true},"n":{"type":"List[int]"}}},{"name":"g","description":"","parameter_definitions":{"a":{"description":"","type":"float","required":false}}},{"x":1}]}`,
	`{"message":"","chat_history":[{"role":"USER","message":"U"},{"role":"TOOL","tool_results":[{"call":{"name":"f","parameters":null},"outputs":[]}]},{"role":"CHATBOT"},{"role":"TOOL","tool_results":[]}],"tool_results":[{"call":{"name":"f"},"outputs":[{"output":1}]}]}`,
	`{"message":"U","documents":[{"text":"T","title":"Ti"},{"snippet":"s"}],"chat_history":[],"tools":[],"tool_results":null,"response_format":{"type":"json_object","schema":{"type":"object"}}}`,
}

func TestV1QuestionsComeOutAsTheyWentIn(t *testing.T) {
	for _, q := range v1Questions {
		got, notes := put(t, cohere.V1Provider{}, asked(t, cohere.V1Client{}, q))
		same(t, "question", got, []byte(q))
		if len(notes) > 0 {
			t.Errorf("notes %q of %s", notes, q)
		}
	}
}

func TestV1QuestionsAreUnderstood(t *testing.T) {
	r := asked(t, cohere.V1Client{}, v1Questions[2])
	if len(r.Messages) != 3 || r.Messages[2].Role != llm.ToolRole {
		t.Fatalf("%+v", r.Messages)
	}
	calls, results := r.Messages[1].Parts[1:], r.Messages[2].Parts
	if calls[0].Call.ID != "i1" || string(calls[0].Call.Args) != `{"q":"x"}` || results[0].Result.ID != calls[1].Call.ID || results[1].Result.ID != "i1" {
		t.Errorf("%+v %+v", calls, results)
	}
	if string(results[0].Result.Parts[0].Text) != `"1"` || string(results[1].Result.Value) != `[{"a":1},{"b":2}]` {
		t.Errorf("%+v %+v", results[0].Result, results[1].Result)
	}
	r = asked(t, cohere.V1Client{}, v1Questions[3])
	if len(r.Messages) != 3 || r.Messages[1].Role != llm.Assistant || r.Messages[1].Parts[0].Call.ID != r.Messages[2].Parts[0].Result.ID {
		t.Errorf("the calls of the results: %+v", r.Messages)
	}
	same(t, "schema", r.Tools[0].Schema, []byte(`{"type":"object","properties":{"q":{"type":"string","description":"D"},"n":{"type":"array","items":{"type":"integer"}}},"required":["q"]}`))
	if r = asked(t, cohere.V1Client{}, v1Questions[1]); r.Messages[0].Role != llm.System || r.Messages[3].Role != llm.System || r.Messages[4].Role != llm.User {
		t.Errorf("%+v", r.Messages)
	}
}

func TestV1RefusesWhatIsNoQuestion(t *testing.T) {
	for body, field := range map[string]string{
		``: "", `{}`: "message", `{"message":1}`: "message", `{"message":"x","chat_history":[{}]}`: "chat_history[0].role",
	} {
		err := cohere.V1Client{}.DecodeRequest(&llm.Request{}, wire.Question{Body: []byte(body)})
		if invalid, ok := errors.AsType[*wire.Invalid](err); !ok || invalid.Field != field {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func said(role llm.Role, text string) llm.Message {
	return llm.Message{Role: role, Parts: []llm.Part{{Text: wire.Quote(text)}}, Plain: true}
}

func TestV1PutsForeignConversations(t *testing.T) {
	r := &llm.Request{Model: "command", Messages: []llm.Message{
		said(llm.System, "S"), said(llm.User, "1"), said(llm.Assistant, "2"), said(llm.User, "3"), said(llm.Assistant, "4"), said(llm.User, "5"),
	}, Sampling: llm.Sampling{TopP: llm.JSON("1.0")}}
	got, notes := put(t, cohere.V1Provider{}, r)
	same(t, "question", got, []byte(`{"model":"command","stream":false,"message":"5","p":1.0,"chat_history":[
		{"role":"USER","message":"S"},{"role":"USER","message":"1"},{"role":"CHATBOT","message":"2"},{"role":"USER","message":"3"},{"role":"CHATBOT","message":"4"}]}`))
	if !slices.Equal(notes, []string{"messages[0].role: sent as USER"}) {
		t.Errorf("%q", notes)
	}
}

func TestV1PutsForeignQuestions(t *testing.T) {
	r := foreignQuestion()
	r.Messages[3].Parts = r.Messages[3].Parts[:2]
	got, notes := put(t, cohere.V1Provider{}, r)
	same(t, "question", got, []byte(`{"model":"m","stream":false,"message":"","chat_history":[
		{"role":"USER","message":"S"},{"role":"USER","message":"U"},
		{"role":"CHATBOT","message":"I look.","tool_calls":[{"name":"f","parameters":{}},{"name":"f","parameters":{"_raw":"{\"x\":"}}]}],
		"tool_results":[{"call":{"name":"f","parameters":{}},"outputs":[{"output":"r"}]},{"call":{"name":"f","parameters":{"_raw":"{\"x\":"}},"outputs":[{"a":1}]}],
		"documents":[{"text":"D","title":"T"},{"text":"Hi"}],
		"tools":[{"name":"f","description":"d","parameter_definitions":{"x":{"type":"int","required":true},"y":{"type":"List[str]","required":false}}}],
		"response_format":{"type":"json_object","schema":{"type":"object"}},"k":5,"p":1.0,"stop_sequences":["x"]}`))
	for _, want := range []string{"messages[1].parts[1]", "tools[0].schema: only names, types and descriptions of its properties are sent", "reasoning", "choice: only the tools that may be called are sent"} {
		if !slices.Contains(notes, want) {
			t.Errorf("no note %q in %q", want, notes)
		}
	}
}

func TestDocumentsGoFromOneVersionToTheOther(t *testing.T) {
	got, _ := put(t, cohere.V2Provider{}, asked(t, cohere.V1Client{}, v1Questions[5]))
	same(t, "question", got, []byte(`{"stream":false,"messages":[{"role":"user","content":"U"}],"documents":[{"data":{"text":"T","title":"Ti"}},{"data":{"snippet":"s"}}],"response_format":{"type":"json_object","json_schema":{"type":"object"}}}`))
	got, _ = put(t, cohere.V1Provider{}, asked(t, cohere.V2Client{}, v2Questions[3]))
	same(t, "question", got, []byte(`{"model":"m","stream":false,"message":"U","documents":[{"text":"T","title":"Ti"},{"text":"plain"},{"year":1}]}`))
}

var v1Answers = []string{
	`{"response_id":"r","text":"A é","generation_id":"g","chat_history":[{"role":"USER","message":"U"}],"finish_reason":"COMPLETE","meta":{"api_version":{"version":"1"},"billed_units":{"input_tokens":6,"output_tokens":33},"tokens":{"input_tokens":501,"output_tokens":35}},"citations":[{"start":0,"end":1,"text":"A","document_ids":["d"]}],"documents":[{"id":"d","text":"T","url":"https://a"}]}`,
	`{"text":"I will.","generation_id":"g","finish_reason":"COMPLETE","tool_calls":[{"name":"f","parameters":{"x":"1"}},{"name":"g","parameters":{}}],"meta":{}}`,
	`{"text":"","generation_id":"g","finish_reason":"ERROR_LIMIT","tool_calls":[{"name":"f","parameters":null}]}`,
	`{"text":"","finish_reason":"ERROR_TOXIC","token_count":{"prompt_tokens":1,"response_tokens":2,"total_tokens":3,"billed_tokens":3}}`,
	`{"tool_calls":[],"text":"x","finish_reason":"WHO_KNOWS"}`,
}

func TestV1AnswersComeOutAsTheyWentIn(t *testing.T) {
	for _, body := range v1Answers {
		a := answered(t, cohere.V1Provider{}, body)
		same(t, "answer", cohere.V1Client{}.EncodeResponse(nil, a, nil), []byte(body))
	}
}

func TestV1AnswersAreUnderstood(t *testing.T) {
	a := answered(t, cohere.V1Provider{}, v1Answers[0])
	if c := a.Choices[0].Parts[0].Citations[0]; string(c.URL) != `"https://a"` || string(c.Quote) != `"T"` || c.End != 1 {
		t.Errorf("%+v", c)
	}
	if a.ID != "g" || a.Usage.Prompt != 6 || a.Usage.Total != 39 {
		t.Errorf("%+v", a)
	}
	a = answered(t, cohere.V1Provider{}, v1Answers[1])
	if c := a.Choices[0]; c.Finish != llm.FinishTools || len(c.Parts) != 3 || c.Parts[1].Call.ID != "g_0" || c.Parts[2].Call.ID != "g_1" {
		t.Errorf("%+v", c)
	}
	if a = answered(t, cohere.V1Provider{}, v1Answers[3]); a.Usage.Total != 3 || a.Choices[0].Finish != llm.FinishFilter {
		t.Errorf("%+v", a)
	}
}

func TestV1TellsForeignAnswers(t *testing.T) {
	got := cohere.V1Client{}.EncodeResponse(nil, foreignAnswer(), nil)
	id := sealed(t, got)
	same(t, "answer", got, []byte(strings.ReplaceAll(`{"response_id":"msg","text":"Größe x","generation_id":"msg","finish_reason":"COMPLETE",
		"citations":[{"start":1,"end":3,"text":"rö","document_ids":["https://a"]}],
		"tool_calls":[{"id":"ID","name":"f","parameters":{"x":1}},{"id":"c2","name":"f","parameters":{}}],
		"meta":{"api_version":{"version":"1"},"billed_units":{"input_tokens":4,"output_tokens":5},"tokens":{"input_tokens":4,"output_tokens":5,"reasoning_tokens":2},"cached_tokens":3}}`, "ID", id)))
	r := asked(t, cohere.V1Client{}, `{"message":"","chat_history":[{"role":"CHATBOT","message":"A","tool_calls":[{"id":"`+id+`","name":"f","parameters":{}}]}],"tool_results":[{"call":{"id":"`+id+`","name":"f","parameters":{}},"outputs":[]}]}`)
	if parts := r.Messages[0].Parts; parts[0].Kind != llm.Thinking || parts[0].SignedBy != llm.Anthropic || parts[2].Call.ID != "c1" || r.Messages[1].Parts[0].Result.ID != "c1" {
		t.Errorf("%+v", r.Messages)
	}
}

const v1Stream = `{"is_finished":false,"event_type":"stream-start","generation_id":"g"}
{"is_finished":false,"event_type":"search-results","documents":[]}
{"is_finished":false,"event_type":"tool-calls-chunk","text":"I will."}
{"is_finished":false,"event_type":"citation-generation","citations":[{"start":0,"end":1,"text":"I","document_ids":["d"]}]}
{"is_finished":false,"event_type":"tool-calls-chunk","tool_call_delta":{"index":0,"name":"f"}}
{"is_finished":false,"event_type":"tool-calls-chunk","tool_call_delta":{"index":0,"parameters":"{\"x\":"}}
{"is_finished":false,"event_type":"tool-calls-chunk","tool_call_delta":{"index":0,"parameters":"1}"}}
{"is_finished":false,"event_type":"tool-calls-generation","text":"I will.","tool_calls":[{"name":"f","parameters":{"x":1}},{"name":"g","parameters":{"y":2}}]}
{"is_finished":true,"event_type":"stream-end","finish_reason":"COMPLETE","response":{"response_id":"r","text":"I will.","generation_id":"g","finish_reason":"COMPLETE","meta":{"billed_units":{"input_tokens":1,"output_tokens":2}},"tool_calls":[]}}
`

func TestV1Stream(t *testing.T) {
	events, err := heard(cohere.V1Provider{}.NewStream(), v1Stream)
	if err != nil {
		t.Fatal(err)
	}
	want := "start other part delta cite partend part delta delta partend part delta partend finish usage end"
	if got := kinds(events); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if events[6].Part.Call.ID != "g_0" || events[10].Part.Call.ID != "g_1" || events[13].Finish != llm.FinishTools {
		t.Error(show(events))
	}
	stream := told(cohere.V1Client{}.NewStream(nil), events)
	again, err := heard(cohere.V1Provider{}.NewStream(), stream)
	if err != nil || show(again) != show(events) {
		t.Errorf("%v\n%s\n%s", err, stream, show(again))
	}
	lines := strings.Split(strings.TrimSpace(stream), "\n")
	same(t, "the end", []byte(lines[len(lines)-1]), []byte(`{"is_finished":true,"event_type":"stream-end","finish_reason":"COMPLETE","response":{"response_id":"r","text":"I will.","generation_id":"g","finish_reason":"COMPLETE",
		"citations":[{"start":0,"end":1,"text":"I","document_ids":["d"]}],"tool_calls":[{"name":"f","parameters":{"x":1}},{"name":"g","parameters":{"y":2}}],"meta":{"billed_units":{"input_tokens":1,"output_tokens":2}}}}`))
}

func TestV1StreamTolerates(t *testing.T) {
	for name, c := range map[string]struct{ stream, want string }{
		"nothing but the end":      {`{"event_type":"stream-end","response":{"text":"A","generation_id":"g","finish_reason":"COMPLETE"}}`, "start part delta partend finish end"},
		"an error at the end":      {`{"event_type":"stream-end","finish_reason":"ERROR","error":"broken","response":{}}`, "start error"},
		"an error":                 {`{"event_type":"stream-error","err":"broken"}`, "start error"},
		"an error without a type":  {`{"message":"broken"}`, "error"},
		"server-sent events, DONE": {"data: " + `{"event_type":"text-generation","text":"A"}` + "\n\ndata: " + `{"event_type":"stream-end"}` + "\n\ndata: [DONE]\n\n", "start part delta partend finish end"},
		"a citation of nothing":    {`{"event_type":"citation-generation","citations":[{}]}` + "\n" + `{"event_type":"stream-end"}`, "start other finish end"},
	} {
		events, err := heard(cohere.V1Provider{}.NewStream(), c.stream)
		if err != nil || kinds(events) != c.want {
			t.Errorf("%s: %v %s", name, err, kinds(events))
		}
	}
}

func TestV1TellsForeignStreams(t *testing.T) {
	e := cohere.V1Client{}.NewStream(nil)
	stream := told(e, foreignEvents())
	events, err := heard(cohere.V1Provider{}.NewStream(), stream)
	if err != nil || e.ContentType() != "application/stream+json" {
		t.Fatal(err)
	}
	if got, want := kinds(events), "start part delta cite partend part delta partend finish usage end"; got != want {
		t.Errorf("%s\n%s", got, stream)
	}
	if strings.Contains(stream, "other choice") || !strings.Contains(stream, `"id":"c1-sealed-`) {
		t.Error(stream)
	}
}

func TestGenerate(t *testing.T) {
	r := &llm.Request{Model: "command", Prompt: llm.JSON(`"P"`), Sampling: llm.Sampling{TopP: llm.JSON(".75"), TopK: llm.JSON("5"), N: llm.JSON("2")}}
	r.Sampling.TopP = llm.JSON("0.75")
	got, _ := put(t, cohere.Generate{}, r)
	same(t, "question", got, []byte(`{"model":"command","prompt":"P","stream":false,"p":0.75,"k":5,"num_generations":2}`))
	got, notes := put(t, cohere.Generate{}, &llm.Request{Messages: []llm.Message{said(llm.System, "S"), said(llm.User, "U")}})
	same(t, "question", got, []byte(`{"prompt":"S\n\nU","stream":false}`))
	if len(notes) != 1 {
		t.Errorf("%q", notes)
	}
	if _, err := (cohere.Generate{}).EncodeRequest(nil, &llm.Request{Prompt: llm.JSON(`["a","b"]`)}, nil); err == nil {
		t.Error("two prompts were sent")
	}
	body := `{"id":"i","generations":[{"id":"g","text":"A","finish_reason":"COMPLETE"},{"text":"B","finish_reason":"MAX_TOKENS","likelihood":-1}],"prompt":"P","meta":{"billed_units":{"input_tokens":1,"output_tokens":2}}}`
	for _, provider := range []wire.Provider{cohere.Generate{}, cohere.V1Provider{}} {
		a := answered(t, provider, body)
		if a.ID != "i" || len(a.Choices) != 2 || a.Choices[1].Index != 1 || a.Choices[1].Finish != llm.FinishLength || a.Usage.Total != 3 {
			t.Errorf("%+v", a)
		}
	}
	for _, body := range []string{`{}`, `[]`, `{"message":"no"}`} {
		if err := (cohere.Generate{}).DecodeResponse(&llm.Response{}, []byte(body)); err == nil {
			t.Errorf("%s: no error", body)
		}
	}
}

func TestGenerateStream(t *testing.T) {
	events, err := heard(cohere.Generate{}.NewStream(), `{"text":"A","index":1,"is_finished":false,"event_type":"text-generation"}
{"is_finished":true,"event_type":"stream-end","finish_reason":"COMPLETE","response":{"id":"i","generations":[{"text":"B","finish_reason":"MAX_TOKENS"},{"text":"A"}],"meta":{"billed_units":{"input_tokens":1}}}}`)
	if err != nil || kinds(events) != "start part delta part delta partend partend finish finish usage end" {
		t.Errorf("%v %s", err, kinds(events))
	}
	if events[7].Finish != llm.FinishLength || events[8].Finish != llm.FinishStop || events[8].Choice != 1 {
		t.Error(show(events))
	}
	events, err = heard(cohere.Generate{}.NewStream(), `{"event_type":"stream-error","finish_reason":"ERROR","err":"broken"}`)
	if err != nil || kinds(events) != "start error" || events[1].Err.Message != "broken" {
		t.Errorf("%v %s", err, kinds(events))
	}
}
