package h1

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/header"
)

func TestStreamedRequest(t *testing.T) {
	type got struct {
		r    *http.Request
		body string
	}
	seen := make(chan got, 1)
	ep := serve(t, func(p *peer) {
		for {
			r, b, err := p.request()
			if err != nil {
				return
			}
			seen <- got{r, string(b)}
			p.send(ok2)
		}
	})
	c, _ := client(t, Options{})
	large := strings.Repeat("0123456789", 50_000)
	for _, body := range []string{"", "x", large} {
		for _, length := range []int64{-1, int64(len(body))} {
			req := &Request{
				Method: "POST", Target: "/", Host: "a", Stream: strings.NewReader(body), Length: length,
				Trailer: func() header.Header { return header.Header{{Name: "X-Sum", Value: "7"}} },
			}
			whole(t, do(t, c, ep, req))
			req.Wait()
			g := <-seen
			if g.body != body || g.r.ContentLength != length {
				t.Errorf("%d bytes, length %d, of %d", len(g.body), g.r.ContentLength, len(body))
			}
			if length < 0 && g.r.Trailer.Get("X-Sum") != "7" {
				t.Errorf("trailer %v", g.r.Trailer)
			}
		}
	}
}

// Each Read of a stream is sent at once, and the answer is read meanwhile.
func TestBothDirectionsAtOnce(t *testing.T) {
	ep := serve(t, func(p *peer) {
		p.head()
		p.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range 3 {
			b := make([]byte, len("1\r\nx\r\n"))
			if _, err := io.ReadFull(p.br, b); err != nil {
				t.Error(err)
			}
			p.send(string(b)) // the chunk goes back as it is
		}
		p.head() // the last chunk looks like a head: "0" and an empty line
		p.send("0\r\n\r\n")
		p.gone()
	})
	c, _ := client(t, Options{})
	pr, pw := io.Pipe()
	r := do(t, c, ep, &Request{Method: "POST", Target: "/", Host: "a", Stream: pr, Length: -1})
	for range 3 {
		pw.Write([]byte("x"))
		if b, err := r.Next(); string(b) != "x" || err != nil {
			t.Fatalf("%q %v", b, err)
		}
	}
	pw.Close()
	if whole(t, r) != "" {
		t.Error("more")
	}
}

func TestStreamFails(t *testing.T) {
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		stream io.Reader
		length int64
		want   error
	}{
		"error":         {io.MultiReader(strings.NewReader("abc"), errReader{broken}), -1, broken},
		"error, length": {io.MultiReader(strings.NewReader("abc"), errReader{broken}), 5, broken},
		"short":         {strings.NewReader("abc"), 5, io.ErrUnexpectedEOF},
		"count":         {badReader{}, -1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ep := serve(t, func(p *peer) { p.gone() })
			c, d := client(t, Options{})
			_, err := c.Do(t.Context(), ep, &Request{Method: "POST", Target: "/", Host: "a", Stream: tc.stream, Length: tc.length})
			if e := failure(t, err, OpBody); tc.want != nil && !errors.Is(e, tc.want) {
				t.Error(e)
			}
			if d.open() != 0 {
				t.Error("open")
			}
		})
	}
	ep := serve(t, func(p *peer) { p.gone() })
	c, _ := client(t, Options{})
	_, err := c.Do(t.Context(), ep, &Request{
		Method: "POST", Target: "/", Host: "a", Stream: strings.NewReader("x"), Length: -1,
		Trailer: func() header.Header { return header.Header{{Name: "a", Value: "b\r\nc: d"}} },
	})
	failure(t, err, OpBody)
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

type badReader struct{}

func (badReader) Read(p []byte) (int, error) { return len(p) + 1, nil }

