package upstream

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"net/http"
	"strings"
)

// BedrockModel is the model of Amazon's service.
const BedrockModel = "anthropic.claude-sonnet-4-5-20250929-v1:0"

// AccessKey is what questions to Amazon's service must be signed with.
const AccessKey = "AKIDEXAMPLE"

const signed = "AWS4-HMAC-SHA256"

type bedrockRequest struct {
	Messages []struct {
		Role    string         `json:"role"`
		Content []bedrockBlock `json:"content"`
	} `json:"messages"`
	System []struct {
		Text string `json:"text"`
	} `json:"system"`
	InferenceConfig *struct {
		MaxTokens     *int     `json:"maxTokens"`
		Temperature   *float64 `json:"temperature"`
		TopP          *float64 `json:"topP"`
		StopSequences []string `json:"stopSequences"`
	} `json:"inferenceConfig"`
	ToolConfig *struct {
		Tools []struct {
			ToolSpec struct {
				Name        string `json:"name"`
				Description string `json:"description"`
				InputSchema struct {
					JSON json.RawMessage `json:"json"`
				} `json:"inputSchema"`
				Strict *bool `json:"strict"`
			} `json:"toolSpec"`
		} `json:"tools"`
		ToolChoice *struct {
			Auto, Any *struct{}
			Tool      *struct{ Name string }
		} `json:"toolChoice"`
	} `json:"toolConfig"`
	AdditionalModelRequestFields map[string]any    `json:"additionalModelRequestFields"`
	RequestMetadata              map[string]string `json:"requestMetadata"`
}

type bedrockBlock struct {
	Text    *string `json:"text"`
	ToolUse *struct {
		ToolUseID string          `json:"toolUseId"`
		Name      string          `json:"name"`
		Input     json.RawMessage `json:"input"`
	} `json:"toolUse"`
	ToolResult *struct {
		ToolUseID string `json:"toolUseId"`
		Content   []struct {
			Text *string         `json:"text"`
			JSON json.RawMessage `json:"json"`
		} `json:"content"`
		Status string `json:"status"`
	} `json:"toolResult"`
	ReasoningContent *struct {
		ReasoningText struct {
			Text      string `json:"text"`
			Signature string `json:"signature"`
		} `json:"reasoningText"`
	} `json:"reasoningContent"`
}

