// Package send is the innermost stage of an exchange: it walks the peers of
// the upstream, one attempt after another, and brings back the answer's head
// with its body as a stream.
//
// It owns attempts, retries, timeouts and the header that goes upstream. Which
// peer is next it asks a balancer, what is to be said to a model it asks the
// exchange's Call. It must not know providers, formats or plugins.
package send

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/h1"
)

// Upstream is how a service is reached. The engine builds it once per service.
type Upstream struct {
	// Service it belongs to.
	Service *config.Service
	// Host and Port are what Peers serve: those of the service.
	Host string
	Port int
	// HostHeader replaces the peer's name as Host; of an upstream entity.
	HostHeader string
	// Peers of the service.
	Peers balance.Balancer
	// Link makes the endpoints of connections, ModelLink those of calls to
	// a model, which carry the gateway's own credential.
	Link, ModelLink *Link
	// Retries is how many attempts may follow the first one.
	Retries int
	// Timeouts of one attempt.
	ConnectTimeout, WriteTimeout, ReadTimeout time.Duration
	// Buffer tells that a small request body is read before it is sent, so
	// that an attempt can be repeated.
	Buffer bool
}

func (up *Upstream) link(ex *flow.Exchange) *Link {
	if ex.Call != nil {
		return up.ModelLink
	}
	return up.Link
}

// Direct finds the peers of a host that is not the service's own.
type Direct func(host string, port int) balance.Balancer

// Options of a Sender.
type Options struct {
	// Client carries HTTP/1.1.
	Client *h1.Client
	// HTTP2 carries gRPC.
	HTTP2 *HTTP2
	// Direct finds peers by name or address.
	Direct Direct
	// Via is our entry in the Via header, e.g. "sluice/0.1.0".
	Via string
	// RequestID is the name of the header the request id goes upstream in;
	// empty sends none.
	RequestID string
}

// Sender sends exchanges. It is safe for concurrent use.
type Sender struct {
	o     Options
	via11 string
	via20 string
}

// New makes a Sender.
func New(o Options) *Sender {
	return &Sender{o: o, via11: "1.1 " + o.Via, via20: "2 " + o.Via}
}

// smallBody is up to where a body is read before it is sent.
const smallBody = 64 << 10

// Send makes attempts until one brings an answer, the retries are used up or
// the failure is not worth another attempt. Errors are faults.
func (s *Sender) Send(ex *flow.Exchange, up *Upstream) (*flow.Reply, error) {
	if err := s.readSmall(ex, up); err != nil {
		return nil, err
	}
	for n := 0; ; n++ {
		reply, err := s.attempt(ex, up, n)
		if err == nil {
			return reply, nil
		}
		var failed *failure
		if !errors.As(err, &failed) {
			return nil, err
		}
		note(ex, failed)
		if failed.final || n >= up.Retries || ex.Ctx.Err() != nil {
			return nil, failed.fault
		}
		logAttempt(ex, up, n, failed.fault)
	}
}

// readSmall reads a body that is small and announced, so that head and body
// leave in one write and can be sent again, unless the route's
// request_buffering forbids it.
func (s *Sender) readSmall(ex *flow.Exchange, up *Upstream) error {
	if ex.Route != nil && !ex.Route.RequestBuffering {
		return nil
	}
	if !up.Buffer || ex.Body.Buffered() || ex.In.Upgrade != "" || ex.Body.Length <= 0 || ex.Body.Length > smallBody {
		return nil
	}
	if _, err := ex.Body.Bytes(0); err != nil {
		return bodyFault(ex, err)
	}
	return nil
}

// bodyFault is for a caller whose request body breaks off.
func bodyFault(ex *flow.Exchange, err error) *fault.Error {
	if ours, ok := errors.AsType[*fault.Error](err); ok {
		return ours
	}
	f := &fault.Error{Kind: fault.Invalid, Shape: fault.Server, Cause: err}
	switch {
	case ex.CallerLeft(err):
		f.Kind = fault.Canceled
	case errors.Is(err, flow.ErrTooLarge):
		f.Kind = fault.TooLarge
	case errors.Is(err, flow.ErrSlow):
		f.Code = 408
	}
	return f
}

