package anthropic

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Provider. The events are those of
// https://platform.claude.com/docs/en/build-with-claude/streaming.
func (Provider) NewStream() wire.StreamDecoder {
	return &streamDecoder{open: map[int64]*openBlock{}}
}

// maxOpenBlocks bounds what a stream can make us remember.
const maxOpenBlocks = 256

// openBlock is a content block that has begun and not ended.
type openBlock struct {
	part int
	kind llm.Kind
	// input of a call that came with its beginning. It counts only where no
	// pieces follow.
	input []byte
}

type streamDecoder struct {
	started, finished, ended bool
	usage                    usage
	open                     map[int64]*openBlock
	last                     int64 // key of the block begun last
	parts                    int   // that have begun
	reader                   wire.Reader
	now                      event // the one that is decoded
	out                      []llm.Event
}

// event is a message of the stream, taken apart.
type event struct {
	data     llm.JSON // all of it
	kind     string
	index    int64
	numbered bool // it has an index
	// delta, message and block are members of theirs.
	delta, message, block wire.Fields
	content               llm.JSON // the block
	usage                 llm.JSON
	failed                bool
}

func (e *event) read(f *wire.Fields) {
	for f.Next() {
		switch f.Name() {
		case "type":
			e.kind = wire.Word(f.Value())
		case "index":
			e.index, e.numbered = wire.Int(f.Value())
		case "delta":
			e.delta = f.Fields()
		case "message":
			e.message = f.Fields()
		case "content_block":
			e.content, e.block = f.Value(), f.Fields()
		case "usage":
			e.usage = f.Value()
		case "error":
			e.failed = !wire.IsNull(f.Value())
		}
	}
}

// Decode implements wire.StreamDecoder.
func (d *streamDecoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	data := bytes.TrimSpace(m.Data)
	if d.ended || len(data) == 0 || string(data) == "[DONE]" {
		return dst, nil
	}
	f, err := d.reader.Open(data)
	if err != nil {
		return dst, fmt.Errorf("anthropic: an event that is not JSON: %w", err)
	}
	d.now = event{data: data}
	if d.now.read(&f); d.now.kind == "" {
		d.now.kind = m.Name
	}
	d.out = dst
	err = d.event()
	dst, d.out = d.out, nil
	return dst, err
}

func (d *streamDecoder) emit(ev llm.Event) { d.out = append(d.out, ev) }

func (d *streamDecoder) event() error {
	if d.now.failed {
		failure, _ := inBand(d.now.data)
		d.ended = true
		d.emit(llm.Event{Kind: llm.EventError, Err: failure})
		return nil
	}
	switch kind := d.now.kind; kind {
	case "message_start":
		d.messageStart()
	case "content_block_start":
		return d.blockStart()
	case "content_block_delta":
		return d.delta()
	case "content_block_stop":
		d.blockStop()
	case "message_delta":
		d.messageDelta()
	case "message_stop":
		d.messageStop()
	default:
		// Pings and whatever is yet to come. Nothing goes before the start.
		if d.started && kind != "" {
			d.emit(llm.Event{Kind: llm.EventOther, Name: kind, Text: d.now.data})
		}
	}
	return nil
}

func (d *streamDecoder) messageStart() {
	f := d.now.message
	told := d.addUsage(f.Get("usage"))
	if d.started {
		return
	}
	ev := llm.Event{Kind: llm.EventStart, Extra: llm.Extra{From: own}}
	for f.Next() {
		switch f.Name() {
		case "type", "role", "content", "stop_reason", "stop_sequence", "usage":
		case "id":
			ev.ID = wire.Text(f.Value())
		case "model":
			ev.Model = wire.Text(f.Value())
		default:
			f.Keep(&ev.Extra, own)
		}
	}
	d.started = true
	d.emit(ev)
	if told {
		d.emit(llm.Event{Kind: llm.EventUsage, Usage: d.usage.canonical()})
	}
}

// start makes up for a beginning that was left out.
func (d *streamDecoder) start() {
	if !d.started {
		d.started = true
		d.emit(llm.Event{Kind: llm.EventStart, Extra: llm.Extra{From: own}})
	}
}

