package httplog_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/h1"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/plugins/httplog"
	"github.com/sluice-gateway/sluice/schema"
	"github.com/sluice-gateway/sluice/telemetry"
)

// received is a request that the log server got.
type received struct {
	method, uri, host, body string
	peer                    string
	header                  http.Header
}

// server answers with the statuses it is given, then with 200.
func server(t *testing.T, https bool, statuses ...int) (*httptest.Server, chan received) {
	t.Helper()
	got := make(chan received, 100)
	answers := make(chan int, len(statuses))
	for _, s := range statuses {
		answers <- s
	}
	close(answers)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if status, ok := <-answers; ok {
			w.WriteHeader(status)
		}
		got <- received{r.Method, r.RequestURI, r.Host, string(body), r.RemoteAddr, r.Header}
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	if https {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s, got
}

func newDeps(t *testing.T) *plugin.Deps {
	t.Helper()
	return &plugin.Deps{
		Clock: clock.System(), Log: slog.New(slog.DiscardHandler),
		HTTP: func(idle time.Duration) *h1.Client { return h1.New(h1.Options{IdleTimeout: idle}) },
		Long: &plugin.LongLived{}, Metrics: telemetry.NewRegistry(),
	}
}

func build(t *testing.T, deps *plugin.Deps, endpoint string, more map[string]any) plugin.Hooks {
	t.Helper()
	cfg := map[string]any{"http_endpoint": endpoint}
	maps.Copy(cfg, more)
	d := httplog.Definition()
	c, problems := d.Config.Decode(cfg)
	if problems != nil {
		t.Fatal(problems)
	}
	hooks, err := d.Build(c, deps)
	if err != nil {
		t.Fatal(err)
	}
	return hooks
}

func exchange(id string) *flow.Exchange {
	return &flow.Exchange{Ctx: context.Background(), ID: id, Outcome: flow.Outcome{Status: 404}}
}

type entry struct {
	Request struct{ ID string }
}

func TestOne(t *testing.T) {
	s, got := server(t, false)
	in := build(t, newDeps(t), strings.Replace(s.URL, "://", "://us%3Aer:pass@", 1)+"/a%20b/c?not=sent", map[string]any{
		"method": "PUT", "content_type": "application/json; charset=utf-8", "headers": map[string]any{"X-B": "2", "X-A": "1"},
	})
	in.Log(exchange("one"))
	r := <-got
	if r.method != "PUT" || r.uri != "/a%20b/c" || "http://"+r.host != s.URL {
		t.Errorf("got %s %s of %s", r.method, r.uri, r.host)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "X-A": "1", "X-B": "2", "Authorization": "Basic dXM6ZXI6cGFzcw==",
	} {
		if r.header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, r.header.Get(name), want)
		}
	}
	var e entry
	if err := json.Unmarshal([]byte(r.body), &e); err != nil || e.Request.ID != "one" {
		t.Errorf("got %s", r.body)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
}

