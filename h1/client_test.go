package h1

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/header"
)

const ok2 = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func TestPlain(t *testing.T) {
	heads := make(chan string, 1)
	ep := serve(t, func(p *peer) {
		heads <- p.head()
		p.send("HTTP/1.1 201 Made it\r\nContent-Type: text/plain\r\nX-A: 1\r\nx-a:  2\t\r\nContent-Length: 5\r\n\r\nhello")
		p.gone()
	})
	c, d := client(t, Options{})
	req := get("/v1/x?y=1")
	req.Header = header.Header{{Name: "Accept", Value: "*/*"}, {Name: "X-Z", Value: "a b"}}
	r := do(t, c, ep, req)
	if r.Status != 201 || r.Reason != "Made it" || r.Minor != 1 || r.ContentLength != 5 || r.Reused || r.Remote.String() != ep.Addr {
		t.Errorf("got %+v", r)
	}
	if got := strings.Join(r.Header.Values("x-A"), "|"); got != "1|2" {
		t.Errorf("fields: %q", got)
	}
	if got := whole(t, r); got != "hello" {
		t.Errorf("body: %q", got)
	}
	if want := "GET /v1/x?y=1 HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\nX-Z: a b\r\n\r\n"; <-heads != want {
		t.Errorf("head is not %q", want)
	}
	if d.open() != 1 {
		t.Error("connection not kept")
	}
	c.CloseIdle()
	if d.open() != 0 {
		t.Error("connection kept after CloseIdle")
	}
}

func TestRequestBodies(t *testing.T) {
	type got struct {
		length int64
		body   []byte
	}
	seen := make(chan got, 1)
	ep := serve(t, func(p *peer) {
		for {
			r, b, err := p.request()
			if err != nil {
				return
			}
			seen <- got{r.ContentLength, b}
			p.send(ok2)
		}
	})
	c, d := client(t, Options{})
	for _, sizes := range [][]int{{}, {0}, {3}, {4000, 4000}, {5, 9000, 0, 7}, {60000}, {10, 100_000}, {300_000, 1, 300_000}} {
		var req Request
		for name, set := range map[string]func(){
			"body":    func() {},
			"timeout": func() { req.WriteTimeout, req.ReadTimeout = 1<<40, 1<<40 },
		} {
			req = Request{Method: "POST", Target: "/", Host: "a"}
			set()
			var want []byte
			for i, n := range sizes {
				s := bytes.Repeat([]byte{byte('a' + i)}, n)
				req.Body = append(req.Body, s)
				want = append(want, s...)
			}
			whole(t, do(t, c, ep, &req))
			if g := <-seen; g.length != int64(len(want)) || !bytes.Equal(g.body, want) {
				t.Errorf("%s %v: got %d bytes announced, %d read", name, sizes, g.length, len(g.body))
			}
		}
	}
	t.Logf("%d connections", d.count())
}

func TestReuse(t *testing.T) {
	ep := answers(t, ok2)
	c, d := client(t, Options{})
	for i := range 5 {
		r := do(t, c, ep, post("x"))
		if r.Reused != (i > 0) {
			t.Errorf("request %d: reused is %v", i, r.Reused)
		}
		if (r.Timing.Dial == 0) != r.Reused {
			t.Errorf("request %d: dial time %v", i, r.Timing.Dial)
		}
		whole(t, r)
	}
	other := *ep
	other.Key = "other identity"
	whole(t, do(t, c, &other, get("/")))
	if d.count() != 2 {
		t.Errorf("%d connections, want 2", d.count())
	}
}

// What the connection is not used again after, although the answer is whole.
func TestNotReused(t *testing.T) {
	for name, answer := range map[string]string{
		"close":        "HTTP/1.1 200 OK\r\nConnection: foo , Close\r\nContent-Length: 2\r\n\r\nok",
		"1.0":          "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"surplus":      ok2 + "x",
		"second":       ok2 + ok2,
		"chunk behind": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n\r\n",
		"204 length":   "HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n",
		"204 chunked":  "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			ep := answers(t, answer)
			c, d := client(t, Options{})
			for range 2 {
				if b := whole(t, do(t, c, ep, get("/"))); b != "ok" && b != "" {
					t.Errorf("body %q", b)
				}
			}
			if d.count() != 2 || d.open() != 0 {
				t.Errorf("%d connections, %d open", d.count(), d.open())
			}
		})
	}
}