func (s *Server) bedrock() http.Handler {
	v := &vendor{s: s, model: BedrockModel, header: "Authorization", scheme: signed, shape: func(w http.ResponseWriter, f *failure) {
		kind := map[int]string{403: "AccessDeniedException", 404: "ResourceNotFoundException", 429: "ThrottlingException", 500: "InternalServerException"}[f.status]
		if kind == "" {
			kind = "ValidationException"
		}
		w.Header().Set("X-Amzn-Errortype", kind+":http://internal.amazon.com/coral/com.amazon.bedrock/")
		w.WriteHeader(f.status)
		_ = json.NewEncoder(w).Encode(map[string]any{"message": f.Message})
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /model/{model}/{operation}", handle(v, v.converse))
	mux.HandleFunc("POST /model/{model}/invoke", handle(v, v.invoke))
	mux.HandleFunc("POST /model/{model}/invoke-with-response-stream", handle(v, v.invoke))
	mux.HandleFunc("/", v.notFound)
	return mux
}

func (v *vendor) converse(w http.ResponseWriter, r *http.Request, req *bedrockRequest) *failure {
	if f := v.checkModel(r.PathValue("model")); f != nil {
		return f
	}
	q, f := req.question()
	if f != nil {
		return f
	}
	a, f := v.s.decide(q)
	if f != nil {
		return f
	}
	u := map[string]any{"inputTokens": a.usage.prompt, "outputTokens": a.usage.completion, "totalTokens": a.usage.prompt + a.usage.completion}
	switch r.PathValue("operation") {
	case "converse":
		writeJSON(w, map[string]any{
			"output":     map[string]any{"message": map[string]any{"role": "assistant", "content": bedrockContent(a)}},
			"stopReason": a.anthropicStop(), "usage": u, "metrics": map[string]any{"latencyMs": 5},
		})
	case "converse-stream":
		streamBedrock(w, a, u)
	default:
		return invalid(404, "", "UnknownOperationException %s", r.PathValue("operation"))
	}
	return nil
}

// invoke is InvokeModel of Claude: Anthropic's Messages.
func (v *vendor) invoke(w http.ResponseWriter, r *http.Request, req *anthropicRequest) *failure {
	if f := v.checkModel(r.PathValue("model")); f != nil {
		return f
	}
	if req.AnthropicVersion != "bedrock-2023-05-31" || req.Model != "" || req.Stream {
		return invalid(400, "", "anthropic_version %q, model %q, stream %v", req.AnthropicVersion, req.Model, req.Stream)
	}
	req.Model = "claude-sonnet-4-5"
	q, f := req.question()
	if f != nil {
		return f
	}
	a, f := v.s.decide(q)
	if f != nil {
		return f
	}
	if strings.HasSuffix(r.URL.Path, "/invoke") {
		req.whole(w, a)
		return nil
	}
	w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	w.Header().Set("X-Amzn-Bedrock-Content-Type", "application/json")
	req.stream(a, func(_ string, data []byte) {
		chunk, _ := json.Marshal(map[string]any{"bytes": data})
		_, _ = w.Write(frame("chunk", chunk))
		_ = http.NewResponseController(w).Flush()
	})
	return nil
}

func (req *bedrockRequest) question() (question, *failure) {
	q := question{parallel: true}
	for _, s := range req.System {
		if strings.TrimSpace(s.Text) == "" {
			return q, invalid(400, "", "The text field in the SystemContentBlock object is blank.")
		}
		q.words += countWords(s.Text)
	}
	if c := req.ToolConfig; c != nil {
		for i, t := range c.Tools {
			if !toolName.MatchString(t.ToolSpec.Name) || !object(t.ToolSpec.InputSchema.JSON) {
				return q, invalid(400, "", "The value at toolConfig.tools.%d.toolSpec is not valid: %q", i, t.ToolSpec.Name)
			}
			q.tools = append(q.tools, t.ToolSpec.Name)
		}
		if len(q.tools) == 0 {
			return q, invalid(400, "", "1 validation error detected: Value at 'toolConfig.tools' failed to satisfy constraint: Member must have length greater than or equal to 1")
		}
		q.must = c.ToolChoice != nil && c.ToolChoice.Auto == nil
	}
	return q, req.read(&q)
}

func (req *bedrockRequest) read(q *question) *failure {
	var open answered
	for i, m := range req.Messages {
		if want := []string{"user", "assistant"}[i%2]; m.Role != want {
			return invalid(400, "", "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.")
		}
		if len(m.Content) == 0 {
			return invalid(400, "", "The content field in the Message object at messages.%d is empty.", i)
		}
		var f *failure
		if m.Role == "user" {
			f = readBedrockUser(q, &open, m.Content, i)
		} else {
			f = readBedrockModel(q, &open, m.Content, i)
		}
		if f == nil && open.count > 0 && len(q.tools) == 0 {
			f = invalid(400, "", "The toolConfig field must be defined when using toolUse and toolResult content blocks.")
		}
		if f != nil {
			return f
		}
	}
	if len(req.Messages) == 0 || open.count > 0 {
		return invalid(400, "", "A conversation must start with a user message, and end with one.")
	}
	return nil
}

func readBedrockUser(q *question, open *answered, blocks []bedrockBlock, i int) *failure {
	q.results = nil
	for j, b := range blocks {
		switch {
		case b.ToolResult != nil && open.ids[b.ToolResult.ToolUseID]:
			delete(open.ids, b.ToolResult.ToolUseID)
			open.count--
			text, f := bedrockOutput(b, i, j)
			if f != nil {
				return f
			}
			q.results = append(q.results, text)
			q.words += countWords(text)
		case b.Text != nil && strings.TrimSpace(*b.Text) != "":
			q.last = *b.Text
			q.words += countWords(*b.Text)
		default:
			return invalid(400, "", "The content at messages.%d.content.%d is blank, not known, or belongs to no toolUse.", i, j)
		}
	}
	if open.count > 0 {
		return invalid(400, "", "Expected toolResult blocks at messages.%d.content for the following Ids: %v", i, open.ids)
	}
	return nil
}

func bedrockOutput(b bedrockBlock, i, j int) (string, *failure) {
	var texts []string
	for _, c := range b.ToolResult.Content {
		switch {
		case c.Text != nil:
			texts = append(texts, *c.Text)
		case object(c.JSON):
			texts = append(texts, string(c.JSON))
		default:
			return "", invalid(400, "", "The toolResult content at messages.%d.content.%d must be text or a JSON object.", i, j)
		}
	}
	return strings.Join(texts, " "), nil
}

func readBedrockModel(q *question, open *answered, blocks []bedrockBlock, i int) *failure {
	signature, unproven := "", true
	for j, b := range blocks {
		switch {
		case b.ReasoningContent != nil && j == 0 && (b.ReasoningContent.ReasoningText.Text == thought || b.ReasoningContent.ReasoningText.Text == ""):
			signature = b.ReasoningContent.ReasoningText.Signature
		case b.ToolUse != nil && plainID.MatchString(b.ToolUse.ToolUseID) && len(b.ToolUse.ToolUseID) <= 64 && object(b.ToolUse.Input):
			if unproven && signature != proof(b.ToolUse.Name, b.ToolUse.Input) {
				return invalid(400, "", "The model returned the following errors: messages.%d.content.0: Invalid `signature` in `thinking` block: %q", i, signature)
			}
			unproven = false
			open.call(b.ToolUse.ToolUseID, b.ToolUse.Name)
		case b.Text != nil && strings.TrimSpace(*b.Text) != "":
			q.words += countWords(*b.Text)
		default:
			return invalid(400, "", "The content at messages.%d.content.%d is blank, not known, or has an id that is not valid.", i, j)
		}
	}
	return nil
}

func bedrockContent(a reply) []any {
	var out []any
	if a.text != "" {
		out = append(out, map[string]any{"text": a.text})
	}
	for i, c := range a.calls {
		if i == 0 {
			out = append(out, map[string]any{"reasoningContent": map[string]any{
				"reasoningText": map[string]any{"text": thought, "signature": proof(c.name, c.value())},
			}})
		}
		out = append(out, map[string]any{"toolUse": map[string]any{"toolUseId": "tooluse_" + c.id, "name": c.name, "input": c.value()}})
	}
	return out
}

func streamBedrock(w http.ResponseWriter, a reply, u map[string]any) {
	w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	send := func(kind string, v any) {
		data, _ := json.Marshal(v)
		_, _ = w.Write(frame(kind, data))
		_ = http.NewResponseController(w).Flush()
	}
	index := 0
	delta := func(d any) { send("contentBlockDelta", map[string]any{"contentBlockIndex": index, "delta": d}) }
	stop := func() {
		send("contentBlockStop", map[string]any{"contentBlockIndex": index})
		index++
	}
	send("messageStart", map[string]any{"role": "assistant"})
	for _, p := range pieces(a.text) {
		delta(map[string]any{"text": p})
	}
	if a.text != "" {
		stop()
	}
	for i, c := range a.calls {
		if i == 0 {
			for _, p := range pieces(thought) {
				delta(map[string]any{"reasoningContent": map[string]any{"text": p}})
			}
			delta(map[string]any{"reasoningContent": map[string]any{"signature": proof(c.name, c.value())}})
			stop()
		}
		send("contentBlockStart", map[string]any{
			"contentBlockIndex": index, "start": map[string]any{"toolUse": map[string]any{"toolUseId": "tooluse_" + c.id, "name": c.name}},
		})
		for _, p := range halves(c.arguments) {
			delta(map[string]any{"toolUse": map[string]any{"input": p}})
		}
		stop()
	}
	send("messageStop", map[string]any{"stopReason": a.anthropicStop()})
	send("metadata", map[string]any{"usage": u, "metrics": map[string]any{"latencyMs": 5}})
}

// frame is a message of an AWS event stream,
// https://smithy.io/2.0/aws/amazon-eventstream.html. It is written here anew,
// so that the gateway is not held against itself.
func frame(kind string, payload []byte) []byte {
	var headers bytes.Buffer
	for _, h := range [][2]string{{":event-type", kind}, {":content-type", "application/json"}, {":message-type", "event"}} {
		headers.WriteByte(byte(len(h[0])))
		headers.WriteString(h[0])
		headers.WriteByte(7) // a string
		headers.Write(binary.BigEndian.AppendUint16(nil, uint16(len(h[1]))))
		headers.WriteString(h[1])
	}
	out := binary.BigEndian.AppendUint32(nil, uint32(16+headers.Len()+len(payload)))
	out = binary.BigEndian.AppendUint32(out, uint32(headers.Len()))
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
	out = append(append(out, headers.Bytes()...), payload...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
}
