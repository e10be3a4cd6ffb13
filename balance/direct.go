package balance

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/sluice-gateway/sluice/balance/internal/ring"
	"github.com/sluice-gateway/sluice/dns"
	"github.com/sluice-gateway/sluice/flow"
)

// Direct is the Balancer of a service whose host is a plain name or an IP: the
// addresses of the name in turn, those of SRV records by weight and with the
// record's port. Its errors are those of r.
func Direct(r Resolver, host string, port int) Balancer {
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return fixed{NewPeer(host, dns.Address{IP: ip}, port, "")}
	}
	return &direct{resolver: r, host: host, name: strings.ToLower(host), port: port}
}

// fixed always gives the same peer.
type fixed struct{ peer *Peer }

func (f fixed) Next(*flow.Exchange, int) (*Peer, error) { return f.peer, nil }

func (fixed) Done(*flow.Exchange, *Peer, Result) {}

func (fixed) Close() error { return nil }

// direct asks the resolver each time, which costs next to nothing while the
// name is remembered, and rebuilds its ring when the answer is another.
type direct struct {
	resolver Resolver
	host     string // as configured
	name     string // to resolve
	port     int
	turn     atomic.Uint64
	table    atomic.Pointer[directTable]
}

type directTable struct {
	answer dns.Answer
	peers  []*Peer
	ring   ring.Ring
}

func (d *direct) Next(ex *flow.Exchange, _ int) (*Peer, error) {
	ans, err := d.resolver.Resolve(ex.Ctx, d.name)
	if err != nil {
		return nil, err
	}
	t := d.table.Load()
	if t == nil || !t.answer.Same(ans) {
		t = d.build(ans, t)
		d.table.Store(t)
	}
	if t.ring.Len() == 0 {
		return nil, ErrNoPeer
	}
	return t.peers[t.ring.At(d.turn.Add(1)-1)], nil
}

// build makes the table of an answer and keeps the peers of the old one.
func (d *direct) build(ans dns.Answer, old *directTable) *directTable {
	t := &directTable{answer: ans}
	known := map[Peer]*Peer{}
	if old != nil {
		for _, p := range old.peers {
			known[*p] = p
		}
	}
	weights := ring.Shares(len(ans.Addresses), func(i int) (uint64, uint64) {
		a := &ans.Addresses[i]
		return uint64(max(a.Weight, 1)), uint64(max(a.Share, 1))
	})
	for _, a := range ans.Addresses {
		p := NewPeer(d.host, a, d.port, "")
		if was := known[*p]; was != nil {
			p = was
		}
		t.peers = append(t.peers, p)
	}
	var rnd *rand.Rand
	if ans.Type == dns.SRV {
		rnd = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) //nolint:gosec // spreads load, guards nothing
	}
	t.ring = ring.New(weights, rnd)
	return t
}

func (*direct) Done(*flow.Exchange, *Peer, Result) {}

func (*direct) Close() error { return nil }
