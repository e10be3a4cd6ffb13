package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
)

// TestRetries: what is tried again, and what comes of it.
func TestRetries(t *testing.T) {
	closed, _ := behave(t, func(net.Conn) {})
	const refusing = "127.0.0.1:1" // nobody listens there
	breaking, _ := behave(t, readRequest)
	hanging, _ := behave(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1<<10))
		_, _ = c.Read(make([]byte, 1)) // until the caller gives up
	})
	talking, _ := behave(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1<<10))
		_, _ = c.Write([]byte("SSH-2.0\r\n\r\n"))
	})
	failing, _ := behave(t, func(c net.Conn) {
		readRequest(c)
		_, _ = c.Write([]byte("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"))
	})
	const small = "body"
	large := strings.Repeat("x", smallBody+1)
	for _, tt := range []struct {
		name, addr   string
		method, body string
		attempts     int
		status       int
	}{
		{"refused", refusing, "GET", "", 3, 502},
		{"refused", refusing, "POST", small, 3, 502},
		{"refused", refusing, "POST", large, 3, 502},
		{"broken", breaking, "GET", "", 3, 502},
		{"broken", breaking, "PUT", small, 3, 502},
		{"broken", breaking, "DELETE", "", 3, 502},
		{"broken", breaking, "POST", small, 1, 502},
		{"broken", breaking, "PATCH", small, 1, 502},
		{"broken", breaking, "LOCK", "", 1, 502},
		{"broken", breaking, "PUT", large, 1, 502}, // its body cannot be sent again
		{"hanging", hanging, "GET", "", 3, 504},
		{"hanging", hanging, "POST", small, 1, 504},
		{"not HTTP", talking, "GET", "", 1, 502},
		{"not HTTP", talking, "POST", small, 1, 502},
		{"a failure is an answer", failing, "GET", "", 1, 503},
		{"at once", closed, "GET", "", 3, 502},
	} {
		p := &peers{addrs: []string{tt.addr}}
		up := reaching(p)
		if tt.status == 504 {
			up.ReadTimeout = 20 * time.Millisecond
		}
		ex := asking(tt.method, tt.body)
		reply, err := sender(t).Send(ex, up)
		status := fault.As(err).Status()
		if err == nil {
			status = reply.Status
			_ = reply.Close()
		}
		if status != tt.status || len(ex.Attempts) != tt.attempts || len(p.done) != tt.attempts {
			t.Errorf("%s, %s of %d bytes: %d after %d attempts (%d noted), want %d after %d: %v",
				tt.name, tt.method, len(tt.body), status, len(ex.Attempts), len(p.done), tt.status, tt.attempts, err)
		}
		checkAttempts(t, tt.name, ex, p, err)
	}
}

// checkAttempts holds what was noted against what happened.
func checkAttempts(t *testing.T, name string, ex *flow.Exchange, p *peers, err error) {
	t.Helper()
	for i, a := range ex.Attempts {
		failed := err != nil
		if (a.State == "failed") != failed || (a.Err != nil) != failed || failed && a.Code != fault.As(err).Status() || a.IP != "127.0.0.1" || a.Port == 0 {
			t.Errorf("%s: attempt %d: %+v", name, i, a)
		}
		if (p.done[i].Err != nil) != failed || !failed && p.done[i].Status != a.Status {
			t.Errorf("%s: result %d: %+v", name, i, p.done[i])
		}
	}
}

// TestRetryFindsAnotherPeer with the same body.
func TestRetryFindsAnotherPeer(t *testing.T) {
	breaking, _ := behave(t, readRequest)
	good, _ := behave(t, func(c net.Conn) {
		buf := make([]byte, 4<<10)
		n := 0
		for !strings.HasSuffix(string(buf[:n]), "the body") {
			k, err := c.Read(buf[n:])
			if err != nil {
				return
			}
			n += k
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
	})
	ex := asking("PUT", "the body")
	reply, err := sender(t).Send(ex, reaching(&peers{addrs: []string{breaking, good}}))
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, reply); got != "good" || len(ex.Attempts) != 2 || ex.Attempts[1].State != "" || ex.Attempts[1].Status != 200 {
		t.Errorf("got %q after %+v", got, ex.Attempts)
	}
}

// TestRetryWithStreamedBody: a body that goes through as it comes is whole at
// the second peer when the first was not there at all.
func TestRetryWithStreamedBody(t *testing.T) {
	large := strings.Repeat("0123456789", smallBody/5)
	for _, kind := range []string{"h1", "h2c"} {
		got := make(chan string, 1)
		good := serving(t, kind, func(_ http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			got <- string(b)
		})
		ex := asking("POST", large)
		if kind == "h2c" {
			ex = rpc("grpc", large)
		}
		ex.Body.Open(source{strings.NewReader(large)}, -1)
		reply, err := sender(t).Send(ex, reaching(&peers{addrs: []string{"127.0.0.1:1", good}}))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		_ = reply.Close()
		if b := <-got; b != large || len(ex.Attempts) != 2 {
			t.Errorf("%s: %d bytes arrived after %d attempts, want %d", kind, len(b), len(ex.Attempts), len(large))
		}
	}
}

// TestNoRetries is retries: 0.
func TestNoRetries(t *testing.T) {
	breaking, connections := behave(t, readRequest)
	up := reaching(&peers{addrs: []string{breaking}})
	up.Retries = 0
	if _, err := sender(t).Send(asking("GET", ""), up); err == nil || connections() != 1 {
		t.Errorf("%d connections, %v", connections(), err)
	}
}

