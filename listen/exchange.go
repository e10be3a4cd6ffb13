// Package listen is the door: sockets, TLS, the HTTP server. It turns each
// request into an exchange, hands it to the gateway, and writes the answer.
//
// The server is net/http's; nothing of net/http goes further in than here. It
// decides no routes and no answers beyond what the protocol demands.
package listen

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
)

// Gateway answers exchanges.
type Gateway interface {
	// Serve brings the answer. It never returns nil.
	Serve(ex *flow.Exchange) *flow.Reply
	// Recover makes the answer to an exchange whose upstream broke off after
	// the head and before the first byte of the body.
	Recover(ex *flow.Exchange, err error) *flow.Reply
	// Done is called after the last byte, with ex.Outcome filled in.
	Done(ex *flow.Exchange)
}

// door serves one listener's requests.
type door struct {
	gateway  Gateway
	log      *slog.Logger
	trust    *Trust
	port     int
	portText string
	stats    *Stats
	maxBody  int64
	slowBody time.Duration
	watcher  *watcher
	pool     sync.Pool
}

// ServeHTTP makes an exchange of a request and writes its answer.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ex := d.begin(r)
	d.stats.requests.Add(1)
	d.stats.running.Add(1)
	defer d.stats.running.Add(-1)
	if r.Body != nil && r.Body != http.NoBody {
		ex.Body.Open(&source{body: r.Body, w: w, limit: d.maxBody, timeout: d.bodyTimeout(ex)}, r.ContentLength)
	} else {
		ex.Body.Open(nil, 0)
	}
	out := writer{w: w, ex: ex, r: r, gateway: d.gateway}
	out.write(d.gateway.Serve(ex))
	d.end(ex, r)
	if out.abort {
		panic(http.ErrAbortHandler)
	}
}

// begin fills an exchange with the head of the request.
func (d *door) begin(r *http.Request) *flow.Exchange {
	ex, ok := d.pool.Get().(*flow.Exchange)
	if !ok {
		ex = &flow.Exchange{}
	}
	ex.Started = time.Now()
	ex.Ctx = r.Context()
	ex.ID = newID()
	ex.Log = d.log
	in := &ex.In
	in.Method, in.Proto, in.Major = r.Method, r.Proto, r.ProtoMajor
	in.Target = r.RequestURI
	in.Path, in.Query, in.HasQuery = strings.Cut(originForm(r), "?")
	in.Host = r.Host
	in.Scheme = "http"
	if r.TLS != nil {
		in.Scheme, in.TLS = "https", r.TLS
	}
	in.Port, in.PortText = d.port, d.portText
	in.Length = r.ContentLength
	fillHeader(in, r)
	in.Upgrade = upgradeOf(r)
	in.Peer, in.PeerPort = splitPeer(r.RemoteAddr)
	if c, ok := r.Context().Value(connKey{}).(*connInfo); ok {
		in.Addr, in.Conn = c.local, c.number
		in.ConnRequests = int(c.requests.Add(1))
		d.watch(ex, c)
	}
	d.trust.resolve(in)
	return ex
}

// bodyTimeout of a request. A call of gRPC may be silent for as long as its
// two ends like.
func (d *door) bodyTimeout(ex *flow.Exchange) time.Duration {
	if ex.In.Major == 2 && ex.In.GRPC() {
		return 0
	}
	return d.slowBody
}

