package openairesponses

import (
	"bytes"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// part is the one an event is about. What nobody has begun is a text.
func (s *stream) part(ev *llm.Event) *outPart {
	if t := s.parts[ev.Index]; t != nil {
		return t
	}
	return s.begin(ev.Index, &llm.Part{Kind: llm.Text})
}

func (s *stream) delta(ev *llm.Event) {
	if !wire.IsString(ev.Text) || wire.EmptyText(ev.Text) {
		return
	}
	if t := s.part(ev); t != nil && !t.ended {
		s.append(t, ev.Text, &ev.Extra)
	}
}

// append goes on with a part's text.
func (s *stream) append(t *outPart, text llm.JSON, x *llm.Extra) {
	inner := text[1 : len(text)-1]
	if t.kind == llm.Thinking {
		s.think(t, text, x)
		return
	}
	t.text = append(t.text, inner...)
	switch {
	case t.kind == llm.ToolCall && t.call.Custom:
		s.about(t.item, "response.custom_tool_call_input.delta")
	case t.kind == llm.ToolCall:
		s.about(t.item, "response.function_call_arguments.delta")
	case t.kind == llm.Refusal:
		s.place(t, "response.refusal.delta")
	case t.kind == llm.Text:
		s.place(t, "response.output_text.delta")
		s.w.Name("logprobs")
		s.w.Raw(listed(s.logprobs))
		t.logprobs = appendElements(t.logprobs, listed(s.logprobs))
		s.logprobs = nil
	default:
		return
	}
	s.w.Member("delta", text)
	s.close()
}

// think goes on with a thought. What Extra tells begins a text of its own, and
// the separator before it is not said.
func (s *stream) think(t *outPart, text llm.JSON, x *llm.Extra) {
	s.proofs.Tell(text)
	list := listOf(x)
	n := len(t.thoughts)
	switch {
	case list != "":
		s.endThought(t)
		s.beginThought(t, list)
		if n > 0 {
			return
		}
	case n == 0:
		s.beginThought(t, "summary")
	}
	last := &t.thoughts[len(t.thoughts)-1]
	last.text = append(last.text, text[1:len(text)-1]...)
	s.aboutThought(t, ".delta")
	s.w.Member("delta", text)
	s.close()
}

func listOf(x *llm.Extra) string {
	for _, list := range [...]string{"summary", "content"} {
		if x != nil && x.Get(own, list) != nil {
			return list
		}
	}
	return ""
}

// aboutThought begins an event about the last text of a thought.
func (s *stream) aboutThought(t *outPart, suffix string) {
	last := t.thoughts[len(t.thoughts)-1]
	if last.list == "content" {
		s.about(t.item, "response.reasoning_text"+suffix)
		s.w.IntMember("content_index", int64(last.n))
		return
	}
	s.about(t.item, "response.reasoning_summary_text"+suffix)
	s.w.IntMember("summary_index", int64(last.n))
}

func (s *stream) beginThought(t *outPart, list string) {
	t.thoughts = append(t.thoughts, thought{list: list, n: t.summaries})
	if list == "content" {
		t.thoughts[len(t.thoughts)-1].n = len(t.thoughts) - 1 - t.summaries
	} else {
		t.summaries++
	}
	s.thoughtPart(t, "response.reasoning_summary_part.added")
}

// thoughtPart tells the bounds of a summary; texts of thoughts have none.
func (s *stream) thoughtPart(t *outPart, kind string) {
	last := t.thoughts[len(t.thoughts)-1]
	if last.list != "summary" {
		return
	}
	s.about(t.item, kind)
	s.w.IntMember("summary_index", int64(last.n))
	s.w.Name("part")
	writeText(&s.w, summaryText, quoted(last.text))
	s.close()
}

func (s *stream) endThought(t *outPart) {
	if len(t.thoughts) == 0 {
		return
	}
	s.aboutThought(t, suffixDone)
	s.w.Member("text", quoted(t.thoughts[len(t.thoughts)-1].text))
	s.close()
	s.thoughtPart(t, "response.reasoning_summary_part.done")
}

// sign takes the signature of a part. That of a call still gets into the item
// that is told at its end.
func (s *stream) sign(ev *llm.Event) {
	t := s.parts[ev.Index]
	if t == nil || !wire.IsString(ev.Text) {
		return
	}
	if bytes.Equal(t.signature, ev.Text) {
		return
	}
	t.signature = bytes.Clone(ev.Text)
	if ev.Part.SignedBy != "" {
		t.signedBy = ev.Part.SignedBy
	}
	s.proofs.Sign(t.signature, t.signedBy)
}

func (s *stream) cite(ev *llm.Event) {
	if t := s.part(ev); t != nil && !t.ended {
		s.annotate(t, &ev.Citation)
	}
}

func (s *stream) annotate(t *outPart, c *llm.Citation) {
	var w wire.Writer
	if t.kind != llm.Text || !writeCitation(&w, c) {
		return
	}
	s.place(t, "response.output_text.annotation.added")
	s.w.IntMember("annotation_index", int64(t.cited))
	s.w.Member("annotation", w.Buf)
	s.close()
	t.cited++
	t.cites = appendElements(t.cites, listed(w.Buf))
}

func (s *stream) partEnd(ev *llm.Event) {
	t := s.parts[ev.Index]
	if t == nil {
		return
	}
	s.endPart(t)
	m := itemOf(&ev.Extra)
	if m != nil {
		t.item.mark = bytes.Clone(m)
	}
	if m != nil || t.item.kind != typeMessage {
		s.closeItem(t.item, statusCompleted)
	}
}

// endPart tells a part as a whole.
func (s *stream) endPart(t *outPart) {
	if t.ended {
		return
	}
	t.ended = true
	if t.kind == llm.Text {
		t.logprobs, s.logprobs = appendElements(t.logprobs, listed(s.logprobs)), nil
	}
	switch {
	case t.item.kind == typeMessage:
		s.endContent(t)
	case t.kind == llm.Thinking:
		s.endThought(t)
	case t.kind == llm.ToolCall && t.call.Custom:
		s.about(t.item, "response.custom_tool_call_input.done")
		s.w.Member("input", quoted(t.text))
		s.close()
	case t.kind == llm.ToolCall:
		s.about(t.item, "response.function_call_arguments.done")
		s.w.Member("arguments", quoted(t.text))
		s.close()
	}
}

func (s *stream) endContent(t *outPart) {
	if t.kind == llm.Text {
		s.place(t, "response.output_text.done")
		s.w.Member("text", quoted(t.text))
		s.w.Member("logprobs", listed(t.logprobs))
		s.close()
	}
	if t.kind == llm.Refusal {
		s.place(t, "response.refusal.done")
		s.w.Member(refusalText, quoted(t.text))
		s.close()
	}
	s.place(t, "response.content_part.done")
	s.w.Name("part")
	s.writeContent(t)
	s.close()
}

// closeMessage closes a message whose last content has ended.
func (s *stream) closeMessage(it *outItem) {
	if it == nil || it.done {
		return
	}
	if !it.parts[len(it.parts)-1].ended {
		return
	}
	for _, t := range it.parts {
		s.endPart(t)
	}
	s.closeItem(it, statusCompleted)
}

func (s *stream) closeAll(status string) {
	for i, it := range s.items {
		itemStatus := statusCompleted
		if i == len(s.items)-1 && status != statusCompleted {
			itemStatus = statusIncomplete
		}
		for _, t := range it.parts {
			s.endPart(t)
		}
		s.closeItem(it, itemStatus)
	}
}

// closeItem tells an item as a whole, for the last time.
func (s *stream) closeItem(it *outItem, status string) {
	if it.done {
		return
	}
	it.done = true
	if !it.native {
		it.mark = madeUp(it.kind, it.id, status)
	}
	event := s.w
	s.w = wire.Writer{}
	if it.kind == typeMessage {
		s.writeMessage(it)
	} else {
		s.writeItem(it, true)
	}
	it.body, s.w = s.w.Buf, event
	s.open("response.output_item.done")
	s.w.IntMember("output_index", int64(it.index))
	s.w.Member("item", it.body)
	s.close()
	for _, t := range it.parts {
		t.text, t.thoughts, t.cites, t.logprobs, t.raw, t.picture = nil, nil, nil, nil, nil, nil
	}
}

func (s *stream) writeMessage(it *outItem) {
	s.w.Object()
	rest(&s.w, it.mark, "content")
	s.w.Name("content")
	s.w.Array()
	for _, t := range it.parts {
		s.writeContent(t)
	}
	s.w.EndArray()
	s.w.EndObject()
}
