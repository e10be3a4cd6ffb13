package h1

import (
	"errors"
	"io"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-gateway/sluice/header"
)

// ServerOptions bound what a caller may send and how long it may take. Zero
// sizes take their defaults, zero times are no bound.
type ServerOptions struct {
	// MaxHeaderBytes bounds the head of a request, and its trailer. 32 KiB.
	MaxHeaderBytes int
	// MaxHeaders bounds the number of fields in either. 1,000.
	MaxHeaders int
	// HeadTimeout bounds reading a head, from its first byte or, on a new
	// connection, from the beginning.
	HeadTimeout time.Duration
	// BodyTimeout bounds each read of a body, WriteTimeout each write.
	BodyTimeout, WriteTimeout time.Duration
	// IdleTimeout bounds the time between two requests.
	IdleTimeout time.Duration
}

// Server is what the connections of a server share. It has no goroutine.
type Server struct {
	opt     ServerOptions
	limits  limits
	buffers buffers
	scratch sync.Pool // *scratch
}

// NewServer makes one.
func NewServer(o ServerOptions) *Server {
	s := &Server{opt: o, limits: limits{positive(o.MaxHeaderBytes, 32<<10), positive(o.MaxHeaders, 1000)}}
	s.buffers.init()
	s.scratch.New = func() any { return new(scratch) }
	return s
}

// BadRequest is a request that cannot be understood, or not be taken. It is
// to be answered with Status; the connection ends after that.
type BadRequest struct {
	Status int
	Err    error
}

func (e *BadRequest) Error() string { return "h1: " + e.Err.Error() }

// Unwrap returns the reason.
func (e *BadRequest) Unwrap() error { return e.Err }

// ErrHTTP2 says that the caller speaks HTTP/2 with prior knowledge (RFC 9113
// section 3.3); see ServerConn.Takeover.
var ErrHTTP2 = errors.New("h1: the caller speaks HTTP/2")

// RequestHead is the head of a request. The strings may be kept, Header is
// used again.
type RequestHead struct {
	Method string
	// Target is in origin form ("/a?b") or absolute form ("http://host/a?b"),
	// as it was sent; of CONNECT it is what came.
	Target string
	// Minor is the minor version: 0 or 1.
	Minor int
	// Host is that of an absolute target, or the value of the Host field.
	Host string
	// Header has the other fields in order and spelling as received.
	Header header.Header
	// Length of the body in bytes: -1 for a chunked one, 0 for none.
	Length int64
	// Upgrade is the protocol asked for, as it was sent; "" without.
	Upgrade string
	// Size of the head in bytes.
	Size int
	// Began is when the head had been read.
	Began time.Time

	host    int // number of Host fields
	chunked bool
	lengths bool // there is a Content-Length
	expects bool // Expect: 100-continue
	options      // close: there is to be no further exchange, whoever wants that
}

// ServerConn is a caller's connection: requests are read from it one after
// the other, and each is answered before the next is read. It belongs to one
// goroutine; only the body may be read by another one meanwhile, and Abort,
// Last and Close may be called from anywhere.
type ServerConn struct {
	server *Server
	nc     net.Conn // what is read and written: the socket, or TLS on it
	raw    net.Conn // the socket
	begun  func() bool

	input
	reading  reading
	head     RequestHead
	fields   fields
	requests int

	// The body of the request.
	rmu     sync.Mutex // guards the read deadline and aborted
	armed   time.Time  // the deadline that is set; never later than is wanted
	aborted bool
	decoded []byte      // and not handed on
	goOn    atomic.Bool // the caller waits for 100 Continue

	// The answer.
	wmu      sync.Mutex // guards all below
	wd       deadline
	writing  writing
	single   [1][]byte // what is written, when it is one piece
	out      *scratch  // the head, until the first write
	answer   framing
	headed   bool        // the answer has begun
	answered bool        // and is complete
	stop     atomic.Bool // this exchange is the last
	broken   bool        // a write failed, or the answer is not whole
}

