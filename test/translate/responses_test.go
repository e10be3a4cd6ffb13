package translate

import "strings"

// readResponses reads responses and the events of their streams.
// https://platform.openai.com/docs/api-reference/responses
func readResponses(t *told, _ string, m object) {
	c := t.choice(0)
	kind := m.text("type")
	switch kind {
	case "response.output_text.delta", "response.refusal.delta":
		c.text += m.text("delta")
	case "response.reasoning_summary_text.delta", "response.reasoning_text.delta":
		c.thoughts += m.text("delta")
	case "response.output_item.added":
		c.responsesCall(m.count("output_index"), m.get("item"))
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
		if k := c.open[m.count("output_index")]; k != nil {
			k.text += m.text("delta")
		}
	case "response.completed", "response.incomplete", "response.failed":
		t.responsesEnd(m.get("response"))
	case "error":
		t.fail(m.text("message"))
	case "":
		for i, item := range m.list("output") {
			c.responsesItem(int64(i), item)
		}
		t.responsesEnd(m)
	}
}

func (c *choice) responsesItem(index int64, item object) {
	switch item.text("type") {
	case "message":
		for _, part := range item.list("content") {
			c.text += part.text("text") + part.text("refusal")
		}
	case "reasoning":
		for _, part := range append(item.list("summary"), item.list("content")...) {
			c.thoughts += part.text("text")
		}
	default:
		c.responsesCall(index, item)
		if k := c.open[index]; k != nil {
			k.text = item.text("arguments") + item.text("input")
		}
	}
}

func (c *choice) responsesCall(index int64, item object) {
	switch item.text("type") {
	case "function_call", "custom_tool_call":
		c.begin(index, &call{id: item.text("call_id"), name: item.text("name")})
	}
}

func (t *told) responsesEnd(m object) {
	c := t.choice(0)
	switch m.text("status") {
	case "completed":
		c.ended(map[string]string{"completed": "stop"}, "completed")
	case "incomplete":
		c.ended(map[string]string{"max_output_tokens": "length", "content_filter": "filter"}, m.get("incomplete_details").text("reason"))
	case "failed":
		t.fail(m.get("error").text("message"))
	}
	t.usage(m.get("usage").count("input_tokens"), m.get("usage").count("output_tokens"))
}

// checkResponses holds an answer against the form of the format: events are
// counted, items follow one another, and the last event tells all again.
func checkResponses(p *form) {
	last := p.documents[len(p.documents)-1]
	if !p.stream {
		p.response(last.data)
		return
	}
	next, open := int64(0), false
	for i, d := range p.documents {
		p.want(d.name == d.data.text("type"), "an event %q of the type %q", d.name, d.data.text("type"))
		p.want(d.data.count("sequence_number") == int64(i), "event %d has the number %d", i, d.data.count("sequence_number"))
		p.want((i == 0) == (d.name == "response.created") || p.failed, "event %d is %q", i, d.name)
		at := d.data.count("output_index")
		switch {
		case d.name == "response.output_item.added":
			p.want(!open && at == next, "item %d begins after %d, open %v", at, next, open)
			open = true
		case d.name == "response.output_item.done":
			p.want(open && at == next, "item %d ends", at)
			open, next = false, next+1
		case at >= 0:
			p.want(open && at == next, "%s of item %d", d.name, at)
		}
	}
	if p.failed {
		return
	}
	p.want(strings.HasPrefix(last.name, "response."), "the stream ends with %q", last.name)
	p.response(last.data.get("response"))
	p.again(last.data.get("response"))
}

func (p *form) response(m object) {
	p.want(m.text("object") == "response" && m.text("id") != "" && m.text("model") != "", "no response, id or model")
	p.want(m.count("created_at") > 0, "created_at = %v", m["created_at"])
	_, isList := m["output"].([]any)
	p.want(isList, "output is no list")
}

// again wants the last event to tell what the others did.
func (p *form) again(whole object) {
	one, all := &told{choices: map[int]*choice{}}, &told{choices: map[int]*choice{}}
	readResponses(one, "", whole)
	for _, d := range p.documents {
		readResponses(all, d.name, d.data)
	}
	a, b := one.choice(0), all.choice(0)
	p.want(a.text == b.text && a.thoughts == b.thoughts && a.callList() == b.callList(), "the last event tells something else: %v", whole)
}
