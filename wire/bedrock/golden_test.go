package bedrock_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

const anyPath = "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"

// own are questions in which every block of the API reference occurs; each must
// come out as it went in.
var own = map[string]string{
	"text":             `{"messages":[{"role":"user","content":[{"text":"a \"b\" é"}]}]}`,
	"empty things":     `{"messages":[{"role":"user","content":[{"text":""}]},{"role":"assistant","content":[]}],"system":[],"inferenceConfig":{},"toolConfig":{},"additionalModelRequestFields":{}}`,
	"nulls":            `{"messages":[{"role":"user","content":[{"text":null}]}],"system":null,"inferenceConfig":{"maxTokens":null},"toolConfig":null,"serviceTier":null}`,
	"same role twice":  `{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"user","content":[{"text":"b"}]}]}`,
	"system":           `{"messages":[],"system":[{"text":"a"},{"cachePoint":{"type":"default","ttl":"1h"}},{"guardContent":{"text":{"text":"b","qualifiers":["query"]}}}]}`,
	"cache points":     `{"messages":[{"role":"user","content":[{"cachePoint":{"type":"default"}},{"text":"a"},{"cachePoint":{"type":"default"}},{"cachePoint":{"type":"other","x":1}}]}]}`,
	"image":            `{"messages":[{"role":"user","content":[{"image":{"format":"jpeg","source":{"bytes":"aGk="}}},{"image":{"format":"heic","source":{"s3Location":{"uri":"s3://b/k","bucketOwner":"1"}}}}]}]}`,
	"broken image":     `{"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"a\"b"}}},{"image":{}},{"image":3}]}]}`,
	"document":         `{"messages":[{"role":"user","content":[{"document":{"format":"pdf","name":"A (1)","source":{"bytes":"aGk="},"context":"c","citations":{"enabled":true}}},{"document":{"name":"B","source":{"content":[{"text":"x"},{"text":"y"}]}}},{"document":{"format":"txt","name":"C","source":{"text":"z"}}}]}]}`,
	"video and audio":  `{"messages":[{"role":"user","content":[{"video":{"format":"three_gp","source":{"s3Location":{"uri":"s3://b/k"}}}},{"video":{"format":"mpg","source":{"bytes":"aGk="}}},{"audio":{"format":"wav","source":{"bytes":"aGk="}}}]}]}`,
	"calls":            `{"messages":[{"role":"assistant","content":[{"toolUse":{"toolUseId":"t1","name":"f","input":{"a":1.50}}},{"toolUse":{"toolUseId":"t2","name":"f","input":"no object","type":"tool_use"}}]}]}`,
	"results":          `{"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"t1","content":[{"json":{"a":1}}],"status":"success"}},{"toolResult":{"toolUseId":"t2","content":[{"text":"{\"a\":1}"},{"json":[1]},{"image":{"format":"png","source":{"bytes":"aGk="}}}],"status":"error"}},{"toolResult":{"toolUseId":"t3","content":[]}},{"toolResult":{"toolUseId":"t4","content":[{"json":7}],"type":"tool_result"}}]}]}`,
	"server tools":     `{"messages":[{"role":"assistant","content":[{"toolUse":{"toolUseId":"t1","name":"nova_grounding","input":{},"type":"server_tool_use"}},{"toolResult":{"toolUseId":"t1","content":[{"text":"x"}],"status":"success","type":"nova_grounding_result"}}]}]}`,
	"reasoning":        `{"messages":[{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"c2ln"}}},{"reasoningContent":{"reasoningText":{"text":"hm"}}},{"reasoningContent":{"redactedContent":"aGk="}},{"reasoningContent":{"new":1}}]}]}`,
	"citations":        `{"messages":[{"role":"assistant","content":[{"citationsContent":{"citations":[{"title":"t","sourceContent":[{"text":"s"}],"location":{"documentPage":{"documentIndex":0,"start":1,"end":2}}}],"content":[{"text":"a"}]}},{"citationsContent":{"citations":[{"location":{"web":{"url":"https://x","domain":"x"}}}]}}]}]}`,
	"unknown blocks":   `{"messages":[{"role":"user","content":[{"searchResult":{"source":"s"}},{"guardContent":{"image":{"format":"png","source":{"bytes":"aGk="}}}},{"text":"a","extra":1},"odd"],"more":true}]}`,
	"inference":        `{"messages":[],"inferenceConfig":{"maxTokens":10,"temperature":0.50,"topP":1,"stopSequences":["a","b"],"new":1}}`,
	"empty stop":       `{"messages":[],"inferenceConfig":{"stopSequences":[]}}`,
	"tools":            `{"messages":[],"toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"d","inputSchema":{"json":{"type":"object"}},"strict":true}},{"cachePoint":{"type":"default"}},{"systemTool":{"name":"nova_grounding"}},{"toolSpec":{"name":"g","description":"","inputSchema":{"json":{}},"new":1}}],"toolChoice":{"tool":{"name":"f"}}}}`,
	"any tool":         `{"messages":[],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{}}}}],"toolChoice":{"any":{}}}}`,
	"new choice":       `{"messages":[],"toolConfig":{"toolChoice":{"auto":{"x":1}}}}`,
	"options":          `{"messages":[],"guardrailConfig":{"guardrailIdentifier":"g","guardrailVersion":"1"},"performanceConfig":{"latency":"optimized"},"requestMetadata":{"a":"b"},"serviceTier":{"type":"priority"},"additionalModelResponseFieldPaths":["/stop_sequence"],"promptVariables":{"v":{"text":"x"}}}`,
	"thinking":         `{"messages":[],"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":4000},"top_k":5,"anthropic_beta":["x"]}}`,
	"nova":             `{"messages":[],"additionalModelRequestFields":{"inferenceConfig":{"topK":10,"x":1},"reasoningConfig":{"type":"enabled","maxReasoningEffort":"low"}}}`,
	"structured":       `{"messages":[],"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"name":"N","description":"d","schema":"{\"type\": \"object\"}"}}}}}`,
	"other structured": `{"messages":[],"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"no json"}}}}}`,
}

