package queue

import (
	"log/slog"
	"time"

	"github.com/sluice-gateway/sluice/internal/guard"
)

// maxTasks bounds the tasks of a queue without limit, so that an endpoint that
// hangs costs memory but not all of it.
const maxTasks = 10000

// run hands over batches until the queue is closed and empty.
func (q *Queue[T]) run() {
	var batch []T
	for {
		var bytes int
		if batch, bytes = q.next(batch[:0]); len(batch) == 0 {
			return
		}
		q.deliver(batch)
		q.done(len(batch), bytes)
		clear(batch)
	}
}

// next waits for a batch that is due and takes it out; it is empty when the
// queue has ended.
func (q *Queue[T]) next(batch []T) ([]T, int) {
	for {
		q.mu.Lock()
		wait, due := q.due()
		if due {
			n := min(q.waiting.len(), q.o.Config.MaxBatchSize)
			bytes := 0
			for range n {
				it := q.waiting.pop()
				batch = append(batch, it.entry)
				bytes += it.size
			}
			q.handling = n
			q.mu.Unlock()
			return batch, bytes
		}
		q.mu.Unlock()
		q.sleep(wait)
	}
}

// due tells whether there is something to do now: a batch, or the end. If not,
// it says how long to wait for it, 0 being until somebody calls. The caller
// holds mu.
func (q *Queue[T]) due() (wait time.Duration, due bool) {
	if q.closing || q.waiting.len() >= q.o.Config.MaxBatchSize {
		return 0, true
	}
	if q.waiting.len() == 0 {
		return 0, false
	}
	wait = q.o.Config.coalescing() - q.o.Clock.Now().Sub(q.waiting.first().at)
	return wait, wait <= 0
}

// sleep waits for a call, the end, or the clock.
func (q *Queue[T]) sleep(wait time.Duration) {
	if wait > 0 {
		t := q.o.Clock.AfterFunc(wait, q.poke)
		defer t.Stop()
	}
	select {
	case <-q.wake:
	case <-q.closed:
	}
}

// done notes that n entries are no longer being handled.
func (q *Queue[T]) done(n, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.handling -= n
	q.bytes -= bytes
	q.watchLevel()
}

// startTask hands one entry over at once, on its own. The caller holds mu.
func (q *Queue[T]) startTask(entry T) {
	if q.handling >= maxTasks {
		q.count(Dropped, 1)
		return
	}
	q.handling++
	q.tasks.Go(func() {
		q.deliver([]T{entry})
		q.mu.Lock()
		q.handling--
		q.mu.Unlock()
	})
}

// deliver calls the handler until it takes the batch or it is time to give up.
func (q *Queue[T]) deliver(batch []T) {
	began := q.o.Clock.Now()
	for tries := 0; ; tries++ {
		err := q.handle(batch)
		if err == nil {
			q.succeeded(len(batch))
			return
		}
		q.o.Log.Error("handler could not process entries", slog.Any("error", err))
		why := q.giveUp(began)
		if why == "" && !q.pause(q.o.Config.retryDelay(tries)) {
			why = "the queue ends"
		}
		if why != "" {
			q.count(Failed, len(batch))
			q.o.Log.Error("could not send entries",
				slog.String("reason", why), slog.Int("tries", tries+1), slog.Int("lost", len(batch)))
			return
		}
	}
}

// giveUp says why no further try is made, "" if one is.
func (q *Queue[T]) giveUp(began time.Time) string {
	if q.ctx.Err() != nil {
		return "the queue ends"
	}
	if limit, ok := q.o.Config.retryTime(); ok && q.o.Clock.Now().Sub(began) > limit {
		return "max_retry_time exceeded"
	}
	return ""
}

func (q *Queue[T]) succeeded(n int) {
	q.count(Sent, n)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.overflow {
		q.overflow = false
		q.o.Log.Info("queue resumed processing")
	}
}

// pause waits before the next try. It reports false when the queue is closed
// and there is no time for one: either it was closed before, and this was the
// batch's last try, or ctx has ended.
func (q *Queue[T]) pause(d time.Duration) bool {
	select {
	case <-q.closed:
		return false
	default:
	}
	over := make(chan struct{})
	t := q.o.Clock.AfterFunc(d, func() { close(over) })
	defer t.Stop()
	select {
	case <-over:
	case <-q.closed: // one more try, now
	}
	return q.ctx.Err() == nil
}

// handle calls the handler; one that panics has failed.
func (q *Queue[T]) handle(batch []T) (err error) {
	defer guard.Recover(&err)
	return q.o.Handle(q.ctx, batch)
}
