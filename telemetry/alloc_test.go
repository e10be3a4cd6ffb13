//go:build !race

package telemetry_test

import (
	"testing"

	"github.com/sluice-gateway/sluice/telemetry"
)

func TestKnownSeriesCostNoMemory(t *testing.T) {
	r := telemetry.NewRegistry()
	labels := []string{"a", "b", "c"}
	c := r.Counter(telemetry.Desc{Name: "kong_a", Labels: labels})
	h := r.Histogram(telemetry.Desc{Name: "kong_h", Labels: labels}, 1, 2, 3)
	b := "route"
	n := testing.AllocsPerRun(100, func() {
		c.With("service", b, "200").Inc()
		h.With("service", b, "200").Observe(1.5)
	})
	if n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
