//go:build !race

package listen

import "testing"

// TestAllocLeaving: an exchange that nobody watches costs nothing more.
func TestAllocLeaving(t *testing.T) {
	l := new(leaving)
	f := func() {}
	if n := testing.AllocsPerRun(100, func() {
		l.after = l.after[:0]
		l.AfterFunc(f)()
	}); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
