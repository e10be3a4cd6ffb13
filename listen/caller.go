package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/h1"
	"github.com/sluice-gateway/sluice/header"
)

// What a caller is doing.
const (
	idle  int32 = iota // between requests
	busy               // a request is being read or answered
	ended              // nothing further is wanted of it
)

var connNumber atomic.Uint64

// caller is a connection of HTTP/1.1 and the one goroutine that serves it.
type caller struct {
	door     *door
	socket   net.Conn
	tls      *tls.ConnectionState
	conn     *h1.ServerConn
	number   uint64
	requests int
	local    string
	peer     string
	peerPort int
	state    atomic.Int32

	mu   sync.Mutex // guards both below
	ctx  *leaving   // of the exchange under way
	left bool
}

// accept serves connections until the listener closes.
func (d *door) accept() {
	var pause time.Duration
	for {
		socket, err := d.listener.Accept()
		switch {
		case err == nil:
			pause = 0
			d.welcome(socket)
		case errors.Is(err, net.ErrClosed):
			return
		default: // too many open files, most likely: there will be some again
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			d.server.o.Log.Error("accept failed", slog.Any("error", err), slog.Duration("again_in", pause))
			<-time.After(pause)
		}
	}
}

func (d *door) welcome(socket net.Conn) {
	c := &caller{door: d, socket: socket, number: connNumber.Add(1)}
	if !d.server.enter(c) {
		_ = socket.Close()
		return
	}
	d.server.o.Stats.opened()
	go c.run()
}

