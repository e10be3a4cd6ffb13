package engine

import (
	"cmp"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/chain"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/route"
)

// Snapshot is a configuration made runnable. It is immutable.
type Snapshot struct {
	doc       *config.Document
	table     *route.Table
	plans     []*plan // by index of the table's entries
	global    *plan
	directory *directory
	certs     *certificates
	instances map[string]*instance // by plugin id
	services  map[string]*service  // by service id
	byRoute   map[string]*plan     // by route id
}

// Document is the configuration that the snapshot runs.
func (s *Snapshot) Document() *config.Document { return s.doc }

// Certificate chooses what to show to a TLS client.
func (s *Snapshot) Certificate(hello *tls.ClientHelloInfo) *tls.Certificate {
	return s.certs.choose(hello)
}

func emptySnapshot() *Snapshot {
	e := &Engine{}
	p := &plan{chain: chain.NewPlan(nil), engine: e}
	p.uses.Store(1)
	table, _ := route.Build(nil)
	return &Snapshot{doc: &config.Document{}, table: table, global: p, directory: newDirectory(nil, nil, nil), certs: &certificates{}}
}

// retire lets go of everything; what exchanges still hold ends with them.
func (s *Snapshot) retire() {
	s.global.release()
	for _, p := range s.plans {
		p.release()
	}
	for _, in := range s.instances {
		in.release(s.global.engine.o.Log)
	}
}

// match routes an exchange and takes its plan. stale tells that the snapshot
// has been replaced and the plan closed meanwhile: the caller asks the new one.
func (s *Snapshot) match(ex *flow.Exchange) (p *plan, m route.Match, found, stale bool) {
	in := &ex.In
	q := route.Query{
		Scheme: in.Scheme, Method: in.Method, Host: in.Host, Path: in.Path, Header: in.Header,
		TLS: in.TLS != nil, ListenerPort: in.Port,
	}
	if in.TLS != nil {
		q.SNI = in.TLS.ServerName
	}
	m, found = s.table.Match(&q)
	if !found {
		return nil, m, false, false
	}
	p = s.plans[m.Index]
	if !p.acquire() {
		return nil, m, false, true
	}
	return p, m, true, false
}

// builder collects what a new snapshot is made of.
type builder struct {
	e       *Engine
	doc     *config.Document
	old     *Snapshot
	next    *Snapshot
	fresh   []*instance // built for this snapshot, to be closed when it fails
	chains  map[string]*chain.Plan
	global  []*instance
	perSvc  map[string][]*instance
	perRt   map[string][]*instance
	groups  map[string]string // group id to name
	resolve func(ref string) (string, error)
	// balancers by upstream id, those of before and new ones.
	balancers map[string]*balancer
	before    []func() // to run when nothing can fail any more
	after     []func() // to run once the snapshot is in place
}

// build makes a snapshot of doc, which the builder holds. Parts of old that did
// not change are used again.
func (e *Engine) build(doc *config.Document, old *Snapshot) (*builder, error) {
	b := &builder{
		e: e, doc: doc, old: old, chains: map[string]*chain.Plan{}, resolve: e.resolver(doc), balancers: map[string]*balancer{},
		next: &Snapshot{
			doc: doc, instances: map[string]*instance{}, services: map[string]*service{}, byRoute: map[string]*plan{},
		},
	}
	if b.old == nil {
		b.old = emptySnapshot()
	}
	for _, step := range []func() error{b.buildCertificates, b.buildServices, b.buildInstances, b.buildPlans} {
		if err := step(); err != nil {
			b.abandon()
			return nil, err
		}
	}
	b.next.directory = newDirectory(doc, b.resolve, e.o.Clock)
	return b, nil
}

// abandon closes what was built for a snapshot that will not be.
func (b *builder) abandon() {
	for _, in := range b.fresh {
		in.uses.Store(1)
		in.release(b.e.o.Log)
	}
}

// buildPlans makes the table and a plan for each of its routes.
func (b *builder) buildPlans() error {
	b.sortInstances()
	var entries []route.Entry
	for _, r := range b.doc.Routes {
		var s *config.Service
		if r.Service != nil {
			svc := b.next.services[r.Service.ID]
			if svc == nil {
				return fmt.Errorf("route %s: no service %s", nameOf(r.Name, r.ID), r.Service.ID)
			}
			if s = svc.entity; !s.Enabled {
				continue
			}
		}
		entries = append(entries, route.Entry{Route: r, Service: s})
	}
	table, err := route.BuildFrom(b.old.table, entries)
	if err != nil {
		return err
	}
	b.next.table = table
	b.next.plans = make([]*plan, len(entries))
	for i, en := range entries {
		p := b.planOf(en)
		b.next.plans[i] = p
		b.next.byRoute[en.Route.ID] = p
	}
	b.next.global = b.use(nil, b.newPlan(b.global, nil, nil))
	// The snapshot holds its instances itself: no route may lead to some.
	for _, in := range b.next.instances {
		in.uses.Add(1)
	}
	return nil
}

