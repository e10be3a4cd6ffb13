package h1

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/header"
)

// caller is a scripted connection that keeps what it is told.
type caller struct {
	script
	told strings.Builder
}

func (c *caller) Write(p []byte) (int, error) { return c.told.Write(p) }

// heard is what a server made of a connection's bytes.
type heard struct {
	requests []heardRequest
	status   int // of the refusal at the end; 0 without
	told     string
}

type heardRequest struct {
	method, target, host string
	minor                int
	header               string
	length               int64
	body                 string
	broken, last         bool
}

// hear serves the bytes of a connection, each request with the answer "ok".
func hear(t testing.TB, s *Server, in string, step int) heard {
	t.Helper()
	nc := &caller{script: script{in: in, step: step, end: io.EOF}}
	c := s.Conn(nc, nc, nil)
	var out heard
	for {
		head, err := c.Next()
		var refused *BadRequest
		if err != nil && !errors.As(err, &refused) {
			out.told = nc.told.String()
			return out
		}
		if refused != nil {
			out.status = refused.Status
			c.Begin(&Answer{Status: 400})
		} else {
			out.requests = append(out.requests, read(c, head))
			c.Begin(&Answer{Status: 200, Length: 2})
			_, _ = c.Write([]byte("ok"))
		}
		if err := c.End(nil); err != nil {
			t.Fatal(err)
		}
		if len(c.buf) > 1<<20 {
			t.Fatalf("a buffer of %d bytes", len(c.buf))
		}
		if !c.Finish() {
			out.told = nc.told.String()
			return out
		}
	}
}

func read(c *ServerConn, head *RequestHead) heardRequest {
	r := heardRequest{
		method: head.Method, target: head.Target, host: head.Host, minor: head.Minor,
		header: fmt.Sprint(head.Header), length: head.Length, last: head.close,
	}
	body, err := io.ReadAll(c)
	r.body, r.broken = string(body), err != nil
	return r
}

func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

