// Package harness is the kit of tests that drive a whole gateway: a gateway
// started in this process, upstreams whose every byte and pause is scripted,
// callers that can leave at any moment, and certificates.
//
// It waits for events, never for time to pass: deadlines only end a test that
// has gone wrong. It asserts nothing itself and must not reach into the
// gateway beyond what package app offers.
package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Deadline is when a wait is given up.
const Deadline = 20 * time.Second

// watch is a value that others wait for: a mutex with a channel that is
// closed at every change.
type watch struct {
	mu      sync.Mutex
	changed chan struct{}
}

// update runs f under the lock and wakes who waits.
func (w *watch) update(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}

// until waits for f, called under the lock, to say true.
func (w *watch) until(what string, f func() bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), Deadline)
	defer cancel()
	for {
		w.mu.Lock()
		if f() {
			w.mu.Unlock()
			return nil
		}
		if w.changed == nil {
			w.changed = make(chan struct{})
		}
		again := w.changed
		w.mu.Unlock()
		select {
		case <-again:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s", what)
		}
	}
}

// afterDeadline runs f unless the returned function is called in time.
func afterDeadline(f func()) (stop func()) {
	t := time.AfterFunc(Deadline, f)
	return func() { t.Stop() }
}

// Again asks over and over until f says true or fails. It is for what has no
// event to wait for.
func Again(f func() (bool, error)) error {
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	late := time.After(Deadline)
	for {
		if done, err := f(); done || err != nil {
			return err
		}
		select {
		case <-again.C:
		case <-late:
			return errors.New("asked in vain until the deadline")
		}
	}
}

// Refused waits until connections to addr are refused.
func Refused(addr string) error {
	err := Again(func() (bool, error) {
		c, err := new(net.Dialer).DialContext(context.Background(), "tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err != nil, nil
	})
	if err != nil {
		return fmt.Errorf("%s still takes connections: %w", addr, err)
	}
	return nil
}
