package listen

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
)

// seen is what a gateway noted of a request.
type seen struct {
	flow.Request
	id   string
	body string
}

// noting answers 200 and notes the request.
func noting(into chan seen) func(ex *flow.Exchange) *flow.Reply {
	return func(ex *flow.Exchange) *flow.Reply {
		s := seen{Request: ex.In, id: ex.ID}
		s.Header = append(header.Header(nil), ex.In.Header...)
		if b, err := ex.Body.Bytes(0); err == nil {
			s.body = string(b)
		} else {
			s.body = "error: " + err.Error()
		}
		into <- s
		return reply(ex, 200, 2, "ok")
	}
}

// TestRequests: how a request arrives at the gateway.
func TestRequests(t *testing.T) {
	got := make(chan seen, 10)
	r := run(t, nil, noting(got))
	for _, tt := range []struct {
		text                    string
		method, path, query     string
		hasQuery                bool
		host, target, body, upg string
		length                  int64
	}{
		{"GET /a/b?c=d HTTP/1.1\nHost: h:80\n\n", "GET", "/a/b", "c=d", true, "h:80", "/a/b?c=d", "", "", 0},
		{"GET /a? HTTP/1.1\nHost: h\n\n", "GET", "/a", "", true, "h", "/a?", "", "", 0},
		{"GET /%2e%2e//x HTTP/1.1\nHost: h\n\n", "GET", "/%2e%2e//x", "", false, "h", "/%2e%2e//x", "", "", 0},
		{"GET http://other/a?b HTTP/1.1\nHost: h\n\n", "GET", "/a", "b", true, "other", "http://other/a?b", "", "", 0},
		{"GET http://other?b HTTP/1.1\nHost: h\n\n", "GET", "/", "b", true, "other", "http://other?b", "", "", 0},
		{"GET http://other HTTP/1.1\nHost: h\n\n", "GET", "/", "", false, "other", "http://other", "", "", 0},
		{"GET / HTTP/1.0\n\n", "GET", "/", "", false, "", "/", "", "", 0},
		{"POST /a HTTP/1.1\nHost: h\nContent-Length: 4\n\nbody", "POST", "/a", "", false, "h", "/a", "body", "", 4},
		{"POST /a HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n2\nab\n1\nc\n0\n\n", "POST", "/a", "", false, "h", "/a", "abc", "", -1},
		{"GET /a HTTP/1.1\nHost: h\nContent-Length: 3\n\nget", "GET", "/a", "", false, "h", "/a", "get", "", 3},
		{"GET /ws HTTP/1.1\nHost: h\nConnection: Upgrade\nUpgrade: WebSocket\n\n", "GET", "/ws", "", false, "h", "/ws", "", "websocket", 0},
		{"GET /ws HTTP/1.1\nHost: h\nConnection: Upgrade\nUpgrade: h2c\n\n", "GET", "/ws", "", false, "h", "/ws", "", "", 0},
	} {
		l := r.dial(t).say(t, tt.text)
		if resp, _, _ := l.answer(t, tt.method); resp.StatusCode != 200 {
			t.Errorf("%q: %d", tt.text, resp.StatusCode)
			continue
		}
		s := <-got
		if s.Method != tt.method || s.Path != tt.path || s.Query != tt.query || s.HasQuery != tt.hasQuery || s.Host != tt.host ||
			s.Target != tt.target || s.body != tt.body || s.Upgrade != tt.upg || s.Length != tt.length {
			t.Errorf("%q: got %+v", tt.text, s)
		}
		if len(s.id) != 32 || s.Peer != "127.0.0.1" || s.ClientIP != "127.0.0.1" || s.PeerPort == 0 || s.Port == 0 || s.Addr != "127.0.0.1" || s.Scheme != "http" {
			t.Errorf("%q: got %+v", tt.text, s)
		}
	}
}

