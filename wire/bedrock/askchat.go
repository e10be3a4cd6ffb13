package bedrock

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// chat writes the messages and tools of the models that speak like OpenAI's.
// anyTool is what such a model calls the choice of any tool.
func (e *asker) chat(o *object, anyTool string) {
	o.name("messages")
	e.w.Array()
	if len(e.r.Messages) == 0 && e.r.Prompt != nil {
		e.said("user", onePrompt(e.r.Prompt))
	}
	for i := range e.r.Messages {
		e.chatMessage(i)
	}
	e.w.EndArray()
	e.chatTools(o)
	if o.has("tools") {
		e.chatChoice(o, anyTool)
	}
}

func (e *asker) said(role string, text llm.JSON) {
	e.w.Object()
	e.w.StringMember("role", role)
	e.w.Member("content", text)
	e.w.EndObject()
}

// chatMessage writes a message: what tools gave as messages of their own.
func (e *asker) chatMessage(index int) {
	m := &e.r.Messages[index]
	text := e.words(index)
	calls := false
	for j := range m.Parts {
		switch p := &m.Parts[j]; p.Kind {
		case llm.ToolResult:
			e.chatResult(p.Result)
		case llm.ToolCall:
			calls = true
		case llm.Text, llm.Image, llm.Audio, llm.Video, llm.Document, llm.Thinking, llm.Redacted, llm.Refusal, llm.Opaque:
		}
	}
	switch {
	case isSystem(m) && text != nil:
		e.said("system", text)
	case m.Role == llm.Assistant && calls:
		e.chatCalls(m, text)
	case m.Role == llm.Assistant && text != nil:
		e.said("assistant", text)
	case text != nil:
		e.said("user", text)
	}
}

func (e *asker) chatCalls(m *llm.Message, text llm.JSON) {
	e.w.Object()
	e.w.StringMember("role", "assistant")
	if text == nil {
		text = llm.JSON(`""`)
	}
	e.w.Member("content", text)
	e.w.Name("tool_calls")
	e.w.Array()
	for j := range m.Parts {
		c := m.Parts[j].Call
		if m.Parts[j].Kind != llm.ToolCall || c == nil {
			continue
		}
		writeChatCall(&e.w, c.ID, c)
	}
	e.w.EndArray()
	e.w.EndObject()
}

func writeChatCall(w *wire.Writer, id string, c *llm.Call) {
	w.Object()
	w.StringMember("id", id)
	w.StringMember("type", "function")
	w.Name("function")
	w.Object()
	w.StringMember("name", c.Name)
	w.Name("arguments")
	w.Bytes(c.Args)
	w.EndObject()
	w.EndObject()
}

func (e *asker) chatResult(r *llm.Result) {
	if r == nil {
		return
	}
	var texts []llm.JSON
	for i := range r.Parts {
		if r.Parts[i].Kind == llm.Text && r.Parts[i].Text != nil {
			texts = append(texts, r.Parts[i].Text)
		}
	}
	content := wire.Join("\n", texts...)
	if r.Value != nil {
		content = wire.Quote(string(r.Value))
	}
	e.w.Object()
	e.w.StringMember("role", "tool")
	e.w.StringMember("tool_call_id", r.ID)
	e.w.Member("content", content)
	e.w.EndObject()
}

func (e *asker) chatTools(o *object) {
	for i := range e.r.Tools {
		t := &e.r.Tools[i]
		if t.Custom || t.Raw != nil {
			e.n.Drop(wire.ToolField(i, t))
			continue
		}
		if !o.has("tools") {
			o.name("tools")
			e.w.Array()
		}
		schema := t.Schema
		if schema == nil {
			schema = llm.JSON(`{"type":"object","properties":{}}`)
		}
		e.w.Object()
		e.w.StringMember("type", "function")
		e.w.Name("function")
		e.w.Object()
		e.w.StringMember("name", t.Name)
		e.w.Member("description", t.Description)
		e.w.Member("parameters", schema)
		e.w.EndObject()
		e.w.EndObject()
	}
	if o.has("tools") {
		e.w.EndArray()
	}
}

func (e *asker) chatChoice(o *object, anyTool string) {
	switch e.r.Choice.Mode {
	case llm.ChoiceUnsaid:
	case llm.ChoiceAuto:
		o.text("tool_choice", "auto")
	case llm.ChoiceNone:
		o.text("tool_choice", "none")
	case llm.ChoiceAny:
		o.text("tool_choice", anyTool)
	case llm.ChoiceNamed:
		e.n.Change("choice", "any tool")
		o.text("tool_choice", anyTool)
	}
}
