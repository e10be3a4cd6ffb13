package prometheus

import (
	"io"
	"os"
	rtm "runtime/metrics"
	"strconv"

	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/telemetry"
)

// Help is what the root of a listener for metrics only answers.
const Help = "Kong Prometheus exporter, visit /metrics"

// Probes ask the node about itself. A nil function counts as zero, or as all
// being well. They are called whenever the page is written, perhaps by several
// goroutines at once.
type Probes struct {
	// Connections of callers.
	Connections func() Connections
	// Requests is how many requests callers have made so far.
	Requests func() int64
	// StoreReachable tells whether the configuration's store answers.
	StoreReachable func() bool
	// Targets calls show for every address of every target of every upstream.
	Targets func(show func(Target))
	// Streams tells that there are listeners for TCP streams.
	Streams bool
}

// Connections of callers, as counted by the listeners.
type Connections struct {
	Accepted, Handled                 int64 // so far
	Active, Reading, Writing, Waiting int64 // now
}

// Target is one address of a target of an upstream.
type Target struct {
	// Upstream is the upstream's name.
	Upstream string
	// Target as configured, with port.
	Target string
	// Address is ip:port; empty when the name does not resolve.
	Address string
	// State is healthchecks_off, healthy, unhealthy or dns_error.
	State string
}

// Exporter writes the page of metrics. It holds the metrics for as long as it
// lives, so that they survive a time without any instance of the plugin.
type Exporter struct {
	registry *telemetry.Registry
	metrics  *metrics
	release  func() error
	node     plugin.Node
	probes   Probes
}

// NewExporter makes the exporter of a gateway and registers the metrics of the
// node. There is one; close it last.
func NewExporter(long *plugin.LongLived, reg *telemetry.Registry, node plugin.Node, probes Probes) (*Exporter, error) {
	m, release, err := shared(long, reg)
	if err != nil {
		return nil, err
	}
	e := &Exporter{registry: reg, metrics: m, release: release, node: node, probes: probes}
	e.registerNode()
	e.registerServer()
	e.registerMemory()
	e.registerTargets()
	return e, nil
}

// WritePage writes the page for Prometheus; its type is telemetry.ContentType.
func (e *Exporter) WritePage(w io.Writer) error { return e.registry.WriteText(w) }

// Close lets go of the metrics.
func (e *Exporter) Close() error { return e.release() }

func (e *Exporter) registerNode() {
	e.registry.GaugeFunc(telemetry.Desc{
		Name: "kong_node_info", Help: "Kong Node metadata information", Labels: []string{"node_id", "version"},
	}, func(emit telemetry.Emit) { emit(1, e.node.ID, e.node.Version) })
	e.registry.GaugeFunc(telemetry.Desc{
		Name: "kong_datastore_reachable", Help: "Datastore reachable from Kong, 0 is unreachable",
	}, func(emit telemetry.Emit) {
		emit(oneIf(e.probes.StoreReachable == nil || e.probes.StoreReachable()))
	})
	e.registry.CounterFunc(telemetry.Desc{
		Name: "kong_nginx_metric_errors_total", Help: "Number of nginx-lua-prometheus errors",
	}, func(emit telemetry.Emit) { emit(float64(e.registry.Errors())) })
}

func (e *Exporter) registerServer() {
	e.registry.GaugeFunc(telemetry.Desc{
		Name: "kong_nginx_connections_total", Help: "Number of connections by subsystem",
		Labels: []string{"node_id", "subsystem", "state"},
	}, e.connections)
	e.registry.GaugeFunc(telemetry.Desc{
		Name: "kong_nginx_requests_total", Help: "Total number of requests", Labels: []string{"node_id", "subsystem"},
	}, func(emit telemetry.Emit) { emit(float64(e.requests()), e.node.ID, "http") })
	e.registry.GaugeFunc(telemetry.Desc{
		Name: "kong_nginx_timers", Help: "Number of Nginx timers", Labels: []string{"state"},
	}, func(emit telemetry.Emit) {
		emit(0, "running")
		emit(0, "pending")
	})
}

func (e *Exporter) requests() int64 {
	if e.probes.Requests == nil {
		return 0
	}
	return e.probes.Requests()
}

func (e *Exporter) connections(emit telemetry.Emit) {
	var c Connections
	if e.probes.Connections != nil {
		c = e.probes.Connections()
	}
	states := [...]struct {
		name string
		n    int64
	}{
		{"accepted", c.Accepted},
		{"active", c.Active},
		{"handled", c.Handled},
		{"reading", c.Reading},
		{"total", e.requests()},
		{"waiting", c.Waiting},
		{"writing", c.Writing},
	}
	for _, s := range states {
		emit(float64(s.n), e.node.ID, "http", s.name)
	}
}

// dicts are the shared memory zones that dashboards know. We have none.
var dicts = [...]string{
	"kong", "kong_cluster_events", "kong_core_db_cache", "kong_core_db_cache_miss", "kong_db_cache",
	"kong_db_cache_miss", "kong_healthchecks", "kong_locks", "kong_rate_limiting_counters", "kong_secrets",
	"prometheus_metrics",
}

func (e *Exporter) registerMemory() {
	e.registry.GaugeFunc(telemetry.Desc{
		Name: "kong_memory_workers_lua_vms_bytes", Help: "Allocated bytes in worker Lua VM",
		Labels: []string{"node_id", "pid", "kong_subsystem"},
	}, func(emit telemetry.Emit) { emit(heapBytes(), e.node.ID, strconv.Itoa(os.Getpid()), "http") })
	for name, help := range map[string]string{
		"kong_memory_lua_shared_dict_bytes":       "Allocated slabs in a shared_dict",
		"kong_memory_lua_shared_dict_total_bytes": "Total capacity in bytes of a shared_dict",
	} {
		e.registry.GaugeFunc(telemetry.Desc{
			Name: name, Help: help, Labels: []string{"node_id", "shared_dict", "kong_subsystem"},
		}, func(emit telemetry.Emit) {
			for _, dict := range dicts {
				emit(0, e.node.ID, dict, "http")
			}
		})
	}
}

// heapBytes is what lives on the heap: the nearest thing to a worker's memory.
func heapBytes() float64 {
	sample := []rtm.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	rtm.Read(sample)
	if sample[0].Value.Kind() != rtm.KindUint64 {
		return 0
	}
	return float64(sample[0].Value.Uint64())
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// states a target can be in; each has a line, one of which says 1.
var states = [...]string{"healthchecks_off", "healthy", "unhealthy", "dns_error"}

func (e *Exporter) registerTargets() {
	e.registry.GaugeFunc(telemetry.Desc{
		Name: "kong_upstream_target_health",
		Help: "Health status of targets of upstream. " +
			"States = healthchecks_off|healthy|unhealthy|dns_error, value is 1 when state is populated.",
		Labels: []string{"upstream", "target", "address", "state", "subsystem"},
	}, func(emit telemetry.Emit) {
		if e.probes.Targets == nil || !e.metrics.wantsHealth() {
			return
		}
		e.probes.Targets(func(t Target) { e.showTarget(emit, &t) })
	})
}

func (e *Exporter) showTarget(emit telemetry.Emit, t *Target) {
	if t.State == "dns_error" {
		t.Address = ""
	}
	for _, state := range states {
		emit(oneIf(state == t.State), t.Upstream, t.Target, t.Address, state, "http")
		if e.probes.Streams {
			emit(oneIf(state == t.State), t.Upstream, t.Target, t.Address, state, "stream")
		}
	}
}
