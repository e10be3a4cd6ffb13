package wire

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/test/harness"
)

// TestBothFramings: a length together with a coding is what smuggling is made
// of (RFC 9112 section 6.3). It is refused, whatever either of them says; so is
// a coding in HTTP/1.0, which has none.
func TestBothFramings(t *testing.T) {
	s := newStage(t)
	for name, fields := range map[string]string{
		"a length, then chunks":        "Content-Length: 13\nTransfer-Encoding: chunked\n",
		"chunks, then a length":        "Transfer-Encoding: chunked\nContent-Length: 13\n",
		"a length of zero":             "Content-Length: 0\nTransfer-Encoding: chunked\n",
		"a wrong length":               "Content-Length: 4\nTransfer-Encoding: chunked\n",
		"a length that is none":        "Content-Length: x\nTransfer-Encoding: chunked\n",
		"chunks behind a bare LF":      "Content-Length: 13\nX: a␊Transfer-Encoding: chunked\n",
		"chunks in capitals":           "Content-Length: 13\nTRANSFER-ENCODING: CHUNKED\n",
		"a length and another coding":  "Content-Length: 13\nTransfer-Encoding: identity\n",
		"chunks listed in connection":  "Connection: transfer-encoding\nContent-Length: 13\nTransfer-Encoding: chunked\n",
		"a length listed in the field": "Connection: content-length\nContent-Length: 13\nTransfer-Encoding: chunked\n",
	} {
		for _, path := range []string{"/plain", "/passed", "/chat"} {
			t.Run(name+path, func(t *testing.T) {
				s.check(t, "POST "+path+" HTTP/1.1\nHost: a\n"+fields+"\n3\nabc\n0\n\n", false, 400, 501)
			})
		}
	}
	for _, fields := range []string{"", "Connection: keep-alive\n", "Content-Length: 13\n"} {
		s.check(t, "POST /plain HTTP/1.0\nHost: a\nTransfer-Encoding: chunked\n"+fields+"\n3\nabc\n0\n\n", false, 400, 501)
	}
}

// TestBrokenChunks: what breaks the grammar of the coding is refused; where
// the request ends is not known then, so nothing behind it is read. Lines in it
// end in CRLF, and in nothing else.
func TestBrokenChunks(t *testing.T) {
	s := newStage(t)
	for name, body := range map[string]string{
		"letters":                     "xyz\nabc\n0\n\n",
		"a minus":                     "-3\nabc\n0\n\n",
		"a plus":                      "+3\nabc\n0\n\n",
		"a prefix":                    "0x3\nabc\n0\n\n",
		"no size":                     "\nabc\n0\n\n",
		"a space before the size":     " 3\nabc\n0\n\n",
		"more than a number holds":    "10000000000000003\nabc\n0\n\n",
		"nothing behind the data":     "3\nabc0\n\n",
		"too much data":               "3\nabcd\n0\n\n",
		"a bare LF behind the size":   "3␊abc\n0\n\n",
		"a bare CR behind the size":   "3␍abc\n0\n\n",
		"a bare LF behind the data":   "3\nabc␊0\n\n",
		"a bare LF in an extension":   "3;a␊=b\nabc\n0\n\n",
		"a bare LF behind the last":   "3\nabc\n0␊\n",
		"an extension without an end": "3;" + strings.Repeat("a", 200<<10) + "\nabc\n0\n\n",
		"a trailer without an end":    "3\nabc\n0\nX-Sum: " + strings.Repeat("a", 200<<10) + "\n\n",
	} {
		for _, path := range []string{"/plain", "/passed", "/chat"} {
			t.Run(name+path, func(t *testing.T) {
				s.check(t, "POST "+path+" HTTP/1.1\nHost: a\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n"+body, false, 400, 413, 431)
			})
		}
	}
}

// TestRefusedTargets: a target has the form that its method asks for (RFC 9112
// section 3.2).
func TestRefusedTargets(t *testing.T) {
	s := newStage(t)
	for _, line := range []string{
		"GET * HTTP/1.1", "GET *a HTTP/1.1", "POST * HTTP/1.1", "GET shop.example:443 HTTP/1.1", "GET shop.example HTTP/1.1",
		"GET http:///a HTTP/1.1", "GET http:/a HTTP/1.1", "GET ?a HTTP/1.1",
	} {
		t.Run(line, func(t *testing.T) { s.check(t, line+"\nHost: shop.example\n\n", false, 400) })
	}
}

// TestEmptyLineFirst: some callers send one line end too many behind a body
// (RFC 9112 section 2.2).
func TestEmptyLineFirst(t *testing.T) {
	s := newStage(t)
	if a := s.check(t, "\nGET /a HTTP/1.1\nHost: a\n\n", false, 200); a.body != "GET /a" {
		t.Errorf("got %q", a.body)
	}
	if a := s.check(t, "POST /a HTTP/1.1\nHost: a\nContent-Length: 3\n\nabc\n", false, 200); a.body != "POST /a abc" {
		t.Errorf("got %q", a.body)
	}
}

