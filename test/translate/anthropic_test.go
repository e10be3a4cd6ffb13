package translate

// anthropicFinish are the stop reasons.
// https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
var anthropicFinish = map[string]string{
	"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "model_context_window_exceeded": "length",
	"tool_use": "tools", "refusal": "refusal", "pause_turn": "pause",
}

// readAnthropic reads messages and the events of their streams.
func readAnthropic(t *told, _ string, m object) {
	c := t.choice(0)
	switch m.text("type") {
	case "message":
		for i, block := range m.list("content") {
			c.anthropicBlock(int64(i), block)
		}
		c.ended(anthropicFinish, m.text("stop_reason"))
		t.anthropicUsage(m.get("usage"))
	case "message_start":
		t.anthropicUsage(m.get("message", "usage"))
	case "content_block_start":
		c.anthropicBlock(m.count("index"), m.get("content_block"))
	case "content_block_delta":
		c.anthropicDelta(m.count("index"), m.get("delta"))
	case "message_delta":
		c.ended(anthropicFinish, m.get("delta").text("stop_reason"))
		t.anthropicUsage(m.get("usage"))
	case "error":
		t.fail(m.get("error").text("message"))
	}
}

func (c *choice) anthropicBlock(index int64, block object) {
	switch block.text("type") {
	case "text":
		c.text += block.text("text")
	case "thinking":
		c.thoughts += block.text("thinking")
	case "tool_use":
		c.begin(index, &call{id: block.text("id"), name: block.text("name"), value: block["input"]})
	}
}

func (c *choice) anthropicDelta(index int64, delta object) {
	switch delta.text("type") {
	case "text_delta":
		c.text += delta.text("text")
	case "thinking_delta":
		c.thoughts += delta.text("thinking")
	case "input_json_delta":
		if k := c.open[index]; k != nil { // else a tool of the provider's own
			k.text += delta.text("partial_json")
		}
	}
}

// anthropicUsage: what is read from or written to a cache is counted beside
// the input. What a stream tells at its end replaces what it told at first.
func (t *told) anthropicUsage(u object) {
	cached := max(u.count("cache_read_input_tokens"), 0) + max(u.count("cache_creation_input_tokens"), 0)
	t.usage(plus(u.count("input_tokens"), cached), u.count("output_tokens"))
}

// anthropicTexts are the texts of the turns, of the instructions and of
// results, and the names of the tools.
func anthropicTexts(body object) []string {
	out := texts(body["system"])
	for _, m := range body.list("messages") {
		out = append(out, texts(m["content"])...)
		for _, block := range m.list("content") {
			switch block.text("type") {
			case "tool_use":
				out = append(out, block.text("name"))
			case "tool_result":
				out = append(out, texts(block["content"])...)
			}
		}
	}
	if confined(body.get("tool_choice")["type"]) {
		return out
	}
	for _, tool := range body.list("tools") {
		if kind := tool.text("type"); kind == "" || kind == "custom" {
			out = append(out, tool.text("name"), tool.text("description"))
		}
	}
	return out
}

// checkAnthropic holds an answer against the form of the format: blocks are
// numbered, and one after the other.
func checkAnthropic(p *form) {
	if !p.stream {
		m := p.documents[0].data
		p.want(m.text("type") == "message" && m.text("role") == "assistant", "no message of the assistant")
		p.want(m.text("id") != "" && m.text("model") != "" && m.get("usage") != nil, "no id, model or usage")
		return
	}
	blocks, open := int64(0), false
	for i, d := range p.documents {
		kind := d.data.text("type")
		p.want(kind == d.name, "an event %q of the type %q", d.name, kind)
		p.want((i == 0) == (kind == "message_start") || kind == "error" && i == 0, "event %d is %q", i, kind)
		switch kind {
		case "content_block_start":
			p.want(!open && d.data.count("index") == blocks, "block %d begins after %d, open %v", d.data.count("index"), blocks, open)
			open = true
		case "content_block_delta":
			p.want(open && d.data.count("index") == blocks, "block %d goes on", d.data.count("index"))
		case "content_block_stop":
			p.want(open && d.data.count("index") == blocks, "block %d ends", d.data.count("index"))
			open, blocks = false, blocks+1
		case "message_delta":
			p.want(!open, "the message ends in a block")
		}
	}
	p.ends("message_stop")
}
