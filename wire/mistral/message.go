package mistral

import (
	"slices"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func readMessages(r *llm.Request, v llm.JSON) error {
	if !wire.IsArray(v) {
		return &wire.Invalid{Field: "messages", Message: "must be an array"}
	}
	r.Messages = make([]llm.Message, 0, wire.Len(v))
	items := wire.Items(v)
	for m, ok := items.Next(); ok; m, ok = items.Next() {
		at := "messages" + index(len(r.Messages))
		if !wire.IsObject(m) {
			return &wire.Invalid{Field: at, Message: "must be an object"}
		}
		role := wire.Get(m, "role")
		i := slices.Index(roles[:], wire.Text(role))
		if i < 0 {
			return &wire.Invalid{Field: at + ".role", Message: "must be one of user, assistant, system and tool"}
		}
		r.Messages = append(r.Messages, readMessage(llm.Role(i), m))
	}
	return nil
}

// readMessage reads a turn: its content, then its calls.
func readMessage(role llm.Role, v llm.JSON) llm.Message {
	m := llm.Message{Role: role, Extra: llm.Extra{From: own}}
	var calls []llm.Part
	res := llm.Result{}
	for f := wire.NewFields(v); f.Next(); {
		switch {
		case f.Name() == "role":
		case f.Name() == "content":
			m.Parts, m.Plain = readContent(&f, &m.Extra)
		case f.Name() == "tool_calls" && role == llm.Assistant:
			if calls = readCalls(f.Value()); len(calls) == 0 {
				f.Keep(&m.Extra, own)
			}
		case f.Name() == "tool_call_id" && role == llm.ToolRole:
			takeText(&res.ID, &f, &m.Extra)
		case f.Name() == "name" && role == llm.ToolRole:
			takeText(&res.Name, &f, &m.Extra)
		case f.Name() == "name":
			m.Name = f.Value()
		default:
			f.Keep(&m.Extra, own)
		}
	}
	if role == llm.ToolRole {
		res.ID, _ = wire.OpenID(res.ID) // its proofs stand with the call
		res.Parts, res.Plain = m.Parts, m.Plain
		m.Parts, m.Plain = []llm.Part{{Kind: llm.ToolResult, Result: &res}}, false
		return m
	}
	for i := range calls {
		m.Parts = wire.AppendCall(m.Parts, calls[i])
	}
	return m
}

// readContent reads a text or a list of chunks. What is neither, or has
// nothing in it, is kept as it is.
func readContent(f *wire.Fields, x *llm.Extra) (parts []llm.Part, plain bool) {
	v := f.Value()
	if wire.IsString(v) {
		return []llm.Part{{Kind: llm.Text, Text: v}}, true
	}
	items := wire.Items(v)
	for c, ok := items.Next(); ok; c, ok = items.Next() {
		parts = append(parts, readChunk(c))
	}
	if len(parts) == 0 {
		f.Keep(x, own)
	}
	return parts, false
}

// readChunk reads one chunk of a content. What the model has no part for stays
// as it is.
func readChunk(v llm.JSON) llm.Part {
	p := llm.Part{Extra: llm.Extra{From: own}}
	kind := wire.Text(wire.Get(v, "type"))
	name := kind
	if kind == "file" {
		name = "file_id"
	}
	var payload, title llm.JSON
	for f := wire.NewFields(v); f.Next(); {
		switch {
		case f.Name() == "type":
		case f.Name() == name:
			payload = f.Value()
		case f.Name() == "signature" && kind == "thinking" && wire.IsString(f.Value()):
			p.Signature, p.SignedBy = f.Value(), own
		case f.Name() == "document_name" && kind == "document_url" && wire.IsString(f.Value()):
			title = f.Value()
		default:
			f.Keep(&p.Extra, own)
		}
	}
	if !fill(&p, kind, payload) {
		return opaque(v)
	}
	if title != nil {
		p.Media.Name = title
	}
	return p
}

func opaque(v llm.JSON) llm.Part {
	return llm.Part{Kind: llm.Opaque, Raw: v, Extra: llm.Extra{From: own}}
}

// fill makes a part of the payload of a chunk, if the model has such a part.
func fill(p *llm.Part, kind string, payload llm.JSON) bool {
	switch kind {
	case "text":
		p.Kind, p.Text = llm.Text, payload
		return wire.IsString(payload)
	case "thinking":
		p.Kind = llm.Thinking
		return readThinking(p, payload)
	case "image_url":
		p.Kind, p.Media = llm.Image, readImage(payload)
	case "document_url":
		p.Kind, p.Media = llm.Document, readURL(payload)
	case "input_audio":
		p.Kind, p.Media = llm.Audio, readAudio(payload)
	case "file":
		p.Kind = llm.Document
		if wire.IsString(payload) {
			p.Media = &llm.Media{File: payload, Extra: llm.Extra{From: own}}
		}
	}
	return p.Media != nil
}

// readThinking reads the list within a chunk of thoughts. One text is the rule;
// any other list is kept beside its text.
func readThinking(p *llm.Part, v llm.JSON) bool {
	if wire.IsString(v) {
		p.Text = v
		wire.Mark(&p.Extra, own, "thinking", v)
		return true
	}
	if !wire.IsArray(v) {
		return false
	}
	var texts []llm.JSON
	whole := true
	items := wire.Items(v)
	for c, ok := items.Next(); ok; c, ok = items.Next() {
		text, bare := thought(c)
		whole = whole && bare
		texts = append(texts, text)
	}
	if len(texts) == 1 && whole {
		p.Text = texts[0]
		return true
	}
	p.Text = wire.Join("", texts...)
	wire.Mark(&p.Extra, own, "thinking", v)
	return true
}

// thought is the text of a chunk within thoughts; whole tells that it is
// nothing else.
func thought(v llm.JSON) (text llm.JSON, whole bool) {
	n := 0
	for f := wire.NewFields(v); f.Next(); n++ {
		if f.Name() == "text" && wire.IsString(f.Value()) {
			text = f.Value()
		}
	}
	if !wire.Equal(wire.Get(v, "type"), "text") {
		return nil, false
	}
	return text, n == 2 && text != nil
}
