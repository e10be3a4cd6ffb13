package clock

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestManual(t *testing.T) {
	m := NewManual(start)
	if got := m.Now(); !got.Equal(start) {
		t.Errorf("now = %v", got)
	}
	m.Advance(time.Hour)
	if got := m.Now(); !got.Equal(start.Add(time.Hour)) {
		t.Errorf("an hour later = %v", got)
	}
}

// TestManualTimers: timers ring when their time has come, once.
func TestManualTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewManual(start)
		var rang [4]atomic.Int32
		set := func(i int, d time.Duration) Timer { return m.AfterFunc(d, func() { rang[i].Add(1) }) }
		set(0, time.Second)
		second := set(1, 2*time.Second)
		third := set(2, 3*time.Second)
		set(3, 0)
		check := func(when string, want ...int32) {
			t.Helper()
			synctest.Wait()
			for i, n := range want {
				if got := rang[i].Load(); got != n {
					t.Errorf("%s: timer %d rang %d times, want %d", when, i, got, n)
				}
			}
		}
		check("at once", 0, 0, 0, 1)
		m.Advance(time.Second - 1)
		check("before", 0, 0, 0, 1)
		m.Advance(1)
		check("at the time", 1, 0, 0, 1)
		if !second.Stop() || second.Stop() {
			t.Error("Stop: pending once")
		}
		m.Advance(time.Second)
		check("stopped", 1, 0, 0, 1)
		if !third.Reset(2 * time.Second) {
			t.Error("Reset: it was pending")
		}
		m.Advance(time.Second)
		check("put off", 1, 0, 0, 1)
		m.Advance(time.Second)
		check("put off, come", 1, 0, 1, 1)
		if third.Stop() || third.Reset(time.Second) {
			t.Error("it was not pending")
		}
		m.Advance(time.Minute)
		check("again", 1, 0, 2, 1)
		if second.Reset(-time.Second) {
			t.Error("Reset of a stopped timer: not pending")
		}
		check("long ago", 1, 1, 2, 1)
	})
}

func TestSystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := System()
		var rang atomic.Int32
		began := c.Now()
		done := make(chan struct{})
		timer := c.AfterFunc(time.Minute, func() {
			rang.Add(1)
			close(done)
		})
		<-done
		if rang.Load() != 1 || c.Now().Sub(began) < time.Minute || timer.Stop() {
			t.Errorf("rang %d times", rang.Load())
		}
	})
}
