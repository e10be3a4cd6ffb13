package fault

import (
	"fmt"
	"runtime/debug"
)

// Recover is deferred where a panic must not go further: it becomes an
// Internal fault in *err, which names it and where it came from.
func Recover(err *error) {
	if v := recover(); v != nil {
		*err = As(fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
	}
}
