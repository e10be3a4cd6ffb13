package engine

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/route"
	"github.com/sluice-gateway/sluice/send"
	"github.com/sluice-gateway/sluice/speak"
)

// Serve leads an exchange from routing to the answer's head. The answer's
// body is still on its way when it returns.
func (e *Engine) Serve(ex *flow.Exchange) *flow.Reply {
	reply, err := e.answer(ex)
	if err != nil {
		reply = e.fault(ex, err)
	}
	return e.dress(ex, reply)
}

// Recover replaces an answer that broke before the first byte of its body.
func (e *Engine) Recover(ex *flow.Exchange, err error) *flow.Reply {
	f, ours := errors.AsType[*fault.Error](err)
	if !ours {
		f = &fault.Error{Kind: fault.BadUpstream, Shape: fault.Server, Cause: err}
	}
	return e.dress(ex, e.fault(ex, f))
}

// Refuse answers a request that could not be read: only global plugins see
// the answer.
func (e *Engine) Refuse(ex *flow.Exchange, status int, err error) *flow.Reply {
	e.admit(ex).global.chain.Collect(ex)
	f := &fault.Error{Kind: fault.Invalid, Code: status, Shape: fault.Server, Cause: err}
	if status == headTooLarge {
		f.Code, f.Message = http.StatusBadRequest, speak.StatusMessage(headTooLarge)
	}
	return e.dress(ex, e.fault(ex, f))
}

// headTooLarge is nginx's own status for a head that is too large; the caller
// gets 400.
const headTooLarge = 494

// dress lets the plugins see the answer's head and body and adds the
// gateway's own fields.
func (e *Engine) dress(ex *flow.Exchange, reply *flow.Reply) *flow.Reply {
	ex.Reply = reply
	p := held(ex)
	p.chain.Head(ex, reply)
	if ex.In.Method == http.MethodHead && !reply.Attempted {
		_ = reply.Close()
	}
	p.chain.Body(ex, reply)
	e.o.Headers.finish(ex, reply)
	if e.o.DebugHeader && ex.In.Header.Get("Kong-Debug") == "1" {
		debugHeader(ex, reply)
	}
	return reply
}

// Done runs the log phase and lets go of the plan.
func (e *Engine) Done(ex *flow.Exchange) {
	ex.Times.Done = time.Now()
	p := held(ex)
	defer func() {
		ex.Plan = nil
		p.release()
	}()
	if s, ok := ex.Call.(flow.Settler); ok {
		if err := settle(s, ex); err != nil {
			logFailure(ex, fault.As(err))
		}
	}
	p.chain.Log(ex)
	if e.o.AccessLog != nil {
		e.o.AccessLog(ex)
	}
	if e.verbose {
		logRequest(ex)
	}
}

func settle(s flow.Settler, ex *flow.Exchange) (err error) {
	defer fault.Recover(&err)
	s.Settle(ex)
	return nil
}

func held(ex *flow.Exchange) *plan { return ex.Plan.(*plan) }

// answer runs the stations up to the answer. A panic of what is no hook of a
// plugin, such as a Call, is an error as any other.
func (e *Engine) answer(ex *flow.Exchange) (reply *flow.Reply, err error) {
	defer fault.Recover(&err)
	snap := e.admit(ex)
	if err := snap.global.chain.Rewrite(ex); err != nil {
		return nil, err
	}
	if ex.In.Method == http.MethodTrace || ex.In.Method == http.MethodConnect {
		snap.global.chain.Collect(ex)
		return nil, &fault.Error{Kind: fault.NotAllowed, Shape: fault.Server}
	}
	if e.o.MaxBody > 0 && ex.In.Length > e.o.MaxBody {
		snap.global.chain.Collect(ex)
		return nil, &fault.Error{Kind: fault.TooLarge, Shape: fault.Server}
	}
	p, m, ok, stale := snap.match(ex)
	for stale {
		held(ex).release()
		snap = e.admit(ex)
		p, m, ok, stale = snap.match(ex)
	}
	if !ok {
		snap.global.chain.Collect(ex)
		return nil, &fault.Error{Kind: fault.NotFound, Message: "no Route matched with those values"}
	}
	held(ex).release()
	ex.Plan = p
	ex.Route, ex.Service = p.route, p.service
	if d := m.Demand(manner(ex)); d != route.Nothing {
		p.chain.Collect(ex)
		return demanded(ex, d)
	}
	outgoing(ex, p, &m)
	return e.run(ex, p, snap)
}

