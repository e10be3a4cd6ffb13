package bedrock

import (
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// readBlocks reads a list of content blocks. Every part says that it is ours
// (Extra.From), even if nothing is kept with it: what Bedrock has accepted once
// is written back as it was.
func readBlocks(array llm.JSON) []llm.Part {
	var parts []llm.Part
	items := wire.Items(array)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		if c := readCache(v); c != nil && len(parts) > 0 && parts[len(parts)-1].Cache == nil {
			parts[len(parts)-1].Cache = c
			continue
		}
		parts = readBlock(parts, v)
	}
	return parts
}

// readBlock appends the part that a block is, after those whose proofs
// travelled in its id.
func readBlock(parts []llm.Part, v llm.JSON) []llm.Part {
	var p llm.Part
	var kept llm.Extra
	known := false
	f := wire.NewFields(v)
	for f.Next() {
		if !known {
			if p, known = readMember(f.Name(), f.Value()); known {
				continue
			}
		}
		f.Keep(&kept, own)
	}
	if !known {
		return append(parts, llm.Part{Kind: llm.Opaque, Raw: v, Extra: llm.Extra{From: own}})
	}
	p.Extra.From = own
	p.Extra.Members = append(p.Extra.Members, kept.Members...)
	if p.Kind == llm.ToolCall {
		parts = unseal(parts, &p)
	}
	return append(parts, p)
}

// unseal takes the proofs of other formats out of a call's id.
func unseal(parts []llm.Part, call *llm.Part) []llm.Part {
	id, proofs := wire.OpenID(call.Call.ID)
	call.Call.ID = id
	for _, proof := range proofs {
		if proof.Kind == llm.ToolCall {
			call.Signature, call.SignedBy = proof.Signature, proof.By
		}
		if proof.Kind == llm.Thinking || proof.Kind == llm.Redacted {
			parts = append(parts, llm.Part{Kind: proof.Kind, Signature: proof.Signature, SignedBy: proof.By})
		}
	}
	return parts
}

// readMember reads the member of a block that says what it is. What it does not
// understand wholly is left to be opaque.
func readMember(name string, v llm.JSON) (llm.Part, bool) {
	switch name {
	case "text":
		return llm.Part{Kind: llm.Text, Text: v}, wire.IsString(v)
	case "image":
		return readMedia(llm.Image, v)
	case "document":
		return readMedia(llm.Document, v)
	case "video":
		return readMedia(llm.Video, v)
	case "audio":
		return readMedia(llm.Audio, v)
	case "toolUse":
		return readCall(v)
	case "toolResult":
		return readResult(v)
	case "reasoningContent":
		return readReasoning(v)
	case "citationsContent":
		return readCitations(v)
	case "guardContent":
		return readGuard(v)
	}
	return llm.Part{}, false
}

// readCache reads a block that is a cache point, nil if it is none.
func readCache(v llm.JSON) *llm.Cache {
	name, point, ok := single(v)
	if !ok || name != "cachePoint" || !wire.IsString(wire.Get(point, "type")) {
		return nil
	}
	c := &llm.Cache{Extra: llm.Extra{From: own}}
	f := wire.NewFields(point)
	for f.Next() {
		if f.Name() == "ttl" && wire.Text(f.Value()) != "" {
			c.TTL = wire.Text(f.Value())
			continue
		}
		if f.Name() != "type" || !wire.Equal(f.Value(), "default") {
			f.Keep(&c.Extra, own)
		}
	}
	return c
}

func readCall(v llm.JSON) (llm.Part, bool) {
	call := &llm.Call{Extra: llm.Extra{From: own}}
	ids := 0
	f := wire.NewFields(v)
	for f.Next() {
		switch name, value := f.Name(), f.Value(); {
		case name == "toolUseId" && wire.IsString(value):
			call.ID = wire.Text(value)
			ids++
		case name == "name" && wire.IsString(value):
			call.Name = wire.Text(value)
			ids++
		case name == "input":
			call.Args = value
			if !wire.IsObject(value) {
				f.Keep(&call.Extra, own)
			}
		case name == "type" && wire.Equal(value, "server_tool_use"):
			return llm.Part{}, false
		default:
			f.Keep(&call.Extra, own)
		}
	}
	return llm.Part{Kind: llm.ToolCall, Call: call}, ids == 2
}

