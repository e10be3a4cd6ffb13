package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/sluice-gateway/sluice/schema"
)

// reply is what the demo model says to a question.
type reply struct {
	id     string   // the same for the same question
	pieces []string // of the answer
	cut    bool     // by the caller's limit
	prompt int      // tokens
}

func (r *reply) text() string { return strings.Join(r.pieces, "") }

// answerTo composes the answer to a text.
func answerTo(q object, asked, all string, limit int64) reply {
	text := "This is the demo model of Sluice: it runs inside the gateway and knows nothing."
	if asked = strings.Join(strings.Fields(asked), " "); asked != "" {
		text += " You said: " + shorten(asked)
	}
	sum := sha256.Sum256(schema.AppendJSON(nil, q))
	r := reply{id: hex.EncodeToString(sum[:12]), pieces: words(text), prompt: tokens(all)}
	if limit > 0 && int64(len(r.pieces)) > limit {
		r.pieces, r.cut = r.pieces[:limit], true
	}
	return r
}

func shorten(s string) string {
	n := 0
	for i := range s {
		if n++; n > maxEcho {
			return s[:i] + "…"
		}
	}
	return s
}

// finish is OpenAI's word for how the answer ended.
func (r *reply) finish() string {
	if r.cut {
		return "length"
	}
	return "stop"
}

func (r *reply) usage() object {
	return object{"prompt_tokens": r.prompt, "completion_tokens": len(r.pieces), "total_tokens": r.prompt + len(r.pieces)}
}

func wantsStream(q object) bool {
	on, _ := q["stream"].(bool)
	return on
}

func wantsUsage(q object) bool {
	o, _ := q["stream_options"].(object)
	on, _ := o["include_usage"].(bool)
	return on
}

// limitOf is the first of the named members that holds a number.
func limitOf(q object, names ...string) int64 {
	for _, name := range names {
		if n, ok := q[name].(int64); ok {
			return n
		}
	}
	return 0
}

// textOf is the text of a message's content: a string, or parts.
func textOf(content any) string {
	switch c := content.(type) {
	case string:
		return c
	case []any:
		var texts []string
		for _, p := range c {
			switch p := p.(type) {
			case string:
				texts = append(texts, p)
			case object:
				if s, ok := p["text"].(string); ok {
					texts = append(texts, s)
				}
			}
		}
		return strings.Join(texts, " ")
	}
	return ""
}

// conversation gives the last thing the user said, and all that was said.
func conversation(messages []any) (last, all string) {
	var b strings.Builder
	for _, m := range messages {
		message, _ := m.(object)
		text := textOf(message["content"])
		if message["role"] == "user" {
			last = text
		}
		b.WriteString(text + " ")
	}
	return last, b.String()
}

func chat(w *speaker, q object) {
	messages, _ := q["messages"].([]any)
	if len(messages) == 0 {
		fail(w, http.StatusBadRequest, "'messages' must be a list with at least one message.")
		return
	}
	last, all := conversation(messages)
	r := answerTo(q, last, all, limitOf(q, "max_completion_tokens", "max_tokens"))
	if wantsStream(q) {
		streamChat(w, q, &r)
		return
	}
	writeJSON(w, http.StatusOK, object{
		"id": "chatcmpl-" + r.id, "object": "chat.completion", "created": created, "model": Model,
		"choices": []any{object{
			"index": 0, "finish_reason": r.finish(), "logprobs": nil,
			"message": object{"role": "assistant", "content": r.text(), "refusal": nil},
		}},
		"usage": r.usage(),
	})
}

func streamChat(w *speaker, q object, r *reply) {
	s, usage := stream(w), wantsUsage(q)
	chunk := func(choices ...any) object {
		c := object{
			"id": "chatcmpl-" + r.id, "object": "chat.completion.chunk", "created": created, "model": Model,
			"choices": choices,
		}
		if usage {
			c["usage"] = nil
		}
		return c
	}
	delta := func(d object, finish any) object {
		return chunk(object{"index": 0, "delta": d, "finish_reason": finish, "logprobs": nil})
	}
	s.send("", delta(object{"role": "assistant", "content": ""}, nil))
	for _, piece := range r.pieces {
		if !w.breathe() {
			return
		}
		s.send("", delta(object{"content": piece}, nil))
	}
	s.send("", delta(object{}, r.finish()))
	if usage {
		last := chunk([]any{}...)
		last["usage"], last["choices"] = r.usage(), []any{}
		s.send("", last)
	}
	s.done()
}

func completions(w *speaker, q object) {
	prompt := textOf(q["prompt"])
	if prompt == "" {
		fail(w, http.StatusBadRequest, "'prompt' must be a text or a list of texts.")
		return
	}
	r := answerTo(q, prompt, prompt, limitOf(q, "max_tokens"))
	part := func(text string, finish any) object {
		return object{
			"id": "cmpl-" + r.id, "object": "text_completion", "created": created, "model": Model,
			"choices": []any{object{"index": 0, "text": text, "finish_reason": finish, "logprobs": nil}},
		}
	}
	if !wantsStream(q) {
		whole := part(r.text(), r.finish())
		whole["usage"] = r.usage()
		writeJSON(w, http.StatusOK, whole)
		return
	}
	s := stream(w)
	for _, piece := range r.pieces {
		if !w.breathe() {
			return
		}
		s.send("", part(piece, nil))
	}
	s.send("", part("", r.finish()))
	if wantsUsage(q) {
		last := part("", nil)
		last["usage"], last["choices"] = r.usage(), []any{}
		s.send("", last)
	}
	s.done()
}
