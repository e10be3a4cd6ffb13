package prometheus_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/plugins/prometheus"
	"github.com/sluice-gateway/sluice/telemetry"
)

type house struct {
	*plugin.Deps
	exporter *prometheus.Exporter
}

func newHouse(t *testing.T, probes prometheus.Probes) *house {
	t.Helper()
	h := &house{Deps: &plugin.Deps{
		Long: &plugin.LongLived{}, Metrics: telemetry.NewRegistry(), Node: plugin.Node{ID: "n1", Version: "3.10.0"},
	}}
	var err error
	if h.exporter, err = prometheus.NewExporter(h.Long, h.Metrics, h.Node, probes); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) build(t *testing.T, flags ...string) plugin.Hooks {
	t.Helper()
	cfg := map[string]any{}
	for _, f := range flags {
		cfg[f] = true
	}
	d := prometheus.Definition()
	c, problems := d.Config.Decode(cfg)
	if problems != nil {
		t.Fatal(problems)
	}
	hooks, err := d.Build(c, h.Deps)
	if err != nil {
		t.Fatal(err)
	}
	return hooks
}

// page gives the lines of the page whose metric's name begins with prefix.
func (h *house) page(t *testing.T, prefix string) []string {
	t.Helper()
	var b strings.Builder
	if err := h.exporter.WritePage(&b); err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "kong_") {
			t.Errorf("strange line %q", line)
		}
		if strings.HasPrefix(line, prefix) {
			out = append(out, line)
		}
	}
	return out
}

var began = time.Unix(1e9, 0)

func at(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }

func exchange() *flow.Exchange {
	ex := &flow.Exchange{
		Ctx: context.Background(), Started: began,
		In:       flow.Request{Size: 80, Length: 20},
		Route:    &config.Route{Meta: config.Meta{ID: "r-id"}, Name: "route"},
		Service:  &config.Service{Name: "service", Host: "host"},
		Consumer: &config.Consumer{Username: "bob"},
		Attempts: []flow.Attempt{{Began: at(6), Status: 200}},
		Outcome:  flow.Outcome{Status: 200, Sent: 300},
		Times:    flow.Times{AccessEnd: at(5), Upstream: at(6), Head: at(60), Done: at(90)},
	}
	ex.Reply = ex.NewReply(200)
	ex.Reply.Source = flow.FromUpstream
	return ex
}