// run serves the connection to its end. A fault of ours costs the connection,
// not the process.
func (c *caller) run() {
	defer c.gone()
	defer func() {
		if p := recover(); p != nil {
			c.cut()
			c.door.server.o.Log.Error("a connection was given up", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		}
	}()
	c.local, _ = splitPeer(c.socket.LocalAddr().String())
	c.peer, c.peerPort = splitPeer(c.socket.RemoteAddr().String())
	nc := c.handshake()
	if nc == nil {
		return
	}
	c.door.server.watcher.add(c)
	c.conn = c.door.server.h1.Conn(nc, c.socket, c.begin)
	for c.next() {
	}
}

func (c *caller) gone() {
	c.door.server.watcher.remove(c)
	c.door.server.leave(c)
	c.door.server.o.Stats.closed()
}

// handshake is that of TLS, where the door has it. It returns nil when the
// connection was closed, or handed over because the caller chose HTTP/2.
func (c *caller) handshake() net.Conn {
	if c.door.tls == nil {
		return c.socket
	}
	ctx := context.Background()
	if t := c.door.server.o.HeaderTimeout; t > 0 {
		bounded, cancel := context.WithTimeout(ctx, t)
		defer cancel()
		ctx = bounded
	}
	secure := tls.Server(c.socket, c.door.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		c.refuseCleartext(err)
		_ = c.socket.Close()
		return nil
	}
	state := secure.ConnectionState()
	if state.NegotiatedProtocol == "h2" {
		c.handOver(secure)
		return nil
	}
	c.tls = &state
	return secure
}

// refuseCleartext tells a caller that speaks HTTP to a TLS listener what it is
// doing, as nginx does.
func (c *caller) refuseCleartext(err error) {
	e, ok := errors.AsType[tls.RecordHeaderError](err)
	if !ok || e.Conn == nil || !strings.ContainsRune("GHPODTCL", rune(e.RecordHeader[0])) {
		return
	}
	const text = "The plain HTTP request was sent to HTTPS port\n"
	_ = c.socket.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(c.socket, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: "+
		strconv.Itoa(len(text))+"\r\nConnection: close\r\n\r\n"+text)
}

// begin is called when the first byte of a request has come.
func (c *caller) begin() bool { return c.state.CompareAndSwap(idle, busy) }

// wind ends the connection as soon as nothing is under way on it. A request that
// is here and has not been seen yet is still answered, as the last.
func (c *caller) wind() {
	if h1.Unread(c.socket) {
		return
	}
	if c.state.CompareAndSwap(idle, ended) {
		_ = c.socket.Close()
	}
}

// cut ends it now.
func (c *caller) cut() {
	_ = c.socket.Close()
	c.leave()
}

// leave ends the exchange under way: nobody waits for it any more.
func (c *caller) leave() {
	c.mu.Lock()
	c.left = true
	ctx := c.ctx
	c.mu.Unlock()
	if ctx != nil {
		ctx.end()
	}
}

// context of an exchange that begins.
func (c *caller) context() *leaving {
	ctx := new(leaving)
	c.mu.Lock()
	c.ctx = ctx
	left := c.left
	c.mu.Unlock()
	if left {
		ctx.end()
	}
	return ctx
}

// next reads a request and answers it. It tells whether there may be another.
func (c *caller) next() bool {
	head, err := c.conn.Next()
	var refused *h1.BadRequest
	switch {
	case err == nil:
	case errors.As(err, &refused):
	case errors.Is(err, h1.ErrHTTP2) && c.door.tls == nil:
		if nc, early, err := c.conn.Takeover(); err == nil {
			c.handOver(&begun{Conn: nc, early: early})
			return false
		}
		fallthrough
	default:
		c.conn.Close()
		return false
	}
	if taken := c.exchange(head, refused); taken || !c.conn.Finish() {
		return false
	}
	// A stop that begins now either sees an idle connection and closes it, or
	// is seen here. What has come by then is answered, see wind.
	if !c.state.CompareAndSwap(busy, idle) || c.door.server.stopping.Load() && !h1.Unread(c.socket) {
		c.conn.Close()
		return false
	}
	return true
}

// exchange answers a request. It tells whether the connection was taken over.
func (c *caller) exchange(head *h1.RequestHead, refused *h1.BadRequest) (taken bool) {
	ctx := c.context()
	ex := c.door.begin(ctx, head.Began)
	c.fill(&ex.In, head)
	c.door.server.o.Trust.resolve(&ex.In)
	body := c.body(ex, head, refused != nil)
	out := writer{sink: &plainSink{c.conn, &ex.Body, &c.door.server.stopping}, ex: ex, gateway: c.door.server.o.Gateway}
	c.door.answer(&out, refused)
	body.end()
	if out.abort {
		c.conn.Break()
	}
	c.mu.Lock()
	c.ctx = nil
	c.mu.Unlock()
	ctx.end()
	c.door.end(ex)
	return out.taken
}

// fill copies the head of a request.
func (c *caller) fill(in *flow.Request, head *h1.RequestHead) {
	c.requests++
	in.Method, in.Major = head.Method, 1
	in.Proto = "HTTP/1.1"
	if head.Minor == 0 {
		in.Proto = "HTTP/1.0"
	}
	c.door.fill(in, head.Target, c.tls)
	in.Host, in.Size, in.Addr = head.Host, head.Size, c.local
	in.Peer, in.PeerPort = c.peer, c.peerPort
	in.Conn, in.ConnRequests = c.number, c.requests
	in.Length, in.Upgrade = head.Length, upgradeOf(head)
	for _, f := range head.Header {
		if len(f.Name) != len("Transfer-Encoding") || !header.Equal(f.Name, "Transfer-Encoding") {
			in.Header = append(in.Header, f)
		}
	}
}

func upgradeOf(head *h1.RequestHead) string {
	if header.Equal(head.Upgrade, "websocket") {
		return "websocket"
	}
	return ""
}

// plainSink writes an answer of HTTP/1.1.
type plainSink struct {
	conn     *h1.ServerConn
	body     *flow.Body
	stopping *atomic.Bool
}

func (s *plainSink) begin(r *flow.Reply) {
	if s.stopping.Load() {
		s.conn.Last()
	}
	if !s.body.Sending() {
		s.conn.Unread()
	}
	a := h1.Answer{Status: r.Status, Header: r.Header, Length: r.Length}
	if r.Length >= 0 {
		a.LengthText = r.LengthText()
	}
	s.conn.Begin(&a)
}

func (s *plainSink) write(p []byte, _ bool) (int, error) { return s.conn.Write(p) }
func (s *plainSink) flush() error                        { return s.conn.Flush() }
func (s *plainSink) drop()                               { s.conn.Drop() }
func (s *plainSink) end(trailer flow.Header) error       { return s.conn.End(trailer) }

func (s *plainSink) takeover() (net.Conn, []byte, error) { return s.conn.Takeover() }
