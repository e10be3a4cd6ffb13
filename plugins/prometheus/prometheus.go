// Package prometheus is the plugin prometheus: it counts exchanges, and writes
// the page that Prometheus reads.
//
// An instance only says which of the metrics it counts for its exchanges; the
// metrics are the gateway's, live in its registry and survive reloads. What is
// known of the node itself comes from Probes, which app wires. The plugin must
// not listen or serve: the Status API and the Admin API hand out the page.
package prometheus

import (
	"errors"
	"strconv"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/schema"
	"github.com/sluice-gateway/sluice/telemetry/logentry"
)

// Config of prometheus.
type Config struct {
	// PerConsumer fills the consumer label with the username. Default false:
	// every consumer makes series of its own.
	PerConsumer bool `json:"per_consumer" default:"false" doc:"Fill the consumer label."`
	// StatusCodeMetrics counts requests by status. Default false.
	StatusCodeMetrics bool `json:"status_code_metrics" default:"false" doc:"Count requests by status."`
	// AIMetrics counts requests to models, their tokens, cost and latency.
	// Default false. The AI plugin must have log_statistics on.
	AIMetrics bool `json:"ai_metrics" default:"false" doc:"Count requests to models, their tokens and cost."`
	// LatencyMetrics measures how long requests take. Default false.
	LatencyMetrics bool `json:"latency_metrics" default:"false" doc:"Measure how long requests take."`
	// BandwidthMetrics counts bytes. Default false.
	BandwidthMetrics bool `json:"bandwidth_metrics" default:"false" doc:"Count bytes received and sent."`
	// UpstreamHealthMetrics shows the health of targets. Default false; one
	// instance that sets it is enough.
	UpstreamHealthMetrics bool `json:"upstream_health_metrics" default:"false" doc:"Show the health of targets."`
	// WasmMetrics is accepted and has no effect: there are no proxy-wasm filters.
	WasmMetrics bool `json:"wasm_metrics" default:"false" doc:"Without effect."`
}

// Warnings implements schema.Warner.
func (c *Config) Warnings() []schema.Problem {
	if !c.WasmMetrics {
		return nil
	}
	return []schema.Problem{{Path: "wasm_metrics", Message: "no effect: there are no proxy-wasm filters"}}
}

// Definition describes the plugin.
func Definition() plugin.Definition {
	d := plugin.Define("prometheus", 13, build)
	d.Scope.NoConsumerGroup = true
	return d
}

func build(cfg *Config, deps *plugin.Deps) (plugin.Hooks, error) {
	if deps.Metrics == nil {
		return plugin.Hooks{}, errors.New("prometheus: there is no registry of metrics")
	}
	m, release, err := shared(deps.Long, deps.Metrics)
	if err != nil {
		return plugin.Hooks{}, err
	}
	m.enter(cfg)
	in := &instance{cfg: *cfg, metrics: m}
	closer := func() error {
		m.leave(cfg)
		return release()
	}
	return plugin.Hooks{Log: in.log, Close: closer}, nil
}

// instance counts as its config says.
type instance struct {
	cfg     Config
	metrics *metrics
}

// log counts one exchange. What found no route is not counted.
func (in *instance) log(ex *flow.Exchange) {
	if ex.Route == nil {
		return
	}
	service, route := logentry.ServiceName(ex.Service), logentry.RouteName(ex.Route)
	consumer := ""
	if in.cfg.PerConsumer && ex.Consumer != nil {
		consumer = ex.Consumer.Username
	}
	m := in.metrics
	if in.cfg.StatusCodeMetrics {
		m.requests.With(service, route, statusText(ex.Outcome.Status), sourceOf(ex), workspace, consumer).Inc()
	}
	if in.cfg.BandwidthMetrics {
		if n := ex.Outcome.Sent; n > 0 {
			m.bandwidth.With(service, route, "egress", workspace, consumer).AddInt(n)
		}
		if n := logentry.RequestSize(ex); n > 0 {
			m.bandwidth.With(service, route, "ingress", workspace, consumer).AddInt(n)
		}
	}
	if in.cfg.LatencyMetrics {
		l := logentry.LatenciesOf(ex)
		m.requestLatency.With(service, route, workspace).Observe(float64(l.Request))
		m.kongLatency.With(service, route, workspace).Observe(float64(l.Kong))
		if l.Proxy >= 0 {
			m.upstreamLatency.With(service, route, workspace).Observe(float64(l.Proxy))
		}
	}
	if in.cfg.AIMetrics && ex.AI != nil && ex.AI.LogStatistics {
		m.countAI(ex.AI, len(ex.Attempts) > 0)
	}
}

// countAI counts a request to a model. asked tells that one was asked.
func (m *metrics) countAI(ai *flow.AI, asked bool) {
	c := &ai.Cache
	with := [...]string{ai.Provider, ai.RequestModel, c.Status, c.VectorDB, c.EmbeddingsProvider, c.EmbeddingsModel, workspace}
	m.aiRequests.With(with[:]...).Inc()
	if ai.Cost > 0 {
		m.aiCost.With(with[:]...).Add(ai.Cost)
	}
	if ai.LatencyMS > 0 || ai.LatencyMS == 0 && asked {
		m.aiLatency.With(with[:]...).Observe(float64(ai.LatencyMS))
	}
	u := &ai.Usage
	m.countTokens(c, ai, "prompt_tokens", u.Prompt)
	m.countTokens(c, ai, "completion_tokens", u.Completion)
	m.countTokens(c, ai, "total_tokens", u.Total)
}

func (m *metrics) countTokens(c *flow.AICache, ai *flow.AI, kind string, n int64) {
	if n > 0 {
		m.aiTokens.With(ai.Provider, ai.RequestModel, c.Status, c.VectorDB,
			c.EmbeddingsProvider, c.EmbeddingsModel, kind, workspace).AddInt(n)
	}
}

// sourceOf says who chose the status.
func sourceOf(ex *flow.Exchange) string {
	if ex.Reply != nil && ex.Reply.Source == flow.FromUpstream {
		return "service"
	}
	return "kong"
}

// statuses are the texts of the usual status codes.
var statuses = func() (t [600]string) {
	for i := range t {
		t[i] = strconv.Itoa(i)
	}
	return t
}()

func statusText(code int) string {
	if code >= 0 && code < len(statuses) {
		return statuses[code]
	}
	return strconv.Itoa(code)
}
