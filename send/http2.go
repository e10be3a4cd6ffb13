package send

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
)

// HTTP2 carries HTTP/2 to upstreams, for gRPC. Connections are net/http's.
type HTTP2 struct {
	dial func(ctx context.Context, network, addr string) (net.Conn, error)

	mu    sync.Mutex // guards known
	known map[endpointKey]*http.Transport
}

// NewHTTP2 makes the carrier. It must be closed.
func NewHTTP2(dial func(ctx context.Context, network, addr string) (net.Conn, error)) *HTTP2 {
	return &HTTP2{dial: dial, known: map[endpointKey]*http.Transport{}}
}

// Close drops the idle connections.
func (h *HTTP2) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.known {
		t.CloseIdleConnections()
	}
	clear(h.known)
	return nil
}

// transport returns the connections to one address under one TLS identity.
func (h *HTTP2) transport(addr, key string, cfg *tls.Config) *http.Transport {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := endpointKey{addr: addr, sni: key, tls: cfg != nil}
	t := h.known[k]
	if t != nil {
		return t
	}
	if len(h.known) >= maxEndpoints {
		for other, old := range h.known {
			old.CloseIdleConnections()
			delete(h.known, other)
			break
		}
	}
	t = &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return h.dial(ctx, network, addr)
		},
		TLSClientConfig: cfg, DisableCompression: true,
		Protocols: new(http.Protocols), IdleConnTimeout: time.Minute,
	}
	if cfg != nil {
		t.Protocols.SetHTTP2(true)
	} else {
		t.Protocols.SetUnencryptedHTTP2(true)
	}
	h.known[k] = t
	return t
}

func (s *Sender) http2(ex *flow.Exchange, up *Upstream, peer *balance.Peer, host string) (*flow.Reply, error) {
	req, streamed, err := h2Request(ex, host)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Shape: fault.Server, Cause: err}
	}
	ep := up.Link.Endpoint(ex.Out.Scheme == "grpcs", peer, host)
	w := newWatch(ex.Ctx, up.ConnectTimeout+up.ReadTimeout)
	resp, err := s.o.HTTP2.transport(peer.Addr, ep.Key, ep.TLS).RoundTrip(req.WithContext(w.ctx)) //nolint:bodyclose // the reply's stream closes it
	if err != nil {
		w.stop()
		if errors.Is(context.Cause(w.ctx), errSlow) {
			err = errSlow
		}
		return nil, s.failedHTTP2(ex, err, streamed)
	}
	w.limit = up.ReadTimeout
	return s.receive(ex, h2Reply(ex, resp, w))
}

// errSlow is an upstream that takes longer than the service allows.
var errSlow = &slowError{}

type slowError struct{}

func (*slowError) Error() string   { return "the upstream took too long" }
func (*slowError) Timeout() bool   { return true }
func (*slowError) Temporary() bool { return false }

// watch ends a call when nothing has come for a while. A call of gRPC may be
// silent for as long as its caller is: each read starts the time again.
type watch struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
}

func newWatch(parent context.Context, limit time.Duration) *watch {
	w := &watch{limit: limit}
	w.ctx, w.cancel = context.WithCancelCause(parent)
	if limit > 0 {
		w.timer = time.AfterFunc(limit, func() { w.cancel(errSlow) })
	}
	return w
}

// again gives the upstream its time anew.
func (w *watch) again() {
	if w.timer != nil && w.limit > 0 {
		w.timer.Reset(w.limit)
	}
}

func (w *watch) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
	w.cancel(nil)
}

// h2Request writes the exchange as a request for net/http.
func h2Request(ex *flow.Exchange, host string) (req *http.Request, streamed bool, err error) {
	scheme := "http"
	if ex.Out.Scheme == "grpcs" {
		scheme = "https"
	}
	u, err := url.ParseRequestURI(ex.Out.URI())
	if err != nil {
		return nil, false, err
	}
	u.Scheme, u.Host = scheme, host
	req = (&http.Request{
		Method: ex.Out.Method, URL: u, Host: host, Header: http.Header{},
		Proto: "HTTP/2.0", ProtoMajor: 2,
	}).WithContext(ex.Ctx)
	for _, f := range ex.Out.Wire {
		req.Header.Add(f.Name, f.Value)
	}
	if !ex.Out.Wire.Has("User-Agent") {
		req.Header["User-Agent"] = nil // net/http would send its own
	}
	if src := ex.Body.Stream(); src != nil {
		req.Body, req.ContentLength = closer{src}, ex.Body.Length
		return req, true, nil
	}
	segments, n := ex.Body.Segments(nil)
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(bytes.Join(segments, nil))), n
	return req, !ex.Body.Buffered(), nil
}

// closer is a body for net/http, which closes what it will not read. A body
// of which nothing was read stays good for another attempt.
type closer struct{ *flow.Handed }

func (c closer) Close() error {
	if c.Touched() {
		c.Abort()
	}
	return nil
}

func (s *Sender) failedHTTP2(ex *flow.Exchange, err error, streamed bool) error {
	if ex.Ctx.Err() != nil {
		return &failure{&fault.Error{Kind: fault.Canceled, Shape: fault.Server, Cause: context.Cause(ex.Ctx)}, true}
	}
	f := &failure{fault: &fault.Error{Kind: fault.BadUpstream, Shape: fault.Server, Cause: err}}
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		f.fault.Kind = fault.Timeout
	}
	var op *net.OpError
	dialing := errors.As(err, &op) && op.Op == "dial"
	f.final = ex.Body.Spent() || !dialing && (streamed || !repeatable(ex.Out.Method))
	return f
}

func h2Reply(ex *flow.Exchange, resp *http.Response, w *watch) *flow.Reply {
	ex.Times.Head = time.Now()
	ex.Attempts[len(ex.Attempts)-1].Status = resp.StatusCode
	r := ex.NewReply(resp.StatusCode)
	r.Source, r.Attempted, r.Length = flow.FromUpstream, true, resp.ContentLength
	for name, values := range resp.Header {
		for _, v := range values {
			if !hopByHop(name, false, true) {
				r.Header.Add(name, v)
			}
		}
	}
	b := &h2Body{resp: resp, watch: w}
	r.Stream, r.Trailer = b, b.trailer
	return r
}

// h2Body is the body of an HTTP/2 answer.
type h2Body struct {
	resp  *http.Response
	watch *watch
	buf   [16 << 10]byte
	err   error
}

func (b *h2Body) Next() (flow.Frame, error) {
	for b.err == nil {
		b.watch.again()
		n, err := b.resp.Body.Read(b.buf[:])
		b.err = err
		if n > 0 {
			return flow.Frame{Data: b.buf[:n]}, nil
		}
	}
	return flow.Frame{}, b.err
}

func (b *h2Body) Close() error {
	if b.err == nil {
		b.err = io.ErrClosedPipe
	}
	b.watch.stop()
	return b.resp.Body.Close()
}

func (b *h2Body) trailer() header.Header {
	var h header.Header
	for name, values := range b.resp.Trailer {
		for _, v := range values {
			h.Add(name, v)
		}
	}
	return h
}