// Conn takes a connection. Under TLS raw is the socket below nc, otherwise
// nc itself. begun, which may be nil, is called when the first byte of a
// request has come; when it returns false the connection ends.
func (s *Server) Conn(nc, raw net.Conn, begun func() bool) *ServerConn {
	c := &ServerConn{server: s, nc: nc, raw: raw, begun: begun}
	c.input = input{buffers: &s.buffers, limits: s.limits}
	c.reading.init(&c.input, nc)
	c.writing.init(nc, c.reading.rc)
	return c
}

// Close closes the socket.
func (c *ServerConn) Close() { _ = c.raw.Close() }

// Last makes the exchange under way, or the next one, the last.
func (c *ServerConn) Last() { c.stop.Store(true) }

// Next waits for a request and reads its head. The error is io.EOF when the
// caller has gone or said nothing for too long, ErrHTTP2, or a *BadRequest,
// with which the head has what could be read; any other one means that the
// connection is of no more use.
func (c *ServerConn) Next() (*RequestHead, error) {
	until := deadlineIn(c.server.opt.HeadTimeout)
	if c.requests > 0 {
		until = deadlineIn(c.server.opt.IdleTimeout)
	}
	if err := c.wait(until); err != nil {
		return nil, err
	}
	if c.requests > 0 {
		until = deadlineIn(c.server.opt.HeadTimeout)
	}
	if c.begun != nil && !c.begun() {
		return nil, io.EOF
	}
	c.head = RequestHead{Minor: 1}
	text, err := c.readHead(until)
	c.requests++
	c.head.Began, c.head.Size = time.Now(), len(text)
	if err == nil {
		err = c.parse(text)
	}
	c.frameRequest(err)
	return &c.head, err
}

// wait waits for the first byte of a request. Who waits has no buffer.
func (c *ServerConn) wait(until time.Time) error {
	for {
		c.skipEmptyLines()
		if c.r < c.w {
			return nil
		}
		c.shrink()
		err := c.receive(until)
		if isTimeout(err) {
			return io.EOF // nobody has asked for anything
		}
		if err != nil {
			return err
		}
	}
}

// skipEmptyLines takes out empty lines before a request line; some callers
// send one after a body (RFC 9112 section 2.2). Half a line is left.
func (c *ServerConn) skipEmptyLines() {
	for c.w-c.r >= 2 && c.buf[c.r] == '\r' && c.buf[c.r+1] == '\n' {
		c.r += 2
	}
}

// receive reads once, more into the buffer.
func (c *ServerConn) receive(until time.Time) error {
	if c.readErr != nil {
		return c.readErr
	}
	for {
		if err := c.arm(until); err != nil {
			return err
		}
		n, err := c.reading.once()
		if n == 0 && c.early(err, until) {
			continue
		}
		return c.took(n, err)
	}
}

// deadlineIn is the time in so long, zero for no bound.
func deadlineIn(timeout time.Duration) time.Time {
	if timeout <= 0 {
		return time.Time{}
	}
	return time.Now().Add(timeout)
}

// arm sets the read deadline unless an earlier one is set already: what that
// ends too soon goes on, see early. So it is set once in a while instead of
// for every read.
func (c *ServerConn) arm(until time.Time) error {
	c.rmu.Lock()
	defer c.rmu.Unlock()
	if c.aborted {
		return errAborted
	}
	if until.IsZero() || !c.armed.IsZero() && !c.armed.After(until) {
		return nil
	}
	c.armed = until
	return c.raw.SetReadDeadline(until)
}

// early tells whether a read ended by a deadline that was set before the one
// that is meant, which is set now.
func (c *ServerConn) early(err error, until time.Time) bool {
	if !isTimeout(err) {
		return false
	}
	c.rmu.Lock()
	defer c.rmu.Unlock()
	if c.aborted || !until.IsZero() && !time.Now().Before(until) {
		return false
	}
	c.armed = until
	return c.raw.SetReadDeadline(until) == nil
}

// Abort makes a Read of the body that waits return, and every later one fail.
func (c *ServerConn) Abort() {
	c.rmu.Lock()
	defer c.rmu.Unlock()
	c.aborted = true
	_ = c.raw.SetReadDeadline(time.Unix(1, 0))
}

