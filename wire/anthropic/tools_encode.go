package anthropic

import (
	"slices"
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func (e *encoder) tools() {
	if !e.hasTools() {
		return
	}
	e.o.name("tools")
	e.w.Array()
	for i := range e.r.Tools {
		t := &e.r.Tools[i]
		switch {
		case !e.sendable(t):
			e.n.Drop(wire.ToolField(i, t))
		case t.Raw != nil:
			e.w.Raw(t.Raw)
		default:
			e.tool(i, t)
		}
	}
	e.w.EndArray()
}

func (e *encoder) hasTools() bool {
	return slices.ContainsFunc(e.r.Tools, func(t llm.Tool) bool { return e.sendable(&t) })
}

// sendable tells whether a tool is the caller's or Anthropic's, and one of
// those that the model is confined to.
func (e *encoder) sendable(t *llm.Tool) bool {
	if t.Raw != nil && t.From != own {
		return false
	}
	return len(e.r.Choice.Allowed) == 0 || slices.Contains(e.r.Choice.Allowed, t.Name)
}

// textSchema is that of a tool which takes any text, as a tool that takes it
// as an argument.
const textSchema = `{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}`

func (e *encoder) tool(i int, t *llm.Tool) {
	field := "tools[" + strconv.Itoa(i) + "]"
	mine := t.Extra.From == own
	o := newObject(e.w, &t.Extra)
	o.text("name", t.Name)
	o.raw("description", t.Description)
	switch {
	case t.Custom:
		e.n.Change(field+".custom", "a tool with one argument, input")
		o.name("input_schema")
		e.w.Literal(textSchema)
	case t.Schema != nil:
		o.raw("input_schema", t.Schema)
	case !mine:
		o.name("input_schema")
		e.w.Literal(`{"type":"object"}`)
	}
	// Not strict is the default, and models that know nothing of it refuse it.
	if mine || wire.IsTrue(t.Strict) {
		o.raw("strict", t.Strict)
	}
	e.parts.cache(&o, t.Cache)
	noteExtra(e.n, &t.Extra)
	noteExtra(e.n, &t.Inner)
	o.end()
}

func (e *encoder) choice() {
	if e.own && sameChoice(e.was, e.r) {
		return
	}
	e.o.take("tool_choice")
	c := &e.r.Choice
	oneByOne := string(e.r.Parallel) == "false"
	if len(c.Allowed) > 0 {
		e.n.Change("choice.allowed", "the other tools are left out")
	}
	e.n.LoseChoice(c, own)
	if !e.hasTools() || c.Mode == llm.ChoiceUnsaid && !oneByOne && c.From != own {
		return
	}
	e.o.name("tool_choice")
	if c.Raw != nil && c.From == own {
		e.w.Raw(c.Raw)
		return
	}
	e.w.Object()
	e.w.StringMember("type", choiceName(c.Mode))
	if c.Mode == llm.ChoiceNamed {
		e.w.StringMember("name", c.Name)
	}
	if oneByOne && c.Mode != llm.ChoiceNone {
		e.w.BoolMember("disable_parallel_tool_use", true)
	}
	e.w.EndObject()
}

func choiceName(mode llm.ChoiceMode) string {
	switch mode {
	case llm.ChoiceNone:
		return "none"
	case llm.ChoiceAny:
		return "any"
	case llm.ChoiceNamed:
		return "tool"
	case llm.ChoiceUnsaid, llm.ChoiceAuto:
	}
	return "auto"
}
