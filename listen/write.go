package listen

import (
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/h1"
)

// sink is the sending side of one exchange.
type sink interface {
	// begin takes the head. It leaves with the first bytes of the body, or
	// with flush or end.
	begin(r *flow.Reply)
	// write sends bytes of the body, which flush says are not to wait for
	// more. An answer that has no body drops them.
	write(p []byte, flush bool) (int, error)
	// flush sends the head.
	flush() error
	// end completes the answer.
	end(trailer flow.Header) error
	// drop takes back a head that has not left.
	drop()
	// takeover hands over the connection, with what has been read of it.
	takeover() (net.Conn, []byte, error)
}

// writer sends one reply.
type writer struct {
	sink sink
	ex   *flow.Exchange
	// gateway turns an answer that broke before its first byte into another.
	gateway Gateway
	// abort tells that the connection must be cut, taken that it belongs to
	// somebody else now.
	abort, taken bool
}

// An answer whose body is not as long as was announced.
var (
	errShort = errors.New("answer ended before its announced length")
	errLong  = errors.New("answer is longer than announced")
)

// errInterim is an answer that claims to be an interim one.
var errInterim = &fault.Error{
	Kind: fault.Internal, Shape: fault.Exit, Message: "An unexpected error occurred",
	Cause: errors.New("an answer cannot have a status below 200"),
}

func (w *writer) write(r *flow.Reply) {
	out := &w.ex.Outcome
	out.Status = r.Status
	if r.Upgrade != nil {
		w.upgrade(r)
		return
	}
	if r.Status < http.StatusOK {
		w.broken(r, true, errInterim)
		return
	}
	out.Sent = headSize(r)
	w.sink.begin(r)
	defer func() { _ = r.Close() }()
	if r.Stream == nil {
		w.end(nil)
		return
	}
	w.body(r)
}

// headSize is about how many bytes the head has.
func headSize(r *flow.Reply) int64 {
	size := len("HTTP/1.1 200 OK\r\n\r\n")
	for _, f := range r.Header {
		size += len(f.Name) + len(f.Value) + 4
	}
	return int64(size)
}

// body passes frames on, one write for each; the head leaves with the first.
func (w *writer) body(r *flow.Reply) {
	out := &w.ex.Outcome
	first := true
	if r.Length < 0 && w.stillSending() {
		// The caller may wait for the head before it goes on.
		if w.failed(w.sink.flush()) {
			return
		}
		first = false
	}
	for {
		f, err := r.Stream.Next()
		if errors.Is(err, io.EOF) {
			w.ended(r, first)
			return
		}
		if err != nil {
			w.broken(r, first, err)
			return
		}
		if len(f.Data) == 0 {
			continue
		}
		if r.Length >= 0 && out.Body+int64(len(f.Data)) > r.Length {
			w.broken(r, first, errLong)
			return
		}
		first = false
		n, err := w.sink.write(f.Data, r.Length < 0 || out.Body+int64(len(f.Data)) < r.Length)
		out.Body += int64(n)
		if w.failed(err) {
			return
		}
	}
}

// failed notes that the caller cannot be written to.
func (w *writer) failed(err error) bool {
	if err != nil {
		w.ex.Outcome.Err, w.ex.Outcome.CallerGone, w.abort = err, true, true
	}
	return err != nil
}

// stillSending tells that the request's body has not been read to its end, or
// that the call is gRPC, where head and body have lives of their own.
func (w *writer) stillSending() bool {
	return w.ex.Body.Sending() || (w.ex.In.Major == 2 && w.ex.In.GRPC())
}

func (w *writer) ended(r *flow.Reply, first bool) {
	out := &w.ex.Outcome
	if r.Length >= 0 && out.Body < r.Length && w.ex.In.Method != http.MethodHead && h1.BodyAllowed(r.Status) {
		w.broken(r, first, errShort)
		return
	}
	var trailer flow.Header
	if r.Trailer != nil {
		trailer = r.Trailer()
	}
	w.end(trailer)
}

func (w *writer) end(trailer flow.Header) { w.failed(w.sink.end(trailer)) }

// broken ends an answer that cannot be completed. While nothing has been sent
// it becomes a proper error; afterwards the connection is cut, since the
// caller must not take half an answer for a whole one.
func (w *writer) broken(r *flow.Reply, first bool, err error) {
	out := &w.ex.Outcome
	out.Err = err
	_ = r.Close()
	if w.ex.Ctx.Err() != nil {
		out.CallerGone = true
	}
	if first && !out.CallerGone {
		w.sink.drop()
		w.write(w.gateway.Recover(w.ex, err))
		return
	}
	if !out.CallerGone {
		_ = w.sink.flush()
	}
	w.abort = true
}
