//go:build !race

package scenarios

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestAllocAlone tells the stories that measure memory, one at a time.
func TestAllocAlone(t *testing.T) {
	files, err := filepath.Glob("alone/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			testscript.Run(t, params(func(p *testscript.Params) { p.Files = []string{f} }))
		})
	}
}
