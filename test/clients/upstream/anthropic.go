package upstream

import (
	"encoding/json"
	"net/http"
	"strings"
)

// AnthropicModel is the one model of that service; the others have one each, too.
const AnthropicModel = "claude-sonnet-4-5"

type anthropicRequest struct {
	Model      string             `json:"model"`
	Messages   []anthropicMessage `json:"messages"`
	System     json.RawMessage    `json:"system"`
	MaxTokens  *int               `json:"max_tokens"`
	Stream     bool               `json:"stream"`
	Tools      []anthropicTool    `json:"tools"`
	ToolChoice *struct {
		Type                   string `json:"type"`
		Name                   string `json:"name"`
		DisableParallelToolUse bool   `json:"disable_parallel_tool_use"`
	} `json:"tool_choice"`

	// Known, and of no consequence to the script.
	Temperature   *float64       `json:"temperature"`
	TopP          *float64       `json:"top_p"`
	TopK          *int           `json:"top_k"`
	StopSequences []string       `json:"stop_sequences"`
	Metadata      map[string]any `json:"metadata"`
	Thinking      map[string]any `json:"thinking"`
	ServiceTier   string         `json:"service_tier"`

	// AnthropicVersion is wanted on Bedrock, and refused elsewhere.
	AnthropicVersion string `json:"anthropic_version"`
}

type anthropicTool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	InputSchema json.RawMessage `json:"input_schema"`
	Strict      *bool           `json:"strict"`
}

type anthropicMessage struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

type anthropicBlock struct {
	Type         string          `json:"type"`
	Text         string          `json:"text"`
	Citations    []any           `json:"citations"`
	CacheControl map[string]any  `json:"cache_control"`
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	Input        json.RawMessage `json:"input"`
	ToolUseID    string          `json:"tool_use_id"`
	Content      json.RawMessage `json:"content"`
	IsError      bool            `json:"is_error"`
	Thinking     string          `json:"thinking"`
	Signature    string          `json:"signature"`
	Data         string          `json:"data"`
	Caller       map[string]any  `json:"caller"`
}

