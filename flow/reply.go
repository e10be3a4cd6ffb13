package flow

import (
	"errors"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/sluice-gateway/sluice/fault"
)

// Source says who made an answer.
type Source uint8

// The sources.
const (
	FromGateway  Source = iota // router, plugins, errors
	FromUpstream               // the service or model
)

// Reply is an answer on its way back.
type Reply struct {
	Status int
	Header Header
	// Stream is the body; nil means none.
	Stream Stream
	// Length of the body in bytes; -1 when it is not known beforehand.
	Length int64
	// Trailer gives the trailers once Stream has ended; nil means none.
	Trailer func() Header
	// Upgrade is set on a 101: the upstream's connection, taken over.
	Upgrade net.Conn
	// Early holds upgrade bytes that were read with the head.
	Early []byte
	// Source says who made the answer.
	Source Source
	// Attempted is set when the answer came of an attempt upstream, also
	// when that failed: it decides which latency headers are shown.
	Attempted bool
	// Events marks a stream of events: each frame is sent at once.
	Events bool

	whole whole
	// announced is a length in decimal, as the upstream wrote it.
	announced   string
	announcedAs int64
}

// Announce notes the length that the upstream announced, with its text, so
// that the same length need not be written anew.
func (r *Reply) Announce(length int64, text string) {
	r.Length, r.announced, r.announcedAs = length, text, length
}

// LengthText is Length in decimal.
func (r *Reply) LengthText() string {
	if r.announced != "" && r.announcedAs == r.Length {
		return r.announced
	}
	return strconv.FormatInt(r.Length, 10)
}

// SetBody gives the reply a body known as a whole. The bytes are not copied.
func (r *Reply) SetBody(body []byte) {
	r.Length = int64(len(body))
	r.Stream = nil
	if len(body) > 0 {
		r.whole = whole{body: body}
		r.Stream = &r.whole
	}
}

// Close drops the body. It may be called on a reply that is spent.
func (r *Reply) Close() error {
	if r == nil || r.Stream == nil {
		return nil
	}
	s := r.Stream
	r.Stream = nil
	return s.Close()
}

// Frame is what one read of a body brought: of an event stream the whole
// events, of any other body a chunk. Data is valid until the next call of
// Next.
type Frame struct {
	Data []byte
}

// Stream is a body on its way. Next returns frames in order and io.EOF at the
// end; after an error it returns nothing else. Whoever drops a stream before
// its end must Close it, which also ends what feeds it; closing twice is
// allowed. A stream belongs to one goroutine.
type Stream interface {
	Next() (Frame, error)
	Close() error
}

// Whole is a stream of one frame.
func Whole(body []byte) Stream { return &whole{body: body} }

type whole struct {
	body []byte
	done bool
}

func (w *whole) Next() (Frame, error) {
	if w.done {
		return Frame{}, io.EOF
	}
	w.done = true
	return Frame{Data: w.body}, nil
}

func (w *whole) Close() error {
	w.done = true
	return nil
}

// Collect reads a stream to its end. More than limit bytes (0 is no limit)
// give ErrTooLarge. The stream is closed in every case.
func Collect(s Stream, limit int64) ([]byte, error) { return CollectIn(nil, s, limit) }

// CollectIn is Collect with a buffer to begin with, which it overwrites. What it
// returns may be a larger one.
func CollectIn(buf []byte, s Stream, limit int64) ([]byte, error) {
	out := buf[:0]
	for {
		f, err := s.Next()
		if errors.Is(err, io.EOF) {
			return out, s.Close()
		}
		if err != nil {
			_ = s.Close()
			return nil, err
		}
		if limit > 0 && int64(len(out)+len(f.Data)) > limit {
			_ = s.Close()
			return nil, ErrTooLarge
		}
		out = append(out, f.Data...)
	}
}

// Attempt is one try at an upstream.
type Attempt struct {
	Began time.Time
	// Balance is how long choosing the peer took.
	Balance time.Duration
	IP      string
	Port    int
	// Status of the upstream's answer; 0 when none came.
	Status int
	// State is "failed" when the attempt was given up, else "".
	State string
	// Code is what a failed attempt would have been answered with.
	Code int
	// Err is why it failed.
	Err error
	// ContentType of an answer that could not be used, for the log.
	ContentType string
}

// Call takes part in sending an exchange to a model. One instance serves one
// exchange.
type Call interface {
	// Prepare points ex.Out at the target of attempt n (from 0) and writes
	// the request for it, each time from the pristine request.
	Prepare(ex *Exchange, n int) error
	// Receive sees the answer's head before anything of it goes to the
	// caller; it may change the reply and wrap its stream. After an error
	// the reply is dropped.
	Receive(ex *Exchange, r *Reply) error
	// Release ends the call; it runs when the exchange is finished.
	Release()
}

// Settler is a Call that has something to say about an exchange that is over.
type Settler interface {
	// Settle runs once the last byte was sent, before the log phase, whether
	// an answer came or not.
	Settle(ex *Exchange)
}

// Voice is a Call whose caller expects errors in a shape of its own.
type Voice interface {
	// Fault gives the JSON body of an error; nil leaves it to others.
	Fault(f *fault.Error) []byte
}
