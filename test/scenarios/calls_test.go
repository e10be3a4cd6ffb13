package scenarios

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sluice-gateway/sluice/test/harness"
)

// question reads [-tls] [-h2] [-sni NAME] [-verify] [-discard] [-pad N]
// METHOD PATH [FILE] [-d TEXT] [Name:value…]. With -pad the word PADDING in the
// body becomes N letters.
func (s *story) question(ts *testscript.TestScript, args []string) (harness.Question, map[string]string) {
	f, args := flags(args, "sni", "bg", "pad")
	usage(ts, len(args) >= 2, "call [flags] METHOD PATH [FILE | -d TEXT] [Name:value…]")
	q := harness.Question{
		Manner: harness.Manner{TLS: f["tls"] != "" || f["sni"] != "", HTTP2: f["h2"] != "", SNI: f["sni"], Verify: f["verify"] != ""},
		Method: args[0], Path: args[1], Discard: f["discard"] != "",
	}
	typed := false
	for i := 2; i < len(args); i++ {
		switch {
		case args[i] == "-d":
			i++
			q.Body = []byte(args[i])
		case strings.Contains(args[i], ":"):
			q.Header = append(q.Header, args[i])
			typed = typed || strings.HasPrefix(strings.ToLower(args[i]), "content-type:")
		default:
			q.Body = s.read(ts, args[i])
		}
	}
	if f["pad"] != "" {
		n, err := strconv.Atoi(f["pad"])
		ts.Check(err)
		q.Body = bytes.Replace(q.Body, []byte("PADDING"), bytes.Repeat([]byte("x"), n), 1)
	}
	if q.Body != nil && !typed {
		q.Header = append(q.Header, "Content-Type: application/json")
	}
	return q, f
}

func (s *story) begin(ts *testscript.TestScript, q harness.Question) *harness.Exchange {
	s.need(ts, s.gateway != nil, "gateway")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.allocated, s.entry = m.TotalAlloc, nil
	x, err := s.caller.Begin(q)
	ts.Check(err)
	return x
}

// call asks and reads the whole answer. With -bg NAME it goes on in the
// background; answer NAME waits for it then.
func call(ts *testscript.TestScript, neg bool, args []string) {
	s := on(ts)
	q, f := s.question(ts, args)
	x := s.begin(ts, q)
	s.current = x
	if f["bg"] != "" {
		s.running[f["bg"]] = x
		return
	}
	err := x.Finish(q.Discard)
	expect(ts, neg, err == nil, "the call failed: %v", err)
}

// answer NAME waits for the answer to a call in the background.
func answer(ts *testscript.TestScript, neg bool, args []string) {
	s := on(ts)
	x := s.running[args[0]]
	s.need(ts, x != nil, "call -bg "+args[0])
	delete(s.running, args[0])
	s.current, s.entry = x, nil
	err := x.Finish(false)
	expect(ts, neg, err == nil, "the call failed: %v", err)
}

// stream asks and waits for the head; event reads on from there. With -bg NAME
// other calls may come in between, until resume NAME.
func stream(ts *testscript.TestScript, _ bool, args []string) {
	s := on(ts)
	q, f := s.question(ts, args)
	s.current = s.begin(ts, q)
	if f["bg"] != "" {
		s.running[f["bg"]] = s.current
	}
	s.check(ts, s.current.Head())
}

// resume NAME returns to a stream in the background.
func resume(ts *testscript.TestScript, _ bool, args []string) {
	s := on(ts)
	s.need(ts, s.running[args[0]] != nil, "stream -bg "+args[0])
	s.current, s.entry = s.running[args[0]], nil
}

// hangup leaves in the middle of a call, or ends a bare connection.
func hangup(ts *testscript.TestScript, _ bool, _ []string) {
	s := on(ts)
	if s.current == nil && s.line != nil {
		ts.Check(s.line.Close())
		return
	}
	s.need(ts, s.current != nil, "call")
	s.current.Hangup()
}

func (s *story) reply(ts *testscript.TestScript) *harness.Exchange {
	s.need(ts, s.current != nil && s.current.Response != nil, "answer")
	return s.current
}

// status N [PROTO] is the status of the answer.
func status(ts *testscript.TestScript, _ bool, args []string) {
	s := on(ts)
	x := s.reply(ts)
	if strconv.Itoa(x.StatusCode) != args[0] {
		s.check(ts, fmt.Errorf("status %d, want %s\n%v\n%s", x.StatusCode, args[0], x.Header, quoted(string(x.Bytes))))
	}
	if len(args) > 1 {
		expect(ts, false, x.Proto == args[1], "protocol %s, want %s", x.Proto, args[1])
	}
}

// header NAME [REGEX] looks at a field of the answer; ! header NAME wants none.
func headerCommand(ts *testscript.TestScript, neg bool, args []string) {
	field(ts, neg, on(ts).reply(ts).Header, args)
}

// trailer NAME [REGEX] looks at a trailer of the answer.
func trailerCommand(ts *testscript.TestScript, neg bool, args []string) {
	field(ts, neg, on(ts).reply(ts).Trailer, args)
}

func field(ts *testscript.TestScript, neg bool, h http.Header, args []string) {
	values, ok := h[http.CanonicalHeaderKey(args[0])]
	if len(args) == 1 {
		expect(ts, neg, ok, "%s: %v", args[0], h)
		return
	}
	expect(ts, neg, ok && matches("^(?:"+args[1]+")$", strings.Join(values, ", ")), "%s: %q", args[0], values)
}