func (s *Server) anthropic() http.Handler {
	v := &vendor{s: s, model: AnthropicModel, header: "X-Api-Key", shape: func(w http.ResponseWriter, f *failure) {
		w.WriteHeader(f.status)
		kind := map[int]string{401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error", 500: "api_error"}[f.status]
		if kind == "" {
			kind = "invalid_request_error"
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"type": "error", "error": map[string]any{"type": kind, "message": f.Message}, "request_id": "req_1",
		})
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/messages", handle(v, v.messages))
	mux.HandleFunc("/", v.notFound)
	return mux
}

func (v *vendor) messages(w http.ResponseWriter, r *http.Request, req *anthropicRequest) *failure {
	if got := r.Header.Get("Anthropic-Version"); got != "2023-06-01" {
		return invalid(400, "", "anthropic-version: %q is not a valid version", got)
	}
	if req.AnthropicVersion != "" {
		return invalid(400, "", "anthropic_version: Extra inputs are not permitted")
	}
	if f := v.checkModel(req.Model); f != nil {
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
	if req.Stream {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		req.stream(a, func(kind string, data []byte) {
			_, _ = w.Write([]byte("event: " + kind + "\ndata: " + string(data) + "\n\n"))
			_ = http.NewResponseController(w).Flush()
		})
		return nil
	}
	req.whole(w, a)
	return nil
}

func (req *anthropicRequest) whole(w http.ResponseWriter, a reply) {
	message := req.message(nextID("msg_"))
	message["content"], message["stop_reason"] = anthropicContent(a), a.anthropicStop()
	message["usage"] = map[string]any{
		"input_tokens": a.usage.prompt, "output_tokens": a.usage.completion,
		"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "service_tier": "standard",
	}
	writeJSON(w, message)
}

func (req *anthropicRequest) question() (question, *failure) {
	q := question{parallel: true}
	if req.MaxTokens == nil {
		return q, invalid(400, "", "max_tokens: Field required")
	}
	for i, t := range req.Tools {
		if t.Type != "" && t.Type != "custom" || !toolName.MatchString(t.Name) || !object(t.InputSchema) {
			return q, invalid(400, "", "tools.%d: %q of type %q with schema %s", i, t.Name, t.Type, t.InputSchema)
		}
		q.tools = append(q.tools, t.Name)
	}
	if c := req.ToolChoice; c != nil {
		if len(q.tools) == 0 {
			return q, invalid(400, "", "tool_choice: tools are missing")
		}
		q.must, q.parallel = c.Type == "any" || c.Type == "tool", !c.DisableParallelToolUse
	}
	if len(req.System) > 0 {
		blocks, f := blocksOf(req.System, "system")
		if f != nil {
			return q, f
		}
		for i, b := range blocks {
			if b.Type != "text" || b.Text == "" {
				return q, invalid(400, "", "system.%d: text expected, not %q %q", i, b.Type, b.Text)
			}
			q.words += countWords(b.Text)
		}
	}
	return q, req.read(&q)
}

// blocksOf are the blocks of a content, which may be one text.
func blocksOf(raw json.RawMessage, where string) ([]anthropicBlock, *failure) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return []anthropicBlock{{Type: "text", Text: text}}, nil
	}
	var blocks []anthropicBlock
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(&blocks); err != nil {
		return nil, invalid(400, "", "%s: %v", where, err)
	}
	return blocks, nil
}

func (req *anthropicRequest) read(q *question) *failure {
	if len(req.Messages) == 0 || req.Messages[0].Role != "user" {
		return invalid(400, "", "messages: first message must use the \"user\" role")
	}
	var open answered
	for i, m := range req.Messages {
		blocks, f := blocksOf(m.Content, at("messages.%d.content", i))
		if f != nil {
			return f
		}
		if len(blocks) == 0 {
			return invalid(400, "", "messages.%d: all messages must have non-empty content", i)
		}
		switch m.Role {
		case "user":
			f = readAnthropicUser(q, &open, blocks, i)
		case "assistant":
			f = readAnthropicModel(q, &open, blocks, i)
		default:
			f = invalid(400, "", "messages.%d.role: Input should be 'user' or 'assistant', not %q", i, m.Role)
		}
		if f != nil {
			return f
		}
	}
	if open.count > 0 {
		return invalid(400, "", "messages: `tool_use` ids were found without `tool_result` blocks immediately after")
	}
	return nil
}

func readAnthropicUser(q *question, open *answered, blocks []anthropicBlock, i int) *failure {
	q.results = nil
	for j, b := range blocks {
		switch {
		case b.Type == "tool_result" && open.ids[b.ToolUseID]:
			delete(open.ids, b.ToolUseID)
			open.count--
			parts, f := blocksOf(b.Content, at("messages.%d.content.%d.content", i, j))
			if f != nil {
				return f
			}
			var text []string
			for _, p := range parts {
				text = append(text, p.Text)
			}
			q.results = append(q.results, strings.Join(text, " "))
			q.words += countWords(strings.Join(text, " "))
		case b.Type == "tool_result":
			return invalid(400, "", "messages.%d.content.%d: unexpected `tool_use_id` found in `tool_result` blocks: %s", i, j, b.ToolUseID)
		case open.count > 0:
			return invalid(400, "", "messages.%d: `tool_use` ids were found without `tool_result` blocks immediately after", i)
		case b.Type == "text" && b.Text != "":
			q.last = b.Text
			q.words += countWords(b.Text)
		default:
			return invalid(400, "", "messages.%d.content.%d: %q is empty or not known", i, j, b.Type)
		}
	}
	return nil
}

func readAnthropicModel(q *question, open *answered, blocks []anthropicBlock, i int) *failure {
	if open.count > 0 {
		return invalid(400, "", "messages.%d: `tool_use` ids were found without `tool_result` blocks immediately after", i)
	}
	signature, unproven := "", true
	for j, b := range blocks {
		switch b.Type {
		case "text":
			if b.Text == "" {
				return invalid(400, "", "messages: text content blocks must be non-empty")
			}
			q.words += countWords(b.Text)
		case "thinking":
			// As with thinking.display "omitted", the signature alone will do: the
			// thoughts are in it.
			if b.Thinking != thought && b.Thinking != "" || j > 0 {
				return invalid(400, "", "messages.%d.content.%d: `thinking` blocks in the latest assistant message cannot be modified: %q", i, j, b.Thinking)
			}
			signature = b.Signature
		case "tool_use":
			if !plainID.MatchString(b.ID) || !object(b.Input) {
				return invalid(400, "", "messages.%d.content.%d.tool_use: id %q, input %s", i, j, b.ID, b.Input)
			}
			if unproven && signature != proof(b.Name, b.Input) {
				return invalid(400, "", "messages.%d.content.0: Invalid `signature` %q in `thinking` block", i, signature)
			}
			unproven = false
			open.call(b.ID, b.Name)
		default:
			return invalid(400, "", "messages.%d.content.%d: Input tag %q does not match any of the expected tags", i, j, b.Type)
		}
	}
	return nil
}

func (a reply) anthropicStop() string {
	if len(a.calls) > 0 {
		return "tool_use"
	}
	return "end_turn"
}

func (req *anthropicRequest) message(id string) map[string]any {
	return map[string]any{
		"id": id, "type": "message", "role": "assistant", "model": req.Model + "-20250929", "content": []any{},
		"stop_reason": nil, "stop_sequence": nil,
	}
}

func anthropicContent(a reply) []any {
	var out []any
	if a.text != "" {
		out = append(out, map[string]any{"type": "text", "text": a.text})
	}
	for i, c := range a.calls {
		if i == 0 {
			out = append(out, map[string]any{"type": "thinking", "thinking": thought, "signature": proof(c.name, c.value())})
		}
		out = append(out, map[string]any{"type": "tool_use", "id": "toolu_" + c.id, "name": c.name, "input": c.value()})
	}
	return out
}

func (req *anthropicRequest) stream(a reply, put func(kind string, data []byte)) {
	send := func(kind string, v map[string]any) {
		v["type"] = kind
		data, _ := json.Marshal(v)
		put(kind, data)
	}
	message := req.message(nextID("msg_"))
	message["usage"] = map[string]any{
		"input_tokens": a.usage.prompt, "output_tokens": 1, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
	}
	send("message_start", map[string]any{"message": message})
	send("ping", map[string]any{})
	for i, block := range anthropicContent(a) {
		streamBlock(send, i, block.(map[string]any))
	}
	send("message_delta", map[string]any{
		"delta": map[string]any{"stop_reason": a.anthropicStop(), "stop_sequence": nil},
		"usage": map[string]any{"output_tokens": a.usage.completion},
	})
	stop := map[string]any{}
	if req.AnthropicVersion != "" { // Bedrock counts, too
		stop["amazon-bedrock-invocationMetrics"] = map[string]any{"inputTokenCount": a.usage.prompt, "outputTokenCount": a.usage.completion}
	}
	send("message_stop", stop)
}

func streamBlock(send func(string, map[string]any), i int, block map[string]any) {
	delta := func(kind, name, value string) {
		send("content_block_delta", map[string]any{"index": i, "delta": map[string]any{"type": kind, name: value}})
	}
	start := map[string]any{"type": block["type"]}
	switch block["type"] {
	case "text":
		start["text"] = ""
	case "thinking":
		start["thinking"], start["signature"] = "", ""
	case "tool_use":
		start["id"], start["name"], start["input"] = block["id"], block["name"], map[string]any{}
	}
	send("content_block_start", map[string]any{"index": i, "content_block": start})
	switch block["type"] {
	case "text":
		for _, p := range pieces(block["text"].(string)) {
			delta("text_delta", "text", p)
		}
	case "thinking":
		for _, p := range pieces(thought) {
			delta("thinking_delta", "thinking", p)
		}
		delta("signature_delta", "signature", block["signature"].(string))
	case "tool_use":
		delta("input_json_delta", "partial_json", "")
		for _, p := range halves(string(block["input"].(json.RawMessage))) {
			delta("input_json_delta", "partial_json", p)
		}
	}
	send("content_block_stop", map[string]any{"index": i})
}
