package ollama

import (
	"slices"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// chat writes a question to /api/chat.
func (e *requestEncoder) chat(n *wire.Node) error {
	if e.r.Suffix != nil {
		e.notes.Drop("suffix")
	}
	e.tools(n)
	e.choice(n)
	if e.r.Prompt != nil && len(e.r.Messages) == 0 {
		prompt, ok := wire.OnePrompt(e.r.Prompt)
		if !ok {
			return severalPrompts
		}
		n.Name("messages")
		e.userTurn(prompt)
		return nil
	}
	if len(e.r.Messages) == 0 {
		if e.foreign {
			return &wire.Invalid{Field: "messages", Message: "are missing"}
		}
		return nil
	}
	e.index()
	n.Name("messages")
	e.w.Array()
	for i := range e.r.Messages {
		e.message(i, &e.r.Messages[i])
	}
	e.w.EndArray()
	return nil
}

func (e *requestEncoder) userTurn(text llm.JSON) {
	e.w.Array()
	e.w.Object()
	e.w.Member("role", llm.JSON(`"user"`))
	e.w.Member("content", text)
	e.w.EndObject()
	e.w.EndArray()
}

// index remembers which tool each call is of: results are told apart by that.
func (e *requestEncoder) index() {
	for i := range e.r.Messages {
		for j := range e.r.Messages[i].Parts {
			c := e.r.Messages[i].Parts[j].Call
			if c == nil || c.ID == "" {
				continue
			}
			if e.names == nil {
				e.names = map[string]string{}
			}
			e.names[c.ID] = c.Name
		}
	}
}

// content is a message sorted by where its parts go.
type content struct {
	texts    []llm.JSON
	between  string // what goes between texts
	thoughts []llm.JSON
	images   []*llm.Part
	calls    []int
	results  []int
}

func (c *content) text() llm.JSON { return wire.Join(c.between, c.texts...) }

func (e *requestEncoder) content(i int, m *llm.Message) content {
	c := content{between: "\n"}
	if m.Role == llm.Assistant {
		c.between = "" // pieces of one answer
	}
	for j := range m.Parts {
		e.sort(&c, m.Parts, j, at("messages", i)+"."+at("parts", j))
	}
	return c
}

// sort puts one part where it goes. path is for notes.
func (e *requestEncoder) sort(c *content, parts []llm.Part, j int, path string) {
	p := &parts[j]
	switch p.Kind {
	case llm.Refusal:
		e.notes.Change(path, "text")
		c.texts = append(c.texts, p.Text)
	case llm.Text:
		c.texts = append(c.texts, p.Text)
	case llm.Thinking:
		c.thoughts = append(c.thoughts, p.Text)
	case llm.ToolCall:
		if p.Call != nil {
			c.calls = append(c.calls, j)
		}
	case llm.ToolResult:
		if p.Result != nil {
			c.results = append(c.results, j)
		}
	case llm.Image, llm.Audio, llm.Video, llm.Document:
		e.media(c, p, path)
	case llm.Redacted, llm.Opaque:
		e.notes.Drop(path)
	}
	e.drop(len(p.Citations) > 0, path+".citations")
	e.drop(p.Cache != nil, path+".cache")
	e.dropExtra(&p.Extra)
}

// media takes pictures that are at hand, and documents that are text.
func (e *requestEncoder) media(c *content, p *llm.Part, path string) {
	switch m := p.Media; {
	case m == nil:
		e.notes.Drop(path)
	case p.Kind == llm.Image && (m.Data != nil || isDataURL(m.URL)):
		c.images = append(c.images, p)
		e.notes.LoseText(path+".detail", m.Detail)
	case p.Kind == llm.Document && m.Text != nil:
		c.texts = append(c.texts, m.Text)
		e.notes.Change(path, "text")
	default:
		e.notes.Drop(path)
	}
}

func isDataURL(url llm.JSON) bool {
	_, _, ok := wire.DataURL(url)
	return ok
}

// message writes a message, and the results of tools in it as messages of
// their own before it.
func (e *requestEncoder) message(i int, m *llm.Message) {
	c := e.content(i, m)
	for _, j := range c.results {
		e.result(m, m.Parts[j].Result, at("messages", i)+"."+at("parts", j))
	}
	e.drop(m.Name != nil, at("messages", i)+".name")
	e.dropExtra(&m.Extra)
	if len(c.results) > 0 && len(c.texts)+len(c.images)+len(c.calls) == 0 {
		return
	}
	n := wire.Begin(e.w, &m.Extra, e.own)
	n.Implied("role", wire.Quote(roleName(m.Role)))
	if m.Plain || len(c.texts) > 0 || m.Extra.From != e.own {
		n.Member("content", c.text())
	}
	if len(c.thoughts) > 0 {
		e.thinking(&n, wire.Join("", c.thoughts...))
	}
	e.images(&n, c.images)
	e.calls(&n, i, m.Parts, c.calls)
	n.End()
}

// thinking is left out where there was nothing but a proof.
func (e *requestEncoder) thinking(n *wire.Node, text llm.JSON) {
	if !wire.EmptyText(text) {
		n.Member("thinking", text)
	}
}

func roleName(r llm.Role) string {
	switch r {
	case llm.Assistant:
		return "assistant"
	case llm.System, llm.Developer:
		return "system"
	case llm.ToolRole:
		return "tool"
	case llm.User:
	}
	return "user"
}

func (e *requestEncoder) images(n *wire.Node, images []*llm.Part) {
	if len(images) == 0 {
		return
	}
	n.Name("images")
	e.w.Array()
	for _, p := range images {
		writeImage(e.w, p, e.own)
	}
	e.w.EndArray()
}

func writeImage(w *wire.Writer, p *llm.Part, own llm.Format) {
	if said := p.Extra.Get(own, "image"); said != nil {
		w.Raw(said)
		return
	}
	data := p.Media.Data
	if data == nil {
		_, data, _ = wire.DataURL(p.Media.URL)
	}
	w.Bytes(data)
}

func (e *requestEncoder) calls(n *wire.Node, i int, parts []llm.Part, calls []int) {
	if len(calls) == 0 {
		return
	}
	n.Name("tool_calls")
	e.w.Array()
	for _, j := range calls {
		path := at("messages", i) + "." + at("parts", j)
		if !writeCall(e.w, &parts[j], e.own, realID(parts[j].Call.ID)) {
			e.notes.Change(path+".args", "are no object: sent in the member _raw")
		}
		e.dropExtra(&parts[j].Call.Extra)
	}
	e.w.EndArray()
}

// writeCall writes a call. It tells whether the arguments were an object.
func writeCall(w *wire.Writer, p *llm.Part, own llm.Format, id string) bool {
	n := wire.Begin(w, &p.Extra, own)
	n.Text("id", id)
	n.Name("function")
	f := wire.Begin(w, &p.Call.Extra, own)
	f.Text("name", p.Call.Name)
	object := true
	said := p.Call.Extra.Get(own, "arguments")
	switch {
	case said != nil && string(wire.TextBytes(said)) == string(p.Call.Args):
	case p.Call.Args == nil && p.Call.Extra.From == own:
	default:
		f.Name("arguments")
		object = writeArgs(w, p.Call.Args)
	}
	f.End()
	n.End()
	return object
}

// result writes the message of a tool. What it says beside the model stands
// with the message that it came in.
func (e *requestEncoder) result(m *llm.Message, r *llm.Result, path string) {
	var c content
	c.between = "\n"
	for j := range r.Parts {
		e.sort(&c, r.Parts, j, path+"."+at("parts", j))
	}
	if r.Value != nil {
		c.texts = append(c.texts, textOf(r.Value))
	}
	extra := &llm.Extra{}
	if m.Role == llm.ToolRole && len(m.Parts) == 1 && m.Extra.From == e.own {
		extra = &m.Extra
	}
	n := wire.Begin(e.w, extra, e.own)
	n.Implied("role", llm.JSON(`"tool"`))
	if r.Plain || len(c.texts) > 0 || extra.From != e.own {
		n.Member("content", c.text())
	}
	n.Text("tool_name", e.toolName(r, extra.From == e.own))
	if id := realID(r.ID); id != "" {
		n.Implied("tool_call_id", wire.Quote(id))
	}
	n.Skip("tool_call_id")
	e.images(&n, c.images)
	n.End()
	e.drop(r.Failed, path+".failed")
}

// textOf is a JSON value as a text.
func textOf(v llm.JSON) llm.JSON {
	if wire.IsString(v) {
		return v
	}
	return wire.Quote(string(v))
}

func (e *requestEncoder) toolName(r *llm.Result, own bool) string {
	if r.Name != "" || own {
		return r.Name
	}
	return e.names[r.ID]
}

func (e *requestEncoder) tools(n *wire.Node) {
	tools := e.r.Tools
	if len(tools) == 0 {
		return
	}
	if e.r.Choice.Mode == llm.ChoiceNone && e.foreign {
		e.notes.Change("tools", "left out, for none may be called")
		return
	}
	n.Name("tools")
	e.w.Array()
	for i := range tools {
		if !allowed(tools[i].Name, e.r.Choice.Allowed) {
			e.notes.Change(at("tools", i), "left out, for it may not be called")
			continue
		}
		e.tool(i, &tools[i])
	}
	e.w.EndArray()
}

func allowed(name string, list []string) bool {
	return len(list) == 0 || slices.Contains(list, name)
}

// custom is what a tool that takes any text asks for instead.
const custom = `{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}`

func (e *requestEncoder) tool(i int, t *llm.Tool) {
	if t.Raw != nil {
		if t.From == e.own {
			e.w.Raw(t.Raw)
			return
		}
		e.notes.Drop(wire.ToolField(i, t))
		return
	}
	n := wire.Begin(e.w, &t.Extra, e.own)
	n.Implied("type", llm.JSON(`"function"`))
	n.Name("function")
	f := wire.Begin(e.w, &t.Inner, e.own)
	f.Text("name", t.Name)
	f.Member("description", t.Description)
	f.Member("parameters", e.schema(i, t))
	if t.Inner.From == e.own {
		f.Member("strict", t.Strict)
	} else {
		e.notes.Lose(at("tools", i)+".strict", t.Strict)
	}
	f.End()
	n.End()
	e.drop(t.Cache != nil, at("tools", i)+".cache")
	e.dropExtra(&t.Extra)
	e.dropExtra(&t.Inner)
}

func (e *requestEncoder) schema(i int, t *llm.Tool) llm.JSON {
	switch {
	case t.Custom:
		e.notes.Change(at("tools", i)+".custom", "takes its text in the member input")
		return llm.JSON(custom)
	case t.Schema == nil && t.Inner.From != e.own:
		return llm.JSON(`{"type":"object","properties":{}}`)
	}
	return t.Schema
}

// choice is kept as servers beside Ollama know it. Its own API has none: the
// model chooses.
func (e *requestEncoder) choice(n *wire.Node) {
	c := &e.r.Choice
	if e.foreign {
		e.drop(c.Mode == llm.ChoiceAny || c.Mode == llm.ChoiceNamed, "choice")
		e.notes.LoseChoice(c, e.own)
		return
	}
	switch c.Mode {
	case llm.ChoiceUnsaid:
	case llm.ChoiceAuto:
		n.Text("tool_choice", "auto")
	case llm.ChoiceNone:
		n.Text("tool_choice", "none")
	case llm.ChoiceAny:
		n.Text("tool_choice", "required")
	case llm.ChoiceNamed:
		e.named(n)
	}
}

func (e *requestEncoder) named(n *wire.Node) {
	n.Name("tool_choice")
	e.w.Object()
	e.w.StringMember("type", "function")
	e.w.Name("function")
	e.w.Object()
	e.w.StringMember("name", e.r.Choice.Name)
	e.w.EndObject()
	e.w.EndObject()
}
