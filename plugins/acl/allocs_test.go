//go:build !race

package acl

import "testing"

func TestAllocations(t *testing.T) {
	access := hook(t, map[string]any{"allow": []any{"admins"}})
	ex := bob.exchange()
	got := testing.AllocsPerRun(100, func() {
		if _, err := access(ex); err != nil {
			t.Fatal(err)
		}
	})
	// The list of groups for the upstream.
	if want := 1.0; got > want {
		t.Errorf("got %v allocations, want at most %v", got, want)
	}
}
