package h1

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/header"
)

// The statuses of requests that are refused. 494 is nginx's own, for a head
// that is too large.
const (
	statusBad      = 400
	statusTooLong  = 414
	statusTooLarge = 494
	statusCoding   = 501
	statusVersion  = 505
)

const (
	errRequestLine  = malformed("invalid request line")
	errNoHost       = malformed("not exactly one host")
	errTargetLong   = malformed("request target too long")
	errRequestCodes = malformed("transfer-encoding in HTTP/1.0")
)

// preface is how HTTP/2 begins (RFC 9113 section 3.4), so far as it looks
// like a request.
const preface = "PRI * HTTP/2.0\r\n"

// readHead reads up to the end of a head and returns it as one string. The
// first byte of it is in the buffer.
func (c *ServerConn) readHead(until time.Time) (string, error) {
	var s scan
	for {
		if s.pos == 0 {
			c.skipEmptyLines()
		}
		b := c.buf[c.r:c.w]
		if c.requests == 0 && len(b) >= len(preface) && isPreface(b) {
			return "", ErrHTTP2
		}
		n, err := c.headEnd(&s, b)
		if err != nil {
			return "", err
		}
		if n > 0 {
			c.r += n
			return string(b[:n]), nil
		}
		if err := c.receive(until); err != nil {
			return "", unexpected(err)
		}
	}
}

func isPreface(b []byte) bool {
	n := min(len(b), len(preface))
	return n >= 4 && string(b[:n]) == preface[:n]
}

// headEnd returns the length of the head that b begins with, 0 if it is not
// complete.
func (c *ServerConn) headEnd(s *scan, b []byte) (int, error) {
	switch {
	case len(b) == 0 || len(b) == 1 && b[0] == '\r':
		return 0, nil
	case !isToken(string(b[:1])):
		return 0, bad(errRequestLine) // another protocol: its lines may never end
	}
	n, err := s.end(b)
	switch {
	case c.requests == 0 && isPreface(b):
		return 0, nil
	case err != nil:
		return 0, bad(err)
	case n > c.limits.bytes || n == 0 && len(b) >= c.limits.bytes:
		if line := bytes.IndexByte(b, '\n'); line < 0 || line >= c.limits.bytes {
			return 0, &BadRequest{statusTooLong, errTargetLong}
		}
		return 0, &BadRequest{statusTooLarge, ErrHeadTooLarge}
	}
	return n, nil
}

func bad(err error) error { return &BadRequest{statusBad, err} }

// parse reads text, which holds complete lines through the empty one, into
// c.head.
func (c *ServerConn) parse(text string) error {
	h := &c.head
	i := strings.IndexByte(text, '\n')
	lineErr := h.requestLine(text[:i-1])
	fieldErr := c.fields.parseFields(text[i+1:], c.limits.fields)
	// The fields are of use even if the line is not: they say what kind of
	// answer the caller would understand.
	h.Header = c.fields.list
	switch {
	case lineErr != nil:
		return lineErr
	case errors.Is(fieldErr, ErrTooManyFields):
		return &BadRequest{statusTooLarge, fieldErr}
	case fieldErr != nil:
		return bad(fieldErr)
	}
	return h.interpret()
}

// requestLine reads RFC 9112 section 3.
func (h *RequestHead) requestLine(s string) error {
	method, rest, ok := strings.Cut(s, " ")
	if !ok || !isToken(method) {
		return bad(errRequestLine)
	}
	target, version, ok := strings.Cut(rest, " ")
	if !ok || !isTarget(target) || len(version) != len("HTTP/1.1") || version[:5] != "HTTP/" || version[6] != '.' ||
		!isDigit(version[5]) || !isDigit(version[7]) {
		return bad(errRequestLine)
	}
	if version[5] != '1' {
		return &BadRequest{statusVersion, errVersion}
	}
	h.Method, h.Target, h.Minor = method, target, min(int(version[7]-'0'), 1)
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// interpret reads the fields that say what follows the head, takes out Host,
// and looks at the target.
func (h *RequestHead) interpret() error {
	kept := h.Header[:0]
	for i := range h.Header {
		f := h.Header[i]
		if err := h.field(f.Name, f.Value); err != nil {
			return err
		}
		if len(f.Name) != len("Host") || !header.Equal(f.Name, "host") {
			kept = append(kept, f)
		}
	}
	clear(h.Header[len(kept):])
	h.Header = kept
	if !h.upgrade || h.Length > 0 || h.chunked {
		h.Upgrade = "" // RFC 9110 section 7.8; and no protocol begins in a body
	}
	h.close = h.close || h.Minor == 0 && !h.keepAlive
	switch {
	case h.chunked && h.lengths:
		return bad(errFraming)
	case h.chunked && h.Minor == 0:
		return bad(errRequestCodes)
	case h.chunked:
		h.Length = -1
	}
	return h.authority()
}

func (h *RequestHead) field(name, value string) error {
	switch len(name) {
	case 4:
		if header.Equal(name, "host") {
			h.Host = value
			h.host++
		}
	case 6:
		if header.Equal(name, "expect") && header.Equal(value, "100-continue") && h.Minor == 1 {
			h.expects = true
		}
	case 7:
		if header.Equal(name, "upgrade") {
			h.Upgrade = value
		}
	case 10:
		if header.Equal(name, "connection") {
			h.connection(value)
		}
	case 14:
		if header.Equal(name, "content-length") {
			return h.contentLength(value)
		}
	case 17:
		if header.Equal(name, "transfer-encoding") {
			return h.transferEncoding(value)
		}
	}
	return nil
}

func (h *RequestHead) contentLength(value string) error {
	n, ok := parseLength(value)
	if !ok || h.lengths {
		return bad(errLengths)
	}
	h.Length, h.lengths = n, true
	return nil
}

func (h *RequestHead) transferEncoding(value string) error {
	if h.chunked {
		return bad(errCoding)
	}
	if !header.Equal(value, "chunked") {
		return &BadRequest{statusCoding, errCoding}
	}
	h.chunked = true
	return nil
}

// authority sees to host and target (RFC 9112 section 3.2).
func (h *RequestHead) authority() error {
	if h.host > 1 || h.host == 0 && h.Minor == 1 {
		return bad(errNoHost)
	}
	switch {
	case h.Method == "CONNECT":
		return nil // whoever serves it refuses it
	case h.Target[0] == '/':
	default:
		_, rest, ok := strings.Cut(h.Target, "://")
		if !ok || !isToken(h.Target[:len(h.Target)-len(rest)-3]) {
			return bad(errTarget)
		}
		if i := strings.IndexAny(rest, "/?#"); i >= 0 {
			rest = rest[:i]
		}
		h.Host = rest
	}
	if h.Host == "" && h.Minor == 0 && h.host == 0 {
		return nil
	}
	if !isTarget(h.Host) || strings.ContainsAny(h.Host, "/?#@\\") {
		return bad(errHost)
	}
	return nil
}
