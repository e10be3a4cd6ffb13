package h1

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/header"
)

// script is a connection that brings what it was given, in portions.
type script struct {
	net.Conn // nil: what is not needed panics
	in       string
	step     int
	end      error
}

func (s *script) Read(p []byte) (int, error) {
	if s.in == "" {
		return 0, s.end
	}
	n := min(len(p), len(s.in))
	if s.step > 0 {
		n = min(n, s.step)
	}
	copy(p, s.in[:n])
	s.in = s.in[n:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error)      { return len(p), nil }
func (s *script) Close() error                     { return nil }
func (s *script) RemoteAddr() net.Addr             { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// outcome is all of an exchange that a caller can see.
type outcome struct {
	status, minor   int
	reason          string
	header, trailer string
	length          int64
	body            string
	failed          bool
	op              Op
	pooled          bool
}

// play runs one exchange over a scripted answer.
func play(t testing.TB, c *Client, method, upgrade, in string, step int) outcome {
	t.Helper()
	cn := newConn(c, &script{in: in, step: step, end: io.EOF})
	r, failed := cn.exchange(t.Context(), &Endpoint{Addr: "x"}, &Request{Method: method, Target: "/", Host: "h", Upgrade: upgrade})
	if (r == nil) == (failed == nil) {
		t.Fatalf("response %v and error %v", r, failed)
	}
	if failed != nil {
		return outcome{failed: true, op: failed.Op}
	}
	o := outcome{status: r.Status, minor: r.Minor, reason: r.Reason, header: fmt.Sprint(r.Header), length: r.ContentLength}
	var b strings.Builder
	for {
		p, err := r.Next()
		b.Write(p)
		if err == nil {
			if len(p) == 0 {
				t.Fatal("no bytes and no error")
			}
			continue
		}
		if p != nil {
			t.Fatal("bytes and error")
		}
		if err != io.EOF {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%T", err)
			}
			o.failed, o.op = true, e.Op
		}
		if _, again := r.Next(); again != err {
			t.Fatalf("the end changed from %v to %v", err, again)
		}
		break
	}
	if n := len(cn.buf); n > max(largeBuf, 2*c.opt.MaxHeaderBytes) {
		t.Fatalf("read buffer of %d bytes", n)
	}
	o.body, o.trailer = b.String(), fmt.Sprint(r.Trailer)
	r.Close()
	o.pooled = cn.ctx == nil
	c.pool.takeAll(false)
	return o
}

// portions asserts that an answer means the same however it arrives, and returns it.
func portions(t testing.TB, c *Client, method, upgrade, in string) outcome {
	t.Helper()
	all := play(t, c, method, upgrade, in, 0)
	for _, step := range []int{1, 2, 7} {
		one := play(t, c, method, upgrade, in, step)
		// Bytes behind the answer are seen only when they come with its end.
		one.pooled = all.pooled
		if one != all {
			t.Fatalf("%q:\nwhole:       %+v\n%d at a time: %+v", in, all, step, one)
		}
	}
	return all
}

func TestMalformedHeads(t *testing.T) {
	c := New(Options{MaxHeaderBytes: 512, MaxHeaders: 8})
	for name, in := range map[string]string{
		"garbage":            "garbage without any line end",
		"tls":                "\x15\x03\x01\x00\x02\x02\x46",
		"h2":                 "PRI * HTTP/2.0\r\n\r\n",
		"leading line":       "\r\nHTTP/1.1 200 OK\r\n\r\n",
		"lower case":         "http/1.1 200 OK\r\n\r\n",
		"version 2":          "HTTP/2.0 200 OK\r\n\r\n",
		"version 1.2":        "HTTP/1.2 200 OK\r\n\r\n",
		"version long":       "HTTP/1.10 200 OK\r\n\r\n",
		"no status":          "HTTP/1.1 \r\n\r\n",
		"short status":       "HTTP/1.1 20 OK\r\n\r\n",
		"long status":        "HTTP/1.1 2000 OK\r\n\r\n",
		"status 099":         "HTTP/1.1 099 OK\r\n\r\n",
		"status sign":        "HTTP/1.1 +20 OK\r\n\r\n",
		"two spaces":         "HTTP/1.1  200 OK\r\n\r\n",
		"tab":                "HTTP/1.1\t200 OK\r\n\r\n",
		"cr in reason":       "HTTP/1.1 200 O\rK\r\n\r\n",
		"nul in reason":      "HTTP/1.1 200 O\x00K\r\n\r\n",
		"bare lf":            "HTTP/1.1 200 OK\nA: b\n\n",
		"bare lf in fields":  "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
		"bare lf at end":     "HTTP/1.1 200 OK\r\nA: b\r\n\n",
		"bare cr":            "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n",
		"double cr":          "HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n",
		"nul":                "HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n",
		"control":            "HTTP/1.1 200 OK\r\nA: b\x1d\r\n\r\n",
		"delete":             "HTTP/1.1 200 OK\r\nA: b\x7f\r\n\r\n",
		"fold":               "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
		"fold first":         "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
		"fold tab":           "HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n\r\n",
		"no colon":           "HTTP/1.1 200 OK\r\nAb\r\n\r\n",
		"no name":            "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
		"space before colon": "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
		"space in name":      "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
		"name utf8":          "HTTP/1.1 200 OK\r\n\xc3\xa4: c\r\n\r\n",
		"both framings":      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"both, other order":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		"lengths differ":     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
		"length list":        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
		"length sign":        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
		"length negative":    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"length hex":         "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok",
		"length empty":       "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
		"length huge":        "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n",
		"coding gzip":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"coding identity":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
		"coding twice":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"coding list":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
		"coding disguised":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
		"coding in 1.0":      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"switch unasked":     "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
		"too large":          "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", 512) + "\r\n\r\n",
		"too large, endless": "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", 5000),
		"too many":           "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 9) + "\r\n",
		"too many interim":   strings.Repeat("HTTP/1.1 100 C\r\n\r\n", maxInterim+1) + ok2,
		"malformed interim":  "HTTP/1.1 100 C\r\nA\r\n\r\n" + ok2,
		"garbage after 100":  "HTTP/1.1 100 C\r\n\r\ngarbage",
	} {
		t.Run(name, func(t *testing.T) {
			if o := portions(t, c, "GET", "", in); !o.failed || o.op != OpParse {
				t.Errorf("got %+v", o)
			}
		})
	}
}

