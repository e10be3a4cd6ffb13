package listen

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
)

// TestAnswers: what a reply looks like on the wire.
func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		ask     string
		status  int
		length  int64
		frames  []string
		want    string
		framing string // Content-Length or chunked, "" neither
		closes  bool
	}{
		{"whole", "GET / HTTP/1.1", 200, 4, []string{"ab", "cd"}, "abcd", "4", false},
		{"empty", "GET / HTTP/1.1", 200, 0, nil, "", "0", false},
		{"a body without bytes", "GET / HTTP/1.1", 200, 0, []string{}, "", "0", false},
		{"unknown length", "GET / HTTP/1.1", 200, -1, []string{"ab", "", "cd"}, "abcd", "chunked", false},
		{"HEAD", "HEAD / HTTP/1.1", 200, 4, nil, "", "4", false},
		{"HEAD with a body", "HEAD / HTTP/1.1", 200, 4, []string{"abcd"}, "", "4", false},
		{"204", "GET / HTTP/1.1", 204, 0, nil, "", "", false},
		{"204 with a body", "GET / HTTP/1.1", 204, 4, []string{"abcd"}, "", "", false},
		{"304", "GET / HTTP/1.1", 304, -1, nil, "", "", false},
		{"304 with a length", "GET / HTTP/1.1", 304, 4, []string{"abcd"}, "", "", false},
		{"an odd status", "GET / HTTP/1.1", 599, 1, []string{"x"}, "x", "1", false},
		{"HTTP/1.0", "GET / HTTP/1.0", 200, -1, []string{"ab"}, "ab", "", true},
		{"HTTP/1.0 with a length", "GET / HTTP/1.0", 200, 2, []string{"ab"}, "ab", "2", true},
		{"told to close", "GET / HTTP/1.1\nConnection: close", 200, 2, []string{"ab"}, "ab", "2", true},
	} {
		r := run(t, nil, func(ex *flow.Exchange) *flow.Reply {
			out := reply(ex, tt.status, tt.length, tt.frames...)
			out.Header.Add("X-Odd-name", "v")
			return out
		})
		l := r.dial(t).say(t, tt.ask+"\nHost: h\n\n")
		resp, text, broken := l.answer(t, strings.Fields(tt.ask)[0])
		framing := resp.Header.Get("Content-Length")
		if len(resp.TransferEncoding) > 0 {
			framing = resp.TransferEncoding[0]
		}
		if resp.StatusCode != tt.status || text != tt.want || framing != tt.framing || broken {
			t.Errorf("%s: %d %q, framing %q, broken %t", tt.name, resp.StatusCode, text, framing, broken)
		}
		if resp.Header.Get("Content-Type") != "" {
			t.Errorf("%s: a type was guessed: %v", tt.name, resp.Header)
		}
		if o := r.g.outcome(); o.Status != tt.status || o.Err != nil || o.CallerGone {
			t.Errorf("%s: outcome %+v", tt.name, o)
		}
		if !tt.closes {
			l.say(t, tt.ask+"\nHost: h\n\n")
			if resp, _, _ := l.answer(t, strings.Fields(tt.ask)[0]); resp.StatusCode != tt.status {
				t.Errorf("%s: then %d", tt.name, resp.StatusCode)
			}
		} else if !l.closed() {
			t.Errorf("%s: the connection is still open", tt.name)
		}
	}
}

// TestInterimStatus: a final answer cannot have a status below 200; nobody
// may take it for an interim one, or wait for another.
func TestInterimStatus(t *testing.T) {
	for _, status := range []int{100, 101, 102, 103, 199} {
		r := run(t, nil, func(ex *flow.Exchange) *flow.Reply { return reply(ex, status, 1, "x") })
		l := r.dial(t).say(t, "GET / HTTP/1.1\nHost: h\n\n")
		resp, text, _ := l.answer(t, "GET")
		if resp.StatusCode != 502 || text != "recovered" { // what the test's gateway recovers with
			t.Errorf("%d: got %d %q", status, resp.StatusCode, text)
		}
		if o := r.g.outcome(); o.Status != 502 || o.Err == nil {
			t.Errorf("%d: outcome %+v", status, o)
		}
	}
}

// TestBrokenAnswers: nobody takes half an answer for a whole one.
func TestBrokenAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		length int64
		frames []string
		end    error
		want   string // what arrives; "recovered" when another answer does
	}{
		{"short", 9, []string{"abc"}, io.EOF, "abc"},
		{"nothing at all", 9, []string{}, io.EOF, "recovered"},
		{"long", 2, []string{"ab", "cd"}, io.EOF, "ab"},
		{"breaks at once", -1, []string{}, errUpstream, "recovered"},
		{"breaks at once, announced", 9, []string{}, errUpstream, "recovered"},
		{"breaks later", -1, []string{"abc"}, errUpstream, "abc"},
		{"breaks later, announced", 9, []string{"abc"}, errUpstream, "abc"},
	} {
		s := &framed{frames: tt.frames, end: tt.end}
		r := run(t, nil, func(ex *flow.Exchange) *flow.Reply {
			out := reply(ex, 200, tt.length)
			out.Stream = s
			return out
		})
		l := r.dial(t).say(t, "GET / HTTP/1.1\nHost: h\n\n")
		resp, text, broken := l.answer(t, "GET")
		recovered := tt.want == "recovered"
		if text != tt.want || recovered != (resp.StatusCode == 502) {
			t.Errorf("%s: %d %q", tt.name, resp.StatusCode, text)
		}
		if !recovered && tt.name != "long" && !broken {
			t.Errorf("%s: it looks whole", tt.name)
		}
		if !recovered && !l.closed() {
			t.Errorf("%s: the connection is still open", tt.name)
		}
		if o := r.g.outcome(); o.Err == nil && tt.name != "long" || o.CallerGone || !s.closed {
			t.Errorf("%s: outcome %+v, closed %t", tt.name, o, s.closed)
		}
	}
}

