// Package scenarios tells stories of the whole gateway: a configuration, what
// upstreams do, what callers ask, what they get, and what is logged and
// counted. Each *.txtar file is one story; README.md lists the commands.
//
// It holds no Go tests of single parts: those stand beside the code.
package scenarios

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScenarios tells every story of this folder.
func TestScenarios(t *testing.T) {
	testscript.Run(t, params(func(p *testscript.Params) { p.Dir = "." }))
}

func params(where func(*testscript.Params)) testscript.Params {
	p := testscript.Params{
		Setup: setup, Cmds: commands, RequireExplicitExec: true, RequireUniqueNames: true,
	}
	where(&p)
	return p
}
