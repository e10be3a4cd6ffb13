package harness

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/internal/eventstream"
)

// Answer is what an upstream does for one request: steps in order.
//
// An answer is written as a text: a head (status line and fields, or none at
// all: then 200 with the type that the file's name tells), a blank line, and
// the body. Lines that begin with % are directions:
//
//	%wait NAME      goes on when the test releases NAME
//	%hang           waits until the other side has gone
//	%close, %reset  ends the connection, in order or not; over HTTP/2 %reset
//	                ends the stream alone
//	%split          ends a write (and a chunk) here
//	%bytes          what follows goes out one byte at a time
//	%crlf           what follows has CRLF line ends
//	%gzip           the body is compressed
//	%fill N TEXT    N bytes of TEXT over and over
//	%trailer N: V   a trailer
//	%aws TYPE TEXT  a message of AWS's event stream: its type and its payload
//	%echo           sends back whatever comes (after 101)
//	%body           reads the request's body here, not before the answer begins
//	%raw            no head is added and nothing is framed
//
// A line that ends with a backslash goes on without a line end. A body without
// pauses gets a Content-Length, one with pauses is chunked, unless the head
// says how it is framed. Directions before the head come before the head.
type Answer struct {
	status  int
	reason  string
	fields  []field
	headed  bool
	framing framing
	gzip    bool
	late    bool // the request's body is read by a step
	before  []step
	steps   []step
}

type field struct{ name, value string }

type framing uint8

const (
	plain   framing = iota // as it stands: a length, or until the end
	chunked                // every step is a chunk
)

type action uint8

const (
	text action = iota
	wait
	hang
	end
	reset
	fill
	trailer
	echo
	body
)

// step is one thing that an upstream does.
type step struct {
	do   action
	data []byte // text; name of a wait; trailer line; filler
	n    int    // bytes of fill
}

var types = map[string]string{
	".json": "application/json", ".sse": "text/event-stream", ".jsonl": "application/x-ndjson", ".txt": "text/plain",
	".html": "text/html",
}

// ParseAnswer reads an answer. The name's ending gives the default type.
func ParseAnswer(name string, src []byte) (*Answer, error) {
	p := &parser{a: &Answer{status: 200, reason: "OK"}, lines: splitLines(src)}
	if err := p.directions(); err != nil {
		return nil, err
	}
	p.a.before, p.a.steps = p.a.steps, nil
	if !p.raw && len(p.lines) > 0 {
		if err := p.head(types[filepath.Ext(name)]); err != nil {
			return nil, err
		}
	}
	for len(p.lines) > 0 {
		if err := p.line(); err != nil {
			return nil, err
		}
	}
	p.flush()
	if p.a.headed {
		return p.a, p.a.frame()
	}
	return p.a, nil
}

func splitLines(src []byte) []string {
	var out []string
	for l := range strings.Lines(string(src)) {
		out = append(out, l)
	}
	return out
}

type parser struct {
	a               *Answer
	lines           []string
	raw, crlf, byte bool
	piece           []byte
}

