package prometheus

import (
	"sync"

	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/telemetry"
	"github.com/sluice-gateway/sluice/telemetry/logentry"
)

// workspace is the label of the one workspace there is.
const workspace = logentry.WorkspaceName

// metrics are what instances count. They are shared by all of them.
type metrics struct {
	registry *telemetry.Registry

	requests, bandwidth                          *telemetry.CounterVec
	kongLatency, upstreamLatency, requestLatency *telemetry.HistogramVec
	aiRequests, aiCost, aiTokens                 *telemetry.CounterVec
	aiLatency                                    *telemetry.HistogramVec

	mu        sync.Mutex // guards the numbers of instances
	instances int
	withAI    int
	health    int // instances that want the health of targets
}

// shared finds the gateway's metrics, made when they are not there yet.
func shared(long *plugin.LongLived, reg *telemetry.Registry) (*metrics, func() error, error) {
	return plugin.Share(long, "prometheus", func() (*metrics, func() error, error) {
		return newMetrics(reg), nil, nil
	})
}

var (
	kongBuckets     = []float64{1, 2, 5, 7, 10, 15, 20, 30, 50, 75, 100, 200, 500, 750, 1000, 3000, 6000}
	upstreamBuckets = []float64{25, 50, 80, 100, 250, 400, 700, 1000, 2000, 5000, 10000, 30000, 60000}
	modelBuckets    = []float64{
		250, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 5000, 10000, 30000, 60000,
	}
)

func newMetrics(reg *telemetry.Registry) *metrics {
	m := &metrics{registry: reg}
	perRoute := []string{"service", "route", "workspace"}
	m.requests = reg.Counter(telemetry.Desc{
		Name: "kong_http_requests_total", Help: "HTTP status codes per consumer/service/route in Kong",
		Labels: []string{"service", "route", "code", "source", "workspace", "consumer"},
	})
	m.bandwidth = reg.Counter(telemetry.Desc{
		Name: "kong_bandwidth_bytes", Help: "Total bandwidth (ingress/egress) throughput in bytes",
		Labels: []string{"service", "route", "direction", "workspace", "consumer"},
	})
	m.kongLatency = reg.Histogram(telemetry.Desc{
		Name: "kong_kong_latency_ms", Labels: perRoute,
		Help: "Latency added by Kong and enabled plugins for each service/route in Kong",
	}, kongBuckets...)
	m.upstreamLatency = reg.Histogram(telemetry.Desc{
		Name: "kong_upstream_latency_ms", Labels: perRoute,
		Help: "Latency added by upstream response for each service/route in Kong",
	}, upstreamBuckets...)
	m.requestLatency = reg.Histogram(telemetry.Desc{
		Name: "kong_request_latency_ms", Labels: perRoute,
		Help: "Total latency incurred during requests for each service/route in Kong",
	}, upstreamBuckets...)
	m.registerAI(reg)
	m.show()
	return m
}

func (m *metrics) registerAI(reg *telemetry.Registry) {
	perModel := []string{
		"ai_provider", "ai_model", "cache_status", "vector_db", "embeddings_provider", "embeddings_model", "workspace",
	}
	perToken := []string{
		"ai_provider", "ai_model", "cache_status", "vector_db", "embeddings_provider", "embeddings_model",
		"token_type", "workspace",
	}
	m.aiRequests = reg.Counter(telemetry.Desc{
		Name: "kong_ai_llm_requests_total", Labels: perModel, Help: "AI requests total per ai_provider in Kong",
	})
	m.aiCost = reg.Counter(telemetry.Desc{
		Name: "kong_ai_llm_cost_total", Labels: perModel, Help: "AI requests cost per ai_provider/cache in Kong",
	})
	m.aiTokens = reg.Counter(telemetry.Desc{
		Name: "kong_ai_llm_tokens_total", Labels: perToken, Help: "AI requests cost per ai_provider/cache in Kong",
	})
	m.aiLatency = reg.Histogram(telemetry.Desc{
		Name: "kong_ai_llm_provider_latency_ms", Labels: perModel,
		Help: "LLM response Latency for each AI plugins per ai_provider in Kong",
	}, modelBuckets...)
}

// enter notes an instance, leave its end.
func (m *metrics) enter(cfg *Config) { m.note(cfg, 1) }

func (m *metrics) leave(cfg *Config) { m.note(cfg, -1) }

func (m *metrics) note(cfg *Config, by int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.instances += by
	if cfg.AIMetrics {
		m.withAI += by
	}
	if cfg.UpstreamHealthMetrics {
		m.health += by
	}
	m.show()
}

// show puts on the page what some instance counts. The metrics of requests
// disappear with the last instance and come back with the next.
func (m *metrics) show() {
	m.requests.Hide(m.instances == 0)
	m.bandwidth.Hide(m.instances == 0)
	m.kongLatency.Hide(m.instances == 0)
	m.upstreamLatency.Hide(m.instances == 0)
	m.requestLatency.Hide(m.instances == 0)
	m.aiRequests.Hide(m.withAI == 0)
	m.aiCost.Hide(m.withAI == 0)
	m.aiTokens.Hide(m.withAI == 0)
	m.aiLatency.Hide(m.withAI == 0)
}

// wantsHealth tells whether some instance wants the health of targets shown.
func (m *metrics) wantsHealth() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.health > 0
}