func TestReusedAfter(t *testing.T) {
	for name, answer := range map[string]string{
		"1.0 keep-alive": "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
		"204":            "HTTP/1.1 204 No\r\n\r\n",
		"204 zero":       "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n",
		"304":            "HTTP/1.1 304 Not Modified\r\nContent-Length: 999\r\n\r\n",
		"interim":        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok2,
		"keep-alive":     "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=100\r\nContent-Length: 2\r\n\r\nok",
		"no reason":      "HTTP/1.1 200\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
		"chunked":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1;a=b\r\no\r\n001\r\nk\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			ep := answers(t, answer)
			c, d := client(t, Options{})
			for range 3 {
				if b := whole(t, do(t, c, ep, get("/"))); b != "ok" && b != "" {
					t.Errorf("body %q", b)
				}
			}
			if d.count() != 1 || d.open() != 1 {
				t.Errorf("%d connections, %d open", d.count(), d.open())
			}
		})
	}
}

func TestHead(t *testing.T) {
	for _, framing := range []string{"Content-Length: 100", "Transfer-Encoding: chunked", "X: y"} {
		ep := answers(t, "HTTP/1.1 200 OK\r\n"+framing+"\r\n\r\n")
		c, d := client(t, Options{})
		req := get("/")
		req.Method = "HEAD"
		for range 2 {
			r := do(t, c, ep, req)
			if framing == "Content-Length: 100" && r.ContentLength != 100 {
				t.Errorf("length %d", r.ContentLength)
			}
			if b := whole(t, r); b != "" {
				t.Errorf("body %q", b)
			}
		}
		if d.count() != 1 {
			t.Errorf("%s: %d connections", framing, d.count())
		}
	}
}

func TestLimitsOfPool(t *testing.T) {
	ep := answers(t, ok2)
	c, d := client(t, Options{MaxIdle: 1, MaxRequests: 2})
	a, b := do(t, c, ep, get("/a")), do(t, c, ep, get("/b"))
	whole(t, a)
	whole(t, b)
	if d.open() != 1 {
		t.Errorf("%d kept, want 1", d.open())
	}
	whole(t, do(t, c, ep, get("/c"))) // the second and last of its connection
	if d.open() != 0 || d.count() != 2 {
		t.Errorf("%d open of %d", d.open(), d.count())
	}
}

// A connection that died while idle is replaced before anything is sent.
func TestStaleSeenBeforeUse(t *testing.T) {
	closed := make(chan struct{})
	ep := serve(t, func(p *peer) {
		p.request()
		p.send(ok2)
		if p.n == 1 {
			p.Close()
			close(closed)
			return
		}
		p.gone()
	})
	c, d := client(t, Options{})
	whole(t, do(t, c, ep, post("a")))
	<-closed
	settle(c)
	whole(t, do(t, c, ep, post("b")))
	if d.count() != 2 {
		t.Errorf("%d connections", d.count())
	}
}

func TestUnsolicitedBytes(t *testing.T) {
	sent := make(chan struct{})
	more := make(chan struct{})
	ep := serve(t, func(p *peer) {
		p.request()
		p.send(ok2)
		if p.n == 1 {
			<-more
			p.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
			close(sent)
		}
		p.gone()
	})
	c, d := client(t, Options{})
	whole(t, do(t, c, ep, get("/")))
	close(more)
	<-sent
	settle(c)
	if b := whole(t, do(t, c, ep, get("/"))); b != "ok" || d.count() != 2 {
		t.Errorf("body %q over %d connections", b, d.count())
	}
}

// A reused connection that dies after the request arrived: a GET is sent again,
// a POST is not.
func TestSentAgain(t *testing.T) {
	for _, tc := range []struct {
		name  string
		req   *Request
		again bool
	}{
		{"get", get("/"), true},
		{"options with body", &Request{Method: "OPTIONS", Target: "*", Host: "a", Body: [][]byte{[]byte("x")}}, true},
		{"get with stream", &Request{Method: "GET", Target: "/", Host: "a", Stream: strings.NewReader("x"), Length: 1}, false},
		{"post", post("x"), false},
		{"put", &Request{Method: "PUT", Target: "/", Host: "a"}, false},
		{"large post", post(strings.Repeat("x", 100_000)), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			requests := make(chan int, 3)
			ep := serve(t, func(p *peer) {
				for n := 1; ; n++ {
					if _, _, err := p.request(); err != nil {
						return
					}
					requests <- p.n
					if p.n == 1 && n == 2 {
						return
					}
					p.send(ok2)
				}
			})
			c, _ := client(t, Options{})
			whole(t, do(t, c, ep, get("/")))
			r, err := c.Do(t.Context(), ep, tc.req)
			if tc.again {
				if err != nil || r.Reused {
					t.Fatalf("not sent again: %v", err)
				}
				whole(t, r)
			} else if e := failure(t, err, OpRead); !e.Sent {
				t.Error("Sent is false")
			}
			want := 2
			if tc.again {
				want = 3
			}
			if len(requests) != want {
				t.Errorf("%d requests arrived, want %d", len(requests), want)
			}
		})
	}
}

