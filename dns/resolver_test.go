package dns_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/dns"
	"github.com/sluice-gateway/sluice/dns/dnstest"
)

// bench is a resolver with its server and clock.
type bench struct {
	*dns.Resolver
	srv   *dnstest.Server
	clock *clock.Manual
}

func start(t *testing.T, change func(*dns.Options)) *bench {
	t.Helper()
	b := &bench{srv: dnstest.New(t), clock: clock.NewManual(time.Unix(1_700_000_000, 0))}
	opts := dns.Options{Servers: []string{b.srv.Addr}, Clock: b.clock, Search: []string{}}
	if change != nil {
		change(&opts)
	}
	b.Resolver = dns.New(opts)
	t.Cleanup(func() {
		_ = b.Close()
		noGoroutines(t)
	})
	return b
}

// noGoroutines fails when a goroutine is left in package dns.
func noGoroutines(t *testing.T) {
	t.Helper()
	buf := make([]byte, 1<<20)
	for range 1000 {
		if !strings.Contains(string(buf[:runtime.Stack(buf, true)]), "sluice/dns.(*") {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("goroutines left behind:\n%s", buf[:runtime.Stack(buf, true)])
}

// show is an answer in short: type, then ip[:port[/weight]] each.
func show(a dns.Answer, err error) string {
	if e, ok := errors.AsType[*dns.Error](err); ok {
		return e.Kind.String()
	}
	if err != nil {
		return err.Error()
	}
	out := a.Type.String()
	for _, ad := range a.Addresses {
		out += " " + ad.IP.String()
		if a.Type == dns.SRV {
			out += fmt.Sprintf(":%d/%d", ad.Port, ad.Weight)
		}
		if ad.Share > 1 {
			out += fmt.Sprintf("÷%d", ad.Share)
		}
	}
	return out
}

func (b *bench) want(t *testing.T, host, want string) {
	t.Helper()
	if got := show(b.Resolve(t.Context(), host)); got != want {
		t.Errorf("resolve %s: got %q, want %q", host, got, want)
	}
}

func (b *bench) wantAsked(t *testing.T, name string, typ dnsmessage.Type, want int) {
	t.Helper()
	if got := b.srv.Asked(name, typ); got != want {
		t.Errorf("asked %s %v: %d times, want %d", name, typ, got, want)
	}
}

func TestAnswersOfAllKinds(t *testing.T) {
	b := start(t, nil)
	s := b.srv
	s.Set("one.test", dnstest.A, dnstest.Addrs("one.test", 60, "10.0.0.2", "10.0.0.1", "10.0.0.2")...)
	s.Set("alias.test", dnstest.A,
		append(dnstest.Addrs("end.test", 60, "10.0.1.1"),
			dnstest.Alias("mid.test", 60, "END.test"), dnstest.Alias("alias.test", 60, "mid.test"))...)
	s.Set("half.test", dnstest.A, dnstest.Alias("half.test", 60, "one.test"))
	s.Set("cname.test", dnstest.A)
	s.Set("cname.test", dnstest.CNAME, dnstest.Alias("cname.test", 60, "one.test"))
	s.Set("svc.test", dnstest.SRV,
		dnstest.Service("svc.test", 60, "one.test", 81, 5, 1),
		dnstest.Service("svc.test", 60, "ten.test", 82, 0, 1),
		dnstest.Service("svc.test", 60, "never.test", 83, 9, 2))
	s.Set("ten.test", dnstest.A, dnstest.Addrs("ten.test", 60, "10.0.0.10")...)
	s.Set("self.test", dnstest.SRV, dnstest.Service("self.test", 60, "self.test", 80, 1, 1))
	s.Set("self.test", dnstest.A, dnstest.Addrs("self.test", 60, "10.0.0.7")...)
	s.Set("loop.test", dnstest.A, dnstest.Alias("loop.test", 60, "loop2.test"), dnstest.Alias("loop2.test", 60, "loop.test"))
	s.Set("far.test", dnstest.A, dnstest.Alias("far.test", 60, "far2.test"))
	s.Set("far2.test", dnstest.A, dnstest.Alias("far2.test", 60, "far.test"))
	s.Set("cloop.test", dnstest.CNAME, dnstest.Alias("cloop.test", 60, "cloop.test"))
	s.Set("empty.test", dnstest.SRV)
	s.Set("empty.test", dnstest.A)
	s.Set("empty.test", dnstest.CNAME)
	s.Fail("broken.test", dnstest.CNAME, dnsmessage.RCodeServerFailure)
	s.Set("other.test", dnstest.A, dnstest.Addrs("elsewhere.test", 60, "6.6.6.6")...)

	for _, c := range []struct{ host, want string }{
		{"one.test", "A 10.0.0.1 10.0.0.2"},
		{"ONE.Test", "A 10.0.0.1 10.0.0.2"},
		{"one.test.", "A 10.0.0.1 10.0.0.2"},
		{"alias.test", "A 10.0.1.1"},
		{"half.test", "A 10.0.0.1 10.0.0.2"},
		{"cname.test", "A 10.0.0.1 10.0.0.2"},
		{"svc.test", "SRV 10.0.0.1:81/5÷2 10.0.0.2:81/5÷2 10.0.0.10:82/1"},
		{"self.test", "A 10.0.0.7"},
		{"loop.test", "name error"},
		{"far.test", "name error"},
		{"cloop.test", "server failure"},
		{"empty.test", "empty record received"},
		{"broken.test", "server failure"},
		{"none.test", "name error"},
		{"other.test", "name error"},
		{"192.0.2.1", "A 192.0.2.1"},
		{"[2001:db8::1]", "AAAA 2001:db8::1"},
		{"localhost", "A 127.0.0.1"},
		{"LOCALHOST.", "A 127.0.0.1"},
		{"", "name error"},
		{".", "name error"},
		{strings.Repeat("x", 64) + ".test", "name error"},
		{strings.Repeat("x.", 200), "name error"},
	} {
		b.want(t, c.host, c.want)
	}
	b.wantAsked(t, "never.test", dnstest.A, 0)
}

func TestGlueSparesQueries(t *testing.T) {
	b := start(t, nil)
	b.srv.Script("svc.test", dnstest.SRV, func(_ context.Context, _ string, q dnstest.Query) [][]byte {
		return [][]byte{q.Reply(dnsmessage.RCodeSuccess,
			[]dnstest.RR{dnstest.Service("svc.test", 60, "pod.test", 81, 5, 1)},
			dnstest.Addrs("pod.test", 60, "10.0.0.1")...)}
	})
	b.want(t, "svc.test", "SRV 10.0.0.1:81/5")
	b.wantAsked(t, "pod.test", dnstest.A, 0)
}

func TestFailedTargetOfServiceIsAskedForAgainSoon(t *testing.T) {
	b := start(t, nil)
	b.srv.Set("svc.test", dnstest.SRV,
		dnstest.Service("svc.test", 60, "good.test", 1, 1, 1), dnstest.Service("svc.test", 60, "bad.test", 2, 1, 1))
	b.srv.Set("good.test", dnstest.A, dnstest.Addrs("good.test", 60, "10.0.0.1")...)
	b.srv.Fail("bad.test", dnstest.A, dnsmessage.RCodeServerFailure)
	b.want(t, "svc.test", "SRV 10.0.0.1:1/1")
	b.srv.Set("bad.test", dnstest.A, dnstest.Addrs("bad.test", 60, "10.0.0.2")...)
	b.clock.Advance(time.Second)
	if got, want := show(b.Fresh(t.Context(), "svc.test")), "SRV 10.0.0.2:2/1 10.0.0.1:1/1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSearchDomains(t *testing.T) {
	b := start(t, func(o *dns.Options) { o.Search, o.Ndots = []string{"a.test", "b.test."}, 2 })
	b.srv.Set("web.b.test", dnstest.A, dnstest.Addrs("web.b.test", 60, "10.0.0.1")...)
	b.srv.Set("x.y.z", dnstest.A, dnstest.Addrs("x.y.z", 60, "10.0.0.2")...)
	b.want(t, "web", "A 10.0.0.1")
	b.want(t, "web.", "name error")
	b.want(t, "x.y.z", "A 10.0.0.2")
	// Each type is tried with all names before the next one.
	b.wantAsked(t, "web", dnstest.SRV, 2)
	b.wantAsked(t, "web", dnstest.A, 1)
	b.wantAsked(t, "x.y.z.a.test", dnstest.A, 0)
	b.wantAsked(t, "x.y.z.a.test", dnstest.SRV, 1)
}

func TestOrderAndLast(t *testing.T) {
	b := start(t, func(o *dns.Options) { o.Order = []string{"last", "AAAA", "a"} })
	b.srv.Set("v4.test", dnstest.A, dnstest.Addrs("v4.test", 60, "10.0.0.1")...)
	b.srv.Set("both.test", dnstest.A, dnstest.Addrs("both.test", 60, "10.0.0.2")...)
	b.srv.Set("both.test", dnstest.AAAA, dnstest.Addrs("both.test", 60, "2001:db8::2")...)
	b.want(t, "both.test", "AAAA 2001:db8::2")
	b.want(t, "v4.test", "A 10.0.0.1")
	b.want(t, "localhost", "AAAA ::1")
	b.clock.Advance(time.Minute)
	if _, err := b.Fresh(t.Context(), "v4.test"); err != nil {
		t.Fatal(err)
	}
	b.wantAsked(t, "v4.test", dnstest.AAAA, 1)
	b.wantAsked(t, "v4.test", dnstest.A, 2)
	b.wantAsked(t, "v4.test", dnstest.SRV, 0)
}

func TestHostsAndResolvConf(t *testing.T) {
	hosts := filepath.Join(t.TempDir(), "hosts")
	text := "# comment\n10.1.0.1 Web web.local # more\n10.1.0.2 web\n2001:db8::9 web six\nnonsense web\n"
	if err := os.WriteFile(hosts, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b := start(t, func(o *dns.Options) {
		o.ResolvConf = "nameserver " + o.Servers[0] + "\nsearch old.test\nsearch c.test\noptions ndots:3 timeout:1 attempts:2 rotate\n"
		o.Servers, o.Search, o.HostsFile = nil, nil, hosts
	})
	b.srv.Set("a.b.c.test", dnstest.A, dnstest.Addrs("a.b.c.test", 60, "10.0.0.1")...)
	b.want(t, "web", "A 10.1.0.1")
	b.want(t, "WEB.LOCAL", "A 10.1.0.1")
	b.want(t, "six", "AAAA 2001:db8::9")
	b.want(t, "localhost", "A 127.0.0.1")
	if got := b.srv.Total(); got != 0 {
		t.Errorf("%d queries for known names", got)
	}
	b.want(t, "a.b", "A 10.0.0.1")
}

func TestTTLs(t *testing.T) {
	b := start(t, nil)
	b.srv.Set("one.test", dnstest.A, dnstest.Addrs("one.test", 60, "10.0.0.1")...)
	b.want(t, "one.test", "A 10.0.0.1")
	first, _ := b.Resolve(t.Context(), "one.test")
	b.clock.Advance(59 * time.Second)
	b.want(t, "one.test", "A 10.0.0.1")
	b.wantAsked(t, "one.test", dnstest.A, 1)

	b.clock.Advance(time.Second)
	same, err := b.Fresh(t.Context(), "one.test")
	if err != nil || !same.Same(first) || !same.Expires.After(first.Expires) {
		t.Errorf("a refresh with the same records: %v %v, was %v", same, err, first)
	}
	b.srv.Set("one.test", dnstest.A, dnstest.Addrs("one.test", 60, "10.0.0.2")...)
	b.clock.Advance(time.Minute)
	other, err := b.Fresh(t.Context(), "one.test")
	if err != nil || other.Same(first) {
		t.Errorf("a refresh with other records: %v %v", other, err)
	}
}

func TestValidTTLReplacesAll(t *testing.T) {
	b := start(t, func(o *dns.Options) { o.ValidTTL = 10 * time.Second })
	b.srv.Set("one.test", dnstest.A, dnstest.Addrs("one.test", 3600, "10.0.0.1")...)
	a, err := b.Resolve(t.Context(), "one.test")
	if want := b.clock.Now().Add(10 * time.Second); err != nil || !a.Expires.Equal(want) {
		t.Errorf("expires %v %v, want %v", a.Expires, err, want)
	}
}

func TestShortestTTLOfChainCounts(t *testing.T) {
	b := start(t, nil)
	b.srv.Set("one.test", dnstest.A, append(dnstest.Addrs("end.test", 60, "10.0.0.1"), dnstest.Alias("one.test", 5, "end.test"))...)
	a, err := b.Resolve(t.Context(), "one.test")
	if want := b.clock.Now().Add(5 * time.Second); err != nil || !a.Expires.Equal(want) {
		t.Errorf("expires %v %v, want %v", a.Expires, err, want)
	}
}

func TestErrorsAreRemembered(t *testing.T) {
	b := start(t, nil)
	b.srv.Fail("down.test", dnstest.CNAME, dnsmessage.RCodeServerFailure)
	for range 2 {
		b.want(t, "none.test", "name error")
		b.want(t, "down.test", "server failure")
	}
	b.wantAsked(t, "none.test", dnstest.A, 1)
	b.wantAsked(t, "down.test", dnstest.A, 1)
	b.srv.Set("none.test", dnstest.A, dnstest.Addrs("none.test", 60, "10.0.0.1")...)
	b.srv.Set("down.test", dnstest.A, dnstest.Addrs("down.test", 60, "10.0.0.2")...)
	b.clock.Advance(time.Second)
	b.want(t, "down.test", "A 10.0.0.2")
	b.want(t, "none.test", "name error")
	b.clock.Advance(29 * time.Second)
	b.want(t, "none.test", "A 10.0.0.1")
}

// gated makes a question wait for the gate before it is answered.
func (b *bench) gated(name string, rrs []dnstest.RR) (arrived <-chan struct{}, open func()) {
	in, gate := make(chan struct{}, 100), make(chan struct{})
	b.srv.Script(name, dnstest.A, func(ctx context.Context, _ string, q dnstest.Query) [][]byte {
		in <- struct{}{}
		select {
		case <-gate:
		case <-ctx.Done():
		}
		return [][]byte{q.Reply(dnsmessage.RCodeSuccess, rrs)}
	})
	return in, sync.OnceFunc(func() { close(gate) })
}

func TestStaleIsServedDuringOneRefresh(t *testing.T) {
	b := start(t, func(o *dns.Options) { o.Timeout = time.Minute })
	b.srv.Set("one.test", dnstest.A, dnstest.Addrs("one.test", 60, "10.0.0.1")...)
	b.want(t, "one.test", "A 10.0.0.1")
	arrived, open := b.gated("one.test", dnstest.Addrs("one.test", 60, "10.0.0.2"))
	defer open()
	b.clock.Advance(time.Hour)
	for range 50 {
		b.want(t, "one.test", "A 10.0.0.1")
	}
	<-arrived
	open()
	if got := show(b.Fresh(t.Context(), "one.test")); got != "A 10.0.0.2" {
		t.Errorf("after the refresh: %s", got)
	}
	b.want(t, "one.test", "A 10.0.0.2")
	b.wantAsked(t, "one.test", dnstest.A, 2)
}

func TestOneFlightForMany(t *testing.T) {
	b := start(t, func(o *dns.Options) { o.Timeout = time.Minute })
	arrived, open := b.gated("one.test", dnstest.Addrs("one.test", 60, "10.0.0.1"))
	defer open()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { b.want(t, "one.test", "A 10.0.0.1") })
	}
	<-arrived
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Resolve(gone, "one.test"); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that left got %v", err)
	}
	open()
	wg.Wait()
	b.wantAsked(t, "one.test", dnstest.A, 1)
}

