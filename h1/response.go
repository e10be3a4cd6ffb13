package h1

import (
	"io"
	"net"
	"slices"
	"time"

	"github.com/sluice-gateway/sluice/header"
)

// Response is an answer whose head has arrived. It belongs to one goroutine;
// to end a blocked Next or Read from elsewhere, cancel the context of Do.
//
// Header, Trailer and what Next returned live in memory that the connection
// uses again: Close empties Header and Trailer, and copies of the slices must not be
// looked at after it. The strings in the fields, and the other members of
// Response, may be kept.
type Response struct {
	// Status is the status code, 200 to 999, or 101 when Upgrade was asked for.
	Status int
	// Reason is the reason phrase, often "".
	Reason string
	// Minor is the minor version: 0 or 1.
	Minor int
	// Header has the fields in order and spelling as received, Transfer-Encoding
	// and Connection included. The caller may edit it.
	Header header.Header
	// Trailer has the trailer fields of a chunked body, once Next or Read
	// returned io.EOF. They are never merged into Header.
	Trailer header.Header
	// ContentLength is the announced length in bytes, -1 if unknown. For HEAD
	// and 304 it says what a GET would have brought.
	ContentLength int64
	// Timing says how long things took.
	Timing Timing
	// Reused tells whether the connection had served a request before.
	Reused bool
	// Remote is the address of the peer: of the proxy, if there is one.
	Remote net.Addr

	c    *conn  // nil when the exchange has ended
	rest []byte // of what Next returned, for Read
	err  error  // what Next returns from now on
}

// Timing says how long the steps of an exchange took.
type Timing struct {
	// Dial is the time to connect, with the proxy's tunnel. 0 if Reused.
	Dial time.Duration
	// TLS is the time of the handshake. 0 if Reused or cleartext.
	TLS time.Duration
	// FirstByte is the time from the start of sending to the first byte of the
	// answer (also of a 1xx).
	FirstByte time.Duration
}

// response makes the Response of an exchange. It is made anew each time and not
// kept in the connection: whoever closes twice, or reads after Close, must not
// meet the next caller's answer.
func (c *conn) response() *Response {
	h := &c.head
	r := &Response{
		Status: h.status, Reason: h.reason, Minor: h.minor, Header: slices.Clip(h.list),
		ContentLength: h.length, Reused: c.reused, Remote: c.raw.RemoteAddr(), c: c,
	}
	if h.status == 204 || h.status == 101 {
		r.ContentLength = 0
	}
	r.Timing.FirstByte = c.firstByte.Sub(c.began)
	if !c.reused {
		r.Timing.Dial, r.Timing.TLS = c.dialTime, c.tlsTime
	}
	return r
}

// Next returns the bytes of the body that one read brought, decoded, as soon as
// they are there. They are valid until the next call of Next, Read or Close.
// At the end of the body it returns io.EOF; an *Error if the body breaks off, which closes the
// connection. After either it keeps returning the same.
func (r *Response) Next() ([]byte, error) {
	if len(r.rest) > 0 {
		p := r.rest
		r.rest = nil
		return p, nil
	}
	if r.err != nil {
		return nil, r.err
	}
	if r.c == nil {
		return nil, &Error{Op: OpRead, Err: ErrResponseClosed}
	}
	p, err := r.c.next()
	switch {
	case err == nil:
		return p, nil
	case r.c.body.done:
		r.err = io.EOF
		r.Trailer = slices.Clip(r.c.trailers.list)
	default:
		c := r.c
		r.c = nil
		r.err = c.fail(readOp(err), err)
	}
	return nil, r.err
}

// Read is Next as an io.Reader.
func (r *Response) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(r.rest) == 0 {
		var err error
		if r.rest, err = r.Next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close ends the exchange. When the whole body has been read, the connection
// is kept for the next request if it can be; otherwise it is closed. After
// Close nobody reads Request.Body or Request.Stream (see there for a blocked
// Read). It may be called any number of times and returns nil.
func (r *Response) Close() error {
	c := r.c
	if c == nil {
		return nil
	}
	// The connection may serve another request in a moment: let go of all of it first.
	r.c, r.rest, r.Header, r.Trailer, r.err = nil, nil, nil, nil, nil
	if c.body.done {
		c.finish()
	} else {
		c.abandon()
	}
	return nil
}

// Takeover hands over the connection after a 101 answer, with the bytes of the
// new protocol that have already been read. The caller closes the connection;
// the context of Do has no more say over it, and no deadline is set. Header
// stays valid. An error closes the connection, unless the answer is not a 101.
func (r *Response) Takeover() (net.Conn, []byte, error) {
	c := r.c
	if c == nil {
		return nil, nil, &Error{Op: OpRead, Err: ErrResponseClosed}
	}
	if r.Status != 101 {
		return nil, nil, &Error{Op: OpRequest, Err: malformed("takeover without a switch of protocols")}
	}
	r.c = nil
	if c.stop != nil && !c.stop() {
		return nil, nil, c.fail(OpCanceled, c.ctx.Err())
	}
	early := append([]byte(nil), c.buf[c.r:c.w]...)
	if err := c.raw.SetDeadline(time.Time{}); err != nil {
		return nil, nil, c.fail(OpRead, err)
	}
	c.drop()
	return c.nc, early, nil
}
