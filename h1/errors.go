package h1

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
)

// Op tells at which step an exchange failed.
type Op uint8

// The steps of an exchange.
const (
	// OpRequest: the request itself is not fit to be sent. Nothing was touched.
	OpRequest Op = iota + 1
	// OpDial: no connection was made.
	OpDial
	// OpProxy: the forward proxy refused the tunnel or broke off.
	OpProxy
	// OpTLS: the handshake failed, a certificate was refused, or the peer
	// chose a protocol other than HTTP/1.1.
	OpTLS
	// OpWrite: sending failed.
	OpWrite
	// OpBody: Request.Stream failed or ended early. The fault is the caller's,
	// not the provider's.
	OpBody
	// OpRead: receiving failed, or the answer ended before its end.
	OpRead
	// OpParse: what was received is not an answer.
	OpParse
	// OpCanceled: the context ended. Err holds its error and its cause.
	OpCanceled
)

// String returns the word used in error texts.
func (o Op) String() string {
	switch o {
	case OpRequest:
		return "request"
	case OpDial:
		return "dial"
	case OpProxy:
		return "proxy"
	case OpTLS:
		return "tls"
	case OpWrite:
		return "write"
	case OpBody:
		return "body"
	case OpRead:
		return "read"
	case OpParse:
		return "parse"
	case OpCanceled:
		return "canceled"
	default:
		return "op " + strconv.Itoa(int(o))
	}
}

// Error is the only error type that Do, Next, Read and Takeover return, besides io.EOF.
// Its text may name addresses; it never contains bytes of a header or a body.
type Error struct {
	Op Op
	// Timeout: a timeout of the request, the context's deadline or the
	// system's own timeout ended it.
	Timeout bool
	// Sent: some byte of this request may have reached the peer.
	Sent bool
	// Err is what happened. For a context that ended, errors.Is finds its
	// error and its cause.
	Err error
}

// Error returns "h1: <op>: <cause>"; a cause that begins with the op itself,
// as those of crypto/tls do, does not say it twice.
func (e *Error) Error() string {
	op := e.Op.String() + ": "
	return "h1: " + op + strings.TrimPrefix(e.Err.Error(), op)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Cause is an error of this package that is a constant, for errors.Is.
type Cause string

// Error returns the text.
func (c Cause) Error() string { return string(c) }

// Causes a caller may want to tell apart.
const (
	ErrClosed         = Cause("client closed")
	ErrResponseClosed = Cause("response used after its end")
	ErrConnectTimeout = Cause("connect timeout")
	ErrHeadTooLarge   = Cause("answer head too large")
	ErrTooManyFields  = Cause("too many fields in answer")
	ErrProtocol       = Cause("peer does not speak http/1.1")
)

// ProxyStatus is the cause of an OpProxy error when the proxy answered CONNECT
// with a status other than 2xx.
type ProxyStatus int

// Error returns the status in words.
func (s ProxyStatus) Error() string { return "proxy answered with status " + strconv.Itoa(int(s)) }

// malformed is a violation of the grammar; it makes an error OpParse.
type malformed string

func (m malformed) Error() string { return string(m) }

// ended holds the error and the cause of a context.
type ended struct{ err, cause error }

func (e *ended) Error() string   { return e.cause.Error() }
func (e *ended) Unwrap() []error { return []error{e.err, e.cause} }

// canceled describes a context that has ended.
func canceled(ctx context.Context, sent bool) *Error {
	err, cause := ctx.Err(), context.Cause(ctx)
	e := &Error{Op: OpCanceled, Sent: sent, Err: err, Timeout: errors.Is(err, context.DeadlineExceeded)}
	if cause != err { //nolint:errorlint // identity is meant: the cause is the error itself unless one was given
		e.Err = &ended{err, cause}
	}
	return e
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// readOp tells a violation of the grammar from a broken connection.
func readOp(err error) Op {
	var m malformed
	if errors.As(err, &m) || errors.Is(err, ErrHeadTooLarge) || errors.Is(err, ErrTooManyFields) {
		return OpParse
	}
	return OpRead
}
