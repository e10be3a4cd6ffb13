package translate

import (
	"errors"
	"strconv"
)

// openAIFinish are the finish reasons, with those of servers that speak the
// format.
// https://platform.openai.com/docs/api-reference/chat/object
var openAIFinish = map[string]string{
	"stop": "stop", "eos": "stop", "eos_token": "stop", "stop_sequence": "stop",
	"length": "length", "tool_calls": "tools", "function_call": "tools", "content_filter": "filter",
}

// readOpenAI reads chat completions and their chunks.
func readOpenAI(t *told, _ string, m object) {
	if m.has("error") {
		message := m.get("error").text("message")
		if message == "" {
			message = m.text("error")
		}
		t.fail(message)
		return
	}
	for _, c := range m.list("choices") {
		said := c.get("message") // some have both
		if t.stream {
			said = c.get("delta")
		}
		to := t.choice(c.count("index"))
		to.openAI(said)
		to.ended(openAIFinish, c.text("finish_reason"))
	}
	t.openAIUsage(m.get("usage"))
	t.openAIUsage(m.get("x_groq", "usage"))
}

func (c *choice) openAI(said object) {
	for _, text := range texts(said["content"]) {
		c.text += text
	}
	for _, part := range said.list("content") { // as Mistral thinks
		for _, text := range texts(part["thinking"]) {
			c.thoughts += text
		}
	}
	c.text += said.text("refusal")
	if c.text == "" {
		c.text = said.get("audio").text("transcript")
	}
	thoughts := said.text("reasoning_content")
	if thoughts == "" {
		thoughts = said.text("reasoning")
	}
	for _, d := range said.list("reasoning_details") {
		if !said.has("reasoning") && !said.has("reasoning_content") {
			thoughts += d.text("text")
		}
	}
	c.thoughts += thoughts
	for _, k := range said.list("tool_calls") {
		c.openAICall(k)
	}
	if old := said.get("function_call"); old.text("name") != "" || old.text("arguments") != "" {
		c.openAICall(object{"function": map[string]any(old)})
	}
}

// mistralFinish are the finish reasons of Mistral's service.
// https://docs.mistral.ai/api
var mistralFinish = map[string]string{
	"stop": "stop", "length": "length", "model_length": "length", "tool_calls": "tools", "error": "error",
}

// readMistral reads what differs from OpenAI: errors, finish reasons, and a
// count of sound beside that of the prompt.
func readMistral(t *told, name string, m object) {
	if m.text("object") == "error" {
		t.fail(m.text("message"))
		return
	}
	readOpenAI(t, name, m)
	for _, c := range m.list("choices") {
		t.choice(c.count("index")).ended(mistralFinish, c.text("finish_reason"))
	}
	u := m.get("usage")
	sound := u.get("prompt_tokens_details").count("audio_tokens")
	if sum := plus(u.count("prompt_tokens"), sound); u.count("total_tokens") == sum+u.count("completion_tokens") {
		t.usage(sum, -1)
	}
}

// openAICall reads a call, or what goes on with one: it has the call's index,
// or no name.
func (c *choice) openAICall(k object) {
	f := k.get("function")
	if custom := k.get("custom"); f == nil {
		f = object{"name": custom["name"], "arguments": custom["input"]}
	}
	key := any(k.count("index"))
	if key == int64(-1) {
		key = k.text("id")
	}
	to := c.open[key]
	id := k.text("id")
	if n := k.count("id"); n >= 0 {
		id = strconv.FormatInt(n, 10)
	}
	if to == nil || f.text("name") != "" && id != "" && id != to.id {
		to = c.begin(key, &call{id: id, name: f.text("name")})
	}
	if to.name == "" {
		to.name = f.text("name")
	}
	to.text += f.text("arguments")
	if args, ok := f["arguments"].(map[string]any); ok {
		to.value = args
	}
}

func (t *told) openAIUsage(u object) {
	prompt, completion := u.count("prompt_tokens"), u.count("completion_tokens")
	thoughts := u.get("completion_tokens_details").count("reasoning_tokens")
	// xAI counts thoughts beside the completion.
	if prompt >= 0 && completion >= 0 && thoughts > 0 && u.count("total_tokens") == prompt+completion+thoughts {
		completion += thoughts
	}
	t.usage(prompt, completion)
}

// openAITexts are the texts of the turns and the names of the tools. Cohere's
// and Ollama's chats have the same places for them.
func openAITexts(body object) []string {
	var out []string
	for _, m := range body.list("messages") {
		out = append(out, texts(m["content"])...)
		for _, k := range m.list("tool_calls") {
			out = append(out, k.get("function").text("name"))
		}
	}
	if choice := body["tool_choice"]; confined(choice) || body.get("tool_choice") != nil {
		return out
	}
	for _, tool := range body.list("tools") {
		out = append(out, tool.get("function").text("name"), tool.get("function").text("description"))
	}
	return out
}

// confined tells whether not all tools may be called. Formats that cannot say
// so are sent those only that may.
func confined(choice any) bool { return choice == "none" || choice == "NONE" || choice == "tool" }

// checkOpenAI holds an answer against the form of the format.
func checkOpenAI(p *form) {
	if !p.stream {
		m := p.documents[0].data
		p.want(m.text("object") == "chat.completion", "object = %q", m.text("object"))
		p.want(m.text("id") != "" && m.text("model") != "", "no id or model")
		p.want(m.count("created") > 0, "created = %v", m["created"])
		return
	}
	p.want(p.last == "[DONE]" || p.failed, "the stream ends with %q", p.last)
	for _, d := range p.documents {
		if d.data.has("error") || d.data.text("object") == "error" {
			continue
		}
		p.want(d.data.text("object") == "chat.completion.chunk", "object = %q", d.data.text("object"))
		p.want(d.data.text("id") == p.documents[0].data.text("id") && d.data.text("id") != "", "the id changes to %q", d.data.text("id"))
		_, isList := d.data["choices"].([]any)
		p.want(isList, "a chunk without choices: %v", d.data)
	}
}

// checkIDs wants calls to have ids of their own.
func checkIDs(t *told) error {
	for _, c := range t.choices {
		seen := map[string]bool{}
		for _, k := range c.calls {
			if k.id == "" || seen[k.id] {
				return errors.New("calls without an id of their own: " + k.id)
			}
			seen[k.id] = true
		}
	}
	return nil
}
