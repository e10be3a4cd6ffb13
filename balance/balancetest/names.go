package balancetest

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/dns"
)

// Names is a balance.Resolver that knows what it is told. A name that nobody
// has set does not exist.
type Names struct {
	// Clock is when answers are given; nil is the machine's.
	Clock clock.Clock

	mu      sync.Mutex // guards the fields below
	answers map[string]answer
	asked   map[string]int
	holds   map[string]hold
}

type answer struct {
	dns.Answer
	ttl time.Duration
}

type hold struct{ arrived, gate chan struct{} }

// NewNames makes one that knows nothing.
func NewNames() *Names {
	return &Names{answers: map[string]answer{}, asked: map[string]int{}, holds: map[string]hold{}}
}

// Addr is an address of an A or AAAA record.
func Addr(ip string) dns.Address { return dns.Address{IP: netip.MustParseAddr(ip)} }

// Service is an address of an SRV record.
func Service(ip string, port, weight, share uint16, target string) dns.Address {
	return dns.Address{IP: netip.MustParseAddr(ip), Port: port, Weight: weight, Share: share, Target: target}
}

// Set gives a name its addresses.
func (n *Names) Set(host string, typ dns.Type, ttl time.Duration, addrs ...dns.Address) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answers[strings.ToLower(host)] = answer{dns.Answer{Addresses: addrs, Type: typ}, ttl}
}

// Hold makes Fresh wait for a name until open is called; arrived gets a value
// for each that waits.
func (n *Names) Hold(host string) (arrived <-chan struct{}, open func()) {
	h := hold{make(chan struct{}, 1000), make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.holds[strings.ToLower(host)] = h
	return h.arrived, sync.OnceFunc(func() { close(h.gate) })
}

// Asked counts calls for a name.
func (n *Names) Asked(host string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked[strings.ToLower(host)]
}

// Resolve implements balance.Resolver.
func (n *Names) Resolve(_ context.Context, host string) (dns.Answer, error) {
	now := n.now()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked[host]++
	a, ok := n.answers[host]
	if !ok {
		return dns.Answer{}, &dns.Error{Kind: dns.NotFound, Host: host, Retry: now.Add(30 * time.Second)}
	}
	a.Expires = now.Add(a.ttl)
	return a.Answer, nil
}

// Fresh implements balance.Resolver.
func (n *Names) Fresh(ctx context.Context, host string) (dns.Answer, error) {
	n.mu.Lock()
	h, held := n.holds[host]
	n.mu.Unlock()
	if held {
		h.arrived <- struct{}{}
		select {
		case <-h.gate:
		case <-ctx.Done():
			return dns.Answer{}, context.Cause(ctx)
		}
	}
	return n.Resolve(ctx, host)
}

func (n *Names) now() time.Time {
	if n.Clock == nil {
		return time.Now()
	}
	return n.Clock.Now()
}
