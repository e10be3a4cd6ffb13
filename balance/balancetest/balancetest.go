// Package balancetest is what every balance.Balancer of an upstream has to
// pass, and the pieces to test one with.
//
// It tests what all algorithms share; which peer comes after which is their
// own. Suites for a turn by weight are asked for by those that promise it.
package balancetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/dns"
	"github.com/sluice-gateway/sluice/flow"
)

// Factory makes the balancer under test.
type Factory func(c balance.Config, deps balance.Deps) balance.Updater

// Run is the suite for all balancers.
func Run(t *testing.T, fresh Factory) {
	t.Helper()
	t.Run("only peers with a weight", func(t *testing.T) { onlyWeighted(t, fresh) })
	t.Run("no peer", func(t *testing.T) { noPeer(t, fresh) })
	t.Run("only available peers", func(t *testing.T) { onlyAvailable(t, fresh) })
	t.Run("failover comes last", func(t *testing.T) { failover(t, fresh) })
	t.Run("what a peer says", func(t *testing.T) { peers(t, fresh) })
	t.Run("names", func(t *testing.T) { names(t, fresh) })
	t.Run("old addresses serve while new ones are looked up", func(t *testing.T) { stale(t, fresh) })
	t.Run("waiting is the caller's", func(t *testing.T) { waiting(t, fresh) })
	t.Run("close", func(t *testing.T) { closing(t, fresh) })
	t.Run("update under load", func(t *testing.T) { underLoad(t, fresh) })
	t.Run("no allocation", func(t *testing.T) { allocations(t, fresh) })
}

// RunByWeight is the suite for balancers that give every peer exactly its part
// of a turn.
func RunByWeight(t *testing.T, fresh Factory) {
	t.Helper()
	for _, c := range []struct {
		name    string
		weights []int
	}{
		{"equal", []int{100, 100, 100}},
		{"multiples", []int{10, 20, 30}},
		{"coprime", []int{7, 11, 13}},
		{"with one off", []int{5, 0, 3}},
		{"alone", []int{100}},
		{"two of the largest", []int{65535, 65534}},
	} {
		t.Run(c.name, func(t *testing.T) { byWeight(t, fresh, c.weights) })
	}
	t.Run("service records", func(t *testing.T) { serviceWeights(t, fresh) })
	t.Run("concurrent turns", func(t *testing.T) { concurrentTurns(t, fresh) })
	t.Run("the share of one that is down is spread", func(t *testing.T) { spread(t, fresh) })
}

// Upstream is a Config of targets with one weight each.
func Upstream(targets ...*config.Target) balance.Config {
	return balance.Config{Upstream: &config.Upstream{Name: "up.test"}, Targets: targets}
}

// Target makes a target; its id is what it is called.
func Target(target string, weight int) *config.Target {
	return &config.Target{Meta: config.Meta{ID: "id-" + target}, Target: target, Weight: weight}
}

// Exchange is one that lasts as long as the test.
func Exchange(tb testing.TB) *flow.Exchange {
	tb.Helper()
	return &flow.Exchange{Ctx: tb.Context()}
}

