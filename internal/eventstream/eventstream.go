// Package eventstream frames AWS event streams: it cuts a byte stream into
// messages as they arrive, checks their sums, reads their headers, and writes
// new ones.
//
// It must not know what a payload means: the events of an API and the JSON in
// them belong to the wire formats above.
//
// The framing is that of
// https://smithy.io/2.0/aws/amazon-eventstream.html: a prelude of 12 bytes (total
// length, length of the headers, CRC-32 of the two), headers, payload, and the
// CRC-32 of everything before it; all numbers are big-endian.
package eventstream

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
)

// ContentType is the media type of a stream.
const ContentType = "application/vnd.amazon.eventstream"

// DefaultLimit bounds a message when Splitter.Limit is zero.
const DefaultLimit = 16 << 20

const (
	prelude = 12
	sum     = 4
	// overhead is what a message takes without headers and payload.
	overhead = prelude + sum
	// maxHeaders is how long the headers of a message may be, by its definition.
	maxHeaders = 128 << 10
	// keep is how large a buffer may be that waits for the next message.
	keep = 64 << 10
)

// What is wrong with a stream. None of them can be recovered from: where the
// next message begins is unknown.
var (
	ErrPrelude  = errors.New("eventstream: checksum of the prelude does not match")
	ErrChecksum = errors.New("eventstream: checksum of the message does not match")
	ErrLength   = errors.New("eventstream: lengths contradict each other")
	ErrTooLong  = errors.New("eventstream: message beyond the size limit")
	ErrHeader   = errors.New("eventstream: malformed header")
)

// Message is one message. Its slices hold until the next Push.
type Message struct {
	// Raw is the message as it came, prelude and sums included.
	Raw []byte
	// Headers are what NewHeaders walks over.
	Headers []byte
	Payload []byte
	// Name is the type of the message: of an event :event-type, of an exception
	// :exception-type, of an error :error-code.
	Name string
}

// Header is the value of the first header of a name.
func (m Message) Header(name string) (Value, bool) {
	h := NewHeaders(m.Headers)
	for h.Next() {
		if string(h.name) == name {
			return h.value, true
		}
	}
	return Value{}, false
}

// Splitter takes a stream as it is read and gives back its messages. The zero
// value is ready to use. It is owned by one goroutine.
type Splitter struct {
	// Limit is how long a message may be; 0 means DefaultLimit.
	Limit int

	buf    []byte // begins with what was handed on, then the unfinished message
	handed int
	err    error
	names  map[string]string
}

// Push takes what one read brought and appends the messages that are now
// complete. They are parts of chunk if nothing was pending, else of the
// splitter's memory; the rest of chunk is copied.
//
// After an error the stream is over: what came before the broken message is
// returned with the error, and everything later is refused with it.
func (s *Splitter) Push(dst []Message, chunk []byte) ([]Message, error) {
	if s.err != nil {
		return dst, s.err
	}
	s.compact()
	if len(s.buf) == 0 {
		dst, n := s.split(dst, chunk)
		s.hold(chunk[n:])
		return dst, s.err
	}
	s.hold(chunk)
	dst, s.handed = s.split(dst, s.buf)
	return dst, s.err
}

// Pending returns how many bytes are kept that are no whole message: the
// beginning of one, or what a broken one begins. A stream that ends while there
// are any was cut short.
func (s *Splitter) Pending() int { return len(s.buf) - s.handed }

// split appends the messages that b begins with, and returns their length.
func (s *Splitter) split(dst []Message, b []byte) ([]Message, int) {
	done := 0
	for {
		m, n, err := read(b[done:], s.limit())
		if err != nil {
			s.err = err
		}
		if n == 0 {
			return dst, done
		}
		m.Name = s.name(m)
		dst, done = append(dst, m), done+n
	}
}

// maxNames bounds the names that are remembered: an API has a dozen.
const maxNames = 32

// name remembers the names of a stream, so that they are not made anew for each
// message.
func (s *Splitter) name(m Message) string {
	header := ":event-type"
	switch kind, _ := m.Header(":message-type"); string(kind.Bytes) {
	case "exception":
		header = ":exception-type"
	case "error":
		header = ":error-code"
	}
	v, _ := m.Header(header)
	if name, known := s.names[string(v.Bytes)]; known {
		return name
	}
	name := string(v.Bytes)
	if s.names == nil {
		s.names = make(map[string]string)
	}
	if len(s.names) < maxNames && len(name) <= 64 {
		s.names[name] = name
	}
	return name
}

// compact lets go of the messages handed on by the last Push.
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

// hold appends to what is pending. Its room doubles, so that a message in many
// pieces is not copied more often than it is long.
func (s *Splitter) hold(b []byte) {
	if len(s.buf)+len(b) > cap(s.buf) {
		s.buf = slices.Grow(s.buf, max(len(b), cap(s.buf)))
	}
	s.buf = append(s.buf, b...)
}

func (s *Splitter) limit() int {
	if s.Limit > 0 {
		return s.Limit
	}
	return DefaultLimit
}

// read takes the first message of b; n is 0 if it is not complete, or broken.
func read(b []byte, limit int) (m Message, n int, err error) {
	if len(b) < prelude {
		return Message{}, 0, nil
	}
	total, headers := int(binary.BigEndian.Uint32(b)), int(binary.BigEndian.Uint32(b[4:]))
	switch {
	case crc32.ChecksumIEEE(b[:8]) != binary.BigEndian.Uint32(b[8:]):
		return Message{}, 0, ErrPrelude
	case total < overhead || headers > total-overhead:
		return Message{}, 0, ErrLength
	case total > limit || headers > maxHeaders:
		return Message{}, 0, ErrTooLong
	case len(b) < total:
		return Message{}, 0, nil
	}
	raw := b[:total:total]
	if crc32.ChecksumIEEE(raw[:total-sum]) != binary.BigEndian.Uint32(raw[total-sum:]) {
		return Message{}, 0, ErrChecksum
	}
	m = Message{
		Raw:     raw,
		Headers: raw[prelude : prelude+headers : prelude+headers],
		Payload: raw[prelude+headers : total-sum : total-sum],
	}
	if h := NewHeaders(m.Headers); h.check() != nil {
		return Message{}, 0, ErrHeader
	}
	return m, total, nil
}

// Append appends a message. It refuses headers that cannot be written, and then
// leaves dst as it was.
func Append(dst []byte, headers []Header, payload []byte) ([]byte, error) {
	start := len(dst)
	out := append(dst, make([]byte, prelude)...)
	for i := range headers {
		var err error
		if out, err = headers[i].append(out); err != nil {
			return dst, err
		}
	}
	names := len(out) - start - prelude
	total := overhead + names + len(payload)
	if names > maxHeaders || uint64(total) > 1<<32-1 {
		return dst, ErrTooLong
	}
	out = append(out, payload...)
	binary.BigEndian.PutUint32(out[start:], uint32(total))
	binary.BigEndian.PutUint32(out[start+4:], uint32(names))
	binary.BigEndian.PutUint32(out[start+8:], crc32.ChecksumIEEE(out[start:start+8]))
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:])), nil
}
