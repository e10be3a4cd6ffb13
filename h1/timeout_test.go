package h1

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// piped returns a client whose connections are pipes to script, for tests in
// which the clock runs by itself.
func piped(script func(p *peer)) (*Client, *Endpoint) {
	n := 0
	return New(Options{IdleTimeout: time.Minute, Dial: func(context.Context, string, string) (net.Conn, error) {
		a, b := net.Pipe()
		n++
		go func(n int) {
			defer b.Close()
			script(&peer{Conn: b, br: bufio.NewReader(b), n: n})
		}(n)
		return a, nil
	}}), &Endpoint{Addr: "pipe:1"}
}

func within(t *testing.T, since time.Time, limit time.Duration) {
	t.Helper()
	if d := time.Since(since); d < limit || d > limit+limit/16 {
		t.Errorf("after %v, want %v to %v", d, limit, limit+limit/16)
	}
}

func TestReadTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ep := piped(func(p *peer) {
			p.request()
			p.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
			for range 4 {
				<-time.After(9 * time.Second)
				p.send("x")
			}
			p.gone()
		})
		req := get("/")
		req.ReadTimeout = 10 * time.Second
		r := do(t, c, ep, req)
		for range 4 {
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		_, err := r.Next()
		within(t, start, 10*time.Second)
		if e := failure(t, err, OpRead); !e.Timeout || !errors.Is(e, os.ErrDeadlineExceeded) {
			t.Error(e)
		}
		r.Close()
		c.Close()
	})
}

// A connection is not held to the deadlines of the exchange before.
func TestTimeoutsOfTheExchangeBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ep := piped(func(p *peer) {
			for p.n == 1 {
				if _, _, err := p.request(); err != nil {
					return
				}
				<-time.After(20 * time.Second)
				p.send(ok2)
			}
		})
		for _, timeout := range []time.Duration{time.Hour, 21 * time.Second, 0, 21 * time.Second} {
			req := post("x")
			req.ReadTimeout, req.WriteTimeout = timeout, timeout
			whole(t, do(t, c, ep, req))
			<-time.After(30 * time.Second)
		}
		req := post("x")
		req.ReadTimeout = 10 * time.Second
		start := time.Now()
		_, err := c.Do(t.Context(), ep, req)
		within(t, start, 10*time.Second)
		if e := failure(t, err, OpRead); !e.Timeout || !e.Sent {
			t.Error(e)
		}
		c.Close()
		<-time.After(time.Minute) // the script ends
	})
}

// slow brings a byte every 9 seconds.
type slow struct{ left int }

func (s *slow) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	<-time.After(9 * time.Second)
	s.left--
	p[0] = 'x'
	return 1, nil
}

// The peer's time does not run while the request is being sent, and runs in
// full afterwards.
func TestReadTimeoutWhileSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ep := piped(func(p *peer) { p.request(); p.gone() })
		req := &Request{Method: "POST", Target: "/", Host: "a", Stream: &slow{10}, Length: -1, ReadTimeout: 4 * time.Second}
		start := time.Now()
		_, err := c.Do(t.Context(), ep, req)
		within(t, start.Add(90*time.Second), 4*time.Second)
		if e := failure(t, err, OpRead); !e.Timeout {
			t.Error(e)
		}
		c.Close()
	})
}

func TestWriteTimeout(t *testing.T) {
	for name, req := range map[string]*Request{
		"small":  post("x"),
		"vector": post(strings.Repeat("x", 40_000)),
		"helper": post(strings.Repeat("x", 400_000)),
		"stream": {Method: "POST", Target: "/", Host: "a", Stream: strings.NewReader(strings.Repeat("x", 1000)), Length: -1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				end := make(chan struct{})
				c, ep := piped(func(*peer) { <-end })
				req.WriteTimeout = 16 * time.Second
				start := time.Now()
				_, err := c.Do(t.Context(), ep, req)
				within(t, start, 16*time.Second)
				if e := failure(t, err, OpWrite); !e.Timeout || e.Sent {
					t.Errorf("%+v", e)
				}
				close(end)
				c.Close()
			})
		})
	}
}

func TestConnectTimeoutOfDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		req := get("/")
		req.ConnectTimeout = time.Second
		_, err := c.Do(t.Context(), &Endpoint{Addr: "a:1"}, req)
		if e := failure(t, err, OpDial); !e.Timeout || e.Err != ErrConnectTimeout {
			t.Error(e)
		}
	})
}

// Idle connections leave after their time without anybody looking, and the
// reaper leaves with the last. (The bubble fails if anything stays behind.)
func TestReaper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan int, 2)
		c, ep := piped(func(p *peer) {
			for {
				if _, err := http.ReadRequest(p.br); err != nil {
					ended <- p.n
					return
				}
				p.send(ok2)
			}
		})
		a, b := do(t, c, ep, get("/")), do(t, c, ep, get("/"))
		whole(t, a)
		<-time.After(40 * time.Second)
		whole(t, b)
		start := time.Now()
		<-ended
		<-ended
		if d := time.Since(start); d > 2*time.Minute {
			t.Errorf("the last left after %v", d)
		}
		c.pool.mu.Lock()
		if len(c.pool.idle) != 0 || c.pool.reaper != nil {
			t.Error("the pool is not empty, or its reaper goes on")
		}
		c.pool.mu.Unlock()
		whole(t, do(t, c, ep, get("/")))
		c.Close()
	})
}

// The peer's announced patience wins over ours.
func TestKeepAliveHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ep := piped(func(p *peer) {
			for {
				if _, err := http.ReadRequest(p.br); err != nil {
					return
				}
				p.send("HTTP/1.1 200 OK\r\nKeep-Alive: max=3, timeout=5\r\nContent-Length: 0\r\n\r\n")
			}
		})
		for _, wait := range []time.Duration{3 * time.Second, 4 * time.Second} {
			whole(t, do(t, c, ep, get("/")))
			<-time.After(wait)
			r := do(t, c, ep, get("/"))
			if r.Reused != (wait < 4*time.Second) {
				t.Errorf("after %v: reused is %v", wait, r.Reused)
			}
			whole(t, r)
		}
		c.Close()
	})
}
