// Package listen is the door: sockets, TLS, the HTTP server. It turns each
// request into an exchange, hands it to the gateway, and writes the answer.
//
// HTTP/1.1 is served by package h1, one goroutine a connection; connections of
// HTTP/2 are handed over to net/http, of which nothing goes further in than
// here. It decides no routes and no answers beyond what the protocol demands.
package listen

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/h1"
)

// Gateway answers exchanges.
type Gateway interface {
	// Serve brings the answer. It never returns nil.
	Serve(ex *flow.Exchange) *flow.Reply
	// Recover makes the answer to an exchange whose upstream broke off after
	// the head and before the first byte of the body.
	Recover(ex *flow.Exchange, err error) *flow.Reply
	// Refuse makes the answer to a request that cannot be understood, or not
	// be taken, for the reason err. Of its head there is what could be read.
	Refuse(ex *flow.Exchange, status int, err error) *flow.Reply
	// Done is called after the last byte, with ex.Outcome filled in.
	Done(ex *flow.Exchange)
}

// door serves one listener.
type door struct {
	server   *Server
	listener net.Listener
	tls      *tls.Config // nil for cleartext
	port     int
	portText string
	pool     sync.Pool // *flow.Exchange

	http2   *http.Server // what turned out to be HTTP/2
	streams *handover    // how it gets there
}

// begin takes an exchange for a request whose head had been read at that
// time.
func (d *door) begin(ctx context.Context, at time.Time) *flow.Exchange {
	ex, ok := d.pool.Get().(*flow.Exchange)
	if !ok {
		ex = &flow.Exchange{}
	}
	ex.Started = at
	ex.Ctx = ctx
	ex.ID = newID()
	ex.Log = d.server.o.Log
	return ex
}

// answer has the gateway answer, and writes it.
func (d *door) answer(out *writer, refused *h1.BadRequest) {
	o := &d.server.o
	o.Stats.requests.Add(1)
	o.Stats.running.Add(1)
	defer o.Stats.running.Add(-1)
	r, err := d.ask(out.ex, refused)
	if err != nil {
		r = out.recover(err)
	}
	out.send(r)
	out.ex.Outcome.Sent += out.ex.Outcome.Body
	if err := d.done(out.ex); err != nil {
		complain(out.ex, err)
	}
}

// ask has the gateway make the answer. A panic is a fault of ours, which costs
// this exchange and nothing else.
func (d *door) ask(ex *flow.Exchange, refused *h1.BadRequest) (r *flow.Reply, err error) {
	defer fault.Recover(&err)
	if refused != nil {
		return d.server.o.Gateway.Refuse(ex, refused.Status, refused), nil
	}
	return d.server.o.Gateway.Serve(ex), nil
}

func (d *door) done(ex *flow.Exchange) (err error) {
	defer fault.Recover(&err)
	d.server.o.Gateway.Done(ex)
	return nil
}

// complain tells of a fault of ours that nobody further in tells of.
func complain(ex *flow.Exchange, err error) {
	ex.Logger().LogAttrs(ex.Ctx, slog.LevelError, "a fault of the gateway's own", slog.Any("error", err))
}

// end lets the exchange go. One that cannot be finished is not used again.
func (d *door) end(ex *flow.Exchange) {
	if err := finish(ex); err != nil {
		complain(ex, err)
		return
	}
	ex.Reset()
	d.pool.Put(ex)
}

func finish(ex *flow.Exchange) (err error) {
	defer fault.Recover(&err)
	ex.Finish()
	return nil
}

// fill copies what a request of any version has: its target, and how it came.
func (d *door) fill(in *flow.Request, target string, secure *tls.ConnectionState) {
	in.Target = target
	in.Path, in.Query, in.HasQuery = strings.Cut(originForm(target), "?")
	in.Scheme = "http"
	if secure != nil {
		in.Scheme, in.TLS = "https", secure
	}
	in.Port, in.PortText = d.port, d.portText
}

// originForm is the request target without scheme and authority.
func originForm(t string) string {
	if strings.HasPrefix(t, "/") {
		return t
	}
	if i := strings.Index(t, "://"); i >= 0 {
		if j := strings.IndexAny(t[i+3:], "/?"); j >= 0 {
			if t[i+3+j] == '?' {
				return "/" + t[i+3+j:]
			}
			return t[i+3+j:]
		}
		return "/"
	}
	return t
}

func splitPeer(addr string) (ip string, port int) {
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return addr, 0
	}
	port, _ = strconv.Atoi(p)
	return host, port
}

// idSource hands out random request ids from a buffer, so that one call to
// the system serves many.
var idSource = struct {
	sync.Mutex
	buf  [1024]byte
	left int
}{}

func newID() string {
	var id [16]byte
	idSource.Lock()
	if idSource.left == 0 {
		_, _ = rand.Read(idSource.buf[:])
		idSource.left = len(idSource.buf)
	}
	copy(id[:], idSource.buf[idSource.left-16:idSource.left])
	idSource.left -= 16
	idSource.Unlock()
	var text [32]byte
	hex.Encode(text[:], id[:])
	return string(text[:])
}
