package h1

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sluice-gateway/sluice/header"
)

// Answer is the head of an answer.
type Answer struct {
	Status int
	// Header has the fields. Those that say how this connection is used are
	// left out, but for Connection: Upgrade, and control characters become
	// spaces: the server writes Connection, Content-Length, Transfer-Encoding
	// and, if it is missing, Date.
	Header header.Header
	// Length of the body in bytes; -1 if unknown. LengthText is the same in
	// decimal, or "".
	Length     int64
	LengthText string
}

// Begin takes the head of the answer. It leaves with the first bytes of the
// body, or with Flush or End.
func (c *ServerConn) Begin(a *Answer) {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.answer, c.headed = c.framingOf(a), true
	if c.stop.Load() || c.answer == bodyClose || c.goOn.Load() {
		c.head.close = true
	}
	s := c.staged()
	s.b = c.appendAnswer(s.b[:0], a)
}

// framingOf an answer says how its end will be found.
func (c *ServerConn) framingOf(a *Answer) framing {
	switch {
	case c.head.Method == "HEAD", !BodyAllowed(a.Status):
		return bodyNone
	case a.Length >= 0:
		return bodyLength
	case c.head.Minor == 0:
		return bodyClose
	}
	return bodyChunked
}

// BodyAllowed tells whether an answer of that status may have a body (RFC
// 9110 section 6.4.1).
func BodyAllowed(status int) bool { return status >= 200 && status != 204 && status != 304 }

func (c *ServerConn) appendAnswer(b []byte, a *Answer) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(a.Status), 10)
	b = append(b, ' ')
	b = append(b, reason(a.Status)...)
	b = append(b, "\r\n"...)
	dated, option := false, ""
	for i := range a.Header {
		name, value := a.Header[i].Name, a.Header[i].Value
		if !isToken(name) || answerReserved(name) {
			option = optionOf(option, name, value)
			continue
		}
		dated = dated || len(name) == 4 && header.Equal(name, "date")
		b = appendClean(b, name, value)
	}
	if !dated {
		b = appendField(b, "Date", date(time.Now()))
	}
	b = c.appendFraming(b, a)
	return append(c.appendConnection(b, option), "\r\n"...)
}

// optionOf a Connection field is what the answer is to say beside keep-alive
// or close: Upgrade, with status 426.
func optionOf(option, name, value string) string {
	if header.Equal(name, "connection") && header.Equal(trim(value), "upgrade") {
		return "Upgrade, "
	}
	return option
}

func (c *ServerConn) appendConnection(b []byte, option string) []byte {
	b = append(append(b, "Connection: "...), option...)
	if c.head.close {
		return append(b, "close\r\n"...)
	}
	return append(b, "keep-alive\r\n"...)
}

func (c *ServerConn) appendFraming(b []byte, a *Answer) []byte {
	switch {
	case a.Length >= 0 && BodyAllowed(a.Status):
		b = append(b, "Content-Length: "...)
		if a.LengthText != "" {
			b = append(b, a.LengthText...)
		} else {
			b = strconv.AppendInt(b, a.Length, 10)
		}
		b = append(b, "\r\n"...)
	case c.answer == bodyChunked:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	return b
}

// answerReserved names those of them that an answer may not have either, whoever
// wrote it: only the sender itself can know what they say.
func answerReserved(name string) bool {
	switch len(name) {
	case 10:
		return header.Equal(name, "connection") || header.Equal(name, "keep-alive")
	case 14:
		return header.Equal(name, "content-length")
	case 17:
		return header.Equal(name, "transfer-encoding")
	}
	return false
}

// appendClean appends a field whose value may come from anywhere.
func appendClean(b []byte, name, value string) []byte {
	if isValue(value) {
		return appendField(b, name, value)
	}
	b = append(append(b, name...), ": "...)
	for i := range len(value) {
		ch := value[i]
		if ch < ' ' && ch != '\t' || ch == 0x7f {
			ch = ' '
		}
		b = append(b, ch)
	}
	return append(b, "\r\n"...)
}

// Write sends bytes of the body at once, with the head if that is still here.
// They must be as many as were announced; those of an answer without a body
// are dropped.
func (c *ServerConn) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if c.answer == bodyNone {
		return len(p), nil
	}
	sent := 0
	for sent < len(p) {
		piece := p[sent:min(sent+pieceSize, len(p))]
		if err := c.writeBody(piece); err != nil {
			return sent, err
		}
		sent += len(piece)
	}
	return sent, nil
}

