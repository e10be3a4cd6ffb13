package relay

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
)

// Receive looks at the head of the provider's answer and decides how the body
// is read: an error passes untouched, a stream is metered event by event, a
// plain answer is read, checked and passed on as it came.
func (c *call) Receive(ex *flow.Exchange, r *flow.Reply) error {
	c.received = true
	if source := c.t.s.Identity; source != nil && (r.Status == 401 || r.Status == 403) {
		source.Refused()
	}
	switch {
	case r.Status != 200 && c.x.on && !c.x.same:
		return c.passError(ex, r)
	case r.Status != 200:
		c.pass(ex, r)
		return nil
	case c.counts:
		c.ai.Usage = llm.Usage{}
		c.pass(ex, r)
		r.Header.Set(CountHeader, "provider")
		return nil
	}
	c.ai.Usage = llm.NoUsage()
	r.Header.Del("Set-Cookie")
	if c.target.header != "" && c.named {
		r.Header.Set("X-Kong-LLM-Model", c.target.header)
	}
	receive := c.receivePlain
	switch {
	case c.x.on && c.t.embeds():
		receive = c.receiveEmbed
	case c.rank != nil:
		receive = c.receiveRank
	case c.x.on:
		receive = c.receiveTranslated
	case c.stream || r.Events:
		receive = c.receiveStream
	}
	err := receive(ex, r)
	if err != nil {
		c.ai.LatencyMS = since(ex)
		c.finish() // the provider has worked on it all the same
	}
	return err
}

// pass lets an answer through as it is; it only notes when it ended.
func (c *call) pass(ex *flow.Exchange, r *flow.Reply) {
	c.ai.LatencyMS = since(ex)
	if r.Stream != nil && strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") && !c.gzip {
		r.Header.Del("Content-Encoding")
		r.Length = -1
		r.Stream = inflate(r.Stream)
	}
}

// since is how long the model has been at work, in whole milliseconds.
func since(ex *flow.Exchange) int64 {
	return time.Since(ex.Times.Upstream).Milliseconds()
}

// coding is how the bytes of an answer are to be read.
type coding uint8

const (
	codingNone coding = iota
	codingGzip
	codingForeign // one that nobody asked for
)

func codingOf(h flow.Header) coding {
	switch v := h.Get("Content-Encoding"); {
	case v == "", strings.EqualFold(v, "identity"):
		return codingNone
	case strings.EqualFold(v, "gzip"):
		return codingGzip
	}
	return codingForeign
}

// receivePlain reads the answer, takes its usage, and hands on its bytes.
func (c *call) receivePlain(ex *flow.Exchange, r *flow.Reply) error {
	coded := codingOf(r.Header)
	if coded == codingGzip && !c.gzip {
		r.Header.Del("Content-Encoding")
		r.Length = -1
		r.Stream = inflate(r.Stream)
		coded = codingNone
	}
	whole, err := c.collect(r)
	if err != nil {
		return broken(ex, err)
	}
	return c.takePlain(ex, r, coded, whole)
}

// takePlain takes usage from the plain answer in the call's buffer, or, unless
// that is the whole of it, has it taken on the way.
func (c *call) takePlain(ex *flow.Exchange, r *flow.Reply, coded coding, whole bool) error {
	if !whole {
		r.Stream = newLarge(c, ex, r, coded)
		return nil
	}
	c.ai.LatencyMS = since(ex)
	body := c.scrap
	switch coded {
	case codingForeign:
		if jsonType(r.Header.Get("Content-Type")) {
			c.meter.text = len(body) // as in large
		}
	case codingGzip:
		inflated, err := gunzip(c.scrap, c.t.s.CollectLimit*4)
		if err != nil {
			return conversion(c, "failed to decode "+c.t.s.RouteType+" response")
		}
		body = inflated
	case codingNone:
	}
	if err := c.readAnswer(body); err != nil {
		return err
	}
	r.SetBody(c.scrap)
	return nil
}

// collect reads the answer into the call's buffer; whole is false when it is
// larger than the limit, and then the buffer holds its beginning.
func (c *call) collect(r *flow.Reply) (whole bool, err error) {
	c.scrap = c.scrap[:0]
	for {
		f, err := r.Stream.Next()
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		c.scrap = append(c.scrap, f.Data...)
		if int64(len(c.scrap)) > c.t.s.CollectLimit {
			return false, nil
		}
	}
}