// TestConnections are numbered, and so are their requests.
func TestConnections(t *testing.T) {
	got := make(chan seen, 10)
	r := run(t, nil, noting(got))
	a, b := r.dial(t), r.dial(t)
	ask := func(l *line) seen {
		l.say(t, "GET / HTTP/1.1\nHost: h\n\n").answer(t, "GET")
		return <-got
	}
	first, other, second := ask(a), ask(b), ask(a)
	if first.Conn == 0 || first.Conn == other.Conn || first.Conn != second.Conn || first.ConnRequests != 1 || second.ConnRequests != 2 || other.ConnRequests != 1 {
		t.Errorf("first %d/%d, other %d/%d, second %d/%d", first.Conn, first.ConnRequests, other.Conn, other.ConnRequests, second.Conn, second.ConnRequests)
	}
	if first.id == second.id {
		t.Error("two requests with one id")
	}
	if s := r.o.Stats; s.Accepted() != 2 || s.Requests() != 3 {
		t.Errorf("%d connections, %d requests", s.Accepted(), s.Requests())
	}
}

// TestBodyLimit is nginx_http_client_max_body_size for bodies of unknown length.
func TestBodyLimit(t *testing.T) {
	got := make(chan seen, 1)
	r := run(t, func(o *Options) { o.MaxBodyBytes = 3 }, noting(got))
	for text, want := range map[string]string{
		"3\nabc\n0\n\n": "abc", "4\nabcd\n0\n\n": "error: " + flow.ErrTooLarge.Error(),
	} {
		r.dial(t).say(t, "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n"+text).answer(t, "POST")
		if s := <-got; s.body != want {
			t.Errorf("%q: got %q", text, s.body)
		}
	}
}

// TestUnreadBody: what nobody reads costs the connection at most, never the
// next request.
func TestUnreadBody(t *testing.T) {
	r := run(t, nil, func(ex *flow.Exchange) *flow.Reply { return reply(ex, 200, 2, "ok") })
	l := r.dial(t).say(t, "POST / HTTP/1.1\nHost: h\nContent-Length: 5\n\nGET /GET /second HTTP/1.1\nHost: h\n\n")
	for range 2 {
		if resp, text, _ := l.answer(t, "GET"); resp.StatusCode != 200 || text != "ok" {
			t.Errorf("%d %q", resp.StatusCode, text)
		}
	}
}

// TestSlowHead: who does not finish the head is let go.
func TestSlowHead(t *testing.T) {
	r := run(t, func(o *Options) { o.HeaderTimeout = 20 * time.Millisecond }, func(ex *flow.Exchange) *flow.Reply {
		t.Error("it was served")
		return reply(ex, 200, 0)
	})
	l := r.dial(t).say(t, "GET / HTTP/1.1\nHost: h\nX-Slow: ")
	if b, _ := io.ReadAll(l); strings.Contains(string(b), " 200 ") {
		t.Errorf("got %q", b)
	}
}

// TestSlowBody: who does not send the body is let go, too.
func TestSlowBody(t *testing.T) {
	got := make(chan seen, 1)
	r := run(t, func(o *Options) { o.BodyTimeout = 20 * time.Millisecond }, noting(got))
	for _, text := range []string{"Content-Length: 9\n\nabc", "Content-Length: 9\n\n", "Transfer-Encoding: chunked\n\n3\nabc\n"} {
		l := r.dial(t).say(t, "POST / HTTP/1.1\nHost: h\n"+text)
		l.answer(t, "POST")
		if s := <-got; s.body != "error: "+flow.ErrSlow.Error() {
			t.Errorf("%q: got %q", text, s.body)
		}
		if !l.closed() {
			t.Errorf("%q: the connection is still open", text)
		}
	}
}

// TestSlowAnswer: the time for the body is not that for the answer.
func TestSlowAnswer(t *testing.T) {
	next := make(chan string)
	r := run(t, func(o *Options) { o.BodyTimeout = 20 * time.Millisecond }, func(ex *flow.Exchange) *flow.Reply {
		if _, err := ex.Body.Bytes(0); err != nil {
			t.Error(err)
		}
		timer := time.After(60 * time.Millisecond)
		select {
		case <-ex.Ctx.Done():
			t.Error("the caller counts as gone")
		case <-timer:
		}
		return reply(ex, 200, 2, "ok")
	})
	close(next)
	l := r.dial(t)
	for range 2 {
		l.say(t, "POST / HTTP/1.1\nHost: h\nContent-Length: 3\n\nabc")
		if resp, text, _ := l.answer(t, "POST"); resp.StatusCode != 200 || text != "ok" {
			t.Errorf("%d %q", resp.StatusCode, text)
		}
	}
}