func TestOwnRequests(t *testing.T) {
	for name, body := range own {
		t.Run(name, func(t *testing.T) {
			r := decodeRequest(t, anyPath, body)
			got, notes := encodeRequest(t, r)
			sameJSON(t, name, []byte(got), []byte(body))
			if len(notes) > 0 {
				t.Errorf("notes: %s", noted(notes))
			}
		})
	}
}

func TestPath(t *testing.T) {
	for _, c := range []struct {
		path, model string
		stream      bool
	}{
		{"/model/amazon.nova-lite-v1%3A0/converse", "amazon.nova-lite-v1:0", false},
		{"/prefix/model/m/converse-stream", "m", true},
		{"/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A0%3Ainference-profile%2Fus.x/converse", "arn:aws:bedrock:us-east-1:0:inference-profile/us.x", false},
		{"/model/arn:aws:bedrock:us-east-1:0:provisioned-model/abc/converse-stream", "arn:aws:bedrock:us-east-1:0:provisioned-model/abc", true},
		{"/model/100%/converse", "100%", false},
		{"/model/", "", false},
		{"/else", "", false},
	} {
		r := decodeRequest(t, c.path, `{"messages":[]}`)
		if r.Model != c.model || r.Stream != c.stream || !r.IncludeUsage {
			t.Errorf("%s: %q, %v", c.path, r.Model, r.Stream)
		}
	}
}

func TestDecodeRequestMeaning(t *testing.T) {
	r := decodeRequest(t, anyPath, `{
		"system":[{"text":"s"}],
		"messages":[
			{"role":"user","content":[{"text":"q"},{"image":{"format":"png","source":{"bytes":"aGk="}}},{"cachePoint":{"type":"default","ttl":"1h"}}]},
			{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"h","signature":"g"}}},{"toolUse":{"toolUseId":"t","name":"f","input":{"a":1}}}]},
			{"role":"user","content":[{"toolResult":{"toolUseId":"t","content":[{"json":{"b":2}}],"status":"error"}}]}],
		"inferenceConfig":{"maxTokens":5,"stopSequences":["x"]},
		"toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"d","inputSchema":{"json":{"type":"object"}}}}],"toolChoice":{"any":{}}},
		"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2000}}}`)
	m := r.Messages
	switch {
	case len(m) != 4 || m[0].Role != llm.System || m[1].Role != llm.User || m[2].Role != llm.Assistant || m[3].Role != llm.ToolRole:
		t.Fatalf("messages %+v", m)
	case m[1].Parts[1].Media.MIME != "image/png" || string(m[1].Parts[1].Media.Data) != "aGk=" || m[1].Parts[1].Cache.TTL != "1h":
		t.Errorf("image %+v", m[1].Parts[1])
	case m[2].Parts[0].Kind != llm.Thinking || m[2].Parts[0].SignedBy != llm.BedrockConverse || string(m[2].Parts[0].Signature) != `"g"`:
		t.Errorf("thinking %+v", m[2].Parts[0])
	case m[2].Parts[1].Call.ID != "t" || string(m[2].Parts[1].Call.Args) != `{"a":1}`:
		t.Errorf("call %+v", m[2].Parts[1].Call)
	case m[3].Parts[0].Result.ID != "t" || !m[3].Parts[0].Result.Failed || string(m[3].Parts[0].Result.Value) != `{"b":2}`:
		t.Errorf("result %+v", m[3].Parts[0].Result)
	case string(r.Sampling.MaxTokens) != "5" || len(r.Sampling.Stop) != 1:
		t.Errorf("sampling %+v", r.Sampling)
	case r.Choice.Mode != llm.ChoiceAny || r.Tools[0].Name != "f" || string(r.Tools[0].Schema) != `{"type":"object"}`:
		t.Errorf("tools %+v %+v", r.Tools, r.Choice)
	case !r.Reasoning.On || string(r.Reasoning.Budget) != "2000":
		t.Errorf("reasoning %+v", r.Reasoning)
	}
}

