package bedrock

import (
	"slices"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// tools writes toolConfig. Bedrock knows no choice against all tools: then they
// are left out, unless the conversation has calls, which need them.
func (e *encoder) tools(o *object) {
	kept := e.r.Extra.Get(own, "toolConfig")
	if e.r.Choice.Mode == llm.ChoiceNone && len(e.r.Tools) > 0 && !e.called() {
		e.n.Change("choice", "tools are left out")
		return
	}
	var inner wire.Writer
	in := begin(&inner)
	e.toolList(&in)
	if in.has("tools") || e.r.Extra.From == own {
		e.choice(&in)
	}
	in.restOf(kept)
	in.end()
	if len(in.names) > 0 || wire.IsObject(kept) {
		o.member("toolConfig", inner.Buf)
	}
}

// called tells whether a tool has been called.
func (e *encoder) called() bool {
	for i := range e.r.Messages {
		for j := range e.r.Messages[i].Parts {
			if k := e.r.Messages[i].Parts[j].Kind; k == llm.ToolCall || k == llm.ToolResult {
				return true
			}
		}
	}
	return false
}

func (e *encoder) toolList(in *object) {
	open := func() {
		if !in.has("tools") {
			in.name("tools")
			in.w.Array()
		}
	}
	b := blocks{w: in.w, before: open, note: func(what, how string) { e.n.Change("tools"+what, how) }}
	for i := range e.r.Tools {
		t := &e.r.Tools[i]
		field := wire.ToolField(i, t)
		if allowed := e.r.Choice.Allowed; len(allowed) > 0 && !slices.Contains(allowed, t.Name) {
			e.n.Change("choice.allowed", "the other tools are left out")
			continue
		}
		if t.Custom || t.Raw != nil && t.From != own {
			e.n.Drop(field)
			continue
		}
		e.members(&t.Extra)
		e.members(&t.Inner)
		open()
		tool(in.w, t)
		if t.Cache != nil {
			b.cache(t.Cache)
		}
	}
	if in.has("tools") {
		in.w.EndArray()
	}
}

func tool(w *wire.Writer, t *llm.Tool) {
	if t.Raw != nil {
		w.Raw(t.Raw)
		return
	}
	schema := t.Schema
	if schema == nil {
		schema = llm.JSON(`{"type":"object","properties":{}}`)
	}
	o := begin(w)
	o.name("toolSpec")
	in := begin(w)
	in.text("name", t.Name)
	if !wire.EmptyText(t.Description) {
		in.member("description", wire.Null(t.Description))
	}
	in.name("inputSchema")
	w.Object()
	w.Member("json", schema)
	w.EndObject()
	in.member("strict", wire.Null(t.Strict))
	in.rest(&t.Inner)
	in.end()
	o.rest(&t.Extra)
	o.end()
}

func (e *encoder) choice(in *object) {
	c := &e.r.Choice
	if c.Raw != nil && c.From == own {
		in.member("toolChoice", c.Raw)
		return
	}
	switch c.Mode {
	case llm.ChoiceUnsaid:
		e.n.LoseChoice(c, own)
	case llm.ChoiceNone:
		if len(e.r.Tools) > 0 {
			e.n.Drop("choice")
		}
	case llm.ChoiceAuto:
		in.member("toolChoice", llm.JSON(`{"auto":{}}`))
	case llm.ChoiceAny:
		in.member("toolChoice", llm.JSON(`{"any":{}}`))
	case llm.ChoiceNamed:
		in.name("toolChoice")
		in.w.Object()
		in.w.Name("tool")
		in.w.Object()
		in.w.Name("name")
		in.w.String(c.Name)
		in.w.EndObject()
		in.w.EndObject()
	}
}
