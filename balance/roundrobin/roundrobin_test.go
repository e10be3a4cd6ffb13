package roundrobin_test

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/balance/balancetest"
	"github.com/sluice-gateway/sluice/balance/roundrobin"
	"github.com/sluice-gateway/sluice/config"
)

func factory(c balance.Config, deps balance.Deps) balance.Updater { return roundrobin.New(c, deps) }

func TestConformance(t *testing.T) {
	balancetest.Run(t, factory)
	balancetest.RunByWeight(t, factory)
	noGoroutines(t)
}

// noGoroutines fails when a goroutine is left in the pool.
func noGoroutines(t *testing.T) {
	t.Helper()
	buf := make([]byte, 1<<20)
	for range 1000 {
		if !strings.Contains(string(buf[:runtime.Stack(buf, true)]), "sluice/balance/internal/pool.(*") {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("goroutines left behind:\n%s", buf[:runtime.Stack(buf, true)])
}

func order(t *testing.T, seed uint64, n int) string {
	t.Helper()
	var targets []*config.Target
	for i := range 10 {
		targets = append(targets, balancetest.Target(fmt.Sprintf("10.0.0.%d:80", i), 1))
	}
	b := roundrobin.New(balancetest.Upstream(targets...), balance.Deps{Seed: seed})
	defer b.Close()
	var out strings.Builder
	for range n {
		p, err := b.Next(balancetest.Exchange(t), 0)
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString(p.IP + " ")
	}
	return out.String()
}

func TestShuffledBySeed(t *testing.T) {
	one := order(t, 1, 10)
	if again := order(t, 1, 10); one != again {
		t.Errorf("the same seed gives %q and %q", one, again)
	}
	if other := order(t, 2, 10); one == other {
		t.Errorf("another seed gives the same order %q", one)
	}
	if twice := order(t, 1, 20); twice != one+one {
		t.Errorf("the second turn is another: %q", twice)
	}
}

func TestHugeWeightsAreScaled(t *testing.T) {
	weights := []int{65535, 65533, 65521, 1}
	var targets []*config.Target
	total := 0
	for i, w := range weights {
		targets = append(targets, balancetest.Target(fmt.Sprintf("10.0.0.%d:80", i), w))
		total += w
	}
	b := roundrobin.New(balancetest.Upstream(targets...), balance.Deps{})
	defer b.Close()
	const n = 1 << 18
	got := balancetest.Count(t, b, n)
	for i, w := range weights {
		want := float64(w) / float64(total) * n
		if g := float64(got[targets[i].Target]); math.Abs(g-want) > want/100+4 || g == 0 {
			t.Errorf("target %d: %v of %d, want about %.0f", i, g, n, want)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	r := roundrobin.New(balancetest.Upstream(balancetest.Target("10.0.0.1:1", 3), balancetest.Target("10.0.0.2:1", 5)), balance.Deps{})
	defer r.Close()
	ex := balancetest.Exchange(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Next(ex, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNextWithOneDown(b *testing.B) {
	var down balancetest.Down
	down.Set("10.0.0.1:1", true)
	r := roundrobin.New(balancetest.Upstream(balancetest.Target("10.0.0.1:1", 3), balancetest.Target("10.0.0.2:1", 5)), balance.Deps{Health: &down})
	defer r.Close()
	ex := balancetest.Exchange(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Next(ex, 0); err != nil {
			b.Fatal(err)
		}
	}
}
