package upstream_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/test/clients/upstream"
)

// The services are worth something only if they refuse what the real ones
// refuse. Each question is right but for one thing, which is other in place of
// old.
func TestVendorsAreStrict(t *testing.T) {
	const signature = "Er+/fbcM9xo07BkSxKfMMizLYqdQY1X55V+oLuyFCNDQy8Q="
	questions := map[string]struct{ path, body string }{
		"anthropic": {"/v1/messages", `{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[
			{"role":"user","content":"What is the weather in Oslo?"},
			{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"SIGNATURE"},
				{"type":"tool_use","id":"c1","name":"f","input":{"city":"Oslo"}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"sun"}]}]}`},
		"gemini": {"/v1beta/models/gemini-2.5-flash:generateContent", `{"contents":[
			{"role":"user","parts":[{"text":"What is the weather in Oslo?"}]},
			{"role":"model","parts":[{"thoughtSignature":"SIGNATURE","functionCall":{"id":"c1","name":"f","args":{"city":"Oslo"}}}]},
			{"role":"user","parts":[{"functionResponse":{"id":"c1","name":"f","response":{"output":"sun"}}}]}]}`},
		"cohere": {"/v2/chat", `{"model":"command-a-03-2025","stream":false,"messages":[
			{"role":"user","content":"What is the weather in Oslo?"},
			{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"c1","content":"sun"}]}`},
		"ollama": {"/api/chat", `{"model":"qwen3:8b","stream":false,"messages":[
			{"role":"user","content":"What is the weather in Oslo?"},
			{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{}}}]},
			{"role":"tool","tool_name":"f","content":"sun"}]}`},
		"bedrock": {"/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse", `{"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{}}}}]},"messages":[
			{"role":"user","content":[{"text":"What is the weather in Oslo?"}]},
			{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"","signature":"SIGNATURE"}}},
				{"toolUse":{"toolUseId":"c1","name":"f","input":{"city":"Oslo"}}}]},
			{"role":"user","content":[{"toolResult":{"toolUseId":"c1","content":[{"text":"sun"}]}}]}]}`},
	}
	services := upstream.New("key", "forbidden").Vendors()
	ask := func(t *testing.T, vendor, old, other string) (int, string) {
		t.Helper()
		q := questions[vendor]
		body := strings.Replace(q.body, "SIGNATURE", signature, 1)
		if !strings.Contains(body, old) {
			t.Fatalf("there is no %s to replace", old)
		}
		body = strings.Replace(body, old, other, 1)
		r := httptest.NewRequest(http.MethodPost, q.path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		switch vendor {
		case "anthropic":
			r.Header.Set("X-Api-Key", "key")
			r.Header.Set("Anthropic-Version", "2023-06-01")
		case "gemini":
			r.Header.Set("X-Goog-Api-Key", "key")
		case "cohere":
			r.Header.Set("Authorization", "Bearer key")
		case "bedrock":
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+upstream.AccessKey+"/20260101/eu-central-1/bedrock/aws4_request")
		}
		w := httptest.NewRecorder()
		services[vendor].ServeHTTP(w, r)
		answer, _ := io.ReadAll(w.Result().Body)
		return w.Code, string(answer)
	}
	for vendor := range questions {
		if status, answer := ask(t, vendor, "", ""); status != http.StatusOK || !strings.Contains(answer, "The tools said: sun") {
			t.Errorf("%s: status %d for a right question: %s", vendor, status, answer)
		}
	}
	for _, c := range []struct{ vendor, old, other string }{
		{"anthropic", signature, strings.Replace(signature, "Er", "re", 1)},
		{"anthropic", `"signature":"` + signature + `"`, `"signature":""`},
		{"anthropic", `"thinking":""`, `"thinking":"other thoughts"`},
		{"anthropic", `"input":{"city":"Oslo"}`, `"input":{"city":"Rome"}`},
		{"anthropic", `"tool_use_id":"c1"`, `"tool_use_id":"c2"`},
		{"anthropic", `"max_tokens":9,`, ""},
		{"anthropic", `"max_tokens":9`, `"max_tokens":9,"n":1`},
		{"gemini", signature, strings.Replace(signature, "Er", "re", 1)},
		{"gemini", `"thoughtSignature":"` + signature + `",`, ""},
		{"gemini", `"id":"c1","name":"f","response"`, `"id":"c2","name":"f","response"`},
		{"gemini", `"name":"f","response"`, `"name":"g","response"`},
		{"gemini", `"response":{"output":"sun"}`, `"response":"sun"`},
		{"gemini", `{"contents"`, `{"model":"x","contents"`},
		{"bedrock", signature, strings.Replace(signature, "Er", "re", 1)},
		{"bedrock", `{"reasoningContent":{"reasoningText":{"text":"","signature":"` + signature + `"}}},`, ""},
		{"bedrock", `"toolUseId":"c1","content"`, `"toolUseId":"c2","content"`},
		{"bedrock", `{"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{}}}}]},`, "{"},
		{"cohere", `"tool_call_id":"c1"`, `"tool_call_id":"c2"`},
		{"cohere", `"arguments":"{}"`, `"arguments":{}`},
		{"cohere", `"stream":false,`, ""},
		{"ollama", `"tool_name":"f"`, `"tool_name":"g"`},
		{"ollama", `"arguments":{}`, `"arguments":"{}"`},
		{"ollama", `"tool_name":"f"`, `"tool_call_id":"c1"`},
	} {
		if status, answer := ask(t, c.vendor, c.old, c.other); status != http.StatusBadRequest {
			t.Errorf("%s: status %d with %s in place of %s: %s", c.vendor, status, c.other, c.old, answer)
		}
	}
}

// TestRankersAreStrict: what is of another version, or another service, is
// refused.
func TestRankersAreStrict(t *testing.T) {
	services := upstream.New("key", "forbidden").Vendors()
	for _, c := range []struct {
		vendor, path, body string
		want               int
	}{
		{"cohere", "/v1/rerank", `{"model":"rerank-v3.5","query":"a","documents":[{"x":"a"}],"rank_fields":["x"]}`, 200},
		{"cohere", "/v1/rerank", `{"model":"rerank-v3.5","query":"a","documents":[{"x":"a"}]}`, 400},
		{"cohere", "/v1/rerank", `{"model":"rerank-v3.5","query":"a","documents":["a"],"max_tokens_per_doc":1}`, 400},
		{"cohere", "/v2/rerank", `{"model":"rerank-v3.5","query":"a","documents":["a"],"max_tokens_per_doc":1}`, 200},
		{"cohere", "/v2/rerank", `{"model":"rerank-v3.5","query":"a","documents":[{"text":"a"}]}`, 400},
		{"cohere", "/v2/rerank", `{"model":"rerank-v3.5","query":"a","documents":["a"],"return_documents":true}`, 400},
		{"openai-compatible", "/v1/rerank", `{"model":"rerank-v3.5","query":"a","documents":["a"]}`, 200},
		{"openai-compatible", "/v1/rerank", `{"model":"rerank-v3.5","query":"a","documents":["a"],"rank_fields":["x"]}`, 400},
		{"openai-compatible", "/v2/rerank", `{"model":"rerank-v3.5","query":"a","documents":["a"]}`, 404},
	} {
		r := httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer key")
		w := httptest.NewRecorder()
		if services[c.vendor].ServeHTTP(w, r); w.Code != c.want {
			t.Errorf("%s%s: status %d for %s: %s", c.vendor, c.path, w.Code, c.body, w.Body)
		}
	}
}
