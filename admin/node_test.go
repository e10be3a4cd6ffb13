package admin

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestRoot(t *testing.T) {
	o := options(&stubEngine{})
	h := New(o)
	post(t, h, `{"_format_version":"3.0","plugins":[{"name":"noop"},{"name":"noop","enabled":false,"route":"r"}],"routes":[{"name":"r","paths":["/"]}]}`)
	got := tree(t, call{method: "GET", path: "/"}.do(h))
	pid := int64(os.Getpid())
	want := map[string]any{
		"tagline": "Welcome to kong", "version": "3.10.0", "sluice_version": "0.1.0", "edition": "community",
		"hostname": "h1", "node_id": "n1", "lua_version": "Lua 5.1",
		"timers": map[string]any{"running": int64(0), "pending": int64(0)},
		"plugins": map[string]any{
			"available_on_server": map[string]any{
				"noop": map[string]any{"version": "3.10.0", "priority": int64(7)},
				"solo": map[string]any{"version": "3.10.0", "priority": int64(8)},
			},
			"enabled_in_cluster": []any{"noop"},
		},
		"configuration": map[string]any{"database": "off", "pg_password": "******", "plugins": []any{"bundled"}},
		"pids":          map[string]any{"master": pid, "workers": []any{pid}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestStatus(t *testing.T) {
	h := New(options(&stubEngine{}))
	got := tree(t, call{method: "GET", path: "/status"}.do(h))
	server := map[string]any{
		"connections_accepted": int64(12), "connections_handled": int64(12), "connections_active": int64(5),
		"connections_waiting": int64(3), "connections_reading": int64(0), "connections_writing": int64(2), "total_requests": int64(99),
	}
	if !reflect.DeepEqual(got["server"], server) {
		t.Errorf("%v", got["server"])
	}
	if got["configuration_hash"] != strings.Repeat("0", 32) {
		t.Error(got["configuration_hash"])
	}
	if _, there := got["database"]; there {
		t.Error("database without a database")
	}
	if at(t, got, "memory", "lua_shared_dicts", "kong", "capacity") != "0.00 MiB" {
		t.Error(got["memory"])
	}
}

// The contract: unit=b|k|m|g and scale.
func TestStatusUnits(t *testing.T) {
	for _, c := range []struct {
		unit, scale string
		want        any
	}{
		{"", "", "5.24 MiB"},
		{"m", "", "5.24 MiB"},
		{"K", "", "5368.71 KiB"},
		{"G", "", "0.01 GiB"},
		{"k", "3", "5368.709 KiB"},
		{"k", "0", "5369 KiB"},
		{"b", "3", int64(5497558)},
		{"B", "", int64(5497558)},
	} {
		show, problem := memoryUnit(c.unit, c.scale)
		if problem != "" || show(5497558) != c.want {
			t.Errorf("%q %q: %v", c.unit, c.scale, problem)
		}
	}
	h := New(options(&stubEngine{}))
	want(t, call{method: "GET", path: "/status?unit=V"}.do(h), 400, `{"message":"invalid unit 'V' (expected 'k/K', 'm/M', or 'g/G')"}`)
	want(t, call{method: "GET", path: "/status?unit=k&scale=-1"}.do(h), 400, `{"message":"scale must be equal or greater than 0"}`)
	want(t, call{method: "GET", path: "/status?scale=NaN"}.do(h), 400, `{"message":"scale must be equal or greater than 0"}`)
}

func TestEndpoints(t *testing.T) {
	list := tree(t, call{method: "GET", path: "/endpoints"}.do(New(options(&stubEngine{}))))["data"].([]any)
	var names []string
	for _, v := range list {
		names = append(names, v.(string))
	}
	for _, p := range []string{
		"/", "/config", "/services", "/services/{services}/routes/{routes}", "/upstreams/{upstreams}/targets",
		"/key-auths/{keyauth_credentials}", "/consumers/{consumers}/key-auth", "/routes/{routes}/service",
		"/consumer_groups/{consumer_groups}/consumers", "/schemas/{name}/validate",
	} {
		if !slices.Contains(names, p) {
			t.Errorf("%s is missing", p)
		}
	}
	for _, p := range []string{"/targets", "/consumer_group_consumers", "/snis/{snis}/certificate"} {
		if slices.Contains(names, p) {
			t.Errorf("%s is there", p)
		}
	}
	if !slices.IsSortedFunc(names, func(a, b string) int {
		return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
	}) {
		t.Error("not sorted by segment")
	}
}

func TestProviders(t *testing.T) {
	o := options(&stubEngine{})
	want(t, call{method: "GET", path: "/ai/providers"}.do(New(o)), 200, `{"data":[]}`)
	o.Providers = []any{map[string]any{"name": "a", "stream": true, "route_types": []any{"llm/v1/chat"}}}
	want(t, call{method: "GET", path: "/ai/providers"}.do(New(o)), 200, `{"data":[{"name":"a","route_types":["llm/v1/chat"],"stream":true}]}`)
	want(t, call{method: "POST", path: "/ai/providers"}.do(New(o)), 405, `{"message":"Method not allowed"}`)
}

// The readiness of the contract.
func TestReady(t *testing.T) {
	o := options(&stubEngine{})
	var why string
	o.NotReady = func() string { return why }
	api, s := New(o), NewStatus(o)
	ready := call{method: "GET", path: "/status/ready"}
	want(t, ready.do(s), 503, `{"message":"no configuration available (empty configuration present)"}`)
	post(t, api, `{"_format_version":"3.0"}`)
	want(t, ready.do(s), 200, `{"message":"ready"}`)
	why = "router builds not yet complete"
	want(t, ready.do(s), 503, `{"message":"router builds not yet complete"}`)
	why = ""
	drain := call{method: "POST", path: "/status/ready", kind: "application/x-www-form-urlencoded", body: "status=up"}
	want(t, drain.do(s), 400, `{"message":"status must be 'draining'"}`)
	strange := drain
	strange.body, strange.header = "status=draining", map[string]string{"Origin": "https://evil.example"}
	if w := strange.do(s); w.Code != 403 {
		t.Error("a strange page took the node out of service:", w.Code)
	}
	drain.body = "status=draining"
	want(t, drain.do(s), 204, "")
	want(t, ready.do(s), 503, `{"message":"draining"}`)
}

func TestStatusAPI(t *testing.T) {
	s := NewStatus(options(&stubEngine{}))
	for _, c := range []struct {
		path   string
		status int
	}{{"/status", 200}, {"/metrics", 200}, {"/status/dns", 501}, {"/", 404}, {"/config", 404}} {
		w := call{method: "GET", path: c.path}.do(s)
		if w.Code != c.status {
			t.Errorf("%s: %d", c.path, w.Code)
		}
		if w.Header().Get("Server") == "" || w.Header().Get("X-Kong-Admin-Latency") != "" {
			t.Errorf("%s: %v", c.path, w.Header())
		}
	}
	o := options(&stubEngine{})
	o.Metrics = nil
	want(t, call{method: "GET", path: "/metrics"}.do(NewStatus(o)), 404, `{"message":"Not found"}`)
}
