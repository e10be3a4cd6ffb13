package anthropic

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// blocks reads content blocks, those of questions and of answers.
type blocks struct {
	// open: proofs that were sealed into ids and signatures are taken out. Only
	// a question can have them.
	open bool
	// inner: the blocks of a tool's result, which hold no further ones.
	inner bool
}

func (b blocks) list(name string, items wire.List) ([]llm.Part, *wire.Invalid) {
	n := items.Len()
	if n == 0 {
		return nil, nil
	}
	parts, i := make([]llm.Part, 0, n), 0
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		var bad *wire.Invalid
		if parts, bad = b.block(parts, v, items.Fields()); bad != nil {
			return nil, within(name, i, bad)
		}
		i++
	}
	return parts, nil
}

// block appends what a block is; that is more than one part where proofs were
// sealed into the id of a call.
func (b blocks) block(parts []llm.Part, raw llm.JSON, f wire.Fields) ([]llm.Part, *wire.Invalid) {
	if !wire.IsObject(raw) {
		return parts, invalid("", "must be an object")
	}
	kind := f.Get("type")
	if !wire.IsString(kind) {
		return parts, invalid("type", "must be a string")
	}
	switch wire.Word(kind) {
	case "text":
		return appendPart(parts, f, decodeText)
	case "image":
		return appendPart(parts, f, decodeImage)
	case "document":
		return appendPart(parts, f, decodeDocument)
	case "tool_use":
		return b.call(parts, f), nil
	case "tool_result":
		if !b.inner {
			return b.result(parts, f)
		}
	case "thinking":
		return b.thinking(parts, f), nil
	case "redacted_thinking":
		return b.redacted(parts, f), nil
	}
	return append(parts, opaque(raw)), nil
}

func appendPart(parts []llm.Part, f wire.Fields, decode func(*llm.Part, wire.Fields) *wire.Invalid) ([]llm.Part, *wire.Invalid) {
	var p llm.Part
	if bad := decode(&p, f); bad != nil {
		return parts, bad
	}
	return append(parts, p), nil
}

// opaque is a block that is nobody else's business: the tools that run at
// Anthropic, search results, documents made of blocks, and what is yet to come.
func opaque(raw llm.JSON) llm.Part {
	return llm.Part{Kind: llm.Opaque, Raw: raw, Extra: llm.Extra{From: own}}
}

func decodeText(p *llm.Part, f wire.Fields) *wire.Invalid {
	for known(&f, &p.Extra) {
		v := f.Value()
		switch name := f.Name(); {
		case name == "text" && wire.IsString(v):
			p.Text = v
		case name == "citations" && wire.IsArray(v) && wire.Len(v) > 0:
			p.Citations = decodeCitations(v)
		case name == "cache_control" && isCache(v):
			p.Cache = decodeCache(v)
		default:
			f.Keep(&p.Extra, own)
		}
	}
	if p.Text == nil {
		return invalid("text", "must be a string")
	}
	return nil
}

func decodeCitations(array llm.JSON) []llm.Citation {
	var list []llm.Citation
	items := wire.Items(array)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		list = append(list, decodeCitation(v))
	}
	return list
}

// decodeCitation reads a citation. Its places are those in the source, not in
// the text that rests on it, so Start and End are unknown.
func decodeCitation(raw llm.JSON) llm.Citation {
	c := llm.Citation{Start: -1, End: -1, Raw: raw, From: own}
	f := wire.NewFields(raw)
	for f.Next() {
		if !wire.IsString(f.Value()) {
			continue
		}
		switch f.Name() {
		case "url":
			c.URL = f.Value()
		case "title", "document_title":
			c.Title = f.Value()
		case "cited_text":
			c.Quote = f.Value()
		}
	}
	return c
}

func isCache(v llm.JSON) bool { return wire.Equal(wire.Get(v, "type"), "ephemeral") }

func decodeCache(v llm.JSON) *llm.Cache {
	c := &llm.Cache{}
	f := wire.NewFields(v)
	for known(&f, &c.Extra) {
		if f.Name() == "ttl" && wire.IsString(f.Value()) && !wire.EmptyText(f.Value()) {
			c.TTL = wire.Text(f.Value())
			continue
		}
		f.Keep(&c.Extra, own)
	}
	return c
}

func decodeImage(p *llm.Part, f wire.Fields) *wire.Invalid {
	decodeMedia(p, llm.Image, f)
	return nil
}

func decodeDocument(p *llm.Part, f wire.Fields) *wire.Invalid {
	decodeMedia(p, llm.Document, f)
	return nil
}

func decodeMedia(p *llm.Part, kind llm.Kind, f wire.Fields) {
	p.Kind = kind
	for known(&f, &p.Extra) {
		v := f.Value()
		switch name := f.Name(); {
		case name == "source":
			p.Media = withTitle(decodeSource(f.Fields()), p.Media)
		case name == "title" && kind == llm.Document && wire.IsString(v):
			p.Media = withTitle(p.Media, &llm.Media{Title: v})
		case name == "context" && kind == llm.Document && wire.IsString(v):
			p.Media = withTitle(p.Media, &llm.Media{Context: v})
		case name == "cache_control" && isCache(v):
			p.Cache = decodeCache(v)
		default:
			f.Keep(&p.Extra, own)
		}
	}
	if p.Media == nil || p.Media.Extra.From != own {
		*p = opaque(f.Object())
	}
}

// withTitle brings what is told of a document beside its source together with
// the source, in whatever order they come.
func withTitle(m, titles *llm.Media) *llm.Media {
	if m == nil || titles == nil {
		if m == nil {
			return titles
		}
		return m
	}
	if titles.Title != nil {
		m.Title = titles.Title
	}
	if titles.Context != nil {
		m.Context = titles.Context
	}
	return m
}

