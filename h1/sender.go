package h1

import (
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"time"
)

// sender writes a body while the answer is read: a peer that answers before it
// has read everything, and then reads no more, must not leave both sides
// waiting for each other. One goroutine, owned by the exchange; see endSender.
type sender struct {
	c      *conn
	req    *Request
	done   chan struct{} // closed at the end
	stop   atomic.Bool   // no further call of the caller's code
	inside atomic.Bool   // the caller's code is running, or about to

	// Valid once done is closed.
	err   *sendError
	ended time.Time
}

// sendError tells a failed connection from a failed body.
type sendError struct {
	op  Op
	err error
}

// startSender starts the helper: for the head and segments in s, or for the stream.
func (c *conn) startSender(req *Request, s *scratch) {
	d := &sender{c: c, req: req, done: make(chan struct{})}
	c.sender, req.sender = d, d
	go d.run(s)
}

func (d *sender) run(s *scratch) {
	defer close(d.done)
	if s != nil {
		d.segments(s)
	} else {
		d.stream()
	}
	d.ended = time.Now()
	// A peer that closed may still have an answer under way to be read. Any other
	// failure must wake the reader.
	if d.err != nil && (d.err.op == OpBody || isTimeout(d.err.err)) {
		d.c.close()
	}
}

func (d *sender) segments(s *scratch) {
	if err := d.c.writeSegments(s); err != nil {
		d.err = &sendError{OpWrite, err}
	}
	d.c.client.putScratch(s)
}

// stream sends what each Read brings, as a chunk or as it is.
func (d *sender) stream() {
	pooled := d.c.buffers.medium.Get().(*[mediumBuf]byte)
	defer d.c.buffers.medium.Put(pooled)
	left := d.req.Length
	for left != 0 {
		const head, tail = 6, 2 // "3ff0\r\n" and "\r\n"
		p := pooled[head : mediumBuf-tail]
		if left > 0 {
			p = p[:min(int64(len(p)), left)]
		}
		n, err := d.read(p)
		if n > 0 && d.err == nil {
			b := p[:n]
			if left > 0 {
				left -= int64(n)
			} else {
				b = frameChunk(pooled, head, n)
			}
			d.write(b)
		}
		if d.err != nil {
			return
		}
		if err != nil {
			d.end(err, left)
			return
		}
	}
}

// frameChunk puts size line and line end around the n bytes at b[at:].
func frameChunk(b *[mediumBuf]byte, at, n int) []byte {
	var size [8]byte
	h := append(strconv.AppendInt(size[:0], int64(n), 16), "\r\n"...)
	start := at - len(h)
	copy(b[start:], h)
	copy(b[at+n:], "\r\n")
	return b[start : at+n+2]
}

// read calls the caller's Stream, unless the exchange has ended.
func (d *sender) read(p []byte) (int, error) {
	d.inside.Store(true)
	defer d.inside.Store(false)
	if d.stop.Load() {
		d.err = &sendError{OpWrite, net.ErrClosed}
		return 0, nil
	}
	n, err := d.req.Stream.Read(p)
	if n < 0 || n > len(p) {
		return 0, malformed("stream returned an impossible count")
	}
	return n, err
}

// end treats the error that ended the stream.
func (d *sender) end(err error, left int64) {
	switch {
	case left == 0:
	case err != io.EOF: //nolint:errorlint // io.Reader's contract: EOF itself
		d.err = &sendError{OpBody, err}
	case left > 0:
		d.err = &sendError{OpBody, io.ErrUnexpectedEOF}
	default:
		d.lastChunk()
	}
}

// lastChunk ends a chunked body, with the trailer if there is one.
func (d *sender) lastChunk() {
	b := []byte("0\r\n")
	if d.req.Trailer != nil {
		d.inside.Store(true)
		defer d.inside.Store(false)
		if d.stop.Load() {
			d.err = &sendError{OpWrite, net.ErrClosed}
			return
		}
		h := d.req.Trailer()
		if err := checkFields(h); err != nil {
			d.err = &sendError{OpBody, err}
			return
		}
		for i := range h {
			b = appendField(b, h[i].Name, h[i].Value)
		}
	}
	d.write(append(b, "\r\n"...))
}

func (d *sender) write(b []byte) {
	if err := d.c.write(b); err != nil {
		d.err = &sendError{OpWrite, err}
	}
}

// sentInFull tells, once the answer is complete, whether the request is too.
// A helper that has not ended is stopped: often it only has not come round to saying
// that its last write succeeded, and the connection can be kept.
func (c *conn) sentInFull() bool {
	d := c.sender
	if d == nil {
		return true
	}
	if !d.isDone() {
		d.stop.Store(true)
		if d.inside.Load() {
			return false
		}
		c.haltWrites()
		<-d.done
		c.resumeWrites()
	}
	return d.err == nil
}

func (d *sender) isDone() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// lastActive returns when sending ended, now if it goes on.
func (d *sender) lastActive() time.Time {
	if d.isDone() {
		return d.ended
	}
	return time.Now()
}

// endSender ends the helper and returns its error, nil if there is none. The
// connection is closed already, so that no write blocks. It waits for the
// helper unless that is inside the caller's Stream and nothing is given to get it out.
func (c *conn) endSender() *sendError {
	d := c.sender
	if d == nil {
		return nil
	}
	c.sender = nil
	d.stop.Store(true)
	if d.inside.Load() && !d.isDone() {
		if d.req.Unblock == nil {
			return nil
		}
		d.req.Unblock()
	}
	<-d.done
	return d.err
}