// TestServerRefuses: what another server or proxy could read otherwise is not
// read at all.
func TestServerRefuses(t *testing.T) {
	s := NewServer(ServerOptions{MaxHeaderBytes: 1 << 10, MaxHeaders: 8})
	const host = "Host: h\r\n"
	for _, tt := range []struct {
		name, in string
		status   int
	}{
		{"no method", " / HTTP/1.1\r\n" + host + "\r\n", 400},
		{"no target", "GET HTTP/1.1\r\n" + host + "\r\n", 400},
		{"two spaces", "GET  / HTTP/1.1\r\n" + host + "\r\n", 400},
		{"a space at the end", "GET / HTTP/1.1 \r\n" + host + "\r\n", 400},
		{"a tab", "GET\t/ HTTP/1.1\r\n" + host + "\r\n", 400},
		{"a control in the target", "GET /\x01 HTTP/1.1\r\n" + host + "\r\n", 400},
		{"a method that is no token", "G(T / HTTP/1.1\r\n" + host + "\r\n", 400},
		{"HTTP/0.9", "GET /\r\n\r\n", 400},
		{"HTTP/2 in words", "GET / HTTP/2.0\r\n" + host + "\r\n", 505},
		{"a lower-case version", "GET / http/1.1\r\n" + host + "\r\n", 400},
		{"a long version", "GET / HTTP/1.10\r\n" + host + "\r\n", 400},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00", 400},
		{"bare LF", "GET / HTTP/1.1\n" + host + "\r\n", 400},
		{"bare LF later", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400},
		{"bare CR", "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400},
		{"NUL", "GET / HTTP/1.1\r\nHost: h\r\nX: \x00\r\n\r\n", 400},
		{"a folded line", "GET / HTTP/1.1\r\nHost: h\r\nX: y\r\n z\r\n\r\n", 400},
		{"a space before the colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},
		{"no colon", "GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n", 400},
		{"no name", "GET / HTTP/1.1\r\nHost: h\r\n: y\r\n\r\n", 400},
		{"no host", "GET / HTTP/1.1\r\n\r\n", 400},
		{"an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
		{"two hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400},
		{"a path in the host", "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", 400},
		{"a user in the host", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400},
		{"a user in the target", "GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"an asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"a relative target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"both lengths", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		{"two lengths", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
		{"a list of lengths", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3, 3\r\n\r\nabc", 400},
		{"a signed length", "POST / HTTP/1.1\r\n" + host + "Content-Length: +3\r\n\r\nabc", 400},
		{"a hexadecimal length", "POST / HTTP/1.1\r\n" + host + "Content-Length: 0x3\r\n\r\nabc", 400},
		{"a huge length", "POST / HTTP/1.1\r\n" + host + "Content-Length: 9999999999999999999\r\n\r\nabc", 400},
		{"gzip, chunked", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
		{"identity", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: identity\r\n\r\n", 501},
		{"xchunked", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n", 501},
		{"chunked twice", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		{"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		{"a long target", "GET /" + strings.Repeat("x", 2<<10) + " HTTP/1.1\r\n" + host + "\r\n", 414},
		{"a long field", "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 2<<10) + "\r\n\r\n", 494},
		{"many fields", "GET / HTTP/1.1\r\n" + host + strings.Repeat("X: y\r\n", 8) + "\r\n", 494},
	} {
		for _, step := range []int{0, 1} {
			got := hear(t, s, tt.in, step)
			if got.status != tt.status || len(got.requests) != 0 {
				t.Errorf("%s: status %d, %+v", tt.name, got.status, got.requests)
			}
			if !strings.Contains(got.told, "\r\nConnection: close\r\n") {
				t.Errorf("%s: told %q", tt.name, got.told)
			}
		}
	}
}

// TestServerTakes what is well-formed.
func TestServerTakes(t *testing.T) {
	s := NewServer(ServerOptions{})
	for _, tt := range []struct {
		name, in, want string
	}{
		{"the least", "GET / HTTP/1.1\nHost: h\n\n", "GET / h 1 [] 0 \"\""},
		{"fields in order", "GET / HTTP/1.1\nb: 1\nHOST: h:80\nA:2\nb:  3 \n\n", "GET / h:80 1 [{b 1} {A 2} {b 3}] 0 \"\""},
		{"HTTP/1.0", "GET / HTTP/1.0\n\n", "GET /  0 [] 0 \"\" last"},
		{"HTTP/1.0 that goes on", "GET / HTTP/1.0\nConnection: keep-alive\n\nGET /b HTTP/1.0\n\n", "GET /  0 [{Connection keep-alive}] 0 \"\", GET /b  0 [] 0 \"\" last"},
		{"a later version", "GET / HTTP/1.9\nHost: h\n\n", "GET / h 1 [] 0 \"\""},
		{"an absolute target", "GET http://a:1/b?c HTTP/1.1\nHost: h\n\n", "GET http://a:1/b?c a:1 1 [] 0 \"\""},
		{"CONNECT", "CONNECT h:1 HTTP/1.1\nHost: h:1\n\n", "CONNECT h:1 h:1 1 [] 0 \"\""},
		{"a length", "POST / HTTP/1.1\nHost: h\nContent-Length: 3\n\nabc", "POST / h 1 [{Content-Length 3}] 3 \"abc\""},
		{"an underscore", "GET / HTTP/1.1\nHost: h_h\nx_y: z\n\n", "GET / h_h 1 [{x_y z}] 0 \"\""},
		{"bytes above ASCII", "GET /ä HTTP/1.1\nHost: h\nX: ä\n\n", "GET /ä h 1 [{X ä}] 0 \"\""},
		{"chunks and a trailer", "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: CHUNKED\n\n1;x=y\na\n02\nbc\n0\nT: u\n\n", "POST / h 1 [{Transfer-Encoding CHUNKED}] -1 \"abc\""},
		{"pipelined", "POST /a HTTP/1.1\nHost: h\nContent-Length: 1\n\nxGET /b HTTP/1.1\nHost: h\n\n", "POST /a h 1 [{Content-Length 1}] 1 \"x\", GET /b h 1 [] 0 \"\""},
		{"an empty line before", "\n\nGET / HTTP/1.1\nHost: h\n\n\nGET /b HTTP/1.1\nHost: h\n\n", "GET / h 1 [] 0 \"\", GET /b h 1 [] 0 \"\""},
		{"the last", "GET /a HTTP/1.1\nHost: h\nConnection: x, Close\n\nGET /b HTTP/1.1\nHost: h\n\n", "GET /a h 1 [{Connection x, Close}] 0 \"\" last"},
		{"a body that ends early", "POST / HTTP/1.1\nHost: h\nContent-Length: 5\n\nabc", "POST / h 1 [{Content-Length 5}] 5 \"abc\" broken"},
		{"chunks that end early", "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n5\nabc", "POST / h 1 [{Transfer-Encoding chunked}] -1 \"abc\" broken"},
		{"bad chunks", "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n1\nabc", "POST / h 1 [{Transfer-Encoding chunked}] -1 \"a\" broken"},
		{"half a head", "GET / HTTP/1.1\nHost: h\n", ""},
		{"nothing", "", ""},
	} {
		for _, step := range []int{0, 1, 7} {
			got := hear(t, s, crlf(tt.in), step)
			var all []string
			for _, r := range got.requests {
				text := fmt.Sprintf("%s %s %s %d %s %d %q", r.method, r.target, r.host, r.minor, r.header, r.length, r.body)
				if r.last {
					text += " last"
				}
				if r.broken {
					text += " broken"
				}
				all = append(all, text)
			}
			if text := strings.Join(all, ", "); text != tt.want || got.status != 0 {
				t.Errorf("%s in steps of %d:\n got %s, status %d\nwant %s", tt.name, step, text, got.status, tt.want)
			}
		}
	}
}

func TestServerHTTP2(t *testing.T) {
	s := NewServer(ServerOptions{})
	in := preface + "\r\nSM\r\n\r\nframes"
	for _, step := range []int{0, 1} {
		c := s.Conn(&caller{script: script{in: in, step: step, end: io.EOF}}, &caller{}, nil)
		if _, err := c.Next(); !errors.Is(err, ErrHTTP2) {
			t.Fatalf("in steps of %d: %v", step, err)
		}
		if _, early, err := c.Takeover(); err != nil || !strings.HasPrefix(in, string(early)) || !strings.HasPrefix(string(early), preface) {
			t.Errorf("in steps of %d: %q, %v", step, early, err)
		}
	}
}

func (s *script) SetDeadline(time.Time) error { return nil }

// TestServerContinue: a caller is asked to go on when somebody reads, and
// only then.
func TestServerContinue(t *testing.T) {
	const head = "POST / HTTP/1.1\nHost: h\nContent-Length: 3\nExpect: 100-continue\n\n"
	near, far := net.Pipe()
	defer far.Close()
	c := NewServer(ServerOptions{}).Conn(near, near, nil)
	go func() { _, _ = io.WriteString(far, crlf(head)) }()
	if _, err := c.Next(); err != nil {
		t.Fatal(err)
	}
	done := make(chan string)
	go func() {
		b, _ := io.ReadAll(c)
		done <- string(b)
	}()
	buf := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(far, buf); err != nil || string(buf) != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Errorf("got %q, %v", buf, err)
	}
	_, _ = io.WriteString(far, "abc")
	if b := <-done; b != "abc" {
		t.Errorf("body %q", b)
	}
	// Nobody asks for this body: the answer comes at once, and is the last.
	nc := &caller{script: script{in: crlf(head), end: os.ErrDeadlineExceeded}}
	c = NewServer(ServerOptions{}).Conn(nc, nc, nil)
	if _, err := c.Next(); err != nil {
		t.Fatal(err)
	}
	c.Begin(&Answer{Status: 401})
	if err := c.End(nil); err != nil || c.Finish() {
		t.Errorf("%v, or it goes on", err)
	}
	if told := nc.told.String(); strings.Contains(told, "100 Continue") || !strings.Contains(told, "\r\nConnection: close\r\n") {
		t.Errorf("told %q", told)
	}
}

// TestServerContinueTooLate: nobody is asked to go on in the middle of an
// answer.
func TestServerContinueTooLate(t *testing.T) {
	nc := &caller{script: script{in: crlf("POST / HTTP/1.1\nHost: h\nContent-Length: 3\nExpect: 100-continue\n\n"), end: io.EOF}}
	c := NewServer(ServerOptions{}).Conn(nc, nc, nil)
	if _, err := c.Next(); err != nil {
		t.Fatal(err)
	}
	c.Begin(&Answer{Status: 200, Length: 8})
	_, _ = c.Write([]byte("four"))
	_, _ = c.Read(make([]byte, 1))
	_, _ = c.Write([]byte("more"))
	if told := nc.told.String(); strings.Contains(told, "100 Continue") || !strings.HasSuffix(told, "\r\n\r\nfourmore") {
		t.Errorf("told %q", told)
	}
}

// TestServerAbort: a body that was given up has no effect on the next request.
func TestServerAbort(t *testing.T) {
	nc := &caller{script: script{in: crlf("POST /a HTTP/1.1\nHost: h\nContent-Length: 3\n\nabcGET /b HTTP/1.1\nHost: h\n\n"), end: io.EOF}}
	c := NewServer(ServerOptions{}).Conn(nc, nc, nil)
	for _, target := range []string{"/a", "/b"} {
		head, err := c.Next()
		if err != nil || head.Target != target {
			t.Fatalf("%s: %v", target, err)
		}
		_, _ = io.ReadAll(c)
		c.Abort()
		c.Begin(&Answer{Status: 200})
		if err := c.End(nil); err != nil || !c.Finish() {
			t.Fatalf("%s: %v, or it does not go on", target, err)
		}
	}
}

// TestServerKeepsItsWord: what is said of the connection is what becomes of it.
func TestServerKeepsItsWord(t *testing.T) {
	for _, tt := range []struct {
		head, body string
		goesOn     bool
	}{
		{"Content-Length: 3", "abc", true},
		{"Content-Length: 262144", strings.Repeat("x", 262144), true},
		{"Content-Length: 262145", strings.Repeat("x", 262145), false},
		{"Transfer-Encoding: chunked", "3\nabc\n0\n\n", false},
	} {
		nc := &caller{script: script{in: crlf("POST / HTTP/1.1\nHost: h\n" + tt.head + "\n\n" + tt.body), end: io.EOF}}
		c := NewServer(ServerOptions{}).Conn(nc, nc, nil)
		if _, err := c.Next(); err != nil {
			t.Fatal(err)
		}
		c.Unread()
		c.Begin(&Answer{Status: 401})
		if err := c.End(nil); err != nil {
			t.Fatal(err)
		}
		said := strings.Contains(nc.told.String(), "Connection: keep-alive")
		if does := c.Finish(); said != tt.goesOn || does != said {
			t.Errorf("%s: said %t, does %t", tt.head, said, does)
		}
	}
}

// TestServerUpgrade: only who says so in Connection, and has no body, is
// upgraded.
func TestServerUpgrade(t *testing.T) {
	for text, want := range map[string]string{
		"Connection: keep-alive, Upgrade\nUpgrade: websocket\n\n":                 "websocket",
		"Upgrade: websocket\n\n":                                                  "",
		"Connection: Upgrade\nUpgrade: websocket\nContent-Length: 1\n\nx":         "",
		"Connection: Upgrade\nUpgrade: websocket\nTransfer-Encoding: chunked\n\n": "",
	} {
		nc := &caller{script: script{in: crlf("GET / HTTP/1.1\nHost: h\n" + text), end: io.EOF}}
		head, err := NewServer(ServerOptions{}).Conn(nc, nc, nil).Next()
		if err != nil || head.Upgrade != want {
			t.Errorf("%q: %q, %v", text, head.Upgrade, err)
		}
	}
}

// TestServerAnswers: no value of a field can end its line.
func TestServerAnswers(t *testing.T) {
	nc := &caller{script: script{in: crlf("GET / HTTP/1.1\nHost: h\n\n"), end: io.EOF}}
	c := NewServer(ServerOptions{}).Conn(nc, nc, nil)
	if _, err := c.Next(); err != nil {
		t.Fatal(err)
	}
	c.Begin(&Answer{Status: 200, Length: -1, Header: header.Header{
		{Name: "X", Value: "a\r\nY: b\x00"},
		{Name: "bad name", Value: "x"},
		{Name: "Date", Value: "d"},
		{Name: "transfer-encoding", Value: "gzip"},
		{Name: "Content-length", Value: "7"},
		{Name: "connection", Value: "close"},
		{Name: "Keep-Alive", Value: "x"},
	}})
	for _, frame := range []string{"ab", "", strings.Repeat("x", 10)} {
		if n, err := c.Write([]byte(frame)); n != len(frame) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	if err := c.End(header.Header{{Name: "T", Value: "u\n"}, {Name: "Host", Value: "h"}}); err != nil {
		t.Error(err)
	}
	want := crlf("HTTP/1.1 200 OK\nX: a  Y: b \nDate: d\nTransfer-Encoding: chunked\nConnection: keep-alive\n\n2\nab\na\nxxxxxxxxxx\n0\nT: u \n\n")
	if got := nc.told.String(); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
