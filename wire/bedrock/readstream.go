package bedrock

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Provider.
func (Provider) NewStream() wire.StreamDecoder { return &decoder{} }

// decoder reads the events of one ConverseStream.
type decoder struct {
	open                      []openBlock
	parts                     int
	started, finished, called bool
	over                      bool // an error or the end was told
}

// openBlock is a block that has begun and not ended.
type openBlock struct {
	wire int64 // its number at Bedrock
	part int   // ours
	kind llm.Kind
	held *held // not nil: its part is told when it is whole
}

// maxOpen bounds how many blocks may be open; beyond it the oldest ends.
const maxOpen = 64

// Decode implements wire.StreamDecoder.
func (d *decoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	if d.over {
		return dst, nil
	}
	if isException(m.Name) {
		return d.fail(dst, m), nil
	}
	if err := jsonscan.Valid(m.Data); err != nil {
		return dst, fmt.Errorf("bedrock: event %.40q: %w", m.Name, err)
	}
	switch m.Name {
	case "messageStart":
		return d.start(dst, m.Data), nil
	case "contentBlockStart":
		return d.blockStart(d.start(dst, nil), m.Data)
	case "contentBlockDelta":
		return d.delta(d.start(dst, nil), m.Data)
	case "contentBlockStop":
		if i := d.find(number(m.Data)); i >= 0 {
			dst = d.end(dst, i)
		}
		return dst, nil
	case "messageStop":
		return d.stop(d.start(dst, nil), m.Data), nil
	case "metadata":
		return d.metadata(d.start(dst, nil), m.Data), nil
	case "initial-response":
		return dst, nil
	}
	return append(d.start(dst, nil), other(m.Name, m.Data)), nil
}

// isException tells whether a message ends the stream with an error: its name is
// that of an exception, or an error code.
func isException(name string) bool {
	return strings.HasSuffix(name, "Exception") || strings.HasSuffix(name, "Error") || strings.HasSuffix(name, "Failure")
}

func (d *decoder) fail(dst []llm.Event, m wire.Message) []llm.Event {
	message := ""
	status := 0
	if jsonscan.Valid(m.Data) == nil {
		message = wire.Text(first(m.Data, "message", "Message", "originalMessage"))
		if n, ok := wire.Int(wire.Get(m.Data, "originalStatusCode")); ok && n >= 400 && n < 600 {
			status = int(n)
		}
	} else {
		message = plain(m.Data)
	}
	d.over = true
	return append(dst, llm.Event{Kind: llm.EventError, Err: newError(status, m.Name, message)})
}

// End implements wire.StreamDecoder. An answer that told its usage is whole,
// even if the event that says so was lost.
func (d *decoder) End(dst []llm.Event) ([]llm.Event, error) {
	if d.over {
		return dst, nil
	}
	d.over = true
	dst = d.endAll(dst)
	if !d.finished {
		return dst, fmt.Errorf("bedrock: the stream ended before the answer did: %w", io.ErrUnexpectedEOF)
	}
	return append(dst, llm.Event{Kind: llm.EventEnd}), nil
}

func other(name string, data []byte) llm.Event {
	return llm.Event{Kind: llm.EventOther, Name: name, Text: unpadded(data), Extra: llm.Extra{From: own}}
}

// unpadded is an event without p, which only hides its length.
func unpadded(data []byte) llm.JSON {
	if !wire.IsObject(data) {
		return data
	}
	kept := keep(data)
	var w wire.Writer
	w.Object()
	w.Extra(&kept, own)
	w.EndObject()
	return w.Buf
}

// keep is what an event holds, but for its padding and some members.
func keep(data []byte, but ...string) llm.Extra {
	x := llm.Extra{From: own}
	f := wire.NewFields(data)
members:
	for f.Next() {
		if f.Name() == "p" {
			continue
		}
		for _, name := range but {
			if f.Name() == name {
				continue members
			}
		}
		f.Keep(&x, own)
	}
	return x
}

func (d *decoder) start(dst []llm.Event, data []byte) []llm.Event {
	if d.started {
		return dst
	}
	d.started = true
	return append(dst, llm.Event{Kind: llm.EventStart, Extra: keep(data, "role")})
}

// number is the index of a block.
func number(data []byte) int64 {
	n, ok := wire.Int(wire.Get(data, "contentBlockIndex"))
	if !ok {
		return -1
	}
	return n
}