// TestSlowReader: who does not read the answer is let go.
func TestSlowReader(t *testing.T) {
	r := run(t, func(o *Options) { o.WriteTimeout = 20 * time.Millisecond }, func(ex *flow.Exchange) *flow.Reply {
		out := reply(ex, 200, -1)
		out.Stream = &flood{data: make([]byte, 1<<20)}
		return out
	})
	r.dial(t).say(t, "GET / HTTP/1.1\nHost: h\n\n")
	if o := r.g.outcome(); !o.CallerGone || !errors.Is(o.Err, os.ErrDeadlineExceeded) {
		t.Errorf("outcome %+v", o)
	}
}

// flood is an answer without end.
type flood struct{ data []byte }

func (f *flood) Next() (flow.Frame, error) { return flow.Frame{Data: f.data}, nil }
func (*flood) Close() error                { return nil }

func TestIdleConnection(t *testing.T) {
	r := run(t, func(o *Options) { o.IdleTimeout = 20 * time.Millisecond }, func(ex *flow.Exchange) *flow.Reply { return reply(ex, 200, 0) })
	l := r.dial(t).say(t, "GET / HTTP/1.1\nHost: h\n\n")
	l.answer(t, "GET")
	if !l.closed() {
		t.Error("it is still open")
	}
}

func TestLargeHead(t *testing.T) {
	r := run(t, func(o *Options) { o.MaxHeaderBytes = 1 << 10 }, func(ex *flow.Exchange) *flow.Reply { return reply(ex, 200, 0) })
	l := r.dial(t).say(t, "GET / HTTP/1.1\nHost: h\nX: "+strings.Repeat("x", 20<<10)+"\n\n")
	if resp, _, _ := l.answer(t, "GET"); resp.StatusCode != 494 {
		t.Errorf("got %d", resp.StatusCode)
	}
}

// TestRefusals: what cannot be read is answered by the gateway, counted, and
// ends the connection; so does HTTP sent to a TLS listener, without the gateway.
func TestRefusals(t *testing.T) {
	r := run(t, nil, func(ex *flow.Exchange) *flow.Reply {
		t.Errorf("it was served: %+v", ex.In)
		return reply(ex, 200, 0)
	})
	for text, want := range map[string]int{
		"GET / HTTP/1.1\n\n": 400, "GET / HTTP/3.0\nHost: h\n\n": 505, "\x16\x03\x01": 400,
		"POST / HTTP/1.1\nHost: h\nTransfer-Encoding: gzip\n\n":                                                               501,
		"POST / HTTP/1.1\nHost: h\nContent-Length: 1\nTransfer-Encoding: chunked\n\n0\n\nGET /smuggled HTTP/1.1\nHost: h\n\n": 400,
	} {
		l := r.dial(t).say(t, text)
		if resp, _, _ := l.answer(t, "GET"); resp.StatusCode != want || !resp.Close {
			t.Errorf("%q: got %d, close %t", text, resp.StatusCode, resp.Close)
		}
		if !l.closed() {
			t.Errorf("%q: the connection is still open", text)
		}
		if o := r.g.outcome(); o.Status != want {
			t.Errorf("%q: outcome %+v", text, o)
		}
	}
	secure := run(t, func(o *Options) { o.Addresses[0].TLS, o.TLS = true, selfSigned(t) }, nil)
	l := secure.dial(t).say(t, "GET / HTTP/1.1\nHost: h\n\n")
	if resp, text, _ := l.answer(t, "GET"); resp.StatusCode != 400 || !strings.Contains(text, "plain HTTP request was sent to HTTPS port") {
		t.Errorf("got %d %q", resp.StatusCode, text)
	}
}