func build(t *testing.T, fresh Factory, c balance.Config, deps balance.Deps) balance.Updater {
	t.Helper()
	if deps.Resolver == nil {
		deps.Resolver = NewNames()
	}
	b := fresh(c, deps)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// Count calls Next n times and counts what came by Addr.
func Count(tb testing.TB, b balance.Balancer, n int) map[string]int {
	tb.Helper()
	ex, got := Exchange(tb), map[string]int{}
	for range n {
		p, err := b.Next(ex, 0)
		if err != nil {
			tb.Fatal(err)
		}
		b.Done(ex, p, balance.Result{Status: 200})
		got[p.Addr]++
	}
	return got
}

func equal(t *testing.T, got, want map[string]int) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func onlyWeighted(t *testing.T, fresh Factory) {
	t.Helper()
	b := build(t, fresh, Upstream(Target("10.0.0.1:1", 3), Target("10.0.0.2:2", 0), Target("10.0.0.3:3", 1)), balance.Deps{})
	got := Count(t, b, 400)
	if got["10.0.0.2:2"] != 0 || got["10.0.0.1:1"] == 0 || got["10.0.0.3:3"] == 0 {
		t.Errorf("got %v", got)
	}
	states := b.Targets()
	if len(states) != 3 || len(states[1].Addresses) != 1 || states[1].Addresses[0].Weight != 0 {
		t.Errorf("a target without weight is not listed: %+v", states)
	}
}

func noPeer(t *testing.T, fresh Factory) {
	t.Helper()
	for _, c := range []balance.Config{
		Upstream(), Upstream(Target("10.0.0.1:1", 0)), Upstream(Target("none.test:1", 100)),
	} {
		b := build(t, fresh, c, balance.Deps{})
		if p, err := b.Next(Exchange(t), 0); p != nil || !errors.Is(err, balance.ErrNoPeer) {
			t.Errorf("%d targets: got %v %v", len(c.Targets), p, err)
		}
	}
}

// Down is a Health that knows who is down.
type Down struct{ m sync.Map }

// Set notes that an Addr is down, or up again.
func (d *Down) Set(addr string, down bool) { d.m.Store(addr, down) }

// Available implements balance.Health.
func (d *Down) Available(p *balance.Peer) bool {
	v, _ := d.m.Load(p.Addr)
	down, _ := v.(bool)
	return !down
}

func onlyAvailable(t *testing.T, fresh Factory) {
	t.Helper()
	var down Down
	b := build(t, fresh, Upstream(Target("10.0.0.1:1", 5), Target("10.0.0.2:2", 1)), balance.Deps{Health: &down})
	down.Set("10.0.0.1:1", true)
	equal(t, Count(t, b, 50), map[string]int{"10.0.0.2:2": 50})
	down.Set("10.0.0.2:2", true)
	if p, err := b.Next(Exchange(t), 0); p != nil || !errors.Is(err, balance.ErrNoPeer) {
		t.Errorf("all down: got %v %v", p, err)
	}
	down.Set("10.0.0.1:1", false)
	equal(t, Count(t, b, 50), map[string]int{"10.0.0.1:1": 50})
}

func failover(t *testing.T, fresh Factory) {
	t.Helper()
	var down Down
	spare := Target("10.0.0.9:9", 1)
	spare.Failover = true
	b := build(t, fresh, Upstream(spare, Target("10.0.0.1:1", 1)), balance.Deps{Health: &down})
	equal(t, Count(t, b, 10), map[string]int{"10.0.0.1:1": 10})
	down.Set("10.0.0.1:1", true)
	equal(t, Count(t, b, 10), map[string]int{"10.0.0.9:9": 10})
}

func peers(t *testing.T, fresh Factory) {
	t.Helper()
	names := NewNames()
	names.Set("Web.test", dns.A, time.Hour, Addr("10.0.0.1"))
	names.Set("svc.test", dns.SRV, time.Hour, Service("10.0.0.2", 81, 1, 1, "pod.test"))
	for _, c := range []struct {
		target, header string
		srvName        bool
		want           balance.Peer
	}{
		{"Web.test:80", "", true, balance.Peer{Host: "Web.test", IP: "10.0.0.1", Port: 80, Addr: "10.0.0.1:80"}},
		{"web.test", "", false, balance.Peer{Host: "web.test", IP: "10.0.0.1", Port: 8000, Addr: "10.0.0.1:8000"}},
		{"svc.test:80", "", false, balance.Peer{Host: "svc.test", IP: "10.0.0.2", Port: 81, Addr: "10.0.0.2:81"}},
		{"svc.test:80", "", true, balance.Peer{Host: "pod.test", IP: "10.0.0.2", Port: 81, Addr: "10.0.0.2:81"}},
		{"web.test:80", "other.test", true, balance.Peer{Host: "other.test", IP: "10.0.0.1", Port: 80, Addr: "10.0.0.1:80"}},
		{"[2001:db8::1]:80", "", false, balance.Peer{Host: "2001:db8::1", IP: "2001:db8::1", Port: 80, Addr: "[2001:db8::1]:80"}},
		{"10.0.0.3", "", false, balance.Peer{Host: "10.0.0.3", IP: "10.0.0.3", Port: 8000, Addr: "10.0.0.3:8000"}},
	} {
		conf := Upstream(Target(c.target, 1))
		conf.Upstream.HostHeader, conf.Upstream.UseSRVName = c.header, c.srvName
		b := build(t, fresh, conf, balance.Deps{Resolver: names})
		c.want.TargetID = "id-" + c.target
		if p, err := b.Next(Exchange(t), 0); err != nil || *p != c.want {
			t.Errorf("%s: got %+v %v, want %+v", c.target, p, err, c.want)
		}
	}
}

// eventually moves the clock and calls Next until a peer comes up: a refresh
// runs beside the requests, which do not wait for it.
func eventually(t *testing.T, b balance.Balancer, addr string) {
	t.Helper()
	ex := Exchange(t)
	for range 1_000_000 {
		if p, err := b.Next(ex, 0); err == nil && p.Addr == addr {
			return
		}
	}
	t.Fatalf("%s never comes", addr)
}

func names(t *testing.T, fresh Factory) {
	t.Helper()
	resolver, now := NewNames(), clock.NewManual(time.Unix(1_700_000_000, 0))
	resolver.Clock = now
	resolver.Set("a.test", dns.A, time.Minute, Addr("10.0.0.1"), Addr("10.0.0.2"))
	b := build(t, fresh, Upstream(Target("a.test:80", 1), Target("none.test:80", 1)), balance.Deps{Resolver: resolver, Clock: now})
	got := Count(t, b, 100)
	if len(got) != 2 || got["10.0.0.1:80"] == 0 || got["10.0.0.2:80"] == 0 {
		t.Errorf("got %v", got)
	}
	// The other name may still be on its way.
	for len(b.Targets()[1].Addresses) == 0 && b.Targets()[1].Err == nil {
		Count(t, b, 1)
	}
	states := b.Targets()
	if states[0].Type != dns.A || len(states[0].Addresses) != 2 || !dns.IsAbsent(states[1].Err) {
		t.Errorf("states %+v", states)
	}
	before, _ := b.Next(Exchange(t), 0)
	resolver.Set("a.test", dns.A, time.Minute, Addr("10.0.0.2"), Addr("10.0.0.3"))
	Count(t, b, 100)
	now.Advance(time.Minute)
	eventually(t, b, "10.0.0.3:80")
	if got := Count(t, b, 100); got["10.0.0.1:80"] != 0 || got["10.0.0.2:80"] == 0 {
		t.Errorf("after the change: %v", got)
	}
	if after := find(b, before.Addr); after != nil && after != before {
		t.Error("a peer that stays is another one")
	}
	now.Advance(time.Hour)
	resolver.Set("none.test", dns.A, time.Minute, Addr("10.0.0.4"))
	eventually(t, b, "10.0.0.4:80")
}

// find gives the peer of an address, nil when there is none.
func find(b balance.Updater, addr string) *balance.Peer {
	for _, s := range b.Targets() {
		for _, a := range s.Addresses {
			if a.Peer.Addr == addr {
				return a.Peer
			}
		}
	}
	return nil
}

func stale(t *testing.T, fresh Factory) {
	t.Helper()
	resolver, now := NewNames(), clock.NewManual(time.Unix(1_700_000_000, 0))
	resolver.Clock = now
	resolver.Set("a.test", dns.A, time.Minute, Addr("10.0.0.1"))
	b := build(t, fresh, Upstream(Target("a.test:80", 1)), balance.Deps{Resolver: resolver, Clock: now})
	equal(t, Count(t, b, 2), map[string]int{"10.0.0.1:80": 2})
	arrived, open := resolver.Hold("a.test")
	defer open()
	now.Advance(time.Minute)
	for begun := false; !begun; {
		equal(t, Count(t, b, 1), map[string]int{"10.0.0.1:80": 1})
		select {
		case <-arrived:
			begun = true
		default:
		}
	}
	equal(t, Count(t, b, 50), map[string]int{"10.0.0.1:80": 50})
	if len(arrived) != 0 {
		t.Error("one refresh is not enough")
	}
}

func waiting(t *testing.T, fresh Factory) {
	t.Helper()
	resolver := NewNames()
	resolver.Set("slow.test", dns.A, time.Minute, Addr("10.0.0.1"))
	resolver.Set("fast.test", dns.A, time.Minute, Addr("10.0.0.2"))
	arrived, open := resolver.Hold("slow.test")
	defer open()
	b := build(t, fresh, Upstream(Target("slow.test:80", 1)), balance.Deps{Resolver: resolver})
	ctx, cancel := context.WithCancel(t.Context())
	done := newResult()
	go done.next(b, &flow.Exchange{Ctx: ctx})
	<-arrived
	cancel()
	if _, err := done.wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that left got %v", err)
	}
	go done.next(b, Exchange(t))
	// One more target that answers at once is enough for everybody.
	b.Update(Upstream(Target("slow.test:80", 1), Target("10.0.0.9:80", 1)))
	if p, err := done.wait(); err != nil || p.Addr != "10.0.0.9:80" {
		t.Errorf("got %+v %v", p, err)
	}
	open()
	eventually(t, b, "10.0.0.1:80")
}