func TestStaleEnds(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration
		spoil func(*dnstest.Server)
		want  string
	}{
		{"a failure keeps the old", time.Minute, func(s *dnstest.Server) {
			s.Fail("one.test", dnstest.A, dnsmessage.RCodeServerFailure)
			s.Fail("one.test", dnstest.SRV, dnsmessage.RCodeServerFailure)
			s.Fail("one.test", dnstest.CNAME, dnsmessage.RCodeServerFailure)
		}, "A 10.0.0.1"},
		{"an empty answer keeps the old", time.Minute, func(s *dnstest.Server) {
			s.Set("one.test", dnstest.A)
			s.Set("one.test", dnstest.CNAME)
		}, "A 10.0.0.1"},
		{"a name that is gone is gone", time.Minute, func(s *dnstest.Server) {
			s.Fail("one.test", dnstest.A, dnsmessage.RCodeNameError)
		}, "name error"},
		{"not for ever", time.Minute + time.Hour, func(s *dnstest.Server) {
			s.Fail("one.test", dnstest.CNAME, dnsmessage.RCodeServerFailure)
			s.Fail("one.test", dnstest.A, dnsmessage.RCodeServerFailure)
		}, "server failure"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, nil)
			b.srv.Set("one.test", dnstest.A, dnstest.Addrs("one.test", 60, "10.0.0.1")...)
			b.want(t, "one.test", "A 10.0.0.1")
			c.spoil(b.srv)
			b.clock.Advance(c.after)
			if got := show(b.Fresh(t.Context(), "one.test")); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			asked := b.srv.Total()
			b.want(t, "one.test", c.want)
			if b.srv.Total() != asked {
				t.Error("a failed refresh is repeated at once")
			}
		})
	}
}

