package h1

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/header"
)

// machine answers every n bytes with s and allocates nothing meanwhile.
func machine(p *peer, n int, s string) {
	answer, buf := []byte(s), make([]byte, n)
	for {
		if _, err := io.ReadFull(p.Conn, buf); err != nil {
			return
		}
		if _, err := p.Write(answer); err != nil {
			return
		}
	}
}

const typicalAnswer = "HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: application/json\r\n" +
	"X-Request-Id: req_0123456789\r\nOpenai-Processing-Ms: 431\r\nX-Ratelimit-Remaining-Tokens: 29912\r\n" +
	"Strict-Transport-Security: max-age=31536000\r\nServer: cloudflare\r\nContent-Length: 1000\r\n\r\n"

func typicalRequest(size int) *Request {
	return &Request{
		Method: "POST", Target: "/v1/chat/completions", Host: "api.openai.com",
		Header: header.Header{
			{Name: "Authorization", Value: "Bearer sk-0123456789abcdef0123456789abcdef"},
			{Name: "Content-Type", Value: "application/json"},
			{Name: "Accept", Value: "*/*"},
			{Name: "User-Agent", Value: "OpenAI/Python 1.40.0"},
			{Name: "X-Forwarded-For", Value: "10.0.0.1"},
		},
		Body:         [][]byte{bytes.Repeat([]byte("x"), size/2), []byte(`"gpt-4o"`), bytes.Repeat([]byte("y"), size/2)},
		WriteTimeout: time.Minute, ReadTimeout: time.Minute, ConnectTimeout: time.Minute,
	}
}

func onWire(ep *Endpoint, req *Request) int {
	n := len(req.appendHead(nil, ep))
	for _, s := range req.Body {
		n += len(s)
	}
	return n
}

// exchange is what a caller does for a plain answer.
func exchange(ctx context.Context, tb testing.TB, c *Client, ep *Endpoint, req *Request) {
	tb.Helper()
	r, err := c.Do(ctx, ep, req)
	if err != nil {
		tb.Fatal(err)
	}
	for err == nil {
		_, err = r.Next()
	}
	r.Close()
	if err != io.EOF {
		tb.Fatal(err)
	}
}

func plainMachine(tb testing.TB, req *Request) *Endpoint {
	tb.Helper()
	n := onWire(&Endpoint{}, req)
	return serve(tb, func(p *peer) { machine(p, n, typicalAnswer+strings.Repeat("z", 1000)) })
}

func BenchmarkPlain(b *testing.B) {
	for name, size := range map[string]int{"1k": 1 << 10, "30k": 30 << 10, "100k": 100 << 10} {
		b.Run(name, func(b *testing.B) {
			req := typicalRequest(size)
			ep := plainMachine(b, req)
			c, d := client(b, Options{})
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			b.ReportAllocs()
			for b.Loop() {
				exchange(ctx, b, c, ep, req)
			}
			b.ReportMetric(float64(d.count()), "conns")
		})
	}
}

func BenchmarkPlainTLS(b *testing.B) {
	ca := newAuthority(b)
	req := typicalRequest(1 << 10)
	n := onWire(&Endpoint{}, req)
	cfg := &tls.Config{Certificates: []tls.Certificate{ca.leaf(b, "a.test")}}
	ep := serveTLS(b, cfg, func(p *peer) { machine(p, n, typicalAnswer+strings.Repeat("z", 1000)) })
	ep.TLS = &tls.Config{ServerName: "a.test", RootCAs: ca.pool, DynamicRecordSizingDisabled: true}
	c, _ := client(b, Options{})
	b.ReportAllocs()
	for b.Loop() {
		exchange(b.Context(), b, c, ep, req)
	}
}

const event = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"word "}}]}` + "\n\n"

// endless sends chunked events until the client closes.
func endless(p *peer) {
	p.head()
	p.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
	one := []byte("70\r\n" + event[:0x70] + "\r\n")
	for {
		if _, err := p.Write(one); err != nil {
			return
		}
	}
}

func BenchmarkStream(b *testing.B) {
	ep := serve(b, endless)
	c, _ := client(b, Options{})
	req := get("/")
	req.ReadTimeout = time.Minute
	r := do(b, c, ep, req)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		p, err := r.Next()
		if err != nil {
			b.Fatal(err)
		}
		n += len(p)
	}
	b.ReportMetric(float64(n)/float64(b.N), "B/read")
	r.Close()
}

func BenchmarkParseHead(b *testing.B) {
	var h head
	b.ReportAllocs()
	for b.Loop() {
		if err := h.parse(typicalAnswer, 100); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDechunk(b *testing.B) {
	in := []byte(strings.Repeat("70\r\n"+event[:0x70]+"\r\n", 30))
	buf := make([]byte, len(in))
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		var k chunks
		copy(buf, in)
		if _, _, err := k.decode(buf); err != nil {
			b.Fatal(err)
		}
	}
}
