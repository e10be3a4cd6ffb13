package openairesponses

import (
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

const (
	typeFunction    = "function"
	typeCustomTool  = "custom"
	typeAllowed     = "allowed_tools"
	anySchema       = `{"type":"object","properties":{}}`
	choiceRequired  = "required"
	choiceAuto      = "auto"
	choiceNone      = "none"
	defaultFileName = "document"
)

func decodeTools(r *llm.Request, v llm.JSON) error {
	if v == nil || !wire.IsArray(v) || wire.Len(v) == 0 {
		if v != nil {
			keep(&r.Extra, "tools", v)
		}
		return nil
	}
	items := wire.Items(v)
	r.Tools = make([]llm.Tool, 0, wire.Len(v))
	for tool, ok := items.Next(); ok; tool, ok = items.Next() {
		if !wire.IsObject(tool) {
			return &wire.Invalid{Field: "tools[" + strconv.Itoa(len(r.Tools)) + "]", Message: "must be an object"}
		}
		r.Tools = append(r.Tools, decodeTool(tool))
	}
	return nil
}

func decodeTool(v llm.JSON) llm.Tool {
	kind, called := wire.Text(wire.Get(v, "type")), wire.Text(wire.Get(v, "name"))
	if kind != typeFunction && kind != typeCustomTool || called == "" {
		if called == "" {
			called = kind
		}
		return llm.Tool{Name: called, Raw: v, From: own}
	}
	t := llm.Tool{Name: called, Custom: kind == typeCustomTool, Extra: llm.Extra{From: own}}
	for f := wire.NewFields(v); f.Next(); {
		switch n, v := f.Name(), f.Value(); {
		case n == "type" || n == "name":
		case n == "description" && wire.IsString(v):
			t.Description = v
		case n == "parameters" && wire.IsObject(v) && !t.Custom:
			t.Schema = v
		case n == "strict" && isBool(v) && !t.Custom:
			t.Strict = v
		default:
			f.Keep(&t.Extra, own)
		}
	}
	return t
}

// decodeChoice reports whether the model has a place for all of it.
func decodeChoice(c *llm.ToolChoice, v llm.JSON) bool {
	if wire.IsString(v) {
		c.Mode = choiceMode(wire.Text(v))
		if c.Mode == llm.ChoiceUnsaid {
			c.Raw, c.From = v, own
		}
		return true
	}
	if !wire.IsObject(v) {
		return false
	}
	called := wire.Text(wire.Get(v, "name"))
	switch kind := wire.Text(wire.Get(v, "type")); {
	case (kind == typeFunction || kind == typeCustomTool) && called != "":
		c.Mode, c.Name = llm.ChoiceNamed, called
		if without(v, "type", "name") != nil {
			c.Raw, c.From = v, own
		}
	case kind == typeAllowed:
		decodeAllowed(c, v)
	default:
		c.Raw, c.From = v, own
	}
	return true
}

// decodeAllowed keeps the choice as it was, too: it may name hosted tools.
func decodeAllowed(c *llm.ToolChoice, v llm.JSON) {
	c.Raw, c.From = v, own
	c.Mode = choiceMode(wire.Text(wire.Get(v, "mode")))
	items := wire.Items(wire.Get(v, "tools"))
	for t, ok := items.Next(); ok; t, ok = items.Next() {
		if called := wire.Text(wire.Get(t, "name")); called != "" {
			c.Allowed = append(c.Allowed, called)
		}
	}
}

func choiceMode(s string) llm.ChoiceMode {
	switch s {
	case choiceAuto:
		return llm.ChoiceAuto
	case choiceNone:
		return llm.ChoiceNone
	case choiceRequired:
		return llm.ChoiceAny
	}
	return llm.ChoiceUnsaid
}

func writeTools(w *wire.Writer, tools []llm.Tool, n *wire.Notes) {
	w.Name("tools")
	w.Array()
	for i := range tools {
		writeTool(w, &tools[i], wire.ToolField(i, &tools[i]), n)
	}
	w.EndArray()
}

func writeTool(w *wire.Writer, t *llm.Tool, path string, n *wire.Notes) {
	if t.Raw != nil {
		if t.From != own {
			n.Drop(path)
			return
		}
		w.Raw(t.Raw)
		return
	}
	foreign := t.Extra.From != own
	if t.Cache != nil {
		n.Drop(path + ".cache")
	}
	noteExtra(n, &t.Extra, path+".")
	noteExtra(n, &t.Inner, path+".")
	w.Object()
	w.Name("type")
	if t.Custom {
		w.String(typeCustomTool)
	} else {
		w.String(typeFunction)
	}
	w.Name("name")
	w.String(t.Name)
	w.Member("description", t.Description)
	if !t.Custom {
		writeSchema(w, t, foreign)
	}
	w.Extra(&t.Extra, own)
	w.EndObject()
}

// writeSchema says what other formats leave unsaid: here a function is strict
// unless told otherwise, and its parameters are required.
func writeSchema(w *wire.Writer, t *llm.Tool, foreign bool) {
	switch {
	case t.Schema != nil:
		w.Member("parameters", t.Schema)
	case foreign:
		w.Name("parameters")
		w.Literal(anySchema)
	}
	switch {
	case t.Strict != nil:
		w.Member("strict", t.Strict)
	case foreign:
		w.BoolMember("strict", false)
	}
}

func writeChoice(w *wire.Writer, c *llm.ToolChoice, tools []llm.Tool, n *wire.Notes) {
	if c.Raw != nil && c.From == own {
		w.Member("tool_choice", c.Raw)
		return
	}
	mode := modeName(c.Mode)
	n.LoseChoice(c, own)
	if mode == "" && len(c.Allowed) == 0 {
		return
	}
	w.Name("tool_choice")
	switch {
	case c.Mode == llm.ChoiceNamed:
		writeNamed(w, c.Name, customTools(tools)[c.Name])
	case len(c.Allowed) > 0 && c.Mode != llm.ChoiceNone:
		writeAllowed(w, c, tools)
	default:
		w.String(mode)
	}
}

func modeName(m llm.ChoiceMode) string {
	return [...]string{
		llm.ChoiceUnsaid: "", llm.ChoiceAuto: choiceAuto, llm.ChoiceNone: choiceNone,
		llm.ChoiceAny: choiceRequired, llm.ChoiceNamed: choiceRequired,
	}[m]
}

// customTools are the names of those that take any text.
func customTools(tools []llm.Tool) map[string]bool {
	names := map[string]bool{}
	for i := range tools {
		if tools[i].Custom {
			names[tools[i].Name] = true
		}
	}
	return names
}

func writeNamed(w *wire.Writer, called string, custom bool) {
	w.Object()
	w.Name("type")
	if custom {
		w.String(typeCustomTool)
	} else {
		w.String(typeFunction)
	}
	w.Name("name")
	w.String(called)
	w.EndObject()
}

func writeAllowed(w *wire.Writer, c *llm.ToolChoice, tools []llm.Tool) {
	w.Object()
	w.Name("type")
	w.String(typeAllowed)
	w.Name("mode")
	if c.Mode == llm.ChoiceAny {
		w.String(choiceRequired)
	} else {
		w.String(choiceAuto)
	}
	w.Name("tools")
	w.Array()
	custom := customTools(tools)
	for _, called := range c.Allowed {
		writeNamed(w, called, custom[called])
	}
	w.EndArray()
	w.EndObject()
}

// noteExtra notes what another format kept and this one cannot say.
func noteExtra(n *wire.Notes, x *llm.Extra, path string) {
	wire.NoteExtra(n, x, own, path)
}