// body [-gzip] [-is FILE] [-size N] [-cut] REGEX… looks at the whole body.
// -cut wants the answer to have ended too early; otherwise it must be whole.
func body(ts *testscript.TestScript, neg bool, args []string) {
	s := on(ts)
	f, args := flags(args, "is", "size")
	x := s.reply(ts)
	if !neg {
		expect(ts, f["cut"] != "", x.Broken == nil, "the answer broke off: %v", x.Broken)
	}
	got := x.Bytes
	if f["gzip"] != "" {
		z, err := gzip.NewReader(bytes.NewReader(got))
		ts.Check(err)
		got, err = io.ReadAll(z)
		ts.Check(err)
	}
	if f["size"] != "" {
		expect(ts, neg, f["size"] == strconv.FormatInt(x.Size, 10), "%d bytes", x.Size)
	}
	if f["is"] != "" {
		want := s.read(ts, f["is"])
		expect(ts, neg, bytes.Equal(got, want), "the body is\n%s\nwant\n%s", quoted(string(got)), quoted(string(want)))
	}
	for _, re := range args {
		expect(ts, neg, matches(re, string(got)), "%s does not fit\n%s", re, quoted(string(got)))
	}
}

// event REGEX… reads one event for each expression and holds it against it.
// event -end wants the end of the stream, event -cut a broken end.
func event(ts *testscript.TestScript, _ bool, args []string) {
	s := on(ts)
	f, args := flags(args)
	x := s.reply(ts)
	for _, re := range args {
		text, err := x.Event()
		if err != nil {
			s.check(ts, fmt.Errorf("instead of an event %s: %q, %w", re, text, err))
		}
		expect(ts, false, matches(re, text), "%s does not fit the event %q", re, text)
	}
	if f["end"]+f["cut"] == "" {
		return
	}
	text, err := x.Event()
	expect(ts, false, text == "" && err != nil, "the stream goes on with %q", text)
	expect(ts, f["cut"] != "", errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF), "the stream ended with %v", err)
}

// dial [-tls] [-sni NAME] opens a bare connection to the gateway.
func dial(ts *testscript.TestScript, _ bool, args []string) {
	s := on(ts)
	f, _ := flags(args, "sni")
	if s.line != nil {
		_ = s.line.Close()
	}
	l, err := s.caller.Dial(harness.Manner{TLS: f["tls"] != "", SNI: f["sni"]})
	ts.Check(err)
	s.line, s.entry, s.current = l, nil, nil
}

// say [-crlf] FILE | -d TEXT sends bytes on the bare connection. Lines of a
// head get CRLF with -crlf.
func say(ts *testscript.TestScript, _ bool, args []string) {
	s := on(ts)
	f, args := flags(args, "d")
	text := f["d"]
	if text == "" {
		text = string(s.read(ts, args[0]))
	}
	if f["crlf"] != "" {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	_, err := s.line.Write([]byte(text))
	ts.Check(err)
}

// hear REGEX… reads on until what was heard fits; hear -end until the end.
func hear(ts *testscript.TestScript, _ bool, args []string) {
	s := on(ts)
	f, args := flags(args)
	for _, re := range args {
		heard, err := s.line.Hear(func(b []byte) bool { return matches(re, string(b)) })
		expect(ts, false, err == nil, "heard only %q: %v", heard, err)
	}
	if f["end"] != "" {
		heard, err := s.line.Hear(func([]byte) bool { return false })
		expect(ts, false, errors.Is(err, io.EOF), "after %q: %v", heard, err)
	}
}

// load N METHOD PATH [Name:value…] keeps N callers asking until load -end,
// which wants every answer to have been 200.
func loadCommand(ts *testscript.TestScript, _ bool, args []string) {
	s := on(ts)
	f, args := flags(args)
	if f["end"] != "" {
		l := s.load
		s.need(ts, l != nil, "load")
		s.load = nil
		ts.Check(errors.Join(l.more(), l.end()))
		return
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	q, _ := s.question(ts, args[1:])
	s.load = begin(&s.caller, n, q)
	ts.Check(s.load.more())
}

// load is callers that ask over and over.
type load struct {
	stop chan struct{}
	wg   sync.WaitGroup
	mu   sync.Mutex // guards what follows
	done int
	bad  error
}

func begin(c *harness.Caller, n int, q harness.Question) *load {
	l := &load{stop: make(chan struct{})}
	if x, err := c.Begin(q); err == nil { // makes the transport
		_ = x.Finish(true)
	}
	for range n {
		l.wg.Go(func() { l.ask(c, q) })
	}
	return l
}

func (l *load) ask(c *harness.Caller, q harness.Question) {
	for {
		select {
		case <-l.stop:
			return
		default:
		}
		x, err := c.Begin(q)
		if err == nil {
			err = x.Finish(false)
		}
		if err == nil {
			err = x.Broken
		}
		if err == nil && x.StatusCode != http.StatusOK {
			err = fmt.Errorf("status %d: %s", x.StatusCode, x.Bytes)
		}
		l.mu.Lock()
		l.done++
		if l.bad == nil {
			l.bad = err
		}
		l.mu.Unlock()
	}
}

// more waits for further answers.
func (l *load) more() error {
	before := l.count()
	return harness.Again(func() (bool, error) { return l.count() > before, nil })
}

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done
}

func (l *load) end() error {
	close(l.stop)
	l.wg.Wait()
	return l.bad
}
