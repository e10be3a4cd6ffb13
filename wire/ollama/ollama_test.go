package ollama_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/ollama"
)

func TestRequestRoundTrip(t *testing.T) {
	for _, c := range []struct {
		generate bool
		body     string
	}{
		{false, chatRequest},
		{true, generateRequest},
		{false, `{"model":"m","messages":[]}`},
		{false, `{"model":"m","messages":[{"role":"user","content":"x"}],"stream":true}`},
		{false, `{"model":"m","messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f"}}]}],"think":"max"}`},
		{false, `{"model":"m","messages":[{"role":"developer","content":"x"}],"tool_choice":"required"}`},
		{false, `{"model":"m","messages":[{"role":"user","content":null}],"options":{"stop":"x","num_predict":-2}}`},
		{false, `{"model":"m","tools":[{"function":{"name":"f"}},{"type":"browser"}],"tool_choice":{"type":"function","function":{"name":"f"}}}`},
		{true, `{"model":"m"}`},
		{true, `{"model":"m","prompt":"","system":"s"}`},
		{true, `{"model":"m","images":["/9j/4AAQ"],"system":""}`},
		{true, `{"model":"m","prompt":"p","system":"s","images":["R0lGODlh","data:image/png;base64,AA=="]}`},
	} {
		r := ask(t, c.generate, c.body)
		got, notes := put(t, c.generate, &r)
		same(t, []byte(got), []byte(c.body))
		for _, n := range notes {
			if n != "choice" {
				t.Errorf("note %q for %s", n, c.body)
			}
		}
	}
}

func TestRequestMeaning(t *testing.T) {
	r := ask(t, false, chatRequest)
	if r.Model != "llama3.2" || r.Stream || !r.IncludeUsage || string(r.Sampling.MaxTokens) != "100" {
		t.Errorf("%+v", r)
	}
	if r.Reasoning.Effort != "low" || r.Output.Kind != llm.OutputSchema || len(r.Sampling.Stop) != 2 {
		t.Errorf("%+v", r)
	}
	picture := r.Messages[1].Parts[0]
	if picture.Kind != llm.Image || picture.Media.MIME != "image/png" || len(picture.Media.Data) != 32 {
		t.Errorf("%+v", picture.Media)
	}
	calls := r.Messages[2].Parts[1:]
	if calls[0].Call.ID == "" || calls[1].Call.ID != "call_7" || string(calls[0].Call.Args) != `{"city": "Paris"}` {
		t.Errorf("%+v %+v", calls[0].Call, calls[1].Call)
	}
	if got := r.Messages[3].Parts[0].Result; got.ID != calls[0].Call.ID || got.Name != "get_weather" {
		t.Errorf("%+v", got)
	}
	if got := ask(t, false, `{"model":"m","messages":[]}`); !got.Stream {
		t.Error("no stream by default")
	}
	if got := ask(t, true, `{"prompt":"p","system":"s"}`); len(got.Messages) != 2 || got.Prompt != nil {
		t.Errorf("%+v", got)
	}
}

func TestInvalid(t *testing.T) {
	for body, field := range map[string]string{
		`[]`:                                  "",
		`{"a":1,"a":2}`:                       "",
		`{`:                                   "",
		`{"messages":{}}`:                     "messages",
		`{"messages":[1]}`:                    "messages[0]",
		`{"messages":[{},{"content":["x"]}]}`: "messages[1].content",
	} {
		var r llm.Request
		err := ollama.Client{}.DecodeRequest(&r, wire.Question{Body: []byte(body)})
		if invalid, ok := errors.AsType[*wire.Invalid](err); !ok || invalid.Field != field {
			t.Errorf("%s: %v", body, err)
		}
	}
	several := llm.Request{Prompt: llm.JSON(`["a","b"]`)}
	turns := llm.Request{Messages: []llm.Message{{}, {Role: llm.Assistant}, {}}}
	for _, generate := range []bool{false, true} {
		for _, r := range []*llm.Request{{}, &several, {Prompt: llm.JSON(`[1]`)}} {
			if _, err := (ollama.Provider{Generate: generate}).EncodeRequest(nil, r, nil); err == nil {
				t.Errorf("%s was put", r.Prompt)
			}
		}
	}
	if _, err := (ollama.Provider{Generate: true}).EncodeRequest(nil, &turns, nil); err == nil {
		t.Error("a conversation was put to generate")
	}
}

