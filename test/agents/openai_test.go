package agents

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
)

var toolName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// known looks for members that the vendor does not know.
func known(body []byte, names ...string) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil {
		return bad("%v", err)
	}
	for name := range m {
		if !slices.Contains(names, name) {
			return bad("%s: unknown member", name)
		}
	}
	return nil
}

// openAI is the Chat Completions API:
// https://platform.openai.com/docs/api-reference/chat/create
type openAI struct{}

type chatMessage struct {
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content"`
	ToolCallID string          `json:"tool_call_id"`
	ToolCalls  []struct {
		ID       string `json:"id"`
		Function struct{ Name, Arguments string }
	} `json:"tool_calls"`
}

func (openAI) read(r *http.Request, body []byte) (*turn, error) {
	err := known(body, "model", "messages", "stream", "stream_options", "tools", "tool_choice", "parallel_tool_calls",
		"max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "user", "metadata", "reasoning_effort",
		"response_format", "store", "verbosity", "prompt_cache_key", "safety_identifier", "service_tier")
	if err != nil {
		return nil, err
	}
	if r.URL.Path != "/v1/chat/completions" {
		return nil, &refusal{404, "no such URL"}
	}
	var q struct {
		User     string
		Messages []chatMessage
		Stream   bool
		Tools    []struct {
			Type     string
			Function struct {
				Name       string
				Parameters json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, bad("%v", err)
	}
	if len(q.User) > 64 {
		return nil, bad("Invalid 'user': string too long")
	}
	t := &turn{stream: q.Stream}
	for i, f := range q.Tools {
		if f.Type != "function" || !toolName.MatchString(f.Function.Name) {
			return nil, bad("tools[%d]: %s %q", i, f.Type, f.Function.Name)
		}
		t.tools = append(t.tools, tool{f.Function.Name, f.Function.Parameters})
	}
	t.results, err = readChat(q.Messages)
	return t, err
}

// readChat holds calls and results together.
func readChat(messages []chatMessage) (results []string, err error) {
	open := map[string]bool{}
	for i, m := range messages {
		if m.Role != "tool" && len(open) > 0 {
			return nil, bad("messages[%d]: tool calls without results: %v", i, open)
		}
		for _, c := range m.ToolCalls {
			if c.ID == "" || !json.Valid([]byte(c.Function.Arguments)) {
				return nil, bad("messages[%d]: call %q with %q", i, c.ID, c.Function.Arguments)
			}
			open[c.ID] = true
		}
		text, err := chatText(m.Content)
		if err != nil {
			return nil, err
		}
		switch {
		case m.Role == "tool" && !open[m.ToolCallID]:
			return nil, bad("messages[%d]: no call %q", i, m.ToolCallID)
		case m.Role == "tool":
			delete(open, m.ToolCallID)
			results = append(results, text)
		case text == "" && len(m.ToolCalls) == 0:
			return nil, bad("messages[%d]: %s says nothing", i, m.Role)
		}
	}
	return results, nil
}

// chatText is the text of a string or of parts, which the other formats have, too.
func chatText(raw json.RawMessage) (string, error) {
	var text string
	if len(raw) == 0 || string(raw) == "null" || json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var parts []struct{ Type, Text string }
	if err := json.Unmarshal(raw, &parts); err != nil {
		return "", bad("content: %v", err)
	}
	for _, p := range parts {
		if p.Type != "text" {
			return "", bad("content: %q", p.Type)
		}
		text += p.Text
	}
	return text, nil
}

func (u usage) chat() obj {
	return obj{"prompt_tokens": u.prompt, "completion_tokens": u.completion, "total_tokens": u.prompt + u.completion}
}

func (openAI) write(w *writer, a *answer, stream bool) {
	call := obj{"index": 0, "id": "call_" + a.id, "type": "function", "function": obj{"name": a.name, "arguments": a.args}}
	head := func(kind string, choices ...obj) obj {
		return obj{"id": "chatcmpl-" + a.id, "object": kind, "created": 1750000000, "model": "scripted", "choices": choices}
	}
	finish, message := "stop", obj{"role": "assistant", "content": a.text}
	if a.name != "" {
		finish, message = "tool_calls", obj{"role": "assistant", "content": nil, "tool_calls": []obj{call}}
	}
	if !stream {
		whole := head("chat.completion", obj{"index": 0, "message": message, "finish_reason": finish})
		whole["usage"] = a.usage.chat()
		w.json(200, whole)
		return
	}
	send := func(delta obj, finish any) {
		w.event("", head("chat.completion.chunk", obj{"index": 0, "delta": delta, "finish_reason": finish}))
	}
	if a.name == "" {
		send(obj{"role": "assistant", "content": ""}, nil)
		send(obj{"content": a.text[:5]}, nil)
		send(obj{"content": a.text[5:]}, nil)
	} else {
		call["function"] = obj{"name": a.name, "arguments": ""}
		send(message, nil)
		for _, half := range halves(a.args) {
			send(obj{"tool_calls": []obj{{"index": 0, "function": obj{"arguments": half}}}}, nil)
		}
	}
	send(obj{}, finish)
	last := head("chat.completion.chunk")
	last["choices"], last["usage"] = []obj{}, a.usage.chat()
	w.event("", last)
	w.event("", "[DONE]")
}

func halves(s string) []string { return []string{s[:len(s)/2], s[len(s)/2:]} }

func (openAI) refuse(w *writer, r *refusal) {
	w.json(r.status, obj{"error": obj{"message": r.message, "type": "invalid_request_error", "param": nil, "code": nil}})
}
