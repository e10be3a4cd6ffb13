package h1

import (
	"errors"
	"math"
	"net"
	"os"
	"syscall"
	"time"
)

const (
	// copyBelow is up to which size head and body leave in one buffer.
	copyBelow = 8 << 10
	// helperAbove is from which size on a body is written by a helper: what the
	// peer's and our socket buffers may not take.
	helperAbove = 64 << 10
	// pieceSize is how much one write may carry when writes have a timeout.
	pieceSize = 256 << 10
	// recordSize is what segments are gathered to where there is no writev: one TLS record.
	recordSize = 16 << 10
	// keepScratch is up to which size a scratch buffer is kept.
	keepScratch = 64 << 10
)

// scratch is what one message is put together in.
type scratch struct {
	b    []byte
	vec  [][]byte    // what is to be written, of which
	next int         // is the first that is left
	out  [][]byte    // what one writev is to take
	bufs net.Buffers // a field, so that its address does not cost an allocation
}

// gather makes vec of what is in b and the segments; small ones join it in b.
func (s *scratch) gather(segs [][]byte) {
	if len(s.b)+lengthOf(segs) <= copyBelow {
		for _, seg := range segs {
			s.b = append(s.b, seg...)
		}
		segs = nil
	}
	s.vec, s.next = append(append(s.vec[:0], s.b), segs...), 0
}

// left is what has not been taken.
func (s *scratch) left() [][]byte { return s.vec[s.next:] }

// take moves the next bytes, at most n, to out.
func (s *scratch) take(n int) {
	s.out = s.out[:0]
	for s.next < len(s.vec) && n > 0 {
		seg := s.vec[s.next]
		if len(seg) > n {
			s.out = append(s.out, seg[:n])
			s.vec[s.next] = seg[n:]
			return
		}
		s.out = append(s.out, seg)
		s.next++
		n -= len(seg)
	}
}

func (c *Client) putScratch(s *scratch) {
	if s.forget() {
		c.scratch.Put(s)
	}
}

// forget lets go of what was written, and tells whether s is worth keeping.
func (s *scratch) forget() bool {
	if cap(s.b) > keepScratch || cap(s.vec) > keepScratch/64 || cap(s.out) > keepScratch/64 {
		return false
	}
	clear(s.vec[:cap(s.vec)])
	clear(s.out[:cap(s.out)])
	s.vec, s.out, s.bufs = s.vec[:0], s.out[:0], nil
	return true
}

// send writes the request, or as much of it as goes without waiting and starts
// the helper that writes the rest.
func (c *conn) send(ep *Endpoint, req *Request) error {
	s := c.client.scratch.Get().(*scratch)
	s.b = req.appendHead(s.b[:0], ep)
	if req.Stream != nil {
		return c.sendStream(s, req)
	}
	s.gather(req.Body)
	if c.reading.rc != nil {
		if done, err := c.question(s); done || err != nil {
			c.client.putScratch(s)
			return err
		}
		c.startSender(req, s)
		return nil
	}
	if lengthOf(s.vec) > helperAbove {
		c.startSender(req, s)
		return nil
	}
	defer c.client.putScratch(s)
	return c.writeSegments(s)
}

// sendStream writes the head in s and starts the helper for the body.
func (c *conn) sendStream(s *scratch, req *Request) error {
	defer c.client.putScratch(s)
	if err := c.write(s.b); err != nil {
		return err
	}
	if req.Length != 0 {
		c.startSender(req, nil)
	}
	return nil
}

// question writes s.vec and, when all of it went without waiting (done), waits
// for the answer. An error of that is left for who reads.
func (c *conn) question(s *scratch) (done bool, err error) {
	if c.rd.arm(c.began, c.readTimeout) {
		if err := c.raw.SetReadDeadline(c.rd.at); err != nil {
			return false, err
		}
	}
	n, readErr := c.reading.question(s.vec)
	asked := c.reading.asked
	if asked > 0 {
		c.sent.set()
	}
	switch {
	case c.reading.askErr != nil:
		return false, c.reading.askErr
	case asked < lengthOf(s.vec) && readErr == nil:
		s.take(asked)
		return false, nil
	}
	c.answered, c.firstByte = n > 0, time.Now()
	_ = c.took(n, readErr)
	return true, nil
}

// mayHaveAnswer tells whether a failed write leaves hope for an answer: the
// peer may have answered before it stopped reading.
func (c *conn) mayHaveAnswer(err error) bool {
	return c.sent.v.Load() && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET))
}

// write writes p within the write timeout.
func (c *conn) write(p []byte) error {
	if err := c.armWrite(); err != nil {
		return err
	}
	n, err := c.nc.Write(p)
	if n > 0 {
		c.sent.set()
	}
	return err
}

func (c *conn) armWrite() error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if c.halted {
		return os.ErrDeadlineExceeded
	}
	if c.writeTimeout <= 0 && c.wd.at.IsZero() {
		return nil
	}
	if c.wd.arm(time.Now(), c.writeTimeout) {
		return c.raw.SetWriteDeadline(c.wd.at)
	}
	return nil
}

// haltWrites makes a write that waits, and every later one, fail at once. A write
// whose last byte has been taken still succeeds.
func (c *conn) haltWrites() {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.halted = true
	c.wd.at = time.Unix(1, 0)
	_ = c.raw.SetWriteDeadline(c.wd.at) // fails only when closed: then writes fail too
}

func (c *conn) resumeWrites() {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.halted = false
}

// writeSegments writes s.vec with as few writes as possible, in pieces when
// writes have a timeout.
func (c *conn) writeSegments(s *scratch) error {
	if !c.vectored {
		return c.writeGathered(s)
	}
	piece := math.MaxInt
	if c.writeTimeout > 0 {
		piece = pieceSize
	}
	for len(s.left()) > 0 {
		s.take(piece)
		if err := c.writev(s); err != nil {
			return err
		}
	}
	return nil
}

// writev writes s.out.
func (c *conn) writev(s *scratch) error {
	if err := c.armWrite(); err != nil {
		return err
	}
	s.bufs = s.out
	n, err := s.bufs.WriteTo(c.nc)
	if n > 0 {
		c.sent.set()
	}
	return err
}

// writeGathered gathers small segments into writes of one record.
func (c *conn) writeGathered(s *scratch) error {
	for _, seg := range s.vec[1:] { // the first is s.b
		for len(seg) > 0 {
			if len(s.b) == 0 && len(seg) >= recordSize {
				n := min(len(seg), pieceSize)
				if err := c.write(seg[:n]); err != nil {
					return err
				}
				seg = seg[n:]
				continue
			}
			n := min(len(seg), max(recordSize-len(s.b), 0))
			s.b = append(s.b, seg[:n]...)
			if seg = seg[n:]; len(s.b) >= recordSize {
				if err := c.write(s.b); err != nil {
					return err
				}
				s.b = s.b[:0]
			}
		}
	}
	if len(s.b) == 0 {
		return nil
	}
	return c.write(s.b)
}
