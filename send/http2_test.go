package send

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
)

// rpc is a gRPC call on its way.
func rpc(scheme, body string, fields ...string) *flow.Exchange {
	ex := asking("POST", body, append([]string{"content-type: application/grpc", "TE: trailers"}, fields...)...)
	ex.In.Major, ex.In.Proto = 2, "HTTP/2.0"
	ex.Out.Scheme, ex.Out.Path, ex.Out.Query, ex.Out.HasQuery = scheme, "/pkg.Service/Method", "", false
	return ex
}

// TestHTTP2 goes to real servers, in cleartext and in TLS.
func TestHTTP2(t *testing.T) {
	for kind, scheme := range map[string]string{"h2c": "grpc", "h2": "grpcs"} {
		seen := make(chan *http.Request, 1)
		addr := serving(t, kind, func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Trailer", "Grpc-Status")
			_, _ = w.Write(append([]byte("echo "), b...))
			w.Header().Set("Grpc-Status", "0")
			w.Header().Set(http.TrailerPrefix+"Grpc-Message", "fine")
			seen <- r
		})
		ex := rpc(scheme, "question", "grpc-timeout: 5S", "Connection: X-Hop", "X-Hop: 1")
		reply, err := sender(t).Send(ex, reaching(&peers{addrs: []string{addr}}))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if got := content(t, reply); got != "echo question" {
			t.Errorf("%s: body %q", kind, got)
		}
		trailer := reply.Trailer()
		if trailer.Get("grpc-status") != "0" || trailer.Get("grpc-message") != "fine" {
			t.Errorf("%s: trailers %v", kind, trailer)
		}
		if err := reply.Close(); err != nil {
			t.Errorf("%s: close: %v", kind, err)
		}
		r := <-seen
		if r.ProtoMajor != 2 || r.URL.Path != "/pkg.Service/Method" || r.Host != addr || r.Header.Get("Te") != "trailers" ||
			r.Header.Get("Grpc-Timeout") != "5S" || r.Header.Get("Via") != "2 sluice/test" || r.Header.Get("X-Hop") != "" {
			t.Errorf("%s: asked %s %s at %s: %v", kind, r.Proto, r.URL, r.Host, r.Header)
		}
		if ua := r.Header.Get("User-Agent"); ua != "" {
			t.Errorf("%s: the User-Agent %q is nobody's", kind, ua)
		}
		if a := ex.Attempts; len(a) != 1 || a[0].Status != 200 {
			t.Errorf("%s: attempts %+v", kind, a)
		}
	}
}

// TestHTTP2Streams: both directions are open at once.
func TestHTTP2Streams(t *testing.T) {
	addr := serving(t, "h2c", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		flusher := http.NewResponseController(w)
		_ = flusher.Flush()
		buf := make([]byte, 100)
		for {
			n, err := r.Body.Read(buf)
			if n > 0 {
				_, _ = w.Write(buf[:n])
				_ = flusher.Flush()
			}
			if err != nil {
				return
			}
		}
	})
	pr, pw := io.Pipe()
	ex := rpc("grpc", "")
	ex.Body.Open(source{pr}, -1)
	reply, err := sender(t).Send(ex, reaching(&peers{addrs: []string{addr}}))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"one", "two"} {
		if _, err := io.WriteString(pw, word); err != nil {
			t.Fatal(err)
		}
		f, err := reply.Stream.Next()
		if err != nil || string(f.Data) != word {
			t.Fatalf("got %q, %v", f.Data, err)
		}
	}
	_ = pw.Close()
	if got := content(t, reply); got != "" {
		t.Errorf("then %q", got)
	}
}

// TestHTTP2Closed: who drops an answer ends the call.
func TestHTTP2Closed(t *testing.T) {
	gone := make(chan struct{})
	addr := serving(t, "h2c", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("x"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	})
	reply, err := sender(t).Send(rpc("grpc", "q"), reaching(&peers{addrs: []string{addr}}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reply.Stream.Next(); err != nil {
		t.Fatal(err)
	}
	s := reply.Stream
	if err := reply.Close(); err != nil {
		t.Error(err)
	}
	<-gone
	if _, err := s.Next(); err == nil {
		t.Error("it goes on after it was closed")
	}
}

// TestHTTP2Failures: statuses and attempts.
func TestHTTP2Failures(t *testing.T) {
	const refusing = "127.0.0.1:1"
	old, _ := behave(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1<<10))
		_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	})
	for _, tt := range []struct {
		name, scheme, addr string
		attempts           int
	}{{"refused", "grpc", refusing, 3}, {"no HTTP/2", "grpc", old, 1}, {"no TLS", "grpcs", old, 0}} {
		ex := rpc(tt.scheme, "q")
		_, err := sender(t).Send(ex, reaching(&peers{addrs: []string{tt.addr}}))
		if f := fault.As(err); f.Status() != 502 || tt.attempts > 0 && len(ex.Attempts) != tt.attempts {
			t.Errorf("%s: %v after %d attempts", tt.name, err, len(ex.Attempts))
		}
	}
}

// TestTrailersOverHTTP1 reach only callers who asked for them.
func TestTrailersOverHTTP1(t *testing.T) {
	addr := serving(t, "h1", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		_, _ = w.Write([]byte(strings.Repeat("x", 5000)))
		w.Header().Set("X-Sum", "7")
	})
	for _, te := range []string{"trailers", "gzip"} {
		reply, err := sender(t).Send(asking("GET", "", "TE: "+te), reaching(&peers{addrs: []string{addr}}))
		if err != nil {
			t.Fatal(err)
		}
		if got := content(t, reply); len(got) != 5000 {
			t.Errorf("%d bytes", len(got))
		}
		if te == "gzip" {
			if reply.Trailer != nil || reply.Header.Has("Trailer") {
				t.Errorf("trailers for who did not ask: %v", reply.Header)
			}
			continue
		}
		if got := reply.Trailer().Get("X-Sum"); got != "7" {
			t.Errorf("trailer %q", got)
		}
	}
}