func (d *streamDecoder) addUsage(v llm.JSON) bool {
	told := d.usage.add(v)
	if told {
		d.usage.own()
	}
	return told
}

// key is the index of the event's block. Without one it is the block begun
// last.
func (d *streamDecoder) key() int64 {
	if d.now.numbered {
		return d.now.index
	}
	return d.last
}

func (d *streamDecoder) blockStart() error {
	d.start()
	parts, bad := blocks{}.block(nil, d.now.content, d.now.block)
	if bad != nil {
		return fmt.Errorf("anthropic: content_block: %w", bad)
	}
	p := parts[0]
	key := d.key()
	if !d.now.numbered {
		key = int64(d.parts)
	}
	bare, text, sign, input := bareStart(p)
	b, err := d.begin(key, bare)
	if err != nil {
		return err
	}
	b.keepInput(input)
	if text != nil && !wire.EmptyText(text) {
		d.emit(llm.Event{Kind: llm.EventDelta, Index: b.part, Text: text})
	}
	if sign != nil {
		d.sign(b, sign)
	}
	return nil
}

// bareStart takes from a part what is told by events of its own.
func bareStart(p llm.Part) (bare llm.Part, text, sign llm.JSON, input []byte) {
	bare = p
	if p.Kind == llm.Text {
		bare.Text = nil
		return bare, p.Text, nil, nil
	}
	if p.Kind == llm.Thinking {
		bare.Text, bare.Signature, bare.SignedBy = nil, nil, own
		bare.Extra.Members = without(p.Extra.Members, "signature")
		return bare, p.Text, p.Signature, nil
	}
	if p.Kind == llm.ToolCall {
		input, p.Call.Args = p.Call.Args, nil
		bare.Extra.Members = without(p.Extra.Members, "input")
	}
	return bare, nil, nil, input
}

func without(members []llm.Member, name string) []llm.Member {
	var rest []llm.Member
	for _, m := range members {
		if m.Name != name {
			rest = append(rest, m)
		}
	}
	return rest
}

func (d *streamDecoder) begin(key int64, p llm.Part) (*openBlock, error) {
	d.end(key)
	if len(d.open) >= maxOpenBlocks {
		return nil, errors.New("anthropic: too many content blocks at once")
	}
	b := &openBlock{part: d.parts, kind: p.Kind}
	d.open[key], d.last = b, key
	d.parts++
	d.emit(llm.Event{Kind: llm.EventPart, Index: b.part, Part: p})
	return b, nil
}

func (b *openBlock) keepInput(input []byte) {
	if f := wire.NewFields(input); f.Next() {
		b.input = bytes.Clone(input)
	}
}

func (d *streamDecoder) blockStop() {
	d.end(d.key())
}

// end ends a block, if it is open.
func (d *streamDecoder) end(key int64) {
	b := d.open[key]
	if b == nil {
		return
	}
	if b.input != nil {
		d.emit(llm.Event{Kind: llm.EventDelta, Index: b.part, Text: wire.Quote(string(b.input))})
	}
	d.emit(llm.Event{Kind: llm.EventPartEnd, Index: b.part})
	delete(d.open, key)
}

// endAll ends the blocks that were left open, in the order of their parts.
func (d *streamDecoder) endAll() {
	for len(d.open) > 0 {
		first, found := int64(0), false
		for key, b := range d.open {
			if !found || b.part < d.open[first].part {
				first, found = key, true
			}
		}
		d.end(first)
	}
}

