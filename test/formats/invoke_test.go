package formats

import (
	"encoding/base64"
	"testing"

	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/anthropic"
	"github.com/sluice-gateway/sluice/wire/bedrock"
	"github.com/sluice-gateway/sluice/wire/cohere"
	"github.com/sluice-gateway/sluice/wire/mistral"
)

const (
	claudeModel   = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
	novaModel     = "us.amazon.nova-pro-v1:0"
	commandRModel = "cohere.command-r-plus-v1:0"
	mistralModel  = "mistral.mistral-large-2407-v1:0"
)

var invokeProvider = bedrock.Invoke{
	Claude: anthropic.Hosted(anthropic.BedrockVersion).Provider, CommandR: cohere.HostedV1(), Mistral: mistral.Hosted(),
}

var callers = app.Formats("bedrock", "llm/v1/chat").(wire.Twofold)

// invokeClient is what callers of InvokeModel speak to a model.
func invokeClient(model string) wire.Client {
	return callers.For(wire.Question{Path: "/model/" + model + "/invoke"})
}

// unchunked is what a chunk of InvokeModel holds; what is none is itself.
func unchunked(message []byte) []byte {
	in, err := base64.StdEncoding.DecodeString(wire.Text(wire.Get(message, "bytes")))
	if err != nil || len(in) == 0 {
		return message
	}
	return in
}

// TestLaterClaude: a Claude that has no text completions is asked for messages.
func TestLaterClaude(t *testing.T) {
	q := wire.Question{Path: "/model/" + claudeModel + "/invoke", Body: []byte(`{"prompt":"q","max_tokens":1}`)}
	err := callers.For(q).DecodeRequest(&llm.Request{}, q)
	if err == nil || err.Error() != "messages: must be an array" {
		t.Error(err)
	}
}

// TestInvokedAsMade: the makers' questions have on Bedrock what is not in the
// path, and go to it again as they came.
func TestInvokedAsMade(t *testing.T) {
	for name, body := range map[string]string{
		"bedrock.invoke/command-r": `{"message":"and?","chat_history":[{"role":"USER","message":"go"},{"role":"CHATBOT","message":"","tool_calls":[{"name":"f","parameters":{"a":1}}]}],
			"tool_results":[{"call":{"name":"f","parameters":{"a":1}},"outputs":[{"b":2}]}],"tools":[{"name":"f","description":"d","parameter_definitions":{"a":{"type":"int","required":true}}}],
			"documents":[{"title":"t","snippet":"s"}],"search_queries_only":true,"prompt_truncation":"OFF","p":0.5,"k":4,"seed":7,"raw_prompting":true}`,
		"bedrock.invoke/mistral": `{"messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"q"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}],
			"tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"tool_choice":"any","stop":["x"],"random_seed":7,"safe_prompt":true,"new":{"member":1}}`,
	} {
		f := byName(t, name)
		for _, stream := range []bool{false, true} {
			sent, notes := f.encode(t, f.decode(t, []byte(body), stream))
			if !sameJSON(t, sent, []byte(body)) || len(notes) > 0 {
				t.Errorf("%s: sent %s, noted %v", name, sent, notes)
			}
		}
	}
}

// TestInvokedCounts: where the maker's words have no counts, those of Bedrock at
// the end of the stream are taken.
func TestInvokedCounts(t *testing.T) {
	d := invokeProvider.NewStream()
	var c wire.Collector
	for _, piece := range []string{
		`{"event_type":"stream-start","generation_id":"g","is_finished":false}`,
		`{"event_type":"text-generation","text":"The sum.","is_finished":false}`,
		`{"event_type":"stream-end","is_finished":true,"finish_reason":"MAX_TOKENS","response":{"text":"The sum.","generation_id":"g","finish_reason":"MAX_TOKENS"},` +
			`"amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"outputTokenCount":4,"invocationLatency":1,"firstByteLatency":1}}`,
	} {
		events, err := d.Decode(nil, wire.Message{Name: "chunk", Data: mustJSON(t, object{"bytes": []byte(piece)})})
		if err != nil {
			t.Fatal(err)
		}
		for i := range events {
			c.Add(&events[i])
		}
	}
	a := c.Response()
	if a.ID != "g" || a.Usage.Prompt != 3 || a.Usage.Completion != 4 || a.Choices[0].Finish != llm.FinishLength || wire.Text(a.Choices[0].Parts[0].Text) != "The sum." {
		t.Errorf("got %+v", a)
	}
}
