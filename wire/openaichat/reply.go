package openaichat

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// EncodeResponse implements wire.Client.
func (Client) EncodeResponse(dst []byte, a *llm.Response, _ *llm.Request) []byte {
	w := wire.Writer{Buf: dst}
	same := a.Extra.From == own
	w.Object()
	w.StringMember("id", a.ID)
	if a.Extra.Get(own, "object") == nil {
		w.StringMember("object", "chat.completion")
	}
	if a.Created > 0 {
		w.IntMember("created", a.Created)
	}
	w.StringMember("model", a.Model)
	w.Name("choices")
	w.Array()
	for i := range a.Choices {
		writeChoice(&w, &a.Choices[i], same)
	}
	w.EndArray()
	if raw, ok := wire.Marked(&a.Usage.Extra, own, "usage"); ok {
		w.Member("usage", raw)
	} else if a.Usage.Known() {
		w.Name("usage")
		writeUsage(&w, &a.Usage)
	}
	if !same {
		w.StringMember("service_tier", a.Usage.ServiceTier)
	}
	w.Extra(&a.Extra, own)
	w.EndObject()
	return w.Buf
}

func writeChoice(w *wire.Writer, c *llm.Choice, same bool) {
	w.Object()
	if _, without := wire.Marked(&c.Extra, own, "no index"); !without {
		w.IntMember("index", int64(c.Index))
	}
	w.Name("message")
	writeSaid(w, c, same)
	w.Member("logprobs", c.Logprobs)
	switch {
	case same:
		w.StringMember("finish_reason", c.Reason)
	default:
		w.Name("finish_reason")
		w.String(reasonOf(c.Finish, c.Parts))
	}
	w.Extra(&c.Extra, own)
	w.EndObject()
}

func reasonOf(f llm.Finish, parts []llm.Part) string {
	if f == llm.Unfinished || f == llm.FinishStop {
		if hasCalls(parts) {
			return reasons[llm.FinishTools]
		}
		return reasons[llm.FinishStop]
	}
	return reasons[f]
}

func writeSaid(w *wire.Writer, c *llm.Choice, same bool) {
	w.Object()
	if c.Inner.Get(own, "role") == nil {
		w.StringMember("role", "assistant")
	}
	writeContent(w, c, same)
	if same {
		writeOwnRefusal(w, c)
	} else {
		writeForeign(w, c)
	}
	writeCalls(w, c, same)
	sources(w, &c.Inner)
	w.Extra(&c.Inner, own)
	w.EndObject()
}

// writeContent writes the texts: as one, unless the answer had a list.
func writeContent(w *wire.Writer, c *llm.Choice, same bool) {
	var texts []llm.JSON
	var list []llm.Part
	for i := range c.Parts {
		p := &c.Parts[i]
		if isKept(p) {
			continue
		}
		if _, part := asPart(p); part && same {
			list = append(list, *p)
			continue
		}
		switch p.Kind {
		case llm.Text:
			texts = append(texts, p.Text)
			list = append(list, *p)
		case llm.Image, llm.Audio, llm.Document, llm.Opaque:
			list = append(list, *p)
		case llm.Refusal:
			if _, member := wire.Marked(&p.Extra, own, "member"); same && !member {
				list = append(list, *p)
			}
		case llm.Video, llm.ToolCall, llm.ToolResult, llm.Thinking, llm.Redacted:
		}
	}
	_, plain := wire.Marked(&c.Inner, own, "plain")
	switch {
	case same && !plain && len(list) > 0:
		e := encoder{w: w, same: true}
		e.parts(list, nil, false)
	case len(texts) > 0:
		w.Name("content")
		if len(texts) == 1 {
			w.Raw(texts[0])
		} else {
			w.Raw(wire.Join("", texts...))
		}
	case !same:
		w.Name("content")
		w.Raw(nil)
	}
}

func writeOwnRefusal(w *wire.Writer, c *llm.Choice) {
	for i := range c.Parts {
		if p := &c.Parts[i]; p.Kind == llm.Refusal {
			if _, member := wire.Marked(&p.Extra, own, "member"); member {
				w.Member("refusal", p.Text)
			}
		}
	}
}

