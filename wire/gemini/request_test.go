package gemini_test

import (
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// roundTrips are questions that come out of the model as they went in.
var roundTrips = []struct{ name, body string }{
	{"text", `{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"Hello"}]}]}`},
	{"parts is one object", `{"contents":[{"parts":{"text":"Hi"}}],"systemInstruction":{"parts":{"text":"Be brief"}}}`},
	{"contents is one object", `{"contents":{"role":"user","parts":[{"text":"Hi"}]}}`},
	{"no parts, no contents", `{"contents":[{"role":"user"},{"role":"user","parts":[]},{"parts":null}],"tools":[],"generationConfig":{}}`},
	{"empty", `{}`},
	{"empty contents", `{"contents":[],"systemInstruction":null}`},
	{"roles", `{"contents":[{"role":"function","parts":[{"functionResponse":{"name":"f","response":{"a":1}}}]},
		{"role":"tool","parts":[{"text":"x"},{"functionResponse":{"name":"f","response":{}}},{"text":"y"}]},
		{"parts":[{"functionResponse":{"name":"f","response":{}}}]},{"role":"human","parts":[{"text":"z"}]}]}`},
	{"system", `{"systemInstruction":{"role":"system","parts":[{"text":"a"},{"text":"b"}]},"contents":[{"parts":[{"text":"c"}]}]}`},
	{"system is a text", `{"system_instruction":"a"}`},
	{"system without parts", `{"systemInstruction":{"role":"user"}}`},
	{"snake case", `{"system_instruction":{"parts":[{"text":"a"}]},"contents":[{"role":"user","parts":[
		{"inline_data":{"mime_type":"image/png","data":"AA-_"}},{"file_data":{"mime_type":"application/pdf","file_uri":"gs://b/f.pdf"}}]},
		{"role":"model","parts":[{"function_call":{"name":"f","args":{}},"thought_signature":"c2ln"}]},
		{"role":"user","parts":[{"function_response":{"name":"f","response":{"output":"x"}}}]}],
		"tools":[{"function_declarations":[{"name":"f","parameters_json_schema":{"type":"object"}}]},{"google_search":{}}],
		"tool_config":{"function_calling_config":{"mode":"ANY","allowed_function_names":["f"]}},
		"generation_config":{"max_output_tokens":5,"top_k":3,"stop_sequences":["x"],"response_mime_type":"application/json",
			"response_schema":{"type":"OBJECT"},"thinking_config":{"include_thoughts":true,"thinking_budget":12}}}`},
	{"calls", `{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f"}},{"functionCall":{"name":"g","args":{"a":1},"id":"x"},
		"thoughtSignature":"c2ln"}]},{"role":"user","parts":[{"functionResponse":{"name":"g","id":"x","response":{"error":"no"}}},
		{"functionResponse":{"name":"f","response":{"result":1},"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}],"willContinue":false}}]}]}`},
	{"thoughts", `{"contents":[{"role":"model","parts":[{"text":"hm","thought":true},{"text":"a","thought":false},{"text":"","thoughtSignature":"c2ln"}]}]}`},
	{"opaque", `{"contents":[{"role":"model","parts":[{"executableCode":{"language":"PYTHON","code":"1"}},
		{"codeExecutionResult":{"outcome":"OUTCOME_OK"}},{},{"toolCall":{"id":"a"},"thoughtSignature":"c2ln"}]}]}`},
	{"media", `{"contents":[{"parts":[{"inlineData":{"mimeType":"","data":"AAAA","displayName":"n"},"videoMetadata":{"fps":1}},
		{"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/x"}},{"fileData":{}}]}]}`},
	{"tools", `{"tools":[{"functionDeclarations":[{"name":"a","description":"d","parameters":{"type":"OBJECT","properties":{
		"x":{"type":"STRING","nullable":true}}},"response":{"type":"STRING"},"behavior":"BLOCKING"},{"name":"b"}],"googleSearch":{}},
		{"functionDeclarations":{"name":"c"}},{"urlContext":{}},{"functionDeclarations":[]},{}]}`},
	{"tools is one object", `{"tools":{"functionDeclarations":{"name":"c"},"googleSearch":{},"x":null}}`},
	{"tool config", `{"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED","allowedFunctionNames":["a","b"]},
		"retrievalConfig":{"languageCode":"de"}}}`},
	{"tool config numbers", `{"toolConfig":{"functionCallingConfig":{"mode":2}}}`},
	{"config", `{"generationConfig":{"candidateCount":2,"maxOutputTokens":1,"temperature":0.0,"topP":1,"topK":2,"seed":3,
		"presencePenalty":0.1,"frequencyPenalty":-1,"responseLogprobs":true,"logprobs":2,"stopSequences":[],"responseModalities":["TEXT"],
		"speechConfig":{},"imageConfig":{"aspectRatio":"1:1"},"mediaResolution":"MEDIA_RESOLUTION_LOW","responseMimeType":"text/x.enum",
		"responseSchema":{"type":"STRING","enum":["a"]},"thinkingConfig":{"thinkingLevel":"HIGH","includeThoughts":false}}}`},
	{"wrong kinds", `{"generationConfig":{"temperature":"1","top_p":"x","topP":2,"topK":null},"contents":[{"parts":[{"text":null},{"text":5},
		{"functionCall":{"args":[],"name":5}}],"role":7}],"toolConfig":5,"model":5}`},
	{"rest", `{"model":"models/gemini-2.5-flash","safetySettings":[{"category":10}],"cachedContent":"c","labels":{"a":"b"},"serviceTier":"flex","new":1}`},
}

func TestRequestsComeOutAsTheyWentIn(t *testing.T) {
	for _, c := range roundTrips {
		t.Run(c.name, func(t *testing.T) {
			got, notes := encodeRequest(t, decodeRequest(t, c.body))
			sameJSON(t, got, []byte(c.body))
			want(t, notes, "")
		})
	}
}

func TestPath(t *testing.T) {
	for _, c := range []struct {
		path, model string
		stream      bool
	}{
		{"/v1beta/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro", false},
		{"/v1beta/models/gemini-2.5-pro:streamGenerateContent", "gemini-2.5-pro", true},
		{"/v1beta/models/gemini%2D2.5%3AstreamGenerateContent", "gemini-2.5", true},
		{"/v1/projects/p/locations/l/publishers/google/models/gemini-3-flash:streamGenerateContent", "gemini-3-flash", true},
		{"/prefix/v1beta/tunedModels/mine:generateContent", "tunedModels/mine", false},
		{"/v1/projects/p/locations/l/endpoints/12:streamGenerateContent", "endpoints/12", true},
		{"/other", "", false},
	} {
		r := &llm.Request{}
		if err := client.DecodeRequest(r, wire.Question{Path: c.path, Body: []byte(`{}`)}); err != nil {
			t.Fatal(err)
		}
		if r.Model != c.model || r.Stream != c.stream || !r.IncludeUsage {
			t.Errorf("%s: %q %v", c.path, r.Model, r.Stream)
		}
	}
}

func TestBadRequests(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`[]`, "must be a JSON object"},
		{`{"contents":5}`, "contents: must be an array"},
		{`{"contents":[5]}`, "contents[0]: must be an object"},
		{`{"contents":[{},{"parts":[{},5]}]}`, "contents[1].parts[1]: must be an object"},
		{`{"systemInstruction":5}`, "systemInstruction: must be an object"},
		{`{"tools":[5]}`, "tools[0]: must be an object"},
		{`{"tools":[{"functionDeclarations":[5]}]}`, "tools[0].functionDeclarations[0]: must be an object"},
	} {
		err := client.DecodeRequest(&llm.Request{}, question(c.body))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v", c.body, err)
		}
	}
}

