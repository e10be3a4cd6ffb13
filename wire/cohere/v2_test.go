package cohere_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/cohere"
)

// Questions that must come out as they went in.
var v2Questions = []string{
	`{"model":"command-a-03-2025","messages":[{"role":"user","content":"Hi"}],"stream":false}`,
	`{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"What is it? \u00e9"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},{"type":"image_url","image_url":{"url":"https://a/b.png"}},{"type":"image_url","image_url":"data:image/PNG;charset=x;base64,AAAA"},{"type":"video_url","video_url":{"url":"x"}}]}]}`,
	`{"model":"m","stream":true,"messages":[{"role":"system","content":"S"},{"role":"user","content":"U"},{"role":"assistant","tool_plan":"I will.","tool_calls":[{"id":"a_1","type":"function","function":{"name":"a","arguments":"{\"x\": 1}"}},{"id":"b_1","function":{"name":"b","arguments":"null"}}],"citations":[],"content":null},{"role":"tool","tool_call_id":"a_1","content":[{"type":"document","document":{"data":{"output":"60"},"id":"d"}},{"type":"text","text":"t"}]},{"role":"tool","tool_call_id":"b_1","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"A"}],"citations":[{"start":0,"end":1,"text":"A","sources":[{"type":"tool","id":"a_1:0","tool_output":{"output":"60"}}],"type":"TEXT_CONTENT"}]}]}`,
	`{"model":"m","messages":[{"role":"user","content":"U"}],"documents":[{"id":"1","data":{"text":"T","title":"Ti"}},"plain",{"data":{"year":1}}],"citation_options":{"mode":"FAST"},"safety_mode":"STRICT","priority":3}`,
	`{"model":"m","messages":[],"documents":[],"tools":[],"stop_sequences":[],"tool_choice":null,"temperature":null}`,
	`{"model":"m","messages":[{"role":"user","content":"U"}],"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{}}}},{"function":{"name":"g"}},{"type":"x"}],"tool_choice":"REQUIRED","strict_tools":true}`,
	`{"model":"m","messages":[{"role":"user","content":"U"}],"tool_choice":"NONE","strict_tools":true,"response_format":{"type":"json_object","json_schema":{"type":"object"},"x":1}}`,
	`{"model":"m","messages":[{"role":"user","content":"U"}],"response_format":{"type":"json_object","schema":{"type":"object"}},"thinking":{"type":"disabled"}}`,
	`{"model":"m","messages":[{"role":"user","content":"U"}],"response_format":{"type":"text"},"thinking":{"type":"enabled","token_budget":100},"max_tokens":5,"stop_sequences":["a","b"],"temperature":0.30,"seed":7,"frequency_penalty":0.1,"presence_penalty":0.2,"k":3,"p":0.9,"logprobs":true}`,
	`{"model":"","messages":[{"role":"assistant","content":[],"tool_calls":[]},{"role":"tool","content":""},{"role":"developer","content":"D"}],"thinking":{"type":"other"},"response_format":{"type":"x"}}`,
}

func TestV2QuestionsComeOutAsTheyWentIn(t *testing.T) {
	for _, q := range v2Questions {
		got, notes := put(t, cohere.V2Provider{}, asked(t, cohere.V2Client{}, q))
		same(t, "question", got, []byte(q))
		if len(notes) > 0 {
			t.Errorf("notes %q of %s", notes, q)
		}
	}
}

func TestV2QuestionsAreUnderstood(t *testing.T) {
	r := asked(t, cohere.V2Client{}, v2Questions[2])
	if !r.Stream || !r.IncludeUsage || len(r.Messages) != 6 {
		t.Fatalf("%+v", r)
	}
	call := r.Messages[2].Parts[1]
	if string(r.Messages[2].Parts[0].Text) != `"I will."` || call.Call.Name != "a" || string(call.Call.Args) != `{"x": 1}` {
		t.Errorf("plan and call: %+v", r.Messages[2].Parts)
	}
	if result := r.Messages[3].Parts[0].Result; result.ID != "a_1" || string(result.Parts[0].Media.Text) == "" {
		t.Errorf("result: %+v", result)
	}
	if c := r.Messages[5].Parts[1].Citations; len(c) != 1 || c[0].End != 1 {
		t.Errorf("citations: %+v", c)
	}
	r = asked(t, cohere.V2Client{}, v2Questions[8])
	if r.Output.Kind != llm.OutputText || !r.Reasoning.On || string(r.Reasoning.Budget) != "100" || string(r.Sampling.TopK) != "3" || len(r.Sampling.Stop) != 2 {
		t.Errorf("%+v", r)
	}
}