// TestGracefulStop: what runs ends in peace, and nothing new begins.
func TestGracefulStop(t *testing.T) {
	next := make(chan string)
	r := run(t, nil, func(ex *flow.Exchange) *flow.Reply {
		if ex.In.Path == "/quick" {
			return reply(ex, 200, 0)
		}
		out := reply(ex, 200, -1)
		out.Stream = fed(next)
		return out
	})
	idle := r.dial(t).say(t, "GET /quick HTTP/1.1\nHost: h\n\n")
	idle.answer(t, "GET")
	l := r.dial(t).say(t, "GET / HTTP/1.1\nHost: h\n\n")
	next <- "before"
	resp, err := http.ReadResponse(l.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.stop()
	if !idle.closed() {
		t.Error("an idle connection stays open")
	}
	for { // the listener is closed by then, or soon
		c, err := net.Dial("tcp", r.addr())
		if err != nil {
			break
		}
		_ = c.Close()
	}
	next <- " and after"
	close(next)
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "before and after" {
		t.Errorf("got %q, %v", b, err)
	}
	if !l.closed() {
		t.Error("the connection stays open")
	}
}

// TestStopCuts what does not end within the grace period.
func TestStopCuts(t *testing.T) {
	g := &gateway{done: make(chan struct{}, 1)}
	g.serve = func(ex *flow.Exchange) *flow.Reply {
		out := reply(ex, 200, -1)
		out.Stream = &untilGone{ex: ex}
		return out
	}
	base := run(t, nil, nil) // for its options
	o := base.o
	o.Gateway = g
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, time.Millisecond) }()
	c, err := net.Dial("tcp", s.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	l := (&line{c, bufio.NewReader(c)}).say(t, "GET / HTTP/1.1\nHost: h\n\n")
	if _, err := l.ReadString('x'); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if o := g.outcome(); !o.CallerGone && o.Err == nil {
		t.Errorf("outcome %+v", o)
	}
}

func TestAddressInUse(t *testing.T) {
	r := run(t, nil, nil)
	port := r.Addrs()[0].(*net.TCPAddr).Port
	o := r.o
	o.Addresses = []Address{{Host: "127.0.0.1"}, {Host: "127.0.0.1", Port: port}}
	if _, err := Open(o); err == nil || !strings.Contains(err.Error(), "listen on 127.0.0.1:") {
		t.Errorf("got %v", err)
	}
}

// TestHTTP2 with prior knowledge, and by ALPN in TLS.
func TestHTTP2(t *testing.T) {
	for _, secure := range []bool{false, true} {
		got := make(chan seen, 1)
		note := noting(got)
		r := run(t, func(o *Options) {
			o.Addresses[0].TLS, o.Addresses[0].HTTP2, o.TLS = secure, true, selfSigned(t)
		}, func(ex *flow.Exchange) *flow.Reply {
			_ = note(ex)
			out := reply(ex, 200, -1, "a", "b")
			out.Header.Add("X-Mixed", "1")
			out.Trailer = func() header.Header { return header.Header{{Name: "Grpc-Status", Value: "0"}} }
			return out
		})
		tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: new(http.Protocols)}
		tr.Protocols.SetHTTP2(secure)
		tr.Protocols.SetUnencryptedHTTP2(!secure)
		scheme := map[bool]string{false: "http", true: "https"}[secure]
		req, err := http.NewRequest("POST", scheme+"://"+r.addr()+"/a?b", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		tr.CloseIdleConnections()
		if err != nil || string(b) != "ab" || resp.ProtoMajor != 2 || resp.Trailer.Get("Grpc-Status") != "0" || resp.Header.Get("x-mixed") != "1" {
			t.Errorf("%s: %q, %v, %v", scheme, b, err, resp)
		}
		s := <-got
		if s.Major != 2 || s.Scheme != scheme || (s.TLS != nil) != secure || s.body != "body" || s.Path != "/a" || s.Host != r.addr() {
			t.Errorf("%s: got %+v", scheme, s)
		}
	}
}

