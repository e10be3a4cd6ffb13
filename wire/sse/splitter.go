// Package sse frames server-sent events: it cuts a byte stream into whole
// events as they arrive, walks over the events of a frame, and writes new ones.
//
// It must not know what an event means: names, sentinels such as [DONE] and the
// JSON in the data belong to the wire formats above.
package sse

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// DefaultLimit bounds an event when Splitter.Limit is zero.
const DefaultLimit = 16 << 20

// keep is how large a buffer may be that waits for the next event. One large
// event must not hold its memory for the rest of an hour-long stream.
const keep = 64 << 10

// ErrTooLong says that a stream has an event (or a line that never ends) beyond
// the limit.
var ErrTooLong = errors.New("sse: event beyond the size limit")

// Splitter takes a stream as it is read and gives back frames: runs of whole
// events, byte for byte as they came. The zero value is ready to use. It is
// owned by one goroutine.
type Splitter struct {
	// Limit is how many bytes of an unfinished event are kept; 0 means
	// DefaultLimit. An event that one read brings whole is never refused.
	Limit int

	buf    []byte // begins with what was handed on, then the unfinished event
	handed int
	last   byte // last byte handed on, 0 at the start of the stream
	failed bool
}

// Push takes what one read brought and returns the whole events that are now
// complete, perhaps none. The frame is a part of chunk if nothing was pending,
// else of the splitter's memory; it holds until the next call. The rest is
// copied, so chunk may be used again.
//
// After ErrTooLong the stream is over: what came before the oversized event is
// returned with the error, and everything later is refused.
func (s *Splitter) Push(chunk []byte) ([]byte, error) {
	if s.failed {
		return nil, ErrTooLong
	}
	s.compact()
	if len(s.buf) == 0 {
		return s.direct(chunk)
	}
	return s.joined(chunk)
}

// Flush ends the stream and returns what is pending: an event whose blank line
// never came, which must still be delivered. The splitter is then as new.
func (s *Splitter) Flush() []byte {
	s.compact()
	pending := s.buf
	*s = Splitter{Limit: s.Limit}
	return pending
}

// Pending returns how many bytes of an unfinished event are kept.
func (s *Splitter) Pending() int { return len(s.buf) - s.handed }

// compact lets go of the frame handed on by the last Push.
func (s *Splitter) compact() {
	if s.handed == 0 {
		return
	}
	rest := s.buf[s.handed:]
	s.handed = 0
	if cap(s.buf) > keep && len(rest) <= keep {
		s.buf = append([]byte(nil), rest...)
		return
	}
	s.buf = s.buf[:copy(s.buf, rest)]
}

// direct handles a chunk with nothing pending before it.
func (s *Splitter) direct(chunk []byte) ([]byte, error) {
	end := comments(chunk, lastEnd(chunk, 0, s.last))
	if end > 0 {
		s.last = chunk[end-1]
	}
	rest := chunk[end:]
	if len(rest) > s.limit() {
		return chunk[:end:end], s.fail()
	}
	s.hold(rest)
	return chunk[:end:end], nil
}

// joined handles a chunk that goes on with an unfinished event.
func (s *Splitter) joined(chunk []byte) ([]byte, error) {
	// A carriage return at the end of what was pending may have waited for its
	// line feed, so the search begins with it.
	from := len(s.buf) - 1
	s.hold(chunk)
	frame := s.hand(lastEnd(s.buf, from, s.last))
	if s.Pending() > s.limit() {
		return frame, s.fail()
	}
	return frame, nil
}

// hand gives out the first end bytes of the buffer.
func (s *Splitter) hand(end int) []byte {
	if end > 0 {
		s.last = s.buf[end-1]
	}
	s.handed = end
	return s.buf[:end:end]
}

func (s *Splitter) fail() error {
	*s = Splitter{Limit: s.Limit, failed: true}
	return ErrTooLong
}

func (s *Splitter) limit() int {
	if s.Limit > 0 {
		return s.Limit
	}
	return DefaultLimit
}

// hold appends to what is pending. Its room doubles, so that an event that comes
// in many pieces is not copied more often than it is long; append alone grows
// large slices by a quarter.
func (s *Splitter) hold(b []byte) {
	if need := len(s.buf) + len(b); need > cap(s.buf) {
		s.buf = slices.Grow(s.buf, max(len(b), cap(s.buf)))
	}
	s.buf = append(s.buf, b...)
}

// lastEnd returns the end of the last whole event in b whose blank line begins
// at or after from, 0 if there is none. before is the byte that stood before b.
//
// A blank line is a line end directly after another, so two bytes tell: both of
// CR and LF, and not the pair CR LF, which is one line end. Its own line end is
// one byte longer if it is such a pair.
func lastEnd(b []byte, from int, before byte) int {
	for i := lastBreak(b, from, len(b)); i >= from && i >= 0; i = lastBreak(b, from, i) {
		prev := before
		if i > 0 {
			prev = b[i-1]
		}
		if !isBreak(prev) || prev == '\r' && b[i] == '\n' {
			continue
		}
		if b[i] == '\n' {
			return i + 1
		}
		if i+1 < len(b) {
			if b[i+1] == '\n' {
				return i + 2
			}
			return i + 1
		}
		// The line feed of a CR LF may still be on its way. It is waited for
		// where the stream has written CR LF just before, not where it would
		// keep back every event of a stream that ends lines with CR alone.
		if prev == '\n' && i > 1 && b[i-2] == '\r' {
			continue
		}
		return i + 1
	}
	return 0
}

func isBreak(c byte) bool { return c == '\n' || c == '\r' }

// lastBreak returns the place of the last CR or LF in b[:i], or -1 when there is
// none from from on: what an earlier read brought is not looked through again.
func lastBreak(b []byte, from, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	stop := max(from, 0)
	for i > stop {
		if c := b[i-1]; isBreak(c) {
			return i - 1
		}
		i--
		// Long data lines are passed over by words without a byte below 14.
		for i >= stop+8 {
			w := binary.LittleEndian.Uint64(b[i-8:])
			if (w-ones*14)&^w&highs != 0 {
				break
			}
			i -= 8
		}
	}
	return -1
}

// comments extends a frame that ends at end, between two events, by the whole
// comment lines that follow: some services keep a connection alive with lone
// comment lines, which would otherwise wait here for the next event.
func comments(b []byte, end int) int {
	for end < len(b) && b[end] == ':' {
		n := bytes.IndexAny(b[end:], "\r\n")
		if n < 0 || end+n+1 == len(b) && b[end+n] == '\r' {
			return end
		}
		end += n + 1
		if b[end-1] == '\r' && b[end] == '\n' {
			end++
		}
	}
	return end
}
