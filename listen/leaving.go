package listen

import (
	"context"
	"sync"
	"time"
)

// leaving is the context of an exchange of HTTP/1.1: it ends when the caller
// has left or the exchange is over. It does what context.WithCancel would do
// for a fraction of the cost, which every request would have to pay.
type leaving struct {
	mu    sync.Mutex // guards all below
	over  bool
	done  chan struct{} // made when somebody asks
	after []*afterwards
}

// afterwards is a function to be called at the end; nil once it must not be.
type afterwards struct{ f func() }

var _ context.Context = (*leaving)(nil)

// Deadline is none.
func (*leaving) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value is none.
func (*leaving) Value(any) any { return nil }

// Done is closed at the end.
func (l *leaving) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		l.done = make(chan struct{})
		if l.over {
			close(l.done)
		}
	}
	return l.done
}

// Err is context.Canceled after the end.
func (l *leaving) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return context.Canceled
	}
	return nil
}

// AfterFunc arranges for f to run in its own goroutine at the end, as
// context.AfterFunc does, which looks for this method. stop undoes it and
// tells whether that was in time.
func (l *leaving) AfterFunc(f func()) (stop func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		go f()
		return func() bool { return false }
	}
	a := &afterwards{f}
	l.after = append(l.after, a)
	return func() bool { return l.forget(a) }
}

func (l *leaving) forget(a *afterwards) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := a.f != nil
	a.f = nil
	return was
}

// end ends it. It may be called again.
func (l *leaving) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.over = true
	if l.done != nil {
		close(l.done)
	}
	for _, a := range l.after {
		if a.f != nil {
			go a.f()
			a.f = nil
		}
	}
	l.after = nil
}
