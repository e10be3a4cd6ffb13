package h1

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/header"
)

// authority makes certificates for one test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{pool: x509.NewCertPool()}
	c, key := a.sign(t, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.cert, a.key = c, key
	a.pool.AddCert(c)
	return a
}

func (a *authority) sign(t testing.TB, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber = big.NewInt(1)
	c.Subject = pkix.Name{CommonName: "test"}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func (a *authority) leaf(t testing.TB, name string) tls.Certificate {
	t.Helper()
	c, key := a.sign(t, &x509.Certificate{
		DNSNames:    []string{name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	return tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key}
}

func serveTLS(t testing.TB, cfg *tls.Config, script func(p *peer)) *Endpoint {
	t.Helper()
	return serveOn(t, func(c net.Conn) net.Conn { return tls.Server(c, cfg) }, script)
}

func echo(p *peer) {
	for {
		r, b, err := p.request()
		if err != nil {
			return
		}
		_ = (&http.Response{
			StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(b)),
			Header: http.Header{"X-Target": {r.RequestURI}, "X-Host": {r.Host}}, Body: io.NopCloser(strings.NewReader(string(b))),
		}).Write(p)
	}
}

func TestTLS(t *testing.T) {
	ca, strangers := newAuthority(t), newAuthority(t)
	server := &tls.Config{Certificates: []tls.Certificate{ca.leaf(t, "a.test")}}
	mutual := server.Clone()
	mutual.ClientAuth, mutual.ClientCAs = tls.RequireAndVerifyClientCert, ca.pool
	h2 := server.Clone()
	h2.NextProtos = []string{"h2"}
	for name, tc := range map[string]struct {
		server, client *tls.Config
		op             Op
	}{
		"verified":        {server, &tls.Config{ServerName: "a.test", RootCAs: ca.pool}, 0},
		"tls 1.2":         {server, &tls.Config{ServerName: "a.test", RootCAs: ca.pool, MaxVersion: tls.VersionTLS12}, 0},
		"http/1.1":        {server, &tls.Config{ServerName: "a.test", RootCAs: ca.pool, NextProtos: []string{"http/1.1"}}, 0},
		"not verified":    {server, &tls.Config{InsecureSkipVerify: true}, 0},
		"wrong name":      {server, &tls.Config{ServerName: "b.test", RootCAs: ca.pool}, OpTLS},
		"unknown ca":      {server, &tls.Config{ServerName: "a.test", RootCAs: strangers.pool}, OpTLS},
		"mutual":          {mutual, &tls.Config{ServerName: "a.test", RootCAs: ca.pool, Certificates: []tls.Certificate{ca.leaf(t, "client")}}, 0},
		"mutual 1.2 none": {mutual, &tls.Config{ServerName: "a.test", RootCAs: ca.pool, MaxVersion: tls.VersionTLS12}, OpTLS},
		"h2":              {h2, &tls.Config{ServerName: "a.test", RootCAs: ca.pool, NextProtos: []string{"h2"}}, OpTLS},
	} {
		t.Run(name, func(t *testing.T) {
			ep := serveTLS(t, tc.server, echo)
			ep.TLS = tc.client
			c, d := client(t, Options{})
			for i, size := range []int{1, 30_000, 400_000} {
				body := strings.Repeat("x", size)
				req := post("a", body[:size/2], body[size/2:])
				r, err := c.Do(t.Context(), ep, req)
				if tc.op != 0 {
					failure(t, err, tc.op)
					if d.open() != 0 {
						t.Error("left open")
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if (r.Timing.TLS > 0) != (i == 0) || r.Reused != (i > 0) {
					t.Errorf("request %d: %v, reused %v", i, r.Timing, r.Reused)
				}
				if b := whole(t, r); b != "a"+body {
					t.Errorf("%d bytes", len(b))
				}
			}
		})
	}
}

// settle waits until the one idle connection is no longer quiet.
func settle(c *Client) {
	for {
		c.pool.mu.Lock()
		for _, s := range c.pool.idle {
			for _, cn := range s {
				if cn.look.state() != quiet {
					c.pool.mu.Unlock()
					return
				}
			}
		}
		c.pool.mu.Unlock()
		runtime.Gosched()
	}
}

// What TLS has received unasked is seen: a farewell, or bytes.
func TestTLSLookedAt(t *testing.T) {
	ca := newAuthority(t)
	cfg := &tls.Config{Certificates: []tls.Certificate{ca.leaf(t, "a.test")}}
	for name, idle := range map[string]func(p *peer){
		"farewell":   func(p *peer) { p.Close() },
		"bytes":      func(p *peer) { p.send(ok2); p.gone() },
		"disconnect": func(p *peer) { p.Conn.(*tls.Conn).NetConn().Close() },
	} {
		t.Run(name, func(t *testing.T) {
			read := make(chan struct{})
			ep := serveTLS(t, cfg, func(p *peer) {
				p.request()
				p.send(ok2)
				<-read
				if p.n == 1 {
					idle(p)
				} else {
					p.gone()
				}
			})
			ep.TLS = &tls.Config{ServerName: "a.test", RootCAs: ca.pool}
			c, d := client(t, Options{})
			whole(t, do(t, c, ep, post("x")))
			close(read)
			settle(c)
			if r := do(t, c, ep, post("x")); r.Reused {
				t.Error("reused")
			} else {
				whole(t, r)
			}
			if d.count() != 2 || d.open() != 1 {
				t.Errorf("%d connections, %d open", d.count(), d.open())
			}
		})
	}
}

// Bytes behind the answer in the same record, more than our buffer takes, stay
// inside TLS where the socket does not show them.
func TestTLSSurplusInside(t *testing.T) {
	ca := newAuthority(t)
	// The answer fills the read buffer to the last byte.
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 4055\r\n\r\n"
	body := strings.Repeat("x", smallBuf-len(head))
	if len(body) != 4055 {
		t.Fatalf("%d bytes", len(body))
	}
	ep := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.leaf(t, "a.test")}, DynamicRecordSizingDisabled: true}, func(p *peer) {
		p.request()
		p.send(head + body + strings.Repeat("y", 8000))
		p.gone()
	})
	ep.TLS = &tls.Config{ServerName: "a.test", RootCAs: ca.pool}
	c, d := client(t, Options{})
	for range 2 {
		if b := whole(t, do(t, c, ep, get("/"))); b != body {
			t.Fatalf("%d bytes", len(b))
		}
	}
	if d.count() != 2 {
		t.Errorf("%d connections", d.count())
	}
}

func TestPlainProxy(t *testing.T) {
	heads := make(chan string, 3)
	proxy := serve(t, func(p *peer) {
		for {
			h := p.head()
			if h == "" {
				return
			}
			heads <- h
			p.send(ok2)
		}
	})
	c, _ := client(t, Options{})
	ep := &Endpoint{Addr: "a.test:80", Proxy: &Proxy{Addr: proxy.Addr, Authorization: "Basic eA=="}}
	whole(t, do(t, c, ep, get("/x?y")))
	whole(t, do(t, c, ep, &Request{Method: "OPTIONS", Target: "*", Host: "a.test"}))
	for _, want := range []string{"GET http://a.test/x?y HTTP/1.1\r\n", "OPTIONS http://a.test HTTP/1.1\r\n"} {
		want += "Host: a.test\r\nProxy-Authorization: Basic eA==\r\n\r\n"
		if got := <-heads; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTunnel(t *testing.T) {
	ca := newAuthority(t)
	target := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.leaf(t, "a.test")}}, echo)
	for name, tc := range map[string]struct {
		answer string
		err    error
	}{
		"ok":        {"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n", nil},
		"1.0":       {"HTTP/1.0 200 OK\r\n\r\n", nil},
		"interim":   {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 OK\r\n\r\n", nil},
		"refused":   {"HTTP/1.1 407 Auth\r\nContent-Length: 2\r\n\r\nno", ProxyStatus(407)},
		"garbage":   {"secret garbage", errStatusLine},
		"hangs up":  {"HTTP/1.1 200", io.ErrUnexpectedEOF},
		"bytes":     {"HTTP/1.1 200 OK\r\n\r\nearly", malformed("proxy sent bytes before the tunnel's first")},
		"switching": {"HTTP/1.1 101 OK\r\nConnection: upgrade\r\n\r\n", errSwitch},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := serve(t, func(p *peer) {
				if want := "CONNECT " + target.Addr + " HTTP/1.1\r\nHost: " + target.Addr + "\r\nProxy-Authorization: Basic eA==\r\n\r\n"; p.head() != want {
					t.Error("not the head expected")
				}
				p.send(tc.answer)
				if tc.err != nil {
					return
				}
				out, err := net.Dial("tcp", target.Addr)
				if err != nil {
					t.Error(err)
					return
				}
				defer out.Close()
				go func() { _, _ = io.Copy(p, out) }()
				_, _ = io.Copy(out, p.br)
			})
			c, d := client(t, Options{})
			ep := &Endpoint{
				Addr: target.Addr, TLS: &tls.Config{ServerName: "a.test", RootCAs: ca.pool},
				Proxy: &Proxy{Addr: proxy.Addr, Authorization: "Basic eA=="},
			}
			for range 2 {
				r, err := c.Do(t.Context(), ep, post("x"))
				if tc.err != nil {
					if e := failure(t, err, OpProxy); !errors.Is(e, tc.err) || e.Sent {
						t.Errorf("%+v", e)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if r.Header.Get("X-Target") != "/p" || whole(t, r) != "x" {
					t.Error("not the answer expected")
				}
			}
			if tc.err == nil && d.count() != 1 {
				t.Errorf("%d connections", d.count())
			}
		})
	}
}

func TestTakeover(t *testing.T) {
	ep := serve(t, func(p *peer) {
		if h := p.head(); !strings.HasSuffix(h, "Sec-X: y\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n") {
			t.Errorf("head %q", h)
		}
		p.send("HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly")
		line, _ := p.br.ReadString('\n')
		p.send(line)
		p.gone()
	})
	c, d := client(t, Options{})
	req := get("/")
	req.Upgrade, req.Header = "websocket", header.Header{{Name: "Sec-X", Value: "y"}}
	req.ReadTimeout = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	r, err := c.Do(ctx, ep, req)
	if err != nil {
		t.Fatal(err)
	}
	nc, early, err := r.Takeover()
	if err != nil || r.Status != 101 || r.Header.Get("upgrade") != "websocket" {
		t.Fatal(err)
	}
	cancel() // no longer of its business
	r.Close()
	_, err = r.Next()
	failure(t, err, OpRead)
	if _, err := nc.Write([]byte("ping\n")); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(nc).ReadString('\n')
	if string(early) != "early" || line != "ping\n" || err != nil {
		t.Errorf("%q %q %v", early, line, err)
	}
	if _, ok := nc.(*net.TCPConn); !ok {
		t.Errorf("%T", nc)
	}
	nc.Close()
	if d.open() != 0 {
		t.Error("open")
	}
}

func TestUpgradeNotTaken(t *testing.T) {
	ep := serve(t, func(p *peer) {
		for range 2 {
			p.head()
			p.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
		p.head()
		p.send("HTTP/1.1 101 S\r\nConnection: upgrade\r\n\r\n")
		p.gone()
	})
	c, d := client(t, Options{})
	req := get("/")
	req.Upgrade = "websocket"
	for range 2 {
		r := do(t, c, ep, req)
		if _, _, err := r.Takeover(); err == nil {
			t.Error("took over a 200")
		}
		if whole(t, r) != "ok" {
			t.Error("body")
		}
	}
	r := do(t, c, ep, req)
	if _, err := r.Next(); err != io.EOF {
		t.Error(err)
	}
	r.Close()
	if d.count() != 1 || d.open() != 0 {
		t.Errorf("%d, %d open", d.count(), d.open())
	}
	// The context ended before the takeover: there is nothing to take.
	ctx, cancel := context.WithCancel(t.Context())
	ep = serve(t, func(p *peer) { p.head(); p.send("HTTP/1.1 101 S\r\nConnection: upgrade\r\n\r\n"); p.gone() })
	r, err := c.Do(ctx, ep, req)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	_, _, err = r.Takeover()
	failure(t, err, OpCanceled)
}
