package translate

// ollamaFinish are the reasons in done_reason.
// https://docs.ollama.com/api/chat
var ollamaFinish = map[string]string{"stop": "stop", "length": "length"}

// readOllama reads answers of /api/chat and the lines of their streams.
func readOllama(t *told, _ string, m object) {
	if m.text("error") != "" {
		t.fail(m.text("error"))
		return
	}
	c, said := t.choice(0), m.get("message")
	c.text += said.text("content")
	c.thoughts += said.text("thinking")
	for _, k := range said.list("tool_calls") {
		f := k.get("function")
		c.begin(len(c.calls), &call{id: k.text("id"), name: f.text("name"), value: f["arguments"]})
	}
	c.ended(ollamaFinish, m.text("done_reason"))
	t.usage(m.count("prompt_eval_count"), m.count("eval_count"))
}

// checkOllama holds an answer against the form of the format: the last line,
// and no other, is done.
func checkOllama(p *form) {
	for i, d := range p.documents {
		if d.data.has("error") {
			continue
		}
		p.want(d.data.text("model") != "" && d.data.text("created_at") != "", "no model or created_at")
		p.want(d.data.get("message").text("role") == "assistant", "no message of the assistant")
		p.want(d.data["done"] == (i == len(p.documents)-1), "line %d: done is %v", i, d.data["done"])
	}
}
