package h1

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// flag is an atomic bool that is written only when it changes.
type flag struct{ v atomic.Bool }

func (f *flag) set() {
	if !f.v.Load() {
		f.v.Store(true)
	}
}

// conn is one connection and the exchange on it. Except for closing, and for
// what a sender is given, it belongs to one goroutine at a time.
type conn struct {
	client   *Client
	key      poolKey
	nc       net.Conn // what is read and written: the socket, or TLS on it
	raw      net.Conn // the socket; closing it ends everything at once
	sock     *socket  // under TLS only
	look     look
	vectored bool // nc takes writev
	closeFn  func()
	dialTime time.Duration
	tlsTime  time.Duration

	// Between exchanges.
	requests  int
	reused    bool
	idleUntil time.Time
	hint      time.Duration // how long the peer says it keeps idle connections

	// Reading.
	input
	reading reading
	rd      deadline
	head    head
	probe   [1]byte

	// Writing.
	wmu    sync.Mutex // guards wd and halted
	wd     deadline
	halted bool

	// The exchange. ctx is kept for its length only, to tell a cancelled read
	// from a broken one.
	ctx          context.Context
	stop         func() bool // ends the watch over ctx; nil when ctx cannot end
	sender       *sender     // nil when the request was sent by the caller's goroutine
	sent         flag
	readTimeout  time.Duration
	writeTimeout time.Duration
	began        time.Time
	firstByte    time.Time
	answered     bool // some byte of an answer has come
	keep         bool // both sides allow another exchange
}

func newConn(c *Client, nc net.Conn) *conn {
	cn := &conn{client: c, nc: nc, raw: nc}
	cn.input = input{buffers: &c.buffers, limits: limits{c.opt.MaxHeaderBytes, c.opt.MaxHeaders}}
	cn.reading.init(&cn.input, nc)
	cn.closeFn = cn.close
	cn.look.init(nc)
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		cn.vectored = true
	}
	return cn
}

// close closes the socket. It may be called from anywhere, any number of
// times. TLS gets no farewell: that could block.
func (c *conn) close() { _ = c.raw.Close() }

// alive tells whether an idle connection may be used again: it is open, and
// the peer has sent nothing unasked.
func (c *conn) alive(now time.Time, readTimeout time.Duration) bool {
	// A deadline of the last exchange that has passed would hide the state.
	if c.rd.arm(now, readTimeout) && c.raw.SetReadDeadline(c.rd.at) != nil {
		return false
	}
	if c.sock == nil {
		return c.look.state() == quiet
	}
	c.sock.instant = true
	n, err := c.nc.Read(c.probe[:])
	c.sock.instant = false
	return n == 0 && errors.Is(err, nothing{})
}

// exchange sends the request and reads the head of the answer. After an error
// the connection is closed and nothing of the request is in use.
func (c *conn) exchange(ctx context.Context, ep *Endpoint, req *Request) (*Response, *Error) {
	c.begin(ctx, req)
	sendErr := c.send(ep, req)
	if sendErr != nil && !c.mayHaveAnswer(sendErr) {
		return nil, c.fail(OpWrite, sendErr)
	}
	if err := c.readAnswer(req.Upgrade); err != nil {
		if sendErr != nil {
			return nil, c.fail(OpWrite, sendErr)
		}
		return nil, c.fail(readOp(err), err)
	}
	c.keep = sendErr == nil
	c.frame(req)
	return c.response(), nil
}

func (c *conn) begin(ctx context.Context, req *Request) {
	c.requests++
	c.ctx, c.stop, c.sender = ctx, nil, nil
	c.sent.v.Store(false)
	c.readTimeout, c.writeTimeout = req.ReadTimeout, req.WriteTimeout
	c.began = time.Now()
	c.answered, c.keep = false, true
	c.body = body{}
	c.stop = afterFunc(ctx, c.closeFn)
}

// afterFunc arranges for f to be called when ctx ends; nil when it never does.
// A context with an AfterFunc of its own is asked for it at once, which
// costs less than the way around through package context.
func afterFunc(ctx context.Context, f func()) (stop func() bool) {
	if a, ok := ctx.(interface {
		AfterFunc(f func()) (stop func() bool)
	}); ok {
		return a.AfterFunc(f)
	}
	if ctx.Done() == nil {
		return nil
	}
	return context.AfterFunc(ctx, f)
}

// fail ends the exchange in disorder: the connection is closed, the sender
// ended, and the error says why.
func (c *conn) fail(op Op, err error) *Error {
	c.close()
	if c.stop != nil {
		c.stop()
	}
	bodyErr := c.endSender()
	sent := c.sent.v.Load()
	c.drop()
	if c.ctx.Err() != nil {
		return canceled(c.ctx, sent)
	}
	if bodyErr != nil && !errors.Is(bodyErr.err, net.ErrClosed) && op != OpParse {
		op, err = bodyErr.op, bodyErr.err
	}
	if err == io.EOF { //nolint:errorlint // wrapped ones say something else
		err = io.ErrUnexpectedEOF
	}
	return &Error{Op: op, Timeout: isTimeout(err), Sent: sent, Err: err}
}

// abandon ends the exchange in disorder when nobody asks for the reason.
func (c *conn) abandon() {
	c.close()
	if c.stop != nil {
		c.stop()
	}
	c.endSender()
	c.drop()
}

// finish ends the exchange after the whole answer. The connection is kept if
// the request was sent in full too, nothing follows the answer, and nobody
// closed it meanwhile.
func (c *conn) finish() {
	if !c.keep || c.r != c.w || c.readErr != nil || !c.sentInFull() ||
		c.requests >= c.client.opt.MaxRequests || c.stop != nil && !c.stop() {
		c.abandon()
		return
	}
	c.drop()
	c.ctx, c.stop, c.sender = nil, nil, nil
	c.head.forget()
	c.trailers.forget()
	c.client.pool.put(c, time.Now())
}

// fill reads once, more into the buffer.
func (c *conn) fill() error {
	if c.readErr != nil {
		return c.readErr
	}
	return c.took(c.read())
}

// read reads once within the read timeout. While the request is being sent, time
// that passes is not the peer's.
func (c *conn) read() (int, error) {
	now := time.Now()
	for {
		if c.rd.arm(now, c.readTimeout) {
			if err := c.raw.SetReadDeadline(c.rd.at); err != nil {
				return 0, err
			}
		}
		n, err := c.reading.once()
		if err == nil || n > 0 || c.sender == nil || !isTimeout(err) {
			return n, err
		}
		if now = c.sender.lastActive(); time.Since(now) >= c.readTimeout {
			return n, err
		}
		c.rd.at = time.Time{}
	}
}
