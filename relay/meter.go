package relay

import (
	"bytes"
	"errors"
	"io"
	"log/slog"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/wire/sse"
)

// receiveStream puts the meter between the provider's stream and the caller. A
// provider that does not stream may answer with one document, which is passed
// on as the plain answer that it is.
func (c *call) receiveStream(ex *flow.Exchange, r *flow.Reply) error {
	contentType := r.Header.Get("Content-Type")
	if codingOf(r.Header) == codingGzip {
		r.Stream, r.Length = inflate(r.Stream), -1
	}
	r.Header.Del("Content-Encoding")
	if mediaType(contentType) == "application/json" {
		document, whole, err := c.peek(r)
		switch {
		case err != nil:
			return broken(ex, err)
		case document:
			c.ai.Streaming = false
			return c.takePlain(ex, r, codingNone, whole)
		}
		r.Stream = &prepended{Stream: r.Stream, head: c.scrap}
	}
	r.Header.Set("Content-Type", "text/event-stream")
	r.Length, r.Events = -1, true
	c.ai.Streaming = true
	m := &c.meter
	m.keys = c.t.surface.text
	m.c, m.ex, m.src = c, ex, r.Stream
	m.split.Limit = c.t.s.EventMaxBytes
	m.hide = c.asked
	m.reader = streamReader(contentType)
	r.Stream = m
	return nil
}

// framing is how the provider's stream is cut into events.
type framing uint8

const (
	sniff          framing = iota // the first byte decides
	events                        // server-sent events
	lines                         // a JSON document a line
	elements                      // one JSON array, element by element
	binaryMessages                // messages of AWS
	refuse                        // nothing we can read
)

// streamReader is the framing that a content type allows. A type that says nothing is looked into: services do send events
// without one.
func streamReader(contentType string) framing {
	switch mediaType(contentType) {
	case "", "text/event-stream", "application/json", "application/stream+json", "application/x-ndjson",
		"application/octet-stream", "text/plain":
		return sniff
	case "application/vnd.amazon.eventstream":
		return binaryMessages
	}
	return refuse
}

// meter passes a stream on, whole events at a time, and reads from it what
// the log needs. It hides the usage that the gateway asked for. It belongs to
// its call and is used again with it.
type meter struct {
	skimmer

	c      *call
	ex     *flow.Exchange
	src    flow.Stream
	split  sse.Splitter
	reader framing
	hide   bool
	seen   int // events with data that were looked into for the model's name
	scrap  []byte
	edits  jsonscan.Edits
	cutter lineCutter // of JSON lines
	held   []byte     // what came while the framing was unknown
	blank  int        // how much of it is known to be white space
	begun  bool       // the first frame has been looked at
	sent   bool       // the caller has got something
	end    error
	over   bool // finish has run
}

// reuse takes over the buffers of an earlier use.
func (m *meter) reuse(old *meter) {
	*m = meter{scrap: old.scrap[:0], edits: old.edits, cutter: lineCutter{old.cutter.line[:0]}, held: old.held[:0], skimmer: old.skimmer}
	m.reset(nil)
}

// Next returns the next whole events.
func (m *meter) Next() (flow.Frame, error) {
	for m.end == nil {
		f, err := m.src.Next()
		if errors.Is(err, io.EOF) {
			return m.last()
		}
		if err != nil {
			return m.broken(nil, err)
		}
		frame, err := m.cut(f.Data)
		frame = m.look(frame)
		if err != nil {
			return m.broken(frame, err)
		}
		if len(frame) > 0 {
			m.sent = true
			return flow.Frame{Data: frame}, nil
		}
	}
	return flow.Frame{}, m.end
}

// cut gives the whole events of what was read.
func (m *meter) cut(data []byte) ([]byte, error) {
	if m.reader == sniff {
		data = m.sniff(data)
	}
	switch m.reader {
	case lines:
		return m.cutLines(data)
	case refuse, elements, binaryMessages:
		return nil, errUnreadable
	case sniff:
		if len(m.held) > m.limit() {
			return nil, sse.ErrTooLong
		}
		return nil, nil
	case events:
	}
	return m.split.Push(data)
}

// sniff holds back what is white space, and a byte order mark, until the
// first byte after it says what the stream is; then it gives all there is.
func (m *meter) sniff(data []byte) []byte {
	if len(m.held) > 0 {
		m.held = append(m.held, data...)
		data = m.held
	}
	rest := bytes.TrimLeft(data[m.blank:], " \t\r\n\ufeff")
	if bytes.HasPrefix(mark, rest) {
		if len(m.held) == 0 {
			m.held = append(m.held, data...)
		}
		m.blank = len(data) - len(rest)
		return nil
	}
	m.held = m.held[:0] // its bytes stay as they are until the next stream
	if rest[0] == '{' {
		m.reader = lines
		return rest
	}
	m.reader = events
	return data
}