// failure is an attempt that brought no answer.
type failure struct {
	fault *fault.Error
	final bool
}

func (f *failure) Error() string { return f.fault.Error() }

func note(ex *flow.Exchange, f *failure) {
	if len(ex.Attempts) == 0 {
		return
	}
	a := &ex.Attempts[len(ex.Attempts)-1]
	a.State, a.Code, a.Err = "failed", f.fault.Status(), f.fault
}

func (s *Sender) attempt(ex *flow.Exchange, up *Upstream, n int) (*flow.Reply, error) {
	began := time.Now()
	ex.Times.Upstream = began
	if ex.Call != nil {
		if err := ex.Call.Prepare(ex, n); err != nil {
			return nil, err
		}
	}
	peers := s.peers(ex, up)
	peer, err := next(ex, peers, n)
	if err != nil {
		return nil, err
	}
	reply, err := s.try(ex, up, peer, began)
	if err != nil {
		peers.Done(ex, peer, balance.Result{Err: err, Took: time.Since(began)})
		return nil, err
	}
	peers.Done(ex, peer, balance.Result{Status: reply.Status, Took: time.Since(began)})
	return reply, nil
}

// try makes the attempt at a peer. The balancer is told how it went whatever
// happens, a panic included.
func (s *Sender) try(ex *flow.Exchange, up *Upstream, peer *balance.Peer, began time.Time) (r *flow.Reply, err error) {
	defer fault.Recover(&err)
	ex.Attempts = append(ex.Attempts, flow.Attempt{
		Began: began, Balance: time.Since(began), IP: peer.IP, Port: peer.Port,
	})
	host := hostHeader(ex, up, peer)
	s.wire(ex)
	if ex.Out.Scheme == "grpc" || ex.Out.Scheme == "grpcs" {
		return s.http2(ex, up, peer, host)
	}
	return s.http1(ex, up, peer, host)
}

// peers of the exchange: the service's own, or those of the place that a
// plugin pointed it at.
func (s *Sender) peers(ex *flow.Exchange, up *Upstream) balance.Balancer {
	if up.Peers != nil && ex.Out.Addr == up.Host && ex.Out.Port == up.Port {
		return up.Peers
	}
	return s.o.Direct(ex.Out.Addr, ex.Out.Port)
}

// next asks the balancer. Its failures are final: another attempt would ask
// the same question again.
func next(ex *flow.Exchange, peers balance.Balancer, n int) (*balance.Peer, error) {
	peer, err := peers.Next(ex, n)
	switch {
	case err == nil:
		return peer, nil
	case ex.Ctx.Err() != nil:
		return nil, &fault.Error{Kind: fault.Canceled, Shape: fault.Server, Cause: err}
	case errors.Is(err, balance.ErrNoPeer):
		return nil, &fault.Error{Kind: fault.Unavailable, Message: "failure to get a peer from the ring-balancer", Cause: err}
	default:
		return nil, &fault.Error{Kind: fault.Unavailable, Message: "name resolution failed", Cause: err}
	}
}

// hostHeader is the Host that goes upstream: what a plugin or preserve_host
// set, the upstream's host_header, or the peer's name.
func hostHeader(ex *flow.Exchange, up *Upstream, peer *balance.Peer) string {
	if ex.Out.Host != "" {
		return ex.Out.Host
	}
	if up.HostHeader != "" && ex.Out.Addr == up.Host {
		return up.HostHeader
	}
	return HostPort(peer.Host, peer.Port, ex.Out.Scheme)
}

// work is what sending an exchange needs. It stays with the exchange and is
// used again with it: the client may look at the request until the response
// is closed.
type work struct {
	req      h1.Request
	segments [8][]byte
	body     body
}

