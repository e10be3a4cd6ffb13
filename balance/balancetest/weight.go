package balancetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/dns"
)

// turns is how many whole turns are counted.
const turns = 3

func byWeight(t *testing.T, fresh Factory, weights []int) {
	t.Helper()
	var targets []*config.Target
	want, turn := map[string]int{}, 0
	divisor := 0
	for _, w := range weights {
		divisor = gcd(divisor, w)
	}
	for i, w := range weights {
		addr := fmt.Sprintf("10.0.0.%d:80", i)
		targets = append(targets, Target(addr, w))
		if w > 0 {
			want[addr] = turns * w / divisor
		}
		turn += w / divisor
	}
	b := build(t, fresh, Upstream(targets...), balance.Deps{Seed: 1})
	equal(t, Count(t, b, turns*turn), want)
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func serviceWeights(t *testing.T, fresh Factory) {
	t.Helper()
	names := NewNames()
	// The record of pod.test weighs 3 for its two addresses together.
	pod := Service("10.0.0.1", 81, 3, 2, "pod.test")
	pod2 := Service("10.0.0.2", 81, 3, 2, "pod.test")
	names.Set("svc.test", dns.SRV, time.Hour, pod, pod2, Service("10.0.0.3", 0, 1, 1, "one.test"))
	b := build(t, fresh, Upstream(Target("svc.test:80", 100), Target("10.0.0.4:80", 2)), balance.Deps{Resolver: names})
	eventually(t, b, "10.0.0.3:80")
	equal(t, Count(t, b, turns*12), map[string]int{
		"10.0.0.1:81": turns * 3, "10.0.0.2:81": turns * 3, "10.0.0.3:80": turns * 2, "10.0.0.4:80": turns * 4,
	})
}

func concurrentTurns(t *testing.T, fresh Factory) {
	t.Helper()
	var down Down
	b := build(t, fresh, Upstream(Target("10.0.0.1:1", 2), Target("10.0.0.2:2", 3), Target("10.0.0.3:3", 5)), balance.Deps{Health: &down})
	const workers, each = 4, 5000
	got := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			mine, ex := map[string]int{}, Exchange(t)
			for range each {
				if p, err := b.Next(ex, 0); err == nil {
					mine[p.Addr]++
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for addr, n := range mine {
				got[addr] += n
			}
		})
	}
	wg.Wait()
	equal(t, got, map[string]int{"10.0.0.1:1": 4000, "10.0.0.2:2": 6000, "10.0.0.3:3": 10000})
}

func spread(t *testing.T, fresh Factory) {
	t.Helper()
	var down Down
	b := build(t, fresh, Upstream(Target("10.0.0.1:1", 1), Target("10.0.0.2:2", 1), Target("10.0.0.3:3", 1)), balance.Deps{Health: &down})
	down.Set("10.0.0.2:2", true)
	equal(t, Count(t, b, 300), map[string]int{"10.0.0.1:1": 150, "10.0.0.3:3": 150})
}
