package admin

import (
	"io"
	"net/http"
	"os"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/telemetry"
)

// luaVersion is the language that fields with Lua in them are written in.
const luaVersion = "Lua 5.1"

// root says what this node is.
func (f *front) root(*request) answer {
	n, pid := f.o.Node, int64(os.Getpid())
	return object(http.StatusOK, map[string]any{
		"tagline": "Welcome to kong", "version": n.Version, "sluice_version": n.Sluice, "edition": "community",
		"hostname": n.Hostname, "node_id": n.ID, "lua_version": luaVersion,
		"timers": map[string]any{"running": int64(0), "pending": int64(0)},
		"plugins": map[string]any{
			"available_on_server": f.available(), "enabled_in_cluster": f.inUse(),
		},
		"configuration": f.o.Settings(),
		"pids":          map[string]any{"master": pid, "workers": []any{pid}},
	})
}

func (f *front) available() map[string]any {
	all := map[string]any{}
	for _, d := range f.plugins() {
		all[d.Name] = map[string]any{"version": d.Version, "priority": int64(d.Priority)}
	}
	return all
}

// inUse are the names of the plugins that are configured somewhere.
func (f *front) inUse() []any {
	var names []string
	for _, p := range f.o.Configuration.Document().Plugins {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	out := []any{}
	for _, n := range slices.Compact(names) {
		out = append(out, n)
	}
	return out
}

func (f *front) endpoints(*request) answer {
	list := make([]any, len(f.table.patterns))
	for i, p := range f.table.patterns {
		list[i] = p
	}
	return object(http.StatusOK, map[string]any{"data": list})
}

// providers says what each LLM provider can do. The path is Sluice's own.
func (f *front) providers(*request) answer {
	list := f.o.Providers
	if list == nil {
		list = []any{}
	}
	return object(http.StatusOK, map[string]any{"data": list})
}

func robots(*request) answer { return text(http.StatusOK, "User-agent: *\nDisallow: /") }

func (f *front) metrics(*request) answer {
	return answer{status: http.StatusOK, kind: telemetry.ContentType, stream: func(w io.Writer) error {
		return f.o.Metrics(w)
	}}
}

func statusDNS(*request) answer {
	return message(http.StatusNotImplemented, "not implemented with the legacy DNS client")
}

// status shows memory, connections and the hash of the configuration.
func (f *front) status(q *request) answer {
	args := q.URL.Query()
	show, problem := memoryUnit(args.Get("unit"), args.Get("scale"))
	if problem != "" {
		return message(http.StatusBadRequest, problem)
	}
	return object(http.StatusOK, map[string]any{
		"memory": map[string]any{
			"lua_shared_dicts": dicts(show),
			"workers_lua_vms": []any{map[string]any{
				"pid": int64(os.Getpid()), "http_allocated_gc": show(heapBytes()),
			}},
		},
		"server":             f.connections(),
		"configuration_hash": f.o.Configuration.Hash(),
	})
}

// connections are named as nginx names them.
func (f *front) connections() map[string]any {
	var accepted, active, idle, requests int64
	if s := f.o.Stats; s != nil {
		accepted, active, idle, requests = s.Accepted(), s.Active(), s.Idle(), s.Requests()
	}
	return map[string]any{
		"connections_accepted": accepted, "connections_handled": accepted, "connections_active": active,
		"connections_waiting": idle, "connections_reading": int64(0), "connections_writing": max(active-idle, 0),
		"total_requests": requests,
	}
}

// dicts are the shared memory zones of the original, which monitoring looks
// for. There are none here.
func dicts(show func(n int64) any) map[string]any {
	all := map[string]any{}
	for _, name := range []string{
		"kong", "kong_cluster_events", "kong_core_db_cache", "kong_core_db_cache_miss", "kong_db_cache",
		"kong_db_cache_miss", "kong_healthchecks", "kong_locks", "kong_rate_limiting_counters", "kong_secrets",
		"prometheus_metrics",
	} {
		all[name] = map[string]any{"allocated_slabs": show(0), "capacity": show(0)}
	}
	return all
}

func heapBytes() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(sample[0].Value.Uint64())
}

// units of memory by their letter.
var units = map[string]struct {
	size float64
	name string
}{"k": {1 << 10, " KiB"}, "m": {1 << 20, " MiB"}, "g": {1 << 30, " GiB"}}

// memoryUnit is how to show a size: a number of bytes, or a text with a unit
// and scale digits. problem says what is wrong with the arguments.
func memoryUnit(unit, scale string) (show func(n int64) any, problem string) {
	if unit == "" {
		unit = "m"
	}
	digits := 2
	if scale != "" {
		n, err := strconv.ParseFloat(scale, 64)
		// More digits than a float64 has say nothing.
		if err != nil || !(n >= 0 && n <= 20) {
			return nil, "scale must be equal or greater than 0"
		}
		digits = int(n)
	}
	if strings.EqualFold(unit, "b") {
		return func(n int64) any { return n }, ""
	}
	u, ok := units[strings.ToLower(unit)]
	if !ok {
		return nil, "invalid unit '" + unit + "' (expected 'k/K', 'm/M', or 'g/G')"
	}
	return func(n int64) any { return strconv.FormatFloat(float64(n)/u.size, 'f', digits, 64) + u.name }, ""
}
