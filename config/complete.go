package config

import (
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/schema"
)

// complete does what an entity needs beyond its own schema: the config of a
// plugin, the digest of a certificate.
func (d *decoder) complete(entity any, raw map[string]any) *schema.Errors {
	switch e := entity.(type) {
	case *Plugin:
		return d.completePlugin(e, raw)
	case *CACertificate:
		var errs schema.Errors
		now := d.l.now
		if d.l.o.Restored {
			now = time.Time{}
		}
		if e.Cert != "" {
			e.complete(&errs, now)
		}
		return &errs
	}
	return nil
}

// chooseKey makes a key where nobody chose one.
func (o *Options) chooseKey(entity any) {
	if e, ok := entity.(*KeyAuthCredential); ok && e.Key == "" {
		e.Key = schema.Secret(strings.ReplaceAll(o.NewID(), "-", ""))
	}
}

// completePlugin decodes the config by the plugin's name and checks the scope.
func (d *decoder) completePlugin(p *Plugin, raw map[string]any) *schema.Errors {
	if p.Name == "" {
		return nil
	}
	var errs schema.Errors
	s, ok := d.l.o.Plugin(p.Name)
	if !ok {
		errs.Field("name").Fail("plugin '" + p.Name + "' not enabled; add it to the 'plugins' configuration property")
		return &errs
	}
	if s.Protocols != nil && raw["protocols"] == nil {
		p.Protocols = append([]string(nil), s.Protocols...)
	}
	s.checkScope(p, &errs)
	if m, isMap := p.Config.(map[string]any); isMap {
		cfg, bad := d.schema.New(s.Record, m)
		if bad != nil {
			errs.Field("config").Merge(bad)
			errs.Lift("config", func(msg string) bool { return strings.Contains(msg, "'config.") })
		} else {
			p.Config = cfg
		}
	}
	return &errs
}

func (s *PluginSchema) checkScope(p *Plugin, errs *schema.Errors) {
	for _, c := range []struct {
		no    bool
		ref   *Foreign
		field string
	}{
		{s.NoRoute, p.Route, "route"},
		{s.NoService, p.Service, "service"},
		{s.NoConsumer, p.Consumer, "consumer"},
		{s.NoConsumerGroup, p.ConsumerGroup, "consumer_group"},
	} {
		if c.no && c.ref != nil {
			errs.Field(c.field).Fail(schema.MsgNull)
		}
	}
}

// Decode reads one entity as the Admin API gets it: foreign fields are
// {id: …}, all of the entity's own rules apply, nothing is looked up. The
// result is a pointer to the entity's struct, without id and times of its own
// unless they were given.
func Decode(c *Collection, value any, o Options) (any, *schema.Errors) {
	o.fill()
	e := c.newAny()
	errs := schema.Decode(value, e)
	raw, isMap := value.(map[string]any)
	if isMap {
		d := (&loader{o: o, now: o.Now()}).newDecoder()
		if more := d.complete(e, raw); !more.Empty() {
			if errs == nil {
				errs = &schema.Errors{}
			}
			errs.Merge(more)
		}
	}
	if !errs.Empty() {
		return nil, errs
	}
	o.chooseKey(e)
	return e, nil
}

// Schema is the plugin as /schemas/plugins/:name shows it: where it may be
// attached, its protocols, its config.
func (s *PluginSchema) Schema() map[string]any {
	var fields []any
	scope := func(name, reference string, no bool) {
		f := map[string]any{"type": "foreign", "reference": reference}
		if no {
			f["eq"] = nil
		}
		fields = append(fields, map[string]any{name: f})
	}
	scope("consumer", "consumers", s.NoConsumer)
	scope("consumer_group", "consumer_groups", s.NoConsumerGroup)
	scope("route", "routes", s.NoRoute)
	scope("service", "services", s.NoService)
	entity, _ := CollectionOf("plugins")
	for _, f := range entity.Record.Schema()["fields"].([]any) {
		protocols, ok := f.(map[string]any)["protocols"].(map[string]any)
		if !ok {
			continue
		}
		if s.Protocols != nil {
			protocols["default"] = texts(s.Protocols)
		}
		fields = append(fields, map[string]any{"protocols": protocols})
	}
	cfg := s.Record.Schema()
	cfg["type"], cfg["required"] = "record", true
	fields = append(fields, map[string]any{"config": cfg})
	return map[string]any{"fields": fields}
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// VaultSchema is a kind of vault as /schemas/vaults/:name shows it.
func VaultSchema(name string) (map[string]any, bool) {
	if name != "env" {
		return nil, false
	}
	cfg := schema.For[EnvVault]().Schema()
	cfg["type"], cfg["required"] = "record", true
	return map[string]any{"fields": []any{map[string]any{"config": cfg}}}, true
}
