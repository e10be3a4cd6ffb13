package translate

import (
	"encoding/json"
	"strings"
)

// geminiFinish are the finish reasons.
// https://ai.google.dev/api/generate-content#FinishReason
var geminiFinish = map[string]string{
	"STOP": "stop", "1": "stop", "MAX_TOKENS": "length",
	"SAFETY": "filter", "RECITATION": "filter", "BLOCKLIST": "filter", "PROHIBITED_CONTENT": "filter", "SPII": "filter",
	"OTHER": "error", "MALFORMED_FUNCTION_CALL": "error", "UNEXPECTED_TOOL_CALL": "error",
}

// readGemini reads answers of generateContent and the pieces of their streams.
func readGemini(t *told, _ string, m object) {
	if m.has("error") {
		t.fail(m.get("error").text("message"))
		return
	}
	for _, c := range m.list("candidates") {
		to := t.choice(c.count("index"))
		for _, part := range c.get("content").list("parts") {
			to.gemini(part)
		}
		reason := c.text("finishReason")
		if n, ok := c["finishReason"].(json.Number); ok {
			reason = n.String()
		}
		to.ended(geminiFinish, reason)
	}
	if m.get("promptFeedback").text("blockReason") != "" && !m.has("candidates") {
		t.choice(0).finish = "filter"
	}
	if u := m.get("usageMetadata"); u != nil {
		t.geminiUsage(u)
	}
}

func (c *choice) gemini(part object) {
	if part["thought"] == true {
		c.thoughts += part.text("text")
		return
	}
	c.text += part.text("text")
	f := part.get("functionCall")
	if f == nil {
		return
	}
	k := c.open["going on"]
	if k == nil {
		k = c.begin("", &call{id: f.text("id"), name: f.text("name"), value: f["args"]})
	}
	for _, piece := range f.list("partialArgs") {
		k.partial(piece)
	}
	delete(c.open, "going on")
	if f["willContinue"] == true {
		c.open["going on"] = k
	}
}

// partial adds a piece of an argument, named by a path such as $.place.
func (k *call) partial(piece object) {
	args, ok := k.value.(map[string]any)
	if !ok {
		args = map[string]any{}
		k.value = args
	}
	name := strings.TrimPrefix(piece.text("jsonPath"), "$.")
	if s, ok := piece["stringValue"].(string); ok {
		before, _ := args[name].(string)
		args[name] = before + s
		return
	}
	for _, kind := range []string{"numberValue", "boolValue"} {
		if v, ok := piece[kind]; ok {
			args[name] = v
		}
	}
}

// geminiUsage: thoughts are counted beside the candidates, and what tools of
// Google's put into the prompt beside the prompt.
func (t *told) geminiUsage(u object) {
	answer, thoughts := u.count("candidatesTokenCount"), u.count("thoughtsTokenCount")
	if answer < 0 {
		answer = thoughts
	} else {
		answer = plus(answer, thoughts)
	}
	t.prompt = plus(u.count("promptTokenCount"), u.count("toolUsePromptTokenCount"))
	t.completion = answer
}

// geminiTexts are the texts of the turns and of the instructions, and the
// names of the tools. Protocol buffers may be written with either spelling.
func geminiTexts(body object) []string {
	var out []string
	turns := append(body.list("contents"), body.get("systemInstruction"), body.get("system_instruction"))
	for _, c := range turns {
		for _, part := range c.list("parts") {
			if part["thought"] != true {
				out = append(out, part.text("text"))
			}
			out = append(out, part.get("functionCall").text("name"), part.get("function_call").text("name"))
		}
	}
	config := body.get("toolConfig", "functionCallingConfig")
	if config.text("mode") == "NONE" || config.has("allowedFunctionNames") {
		return out
	}
	for _, tool := range body.list("tools") {
		for _, f := range append(tool.list("functionDeclarations"), tool.list("function_declarations")...) {
			out = append(out, f.text("name"), f.text("description"))
		}
	}
	return out
}

// checkGemini holds an answer against the form of the format.
func checkGemini(p *form) {
	for _, d := range p.documents {
		p.want(d.data.has("candidates") || d.data.has("usageMetadata") || d.data.has("promptFeedback") || d.data.has("error"), "a piece of nothing: %v", d.data)
		p.want(d.name == "", "an event with a name: %q", d.name)
	}
}