func quoted(s string) llm.JSON { return wire.Quote(s) }

func said(s string) []llm.Part { return []llm.Part{{Kind: llm.Text, Text: quoted(s)}} }

// foreign is a question of another format that has about everything.
func foreign() llm.Request {
	return llm.Request{
		Model: "m", Stream: true, User: quoted("u"), Parallel: llm.JSON("false"), Metadata: llm.JSON(`{"a":"b"}`),
		Messages: []llm.Message{
			{Role: llm.Developer, Parts: said("Be brief.")},
			{Role: llm.User, Name: quoted("n"), Parts: []llm.Part{
				{Kind: llm.Text, Text: quoted("a")},
				{Kind: llm.Text, Text: quoted("b"), Cache: &llm.Cache{}},
				{Kind: llm.Image, Media: &llm.Media{MIME: "image/png", Data: []byte("AAAA"), Detail: "low"}},
				{Kind: llm.Image, Media: &llm.Media{URL: quoted("https://example.com/x.png")}},
				{Kind: llm.Document, Media: &llm.Media{Text: quoted("doc")}},
			}},
			{Role: llm.Assistant, Parts: []llm.Part{
				{Kind: llm.Thinking, Text: quoted("hm"), Signature: quoted("sig"), SignedBy: llm.Anthropic},
				{Kind: llm.Redacted, Signature: quoted("sig")},
				{Kind: llm.Text, Text: quoted("Let me ")},
				{Kind: llm.Text, Text: quoted("look.")},
				{Kind: llm.ToolCall, Call: &llm.Call{ID: "toolu_1", Name: "f", Args: []byte(`{"a":`)}},
				{Kind: llm.ToolCall, Call: &llm.Call{ID: "toolu_2", Name: "g"}},
			}},
			{Role: llm.User, Parts: []llm.Part{
				{Kind: llm.ToolResult, Result: &llm.Result{ID: "toolu_1", Parts: said("1"), Failed: true}},
				{Kind: llm.ToolResult, Result: &llm.Result{ID: "toolu_2", Value: llm.JSON(`{"x":1}`)}},
				{Kind: llm.Text, Text: quoted("go on")},
			}},
		},
		Tools: []llm.Tool{
			{Name: "f", Description: quoted("d"), Schema: llm.JSON(`{"type":"object"}`), Strict: llm.JSON("true")},
			{Name: "g"},
			{Name: "web", Raw: llm.JSON(`{}`), From: llm.Anthropic},
		},
		Choice:    llm.ToolChoice{Mode: llm.ChoiceAny},
		Sampling:  llm.Sampling{MaxTokens: llm.JSON("9"), N: llm.JSON("2"), LogitBias: llm.JSON(`{"5":1}`), Stop: []llm.JSON{quoted("x")}},
		Reasoning: llm.Reasoning{Effort: "xhigh", Budget: llm.JSON("1000")},
		Output:    llm.Output{Kind: llm.OutputJSON},
		Extra:     llm.Extra{From: llm.OpenAIChat, Members: []llm.Member{{Name: "store", Value: llm.JSON("true")}}},
	}
}

func TestForeignRequest(t *testing.T) {
	r := foreign()
	got, notes := put(t, false, &r)
	same(t, []byte(got), []byte(`{"model":"m",
	  "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}},
	    {"type":"function","function":{"name":"g","parameters":{"type":"object","properties":{}}}}],
	  "messages":[{"role":"system","content":"Be brief."},
	    {"role":"user","content":"a\nb\ndoc","images":["AAAA"]},
	    {"role":"assistant","content":"Let me look.","thinking":"hm","tool_calls":[
	      {"id":"toolu_1","function":{"name":"f","arguments":{"_raw":"{\"a\":"}}},
	      {"id":"toolu_2","function":{"name":"g","arguments":{}}}]},
	    {"role":"tool","content":"1","tool_name":"f","tool_call_id":"toolu_1"},
	    {"role":"tool","content":"{\"x\":1}","tool_name":"g","tool_call_id":"toolu_2"},
	    {"role":"user","content":"go on"}],
	  "stream":true,"format":"json","think":"high","options":{"num_predict":9,"stop":["x"]}}`))
	for _, want := range []string{
		"choice", "tools[2] (web)", "tools[0].strict", "messages[1].name", "messages[1].parts[1].cache",
		"messages[1].parts[2].detail", "messages[1].parts[3]", "messages[1].parts[4]", "messages[2].parts[1]",
		"messages[2].parts[4].args", "messages[3].parts[0].failed", "reasoning.effort", "reasoning.budget",
		"parallel", "user", "metadata", "sampling.n", "sampling.logit_bias", "store",
	} {
		if !slices.Contains(notes, want) {
			t.Errorf("no note %q in %q", want, notes)
		}
	}
}

