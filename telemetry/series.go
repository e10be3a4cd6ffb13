package telemetry

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// vec is the set of series of one metric, by label values. Looking up takes
// no lock: chains are only ever extended at their front, and whatever else
// changes the table replaces it.
type vec[M any] struct {
	d        Desc
	registry *Registry
	create   func() *M
	hidden   atomic.Bool
	// nowhere takes what finds no series.
	nowhere *M

	table atomic.Pointer[table[M]]
	mu    sync.Mutex // guards changes of the table, and count
	count int
}

type table[M any] struct {
	chains []atomic.Pointer[series[M]]
	// near holds the first series that was asked for in each place. The places
	// cost next to nothing to work out; that callers could choose labels that
	// share one only means that the chains are asked.
	near []atomic.Pointer[series[M]]
}

// series is one line, or one histogram. It never changes once it is in a
// chain; growing the table copies it.
type series[M any] struct {
	hash   uint64
	values []string
	labels string // as written between the braces
	metric *M
	next   *series[M]
}

const firstChains = 16

var seed = maphash.MakeSeed()

func (v *vec[M]) init(r *Registry, d Desc, create func() *M) {
	d.Labels = slices.Clone(d.Labels)
	v.d, v.registry, v.create = d, r, create
	v.nowhere = create()
	v.table.Store(newTable[M](firstChains))
}

func newTable[M any](n int) *table[M] {
	return &table[M]{chains: make([]atomic.Pointer[series[M]], n), near: make([]atomic.Pointer[series[M]], 2*n)}
}

func (v *vec[M]) desc() *Desc { return &v.d }

// With returns the series with the given label values, one for each label in
// the order of the description. It never returns nil.
func (v *vec[M]) With(values ...string) *M {
	t := v.table.Load()
	near := &t.near[placeOf(values)&uint32(len(t.near)-1)]
	if s := near.Load(); s != nil && slices.Equal(s.values, values) {
		return s.metric
	}
	h := hashOf(values)
	if s := t.find(h, values); s != nil {
		near.CompareAndSwap(nil, s)
		return s.metric
	}
	return v.add(h, values)
}

// placeOf looks at the lengths and the ends of values.
func placeOf(values []string) uint32 {
	h := uint32(0)
	for _, s := range values {
		if n := len(s); n > 0 {
			h ^= uint32(n)<<16 ^ uint32(s[0])<<8 ^ uint32(s[n-1])
		}
		h *= 0x9e3779b1
	}
	return h ^ h>>16
}

func hashOf(values []string) uint64 {
	const prime = 0x9e3779b97f4a7c15
	h := uint64(len(values))
	for _, s := range values {
		h = (h ^ maphash.String(seed, s)) * prime
	}
	return h ^ h>>32
}

func (t *table[M]) chain(h uint64) *atomic.Pointer[series[M]] {
	return &t.chains[h&uint64(len(t.chains)-1)]
}

func (t *table[M]) find(h uint64, values []string) *series[M] {
	for s := t.chain(h).Load(); s != nil; s = s.next {
		if s.hash == h && slices.Equal(s.values, values) {
			return s
		}
	}
	return nil
}

func (t *table[M]) push(s *series[M]) {
	at := t.chain(s.hash)
	s.next = at.Load()
	at.Store(s)
}

func (t *table[M]) each(f func(*series[M])) {
	for i := range t.chains {
		for s := t.chains[i].Load(); s != nil; s = s.next {
			f(s)
		}
	}
}

// add makes a series, unless somebody else just did or there are too many.
func (v *vec[M]) add(h uint64, values []string) *M {
	v.mu.Lock()
	defer v.mu.Unlock()
	t := v.table.Load()
	if s := t.find(h, values); s != nil {
		return s.metric
	}
	if len(values) != len(v.d.Labels) || v.count >= v.d.limit() {
		v.registry.errors.Add(1)
		return v.nowhere
	}
	if v.count >= len(t.chains) {
		t = v.rebuild(2*len(t.chains), nil)
	}
	own := make([]string, len(values))
	for i, s := range values {
		own[i] = strings.Clone(s)
	}
	s := &series[M]{hash: h, values: own, labels: labelText(v.d.Labels, own), metric: v.create()}
	t.push(s)
	v.count++
	return s.metric
}

// rebuild replaces the table by one with n chains, without what drop names.
// The caller holds mu.
func (v *vec[M]) rebuild(n int, drop func(values []string) bool) *table[M] {
	next := newTable[M](n)
	v.count = 0
	v.table.Load().each(func(s *series[M]) {
		if drop != nil && drop(s.values) {
			return
		}
		c := *s
		next.push(&c)
		v.count++
	})
	v.table.Store(next)
	return next
}

// Delete removes the series for which stale says so; they begin anew when
// they are used again.
func (v *vec[M]) Delete(stale func(values []string) bool) {
	v.mu.Lock()
	before := v.count
	v.rebuild(len(v.table.Load().chains), stale)
	gone := v.count < before
	v.mu.Unlock()
	if gone {
		v.registry.version.Add(1)
	}
}

// Len is how many series there are.
func (v *vec[M]) Len() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.count
}

// Hide keeps the metric off the page, or shows it again. It goes on counting.
func (v *vec[M]) Hide(hide bool) { v.hidden.Store(hide) }

// visible lists the series in the order of the page.
func (v *vec[M]) visible() []*series[M] {
	if v.hidden.Load() {
		return nil
	}
	var out []*series[M]
	v.table.Load().each(func(s *series[M]) { out = append(out, s) })
	slices.SortFunc(out, func(a, b *series[M]) int { return slices.Compare(a.values, b.values) })
	return out
}
