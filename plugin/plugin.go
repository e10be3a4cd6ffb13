// Package plugin says how a plugin is described and built: its Definition,
// the Hooks it turns its configuration into, and the Deps it may ask for.
//
// A plugin is data (Definition, config struct) plus one function that builds
// hooks from a decoded configuration; no half-made plugin ever exists. Order,
// timing and protection of the hooks belong to package chain, which
// instance runs for whom to the engine.
package plugin

import (
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/h1"
	"github.com/sluice-gateway/sluice/schema"
	"github.com/sluice-gateway/sluice/telemetry"
)

// Hooks are the phases a plugin takes part in; nil ones are skipped. Hooks of
// one instance run concurrently for many exchanges.
//
// A hook that says no returns a *fault.Error: that is a denial, and the
// plugin works. Any other error means that the plugin broke; the caller gets
// a 500 and the log says who.
type Hooks struct {
	// Rewrite runs before routing, for global instances only.
	Rewrite func(ex *flow.Exchange) error
	// Access runs after routing. A reply ends the access phase: the
	// upstream is not asked.
	Access func(ex *flow.Exchange) (*flow.Reply, error)
	// Head may change status and header of any answer, also of errors.
	Head func(ex *flow.Exchange, r *flow.Reply) error
	// Body may wrap the answer's stream. It is called only for answers that
	// have a body and returns the stream to use.
	Body func(ex *flow.Exchange, r *flow.Reply, s flow.Stream) flow.Stream
	// Log runs after the outcome is final.
	Log func(ex *flow.Exchange)
	// Close releases what the instance holds; it runs after the last
	// exchange that used it.
	Close func() error
}

// Scope says where an instance of a plugin may not be attached.
type Scope struct {
	NoRoute, NoService, NoConsumer, NoConsumerGroup bool
}

// Definition describes a plugin.
type Definition struct {
	// Name as in configuration, e.g. "key-auth".
	Name string
	// Priority orders the chain: higher runs first.
	Priority int
	// Version as reported by the Admin API.
	Version string
	// Scope limits.
	Scope Scope
	// Protocols default of an instance; nil takes grpc, grpcs, http, https.
	Protocols []string
	// Config is the schema of the plugin's config struct.
	Config *schema.Record
	// ConfigType is that struct.
	ConfigType reflect.Type
	// Build makes hooks from a decoded config (a pointer to ConfigType). It
	// must not change the config and must not block.
	Build func(cfg any, deps *Deps) (Hooks, error)
}

// Define describes a plugin whose config is a C.
func Define[C any](name string, priority int, build func(cfg *C, deps *Deps) (Hooks, error)) Definition {
	t := reflect.TypeFor[C]()
	return Definition{
		Name: name, Priority: priority, Version: "3.10.0",
		Config: schema.Of(t), ConfigType: t,
		Build: func(cfg any, deps *Deps) (Hooks, error) {
			c, ok := cfg.(*C)
			if !ok {
				return Hooks{}, fmt.Errorf("plugin %s: config is a %T", name, cfg)
			}
			return build(c, deps)
		},
	}
}

// Instance is the place of a plugin instance in the configuration. Empty
// strings are scopes it is not limited to.
type Instance struct {
	ID            string
	Name          string
	RouteID       string
	ServiceID     string
	ConsumerID    string
	ConsumerGroup string
}

// Deps are what a plugin may ask for. They outlive the instance.
type Deps struct {
	Instance Instance
	Clock    clock.Clock
	Log      *slog.Logger
	// HTTP makes a client for requests of the gateway's own, which keeps idle
	// connections for so long. It belongs to who asks, and so does closing it.
	HTTP func(idle time.Duration) *h1.Client
	// Metrics is the registry of the whole gateway.
	Metrics *telemetry.Registry
	// Long keeps what must survive a reload.
	Long *LongLived
	// Node identifies the gateway.
	Node Node
	// LookupEnv reads the gateway's environment.
	LookupEnv func(name string) (string, bool)
}

// Node identifies a running gateway.
type Node struct {
	ID       string // UUID
	Hostname string
	Version  string // Kong's level, e.g. "3.10.0"
	Sluice   string // our version
}

// LongLived keeps state that outlives a reload, found by identity: a plugin
// asks for the thing with its key and gets the one that is there, or a new
// one. Each Get must be paired with the release function it returns; the
// state is closed when nobody holds it any more.
type LongLived struct {
	mu    sync.Mutex // guards items
	items map[string]*longItem
}

type longItem struct {
	value any
	close func() error
	refs  int
}

// Share returns the state with the given key, made by open if need be.
// release must be called once; after the last release close runs.
func Share[T any](l *LongLived, key string, open func() (T, func() error, error)) (value T, release func() error, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.items == nil {
		l.items = map[string]*longItem{}
	}
	it, ok := l.items[key]
	if !ok {
		v, closer, err := open()
		if err != nil {
			return value, nil, err
		}
		it = &longItem{value: v, close: closer}
		l.items[key] = it
	}
	it.refs++
	var once sync.Once
	release = func() (err error) {
		once.Do(func() { err = l.drop(key, it) })
		return err
	}
	return it.value.(T), release, nil
}

func (l *LongLived) drop(key string, it *longItem) error {
	l.mu.Lock()
	it.refs--
	last := it.refs == 0
	if last {
		delete(l.items, key)
	}
	l.mu.Unlock()
	if last && it.close != nil {
		return it.close()
	}
	return nil
}
