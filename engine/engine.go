// Package engine makes a configuration runnable: entities and the registry
// become a snapshot of plans, which is swapped in atomically and retired when
// its last exchange has ended. It also leads an exchange through the stations.
//
// Everything that can fail happens in Build, before anything that runs is
// touched. The engine does not know where a document comes from, and no plugin
// by name.
package engine

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-gateway/sluice/chain"
	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/dns"
	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/h1"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/send"
	"github.com/sluice-gateway/sluice/speak"
	"github.com/sluice-gateway/sluice/telemetry"
)

// Options of an Engine. They hold for its life.
type Options struct {
	Plugins *plugin.Registry
	Sender  *send.Sender
	Speaker *speak.Speaker
	DNS     *dns.Resolver
	Clock   clock.Clock
	Log     *slog.Logger
	// HTTP makes the clients of plugins, see plugin.Deps.
	HTTP    func(idle time.Duration) *h1.Client
	Metrics *telemetry.Registry
	Node    plugin.Node
	Headers Headers
	TLS     TLSDefaults
	// DebugHeader answers Kong-Debug with the names of route and service.
	DebugHeader bool
	// MaxBody bounds an announced request body, in bytes; 0 is no limit.
	MaxBody int64
	// AccessLog is told of every exchange that has ended; nil is no log.
	AccessLog func(ex *flow.Exchange)
	// EnvVault is how the vault env works when no entity says otherwise.
	EnvVault config.EnvVault
	// LookupEnv reads the environment, for the env vault.
	LookupEnv func(name string) (string, bool)
}

// Engine runs snapshots.
type Engine struct {
	o    Options
	long plugin.LongLived

	mu      sync.Mutex // serialises Apply
	current atomic.Pointer[Snapshot]
	// retained counts plans that are still in use, of old snapshots too.
	retained atomic.Int64
	reloads  atomic.Int64
	// verbose: the log takes a line for each request.
	verbose bool
	// bare is how routes without a service reach a model.
	bare      *send.Upstream
	balancers map[string]*balancer // by upstream id
	instances uint64               // numbers given out
}

// New makes an engine with an empty configuration.
func New(o Options) (*Engine, error) {
	e := &Engine{o: o, balancers: map[string]*balancer{}, verbose: o.Log.Enabled(context.Background(), slog.LevelDebug)}
	e.bare = &send.Upstream{
		Retries: 5, ConnectTimeout: time.Minute, WriteTimeout: time.Minute, ReadTimeout: time.Minute, Buffer: true,
		Link: o.TLS.link(nil, linkSettings{}), ModelLink: o.TLS.link(nil, linkSettings{verify: true, depth: o.TLS.Depth}),
	}
	return e, e.Apply(&config.Document{})
}

// Current is the snapshot that new requests get.
func (e *Engine) Current() *Snapshot { return e.current.Load() }

// Retained is how many plans are in use, those of replaced configurations
// that still have exchanges included.
func (e *Engine) Retained() int64 { return e.retained.Load() }

// Long is the state that outlives a change.
func (e *Engine) Long() *plugin.LongLived { return &e.long }

// Apply makes doc the running configuration. On an error nothing has changed.
func (e *Engine) Apply(doc *config.Document) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	b, err := e.build(doc, e.current.Load())
	if err != nil {
		return err
	}
	// Nothing below this line can fail.
	for _, f := range b.before {
		f()
	}
	old := e.current.Swap(b.next)
	for _, f := range b.after {
		f()
	}
	if old != nil {
		old.retire()
	}
	e.reloads.Add(1)
	return nil
}

// Close retires the running snapshot and ends what balancers do by themselves.
// Exchanges that are under way end first.
func (e *Engine) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if old := e.current.Swap(emptySnapshot()); old != nil {
		old.retire()
	}
	e.keepBalancers(nil)
}

// plan is what an exchange keeps of its snapshot: the chain of its route and
// how its service is reached.
type plan struct {
	chain     *chain.Plan
	route     *config.Route
	service   *config.Service
	upstream  *send.Upstream
	instances []*instance
	engine    *Engine

	// uses counts the snapshots and exchanges that hold the plan. It never
	// rises from zero again.
	uses atomic.Int64
}

// acquire takes the plan for an exchange; false when it is already closed.
func (p *plan) acquire() bool {
	for {
		n := p.uses.Load()
		if n == 0 {
			return false
		}
		if p.uses.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (p *plan) release() {
	if p.uses.Add(-1) > 0 {
		return
	}
	p.engine.retained.Add(-1)
	for _, in := range p.instances {
		in.release(p.engine.o.Log)
	}
}

// instance is a plugin instance. uses counts the snapshots and plans that hold
// it.
type instance struct {
	chain.Instance
	number uint64 // unlike that of any other instance
	hash   digest
	name   string
	uses   atomic.Int64
}

func (in *instance) release(log *slog.Logger) {
	if in.uses.Add(-1) > 0 || in.Hooks.Close == nil {
		return
	}
	if err := in.close(); err != nil {
		log.Error("closing a plugin instance", slog.String("plugin", in.name), slog.Any("error", err))
	}
}

func (in *instance) close() (err error) {
	defer fault.Recover(&err)
	return in.Hooks.Close()
}