func TestTruncatedEverywhere(t *testing.T) {
	c := New(Options{})
	for _, in := range []string{
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nT: u\r\n\r\n",
	} {
		for i := range len(in) {
			if o := portions(t, c, "GET", "", in[:i]); !o.failed || o.op != OpRead || !strings.HasPrefix("hello", o.body) {
				t.Fatalf("%q: %+v", in[:i], o)
			}
		}
		if o := portions(t, c, "GET", "", in); o.failed || o.body != "hello" || !o.pooled {
			t.Fatalf("%q: %+v", in, o)
		}
	}
}

func TestChunkedRefused(t *testing.T) {
	c := New(Options{MaxHeaderBytes: 512, MaxHeaders: 4})
	for name, tc := range map[string]struct{ body, want string }{
		"no size":        {"\r\n", ""},
		"sign":           {"+1\r\na\r\n0\r\n\r\n", ""},
		"prefix":         {"0x1\r\na\r\n0\r\n\r\n", ""},
		"padded":         {"1 \r\na\r\n0\r\n\r\n", ""},
		"leading space":  {" 1\r\na\r\n0\r\n\r\n", ""},
		"too long":       {"0000000000000001\r\na\r\n0\r\n\r\n", ""},
		"bare lf":        {"1\na\r\n0\r\n\r\n", ""},
		"cr without lf":  {"1\rxa\r\n0\r\n\r\n", ""},
		"size too small": {"1\r\nab\r\n0\r\n\r\n", "a"},
		"size too large": {"3\r\nab\r\n0\r\n\r\n", "ab\r"},
		"lf after data":  {"1\r\na\n0\r\n\r\n", "a"},
		"second":         {"1\r\na\r\nx\r\n", "a"},
		"ext lf":         {"1;a\nb\r\na\r\n0\r\n\r\n", ""},
		"ext nul":        {"1;\x00\r\na\r\n0\r\n\r\n", ""},
		"ext long":       {"1;" + strings.Repeat("x", maxExt+1) + "\r\na\r\n0\r\n\r\n", ""},
		"trailer fold":   {"0\r\nA: b\r\n c\r\n\r\n", ""},
		"trailer colon":  {"1\r\na\r\n0\r\nA\r\n\r\n", "a"},
		"trailer lf":     {"0\r\nA: b\n\r\n", ""},
		"trailer end lf": {"0\r\n\n", ""},
		"trailer large":  {"0\r\nA: " + strings.Repeat("x", 600), ""},
		"trailer many":   {"0\r\n" + strings.Repeat("A: b\r\n", 5) + "\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := portions(t, c, "GET", "", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+tc.body)
			if !o.failed || o.op != OpParse || o.body != tc.want || o.pooled {
				t.Errorf("got %+v", o)
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	c := New(Options{})
	fields := fmt.Sprint(header.Header{{Name: "A", Value: "\xff\tb"}, {Name: "Empty", Value: ""}})
	for in, want := range map[string]outcome{
		"HTTP/1.1 200 OK\r\nA:\xff\tb\t \r\nEmpty:\r\n\r\nrest":                 {status: 200, minor: 1, reason: "OK", header: fields, trailer: "[]", length: -1, body: "rest"},
		"HTTP/1.0 999 \r\n\r\n":                                                 {status: 999, header: "[]", trailer: "[]", length: -1},
		"HTTP/1.1 529 \xc3\xa4 b\r\nContent-Length: 000\r\n\r\n":                {status: 529, minor: 1, reason: "\xc3\xa4 b", header: "[{Content-Length 000}]", trailer: "[]", pooled: true},
		"HTTP/1.1 101 S\r\nConnection: a, Upgrade\r\nContent-Length: 0\r\n\r\n": {status: 101, minor: 1, reason: "S", header: "[{Connection a, Upgrade} {Content-Length 0}]", trailer: "[]"},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n1;q=\"a\"\r\nx\r\n00\r\nT: u\r\nContent-Length: 3\r\n\r\n": {
			status: 200, minor: 1, reason: "OK", header: "[{Transfer-Encoding chunked}]", length: -1,
			body: "0123456789x", trailer: "[{T u} {Content-Length 3}]", pooled: true,
		},
	} {
		if got := portions(t, c, "GET", "x", in); got != want {
			t.Errorf("%q\ngot  %+v\nwant %+v", in, got, want)
		}
	}
}

// A body much larger than any buffer arrives whole in every portion, and the
// buffer stays bounded.
func TestLargeBodies(t *testing.T) {
	c := New(Options{})
	want := strings.Repeat("0123456789abcdef", 20_000)
	var chunked strings.Builder
	for i, n := 0, 1; i < len(want); i, n = i+n, n*3%10_007 {
		n = min(n, len(want)-i)
		fmt.Fprintf(&chunked, "%x\r\n%s\r\n", n, want[i:i+n])
	}
	for _, in := range []string{
		fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(want), want),
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked.String() + "0\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\n" + want,
	} {
		for _, step := range []int{0, 1000, 5000} {
			if o := play(t, c, "GET", "", in, step); o.failed || o.body != want {
				t.Fatalf("step %d: %d bytes, failed %v", step, len(o.body), o.failed)
			}
		}
	}
}

// The buffer follows the reads: large while they fill it, small again when a
// stream calms down.
func TestBufferFollowsReads(t *testing.T) {
	c := New(Options{})
	s := &script{in: "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 200_000), end: io.EOF}
	cn := newConn(c, s)
	r, failed := cn.exchange(t.Context(), &Endpoint{Addr: "x"}, get("/"))
	if failed != nil {
		t.Fatal(failed)
	}
	next := func() {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if next(); len(cn.buf) != smallBuf {
		t.Errorf("starts with %d", len(cn.buf))
	}
	for range 4 {
		next()
	}
	if len(cn.buf) != largeBuf {
		t.Errorf("grew to %d", len(cn.buf))
	}
	s.step = 100
	for range shrinkAfter + 2 {
		next()
	}
	if len(cn.buf) != smallBuf {
		t.Errorf("shrank to %d", len(cn.buf))
	}
	r.Close()
}

// Heads and trailers larger than any buffer so far, and behind what the buffer
// still holds.
func TestLargeHeads(t *testing.T) {
	c := New(Options{})
	lines := strings.Repeat("X-Some-Field: "+strings.Repeat("v", 486)+"\r\n", 100) // 50,200 bytes
	interim := "HTTP/1.1 103 Hints\r\nLink: " + strings.Repeat("l", 3000) + "\r\n\r\n"
	for _, in := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + lines + "\r\nok",
		interim + interim + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + lines + "\r\nok",
		interim + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n" + lines + "\r\n",
	} {
		o := play(t, c, "GET", "", in, 0)
		for _, step := range []int{1, 999, 4096} {
			if again := play(t, c, "GET", "", in, step); again != o {
				t.Errorf("step %d differs", step)
			}
		}
		if o.failed || o.body != "ok" || !o.pooled || len(o.header)+len(o.trailer) < 50_000 {
			t.Errorf("failed %v, body %q, pooled %v, %d bytes of fields", o.failed, o.body, o.pooled, len(o.header)+len(o.trailer))
		}
	}
}

// The limit is exact, in whatever portions the head arrives.
func TestHeadLimitIsExact(t *testing.T) {
	in := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: " + strings.Repeat("x", 9000) + "\r\n\r\nok"
	for _, short := range []int{0, 1} {
		c := New(Options{MaxHeaderBytes: len(in) - 2 - short})
		if o := portions(t, c, "GET", "", in); o.failed != (short == 1) {
			t.Errorf("%d short: %+v", short, o.op)
		}
	}
}
