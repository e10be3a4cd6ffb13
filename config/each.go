package config

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// maxWorkers leaves the other processors to requests.
const maxWorkers = 4

func workers() int { return min(runtime.GOMAXPROCS(0), maxWorkers) }

// each calls f for every number below n, several at a time, and returns when
// all calls have. A panic in one of them is the caller's.
func each(n int, f func(i int)) {
	var next atomic.Int64
	var panicked atomic.Pointer[any]
	work := func() {
		defer func() {
			if p := recover(); p != nil {
				panicked.Store(&p)
			}
		}()
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			f(i)
		}
	}
	var group sync.WaitGroup
	for range min(workers(), n) - 1 {
		group.Go(work)
	}
	work()
	group.Wait()
	if p := panicked.Load(); p != nil {
		panic(*p)
	}
}
