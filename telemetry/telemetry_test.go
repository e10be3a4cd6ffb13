package telemetry_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-gateway/sluice/telemetry"
)

func page(t *testing.T, r *telemetry.Registry) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPage(t *testing.T) {
	tests := []struct {
		name string
		fill func(r *telemetry.Registry)
		want string
	}{
		{"nothing", func(*telemetry.Registry) {}, ""},
		{"no samples, no comments", func(r *telemetry.Registry) {
			r.Counter(telemetry.Desc{Name: "kong_a", Help: "A"})
		}, ""},
		{"labels keep their order", func(r *telemetry.Registry) {
			c := r.Counter(telemetry.Desc{Name: "kong_a", Help: "A", Labels: []string{"z", "b"}})
			c.With("2", "x").Inc()
			c.With("1", "y").AddInt(3)
			c.With("1", "y").AddInt(-3)
		}, "# HELP kong_a A\n# TYPE kong_a counter\nkong_a{z=\"1\",b=\"y\"} 3\nkong_a{z=\"2\",b=\"x\"} 1\n"},
		{"sorted by name", func(r *telemetry.Registry) {
			r.Gauge(telemetry.Desc{Name: "kong_b"}).With().Set(-1.5)
			r.Counter(telemetry.Desc{Name: "kong_a"}).With().Inc()
		}, "# TYPE kong_a counter\nkong_a 1\n# TYPE kong_b gauge\nkong_b -1.5\n"},
		{"escapes", func(r *telemetry.Registry) {
			r.Counter(telemetry.Desc{Name: "kong_a", Help: "a\\b\nc", Labels: []string{"l"}}).With("q\"\\\n\xff").Inc()
		}, "# HELP kong_a a\\\\b\\nc\n# TYPE kong_a counter\nkong_a{l=\"q\\\"\\\\\\n\ufffd\"} 1\n"},
		{"sums of prices stay readable", func(r *telemetry.Registry) {
			c := r.Counter(telemetry.Desc{Name: "kong_cost"}).With()
			for range 3 {
				c.Add(0.00037)
			}
			c.Add(-1)
			c.Add(math.NaN())
			c.Add(math.Inf(1))
		}, "# TYPE kong_cost counter\nkong_cost 0.00111\n"},
		{"histogram", func(r *telemetry.Registry) {
			h := r.Histogram(telemetry.Desc{Name: "kong_ms", Labels: []string{"s"}}, 1, 25, 60000)
			for _, v := range []float64{0, 1, 2, 25, 70000, math.NaN()} {
				h.With("x").Observe(v)
			}
		}, `# TYPE kong_ms histogram
kong_ms_bucket{s="x",le="1"} 2
kong_ms_bucket{s="x",le="25"} 4
kong_ms_bucket{s="x",le="60000"} 4
kong_ms_bucket{s="x",le="+Inf"} 5
kong_ms_count{s="x"} 5
kong_ms_sum{s="x"} 70028
`},
		{"histogram without labels", func(r *telemetry.Registry) {
			r.Histogram(telemetry.Desc{Name: "kong_ms"}, 0.5).With().Observe(0.25)
		}, "# TYPE kong_ms histogram\nkong_ms_bucket{le=\"0.5\"} 1\nkong_ms_bucket{le=\"+Inf\"} 1\nkong_ms_count 1\nkong_ms_sum 0.25\n"},
		{"functions", func(r *telemetry.Registry) {
			r.GaugeFunc(telemetry.Desc{Name: "kong_f"}, func(emit telemetry.Emit) { emit(1) })
			r.GaugeFunc(telemetry.Desc{Name: "kong_f", Labels: []string{"a", "b"}}, func(emit telemetry.Emit) {
				emit(2, "x", "y")
				emit(math.Inf(-1), "x", "z")
				emit(3, "too few")
			})
		}, "# TYPE kong_f gauge\nkong_f{a=\"x\",b=\"y\"} 2\nkong_f{a=\"x\",b=\"z\"} -Inf\n"},
		{"hidden", func(r *telemetry.Registry) {
			c := r.Counter(telemetry.Desc{Name: "kong_a"})
			c.With().Inc()
			c.Hide(true)
		}, ""},
		{"shown again", func(r *telemetry.Registry) {
			c := r.Counter(telemetry.Desc{Name: "kong_a"})
			c.Hide(true)
			c.With().Inc()
			c.Hide(false)
		}, "# TYPE kong_a counter\nkong_a 1\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := telemetry.NewRegistry()
			tt.fill(r)
			if got := page(t, r); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestRegisteredOnce(t *testing.T) {
	r := telemetry.NewRegistry()
	d := telemetry.Desc{Name: "kong_a", Labels: []string{"l"}}
	r.Counter(d).With("x").Inc()
	r.Counter(d).With("x").Inc()
	if got := r.Counter(d).With("x").Value(); got != 2 {
		t.Errorf("the counter stands at %v, want 2", got)
	}
	if r.Errors() != 0 {
		t.Errorf("%d errors, want none", r.Errors())
	}
	r.Counter(telemetry.Desc{Name: "kong_a", Labels: []string{"m"}}).With("x").Inc()
	r.Gauge(d).With("x").Set(7)
	r.GaugeFunc(d, func(emit telemetry.Emit) { emit(1, "x") })
	if r.Errors() != 3 {
		t.Errorf("%d errors, want 3", r.Errors())
	}
	if got, want := page(t, r), "# TYPE kong_a counter\nkong_a{l=\"x\"} 2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTooManySeries(t *testing.T) {
	r := telemetry.NewRegistry()
	c := r.Counter(telemetry.Desc{Name: "kong_a", Labels: []string{"l"}, MaxSeries: 2})
	for i := range 5 {
		c.With(fmt.Sprint(i)).Inc()
	}
	c.With("0").Inc()
	c.With("one", "too many").Inc()
	if got, want := page(t, r), "# TYPE kong_a counter\nkong_a{l=\"0\"} 2\nkong_a{l=\"1\"} 1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if c.Len() != 2 || r.Errors() != 4 {
		t.Errorf("%d series and %d errors, want 2 and 4", c.Len(), r.Errors())
	}
}

// TestAlikeLabels: labels that look alike at a glance are series of their own.
func TestAlikeLabels(t *testing.T) {
	r := telemetry.NewRegistry()
	v := r.Counter(telemetry.Desc{Name: "alike", Labels: []string{"a", "b"}})
	for range 3 {
		for i := range 100 {
			v.With(fmt.Sprintf("x%02dx", i), "").AddInt(int64(i))
			v.With("", fmt.Sprintf("x%02dx", i)).Inc()
		}
	}
	for i := range 100 {
		if one, other := v.With(fmt.Sprintf("x%02dx", i), "").Value(), v.With("", fmt.Sprintf("x%02dx", i)).Value(); one != float64(3*i) || other != 3 {
			t.Errorf("%d: counted %v and %v", i, one, other)
		}
	}
}

func TestDelete(t *testing.T) {
	r := telemetry.NewRegistry()
	c := r.Counter(telemetry.Desc{Name: "kong_a", Labels: []string{"l"}})
	for i := range 100 {
		c.With(fmt.Sprint(i)).Inc()
	}
	before := r.Version()
	c.Delete(func(values []string) bool { return values[0] != "42" })
	if got, want := page(t, r), "# TYPE kong_a counter\nkong_a{l=\"42\"} 1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if r.Version() == before {
		t.Error("the version stayed the same")
	}
	c.With("7").Inc()
	if got := c.With("7").Value(); got != 1 {
		t.Errorf("a deleted series goes on at %v, want 1", got)
	}
}

func TestConcurrent(t *testing.T) {
	r := telemetry.NewRegistry()
	c := r.Counter(telemetry.Desc{Name: "kong_a", Labels: []string{"l"}})
	h := r.Histogram(telemetry.Desc{Name: "kong_h", Labels: []string{"l"}}, 1)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 2000 {
				c.With(fmt.Sprint(i % 200)).Add(0.5)
				h.With(fmt.Sprint(i % 3)).Observe(2)
			}
		})
		wg.Go(func() { _ = r.WriteText(&strings.Builder{}) })
	}
	wg.Wait()
	var sum float64
	for i := range 200 {
		sum += c.With(fmt.Sprint(i)).Value()
	}
	if sum != 4000 {
		t.Errorf("counted %v, want 4000", sum)
	}
	if n := h.With("0").Count() + h.With("1").Count() + h.With("2").Count(); n != 8000 {
		t.Errorf("observed %d, want 8000", n)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestWriteError(t *testing.T) {
	r := telemetry.NewRegistry()
	r.Counter(telemetry.Desc{Name: "kong_a"}).With().Inc()
	if err := r.WriteText(broken{}); err == nil {
		t.Error("no error from a broken writer")
	}
}

func BenchmarkWith(b *testing.B) {
	r := telemetry.NewRegistry()
	c := r.Counter(telemetry.Desc{Name: "kong_a", Labels: []string{"service", "route", "code", "source", "workspace", "consumer"}})
	for i := range 200 {
		c.With("a-service", fmt.Sprint("route-", i), "200", "service", "default", "")
	}
	b.ReportAllocs()
	for b.Loop() {
		c.With("a-service", "route-77", "200", "service", "default", "").Inc()
	}
}

func BenchmarkObserve(b *testing.B) {
	r := telemetry.NewRegistry()
	h := r.Histogram(telemetry.Desc{Name: "kong_a", Labels: []string{"service", "route", "workspace"}}, 25, 50, 80, 100, 250, 400, 700, 1000)
	b.ReportAllocs()
	for b.Loop() {
		h.With("a-service", "route-77", "default").Observe(90)
	}
}