// directions takes the directions at the beginning.
func (p *parser) directions() error {
	for len(p.lines) > 0 && strings.HasPrefix(p.lines[0], "%") {
		if err := p.line(); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) head(contentType string) error {
	p.a.headed = true
	if !strings.HasPrefix(p.lines[0], "HTTP/") {
		p.a.fields = append(p.a.fields, field{"Content-Type", contentType})
		return nil
	}
	_, status, _ := strings.Cut(strings.TrimSpace(p.lines[0]), " ")
	code, reason, _ := strings.Cut(status, " ")
	n, err := strconv.Atoi(code)
	if err != nil {
		return fmt.Errorf("status line %q: %w", p.lines[0], err)
	}
	p.a.status, p.a.reason = n, reason
	for p.lines = p.lines[1:]; len(p.lines) > 0; p.lines = p.lines[1:] {
		l := strings.TrimSpace(p.lines[0])
		if l == "" {
			p.lines = p.lines[1:]
			return nil
		}
		name, value, _ := strings.Cut(l, ":")
		p.a.fields = append(p.a.fields, field{name, strings.TrimSpace(value)})
	}
	return nil
}

// line takes one line of the body.
func (p *parser) line() error {
	l := p.lines[0]
	p.lines = p.lines[1:]
	if strings.HasPrefix(l, "%") {
		return p.direction(strings.TrimSpace(l[1:]))
	}
	if cut, ok := strings.CutSuffix(l, "\\\n"); ok {
		l = cut
	} else if p.crlf {
		l = strings.TrimSuffix(l, "\n") + "\r\n"
	}
	if !p.byte {
		p.piece = append(p.piece, l...)
		return nil
	}
	for i := range len(l) {
		p.a.steps = append(p.a.steps, step{do: text, data: []byte(l[i : i+1])})
	}
	return nil
}

func (p *parser) flush() {
	if len(p.piece) > 0 {
		p.a.steps = append(p.a.steps, step{do: text, data: p.piece})
		p.piece = nil
	}
}

func (p *parser) direction(d string) error {
	word, rest, _ := strings.Cut(d, " ")
	add := func(do action, n int) {
		p.a.steps = append(p.a.steps, step{do: do, data: []byte(rest), n: n})
	}
	p.flush()
	switch word {
	case "split":
	case "bytes":
		p.byte = true
	case "crlf":
		p.crlf = true
	case "gzip":
		p.a.gzip = true
	case "raw":
		p.raw = true
	case "wait":
		add(wait, 0)
	case "hang":
		add(hang, 0)
	case "close":
		add(end, 0)
	case "reset":
		add(reset, 0)
	case "trailer":
		add(trailer, 0)
	case "aws":
		return p.message(rest)
	case "echo":
		add(echo, 0)
	case "body":
		add(body, 0)
		p.a.late = true
	case "fill":
		count, what, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(count)
		if err != nil {
			return err
		}
		rest = what
		add(fill, n)
	default:
		return fmt.Errorf("unknown direction %%%s", d)
	}
	return nil
}

// message takes one of AWS's event stream.
func (p *parser) message(d string) error {
	name, payload, _ := strings.Cut(d, " ")
	kind := "event"
	if strings.HasSuffix(name, "Exception") {
		kind = "exception"
	}
	m, err := eventstream.Append(nil, []eventstream.Header{
		{Name: ":" + kind + "-type", Value: eventstream.Text(name)},
		{Name: ":content-type", Value: eventstream.Text("application/json")},
		{Name: ":message-type", Value: eventstream.Text(kind)},
	}, []byte(payload))
	p.a.steps = append(p.a.steps, step{do: text, data: m})
	return err
}

// frame compresses the body and settles how its end is told.
func (a *Answer) frame() error {
	if a.gzip {
		if err := a.compress(); err != nil {
			return err
		}
		a.fields = append(a.fields, field{"Content-Encoding", "gzip"})
	}
	if a.status < 200 || a.status == 204 || a.status == 304 {
		return nil
	}
	for _, f := range a.fields {
		switch strings.ToLower(f.name) {
		case "content-length", "connection":
			return nil
		case "transfer-encoding":
			a.framing = chunked
			return nil
		}
	}
	if a.paused() {
		a.framing = chunked
		a.fields = append(a.fields, field{"Transfer-Encoding", "chunked"})
		return nil
	}
	size := 0
	for _, s := range a.steps {
		size += len(s.data)
		if s.do == fill {
			size += s.n - len(s.data)
		}
	}
	a.fields = append(a.fields, field{"Content-Length", strconv.Itoa(size)})
	return nil
}

// paused tells a body that does not go out as one.
func (a *Answer) paused() bool {
	filled := false
	for _, s := range a.steps {
		if s.do != text && s.do != fill {
			return true
		}
		filled = filled || s.do == fill
	}
	return len(a.steps) > 1 && !filled
}

// compress replaces the texts by their compressed form, flushed at every step.
func (a *Answer) compress() error {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	for i := range a.steps {
		if a.steps[i].do != text {
			continue
		}
		if _, err := z.Write(a.steps[i].data); err != nil {
			return err
		}
		if err := z.Flush(); err != nil {
			return err
		}
		a.steps[i].data = bytes.Clone(buf.Bytes())
		buf.Reset()
	}
	if err := z.Close(); err != nil {
		return err
	}
	if n := len(a.steps); n > 0 && a.steps[n-1].do == text {
		a.steps[n-1].data = append(a.steps[n-1].data, buf.Bytes()...)
	}
	return nil
}