// result is what another goroutine's Next gave.
type result struct {
	done chan struct{}
	peer *balance.Peer
	err  error
}

func newResult() *result { return &result{done: make(chan struct{}, 1)} }

func (r *result) next(b balance.Balancer, ex *flow.Exchange) {
	r.peer, r.err = b.Next(ex, 0)
	r.done <- struct{}{}
}

func (r *result) wait() (*balance.Peer, error) {
	<-r.done
	return r.peer, r.err
}

func closing(t *testing.T, fresh Factory) {
	t.Helper()
	resolver := NewNames()
	arrived, open := resolver.Hold("slow.test")
	defer open()
	b := build(t, fresh, Upstream(Target("slow.test:80", 1)), balance.Deps{Resolver: resolver})
	done := newResult()
	go done.next(b, Exchange(t))
	<-arrived
	_ = b.Close()
	if _, err := done.wait(); !errors.Is(err, balance.ErrNoPeer) {
		t.Errorf("a waiting caller got %v", err)
	}
	if _, err := b.Next(Exchange(t), 0); !errors.Is(err, balance.ErrNoPeer) {
		t.Errorf("after Close: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

func underLoad(t *testing.T, fresh Factory) {
	t.Helper()
	a, c := Target("10.0.0.1:1", 3), Target("10.0.0.2:2", 5)
	b := build(t, fresh, Upstream(a, c), balance.Deps{})
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			ex := Exchange(t)
			for !stop.Load() {
				p, err := b.Next(ex, 0)
				if err != nil {
					t.Error(err)
					return
				}
				b.Done(ex, p, balance.Result{})
			}
		})
	}
	for i := range 200 {
		if i%2 == 0 {
			b.Update(Upstream(a))
		} else {
			b.Update(Upstream(a, c, Target("10.0.0.3:3", i)))
		}
	}
	stop.Store(true)
	wg.Wait()
	b.Update(Upstream(c))
	equal(t, Count(t, b, 20), map[string]int{"10.0.0.2:2": 20})
}

func allocations(t *testing.T, fresh Factory) {
	t.Helper()
	resolver := NewNames()
	resolver.Set("a.test", dns.A, time.Hour, Addr("10.0.0.1"))
	b := build(t, fresh, Upstream(Target("a.test:80", 1), Target("10.0.0.2:2", 2)), balance.Deps{Resolver: resolver})
	Count(t, b, 1)
	eventually(t, b, "10.0.0.1:80")
	ex := Exchange(t)
	if n := testing.AllocsPerRun(100, func() {
		p, err := b.Next(ex, 0)
		if err != nil {
			t.Fatal(err)
		}
		b.Done(ex, p, balance.Result{Status: 200})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
