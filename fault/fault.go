// Package fault holds the one error type that crosses package borders on the
// data plane: what went wrong, what the caller may know of it, and in which
// family of shapes it is shown.
//
// fault decides no wording of bodies: package speak renders. It must not know
// plugins, formats or net/http.
package fault

import (
	"errors"
	"fmt"

	"github.com/sluice-gateway/sluice/header"
)

// Kind is what happened, and gives the status when nobody named another.
type Kind uint8

// The kinds.
const (
	Internal      Kind = iota // we broke
	Invalid                   // the request cannot be served as it is
	Unauthorized              // nobody known asked
	Forbidden                 // somebody known may not
	NotFound                  // no such route or thing
	NotAllowed                // wrong method
	TooLarge                  // a limit on size
	Limited                   // a limit on rate, tokens or money
	BadUpstream               // the upstream refused, broke off or sent garbage
	Unavailable               // no upstream to be had
	Timeout                   // the upstream took too long
	Canceled                  // the caller went away
	UpgradeNeeded             // another protocol is wanted
)

// Status is the HTTP status of a kind.
func (k Kind) Status() int {
	switch k {
	case Invalid:
		return 400
	case Unauthorized:
		return 401
	case Forbidden:
		return 403
	case NotFound:
		return 404
	case NotAllowed:
		return 405
	case TooLarge:
		return 413
	case Limited:
		return 429
	case BadUpstream:
		return 502
	case Unavailable:
		return 503
	case Timeout:
		return 504
	case Canceled:
		return 499
	case UpgradeNeeded:
		return 426
	case Internal:
		return 500
	}
	return 500
}

// Shape is the family of bodies a fault is shown in.
type Shape uint8

// The shapes.
const (
	// Negotiated is a template chosen by Accept: gateway errors of router,
	// balancer and most plugins. It carries the request id.
	Negotiated Shape = iota
	// Server is Negotiated, where without an Accept header the request's
	// Content-Type and then error_default_type decide.
	Server
	// Exit is the plain JSON table {"message":…} without a request id.
	Exit
	// AI is {"error":{"message":…}}.
	AI
	// Empty has no body.
	Empty
)

// Error is a fault. Message may be shown to the caller, Cause may not.
type Error struct {
	Kind    Kind
	Code    int // HTTP status; 0 takes the kind's
	Message string
	Shape   Shape
	Header  header.Header // further response headers
	By      string        // which part said so, e.g. "plugin/key-auth"
	Cause   error
}

// Error implements error; it is for logs, not for callers.
func (e *Error) Error() string {
	msg := e.Message
	if msg == "" {
		msg = fmt.Sprintf("status %d", e.Status())
	}
	if e.By != "" {
		msg = e.By + ": " + msg
	}
	if e.Cause != nil {
		return msg + ": " + e.Cause.Error()
	}
	return msg
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Status is the HTTP status to answer with.
func (e *Error) Status() int {
	if e.Code != 0 {
		return e.Code
	}
	return e.Kind.Status()
}

// As returns the fault in err's chain. Anything else is an Internal fault
// with err as its cause: unknown errors are never shown to callers.
func As(err error) *Error {
	if f, ok := errors.AsType[*Error](err); ok {
		return f
	}
	return &Error{Kind: Internal, Shape: Exit, Message: "An unexpected error occurred", Cause: err}
}
