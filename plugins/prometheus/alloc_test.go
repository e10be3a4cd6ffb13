//go:build !race

package prometheus_test

import (
	"testing"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/plugins/prometheus"
)

func TestARequestCostsNoMemory(t *testing.T) {
	h := newHouse(t, prometheus.Probes{})
	in := h.build(t, "status_code_metrics", "latency_metrics", "bandwidth_metrics", "per_consumer", "ai_metrics")
	ex := exchange()
	ex.AI = &flow.AI{
		Provider: "openai", RequestModel: "gpt-4", LogStatistics: true, LatencyMS: 300, Cost: 0.1,
		Usage: llm.Usage{Prompt: 25, Completion: 12, Total: 37},
	}
	if n := testing.AllocsPerRun(100, func() { in.Log(ex) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