func TestCounts(t *testing.T) {
	all := []string{"status_code_metrics", "latency_metrics", "bandwidth_metrics", "ai_metrics"}
	ai := func(ex *flow.Exchange) {
		ex.AI = &flow.AI{
			Provider: "openai", RequestModel: "gpt-4", LogStatistics: true, LatencyMS: 300, Cost: 0.00037,
			Usage: llm.Usage{Prompt: 25, Completion: 12, Total: 37},
		}
	}
	const aiLabels = `ai_provider="openai",ai_model="gpt-4",cache_status="",vector_db="",embeddings_provider="",embeddings_model=""`
	tests := []struct {
		name   string
		flags  []string
		change func(ex *flow.Exchange)
		prefix string
		want   []string
	}{
		{"requests", all, func(*flow.Exchange) {}, "kong_http_requests_total", []string{
			`kong_http_requests_total{service="service",route="route",code="200",source="service",workspace="default",consumer=""} 2`,
		}},
		{"per consumer", append([]string{"per_consumer"}, all...), func(*flow.Exchange) {}, "kong_http_requests_total", []string{
			`kong_http_requests_total{service="service",route="route",code="200",source="service",workspace="default",consumer="bob"} 2`,
		}},
		{"own answer, no service, no names", all, func(ex *flow.Exchange) {
			ex.Service, ex.Route, ex.Reply, ex.Outcome.Status = nil, &config.Route{Meta: config.Meta{ID: "r-id"}}, nil, 401
		}, "kong_http_requests_total", []string{
			`kong_http_requests_total{service="",route="r-id",code="401",source="kong",workspace="default",consumer=""} 2`,
		}},
		{"odd status", all, func(ex *flow.Exchange) { ex.Outcome.Status = 999 }, "kong_http_requests_total", []string{
			`kong_http_requests_total{service="service",route="route",code="999",source="service",workspace="default",consumer=""} 2`,
		}},
		{"no route", all, func(ex *flow.Exchange) { ex.Route = nil }, "kong_http", nil},
		{"off", nil, ai, "kong_http", nil},
		{"bandwidth", all, func(*flow.Exchange) {}, "kong_bandwidth_bytes", []string{
			`kong_bandwidth_bytes{service="service",route="route",direction="egress",workspace="default",consumer=""} 600`,
			`kong_bandwidth_bytes{service="service",route="route",direction="ingress",workspace="default",consumer=""} 200`,
		}},
		{"no bytes", all, func(ex *flow.Exchange) { ex.In.Size, ex.In.Length, ex.Outcome.Sent = 0, 0, 0 }, "kong_bandwidth_bytes", nil},
		{"gateway's latency", all, func(*flow.Exchange) {}, `kong_kong_latency_ms_bucket{service="service",route="route",workspace="default",le="5"}`, []string{
			`kong_kong_latency_ms_bucket{service="service",route="route",workspace="default",le="5"} 0`,
		}},
		{"upstream's latency", all, func(*flow.Exchange) {}, "kong_upstream_latency_ms_sum", []string{
			`kong_upstream_latency_ms_sum{service="service",route="route",workspace="default"} 108`,
		}},
		{"not proxied", all, func(ex *flow.Exchange) { ex.Attempts, ex.Times.Upstream = nil, time.Time{} }, "kong_upstream_latency_ms", nil},
		{"whole latency", all, func(*flow.Exchange) {}, "kong_request_latency_ms_bucket", func() (out []string) {
			for le := range strings.FieldsSeq("25 50 80 100 250 400 700 1000 2000 5000 10000 30000 60000 +Inf") {
				n := 2
				if le == "25" || le == "50" || le == "80" {
					n = 0
				}
				out = append(out, fmt.Sprintf(`kong_request_latency_ms_bucket{service="service",route="route",workspace="default",le="%s"} %d`, le, n))
			}
			return out
		}()},
		{"AI requests", all, ai, "kong_ai_llm_requests_total", []string{"kong_ai_llm_requests_total{" + aiLabels + `,workspace="default"} 2`}},
		{"AI cost", all, ai, "kong_ai_llm_cost_total", []string{"kong_ai_llm_cost_total{" + aiLabels + `,workspace="default"} 0.00074`}},
		{"AI tokens", all, ai, "kong_ai_llm_tokens_total", []string{
			"kong_ai_llm_tokens_total{" + aiLabels + `,token_type="completion_tokens",workspace="default"} 24`,
			"kong_ai_llm_tokens_total{" + aiLabels + `,token_type="prompt_tokens",workspace="default"} 50`,
			"kong_ai_llm_tokens_total{" + aiLabels + `,token_type="total_tokens",workspace="default"} 74`,
		}},
		{"AI latency", all, ai, "kong_ai_llm_provider_latency_ms_sum", []string{"kong_ai_llm_provider_latency_ms_sum{" + aiLabels + `,workspace="default"} 600`}},
		{"AI without figures", all, func(ex *flow.Exchange) {
			ex.AI = &flow.AI{LogStatistics: true, Usage: llm.NoUsage(), LatencyMS: -1}
		}, "kong_ai", []string{
			`kong_ai_llm_requests_total{ai_provider="",ai_model="",cache_status="",vector_db="",embeddings_provider="",embeddings_model="",workspace="default"} 2`,
		}},
		{"AI off", all[:3], ai, "kong_ai", nil},
		{"AI without log_statistics", all, func(ex *flow.Exchange) { ai(ex); ex.AI.LogStatistics = false }, "kong_ai", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t, prometheus.Probes{})
			in := h.build(t, tt.flags...)
			ex := exchange()
			tt.change(ex)
			in.Log(ex)
			in.Log(ex)
			if got := h.page(t, tt.prefix); strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestHiddenWithoutInstance(t *testing.T) {
	h := newHouse(t, prometheus.Probes{})
	step := func(want int) {
		t.Helper()
		if got := len(h.page(t, "kong_http_requests_total")); got != want {
			t.Fatalf("%d series, want %d", got, want)
		}
		if got := len(h.page(t, "kong_node_info")); got != 1 {
			t.Fatalf("the node's metrics are gone")
		}
	}
	step(0)
	one := h.build(t, "status_code_metrics")
	one.Log(exchange())
	step(1)
	two := h.build(t)
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	step(1)
	if err := two.Close(); err != nil {
		t.Fatal(err)
	}
	step(0)
	h.build(t)
	step(1)
}

func TestNode(t *testing.T) {
	down := prometheus.Probes{
		Connections: func() prometheus.Connections {
			return prometheus.Connections{Accepted: 10, Handled: 9, Active: 3, Reading: 1, Writing: 2, Waiting: 4}
		},
		Requests:       func() int64 { return 100 },
		StoreReachable: func() bool { return false },
	}
	tests := []struct {
		name   string
		probes prometheus.Probes
		prefix string
		want   []string
	}{
		{"info", down, "kong_node_info", []string{`kong_node_info{node_id="n1",version="3.10.0"} 1`}},
		{"store away", down, "kong_datastore_reachable", []string{"kong_datastore_reachable 0"}},
		{"no store", prometheus.Probes{}, "kong_datastore_reachable", []string{"kong_datastore_reachable 1"}},
		{"errors", down, "kong_nginx_metric_errors_total", []string{"kong_nginx_metric_errors_total 0"}},
		{"requests", down, "kong_nginx_requests_total", []string{`kong_nginx_requests_total{node_id="n1",subsystem="http"} 100`}},
		{"timers", down, "kong_nginx_timers", []string{`kong_nginx_timers{state="running"} 0`, `kong_nginx_timers{state="pending"} 0`}},
		{"connections", down, "kong_nginx_connections_total", []string{
			`kong_nginx_connections_total{node_id="n1",subsystem="http",state="accepted"} 10`,
			`kong_nginx_connections_total{node_id="n1",subsystem="http",state="active"} 3`,
			`kong_nginx_connections_total{node_id="n1",subsystem="http",state="handled"} 9`,
			`kong_nginx_connections_total{node_id="n1",subsystem="http",state="reading"} 1`,
			`kong_nginx_connections_total{node_id="n1",subsystem="http",state="total"} 100`,
			`kong_nginx_connections_total{node_id="n1",subsystem="http",state="waiting"} 4`,
			`kong_nginx_connections_total{node_id="n1",subsystem="http",state="writing"} 2`,
		}},
		{"dict", prometheus.Probes{}, "kong_memory_lua_shared_dict_bytes{node_id=\"n1\",shared_dict=\"kong\"", []string{
			`kong_memory_lua_shared_dict_bytes{node_id="n1",shared_dict="kong",kong_subsystem="http"} 0`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := newHouse(t, tt.probes).page(t, tt.prefix)
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
	if got := newHouse(t, down).page(t, "kong_memory_workers_lua_vms_bytes"); len(got) != 1 || strings.HasSuffix(got[0], " 0") {
		t.Errorf("memory: %v", got)
	}
}

func TestTargets(t *testing.T) {
	probes := prometheus.Probes{Streams: true, Targets: func(show func(prometheus.Target)) {
		show(prometheus.Target{Upstream: "u", Target: "a:80", Address: "10.0.0.1:80", State: "healthy"})
		show(prometheus.Target{Upstream: "u", Target: "b:80", Address: "left over", State: "dns_error"})
	}}
	h := newHouse(t, probes)
	h.build(t)
	if got := h.page(t, "kong_upstream_target_health"); got != nil {
		t.Errorf("shown although nobody asked: %v", got)
	}
	in := h.build(t, "upstream_health_metrics")
	line := func(target, address, state, subsystem string, n int) string {
		return fmt.Sprintf(`kong_upstream_target_health{upstream="u",target="%s",address="%s",state="%s",subsystem="%s"} %d`,
			target, address, state, subsystem, n)
	}
	var want []string
	for _, target := range [][3]string{{"a:80", "10.0.0.1:80", "healthy"}, {"b:80", "", "dns_error"}} {
		for _, state := range []string{"healthchecks_off", "healthy", "unhealthy", "dns_error"} {
			n := 0
			if state == target[2] {
				n = 1
			}
			want = append(want, line(target[0], target[1], state, "http", n), line(target[0], target[1], state, "stream", n))
		}
	}
	if got := h.page(t, "kong_upstream_target_health"); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if got := h.page(t, "kong_upstream_target_health"); got != nil {
		t.Errorf("still shown: %v", got)
	}
}

func TestWithoutRegistry(t *testing.T) {
	if _, err := prometheus.Definition().Build(&prometheus.Config{}, &plugin.Deps{Long: &plugin.LongLived{}}); err == nil {
		t.Error("built without a registry")
	}
}

func BenchmarkLog(b *testing.B) {
	reg := telemetry.NewRegistry()
	in, err := prometheus.Definition().Build(&prometheus.Config{
		StatusCodeMetrics: true, LatencyMetrics: true, BandwidthMetrics: true, PerConsumer: true,
	}, &plugin.Deps{Long: &plugin.LongLived{}, Metrics: reg})
	if err != nil {
		b.Fatal(err)
	}
	ex := exchange()
	b.ReportAllocs()
	for b.Loop() {
		in.Log(ex)
	}
}

func BenchmarkLogAI(b *testing.B) {
	reg := telemetry.NewRegistry()
	in, err := prometheus.Definition().Build(&prometheus.Config{
		StatusCodeMetrics: true, LatencyMetrics: true, BandwidthMetrics: true, AIMetrics: true,
	}, &plugin.Deps{Long: &plugin.LongLived{}, Metrics: reg})
	if err != nil {
		b.Fatal(err)
	}
	ex := exchange()
	ex.AI = &flow.AI{Provider: "openai", RequestModel: "gpt-4", LogStatistics: true, LatencyMS: 300, Cost: 0.1, Usage: llm.Usage{Prompt: 25, Completion: 12, Total: 37}}
	b.ReportAllocs()
	for b.Loop() {
		in.Log(ex)
	}
}
