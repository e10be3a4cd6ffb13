package fault

import "github.com/sluice-gateway/sluice/internal/guard"

// Recover is deferred where a panic must not go further: it becomes an
// Internal fault in *err, which names it and where it came from.
func Recover(err *error) {
	if v := recover(); v != nil {
		*err = As(guard.Caught(v))
	}
}