func TestTrailers(t *testing.T) {
	r := run(t, nil, func(ex *flow.Exchange) *flow.Reply {
		out := reply(ex, 200, -1, "abc")
		out.Trailer = func() header.Header { return header.Header{{Name: "X-Sum", Value: "7"}, {Name: "x-two", Value: "8"}} }
		return out
	})
	l := r.dial(t).say(t, "GET / HTTP/1.1\nHost: h\nTE: trailers\n\n")
	resp, text, _ := l.answer(t, "GET")
	if text != "abc" || resp.Trailer.Get("X-Sum") != "7" || resp.Trailer.Get("X-Two") != "8" {
		t.Errorf("%q, trailers %v", text, resp.Trailer)
	}
}

// TestHeadOnTheWire: spelling and repetition are kept.
func TestHeadOnTheWire(t *testing.T) {
	r := run(t, nil, func(ex *flow.Exchange) *flow.Reply {
		out := reply(ex, 200, 0)
		for _, f := range []header.Field{{Name: "x-lower", Value: "1"}, {Name: "X-UPPER", Value: "2"}, {Name: "set-cookie", Value: "a"}, {Name: "set-cookie", Value: "b"}, {Name: "content-type", Value: "t"}, {Name: "DATE", Value: "d"}} {
			out.Header.Add(f.Name, f.Value)
		}
		return out
	})
	l := r.dial(t).say(t, "GET / HTTP/1.0\nHost: h\n\n")
	b, err := io.ReadAll(l)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\r\nx-lower: 1\r\n", "\r\nX-UPPER: 2\r\n", "\r\nset-cookie: a\r\n", "\r\nset-cookie: b\r\n", "\r\ncontent-type: t\r\n", "\r\nDATE: d\r\n"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%q is not in %q", want, b)
		}
	}
	if n := strings.Count(strings.ToLower(string(b)), "\ndate:"); n != 1 {
		t.Errorf("%d dates", n)
	}
}

// TestFramesLeaveAtOnce: who reads a stream has each frame before the next
// is made.
func TestFramesLeaveAtOnce(t *testing.T) {
	next := make(chan string)
	r := run(t, nil, func(ex *flow.Exchange) *flow.Reply {
		out := reply(ex, 200, -1)
		out.Stream, out.Events = fed(next), true
		return out
	})
	l := r.dial(t).say(t, "GET / HTTP/1.1\nHost: h\n\n")
	next <- "first"
	resp, err := http.ReadResponse(l.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	for i := range 3 {
		n, err := resp.Body.Read(buf)
		if want := []string{"first", "frame 0", "frame 1"}[i]; err != nil || string(buf[:n]) != want {
			t.Fatalf("got %q, %v, want %q", buf[:n], err, want)
		}
		next <- fmt.Sprint("frame ", i)
	}
	close(next)
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "frame 2" {
		t.Errorf("at the end %q, %v", b, err)
	}
}

// fed is a stream of what comes from a channel.
type fed chan string

func (f fed) Next() (flow.Frame, error) {
	s, ok := <-f
	if !ok {
		return flow.Frame{}, io.EOF
	}
	return flow.Frame{Data: []byte(s)}, nil
}

func (f fed) Close() error { return nil }

// TestCallerHangsUp: the exchange's context ends, and the outcome says so.
func TestCallerHangsUp(t *testing.T) {
	r := run(t, nil, func(ex *flow.Exchange) *flow.Reply {
		out := reply(ex, 200, -1)
		out.Stream = &untilGone{ex: ex}
		return out
	})
	l := r.dial(t).say(t, "GET / HTTP/1.1\nHost: h\n\n")
	if _, err := l.ReadString('x'); err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if o := r.g.outcome(); !o.CallerGone || !errors.Is(o.Err, errUpstream) {
		t.Errorf("outcome %+v", o)
	}
}

// untilGone gives a frame, and fails when the caller has left.
type untilGone struct {
	ex   *flow.Exchange
	once bool
}

func (u *untilGone) Next() (flow.Frame, error) {
	if !u.once {
		u.once = true
		return flow.Frame{Data: []byte("x")}, nil
	}
	<-u.ex.Ctx.Done()
	return flow.Frame{}, errUpstream
}

func (u *untilGone) Close() error { return nil }
