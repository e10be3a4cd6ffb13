package upstream

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"sync/atomic"
)

// created is when everything here was made; the clients hand it on.
const created = 1750000000

var serial atomic.Int64

func nextID(prefix string) string { return fmt.Sprintf("%s%d", prefix, serial.Add(1)) }

type chatRequest struct {
	Model               string          `json:"model"`
	Messages            []chatMessage   `json:"messages"`
	Stream              *bool           `json:"stream"`
	StreamOptions       *streamOptions  `json:"stream_options"`
	Tools               []chatTool      `json:"tools"`
	ToolChoice          json.RawMessage `json:"tool_choice"`
	ParallelToolCalls   *bool           `json:"parallel_tool_calls"`
	N                   *int            `json:"n"`
	MaxTokens           *int            `json:"max_tokens"`
	MaxCompletionTokens *int            `json:"max_completion_tokens"`
	Temperature         *float64        `json:"temperature"`
	TopP                *float64        `json:"top_p"`
	ResponseFormat      *responseFormat `json:"response_format"`

	// Known, and of no consequence to the script.
	Stop             any            `json:"stop"`
	Seed             *int           `json:"seed"`
	User             string         `json:"user"`
	Metadata         map[string]any `json:"metadata"`
	Store            *bool          `json:"store"`
	Logprobs         *bool          `json:"logprobs"`
	TopLogprobs      *int           `json:"top_logprobs"`
	LogitBias        map[string]int `json:"logit_bias"`
	FrequencyPenalty *float64       `json:"frequency_penalty"`
	PresencePenalty  *float64       `json:"presence_penalty"`
	ReasoningEffort  string         `json:"reasoning_effort"`
	Verbosity        string         `json:"verbosity"`
	ServiceTier      string         `json:"service_tier"`
}

type streamOptions struct {
	IncludeUsage       bool  `json:"include_usage"`
	IncludeObfuscation *bool `json:"include_obfuscation"`
}

type responseFormat struct {
	Type       string          `json:"type"`
	JSONSchema json.RawMessage `json:"json_schema"`
}

type chatMessage struct {
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content"`
	Name       string          `json:"name"`
	ToolCallID string          `json:"tool_call_id"`
	ToolCalls  []struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
	// What the SDKs send back of an answer unchanged.
	Refusal     *string `json:"refusal"`
	Annotations []any   `json:"annotations"`
}

type chatTool struct {
	Type     string `json:"type"`
	Function struct {
		Name        string         `json:"name"`
		Description string         `json:"description"`
		Parameters  map[string]any `json:"parameters"`
		Strict      *bool          `json:"strict"`
	} `json:"function"`
}

func (s *Server) chat(w http.ResponseWriter, r *http.Request) {
	var req chatRequest
	body, f := decode(r, &req)
	var q question
	if f == nil {
		q, f = req.question()
	}
	var a reply
	if f == nil {
		a, f = s.decide(q)
	}
	if f != nil {
		f.write(w)
		return
	}
	id := nextID("chatcmpl-")
	s.begin(id, r, body)
	if req.Stream != nil && *req.Stream {
		s.streamChat(id, &req, a, w, r)
		return
	}
	answer(w, r, wholeChat(id, &req, a))
}

