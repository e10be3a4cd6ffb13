package gemini

import (
	"errors"
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeRequest implements wire.Client. The model is that of the body, or else
// that of the path; the path alone tells whether the answer shall stream.
func (Client) DecodeRequest(r *llm.Request, q wire.Question) error {
	if _, err := q.Open(); err != nil {
		return invalid("", err)
	}
	d := requestDecoder{r: r}
	r.Extra.From = own
	walk(q.Body, &r.Extra, d.member)
	if d.err != nil {
		return d.err
	}
	model, method := operation(q.Path)
	if r.Model == "" {
		r.Model = model
	}
	if model != "" && r.Model != model {
		return &wire.Invalid{Field: "model", Message: "must be the model of the path, " + model}
	}
	r.Stream = method == "streamGenerateContent"
	r.IncludeUsage = true
	if r.Stream && !altSSE(q.Query) {
		setForm(&r.Extra, formAlt, llm.JSON("json"))
	}
	r.Messages = append(d.system, d.messages...)
	return nil
}

func invalid(field string, err error) error {
	if _, already := errors.AsType[*wire.Invalid](err); already {
		return err
	}
	return &wire.Invalid{Field: field, Message: err.Error()}
}

type requestDecoder struct {
	r        *llm.Request
	system   []llm.Message
	messages []llm.Message
	contents bool
	ids      callIDs
	err      error
}

func (d *requestDecoder) fail(field, message string) error {
	if d.err == nil {
		d.err = &wire.Invalid{Field: field, Message: message}
	}
	return d.err
}

// refuse fails over a member, which is taken by that.
func (d *requestDecoder) refuse(field, message string) bool { return d.fail(field, message) != nil }

// member takes one of the body's members.
func (d *requestDecoder) member(name string, v llm.JSON) bool {
	switch name {
	case "contents":
		return d.takeContents(v)
	case "systemInstruction":
		return d.takeSystem(v)
	case "tools":
		return d.takeTools(v)
	case "toolConfig":
		return d.takeToolConfig(v)
	case "generationConfig":
		return d.takeConfig(v)
	case "serviceTier":
		return put(&d.r.ServiceTier, v, wire.IsString(v))
	case "model":
		return d.takeModel(v)
	}
	return false
}

func (d *requestDecoder) takeModel(v llm.JSON) bool {
	name := modelName(wire.Text(v))
	if d.r.Model != "" || name == "" {
		return false
	}
	d.r.Model = name
	setForm(&d.r.Extra, formModel, v)
	return true
}

// takeContents reads the turns.
func (d *requestDecoder) takeContents(v llm.JSON) bool {
	if d.contents || wire.IsArray(v) && wire.Len(v) == 0 {
		return false
	}
	d.contents = true
	if !wire.IsArray(v) && !wire.IsObject(v) {
		return d.refuse("contents", "must be an array")
	}
	if wire.IsObject(v) {
		setForm(&d.r.Extra, formGroup, llm.JSON("object"))
	}
	i := 0
	_ = each(v, func(content llm.JSON) error { // fail keeps the error
		field := "contents[" + strconv.Itoa(i) + "]"
		i++
		return d.content(content, field)
	})
	return true
}

func (d *requestDecoder) content(v llm.JSON, field string) error {
	if !wire.IsObject(v) {
		return d.fail(field, "must be an object")
	}
	var head llm.Extra
	c := readContent(v, &head)
	if bad := c.bad(); bad != "" {
		return d.fail(field+".parts"+bad, "must be an object")
	}
	role := roleOf(c.role)
	if c.role == nil || !wire.Equal(c.role, usualRole(role)) {
		setForm(&head, formRole, spelledRole(c.role))
	}
	d.messages = append(d.messages, d.split(&c, role, head)...)
	return nil
}

// split makes the messages of one content: results speak for tools, other parts
// for the user, and a content may hold both.
func (d *requestDecoder) split(c *content, role llm.Role, head llm.Extra) []llm.Message {
	out := []llm.Message{{Role: role, Extra: head}}
	c.each(func(v llm.JSON) {
		part := decodePart(v, &d.ids)
		thoughts := unseal(&part)
		speaker := role
		if role != llm.Assistant {
			speaker = speakerOf(&part)
		}
		last := &out[len(out)-1]
		switch {
		case len(last.Parts) == 0:
			last.Role = speaker
		case last.Role != speaker:
			out = append(out, llm.Message{Role: speaker})
			last = &out[len(out)-1]
			setForm(&last.Extra, formJoined, llm.JSON("true"))
		}
		last.Parts = append(wire.Restore(last.Parts, thoughts), part)
	})
	return out
}

func speakerOf(p *llm.Part) llm.Role {
	if p.Kind == llm.ToolResult {
		return llm.ToolRole
	}
	return llm.User
}

// takeSystem reads the instruction: a content, with or without a role, or no
// more than a text.
func (d *requestDecoder) takeSystem(v llm.JSON) bool {
	if d.system != nil {
		return false
	}
	m := llm.Message{Role: llm.System}
	if wire.IsString(v) {
		m.Plain, m.Parts = true, []llm.Part{{Text: v}}
		setForm(&m.Extra, formText, llm.JSON("true"))
		d.system = []llm.Message{m}
		return true
	}
	if !wire.IsObject(v) {
		return d.refuse("systemInstruction", "must be an object")
	}
	c := readContent(v, &m.Extra)
	if bad := c.bad(); bad != "" {
		return d.refuse("systemInstruction.parts"+bad, "must be an object")
	}
	if c.role != nil {
		setForm(&m.Extra, formRole, spelledRole(c.role))
	}
	c.each(func(v llm.JSON) { m.Parts = append(m.Parts, decodePart(v, &d.ids)) })
	m.Extra.From = own
	d.system = []llm.Message{m}
	return true
}

// takeTools reads the tools. An object among them holds declarations of
// functions, or tools of Google's own, or both.
func (d *requestDecoder) takeTools(v llm.JSON) bool {
	if d.r.Tools != nil || wire.IsArray(v) && wire.Len(v) == 0 {
		return false
	}
	if !wire.IsArray(v) && !wire.IsObject(v) {
		return d.refuse("tools", "must be an array")
	}
	i := 0
	_ = each(v, func(tool llm.JSON) error { // fail keeps the error
		field := "tools[" + strconv.Itoa(i) + "]"
		i++
		if !wire.IsObject(tool) {
			return d.fail(field, "must be an object")
		}
		return d.tool(tool, field)
	})
	if wire.IsObject(v) && len(d.r.Tools) > 0 {
		setForm(&d.r.Tools[0].Inner, formParts, llm.JSON("object"))
	}
	return true
}

func (d *requestDecoder) tool(v llm.JSON, field string) error {
	var rest llm.Extra
	var declared llm.JSON
	walk(v, &rest, func(name string, v llm.JSON) bool {
		list := wire.IsArray(v) && wire.Len(v) > 0 || wire.IsObject(v)
		return name == "functionDeclarations" && put(&declared, v, list)
	})
	if declared == nil {
		d.r.Tools = append(d.r.Tools, llm.Tool{Name: toolName(v), Raw: v, From: own})
		return nil
	}
	first, i := len(d.r.Tools), 0
	err := each(declared, func(v llm.JSON) error {
		if !wire.IsObject(v) {
			return d.fail(field+".functionDeclarations["+strconv.Itoa(i)+"]", "must be an object")
		}
		i++
		d.r.Tools = append(d.r.Tools, declaration(v))
		return nil
	})
	if err != nil {
		return err
	}
	group := &d.r.Tools[first].Inner
	setForm(group, formGroup, groupForm(declared))
	if spelled := form(&rest, "functionDeclarations"); spelled != nil {
		setForm(group, "functionDeclarations", spelled)
	}
	if len(rest.Members) > 0 {
		d.r.Tools = append(d.r.Tools, beside(&rest))
	}
	return nil
}

func groupForm(declared llm.JSON) llm.JSON {
	if wire.IsObject(declared) {
		return llm.JSON("object")
	}
	return llm.JSON("array")
}

// beside is the tool that stands in one object with declarations.
func beside(rest *llm.Extra) llm.Tool {
	var w wire.Writer
	w.Object()
	w.Extra(rest, own)
	w.EndObject()
	t := llm.Tool{Name: toolName(w.Buf), Raw: w.Buf, From: own}
	setForm(&t.Inner, formJoined, llm.JSON("true"))
	return t
}

// toolName is the name of a tool of Google's own: that of its first member.
func toolName(tool llm.JSON) string {
	f := wire.NewFields(tool)
	if !f.Next() {
		return ""
	}
	return camel(f.Name())
}

func declaration(v llm.JSON) llm.Tool {
	var t llm.Tool
	walk(v, &t.Extra, func(name string, v llm.JSON) bool {
		switch name {
		case "name":
			if t.Name != "" {
				return false
			}
			t.Name = wire.Text(v)
			return t.Name != ""
		case "description":
			return put(&t.Description, v, wire.IsString(v))
		case "parameters":
			if !put(&t.Schema, v, wire.IsObject(v)) {
				return false
			}
			t.Schema = jsonSchema(v)
			setForm(&t.Extra, formSchema, v)
			return true
		case "parametersJsonSchema":
			return put(&t.Schema, v, wire.IsObject(v))
		}
		return false
	})
	return t
}

// takeToolConfig reads how free the model is in calling. What is not of that
// stays in the Extra, whole, with what is.
func (d *requestDecoder) takeToolConfig(v llm.JSON) bool {
	choice, all := toolChoice(v)
	if !wire.IsObject(v) || form(&d.r.Extra, formTools) != nil {
		return false
	}
	d.r.Choice = choice
	setForm(&d.r.Extra, formTools, v)
	return all
}

// toolChoice reads a toolConfig; all tells whether there is nothing else in it.
func toolChoice(v llm.JSON) (c llm.ToolChoice, all bool) {
	config := member(v, "functionCallingConfig")
	c.Mode = choiceMode(member(config, "mode"))
	names := wire.Items(member(config, "allowedFunctionNames"))
	for name, ok := names.Next(); ok; name, ok = names.Next() {
		c.Allowed = append(c.Allowed, wire.Text(name))
	}
	if c.Mode == llm.ChoiceAny && len(c.Allowed) == 1 {
		c = llm.ToolChoice{Mode: llm.ChoiceNamed, Name: c.Allowed[0]}
	}
	return c, config != nil && members(v) == 1
}

func members(object llm.JSON) int {
	n, f := 0, wire.NewFields(object)
	for f.Next() {
		n++
	}
	return n
}

// choiceMode reads a mode or its number. VALIDATED lets the model speak or call,
// as AUTO does.
// Source: https://ai.google.dev/api/caching#FunctionCallingConfig.
func choiceMode(v llm.JSON) llm.ChoiceMode {
	modes := [...]string{"", "AUTO", "ANY", "NONE", "VALIDATED"}
	name := wire.Text(v)
	if n, ok := wire.Int(v); ok && n > 0 && n < int64(len(modes)) {
		name = modes[n]
	}
	switch name {
	case "AUTO", "VALIDATED":
		return llm.ChoiceAuto
	case "ANY":
		return llm.ChoiceAny
	case "NONE":
		return llm.ChoiceNone
	}
	return llm.ChoiceUnsaid
}