// A connection dead on arrival of a fresh one is not tried again.
func TestFreshIsNotTriedAgain(t *testing.T) {
	ep := serve(t, func(p *peer) { p.request() })
	c, d := client(t, Options{})
	_, err := c.Do(t.Context(), ep, get("/"))
	if e := failure(t, err, OpRead); e.Err != io.ErrUnexpectedEOF || !e.Sent || d.count() != 1 {
		t.Errorf("%+v after %d connections", e, d.count())
	}
}

func TestDialError(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	c, _ := client(t, Options{})
	_, err = c.Do(t.Context(), &Endpoint{Addr: ln.Addr().String()}, get("/"))
	if e := failure(t, err, OpDial); e.Sent || e.Timeout {
		t.Errorf("%+v", e)
	}
}

func TestClosedClient(t *testing.T) {
	ep := answers(t, ok2)
	c, d := client(t, Options{})
	r := do(t, c, ep, get("/"))
	c.Close()
	if whole(t, r) != "ok" || d.open() != 0 {
		t.Error("an exchange under way was disturbed, or its connection kept")
	}
	_, err := c.Do(t.Context(), ep, get("/"))
	if e := failure(t, err, OpDial); e.Err != ErrClosed {
		t.Error(e)
	}
	c.Close()
}

// After Close a Response is dead, also when its connection serves another.
func TestUseAfterClose(t *testing.T) {
	ep := answers(t, "HTTP/1.1 200 OK\r\nX-Secret: 1\r\nContent-Length: 6\r\n\r\nsecret")
	c, d := client(t, Options{})
	old := do(t, c, ep, get("/"))
	whole(t, old)
	next := do(t, c, ep, get("/"))
	if !next.Reused {
		t.Fatal("not reused")
	}
	old.Close()
	if p, err := old.Next(); p != nil {
		t.Errorf("bytes of another answer: %q", p)
	} else {
		failure(t, err, OpRead)
	}
	if _, _, err := old.Takeover(); err == nil {
		t.Error("took over another's connection")
	}
	if old.Header != nil || old.Status != 200 {
		t.Error("header left, or status lost")
	}
	if whole(t, next) != "secret" || d.count() != 1 {
		t.Error("the second exchange was disturbed")
	}
}

func TestLeftEarly(t *testing.T) {
	for name, answer := range map[string]string{
		"length":  "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart",
		"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
		"close":   "HTTP/1.1 200 OK\r\n\r\npart",
	} {
		t.Run(name, func(t *testing.T) {
			ep := serve(t, func(p *peer) { p.request(); p.send(answer); p.gone() })
			c, d := client(t, Options{})
			r := do(t, c, ep, get("/"))
			if b, err := r.Next(); string(b) != "part" || err != nil {
				t.Fatalf("%q %v", b, err)
			}
			r.Close()
			if d.open() != 0 {
				t.Error("kept")
			}
		})
	}
}

