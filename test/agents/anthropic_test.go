package agents

import (
	"encoding/json"
	"net/http"
	"regexp"
)

// anthropic is the Messages API: https://platform.claude.com/docs/en/api/messages
type anthropic struct{}

var callID = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

type block struct {
	Type, Text, ID, Name, Thinking, Signature string
	Input                                     json.RawMessage
	ToolUseID                                 string `json:"tool_use_id"`
	Content                                   json.RawMessage
}

func (anthropic) read(r *http.Request, body []byte) (*turn, error) {
	err := known(body, "model", "messages", "system", "max_tokens", "stream", "tools", "tool_choice", "temperature",
		"top_p", "top_k", "stop_sequences", "metadata", "thinking", "service_tier", "output_config", "cache_control")
	if err != nil {
		return nil, err
	}
	if r.URL.Path != "/v1/messages" || r.Header.Get("Anthropic-Version") != "2023-06-01" {
		return nil, &refusal{404, "no such URL or version"}
	}
	var q struct {
		MaxTokens int `json:"max_tokens"`
		System    json.RawMessage
		Stream    bool
		Messages  []struct {
			Role    string
			Content json.RawMessage
		}
		Tools []struct {
			Name        string
			Type        string
			InputSchema json.RawMessage `json:"input_schema"`
		}
	}
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, bad("%v", err)
	}
	if q.MaxTokens < 1 || len(q.Messages) == 0 {
		return nil, bad("max_tokens, messages: required")
	}
	if _, err := chatText(q.System); err != nil {
		return nil, err
	}
	t := &turn{stream: q.Stream}
	for i, f := range q.Tools {
		var s struct{ Type string }
		_ = json.Unmarshal(f.InputSchema, &s)
		if !toolName.MatchString(f.Name) || s.Type != "object" || f.Type != "" && f.Type != "custom" {
			return nil, bad("tools.%d: %s %q with %.100s", i, f.Type, f.Name, f.InputSchema)
		}
		t.tools = append(t.tools, tool{f.Name, f.InputSchema})
	}
	talk := &conversation{open: map[string]bool{}}
	for i, m := range q.Messages {
		if err := talk.read(m.Role, m.Content); err != nil {
			return nil, bad("messages.%d: %v", i, err)
		}
	}
	if len(talk.open) > 0 {
		return nil, bad("tool_use without tool_result: %v", talk.open)
	}
	t.results = talk.results
	return t, nil
}

// conversation is what has been said so far.
type conversation struct {
	open    map[string]bool
	results []string
	proven  bool // the thought before a call has come back
}

func (c *conversation) read(role string, raw json.RawMessage) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw, _ = json.Marshal([]obj{{"type": "text", "text": text}})
	}
	var blocks []block
	if err := json.Unmarshal(raw, &blocks); err != nil {
		return err
	}
	if len(blocks) == 0 {
		return bad("there is nothing in it")
	}
	c.proven = false
	for _, b := range blocks {
		read := c.user
		if role == "assistant" {
			read = c.assistant
		}
		if err := read(&b); err != nil {
			return err
		}
	}
	return nil
}

func (c *conversation) user(b *block) error {
	switch {
	case b.Type == "tool_result" && c.open[b.ToolUseID]:
		delete(c.open, b.ToolUseID)
		text, err := chatText(b.Content)
		c.results = append(c.results, text)
		return err
	case len(c.open) > 0:
		return bad("tool_use without tool_result: %v", c.open)
	case b.Type == "text" && b.Text != "":
		return nil
	}
	return bad("%q %q %q", b.Type, b.Text, b.ToolUseID)
}

func (c *conversation) assistant(b *block) error {
	switch {
	// Clients of other formats drop the text. With its signature that stands for
	// thoughts that were not shown, as with thinking.display "omitted".
	case b.Type == "thinking" && (b.Thinking == thought || b.Thinking == "") && b.Signature == signature:
		c.proven = true
	case b.Type == "text" && b.Text != "":
	case b.Type == "tool_use" && callID.MatchString(b.ID) && json.Valid(b.Input) && c.proven:
		c.open[b.ID] = true
	default:
		return bad("%s %q: not as it was said; thought before it %v: %q %q", b.Type, b.ID, c.proven, b.Thinking, b.Signature)
	}
	return nil
}

// signature proves the model's thoughts; of base64 it has what is easily spoilt.
const signature = "Er+/c2lnbmF0dXJl+/8=="

func (a *answer) blocks() []obj {
	if a.name == "" {
		return []obj{{"type": "text", "text": a.text}}
	}
	return []obj{
		{"type": "thinking", "thinking": thought, "signature": signature},
		{"type": "tool_use", "id": "toolu_" + a.id, "name": a.name, "input": json.RawMessage(a.args)},
	}
}

func (anthropic) write(w *writer, a *answer, stream bool) {
	stop := "end_turn"
	if a.name != "" {
		stop = "tool_use"
	}
	m := obj{
		"id": "msg_" + a.id, "type": "message", "role": "assistant", "model": "scripted", "content": a.blocks(),
		"stop_reason": stop, "stop_sequence": nil,
		"usage": obj{"input_tokens": a.usage.prompt, "output_tokens": a.usage.completion},
	}
	if !stream {
		w.json(200, m)
		return
	}
	send := func(kind string, v obj) {
		v["type"] = kind
		w.event(kind, v)
	}
	m["content"], m["stop_reason"] = []obj{}, nil
	m["usage"] = obj{"input_tokens": a.usage.prompt, "output_tokens": 1}
	send("message_start", obj{"message": m})
	for i, b := range a.blocks() {
		sendBlock(send, i, b)
	}
	send("message_delta", obj{
		"delta": obj{"stop_reason": stop, "stop_sequence": nil}, "usage": obj{"output_tokens": a.usage.completion},
	})
	send("message_stop", obj{})
}

func sendBlock(send func(string, obj), i int, b obj) {
	delta := func(kind, name string, value any) {
		send("content_block_delta", obj{"index": i, "delta": obj{"type": kind, name: value}})
	}
	start := func(b obj) { send("content_block_start", obj{"index": i, "content_block": b}) }
	switch b["type"] {
	case "text":
		start(obj{"type": "text", "text": ""})
		for _, half := range halves(b["text"].(string)) {
			delta("text_delta", "text", half)
		}
	case "thinking":
		start(obj{"type": "thinking", "thinking": "", "signature": ""})
		for _, half := range halves(thought) {
			delta("thinking_delta", "thinking", half)
		}
		delta("signature_delta", "signature", signature)
	default:
		start(obj{"type": "tool_use", "id": b["id"], "name": b["name"], "input": obj{}})
		for _, half := range halves(string(b["input"].(json.RawMessage))) {
			delta("input_json_delta", "partial_json", half)
		}
	}
	send("content_block_stop", obj{"index": i})
}

func (anthropic) refuse(w *writer, r *refusal) {
	w.json(r.status, obj{"type": "error", "error": obj{"type": "invalid_request_error", "message": r.message}})
}