// TestKeepalive: how long connections are kept is a matter of each endpoint.
func TestKeepalive(t *testing.T) {
	s, got := server(t, false)
	deps := newDeps(t)
	for _, tt := range []struct {
		keepalive float64
		want      int
	}{{60000, 1}, {0.000001, 3}, {0, 1}, {1e300, 1}} {
		callers := map[string]bool{}
		in := build(t, deps, s.URL, map[string]any{"keepalive": tt.keepalive})
		for range 3 {
			in.Log(exchange("x"))
			callers[(<-got).peer] = true
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
		if len(callers) != tt.want {
			t.Errorf("keepalive %v: %d connections, want %d", tt.keepalive, len(callers), tt.want)
		}
	}
}

func TestBatches(t *testing.T) {
	s, got := server(t, false)
	deps := newDeps(t)
	more := map[string]any{"queue": map[string]any{"max_batch_size": int64(3), "max_coalescing_delay": int64(3600)}}
	one, two := build(t, deps, s.URL, more), build(t, deps, s.URL, more)
	one.Log(exchange("1"))
	two.Log(exchange("2"))
	one.Log(exchange("3"))
	two.Log(exchange("4"))
	for _, want := range []string{"123", "4"} {
		if want == "4" { // sent because the queue ends
			for _, in := range []plugin.Hooks{one, two} {
				if err := in.Close(); err != nil {
					t.Error(err)
				}
			}
		}
		r := <-got
		var list []entry
		if err := json.Unmarshal([]byte(r.body), &list); err != nil || r.uri != "/" {
			t.Fatalf("%v: %s %s", err, r.uri, r.body)
		}
		ids := ""
		for _, e := range list {
			ids += e.Request.ID
		}
		if ids != want {
			t.Errorf("got %s, want %s", ids, want)
		}
	}
	var page strings.Builder
	_ = deps.Metrics.WriteText(&page)
	if want := `plugin="http-log",endpoint="` + s.URL[len("http://"):] + `",result="sent"} 4`; !strings.Contains(page.String(), want) {
		t.Errorf("the page says\n%s", page.String())
	}
}

func TestRetriesUntilItIsTaken(t *testing.T) {
	s, got := server(t, false, 500, 301, 400)
	in := build(t, newDeps(t), s.URL, map[string]any{"queue": map[string]any{"initial_retry_delay": 0.001}})
	in.Log(exchange("x"))
	first := <-got
	for range 3 {
		if r := <-got; r.body != first.body {
			t.Errorf("got %s, want %s again", r.body, first.body)
		}
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if len(got) > 0 {
		t.Error("sent again after success")
	}
}

func TestTLS(t *testing.T) {
	t.Run("not verified", func(t *testing.T) {
		s, got := server(t, true)
		in := build(t, newDeps(t), s.URL+"/x", nil)
		in.Log(exchange("x"))
		if r := <-got; r.uri != "/x" {
			t.Errorf("got %s", r.uri)
		}
		_ = in.Close()
	})
	t.Run("verified", func(t *testing.T) {
		s, got := server(t, true)
		in := build(t, newDeps(t), s.URL, map[string]any{"ssl_verify": true})
		in.Log(exchange("x"))
		_ = in.Close() // tries once more and gives up
		if len(got) > 0 {
			t.Error("an unknown server was trusted")
		}
	})
}

func TestFormerFields(t *testing.T) {
	s, got := server(t, false)
	in := build(t, newDeps(t), s.URL, map[string]any{"queue_size": int64(2), "flush_timeout": int64(3600), "retry_count": int64(5)})
	in.Log(exchange("1"))
	in.Log(exchange("2"))
	if r := <-got; !strings.HasPrefix(r.body, "[{") {
		t.Errorf("got %s", r.body)
	}
	_ = in.Close()
}

func TestCloseIsQuickWithoutServer(t *testing.T) {
	s, _ := server(t, false)
	s.Close()
	in := build(t, newDeps(t), s.URL, map[string]any{"queue": map[string]any{"initial_retry_delay": int64(1000000)}})
	for range 100 {
		in.Log(exchange("x"))
	}
	done := make(chan error, 1)
	go func() { done <- in.Close() }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("closing waits for a server that is away")
	}
}

func TestConfig(t *testing.T) {
	const url = "http://127.0.0.1/"
	tests := []struct {
		cfg  map[string]any
		want string
	}{
		{map[string]any{}, "schema violation (http_endpoint: required field missing)"},
		{map[string]any{"http_endpoint": "example"}, "schema violation (http_endpoint: missing host in url)"},
		{map[string]any{"http_endpoint": url}, ""},
		{map[string]any{"http_endpoint": "{vault://env/log}"}, ""},
		{map[string]any{"http_endpoint": url, "method": "GET"}, "schema violation (method: expected one of: POST, PUT, PATCH)"},
		{map[string]any{"http_endpoint": url, "headers": map[string]any{"HOST": "x"}}, "schema violation (headers: cannot contain 'Host' header)"},
		{map[string]any{"http_endpoint": url, "headers": map[string]any{"content-length": "1"}}, "schema violation (headers: cannot contain 'Content-Length' header)"},
		{map[string]any{"http_endpoint": url, "headers": map[string]any{"Content-type": "x"}}, "schema violation (headers: cannot contain 'Content-Type' header)"},
		{
			map[string]any{"http_endpoint": "http://a:b@h", "headers": map[string]any{"authorization": "x"}},
			"specifying both an 'Authorization' header and user info in 'http_endpoint' is not allowed",
		},
		{map[string]any{"http_endpoint": url, "queue": map[string]any{"concurrency_limit": int64(2)}}, "schema violation (queue.concurrency_limit: expected one of: 1, -1)"},
	}
	for _, tt := range tests {
		got := ""
		if _, err := httplog.Definition().Config.Decode(tt.cfg); err != nil {
			got = err.Error()
		}
		if got != tt.want && (tt.want == "" || !strings.Contains(got, tt.want)) {
			t.Errorf("%v: %s, want %s", tt.cfg, got, tt.want)
		}
	}
}

func TestBuildRefusesWhatIsNoURL(t *testing.T) {
	for _, endpoint := range []string{"{vault://env/log}", "ftp://h/", "http://h:x/"} {
		cfg := &httplog.Config{HTTPEndpoint: schema.Secret(endpoint)}
		_, err := httplog.Definition().Build(cfg, newDeps(t))
		if err == nil || strings.Contains(err.Error(), "vault") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}