func TestMeaningOfRequests(t *testing.T) {
	r := decodeRequest(t, `{"systemInstruction":{"parts":[{"text":"s"}]},"contents":[
		{"role":"model","parts":[{"functionCall":{"name":"f"}},{"functionCall":{"name":"f"}}]},
		{"parts":[{"functionResponse":{"name":"f","response":{"error":"x"}}},{"functionResponse":{"name":"f","response":{}}},{"text":"t"}]}],
		"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"x":{"type":"INTEGER","nullable":true,
			"format":"enum","enum":["1","2"]},"y":{"any_of":[{"type":"STRING"}],"minItems":"2"}}}}]}],
		"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},
		"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"ARRAY","items":{"type":"NUMBER"}},
			"thinkingConfig":{"thinkingBudget":0}}}`)
	var roles []llm.Role
	for _, m := range r.Messages {
		roles = append(roles, m.Role)
	}
	if len(roles) != 4 || roles[0] != llm.System || roles[1] != llm.Assistant || roles[2] != llm.ToolRole || roles[3] != llm.User {
		t.Fatal(roles)
	}
	calls, results := r.Messages[1].Parts, r.Messages[2].Parts
	if calls[0].Call.ID != "gemini_0" || calls[1].Call.ID != "gemini_1" || results[0].Result.ID != "gemini_0" || results[1].Result.ID != "gemini_1" {
		t.Error(calls[0].Call, calls[1].Call, results[0].Result, results[1].Result)
	}
	if !results[0].Result.Failed || results[1].Result.Failed {
		t.Error("failed")
	}
	sameJSON(t, r.Tools[0].Schema, []byte(`{"type":"object","properties":{"x":{"type":["integer","null"],"format":"enum","enum":[1,2,null]},
		"y":{"anyOf":[{"type":"string"}],"minItems":2}}}`))
	sameJSON(t, r.Output.Schema, []byte(`{"type":"array","items":{"type":"number"}}`))
	if r.Choice.Mode != llm.ChoiceNamed || r.Choice.Name != "f" || !r.Reasoning.Off || r.Output.Kind != llm.OutputSchema {
		t.Error(r.Choice, r.Reasoning, r.Output.Kind)
	}
}

