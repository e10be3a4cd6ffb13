package openairesponses

import (
	"bytes"
	"slices"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// outItem is an item that is being written.
type outItem struct {
	index  int
	kind   string // message, or nothing
	id     string // item_id of its events
	native bool
	// mark are the members that it has besides.
	mark  llm.JSON
	parts []*outPart
	done  bool
	// body is the whole item, at last.
	body llm.JSON
}

// outPart is a part of it.
type outPart struct {
	item  *outItem
	kind  llm.Kind
	index int // content_index
	// text so far, a string without its quotes.
	text []byte
	// thoughts are the texts of a thought, which are told apart.
	thoughts  []thought
	summaries int
	// cites and logprobs so far, without brackets.
	cites, logprobs []byte
	cited           int
	call            llm.Call
	proofs          []wire.Proof // that came before the call
	raw             llm.JSON     // of an Opaque part
	picture         []byte       // of an Image, in base64
	kept            llm.JSON     // members that a content has besides
	signature       llm.JSON
	signedBy        llm.Format
	ended           bool
}

type thought struct {
	list string // summary or content
	n    int    // place in it
	text []byte
}

// begin begins a part.
func (s *stream) begin(index int, p *llm.Part) *outPart {
	if s.parts[index] != nil {
		return s.parts[index]
	}
	t := &outPart{kind: p.Kind, signature: bytes.Clone(p.Signature), signedBy: p.SignedBy, raw: bytes.Clone(p.Raw)}
	if p.Call != nil {
		t.call = llm.Call{ID: p.Call.ID, Name: p.Call.Name, Custom: p.Call.Custom}
	}
	if !s.writable(p) {
		return nil
	}
	s.parts[index] = t
	if p.Kind != llm.ToolCall {
		s.proofs.Part(&llm.Part{Kind: p.Kind, Signature: p.Signature, SignedBy: p.SignedBy})
	}
	if isText(p) {
		s.beginContent(t, p)
	} else {
		s.beginItem(t, p)
	}
	s.inherit(t, p)
	return t
}

// writable tells whether the API has a place for the part.
func (s *stream) writable(p *llm.Part) bool {
	if p.Kind == llm.Opaque {
		return p.Extra.From == own && wire.IsObject(p.Raw)
	}
	if p.Kind == llm.ToolCall {
		return p.Call != nil
	}
	if p.Kind == llm.Image {
		return p.Media != nil && p.Media.Data != nil
	}
	return p.Kind == llm.Text || p.Kind == llm.Refusal || p.Kind == llm.Thinking || p.Kind == llm.Redacted
}

// inherit writes what a part brings with it from the start.
func (s *stream) inherit(t *outPart, p *llm.Part) {
	if p.Text != nil && !wire.EmptyText(p.Text) {
		s.append(t, p.Text, nil)
	}
	if p.Call != nil && len(p.Call.Args) > 0 {
		s.append(t, callArgs(p.Call), nil)
	}
	for i := range p.Citations {
		s.annotate(t, &p.Citations[i])
	}
}

func (s *stream) newItem(kind, prefix string, p *llm.Part) *outItem {
	s.closeMessage(s.message)
	m := mark(p)
	it := &outItem{index: len(s.items), kind: kind, native: p.Extra.From == own, mark: bytes.Clone(m)}
	it.id = wire.Text(wire.Get(m, "id"))
	if it.id == "" {
		it.id = itemID(prefix, s.id, it.index)
	}
	if !it.native {
		it.mark = madeUp("", it.id, statusInProgress)
	}
	s.items = append(s.items, it)
	return it
}

// beginContent begins a content of a message, and the message if there is none.
func (s *stream) beginContent(t *outPart, p *llm.Part) {
	if s.message == nil || s.message.done || mark(p) != nil {
		it := s.newItem(typeMessage, "msg", p)
		s.message = it
		if mark(p) == nil {
			it.mark = madeUp(typeMessage, it.id, statusInProgress)
		}
		s.open("response.output_item.added")
		s.w.IntMember("output_index", int64(it.index))
		s.w.Name("item")
		s.w.Object()
		rest(&s.w, it.mark, "content")
		s.w.Name("content")
		s.w.Literal("[]")
		s.w.EndObject()
		s.close()
	}
	t.item = s.message
	t.index = len(t.item.parts)
	t.item.parts = append(t.item.parts, t)
	t.kept = keptOf(p)
	s.place(t, "response.content_part.added")
	s.w.Name("part")
	s.writeContent(t)
	s.close()
}

func keptOf(p *llm.Part) llm.JSON {
	var w wire.Writer
	w.Object()
	extraBut(&w, &p.Extra, contentMark, "annotations", "logprobs")
	w.EndObject()
	return w.Buf
}

// place begins an event about a content.
func (s *stream) place(t *outPart, kind string) {
	s.about(t.item, kind)
	s.w.IntMember("content_index", int64(t.index))
}

// about begins an event about an item.
func (s *stream) about(it *outItem, kind string) {
	s.open(kind)
	s.w.Name("item_id")
	s.w.String(it.id)
	s.w.IntMember("output_index", int64(it.index))
}

// writeContent writes a content as it is so far.
func (s *stream) writeContent(t *outPart) {
	w := &s.w
	if t.kind == llm.Opaque {
		w.Raw(t.raw)
		return
	}
	kind, name := outputText, "text"
	if t.kind == llm.Refusal {
		kind, name = refusalText, refusalText
	}
	w.Object()
	if wire.Get(t.kept, "type") == nil {
		w.Name("type")
		w.String(kind)
	}
	w.Name(name)
	w.Raw(quoted(t.text))
	if t.kind == llm.Text {
		w.Name("annotations")
		w.Raw(listed(t.cites))
		w.Name("logprobs")
		w.Raw(listed(t.logprobs))
	}
	rest(w, t.kept)
	w.EndObject()
}

func quoted(inner []byte) llm.JSON {
	return append(append([]byte{'"'}, inner...), '"')
}

func listed(inner []byte) llm.JSON {
	return append(append([]byte{'['}, inner...), ']')
}

func (s *stream) beginItem(t *outPart, p *llm.Part) {
	prefix := "rs"
	if p.Kind == llm.ToolCall {
		prefix = callPrefix(p.Call.Custom)
		t.proofs = s.proofs.Thoughts()
	}
	if p.Kind == llm.Image {
		prefix = "ig"
		t.picture = bytes.Clone(p.Media.Data)
	}
	it := s.newItem("", prefix, p)
	t.item = it
	it.parts = []*outPart{t}
	if t.kind == llm.ToolCall && t.call.ID == "" && !it.native {
		t.call.ID = itemID("call", s.id, it.index)
	}
	s.open("response.output_item.added")
	s.w.IntMember("output_index", int64(it.index))
	s.w.Name("item")
	s.writeItem(it, false)
	s.close()
}

// writeItem writes an item that is no message, as it is so far.
func (s *stream) writeItem(it *outItem, whole bool) {
	t := it.parts[0]
	switch {
	case t.kind == llm.ToolCall:
		s.writeCall(t)
	case t.kind == llm.Image:
		s.writePicture(it, whole)
	case t.kind == llm.Opaque && it.mark != nil:
		s.w.Raw(it.mark)
	case t.kind == llm.Opaque:
		s.w.Raw(t.raw)
	default:
		s.writeThought(t, whole)
	}
}

func (s *stream) writeCall(t *outPart) {
	p := llm.Part{Kind: llm.ToolCall, Signature: t.signature, SignedBy: t.signedBy}
	id := wire.SealID(t.call.ID, wire.Prove(slices.Clip(t.proofs), &p, own))
	w := &s.w
	w.Object()
	w.Name("type")
	w.String(callType(t.call.Custom))
	rest(w, t.item.mark)
	w.Name("call_id")
	w.String(id)
	w.Name("name")
	w.String(t.call.Name)
	w.Name(argsName(t.call.Custom))
	w.Raw(quoted(t.text))
	w.EndObject()
}

func (s *stream) writePicture(it *outItem, whole bool) {
	m := llm.Media{}
	status := statusInProgress
	if whole {
		m.Data, status = it.parts[0].picture, statusCompleted
	}
	writePicture(&s.w, it.id, &m, status)
}

func (s *stream) writeThought(t *outPart, whole bool) {
	w := &s.w
	w.Object()
	w.Name("type")
	w.String(typeReasoning)
	rest(w, t.item.mark)
	w.Name("summary")
	writeThoughts(w, t, "summary", summaryText)
	if hasList(t, "content") {
		w.Name("content")
		writeThoughts(w, t, "content", reasoningText)
	}
	if whole && t.signature != nil && t.signedBy == own {
		w.Member("encrypted_content", t.signature)
	}
	if whole {
		p := llm.Part{Kind: t.kind, Signature: t.signature, SignedBy: t.signedBy}
		w.StringMember("encrypted_content", sealedContent(&p))
	}
	w.EndObject()
}

func hasList(t *outPart, list string) bool {
	for i := range t.thoughts {
		if t.thoughts[i].list == list {
			return true
		}
	}
	return false
}

func writeThoughts(w *wire.Writer, t *outPart, list, kind string) {
	w.Array()
	for i := range t.thoughts {
		if t.thoughts[i].list == list {
			writeText(w, kind, quoted(t.thoughts[i].text))
		}
	}
	w.EndArray()
}
