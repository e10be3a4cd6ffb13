// Package telemetry holds the gateway's metrics: a small registry of
// counters, gauges and histograms that writes the Prometheus text format.
//
// It exists because label order and number format of that text are part of
// the contract, and because a request touches several metrics: finding a
// known series and adding to it takes no lock and no memory. telemetry
// decides no names: metrics are described by whoever counts. It must not know
// plugins, exchanges or HTTP.
package telemetry

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// DefaultMaxSeries is how many series a metric may have when its Desc names
// no limit.
const DefaultMaxSeries = 20000

// Desc describes a metric.
type Desc struct {
	// Name of the metric, with its prefix.
	Name string
	// Help is the text of the # HELP line.
	Help string
	// Labels in the order in which they are written.
	Labels []string
	// MaxSeries bounds the number of series; 0 takes DefaultMaxSeries.
	// What is counted beyond it is dropped and shows in Registry.Errors.
	MaxSeries int
}

func (d *Desc) limit() int {
	if d.MaxSeries > 0 {
		return d.MaxSeries
	}
	return DefaultMaxSeries
}

// Registry is a set of metrics. The zero value is empty and ready to use. It
// is safe for concurrent use.
type Registry struct {
	mu       sync.Mutex // guards families
	families map[string]family
	errors   atomic.Int64
	version  atomic.Uint64
}

// family is one metric with all its series.
type family interface {
	desc() *Desc
	kind() string
	write(p *page)
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry { return &Registry{} }

// Errors is how many samples were lost: to the bound on series, or because
// they did not fit the metric's description.
func (r *Registry) Errors() int64 { return r.errors.Load() }

// Version changes whenever a series is deleted. Who keeps what With returned
// must ask again when it has changed, or counts into nowhere.
func (r *Registry) Version() uint64 { return r.version.Load() }

// Counter returns the counter described by d. A metric is registered once:
// asking again with the same name and labels gives the same counter. One that
// contradicts what is registered counts into nowhere.
func (r *Registry) Counter(d Desc) *CounterVec {
	v := &CounterVec{}
	v.init(r, d, func() *Counter { return new(Counter) })
	return register(r, v)
}

// Gauge returns the gauge described by d, as Counter does.
func (r *Registry) Gauge(d Desc) *GaugeVec {
	v := &GaugeVec{}
	v.init(r, d, func() *Gauge { return new(Gauge) })
	return register(r, v)
}

// Histogram returns the histogram described by d, as Counter does. bounds are
// the upper bounds of its buckets in ascending order, without +Inf.
func (r *Registry) Histogram(d Desc, bounds ...float64) *HistogramVec {
	v := &HistogramVec{bounds: slices.Clone(bounds)}
	v.init(r, d, func() *Histogram { return newHistogram(v.bounds) })
	return register(r, v)
}

// register adds a family, or returns the one that is there.
func register[F family](r *Registry, f F) F {
	r.mu.Lock()
	defer r.mu.Unlock()
	have, ok := r.families[f.desc().Name]
	if !ok {
		r.put(f)
		return f
	}
	same, ok := have.(F)
	if !ok || !slices.Equal(have.desc().Labels, f.desc().Labels) {
		r.errors.Add(1)
		return f
	}
	return same
}

func (r *Registry) put(f family) {
	if r.families == nil {
		r.families = map[string]family{}
	}
	r.families[f.desc().Name] = f
}

// sorted lists the families by name.
func (r *Registry) sorted() []family {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]family, 0, len(r.families))
	for _, f := range r.families {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b family) int { return strings.Compare(a.desc().Name, b.desc().Name) })
	return out
}