// watch lets the watcher look after the caller. A connection with several
// requests at a time is net/http's to look after.
func (d *door) watch(ex *flow.Exchange, c *connInfo) {
	if c.quiet == nil || !c.quiet.quiet {
		return
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	ex.Ctx = ctx
	c.waits = waiting{conn: c.quiet, cancel: cancel, since: ex.Started}
	d.watcher.enter(&c.waits)
}

// unwatch is watch undone.
func (d *door) unwatch(r *http.Request) {
	c, ok := r.Context().Value(connKey{}).(*connInfo)
	if !ok || c.waits.cancel == nil {
		return
	}
	d.watcher.leave(&c.waits)
	c.waits.cancel(nil)
	c.waits = waiting{}
}

func (d *door) end(ex *flow.Exchange, r *http.Request) {
	d.gateway.Done(ex)
	d.unwatch(r)
	ex.Finish()
	ex.Reset()
	d.pool.Put(ex)
}

// originForm is the request target without scheme and authority.
func originForm(r *http.Request) string {
	t := r.RequestURI
	if strings.HasPrefix(t, "/") {
		return t
	}
	if i := strings.Index(t, "://"); i >= 0 {
		if j := strings.IndexAny(t[i+3:], "/?"); j >= 0 {
			if t[i+3+j] == '?' {
				return "/" + t[i+3+j:]
			}
			return t[i+3+j:]
		}
		return "/"
	}
	return t
}

// fillHeader copies the fields and reckons the size of the head. net/http has
// taken out Host, Transfer-Encoding and, where it parses them, nothing else.
func fillHeader(in *flow.Request, r *http.Request) {
	size := len(r.Method) + len(r.RequestURI) + len(r.Proto) + 4 + len("Host: ") + len(r.Host) + 2 + 2
	for name, values := range r.Header {
		for _, v := range values {
			in.Header = append(in.Header, header.Field{Name: name, Value: v})
			size += len(name) + len(v) + 4
		}
	}
	in.Size = size
}

func upgradeOf(r *http.Request) string {
	if r.ProtoMajor != 1 || len(r.Header["Upgrade"]) == 0 {
		return ""
	}
	up := strings.ToLower(r.Header["Upgrade"][0])
	if up != "websocket" {
		return ""
	}
	return up
}

// connKey finds the connection of a request.
type connKey struct{}

// connInfo is what is known of a caller's connection.
type connInfo struct {
	local    string
	number   uint64
	requests atomic.Int64
	// quiet is set for a plain connection, waits is its place in the watcher.
	quiet *quietConn
	waits waiting
}

var connNumber atomic.Uint64

func withConn(ctx context.Context, c net.Conn) context.Context {
	info := &connInfo{number: connNumber.Add(1)}
	info.local, _ = splitPeer(c.LocalAddr().String())
	info.quiet, _ = c.(*quietConn)
	return context.WithValue(ctx, connKey{}, info)
}

func splitPeer(addr string) (ip string, port int) {
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return addr, 0
	}
	port, _ = strconv.Atoi(p)
	return host, port
}

// idSource hands out random request ids from a buffer, so that one call to
// the system serves many.
var idSource = struct {
	sync.Mutex
	buf  [1024]byte
	left int
}{}

func newID() string {
	var id [16]byte
	idSource.Lock()
	if idSource.left == 0 {
		_, _ = rand.Read(idSource.buf[:])
		idSource.left = len(idSource.buf)
	}
	copy(id[:], idSource.buf[idSource.left-16:idSource.left])
	idSource.left -= 16
	idSource.Unlock()
	var text [32]byte
	hex.Encode(text[:], id[:])
	return string(text[:])
}

// source is the request's body.
type source struct {
	body io.ReadCloser
	w    http.ResponseWriter
	// limit of what may be read, in bytes; 0 is none.
	limit, read int64
	// timeout bounds each read; 0 is none.
	timeout time.Duration

	mu            sync.Mutex // guards all below, and the deadline with them
	done, aborted bool
}

func (s *source) Read(p []byte) (int, error) {
	if s.timeout > 0 {
		s.deadline(time.Now().Add(s.timeout))
	}
	n, err := s.body.Read(p)
	s.read += int64(n)
	if s.limit > 0 && s.read > s.limit {
		return 0, flow.ErrTooLarge
	}
	if err != nil {
		err = s.ended(err)
	}
	return n, err
}

// ended notes the end of the body, and whose fault it is.
func (s *source) ended(err error) error {
	switch {
	case s.timeout == 0:
	case errors.Is(err, io.EOF):
		s.deadline(time.Time{}) // the answer may take longer
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = flow.ErrSlow
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = true
	return err
}

// deadline sets when reads fail, unless they have been aborted.
func (s *source) deadline(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.aborted {
		_ = http.NewResponseController(s.w).SetReadDeadline(t)
	}
}

// Abort makes a blocked Read return: the connection is closed after the
// answer anyway when its request was not read to the end.
func (s *source) Abort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.done && !s.aborted {
		s.aborted = true
		_ = http.NewResponseController(s.w).SetReadDeadline(time.Unix(1, 0))
	}
}
