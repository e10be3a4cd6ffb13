package dns_test

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/dns"
	"github.com/sluice-gateway/sluice/dns/dnstest"
)

// TestPanic: a panic in a resolution is a failure of it, for all who wait, and
// told once. The next one can succeed.
func TestPanic(t *testing.T) {
	var log strings.Builder
	broken, waiting := true, make(chan struct{})
	b := start(t, func(o *dns.Options) {
		dial := (&net.Dialer{}).DialContext
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
		o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if broken {
				<-waiting
				panic("oh")
			}
			return dial(ctx, network, addr)
		}
	})
	b.srv.Set("one.test", dnstest.A, dnstest.Addrs("one.test", 60, "10.0.0.1")...)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() { b.want(t, "one.test", "server failure") })
	}
	close(waiting)
	all.Wait()
	if said := log.String(); strings.Count(said, "level=ERROR") != 1 || !strings.Contains(said, "host=one.test") {
		t.Errorf("said %s", said)
	}
	broken = false
	b.clock.Advance(time.Minute)
	b.want(t, "one.test", "A 10.0.0.1")
}
