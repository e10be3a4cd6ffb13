package mistral

import (
	"slices"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func (e *encoder) messages() error {
	r := e.r
	e.w.Name("messages")
	e.w.Array()
	if r.Prompt != nil && len(r.Messages) == 0 {
		text, ok := wire.OnePrompt(r.Prompt)
		if !ok {
			return &wire.Invalid{Field: "prompt", Message: "must be one text: a chat has one question"}
		}
		e.w.Object()
		e.w.StringMember("role", "user")
		e.w.Member("content", text)
		e.w.EndObject()
	}
	for i := range r.Messages {
		e.at = "messages" + index(i)
		e.message(&r.Messages[i], i == len(r.Messages)-1)
	}
	e.w.EndArray()
	return nil
}

// message writes a turn. Results of tools are turns of their own here, and
// come first: they belong to the calls of the turn before.
func (e *encoder) message(m *llm.Message, last bool) {
	results := 0
	for i := range m.Parts {
		if p := &m.Parts[i]; p.Kind == llm.ToolResult {
			results++
			e.result(m, p, e.at+".parts"+index(i))
		}
	}
	if results > 0 && results == len(m.Parts) {
		return
	}
	list := e.content(m)
	calls := hasCalls(m.Parts)
	if m.Role == llm.Assistant && !e.same && !calls && !speaks(list) {
		e.n.Drop(e.at) // the service refuses an answer with nothing in it
		return
	}
	e.w.Object()
	e.w.StringMember("role", e.role(m.Role))
	if e.same {
		e.w.Member("name", m.Name)
	} else {
		e.drop(m.Name != nil, e.at+".name")
	}
	e.contents(list, m.Plain)
	writeCalls(&e.w, m.Parts, func(i int) string { return e.id(m.Parts[i].Call.ID) })
	e.prefix(m, last && !calls)
	e.w.Extra(&m.Extra, own)
	e.note(&m.Extra, e.at+".", carried)
	e.w.EndObject()
}

// carried are members of OpenAI's messages that stand in the parts, too, or
// are this service's.
var carried = []string{"prefix", "reasoning_content", "reasoning", "reasoning_details"}

// prefix says that an answer is to be gone on with: the last turn must be
// someone else's unless this is said.
func (e *encoder) prefix(m *llm.Message, open bool) {
	if e.same || m.Role != llm.Assistant {
		return
	}
	if said := added(&m.Extra, "prefix"); said != nil {
		e.w.Member("prefix", said)
	} else if open {
		e.w.BoolMember("prefix", true)
	}
}

func (e *encoder) role(r llm.Role) string {
	switch {
	case r == llm.Developer && !e.same:
		r = llm.System
	case r == llm.ToolRole:
		r = llm.User // what of such a turn is no result
	}
	return roles[r]
}

func (e *encoder) id(id string) string {
	if e.same {
		return id
	}
	return fitID(id)
}

func (e *encoder) result(m *llm.Message, p *llm.Part, at string) {
	res := p.Result
	e.w.Object()
	e.w.StringMember("role", "tool")
	if !e.same || res.ID != "" {
		e.w.Name("tool_call_id")
		e.w.String(e.id(res.ID))
	}
	e.w.StringMember("name", res.Name)
	if res.Value != nil && len(res.Parts) == 0 {
		e.w.Name("content")
		e.w.Bytes(res.Value)
	} else {
		inner := llm.Message{Role: llm.ToolRole, Parts: res.Parts}
		turn := e.at
		e.at = at
		e.contents(e.content(&inner), res.Plain)
		e.at = turn
	}
	e.w.Extra(&m.Extra, own)
	e.w.EndObject()
	if res.Failed {
		e.n.Change(at+".failed", "told by the content only")
	}
	e.drop(p.Cache != nil, at+".cache")
}

// content are the parts that go into the content; the others are noted.
func (e *encoder) content(m *llm.Message) []llm.Part {
	var list []llm.Part
	for i := range m.Parts {
		p := &m.Parts[i]
		if p.Kind == llm.ToolCall || p.Kind == llm.ToolResult {
			continue
		}
		at := e.at + ".parts" + index(i)
		e.drop(p.Cache != nil, at+".cache")
		e.drop(len(p.Citations) > 0, at+".citations")
		if !e.sayable(p, m.Role) {
			e.n.Drop(at)
			continue
		}
		e.losses(p, at)
		list = append(list, *p)
	}
	return list
}

// losses notes what a part that is written loses.
func (e *encoder) losses(p *llm.Part, at string) {
	wire.NoteExtra(e.n, &p.Extra, own, at+".")
	m := p.Media
	if p.Kind == llm.Refusal || p.Kind == llm.Document && m.Data == nil && m.URL == nil && m.Text != nil {
		e.n.Change(at, "text")
	}
	if m == nil {
		return
	}
	e.drop(m.Context != nil, at+".context")
	e.drop(m.Title != nil && (m.Text != nil || m.Name != nil), at+".title")
	wire.NoteExtra(e.n, &m.Extra, own, at+".")
}

// sayable tells whether the content of a turn can have the part.
func (e *encoder) sayable(p *llm.Part, by llm.Role) bool {
	if p.Kind == llm.Opaque {
		return p.Extra.From == own || p.Extra.From == llm.OpenAIChat && slices.Contains(chunks, wire.Text(wire.Get(p.Raw, "type")))
	}
	if p.Kind == llm.Thinking {
		return e.same || by == llm.Assistant && !wire.EmptyText(p.Text) && (e.thinks || p.SignedBy == own)
	}
	if p.Media != nil && by == llm.System && !e.same {
		return false // the service takes texts only
	}
	return shown(p)
}

// chunks are the parts that callers of OpenAI's format use for this service.
var chunks = []string{"document_url", "file", "input_audio", "reference", "thinking"}

// shown tells whether there is a chunk for the part.
func shown(p *llm.Part) bool {
	m := p.Media
	switch p.Kind {
	case llm.Text, llm.Refusal, llm.Thinking:
		return wire.IsString(p.Text)
	case llm.Image, llm.Audio:
		return m != nil && (m.Data != nil || m.URL != nil)
	case llm.Document:
		return m != nil && (m.Data != nil || m.URL != nil || m.Text != nil || m.File != nil && m.Extra.From == own)
	case llm.Opaque:
		return p.Extra.From == own
	case llm.Video, llm.ToolCall, llm.ToolResult, llm.Redacted:
	}
	return false
}

// speaks tells whether there is anything in a content.
func speaks(list []llm.Part) bool {
	for i := range list {
		if list[i].Kind != llm.Text || !wire.EmptyText(list[i].Text) {
			return true
		}
	}
	return false
}

// contents writes a content: one text, or a list of chunks.
func (e *encoder) contents(list []llm.Part, plain bool) {
	switch {
	case len(list) == 0 && e.same:
	case len(list) == 0:
		e.w.Name("content")
		e.w.String("")
	case len(list) == 1 && (list[0].Kind == llm.Text || list[0].Kind == llm.Refusal) && (plain || !e.same):
		e.w.Member("content", list[0].Text)
	default:
		e.w.Name("content")
		writeChunks(&e.w, list)
	}
}

func writeChunks(w *wire.Writer, list []llm.Part) {
	w.Array()
	for i := range list {
		writeChunk(w, &list[i])
	}
	w.EndArray()
}

func writeChunk(w *wire.Writer, p *llm.Part) {
	if p.Kind == llm.Opaque {
		w.Raw(p.Raw)
		return
	}
	w.Object()
	switch p.Kind {
	case llm.Text, llm.Refusal:
		w.StringMember("type", "text")
		w.Member("text", p.Text)
	case llm.Thinking:
		writeThinking(w, p)
	case llm.Image:
		writeImage(w, p.Media)
	case llm.Audio:
		writeAudio(w, p.Media)
	case llm.Document:
		writeDocument(w, p.Media)
	case llm.Video, llm.ToolCall, llm.ToolResult, llm.Redacted, llm.Opaque:
	}
	w.Extra(&p.Extra, own)
	w.EndObject()
}

func writeThinking(w *wire.Writer, p *llm.Part) {
	w.StringMember("type", "thinking")
	w.Name("thinking")
	if raw, kept := wire.Marked(&p.Extra, own, "thinking"); kept {
		w.Raw(raw)
	} else {
		w.Array()
		w.Object()
		w.StringMember("type", "text")
		w.Member("text", p.Text)
		w.EndObject()
		w.EndArray()
	}
	if p.SignedBy == own {
		w.Member("signature", p.Signature)
	}
}
