//go:build !race

package header

import "testing"

func TestAllocLower(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Lower("content-type") }); n != 0 {
		t.Errorf("%v allocations for a name that is lower-case already", n)
	}
}