func TestTruncationGoesToTCP(t *testing.T) {
	b := start(t, nil)
	var ips []string
	for i := range 200 {
		ips = append(ips, fmt.Sprintf("10.0.1.%d", i))
	}
	b.srv.Script("big.test", dnstest.A, func(_ context.Context, network string, q dnstest.Query) [][]byte {
		m := q.Message(dnsmessage.RCodeSuccess, dnstest.Addrs("big.test", 60, ips...))
		if network == "udp" {
			m.Truncated, m.Answers = true, m.Answers[:3]
		}
		return [][]byte{dnstest.Pack(&m)}
	})
	a, err := b.Resolve(t.Context(), "big.test")
	if err != nil || len(a.Addresses) != len(ips) {
		t.Errorf("got %d addresses, %v", len(a.Addresses), err)
	}
}

func TestForeignResponsesArePassedOver(t *testing.T) {
	b := start(t, nil)
	b.srv.Script("one.test", dnstest.A, func(_ context.Context, _ string, q dnstest.Query) [][]byte {
		evil := dnstest.Addrs("one.test", 60, "6.6.6.6")
		wrongID, wrongName, wrongType, query := q, q, q, q
		wrongID.ID++
		wrongName.Name = "two.test"
		wrongType.Type = dnstest.AAAA
		noResponse := query.Message(dnsmessage.RCodeSuccess, evil)
		noResponse.Response = false
		noQuestion := q.Message(dnsmessage.RCodeSuccess, evil)
		noQuestion.Questions = nil
		return [][]byte{
			{},
			{1, 2, 3},
			wrongID.Reply(0, evil), wrongName.Reply(0, evil), wrongType.Reply(0, evil),
			dnstest.Pack(&noResponse), dnstest.Pack(&noQuestion),
			q.Reply(dnsmessage.RCodeSuccess, dnstest.Addrs("one.test", 60, "10.0.0.1")),
		}
	})
	b.want(t, "one.test", "A 10.0.0.1")
	b.wantAsked(t, "one.test", dnstest.A, 1)
}

