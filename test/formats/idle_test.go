package formats

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/mistral"
)

// idle are questions that spell out what is so anyway, by the callers' format.
var idle = map[llm.Format]string{
	llm.OpenAIChat: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"yes","annotations":[],"refusal":null},{"role":"user","content":"go on"}],
		"n":1,"store":false,"parallel_tool_calls":true,"frequency_penalty":0,"presence_penalty":0,"logit_bias":{},"logprobs":false,
		"top_logprobs":0,"metadata":{},"service_tier":"auto","user":"","modalities":["text"],"response_format":{"type":"text"},
		"stop":[],"tools":[],"verbosity":"medium","seed":null,"prediction":null}`,
	llm.OpenAIResponses: `{"input":"hi","store":false,"include":[],"parallel_tool_calls":true,"background":false,"metadata":{},"tools":[],
		"tool_choice":"auto","truncation":"disabled","text":{"format":{"type":"text"}},"reasoning":{"effort":null,"summary":null},
		"previous_response_id":null,"service_tier":"auto","top_logprobs":0,"user":"","stream":false,"prompt_cache_key":null}`,
	llm.Anthropic: `{"max_tokens":50,"messages":[{"role":"user","content":"hi"}],"metadata":{},"stop_sequences":[],"service_tier":"auto",
		"tools":[],"mcp_servers":[],"container":null,"stream":false}`,
	llm.Gemini: `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"safetySettings":[],"tools":[],"labels":{},
		"generationConfig":{"candidateCount":1,"stopSequences":[],"presencePenalty":0,"frequencyPenalty":0,"responseLogprobs":false}}`,
	llm.BedrockConverse: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"additionalModelRequestFields":{},"requestMetadata":{},
		"inferenceConfig":{},"promptVariables":{},"additionalModelResponseFieldPaths":[]}`,
	llm.CohereV2: `{"messages":[{"role":"user","content":"hi"}],"documents":[],"stop_sequences":[],"logprobs":false,"strict_tools":false,
		"tools":[],"frequency_penalty":0,"presence_penalty":0,"stream":false}`,
	llm.CohereV1:   `{"message":"hi","documents":[],"connectors":[],"search_queries_only":false,"raw_prompting":false,"tools":[],"stream":false}`,
	llm.OllamaChat: `{"messages":[{"role":"user","content":"hi"}],"tools":[],"options":{},"format":"","keep_alive":null,"stream":false,"logprobs":false}`,
	llm.Mistral: `{"messages":[{"role":"user","content":"hi"}],"n":1,"parallel_tool_calls":true,"safe_prompt":false,"presence_penalty":0,
		"frequency_penalty":0,"metadata":{},"stop":[],"tools":[],"stream":false}`,
}

// withMistral are the formats with Mistral's, whose ids of calls are not the
// provider's.
func withMistral() []format {
	return append(formats(), format{
		name: "mistral.chat", client: mistral.Client{}, provider: mistral.Provider{}, model: "mistral-large-latest", unframe: events,
	})
}

// TestIdle: what asks for nothing is no loss, in any format.
func TestIdle(t *testing.T) {
	all := withMistral()
	for i := range all {
		for j := range all {
			a, b := &all[i], &all[j]
			t.Run(a.name+" to "+b.name, func(t *testing.T) {
				asked := a.decode(t, []byte(idle[a.words()]), false)
				if _, notes := b.encode(t, asked); len(notes) > 0 {
					t.Errorf("noted %v", notes)
				}
			})
		}
	}
}

// TestLabels: the name of a schema is a label, and no loss where the format has
// none.
func TestLabels(t *testing.T) {
	all := withMistral()
	openai := &all[0]
	asked := openai.decode(t, []byte(`{"messages":[{"role":"user","content":"hi"}],
		"response_format":{"type":"json_schema","json_schema":{"name":"point","schema":{"type":"object","properties":{},"additionalProperties":false}}}}`), false)
	for i := range all {
		if _, notes := all[i].encode(t, asked); tells(notes, "output.name") {
			t.Errorf("%s: noted %v", all[i].name, notes)
		}
	}
}

// TestChoices: a choice among tools is a loss where it is not sent, whatever its
// spelling was.
func TestChoices(t *testing.T) {
	all := withMistral()
	openai := &all[0]
	const head = `{"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}],"tool_choice":`
	knowsNone := []string{"cohere.v1", "bedrock.invoke/command-r", "ollama.chat"}
	for _, tt := range []struct {
		choice string
		lost   func(to *format) bool
	}{
		{`"auto"`, func(*format) bool { return false }},
		{`null`, func(*format) bool { return false }},
		{`"required"`, func(to *format) bool { return slices.Contains(knowsNone, to.name) }},
		{`{"type":"hosted"}`, func(to *format) bool { return to.words() != llm.OpenAIChat }},
	} {
		asked := openai.decode(t, []byte(head+tt.choice+"}"), false)
		for i := range all {
			to := &all[i]
			if body, notes := to.encode(t, asked); tells(notes, "choice") != tt.lost(to) {
				t.Errorf("%s to %s: noted %v, sent %s", tt.choice, to.name, notes, body)
			}
		}
	}
}

func tells(notes []wire.Note, field string) bool {
	return slices.ContainsFunc(notes, func(n wire.Note) bool { return n.Field == field })
}

// TestAsks: the same members are a loss where they ask for something.
func TestAsks(t *testing.T) {
	for _, c := range []struct {
		name  string
		idle  []string
		asked []string
	}{
		{"store", []string{"null", "false"}, []string{"true"}},
		{"parallel_tool_calls", []string{"true", "null"}, []string{"false"}},
		{"include", []string{"[]", `["reasoning.encrypted_content"]`}, []string{`["file_search_call.results"]`}},
		{"n", []string{"1"}, []string{"2", "0"}},
		{"top_k", []string{"null"}, []string{"0", "5"}},
		{"presence_penalty", []string{"0", "0.0"}, []string{"0.1"}},
		{"metadata", []string{"{}", `{"a":null}`}, []string{`{"a":"b"}`}},
		{"prompt_cache_key", []string{`""`}, []string{`"k"`}},
		{"use_cache", []string{"null"}, []string{"false"}},
		{"service_tier", []string{`"auto"`, `"default"`}, []string{`"flex"`}},
		{"truncation", []string{`"disabled"`}, []string{`"auto"`}},
	} {
		for _, v := range c.idle {
			if wire.Asks(c.name, llm.JSON(v)) {
				t.Errorf("%s: %s is a loss", c.name, v)
			}
		}
		for _, v := range c.asked {
			if !wire.Asks(c.name, llm.JSON(v)) {
				t.Errorf("%s: %s is no loss", c.name, v)
			}
		}
	}
}

// TestLosesOnce: a note names the field however deep it is.
func TestLosesOnce(t *testing.T) {
	var n wire.Notes
	n.Lose("tools[0].strict", llm.JSON("true"))
	n.Lose("tools[0].strict", llm.JSON("true"))
	n.Lose("tools[1].strict", llm.JSON("false"))
	n.LoseText("output.verbosity", "low")
	n.LoseText("output.name", "")
	var fields []string
	for _, note := range n.List() {
		fields = append(fields, note.Field)
	}
	if got := strings.Join(fields, " "); got != "tools[0].strict output.verbosity" {
		t.Errorf("noted %s", got)
	}
}
