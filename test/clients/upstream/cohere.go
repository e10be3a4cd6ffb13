package upstream

import (
	"encoding/json"
	"net/http"
	"strings"
)

// CohereModel is the model of Cohere's service.
const CohereModel = "command-a-03-2025"

type cohereRequest struct {
	Model       string           `json:"model"`
	Messages    []cohereMessage  `json:"messages"`
	Stream      *bool            `json:"stream"`
	Tools       []cohereTool     `json:"tools"`
	ToolChoice  string           `json:"tool_choice"`
	StrictTools *bool            `json:"strict_tools"`
	Documents   []any            `json:"documents"`
	Citations   map[string]any   `json:"citation_options"`
	Format      *json.RawMessage `json:"response_format"`

	// Known, and of no consequence to the script.
	MaxTokens        *int           `json:"max_tokens"`
	Temperature      *float64       `json:"temperature"`
	P                *float64       `json:"p"`
	K                *int           `json:"k"`
	Seed             *int           `json:"seed"`
	StopSequences    []string       `json:"stop_sequences"`
	FrequencyPenalty *float64       `json:"frequency_penalty"`
	PresencePenalty  *float64       `json:"presence_penalty"`
	SafetyMode       string         `json:"safety_mode"`
	Thinking         map[string]any `json:"thinking"`
}

type cohereTool struct {
	Type     string `json:"type"`
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	} `json:"function"`
}

type cohereMessage struct {
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	ToolPlan  string          `json:"tool_plan"`
	Citations []any           `json:"citations"`
	ToolCalls []struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
	ToolCallID string `json:"tool_call_id"`
}

