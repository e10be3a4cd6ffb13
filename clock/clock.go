// Package clock is where time comes from, so that scenarios can advance it.
//
// Only the gateway's own decisions (expiry, queue delays, log times) ask a
// Clock; deadlines on sockets follow the machine's time.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time and wakes people up.
type Clock interface {
	// Now is the current time.
	Now() time.Time
	// AfterFunc runs f in its own goroutine once d has passed.
	AfterFunc(d time.Duration, f func()) Timer
}

// Timer is a pending call of AfterFunc.
type Timer interface {
	// Stop prevents the call; it reports false when it has begun already.
	Stop() bool
	// Reset makes the call happen d from now, whether it was pending or not.
	Reset(d time.Duration) bool
}

// System is the machine's clock.
func System() Clock { return system{} }

type system struct{}

func (system) Now() time.Time { return time.Now() }

func (system) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }

// Manual is a clock that moves only when told to. It is safe for concurrent
// use. The zero value starts at the zero time; use NewManual.
type Manual struct {
	mu     sync.Mutex // guards now and timers
	now    time.Time
	timers map[*manualTimer]struct{}
}

// NewManual returns a clock that stands at start.
func NewManual(start time.Time) *Manual {
	return &Manual{now: start, timers: map[*manualTimer]struct{}{}}
}

// Now is where the clock stands.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Advance moves the clock and runs what has become due, in its own goroutines.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
	for t := range m.timers {
		if !t.at.After(m.now) {
			delete(m.timers, t)
			go t.f()
		}
	}
}

// AfterFunc runs f once the clock has been advanced by d.
func (m *Manual) AfterFunc(d time.Duration, f func()) Timer {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := &manualTimer{clock: m, f: f, at: m.now.Add(d)}
	m.schedule(t)
	return t
}

func (m *Manual) schedule(t *manualTimer) {
	if !t.at.After(m.now) {
		go t.f()
		return
	}
	m.timers[t] = struct{}{}
}

type manualTimer struct {
	clock *Manual
	f     func()
	at    time.Time
}

func (t *manualTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	_, pending := t.clock.timers[t]
	delete(t.clock.timers, t)
	return pending
}

func (t *manualTimer) Reset(d time.Duration) bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	_, pending := t.clock.timers[t]
	delete(t.clock.timers, t)
	t.at = t.clock.now.Add(d)
	t.clock.schedule(t)
	return pending
}
