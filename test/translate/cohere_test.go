package translate

// cohereFinish are the finish reasons.
// https://docs.cohere.com/reference/chat
var cohereFinish = map[string]string{
	"COMPLETE": "stop", "STOP_SEQUENCE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tools",
	"ERROR_TOXIC": "filter", "ERROR_LIMIT": "length", "ERROR": "error", "TIMEOUT": "error",
}

// readCohere reads answers of the second version and the events of its streams.
func readCohere(t *told, _ string, m object) {
	c := t.choice(0)
	said := m.get("delta", "message")
	switch m.text("type") {
	case "content-start", "content-delta":
		c.text += said.get("content").text("text")
		c.thoughts += said.get("content").text("thinking")
	case "tool-plan-delta":
		c.text += said.text("tool_plan")
	case "tool-call-start":
		c.cohereCall(m.count("index"), said.get("tool_calls"))
	case "tool-call-delta":
		if k := c.open[m.count("index")]; k != nil {
			k.text += said.get("tool_calls", "function").text("arguments")
		}
	case "message-end":
		t.cohereEnd(m.get("delta"))
	case "":
		t.cohereMessage(m)
	}
}

func (t *told) cohereMessage(m object) {
	c := t.choice(0)
	said := m.get("message")
	for _, part := range said.list("content") {
		c.text += part.text("text")
		c.thoughts += part.text("thinking")
	}
	c.text += said.text("tool_plan")
	for i, k := range said.list("tool_calls") {
		c.cohereCall(int64(i), k)
	}
	t.cohereEnd(m)
}

func (c *choice) cohereCall(index int64, k object) {
	f := k.get("function")
	c.begin(index, &call{id: k.text("id"), name: f.text("name"), text: f.text("arguments")})
}

func (t *told) cohereEnd(m object) {
	t.choice(0).ended(cohereFinish, m.text("finish_reason"))
	t.cohereUsage(m.get("usage"))
	if m.text("error") != "" {
		t.fail(m.text("error"))
	}
}

// cohereUsage: what is billed counts, where it is told.
func (t *told) cohereUsage(u object) {
	for _, name := range []string{"tokens", "billed_units"} {
		t.usage(u.get(name).count("input_tokens"), u.get(name).count("output_tokens"))
	}
}

// readCohereV1 reads answers of the first version and the events of its
// streams. A stream tells the whole answer again at its end.
func readCohereV1(t *told, _ string, m object) {
	c := t.choice(0)
	switch m.text("event_type") {
	case "text-generation":
		c.text += m.text("text")
	case "tool-calls-chunk":
		c.text += m.text("text")
	case "stream-end":
		c.cohereV1(m.get("response"))
		t.cohereUsage(m.get("response", "meta"))
	case "":
		c.text += m.text("text")
		c.cohereV1(m)
		t.cohereUsage(m.get("meta"))
	}
}

func (c *choice) cohereV1(m object) {
	for i, k := range m.list("tool_calls") {
		c.begin(i, &call{name: k.text("name"), value: k["parameters"]})
	}
	c.ended(cohereFinish, m.text("finish_reason"))
}

func cohereV1Texts(body object) []string {
	out := []string{body.text("message"), body.text("preamble")}
	for _, turn := range body.list("chat_history") {
		out = append(out, turn.text("message"))
	}
	for _, tool := range body.list("tools") {
		out = append(out, tool.text("name"), tool.text("description"))
	}
	return out
}

// checkCohere holds an answer against the form of the second version.
func checkCohere(p *form) {
	if !p.stream {
		m := p.documents[0].data
		p.want(m.text("id") != "" && m.get("message").text("role") == "assistant", "no id, or no message of the assistant")
		return
	}
	open := ""
	for i, d := range p.documents {
		kind := d.data.text("type")
		p.want(kind == d.name, "an event %q of the type %q", d.name, kind)
		p.want((i == 0) == (kind == "message-start"), "event %d is %q", i, kind)
		switch kind {
		case "content-start", "tool-call-start":
			p.want(open == "", "%s within %s", kind, open)
			open = kind
		case "content-end", "tool-call-end":
			open = ""
		}
	}
	p.ends("message-end")
}