// TestRefusalsSpeak: a refusal is an error of the gateway like any other, with
// its message, the request's id and the gateway's name.
func TestRefusalsSpeak(t *testing.T) {
	s := newStage(t)
	long := strings.Repeat("a", 60<<10)
	for name, tt := range map[string]struct {
		text    string
		status  int
		message string
	}{
		"no HTTP":             {"HELO\n\n", 400, "Bad request"},
		"no version":          {"GET /a\nHost: a\n\n", 400, "Bad request"},
		"no host":             {"GET /a HTTP/1.1\n\n", 400, "Bad request"},
		"two hosts":           {"GET /a HTTP/1.1\nHost: a\nHost: b\n\n", 400, "Bad request"},
		"no colon":            {"GET /a HTTP/1.1\nHost: a\nX-Note\n\n", 400, "Bad request"},
		"a space":             {"GET /a HTTP/1.1\nHost: a\nX-Note : a\n\n", 400, "Bad request"},
		"two lengths":         {"POST /a HTTP/1.1\nHost: a\nContent-Length: 1\nContent-Length: 2\n\nab", 400, "Bad request"},
		"a length and chunks": {"POST /a HTTP/1.1\nHost: a\nContent-Length: 1\nTransfer-Encoding: chunked\n\n0\n\n", 400, "Bad request"},
		"broken chunks":       {"POST /a HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\nx\n\n", 400, "Bad request"},
		"a large target":      {"GET /" + long + " HTTP/1.1\nHost: a\n\n", 414, "URI too long"},
		"a large query":       {"GET /?" + long + " HTTP/1.1\nHost: a\n\n", 414, "URI too long"},
		"a large field":       {"GET /a HTTP/1.1\nHost: a\nX-Note: " + long + "\n\n", 400, "Request header or cookie too large"},
		"many fields":         {"GET /a HTTP/1.1\nHost: a\n" + strings.Repeat("X-Note: "+long[:1000]+"\n", 60) + "\n", 400, "Request header or cookie too large"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.check(t, tt.text, false, tt.status)
			want := regexp.MustCompile(`^` + tt.message + `\nrequest_id: [0-9a-f]{32}\n$`)
			if !want.MatchString(a.body) || a.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("got %q, %s", a.body, a.Header.Get("Content-Type"))
			}
			if a.Header.Get("Server") != "sluice/test" || a.Header.Get("X-Kong-Request-Id") == "" || !a.Close {
				t.Errorf("got %v", a.Header)
			}
		})
	}
}

// TestEarlyAnswers: an upstream answers before it has read the body, and the
// caller goes on. The rest of the body is never taken for a request.
func TestEarlyAnswers(t *testing.T) {
	answer, err := harness.ParseAnswer("early.http", []byte("HTTP/1.1 403 Forbidden\nContent-Length: 2\n\nno\\\n%body\n"))
	if err != nil {
		t.Fatal(err)
	}
	early, err := harness.NewUpstream(harness.UpstreamOptions{}, answer)
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	text := strings.ReplaceAll(config, "$WEB", early.Addr())
	g, err := harness.Start(harness.GatewayOptions{Dir: t.TempDir(), Config: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	s := &stage{Gateway: g}
	const inside = "GET /smuggled HTTP/1.1\nHost: a\n\n"
	for name, tt := range map[string]struct{ framing, first string }{
		"a length": {"Content-Length: 100000", strings.Repeat("x", 1000)},
		"chunks":   {"Transfer-Encoding: chunked", "3e8\n" + strings.Repeat("x", 1000) + "\nffff\n"},
	} {
		t.Run(name, func(t *testing.T) {
			l := s.dial(t, s.Addr())
			l.say(t, "POST /passed HTTP/1.1\nHost: a\n"+tt.framing+"\n\n"+tt.first)
			if a, err := l.answer(http.MethodPost); err != nil || a.StatusCode != 403 || a.body != "no" {
				t.Fatalf("got %v, %v", a, err)
			}
			_, _ = l.Write(wire(inside + strings.Repeat("x", 1000))) // the connection may have ended
			_ = l.Conn.(interface{ CloseWrite() error }).CloseWrite()
			if rest, err := io.ReadAll(l); len(rest) > 0 || isTimeout(err) {
				t.Errorf("heard %q, %v", rest, err)
			}
			all, _ := early.Requests()
			for _, r := range all {
				if strings.HasPrefix(r.Text, "GET /smuggled") {
					t.Errorf("the upstream received %q", r.Text)
				}
			}
		})
	}
}