// A peer that answers before it has read the body, and reads no more of it.
func TestEarlyAnswer(t *testing.T) {
	body := bytes.Repeat([]byte("x"), 10<<20)
	for name, req := range map[string]*Request{
		"segments": {Method: "POST", Target: "/", Host: "a", Body: [][]byte{body, body}},
		"stream":   {Method: "POST", Target: "/", Host: "a", Stream: io.MultiReader(bytes.NewReader(body), bytes.NewReader(body)), Length: -1},
		"timeouts": {Method: "POST", Target: "/", Host: "a", Body: [][]byte{body, body}, WriteTimeout: 1 << 40, ReadTimeout: 1 << 40},
	} {
		for _, answer := range []string{
			"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno",
			"HTTP/1.1 413 Too Large\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
		} {
			t.Run(name, func(t *testing.T) {
				ep := serve(t, func(p *peer) {
					p.head()
					p.send(answer)
					buf := make([]byte, 1)
					for { // wait for the end without taking much
						if _, err := p.Read(buf); err != nil {
							return
						}
						if p.n++; p.n > 10 {
							break
						}
					}
					p.gone()
				})
				c, _ := client(t, Options{})
				r := do(t, c, ep, req)
				if b := whole(t, r); r.Status != 413 || b != "no" {
					t.Errorf("%d %q", r.Status, b)
				}
				req.Wait()
			})
		}
	}
}

// After Close or an error nobody looks at the segments any more: the race
// detector sees it if somebody does.
func TestBodyIsLeftAlone(t *testing.T) {
	for name, answer := range map[string]string{
		"answered": "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n",
		"garbage":  "garbage",
		"part":     "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart",
	} {
		t.Run(name, func(t *testing.T) {
			end := make(chan struct{})
			ep := serve(t, func(p *peer) { p.head(); p.send(answer); <-end })
			c, d := client(t, Options{})
			req := post(strings.Repeat("x", 20<<20))
			if r, err := c.Do(t.Context(), ep, req); err == nil {
				r.Close()
			}
			clear(req.Body[0])
			if d.open() != 0 {
				t.Error("kept")
			}
			close(end)
		})
	}
}

// A Read of the caller's stream that is blocked does not keep Do or Close, and
// is the last one.
func TestBlockedStream(t *testing.T) {
	for _, unblock := range []bool{false, true} {
		for name, answer := range map[string]string{"answered": ok2, "failed": "garbage"} {
			t.Run(name, func(t *testing.T) {
				ep := serve(t, func(p *peer) { p.head(); p.br.ReadByte(); p.send(answer); p.gone() })
				c, d := client(t, Options{})
				pr, pw := io.Pipe()
				calls := 0
				req := &Request{Method: "POST", Target: "/", Host: "a", Stream: io.MultiReader(strings.NewReader("x"), pr), Length: -1}
				if unblock {
					req.Unblock = func() { calls++; pw.CloseWithError(io.ErrNoProgress) }
				}
				r, err := c.Do(t.Context(), ep, req)
				if err == nil {
					if whole(t, r) != "ok" {
						t.Error("body")
					}
				} else {
					failure(t, err, OpParse)
				}
				if d.open() != 0 {
					t.Error("kept")
				}
				if unblock && calls > 1 {
					t.Errorf("unblocked %d times", calls)
				}
				pw.CloseWithError(io.ErrNoProgress)
				req.Wait()
			})
		}
	}
}

// A peer that answers and closes without reading: the answer counts, although
// sending fails.
func TestAnswerThenReset(t *testing.T) {
	ep := serve(t, func(p *peer) {
		p.head()
		p.send("HTTP/1.1 401 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
		p.Conn.(interface{ CloseWrite() error }).CloseWrite()
		p.gone()
	})
	c, d := client(t, Options{})
	for _, req := range []*Request{post(strings.Repeat("x", 50_000)), post(strings.Repeat("x", 8<<20))} {
		r := do(t, c, ep, req)
		if b := whole(t, r); r.Status != 401 || b != "no" || d.open() != 0 {
			t.Errorf("%d %q", r.Status, b)
		}
	}
}
