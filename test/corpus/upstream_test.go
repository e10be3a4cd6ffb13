package corpus

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// upstream plays the recorded answers and notes what it received.
type upstream struct {
	port    int
	replays map[string]*replay
}

// received is a request as the upstream got it.
type received struct {
	times  int
	method string
	header http.Header
	body   []byte
	err    error
}

func startUpstream(t *testing.T, replays []*replay) *upstream {
	t.Helper()
	u := &upstream{replays: map[string]*replay{}}
	for _, r := range replays {
		u.replays[r.id] = r
	}
	srv := httptest.NewServer(u)
	t.Cleanup(srv.Close)
	u.port = srv.Listener.Addr().(*net.TCPAddr).Port
	return u
}

// ServeHTTP plays the answer of the replay in the path. A replay is served by
// one goroutine at a time: its caller waits for it.
func (u *upstream) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r := u.replays[strings.TrimPrefix(req.URL.Path, "/")]
	if r == nil {
		http.Error(w, "no such replay: "+req.URL.Path, http.StatusTeapot)
		return
	}
	got := received{times: 1, method: req.Method, header: req.Header}
	got.body, got.err = io.ReadAll(req.Body)
	r.mu.Lock()
	got.times += r.got.times
	r.got = got
	r.mu.Unlock()
	r.play(w)
}

func (r *replay) play(w http.ResponseWriter) {
	h := w.Header()
	h["Content-Type"] = nil // a recording without one stays without
	for name, value := range r.x.Response.Headers {
		h.Set(name, value)
	}
	w.WriteHeader(r.x.Response.Status)
	rc := http.NewResponseController(w)
	for _, piece := range r.cut.pieces(r.x.answer) {
		if _, err := w.Write(piece); err != nil {
			return
		}
		if r.x.Streaming {
			if err := rc.Flush(); err != nil {
				return
			}
		}
	}
}

// cut is a way to cut an answer into the pieces that are written at once.
type cut struct {
	name   string
	pieces func(b []byte) [][]byte
}

var (
	whole  = cut{"whole", func(b []byte) [][]byte { return [][]byte{b} }}
	events = cut{"events", func(b []byte) [][]byte {
		var out [][]byte
		for _, e := range splitEvents(b) {
			out = append(out, e.raw)
		}
		return out
	}}
	odd    = cut{"odd", func(b []byte) [][]byte { return sizes(b, 1, 7, 333, 2, 61, 5003) }}
	bytes1 = cut{"bytes", func(b []byte) [][]byte { return sizes(b, 1) }}
)

// sizes cuts b into pieces of the given sizes, again and again.
func sizes(b []byte, all ...int) [][]byte {
	var out [][]byte
	for i := 0; len(b) > 0; i++ {
		n := min(all[i%len(all)], len(b))
		out = append(out, b[:n])
		b = b[n:]
	}
	return out
}

// event is an event of a stream: its bytes with the blank line that ends it,
// and the value of its data lines.
type event struct {
	raw  []byte
	data []byte
}

// splitEvents cuts a stream into events by the rules of the HTML standard.
func splitEvents(b []byte) []event {
	var out []event
	var cur event
	lines := 0
	for len(b) > 0 {
		line, rest := splitLine(b)
		cur.raw = append(cur.raw, b[:len(b)-len(rest)]...)
		b = rest
		switch {
		case len(line) == 0 && lines > 0:
			out = append(out, cur)
			cur, lines = event{}, 0
		case len(line) > 0:
			lines++
			if data, ok := bytes.CutPrefix(line, []byte("data:")); ok {
				cur.data = append(cur.data, bytes.TrimPrefix(data, []byte(" "))...)
			}
		}
	}
	if len(cur.raw) > 0 {
		out = append(out, cur)
	}
	return out
}

// splitLine cuts off the first line; it ends with CR LF, LF or CR.
func splitLine(b []byte) (line, rest []byte) {
	i := bytes.IndexAny(b, "\r\n")
	if i < 0 {
		return b, nil
	}
	if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
		return b[:i], b[i+2:]
	}
	return b[:i], b[i+1:]
}