func js(s string) llm.JSON { return llm.JSON(s) }

func say(role llm.Role, text string) llm.Message {
	return llm.Message{Role: role, Plain: true, Parts: []llm.Part{{Text: wire.Quote(text)}}}
}

func call(id, name, args string) llm.Part {
	return llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: id, Name: name, Args: []byte(args)}}
}

func result(id string, v ...llm.Part) llm.Message {
	return llm.Message{Role: llm.ToolRole, Parts: []llm.Part{{Kind: llm.ToolResult, Result: &llm.Result{ID: id, Parts: v}}}}
}

func TestForeignRequests(t *testing.T) {
	for _, c := range []struct {
		name        string
		r           llm.Request
		want, notes string
	}{{
		name: "five turns",
		r: llm.Request{
			Model: "gemini-1.5-pro", Messages: []llm.Message{
				say(llm.System, "You are a mathematician."), say(llm.User, "1+1"), say(llm.Assistant, "2"), say(llm.User, "2+2"),
				say(llm.Assistant, "4"), say(llm.User, "3+3"),
			},
			Sampling: llm.Sampling{MaxTokens: js("8192"), Temperature: js("0.8"), TopP: js("0.6"), TopK: js("1")},
		},
		want: `{"systemInstruction":{"parts":[{"text":"You are a mathematician."}]},"contents":[
			{"role":"user","parts":[{"text":"1+1"}]},{"role":"model","parts":[{"text":"2"}]},{"role":"user","parts":[{"text":"2+2"}]},
			{"role":"model","parts":[{"text":"4"}]},{"role":"user","parts":[{"text":"3+3"}]}],
			"generationConfig":{"maxOutputTokens":8192,"temperature":0.8,"topP":0.6,"topK":1}}`,
	}, {
		name: "instructions join",
		r:    llm.Request{Messages: []llm.Message{say(llm.System, "a"), say(llm.User, "q"), say(llm.Developer, "b")}},
		want: `{"systemInstruction":{"parts":[{"text":"ab"}]},"contents":[{"role":"user","parts":[{"text":"q"}]}]}`,
	}, {
		name: "media",
		r: llm.Request{Messages: []llm.Message{{Parts: []llm.Part{
			{Kind: llm.Image, Media: &llm.Media{MIME: "image/jpeg", Data: []byte("AAAA"), Detail: "low"}},
			{Kind: llm.Image, Media: &llm.Media{URL: js(`"https://x.y/z"`)}},
			{Kind: llm.Image, Media: &llm.Media{URL: js(`"https://x.y/z.PNG?a=b"`)}},
			{Kind: llm.Document, Media: &llm.Media{Text: js(`"plain"`)}},
			{Kind: llm.Document, Media: &llm.Media{File: js(`"file-1"`)}},
		}}}},
		want: `{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/jpeg","data":"AAAA"}},
			{"fileData":{"mimeType":"image/generic","fileUri":"https://x.y/z"}},
			{"fileData":{"mimeType":"image/png","fileUri":"https://x.y/z.PNG?a=b"}},{"text":"plain"}]}]}`,
		notes: "messages[0].parts[0].media.detail\nmessages[0].parts[3]: text\nmessages[0].parts[4]",
	}, {
		name: "tools",
		r: llm.Request{
			Model: "gemini-2.5-flash", Messages: []llm.Message{
				{Role: llm.Assistant, Parts: []llm.Part{
					{Kind: llm.Thinking, Text: js(`"hm"`), Signature: js(`"s"`), SignedBy: llm.Anthropic},
					{Text: js(`""`)},
					call("a", "f", `{"x":1}`), call("b", "g", ``), call("gemini_r_0", "h", `{"x`),
				}},
				result("a", llm.Part{Text: js(`"{\"y\":2}"`)}), result("b", llm.Part{Text: js(`"two"`)}),
				result("gemini_r_0", llm.Part{Kind: llm.Image, Media: &llm.Media{MIME: "image/png", Data: []byte("AAAA")}}), say(llm.User, "q"),
			},
			Tools: []llm.Tool{
				{Name: "f", Description: js(`"d"`), Schema: js(`{"$defs":{}}`), Strict: js("true"), Cache: &llm.Cache{}},
				{Name: "g", Custom: true},
				{Raw: js(`{"type":"web_search"}`), From: llm.OpenAIResponses},
				{Raw: js(`{"googleSearch":{}}`), From: llm.OpenAIChat},
			},
			Choice: llm.ToolChoice{Mode: llm.ChoiceNamed, Name: "f"}, Parallel: js("false"), User: js(`"u"`),
		},
		want: `{"contents":[{"role":"model","parts":[{"functionCall":{"id":"a","name":"f","args":{"x":1}}},
			{"functionCall":{"id":"b","name":"g","args":{}}},{"functionCall":{"name":"h","args":{"_raw":"{\"x"}}}]},
			{"role":"user","parts":[{"functionResponse":{"id":"a","name":"f","response":{"y":2}}},
			{"functionResponse":{"id":"b","name":"g","response":{"result":"two"}}},{"functionResponse":{"name":"h","response":{"result":""}}}]},
			{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]},
			{"role":"user","parts":[{"text":"q"}]}],
			"tools":[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{"$defs":{}}},
			{"name":"g","parametersJsonSchema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}}]},{"googleSearch":{}}],
			"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}}`,
		notes: "messages[0].parts[0]\nmessages[0].parts[4].call.args: no JSON object: sent as a text, _raw\ntools[0].strict\ntools[0].cache\n" +
			"tools[1]: sent as a function that takes one text, input\ntools[2]\nuser\nparallel",
	}, {
		name: "calls of others for a later model",
		r: llm.Request{Model: "gemini-3-pro-preview", Messages: []llm.Message{
			{Role: llm.Assistant, Parts: []llm.Part{call("a", "f", `{}`), call("b", "f", `{}`)}},
			result("a", llm.Part{Kind: llm.Image, Media: &llm.Media{MIME: "image/png", Data: []byte("AAAA")}}),
		}},
		want: `{"contents":[{"role":"model","parts":[{"functionCall":{"id":"a","name":"f","args":{}},"thoughtSignature":"skip_thought_signature_validator"},
			{"functionCall":{"id":"b","name":"f","args":{}}}]},
			{"role":"user","parts":[{"functionResponse":{"id":"a","name":"f","response":{"result":""},"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}}]}]}`,
	}, {
		name: "output and Google's own options",
		r: llm.Request{
			Model: "gemini-2.0-flash", Messages: []llm.Message{say(llm.User, "q")},
			Output:   llm.Output{Kind: llm.OutputSchema, Name: "n", Schema: js(`{"type":"object","additionalProperties":false}`), Strict: js("true")},
			Sampling: llm.Sampling{Temperature: js("1"), MinP: js("1"), LogitBias: js(`{"5":1}`), N: js("2"), Stop: []llm.JSON{js(`"a"`)}},
			Extra: llm.Extra{From: llm.OpenAIChat, Members: []llm.Member{
				{Name: "generationConfig", Value: js(`{"temperature":0,"responseModalities":["IMAGE"]}`)},
				{Name: "imageConfig", Value: js(`{"imageSize":"1K"}`)},
				{Name: "safety_settings", Value: js(`[]`)},
				{Name: "store", Value: js("true")},
			}},
			Metadata: js(`{"a":"b"}`), Suffix: js(`"s"`), ServiceTier: js(`"flex"`),
		},
		want: `{"contents":[{"role":"user","parts":[{"text":"q"}]}],"serviceTier":"flex","safetySettings":[],
			"generationConfig":{"temperature":1,"candidateCount":2,"stopSequences":["a"],"responseMimeType":"application/json",
			"responseJsonSchema":{"type":"object","additionalProperties":false},"responseModalities":["IMAGE"],"imageConfig":{"imageSize":"1K"}}}`,
		notes: "sampling.min_p\nsampling.logit_bias\nsuffix\nmetadata\nstore",
	}, {
		name: "prompt",
		r:    llm.Request{Prompt: js(`"Say"`)},
		want: `{"contents":[{"role":"user","parts":[{"text":"Say"}]}]}`,
	}} {
		t.Run(c.name, func(t *testing.T) {
			got, notes := encodeRequest(t, &c.r)
			sameJSON(t, got, []byte(c.want))
			want(t, notes, c.notes)
		})
	}
}

