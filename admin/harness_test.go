package admin

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/internal/jsonv2"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/schema"
)

// noop is a plugin for these tests.
type noop struct {
	Names []string      `json:"names" default:"a"`
	Limit int           `json:"limit" default:"5" between:"1,9"`
	On    bool          `json:"on" default:"false"`
	Key   schema.Secret `json:"key" ref:"true"`
	Deep  struct {
		X int `json:"x"`
	} `json:"deep"`
	Extra map[string]string `json:"extra"`
}

func plugins() *plugin.Registry {
	build := func(*noop, *plugin.Deps) (plugin.Hooks, error) { return plugin.Hooks{}, nil }
	one := plugin.Define("noop", 7, build)
	two := plugin.Define("solo", 8, build)
	two.Scope, two.Protocols = plugin.Scope{NoConsumer: true, NoConsumerGroup: true}, []string{"http"}
	return plugin.NewRegistry(one, two)
}

// stubEngine keeps what it was given. enter and leave, when set, make Apply
// wait.
type stubEngine struct {
	applied      []*config.Document
	fail         error
	enter, leave chan struct{}
}

func (e *stubEngine) Apply(doc *config.Document) error {
	if e.enter != nil {
		e.enter <- struct{}{}
		<-e.leave
	}
	if e.fail != nil {
		return e.fail
	}
	e.applied = append(e.applied, doc)
	return nil
}

type stubStats struct{}

func (stubStats) Accepted() int64 { return 12 }
func (stubStats) Active() int64   { return 5 }
func (stubStats) Idle() int64     { return 3 }
func (stubStats) Requests() int64 { return 99 }

func options(e Engine) Options {
	reg := plugins()
	return Options{
		Configuration: NewConfiguration(e, slog.New(slog.DiscardHandler)),
		Entities: config.Options{
			Now: func() time.Time { return time.Unix(1700000000, 0) },
			Plugin: func(name string) (config.PluginSchema, bool) {
				d, ok := reg.Lookup(name)
				if !ok {
					return config.PluginSchema{}, false
				}
				s := d.Scope
				return config.PluginSchema{
					Record: d.Config, Protocols: d.Protocols,
					NoRoute: s.NoRoute, NoService: s.NoService, NoConsumer: s.NoConsumer, NoConsumerGroup: s.NoConsumerGroup,
				}, true
			},
		},
		Plugins: reg,
		Node:    plugin.Node{ID: "n1", Hostname: "h1", Version: "3.10.0", Sluice: "0.1.0"},
		Settings: func() map[string]any {
			return map[string]any{"database": "off", "pg_password": "******", "plugins": []any{"bundled"}}
		},
		Stats: stubStats{}, MaxBody: DefaultMaxBody, Agent: "sluice/0.1.0", Latency: true,
		Metrics: func(w io.Writer) error {
			_, err := io.WriteString(w, "kong_up 1\n")
			return err
		},
		Clock: clock.NewManual(time.Unix(1700000000, 0)), Log: slog.New(slog.DiscardHandler),
	}
}

type call struct {
	method, path, kind, body string
	header                   map[string]string
}

func (c call) do(h http.Handler) *httptest.ResponseRecorder {
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(c.body)
	}
	r := httptest.NewRequest(c.method, "http://127.0.0.1:8001"+c.path, body)
	if c.kind != "" {
		r.Header.Set("Content-Type", c.kind)
	}
	for k, v := range c.header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// tree reads an answer as JSON.
func tree(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	v, err := jsonv2.Parse(w.Body.Bytes())
	m, ok := v.(map[string]any)
	if err != nil || !ok {
		t.Fatalf("not a JSON object: %v\n%s", err, w.Body)
	}
	return m
}

// at follows a path of members.
func at(t *testing.T, v any, path ...string) any {
	t.Helper()
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("%s: not in an object: %v", p, v)
		}
		v = m[p]
	}
	return v
}

func want(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || w.Body.String() != body {
		t.Errorf("got  %d %s\nwant %d %s", w.Code, w.Body, status, body)
	}
}
