package dns

import (
	"errors"
	"time"
)

// Kind is why a name has no address.
type Kind uint8

// The kinds.
const (
	NotFound Kind = iota // the name does not exist
	Empty                // the name exists, but has no records of use
	Failed               // a server failed, or could not be understood
	TimedOut             // no server answered in time
)

// String names the kind.
func (k Kind) String() string {
	switch k {
	case NotFound:
		return "name error"
	case Empty:
		return "empty record received"
	case Failed:
		return "server failure"
	case TimedOut:
		return "timeout"
	}
	return "unknown"
}

// Error says that a name could not be resolved. It is shared: nobody may
// change it.
type Error struct {
	Kind Kind
	Host string
	// Retry is when the next try is made; until then this error is served.
	Retry time.Time
	// Cause is the underlying error, if any.
	Cause error
}

// Error implements error.
func (e *Error) Error() string {
	msg := "dns: resolve " + e.Host + ": " + e.Kind.String()
	if e.Cause != nil {
		msg += ": " + e.Cause.Error()
	}
	return msg
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Absent tells whether the servers did answer, namely that there is no such
// address: what the gateway calls "name resolution failed".
func (e *Error) Absent() bool { return e.Kind == NotFound || e.Kind == Empty }

// ErrClosed says that the resolver was closed.
var ErrClosed = errors.New("dns: resolver is closed")

// IsAbsent tells whether err is an Error that is Absent.
func IsAbsent(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Absent()
}
