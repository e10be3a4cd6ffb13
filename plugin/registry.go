package plugin

import "sort"

// Registry is the set of plugins that are in this binary.
type Registry struct {
	byName map[string]*Definition
}

// NewRegistry makes a registry of defs. A name given twice is a programmer's
// error and panics.
func NewRegistry(defs ...Definition) *Registry {
	r := &Registry{byName: make(map[string]*Definition, len(defs))}
	for i := range defs {
		d := &defs[i]
		if _, dup := r.byName[d.Name]; dup {
			panic("plugin: " + d.Name + " is defined twice")
		}
		r.byName[d.Name] = d
	}
	return r
}

// Lookup finds a plugin by name.
func (r *Registry) Lookup(name string) (*Definition, bool) {
	d, ok := r.byName[name]
	return d, ok
}

// All lists the plugins by name.
func (r *Registry) All() []*Definition {
	out := make([]*Definition, 0, len(r.byName))
	for _, d := range r.byName {
		out = append(out, d)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}
