//go:build !race

package correlationid

import "testing"

func TestAllocations(t *testing.T) {
	h := hooks(t, newDeps(), map[string]any{})
	ex := exchange()
	got := testing.AllocsPerRun(100, func() {
		ex.Out.Header = ex.Out.Header[:0]
		if _, err := h.Access(ex); err != nil {
			t.Fatal(err)
		}
	})
	// The id, and the value that log and echo share.
	if want := 2.0; got > want {
		t.Errorf("got %v allocations, want at most %v", got, want)
	}
}
