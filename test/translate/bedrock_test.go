package translate

import "strings"

// bedrockFinish are the stop reasons.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
var bedrockFinish = map[string]string{
	"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "model_context_window_exceeded": "length",
	"tool_use": "tools", "guardrail_intervened": "filter", "content_filtered": "filter",
	"malformed_model_output": "error", "malformed_tool_use": "error",
}

// readBedrock reads answers of Converse and the events of ConverseStream.
func readBedrock(t *told, name string, m object) {
	c := t.choice(0)
	switch name {
	case "":
		for i, block := range m.get("output", "message").list("content") {
			c.bedrockBlock(int64(i), block)
		}
		c.ended(bedrockFinish, m.text("stopReason"))
		t.bedrockUsage(m.get("usage"))
	case "contentBlockStart":
		c.bedrockBlock(m.count("contentBlockIndex"), m.get("start"))
	case "contentBlockDelta":
		c.bedrockDelta(m.count("contentBlockIndex"), m.get("delta"))
	case "messageStop":
		c.ended(bedrockFinish, m.text("stopReason"))
	case "metadata":
		t.bedrockUsage(m.get("usage"))
	}
	if strings.HasSuffix(name, "Exception") {
		t.fail(m.text("message"))
	}
}

func (c *choice) bedrockBlock(index int64, block object) {
	c.text += block.text("text")
	for _, cited := range block.get("citationsContent").list("content") {
		c.text += cited.text("text")
	}
	c.thoughts += block.get("reasoningContent", "reasoningText").text("text")
	if k := block.get("toolUse"); k != nil && k.text("type") != "server_tool_use" {
		c.begin(index, &call{id: k.text("toolUseId"), name: k.text("name"), value: k["input"]})
	}
}

func (c *choice) bedrockDelta(index int64, delta object) {
	c.text += delta.text("text")
	c.thoughts += delta.get("reasoningContent").text("text")
	if k := c.open[index]; k != nil {
		k.text += delta.get("toolUse").text("input")
	}
}

// bedrockUsage: what is read from or written to a cache is counted beside the
// input.
func (t *told) bedrockUsage(u object) {
	t.usage(plus(u.count("inputTokens"), u.count("cacheReadInputTokens"), u.count("cacheWriteInputTokens")), u.count("outputTokens"))
}

// bedrockTexts are the texts of the turns, of the instructions and of results,
// and the names of the tools.
func bedrockTexts(body object) []string {
	out := texts(body["system"])
	for _, m := range body.list("messages") {
		for _, block := range m.list("content") {
			out = append(out, block.text("text"), block.get("toolUse").text("name"))
			if result := block.get("toolResult"); !result.has("type") { // else of a tool of the provider's own
				out = append(out, texts(result["content"])...)
			}
		}
	}
	if body.get("toolConfig", "toolChoice").has("tool") {
		return out
	}
	for _, tool := range body.get("toolConfig").list("tools") {
		out = append(out, tool.get("toolSpec").text("name"), tool.get("toolSpec").text("description"))
	}
	return out
}

// checkBedrock holds an answer against the form of the format.
func checkBedrock(p *form) {
	if !p.stream {
		m := p.documents[0].data
		p.want(m.get("output", "message").text("role") == "assistant", "no message of the assistant")
		p.want(m.text("stopReason") != "" && m.get("usage") != nil, "no stopReason or usage")
		return
	}
	ended := map[int64]bool{}
	for i, d := range p.documents {
		p.want((i == 0) == (d.name == "messageStart") || strings.HasSuffix(d.name, "Exception"), "event %d is %q", i, d.name)
		at := d.data.count("contentBlockIndex")
		switch d.name {
		case "contentBlockStart", "contentBlockDelta":
			p.want(at >= 0 && !ended[at], "%s of block %d, which has ended", d.name, at)
		case "contentBlockStop":
			p.want(at >= 0 && !ended[at], "block %d ends twice", at)
			ended[at] = true
		}
	}
	if p.counted {
		p.ends("metadata")
	} else {
		p.ends("messageStop")
	}
}