func TestForeignPrompt(t *testing.T) {
	r := llm.Request{Model: "m", Prompt: llm.JSON(`["Say"]`), Suffix: quoted("s")}
	got, _ := put(t, false, &r)
	same(t, []byte(got), []byte(`{"model":"m","messages":[{"role":"user","content":"Say"}],"stream":false}`))
	got, _ = put(t, true, &r)
	same(t, []byte(got), []byte(`{"model":"m","prompt":"Say","suffix":"s","stream":false}`))
	turn := llm.Request{Messages: []llm.Message{
		{Role: llm.System, Parts: said("a")}, {Role: llm.System, Parts: said("b")}, {Parts: said("c")},
	}}
	got, _ = put(t, true, &turn)
	same(t, []byte(got), []byte(`{"system":"a\nb","prompt":"c","stream":false}`))
}

func TestChoice(t *testing.T) {
	r := llm.Request{
		Messages: []llm.Message{{Parts: said("x")}}, Tools: []llm.Tool{{Name: "f"}, {Name: "g"}},
		Choice: llm.ToolChoice{Mode: llm.ChoiceNone},
	}
	if got, _ := put(t, false, &r); strings.Contains(got, `"tools"`) {
		t.Error(got)
	}
	r.Choice = llm.ToolChoice{Mode: llm.ChoiceAuto, Allowed: []string{"g"}}
	if got, _ := put(t, false, &r); strings.Contains(got, `"f"`) || !strings.Contains(got, `"g"`) {
		t.Error(got)
	}
}

func TestThink(t *testing.T) {
	for want, why := range map[string]llm.Reasoning{
		`false`: {Off: true}, `"low"`: {Effort: "minimal"}, `true`: {Budget: llm.JSON("5")}, `"medium"`: {Effort: "medium"},
	} {
		got, _ := put(t, false, &llm.Request{Messages: []llm.Message{{Parts: said("x")}}, Reasoning: why})
		if !strings.Contains(got, `"think":`+want) {
			t.Errorf("%+v: %s", why, got)
		}
	}
}

func TestResponseRoundTrip(t *testing.T) {
	for _, c := range []struct {
		generate bool
		body     string
	}{
		{false, chatAnswer},
		{true, generateAnswer},
		{false, `{"message":{"content":"x"},"done":false}`},
		{false, `{"model":"m","message":{"role":"assistant","content":""},"done_reason":"load","done":true}`},
		{true, `{"response":"","done":true,"created_at":"x","prompt_eval_count":null,"thinking":""}`},
	} {
		a := answer(t, c.generate, c.body)
		same(t, ollama.Client{Generate: c.generate}.EncodeResponse(nil, &a, &llm.Request{}), []byte(c.body))
	}
}

func TestResponseMeaning(t *testing.T) {
	a := answer(t, false, chatAnswer)
	c := a.Choices[0]
	if a.Created != 1702390423 || a.ID == "" || a.Usage.Total != 324 || c.Finish != llm.FinishTools || c.Reason != "stop" {
		t.Errorf("%+v", a)
	}
	if len(c.Parts) != 3 || c.Parts[0].Kind != llm.Thinking || c.Parts[2].Call.ID == "" || c.Logprobs == nil {
		t.Errorf("%+v", c)
	}
	if a := answer(t, true, generateAnswer); a.Choices[0].Finish != llm.FinishLength || a.Usage.Prompt != -1 || a.Usage.Total != -1 {
		t.Errorf("%+v", a)
	}
	for _, body := range []string{`{}`, `{"message":1}`, `x`} {
		if err := (ollama.Provider{}).DecodeResponse(&llm.Response{}, []byte(body)); err == nil {
			t.Errorf("%s was read", body)
		}
	}
	var failed *llm.Error
	if err := (ollama.Provider{}).DecodeResponse(&llm.Response{}, []byte(`{"error":"no"}`)); !errors.As(err, &failed) {
		t.Errorf("%v", err)
	}
}