func (d *decoder) find(wireIndex int64) int {
	for i := range d.open {
		if d.open[i].wire == wireIndex {
			return i
		}
	}
	return -1
}

// enter is the block of a number if it is of that kind, else a new one.
func (d *decoder) enter(dst []llm.Event, wireIndex int64, p llm.Part) ([]llm.Event, *openBlock) {
	if i := d.find(wireIndex); i >= 0 {
		if b := &d.open[i]; b.held == nil && b.kind == p.Kind && p.Kind != llm.Redacted {
			return dst, b
		}
		dst = d.end(dst, i)
	}
	dst = d.room(dst)
	if p.Kind == llm.ToolCall {
		d.called = true
	}
	p.Extra.From = own
	dst = append(dst, llm.Event{Kind: llm.EventPart, Index: d.parts, Part: p})
	d.open = append(d.open, openBlock{wire: wireIndex, part: d.parts, kind: p.Kind})
	d.parts++
	return dst, &d.open[len(d.open)-1]
}

func (d *decoder) room(dst []llm.Event) []llm.Event {
	if len(d.open) < maxOpen {
		return dst
	}
	return d.end(dst, 0)
}

// end ends a block.
func (d *decoder) end(dst []llm.Event, i int) []llm.Event {
	b := d.open[i]
	d.open = append(d.open[:i], d.open[i+1:]...)
	if b.held != nil {
		for _, p := range b.held.parts() {
			dst = append(dst, llm.Event{Kind: llm.EventPart, Index: d.parts, Part: p}, llm.Event{Kind: llm.EventPartEnd, Index: d.parts})
			d.parts++
		}
		return dst
	}
	return append(dst, llm.Event{Kind: llm.EventPartEnd, Index: b.part})
}

func (d *decoder) endAll(dst []llm.Event) []llm.Event {
	for len(d.open) > 0 {
		dst = d.end(dst, 0)
	}
	return dst
}

// blockStart begins a tool's call; text and thoughts begin with their first
// delta. What only Bedrock knows is held until it is whole.
func (d *decoder) blockStart(dst []llm.Event, data []byte) ([]llm.Event, error) {
	name, v, ok := single(wire.Get(data, "start"))
	if !ok {
		return dst, nil
	}
	if i := d.find(number(data)); i >= 0 {
		dst = d.end(dst, i)
	}
	if name == "toolUse" {
		p, known := readCall(v)
		if known {
			p.Call.Args = nil
			dst, _ = d.enter(dst, number(data), p)
			return dst, nil
		}
	}
	if !holds(name) {
		return append(dst, other("contentBlockStart", data)), nil
	}
	dst = d.room(dst)
	h := &held{name: strings.Clone(name), start: append(llm.JSON(nil), v...)}
	d.open = append(d.open, openBlock{wire: number(data), held: h})
	return dst, d.hold(h, nil)
}

func (d *decoder) delta(dst []llm.Event, data []byte) ([]llm.Event, error) {
	n := number(data)
	name, v, ok := single(wire.Get(data, "delta"))
	if !ok {
		return dst, nil
	}
	if i := d.find(n); i >= 0 && d.open[i].held != nil && d.open[i].held.name == name {
		return dst, d.hold(d.open[i].held, v)
	}
	switch name {
	case "text":
		return d.text(dst, n, llm.Part{Kind: llm.Text}, v), nil
	case "toolUse":
		return d.text(dst, n, llm.Part{Kind: llm.ToolCall, Call: &llm.Call{}}, wire.Get(v, "input")), nil
	case "reasoningContent":
		return d.thought(dst, n, v), nil
	case "citation":
		dst, b := d.enter(dst, n, llm.Part{Kind: llm.Text})
		return append(dst, llm.Event{Kind: llm.EventCite, Index: b.part, Citation: readCitation(v)}), nil
	}
	return append(dst, other("contentBlockDelta", data)), nil
}

// text goes on with a block. Empty pieces say nothing, and do not begin one.
func (d *decoder) text(dst []llm.Event, n int64, p llm.Part, v llm.JSON) []llm.Event {
	if !wire.IsString(v) || wire.EmptyText(v) {
		return dst
	}
	dst, b := d.enter(dst, n, p)
	return append(dst, llm.Event{Kind: llm.EventDelta, Index: b.part, Text: v})
}

