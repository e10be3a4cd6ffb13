package listen

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/h1"
	"github.com/sluice-gateway/sluice/header"
)

// begun is a connection of which something has been read already.
type begun struct {
	net.Conn
	early []byte
}

// Read reads what came early first.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.early) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.early)
	b.early = b.early[n:]
	return n, nil
}

// handover is a listener of connections that somebody else has accepted.
type handover struct {
	addr  net.Addr
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newHandover(addr net.Addr) *handover {
	return &handover{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
}

// Accept waits for a connection.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close ends the listener.
func (h *handover) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

// Addr is that of the real listener.
func (h *handover) Addr() net.Addr { return h.addr }

// handOver gives the connection to the server of HTTP/2.
func (c *caller) handOver(nc net.Conn) {
	c.door.server.watcher.remove(c)
	select {
	case c.door.streams.conns <- nc:
	case <-c.door.streams.done:
		_ = nc.Close()
	}
}

// streamDoor serves requests of HTTP/2.
type streamDoor door

// ServeHTTP makes an exchange of a request and writes its answer.
func (s *streamDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d := (*door)(s)
	ex := d.begin(r.Context(), time.Now())
	d.fillStream(&ex.In, r)
	d.server.o.Trust.resolve(&ex.In)
	if r.Body != nil && r.Body != http.NoBody {
		b := &streamBody{body: r.Body, w: w, limit: d.server.o.MaxBodyBytes, timeout: d.server.o.BodyTimeout}
		if ex.In.GRPC() { // a call may be silent for as long as its two ends like
			b.timeout = 0
		}
		ex.Body.Open(b, r.ContentLength)
	} else {
		ex.Body.Open(nil, 0)
	}
	out := writer{sink: &streamSink{w: w}, ex: ex, gateway: d.server.o.Gateway}
	d.answer(&out, nil)
	d.end(ex)
	if out.abort {
		panic(http.ErrAbortHandler)
	}
}

// fillStream copies the head of a request.
func (d *door) fillStream(in *flow.Request, r *http.Request) {
	in.Method, in.Proto, in.Major = r.Method, r.Proto, r.ProtoMajor
	d.fill(in, r.RequestURI, r.TLS)
	in.Host, in.Length = r.Host, r.ContentLength
	in.Peer, in.PeerPort = splitPeer(r.RemoteAddr)
	if c, ok := r.Context().Value(connKey{}).(*connInfo); ok {
		in.Addr, in.Conn = c.local, c.number
		in.ConnRequests = int(c.requests.Add(1))
	}
	fillHeader(in, r)
}

// fillHeader copies the fields and reckons the size of the head.
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

// connKey finds the connection of a request.
type connKey struct{}

// connInfo is what is known of a connection of HTTP/2.
type connInfo struct {
	local    string
	number   uint64
	requests atomic.Int64
}

func withConn(ctx context.Context, c net.Conn) context.Context {
	info := &connInfo{number: connNumber.Add(1)}
	info.local, _ = splitPeer(c.LocalAddr().String())
	return context.WithValue(ctx, connKey{}, info)
}

// streamBody is the body of a request of HTTP/2.
type streamBody struct {
	body io.ReadCloser
	w    http.ResponseWriter
	// limit of what may be read, in bytes; 0 is none.
	limit, read int64
	// timeout bounds each read; 0 is none.
	timeout time.Duration

	mu            sync.Mutex // guards all below, and the deadline with them
	done, aborted bool
}

// Read reads the body.
func (s *streamBody) Read(p []byte) (int, error) {
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
func (s *streamBody) ended(err error) error {
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
func (s *streamBody) deadline(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.aborted {
		_ = http.NewResponseController(s.w).SetReadDeadline(t)
	}
}

// Abort makes a Read that waits return.
func (s *streamBody) Abort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.done && !s.aborted {
		s.aborted = true
		_ = http.NewResponseController(s.w).SetReadDeadline(time.Unix(1, 0))
	}
}

// streamSink writes an answer of HTTP/2.
type streamSink struct {
	w      http.ResponseWriter
	status int // of a head that has not left
}

func (s *streamSink) begin(r *flow.Reply) {
	s.status = r.Status
	h := s.w.Header()
	values := make([]string, len(r.Header)+1)
	for i, f := range r.Header {
		name := http.CanonicalHeaderKey(f.Name)
		if old, ok := h[name]; ok {
			h[name] = append(old, f.Value)
			continue
		}
		values[i] = f.Value
		h[name] = values[i : i+1 : i+1]
	}
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // no guessing
	}
	if r.Length >= 0 && h1.BodyAllowed(r.Status) {
		last := len(values) - 1
		values[last] = r.LengthText()
		h["Content-Length"] = values[last:]
	}
}

func (s *streamSink) head() {
	if s.status != 0 {
		s.w.WriteHeader(s.status)
		s.status = 0
	}
}

func (s *streamSink) write(p []byte, flush bool) (int, error) {
	s.head()
	n, err := s.w.Write(p)
	if errors.Is(err, http.ErrBodyNotAllowed) {
		return len(p), nil
	}
	if err == nil && flush {
		err = s.flush()
	}
	return n, err
}

func (s *streamSink) flush() error {
	s.head()
	return http.NewResponseController(s.w).Flush()
}

func (s *streamSink) drop() {
	if s.status != 0 {
		clear(s.w.Header())
	}
}

func (s *streamSink) end(trailer flow.Header) error {
	s.head()
	for _, f := range trailer {
		s.w.Header().Add(http.TrailerPrefix+f.Name, f.Value)
	}
	return nil
}

var errNoTakeover = errors.New("a stream of HTTP/2 cannot be taken over")

func (*streamSink) takeover() (net.Conn, []byte, error) { return nil, nil, errNoTakeover }