func TestNoInstructionsForTheFirstModels(t *testing.T) {
	r := llm.Request{Model: "gemini-1.0-pro", Messages: []llm.Message{say(llm.System, "s")}}
	_, err := provider.EncodeRequest(nil, &r, nil)
	if err == nil || err.Error() != "system prompts aren't supported on gemini-1.0 models" {
		t.Error(err)
	}
}

func TestReasoning(t *testing.T) {
	for _, c := range []struct {
		model     string
		r         llm.Reasoning
		want, how string
	}{
		{"gemini-2.5-flash", llm.Reasoning{Effort: "low"}, `{"thinkingBudget":1024}`, ""},
		{"gemini-2.5-flash", llm.Reasoning{Effort: "medium", Summary: "auto"}, `{"thinkingBudget":8192,"includeThoughts":true}`, ""},
		{"gemini-2.5-flash", llm.Reasoning{Effort: "high"}, `{"thinkingBudget":24576}`, ""},
		{"gemini-2.5-flash", llm.Reasoning{Effort: "none"}, `{"thinkingBudget":0}`, ""},
		{"gemini-2.5-flash", llm.Reasoning{On: true}, `{"thinkingBudget":-1}`, ""},
		{"gemini-2.5-flash", llm.Reasoning{On: true, Budget: js("60000")}, `{"thinkingBudget":24576}`, "reasoning: the nearest budget of the model is sent"},
		{"gemini-2.5-pro", llm.Reasoning{Off: true}, `{"thinkingBudget":128}`, "reasoning: the nearest budget of the model is sent"},
		{"gemini-3-pro-preview", llm.Reasoning{Effort: "low"}, `{"thinkingLevel":"low"}`, ""},
		{"gemini-3-pro-preview", llm.Reasoning{Effort: "medium"}, `{"thinkingLevel":"high"}`, "reasoning.effort: sent as high"},
		{"gemini-3.1-pro", llm.Reasoning{Effort: "medium"}, `{"thinkingLevel":"medium"}`, ""},
		{"gemini-3-flash", llm.Reasoning{Effort: "minimal"}, `{"thinkingLevel":"minimal"}`, ""},
		{"gemini-3-flash", llm.Reasoning{On: true, Budget: js("5000")}, `{"thinkingLevel":"medium"}`, "reasoning.budget: sent as a level"},
		{"gemini-3-flash", llm.Reasoning{Off: true}, `{"thinkingLevel":"minimal"}`, "reasoning: thinking cannot be turned off: the lowest level is sent"},
		{"gemini-2.0-flash", llm.Reasoning{Effort: "low"}, ``, "reasoning"},
	} {
		b, notes := encodeRequest(t, &llm.Request{Model: c.model, Reasoning: c.r, Messages: []llm.Message{say(llm.User, "q")}})
		got := wire.Get(b, "generationConfig", "thinkingConfig")
		if string(got) != c.want || notes != c.how {
			t.Errorf("%s %+v: %s %q", c.model, c.r, got, notes)
		}
	}
}

// Who lets callers through by the path must know that the body asks the same.
func TestModelOfPathAndBody(t *testing.T) {
	for _, c := range []struct {
		path, model string
		refused     bool
	}{
		{"/v1beta/models/m:generateContent", "models/m", false},
		{"/v1/projects/p/locations/l/publishers/google/models/m:generateContent", "projects/p/locations/l/publishers/google/models/m", false},
		{"/anything", "models/m", false},
		{"/v1beta/models/cheap:generateContent", "models/m", true},
		{"/v1beta/models/cheap:generateContent", "m", true},
	} {
		body := `{"model":"` + c.model + `","contents":[{"parts":[{"text":"Hi"}]}]}`
		var r llm.Request
		err := client.DecodeRequest(&r, wire.Question{Path: c.path, Body: []byte(body)})
		if (err != nil) != c.refused || err == nil && r.Model != "m" {
			t.Errorf("%s with %s: model %q, error %v", c.path, c.model, r.Model, err)
		}
	}
}