var toolName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// question checks a request as OpenAI would.
func (req *chatRequest) question() (question, *failure) {
	q := question{parallel: req.ParallelToolCalls == nil || *req.ParallelToolCalls}
	if f := checkModel(req.Model); f != nil {
		return q, f
	}
	stream := req.Stream != nil && *req.Stream
	switch {
	case req.StreamOptions != nil && !stream:
		return q, invalid(400, "stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	case len(req.Tools) == 0 && len(req.ToolChoice) > 0:
		return q, invalid(400, "tool_choice", "'tool_choice' is only allowed when 'tools' are specified.")
	case len(req.Tools) == 0 && req.ParallelToolCalls != nil:
		return q, invalid(400, "parallel_tool_calls", "'parallel_tool_calls' is only allowed when 'tools' are specified.")
	case reasoning(req.Model) && req.MaxTokens != nil:
		return q, invalid(400, "max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
	case req.MaxTokens != nil && req.MaxCompletionTokens != nil:
		return q, invalid(400, "max_tokens", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
	case req.ResponseFormat != nil && req.ResponseFormat.Type == "json_schema" && len(req.ResponseFormat.JSONSchema) == 0:
		return q, invalid(400, "response_format.json_schema", "Missing required parameter: 'response_format.json_schema'.")
	}
	for i, t := range req.Tools {
		if t.Type != "function" || !toolName.MatchString(t.Function.Name) {
			return q, invalid(400, "tools", "Invalid 'tools[%d]': %s %q", i, t.Type, t.Function.Name)
		}
		q.tools = append(q.tools, t.Function.Name)
	}
	q.must = string(req.ToolChoice) == `"required"` || len(req.ToolChoice) > 0 && req.ToolChoice[0] == '{'
	return q, req.read(&q)
}

// read goes through the messages: every tool call must have its answer, and
// every answer its call.
func (req *chatRequest) read(q *question) *failure {
	if len(req.Messages) == 0 {
		return invalid(400, "messages", "Invalid 'messages': empty array.")
	}
	open := map[string]bool{}
	for i, m := range req.Messages {
		param := fmt.Sprintf("messages.[%d].content", i)
		if m.Role != "tool" && len(open) > 0 {
			return invalid(400, "messages", "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.")
		}
		kinds := []string{"text"}
		switch m.Role {
		case "system", "developer":
		case "user":
			q.results = nil
			kinds = append(kinds, "image_url", "input_audio", "file")
		case "assistant":
			kinds = append(kinds, "refusal")
			for _, c := range m.ToolCalls {
				if c.Type != "function" || !json.Valid([]byte(c.Function.Arguments)) {
					return invalid(400, "messages", "Invalid 'messages[%d].tool_calls': %q", i, c.Function.Arguments)
				}
				open[c.ID] = true
			}
		case "tool":
			if !open[m.ToolCallID] {
				return invalid(400, "messages", "messages with role 'tool' must be a response to a preceding message with 'tool_calls'.")
			}
			delete(open, m.ToolCallID)
		default:
			return invalid(400, "messages", "Invalid value: '%s' for 'messages[%d].role'.", m.Role, i)
		}
		text, f := content(m.Content, param, kinds...)
		if f != nil {
			return f
		}
		if text == "" && m.Role != "assistant" && m.Role != "tool" {
			return invalid(400, param, "Invalid value for 'content': expected a string, got null.")
		}
		q.words += countWords(text)
		switch m.Role {
		case "user":
			q.last = text
		case "tool":
			q.results = append(q.results, text)
		}
	}
	if len(open) > 0 {
		return invalid(400, "messages", "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.")
	}
	return nil
}

func (req *chatRequest) choices() int {
	if req.N == nil {
		return 1
	}
	return *req.N
}

func (a reply) finish() string {
	if len(a.calls) > 0 {
		return "tool_calls"
	}
	return "stop"
}

func wholeChat(id string, req *chatRequest, a reply) map[string]any {
	message := map[string]any{"role": "assistant", "content": a.text, "refusal": nil, "annotations": []any{}}
	if len(a.calls) > 0 {
		message["content"] = nil
		var calls []any
		for _, c := range a.calls {
			calls = append(calls, map[string]any{
				"id": c.id, "type": "function", "function": map[string]any{"name": c.name, "arguments": c.arguments},
			})
		}
		message["tool_calls"] = calls
	}
	var choices []any
	for i := range req.choices() {
		choices = append(choices, map[string]any{
			"index": i, "message": message, "logprobs": nil, "finish_reason": a.finish(),
		})
	}
	return map[string]any{
		"id": id, "object": "chat.completion", "created": created, "model": req.Model + "-2024-07-18",
		"choices": choices, "usage": a.usage.chat(), "service_tier": "default", "system_fingerprint": "fp_1",
	}
}

func (u usage) chat() map[string]any {
	return map[string]any{
		"prompt_tokens": u.prompt, "completion_tokens": u.completion, "total_tokens": u.prompt + u.completion,
		"prompt_tokens_details": map[string]any{"cached_tokens": 0, "audio_tokens": 0},
		"completion_tokens_details": map[string]any{
			"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
		},
	}
}

func (s *Server) streamChat(id string, req *chatRequest, a reply, w http.ResponseWriter, r *http.Request) {
	e := s.stream(id, w, r)
	defer e.end()
	withUsage := req.StreamOptions != nil && req.StreamOptions.IncludeUsage
	chunk := func(choices []any) map[string]any {
		c := map[string]any{
			"id": id, "object": "chat.completion.chunk", "created": created, "model": req.Model + "-2024-07-18",
			"service_tier": "default", "system_fingerprint": "fp_1", "choices": choices,
		}
		// As OpenAI has it: null in every chunk but the last, once asked for.
		if withUsage {
			c["usage"] = nil
		}
		return c
	}
	delta := func(d map[string]any, finish any) {
		for i := range req.choices() {
			e.send("", chunk([]any{map[string]any{"index": i, "delta": d, "logprobs": nil, "finish_reason": finish}}))
		}
	}
	delta(map[string]any{"role": "assistant", "content": "", "refusal": nil}, nil)
	for _, p := range pieces(a.text) {
		delta(map[string]any{"content": p}, nil)
	}
	for a.forever {
		if !e.pause() {
			return
		}
		delta(map[string]any{"content": " and on"}, nil)
	}
	if a.breaks {
		panic(http.ErrAbortHandler)
	}
	if a.inBand {
		e.send("", map[string]any{"error": invalid(500, "", "the model has fallen over")})
		return
	}
	sendCalls(a.calls, delta)
	delta(map[string]any{}, a.finish())
	if withUsage {
		last := chunk([]any{})
		last["usage"] = a.usage.chat()
		e.send("", last)
	}
	e.raw("", "[DONE]")
}

// sendCalls streams each call: its head, then its arguments in two halves.
func sendCalls(calls []toolCall, delta func(map[string]any, any)) {
	for i, c := range calls {
		half := len(c.arguments) / 2
		for n, call := range []map[string]any{
			{"index": i, "id": c.id, "type": "function", "function": map[string]any{"name": c.name, "arguments": ""}},
			{"index": i, "function": map[string]any{"arguments": c.arguments[:half]}},
			{"index": i, "function": map[string]any{"arguments": c.arguments[half:]}},
		} {
			d := map[string]any{"tool_calls": []any{call}}
			if i == 0 && n == 0 {
				d["content"] = nil
			}
			delta(d, nil)
		}
	}
}