func nameOf(name, id string) string {
	if name != "" {
		return name
	}
	return id
}

// planOf returns the plan of a route: the old one where nothing in it changed.
func (b *builder) planOf(en route.Entry) *plan {
	instances := b.instancesFor(en)
	var svc *service
	if en.Service != nil {
		svc = b.next.services[en.Service.ID]
	}
	old := b.old.byRoute[en.Route.ID]
	if old != nil && old.matches(en, svc, instances) {
		return b.use(old, old)
	}
	return b.use(nil, b.newPlan(instances, en.Route, svc))
}

// use counts the new snapshot among those who hold a plan. The old snapshot
// still holds its own, so the count cannot have reached zero.
func (b *builder) use(old, p *plan) *plan {
	if old == nil {
		b.e.retained.Add(1)
		for _, in := range p.instances {
			in.uses.Add(1)
		}
	}
	p.uses.Add(1)
	return p
}

func (p *plan) matches(en route.Entry, svc *service, instances []*instance) bool {
	if svc != nil && (p.upstream != svc.upstream || p.service != svc.entity) || svc == nil && p.service != nil {
		return false
	}
	return slices.Equal(p.instances, instances) && digestOf(p.route) == digestOf(en.Route)
}

func (b *builder) newPlan(instances []*instance, r *config.Route, svc *service) *plan {
	p := &plan{chain: b.chain(instances), route: r, instances: instances, engine: b.e, upstream: b.e.bare}
	if svc != nil {
		p.service, p.upstream = svc.entity, svc.upstream
	}
	return p
}

// chain returns the chain of a list of instances; routes with the same
// plugins share one.
func (b *builder) chain(instances []*instance) *chain.Plan {
	key := make([]byte, 0, 8*len(instances))
	list := make([]*chain.Instance, len(instances))
	for i, in := range instances {
		key = binary.AppendUvarint(key, in.number)
		list[i] = &in.Instance
	}
	if c, ok := b.chains[string(key)]; ok {
		return c
	}
	c := chain.NewPlan(list)
	b.chains[string(key)] = c
	return c
}

// instancesFor lists the instances that may apply to a route.
func (b *builder) instancesFor(en route.Entry) []*instance {
	var svcID string
	if en.Service != nil {
		svcID = en.Service.ID
	}
	own, svc := b.perRt[en.Route.ID], b.perSvc[svcID]
	if len(own) == 0 && (svcID == "" || len(svc) == 0) {
		return b.global
	}
	out := slices.Clone(b.global)
	if svcID != "" {
		out = append(out, svc...)
	}
	for _, in := range own {
		if in.ServiceID == "" || in.ServiceID == svcID {
			out = append(out, in)
		}
	}
	slices.SortStableFunc(out, b.byGroup)
	return out
}

// sortInstances files the instances by the scope that routes look them up by.
func (b *builder) sortInstances() {
	b.perSvc, b.perRt = map[string][]*instance{}, map[string][]*instance{}
	b.groups = map[string]string{}
	for _, g := range b.doc.ConsumerGroups {
		b.groups[g.ID] = g.Name
	}
	for _, pl := range b.doc.Plugins {
		in := b.next.instances[pl.ID]
		switch {
		case in == nil:
		case in.RouteID != "":
			b.perRt[in.RouteID] = append(b.perRt[in.RouteID], in)
		case in.ServiceID != "":
			b.perSvc[in.ServiceID] = append(b.perSvc[in.ServiceID], in)
		default:
			b.global = append(b.global, in)
		}
	}
	slices.SortStableFunc(b.global, b.byGroup)
}

// byGroup orders by group name, so that a consumer in several groups gets the
// instance of the first.
func (b *builder) byGroup(x, y *instance) int {
	return cmp.Or(
		strings.Compare(b.groups[x.ConsumerGroup], b.groups[y.ConsumerGroup]),
		strings.Compare(x.ID, y.ID),
	)
}
