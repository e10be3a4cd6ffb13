package admin

import (
	"net/http"
	"slices"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/schema"
)

func (f *front) enabledPlugins(*request) answer {
	names := []any{}
	for _, d := range f.plugins() {
		names = append(names, d.Name)
	}
	return object(http.StatusOK, map[string]any{"enabled_plugins": names})
}

// plugins are those that may be configured: in this binary, and not taken out
// by the settings.
func (f *front) plugins() []*plugin.Definition {
	return slices.DeleteFunc(f.o.Plugins.All(), func(d *plugin.Definition) bool { return !f.enabled(d.Name) })
}

func (f *front) plugin(name string) (*plugin.Definition, bool) {
	d, ok := f.o.Plugins.Lookup(name)
	return d, ok && f.enabled(name)
}

func (f *front) enabled(name string) bool {
	if f.o.Entities.Plugin == nil {
		return false
	}
	_, ok := f.o.Entities.Plugin(name)
	return ok
}

func (f *front) entitySchema(q *request) answer {
	c, ok := config.CollectionOf(q.params["name"])
	if !ok {
		return noEntity(q)
	}
	return object(http.StatusOK, c.Record.Schema())
}

func noEntity(q *request) answer {
	return message(http.StatusNotFound, "No entity named '"+q.params["name"]+"'")
}

func (f *front) pluginSchema(q *request) answer {
	d, ok := f.plugin(q.params["name"])
	if !ok {
		return noPlugin(q)
	}
	return object(http.StatusOK, map[string]any{"fields": pluginFields(d)})
}

func noPlugin(q *request) answer {
	return message(http.StatusNotFound, "No plugin named '"+q.params["name"]+"'")
}

// pluginConfigSchema is the older form: the config record alone.
func (f *front) pluginConfigSchema(q *request) answer {
	d, ok := f.plugin(q.params["name"])
	if !ok {
		return noPlugin(q)
	}
	return object(http.StatusOK, d.Config.Schema())
}

// pluginFields are the fields of a plugin entity where they depend on the
// plugin.
func pluginFields(d *plugin.Definition) []any {
	own := schema.For[config.Plugin]().Schema()["fields"].([]any)
	scopes := map[string]bool{
		"consumer": d.Scope.NoConsumer, "consumer_group": d.Scope.NoConsumerGroup,
		"route": d.Scope.NoRoute, "service": d.Scope.NoService,
	}
	var fields []any
	for _, field := range own {
		for name, v := range field.(map[string]any) {
			m := v.(map[string]any)
			if forbidden, isScope := scopes[name]; isScope {
				if forbidden {
					m["eq"] = nil
				}
				fields = append(fields, field)
			}
			if name == "protocols" {
				m["default"] = protocols(d, m["default"])
				fields = append(fields, field)
			}
		}
	}
	return append(fields, map[string]any{"config": configField(d.Config)})
}

func protocols(d *plugin.Definition, usual any) any {
	if d.Protocols == nil {
		return usual
	}
	list := make([]any, len(d.Protocols))
	for i, p := range d.Protocols {
		list[i] = p
	}
	return list
}

func configField(r *schema.Record) map[string]any {
	m := r.Schema()
	m["type"], m["required"] = "record", true
	return m
}

// vaultConfigs are the configs of the kinds of vaults there are.
var vaultConfigs = map[string]*schema.Record{"env": schema.For[config.EnvVault]()}

func (f *front) vaultSchema(q *request) answer {
	r, ok := vaultConfigs[q.params["name"]]
	if !ok {
		return message(http.StatusNotFound, "No vault named '"+q.params["name"]+"'")
	}
	return object(http.StatusOK, map[string]any{"fields": []any{map[string]any{"config": configField(r)}}})
}

func (f *front) validate(q *request) answer {
	c, ok := config.CollectionOf(q.params["name"])
	if !ok {
		return noEntity(q)
	}
	return f.check(q, c)
}

func (f *front) validateAs(collection string) handler {
	c, _ := config.CollectionOf(collection)
	return func(q *request) answer { return f.check(q, c) }
}

// check says whether the body is an entity of the collection. Whether what it
// refers to exists is not asked.
func (f *front) check(q *request, c *config.Collection) answer {
	body, err := q.record(func(m map[string]any) map[string]any { return f.typedEntity(c, m) })
	if err != nil {
		return message(http.StatusBadRequest, err.Error())
	}
	if _, bad := config.Decode(c, body, f.o.Entities); bad != nil {
		return violation(bad)
	}
	return message(http.StatusOK, "schema validation successful")
}

// typedEntity gives the texts of a form the types of an entity's fields,
// those of its config included.
func (f *front) typedEntity(c *config.Collection, m map[string]any) map[string]any {
	name, _ := m["name"].(string)
	inner, isMap := m["config"].(map[string]any)
	out := typed(c.Record, m)
	if !isMap {
		return out
	}
	switch c.Name {
	case "plugins":
		if d, ok := f.plugin(name); ok {
			out["config"] = typed(d.Config, inner)
		}
	case "vaults":
		if r, ok := vaultConfigs[name]; ok {
			out["config"] = typed(r, inner)
		}
	}
	return out
}
