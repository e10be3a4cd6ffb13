package bedrock

import (
	"encoding/base64"
	"fmt"
	"io"
	"slices"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Provider.
func (v Invoke) NewStream() wire.StreamDecoder { return &replyDecoder{makers: v} }

// maxChoices bounds how many answers a stream may have.
const maxChoices = 32

// replyDecoder reads the chunks of one InvokeModelWithResponseStream: in each
// there is, in base64, a piece in the model's own words.
type replyDecoder struct {
	nova          *decoder           // not nil: the model speaks Converse
	maker         wire.StreamDecoder // not nil: the model speaks as its maker's
	makers        Invoke
	started, over bool
	id            string
	choices       [maxChoices]saying
	counted       bool // Bedrock's own counts were told
	usage         llm.Usage
	buf           []byte
}

// saying is how far an answer has come.
type saying struct {
	parts    int
	open     bool
	kind     llm.Kind
	finished bool
}

// Decode implements wire.StreamDecoder.
func (d *replyDecoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	switch {
	case d.over:
		return dst, nil
	case isException(m.Name):
		d.over = true
		var c decoder
		return c.fail(dst, m), nil
	case m.Name != "chunk" && m.Name != "":
		return dst, nil
	}
	chunk, err := d.chunk(m.Data)
	if err != nil {
		return dst, err
	}
	if d.nova != nil || isNova(chunk) {
		return d.converse(dst, chunk)
	}
	if d.maker == nil && !d.started {
		if m := d.makers.answers(chunk); m != nil {
			d.maker = m.NewStream()
		}
	}
	if d.maker != nil {
		return d.made(dst, chunk)
	}
	return d.piece(dst, chunk)
}

// made reads an event of a maker's. Where that does not count Bedrock does, in
// the last one.
func (d *replyDecoder) made(dst []llm.Event, chunk []byte) ([]llm.Event, error) {
	from := len(dst)
	dst, err := d.maker.Decode(dst, wire.Message{Name: wire.Text(wire.Get(chunk, "type")), Data: chunk})
	for i := from; i < len(dst); i++ {
		d.counted = d.counted || dst[i].Kind == llm.EventUsage
	}
	counts := wire.Get(chunk, metrics)
	if counts == nil || d.counted {
		return dst, err
	}
	d.counted = true
	at := len(dst)
	if at > from && dst[at-1].Kind == llm.EventEnd {
		at--
	}
	return slices.Insert(dst, at, llm.Event{Kind: llm.EventUsage, Usage: metricsUsage(counts)}), err
}

// chunk takes a piece out of its wrapping.
func (d *replyDecoder) chunk(data []byte) ([]byte, error) {
	if err := jsonscan.Valid(data); err != nil {
		return nil, fmt.Errorf("bedrock: chunk: %w", err)
	}
	var err error
	d.buf, err = base64.StdEncoding.AppendDecode(d.buf[:0], wire.TextBytes(wire.Get(data, "bytes")))
	if err != nil {
		return nil, fmt.Errorf("bedrock: bytes of a chunk: %w", err)
	}
	if err := jsonscan.Valid(d.buf); err != nil {
		return nil, fmt.Errorf("bedrock: model's event: %w", err)
	}
	return d.buf, nil
}

func isNova(chunk []byte) bool {
	f := wire.NewFields(chunk)
	return f.Next() && novaEvent(f.Name())
}

func novaEvent(name string) bool {
	switch name {
	case "messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata":
		return true
	}
	return false
}

// converse reads an event of a Nova model: Converse's, named by its member.
func (d *replyDecoder) converse(dst []llm.Event, chunk []byte) ([]llm.Event, error) {
	if d.nova == nil {
		d.nova = &decoder{}
	}
	f := wire.NewFields(chunk)
	for f.Next() {
		if !novaEvent(f.Name()) {
			continue
		}
		var err error
		if dst, err = d.nova.Decode(dst, wire.Message{Name: f.Name(), Data: f.Value()}); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// piece reads an event of another model.
func (d *replyDecoder) piece(dst []llm.Event, chunk []byte) ([]llm.Event, error) {
	list, known := replies(chunk)
	counts := wire.Get(chunk, metrics)
	if !known && counts == nil {
		return dst, unknownReply(chunk)
	}
	if !d.started {
		d.started = true
		d.id = idOf(chunk)
		dst = append(dst, llm.Event{Kind: llm.EventStart, ID: d.id})
	}
	for i := range list {
		if list[i].index < maxChoices {
			dst = d.say(dst, &list[i])
		}
	}
	return d.count(dst, chunk, counts != nil), nil
}

// count tells the usage once it is known to be final: models count on with
// every piece, Bedrock at the end.
func (d *replyDecoder) count(dst []llm.Event, chunk []byte, final bool) []llm.Event {
	u := replyUsage(chunk)
	if final {
		d.counted, d.usage = true, u
		return append(dst, llm.Event{Kind: llm.EventUsage, Usage: u})
	}
	if u.Prompt >= 0 {
		d.usage.Prompt = u.Prompt
	}
	if u.Completion >= 0 {
		d.usage.Completion = u.Completion
	}
	return dst
}

// say tells a piece of an answer.
func (d *replyDecoder) say(dst []llm.Event, r *reply) []llm.Event {
	s := &d.choices[r.index]
	if s.finished {
		return dst
	}
	if len(r.text) > 2 {
		dst = d.enter(dst, r.index, llm.Part{Kind: llm.Text})
		dst = append(dst, llm.Event{Kind: llm.EventDelta, Choice: r.index, Index: s.parts - 1, Text: r.text})
	}
	for i := range r.calls {
		dst = d.call(dst, r.index, r.calls[i])
	}
	if r.reason == "" {
		return dst
	}
	s.finished = true
	dst = d.leave(dst, r.index)
	return append(dst, llm.Event{Kind: llm.EventFinish, Choice: r.index, Finish: r.finish(), Reason: r.reason, StopSequence: r.stop})
}

// call tells a call, or a piece of its arguments: only its first piece has a
// name.
func (d *replyDecoder) call(dst []llm.Event, choice int, p llm.Part) []llm.Event {
	s := &d.choices[choice]
	args := p.Call.Args
	p.Call.Args = nil
	if p.Call.Name != "" || !s.open || s.kind != llm.ToolCall {
		dst = d.leave(dst, choice)
		if p.Call.ID == "" {
			p.Call.ID = callName(d.id, s.parts)
		}
		dst = d.enter(dst, choice, p)
	}
	if len(args) == 0 {
		return dst
	}
	return append(dst, llm.Event{Kind: llm.EventDelta, Choice: choice, Index: s.parts - 1, Text: wire.Quote(string(args))})
}

func (d *replyDecoder) enter(dst []llm.Event, choice int, p llm.Part) []llm.Event {
	s := &d.choices[choice]
	if s.open && s.kind == p.Kind {
		return dst
	}
	dst = d.leave(dst, choice)
	s.open, s.kind = true, p.Kind
	s.parts++
	return append(dst, llm.Event{Kind: llm.EventPart, Choice: choice, Index: s.parts - 1, Part: p})
}

func (d *replyDecoder) leave(dst []llm.Event, choice int) []llm.Event {
	s := &d.choices[choice]
	if !s.open {
		return dst
	}
	s.open = false
	return append(dst, llm.Event{Kind: llm.EventPartEnd, Choice: choice, Index: s.parts - 1})
}

// End implements wire.StreamDecoder. An answer that Bedrock has counted is
// whole.
func (d *replyDecoder) End(dst []llm.Event) ([]llm.Event, error) {
	if d.nova != nil {
		return d.nova.End(dst)
	}
	if d.over {
		return dst, nil
	}
	if d.over = true; d.maker != nil {
		return d.maker.End(dst)
	}
	finished := d.counted
	for i := range d.choices {
		dst = d.leave(dst, i)
		finished = finished || d.choices[i].finished
	}
	if !finished {
		return dst, fmt.Errorf("bedrock: the stream ended before the answer did: %w", io.ErrUnexpectedEOF)
	}
	if !d.counted && (d.usage.Prompt > 0 || d.usage.Completion > 0) {
		dst = append(dst, llm.Event{Kind: llm.EventUsage, Usage: d.total()})
	}
	return append(dst, llm.Event{Kind: llm.EventEnd}), nil
}

// total is the usage as the model told it.
func (d *replyDecoder) total() llm.Usage {
	u := llm.NoUsage()
	if d.usage.Prompt > 0 {
		u.Prompt = d.usage.Prompt
	}
	if d.usage.Completion > 0 {
		u.Completion = d.usage.Completion
	}
	return totalled(u)
}