func workOf(ex *flow.Exchange) *work {
	if w, ok := ex.Scratch.(*work); ok {
		return w
	}
	w := new(work)
	ex.Scratch = w
	return w
}

func (s *Sender) http1(ex *flow.Exchange, up *Upstream, peer *balance.Peer, host string) (*flow.Reply, error) {
	w := workOf(ex)
	w.req = h1.Request{
		Method: ex.Out.Method, Target: ex.Out.URI(), Host: host, Header: ex.Out.Wire,
		ConnectTimeout: up.ConnectTimeout, WriteTimeout: up.WriteTimeout, ReadTimeout: up.ReadTimeout,
		Upgrade: ex.In.Upgrade,
	}
	streamed := w.fill(ex)
	ep := up.link(ex).Endpoint(ex.Out.Scheme == "https", peer, host)
	resp, err := s.o.Client.Do(ex.Ctx, ep, &w.req)
	if err != nil {
		return nil, s.failed(ex, err, streamed)
	}
	return s.receive(ex, s.reply(ex, resp))
}

// receive lets the call see the answer before anything of it goes out.
func (s *Sender) receive(ex *flow.Exchange, reply *flow.Reply) (*flow.Reply, error) {
	if ex.Call == nil {
		return reply, nil
	}
	if err := received(ex, reply); err != nil {
		if n := len(ex.Attempts); n > 0 {
			ex.Attempts[n-1].ContentType = strings.Clone(reply.Header.Get("Content-Type"))
		}
		_ = reply.Close()
		return nil, err
	}
	return reply, nil
}

func received(ex *flow.Exchange, reply *flow.Reply) (err error) {
	defer fault.Recover(&err)
	return ex.Call.Receive(ex, reply)
}

// fill puts the body into the request and tells whether it is a stream that
// cannot be sent twice.
func (w *work) fill(ex *flow.Exchange) (streamed bool) {
	if ex.In.Upgrade != "" {
		return false
	}
	if src := ex.Body.Stream(); src != nil {
		w.req.Stream, w.req.Length, w.req.Unblock = src, ex.Body.Length, src.Abort
		return true
	}
	w.req.Body, _ = ex.Body.Segments(w.segments[:0])
	if len(w.req.Body) == 0 && ex.Body.Length == 0 && !hasBodyMethod(ex.Out.Method) {
		w.req.Body = nil
	}
	return !ex.Body.Buffered()
}

func hasBodyMethod(m string) bool { return m == "POST" || m == "PUT" || m == "PATCH" }

// failed names what went wrong and whether another attempt is worth it.
func (s *Sender) failed(ex *flow.Exchange, err error, streamed bool) error {
	if ex.Ctx.Err() != nil {
		return &failure{&fault.Error{Kind: fault.Canceled, Shape: fault.Server, Cause: context.Cause(ex.Ctx)}, true}
	}
	f := &failure{fault: &fault.Error{Kind: fault.BadUpstream, Shape: fault.Server, Cause: err}}
	var he *h1.Error
	if !errors.As(err, &he) {
		return f
	}
	switch {
	case he.Op == h1.OpBody, errors.Is(err, flow.ErrTooLarge):
		return &failure{bodyFault(ex, err), true}
	case he.Op == h1.OpRequest:
		return &failure{&fault.Error{Kind: fault.Invalid, Shape: fault.Server, Cause: err}, true}
	case he.Timeout:
		f.fault.Kind = fault.Timeout
	}
	// What answers something that is no answer would do so again.
	f.final = he.Op == h1.OpParse || ex.Body.Spent() || he.Sent && (streamed || !repeatable(ex.Out.Method))
	return f
}

// repeatable tells the methods that may be sent again although the upstream
// may have seen them: all but POST, PATCH and LOCK.
func repeatable(method string) bool {
	switch method {
	case "POST", "PATCH", "LOCK":
		return false
	}
	return true
}