func (d *decoder) thought(dst []llm.Event, n int64, v llm.JSON) []llm.Event {
	thinking := llm.Part{Kind: llm.Thinking, SignedBy: own}
	f := wire.NewFields(v)
	for f.Next() {
		value := f.Value()
		if !wire.IsString(value) || wire.EmptyText(value) {
			continue
		}
		switch f.Name() {
		case "text":
			dst = d.text(dst, n, thinking, value)
		case "signature":
			var b *openBlock
			dst, b = d.enter(dst, n, thinking)
			p := llm.Part{Signature: value, SignedBy: own}
			openSigned(&p)
			sign := llm.Event{Kind: llm.EventSign, Index: b.part, Text: p.Signature}
			sign.Part.SignedBy = p.SignedBy
			dst = append(dst, sign)
		case "redactedContent":
			dst, _ = d.enter(dst, n, openRedacted(value))
		}
	}
	return dst
}

func (d *decoder) stop(dst []llm.Event, data []byte) []llm.Event {
	dst = d.endAll(dst)
	if d.finished {
		return dst
	}
	d.finished = true
	reason := wire.Text(wire.Get(data, "stopReason"))
	return append(dst, llm.Event{
		Kind: llm.EventFinish, Finish: finishOf(reason), Reason: reason, Extra: keep(data, "stopReason"),
	})
}

// metadata ends the stream. If the event that ends the answer is missing, the
// usage shows that the answer is whole all the same.
func (d *decoder) metadata(dst []llm.Event, data []byte) []llm.Event {
	usage := wire.Get(data, "usage")
	if !wire.IsObject(usage) {
		return append(dst, other("metadata", data))
	}
	dst = d.endAll(dst)
	if !d.finished {
		d.finished = true
		finish := llm.FinishStop
		if d.called {
			finish = llm.FinishTools
		}
		dst = append(dst, llm.Event{Kind: llm.EventFinish, Finish: finish, Reason: reasonOf(finish, "", false, false), Extra: llm.Extra{From: own}})
	}
	return append(dst, llm.Event{Kind: llm.EventUsage, Usage: readUsage(usage), Extra: keep(data, "usage")})
}

// held is a block that is understood only as a whole.
type held struct {
	name  string   // the member of start and delta
	start llm.JSON // its value in the start
	body  []byte   // what the deltas add: the input's text, or the last value
	items bool     // body is a list without its brackets
}

// holds tells whether blocks of a name are held back.
func holds(name string) bool {
	switch name {
	case "toolUse", "toolResult", "image", "audio", "video", "document":
		return true
	}
	return false
}

// maxHeld bounds what is held back.
const maxHeld = 16 << 20

var errHeld = errors.New("bedrock: blocks beyond the size limit")

// hold adds a piece to a block, unless all of them grow too large.
func (d *decoder) hold(h *held, piece llm.JSON) error {
	sum := len(piece)
	for i := range d.open {
		if other := d.open[i].held; other != nil {
			sum += len(other.start) + len(other.body)
		}
	}
	if sum > maxHeld {
		return errHeld
	}
	if piece != nil {
		h.add(piece)
	}
	return nil
}

func (h *held) add(v llm.JSON) {
	switch input := wire.Get(v, "input"); {
	case wire.IsArray(v):
		h.items = true
		items := wire.Items(v)
		for e, ok := items.Next(); ok; e, ok = items.Next() {
			if len(h.body) > 0 {
				h.body = append(h.body, ',')
			}
			h.body = append(h.body, e...)
		}
	case h.name == "toolUse" && wire.IsString(input):
		h.body = append(h.body, wire.TextBytes(input)...)
	default:
		h.body = append(h.body[:0], v...)
	}
}

// parts are what the block is, as it would stand in a plain answer.
func (h *held) parts() []llm.Part {
	var w wire.Writer
	o := begin(&w)
	o.name(h.name)
	in := begin(&w)
	switch {
	case h.name == "toolUse" && jsonscan.Valid(h.body) == nil:
		in.member("input", h.body)
	case h.name == "toolUse":
		in.name("input")
		w.Bytes(h.body)
	case h.items || h.name == "toolResult":
		in.name("content")
		w.Array()
		if len(h.body) > 0 && h.items {
			w.Raw(h.body)
		}
		w.EndArray()
	default:
		in.member("source", wire.Get(h.body, "source"))
	}
	in.restOf(h.start)
	in.end()
	o.end()
	return readBlock(nil, w.Buf)
}
