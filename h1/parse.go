package h1

import (
	"bytes"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/header"
)

const (
	errStatusLine = malformed("invalid status line")
	errVersion    = malformed("unsupported http version")
	errBareLF     = malformed("line ends without CR")
	errFold       = malformed("folded line")
	errField      = malformed("invalid field line")
	errControl    = malformed("control character in head")
	errCoding     = malformed("unsupported transfer coding")
	errFraming    = malformed("both content-length and transfer-encoding")
	errLengths    = malformed("invalid content-length")
	errSwitch     = malformed("protocol switched unasked")
	errInterim    = malformed("too many interim answers")
	errChunkSize  = malformed("invalid chunk size")
	errChunkExt   = malformed("invalid chunk extension")
	errChunkEnd   = malformed("chunk does not end where its size says")
)

// maxInterim is how many 1xx answers may precede the final one.
const maxInterim = 16

// keepFields is how many fields a connection keeps room for while idle.
const keepFields = 64

// fields is a list of fields whose array is used again.
type fields struct{ list header.Header }

func (f *fields) forget() {
	if cap(f.list) > keepFields {
		f.list = nil
		return
	}
	clear(f.list)
	f.list = f.list[:0]
}

// head is the head of an answer, read and understood.
type head struct {
	fields
	status, minor int
	reason        string
	length        int64 // announced; -1 if not
	chunked       bool
	options
	hint time.Duration
}

// scan finds the empty line that ends a head or trailer, going on where it
// stopped when more has arrived.
type scan struct{ line, pos int }

// end returns the length of the section in b through its empty line, 0 if it
// is not complete.
func (s *scan) end(b []byte) (int, error) {
	for {
		i := bytes.IndexByte(b[s.pos:], '\n')
		if i < 0 {
			s.pos = len(b)
			return 0, nil
		}
		lf := s.pos + i
		if lf == s.line || b[lf-1] != '\r' {
			return 0, errBareLF
		}
		empty := lf == s.line+1
		s.line, s.pos = lf+1, lf+1
		if empty {
			return lf + 1, nil
		}
	}
}

// readAnswer reads heads until the final one, into c.head. With an upgrade
// asked for, 101 is final.
func (c *conn) readAnswer(upgrade string) error {
	for range maxInterim + 1 {
		s, err := c.readHead()
		if err != nil {
			return err
		}
		if err := c.head.parse(s, c.client.opt.MaxHeaders); err != nil {
			return err
		}
		switch {
		case c.head.status >= 200:
			return nil
		case c.head.status != 101:
		case upgrade != "" && c.head.upgrade && c.head.minor == 1:
			return nil
		default:
			return errSwitch
		}
	}
	return errInterim
}

// readHead reads up to the end of a head and returns it as one string.
func (c *conn) readHead() (string, error) {
	var s scan
	limit := c.client.opt.MaxHeaderBytes
	for {
		b := c.buf[c.r:c.w]
		if !looksLikeAnswer(b) {
			return "", errStatusLine
		}
		n, err := s.end(b)
		if err != nil {
			return "", err
		}
		if n > limit || n == 0 && len(b) >= limit {
			return "", ErrHeadTooLarge
		}
		if n > 0 {
			c.r += n
			return string(b[:n]), nil
		}
		if err := c.fill(); err != nil {
			return "", err
		}
		if !c.answered {
			c.answered, c.firstByte = true, time.Now()
		}
	}
}

// looksLikeAnswer refuses another protocol at its first byte instead of
// waiting for a line end that never comes.
func looksLikeAnswer(b []byte) bool {
	const start = "HTTP/1."
	n := min(len(b), len(start))
	return string(b[:n]) == start[:n]
}

// parse reads s, which holds complete lines through the empty one.
func (h *head) parse(s string, maxFields int) error {
	*h = head{fields: h.fields, length: -1}
	i := strings.IndexByte(s, '\n')
	if err := h.statusLine(s[:i-1]); err != nil {
		return err
	}
	if err := h.parseFields(s[i+1:], maxFields); err != nil {
		return err
	}
	return h.interpret()
}

