package upstream

import (
	"encoding/json"
	"maps"
	"net/http"
)

type responsesRequest struct {
	Model              string          `json:"model"`
	Input              json.RawMessage `json:"input"`
	Instructions       *string         `json:"instructions"`
	Stream             *bool           `json:"stream"`
	Tools              []responsesTool `json:"tools"`
	ToolChoice         json.RawMessage `json:"tool_choice"`
	ParallelToolCalls  *bool           `json:"parallel_tool_calls"`
	PreviousResponseID string          `json:"previous_response_id"`

	MaxOutputTokens *int           `json:"max_output_tokens"`
	Temperature     *float64       `json:"temperature"`
	TopP            *float64       `json:"top_p"`
	Text            map[string]any `json:"text"`
	Reasoning       map[string]any `json:"reasoning"`
	Include         []string       `json:"include"`
	Store           *bool          `json:"store"`
	Metadata        map[string]any `json:"metadata"`
	User            string         `json:"user"`
	ServiceTier     string         `json:"service_tier"`
	Truncation      string         `json:"truncation"`
	// Unlike chat's it has no include_usage: usage always comes.
	StreamOptions *struct {
		IncludeObfuscation bool `json:"include_obfuscation"`
	} `json:"stream_options"`
}

type responsesTool struct {
	Type        string         `json:"type"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Parameters  map[string]any `json:"parameters"`
	Strict      *bool          `json:"strict"`
}

// inputItem is any of the items that a conversation is made of.
type inputItem struct {
	Type      string          `json:"type"`
	ID        string          `json:"id"`
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	CallID    string          `json:"call_id"`
	Arguments string          `json:"arguments"`
	Output    json.RawMessage `json:"output"`
}

func (s *Server) createResponse(w http.ResponseWriter, r *http.Request) {
	var req responsesRequest
	body, f := decode(r, &req)
	var q question
	if f == nil {
		q, f = s.readInput(&req)
	}
	var a reply
	if f == nil {
		a, f = s.decide(q)
	}
	if f != nil {
		f.write(w)
		return
	}
	id := nextID("resp_")
	s.begin(id, r, body)
	whole := req.response(id, a)
	if req.Store == nil || *req.Store {
		s.mu.Lock()
		s.responses[id] = whole
		s.mu.Unlock()
	}
	if req.Stream != nil && *req.Stream {
		s.streamResponse(id, a, whole, w, r)
		return
	}
	answer(w, r, whole)
}

// readInput checks the conversation: every output of a tool must belong to a
// call that stands before it, or in a stored answer.
func (s *Server) readInput(req *responsesRequest) (question, *failure) {
	q := question{parallel: req.ParallelToolCalls == nil || *req.ParallelToolCalls}
	if f := checkModel(req.Model); f != nil {
		return q, f
	}
	for i, t := range req.Tools {
		if t.Type != "function" || !toolName.MatchString(t.Name) {
			return q, invalid(400, "tools", "Invalid 'tools[%d]': %s %q", i, t.Type, t.Name)
		}
		q.tools = append(q.tools, t.Name)
	}
	q.must = string(req.ToolChoice) == `"required"` || len(req.ToolChoice) > 0 && req.ToolChoice[0] == '{'
	calls, f := s.storedCalls(req.PreviousResponseID)
	if f != nil {
		return q, f
	}
	if req.Instructions != nil {
		q.words += countWords(*req.Instructions)
	}
	var text string
	if json.Unmarshal(req.Input, &text) == nil {
		q.last, q.words = text, q.words+countWords(text)
		return q, nil
	}
	var items []inputItem
	if json.Unmarshal(req.Input, &items) != nil || len(items) == 0 {
		return q, invalid(400, "input", "Invalid type for 'input': expected a string or a list of items.")
	}
	for i, item := range items {
		if f := s.readItem(i, item, &q, calls); f != nil {
			return q, f
		}
	}
	return q, nil
}

func (s *Server) readItem(i int, item inputItem, q *question, calls map[string]bool) *failure {
	switch item.Type {
	case "", "message":
		kinds := []string{"input_text", "input_image", "input_file"}
		if item.Role == "assistant" {
			kinds = []string{"output_text", "refusal"}
		}
		text, f := content(item.Content, "input", kinds...)
		if f != nil {
			return f
		}
		q.words += countWords(text)
		if item.Role == "user" {
			q.last, q.results = text, nil
		}
	case "function_call":
		if !json.Valid([]byte(item.Arguments)) {
			return invalid(400, "input", "Invalid 'input[%d].arguments': %q", i, item.Arguments)
		}
		calls[item.CallID] = true
	case "function_call_output":
		if !calls[item.CallID] {
			return invalid(400, "input", "No tool call found for function call output with call_id %s.", item.CallID)
		}
		var text string
		if json.Unmarshal(item.Output, &text) != nil {
			text = string(item.Output)
		}
		q.words += countWords(text)
		q.results = append(q.results, text)
	case "item_reference":
		call, ok := s.storedItem(item.ID)
		if !ok {
			return invalid(404, "input", "Item with id '%s' not found.", item.ID)
		}
		calls[call] = true
	default:
		return invalid(400, "input", "Invalid value: '%s' for 'input[%d].type'.", item.Type, i)
	}
	return nil
}

// storedCalls are the calls that a stored answer made.
func (s *Server) storedCalls(id string) (map[string]bool, *failure) {
	calls := map[string]bool{}
	if id == "" {
		return calls, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	whole := s.responses[id]
	if whole == nil {
		return nil, invalid(400, "previous_response_id", "Previous response with id '%s' not found.", id)
	}
	for _, o := range whole["output"].([]any) {
		if call, ok := o.(map[string]any)["call_id"].(string); ok {
			calls[call] = true
		}
	}
	return calls, nil
}

// storedItem finds an item of a stored answer; call is "" when it is no call.
func (s *Server) storedItem(id string) (call string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, whole := range s.responses {
		for _, o := range whole["output"].([]any) {
			if item := o.(map[string]any); item["id"] == id {
				call, _ = item["call_id"].(string)
				return call, true
			}
		}
	}
	return "", false
}

func (req *responsesRequest) response(id string, a reply) map[string]any {
	output := []any{}
	for _, c := range a.calls {
		output = append(output, map[string]any{
			"type": "function_call", "id": nextID("fc_"), "call_id": c.id, "name": c.name,
			"arguments": c.arguments, "status": "completed",
		})
	}
	if len(a.calls) == 0 {
		output = append(output, map[string]any{
			"type": "message", "id": nextID("msg_"), "role": "assistant", "status": "completed",
			"content": []any{outputText(a.text)},
		})
	}
	tools := []any{}
	for _, t := range req.Tools {
		tools = append(tools, t)
	}
	return map[string]any{
		"id": id, "object": "response", "created_at": created, "status": "completed", "background": false,
		"error": nil, "incomplete_details": nil, "instructions": req.Instructions, "max_output_tokens": nil,
		"model": req.Model + "-2024-07-18", "output": output, "parallel_tool_calls": true,
		"previous_response_id": nil, "reasoning": map[string]any{"effort": nil, "summary": nil},
		"service_tier": "default", "store": true, "temperature": 1.0, "top_p": 1.0,
		"text":        map[string]any{"format": map[string]any{"type": "text"}},
		"tool_choice": "auto", "tools": tools, "truncation": "disabled", "metadata": map[string]any{}, "user": nil,
		"usage": map[string]any{
			"input_tokens": a.usage.prompt, "input_tokens_details": map[string]any{"cached_tokens": 0},
			"output_tokens": a.usage.completion, "output_tokens_details": map[string]any{"reasoning_tokens": 0},
			"total_tokens": a.usage.prompt + a.usage.completion,
		},
	}
}

func outputText(text string) map[string]any {
	return map[string]any{"type": "output_text", "text": text, "annotations": []any{}, "logprobs": []any{}}
}

// with is a copy of an object with some members replaced.
func with(v map[string]any, members map[string]any) map[string]any {
	out := maps.Clone(v)
	maps.Copy(out, members)
	return out
}

// streamResponse tells the same answer in events, numbered and in OpenAI's
// order.
func (s *Server) streamResponse(id string, a reply, whole map[string]any, w http.ResponseWriter, r *http.Request) {
	e := s.stream(id, w, r)
	defer e.end()
	seq := 0
	send := func(kind string, members map[string]any) {
		e.send(kind, with(members, map[string]any{"type": kind, "sequence_number": seq}))
		seq++
	}
	begun := with(whole, map[string]any{"status": "in_progress", "output": []any{}, "usage": nil})
	send("response.created", map[string]any{"response": begun})
	send("response.in_progress", map[string]any{"response": begun})
	for i, o := range whole["output"].([]any) {
		item := o.(map[string]any)
		place := map[string]any{"output_index": i, "item_id": item["id"]}
		if item["type"] == "function_call" {
			sendCall(item, place, send)
			continue
		}
		if !sendMessage(e, a, item, place, send) {
			return
		}
	}
	send("response.completed", map[string]any{"response": whole})
}

func sendCall(item, place map[string]any, send func(string, map[string]any)) {
	arguments := item["arguments"].(string)
	half := len(arguments) / 2
	at := map[string]any{"output_index": place["output_index"]}
	send("response.output_item.added", with(at, map[string]any{
		"item": with(item, map[string]any{"arguments": "", "status": "in_progress"}),
	}))
	send("response.function_call_arguments.delta", with(place, map[string]any{"delta": arguments[:half]}))
	send("response.function_call_arguments.delta", with(place, map[string]any{"delta": arguments[half:]}))
	send("response.function_call_arguments.done", with(place, map[string]any{"name": item["name"], "arguments": arguments}))
	send("response.output_item.done", with(at, map[string]any{"item": item}))
}

// sendMessage tells false when the stream ended early, as the script wants.
func sendMessage(e *events, a reply, item, place map[string]any, send func(string, map[string]any)) bool {
	at := map[string]any{"output_index": place["output_index"]}
	part := with(place, map[string]any{"content_index": 0})
	send("response.output_item.added", with(at, map[string]any{
		"item": with(item, map[string]any{"content": []any{}, "status": "in_progress"}),
	}))
	send("response.content_part.added", with(part, map[string]any{"part": outputText("")}))
	delta := func(text string) {
		send("response.output_text.delta", with(part, map[string]any{"delta": text, "logprobs": []any{}}))
	}
	for _, p := range pieces(a.text) {
		delta(p)
	}
	for a.forever {
		if !e.pause() {
			return false
		}
		delta(" and on")
	}
	if a.breaks {
		panic(http.ErrAbortHandler)
	}
	if a.inBand {
		send("error", map[string]any{"code": "server_error", "message": "the model has fallen over", "param": nil})
		return false
	}
	send("response.output_text.done", with(part, map[string]any{"text": a.text, "logprobs": []any{}}))
	send("response.content_part.done", with(part, map[string]any{"part": outputText(a.text)}))
	send("response.output_item.done", with(at, map[string]any{"item": item}))
	return true
}

func (s *Server) getResponse(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	whole := s.responses[r.PathValue("id")]
	s.mu.Unlock()
	if whole == nil {
		invalid(404, "", "Response with id '%s' not found.", r.PathValue("id")).write(w)
		return
	}
	answer(w, r, whole)
}

func (s *Server) deleteResponse(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.responses[id] == nil {
		invalid(404, "", "Response with id '%s' not found.", id).write(w)
		return
	}
	delete(s.responses, id)
	answer(w, r, map[string]any{"id": id, "object": "response", "deleted": true})
}
