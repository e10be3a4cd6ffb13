//go:build !race

package logentry_test

import (
	"testing"

	"github.com/sluice-gateway/sluice/telemetry/logentry"
)

func TestAnEntryCostsNoMemory(t *testing.T) {
	w := logentry.New()
	ex := exchange()
	ex.SetLogField("correlation_id", "x")
	buf := w.Append(nil, ex)
	if n := testing.AllocsPerRun(100, func() { buf = w.Append(buf[:0], ex) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
