package cohere

import (
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// message writes a message: the results of tools one by one, then the rest.
func (e *v2Writer) message(m *llm.Message, at string) {
	wire.NoteExtra(e.n, &m.Extra, llm.CohereV2, at+".")
	drop(e.n, at+".name", m.Name != nil)
	results := 0
	for i := range m.Parts {
		if m.Parts[i].Kind == llm.ToolResult && m.Parts[i].Result != nil {
			e.result(m, m.Parts[i].Result, partAt(at, i))
			results++
		}
	}
	if results > 0 && results == len(m.Parts) {
		return
	}
	o := begin(e.w, &m.Extra, llm.CohereV2)
	switch m.Role {
	case llm.Assistant:
		o.Text("role", "assistant")
		e.assistant(&o, m, at)
	case llm.System:
		o.Text("role", "system")
		e.content(&o, m, at)
	case llm.Developer:
		e.developer(&o, at)
		e.content(&o, m, at)
	case llm.User, llm.ToolRole:
		o.Text("role", "user")
		e.content(&o, m, at)
	}
	o.End()
}

func (e *v2Writer) developer(o *node, at string) {
	if o.X.From == llm.CohereV2 {
		o.Text("role", "developer")
		return
	}
	o.Text("role", "system")
	e.n.Change(at+".role", "sent as system")
}

func partAt(at string, i int) string { return at + ".parts[" + strconv.Itoa(i) + "]" }

// content writes what is no call, no result, no plan and no document beside
// the messages.
func (e *v2Writer) content(o *node, m *llm.Message, at string) {
	var blocks []int
	texts := 0
	for i := range m.Parts {
		switch p := &m.Parts[i]; {
		case p.Kind == llm.ToolResult, p.Kind == llm.ToolCall, isPlan(p):
		case beside(m, p):
			moved(e.n, p, partAt(at, i))
		case !e.sayable(p), m.Role == llm.ToolRole && !inResult(p):
			drop(e.n, partAt(at, i), p.Kind != llm.Thinking && p.Kind != llm.Redacted || p.Text != nil)
		default:
			e.noted(p, partAt(at, i))
			blocks = append(blocks, i)
			if isText(p) {
				texts++
			}
		}
	}
	e.blocks(o, m, blocks, texts)
}

// noted notes what blocks cannot have.
func (e *v2Writer) noted(p *llm.Part, at string) {
	if p.Kind == llm.Refusal {
		e.n.Change(at, "text")
	}
	drop(e.n, at+".cache", p.Cache != nil)
	drop(e.n, at+".citations", len(p.Citations) > 0 && p.Citations[0].From != llm.CohereV2)
}

// sayable tells whether a part can be a block.
func (e *v2Writer) sayable(p *llm.Part) bool {
	switch p.Kind {
	case llm.Text, llm.Refusal, llm.Thinking:
		return p.Text != nil
	case llm.Image:
		return p.Media != nil && (p.Media.URL != nil || p.Media.Data != nil)
	case llm.Document:
		_, inside := wire.Marked(&p.Extra, llm.CohereV2, "document")
		return inside || documentText(p.Media) != nil
	case llm.Opaque:
		return p.Extra.From == llm.CohereV2
	case llm.Audio, llm.Video, llm.ToolCall, llm.ToolResult, llm.Redacted:
	}
	return false
}

// textKind is the type of a block of text, and the name of the member that
// has it.
func textKind(k llm.Kind) string {
	if k == llm.Thinking {
		return "thinking"
	}
	return "text"
}

// inResult tells whether a part can be told by a tool.
func inResult(p *llm.Part) bool {
	return isText(p) || p.Kind == llm.Document || p.Extra.From == llm.CohereV2
}

func isText(p *llm.Part) bool { return p.Kind == llm.Text || p.Kind == llm.Refusal }

func (e *v2Writer) blocks(o *node, m *llm.Message, blocks []int, texts int) {
	_, kept := o.kept("content")
	switch own := m.Extra.From == llm.CohereV2; {
	case len(blocks) == 0 && (own || kept || m.Role == llm.Assistant):
	case len(blocks) == 0:
		o.Member("content", llm.JSON(`""`))
	case len(blocks) == 1 && texts == 1 && (m.Plain || !own):
		o.Member("content", m.Parts[blocks[0]].Text)
	default:
		o.Name("content")
		e.w.Array()
		for _, i := range blocks {
			e.block(&m.Parts[i])
		}
		e.w.EndArray()
	}
}

func (e *v2Writer) block(p *llm.Part) {
	if p.Kind == llm.Opaque {
		e.w.Raw(p.Raw)
		return
	}
	o := begin(e.w, &p.Extra, llm.CohereV2)
	switch p.Kind {
	case llm.Image:
		o.Text("type", "image_url")
		e.image(&o, p.Media)
	case llm.Document:
		o.Text("type", "document")
		o.Name("document")
		e.document(p)
	case llm.Text, llm.Refusal, llm.Thinking:
		kind := textKind(p.Kind)
		o.Text("type", kind)
		o.Member(kind, p.Text)
	case llm.Audio, llm.Video, llm.ToolCall, llm.ToolResult, llm.Redacted, llm.Opaque:
	}
	o.End()
}

func (e *v2Writer) image(o *node, m *llm.Media) {
	if url, _ := o.kept("image_url"); url != nil {
		return
	}
	o.Name("image_url")
	f := begin(e.w, &m.Extra, llm.CohereV2)
	if _, kept := f.kept("url"); !kept {
		f.Name("url")
		if m.Data != nil {
			e.w.Raw(wire.AppendDataURL(nil, m.MIME, m.Data))
		} else {
			e.w.Raw(m.URL)
		}
	}
	f.Text("detail", m.Detail)
	f.End()
}

// assistant writes content, plan, calls and citations. Models are taught to
// give their plan before they call, so what another format has before a call
// becomes one.
func (e *v2Writer) assistant(o *node, m *llm.Message, at string) {
	plan, said := planned(m)
	if said != nil {
		rest := *m
		rest.Parts = said
		e.content(o, &rest, at)
	} else {
		e.content(o, m, at)
	}
	o.Member(planMark, plan)
	v2Citations(o, m.Parts, false)
	v2Calls(o, m.Parts, false)
}

// planned is the plan of a message, and what is left to say where that is
// not all else.
func planned(m *llm.Message) (plan llm.JSON, said []llm.Part) {
	call := -1
	var marked, before []llm.JSON
	for i := range m.Parts {
		switch p := &m.Parts[i]; {
		case isPlan(p):
			marked = append(marked, p.Text)
		case p.Kind == llm.ToolCall && call < 0:
			call = i
		case isText(p) && call < 0 && p.Text != nil && !wire.EmptyText(p.Text):
			before = append(before, p.Text)
		}
	}
	switch {
	case len(marked) == 1:
		return marked[0], nil
	case len(marked) > 0:
		return wire.Join("", marked...), nil
	case m.Extra.From == llm.CohereV2, call < 0, len(before) == 0:
		return nil, nil
	}
	said = make([]llm.Part, 0, len(m.Parts))
	for i := range m.Parts {
		if i > call || !isText(&m.Parts[i]) {
			said = append(said, m.Parts[i])
		}
	}
	return wire.Join("\n", before...), said
}

// v2Calls writes the calls. To callers, the proofs of another format travel
// in the ids.
func v2Calls(o *node, parts []llm.Part, seal bool) {
	sealed, some := wire.SealedIDs(parts, llm.CohereV2), false
	for i := range parts {
		p := &parts[i]
		if p.Kind != llm.ToolCall || p.Call == nil {
			continue
		}
		if !some {
			o.Name("tool_calls")
			o.W.Array()
			some = true
		}
		id := p.Call.ID
		if seal {
			id = sealed(i)
		}
		v2CallOut(o.W, p, id)
	}
	if some {
		o.W.EndArray()
	}
}

func v2CallOut(w *wire.Writer, p *llm.Part, id string) {
	o := begin(w, &p.Extra, llm.CohereV2)
	o.Text("id", id)
	o.word("type", "function")
	o.Name("function")
	f := begin(w, &p.Call.Extra, llm.CohereV2)
	f.Name("name")
	w.String(p.Call.Name)
	switch _, kept := f.kept("arguments"); {
	case len(p.Call.Args) > 0:
		f.Name("arguments")
		w.Bytes(p.Call.Args)
	case !kept:
		f.Text("arguments", "{}")
	}
	f.End()
	o.End()
}

// result writes the message of a tool.
func (e *v2Writer) result(m *llm.Message, r *llm.Result, at string) {
	var none llm.Extra
	x := &none
	if len(m.Parts) == 1 {
		x = &m.Extra
	}
	drop(e.n, at+".failed", r.Failed)
	o := begin(e.w, x, llm.CohereV2)
	o.Text("role", "tool")
	if _, kept := o.kept("tool_call_id"); !kept {
		o.Name("tool_call_id")
		e.w.String(r.ID)
	}
	if wire.IsObject(r.Value) {
		o.Name("content")
		e.w.Array()
		e.w.Object()
		e.w.StringMember("type", "document")
		e.w.Name("document")
		e.w.Object()
		e.w.Member("data", r.Value)
		e.w.EndObject()
		e.w.EndObject()
		e.w.EndArray()
	} else if r.Value != nil {
		o.Name("content")
		e.w.Bytes(r.Value)
	} else {
		e.content(&o, &llm.Message{Role: llm.ToolRole, Parts: r.Parts, Plain: r.Plain, Extra: llm.Extra{From: x.From}}, at)
	}
	o.End()
}