// proven is an answer whose thoughts another format wants back.
func proven() llm.Response {
	return llm.Response{Model: "m", Created: 1700000000, Usage: llm.Usage{Prompt: 3, Completion: 4, Total: 7}, Choices: []llm.Choice{{
		Finish: llm.FinishTools, Reason: "tool_use",
		Parts: []llm.Part{
			{Kind: llm.Thinking, Text: quoted("hm"), Signature: quoted("s1"), SignedBy: llm.Anthropic},
			{Kind: llm.Redacted, Signature: quoted("s2"), SignedBy: llm.Anthropic},
			{Kind: llm.ToolCall, Call: &llm.Call{ID: "toolu_1", Name: "f", Args: []byte(`{"a":1}`)}, Signature: quoted("s3"), SignedBy: llm.Gemini},
			{Kind: llm.ToolCall, Call: &llm.Call{ID: "toolu_2", Name: "g"}},
		},
	}}}
}

func TestForeignResponse(t *testing.T) {
	a := proven()
	got := string(ollama.Client{}.EncodeResponse(nil, &a, &llm.Request{}))
	items := wire.Items(wire.Get([]byte(got), "message", "tool_calls"))
	first, _ := items.Next()
	id := wire.Text(wire.Get(first, "id"))
	if !strings.HasPrefix(id, "toolu_1-sealed-") {
		t.Fatal(got)
	}
	same(t, []byte(strings.Replace(got, id, "toolu_1", 1)), []byte(`{"model":"m","created_at":"2023-11-14T22:13:20Z",
	  "message":{"role":"assistant","content":"","thinking":"hm","tool_calls":[
	    {"id":"toolu_1","function":{"name":"f","arguments":{"a":1}}},{"id":"toolu_2","function":{"name":"g","arguments":{}}}]},
	  "done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":4}`))
	checkProofs(t, string(wire.Get([]byte(got), "message")), id)
}

// checkProofs sends an answer back and looks for what proves its thoughts.
func checkProofs(t *testing.T, message, id string) {
	t.Helper()
	r := ask(t, false, `{"messages":[`+message+`,{"role":"tool","content":"1","tool_call_id":"`+id+`"}]}`)
	p := r.Messages[0].Parts
	if len(p) != 4 || p[0].Kind != llm.Thinking || string(p[0].Signature) != `"s1"` || p[0].SignedBy != llm.Anthropic ||
		p[1].Kind != llm.Redacted || string(p[1].Signature) != `"s2"` || p[2].Call.ID != "toolu_1" ||
		string(p[2].Signature) != `"s3"` || p[2].SignedBy != llm.Gemini || p[3].Signature != nil {
		t.Errorf("%+v", p)
	}
	if got := r.Messages[1].Parts[0].Result.ID; got != "toolu_1" {
		t.Errorf("result of %q", got)
	}
}

func TestStream(t *testing.T) {
	evs, err := events(false, chatStream)
	if err != nil {
		t.Fatal(err)
	}
	want := []llm.EventKind{
		llm.EventStart, llm.EventPart, llm.EventDelta, llm.EventDelta, llm.EventPartEnd,
		llm.EventPart, llm.EventDelta, llm.EventPartEnd,
		llm.EventPart, llm.EventDelta, llm.EventPartEnd, llm.EventPart, llm.EventDelta, llm.EventPartEnd,
		llm.EventPart, llm.EventDelta, llm.EventPartEnd, llm.EventFinish, llm.EventUsage, llm.EventEnd,
	}
	var kinds []llm.EventKind
	for _, ev := range evs {
		kinds = append(kinds, ev.Kind)
	}
	if !slices.Equal(kinds, want) {
		t.Errorf("%v", kinds)
	}
	if text(t, evs, llm.Thinking) != "Hmm." || text(t, evs, llm.Text) != "Sure: !" || text(t, evs, llm.ToolCall) != `{"a":1}{}` {
		t.Error("other texts")
	}
	if evs[8].Part.Call.ID == evs[11].Part.Call.ID || evs[17].Finish != llm.FinishTools {
		t.Errorf("%+v", evs)
	}
	again, err := events(false, stream(false, evs))
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, again, evs)
}