// Takeover hands over the connection with the bytes that have been read from
// it and belong to another protocol. No deadline is set.
func (c *ServerConn) Takeover() (net.Conn, []byte, error) {
	early := append([]byte(nil), c.buf[c.r:c.w]...)
	c.drop()
	return c.nc, early, c.raw.SetDeadline(time.Time{})
}

const (
	// drainBytes is how much of a body that nobody wanted is read so that the
	// connection can go on.
	drainBytes = 256 << 10
	// lingerTime is how long a caller is listened to that is still sending, so
	// that it gets to read the answer, lingerPause how long it may be silent;
	// the times are nginx's. closePause is that for one that has sent all.
	lingerTime  = 30 * time.Second
	lingerPause = 5 * time.Second
	closePause  = time.Second
)

// Unread makes the exchange the last one if more of its body has not been read
// than Finish would read for the sake of the connection. It is for the one
// goroutine, while nobody else reads the body.
func (c *ServerConn) Unread() {
	if !c.body.done && (c.body.framing != bodyLength || c.body.left > drainBytes) {
		c.Last()
	}
}

// Finish ends an exchange and tells whether the connection can carry another.
// If not it is closed, after the caller has had time to read the answer.
func (c *ServerConn) Finish() bool {
	sound := c.settle()
	if sound && !c.head.close && (c.body.done || c.drain()) {
		c.forget()
		return true
	}
	if sound {
		c.linger()
		_ = c.nc.Close() // TLS says goodbye
	} else {
		c.reset()
		c.Close()
	}
	c.drop()
	return false
}

// settle ends the answer and tells whether it went out whole.
func (c *ServerConn) settle() bool {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.dropScratch()
	return c.answered && !c.broken
}

// reset has the connection reset instead of closed where a caller could take
// its end for that of the answer.
func (c *ServerConn) reset() {
	if tcp, ok := c.raw.(*net.TCPConn); ok && c.answer == bodyClose && !c.answered {
		_ = tcp.SetLinger(0)
	}
}

func (c *ServerConn) forget() {
	c.fields.forget()
	c.trailers.forget()
	c.head = RequestHead{}
	c.decoded = nil
	c.listenAgain()
	c.rest()
}

// listenAgain undoes Abort.
func (c *ServerConn) listenAgain() {
	c.rmu.Lock()
	defer c.rmu.Unlock()
	if c.aborted {
		c.aborted, c.armed = false, time.Time{}
	}
}

// drain reads a small rest of a body that nobody wanted, so that the
// connection can go on. A caller that still waits for our consent will not
// send it.
func (c *ServerConn) drain() bool {
	c.rmu.Lock()
	aborted := c.aborted
	c.rmu.Unlock()
	if aborted || c.goOn.Load() || c.body.framing == bodyLength && c.body.left > drainBytes {
		return false
	}
	c.discard(drainBytes, lingerTime)
	return c.body.done
}

// linger says that no more will come, and reads what is on its way: closing
// over unread bytes would take the answer from the caller.
func (c *ServerConn) linger() {
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	pause := lingerPause
	if c.body.done {
		pause = closePause
	}
	c.listenAgain()
	c.body, c.decoded = body{framing: bodyClose}, nil
	if isTimeout(c.readErr) || errors.Is(c.readErr, errAborted) {
		c.readErr = nil
	}
	c.discard(math.MaxInt, pause)
}

// discard reads the body until it ends or a bound is met: in bytes, in the
// time for one read, and in all the time.
func (c *ServerConn) discard(bytes int, pause time.Duration) {
	until := time.Now().Add(lingerTime)
	c.decoded = nil
	for read := 0; read < bytes && !c.body.done && c.body.err == nil; {
		read += len(c.decode())
		if c.body.done || c.body.err != nil {
			return
		}
		next := time.Now().Add(pause)
		if next.After(until) {
			next = until
		}
		if c.receive(next) != nil {
			return
		}
	}
}
