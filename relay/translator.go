package relay

import (
	"bytes"
	"errors"
	"io"
	"log/slog"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// translateStream puts a translator between the provider's stream and the
// caller. A provider that does not stream answers with one document, which is
// told in events.
func (c *call) translateStream(ex *flow.Exchange, r *flow.Reply, contentType string) error {
	if !c.stream { // it streams though nobody asked
		c.stream = true
	}
	if mediaType(contentType) == "application/json" {
		document, _, err := c.peek(r)
		if err != nil {
			return broken(ex, err)
		}
		r.Stream = &prepended{Stream: r.Stream, head: bytes.Clone(c.scrap)}
		if document && !c.x.same {
			return c.unroll(ex, r)
		}
	}
	t := &translator{c: c, ex: ex, src: r.Stream, dec: c.place().format.NewStream(), enc: c.client.NewStream(&c.x.question)}
	t.out, t.list = c.x.out[:0], c.x.events[:0]
	t.checked = c.altered()
	t.frames = newFramer(contentType, c.t.s.EventMaxBytes, t.take)
	if c.x.same {
		r.Length, r.Events = -1, true
		c.ai.Streaming = true
	} else {
		c.begins(r, t.enc.ContentType())
	}
	r.Stream = t
	return nil
}

func (c *call) begins(r *flow.Reply, contentType string) {
	r.Header.Set("Content-Type", contentType)
	c.head(r, nil)
	r.Length, r.Events = -1, true
	c.ai.Streaming = true
}

// unroll tells a whole answer in events.
func (c *call) unroll(ex *flow.Exchange, r *flow.Reply) error {
	whole, err := c.collectAll(ex, r)
	if err != nil {
		return err
	}
	var a llm.Response
	if err := c.answerOf(ex, r, &a, whole); err != nil {
		return err
	}
	c.report(r)
	enc := c.client.NewStream(&c.x.question)
	c.scrap = c.scrap[:0]
	for ev := range wire.Unroll(&a) {
		c.scrap = enc.Encode(c.scrap, ev)
	}
	c.begins(r, enc.ContentType())
	r.SetBody(c.scrap)
	r.Length = -1
	return nil
}

// translator passes a stream on in another format, event by event.
type translator struct {
	c       *call
	ex      *flow.Exchange
	src     flow.Stream
	frames  *framer
	dec     wire.StreamDecoder
	enc     wire.StreamEncoder
	list    []llm.Event
	out     []byte
	held    []byte // of the provider's: the beginning of a message
	started bool
	calls   int // of tools
	sent    bool
	blind   bool // the stream passes unread
	ended   bool // the last event was written
	err     error
	over    bool
	checked bool // the answer is held against the caller's schemas
	kept    wire.Collector
}

// Next returns the events that one read of the provider's stream means.
func (t *translator) Next() (flow.Frame, error) {
	for t.err == nil {
		t.out = t.out[:0]
		f, err := t.src.Next()
		switch {
		case errors.Is(err, io.EOF):
			err = t.last()
		case err == nil:
			err = t.pass(f.Data)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return t.broken(err)
		}
		if err != nil || t.ended && !t.c.x.same {
			t.err = io.EOF
			t.finish()
			_ = t.src.Close()
		}
		if len(t.out) > 0 {
			t.sent = true
			return flow.Frame{Data: t.out}, nil
		}
	}
	return flow.Frame{}, t.err
}

// pass reads what came. Where caller and provider speak one format it goes out
// as it is, whatever we make of it, as soon as a message is whole.
func (t *translator) pass(data []byte) error {
	if !t.c.x.same {
		return t.frames.push(data)
	}
	var err error
	if !t.blind {
		if err = t.frames.push(data); err != nil && !corrupt(err) {
			t.lose(err)
			err = nil
		}
	}
	t.let(data)
	return err
}

// keepHeld is how large a buffer may be that waits for the rest of a message.
const keepHeld = 64 << 10

// let passes on what is whole of what came; the beginning of a message waits.
func (t *translator) let(data []byte) {
	pending := 0
	if !t.blind {
		pending = t.frames.pending()
	}
	whole := len(t.held) + len(data) - pending
	switch {
	case whole <= 0:
		t.held = append(t.held, data...)
	case len(t.held) == 0:
		t.out, t.held = append(t.out, data[:whole]...), append(t.held, data[whole:]...)
	default:
		t.held = append(t.held, data...)
		t.out = append(t.out, t.held[:whole]...)
		t.held = t.held[:copy(t.held, t.held[whole:])]
	}
	if len(t.held) == 0 && cap(t.held) > keepHeld {
		t.held = nil
	}
}

// lose stops reading a stream that passes as it is.
func (t *translator) lose(err error) {
	t.blind = true
	t.ex.Logger().LogAttrs(t.ex.Ctx, slog.LevelWarn, "the stream cannot be read any further; it passes, uncounted", slog.Any("error", err))
}

// take translates one message.
func (t *translator) take(m wire.Message) error {
	if t.ended {
		return nil
	}
	err := wire.Bounded(m.Data)
	if err != nil {
		return err
	}
	t.list, err = t.dec.Decode(t.list[:0], m)
	t.write()
	return err
}

// last ends the stream in order; io.EOF tells that it did.
func (t *translator) last() error {
	if t.c.x.same {
		return t.lastSame()
	}
	if err := t.frames.end(); err != nil {
		return err
	}
	if t.ended {
		return io.EOF
	}
	var err error
	t.list, err = t.dec.End(t.list[:0])
	t.write()
	if err != nil {
		return err
	}
	return io.EOF
}

// lastSame is last where caller and provider speak one format. What is no whole
// message goes out too, but for those that could not be told from the next.
func (t *translator) lastSame() error {
	if !t.blind {
		err := t.frames.end()
		if err != nil && t.frames.kind == binaryMessages {
			return err
		}
		if err == nil {
			t.list, err = t.dec.End(t.list[:0])
			t.write()
		}
		if err != nil {
			t.c.ai.Error = err.Error()
		}
	}
	t.out, t.held = append(t.out, t.held...), nil
	return io.EOF
}

// write tells the caller what was read.
func (t *translator) write() {
	for i := range t.list {
		ev := &t.list[i]
		if t.ended {
			return
		}
		if before := t.c.x.fit.Event(ev); before != nil {
			t.tell(before)
		}
		t.tell(ev)
	}
}

func (t *translator) tell(ev *llm.Event) {
	if t.note(ev); !t.c.x.same {
		t.out = t.enc.Encode(t.out, ev)
	}
}

// note takes from an event what the log needs, and fills what it lacks.
func (t *translator) note(ev *llm.Event) {
	c := t.c
	if !t.started {
		t.started = true
		c.ai.FirstTokenMS = since(t.ex)
	}
	switch ev.Kind {
	case llm.EventStart:
		c.identify(t.ex, &ev.ID, &ev.Model, &ev.Created)
		c.ai.ResponseModel = ev.Model
	case llm.EventDelta:
		c.meter.text += max(len(ev.Text)-2, 0)
	case llm.EventUsage:
		c.takeUsage(&ev.Usage)
	case llm.EventError:
		c.ai.Error = ev.Err.Message
		t.ended = !t.c.x.same
	case llm.EventEnd:
		t.ended = !t.c.x.same
	case llm.EventPart:
		name(t.ex, &ev.Part, &t.calls)
	case llm.EventSign, llm.EventCite, llm.EventPartEnd, llm.EventFinish, llm.EventLogprobs, llm.EventOther:
	}
	if c.ai.LogPayloads || t.checked {
		t.kept.Add(ev)
	}
}

// takeUsage replaces what was known of usage.
func (c *call) takeUsage(u *llm.Usage) {
	tier := c.ai.Usage.ServiceTier
	c.ai.Usage = *u
	c.ai.Usage.Extra = llm.Extra{}
	if u.ServiceTier == "" {
		c.ai.Usage.ServiceTier = tier
	}
	if u.Details != nil {
		c.room = *u.Details
		c.ai.Usage.Details = &c.room
	}
}

// broken ends a stream that failed. As long as nothing has gone out another
// answer is possible; later the caller is told in its own format.
func (t *translator) broken(err error) (flow.Frame, error) {
	_ = t.src.Close()
	t.err = io.EOF
	if t.ex.Ctx.Err() != nil || !t.sent && len(t.out) == 0 {
		t.err = err
		t.finish()
		return flow.Frame{}, err
	}
	t.c.ai.Error = err.Error()
	t.ex.Outcome.Err = err
	t.ex.Logger().LogAttrs(t.ex.Ctx, slog.LevelWarn, "the stream broke off", slog.Any("error", err))
	t.finish()
	t.out = t.enc.Encode(t.out, &llm.Event{Kind: llm.EventError, Err: &llm.Error{
		Status: 502, Type: "upstream_error", Code: "stream_interrupted", RetryAfter: -1,
		Message: "the provider's stream ended early",
	}})
	return flow.Frame{Data: t.out}, nil
}

// Close ends the stream early.
func (t *translator) Close() error {
	if t.err == nil {
		t.err = io.ErrClosedPipe
	}
	t.finish()
	return t.src.Close()
}

func (t *translator) finish() {
	if t.over {
		return
	}
	t.over = true
	t.c.x.out, t.c.x.events = t.out, t.list
	t.c.ai.LatencyMS = since(t.ex)
	if t.checked && t.ended {
		t.c.conform(t.ex, t.kept.Response(), !t.kept.Full())
	}
	t.c.finish()
	if t.c.ai.LogPayloads {
		a := t.kept.Response()
		a.Usage = t.c.ai.Usage
		t.c.ai.ResponseBody = t.c.client.EncodeResponse(nil, a, &t.c.x.question)
	}
}
