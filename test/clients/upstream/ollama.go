package upstream

import (
	"encoding/json"
	"net/http"
)

// OllamaModel is the model of the Ollama server.
const OllamaModel = "qwen3:8b"

type ollamaRequest struct {
	Model    string          `json:"model"`
	Messages []ollamaMessage `json:"messages"`
	Stream   *bool           `json:"stream"`
	Tools    []cohereTool    `json:"tools"`
	Options  struct {
		NumPredict  *int     `json:"num_predict"`
		Temperature *float64 `json:"temperature"`
		TopP        *float64 `json:"top_p"`
		TopK        *int     `json:"top_k"`
		Seed        *int     `json:"seed"`
		Stop        []string `json:"stop"`
	} `json:"options"`
	Format    json.RawMessage `json:"format"`
	KeepAlive any             `json:"keep_alive"`
	Think     any             `json:"think"`
	// Ollama has no such member and takes no notice of it.
	ToolChoice any `json:"tool_choice"`
}

type ollamaMessage struct {
	Role      string       `json:"role"`
	Content   string       `json:"content"`
	Thinking  string       `json:"thinking"`
	ToolCalls []ollamaCall `json:"tool_calls"`
	ToolName  string       `json:"tool_name"`
}

type ollamaCall struct {
	Function struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	} `json:"function"`
}

func (s *Server) ollama() http.Handler {
	v := &vendor{s: s, model: OllamaModel, shape: func(w http.ResponseWriter, f *failure) {
		w.WriteHeader(f.status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": f.Message})
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/chat", handle(v, v.ollamaChat))
	mux.HandleFunc("/", v.notFound)
	return mux
}

func (v *vendor) ollamaChat(w http.ResponseWriter, _ *http.Request, req *ollamaRequest) *failure {
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
	line := func(text, thinking string, calls []any, done bool) map[string]any {
		message := map[string]any{"role": "assistant", "content": text}
		if thinking != "" {
			message["thinking"] = thinking
		}
		if len(calls) > 0 {
			message["tool_calls"] = calls
		}
		out := map[string]any{"model": req.Model, "created_at": "2025-06-15T15:06:40.123456789Z", "message": message, "done": done}
		if done {
			out["done_reason"], out["total_duration"], out["load_duration"] = "stop", 5, 1
			out["prompt_eval_count"], out["prompt_eval_duration"] = a.usage.prompt, 2
			out["eval_count"], out["eval_duration"] = a.usage.completion, 2
		}
		return out
	}
	calls, thinking := ollamaCalls(a)
	if req.Stream != nil && !*req.Stream {
		writeJSON(w, line(a.text, thinking, calls, true))
		return nil
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	send := func(v any) {
		_ = json.NewEncoder(w).Encode(v)
		_ = http.NewResponseController(w).Flush()
	}
	for _, p := range pieces(thinking) {
		send(line("", p, nil, false))
	}
	for _, p := range pieces(a.text) {
		send(line(p, "", nil, false))
	}
	for _, c := range calls {
		send(line("", "", []any{c}, false))
	}
	send(line("", "", nil, true))
	return nil
}

// ollamaCalls are calls as the server makes them: without ids.
func ollamaCalls(a reply) (calls []any, thinking string) {
	for _, c := range a.calls {
		calls = append(calls, map[string]any{"function": map[string]any{"name": c.name, "arguments": c.value()}})
		thinking = thought
	}
	return calls, thinking
}

func (req *ollamaRequest) question() (question, *failure) {
	q := question{parallel: true}
	for i, t := range req.Tools {
		if t.Type != "function" || t.Function.Name == "" || !object(t.Function.Parameters) {
			return q, invalid(400, "", "tools[%d]: %s %q", i, t.Type, t.Function.Name)
		}
		q.tools = append(q.tools, t.Function.Name)
	}
	var open answered
	for i, m := range req.Messages {
		q.words += countWords(m.Content)
		switch {
		case m.Role != "tool" && open.count > 0:
			return q, invalid(400, "", "messages[%d]: the calls before have no results", i)
		case m.Role == "tool" && open.names[m.ToolName]:
			open.count--
			q.results = append(q.results, m.Content)
		case m.Role == "user":
			q.last, q.results = m.Content, nil
		case m.Role == "system":
		case m.Role == "assistant":
			for _, c := range m.ToolCalls {
				if !object(c.Function.Arguments) {
					return q, invalid(400, "", "json: cannot unmarshal %s into Go struct field ToolCallFunction.arguments", c.Function.Arguments)
				}
				open.call(at("%d", open.count), c.Function.Name)
			}
		default:
			return q, invalid(400, "", "messages[%d]: invalid role %q, or no call of tool %q", i, m.Role, m.ToolName)
		}
	}
	if open.count != 0 {
		return q, invalid(400, "", "there are %d results too few", open.count)
	}
	return q, nil
}
