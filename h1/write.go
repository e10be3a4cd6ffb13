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

// scratch is what one request is put together in.
type scratch struct {
	b    []byte
	vec  [][]byte
	bufs net.Buffers // a field, so that its address does not cost an allocation
}

func (c *Client) putScratch(s *scratch) {
	if cap(s.b) > keepScratch || cap(s.vec) > keepScratch/64 {
		return
	}
	clear(s.vec[:cap(s.vec)])
	s.bufs = nil
	c.scratch.Put(s)
}

// send writes the request, or its head and starts the helper that writes the rest.
func (c *conn) send(ep *Endpoint, req *Request) error {
	s := c.client.scratch.Get().(*scratch)
	s.b = req.appendHead(s.b[:0], ep)
	if req.Stream == nil && req.length() > helperAbove {
		c.startSender(req, s)
		return nil
	}
	defer c.client.putScratch(s)
	if req.Stream == nil {
		return c.writeSegments(s, req.Body)
	}
	if err := c.write(s.b); err != nil {
		return err
	}
	if req.Length != 0 {
		c.startSender(req, nil)
	}
	return nil
}

// mayHaveAnswer tells whether a failed write leaves hope for an answer: the
// peer may have answered before it stopped reading.
func (c *conn) mayHaveAnswer(err error) bool {
	return c.sent.v.Load() && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET))
}

// question writes the whole of a small request and waits for the answer. An
// error of reading is left for who reads.
func (c *conn) question(p []byte) error {
	if c.reading.rc == nil || c.sender != nil {
		return c.write(p)
	}
	if c.rd.arm(c.began, c.readTimeout) {
		if err := c.raw.SetReadDeadline(c.rd.at); err != nil {
			return err
		}
	}
	asked, askErr, n, err := c.reading.question(p)
	if asked > 0 {
		c.sent.set()
	}
	switch {
	case askErr != nil:
		return askErr
	case asked < len(p) && err == nil:
		return c.write(p[asked:])
	}
	c.answered, c.firstByte = n > 0, time.Now()
	_ = c.took(n, err)
	return nil
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

// writeSegments writes s.b and the segments with as few writes as possible.
func (c *conn) writeSegments(s *scratch, segs [][]byte) error {
	n := len(s.b)
	for _, seg := range segs {
		n += len(seg)
	}
	switch {
	case n <= copyBelow:
		for _, seg := range segs {
			s.b = append(s.b, seg...)
		}
		return c.question(s.b)
	case c.vectored:
		return c.writeVector(s, segs)
	default:
		return c.writeGathered(s, segs)
	}
}

// writeVector writes by writev, in pieces when writes have a timeout.
func (c *conn) writeVector(s *scratch, segs [][]byte) error {
	room := math.MaxInt
	if c.writeTimeout > 0 {
		room = pieceSize
	}
	s.vec = append(s.vec[:0], s.b)
	left := room - len(s.b)
	for _, seg := range segs {
		for len(seg) > left {
			s.vec = append(s.vec, seg[:max(left, 0)])
			seg = seg[max(left, 0):]
			if err := c.writev(s); err != nil {
				return err
			}
			left = room
		}
		s.vec = append(s.vec, seg)
		left -= len(seg)
	}
	return c.writev(s)
}

// writev writes s.vec and empties it.
func (c *conn) writev(s *scratch) error {
	if err := c.armWrite(); err != nil {
		return err
	}
	s.bufs = s.vec
	n, err := s.bufs.WriteTo(c.nc)
	s.vec = s.vec[:0]
	if n > 0 {
		c.sent.set()
	}
	return err
}

// writeGathered gathers small segments into writes of one record.
func (c *conn) writeGathered(s *scratch, segs [][]byte) error {
	for _, seg := range segs {
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