func TestStreamEnds(t *testing.T) {
	first, _, _ := strings.Cut(chatStream, "\n")
	if _, err := events(false, first); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
	if _, err := events(false, "{"); err == nil {
		t.Error("broken JSON was read")
	}
	evs, err := events(true, `{"error":"out of memory"}`)
	if err != nil || evs[0].Kind != llm.EventError || evs[0].Err.Message != "out of memory" {
		t.Errorf("%v %+v", err, evs)
	}
	if got := stream(true, evs); got != "{\"error\":\"out of memory\"}\n" {
		t.Error(got)
	}
}

// TestForeignStream tells events as others do: without parts begun, with line
// ends between the tokens of arguments, with signatures and several choices.
func TestForeignStream(t *testing.T) {
	evs := []llm.Event{
		{Kind: llm.EventStart, ID: "x", Model: "m", Created: 1700000000},
		{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Thinking, SignedBy: llm.Anthropic}},
		{Kind: llm.EventDelta, Text: quoted("hm")},
		{Kind: llm.EventSign, Text: quoted("s1")},
		{Kind: llm.EventPartEnd},
		{Kind: llm.EventDelta, Index: 1, Text: quoted("Hi")},
		{Kind: llm.EventDelta, Choice: 1, Index: 1, Text: quoted("no")},
		{Kind: llm.EventPart, Index: 2, Part: llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "c1", Name: "f"}}},
		{Kind: llm.EventPart, Index: 3, Part: llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "c2", Name: "g"}}},
		{Kind: llm.EventDelta, Index: 3, Text: quoted("{\n}")},
		{Kind: llm.EventDelta, Index: 2, Text: quoted(`{"a"`)},
		{Kind: llm.EventDelta, Index: 2, Text: quoted(`:1}`)},
		{Kind: llm.EventPartEnd, Index: 2},
		{Kind: llm.EventFinish, Finish: llm.FinishTools, Reason: "tool_use"},
		{Kind: llm.EventEnd},
		{Kind: llm.EventDelta, Text: quoted("late")},
	}
	head := `{"model":"m","created_at":"2023-11-14T22:13:20Z","message":{"role":"assistant",`
	id := wire.SealID("c1", []wire.Proof{{By: llm.Anthropic, Kind: llm.Thinking, Signature: quoted("s1"), Text: quoted("hm")}})
	want := head + `"content":"","thinking":"hm"},"done":false}` + "\n" +
		head + `"content":"Hi"},"done":false}` + "\n" +
		head + `"content":"","tool_calls":[{"id":"` + id + `","function":{"name":"f","arguments":{"a":1}}}]},"done":false}` + "\n" +
		head + `"content":"","tool_calls":[{"id":"c2","function":{"name":"g","arguments":{ }}}]},"done":false}` + "\n" +
		head + `"content":""},"done":true,"done_reason":"stop"}` + "\n"
	if got := stream(false, evs); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := (ollama.Client{}).NewStream(nil).ContentType(); got != "application/x-ndjson" {
		t.Error(got)
	}
}

func TestErrors(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"model 'x' not found"}`:      "model 'x' not found",
		`{"error":{"message":"m","type":"t"}}`: "m",
		`404 page not found`:                   "404 page not found",
		``:                                     "status 404 without a reason",
		`{"unknown":1}`:                        `{"unknown":1}`,
	} {
		e := ollama.Provider{}.DecodeError(404, func(name string) string {
			return map[string]string{"retry-after": "7", "x-request-id": "r"}[name]
		}, []byte(body))
		if e.Message != want || e.Status != 404 || e.RetryAfter != 7 || e.RequestID != "r" {
			t.Errorf("%s: %+v", body, e)
		}
	}
	if got := string(ollama.Client{}.EncodeError(nil, &llm.Error{Message: "a \"b\""})); got != `{"error":"a \"b\""}` {
		t.Error(got)
	}
}
