package translate

import "encoding/json"

// readCompletions reads OpenAI's completions of a text, and their chunks.
// https://platform.openai.com/docs/api-reference/completions
func readCompletions(t *told, _ string, m object) {
	if m.has("error") {
		t.fail(m.get("error").text("message"))
		return
	}
	for _, c := range m.list("choices") {
		to := t.choice(c.count("index"))
		to.text += c.text("text")
		to.ended(openAIFinish, c.text("finish_reason"))
	}
	t.openAIUsage(m.get("usage"))
}

func checkCompletions(p *form) {
	p.want(!p.stream || p.last == "[DONE]" || p.failed, "the stream ends with %q", p.last)
	for _, d := range p.documents {
		if d.data.has("error") {
			continue
		}
		p.want(d.data.text("object") == "text_completion", "object = %q", d.data.text("object"))
		p.want(d.data.text("id") != "" && d.data.text("model") != "" && d.data.count("created") > 0, "no id, model or time")
	}
}

// tgiFinish are the finish reasons of text-generation-inference.
// https://huggingface.co/docs/text-generation-inference
var tgiFinish = map[string]string{"eos_token": "stop", "stop_sequence": "stop", "length": "length"}

// readTGI reads generated texts and the tokens of their streams.
func readTGI(t *told, _ string, m object) {
	if m.text("error") != "" {
		t.fail(m.text("error"))
		return
	}
	c, token := t.choice(0), m.get("token")
	switch {
	case token == nil:
		c.text += m.text("generated_text")
	case token["special"] != true:
		c.text += token.text("text")
	}
	if m.has("generated_text") && token != nil {
		c.finish = "stop" // unless the details say why
	}
	details := m.get("details")
	c.ended(tgiFinish, details.text("finish_reason"))
	prompt := details.count("input_length")
	if list := details.list("prefill"); prompt < 0 && len(list) > 0 {
		prompt = int64(len(list))
	}
	t.usage(prompt, details.count("generated_tokens"))
}

// checkTGI holds an answer against the form of the format: the last token comes
// with all that was said.
func checkTGI(p *form) {
	said := ""
	for i, d := range p.documents {
		if d.data.has("error") {
			return
		}
		text, whole := d.data["generated_text"].(string)
		p.want(whole == (i == len(p.documents)-1), "event %d ends it: %v", i, whole)
		if token := d.data.get("token"); token["special"] != true {
			said += token.text("text")
		}
		p.want(!whole || !p.stream || text == said, "at the end %q was said, before %q", text, said)
	}
}

// readGenerate reads Cohere's generations of a text, and their streams, which
// tell the whole again at their end.
// https://docs.cohere.com/v1/reference/generate
func readGenerate(t *told, _ string, m object) {
	c := t.choice(0)
	c.text += m.text("text")
	whole := m.get("response")
	if whole == nil {
		whole = m
		for _, g := range m.list("generations") {
			c.text += g.text("text")
		}
	}
	for _, g := range whole.list("generations") {
		c.ended(cohereFinish, g.text("finish_reason"))
	}
	t.cohereUsage(whole.get("meta"))
}

// readOllamaText reads answers of /api/generate.
// https://docs.ollama.com/api/generate
func readOllamaText(t *told, _ string, m object) {
	c := t.choice(0)
	c.text += m.text("response")
	if m["done"] == true {
		c.finish = "stop" // unless it says why
	}
	c.ended(ollamaFinish, m.text("done_reason"))
	t.usage(m.count("prompt_eval_count"), m.count("eval_count"))
}

// promptTexts is what shall be gone on with.
func promptTexts(body object) []string { return []string{body.text("prompt") + body.text("inputs")} }

// one is the first object in a list.
func one(data []byte) []byte {
	var list []json.RawMessage
	if json.Unmarshal(data, &list) == nil && len(list) > 0 {
		return list[0]
	}
	return data
}
