package openairesponses

import (
	"bytes"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// stream writes a response in events
// (https://platform.openai.com/docs/api-reference/responses-streaming). It
// gathers the whole response, which the last event tells once more.
type stream struct {
	r       *llm.Request
	w       wire.Writer
	payload int // where that of the current event begins
	seq     int64

	started, over bool
	id, model     string
	created       int64
	others        llm.JSON // members of the response besides
	native        bool

	items   []*outItem
	parts   map[int]*outPart
	message *outItem // that new texts go into
	proofs  wire.Sealer
	// logprobs wait for the text that they are about.
	logprobs []byte

	finish llm.Finish
	reason string
	usage  llm.JSON
}

// NewStream begins the answer to r.
func (Client) NewStream(r *llm.Request) wire.StreamEncoder {
	return &stream{r: r, parts: map[int]*outPart{}, proofs: wire.Sealer{Own: own}}
}

func (*stream) ContentType() string { return "text/event-stream" }

func (s *stream) Encode(dst []byte, ev *llm.Event) []byte {
	if s.over || ev.Choice != 0 {
		return dst
	}
	s.w.Buf = dst
	if !s.started {
		s.start(ev)
	}
	switch ev.Kind {
	case llm.EventStart:
	case llm.EventPart:
		s.begin(ev.Index, &ev.Part)
	case llm.EventDelta:
		s.delta(ev)
	case llm.EventSign:
		s.sign(ev)
	case llm.EventCite:
		s.cite(ev)
	case llm.EventPartEnd:
		s.partEnd(ev)
	case llm.EventFinish:
		s.finished(ev)
	case llm.EventUsage:
		var w wire.Writer
		writeUsage(&w, &ev.Usage)
		s.usage = w.Buf
	case llm.EventLogprobs:
		s.logprobs = appendElements(s.logprobs, wire.Get(ev.Text, "content"))
	case llm.EventError:
		s.fail(ev.Err)
	case llm.EventEnd:
		s.end(nil)
	case llm.EventOther:
		s.other(ev)
	}
	dst, s.w.Buf = s.w.Buf, nil
	return dst
}

// appendElements appends those of an array, separated by commas.
func appendElements(dst []byte, array llm.JSON) []byte {
	items := wire.Items(array)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		if len(dst) > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, v...)
	}
	return dst
}

func (s *stream) start(ev *llm.Event) {
	s.started = true
	if ev.Kind == llm.EventStart {
		s.id, s.model, s.created = ev.ID, ev.Model, ev.Created
		s.native = ev.Extra.From == own
	}
	if s.native {
		s.others = members(&ev.Extra)
	} else {
		s.others = echo(s.r)
	}
	for _, kind := range [...]string{"response.created", "response.in_progress"} {
		e := s.shell(statusInProgress)
		e.output = llm.JSON("[]")
		s.open(kind)
		s.w.Name("response")
		e.write(&s.w)
		s.close()
	}
}

func (s *stream) shell(status string) shell {
	return shell{id: s.id, model: s.model, created: s.created, native: s.native, status: status, others: s.others}
}

// open begins an event.
func (s *stream) open(kind string) {
	s.w.Buf = append(s.w.Buf, "event: "...)
	s.w.Buf = append(s.w.Buf, oneLine(kind)...)
	s.w.Buf = append(s.w.Buf, "\ndata: "...)
	s.payload = len(s.w.Buf)
	s.w.Object()
	s.w.Name("type")
	s.w.String(kind)
	s.w.IntMember("sequence_number", s.seq)
	s.seq++
}

// close ends an event. White space of the values in it must not end the line.
func (s *stream) close() {
	s.w.EndObject()
	blank(s.w.Buf[s.payload:])
	s.w.Buf = append(s.w.Buf, "\n\n"...)
}

func blank(b []byte) {
	for _, c := range []byte("\r\n") {
		for i := bytes.IndexByte(b, c); i >= 0; i = bytes.IndexByte(b, c) {
			b[i] = ' '
			b = b[i:]
		}
	}
}

func oneLine(s string) string {
	if !bytes.ContainsAny([]byte(s), "\r\n") {
		return s
	}
	b := []byte(s)
	blank(b)
	return string(b)
}

func (s *stream) finished(ev *llm.Event) {
	s.finish, s.reason = ev.Finish, ev.Reason
	if ev.Extra.From == own {
		s.others, s.native = members(&ev.Extra), true
	}
}

// end ends all items and tells the whole response. failure is why it broke.
func (s *stream) end(failure llm.JSON) {
	status, reason := statusOf(s.finish, s.reason, s.native)
	if s.finish == llm.Unfinished {
		status, reason = statusCompleted, ""
	}
	if failure != nil {
		status, reason = statusFailed, ""
	}
	s.closeAll(status)
	e := s.shell(status)
	e.reason, e.failure, e.usage = reason, failure, s.usage
	e.output = s.output()
	if status == statusFailed && failure == nil {
		e.failure = failureOf(&llm.Error{Code: "server_error"})
	}
	s.open(eventPrefix + status)
	s.w.Name("response")
	e.write(&s.w)
	s.close()
	s.over = true
}

func (s *stream) output() llm.JSON {
	var w wire.Writer
	w.Array()
	for _, it := range s.items {
		w.Raw(it.body)
	}
	w.EndArray()
	return w.Buf
}

// fail tells an error, and that the response has failed.
func (s *stream) fail(e *llm.Error) {
	if e == nil {
		e = &llm.Error{}
	}
	s.open("error")
	s.w.Name("code")
	s.w.OrNull(e.Code)
	s.w.Name("message")
	s.w.String(message(e))
	s.w.Name("param")
	s.w.OrNull(e.Param)
	s.close()
	s.end(failureOf(e))
}

func failureOf(e *llm.Error) llm.JSON {
	var w wire.Writer
	w.Object()
	w.Name("code")
	code := e.Code
	if code == "" {
		code = "server_error"
	}
	w.String(code)
	w.Name("message")
	w.String(message(e))
	w.EndObject()
	return w.Buf
}

// other passes on an event that only this format knows.
func (s *stream) other(ev *llm.Event) {
	if ev.Extra.From != own || !wire.IsObject(ev.Text) {
		return
	}
	s.open(ev.Name)
	p := s.parts[ev.Index]
	if p != nil && wire.Get(ev.Text, "output_index") != nil {
		s.w.IntMember("output_index", int64(p.item.index))
		rest(&s.w, ev.Text, "output_index")
	} else {
		rest(&s.w, ev.Text)
	}
	s.close()
}
