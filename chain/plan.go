// Package chain runs plans: which instance of which plugin takes part in an
// exchange, in which order, phase by phase.
//
// It owns the loops, the choice of the instance, the timing and the
// protection against plugins that panic. It makes no plugins and knows none
// by name; plans are built by the engine.
package chain

import (
	"cmp"
	"slices"

	"github.com/sluice-gateway/sluice/plugin"
)

// Instance is a plugin instance in a plan.
type Instance struct {
	plugin.Instance
	Priority int
	Hooks    plugin.Hooks
	// Protocols the instance runs for.
	Protocols ProtocolSet
	// Before and After are the ordering of the access phase.
	Before, After []string
}

// ProtocolSet is a set of request protocols.
type ProtocolSet uint8

// The protocols of requests.
const (
	HTTP ProtocolSet = 1 << iota
	HTTPS
	GRPC
	GRPCS
)

// Protocols makes a set from names; names that no HTTP request has are left out.
func Protocols(names []string) ProtocolSet {
	var s ProtocolSet
	for _, n := range names {
		switch n {
		case "http":
			s |= HTTP
		case "https":
			s |= HTTPS
		case "grpc":
			s |= GRPC
		case "grpcs":
			s |= GRPCS
		}
	}
	return s
}

// slot holds the instances of one plugin that may apply, the most specific
// first.
type slot struct {
	name       string
	priority   int
	instances  []*Instance
	general    []int32            // instances for any consumer
	byConsumer map[string][]int32 // those for one consumer
}

// index sorts the instances by precedence and notes who may want which. Among
// equals the order given stands.
func (s *slot) index() {
	slices.SortStableFunc(s.instances, func(a, b *Instance) int {
		return cmp.Compare(rank(&a.Instance), rank(&b.Instance))
	})
	for i, in := range s.instances {
		if in.ConsumerID == "" {
			s.general = append(s.general, int32(i))
			continue
		}
		if s.byConsumer == nil {
			s.byConsumer = map[string][]int32{}
		}
		s.byConsumer[in.ConsumerID] = append(s.byConsumer[in.ConsumerID], int32(i))
	}
}

// Plan is the chain of one route, or the global chain of requests without a
// route. It is immutable.
type Plan struct {
	slots  []slot
	access []int // slots in the order of the access phase
	// which phases have anything to do at all
	rewrites, heads, bodies, logs bool
}

// NewPlan makes a plan of the instances that may apply. For each plugin name
// exactly one of them runs for an exchange: the most specific whose consumer
// or group matches. Instances of different groups come sorted by group name:
// a consumer in several groups gets that of the first.
func NewPlan(instances []*Instance) *Plan {
	p := &Plan{}
	byName := map[string]int{}
	for _, in := range instances {
		i, ok := byName[in.Name]
		if !ok {
			i = len(p.slots)
			byName[in.Name] = i
			p.slots = append(p.slots, slot{name: in.Name, priority: in.Priority})
		}
		p.slots[i].instances = append(p.slots[i].instances, in)
		p.rewrites = p.rewrites || in.Hooks.Rewrite != nil
		p.heads = p.heads || in.Hooks.Head != nil
		p.bodies = p.bodies || in.Hooks.Body != nil
		p.logs = p.logs || in.Hooks.Log != nil
	}
	for i := range p.slots {
		p.slots[i].index()
	}
	slices.SortStableFunc(p.slots, func(a, b slot) int {
		if c := cmp.Compare(b.priority, a.priority); c != 0 {
			return c
		}
		return cmp.Compare(b.name, a.name)
	})
	p.access = accessOrder(p.slots)
	return p
}

// rank is the place in the order of precedence, 1 the most specific.
func rank(in *plugin.Instance) int {
	const route, service, consumer, group = 1, 2, 4, 8
	have := 0
	if in.RouteID != "" {
		have |= route
	}
	if in.ServiceID != "" {
		have |= service
	}
	if in.ConsumerID != "" {
		have |= consumer
	}
	if in.ConsumerGroup != "" {
		have |= group
	}
	order := [...]int{
		consumer | route | service, group | service | route,
		consumer | route, consumer | service, group | route, group | service,
		route | service, consumer, group, route, service, 0,
	}
	for i, want := range order {
		if have == want {
			return i + 1
		}
	}
	// A consumer and a group at once: as specific as it gets, then by the rest.
	return 0
}

// accessOrder sorts the slots for the access phase by ordering.before/after,
// starting from the order of priorities. A demand that contradicts another
// one is dropped: the earlier slot's wins.
func accessOrder(slots []slot) []int {
	order := make([]int, len(slots))
	place := make(map[string]int, len(slots))
	for i := range slots {
		order[i] = i
		place[slots[i].name] = i
	}
	edges := orderingEdges(slots, place)
	if len(edges) == 0 {
		return order
	}
	return topological(len(slots), edges)
}

// orderingEdges lists, per slot, the slots that must come before it.
func orderingEdges(slots []slot, place map[string]int) map[int][]int {
	edges := map[int][]int{}
	for i := range slots {
		for _, in := range slots[i].instances {
			for _, name := range in.After {
				if j, ok := place[name]; ok && j != i {
					edges[i] = append(edges[i], j)
				}
			}
			for _, name := range in.Before {
				if j, ok := place[name]; ok && j != i {
					edges[j] = append(edges[j], i)
				}
			}
		}
	}
	return edges
}

// topological visits slots in priority order, each after what must precede it.
func topological(n int, before map[int][]int) []int {
	out := make([]int, 0, n)
	state := make([]uint8, n) // 0 new, 1 on the way, 2 done
	var visit func(i int)
	visit = func(i int) {
		if state[i] != 0 {
			return
		}
		state[i] = 1
		for _, j := range before[i] {
			visit(j)
		}
		state[i] = 2
		out = append(out, i)
	}
	for i := range n {
		visit(i)
	}
	return out
}

// Instances lists all instances of the plan.
func (p *Plan) Instances() []*Instance {
	var out []*Instance
	for i := range p.slots {
		out = append(out, p.slots[i].instances...)
	}
	return out
}