// decodeSource reads where a picture or a document is; nil is a source that
// only Anthropic understands.
func decodeSource(f wire.Fields) *llm.Media {
	m := &llm.Media{Extra: llm.Extra{From: own}}
	kind, ok := wire.Word(f.Get("type")), false
	for known(&f, &m.Extra) {
		v := f.Value()
		if !wire.IsString(v) {
			f.Keep(&m.Extra, own)
			continue
		}
		switch kind + "." + f.Name() {
		case "base64.media_type", "text.media_type":
			m.MIME = wire.Text(v)
		case "base64.data":
			m.Data, ok = wire.TextBytes(v), true
		case "text.data":
			m.Text, ok = v, true
		case "url.url":
			m.URL, ok = v, true
		case "file.file_id":
			m.File, ok = v, true
		default:
			f.Keep(&m.Extra, own)
		}
	}
	if !ok {
		return nil
	}
	return m
}

func (b blocks) call(parts []llm.Part, f wire.Fields) []llm.Part {
	p := llm.Part{Kind: llm.ToolCall, Call: &llm.Call{}, Extra: llm.Extra{From: own}}
	for known(&f, &p.Extra) {
		v := f.Value()
		switch name := f.Name(); {
		case name == "id" && wire.IsString(v):
			p.Call.ID = wire.Text(v)
		case name == "name" && wire.IsString(v):
			p.Call.Name = wire.Text(v)
		case name == "input" && wire.IsObject(v):
			p.Call.Args = v
		case name == "cache_control" && isCache(v):
			p.Cache = decodeCache(v)
		default:
			f.Keep(&p.Extra, own)
		}
	}
	if !b.open {
		return append(parts, p)
	}
	var proofs []wire.Proof
	p.Call.ID, proofs = wire.OpenID(p.Call.ID)
	for _, proof := range proofs {
		if proof.Kind == llm.ToolCall {
			p.Signature, p.SignedBy = proof.Signature, proof.By
			continue
		}
		parts = append(parts, proven(proof))
	}
	return append(parts, p)
}

// proven is the part that a proof was taken from.
func proven(proof wire.Proof) llm.Part {
	p := llm.Part{Kind: proof.Kind, Signature: proof.Signature, SignedBy: proof.By}
	if p.Kind == llm.Thinking {
		p.Text = llm.JSON(`""`)
	}
	return p
}

func (b blocks) thinking(parts []llm.Part, f wire.Fields) []llm.Part {
	p := llm.Part{Kind: llm.Thinking, Extra: llm.Extra{From: own}}
	for known(&f, &p.Extra) {
		v := f.Value()
		switch name := f.Name(); {
		case name == "thinking" && wire.IsString(v):
			p.Text = v
		case name == "signature" && wire.IsString(v) && !wire.EmptyText(v):
			p.Signature, p.SignedBy = v, own
		default:
			f.Keep(&p.Extra, own)
		}
	}
	if proof, ok := b.sealed(p.Signature); ok {
		p.Signature, p.SignedBy, p.Extra = proof.Signature, proof.By, llm.Extra{}
		if wire.EmptyText(p.Signature) {
			p.Signature = nil
		}
	}
	return append(parts, p)
}

// redacted reads thoughts that nobody may see. What follows a call there may
// be the call's own proof: see streamEncoder.proof.
func (b blocks) redacted(parts []llm.Part, f wire.Fields) []llm.Part {
	data := f.Get("data")
	if !wire.IsString(data) {
		return append(parts, opaque(f.Object()))
	}
	proof, ok := b.sealed(data)
	if ok && proof.Kind == llm.ToolCall {
		if n := len(parts) - 1; n >= 0 && parts[n].Kind == llm.ToolCall {
			parts[n].Signature, parts[n].SignedBy = proof.Signature, proof.By
		}
		return parts
	}
	if ok {
		return append(parts, proven(proof))
	}
	p := llm.Part{Kind: llm.Redacted, Signature: data, SignedBy: own, Extra: llm.Extra{From: own}}
	for known(&f, &p.Extra) {
		if f.Name() != "data" {
			f.Keep(&p.Extra, own)
		}
	}
	return append(parts, p)
}

// sealed gives the proof of another provider that stands in place of a
// signature.
func (b blocks) sealed(signature llm.JSON) (wire.Proof, bool) {
	if !b.open || signature == nil {
		return wire.Proof{}, false
	}
	rest, proofs := wire.OpenID(wire.Text(signature))
	if rest != "" || len(proofs) != 1 {
		return wire.Proof{}, false
	}
	return proofs[0], true
}

func (b blocks) result(parts []llm.Part, f wire.Fields) ([]llm.Part, *wire.Invalid) {
	res := &llm.Result{}
	p := llm.Part{Kind: llm.ToolResult, Result: res, Extra: llm.Extra{From: own}}
	for known(&f, &p.Extra) {
		v := f.Value()
		switch name := f.Name(); {
		case name == "tool_use_id" && wire.IsString(v):
			res.ID, _ = wire.OpenID(wire.Text(v))
		case name == "content" && wire.IsString(v):
			res.Plain, res.Parts = true, []llm.Part{{Kind: llm.Text, Text: v}}
		case name == "content" && wire.IsArray(v) && wire.Len(v) > 0:
			var bad *wire.Invalid
			if res.Parts, bad = (blocks{open: b.open, inner: true}).list(name, f.Items()); bad != nil {
				return parts, bad
			}
		case name == "is_error" && wire.IsTrue(v):
			res.Failed = true
		case name == "cache_control" && isCache(v):
			p.Cache = decodeCache(v)
		default:
			f.Keep(&p.Extra, own)
		}
	}
	return append(parts, p), nil
}