// TestNoPeers: the balancer's failures are final.
func TestNoPeers(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{{balance.ErrNoPeer, "failure to get a peer from the ring-balancer"}, {errors.New("no such host"), "name resolution failed"}} {
		ex := asking("GET", "")
		_, err := sender(t).Send(ex, reaching(&peers{err: tt.err}))
		if f := fault.As(err); f.Status() != 503 || f.Message != tt.want || len(ex.Attempts) != 0 {
			t.Errorf("%v: got %v after %d attempts", tt.err, err, len(ex.Attempts))
		}
	}
}

// TestCallerLeft: nothing is tried for who has gone, or goes meanwhile.
func TestCallerLeft(t *testing.T) {
	for _, before := range []bool{true, false} {
		ex, err := left(t, before)
		if f := fault.As(err); f.Status() != 499 || len(ex.Attempts) > 1 {
			t.Errorf("gone before %t: got %v after %d attempts", before, err, len(ex.Attempts))
		}
	}
}

// left sends for a caller who leaves before, or while the upstream works.
func left(t *testing.T, before bool) (*flow.Exchange, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	hanging, _ := behave(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1<<10))
		cancel()
		_, _ = c.Read(make([]byte, 1))
	})
	if before {
		cancel()
	}
	ex := asking("GET", "")
	ex.Ctx = ctx
	_, err := sender(t).Send(ex, reaching(&peers{addrs: []string{hanging}}))
	return ex, err
}

// TestBodyFails: the caller's body breaks off while it is sent, or before.
func TestBodyFails(t *testing.T) {
	reading, _ := behave(t, readRequest)
	for _, tt := range []struct {
		err    error
		status int
	}{{flow.ErrTooLarge, 413}, {flow.ErrSlow, 408}, {io.ErrUnexpectedEOF, 499}, {errors.New("garbage"), 400}} {
		for _, length := range []int64{-1, 10} { // sent as it comes, read before
			ex := asking("PUT", "")
			ex.Body.Open(failing{tt.err}, length)
			_, err := sender(t).Send(ex, reaching(&peers{addrs: []string{reading}}))
			if f := fault.As(err); f.Status() != tt.status || len(ex.Attempts) > 1 {
				t.Errorf("%v, length %d: got %v after %d attempts", tt.err, length, err, len(ex.Attempts))
			}
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
func (failing) Abort()                     {}

// called takes part in sending.
type called struct {
	prepared int
	err      error
	refuse   error
}

func (c *called) Prepare(*flow.Exchange, int) error {
	c.prepared++
	return c.err
}
func (c *called) Receive(*flow.Exchange, *flow.Reply) error { return c.refuse }
func (c *called) Release()                                  {}

// TestCall is asked before every attempt, and may refuse question and answer.
func TestCall(t *testing.T) {
	breaking, _ := behave(t, readRequest)
	good, _ := behave(t, func(c net.Conn) {
		readRequest(c)
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
	})
	no := &fault.Error{Kind: fault.Internal}
	for _, tt := range []struct {
		name     string
		addr     string
		call     called
		prepared int
		attempts int
		status   int
	}{
		{"answered", good, called{}, 1, 1, 200},
		{"again", breaking, called{}, 3, 3, 502},
		{"refuses the question", good, called{err: no}, 1, 0, 500},
		{"refuses the answer", good, called{refuse: no}, 1, 1, 500},
	} {
		ex := asking("GET", "")
		ex.Call = &tt.call
		reply, err := sender(t).Send(ex, reaching(&peers{addrs: []string{tt.addr}}))
		status := fault.As(err).Status()
		if err == nil {
			status = reply.Status
			_ = reply.Close()
		}
		if tt.call.prepared != tt.prepared || len(ex.Attempts) != tt.attempts || status != tt.status {
			t.Errorf("%s: prepared %d times, %d attempts, %d (%v)", tt.name, tt.call.prepared, len(ex.Attempts), status, err)
		}
	}
}

// panicking is a Call that breaks once the answer is there.
type panicking struct{ called }

func (*panicking) Receive(*flow.Exchange, *flow.Reply) error { panic("in Receive") }

// TestPanics: what breaks in an attempt is an error of the attempt. The
// balancer is told, and the upstream's connection is closed.
func TestPanics(t *testing.T) {
	closed := make(chan error, 1)
	good, _ := behave(t, func(c net.Conn) {
		readRequest(c)
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ngood")
		_, err := c.Read(make([]byte, 1))
		closed <- err
	})
	reading, _ := behave(t, readRequest)
	receiving, asked := asking("GET", ""), asking("PUT", "")
	receiving.Call = &panicking{}
	asked.Body.Open(source{broken{}}, -1)
	for _, tt := range []struct {
		name, addr string
		ex         *flow.Exchange
	}{{"receive", good, receiving}, {"body", reading, asked}} {
		p := &peers{addrs: []string{tt.addr}}
		_, err := sender(t).Send(tt.ex, reaching(p))
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Status() != 500 || !strings.Contains(f.Error(), "panic: in ") {
			t.Errorf("%s: %v", tt.name, err)
		}
		if len(p.done) != 1 || p.done[0].Err == nil {
			t.Errorf("%s: the balancer was told %v", tt.name, p.done)
		}
	}
	if err := <-closed; err == nil {
		t.Error("the connection goes on")
	}
}

// broken is a body of which reading panics.
type broken struct{}

func (broken) Read([]byte) (int, error) { panic("in Read") }
