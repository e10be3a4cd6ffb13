package h1

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

var errGone = errors.New("the caller has gone")

// At whatever stage the context ends, what waits returns, the error tells why,
// and the connection is closed.
func TestCancel(t *testing.T) {
	huge := strings.Repeat("x", 32<<20)
	reach := func(name string, cancel func(), over <-chan struct{}, p *peer) {
		switch name {
		case "before first byte":
			p.request()
		case "mid head":
			p.request()
			p.send("HTTP/1.1 200 O")
		case "after interim":
			p.request()
			p.send("HTTP/1.1 100 Continue\r\n\r\n")
		case "while sending", "while streaming":
			p.head()
		case "tls handshake", "proxy":
			p.br.ReadByte()
		}
		cancel()
		<-over // without reading: a body under way stays there
	}
	for name, req := range map[string]*Request{
		"before first byte": get("/"), "mid head": post("x"), "after interim": get("/"),
		"while sending":   post(huge),
		"while streaming": {Method: "POST", Target: "/", Host: "a", Stream: strings.NewReader(huge), Length: -1},
		"tls handshake":   get("/"), "proxy": get("/"),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			over := make(chan struct{})
			ep := serve(t, func(p *peer) { reach(name, func() { cancel(errGone) }, over, p) })
			switch name {
			case "tls handshake":
				ep.TLS = &tls.Config{ServerName: "a.test"}
			case "proxy":
				ep = &Endpoint{Addr: "b.test:443", TLS: &tls.Config{ServerName: "a.test"}, Proxy: &Proxy{Addr: ep.Addr}}
			}
			c, d := client(t, Options{})
			_, err := c.Do(ctx, ep, req)
			close(over)
			if e := failure(t, err, OpCanceled); !errors.Is(e, context.Canceled) || !errors.Is(e, errGone) || e.Timeout {
				t.Errorf("%v", e)
			}
			if d.open() != 0 {
				t.Error("connection left open")
			}
		})
	}
}

func TestCancelDial(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, _ := client(t, Options{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	_, err := c.Do(ctx, &Endpoint{Addr: "a:1"}, get("/"))
	if e := failure(t, err, OpCanceled); !errors.Is(e, context.Canceled) || e.Sent {
		t.Error(e)
	}
	_, err = c.Do(ctx, &Endpoint{Addr: "a:1"}, get("/"))
	failure(t, err, OpCanceled)
}

func TestCancelBody(t *testing.T) {
	ep := serve(t, func(p *peer) {
		p.request()
		p.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n")
		p.gone()
	})
	c, d := client(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := c.Do(ctx, ep, get("/"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := r.Next(); string(b) != "part" || err != nil {
		t.Fatal(err)
	}
	cancel()
	_, err = r.Next()
	if e := failure(t, err, OpCanceled); !errors.Is(e, context.Canceled) || !e.Sent {
		t.Error(e)
	}
	if d.open() != 0 {
		t.Error("open before Close")
	}
	r.Close()
}

// The context ends after the whole answer was read, before Close: the
// connection has been closed or is about to be, so it must not be kept.
func TestCancelBeforeClose(t *testing.T) {
	ep := answers(t, ok2)
	c, d := client(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := c.Do(ctx, ep, get("/"))
	if err != nil {
		t.Fatal(err)
	}
	io.ReadAll(r)
	cancel()
	r.Close()
	if d.open() != 0 {
		t.Error("kept")
	}
	// And one that ends after Close no longer touches it.
	ctx, cancel = context.WithCancel(t.Context())
	if r, err = c.Do(ctx, ep, get("/")); err != nil {
		t.Fatal(err)
	}
	whole(t, r)
	cancel()
	r = do(t, c, ep, get("/"))
	if !r.Reused {
		t.Error("not kept")
	}
	whole(t, r)
}

func TestContextDeadline(t *testing.T) {
	ep := serve(t, func(p *peer) { p.request(); p.gone() })
	c, _ := client(t, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := c.Do(ctx, ep, get("/"))
	if e := failure(t, err, OpCanceled); !e.Timeout || !errors.Is(e, context.DeadlineExceeded) {
		t.Error(e)
	}
}

func TestConnectTimeout(t *testing.T) {
	for name, set := range map[string]func(ep *Endpoint) Op{
		"tls": func(ep *Endpoint) Op { ep.TLS = &tls.Config{ServerName: "a"}; return OpTLS },
		"proxy": func(ep *Endpoint) Op {
			ep.TLS, ep.Proxy = &tls.Config{ServerName: "a"}, &Proxy{Addr: ep.Addr}
			return OpProxy
		},
	} {
		t.Run(name, func(t *testing.T) {
			ep := serve(t, func(p *peer) { p.gone() })
			op := set(ep)
			c, _ := client(t, Options{Dial: func(_ context.Context, network, addr string) (net.Conn, error) {
				return net.Dial(network, addr)
			}})
			req := get("/")
			req.ConnectTimeout = 5 * time.Millisecond
			_, err := c.Do(t.Context(), ep, req)
			if e := failure(t, err, op); !e.Timeout || e.Err != ErrConnectTimeout {
				t.Error(e)
			}
		})
	}
}