// statusLine reads RFC 9112 section 4.
func (h *head) statusLine(s string) error {
	if len(s) < len("HTTP/1.1 200") || s[8] != ' ' {
		return errStatusLine
	}
	if s[7] != '0' && s[7] != '1' {
		return errVersion
	}
	h.minor = int(s[7] - '0')
	for _, d := range []byte(s[9:12]) {
		if d < '0' || d > '9' {
			return errStatusLine
		}
		h.status = h.status*10 + int(d-'0')
	}
	if h.status < 100 || len(s) > 12 && s[12] != ' ' {
		return errStatusLine
	}
	if !isValue(s) {
		return errControl
	}
	if len(s) > 13 {
		h.reason = s[13:]
	}
	return nil
}

// parseFields reads complete field lines (RFC 9112 section 5) through the
// empty line. The fields are parts of s.
func (f *fields) parseFields(s string, maxFields int) error {
	f.list = f.list[:0]
	for {
		i := strings.IndexByte(s, '\n')
		line := s[:i-1]
		if line == "" {
			return nil
		}
		if len(f.list) >= maxFields {
			return ErrTooManyFields
		}
		if line[0] == ' ' || line[0] == '\t' {
			return errFold
		}
		colon := strings.IndexByte(line, ':')
		if colon < 0 || !isToken(line[:colon]) {
			return errField
		}
		value := trim(line[colon+1:])
		if !isValue(value) {
			return errControl
		}
		f.list = append(f.list, header.Field{Name: line[:colon], Value: value})
		s = s[i+1:]
	}
}

// interpret reads the fields that say where the body ends and whether the
// connection stays.
func (h *head) interpret() error {
	for i := range h.list {
		name, value := h.list[i].Name, h.list[i].Value
		switch len(name) {
		case 10:
			if header.Equal(name, "connection") {
				h.connection(value)
			} else if header.Equal(name, "keep-alive") {
				h.hint = keepAliveTimeout(value)
			}
		case 14:
			if header.Equal(name, "content-length") {
				n, ok := parseLength(value)
				if !ok || h.length >= 0 && h.length != n {
					return errLengths
				}
				h.length = n
			}
		case 17:
			if header.Equal(name, "transfer-encoding") {
				if h.chunked || h.minor == 0 || !header.Equal(value, "chunked") {
					return errCoding
				}
				h.chunked = true
			}
		}
	}
	if h.chunked && h.length >= 0 {
		return errFraming
	}
	return nil
}

// options are those that Connection fields name (RFC 9110 section 7.6.1).
type options struct{ close, keepAlive, upgrade bool }

// connection reads a list of them.
func (o *options) connection(list string) {
	for more := true; more; {
		var option string
		option, list, more = strings.Cut(list, ",")
		switch option = trim(option); {
		case header.Equal(option, "close"):
			o.close = true
		case header.Equal(option, "keep-alive"):
			o.keepAlive = true
		case header.Equal(option, "upgrade"):
			o.upgrade = true
		}
	}
}

// parseLength reads a Content-Length: digits only, small enough to add to.
func parseLength(s string) (int64, bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	var n int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

// keepAliveTimeout reads "timeout=N" of a Keep-Alive field: how long the peer
// keeps an idle connection, less a second for what is under way. 0 = not said.
func keepAliveTimeout(list string) time.Duration {
	for more := true; more; {
		var param string
		param, list, more = strings.Cut(list, ",")
		name, value, _ := strings.Cut(trim(param), "=")
		if !header.Equal(name, "timeout") {
			continue
		}
		if n, ok := parseLength(value); ok && n < 1<<20 {
			return max(time.Duration(n)*time.Second-time.Second, time.Second/2)
		}
	}
	return 0
}