// TestALPN: HTTP/2 in TLS only where the listener has the flag.
func TestALPN(t *testing.T) {
	for _, flag := range []bool{false, true} {
		r := run(t, func(o *Options) {
			o.Addresses[0].TLS, o.Addresses[0].HTTP2, o.TLS = true, flag, selfSigned(t)
		}, func(ex *flow.Exchange) *flow.Reply { return reply(ex, 200, 0) })
		c, err := tls.Dial("tcp", r.addr(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{false: "http/1.1", true: "h2"}[flag]
		if got := c.ConnectionState().NegotiatedProtocol; got != want {
			t.Errorf("http2 %t: %q was chosen", flag, got)
		}
		_ = c.Close()
	}
}

// TestWebSocket: bytes go both ways, those that came early too, and the end
// of one side is the end of both.
func TestWebSocket(t *testing.T) {
	for _, ends := range []string{"caller", "upstream"} {
		near, far := net.Pipe()
		r := run(t, nil, func(ex *flow.Exchange) *flow.Reply {
			out := reply(ex, 101, -1)
			out.Header.Add("Upgrade", "websocket")
			out.Header.Add("Sec-WebSocket-Accept", "x")
			out.Upgrade, out.Early = near, []byte("early ")
			return out
		})
		l := r.dial(t).say(t, "GET / HTTP/1.1\nHost: h\nConnection: Upgrade\nUpgrade: websocket\n\n")
		if _, err := io.WriteString(l.Conn, "first "); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(l.Reader, nil)
		if err != nil || resp.StatusCode != 101 || resp.Header.Get("Connection") != "upgrade" || resp.Header.Get("Upgrade") != "websocket" || resp.Header.Get("Sec-Websocket-Accept") != "x" {
			t.Fatalf("%v, %v", resp, err)
		}
		expect(t, far, "first ")
		expect(t, l, "early ")
		_, _ = io.WriteString(far, "down")
		expect(t, l, "down")
		_, _ = io.WriteString(l.Conn, "up")
		expect(t, far, "up")
		if ends == "caller" {
			_ = l.Close()
		} else {
			_ = far.Close()
		}
		if n, err := far.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s ends: %d bytes more", ends, n)
		}
		if ends == "upstream" && !l.closed() {
			t.Error("the caller's connection is still open")
		}
		if o := r.g.outcome(); o.Status != 101 || o.Body != int64(len("early down")) {
			t.Errorf("%s ends: outcome %+v", ends, o)
		}
	}
}

// expect reads exactly a text.
func expect(t *testing.T, from io.Reader, want string) {
	t.Helper()
	buf := make([]byte, len(want))
	if _, err := io.ReadFull(from, buf); err != nil || string(buf) != want {
		t.Fatalf("got %q, %v, want %q", buf, err, want)
	}
}

// TestAnswerWhileAsking: an answer may begin before the question has ended.
func TestAnswerWhileAsking(t *testing.T) {
	r := run(t, nil, func(ex *flow.Exchange) *flow.Reply {
		out := reply(ex, 200, -1)
		out.Stream = &echoing{src: ex.Body.Stream()}
		return out
	})
	l := r.dial(t).say(t, "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3\none\n")
	resp, err := http.ReadResponse(l.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, resp.Body, "one")
	l.say(t, "3\ntwo\n")
	expect(t, resp.Body, "two")
	l.say(t, "0\n\n")
	if b, err := io.ReadAll(resp.Body); err != nil || len(b) != 0 {
		t.Errorf("at the end %q, %v", b, err)
	}
}

// echoing answers with what it is asked.
type echoing struct {
	src io.Reader
	buf [100]byte
}

func (e *echoing) Next() (flow.Frame, error) {
	n, err := e.src.Read(e.buf[:])
	if n > 0 {
		return flow.Frame{Data: e.buf[:n]}, nil
	}
	return flow.Frame{}, err
}

func (e *echoing) Close() error { return nil }
