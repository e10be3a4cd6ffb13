package h1

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/header"
)

// Request is one request. The client reads it and changes nothing in it; the
// caller must leave it and its bytes alone until Do returned an error or
// Response.Close returned (see Stream for the one exception).
type Request struct {
	// Method is a token, sent as it is. CONNECT is refused.
	Method string
	// Target is the request target as it goes on the wire: origin form ("/v1?x=1")
	// or "*". No controls, no spaces.
	Target string
	// Host is the value of the Host field, and the authority towards a proxy.
	Host string
	// Header has the other fields, sent in this order and spelling. Host,
	// Content-Length, Transfer-Encoding, Connection, Upgrade, Keep-Alive and
	// Proxy-Connection are refused: the client writes what is needed of them.
	Header header.Header

	// Body is the body in segments known in full. Small ones leave in one
	// write with the head, larger ones by writev, very large ones by a helper
	// goroutine while the answer is already read.
	Body [][]byte
	// Stream is the body instead of Body, read and sent by a helper goroutine
	// while the answer is read. What one Read brings is sent at once.
	//
	// When the exchange ends before Stream does, the client stops reading it:
	// no Read begins after Do returned an error or Response.Close returned. A
	// Read that is blocked at that time cannot be ended from here. With Unblock
	// set it is called and the helper waited for; without, the helper ends by itself
	// when that Read returns, and Wait waits for this.
	Stream io.Reader
	// Length of Stream in bytes; -1 sends it chunked. Bytes beyond Length are
	// not read; a Stream that ends before fails the exchange with OpBody.
	Length int64
	// Unblock makes a blocked Stream.Read return. Called at most once per
	// helper, from the goroutine of Do, Next, Read or Close. May be nil.
	Unblock func()
	// Trailer is called when a chunked Stream has ended; its fields are sent
	// after the last chunk (RFC 9112 section 7.1.2). May be nil.
	Trailer func() header.Header

	// Upgrade, when not empty, asks for this protocol (RFC 9110 section 7.8); a 101
	// answer then hands over the connection, see Response.Takeover. No body is allowed with it.
	Upgrade string

	// ConnectTimeout bounds dialing, proxy and TLS handshake together. 0 = none.
	ConnectTimeout time.Duration
	// WriteTimeout bounds the time between two successive writes; bodies are
	// written in pieces of up to 256 KiB, each of which counts as one. 0 = none.
	WriteTimeout time.Duration
	// ReadTimeout bounds the time between two successive reads. 0 = none.
	ReadTimeout time.Duration

	sender *sender // the last helper, for Wait
}

// Wait returns when no goroutine of the client touches Stream or Trailer any
// more. It is needed only for a Stream without Unblock, after Do returned an
// error or Response.Close returned, and from the goroutine that called Do.
func (r *Request) Wait() {
	if r.sender != nil {
		<-r.sender.done
	}
}

const (
	errMethod    = malformed("invalid method")
	errTarget    = malformed("invalid target")
	errHost      = malformed("invalid host")
	errEndpoint  = malformed("invalid endpoint")
	errFieldName = malformed("invalid field name")
	errFieldVal  = malformed("invalid field value")
	errReserved  = malformed("field is written by the client itself")
	errBodies    = malformed("both body and stream")
	errLength    = malformed("invalid length")
	errUpgrade   = malformed("invalid upgrade")
)

// check refuses what would not arrive as it was meant, above all bytes that
// would end a line early.
func (r *Request) check(ep *Endpoint) error {
	switch {
	case ep == nil || !isTarget(ep.Addr) || ep.Proxy != nil && (!isTarget(ep.Proxy.Addr) || !isValue(ep.Proxy.Authorization)):
		return errEndpoint
	case !isToken(r.Method) || r.Method == "CONNECT":
		return errMethod
	case !isTarget(r.Target) || r.Target[0] != '/' && r.Target != "*":
		return errTarget
	case !isTarget(r.Host) || strings.ContainsAny(r.Host, "/?#@"):
		return errHost
	case r.Stream != nil && r.Body != nil:
		return errBodies
	case r.Stream != nil && r.Length < -1:
		return errLength
	case r.Upgrade != "" && (!isValue(r.Upgrade) || r.Stream != nil || r.Body != nil):
		return errUpgrade
	}
	return checkFields(r.Header)
}

func checkFields(h header.Header) error {
	for i := range h {
		switch {
		case !isToken(h[i].Name):
			return errFieldName
		case !isValue(h[i].Value):
			return errFieldVal
		case reserved(h[i].Name):
			return errReserved
		}
	}
	return nil
}

// reserved names the fields that say how this connection is used.
func reserved(name string) bool {
	switch len(name) {
	case 4:
		return header.Equal(name, "host")
	case 7:
		return header.Equal(name, "upgrade")
	case 16:
		return header.Equal(name, "proxy-connection")
	}
	return answerReserved(name)
}

// Lengths that are no lengths.
const (
	lengthNone    = -2
	lengthChunked = -1
)

// length says how the body is framed.
func (r *Request) length() int64 {
	if r.Stream != nil {
		return r.Length
	}
	var n int64
	for _, s := range r.Body {
		n += int64(len(s))
	}
	if n == 0 && r.Method != "POST" && r.Method != "PUT" && r.Method != "PATCH" {
		return lengthNone
	}
	return n
}

// safe tells whether sending the request twice is the same as sending it once
// (RFC 9110 section 9.2.1) and its body can be had again.
func (r *Request) safe() bool {
	switch r.Method {
	case "GET", "HEAD", "OPTIONS", "TRACE":
		return r.Stream == nil
	}
	return false
}

// appendHead appends the request head to b. The request has been checked.
func (r *Request) appendHead(b []byte, ep *Endpoint) []byte {
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = r.appendTarget(b, ep)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, r.Host...)
	b = append(b, "\r\n"...)
	if ep.absolute() && ep.Proxy.Authorization != "" {
		b = appendField(b, "Proxy-Authorization", ep.Proxy.Authorization)
	}
	for i := range r.Header {
		b = appendField(b, r.Header[i].Name, r.Header[i].Value)
	}
	switch n := r.length(); {
	case n >= 0:
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, n, 10)
		b = append(b, "\r\n"...)
	case n == lengthChunked:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	if r.Upgrade != "" {
		b = append(b, "Connection: keep-alive, Upgrade\r\n"...)
		b = appendField(b, "Upgrade", r.Upgrade)
	}
	return append(b, "\r\n"...)
}

func (r *Request) appendTarget(b []byte, ep *Endpoint) []byte {
	if !ep.absolute() {
		return append(b, r.Target...)
	}
	b = append(b, "http://"...)
	b = append(b, r.Host...)
	if r.Target == "*" {
		return b // RFC 9112 section 3.2.4: the last proxy turns it back into "*"
	}
	return append(b, r.Target...)
}

func appendField(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, "\r\n"...)
}
