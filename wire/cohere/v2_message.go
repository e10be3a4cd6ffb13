package cohere

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// v2Assistant reads what an assistant says, in a question or an answer: its
// content, then its plan, then its calls. What has no place goes to x.
func v2Assistant(parts *[]llm.Part, plain *bool, x *llm.Extra, raw llm.JSON) {
	x.From = llm.CohereV2
	var plan, calls, citations llm.JSON
	f := wire.NewFields(raw)
	for f.Next() {
		v := f.Value()
		switch name := f.Name(); {
		case name == "role" && wire.Equal(v, "assistant"):
		case name == "content" && v2Content(parts, plain, v):
		case name == planMark && wire.IsString(v):
			plan = v
		case name == "tool_calls" && v2Callable(v):
			calls = v
		case name == "citations" && wire.Len(v) > 0:
			citations = v
		default:
			f.Keep(x, llm.CohereV2)
		}
	}
	if wire.Get(raw, "role") == nil {
		keep(x, llm.CohereV2, "role", nil)
	}
	if plan != nil {
		p := llm.Part{Text: plan}
		wire.Mark(&p.Extra, llm.CohereV2, planMark, nil)
		*parts = append(*parts, p)
	}
	if citations != nil && !v2Cited(*parts, citations) {
		keep(x, llm.CohereV2, "citations", citations)
	}
	items := wire.Items(calls)
	for call, ok := items.Next(); ok; call, ok = items.Next() {
		v2Call(parts, call)
	}
}

// v2Callable tells whether all calls of a list can be read as such.
func v2Callable(v llm.JSON) bool {
	items, n := wire.Items(v), 0
	for call, ok := items.Next(); ok; call, ok = items.Next() {
		arguments := wire.Get(call, "function", "arguments")
		if !wire.IsString(wire.Get(call, "function", "name")) || arguments != nil && !wire.IsString(arguments) && !wire.IsNull(arguments) {
			return false
		}
		n++
	}
	return n > 0
}

// v2Call reads {"id", "type", "function": {"name", "arguments"}}.
func v2Call(parts *[]llm.Part, raw llm.JSON) {
	inner := wire.Get(raw, "function")
	c := &llm.Call{Name: wire.Text(wire.Get(inner, "name")), Extra: llm.Extra{From: llm.CohereV2}}
	p := llm.Part{Kind: llm.ToolCall, Call: c, Extra: llm.Extra{From: llm.CohereV2}}
	f := wire.NewFields(raw)
	for f.Next() {
		switch {
		case f.Name() == "type", f.Name() == "function":
		case f.Name() == "id" && someText(f.Value()):
			c.ID = wire.Text(f.Value())
		default:
			f.Keep(&p.Extra, llm.CohereV2)
		}
	}
	keepUnless(&p.Extra, llm.CohereV2, "type", "function", wire.Get(raw, "type"))
	f = wire.NewFields(inner)
	for f.Next() {
		if f.Name() != "name" && f.Name() != "arguments" {
			f.Keep(&c.Extra, llm.CohereV2)
		}
	}
	arguments := wire.Get(inner, "arguments")
	if c.Args = wire.TextBytes(arguments); len(c.Args) == 0 || string(c.Args) == "null" {
		c.Args = nil
		keep(&c.Extra, llm.CohereV2, "arguments", arguments)
	}
	*parts = wire.AppendCall(*parts, p)
}

// v2Result reads the message of a tool.
func v2Result(m *llm.Message, raw llm.JSON) {
	r := &llm.Result{}
	f := wire.NewFields(raw)
	for f.Next() {
		v := f.Value()
		switch name := f.Name(); {
		case name == "role":
		case name == "tool_call_id" && wire.IsString(v):
			r.ID, _ = wire.OpenID(wire.Text(v))
		case name == "content" && v2Content(&r.Parts, &r.Plain, v):
		default:
			f.Keep(&m.Extra, llm.CohereV2)
		}
	}
	if wire.Get(raw, "tool_call_id") == nil {
		keep(&m.Extra, llm.CohereV2, "tool_call_id", nil)
	}
	m.Parts = append(m.Parts, llm.Part{Kind: llm.ToolResult, Result: r, Extra: llm.Extra{From: llm.CohereV2}})
}

// v2Cited puts citations to the parts that they are in: the block that they
// name, the plan, or the last text. False if there is no part.
func v2Cited(parts []llm.Part, citations llm.JSON) bool {
	if len(parts) == 0 {
		return false
	}
	plan, text, blocks := -1, 0, int64(len(parts))
	for i := range parts {
		if isPlan(&parts[i]) {
			plan, blocks = i, blocks-1
		} else if parts[i].Kind == llm.Text {
			text = i
		}
	}
	items := wire.Items(citations)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		place := text
		if n, named := wire.Int(wire.Get(raw, "content_index")); named && n >= 0 && n < blocks {
			place = int(n)
		} else if plan >= 0 && wire.Equal(wire.Get(raw, "type"), "PLAN") {
			place = plan
		}
		parts[place].Citations = append(parts[place].Citations, v2Citation(raw))
	}
	return true
}

func v2Citation(raw llm.JSON) llm.Citation {
	c := llm.Citation{Start: -1, End: -1, Raw: raw, From: llm.CohereV2}
	start, ok := wire.Int(wire.Get(raw, "start"))
	end, ok2 := wire.Int(wire.Get(raw, "end"))
	if ok && ok2 && start >= 0 && end >= start {
		c.Start, c.End = int(start), int(end)
	}
	sources := wire.Items(wire.Get(raw, "sources"))
	source, _ := sources.Next()
	object := wire.Get(source, "document")
	if object == nil {
		object = wire.Get(source, "tool_output")
	}
	sourced(&c, object)
	return c
}

// sourced reads what a document says of itself.
func sourced(c *llm.Citation, object llm.JSON) {
	f := wire.NewFields(object)
	for f.Next() {
		if !wire.IsString(f.Value()) {
			continue
		}
		switch f.Name() {
		case "url":
			c.URL = f.Value()
		case "title":
			c.Title = f.Value()
		case "text", "content", "snippet":
			c.Quote = f.Value()
		}
	}
}

func isPlan(p *llm.Part) bool {
	_, ok := wire.Marked(&p.Extra, llm.CohereV2, planMark)
	return ok
}