func TestRefusedRequests(t *testing.T) {
	ep := &Endpoint{Addr: "127.0.0.1:1"}
	fields := func(name, value string) *Request {
		r := get("/")
		r.Header = header.Header{{Name: name, Value: value}}
		return r
	}
	for name, req := range map[string]*Request{
		"method empty":  {Target: "/", Host: "a"},
		"method":        {Method: "GE T", Target: "/", Host: "a"},
		"connect":       {Method: "CONNECT", Target: "/", Host: "a"},
		"target empty":  {Method: "GET", Host: "a"},
		"target space":  get("/a b"),
		"target crlf":   get("/a\r\nX: y"),
		"target nul":    get("/\x00"),
		"target form":   get("http://a/"),
		"host empty":    {Method: "GET", Target: "/"},
		"host crlf":     {Method: "GET", Target: "/", Host: "a\r\nb"},
		"host path":     {Method: "GET", Target: "/", Host: "a/b"},
		"name empty":    fields("", "x"),
		"name colon":    fields("a:", "x"),
		"name utf8":     fields("ä", "x"),
		"value cr":      fields("a", "x\ry"),
		"value lf":      fields("a", "x\ny"),
		"value nul":     fields("a", "x\x00y"),
		"reserved":      fields("HOST", "b"),
		"reserved cl":   fields("content-LENGTH", "1"),
		"reserved te":   fields("Transfer-Encoding", "chunked"),
		"reserved conn": fields("Connection", "close"),
		"two bodies":    {Method: "POST", Target: "/", Host: "a", Body: [][]byte{{1}}, Stream: strings.NewReader("x")},
		"length":        {Method: "POST", Target: "/", Host: "a", Stream: strings.NewReader("x"), Length: -2},
		"upgrade value": {Method: "GET", Target: "/", Host: "a", Upgrade: "a\r\nb"},
		"upgrade body":  {Method: "GET", Target: "/", Host: "a", Upgrade: "x", Body: [][]byte{{1}}},
	} {
		t.Run(name, func(t *testing.T) {
			c, d := client(t, Options{})
			_, err := c.Do(context.Background(), ep, req)
			failure(t, err, OpRequest)
			if d.count() != 0 {
				t.Error("dialed")
			}
		})
	}
	c, _ := client(t, Options{})
	for _, ep := range []*Endpoint{nil, {}, {Addr: "a\r\nb:1"}, {Addr: "a:1", Proxy: &Proxy{}}, {Addr: "a:1", Proxy: &Proxy{Addr: "b:1", Authorization: "x\r\ny"}}} {
		_, err := c.Do(t.Context(), ep, get("/"))
		failure(t, err, OpRequest)
	}
}

// Callers that finish, leave early and hang up, all at once on few connections:
// nobody ever sees another's answer.
func TestNobodySeesAnothersAnswer(t *testing.T) {
	large := strings.Repeat("x", 100_000)
	ep := serve(t, func(p *peer) {
		for {
			r, _, err := p.request()
			if err != nil {
				return
			}
			id := r.RequestURI
			p.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Id: %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", id, len(id), id))
			p.send(fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(id), id))
		}
	})
	c, d := client(t, Options{})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 150 {
				mixed(t, c, ep, fmt.Sprintf("/%d-%d", g, i), i, large)
			}
		})
	}
	wg.Wait()
	t.Logf("%d connections", d.count())
}

// mixed is one exchange that ends in the i-th way.
func mixed(t *testing.T, c *Client, ep *Endpoint, id string, i int, large string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req := post("x")
	if req.Target = id; i%5 == 0 {
		req = post(large)
		req.Target = id
	}
	if i%7 == 0 {
		go cancel()
	}
	r, err := c.Do(ctx, ep, req)
	if err != nil {
		if i%7 != 0 {
			t.Error(err)
		}
		return
	}
	defer r.Close()
	if r.Header.Get("X-Id") != id {
		t.Errorf("%s: header of %s", id, r.Header.Get("X-Id"))
	}
	if i%3 == 0 {
		return
	}
	b, err := io.ReadAll(r)
	if !strings.HasPrefix(id+id, string(b)) || err == nil && string(b) != id+id {
		t.Errorf("%s: body %q", id, b)
	}
}

// TestAnswerBeforeTheQuestion: a peer that answers as soon as it is called is
// heard at once, also when its answer is there before anybody waits for it.
func TestAnswerBeforeTheQuestion(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	said := make(chan net.Conn, 1)
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(nc, "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy")
			_ = nc.(*net.TCPConn).CloseWrite()
			said <- nc
		}
	}()
	c, _ := client(t, Options{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		peer := <-said
		t.Cleanup(func() { _ = peer.Close() })
		for settled(nc) == quiet { // until the answer has arrived
			runtime.Gosched()
		}
		return nc, nil
	}})
	for range 20 {
		req := post("x")
		req.ReadTimeout = time.Minute
		r, err := c.Do(t.Context(), &Endpoint{Addr: ln.Addr().String()}, req)
		if err != nil || r.Status != 503 {
			t.Fatalf("%v, %v", r, err)
		}
		_ = r.Close()
	}
}

// settled looks at a connection, which uses up what the poller has to tell.
func settled(nc net.Conn) int {
	var l look
	l.init(nc)
	return l.state()
}
