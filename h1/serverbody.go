package h1

import (
	"errors"
	"io"
	"time"
)

// errAborted is a read of a body that nobody wants any more.
var errAborted = errors.New("h1: the exchange has ended")

// frameRequest decides where the body of the request ends (RFC 9112 section
// 6.3). What follows a head that is not understood belongs to nothing.
func (c *ServerConn) frameRequest(err error) {
	c.body, c.decoded = body{}, nil
	switch h := &c.head; {
	case err != nil:
		c.body.framing, h.close, h.expects = bodyClose, true, false
	case h.chunked:
		c.body.framing = bodyChunked
	case h.Length > 0:
		c.body.framing, c.body.left = bodyLength, h.Length
	default:
		c.body.done = true
	}
	c.goOn.Store(c.head.expects && !c.body.done)
	c.rest()
	c.headed, c.answered, c.broken = false, false, false
}

// Read reads the body of the request; io.EOF comes with or after its last
// byte. A caller that has gone before gives io.ErrUnexpectedEOF, one that is
// silent for too long an error whose Timeout() is true. The first Read asks a
// caller to go on that waits for it (RFC 9110 section 10.1.1).
func (c *ServerConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if c.goOn.CompareAndSwap(true, false) {
		if err := c.askOn(); err != nil {
			return 0, err
		}
	}
	n, err := c.readBody(p, c.server.opt.BodyTimeout)
	if err != nil && err != io.EOF { //nolint:errorlint // io.Reader's contract: EOF itself
		c.Last()
	}
	return n, err
}

// askOn sends 100 Continue, unless the caller is sending already or has been
// answered.
func (c *ServerConn) askOn() error {
	if c.r < c.w {
		return nil
	}
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if c.headed {
		return nil
	}
	return c.writeAll([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
}

func (c *ServerConn) readBody(p []byte, timeout time.Duration) (int, error) {
	for {
		switch {
		case len(c.decoded) > 0:
			n := copy(p, c.decoded)
			c.decoded = c.decoded[n:]
			return n, c.last()
		case c.body.done:
			return 0, io.EOF
		case c.body.err != nil:
			return 0, c.body.err
		case c.r < c.w:
			if c.decoded = c.decode(); len(c.decoded) > 0 || c.body.done || c.body.err != nil {
				continue
			}
		case c.body.framing != bodyChunked:
			return c.readStraight(p, timeout)
		}
		if err := c.receive(deadlineIn(timeout)); err != nil {
			return 0, unexpected(err)
		}
	}
}

// last is io.EOF once everything has been handed on.
func (c *ServerConn) last() error {
	if len(c.decoded) > 0 || !c.body.done {
		return nil
	}
	c.rest()
	return io.EOF
}

// readStraight reads a body without coding past the buffer, which is empty.
func (c *ServerConn) readStraight(p []byte, timeout time.Duration) (int, error) {
	if c.body.framing == bodyLength {
		p = p[:min(int64(len(p)), c.body.left)]
	}
	if c.readErr != nil {
		return 0, unexpected(c.readErr)
	}
	c.rest()
	until := deadlineIn(timeout)
	for {
		if err := c.arm(until); err != nil {
			return 0, err
		}
		n, err := c.reading.straight(p)
		if n == 0 && c.early(err, until) {
			continue
		}
		if c.body.framing == bodyLength {
			c.body.left -= int64(n)
			c.body.done = c.body.left == 0
		}
		if n > 0 {
			c.readErr = err
			return n, c.last()
		}
		return 0, unexpected(err)
	}
}

// unexpected is the error of a body that breaks off.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
