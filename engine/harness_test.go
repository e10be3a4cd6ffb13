package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/dns"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/schema"
	"github.com/sluice-gateway/sluice/send"
	"github.com/sluice-gateway/sluice/speak"
	"github.com/sluice-gateway/sluice/telemetry"
)

// probeConfig is the config of a plugin that watches how it is used.
type probeConfig struct {
	// Tag tells configurations apart.
	Tag string `json:"tag"`
	// Secret may be kept elsewhere.
	Secret schema.Secret `json:"secret" ref:"true" secret:"true"`
	// Fail makes building fail.
	Fail bool `json:"fail" default:"false"`
	// Pass lets the request go on.
	Pass bool `json:"pass" default:"false"`
}

// probes are all instances that were built.
type probes struct {
	mu  sync.Mutex // guards all
	all []*probe
	// rewrite runs in the rewrite phase of every instance, if it is set.
	rewrite func(*flow.Exchange)
	// access runs in the access phase, likewise.
	access func(*flow.Exchange)
}

// probe is one instance.
type probe struct {
	tag    string
	closed atomic.Int32
	used   atomic.Int64
	logged atomic.Int64
	late   atomic.Int64 // uses after it was closed
}

func (p *probe) use() {
	p.used.Add(1)
	if p.closed.Load() > 0 {
		p.late.Add(1)
	}
}

var errBuild = errors.New("cannot be built")

func (ps *probes) build(cfg *probeConfig, _ *plugin.Deps) (plugin.Hooks, error) {
	if cfg.Fail {
		return plugin.Hooks{}, errBuild
	}
	if cfg.Tag == "panics" {
		panic("in Build")
	}
	p := &probe{tag: cfg.Tag}
	ps.mu.Lock()
	ps.all = append(ps.all, p)
	ps.mu.Unlock()
	return plugin.Hooks{
		Rewrite: func(ex *flow.Exchange) error {
			p.use()
			if ps.rewrite != nil {
				ps.rewrite(ex)
			}
			return nil
		},
		Access: func(ex *flow.Exchange) (*flow.Reply, error) {
			p.use()
			if ps.access != nil {
				ps.access(ex)
			}
			if cfg.Pass {
				return nil, nil
			}
			r := ex.NewReply(200)
			r.SetBody([]byte(cfg.Tag))
			return r, nil
		},
		Head: func(*flow.Exchange, *flow.Reply) error {
			p.use()
			return nil
		},
		Log: func(*flow.Exchange) {
			p.use()
			p.logged.Add(1)
		},
		Close: func() error {
			p.closed.Add(1)
			if cfg.Tag == "closes badly" {
				panic("in Close")
			}
			return nil
		},
	}, nil
}

// of lists the instances with a tag.
func (ps *probes) of(tag string) []*probe {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	var out []*probe
	for _, p := range ps.all {
		if p.tag == tag {
			out = append(out, p)
		}
	}
	return out
}

// check wants every instance closed as often as said, and none used after.
func (ps *probes) check(tb testing.TB, closed int32) {
	tb.Helper()
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for i, p := range ps.all {
		if got := p.closed.Load(); got != closed {
			tb.Errorf("instance %d (%s) was closed %d times, want %d", i, p.tag, got, closed)
		}
		if n := p.late.Load(); n > 0 {
			tb.Errorf("instance %d (%s) was used %d times after it was closed", i, p.tag, n)
		}
	}
}

// fixture is an engine with the plugin probe under several names.
type fixture struct {
	*Engine
	probes *probes
	clock  *clock.Manual
	load   config.Options
}

func newFixture(tb testing.TB) *fixture {
	tb.Helper()
	f := &fixture{probes: &probes{}, clock: clock.NewManual(testTime)}
	reg := plugin.NewRegistry(
		plugin.Define("probe", 1000, f.probes.build), plugin.Define("probe-b", 900, f.probes.build), plugin.Define("probe-c", 800, f.probes.build),
	)
	f.load = config.Options{Now: f.clock.Now, Plugin: func(name string) (config.PluginSchema, bool) {
		d, ok := reg.Lookup(name)
		if !ok {
			return config.PluginSchema{}, false
		}
		return config.PluginSchema{Record: d.Config}, true
	}}
	resolver := dns.New(dns.Options{ResolvConf: "nameserver 127.0.0.1\n", Clock: f.clock})
	tb.Cleanup(func() { _ = resolver.Close() })
	e, err := New(Options{
		Plugins: reg, Sender: send.New(send.Options{Via: "test"}), Speaker: &speak.Speaker{}, DNS: resolver, Clock: f.clock,
		Log: slog.New(slog.DiscardHandler), Metrics: telemetry.NewRegistry(), Headers: NewHeaders("sluice/test", []string{"server_tokens", "latency_tokens"}),
		LookupEnv: func(name string) (string, bool) { return "secret of " + name, strings.HasPrefix(name, "KNOWN") },
	})
	if err != nil {
		tb.Fatal(err)
	}
	f.Engine = e
	return f
}

// doc reads a declarative text.
func (f *fixture) doc(tb testing.TB, text string) *config.Document {
	tb.Helper()
	d, err := config.ParseAndLoad([]byte(text), f.load)
	if err != nil {
		tb.Fatalf("%v\n%s", err, text)
	}
	return d
}

func (f *fixture) apply(tb testing.TB, text string) {
	tb.Helper()
	if err := f.Apply(f.doc(tb, text)); err != nil {
		tb.Fatal(err)
	}
}

// begin asks for a path and leaves the answer under way.
func (f *fixture) begin(path string) *flow.Exchange {
	ex := &flow.Exchange{Ctx: context.Background(), Log: slog.New(slog.DiscardHandler), ID: "id", Started: testTime}
	ex.In.Method, ex.In.Path, ex.In.Target, ex.In.Host, ex.In.Scheme, ex.In.Major, ex.In.Proto = "GET", path, path, "example.com", "http", 1, "HTTP/1.1"
	ex.Body.Open(nil, 0)
	f.Serve(ex)
	return ex
}

// end finishes an exchange and tells its status and body.
func (f *fixture) end(ex *flow.Exchange) string {
	out := fmt.Sprint(ex.Reply.Status)
	if ex.Reply.Stream != nil {
		if b, err := flow.Collect(ex.Reply.Stream, 0); err == nil {
			out += " " + string(b)
		}
	}
	f.Done(ex)
	ex.Finish()
	return out
}

func (f *fixture) ask(path string) string { return f.end(f.begin(path)) }