// mark is the byte order mark.
var mark = []byte("\ufeff")

// cutLines makes an event of each line, which is a JSON document.
func (m *meter) cutLines(data []byte) ([]byte, error) {
	m.scrap = m.scrap[:0]
	line, rest, ok := m.cutter.next(data)
	for ; ok; line, rest, ok = m.cutter.next(rest) {
		m.addLine(line)
	}
	return m.scrap, m.cutter.hold(rest, m.limit())
}

func (m *meter) addLine(line []byte) {
	if len(line) > 0 {
		m.scrap = sse.AppendData(m.scrap, line)
	}
}

func (m *meter) limit() int {
	if m.split.Limit > 0 {
		return m.split.Limit
	}
	return sse.DefaultLimit
}

// errUnreadable is an answer to a streamed question that is no stream.
var errUnreadable = &fault.Error{Kind: fault.BadUpstream, Message: "empty or unsupported transformer response"}

// last ends the stream in order: what is pending goes out.
func (m *meter) last() (flow.Frame, error) {
	m.end = io.EOF
	out := m.flush()
	m.finish()
	if len(out) == 0 {
		return flow.Frame{}, io.EOF
	}
	return flow.Frame{Data: out}, nil
}

// broken ends a stream that failed after frame. Nothing has gone out before
// the first event, so another answer is still possible; later an error in the
// caller's format says what happened. An event that was cut off is dropped.
func (m *meter) broken(frame []byte, err error) (flow.Frame, error) {
	_ = m.src.Close()
	m.finish()
	m.end = io.EOF
	if m.ex.Ctx.Err() != nil || !m.sent && len(frame) == 0 && !errors.Is(err, errUnreadable) {
		m.end = err
		return flow.Frame{}, err
	}
	return flow.Frame{Data: append(bytes.Clone(frame), m.failure(err)...)}, nil
}

func (m *meter) flush() []byte {
	switch m.reader {
	case lines:
		m.scrap = m.scrap[:0]
		m.addLine(m.cutter.last())
		return sse.AppendData(m.look(m.scrap), []byte("[DONE]"))
	case events:
		return bytes.Clone(m.look(m.split.Flush()))
	case sniff:
		return bytes.Clone(m.held)
	case refuse, elements, binaryMessages:
	}
	return nil
}

// failure is the event that tells the caller of a stream that broke.
func (m *meter) failure(err error) []byte {
	m.c.ai.Error = err.Error()
	m.ex.Outcome.Err = err
	m.ex.Log.LogAttrs(m.ex.Ctx, slog.LevelWarn, "the stream broke off",
		slog.String("request_id", m.ex.ID), slog.Any("error", err))
	if errors.Is(err, errUnreadable) {
		return []byte("data: {\"error\": true, \"message\": \"empty or unsupported transformer response\"}\n\n")
	}
	msg := "the provider's stream ended early"
	if errors.Is(err, sse.ErrTooLong) {
		msg = "the provider's stream holds an event that is too large"
	}
	b := append([]byte("data: "), `{"error":{"message":"`+msg+`","type":"upstream_error","code":"stream_interrupted"}}`...)
	return append(b, "\n\n"...)
}

// Close ends the stream early: the caller has gone, or nobody wants the rest.
func (m *meter) Close() error {
	if m.end == nil {
		m.end = io.ErrClosedPipe
		m.finish()
	}
	return m.src.Close()
}

func (m *meter) finish() {
	if m.over {
		return
	}
	m.over = true
	m.c.ai.LatencyMS = since(m.ex)
	m.c.finish()
	m.c.compose()
}

// look reads what the log needs from a frame and returns what the caller may
// see of it.
func (m *meter) look(frame []byte) []byte {
	if len(frame) == 0 {
		return frame
	}
	if m.seen < modelEvents {
		m.begin(frame)
	}
	tells := m.skim(frame)
	if m.c.ai.LogPayloads {
		m.keep(frame)
	}
	if tells {
		frame = m.usage(frame)
	}
	m.begun = true
	return frame
}

// telling finds the names that usage and errors come under.
func telling(b []byte) bool { return bytes.Contains(b, usageKey) || bytes.Contains(b, errorKey) }

var errorKey = []byte(`"error"`)

// modelEvents is how many events may come before one that names the model:
// Azure's first has none, only the verdict on the prompt.
const modelEvents = 8

