package openairesponses

import (
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// input reads the items of a question into messages.
type input struct {
	r    *llm.Request
	open bool // the last message can be gone on with
}

func (d *input) item(item llm.JSON) {
	switch wire.Text(wire.Get(item, "type")) {
	case typeMessage:
		d.message(item)
	case "":
		if wire.Get(item, "role") == nil {
			d.opaque(item)
			return
		}
		d.message(item)
	case typeCallOutput, typeCustomOutput:
		d.output(item)
	case typeCall, typeCustom:
		d.call(item)
	case typeReasoning:
		d.reasoning(item)
	default:
		d.opaque(item)
	}
}

func (d *input) message(item llm.JSON) {
	content := wire.Get(item, "content")
	role, known := roleOf(wire.Text(wire.Get(item, "role")))
	if !known || !wire.IsString(content) && wire.Len(content) == 0 || !wire.IsString(content) && !allObjects(content) {
		d.opaque(item)
		return
	}
	if role == llm.Assistant {
		d.add(llm.Assistant, messageParts(nil, item)...)
		return
	}
	m := llm.Message{Role: role, Plain: wire.IsString(content)}
	if m.Plain {
		m.Parts = []llm.Part{{Kind: llm.Text, Text: content}}
	} else {
		m.Parts = contentParts(nil, content, inputText)
	}
	more := without(item, "content", "role", "type")
	typed := wire.Get(item, "type") != nil
	if more != nil || !typed {
		m.Extra.From = own
	}
	for f := wire.NewFields(more); f.Next(); {
		f.Keep(&m.Extra, own)
	}
	if typed && more != nil {
		keep(&m.Extra, "type", wire.Get(item, "type"))
	}
	d.r.Messages = append(d.r.Messages, m)
	d.open = false
}

func roleOf(s string) (llm.Role, bool) {
	switch s {
	case "user":
		return llm.User, true
	case "assistant":
		return llm.Assistant, true
	case "system":
		return llm.System, true
	case "developer":
		return llm.Developer, true
	}
	return 0, false
}

func roleName(r llm.Role) string {
	return [...]string{llm.User: "user", llm.Assistant: "assistant", llm.System: "system", llm.Developer: "developer", llm.ToolRole: "user"}[r]
}

func allObjects(array llm.JSON) bool {
	items := wire.Items(array)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		if !wire.IsObject(v) {
			return false
		}
	}
	return true
}

// add puts parts into the message that is open, or a new one.
func (d *input) add(role llm.Role, parts ...llm.Part) {
	last := len(d.r.Messages) - 1
	if !d.open || d.r.Messages[last].Role != role {
		d.r.Messages = append(d.r.Messages, llm.Message{Role: role})
		last++
	}
	m := &d.r.Messages[last]
	m.Parts = append(m.Parts, parts...)
	d.open = true
}

func (d *input) opaque(item llm.JSON) {
	role, known := roleOf(wire.Text(wire.Get(item, "role")))
	if !known {
		role = llm.Assistant
		if kind := wire.Text(wire.Get(item, "type")); strings.HasSuffix(kind, "_output") || strings.HasSuffix(kind, "_response") {
			role = llm.ToolRole
		}
	}
	d.add(role, opaque(item))
}

func opaque(raw llm.JSON) llm.Part {
	return llm.Part{Kind: llm.Opaque, Raw: raw, Extra: llm.Extra{From: own}}
}

func (d *input) reasoning(item llm.JSON) {
	p, ok := reasoningPart(item)
	if !ok {
		d.opaque(item)
		return
	}
	_, proofs := wire.OpenID(wire.Text(p.Signature))
	if len(proofs) == 1 && proofs[0].Kind != llm.ToolCall {
		p.Kind, p.Signature, p.SignedBy = proofs[0].Kind, proofs[0].Signature, proofs[0].By
		p.Extra = llm.Extra{}
	}
	d.add(llm.Assistant, p)
}

func (d *input) call(item llm.JSON) {
	p, ok := callPart(item)
	if !ok {
		d.opaque(item)
		return
	}
	d.add(llm.Assistant)
	m := &d.r.Messages[len(d.r.Messages)-1]
	m.Parts = wire.AppendCall(m.Parts, p)
}

func (d *input) output(item llm.JSON) {
	id, out := wire.Get(item, "call_id"), wire.Get(item, "output")
	if !wire.IsString(id) || !wire.IsString(out) && (!wire.IsArray(out) || !allObjects(out)) {
		d.opaque(item)
		return
	}
	callID, _ := wire.OpenID(wire.Text(id))
	res := &llm.Result{ID: callID, Custom: wire.Equal(wire.Get(item, "type"), typeCustomOutput)}
	if wire.IsString(out) {
		res.Plain = true
		res.Parts = []llm.Part{{Kind: llm.Text, Text: out}}
	} else {
		res.Parts = contentParts(nil, out, inputText)
	}
	p := llm.Part{Kind: llm.ToolResult, Result: res}
	if more := without(item, "type", "call_id", "output"); more != nil {
		wire.Mark(&p.Extra, own, itemMark, more)
	}
	d.add(llm.ToolRole, p)
}
