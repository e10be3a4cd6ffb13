package h1

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// peer is one accepted connection of a scripted server.
type peer struct {
	net.Conn
	br *bufio.Reader
	n  int // which connection it is, from 1
}

// request reads one whole request, with its body.
func (p *peer) request() (*http.Request, []byte, error) {
	r, err := http.ReadRequest(p.br)
	if err != nil {
		return nil, nil, err
	}
	b, err := io.ReadAll(r.Body)
	return r, b, err
}

// head reads the head of one request as it came.
func (p *peer) head() string {
	var b strings.Builder
	for {
		line, err := p.br.ReadString('\n')
		b.WriteString(line)
		if err != nil || line == "\r\n" {
			return b.String()
		}
	}
}

func (p *peer) send(s string) { _, _ = io.WriteString(p, s) }

// gone waits until the client has closed.
func (p *peer) gone() { _, _ = io.Copy(io.Discard, p.br) }

// serve runs script for every connection and returns where. The test ends only
// when every script has: a connection the client forgot hangs it.
func serve(tb testing.TB, script func(p *peer)) *Endpoint {
	tb.Helper()
	return serveOn(tb, func(c net.Conn) net.Conn { return c }, script)
}

func serveOn(tb testing.TB, wrap func(net.Conn) net.Conn, script func(p *peer)) *Endpoint {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 1; ; n++ {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				w := wrap(c)
				script(&peer{Conn: w, br: bufio.NewReader(w), n: n})
			})
		}
	})
	tb.Cleanup(func() { ln.Close(); wg.Wait() })
	return &Endpoint{Addr: ln.Addr().String()}
}

// answers serves every request of every connection with the same bytes.
func answers(tb testing.TB, s string) *Endpoint {
	tb.Helper()
	return serve(tb, func(p *peer) {
		for {
			if _, _, err := p.request(); err != nil {
				return
			}
			p.send(s)
		}
	})
}

// dials records every connection a client makes.
type dials struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (d *dials) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err == nil {
		d.mu.Lock()
		d.conns = append(d.conns, c)
		d.mu.Unlock()
	}
	return c, err
}

func (d *dials) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.conns)
}

// open counts connections not closed by the client.
func (d *dials) open() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, c := range d.conns {
		if !errors.Is(c.SetWriteDeadline(time.Time{}), net.ErrClosed) {
			n++
		}
	}
	return n
}

// client returns a client whose connections and helpers must all be gone at the end.
func client(tb testing.TB, o Options) (*Client, *dials) {
	tb.Helper()
	d := new(dials)
	if o.Dial == nil {
		o.Dial = d.dial
	}
	c := New(o)
	tb.Cleanup(func() {
		c.Close()
		if n := d.open(); n != 0 {
			tb.Errorf("%d connections left open", n)
		}
		noHelpers(tb)
	})
	return c, d
}

// noHelpers fails when a helper goroutine is left. Those about to end are waited for.
func noHelpers(tb testing.TB) {
	tb.Helper()
	buf := make([]byte, 1<<20)
	for range 100_000 {
		if !bytes.Contains(buf[:runtime.Stack(buf, true)], []byte("h1.(*sender).run")) {
			return
		}
		runtime.Gosched()
	}
	tb.Error("a helper goroutine is left")
}

func get(target string) *Request { return &Request{Method: "GET", Target: target, Host: "a.test"} }

func post(body ...string) *Request {
	r := &Request{Method: "POST", Target: "/p", Host: "a.test"}
	for _, s := range body {
		r.Body = append(r.Body, []byte(s))
	}
	return r
}

func do(tb testing.TB, c *Client, ep *Endpoint, req *Request) *Response {
	tb.Helper()
	r, err := c.Do(tb.Context(), ep, req)
	if err != nil {
		tb.Fatalf("Do: %v", err)
	}
	return r
}

// whole reads the body and closes.
func whole(tb testing.TB, r *Response) string {
	tb.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		tb.Fatalf("body: %v", err)
	}
	r.Close()
	return string(b)
}

// failure asserts that err is an *Error of the step.
func failure(tb testing.TB, err error, op Op) *Error {
	tb.Helper()
	var e *Error
	if !errors.As(err, &e) {
		tb.Fatalf("got error %v (%T), want *Error", err, err)
	}
	if e.Op != op {
		tb.Fatalf("got %v, want op %v", e, op)
	}
	if strings.Contains(e.Error(), "secret") {
		tb.Fatalf("the error quotes the message: %v", e)
	}
	return e
}
