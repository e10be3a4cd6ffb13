package openairesponses

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

var errMessage = errors.New("a message of the stream is no JSON object")

// decoder reads the events of a stream
// (https://platform.openai.com/docs/api-reference/responses-streaming). Items
// are told apart by output_index, because some services change their ids.
type decoder struct {
	dst     []llm.Event
	started bool
	over    bool // a response was complete, or an error came
	failed  bool
	items   map[int64]*item
	order   []*item
	parts   int // begun so far
	tools   bool
}

// item is one that has begun.
type item struct {
	kind string
	// mark of a message waits for its first part; born is what the item had
	// besides when it began.
	mark, born llm.JSON
	// parts of a message, and of others the only one; byKey by content_index.
	parts []*part
	byKey map[int64]*part
	// text of a thought comes in pieces of two lists.
	list   string
	at     int64
	pieces map[string]int
	done   bool
}

// part is one that has begun.
type part struct {
	index int
	text  bool // some has come
	cites int
	ended bool
}

// NewStream begins to read a stream.
func (Provider) NewStream() wire.StreamDecoder {
	return &decoder{items: map[int64]*item{}}
}

func (d *decoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	data := bytes.TrimSpace(m.Data)
	if len(data) == 0 || string(data) == "[DONE]" || d.over {
		return dst, nil
	}
	if jsonscan.Valid(data) != nil || !wire.IsObject(data) {
		return dst, errMessage
	}
	d.dst = dst
	kind := wire.Text(wire.Get(data, "type"))
	if kind == "" {
		kind = m.Name
	}
	d.message(kind, data)
	dst, d.dst = d.dst, nil
	return dst, nil
}

// End tells the end. Without a complete response it came too early.
func (d *decoder) End(dst []llm.Event) ([]llm.Event, error) {
	if d.failed {
		return dst, nil
	}
	if !d.over {
		return dst, fmt.Errorf("reading a stream of responses: %w", io.ErrUnexpectedEOF)
	}
	return append(dst, llm.Event{Kind: llm.EventEnd}), nil
}

const (
	eventPrefix = "response."
	suffixDelta = ".delta"
	suffixDone  = ".done"
	suffixAdded = ".added"
)

func (d *decoder) message(kind string, data llm.JSON) {
	short, _ := strings.CutPrefix(kind, eventPrefix)
	switch short {
	case "created", "queued", statusInProgress:
		d.start(wire.Get(data, "response"))
	case statusCompleted, statusIncomplete, statusFailed, statusCancelled:
		d.finish(short, wire.Get(data, "response"))
	case "error":
		d.fail(data)
	case "output_item.added":
		d.itemAdded(data)
	case "output_item.done":
		d.itemDone(data)
	default:
		d.piece(short, kind, data)
	}
}

// piece reads an event about a part of an item.
func (d *decoder) piece(short, kind string, data llm.JSON) {
	switch short {
	case "content_part.added":
		d.partAdded(data)
	case "content_part.done":
		d.partDone(data)
	case "output_text.delta", "output_text.done":
		d.text(data, outputText, textOf(short, data, "text"))
	case "refusal.delta", "refusal.done":
		d.text(data, refusalText, textOf(short, data, refusalText))
	case "output_text.annotation.added":
		d.annotation(data)
	case "function_call_arguments.delta", "function_call_arguments.done":
		d.args(data, typeCall, textOf(short, data, "arguments"))
	case "custom_tool_call_input.delta", "custom_tool_call_input.done":
		d.args(data, typeCustom, textOf(short, data, "input"))
	case "reasoning_summary_text.delta", "reasoning_summary_text.done":
		d.thought(data, "summary", "summary_index", textOf(short, data, "text"))
	case "reasoning_text.delta", "reasoning_text.done":
		d.thought(data, "content", "content_index", textOf(short, data, "text"))
	case "reasoning_summary_part.added", "reasoning_summary_part.done", "reasoning_part.added", "reasoning_part.done":
	default:
		d.other(kind, data)
	}
}

// span is a text of an event: a piece of it, or the whole at its end.
type span struct {
	text  llm.JSON
	whole bool
}

func textOf(short string, data llm.JSON, name string) span {
	if strings.HasSuffix(short, suffixDone) {
		return span{clean(wire.Get(data, name)), true}
	}
	return span{clean(wire.Get(data, "delta")), false}
}

func (s span) empty() bool { return s.text == nil || wire.EmptyText(s.text) }

func (d *decoder) emit(ev llm.Event) {
	d.dst = append(d.dst, ev)
}

func (d *decoder) start(response llm.JSON) {
	if d.started {
		return
	}
	d.started = true
	h := decodeHead(response)
	d.emit(llm.Event{Kind: llm.EventStart, ID: h.id, Model: h.model, Created: h.created, Extra: h.extra})
}