// admit takes the running snapshot's global plan for the exchange.
func (e *Engine) admit(ex *flow.Exchange) *Snapshot {
	for {
		snap := e.current.Load()
		if snap.global.acquire() {
			ex.Plan = snap.global
			return snap
		}
	}
}

// run is the access phase and, unless that gave an answer, the sending.
func (e *Engine) run(ex *flow.Exchange, p *plan, snap *Snapshot) (*flow.Reply, error) {
	ex.Dir = snap.directory
	reply, err := p.chain.Access(ex)
	ex.Dir = nil
	ex.Times.AccessEnd = time.Now()
	if reply != nil || err != nil {
		return reply, err
	}
	if p.service == nil && ex.Call == nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Message: "no Service found with those values"}
	}
	return e.o.Sender.Send(ex, p.upstream)
}

// fault renders an error and logs what the caller is not told.
func (e *Engine) fault(ex *flow.Exchange, err error) *flow.Reply {
	f := fault.As(err)
	if f.Kind == fault.Internal || f.Cause != nil && f.Kind != fault.Canceled && f.Kind != fault.Invalid {
		logFailure(ex, f)
	}
	if f.Cause != nil && !errors.Is(f.Cause, io.EOF) {
		ex.Outcome.Err = f.Cause
	}
	ex.Outcome.CallerGone = f.Kind == fault.Canceled
	reply := e.o.Speaker.Fault(ex, f)
	reply.Attempted = len(ex.Attempts) > 0
	return reply
}

// outgoing begins the request that goes upstream as a copy of the caller's.
func outgoing(ex *flow.Exchange, p *plan, m *route.Match) {
	out := &ex.Out
	out.Method = ex.In.Method
	send.Begin(out, &ex.In)
	out.Query, out.HasQuery = ex.In.Query, ex.In.HasQuery
	ex.Prefix = route.ForwardedPrefix(m, p.route.StripPath)
	captures(ex, m)
	if p.service == nil {
		out.Path = route.Escape(m.Path)
		return
	}
	out.Scheme, out.Addr, out.Port = p.service.Protocol, p.service.Host, p.service.Port
	out.Path = route.UpstreamPath(p.service.Path, m, p.route.StripPath)
	if p.route.PreserveHost {
		out.Host = ex.In.Host
	}
}

func captures(ex *flow.Exchange, m *route.Match) {
	n := m.Captures()
	if n == 0 {
		return
	}
	c := flow.Captures{Names: make([]string, n), Values: make([]string, n)}
	for i := range n {
		c.Names[i] = m.CaptureName(i + 1)
		c.Values[i], _ = m.Capture(i + 1)
	}
	ex.Captures = c
}

func manner(ex *flow.Exchange) route.Manner {
	secure := ex.In.Scheme == "https"
	if !secure && ex.In.Trusted {
		secure = ex.In.Header.Get("X-Forwarded-Proto") == "https"
	}
	return route.Manner{Secure: secure, HTTP2: ex.In.Major == 2, ContentType: ex.In.Header.Get("Content-Type")}
}

// demanded answers a request that came another way than its route wants: by
// an error, or by a redirect and gRPC's own way, which have no body.
func demanded(ex *flow.Exchange, d route.Demand) (*flow.Reply, error) {
	host := ex.In.Host
	if ex.In.Trusted && ex.In.Header.Get("X-Forwarded-Host") != "" {
		host = ex.In.Header.Get("X-Forwarded-Host")
	}
	a := d.Answer(ex.Route, host, ex.In.Target)
	if a.Message != "" {
		return nil, &fault.Error{Kind: fault.UpgradeNeeded, Code: a.Status, Message: a.Message, Header: a.Header}
	}
	r := ex.NewReply(a.Status)
	r.Header = append(r.Header, a.Header...)
	return r, nil
}

func debugHeader(ex *flow.Exchange, r *flow.Reply) {
	set := func(name, value string) {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if ex.Route != nil {
		set("Kong-Route-Id", ex.Route.ID)
		set("Kong-Route-Name", ex.Route.Name)
	}
	if ex.Service != nil {
		set("Kong-Service-Id", ex.Service.ID)
		set("Kong-Service-Name", ex.Service.Name)
	}
}
