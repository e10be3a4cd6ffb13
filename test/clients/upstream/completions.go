package upstream

import (
	"encoding/json"
	"net/http"
)

type completionRequest struct {
	Model         string          `json:"model"`
	Prompt        json.RawMessage `json:"prompt"`
	Stream        *bool           `json:"stream"`
	StreamOptions *streamOptions  `json:"stream_options"`

	MaxTokens        *int           `json:"max_tokens"`
	Temperature      *float64       `json:"temperature"`
	TopP             *float64       `json:"top_p"`
	N                *int           `json:"n"`
	BestOf           *int           `json:"best_of"`
	Echo             *bool          `json:"echo"`
	Logprobs         *int           `json:"logprobs"`
	LogitBias        map[string]int `json:"logit_bias"`
	Stop             any            `json:"stop"`
	Suffix           *string        `json:"suffix"`
	Seed             *int           `json:"seed"`
	User             string         `json:"user"`
	FrequencyPenalty *float64       `json:"frequency_penalty"`
	PresencePenalty  *float64       `json:"presence_penalty"`
}

// prompts are one text or several; each has a choice in the answer.
func (req *completionRequest) prompts() ([]string, *failure) {
	if f := checkModel(req.Model); f != nil {
		return nil, f
	}
	if req.StreamOptions != nil && (req.Stream == nil || !*req.Stream) {
		return nil, invalid(400, "stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	}
	var one string
	if json.Unmarshal(req.Prompt, &one) == nil {
		return []string{one}, nil
	}
	var many []string
	if json.Unmarshal(req.Prompt, &many) != nil || len(many) == 0 {
		return nil, invalid(400, "prompt", "Invalid type for 'prompt'.")
	}
	return many, nil
}

func (s *Server) completions(w http.ResponseWriter, r *http.Request) {
	var req completionRequest
	body, f := decode(r, &req)
	var prompts []string
	if f == nil {
		prompts, f = req.prompts()
	}
	var answers []reply
	var sum usage
	for i := 0; f == nil && i < len(prompts); i++ {
		var a reply
		a, f = s.decide(question{last: prompts[i], words: countWords(prompts[i])})
		answers = append(answers, a)
		sum.prompt, sum.completion = sum.prompt+a.usage.prompt, sum.completion+a.usage.completion
	}
	if f != nil {
		f.write(w)
		return
	}
	id := nextID("cmpl-")
	s.begin(id, r, body)
	doc := func(choices []any) map[string]any {
		return map[string]any{"id": id, "object": "text_completion", "created": created, "model": req.Model, "choices": choices}
	}
	choice := func(i int, text string, finish any) any {
		return map[string]any{"index": i, "text": text, "logprobs": nil, "finish_reason": finish}
	}
	counts := map[string]any{
		"prompt_tokens": sum.prompt, "completion_tokens": sum.completion, "total_tokens": sum.prompt + sum.completion,
	}
	if req.Stream == nil || !*req.Stream {
		var choices []any
		for i, a := range answers {
			choices = append(choices, choice(i, a.text, "stop"))
		}
		whole := doc(choices)
		whole["usage"] = counts
		answer(w, r, whole)
		return
	}
	e := s.stream(id, w, r)
	defer e.end()
	withUsage := req.StreamOptions != nil && req.StreamOptions.IncludeUsage
	send := func(c any) {
		d := doc([]any{c})
		if withUsage {
			d["usage"] = nil
		}
		e.send("", d)
	}
	for i, a := range answers {
		for _, p := range pieces(a.text) {
			send(choice(i, p, nil))
		}
		send(choice(i, "", "stop"))
	}
	if withUsage {
		last := doc([]any{})
		last["usage"] = counts
		e.send("", last)
	}
	e.raw("", "[DONE]")
}
