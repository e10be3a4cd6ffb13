package telemetry

import "slices"

// Emit writes one sample with one value for each label.
type Emit func(value float64, labels ...string)

// GaugeFunc shows a gauge whose samples collect tells whenever the page is
// written. It replaces an earlier function of the same name. collect must not
// call the registry.
func (r *Registry) GaugeFunc(d Desc, collect func(emit Emit)) { r.function(d, "gauge", collect) }

// CounterFunc is GaugeFunc for something that only grows.
func (r *Registry) CounterFunc(d Desc, collect func(emit Emit)) { r.function(d, "counter", collect) }

func (r *Registry) function(d Desc, kind string, collect func(emit Emit)) {
	d.Labels = slices.Clone(d.Labels)
	f := &collector{d: d, typ: kind, collect: collect, registry: r}
	r.mu.Lock()
	defer r.mu.Unlock()
	if have, ok := r.families[d.Name]; ok {
		if _, ok := have.(*collector); !ok {
			r.errors.Add(1)
			return
		}
	}
	r.put(f)
}

// collector is a metric that is asked for when the page is written.
type collector struct {
	d        Desc
	typ      string
	collect  func(Emit)
	registry *Registry
}

func (c *collector) desc() *Desc { return &c.d }

func (c *collector) kind() string { return c.typ }

func (c *collector) write(p *page) {
	n := 0
	c.collect(func(value float64, labels ...string) {
		n++
		if len(labels) != len(c.d.Labels) || n > c.d.limit() {
			c.registry.errors.Add(1)
			return
		}
		p.sample("", labelText(c.d.Labels, labels), value)
	})
}