// readResult reads a tool's result. Results of the provider's own tools have a
// type of their own, and stay as they are.
func readResult(v llm.JSON) (llm.Part, bool) {
	p := llm.Part{Kind: llm.ToolResult, Result: &llm.Result{}}
	var kept llm.Extra
	found := 0
	f := wire.NewFields(v)
	for f.Next() {
		switch name, value := f.Name(), f.Value(); {
		case name == "toolUseId" && wire.IsString(value):
			p.Result.ID, _ = wire.OpenID(wire.Text(value))
			found++
		case name == "content" && wire.IsArray(value):
			readContent(p.Result, value)
			found++
		case name == "status" && wire.Equal(value, "error"):
			p.Result.Failed = true
		case name == "type" && !wire.Equal(value, "tool_result"):
			return p, false
		default:
			f.Keep(&kept, own)
		}
	}
	if len(kept.Members) > 0 {
		nest(&p.Extra, "toolResult", &kept)
	}
	return p, found == 2
}

// readContent reads what a tool gave: one value, or parts. JSON among parts is
// its text, with the value kept.
func readContent(r *llm.Result, array llm.JSON) {
	items := wire.Items(array)
	first, _ := items.Next()
	if name, value, ok := single(first); ok && name == "json" && wire.Len(array) == 1 {
		r.Value = value
		return
	}
	items = wire.Items(array)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		if name, value, one := single(v); one && name == "json" {
			p := llm.Part{Kind: llm.Text, Text: wire.Quote(string(value))}
			p.Extra = llm.Extra{From: own, Members: []llm.Member{{Name: "json", Value: value}}}
			r.Parts = append(r.Parts, p)
			continue
		}
		r.Parts = readBlock(r.Parts, v)
	}
}

func readReasoning(v llm.JSON) (llm.Part, bool) {
	name, value, ok := single(v)
	switch {
	case !ok:
		return llm.Part{}, false
	case name == "redactedContent" && wire.IsString(value):
		return openRedacted(value), true
	case name != "reasoningText":
		return llm.Part{}, false
	}
	p := llm.Part{Kind: llm.Thinking, SignedBy: own}
	f := wire.NewFields(value)
	for f.Next() {
		switch {
		case f.Name() == "text" && wire.IsString(f.Value()):
			p.Text = f.Value()
		case f.Name() == "signature" && wire.IsString(f.Value()):
			p.Signature = f.Value()
		default:
			return p, false
		}
	}
	openSigned(&p)
	return p, p.Text != nil
}

// openSigned takes the signature of another format out of ours.
func openSigned(p *llm.Part) {
	if !strings.HasPrefix(wire.Text(p.Signature), "-") {
		return
	}
	if rest, proofs := wire.OpenID(wire.Text(p.Signature)); rest == "" && len(proofs) == 1 {
		p.Signature, p.SignedBy = proofs[0].Signature, proofs[0].By
	}
}

func readCitations(v llm.JSON) (llm.Part, bool) {
	list := wire.Get(v, "citations")
	content := wire.Get(v, "content")
	p := llm.Part{Kind: llm.Text, Text: llm.JSON(`""`)}
	if content != nil {
		p.Text = joinTexts(content)
	}
	if !wire.IsArray(list) || p.Text == nil {
		return p, false
	}
	items := wire.Items(list)
	for c, ok := items.Next(); ok; c, ok = items.Next() {
		p.Citations = append(p.Citations, readCitation(c))
	}
	p.Extra = llm.Extra{From: own, Members: []llm.Member{{Name: "citationsContent", Value: v}}}
	return p, true
}

func readCitation(v llm.JSON) llm.Citation {
	c := llm.Citation{Start: -1, End: -1, Raw: v, From: own}
	if title := wire.Get(v, "title"); wire.IsString(title) {
		c.Title = title
	}
	if link := wire.Get(v, "location", "web", "url"); wire.IsString(link) {
		c.URL = link
	}
	if quote := joinTexts(wire.Get(v, "sourceContent")); len(quote) > 2 {
		c.Quote = quote
	}
	return c
}

// readGuard reads the text that a guardrail shall look at; to any other model it
// is text like all.
func readGuard(v llm.JSON) (llm.Part, bool) {
	name, value, ok := single(v)
	text := wire.Get(value, "text")
	if !ok || name != "text" || !wire.IsString(text) {
		return llm.Part{}, false
	}
	p := llm.Part{Kind: llm.Text, Text: text}
	p.Extra.Members = []llm.Member{{Name: "guardContent", Value: v}}
	return p, true
}
