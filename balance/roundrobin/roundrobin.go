// Package roundrobin balances in turn: a wheel with entries in proportion to
// the weights of the targets' addresses, shuffled once when it is built, and
// one pointer that all requests move on.
//
// It keeps no health of its own and opens no connection.
package roundrobin

import (
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/balance/internal/pool"
	"github.com/sluice-gateway/sluice/balance/internal/ring"
	"github.com/sluice-gateway/sluice/flow"
)

// Balancer is a balance.Updater.
//
// A wheel has weight/gcd entries for each address, as in the original, but no
// more than 131072 in all: beyond that the weights are scaled down, with at
// least one entry for every address that has a weight. Two targets always get
// their exact proportion; with more, a scaled wheel is logged.
type Balancer struct {
	pool   *pool.Pool[wheels]
	health balance.Health
	turn   atomic.Uint64
	backup atomic.Uint64 // the pointer of the failover wheel
}

// wheels are what requests choose from: the ordinary targets, and those for
// when none of them is left.
type wheels struct {
	ordinary wheel
	failover wheel
}

type wheel struct {
	peers []*balance.Peer
	ring  ring.Ring
}

// New makes a balancer. It must be closed.
func New(c balance.Config, deps balance.Deps) *Balancer {
	b := &Balancer{health: deps.Health}
	log := deps.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	b.pool = pool.New(c, deps, func(members []pool.Member) wheels {
		w := wheels{
			ordinary: newWheel(members, false, deps.Seed),
			failover: newWheel(members, true, deps.Seed),
		}
		if w.ordinary.ring.Scaled() || w.failover.ring.Scaled() {
			log.Info("weights have no small common measure and are approximated")
		}
		return w
	})
	return b
}

func newWheel(members []pool.Member, failover bool, seed uint64) wheel {
	var w wheel
	var weights []uint64
	for _, m := range members {
		if m.Failover == failover && m.Weight > 0 {
			w.peers = append(w.peers, m.Peer)
			weights = append(weights, m.Weight)
		}
	}
	w.ring = ring.New(weights, rand.New(rand.NewPCG(seed, 0))) //nolint:gosec // spreads load, guards nothing
	return w
}

// Next gives the next peer on the wheel that is available.
func (b *Balancer) Next(ex *flow.Exchange, _ int) (*balance.Peer, error) {
	w, err := b.pool.Get(ex.Ctx)
	if err != nil {
		return nil, err
	}
	if p := b.pick(&w.ordinary, &b.turn); p != nil {
		return p, nil
	}
	if p := b.pick(&w.failover, &b.backup); p != nil {
		return p, nil
	}
	return nil, balance.ErrNoPeer
}

// pick moves the pointer to the next available entry; nil after a whole turn
// without one.
func (b *Balancer) pick(w *wheel, turn *atomic.Uint64) *balance.Peer {
	if w.ring.Len() == 0 {
		return nil
	}
	if p := w.peers[w.ring.At(turn.Add(1)-1)]; b.available(p) {
		return p
	}
	// A wheel can be long: whether there is anybody at all is asked of each
	// peer once.
	for slices.ContainsFunc(w.peers, b.available) {
		at := turn.Load()
		skip := b.walk(w, at)
		if skip < 0 {
			return nil
		}
		// The entries passed over are used up as well, or else whoever
		// stands behind one that is down would get its share too.
		next := at + uint64(skip)
		if turn.CompareAndSwap(at, next+1) {
			return w.peers[w.ring.At(next)]
		}
	}
	return nil
}

// walk counts the entries to pass over from a place; -1 when none is available.
func (b *Balancer) walk(w *wheel, at uint64) int {
	for i := range w.ring.Len() {
		if b.available(w.peers[w.ring.At(at+uint64(i))]) {
			return i
		}
	}
	return -1
}

func (b *Balancer) available(p *balance.Peer) bool {
	return b.health == nil || b.health.Available(p)
}

// Done does nothing: turns do not depend on how attempts went.
func (*Balancer) Done(*flow.Exchange, *balance.Peer, balance.Result) {}

// Update replaces the targets. A request on its way keeps the peer it has.
func (b *Balancer) Update(c balance.Config) { b.pool.Update(c) }

// Targets lists all targets, also those that get nothing.
func (b *Balancer) Targets() []balance.TargetState { return b.pool.States() }

// Close ends the refreshing of names and waits for it.
func (b *Balancer) Close() error { return b.pool.Close() }
