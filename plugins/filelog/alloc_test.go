//go:build !race

package filelog_test

import (
	"path/filepath"
	"testing"
)

func TestALineCostsLittleMemory(t *testing.T) {
	in := newHouse().build(t, map[string]any{"path": filepath.Join(t.TempDir(), "a.log")})
	ex := exchange("x")
	in.Log(ex)
	// The buffer of waiting lines grows now and then.
	if n := testing.AllocsPerRun(1000, func() { in.Log(ex) }); n > 1 {
		t.Errorf("%v allocations, want at most one", n)
	}
	closeAll(t, in)
}
