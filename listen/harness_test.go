package listen

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/flow"
)

// gateway answers as a test says.
type gateway struct {
	serve func(ex *flow.Exchange) *flow.Reply

	mu       sync.Mutex // guards all below
	outcomes []flow.Outcome
	errs     []error // what Recover was asked for
	done     chan struct{}
}

func (g *gateway) Serve(ex *flow.Exchange) *flow.Reply { return g.serve(ex) }

func (g *gateway) Recover(ex *flow.Exchange, err error) *flow.Reply {
	g.mu.Lock()
	g.errs = append(g.errs, err)
	g.mu.Unlock()
	r := ex.NewReply(502)
	r.SetBody([]byte("recovered"))
	return r
}

func (g *gateway) Refuse(ex *flow.Exchange, status int, err error) *flow.Reply {
	g.mu.Lock()
	g.errs = append(g.errs, err)
	g.mu.Unlock()
	return ex.NewReply(status)
}

func (g *gateway) Done(ex *flow.Exchange) {
	g.mu.Lock()
	g.outcomes = append(g.outcomes, ex.Outcome)
	g.mu.Unlock()
	g.done <- struct{}{}
}

// outcome waits for the end of an exchange.
func (g *gateway) outcome() flow.Outcome {
	<-g.done
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.outcomes[len(g.outcomes)-1]
}

// running is a server that runs.
type running struct {
	*Server
	g    *gateway
	stop context.CancelFunc
	end  chan error
}

// run serves answers; it is stopped with the test.
func run(tb testing.TB, change func(*Options), serve func(ex *flow.Exchange) *flow.Reply) *running {
	tb.Helper()
	g := &gateway{serve: serve, done: make(chan struct{}, 100)}
	trust, err := NewTrust(nil, "X-Real-IP", false)
	if err != nil {
		tb.Fatal(err)
	}
	o := Options{
		Addresses: []Address{{Host: "127.0.0.1"}}, Gateway: g, Log: slog.New(slog.DiscardHandler), Trust: trust, Stats: &Stats{},
		HeaderTimeout: time.Minute, IdleTimeout: time.Minute,
	}
	if change != nil {
		change(&o)
	}
	s, err := Open(o)
	if err != nil {
		tb.Fatal(err)
	}
	r := &running{Server: s, g: g, end: make(chan error, 1)}
	var ctx context.Context
	ctx, r.stop = context.WithCancel(context.Background())
	go func() { r.end <- s.Run(ctx, time.Minute) }()
	tb.Cleanup(func() {
		r.stop()
		if err := <-r.end; err != nil {
			tb.Error(err)
		}
		r.end <- nil
	})
	return r
}

func (r *running) addr() string { return r.Addrs()[0].String() }

// line is a bare connection.
type line struct {
	net.Conn
	*bufio.Reader
}

func (l *line) Read(p []byte) (int, error) { return l.Reader.Read(p) }

func (r *running) dial(tb testing.TB) *line {
	tb.Helper()
	c, err := net.Dial("tcp", r.addr())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return &line{c, bufio.NewReader(c)}
}

// say writes a text; its line ends become those of HTTP.
func (l *line) say(tb testing.TB, text string) *line {
	tb.Helper()
	if _, err := io.WriteString(l.Conn, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		tb.Fatal(err)
	}
	return l
}

// answer reads an answer to method; broken tells that it ended early.
func (l *line) answer(tb testing.TB, method string) (resp *http.Response, text string, broken bool) {
	tb.Helper()
	resp, err := http.ReadResponse(l.Reader, &http.Request{Method: method})
	if err != nil {
		tb.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	return resp, string(b), err != nil
}

// closed tells whether the server ends the connection without another byte.
func (l *line) closed() bool {
	_, err := l.ReadByte()
	return err != nil
}

// reply makes a reply of one or more frames.
func reply(ex *flow.Exchange, status int, length int64, frames ...string) *flow.Reply {
	r := ex.NewReply(status)
	r.Length = length
	if frames != nil {
		r.Stream = &framed{frames: frames, end: io.EOF}
	}
	return r
}

// framed is a stream of frames with an end.
type framed struct {
	frames []string
	end    error
	closed bool
}

func (f *framed) Next() (flow.Frame, error) {
	if len(f.frames) == 0 {
		return flow.Frame{}, f.end
	}
	d := f.frames[0]
	f.frames = f.frames[1:]
	return flow.Frame{Data: []byte(d)}, nil
}

func (f *framed) Close() error {
	f.closed = true
	return nil
}

var errUpstream = errors.New("the upstream broke")

// selfSigned borrows a certificate.
func selfSigned(tb testing.TB) *tls.Config {
	tb.Helper()
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	return &tls.Config{Certificates: srv.TLS.Certificates}
}
