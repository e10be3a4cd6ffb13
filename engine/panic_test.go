package engine

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
)

// fragile is a Call that panics where it is told to.
type fragile struct{ prepare, settle bool }

func (c *fragile) Prepare(*flow.Exchange, int) error {
	if c.prepare {
		panic("in Prepare")
	}
	return &fault.Error{Kind: fault.Invalid, Shape: fault.Exit, Message: "no"}
}
func (*fragile) Receive(*flow.Exchange, *flow.Reply) error { return nil }
func (*fragile) Release()                                  {}
func (c *fragile) Settle(*flow.Exchange) {
	if c.settle {
		panic("in Settle")
	}
}

// TestPanics: what breaks outside of the hooks is a 500 like any other, which
// is logged once and leaves nothing behind.
func TestPanics(t *testing.T) {
	const ours = `500 {"message":"An unexpected error occurred"}`
	for _, tt := range []struct {
		name string
		call fragile
		want string
	}{
		{"prepare", fragile{prepare: true}, ours},
		{"settle", fragile{settle: true}, `400 {"message":"no"}`},
		{"both", fragile{prepare: true, settle: true}, ours},
	} {
		f := newFixture(t)
		f.apply(t, change(t, twoRoutes, "tag: A1", "tag: A1, pass: true"))
		f.probes.access = func(ex *flow.Exchange) { ex.Call = &tt.call }
		retained := f.Retained()
		ex := f.begin("/one")
		if got := f.end(ex); got != tt.want {
			t.Errorf("%s: got %q", tt.name, got)
		}
		if tt.call.prepare && (ex.Outcome.Err == nil || !strings.Contains(ex.Outcome.Err.Error(), "in Prepare")) {
			t.Errorf("%s: the log knows of %v", tt.name, ex.Outcome.Err)
		}
		if n := f.probes.of("A1")[0].logged.Load(); n != 1 || ex.Plan != nil || f.Retained() != retained {
			t.Errorf("%s: logged %d times, plan %v", tt.name, n, ex.Plan)
		}
		f.Close()
		f.probes.check(t, 1)
		if n := f.Retained(); n > 1 { // the empty snapshot's
			t.Errorf("%s: %d plans are still in use", tt.name, n)
		}
	}
}

// TestPanicsOfReloads: an instance that cannot even be built, or closed, costs
// no more than a configuration with a mistake.
func TestPanicsOfReloads(t *testing.T) {
	f := newFixture(t)
	f.apply(t, change(t, twoRoutes, "tag: A1", "tag: closes badly"))
	err := f.Apply(f.doc(t, change(t, twoRoutes, "tag: C1", "tag: panics")))
	if err == nil || !strings.Contains(err.Error(), "panic: in Build") || !strings.Contains(err.Error(), "plugin probe-b") {
		t.Errorf("got %v", err)
	}
	if got := f.ask("/one"); got != "200 closes badly" {
		t.Errorf("then %q", got)
	}
	f.apply(t, twoRoutes)
	if got := f.ask("/one"); got != "200 A1" {
		t.Errorf("then %q", got)
	}
	f.Close()
	f.probes.check(t, 1)
}
