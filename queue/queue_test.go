package queue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/queue"
)

// bench is a queue of strings on a clock that moves only when told to.
type bench struct {
	*queue.Queue[string]
	clock *armed
	// batches are what the handler is given; it takes its answers from
	// answers, and nil when that is closed.
	batches chan []string
	answers chan error
	log     *lockedBuffer
}

func newBench(t *testing.T, change func(c *queue.Config)) *bench {
	t.Helper()
	b := &bench{
		clock:   &armed{Manual: clock.NewManual(time.Unix(1e9, 0)), set: make(chan time.Duration, 100)},
		batches: make(chan []string, 100), answers: make(chan error, 100), log: &lockedBuffer{},
	}
	cfg := queue.Defaults()
	change(&cfg)
	b.Queue = queue.New(queue.Options[string]{
		Name: "test", Config: cfg, Clock: b.clock, Log: slog.New(slog.NewTextHandler(b.log, nil)),
		Size: func(s string) int { return len(s) },
		Handle: func(ctx context.Context, batch []string) error {
			b.batches <- slices.Clone(batch)
			select {
			case err := <-b.answers:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	})
	return b
}

func (b *bench) want(t *testing.T, entries ...string) {
	t.Helper()
	if got := <-b.batches; !slices.Equal(got, entries) {
		t.Fatalf("handed over %q, want %q", got, entries)
	}
}

func (b *bench) add(entries ...string) {
	for _, e := range entries {
		b.Add(e)
	}
}

// advance moves the clock once somebody waits for it.
func (b *bench) advance(t *testing.T, want time.Duration) {
	t.Helper()
	if got := <-b.clock.set; got != want {
		t.Fatalf("waits for %v, want %v", got, want)
	}
	b.clock.Advance(want)
}

// finish closes the queue, all further batches being taken.
func (b *bench) finish(t *testing.T) queue.Stats {
	t.Helper()
	close(b.answers)
	if err := b.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	return b.Stats()
}

// armed is a clock that tells when somebody sets a timer.
type armed struct {
	*clock.Manual
	set chan time.Duration
}

func (a *armed) AfterFunc(d time.Duration, f func()) clock.Timer {
	t := a.Manual.AfterFunc(d, f)
	a.set <- d
	return t
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), s)
}

var errDown = errors.New("down")

