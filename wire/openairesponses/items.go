package openairesponses

import (
	"bytes"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

var emptyText = llm.JSON(`""`)

// messageParts are the parts of a message item of the assistant. The first is
// marked with what the item has besides; there a content that is one string
// shows as "".
func messageParts(dst []llm.Part, item llm.JSON) []llm.Part {
	content := wire.Get(item, "content")
	first := len(dst)
	if wire.IsString(content) {
		dst = append(dst, llm.Part{Kind: llm.Text, Text: content})
	} else {
		dst = contentParts(dst, content, outputText)
	}
	dst[first].Extra.From = own
	wire.Mark(&dst[first].Extra, own, itemMark, messageMark(item))
	return dst
}

func messageMark(item llm.JSON) llm.JSON {
	var w wire.Writer
	w.Object()
	for f := wire.NewFields(item); f.Next(); {
		if f.Name() != "content" {
			name(&w, f.Name())
			w.Raw(f.Value())
		} else if wire.IsString(f.Value()) {
			w.Member("content", emptyText)
		}
	}
	w.EndObject()
	return w.Buf
}

// reasoningPart reads a reasoning item. Its summaries and its texts are one
// text; where that cannot be undone they are kept.
func reasoningPart(item llm.JSON) (llm.Part, bool) {
	summary, content := wire.Get(item, "summary"), wire.Get(item, "content")
	p := llm.Part{Kind: llm.Thinking, Text: reasoningTexts(summary, content)}
	names := []string{"type"}
	if sealed := wire.Get(item, "encrypted_content"); wire.IsString(sealed) {
		p.Signature, p.SignedBy = sealed, own
		names = append(names, "encrypted_content")
	}
	if content == nil && isCanonicalSummary(summary) {
		names = append(names, "summary")
	}
	// Without a signature the mark is what tells that the item may go back.
	more := without(item, names...)
	if more == nil && p.Signature == nil {
		more = llm.JSON(`{}`)
	}
	if more != nil {
		wire.Mark(&p.Extra, own, itemMark, more)
	}
	return p, wire.IsArray(summary) || summary == nil
}

func isCanonicalSummary(summary llm.JSON) bool {
	if !wire.IsArray(summary) || wire.Len(summary) > 1 {
		return false
	}
	items := wire.Items(summary)
	v, ok := items.Next()
	if !ok {
		return true
	}
	text := wire.Get(v, "text")
	return wire.IsString(text) && !wire.EmptyText(text) && wire.Equal(wire.Get(v, "type"), summaryText) && without(v, "type", "text") == nil
}

// separator stands between the summaries of an item.
const separator = "\n\n"

var quotedSeparator = llm.JSON(`"\n\n"`)

// reasoningTexts joins the texts of both lists.
func reasoningTexts(lists ...llm.JSON) llm.JSON {
	var texts []llm.JSON
	for _, list := range lists {
		items := wire.Items(list)
		for v, ok := items.Next(); ok; v, ok = items.Next() {
			if text := wire.Get(v, "text"); wire.IsString(text) {
				texts = append(texts, text)
			}
		}
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return wire.Join(separator, texts...)
}

// callPart reads a function_call or custom_tool_call item.
func callPart(item llm.JSON) (llm.Part, bool) {
	args := argsName(wire.Equal(wire.Get(item, "type"), typeCustom))
	call := &llm.Call{Custom: args == "input"}
	whole := 0
	for f := wire.NewFields(item); f.Next(); {
		v := f.Value()
		if !wire.IsString(v) {
			continue
		}
		switch f.Name() {
		case "call_id":
			call.ID = wire.Text(v)
			whole++
		case "name":
			call.Name = wire.Text(v)
			whole++
		case args:
			call.Args = wire.TextBytes(v)
			whole++
		}
	}
	p := llm.Part{Kind: llm.ToolCall, Call: call}
	if more := without(item, "type", "call_id", "name", args); more != nil {
		wire.Mark(&p.Extra, own, itemMark, more)
	}
	return p, whole == 3
}

// argsName is the member that holds what a tool is called with.
func argsName(custom bool) string {
	if custom {
		return "input"
	}
	return "arguments"
}

// mark of an item that begins with the part, nil if there is none.
func mark(p *llm.Part) llm.JSON { return itemOf(&p.Extra) }

func itemOf(x *llm.Extra) llm.JSON {
	v, _ := wire.Marked(x, own, itemMark)
	return v
}

// writeReasoning writes the item of a thought. id is what it is called if it
// has no name of its own.
func writeReasoning(w *wire.Writer, p *llm.Part, id, sealed string) {
	w.Object()
	w.Name("type")
	w.String(typeReasoning)
	m := mark(p)
	if m == nil {
		w.StringMember("id", id)
	}
	if p.SignedBy == own {
		w.Member("encrypted_content", p.Signature)
	}
	w.StringMember("encrypted_content", sealed)
	kept := wire.Get(m, "summary") != nil || wire.Get(m, "content") != nil
	if kept && bytes.Equal(reasoningTexts(wire.Get(m, "summary"), wire.Get(m, "content")), p.Text) {
		rest(w, m)
		w.EndObject()
		return
	}
	rest(w, m, "summary", "content")
	w.Name("summary")
	writeSummary(w, p.Text)
	w.EndObject()
}

func writeSummary(w *wire.Writer, text llm.JSON) {
	w.Array()
	if wire.IsString(text) && !wire.EmptyText(text) {
		writeText(w, summaryText, text)
	}
	w.EndArray()
}

func writeText(w *wire.Writer, kind string, text llm.JSON) {
	w.Object()
	w.Name("type")
	w.String(kind)
	w.Member("text", text)
	w.EndObject()
}

// callType is the type of a call's item.
func callType(custom bool) string {
	if custom {
		return typeCustom
	}
	return typeCall
}

// writeCall writes the item of a call. more is what it has besides.
func writeCall(w *wire.Writer, c *llm.Call, callID string, more llm.JSON) {
	w.Object()
	w.Name("type")
	w.String(callType(c.Custom))
	rest(w, more)
	w.Name("call_id")
	w.String(callID)
	w.Name("name")
	w.String(c.Name)
	w.Name(argsName(c.Custom))
	w.Buf = append(w.Buf, callArgs(c)...)
	w.EndObject()
}

// callArgs is the text of the arguments, as a string.
func callArgs(c *llm.Call) []byte { return jsonscan.AppendQuote(nil, c.Args) }