func TestOtherSourcesAreNotHeard(t *testing.T) {
	b := start(t, func(o *dns.Options) {
		o.Timeout = time.Minute
		dial := (&net.Dialer{}).DialContext
		o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dial(ctx, network, addr)
			if err == nil && network == "udp" {
				go spoof(conn.LocalAddr())
			}
			return conn, err
		}
	})
	b.srv.Set("one.test", dnstest.A, dnstest.Addrs("one.test", 60, "10.0.0.1")...)
	b.want(t, "one.test", "A 10.0.0.1")
}

// spoof sends an answer with every id from a port that is not the server's.
func spoof(to net.Addr) {
	conn, err := net.Dial("udp", to.String())
	if err != nil {
		return
	}
	defer conn.Close()
	q := dnstest.Query{Name: "one.test", Type: dnstest.A}
	for id := range 1 << 12 {
		q.ID = uint16(id)
		if _, err := conn.Write(q.Reply(0, dnstest.Addrs("one.test", 60, "6.6.6.6"))); err != nil {
			return
		}
	}
}

func TestBrokenAnswerIsAskedForAgain(t *testing.T) {
	b := start(t, nil)
	b.srv.Script("one.test", dnstest.A, func(_ context.Context, _ string, q dnstest.Query) [][]byte {
		whole := q.Reply(0, dnstest.Addrs("one.test", 60, "10.0.0.1"))
		if b.srv.Asked("one.test", dnstest.A) == 1 {
			return [][]byte{whole[:len(whole)-2]}
		}
		return [][]byte{whole}
	})
	b.want(t, "one.test", "A 10.0.0.1")
	b.wantAsked(t, "one.test", dnstest.A, 2)
}