// begin notes the time of the first event that has data, and the model of the
// first that names it.
func (m *meter) begin(frame []byte) {
	cur := m.cursor(frame)
	for ev, ok := cur.Next(); ok && m.seen < modelEvents; ev, ok = cur.Next() {
		if !ev.HasData {
			continue
		}
		if m.seen == 0 {
			m.c.ai.FirstTokenMS = since(m.ex)
		}
		m.seen++
		if m.readModel(ev.Data); m.c.ai.ResponseModel != "" {
			m.seen = modelEvents
		}
	}
}

func (m *meter) readModel(data []byte) {
	var s [answerCount]jsonscan.Span
	if answerKeys.Object(data, s[:]) != nil {
		return
	}
	m.c.ai.ResponseModel = m.c.t.lastModel.text(s[answerModel].Of(data))
	if inner := s[answerResponse].Of(data); jsonscan.KindOf(inner) == jsonscan.Object {
		m.c.ai.ResponseModel = m.c.t.lastModel.text(jsonscan.Find(inner, "model").Of(inner))
	}
}

// cursor walks over the events of a frame. Only that of the first frame stands
// at the start of the stream, where a byte order mark may be.
func (m *meter) cursor(frame []byte) sse.Cursor {
	if !m.begun {
		return sse.NewCursor(frame)
	}
	cur := sse.NewCursor(blank)
	cur.Next()
	cur.Reset(frame)
	return cur
}

var blank = []byte("\n")

// usage walks over a frame that may hold usage or an error.
func (m *meter) usage(frame []byte) []byte {
	out, changed := m.scrap[:0], false
	cur := m.cursor(frame)
	for ev, ok := cur.Next(); ok; ev, ok = cur.Next() {
		cut, drop := m.event(ev.Data)
		switch {
		case drop:
			out = append(out, ev.Raw[:preamble(ev.Raw)]...)
		case cut.Present():
			out = m.appendCut(out, ev, cut)
		default:
			out = append(out, ev.Raw...)
			continue
		}
		changed = true
	}
	m.scrap = out
	if !changed {
		return frame
	}
	return out
}

// preamble is how much of an event stands before its first field: comments,
// which are the stream's rather than the event's.
func preamble(raw []byte) int {
	n := 0
	if bytes.HasPrefix(raw, mark) {
		n = len(mark)
	}
	for n < len(raw) && (raw[n] == ':' || raw[n] == '\r' || raw[n] == '\n') {
		i := bytes.IndexAny(raw[n:], "\r\n")
		if i < 0 {
			return n
		}
		n += i + 1
	}
	return n
}

// event takes usage, tier and errors from one event. It tells whether the
// event is only there because the gateway asked for usage (drop), or has a
// member that is (cut, a span in data).
func (m *meter) event(data []byte) (cut jsonscan.Span, drop bool) {
	var s [answerCount]jsonscan.Span
	if !telling(data) || answerKeys.Object(data, s[:]) != nil {
		return cut, false
	}
	ai := &m.c.ai
	if e := s[answerError].Of(data); len(e) > 0 && jsonscan.KindOf(e) != jsonscan.Null {
		ai.Error = "the provider sent an error in the stream"
	}
	tier := s[answerTier].Of(data)
	if inner := s[answerResponse].Of(data); jsonscan.KindOf(inner) == jsonscan.Object {
		readUsage(&ai.Usage, &m.c.room, jsonscan.Find(inner, "usage").Of(inner))
		tier = jsonscan.Find(inner, "service_tier").Of(inner)
	}
	if name := m.c.t.lastTier.text(tier); name != "" {
		ai.Usage.ServiceTier = name
	}
	// Groq may have usage in an envelope of its own only.
	if groq := s[answerGroq].Of(data); jsonscan.KindOf(groq) == jsonscan.Object {
		readUsage(&ai.Usage, &m.c.room, jsonscan.Find(groq, "usage").Of(groq))
	}
	use := s[answerUsage]
	if !use.Present() {
		return cut, false
	}
	readUsage(&ai.Usage, &m.c.room, use.Of(data))
	if !m.hide {
		return cut, false
	}
	if jsonscan.KindOf(use.Of(data)) == jsonscan.Null {
		return use, false
	}
	choices := s[answerChoices].Of(data)
	return cut, jsonscan.KindOf(choices) == jsonscan.Array && emptyArray(choices)
}

// appendCut appends an event without one member of its data. An event whose
// data is not one line of the frame is written anew.
func (m *meter) appendCut(dst []byte, ev sse.Event, member jsonscan.Span) []byte {
	m.edits.Reset()
	m.edits.Delete(member)
	i := bytes.Index(ev.Raw, ev.Data)
	if i < 0 {
		return sse.AppendData(dst, m.edits.Append(nil, ev.Data))
	}
	dst = append(dst, ev.Raw[:i]...)
	dst = m.edits.Append(dst, ev.Data)
	return append(dst, ev.Raw[i+len(ev.Data):]...)
}
