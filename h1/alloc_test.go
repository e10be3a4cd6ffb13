//go:build !race

package h1

import (
	"context"
	"testing"
)

// The budget of DESIGN section 5: the race detector allocates too, so this runs
// without it.
func TestAllocations(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, tc := range []struct {
		name   string
		ctx    context.Context
		size   int
		budget float64
	}{
		{"plain", ctx, 1 << 10, 4},
		{"not cancellable", context.Background(), 1 << 10, 2},
		{"vector", ctx, 30 << 10, 4},
		{"helper", ctx, 100 << 10, 7},
	} {
		req := typicalRequest(tc.size)
		ep := plainMachine(t, req)
		c, _ := client(t, Options{})
		exchange(tc.ctx, t, c, ep, req)
		got := testing.AllocsPerRun(200, func() { exchange(tc.ctx, t, c, ep, req) })
		t.Logf("%s: %v", tc.name, got)
		if got > tc.budget {
			t.Errorf("%s: %v allocations, budget %v", tc.name, got, tc.budget)
		}
	}
}

func TestStreamAllocations(t *testing.T) {
	ep := serve(t, endless)
	c, _ := client(t, Options{})
	req := typicalRequest(10)
	req.Method, req.Body = "GET", nil
	r := do(t, c, ep, req)
	next := func() {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	for range 50 {
		next()
	}
	if got := testing.AllocsPerRun(2000, next); got > 0 {
		t.Errorf("%v allocations per read", got)
	}
	r.Close()
}