func TestServersWithoutEDNS(t *testing.T) {
	b := start(t, nil)
	b.srv.Script("one.test", dnstest.A, func(_ context.Context, _ string, q dnstest.Query) [][]byte {
		if q.EDNS {
			m := q.Message(dnsmessage.RCodeFormatError, nil)
			m.Questions = nil
			return [][]byte{dnstest.Pack(&m)}
		}
		return [][]byte{q.Reply(0, dnstest.Addrs("one.test", 60, "10.0.0.1"))}
	})
	b.want(t, "one.test", "A 10.0.0.1")
}

func TestNextServerIsAsked(t *testing.T) {
	deaf := dnstest.New(t)
	deaf.Fail("one.test", dnstest.SRV, dnsmessage.RCodeRefused)
	deaf.Script("one.test", dnstest.A, func(context.Context, string, dnstest.Query) [][]byte { return nil })
	b := start(t, func(o *dns.Options) {
		o.Servers = append([]string{deaf.Addr, "not an address"}, o.Servers...)
		o.Timeout = 20 * time.Millisecond
	})
	b.srv.Set("one.test", dnstest.A, dnstest.Addrs("one.test", 60, "10.0.0.1")...)
	b.want(t, "one.test", "A 10.0.0.1")
}

func TestSilenceEndsTheWalk(t *testing.T) {
	b := start(t, func(o *dns.Options) { o.Timeout, o.Attempts = 10*time.Millisecond, 2 })
	b.srv.Script("one.test", dnstest.SRV, func(context.Context, string, dnstest.Query) [][]byte { return nil })
	b.srv.Set("one.test", dnstest.A, dnstest.Addrs("one.test", 60, "10.0.0.1")...)
	b.want(t, "one.test", "timeout")
	b.wantAsked(t, "one.test", dnstest.SRV, 2)
	b.wantAsked(t, "one.test", dnstest.A, 0)
	_, err := b.Resolve(t.Context(), "one.test")
	if dns.IsAbsent(err) {
		t.Errorf("%v counts as an answer", err)
	}
}