func TestV2RefusesWhatIsNoQuestion(t *testing.T) {
	for body, field := range map[string]string{
		``: "", `[]`: "", `{"a":1,"a":2}`: "", `{}`: "messages", `{"messages":"x"}`: "messages",
		`{"messages":[1]}`: "messages[0]", `{"messages":[{"role":"user"},{"role":"bot"}]}`: "messages[1].role",
	} {
		var r llm.Request
		err := cohere.V2Client{}.DecodeRequest(&r, wire.Question{Body: []byte(body)})
		invalid, ok := errors.AsType[*wire.Invalid](err)
		if !ok || invalid.Field != field {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// foreignQuestion is one of another format that asks for all there is.
func foreignQuestion() *llm.Request {
	return &llm.Request{
		Model: "m",
		Messages: []llm.Message{
			{Role: llm.Developer, Parts: []llm.Part{{Text: llm.JSON(`"S"`)}}, Plain: true, Name: llm.JSON(`"n"`)},
			{Role: llm.User, Parts: []llm.Part{
				{Text: llm.JSON(`"U"`), Cache: &llm.Cache{}},
				{Kind: llm.Image, Media: &llm.Media{MIME: "image/png", Data: []byte("AAAA")}},
				{Kind: llm.Audio, Media: &llm.Media{Data: []byte("AAAA")}},
				{Kind: llm.Document, Media: &llm.Media{Text: llm.JSON(`"D"`), Title: llm.JSON(`"T"`)}},
				{Kind: llm.Document, Media: &llm.Media{MIME: "text/plain", Data: []byte("SGk=")}},
			}},
			{Role: llm.Assistant, Parts: []llm.Part{
				{Kind: llm.Thinking, Text: llm.JSON(`"hm"`), Signature: llm.JSON(`"sig"`), SignedBy: llm.Anthropic},
				{Kind: llm.Redacted, Signature: llm.JSON(`"sig"`), SignedBy: llm.Anthropic},
				{Text: llm.JSON(`"I look."`)},
				{Kind: llm.ToolCall, Call: &llm.Call{ID: "c1", Name: "f"}},
				{Kind: llm.ToolCall, Call: &llm.Call{ID: "c2", Name: "f", Args: []byte(`{"x":`)}},
			}},
			{Role: llm.User, Parts: []llm.Part{
				{Kind: llm.ToolResult, Result: &llm.Result{ID: "c1", Parts: []llm.Part{{Text: llm.JSON(`"r"`)}}, Failed: true}},
				{Kind: llm.ToolResult, Result: &llm.Result{ID: "c2", Value: llm.JSON(`{"a":1}`)}},
				{Text: llm.JSON(`"go on"`)},
			}},
		},
		Tools: []llm.Tool{
			{Name: "f", Description: llm.JSON(`"d"`), Strict: llm.JSON("true"), Schema: llm.JSON(`{"type":"object","properties":{"x":{"type":"integer","minimum":1},"y":{"type":"array","items":{"type":"string"}}},"required":["x"]}`)},
			{Name: "g"},
			{Raw: llm.JSON(`{"type":"web_search"}`), From: llm.OpenAIResponses},
		},
		Choice:    llm.ToolChoice{Mode: llm.ChoiceNamed, Name: "f"},
		Reasoning: llm.Reasoning{Effort: "high"},
		Output:    llm.Output{Kind: llm.OutputSchema, Name: "o", Schema: llm.JSON(`{"type":"object"}`), Strict: llm.JSON("true")},
		Sampling:  llm.Sampling{N: llm.JSON("2"), TopK: llm.JSON("5"), TopP: llm.JSON("1.0"), Stop: []llm.JSON{llm.JSON(`"x"`)}, LogitBias: llm.JSON(`{"5":1}`)},
		User:      llm.JSON(`"u"`),
		Extra:     llm.Extra{From: llm.OpenAIChat, Members: []llm.Member{{Name: "store", Value: llm.JSON("true")}}},
	}
}

func TestV2PutsForeignQuestions(t *testing.T) {
	got, notes := put(t, cohere.V2Provider{}, foreignQuestion())
	same(t, "question", got, []byte(`{"model":"m","stream":false,"messages":[
		{"role":"system","content":"S"},
		{"role":"user","content":[{"type":"text","text":"U"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},
		{"role":"assistant","content":[{"type":"thinking","thinking":"hm"}],"tool_plan":"I look.","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"c2","type":"function","function":{"name":"f","arguments":"{\"x\":"}}]},
		{"role":"tool","tool_call_id":"c1","content":"r"},
		{"role":"tool","tool_call_id":"c2","content":[{"type":"document","document":{"data":{"a":1}}}]},
		{"role":"user","content":"go on"}],
		"documents":[{"data":{"text":"D","title":"T"}},{"data":{"text":"Hi"}}],
		"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"x":{"type":"integer","minimum":1},"y":{"type":"array","items":{"type":"string"}}},"required":["x"]}}}],
		"strict_tools":true,"tool_choice":"REQUIRED","response_format":{"type":"json_object","json_schema":{"type":"object"}},
		"k":5,"p":1.0,"stop_sequences":["x"],"thinking":{"type":"enabled"}}`))
	for _, want := range []string{
		"messages[0].name", "messages[0].role: sent as system", "messages[1].parts[0].cache", "messages[1].parts[2]",
		"messages[3].parts[0].failed", "choice: only the tools that may be called are sent",
		"reasoning.effort: thinking is enabled, without a measure", "sampling.n", "sampling.logit_bias", "user", "store",
	} {
		if !slices.Contains(notes, want) {
			t.Errorf("no note %q in %q", want, notes)
		}
	}
}

func TestV2PutsPrompts(t *testing.T) {
	got, _ := put(t, cohere.V2Provider{}, &llm.Request{Model: "m", Prompt: llm.JSON(`["P"]`)})
	same(t, "question", got, []byte(`{"model":"m","stream":false,"messages":[{"role":"user","content":"P"}]}`))
	both := &llm.Request{Prompt: llm.JSON(`"P"`), Messages: []llm.Message{{}}}
	if _, err := (cohere.V2Provider{}).EncodeRequest(nil, both, nil); err == nil {
		t.Error("a prompt and messages were put together")
	}
}

// Answers that must come out as they went in.
var v2Answers = []string{
	`{"id":"1","message":{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Sky é"}],"citations":[{"start":0,"end":3,"text":"Sky","sources":[{"type":"document","id":"d","document":{"id":"d","text":"The sky"}}],"type":"TEXT_CONTENT","content_index":1}]},"finish_reason":"STOP_SEQUENCE","usage":{"billed_units":{"input_tokens":5,"output_tokens":10},"tokens":{"input_tokens":607,"output_tokens":13,"reasoning_tokens":4},"cached_tokens":480}}`,
	`{"id":"1","message":{"role":"assistant","tool_plan":"I will.","tool_calls":[{"id":"f_1","type":"function","function":{"name":"f","arguments":"null"}}]},"finish_reason":"TOOL_CALL","usage":{"tokens":{"input_tokens":12.0,"output_tokens":3}}}`,
	`{"id":"1","message":{"role":"assistant","content":[{"type":"text","text":"A"}]},"finish_reason":"MAX_TOKENS","logprobs":[{"text":"A","token_ids":[1],"logprobs":[-0.5]}],"x":{"y":1}}`,
	`{"message":{"role":"assistant","content":[],"citations":[],"tool_calls":null},"finish_reason":"TIMEOUT"}`,
	`{"message":{}}`,
}

func TestV2AnswersComeOutAsTheyWentIn(t *testing.T) {
	for _, body := range v2Answers[:4] {
		a := answered(t, cohere.V2Provider{}, body)
		same(t, "answer", cohere.V2Client{}.EncodeResponse(nil, a, nil), []byte(body))
	}
}

func TestV2AnswersAreUnderstood(t *testing.T) {
	a := answered(t, cohere.V2Provider{}, v2Answers[0])
	c := a.Choices[0]
	if c.Finish != llm.FinishStop || c.Reason != "STOP_SEQUENCE" || len(c.Parts) != 2 || len(c.Parts[1].Citations) != 1 {
		t.Errorf("%+v", c)
	}
	if u := a.Usage; u.Prompt != 5 || u.Completion != 10 || u.Total != 15 || u.Details.Reasoning != 4 || u.Details.CachedPrompt != -1 {
		t.Errorf("%+v", u)
	}
	if a = answered(t, cohere.V2Provider{}, v2Answers[1]); a.Usage.Prompt != 12 || len(a.Choices[0].Parts[1].Call.Args) != 0 || a.Choices[0].Finish != llm.FinishTools {
		t.Errorf("%+v", a)
	}
	a = answered(t, cohere.V2Provider{}, v2Answers[2])
	same(t, "logprobs", a.Choices[0].Logprobs, []byte(`{"content":[{"token":"A","logprob":-0.5,"bytes":null,"top_logprobs":[]}]}`))
}

func TestV2AnswersThatAreNone(t *testing.T) {
	for _, body := range []string{`{"message":"no","id":"r"}`, `{"error":"no"}`, `{"error":{"message":"no"}}`} {
		err := cohere.V2Provider{}.DecodeResponse(&llm.Response{}, []byte(body))
		if e, ok := errors.AsType[*llm.Error](err); !ok || e.Message != "no" {
			t.Errorf("%s: %v", body, err)
		}
	}
	for _, body := range []string{``, `[]`, `{}`, `{"id":1}`} {
		if err := (cohere.V2Provider{}).DecodeResponse(&llm.Response{}, []byte(body)); err == nil {
			t.Errorf("%s: no error", body)
		}
	}
}

// foreignAnswer is one of another format.
func foreignAnswer() *llm.Response {
	details := llm.NoDetails()
	details.Reasoning, details.CachedPrompt = 2, 3
	return &llm.Response{
		ID: "msg", Model: "m", Usage: llm.Usage{Prompt: 4, Completion: 5, Total: 9, Details: &details},
		Choices: []llm.Choice{{Finish: llm.FinishTools, Reason: "tool_use", Parts: []llm.Part{
			{Kind: llm.Thinking, Text: llm.JSON(`"hm"`), Signature: llm.JSON(`"sig"`), SignedBy: llm.Anthropic},
			{Text: llm.JSON(`"Größe x"`), Citations: []llm.Citation{{Start: 1, End: 3, URL: llm.JSON(`"https://a"`), Title: llm.JSON(`"T"`), From: llm.OpenAIChat}}},
			{Kind: llm.ToolCall, Call: &llm.Call{ID: "c1", Name: "f", Args: []byte(`{"x":1}`)}},
			{Kind: llm.ToolCall, Call: &llm.Call{ID: "c2", Name: "f"}},
		}}},
	}
}

func TestV2TellsForeignAnswers(t *testing.T) {
	got := cohere.V2Client{}.EncodeResponse(nil, foreignAnswer(), nil)
	id := sealed(t, got, "message")
	same(t, "answer", got, []byte(strings.ReplaceAll(`{"id":"msg","finish_reason":"TOOL_CALL","message":{"role":"assistant",
		"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Größe x"}],
		"citations":[{"start":1,"end":3,"text":"rö","sources":[{"type":"document","id":"https://a","document":{"id":"https://a","url":"https://a","title":"T"}}],"type":"TEXT_CONTENT"}],
		"tool_calls":[{"id":"ID","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]},
		"usage":{"billed_units":{"input_tokens":4,"output_tokens":5},"tokens":{"input_tokens":4,"output_tokens":5,"reasoning_tokens":2},"cached_tokens":3}}`, "ID", id)))
	// The caller sends the message back.
	r := asked(t, cohere.V2Client{}, `{"model":"m","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"hm"}],"tool_calls":[{"id":"`+id+`","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"`+id+`","content":"r"}]}`)
	parts := r.Messages[0].Parts
	if len(parts) != 2 || string(parts[0].Signature) != `"sig"` || parts[0].SignedBy != llm.Anthropic || parts[1].Call.ID != "c1" || r.Messages[1].Parts[0].Result.ID != "c1" {
		t.Errorf("%+v", parts)
	}
	r = asked(t, cohere.V2Client{}, `{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"`+id+`","type":"function","function":{"name":"f","arguments":"{}"}}]}]}`)
	if parts = r.Messages[0].Parts; len(parts) != 2 || parts[0].Kind != llm.Thinking || string(parts[0].Signature) != `"sig"` {
		t.Errorf("%+v", parts)
	}
}

// sealed is the id of the first call of an answer.
func sealed(t *testing.T, body []byte, path ...string) string {
	t.Helper()
	for _, name := range path {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(body, &object); err != nil {
			t.Fatal(err)
		}
		body = object[name]
	}
	var answer struct {
		Calls []struct{ ID string } `json:"tool_calls"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Calls) == 0 {
		t.Fatalf("%v in %s", err, body)
	}
	if !strings.HasPrefix(answer.Calls[0].ID, "c1-sealed-") {
		t.Errorf("the id is %s", answer.Calls[0].ID)
	}
	return answer.Calls[0].ID
}

func TestErrors(t *testing.T) {
	header := func(name string) string { return map[string]string{"Retry-After": "7"}[name] }
	for body, want := range map[string]string{
		`{"id":"r","message":"bad key"}`: "bad key", `{"detail":"no"}`: "no", `{"error":{"message":"m"}}`: "m",
		`no JSON`: "no JSON", ``: "the provider answered with status 429", `[]`: "[]", `{"message":1}`: "the provider answered with status 429",
	} {
		if e := (cohere.V2Provider{}).DecodeError(429, header, []byte(body)); e.Message != want || e.RetryAfter != 7 || e.Status != 429 {
			t.Errorf("%s: %+v", body, e)
		}
	}
	e := cohere.V1Provider{}.DecodeError(400, nil, []byte(`{"id":"r","message":"m"}`))
	same(t, "error", cohere.V1Client{}.EncodeError(nil, e), []byte(`{"id":"r","message":"m"}`))
	if e = (cohere.Generate{}).DecodeError(500, nil, []byte("x")); e.RetryAfter != -1 {
		t.Errorf("%+v", e)
	}
}
