package telemetry

import (
	"math"
	"sync/atomic"
)

// number is a float that many add to at once.
type number struct{ bits atomic.Uint64 }

func (n *number) add(v float64) {
	for {
		old := n.bits.Load()
		if n.bits.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+v)) {
			return
		}
	}
}

func (n *number) set(v float64) { n.bits.Store(math.Float64bits(v)) }

func (n *number) get() float64 { return math.Float64frombits(n.bits.Load()) }

// Counter only ever grows.
type Counter struct {
	whole atomic.Int64
	part  number
}

// Inc adds one.
func (c *Counter) Inc() { c.whole.Add(1) }

// AddInt adds n; what is not positive is ignored.
func (c *Counter) AddInt(n int64) {
	if n > 0 {
		c.whole.Add(n)
	}
}

// Add adds v; what is not positive, or not a number, is ignored.
func (c *Counter) Add(v float64) {
	if v > 0 && !math.IsInf(v, 1) {
		c.part.add(v)
	}
}

// Value is the count.
func (c *Counter) Value() float64 { return float64(c.whole.Load()) + c.part.get() }

// CounterVec is a counter with labels.
type CounterVec struct{ vec[Counter] }

func (v *CounterVec) kind() string { return "counter" }

func (v *CounterVec) write(p *page) {
	for _, s := range v.visible() {
		p.sample("", s.labels, s.metric.Value())
	}
}

// Gauge goes up and down.
type Gauge struct{ n number }

// Set gives the gauge a value.
func (g *Gauge) Set(v float64) { g.n.set(v) }

// Add adds v, which may be negative.
func (g *Gauge) Add(v float64) { g.n.add(v) }

// Value is what the gauge stands at.
func (g *Gauge) Value() float64 { return g.n.get() }

// GaugeVec is a gauge with labels.
type GaugeVec struct{ vec[Gauge] }

func (v *GaugeVec) kind() string { return "gauge" }

func (v *GaugeVec) write(p *page) {
	for _, s := range v.visible() {
		p.sample("", s.labels, s.metric.Value())
	}
}

// Histogram counts observations by size.
type Histogram struct {
	bounds []float64
	counts []atomic.Uint64 // per bucket, the last one for all beyond
	sum    number
}

func newHistogram(bounds []float64) *Histogram {
	return &Histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

// Observe counts v.
func (h *Histogram) Observe(v float64) {
	if math.IsNaN(v) {
		return
	}
	i := 0
	for i < len(h.bounds) && v > h.bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.add(v)
}

// Count is the number of observations.
func (h *Histogram) Count() uint64 {
	var n uint64
	for i := range h.counts {
		n += h.counts[i].Load()
	}
	return n
}

// Sum of the observations.
func (h *Histogram) Sum() float64 { return h.sum.get() }

// HistogramVec is a histogram with labels.
type HistogramVec struct {
	vec[Histogram]
	bounds []float64
}

func (v *HistogramVec) kind() string { return "histogram" }

func (v *HistogramVec) write(p *page) {
	for _, s := range v.visible() {
		var below uint64
		for i := range s.metric.counts {
			below += s.metric.counts[i].Load()
			bound := math.Inf(1)
			if i < len(v.bounds) {
				bound = v.bounds[i]
			}
			p.bucket(s.labels, bound, below)
		}
		p.sample("_count", s.labels, float64(below))
		p.sample("_sum", s.labels, s.metric.Sum())
	}
}