// writeBody writes the head if there is one, and p in its framing.
func (c *ServerConn) writeBody(p []byte) error {
	s := c.staged()
	defer c.dropScratch()
	end := ""
	if c.answer == bodyChunked {
		s.b = strconv.AppendInt(s.b, int64(len(p)), 16)
		s.b = append(s.b, "\r\n"...)
		end = "\r\n"
	}
	if len(s.b)+len(p) <= copyBelow {
		s.b = append(append(s.b, p...), end...)
		return c.writeAll(s.b)
	}
	return c.writeLarge(s, p, end)
}

// writeLarge writes without copying.
func (c *ServerConn) writeLarge(s *scratch, p []byte, end string) error {
	parts := append(s.vec[:0], s.b, p)
	if end != "" {
		parts = append(parts, []byte(end))
	}
	s.vec = parts
	return c.bounded(parts)
}

// Flush sends the head if it is still here.
func (c *ServerConn) Flush() error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if c.out == nil {
		return nil
	}
	defer c.dropScratch()
	return c.writeAll(c.out.b)
}

// End completes the answer; a chunked one may have a trailer.
func (c *ServerConn) End(trailer header.Header) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if c.answer == bodyChunked {
		s := c.staged()
		s.b = append(s.b, "0\r\n"...)
		for i := range trailer {
			if isToken(trailer[i].Name) && !reserved(trailer[i].Name) {
				s.b = appendClean(s.b, trailer[i].Name, trailer[i].Value)
			}
		}
		s.b = append(s.b, "\r\n"...)
	}
	c.answered = true
	if c.out == nil {
		return nil
	}
	defer c.dropScratch()
	return c.writeAll(c.out.b)
}

// Drop takes back a head that has not left.
func (c *ServerConn) Drop() {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.dropScratch()
	c.headed = false
}

// staged is what is about to be written.
func (c *ServerConn) staged() *scratch {
	if c.out == nil {
		c.out = c.server.scratch.Get().(*scratch)
		c.out.b = c.out.b[:0]
	}
	return c.out
}

func (c *ServerConn) dropScratch() {
	s := c.out
	c.out = nil
	if s != nil && s.forget() {
		c.server.scratch.Put(s)
	}
}

// writeAll writes p within the write timeout.
func (c *ServerConn) writeAll(p []byte) error {
	s := &c.single
	s[0] = p
	err := c.bounded(s[:])
	s[0] = nil
	return err
}

// bounded writes parts, which it uses up, within the write timeout. Deadlines
// are not set for every write, so that one fires up to a sixteenth of the
// timeout late.
func (c *ServerConn) bounded(parts [][]byte) error {
	if t := c.server.opt.WriteTimeout; t > 0 && c.wd.arm(time.Now(), t) {
		if err := c.raw.SetWriteDeadline(c.wd.at); err != nil {
			c.broken = true
			return err
		}
	}
	err := c.writing.all(parts)
	c.broken = c.broken || err != nil
	return err
}

// Break marks the answer as not whole: Finish will close the connection.
func (c *ServerConn) Break() {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.broken = true
}

// dated is a date and the second it belongs to.
type dated struct {
	second int64
	text   string
}

var lastDate atomic.Pointer[dated]

// date is the time as Date has it (RFC 9110 section 5.6.7), made once a
// second.
func date(now time.Time) string {
	second := now.Unix()
	if d := lastDate.Load(); d != nil && d.second == second {
		return d.text
	}
	d := &dated{second, now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")}
	lastDate.Store(d)
	return d.text
}
