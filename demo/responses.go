package demo

import "net/http"

func responses(w *speaker, q object) {
	var last, all string
	switch in := q["input"].(type) {
	case string:
		last, all = in, in
	case []any:
		last, all = conversation(in)
	}
	if all == "" {
		fail(w, http.StatusBadRequest, "'input' must be a text or a list of messages.")
		return
	}
	r := answerTo(q, last, all, limitOf(q, "max_output_tokens"))
	if wantsStream(q) {
		streamResponse(w, q, &r)
		return
	}
	writeJSON(w, http.StatusOK, r.response(q, true))
}

// response is the object of the Responses API, before or after its answer.
func (r *reply) response(q object, whole bool) object {
	o := object{
		"id": "resp_" + r.id, "object": "response", "created_at": created, "model": Model, "status": "in_progress",
		"output": []any{}, "error": nil, "incomplete_details": nil, "instructions": q["instructions"],
		"metadata": object{}, "parallel_tool_calls": true, "tool_choice": "auto", "tools": []any{},
		"temperature": 1, "top_p": 1, "usage": nil,
	}
	if !whole {
		return o
	}
	o["status"] = "completed"
	if r.cut {
		o["status"], o["incomplete_details"] = "incomplete", object{"reason": "max_output_tokens"}
	}
	o["output"] = []any{r.item(o["status"], r.part(r.text()))}
	o["usage"] = object{
		"input_tokens": r.prompt, "output_tokens": len(r.pieces), "total_tokens": r.prompt + len(r.pieces),
		"input_tokens_details": object{"cached_tokens": 0}, "output_tokens_details": object{"reasoning_tokens": 0},
	}
	return o
}

// item is the message in the output.
func (r *reply) item(status any, parts ...any) object {
	if parts == nil {
		parts = []any{}
	}
	return object{"id": "msg_" + r.id, "type": "message", "role": "assistant", "status": status, "content": parts}
}

func (r *reply) part(text string) object {
	return object{"type": "output_text", "text": text, "annotations": []any{}}
}

func streamResponse(w *speaker, q object, r *reply) {
	s, n := stream(w), 0
	send := func(kind string, members object) {
		members["type"], members["sequence_number"] = kind, n
		n++
		s.send(kind, members)
	}
	at := func(members object) object {
		members["item_id"], members["output_index"], members["content_index"] = "msg_"+r.id, 0, 0
		return members
	}
	whole := r.response(q, true)
	send("response.created", object{"response": r.response(q, false)})
	send("response.in_progress", object{"response": r.response(q, false)})
	send("response.output_item.added", object{"output_index": 0, "item": r.item("in_progress")})
	send("response.content_part.added", at(object{"part": r.part("")}))
	for _, piece := range r.pieces {
		if !w.breathe() {
			return
		}
		send("response.output_text.delta", at(object{"delta": piece, "logprobs": []any{}}))
	}
	send("response.output_text.done", at(object{"text": r.text(), "logprobs": []any{}}))
	send("response.content_part.done", at(object{"part": r.part(r.text())}))
	send("response.output_item.done", object{"output_index": 0, "item": r.item(whole["status"], r.part(r.text()))})
	if r.cut {
		send("response.incomplete", object{"response": whole})
		return
	}
	send("response.completed", object{"response": whole})
}