// finish reads the whole response at the end, for what has not come before.
func (d *decoder) finish(status string, response llm.JSON) {
	d.start(response)
	h := decodeHead(response)
	if h.status != statusCompleted && h.status != statusIncomplete && h.status != statusFailed {
		h.status = status
	}
	if h.status == statusFailed {
		d.fail(response)
		return
	}
	n := 0
	items := wire.Items(h.output)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		switch {
		case !wire.IsObject(v):
		case n < len(d.order):
			d.close(d.order[n], v)
		default:
			d.close(d.open(int64(n), v), v)
		}
		n++
	}
	for _, it := range d.order {
		d.close(it, nil)
	}
	d.over = true
	finish, reason := h.finish(d.tools)
	d.emit(llm.Event{Kind: llm.EventFinish, Finish: finish, Reason: reason, Extra: h.extra})
	if h.usage != nil {
		d.emit(llm.Event{Kind: llm.EventUsage, Usage: decodeUsage(h.usage)})
	}
}

func (d *decoder) fail(v llm.JSON) {
	d.start(nil)
	d.over, d.failed = true, true
	d.emit(llm.Event{Kind: llm.EventError, Err: inBand(v)})
}

// find is the item that an event is about: by its index, or the last one.
func (d *decoder) find(data llm.JSON) *item {
	if n, ok := wire.Int(wire.Get(data, "output_index")); ok {
		return d.items[n]
	}
	if len(d.order) == 0 {
		return nil
	}
	return d.order[len(d.order)-1]
}

// need is find, and begins an item that was not announced.
func (d *decoder) need(data llm.JSON, kind string) *item {
	if it := d.find(data); it != nil {
		return it
	}
	n, ok := wire.Int(wire.Get(data, "output_index"))
	if !ok {
		n = int64(len(d.order))
	}
	it := d.track(n, kind)
	switch kind {
	case typeReasoning:
		d.begin(it, 0, marked(llm.Part{Kind: llm.Thinking, Text: emptyText, SignedBy: own}, nil))
	case typeCall, typeCustom:
		d.begin(it, 0, marked(llm.Part{Kind: llm.ToolCall, Call: &llm.Call{Custom: kind == typeCustom}}, nil))
	default:
		it.mark = llm.JSON(`{"type":"message","role":"assistant"}`)
		it.born = it.mark
	}
	return it
}

func (d *decoder) track(n int64, kind string) *item {
	d.start(nil)
	it := &item{kind: kind, pieces: map[string]int{}, byKey: map[int64]*part{}}
	d.items[n] = it
	d.order = append(d.order, it)
	return it
}

func (d *decoder) itemAdded(data llm.JSON) {
	v := wire.Get(data, "item")
	n, ok := wire.Int(wire.Get(data, "output_index"))
	if !ok {
		n = int64(len(d.order))
	}
	if !wire.IsObject(v) || d.items[n] != nil {
		return
	}
	d.open(n, v)
}

// open begins the item v.
func (d *decoder) open(n int64, v llm.JSON) *item {
	kind := wire.Text(wire.Get(v, "type"))
	it := d.track(n, kind)
	switch kind {
	case typeMessage:
		it.mark = messageMark(v)
		it.born = it.mark
	case typeReasoning:
		it.born = reasoningMark(v)
		d.begin(it, 0, marked(llm.Part{Kind: llm.Thinking, Text: emptyText, SignedBy: own}, it.born))
	case typeCall, typeCustom:
		p, _ := callPart(v)
		p.Call.Args = nil
		it.born = mark(&p)
		d.begin(it, 0, marked(p, it.born))
	default:
		it.born = bytes.Clone(v)
		d.begin(it, 0, opaque(v))
	}
	return it
}

func reasoningMark(v llm.JSON) llm.JSON {
	return without(v, "type", "summary", "content", "encrypted_content")
}

// marked says that the part is of this format, and what its item has besides.
func marked(p llm.Part, m llm.JSON) llm.Part {
	p.Extra = llm.Extra{From: own}
	if m != nil {
		wire.Mark(&p.Extra, own, itemMark, m)
	}
	return p
}

// begin begins a part of an item.
func (d *decoder) begin(it *item, key int64, p llm.Part) *part {
	d.tools = d.tools || p.Kind == llm.ToolCall
	t := &part{index: d.parts}
	d.parts++
	it.byKey[key] = t
	it.parts = append(it.parts, t)
	d.emit(llm.Event{Kind: llm.EventPart, Index: t.index, Part: p})
	return t
}

func (d *decoder) end(t *part, m llm.JSON) {
	if t.ended {
		return
	}
	t.ended = true
	ev := llm.Event{Kind: llm.EventPartEnd, Index: t.index}
	if m != nil {
		wire.Mark(&ev.Extra, own, itemMark, m)
	}
	d.emit(ev)
}

func (d *decoder) itemDone(data llm.JSON) {
	v := wire.Get(data, "item")
	it := d.find(data)
	if !wire.IsObject(v) {
		return
	}
	if it == nil {
		n, ok := wire.Int(wire.Get(data, "output_index"))
		if !ok {
			n = int64(len(d.order))
		}
		it = d.open(n, v)
	}
	d.close(it, v)
}

