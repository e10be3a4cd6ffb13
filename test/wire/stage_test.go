package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/test/harness"
)

const config = `
_format_version: "3.0"
services:
- name: web
  url: http://$WEB
  routes:
  - {name: any, paths: [/], strip_path: false}
  - {name: locked, paths: [/locked], plugins: [{name: key-auth}]}
  - {name: passed, paths: [/passed], strip_path: false, request_buffering: false}
  - name: chat
    paths: [/chat]
    plugins: [{name: ai-proxy, config: {route_type: llm/v1/chat, model: {provider: openai, name: gpt-4, options: {upstream_url: "http://$WEB/chat"}}}}]
- name: shop
  url: http://$WEB/shop
  routes:
  - {name: shop, paths: [/], hosts: [shop.example]}
`

// stage is a gateway before an upstream that tells what it sees.
type stage struct {
	*harness.Gateway

	mu   sync.Mutex // guards seen
	seen []string   // "METHOD TARGET BODY", "METHOD TARGET broken"
}

func newStage(t *testing.T, conf ...string) *stage {
	t.Helper()
	s := &stage{}
	web := httptest.NewServer(http.HandlerFunc(s.upstream))
	t.Cleanup(web.Close)
	text := strings.ReplaceAll(config, "$WEB", strings.TrimPrefix(web.URL, "http://"))
	g, err := harness.Start(harness.GatewayOptions{Dir: t.TempDir(), Config: []byte(text), Conf: conf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	s.Gateway = g
	return s
}

// upstream answers with what it was asked. The paths say how.
func (s *stage) upstream(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	text := r.Method + " " + r.RequestURI
	if err != nil {
		text += " broken"
	} else if len(body) > 0 {
		text += " " + string(body)
	}
	s.mu.Lock()
	s.seen = append(s.seen, text)
	s.mu.Unlock()
	if v := r.Header.Values("X-Note"); v != nil {
		w.Header().Set("X-Note", strings.Join(v, "|"))
	}
	switch r.URL.Path {
	case "/empty":
		w.WriteHeader(http.StatusNoContent)
	case "/unchanged":
		w.WriteHeader(http.StatusNotModified)
	case "/pieces":
		_ = http.NewResponseController(w).Flush() // no length
		_, _ = io.WriteString(w, text)
	default:
		_, _ = io.WriteString(w, text)
	}
}

// take returns what the upstream has seen since the last call.
func (s *stage) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.seen = nil }()
	return s.seen
}

// answer is one answer on a line. The end of one before the connection's may
// be lost with it.
type answer struct {
	*http.Response
	body string
}

// line is a bare connection.
type line struct {
	net.Conn
	*bufio.Reader
}

func (l *line) Read(p []byte) (int, error) { return l.Reader.Read(p) }

func (s *stage) dial(t *testing.T, addr string) *line {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(harness.Deadline)); err != nil {
		t.Fatal(err)
	}
	return &line{c, bufio.NewReader(c)}
}

// wire turns a text of the tables into bytes: line ends are CRLF, and the
// pictures of control characters stand for themselves.
func wire(text string) []byte {
	return []byte(strings.NewReplacer("\n", "\r\n", "␊", "\n", "␍", "\r", "␀", "\x00", "␉", "\t", "␋", "\x0b").Replace(text))
}

func (l *line) say(t *testing.T, text string) {
	t.Helper()
	if _, err := l.Write(wire(text)); err != nil {
		t.Fatal(err)
	}
}

// answer reads one answer, interim ones included.
func (l *line) answer(method string) (*answer, error) {
	resp, err := http.ReadResponse(l.Reader, &http.Request{Method: method})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if isTimeout(err) {
		return nil, err
	}
	return &answer{resp, string(body)}, nil
}

// answers reads answers to the methods and whatever follows until the
// connection ends.
func (l *line) answers(t *testing.T, methods ...string) (all []*answer) {
	t.Helper()
	for {
		method := http.MethodGet
		if len(methods) > 0 {
			method, methods = methods[0], methods[1:]
		}
		a, err := l.answer(method)
		if isTimeout(err) {
			t.Fatalf("after %s: the connection stays open", show(all))
		}
		if err != nil {
			return all
		}
		all = append(all, a)
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

func show(all []*answer) string {
	var b strings.Builder
	for _, a := range all {
		fmt.Fprintf(&b, "[%s %q] ", a.Status, a.body)
	}
	return b.String()
}

// last is a request behind the one that a case is about. It tells by its
// answer where the server thinks that one has ended.
const last = "GET /last HTTP/1.1\nHost: a\nConnection: close\n\n"

// refusals are the answers after which the server cannot know what comes next:
// it closes the connection.
var refusals = []int{400, 408, 413, 414, 417, 431, 501, 505}

// check says text and last, and holds the answers against what a server may
// say to text: one of the statuses. After a refusal nothing more is answered,
// after everything else last is, unless the connection closes.
func (s *stage) check(t *testing.T, text string, closes bool, statuses ...int) *answer {
	t.Helper()
	s.take()
	l := s.dial(t, s.Addr())
	l.say(t, text+last)
	method, _, _ := strings.Cut(strings.TrimLeft(text, "\n"), " ")
	all := l.answers(t, method)
	seen := s.take()
	if len(all) == 0 {
		t.Fatalf("no answer; the upstream saw %q", seen)
	}
	first := all[0]
	if !slices.Contains(statuses, first.StatusCode) {
		t.Errorf("%swant one of %d; the upstream saw %q", show(all), statuses, seen)
	}
	if slices.Contains(refusals, first.StatusCode) {
		for _, saw := range seen {
			if !strings.HasSuffix(saw, " broken") {
				t.Errorf("%sthe upstream saw %q", show(all), saw)
			}
		}
		closes = true
	}
	switch {
	case closes && len(all) > 1:
		t.Errorf("%ssomething was answered after the end", show(all))
	case !closes && (len(all) != 2 || all[1].body != "GET /last"):
		t.Errorf("%swhat came behind was not answered rightly; the upstream saw %q", show(all), seen)
	}
	return first
}
