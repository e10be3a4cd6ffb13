package config

import "github.com/sluice-gateway/sluice/schema"

// warnings lists what is odd about the entities that are right.
func warnings(items []*item) []Problem {
	var all []Problem
	for _, it := range items {
		if !it.errs.Empty() {
			continue
		}
		if list := schema.Warnings(it.entity); len(list) > 0 {
			all = append(all, schema.Below(it.path(), list)...)
		}
	}
	return all
}

// Warnings implements schema.Warner.
func (r *Route) Warnings() []Problem {
	if r.PathHandling != "v1" {
		return nil
	}
	return []Problem{{Path: "path_handling", Message: "v1 has no effect with router_flavor = traditional_compatible"}}
}

// Warnings implements schema.Warner: those of the plugin's configuration, when
// it runs at all.
func (p *Plugin) Warnings() []Problem {
	if !p.Enabled {
		return nil
	}
	return schema.Below("config", schema.Warnings(p.Config))
}

// unresolved lists the references that lead nowhere. A vault may be filled
// later, so they are no errors.
func (l *loader) unresolved() []Problem {
	if l.o.Vaults == nil {
		return nil
	}
	resolve := l.o.Vaults(l.doc).Resolve
	var all []Problem
	for _, it := range l.items {
		if list := it.unresolved(resolve); len(list) > 0 {
			all = append(all, schema.Below(it.path(), list)...)
		}
	}
	return all
}

func (it *item) unresolved(resolve func(ref string) (string, error)) []Problem {
	v, name := it.entity, ""
	if p, ok := v.(*Plugin); ok {
		if !p.Enabled {
			return nil
		}
		v, name = p.Config, "config"
	}
	_, problems := schema.Resolve(v, resolve)
	for i := range problems {
		problems[i].Message = "empty, since its reference cannot be resolved: " + problems[i].Message
	}
	if name == "" {
		return problems
	}
	return schema.Below(name, problems)
}
