package pool

import (
	"net/netip"
	"strings"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/balance/internal/ring"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/dns"
)

// Member is one address of a target.
type Member struct {
	Peer *balance.Peer
	// Weight in relation to the other members; 0 gets nothing.
	Weight uint64
	// Failover marks a member for when all others are down.
	Failover bool

	target int
	own    int // weight before shares are evened out
}

// target is a target taken apart.
type target struct {
	entity *config.Target
	host   string // as configured
	name   string // to resolve
	port   int
	ip     netip.Addr // valid when the target is an IP
}

func parse(c balance.Config) []target {
	out := make([]target, len(c.Targets))
	for i, e := range c.Targets {
		t := target{entity: e}
		t.host, t.port = balance.SplitTarget(e.Target)
		t.name = strings.ToLower(t.host)
		t.ip, _ = netip.ParseAddr(t.host)
		out[i] = t
	}
	return out
}

// assemble lists the members there are, and keeps the peers of old ones. The
// caller holds p.mu.
func (p *Pool[T]) assemble(old []Member) []Member {
	known := make(map[balance.Peer]*balance.Peer, len(old))
	for _, m := range old {
		known[*m.Peer] = m.Peer
	}
	var out []Member
	var shares []uint64
	for i, t := range p.targets {
		for _, a := range p.addresses(t) {
			peer := balance.NewPeer(p.hostOf(t, a), a, t.port, t.entity.ID)
			if was := known[*peer]; was != nil {
				peer = was
			}
			out = append(out, Member{Peer: peer, target: i, own: weightOf(t, a), Failover: t.entity.Failover})
			shares = append(shares, uint64(max(a.Share, 1)))
		}
	}
	weights := ring.Shares(len(out), func(i int) (uint64, uint64) {
		return uint64(out[i].own), shares[i]
	})
	for i := range out {
		out[i].Weight = weights[i]
	}
	return out
}

func (p *Pool[T]) addresses(t target) []dns.Address {
	if t.ip.IsValid() {
		return []dns.Address{{IP: t.ip}}
	}
	return p.names[t.name].ans.Addresses
}

// weightOf: an SRV record's own weight counts, unless the target is off.
func weightOf(t target, a dns.Address) int {
	if t.entity.Weight > 0 && a.Weight > 0 {
		return int(a.Weight)
	}
	return max(t.entity.Weight, 0)
}

func (p *Pool[T]) hostOf(t target, a dns.Address) string {
	switch u := p.conf.Upstream; {
	case u.HostHeader != "":
		return u.HostHeader
	case u.UseSRVName && a.Target != "":
		return a.Target
	}
	return t.host
}

// States lists the targets as they stand.
func (p *Pool[T]) States() []balance.TargetState {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]balance.TargetState, len(p.targets))
	for i, t := range p.targets {
		out[i] = balance.TargetState{Target: t.entity, Host: t.host, Port: t.port}
		if n := p.names[t.name]; n != nil {
			out[i].Type, out[i].Err = n.ans.Type, n.err
		}
	}
	for _, m := range p.table.Load().members {
		s := &out[m.target]
		s.Addresses = append(s.Addresses, balance.AddressState{Peer: m.Peer, Weight: m.own})
	}
	return out
}
