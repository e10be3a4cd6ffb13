package admin

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener of connections in memory, so that time can be the
// test's own.
type pipes struct {
	come chan net.Conn
	once sync.Once
	done chan struct{}
}

func newPipes() *pipes { return &pipes{come: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.come:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dial opens a connection and says something on it.
func (p *pipes) dial(t *testing.T, text string) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	p.come <- theirs
	if _, err := io.WriteString(ours, text); err != nil {
		t.Fatal(err)
	}
	return ours
}

// served runs a server in a bubble of time; stop ends it and gives how long
// that took.
func served(t *testing.T, h http.Handler, f func(p *pipes, stop func() time.Duration)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p, ctx, cancel := newPipes(), context.Context(nil), context.CancelFunc(nil)
		ctx, cancel = context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- NewServer(h, Listening{}, slog.New(slog.DiscardHandler)).Run(ctx, p) }()
		var once sync.Once
		var took time.Duration
		stop := func() time.Duration {
			once.Do(func() {
				began := time.Now()
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				took = time.Since(began)
			})
			return took
		}
		f(p, stop)
		stop()
	})
}

// closedAfter waits until the other side closes, and tells what it said.
func closedAfter(t *testing.T, c net.Conn) (said string, after time.Duration) {
	t.Helper()
	began := time.Now()
	b, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	return string(b), time.Since(began)
}

// Nobody holds a connection for long without asking something.
func TestServerTimes(t *testing.T) {
	const whole = "GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n"
	h := New(options(&stubEngine{}))
	for _, c := range []struct {
		name, text, says string
		within           time.Duration
	}{
		{"nothing", "", "", headTime},
		{"half a head", whole[:20], "400 Bad Request", headTime},
		{"then nothing more", whole, "200 OK", idleTime},
		{"half a body", "POST /config HTTP/1.1\r\nHost: a\r\nContent-Type: text/yaml\r\nContent-Length: 9\r\n\r\nx", "408 Request Timeout", requestTime},
		{"a long head", "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 2*headBytes), "431 ", time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			served(t, h, func(p *pipes, _ func() time.Duration) {
				ours, theirs := net.Pipe()
				p.come <- theirs
				go func() { _, _ = io.WriteString(ours, c.text) }()
				said, after := closedAfter(t, ours)
				if !strings.Contains(said, c.says) || c.says == "" && said != "" || after > c.within+time.Second {
					t.Errorf("after %v: %q", after, said)
				}
				_ = ours.Close()
			})
		})
	}
}

// OPTIONS * comes to the handler.
func TestServerLeavesOptions(t *testing.T) {
	served(t, New(options(&stubEngine{})), func(p *pipes, _ func() time.Duration) {
		said, _ := closedAfter(t, p.dial(t, "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
		if !strings.HasPrefix(said, "HTTP/1.1 400 ") || !strings.Contains(said, "Server: sluice/0.1.0") {
			t.Error(said)
		}
	})
}

// A stop waits for answers under way, for a while, and for nothing else.
func TestServerStops(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	answerIn := func(d time.Duration) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(d) // of the bubble
			_, _ = io.WriteString(w, "done")
		})
	}
	for _, c := range []struct {
		name, text string
		answer     time.Duration
		says       string
		takes      time.Duration
	}{
		{"nothing was asked", "", 0, "", unusedTime},
		{"half a head", request[:9], 0, "", unusedTime},
		{"between two requests", request, 0, "done", 0},
		{"under way", request, 2 * time.Second, "done", 2 * time.Second},
		{"stuck", request, time.Minute, "", stopTime},
	} {
		t.Run(c.name, func(t *testing.T) {
			served(t, answerIn(c.answer), func(p *pipes, stop func() time.Duration) {
				said := make(chan string, 1)
				conn := p.dial(t, c.text)
				go func() {
					s, _ := closedAfter(t, conn)
					said <- s
				}()
				synctest.Wait()
				// Shutdown looks again and again, half a second apart at most.
				if took := stop(); took < c.takes || took > c.takes+time.Second {
					t.Errorf("took %v, want %v", took, c.takes)
				}
				if s := <-said; !strings.HasSuffix(s, c.says) || c.says == "" && s != "" {
					t.Errorf("said %q", s)
				}
				_ = conn.Close()
				time.Sleep(c.answer) // the handler that was left behind
			})
		})
	}
}

// The listener's flags say what is spoken.
func TestServerProtocols(t *testing.T) {
	for _, c := range []struct {
		name   string
		l      Listening
		first  string
		answer string
	}{
		{"HTTP/2 where it is off", Listening{}, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 "},
		{"HTTP/2 without TLS", Listening{HTTP2: true}, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", "\x00\x00"},
	} {
		p := newPipes()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- NewServer(http.NotFoundHandler(), c.l, slog.New(slog.DiscardHandler)).Run(ctx, p)
		}()
		ours, theirs := net.Pipe()
		p.come <- theirs
		go func() { _, _ = io.WriteString(ours, c.first) }()
		got := make([]byte, len(c.answer))
		if _, err := io.ReadFull(bufio.NewReader(ours), got); err != nil || string(got) != c.answer {
			t.Errorf("%s: %q %v", c.name, got, err)
		}
		_ = ours.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if s := NewServer(nil, Listening{TLS: &tls.Config{}}, slog.New(slog.DiscardHandler)); s.http.Protocols.HTTP2() {
		t.Error("HTTP/2 in TLS where it is off")
	}
}