// broken names a connection that failed while the answer was read; nothing
// has gone to the caller yet.
func broken(ex *flow.Exchange, err error) error {
	if ex.Ctx.Err() != nil {
		return &fault.Error{Kind: fault.Canceled, Shape: fault.Server, Cause: err}
	}
	return &fault.Error{Kind: fault.BadUpstream, Shape: fault.Server, Cause: err}
}

func conversion(c *call, reason string) error {
	f := &fault.Error{
		Kind: fault.Internal, Shape: fault.AI,
		Message: "transformation failed from type " + c.t.s.Provider.Name() + "://" + c.t.s.RouteType + ": " + reason,
	}
	if c.target.header != "" && c.named {
		f.Header.Set("X-Kong-LLM-Model", c.target.header)
	}
	return f
}

var answerKeys = jsonscan.NewKeys("choices", "usage", "model", "service_tier", "response", "type", "error", "x_groq")

const (
	answerChoices = iota
	answerUsage
	answerModel
	answerTier
	answerResponse
	answerType
	answerError
	answerGroq
	answerCount
)

// readAnswer checks a whole answer and takes model and usage from it.
func (c *call) readAnswer(body []byte) error {
	var spans [answerCount]jsonscan.Span
	err := answerKeys.Object(body, spans[:])
	if err == nil {
		c.ai.ResponseModel = c.t.lastModel.text(spans[answerModel].Of(body))
		c.ai.Usage.ServiceTier = c.t.lastTier.text(spans[answerTier].Of(body))
		readUsage(&c.ai.Usage, &c.room, spans[answerUsage].Of(body))
	}
	if c.t.surface.must != "" {
		if err != nil {
			return conversion(c, "failed to decode "+c.t.s.RouteType+" response")
		}
		if !spans[answerChoices].Present() {
			return conversion(c, "'"+c.t.surface.must+"' not in "+c.t.s.RouteType+" response")
		}
	}
	if c.ai.LogPayloads {
		c.ai.ResponseBody = bytes.Clone(body)
	}
	if c.ai.Usage.Completion < 0 && err == nil {
		g := newGleaner(c.t.surface.whole, false)
		g.push(body)
		c.meter.text = g.letters
	}
	c.finish()
	return nil
}

// text unquotes a JSON string; anything else is "".
func text(raw []byte) string {
	if jsonscan.KindOf(raw) != jsonscan.String {
		return ""
	}
	s, err := jsonscan.Unquote(raw)
	if err != nil {
		return ""
	}
	return s
}

// memo remembers the last text, so that one that hardly ever changes costs
// nothing. It is safe for concurrent use.
type memo struct{ last atomic.Pointer[string] }

func (m *memo) text(raw []byte) string {
	if jsonscan.KindOf(raw) != jsonscan.String {
		return ""
	}
	if last := m.last.Load(); last != nil && jsonscan.EqualString(raw, *last) {
		return *last
	}
	s := text(raw)
	if s != "" {
		m.last.Store(&s)
	}
	return s
}

// inflate undoes gzip on a stream.
func inflate(s flow.Stream) flow.Stream { return &inflater{src: &reader{s: s}} }

type inflater struct {
	src *reader
	z   *gzip.Reader
	buf [8 << 10]byte
}

func (i *inflater) Next() (flow.Frame, error) {
	if i.z == nil {
		z, err := gzip.NewReader(i.src)
		if err != nil {
			return flow.Frame{}, err
		}
		i.z = z
	}
	for {
		n, err := i.z.Read(i.buf[:])
		if n > 0 {
			return flow.Frame{Data: i.buf[:n]}, nil
		}
		if err != nil {
			return flow.Frame{}, err
		}
	}
}

func (i *inflater) Close() error { return i.src.s.Close() }

// reader is a stream as an io.Reader.
type reader struct {
	s    flow.Stream
	rest []byte
	err  error
}

func (r *reader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		f, err := r.s.Next()
		r.rest, r.err = f.Data, err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// gunzip inflates a whole body of bounded size.
func gunzip(body []byte, limit int64) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(out)) > limit {
		return nil, flow.ErrTooLarge
	}
	return out, nil
}
