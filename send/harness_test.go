package send

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/h1"
	"github.com/sluice-gateway/sluice/header"
)

// peers is a balancer over given addresses, in turn; it notes the results.
type peers struct {
	addrs []string
	err   error

	mu   sync.Mutex // guards done
	done []balance.Result
}

func (p *peers) Next(_ *flow.Exchange, n int) (*balance.Peer, error) {
	if p.err != nil {
		return nil, p.err
	}
	return peerAt(p.addrs[n%len(p.addrs)]), nil
}

func peerAt(addr string) *balance.Peer {
	host, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	return &balance.Peer{Host: host, IP: host, Port: n, Addr: addr}
}

func (p *peers) Done(_ *flow.Exchange, _ *balance.Peer, r balance.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = append(p.done, r)
}

func (p *peers) Close() error { return nil }

// sender is a Sender with everything in it.
func sender(tb testing.TB) *Sender {
	tb.Helper()
	client := h1.New(h1.Options{})
	http2 := NewHTTP2((&net.Dialer{}).DialContext)
	tb.Cleanup(func() {
		_ = client.Close()
		_ = http2.Close()
	})
	return New(Options{Client: client, HTTP2: http2, Via: "sluice/test", RequestID: "X-Kong-Request-Id"})
}

// reaching is an upstream behind a balancer.
func reaching(b balance.Balancer) *Upstream {
	link := NewLink(&tls.Config{InsecureSkipVerify: true}, "k")
	return &Upstream{
		Host: "up", Port: 80, Peers: b, Link: link, ModelLink: link, Retries: 2, Buffer: true,
		ConnectTimeout: time.Minute, WriteTimeout: time.Minute, ReadTimeout: time.Minute,
	}
}

// asking is an exchange on its way to the upstream.
func asking(method, body string, fields ...string) *flow.Exchange {
	ex := &flow.Exchange{Ctx: context.Background(), Log: slog.New(slog.DiscardHandler), ID: "id-1", Started: time.Now()}
	ex.In = flow.Request{
		Method: method, Proto: "HTTP/1.1", Major: 1, Target: "/p?q", Path: "/p", Query: "q", HasQuery: true, Host: "caller.test:8000",
		Scheme: "http", Peer: "10.0.0.9", ClientIP: "10.0.0.9", Port: 8000, PortText: "8000",
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		ex.In.Header = append(ex.In.Header, header.Field{Name: name, Value: value})
	}
	ex.Out = flow.Outgoing{
		Method: method, Scheme: "http", Addr: "up", Port: 80, Path: "/p", Query: "q", HasQuery: true,
	}
	Begin(&ex.Out, &ex.In)
	if body == "" {
		ex.Body.Open(nil, 0)
	} else {
		ex.Body.Open(source{strings.NewReader(body)}, int64(len(body)))
	}
	return ex
}

type source struct{ io.Reader }

func (source) Abort() {}

// behave is an upstream that does the same with every connection.
func behave(tb testing.TB, f func(c net.Conn)) (addr string, connections func() int) {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	n := 0
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			n++
			mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				f(c)
			})
		}
	})
	tb.Cleanup(func() {
		_ = ln.Close()
		wg.Wait()
	})
	return ln.Addr().String(), func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// readRequest takes a request off a connection, body and all.
func readRequest(c net.Conn) {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err == nil {
		_, _ = io.Copy(io.Discard, req.Body)
	}
}

// serving is a real server with HTTP/1.1, or HTTP/2 in cleartext or TLS.
func serving(tb testing.TB, kind string, h http.HandlerFunc) (addr string) {
	tb.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetHTTP1(kind == "h1")
	switch kind {
	case "h2c":
		srv.Config.Protocols.SetUnencryptedHTTP2(true)
		srv.Start()
	case "h2":
		srv.Config.Protocols.SetHTTP2(true)
		srv.EnableHTTP2 = true
		srv.StartTLS()
	default:
		srv.Start()
	}
	tb.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// content reads an answer to its end.
func content(tb testing.TB, r *flow.Reply) string {
	tb.Helper()
	var out []byte
	for {
		f, err := r.Stream.Next()
		if errors.Is(err, io.EOF) {
			return string(out)
		}
		if err != nil {
			tb.Fatalf("after %q: %v", out, err)
		}
		out = append(out, f.Data...)
	}
}
