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
	recovered    bool // the answer is in place of one that broke
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

// send writes the reply, and cuts the connection where not even that can be
// done in order.
func (w *writer) send(r *flow.Reply) {
	if err := w.guarded(r); err != nil {
		w.ex.Outcome.Err, w.abort = err, true
		complain(w.ex, err)
	}
}

func (w *writer) guarded(r *flow.Reply) (err error) {
	defer fault.Recover(&err)
	w.write(r)
	return nil
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
	defer w.close(r)
	if r.Stream == nil {
		w.end(nil)
		return
	}
	if first, err := w.body(r); err != nil {
		w.broken(r, first, err)
	}
}

func (w *writer) close(r *flow.Reply) {
	if err := closing(r); err != nil {
		complain(w.ex, err)
	}
}

// closing tells only of a panic: what else goes wrong at the end of a stream
// matters to nobody.
func closing(r *flow.Reply) (err error) {
	defer fault.Recover(&err)
	_ = r.Close()
	return nil
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
// An error is that of the stream, first tells that nothing of it has been sent.
func (w *writer) body(r *flow.Reply) (first bool, err error) {
	defer fault.Recover(&err)
	out := &w.ex.Outcome
	first = true
	if r.Length < 0 && w.stillSending() {
		// The caller may wait for the head before it goes on.
		if w.failed(w.sink.flush()) {
			return false, nil
		}
		first = false
	}
	for {
		f, err := r.Stream.Next()
		if errors.Is(err, io.EOF) {
			return first, w.ended(r)
		}
		if err != nil {
			return first, err
		}
		if len(f.Data) == 0 {
			continue
		}
		if r.Length >= 0 && out.Body+int64(len(f.Data)) > r.Length {
			return first, errLong
		}
		first = false
		n, err := w.sink.write(f.Data, r.Length < 0 || out.Body+int64(len(f.Data)) < r.Length)
		out.Body += int64(n)
		if w.failed(err) {
			return false, nil
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

func (w *writer) ended(r *flow.Reply) error {
	if r.Length >= 0 && w.ex.Outcome.Body < r.Length && w.ex.In.Method != http.MethodHead && h1.BodyAllowed(r.Status) {
		return errShort
	}
	var trailer flow.Header
	if r.Trailer != nil {
		trailer = r.Trailer()
	}
	w.end(trailer)
	return nil
}

func (w *writer) end(trailer flow.Header) { w.failed(w.sink.end(trailer)) }

// broken ends an answer that cannot be completed. While nothing has been sent
// it becomes a proper error; afterwards the connection is cut, since the
// caller must not take half an answer for a whole one.
func (w *writer) broken(r *flow.Reply, first bool, err error) {
	out := &w.ex.Outcome
	out.Err = err
	w.close(r)
	if w.ex.Ctx.Err() != nil {
		out.CallerGone = true
	}
	if first && !out.CallerGone {
		w.sink.drop()
		w.write(w.recover(err))
		return
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Internal {
		complain(w.ex, err)
	}
	if !out.CallerGone {
		_ = w.sink.flush()
	}
	w.abort = true
}

// recover makes the answer that takes the place of one that broke: the
// gateway's, or, if that breaks too, one that nobody else has a part in.
func (w *writer) recover(err error) *flow.Reply {
	if !w.recovered {
		w.recovered = true
		r, failed := w.again(err)
		if failed == nil {
			return r
		}
		err = failed
	}
	complain(w.ex, err)
	w.ex.Outcome.Err = err
	r := w.ex.NewReply(http.StatusInternalServerError)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.SetBody([]byte(`{"message":"An unexpected error occurred"}`))
	return r
}

func (w *writer) again(cause error) (r *flow.Reply, err error) {
	defer fault.Recover(&err)
	return w.gateway.Recover(w.ex, cause), nil
}
