package mistral

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
	if _, said := wire.Marked(&a.Extra, own, "object"); said || !same {
		w.StringMember("object", "chat.completion")
	}
	if a.Created > 0 || !same {
		w.IntMember("created", a.Created)
	}
	w.StringMember("model", a.Model)
	w.Name("choices")
	w.Array()
	for i := range a.Choices {
		writeChoice(&w, &a.Choices[i], same)
	}
	w.EndArray()
	if _, said := wire.Marked(&a.Usage.Extra, own, "usage"); said || a.Usage.Known() || !same {
		writeUsage(&w, &a.Usage)
	}
	w.Extra(&a.Extra, own)
	w.EndObject()
	return w.Buf
}

func writeChoice(w *wire.Writer, c *llm.Choice, same bool) {
	w.Object()
	if at, said := wire.Marked(&c.Extra, own, "index"); said {
		w.Member("index", at)
	} else if !same {
		w.IntMember("index", int64(c.Index))
	}
	if _, said := wire.Marked(&c.Extra, own, "message"); said || !same {
		w.Name("message")
		writeSaid(w, c, same)
	}
	w.Member("logprobs", c.Logprobs)
	switch {
	case !same:
		w.StringMember("finish_reason", reasonOf(c.Finish, c.Reason, hasCalls(c.Parts)))
	case c.Reason != "":
		w.StringMember("finish_reason", c.Reason)
	}
	w.Extra(&c.Extra, own)
	w.EndObject()
}

func writeSaid(w *wire.Writer, c *llm.Choice, same bool) {
	w.Object()
	if _, said := wire.Marked(&c.Inner, own, "role"); said || !same {
		w.StringMember("role", roles[llm.Assistant])
	}
	list := answered(c.Parts)
	if same {
		writeOwn(w, c, list)
	} else {
		writeForeign(w, list)
		if !hasCalls(c.Parts) {
			w.Name("tool_calls")
			w.Raw(nil)
		}
	}
	writeCalls(w, c.Parts, wire.SealedIDs(c.Parts, own))
	w.Extra(&c.Inner, own)
	w.EndObject()
}

// answered are the parts that stand in the content of an answer.
func answered(parts []llm.Part) []llm.Part {
	var list []llm.Part
	for i := range parts {
		p := &parts[i]
		if _, kept := wire.Marked(&p.Extra, own, "kept"); kept || !shown(p) {
			continue
		}
		if p.Kind == llm.Thinking && p.Extra.From != own && wire.EmptyText(p.Text) {
			continue
		}
		list = append(list, *p)
	}
	return list
}

func writeOwn(w *wire.Writer, c *llm.Choice, list []llm.Part) {
	_, plain := wire.Marked(&c.Inner, own, "plain")
	switch {
	case len(list) == 0:
	case plain && len(list) == 1 && list[0].Kind == llm.Text:
		w.Member("content", list[0].Text)
	default:
		w.Name("content")
		writeChunks(w, list)
	}
}

// writeForeign writes the content of another format's answer: one text, unless
// there is more than texts.
func writeForeign(w *wire.Writer, list []llm.Part) {
	var texts []llm.JSON
	for i := range list {
		if list[i].Kind == llm.Text || list[i].Kind == llm.Refusal {
			texts = append(texts, list[i].Text)
		}
	}
	w.Name("content")
	switch {
	case len(texts) < len(list):
		writeChunks(w, list)
	case len(texts) == 1:
		w.Raw(texts[0])
	default:
		w.Raw(wire.Join("", texts...))
	}
}
