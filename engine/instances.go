package engine

import (
	"fmt"
	"log/slog"

	"github.com/sluice-gateway/sluice/chain"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/schema"
)

// buildInstances builds the enabled plugin instances; one whose configuration
// and secrets are the same is kept.
func (b *builder) buildInstances() error {
	for _, pl := range b.doc.Plugins {
		if !pl.Enabled {
			continue
		}
		in, err := b.instance(pl)
		if err != nil {
			return fmt.Errorf("plugin %s of %s (%s): %w", pl.Name, placeOf(b.doc, pl), pl.ID, err)
		}
		b.next.instances[pl.ID] = in
	}
	return nil
}

func (b *builder) instance(pl *config.Plugin) (*instance, error) {
	cfg, _ := schema.Resolve(pl.Config, b.resolve) // loading has warned of what stays empty
	digest := digestOf(pl, cfg)
	if old := b.old.instances[pl.ID]; old != nil && old.hash == digest {
		return old, nil
	}
	def, ok := b.e.o.Plugins.Lookup(pl.Name)
	if !ok {
		return nil, fmt.Errorf("not in this version")
	}
	b.e.instances++
	in := &instance{hash: digest, name: pl.Name, number: b.e.instances}
	in.Instance = chain.Instance{
		Instance: plugin.Instance{
			ID: pl.ID, Name: pl.Name, RouteID: idOf(pl.Route), ServiceID: idOf(pl.Service),
			ConsumerID: idOf(pl.Consumer), ConsumerGroup: idOf(pl.ConsumerGroup),
		},
		Priority: def.Priority, Protocols: chain.Protocols(pl.Protocols),
	}
	if o := pl.Ordering; o != nil {
		in.Before, in.After = access(o.Before), access(o.After)
	}
	hooks, err := hooksOf(def, cfg, b.e.deps(in.Instance.Instance))
	if err != nil {
		return nil, err
	}
	in.Hooks = hooks
	b.fresh = append(b.fresh, in)
	return in, nil
}

func hooksOf(def *plugin.Definition, cfg any, deps *plugin.Deps) (hooks plugin.Hooks, err error) {
	defer fault.Recover(&err)
	return def.Build(cfg, deps)
}

func access(p *config.OrderingPhases) []string {
	if p == nil {
		return nil
	}
	return p.Access
}

func idOf(f *config.Foreign) string {
	if f == nil {
		return ""
	}
	return f.ID
}

func (e *Engine) deps(in plugin.Instance) *plugin.Deps {
	return &plugin.Deps{
		LookupEnv: e.o.LookupEnv,
		Instance:  in, Clock: e.o.Clock, HTTP: e.o.HTTP, Metrics: e.o.Metrics, Long: &e.long, Node: e.o.Node,
		Log: e.o.Log.With(slog.String("plugin", in.Name), slog.String("plugin_id", in.ID)),
	}
}

// resolver reads vault references of a document.
func (e *Engine) resolver(doc *config.Document) func(ref string) (string, error) {
	v := config.NewVaults(doc, e.o.LookupEnv)
	v.SetDefault(e.o.EnvVault)
	return v.Resolve
}
