package pool_test

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/balance/internal/pool"
	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/dns"
)

// names are what a host resolves to at the moment.
type names struct {
	answer []dns.Address
	clock  clock.Clock
}

func (n *names) Resolve(context.Context, string) (dns.Answer, error) {
	return dns.Answer{Addresses: n.answer, Expires: n.clock.Now().Add(time.Second)}, nil
}

func (n *names) Fresh(ctx context.Context, host string) (dns.Answer, error) {
	return n.Resolve(ctx, host)
}

// TestPanic: an answer that breaks what is made of the members leaves what was
// before, releases who waits, and is told once.
func TestPanic(t *testing.T) {
	var log strings.Builder
	now := clock.NewManual(time.Unix(0, 0))
	n := &names{clock: now}
	upstream := &config.Upstream{}
	upstream.Name = "u"
	target := &config.Target{Target: "one.test:80", Weight: 100}
	p := pool.New(balance.Config{Upstream: upstream, Targets: []*config.Target{target}},
		balance.Deps{Resolver: n, Clock: now, Log: slog.New(slog.NewTextHandler(&log, nil))},
		func(members []pool.Member) int {
			if len(members) == 2 {
				panic("two")
			}
			return len(members)
		})
	defer func() { _ = p.Close() }()
	look := func(want int) {
		t.Helper()
		for range 2 { // the first may start a refresh, and be given what is old
			if _, err := p.Get(t.Context()); err != nil {
				t.Error(err)
			}
			p.Settle()
		}
		if got, _ := p.Get(t.Context()); got != want {
			t.Errorf("made of %d members, want %d", got, want)
		}
		now.Advance(2 * time.Second)
	}
	one, two := dns.Address{IP: netip.MustParseAddr("10.0.0.1")}, dns.Address{IP: netip.MustParseAddr("10.0.0.2")}
	n.answer = []dns.Address{one, two}
	look(0)
	n.answer = []dns.Address{one}
	look(1)
	n.answer = []dns.Address{one, two}
	look(1)
	n.answer = nil
	look(0)
	if said := log.String(); strings.Count(said, "level=ERROR") != 2 || !strings.Contains(said, "upstream=u") {
		t.Errorf("said %s", said)
	}
}