// writeForeign writes what of another format's answer has a place in this one,
// or in what other services made of it.
func writeForeign(w *wire.Writer, c *llm.Choice) {
	var refusals, thoughts []llm.JSON
	for i := range c.Parts {
		switch p := &c.Parts[i]; p.Kind {
		case llm.Refusal:
			refusals = append(refusals, p.Text)
		case llm.Thinking:
			thoughts = append(thoughts, p.Text)
		case llm.Text, llm.Image, llm.Audio, llm.Video, llm.Document, llm.ToolCall, llm.ToolResult, llm.Redacted, llm.Opaque:
		}
	}
	w.Name("refusal")
	if len(refusals) > 0 {
		w.Raw(wire.Join("", refusals...))
	} else {
		w.Raw(nil)
	}
	if len(thoughts) > 0 {
		w.Member("reasoning_content", wire.Join("", thoughts...))
	}
	writeReasoning(w, c.Parts)
	writeImages(w, c.Parts)
	writeCitations(w, c.Parts)
}

// writeReasoning writes the thoughts that came with a proof, so that clients
// who know the list can give it back.
func writeReasoning(w *wire.Writer, parts []llm.Part) {
	open := false
	for i := range parts {
		p := &parts[i]
		if p.Kind != llm.Thinking && p.Kind != llm.Redacted || p.Signature == nil {
			continue
		}
		if !open {
			w.Name("reasoning_details")
			w.Array()
			open = true
		}
		writeDetail(w, p)
	}
	if open {
		w.EndArray()
	}
}

func writeDetail(w *wire.Writer, p *llm.Part) {
	w.Object()
	if p.Kind == llm.Redacted {
		w.StringMember("type", "reasoning.encrypted")
		w.Member("data", p.Signature)
	} else {
		w.StringMember("type", "reasoning.text")
		w.Member("text", p.Text)
		w.Member("signature", p.Signature)
	}
	w.StringMember("format", signerName(p.SignedBy))
	w.EndObject()
}

func writeImages(w *wire.Writer, parts []llm.Part) {
	open := false
	for i := range parts {
		p := &parts[i]
		if p.Kind != llm.Image || p.Media.Data == nil && p.Media.URL == nil {
			continue
		}
		if !open {
			w.Name("images")
			w.Array()
			open = true
		}
		writeImage(w, p.Media)
	}
	if open {
		w.EndArray()
	}
}

func writeImage(w *wire.Writer, m *llm.Media) {
	e := encoder{w: w}
	e.w.Object()
	e.image(m)
	e.w.EndObject()
}

func writeCitations(w *wire.Writer, parts []llm.Part) {
	open := false
	for i := range parts {
		for k := range parts[i].Citations {
			c := &parts[i].Citations[k]
			if c.URL == nil {
				continue
			}
			if !open {
				w.Name("annotations")
				w.Array()
				open = true
			}
			writeCitation(w, c)
		}
	}
	if open {
		w.EndArray()
	}
}

func writeCitation(w *wire.Writer, c *llm.Citation) {
	if c.From == own {
		w.Raw(c.Raw)
		return
	}
	w.Object()
	w.StringMember("type", "url_citation")
	w.Name("url_citation")
	w.Object()
	w.Member("url", c.URL)
	w.Member("title", c.Title)
	if c.Start >= 0 && c.End >= c.Start {
		w.IntMember("start_index", int64(c.Start))
		w.IntMember("end_index", int64(c.End))
	}
	w.EndObject()
	w.EndObject()
}

func writeCalls(w *wire.Writer, c *llm.Choice, same bool) {
	_, old := wire.Marked(&c.Inner, own, "function_call")
	sealed, open := wire.SealedIDs(c.Parts, own), false
	for i := range c.Parts {
		p := &c.Parts[i]
		if p.Kind != llm.ToolCall {
			continue
		}
		if old {
			w.Name("function_call")
			writeFunction(w, p.Call)
			return
		}
		if !open {
			w.Name("tool_calls")
			w.Array()
			open = true
		}
		id := p.Call.ID
		if !same {
			id = sealed(i)
		}
		writeCall(w, p, id)
	}
	if open {
		w.EndArray()
	}
}
