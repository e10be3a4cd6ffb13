package h1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// FuzzAnswer: whatever a peer sends, there is a response or an error; it is
// the same in whatever portions it arrives; the read buffer stays bounded (play
// asserts these); and what is accepted, net/http accepts too, with the same
// meaning. Exceptions, where net/http is the stricter or other one:
//   - an announced trailer: net/http allows only announced names it likes, and
//     refuses some names in the Trailer field;
//   - 1xx: ReadResponse returns the first answer, so those are cut off before;
//   - a body of 204, 304 and HEAD: not compared, there is none;
//   - chunk extensions over its own total.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		ok2,
		"HTTP/1.1 100 Continue\r\n\r\n" + ok2,
		"HTTP/1.1 101 S\r\nConnection: upgrade\r\n\r\nrest",
		"HTTP/1.0 200\r\nConnection: keep-alive\r\n\r\nto the end",
		"HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-T: u\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok" + ok2,
		"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
		typicalAnswer,
	} {
		f.Add([]byte(s), false, false)
	}
	c := New(Options{MaxHeaderBytes: 8 << 10, MaxHeaders: 64})
	f.Fuzz(func(t *testing.T, in []byte, head, upgrade bool) {
		method, proto := "GET", ""
		if head {
			method = "HEAD"
		}
		if upgrade {
			proto = "websocket"
		}
		if got := portions(t, c, method, proto, string(in)); got.status != 0 && got.status != 101 {
			compare(t, method, final(in), got)
		}
	})
}

// final cuts off interim answers.
func final(in []byte) []byte {
	for bytes.HasPrefix(in[min(len(in), 7):], []byte("0 1")) || bytes.HasPrefix(in[min(len(in), 7):], []byte("1 1")) {
		i := bytes.Index(in, []byte("\r\n\r\n"))
		if i < 0 {
			break
		}
		in = in[i+4:]
	}
	return in
}

func compare(t *testing.T, method string, in []byte, got outcome) {
	t.Helper()
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(in)), &http.Request{Method: method})
	if err != nil {
		if strings.Contains(err.Error(), "bad trailer key") {
			return
		}
		t.Fatalf("%q: we read %+v, net/http: %v", in, got, err)
	}
	body, err := io.ReadAll(r.Body)
	if r.StatusCode != got.status {
		t.Fatalf("%q: status %d, net/http %d", in, got.status, r.StatusCode)
	}
	if got.failed {
		return
	}
	if err != nil && len(r.Trailer) == 0 && !strings.Contains(err.Error(), "too much overhead") {
		t.Fatalf("%q: we read %+v, net/http's body: %v", in, got, err)
	}
	if err == nil && string(body) != got.body {
		t.Fatalf("%q: body %q, net/http %q", in, got.body, body)
	}
}

// FuzzChunks: the decoder alone, cut at any place, gives the same data as
// fed whole, never more than it was fed, and ends in the same state.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-T: u\r\n\r\n"), uint(8))
	f.Add([]byte("1\r\nab\r\n"), uint(4))
	f.Add([]byte("fffffffffffffff\r\nx"), uint(3))
	f.Fuzz(func(t *testing.T, in []byte, cut uint) {
		decode := func(parts ...[]byte) (chunks, string, int, error) {
			var k chunks
			var out []byte
			total := 0
			for _, p := range parts {
				data, used, err := k.decode(bytes.Clone(p))
				out = append(out, data...)
				if total += used; err != nil || used < len(p) {
					return k, string(out), total, err
				}
			}
			return k, string(out), total, nil
		}
		i := int(cut % uint(len(in)+1))
		k1, out1, used1, err1 := decode(in)
		k2, out2, used2, err2 := decode(in[:i], in[i:])
		if out1 != out2 || used1 != used2 || err1 != err2 || k1 != k2 {
			t.Fatalf("%q cut at %d: %q %d %v, whole %q %d %v", in, i, out2, used2, err2, out1, used1, err1)
		}
		if len(out1) > len(in) || k1.left < 0 || used1 < len(in) && err1 == nil && k1.state != inTrailer {
			t.Fatalf("%q: %d bytes out, state %+v", in, len(out1), k1)
		}
	})
}

// The eight-at-a-time check finds what a look at every byte finds.
func TestIsValue(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			b := []byte("0123456789abcdef\xff\x80~ ")
			b[at] = byte(c)
			if want := (c >= ' ' || c == '\t') && c != 0x7f; isValue(string(b)) != want {
				t.Errorf("byte %#x at %d: not %v", c, at, want)
			}
		}
	}
}

// FuzzRequest: whatever a caller sends, it is read the same in whatever
// portions it arrives, and every request that is taken net/http takes too,
// with the same meaning and the same end. Exceptions, where net/http is the
// other one: what it thinks of the target's escapes, trailers it does not
// like, and chunk extensions over its own total.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"\r\nPOST http://a/b?c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n0\r\nT: u\r\n\r\nGET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		f.Add(s)
	}
	s := NewServer(ServerOptions{MaxHeaderBytes: 8 << 10, MaxHeaders: 64})
	f.Fuzz(func(t *testing.T, in string) {
		whole := hear(t, s, in, 0)
		for _, step := range []int{1, 5} {
			if got := hear(t, s, in, step); !sameRequests(got, whole) {
				t.Fatalf("%q in steps of %d: %+v, whole %+v", in, step, got, whole)
			}
		}
		compareRequests(t, in, whole)
	})
}

func sameRequests(a, b heard) bool {
	return a.status == b.status && slices.Equal(a.requests, b.requests)
}

// compareRequests reads the same bytes with net/http.
func compareRequests(t *testing.T, in string, got heard) {
	t.Helper()
	br := bufio.NewReader(strings.NewReader(in))
	for _, ours := range got.requests {
		for b, _ := br.Peek(2); string(b) == "\r\n"; b, _ = br.Peek(2) {
			_, _ = br.Discard(2)
		}
		r, err := http.ReadRequest(br)
		if _, ok := errors.AsType[*url.Error](err); ok {
			return
		}
		if err != nil {
			if strings.Contains(err.Error(), "bad trailer key") || strings.Contains(err.Error(), "invalid URI") {
				return
			}
			t.Fatalf("%q: we read %+v, net/http: %v", in, ours, err)
		}
		body, err := io.ReadAll(r.Body)
		if r.Method != ours.method || r.RequestURI != ours.target || r.ContentLength != ours.length ||
			r.ProtoMinor != ours.minor && ours.minor != 1 || r.Close != ours.last || r.Host != ours.host && r.URL.User == nil {
			t.Fatalf("%q: we read %+v, net/http %+v", in, ours, r)
		}
		if ours.broken {
			return
		}
		if err != nil {
			if len(r.Trailer) > 0 || strings.Contains(err.Error(), "too much overhead") || strings.Contains(err.Error(), "malformed MIME") {
				return
			}
			t.Fatalf("%q: we read %+v, net/http's body: %v", in, ours, err)
		}
		if string(body) != ours.body {
			t.Fatalf("%q: body %q, net/http %q", in, ours.body, body)
		}
	}
}