func (d *streamDecoder) delta() error {
	d.start()
	delta := d.now.delta
	kind := wire.Word(delta.Get("type"))
	b := d.open[d.key()]
	if b == nil {
		var err error
		if b, err = d.missed(kind); b == nil {
			return err
		}
	}
	if b.kind == llm.Opaque {
		d.other(b, delta.Object())
		return nil
	}
	switch kind {
	case "text_delta":
		d.piece(b, delta, "text")
	case "thinking_delta":
		d.piece(b, delta, "thinking")
	case "input_json_delta":
		d.piece(b, delta, "partial_json")
	case "signature_delta":
		if v := delta.Get("signature"); wire.IsString(v) && !wire.EmptyText(v) {
			d.sign(b, v)
		}
	case "citations_delta":
		if v := delta.Get("citation"); wire.IsObject(v) {
			d.emit(llm.Event{Kind: llm.EventCite, Index: b.part, Citation: decodeCitation(v)})
		}
	default:
		d.other(b, delta.Object())
	}
	return nil
}

// missed begins the block of a delta whose beginning was left out, if the
// delta tells what it is.
func (d *streamDecoder) missed(kind string) (*openBlock, error) {
	p := llm.Part{}
	switch kind {
	case "text_delta":
	case "thinking_delta":
		p.Kind, p.SignedBy, p.Extra.From = llm.Thinking, own, own
	default:
		return nil, nil
	}
	return d.begin(d.key(), p)
}

func (d *streamDecoder) piece(b *openBlock, f wire.Fields, name string) {
	ev := llm.Event{Kind: llm.EventDelta, Index: b.part}
	for f.Next() {
		switch v := f.Value(); {
		case f.Name() == "type":
		case f.Name() == name && wire.IsString(v):
			ev.Text = v
		default:
			f.Keep(&ev.Extra, own)
		}
	}
	if ev.Text == nil || wire.EmptyText(ev.Text) && len(ev.Extra.Members) == 0 {
		return
	}
	if !wire.EmptyText(ev.Text) {
		b.input = nil
	}
	d.emit(ev)
}

func (d *streamDecoder) sign(b *openBlock, signature llm.JSON) {
	d.emit(llm.Event{Kind: llm.EventSign, Index: b.part, Text: signature, Part: llm.Part{SignedBy: own}})
}

// other tells a delta that only this format knows.
func (d *streamDecoder) other(b *openBlock, delta llm.JSON) {
	if delta != nil {
		d.emit(llm.Event{Kind: llm.EventOther, Index: b.part, Name: "content_block_delta", Text: delta})
	}
}

func (d *streamDecoder) messageDelta() {
	d.start()
	var extra llm.Extra
	f := wire.NewFields(d.now.data)
	for f.Next() {
		// The delta is kept whole: it has members of its own.
		if name := f.Name(); name != "type" && name != "usage" {
			f.Keep(&extra, own)
		}
	}
	ev := finishEvent(d.now.delta)
	if ev.Finish != llm.Unfinished && !d.finished {
		d.endAll()
		d.finished = true
		ev.Extra = extra
		d.emit(ev)
	}
	told := d.now.usage
	if d.addUsage(told) {
		d.usage.later = true
		d.usage.final = d.usage.final || wire.IsNumber(wire.Get(told, "output_tokens"))
		d.emit(llm.Event{Kind: llm.EventUsage, Usage: d.usage.canonical()})
	}
}

// finishEvent reads the delta of a message_delta.
func finishEvent(delta wire.Fields) llm.Event {
	ev := llm.Event{Kind: llm.EventFinish, Reason: wire.Text(delta.Get("stop_reason"))}
	ev.Finish = finishOf(ev.Reason)
	ev.StopSequence = stringOrNil(delta.Get("stop_sequence"))
	return ev
}

func (d *streamDecoder) messageStop() {
	d.start()
	d.endAll()
	ev := llm.Event{Kind: llm.EventEnd}
	f := wire.NewFields(d.now.data)
	for f.Next() {
		if f.Name() != "type" {
			f.Keep(&ev.Extra, own)
		}
	}
	d.ended = true
	d.emit(ev)
}

// End implements wire.StreamDecoder.
func (d *streamDecoder) End(dst []llm.Event) ([]llm.Event, error) {
	if d.ended {
		return dst, nil
	}
	if !d.finished {
		return dst, fmt.Errorf("anthropic: the stream broke off: %w", io.ErrUnexpectedEOF)
	}
	d.ended = true
	return append(dst, llm.Event{Kind: llm.EventEnd}), nil
}
