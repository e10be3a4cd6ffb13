package translate

import (
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
	times int
	body  []byte
	err   error
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

// ServeHTTP plays the answer of the replay in the path, or in the query. A
// replay is served by one goroutine at a time: its caller waits for it.
func (u *upstream) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	id := strings.TrimPrefix(req.URL.Path, "/")
	if named := req.URL.Query().Get("replay"); named != "" {
		id = named
	}
	r := u.replays[id]
	if r == nil {
		http.Error(w, "no such replay: "+req.URL.String(), http.StatusTeapot)
		return
	}
	got := received{times: 1}
	got.body, got.err = io.ReadAll(req.Body)
	r.mu.Lock()
	got.times += r.got.times
	r.got = got
	r.mu.Unlock()
	r.play(w)
}

func (r *replay) play(w http.ResponseWriter) {
	h := w.Header()
	for name, value := range r.x.Response.Headers {
		h.Set(name, value)
	}
	h["Content-Type"] = nil // a recording without one stays without
	if contentType := r.x.contentType(); contentType != "" {
		h.Set("Content-Type", contentType)
	}
	w.WriteHeader(r.x.Response.Status)
	rc := http.NewResponseController(w)
	for _, piece := range r.cut.pieces(r.x) {
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