func (s *Server) cohere() http.Handler {
	v := &vendor{s: s, model: CohereModel, header: "Authorization", scheme: "Bearer ", shape: func(w http.ResponseWriter, f *failure) {
		w.WriteHeader(f.status)
		_ = json.NewEncoder(w).Encode(map[string]any{"id": "of-cohere", "message": f.Message})
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/chat", handle(v, v.cohereChat))
	mux.HandleFunc("POST /v1/rerank", handle(v, v.cohereRankV1))
	mux.HandleFunc("POST /v2/rerank", handle(v, v.cohereRankV2))
	mux.HandleFunc("/", v.notFound)
	return mux
}

func (v *vendor) cohereChat(w http.ResponseWriter, _ *http.Request, req *cohereRequest) *failure {
	if f := v.checkModel(req.Model); f != nil {
		return f
	}
	if req.Stream == nil {
		return invalid(400, "", "invalid request: stream is required")
	}
	q, f := req.question()
	if f != nil {
		return f
	}
	a, f := v.s.decide(q)
	if f != nil {
		return f
	}
	if *req.Stream {
		streamCohere(w, a)
		return nil
	}
	message := map[string]any{"role": "assistant"}
	if a.text != "" {
		message["content"] = []any{map[string]any{"type": "text", "text": a.text}}
	}
	if len(a.calls) > 0 {
		message["tool_plan"], message["tool_calls"] = thought, cohereCalls(a)
	}
	writeJSON(w, map[string]any{"id": nextID("of-cohere-"), "message": message, "finish_reason": a.cohereFinish(), "usage": a.usage.cohere()})
	return nil
}

func (req *cohereRequest) question() (question, *failure) {
	q := question{parallel: true, must: req.ToolChoice == "REQUIRED"}
	for i, t := range req.Tools {
		if t.Type != "function" || !toolName.MatchString(t.Function.Name) || !object(t.Function.Parameters) {
			return q, invalid(400, "", "invalid request: tools[%d]: %s %q", i, t.Type, t.Function.Name)
		}
		q.tools = append(q.tools, t.Function.Name)
	}
	if len(q.tools) == 0 && (req.ToolChoice != "" || req.StrictTools != nil) {
		return q, invalid(400, "", "invalid request: tool_choice without tools")
	}
	return q, req.read(&q)
}

func (req *cohereRequest) read(q *question) *failure {
	var open answered
	for i, m := range req.Messages {
		if m.Role != "tool" && open.count > 0 {
			return invalid(400, "", "invalid request: the tool calls before messages[%d] have no result", i)
		}
		text, f := cohereContent(m.Content, at("messages[%d].content", i))
		if f != nil {
			return f
		}
		q.words += countWords(text)
		switch {
		case m.Role == "user" && text != "":
			q.last, q.results = text, nil
		case m.Role == "system" && text != "":
		case m.Role == "assistant" && (text != "" || len(m.ToolCalls) > 0):
			for _, c := range m.ToolCalls {
				if c.Type != "function" || !json.Valid([]byte(c.Function.Arguments)) {
					return invalid(400, "", "invalid request: messages[%d].tool_calls: %q", i, c.Function.Arguments)
				}
				open.call(c.ID, c.Function.Name)
			}
		case m.Role == "tool" && open.ids[m.ToolCallID]:
			delete(open.ids, m.ToolCallID)
			open.count--
			q.results = append(q.results, text)
		default:
			return invalid(400, "", "invalid request: messages[%d] of role %q for call %q is empty or out of place", i, m.Role, m.ToolCallID)
		}
	}
	if len(req.Messages) == 0 || open.count > 0 {
		return invalid(400, "", "invalid request: messages end with calls, or there are none")
	}
	return nil
}

// cohereContent is content in which documents may stand: their data is text, or
// an object of any shape.
func cohereContent(raw json.RawMessage, where string) (string, *failure) {
	var documents []struct {
		Type     string
		Document struct{ Data json.RawMessage }
	}
	if json.Unmarshal(raw, &documents) != nil || len(documents) == 0 || documents[0].Type != "document" {
		return content(raw, where, "text", "image_url")
	}
	var texts []string
	for _, d := range documents {
		if d.Type != "document" || len(d.Document.Data) == 0 {
			return "", invalid(400, "", "invalid request: %s must be documents throughout, with data", where)
		}
		var text string
		if json.Unmarshal(d.Document.Data, &text) != nil {
			text = string(d.Document.Data)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " "), nil
}

func (a reply) cohereFinish() string {
	return strings.ToUpper(map[bool]string{true: "tool_call", false: "complete"}[len(a.calls) > 0])
}

func (u usage) cohere() map[string]any {
	n := map[string]any{"input_tokens": u.prompt, "output_tokens": u.completion}
	return map[string]any{"billed_units": n, "tokens": n}
}

func cohereCalls(a reply) []map[string]any {
	var out []map[string]any
	for _, c := range a.calls {
		out = append(out, map[string]any{
			"id": "get_weather_" + c.id, "type": "function", "function": map[string]any{"name": c.name, "arguments": c.arguments},
		})
	}
	return out
}

func streamCohere(w http.ResponseWriter, a reply) {
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(kind string, v map[string]any) {
		v["type"] = kind
		data, _ := json.Marshal(v)
		_, _ = w.Write([]byte("event: " + kind + "\ndata: " + string(data) + "\n\n"))
		_ = http.NewResponseController(w).Flush()
	}
	delta := func(kind string, index int, message map[string]any) {
		send(kind, map[string]any{"index": index, "delta": map[string]any{"message": message}})
	}
	send("message-start", map[string]any{"id": nextID("of-cohere-"), "delta": map[string]any{"message": map[string]any{
		"role": "assistant", "content": []any{}, "tool_plan": "", "tool_calls": []any{}, "citations": []any{},
	}}})
	if a.text != "" {
		delta("content-start", 0, map[string]any{"content": map[string]any{"type": "text", "text": ""}})
		for _, p := range pieces(a.text) {
			delta("content-delta", 0, map[string]any{"content": map[string]any{"text": p}})
		}
		send("content-end", map[string]any{"index": 0})
	}
	for i, c := range cohereCalls(a) {
		for _, p := range pieces(thought) {
			if i == 0 {
				send("tool-plan-delta", map[string]any{"delta": map[string]any{"message": map[string]any{"tool_plan": p}}})
			}
		}
		function := c["function"].(map[string]any)
		arguments := function["arguments"].(string)
		function["arguments"] = ""
		delta("tool-call-start", i, map[string]any{"tool_calls": c})
		for _, p := range halves(arguments) {
			delta("tool-call-delta", i, map[string]any{"tool_calls": map[string]any{"function": map[string]any{"arguments": p}}})
		}
		send("tool-call-end", map[string]any{"index": i})
	}
	send("message-end", map[string]any{"delta": map[string]any{"finish_reason": a.cohereFinish(), "usage": a.usage.cohere()}})
	_, _ = w.Write([]byte("data: [DONE]\n\n"))
}