// close ends an item: v is it, whole, if the provider said so. What has not
// come in pieces is told now.
func (d *decoder) close(it *item, v llm.JSON) {
	if it.done {
		return
	}
	it.done = true
	if it.kind == typeMessage {
		d.closeMessage(it, v)
		return
	}
	if len(it.parts) == 0 {
		return
	}
	t := it.parts[0]
	m := v
	switch it.kind {
	case typeReasoning:
		d.closeThought(it, t, v)
		m = reasoningMark(v)
	case typeCall, typeCustom:
		name := argsName(it.kind == typeCustom)
		d.rest(t, span{clean(wire.Get(v, name)), true})
		m = without(v, "type", "call_id", "name", name)
	}
	d.end(t, it.lastMark(v, m))
}

// lastMark is what the item v had besides at its end, m; of an item that was
// never told as a whole, what it had at its beginning.
func (it *item) lastMark(v, m llm.JSON) llm.JSON {
	switch {
	case v == nil && it.born != nil:
		return it.born
	case m == nil:
		return llm.JSON(`{}`)
	}
	return m
}

func (d *decoder) closeThought(it *item, t *part, v llm.JSON) {
	if !t.text {
		d.thoughts(it, "summary", wire.Get(v, "summary"))
		d.thoughts(it, "content", wire.Get(v, "content"))
	}
	if sealed := wire.Get(v, "encrypted_content"); wire.IsString(sealed) {
		d.emit(llm.Event{Kind: llm.EventSign, Index: t.index, Text: sealed, Part: llm.Part{SignedBy: own}})
	}
}

func (d *decoder) thoughts(it *item, list string, texts llm.JSON) {
	var n int64
	items := wire.Items(texts)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		d.think(it, list, n, span{clean(wire.Get(v, "text")), true})
		n++
	}
}

func (d *decoder) closeMessage(it *item, v llm.JSON) {
	n := 0
	items := wire.Items(wire.Get(v, "content"))
	for c, ok := items.Next(); ok; c, ok = items.Next() {
		if n < len(it.parts) {
			d.closeContent(it.parts[n], c)
		} else {
			d.content(it, int64(n), c)
		}
		n++
	}
	switch {
	case len(it.parts) > 0:
		d.end(it.parts[len(it.parts)-1], it.messageMark(v))
	case v != nil:
		d.end(d.begin(it, 0, opaque(v)), v)
	}
}

func (it *item) messageMark(v llm.JSON) llm.JSON {
	if !wire.IsArray(wire.Get(v, "content")) {
		return it.born
	}
	return messageMark(v)
}

// closeContent tells what is in the whole content of a part and has not come.
func (d *decoder) closeContent(t *part, c llm.JSON) {
	if t.ended {
		return
	}
	whole := clean(wire.Get(c, "text"))
	if whole == nil {
		whole = clean(wire.Get(c, refusalText))
	}
	d.rest(t, span{whole, true})
	n := 0
	items := wire.Items(wire.Get(c, "annotations"))
	for a, ok := items.Next(); ok; a, ok = items.Next() {
		if n >= t.cites {
			d.cite(t, a)
		}
		n++
	}
}

func (d *decoder) cite(t *part, a llm.JSON) {
	t.cites++
	d.emit(llm.Event{Kind: llm.EventCite, Index: t.index, Citation: citation(a)})
}

// rest tells a piece of a part's text, or the whole if no piece has come.
func (d *decoder) rest(t *part, s span) {
	if s.empty() || t.ended || s.whole && t.text {
		return
	}
	t.text = true
	d.emit(llm.Event{Kind: llm.EventDelta, Index: t.index, Text: s.text})
}

// content begins the content c of a message.
func (d *decoder) content(it *item, key int64, c llm.JSON) *part {
	if n := len(it.parts); n > 0 {
		d.end(it.parts[n-1], nil)
	}
	p := contentPart(c, outputText)
	if p.Kind != llm.Text && p.Kind != llm.Refusal {
		p = opaqueContent(c)
		if isTextType(wire.Text(wire.Get(c, "type"))) {
			p = llm.Part{Kind: llm.Text}
		}
	}
	p.Citations = nil
	if p.Kind == llm.Text || p.Kind == llm.Refusal {
		p.Text = nil
		p.Extra = unlisted(&p.Extra)
	}
	if m := it.mark; m != nil {
		p.Extra.From = own
		wire.Mark(&p.Extra, own, itemMark, m)
		it.mark = nil
	}
	t := d.begin(it, key, p)
	if wire.IsObject(c) && p.Kind != llm.Opaque {
		d.closeContent(t, c)
	}
	return t
}

// isTextType tells whether a content begins without what will come in pieces.
func isTextType(kind string) bool {
	return kind == outputText || kind == refusalText || kind == inputText || kind == "text"
}

// unlisted are the members without the list of probabilities, which is told by
// events.
func unlisted(x *llm.Extra) llm.Extra {
	out := llm.Extra{From: own}
	for _, m := range x.Members {
		if m.Name != "logprobs" && m.Name != "annotations" {
			out.Members = append(out.Members, m)
		}
	}
	return out
}
