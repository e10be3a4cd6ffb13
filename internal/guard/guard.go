// Package guard keeps a panic where it happened: it becomes an error, so that
// a goroutine that runs on what others sent ends like one that failed, and who
// waits for it hears of it.
//
// It is for goroutines that have no exchange; those that have one end their
// panics in faults, with fault.Recover. What runs on nothing foreign needs
// neither.
package guard

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
)

// Panic is a panic as an error.
type Panic struct {
	// Value is what panic was called with. It may hold anything, secrets too.
	Value any
	// Stack is where that was. It holds no values.
	Stack []byte
}

// Caught makes an error of what recover returned. It must be called by the
// deferred function.
func Caught(value any) *Panic { return &Panic{Value: value, Stack: debug.Stack()} }

// Error implements error.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v\n%s", p.Value, p.Stack) }

// Recover is deferred where a panic must not go further: it becomes a *Panic
// in *err.
func Recover(err *error) {
	if v := recover(); v != nil {
		*err = Caught(v)
	}
}

// Tell logs the panic that err is, once and with its stack, and returns an
// error of one line in its place, for all who wait. Neither shows the value
// unless it is of the runtime, whose errors repeat no data. Other errors, and
// nil, are returned as they are.
func Tell(log *slog.Logger, err error, about ...slog.Attr) error {
	p, ok := errors.AsType[*Panic](err)
	if !ok {
		return err
	}
	text := fmt.Sprintf("panic: a %T", p.Value)
	if e, ok := p.Value.(runtime.Error); ok {
		text = "panic: " + e.Error()
	}
	attrs := make([]any, 0, len(about)+2)
	for _, a := range about {
		attrs = append(attrs, a)
	}
	log.Error("a panic was caught", append(attrs, slog.String("error", text), slog.String("stack", string(p.Stack)))...)
	return errors.New(text)
}
