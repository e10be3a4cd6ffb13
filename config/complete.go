package config

import (
	"github.com/sluice-gateway/sluice/schema"
)

// complete does what an entity needs beyond its own schema: the config of a
// plugin, the digest of a certificate, a key nobody chose.
func (l *loader) complete(it *item) *schema.Errors {
	switch e := it.entity.(type) {
	case *Plugin:
		return l.o.completePlugin(e, it.raw)
	case *CACertificate:
		var errs schema.Errors
		if e.Cert != "" {
			e.complete(&errs, l.now)
		}
		return &errs
	case *KeyAuthCredential:
		if e.Key == "" {
			e.Key = schema.Secret(newKey())
		}
	}
	return nil
}

// completePlugin decodes the config by the plugin's name and checks the scope.
func (o *Options) completePlugin(p *Plugin, raw map[string]any) *schema.Errors {
	if p.Name == "" {
		return nil
	}
	var errs schema.Errors
	s, ok := o.Plugin(p.Name)
	if !ok {
		errs.Field("name").Fail("plugin '" + p.Name + "' not enabled; add it to the 'plugins' configuration property")
		return &errs
	}
	if s.Protocols != nil && raw["protocols"] == nil {
		p.Protocols = append([]string(nil), s.Protocols...)
	}
	s.checkScope(p, &errs)
	if m, isMap := p.Config.(map[string]any); isMap {
		cfg, bad := s.Record.Decode(m)
		if bad != nil {
			errs.Field("config").Merge(bad)
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
		{s.NoRoute, p.Route, "route"}, {s.NoService, p.Service, "service"},
		{s.NoConsumer, p.Consumer, "consumer"}, {s.NoConsumerGroup, p.ConsumerGroup, "consumer_group"},
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
		l := &loader{o: o, now: o.Now()}
		if more := l.complete(&item{coll: c, raw: raw, entity: e}); !more.Empty() {
			if errs == nil {
				errs = &schema.Errors{}
			}
			errs.Merge(more)
		}
	}
	if !errs.Empty() {
		return nil, errs
	}
	return e, nil
}
