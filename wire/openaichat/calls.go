package openaichat

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func (s *speech) readCalls(v llm.JSON) {
	if wire.IsObject(v) { // one in place of a list
		s.calls = append(s.calls, readCall(v))
		return
	}
	items := wire.Items(v)
	for c, ok := items.Next(); ok; c, ok = items.Next() {
		s.calls = append(s.calls, readCall(c))
	}
}

func readCall(v llm.JSON) llm.Part {
	var x llm.Extra
	x.From = own
	var id, kind string
	var function llm.JSON
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "id":
			id = wire.Text(f.Value())
			if wire.IsNumber(f.Value()) {
				id = string(f.Value())
			}
			if !wire.IsString(f.Value()) {
				f.Keep(&x, own)
			}
		case "type":
			kind = wire.Text(f.Value())
			if kind == "" {
				f.Keep(&x, own)
			}
		case "function", "custom":
			if function != nil || wire.Text(wire.Get(f.Value(), "name")) == "" {
				f.Keep(&x, own) // some send both, one of them empty
				continue
			}
			function = f.Value()
		default:
			f.Keep(&x, own)
		}
	}
	if kind == "" {
		wire.Mark(&x, own, "no type", nil)
	}
	p := readFunction(function, id, x)
	p.Call.Custom = kind == "custom"
	if google := x.Get(own, "extra_content"); google != nil {
		// Gemini's own endpoint of this format keeps its proof here.
		p.Signature, p.SignedBy = wire.Get(google, "google", "thought_signature"), llm.Gemini
	}
	return p
}

// readFunction reads name and arguments of a call.
func readFunction(v llm.JSON, id string, x llm.Extra) llm.Part {
	call := &llm.Call{ID: id, Extra: llm.Extra{From: own}}
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "name":
			call.Name = wire.Text(f.Value())
		case "arguments", "input":
			readArguments(call, &f)
		default:
			f.Keep(&call.Extra, own)
		}
	}
	return llm.Part{Kind: llm.ToolCall, Call: call, Extra: x}
}

// readArguments takes a text, or what some services send: an object, or null.
func readArguments(call *llm.Call, f *wire.Fields) {
	v := f.Value()
	switch {
	case wire.IsString(v):
		call.Args = wire.TextBytes(v)
	case wire.IsNull(v):
		f.Keep(&call.Extra, own)
	default:
		call.Args = v
		wire.Mark(&call.Extra, own, "object", nil)
	}
}

func readTools(r *llm.Request, v llm.JSON) {
	items := wire.Items(v)
	for t, ok := items.Next(); ok; t, ok = items.Next() {
		r.Tools = append(r.Tools, readTool(t))
	}
	if len(r.Tools) == 0 {
		r.Extra.Members = append(r.Extra.Members, llm.Member{Name: "tools", Value: v})
	}
}

func readTool(v llm.JSON) llm.Tool {
	t := llm.Tool{Extra: llm.Extra{From: own}, Inner: llm.Extra{From: own}}
	kind := ""
	var inner llm.JSON
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "type":
			kind = wire.Text(f.Value())
		case "function", "custom":
			inner = f.Value()
		case "cache_control":
			t.Cache = readCache(f.Value())
		default:
			f.Keep(&t.Extra, own)
		}
	}
	if kind == "" && wire.IsObject(wire.Get(v, "function")) { // Mistral's need no type
		kind = "function"
		wire.Mark(&t.Extra, own, "no type", nil)
	}
	if kind != "function" && kind != "custom" || !wire.IsObject(inner) {
		return llm.Tool{Name: kind, Raw: v, From: own}
	}
	t.Custom = kind == "custom"
	fillTool(&t, inner)
	return t
}

func fillTool(t *llm.Tool, inner llm.JSON) {
	for f := wire.NewFields(inner); f.Next(); {
		switch f.Name() {
		case "name":
			t.Name = wire.Text(f.Value())
		case "description":
			t.Description = f.Value()
		case "parameters":
			t.Schema = f.Value()
		case "strict":
			t.Strict = f.Value()
		default:
			f.Keep(&t.Inner, own)
		}
	}
}

