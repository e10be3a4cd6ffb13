package openairesponses

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func contentIndex(data llm.JSON) int64 {
	n, _ := wire.Int(wire.Get(data, "content_index"))
	return n
}

func (d *decoder) partAdded(data llm.JSON) {
	c := wire.Get(data, "part")
	it := d.need(data, typeMessage)
	kind := wire.Text(wire.Get(c, "type"))
	if it.kind != typeMessage || it.done || !isTextType(kind) || it.byKey[contentIndex(data)] != nil {
		return
	}
	d.content(it, contentIndex(data), c)
}

func (d *decoder) partDone(data llm.JSON) {
	c := wire.Get(data, "part")
	it := d.need(data, typeMessage)
	if it.kind != typeMessage || it.done || !wire.IsObject(c) {
		return
	}
	if t := it.byKey[contentIndex(data)]; t != nil {
		d.closeContent(t, c)
		return
	}
	d.content(it, contentIndex(data), c)
}

// contentOf is the part that an event about the content of a message is about,
// nil if there can be none.
func (d *decoder) contentOf(data llm.JSON, kind string) *part {
	it := d.need(data, typeMessage)
	if it.kind != typeMessage || it.done {
		return nil
	}
	if t := it.byKey[contentIndex(data)]; t != nil {
		return t
	}
	c := llm.JSON(`{"type":"output_text","text":""}`)
	if kind == refusalText {
		c = llm.JSON(`{"type":"refusal","refusal":""}`)
	}
	return d.content(it, contentIndex(data), c)
}

func (d *decoder) text(data llm.JSON, kind string, s span) {
	t := d.contentOf(data, kind)
	if t == nil || s.empty() {
		return
	}
	if list := wire.Get(data, "logprobs"); !s.whole && !t.ended && wire.Len(list) > 0 {
		d.emit(llm.Event{Kind: llm.EventLogprobs, Index: t.index, Text: logprobs(list)})
	}
	d.rest(t, s)
}

// logprobs in the shape of chat completions.
func logprobs(list llm.JSON) llm.JSON {
	var w wire.Writer
	w.Object()
	w.Member("content", list)
	w.EndObject()
	return w.Buf
}

func (d *decoder) annotation(data llm.JSON) {
	a := wire.Get(data, "annotation")
	t := d.contentOf(data, outputText)
	if t != nil && !t.ended && wire.IsObject(a) {
		d.cite(t, a)
	}
}

func (d *decoder) args(data llm.JSON, kind string, s span) {
	it := d.need(data, kind)
	if it.kind == kind && len(it.parts) == 1 {
		d.rest(it.parts[0], s)
	}
}

func (d *decoder) thought(data llm.JSON, list, index string, s span) {
	n, _ := wire.Int(wire.Get(data, index))
	if it := d.need(data, typeReasoning); it.kind == typeReasoning {
		d.think(it, list, n, s)
	}
}

// think tells a piece of a thought. Between the texts of a thought stands a
// separator, whose Extra tells which text begins; the first text is a summary
// unless its own Extra says otherwise.
func (d *decoder) think(it *item, list string, n int64, s span) {
	t := it.parts[0]
	current := t.text && it.list == list && it.at == n
	if s.empty() || t.ended || s.whole && current {
		return
	}
	var x llm.Extra
	if !current {
		x = it.beginText(list, n)
	}
	if !current && t.text {
		d.emit(llm.Event{Kind: llm.EventDelta, Index: t.index, Text: quotedSeparator, Extra: x})
		x = llm.Extra{}
	} else if list == "summary" {
		x = llm.Extra{}
	}
	t.text = true
	d.emit(llm.Event{Kind: llm.EventDelta, Index: t.index, Text: s.text, Extra: x})
}

// beginText counts the texts of each list.
func (it *item) beginText(list string, n int64) (x llm.Extra) {
	it.list, it.at = list, n
	var w wire.Writer
	w.Int(int64(it.pieces[list]))
	it.pieces[list]++
	keep(&x, list, w.Buf)
	return x
}

// other passes on an event that only this format knows.
func (d *decoder) other(kind string, data llm.JSON) {
	if kind == "" {
		if wire.Null(wire.Get(data, "error")) != nil {
			d.fail(data)
		}
		return
	}
	d.start(nil)
	ev := llm.Event{Kind: llm.EventOther, Name: kind, Text: without(data, "type", "sequence_number")}
	ev.Extra.From = own
	if it := d.find(data); it != nil && len(it.parts) > 0 {
		ev.Index = it.parts[0].index
	}
	if ev.Text == nil {
		ev.Text = llm.JSON(`{}`)
	}
	d.emit(ev)
}
