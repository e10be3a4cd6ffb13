package listen

import (
	"errors"
	"io"
	"net/http"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
)

// writer sends one reply.
type writer struct {
	w  http.ResponseWriter
	r  *http.Request
	ex *flow.Exchange
	// gateway turns an answer that broke before its first byte into another.
	gateway Gateway
	// abort tells that the connection must be cut.
	abort bool
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
	if w.ex.In.Major == 1 && w.ex.Body.Sending() {
		// The answer may begin while the caller is still sending.
		_ = http.NewResponseController(w.w).EnableFullDuplex()
	}
	out.Sent = int64(w.head(r))
	if r.Stream == nil {
		w.w.WriteHeader(r.Status)
		return
	}
	defer func() { _ = r.Close() }()
	w.body(r)
	out.Sent += out.Body
}

// head writes the fields and returns about how many bytes the head has. The
// spelling of names is kept, but for those that net/http looks for.
func (w *writer) head(r *flow.Reply) int {
	h := w.w.Header()
	size := len("HTTP/1.1 200 OK\r\n\r\n")
	values := make([]string, len(r.Header)+1)
	for i, f := range r.Header {
		size += len(f.Name) + len(f.Value) + 4
		name := spelling(f.Name)
		if old, ok := h[name]; ok {
			h[name] = append(old, f.Value)
			continue
		}
		values[i] = f.Value
		h[name] = values[i : i+1 : i+1]
	}
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // no guessing
	}
	if r.Length >= 0 && bodyAllowed(r.Status) {
		last := len(values) - 1
		values[last] = r.LengthText()
		h["Content-Length"] = values[last:]
	}
	return size
}

func bodyAllowed(status int) bool { return status >= 200 && status != 204 && status != 304 }

var serverNames = [...]string{"Content-Type", "Content-Length", "Content-Encoding", "Connection", "Date", "Trailer", "Transfer-Encoding", "Etag"}

// spelling returns the canonical name where net/http depends on it.
func spelling(name string) string {
	for _, s := range serverNames {
		if header.Equal(name, s) {
			return s
		}
	}
	return name
}

// body passes frames on, one write and one flush for each; the head leaves
// with the first.
func (w *writer) body(r *flow.Reply) {
	out := &w.ex.Outcome
	flusher, _ := w.w.(http.Flusher)
	first := true
	if r.Length < 0 && w.stillSending() {
		// The caller may wait for the head before it goes on.
		w.w.WriteHeader(r.Status)
		flusher.Flush()
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
		if first {
			w.w.WriteHeader(r.Status)
			first = false
		}
		n, err := w.w.Write(f.Data)
		out.Body += int64(n)
		if errors.Is(err, http.ErrContentLength) {
			w.broken(r, first, errLong)
			return
		}
		if err != nil && !errors.Is(err, http.ErrBodyNotAllowed) {
			out.Err, out.CallerGone = err, true
			return
		}
		if r.Length < 0 || out.Body < r.Length {
			flusher.Flush()
		}
	}
}

// stillSending tells that the request's body has not been read to its end, or
// that the call is gRPC, where head and body have lives of their own.
func (w *writer) stillSending() bool {
	return w.ex.Body.Sending() || (w.ex.In.Major == 2 && w.ex.In.GRPC())
}

func (w *writer) ended(r *flow.Reply, first bool) {
	out := &w.ex.Outcome
	if r.Length >= 0 && out.Body < r.Length && w.r.Method != http.MethodHead && bodyAllowed(r.Status) {
		w.broken(r, first, errShort)
		return
	}
	if first {
		w.w.WriteHeader(r.Status)
	}
	if r.Trailer != nil {
		h := w.w.Header()
		for _, f := range r.Trailer() {
			h.Add(http.TrailerPrefix+f.Name, f.Value)
		}
	}
}

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
		clear(w.w.Header())
		w.write(w.gateway.Recover(w.ex, err))
		return
	}
	if !out.CallerGone {
		_ = http.NewResponseController(w.w).Flush()
	}
	w.abort = true
}