func TestFloodOfForeignPackets(t *testing.T) {
	b := start(t, func(o *dns.Options) { o.Attempts = 1 })
	b.srv.Script("one.test", dnstest.SRV, func(_ context.Context, _ string, q dnstest.Query) [][]byte {
		out := make([][]byte, 100)
		for i := range out {
			q.ID++
			out[i] = q.Reply(0, nil)
		}
		return out
	})
	b.want(t, "one.test", "server failure")
}

func TestServicesWithManyTargetsAreBounded(t *testing.T) {
	b := start(t, nil)
	var rrs []dnstest.RR
	for i := range 150 {
		name := fmt.Sprintf("t%d.test", i)
		rrs = append(rrs, dnstest.Service("svc.test", 60, name, 1, 1, 1))
		b.srv.Set(name, dnstest.A, dnstest.Addrs(name, 60, fmt.Sprintf("10.0.0.%d", i))...)
	}
	b.srv.Script("svc.test", dnstest.SRV, func(_ context.Context, network string, q dnstest.Query) [][]byte {
		m := q.Message(0, rrs)
		if network == "udp" {
			m.Truncated, m.Answers = true, nil
		}
		return [][]byte{dnstest.Pack(&m)}
	})
	a, err := b.Resolve(t.Context(), "svc.test")
	if err != nil || len(a.Addresses) < 90 || b.srv.Total() > 110 {
		t.Errorf("%d addresses with %d queries, %v", len(a.Addresses), b.srv.Total(), err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	b := start(t, func(o *dns.Options) { o.CacheSize, o.Order = 8, []string{"A"} })
	for i := range 50 {
		name := fmt.Sprintf("n%d.test", i)
		b.srv.Set(name, dnstest.A, dnstest.Addrs(name, 600, "10.0.0.1")...)
		b.want(t, name, "A 10.0.0.1")
		b.want(t, "n0.test", "A 10.0.0.1")
		b.clock.Advance(time.Second)
	}
	// The one in use stays.
	b.wantAsked(t, "n0.test", dnstest.A, 1)
	asked := b.srv.Total()
	for i := range 50 {
		b.want(t, fmt.Sprintf("n%d.test", i), "A 10.0.0.1")
	}
	if again := b.srv.Total() - asked; again < 40 {
		t.Errorf("only %d of 50 names were forgotten", again)
	}
}

func TestCloseEndsWhatRuns(t *testing.T) {
	b := start(t, func(o *dns.Options) { o.Timeout = time.Hour })
	b.srv.Set("known.test", dnstest.A, dnstest.Addrs("known.test", 60, "10.0.0.1")...)
	b.want(t, "known.test", "A 10.0.0.1")
	arrived, open := b.gated("one.test", nil)
	defer open()
	done := make(chan error, 1)
	go func() {
		_, err := b.Resolve(context.Background(), "one.test")
		done <- err
	}()
	<-arrived
	_ = b.Close()
	if err := <-done; !errors.Is(err, dns.ErrClosed) {
		t.Errorf("waiting caller got %v", err)
	}
	if _, err := b.Resolve(t.Context(), "two.test"); !errors.Is(err, dns.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	b.want(t, "known.test", "A 10.0.0.1")
}

func TestCachedAnswerAllocatesNothing(t *testing.T) {
	b := start(t, nil)
	b.srv.Set("one.test", dnstest.A, dnstest.Addrs("one.test", 60, "10.0.0.1")...)
	for _, host := range []string{"one.test", "none.test", "localhost"} {
		_, _ = b.Resolve(t.Context(), host)
		if n := testing.AllocsPerRun(100, func() { _, _ = b.Resolve(t.Context(), host) }); n != 0 {
			t.Errorf("%s: %v allocations", host, n)
		}
	}
}

func BenchmarkCached(b *testing.B) {
	srv := dnstest.New(b)
	srv.Set("one.test", dnstest.A, dnstest.Addrs("one.test", 3600, "10.0.0.1")...)
	r := dns.New(dns.Options{Servers: []string{srv.Addr}})
	defer r.Close()
	ctx := b.Context()
	for b.Loop() {
		if _, err := r.Resolve(ctx, "one.test"); err != nil {
			b.Fatal(err)
		}
	}
}
