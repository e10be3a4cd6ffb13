package balance_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/balance/balancetest"
	"github.com/sluice-gateway/sluice/dns"
	"github.com/sluice-gateway/sluice/dns/dnstest"
)

func TestSplitTarget(t *testing.T) {
	for _, c := range []struct {
		target, host string
		port         int
	}{
		{"web.test", "web.test", 8000},
		{"web.test:81", "web.test", 81},
		{"10.0.0.1", "10.0.0.1", 8000},
		{"10.0.0.1:81", "10.0.0.1", 81},
		{"[2001:db8::1]", "2001:db8::1", 8000},
		{"[2001:DB8:0::1]:81", "2001:DB8:0::1", 81},
		{"2001:db8:0::1", "2001:db8::1", 8000},
	} {
		if host, port := balance.SplitTarget(c.target); host != c.host || port != c.port {
			t.Errorf("%s: got %q %d, want %q %d", c.target, host, port, c.host, c.port)
		}
	}
}

func TestDirectToAnIP(t *testing.T) {
	for _, c := range []struct {
		host string
		want balance.Peer
	}{
		{"10.0.0.1", balance.Peer{Host: "10.0.0.1", IP: "10.0.0.1", Port: 80, Addr: "10.0.0.1:80"}},
		{"[2001:db8::1]", balance.Peer{Host: "[2001:db8::1]", IP: "2001:db8::1", Port: 80, Addr: "[2001:db8::1]:80"}},
	} {
		b := balance.Direct(nil, c.host, 80)
		p, err := b.Next(balancetest.Exchange(t), 0)
		if err != nil || *p != c.want {
			t.Errorf("got %+v %v, want %+v", p, err, c.want)
		}
		if again, _ := b.Next(balancetest.Exchange(t), 1); again != p {
			t.Error("the peer is made twice")
		}
	}
}

func TestDirectToAName(t *testing.T) {
	names := balancetest.NewNames()
	b := balance.Direct(names, "Web.test", 80)
	if _, err := b.Next(balancetest.Exchange(t), 0); !dns.IsAbsent(err) {
		t.Errorf("unknown name: %v", err)
	}
	names.Set("web.test", dns.A, time.Hour, balancetest.Addr("10.0.0.1"), balancetest.Addr("10.0.0.2"))
	ex := balancetest.Exchange(t)
	for i, want := range []string{"10.0.0.1:80", "10.0.0.2:80", "10.0.0.1:80"} {
		if p, err := b.Next(ex, i); err != nil || p.Addr != want || p.Host != "Web.test" {
			t.Errorf("attempt %d: got %+v %v, want %s", i, p, err, want)
		}
	}
	kept, _ := b.Next(ex, 0)
	names.Set("web.test", dns.A, time.Hour, balancetest.Addr("10.0.0.2"), balancetest.Addr("10.0.0.3"))
	seen := map[string]*balance.Peer{}
	for range 4 {
		p, err := b.Next(ex, 0)
		if err != nil {
			t.Fatal(err)
		}
		seen[p.Addr] = p
	}
	if len(seen) != 2 || seen["10.0.0.3:80"] == nil || seen["10.0.0.2:80"] != kept {
		t.Errorf("after a change: %v", seen)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = b.Next(ex, 0) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDirectToServices(t *testing.T) {
	names := balancetest.NewNames()
	names.Set("svc.test", dns.SRV, time.Hour,
		balancetest.Service("10.0.0.1", 81, 3, 1, "a.test"), balancetest.Service("10.0.0.2", 0, 1, 1, "b.test"))
	got := balancetest.Count(t, balance.Direct(names, "svc.test", 80), 40)
	if got["10.0.0.1:81"] != 30 || got["10.0.0.2:80"] != 10 {
		t.Errorf("got %v", got)
	}
}

func TestDirectWithTheRealResolver(t *testing.T) {
	srv := dnstest.New(t)
	srv.Set("web.test", dnstest.A, dnstest.Addrs("web.test", 60, "10.0.0.1")...)
	r := dns.New(dns.Options{Servers: []string{srv.Addr}, Search: []string{}})
	b := balance.Direct(r, "web.test", 80)
	if p, err := b.Next(balancetest.Exchange(t), 0); err != nil || p.Addr != "10.0.0.1:80" {
		t.Errorf("got %+v %v", p, err)
	}
	_ = r.Close()
	if _, err := balance.Direct(r, "other.test", 80).Next(balancetest.Exchange(t), 0); !errors.Is(err, dns.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func BenchmarkDirect(b *testing.B) {
	srv := dnstest.New(b)
	srv.Set("web.test", dnstest.A, dnstest.Addrs("web.test", 3600, "10.0.0.1", "10.0.0.2")...)
	r := dns.New(dns.Options{Servers: []string{srv.Addr}})
	defer r.Close()
	d, ex := balance.Direct(r, "web.test", 80), balancetest.Exchange(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Next(ex, 0); err != nil {
			b.Fatal(err)
		}
	}
}
