// Package queue gathers entries and hands them over in batches, in order, away
// from the exchanges that made them: http-log, opentelemetry and others send
// what they collect through one.
//
// A queue bounds what it holds, tries failed batches again with growing
// delays, and counts what became of every entry. It must not know what the
// entries are or where they go: that is the handler's business.
package queue

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-gateway/sluice/clock"
)

// Options of a queue.
type Options[T any] struct {
	// Name in logs.
	Name string
	// Config as configured.
	Config Config
	// Clock drives delays.
	Clock clock.Clock
	// Log gets warnings and failures.
	Log *slog.Logger
	// Size of an entry in bytes, for max_bytes; nil when entries have none.
	Size func(entry T) int
	// Counted is told what became of entries; nil is not. It must be quick.
	Counted func(r Result, n int)
	// Handle delivers a batch. It is called by one goroutine at a time, unless
	// concurrency is unlimited. ctx ends when the queue gives up. The slice
	// is used again afterwards.
	Handle func(ctx context.Context, batch []T) error
}

// Queue is a batch queue. Add may be called by many goroutines. Close must be
// called in the end.
type Queue[T any] struct {
	o   Options[T]
	ctx context.Context // ends when Close gives up
	end context.CancelFunc

	wake   chan struct{} // somebody should look at the state again
	closed chan struct{} // Close was called
	tasks  sync.WaitGroup

	mu       sync.Mutex // guards all below
	waiting  ring[T]
	bytes    int // of the entries that wait or are being handled
	handling int
	running  bool
	closing  bool
	nearFull bool // the warning is out
	overflow bool // entries were dropped since the last success

	results [Dropped + 1]atomic.Int64
}

// Stats are what became of the entries so far.
type Stats struct {
	// Waiting entries, those being handled included.
	Waiting int
	// Sent entries were taken by the handler.
	Sent int64
	// Failed entries were given up after all tries.
	Failed int64
	// Dropped entries found no room, or pushed out older ones.
	Dropped int64
}

// Result is what became of an entry.
type Result uint8

// The results.
const (
	Sent    Result = iota // the handler took it
	Failed                // it was given up after all tries
	Dropped               // there was no room for it
)

// String is the result's name.
func (r Result) String() string {
	switch r {
	case Sent:
		return "sent"
	case Failed:
		return "failed"
	case Dropped:
		return "dropped"
	}
	return "unknown"
}

// count notes what became of n entries.
func (q *Queue[T]) count(r Result, n int) {
	q.results[r].Add(int64(n))
	if q.o.Counted != nil {
		q.o.Counted(r, n)
	}
}

// New makes a queue. Its goroutine starts with the first entry.
func New[T any](o Options[T]) *Queue[T] {
	if o.Size == nil {
		o.Size = func(T) int { return 0 }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = o.Log.With(slog.String("queue", o.Name))
	q := &Queue[T]{o: o, wake: make(chan struct{}, 1), closed: make(chan struct{})}
	q.ctx, q.end = context.WithCancel(context.Background()) //nolint:gosec // Close calls it
	return q
}

// Add puts an entry at the end. It never blocks: without room the oldest
// entry gives way. An entry that comes after Close is dropped.
func (q *Queue[T]) Add(entry T) {
	q.mu.Lock()
	if q.closing {
		q.mu.Unlock()
		q.count(Dropped, 1)
		return
	}
	if q.o.Config.unlimited() {
		q.startTask(entry)
		q.mu.Unlock()
		return
	}
	added := q.push(entry)
	n := q.waiting.len()
	q.start()
	q.mu.Unlock()
	if added && (n == 1 || n >= q.o.Config.MaxBatchSize) {
		q.poke()
	}
}

// start starts the goroutine, once. The caller holds mu.
func (q *Queue[T]) start() {
	if !q.running {
		q.running = true
		q.tasks.Go(q.run)
	}
}

func (q *Queue[T]) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// push makes room and adds. The caller holds mu.
func (q *Queue[T]) push(entry T) bool {
	size := q.o.Size(entry)
	if limit := q.o.Config.byteLimit(); limit > 0 {
		if size > limit {
			q.count(Dropped, 1)
			q.o.Log.Error("entry is larger than the queue's max_bytes and is dropped", slog.Int("bytes", size))
			return false
		}
		for q.bytes+size > limit && q.waiting.len() > 0 {
			q.dropOldest()
		}
	}
	for q.waiting.len() > 0 && q.waiting.len()+q.handling >= q.o.Config.MaxEntries {
		q.dropOldest()
	}
	q.waiting.push(item[T]{entry: entry, size: size, at: q.o.Clock.Now()})
	q.bytes += size
	q.watchLevel()
	return true
}

func (q *Queue[T]) dropOldest() {
	q.bytes -= q.waiting.pop().size
	q.count(Dropped, 1)
	if !q.overflow {
		q.overflow = true
		q.o.Log.Error("queue full, dropping old entries until processing is successful again")
	}
}

// watchLevel tells, once each, that the queue is nearly full and that it no
// longer is. The caller holds mu.
func (q *Queue[T]) watchLevel() {
	level := q.waiting.len() + q.handling
	percent := level * 100 / q.o.Config.MaxEntries
	switch {
	case percent >= warnPercent && !q.nearFull && q.o.Config.MaxEntries > 1:
		q.nearFull = true
		q.o.Log.Warn("queue at 80% capacity", slog.Int("entries", level))
	case percent < calmPercent && q.nearFull:
		q.nearFull = false
		q.o.Log.Warn("queue has recovered from 80% capacity", slog.Int("entries", level))
	}
}

// warnPercent of the capacity is when the queue warns. It has recovered a
// little below, so that a queue that stays near does not warn all the time.
const (
	warnPercent = 80
	calmPercent = 70
)

// Stats tells what became of the entries.
func (q *Queue[T]) Stats() Stats {
	q.mu.Lock()
	waiting := q.waiting.len() + q.handling
	q.mu.Unlock()
	return Stats{Waiting: waiting, Sent: q.results[Sent].Load(), Failed: q.results[Failed].Load(), Dropped: q.results[Dropped].Load()}
}

// Close hands over what waits, without further delays and trying each batch
// once more, and returns when that is done. When ctx ends before, the rest is
// given up and counted as failed.
func (q *Queue[T]) Close(ctx context.Context) error {
	q.mu.Lock()
	if !q.closing {
		q.closing = true
		close(q.closed)
	}
	q.mu.Unlock()
	stop := context.AfterFunc(ctx, q.end)
	defer stop()
	q.tasks.Wait()
	q.end()
	return ctx.Err()
}

// ring is a queue of items in one slice.
type ring[T any] struct {
	items []item[T]
	head  int
	n     int
}

// item is an entry that waits.
type item[T any] struct {
	entry T
	size  int
	at    time.Time
}

func (r *ring[T]) len() int { return r.n }

func (r *ring[T]) first() *item[T] { return &r.items[r.head] }

func (r *ring[T]) push(it item[T]) {
	if r.n == len(r.items) {
		bigger := make([]item[T], max(16, 2*r.n))
		copied := copy(bigger, r.items[r.head:])
		copy(bigger[copied:], r.items[:r.head])
		r.items, r.head = bigger, 0
	}
	r.items[(r.head+r.n)%len(r.items)] = it
	r.n++
}

func (r *ring[T]) pop() item[T] {
	it := r.items[r.head]
	r.items[r.head] = item[T]{}
	r.head = (r.head + 1) % len(r.items)
	r.n--
	return it
}