func TestOneByOne(t *testing.T) {
	b := newBench(t, func(*queue.Config) {})
	for i := range 3 {
		e := fmt.Sprint(i)
		b.add(e)
		b.want(t, e)
		b.answers <- nil
	}
	if got, want := b.finish(t), (queue.Stats{Sent: 3}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

func TestFullBatchLeavesAtOnce(t *testing.T) {
	b := newBench(t, func(c *queue.Config) { c.MaxBatchSize = 3 })
	b.add("1", "2", "3", "4")
	b.want(t, "1", "2", "3")
	b.answers <- nil
	b.finish(t)
	b.want(t, "4")
}

func TestBatchWaitsForTheDelay(t *testing.T) {
	b := newBench(t, func(c *queue.Config) { c.MaxBatchSize, c.MaxCoalescingDelay = 10, 2.5 })
	b.add("1")
	if got := <-b.clock.set; got != 2500*time.Millisecond {
		t.Fatalf("waits for %v", got)
	}
	b.add("2")
	b.clock.Advance(2500 * time.Millisecond)
	b.want(t, "1", "2")
	b.answers <- nil
	b.finish(t)
}

func TestRetries(t *testing.T) {
	b := newBench(t, func(c *queue.Config) { c.InitialRetryDelay, c.MaxRetryDelay, c.MaxRetryTime = 1, 4, 10 })
	b.add("x")
	b.want(t, "x")
	for _, delay := range []time.Duration{1, 2, 4, 4} {
		b.answers <- errDown
		b.advance(t, delay*time.Second)
		b.want(t, "x")
	}
	b.answers <- errDown // after 11 seconds: too late for more
	b.add("y")
	b.want(t, "y")
	b.answers <- nil
	if got, want := b.finish(t), (queue.Stats{Sent: 1, Failed: 1}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	if n := b.log.count("max_retry_time exceeded"); n != 1 {
		t.Errorf("%d messages of giving up, want 1", n)
	}
}

func TestRetriesForever(t *testing.T) {
	b := newBench(t, func(c *queue.Config) { c.MaxRetryTime, c.MaxRetryDelay = -1, 3600 })
	b.add("x")
	delay := 10 * time.Millisecond
	for range 30 {
		b.want(t, "x")
		b.answers <- errDown
		b.advance(t, min(delay, time.Hour))
		delay *= 2
	}
	b.want(t, "x")
	b.answers <- nil
	if got, want := b.finish(t), (queue.Stats{Sent: 1}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

func TestFullQueueDropsTheOldest(t *testing.T) {
	b := newBench(t, func(c *queue.Config) { c.MaxEntries = 5 })
	b.add("0")
	b.want(t, "0")
	b.add("1", "2", "3", "4", "5", "6")
	if got, want := b.Stats(), (queue.Stats{Waiting: 5, Dropped: 2}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	if got, want := b.finish(t), (queue.Stats{Sent: 5, Dropped: 2}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	for _, e := range []string{"3", "4", "5", "6"} {
		b.want(t, e)
	}
	for msg, want := range map[string]int{
		"queue at 80% capacity": 1, "has recovered": 1, "queue full": 1, "resumed processing": 1,
	} {
		if n := b.log.count(msg); n != want {
			t.Errorf("%q is logged %d times, want %d", msg, n, want)
		}
	}
}

func TestBytesAreBounded(t *testing.T) {
	limit := 10
	b := newBench(t, func(c *queue.Config) { c.MaxBytes = &limit })
	b.add("0000")
	b.want(t, "0000")
	b.add("this is too long", "1111", "22", "33")
	if got, want := b.Stats(), (queue.Stats{Waiting: 3, Dropped: 2}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	b.finish(t)
	b.want(t, "22")
	b.want(t, "33")
}

func TestWithoutLimit(t *testing.T) {
	b := newBench(t, func(c *queue.Config) { c.ConcurrencyLimit, c.MaxBatchSize, c.MaxEntries = -1, 10, 1 })
	b.add("1", "2", "3")
	var got []string
	for range 3 { // all are under way before any is answered
		batch := <-b.batches
		got = append(got, batch...)
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("handed over %q", got)
	}
	if got, want := b.finish(t), (queue.Stats{Sent: 3}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

func TestCloseDuringRetry(t *testing.T) {
	b := newBench(t, func(*queue.Config) {})
	b.add("x", "y")
	b.want(t, "x")
	b.answers <- errDown
	<-b.clock.set // waiting for the next try
	done := make(chan error)
	go func() { done <- b.Close(context.Background()) }()
	b.want(t, "x") // at once, and for the last time
	b.answers <- errDown
	b.want(t, "y")
	b.answers <- nil
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	b.Add("late")
	if got, want := b.Stats(), (queue.Stats{Sent: 1, Failed: 1, Dropped: 1}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

func TestCloseIsBounded(t *testing.T) {
	b := newBench(t, func(*queue.Config) {})
	b.add("x", "y")
	b.want(t, "x") // never answered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if got, want := b.Stats(), (queue.Stats{Failed: 2}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

func TestCloseUnused(t *testing.T) {
	b := newBench(t, func(*queue.Config) {})
	if got, want := b.finish(t), (queue.Stats{}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

func TestHandlerPanics(t *testing.T) {
	cfg := queue.Defaults()
	cfg.MaxRetryTime = 0
	counted := map[queue.Result]int{}
	c := clock.NewManual(time.Unix(0, 0))
	q := queue.New(queue.Options[int]{
		Config: cfg, Clock: c,
		Counted: func(r queue.Result, n int) { counted[r] += n },
		Handle:  func(context.Context, []int) error { panic("oh") },
	})
	q.Add(1)
	if err := q.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if counted[queue.Failed] != 1 || len(counted) != 1 {
		t.Errorf("counted %v", counted)
	}
}

func TestFormerFields(t *testing.T) {
	one, ten, two, five := 1, 10, 2.0, 5.0
	tests := []struct {
		name  string
		f     queue.Former
		batch int
		delay float64
		warns int
	}{
		{"none", queue.Former{}, 3, 4, 0},
		{"old defaults", queue.Former{QueueSize: &one, FlushTimeout: &two, RetryCount: &ten}, 3, 4, 3},
		{"others win", queue.Former{QueueSize: &ten, FlushTimeout: &five}, 10, 5, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := queue.Config{MaxBatchSize: 3, MaxCoalescingDelay: 4}.With(tt.f)
			if c.MaxBatchSize != tt.batch || c.MaxCoalescingDelay != tt.delay {
				t.Errorf("got %d and %v, want %d and %v", c.MaxBatchSize, c.MaxCoalescingDelay, tt.batch, tt.delay)
			}
			if list := tt.f.Warnings(); len(list) != tt.warns {
				t.Errorf("%d warnings, want %d", len(list), tt.warns)
			}
		})
	}
}

func TestManyProducers(t *testing.T) {
	var got int
	cfg := queue.Defaults()
	cfg.MaxBatchSize, cfg.MaxEntries = 7, 100000
	q := queue.New(queue.Options[int]{
		Config: cfg, Clock: clock.System(),
		Handle: func(_ context.Context, batch []int) error { got += len(batch); return nil },
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 1000 {
				q.Add(i)
			}
		})
	}
	wg.Wait()
	if err := q.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got != 8000 || q.Stats().Sent != 8000 {
		t.Errorf("got %d of 8000, stats %+v", got, q.Stats())
	}
}

func BenchmarkAdd(b *testing.B) {
	cfg := queue.Defaults()
	cfg.MaxBatchSize, cfg.MaxEntries = 100, 1000000
	q := queue.New(queue.Options[[]byte]{
		Config: cfg, Clock: clock.System(),
		Handle: func(context.Context, [][]byte) error { return nil },
	})
	entry := make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		q.Add(entry)
	}
	_ = q.Close(context.Background())
}