func readFunctions(r *llm.Request, v llm.JSON) {
	wire.Mark(&r.Extra, own, "functions", nil)
	items := wire.Items(v)
	for t, ok := items.Next(); ok; t, ok = items.Next() {
		tool := llm.Tool{Extra: llm.Extra{From: own}, Inner: llm.Extra{From: own}}
		fillTool(&tool, t)
		r.Tools = append(r.Tools, tool)
	}
}

// readChoice reads tool_choice. The spelling is kept.
func readChoice(v llm.JSON) llm.ToolChoice {
	c := llm.ToolChoice{Raw: v, From: own}
	if wire.IsString(v) {
		c.Mode = mode(wire.Text(v))
		return c
	}
	switch wire.Text(wire.Get(v, "type")) {
	case "function":
		c.Mode, c.Name = llm.ChoiceNamed, wire.Text(wire.Get(v, "function", "name"))
	case "custom":
		c.Mode, c.Name = llm.ChoiceNamed, wire.Text(wire.Get(v, "custom", "name"))
	case "allowed_tools":
		allowed := wire.Get(v, "allowed_tools")
		c.Mode = mode(wire.Text(wire.Get(allowed, "mode")))
		items := wire.Items(wire.Get(allowed, "tools"))
		for t, ok := items.Next(); ok; t, ok = items.Next() {
			c.Allowed = append(c.Allowed, wire.Text(wire.Get(t, "function", "name")))
		}
	}
	return c
}

func mode(name string) llm.ChoiceMode {
	switch name {
	case "auto":
		return llm.ChoiceAuto
	case "none":
		return llm.ChoiceNone
	case "required", "any":
		return llm.ChoiceAny
	}
	return llm.ChoiceUnsaid
}

func readFunctionCall(v llm.JSON) llm.ToolChoice {
	c := llm.ToolChoice{Raw: v, From: own, Mode: mode(wire.Text(v))}
	if name := wire.Text(wire.Get(v, "name")); name != "" {
		c.Mode, c.Name = llm.ChoiceNamed, name
	}
	return c
}

// readDetails reads reasoning_details, the list in which some services tell
// thoughts with what proves them, and take them back.
func (s *speech) readDetails(v llm.JSON) {
	var found []llm.Part
	items := wire.Items(v)
	for d, ok := items.Next(); ok; d, ok = items.Next() {
		p := llm.Part{Kind: llm.Thinking, SignedBy: signer(wire.Get(d, "format"))}
		switch wire.Text(wire.Get(d, "type")) {
		case "reasoning.text":
			p.Text, p.Signature = wire.Get(d, "text"), wire.Null(wire.Get(d, "signature"))
		case "reasoning.summary":
			p.Text = wire.Get(d, "summary")
		case "reasoning.encrypted":
			p.Kind, p.Signature = llm.Redacted, wire.Get(d, "data")
		default:
			continue
		}
		if !wire.IsString(p.Text) {
			p.Text = llm.JSON(`""`)
		}
		s.signed = s.signed || p.Signature != nil
		found = append(found, ownPart(p))
	}
	if len(found) > 0 {
		s.thoughts = found
	}
}

// signers are the names that reasoning_details has for formats.
var signers = [...]struct {
	name string
	by   llm.Format
}{
	{"anthropic-claude-v1", llm.Anthropic},
	{"google-gemini-v1", llm.Gemini},
	{"openai-responses-v1", llm.OpenAIResponses},
}

func signer(v llm.JSON) llm.Format {
	for _, s := range signers {
		if wire.Equal(v, s.name) {
			return s.by
		}
	}
	return llm.Format(wire.Text(v))
}

func signerName(f llm.Format) string {
	for _, s := range signers {
		if s.by == f {
			return s.name
		}
	}
	return string(f)
}

func (s *speech) readImages(v llm.JSON) {
	items := wire.Items(v)
	for i, ok := items.Next(); ok; i, ok = items.Next() {
		if m := readImage(wire.Get(i, "image_url")); m != nil {
			s.media = append(s.media, ownPart(llm.Part{Kind: llm.Image, Media: m}))
		}
	}
}