func TestInvalidRequests(t *testing.T) {
	for body, want := range map[string]string{
		``:                 "",
		`[]`:               "must be a JSON object",
		`{"messages":1}`:   "messages: must be an array",
		`{"messages":[1]}`: "messages[0]: must be an object",
		`{"messages":[{"content":[],"role":"system"}]}`:               "messages[0].role: must be user or assistant",
		`{"messages":[{"role":"user","content":[]},{"role":"user"}]}`: "messages[1].content: must be an array of content blocks",
		`{"messages":[{"role":"user","content":"a","content":[]}]}`:   "",
		`{"messages":[{"role":"user","content":"a text"}]}`:           "messages[0].content: must be an array of content blocks",
	} {
		var r llm.Request
		err := client.DecodeRequest(&r, wire.Question{Body: []byte(body)})
		if _, ok := err.(*wire.Invalid); !ok || want != "" && err.Error() != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// ownAnswers must come out as they went in.
var ownAnswers = map[string]string{
	"text":       `{"metrics":{"latencyMs":12},"output":{"message":{"content":[{"text":"hi"}],"role":"assistant"}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}`,
	"cache":      `{"output":{"message":{"content":[],"role":"assistant"}},"stopReason":"max_tokens","usage":{"cacheDetails":[{"inputTokens":4,"ttl":"1h"}],"cacheReadInputTokens":3,"cacheReadInputTokenCount":3,"cacheWriteInputTokenCount":4,"inputTokens":1,"outputTokens":2,"serverToolUsage":{},"totalTokens":10}}`,
	"new reason": `{"output":{"message":{"content":[{"text":"hi"}],"role":"assistant"}},"stopReason":"brand_new"}`,
	"no reason":  `{"output":{"message":{"role":"user","new":1},"more":2},"trace":{"a":1},"additionalModelResponseFields":{"x":1}}`,
}

func TestOwnAnswers(t *testing.T) {
	for name, body := range ownAnswers {
		var a llm.Response
		if err := provider.DecodeResponse(&a, []byte(body)); err != nil {
			t.Fatal(err)
		}
		sameJSON(t, name, client.EncodeResponse(nil, &a, &llm.Request{}), []byte(body))
	}
}

func TestUsage(t *testing.T) {
	var a llm.Response
	if err := provider.DecodeResponse(&a, []byte(ownAnswers["cache"])); err != nil {
		t.Fatal(err)
	}
	u := a.Usage
	if u.Prompt != 8 || u.Completion != 2 || u.Total != 10 || u.Details.CachedPrompt != 3 || u.Details.CacheWrite != 4 || u.Details.CacheWriteHour != 4 {
		t.Errorf("%+v %+v", u, u.Details)
	}
}

func TestBadAnswers(t *testing.T) {
	for body, want := range map[string]string{
		`{"message":"no"}`: "no",
		`{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}`: "UnknownOperationException",
		`{"output":1}`: "no generation candidates received from Bedrock, or max_tokens too short",
		`null`:         "failed to decode response from Bedrock",
	} {
		var a llm.Response
		if err := provider.DecodeResponse(&a, []byte(body)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestErrors(t *testing.T) {
	header := func(h map[string]string) func(string) string {
		return func(name string) string { return h[strings.ToLower(name)] }
	}
	for _, c := range []struct {
		status int
		header map[string]string
		body   string
		want   llm.Error
	}{
		{400, map[string]string{"x-amzn-errortype": "ValidationException:http://internal.amazon.com/x/", "x-amzn-requestid": "r"}, `{"message":"m"}`, llm.Error{Status: 400, Type: "ValidationException", Message: "m", RequestID: "r", RetryAfter: -1}},
		{403, nil, `{"Message":"M"}`, llm.Error{Status: 403, Message: "M", RetryAfter: -1}},
		{429, map[string]string{"retry-after": "7"}, `{"__type":"com.x#ThrottlingException"}`, llm.Error{Status: 429, Type: "ThrottlingException", Message: "ThrottlingException", RetryAfter: 7}},
		{502, nil, "Bad gateway\n", llm.Error{Status: 502, Message: "Bad gateway", RetryAfter: -1}},
		{503, nil, "", llm.Error{Status: 503, Message: "Bedrock answered with status 503", RetryAfter: -1}},
	} {
		if got := provider.DecodeError(c.status, header(c.header), []byte(c.body)); *got != c.want {
			t.Errorf("%+v, want %+v", got, c.want)
		}
	}
	if got := provider.DecodeError(500, nil, []byte(`[]`)); got.Message == "" {
		t.Error("no message")
	}
	for status, want := range map[int]string{
		400: "ValidationException", 401: "AccessDeniedException", 403: "AccessDeniedException", 404: "ResourceNotFoundException",
		422: "ValidationException", 429: "ThrottlingException", 500: "InternalServerException", 502: "InternalServerException", 503: "ServiceUnavailableException",
	} {
		got := client.EncodeError(nil, &llm.Error{Status: status, Message: "m", Type: "invalid_request_error"})
		sameJSON(t, "error", got, []byte(`{"__type":"`+want+`","message":"m"}`))
	}
}
