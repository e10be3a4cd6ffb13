package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-gateway/sluice/clock"
)

const (
	// early is how long before its end a credential is renewed. Metadata
	// servers hand out the old token until about four minutes before its end,
	// so that asking sooner would be in vain.
	early = 225 * time.Second
	// reserve is left of a credential for the way to the service.
	reserve = 10 * time.Second
	// reread is how often a credential that does not expire is looked up.
	reread = 15 * time.Minute
	// firstPause and longestPause bound how long a failure is remembered.
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

var errClosed = errors.New("the identity is closed")

// lease keeps one credential: it fetches it when it is first asked for, renews
// it in the background before it ends, and remembers failures for a while. At
// most one fetch is under way.
type lease[T any] struct {
	name    string
	clock   clock.Clock
	log     *slog.Logger
	timeout time.Duration
	// fetch obtains the credential and when it expires; the zero time is
	// never. It returns soon after ctx has ended. Its errors hold no secrets.
	fetch func(ctx context.Context) (T, time.Time, error)

	life    context.Context
	end     context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex // guards what follows
	value    T
	renew    time.Time // when to renew value
	expires  time.Time // value is good until then
	flight   *flight[T]
	err      error // of the last fetch
	again    time.Time
	failures int
	closed   bool
}

// flight is a fetch under way. value and err may be read once done is closed.
type flight[T any] struct {
	done  chan struct{}
	value T
	err   error
}

func newLease[T any](d *Deps, name string, fetch func(context.Context) (T, time.Time, error)) *lease[T] {
	life, end := context.WithCancel(context.Background()) //nolint:gosec // close calls end
	return &lease[T]{name: name, clock: d.Clock, log: d.Log, timeout: d.Timeout, fetch: fetch, life: life, end: end}
}

// get returns a valid credential.
func (l *lease[T]) get(ctx context.Context) (T, error) {
	value, wait, err := l.look()
	if wait == nil {
		return value, err
	}
	select {
	case <-wait.done:
		return wait.value, wait.err
	case <-ctx.Done():
		return value, fmt.Errorf("waiting for %s: %w", l.name, context.Cause(ctx))
	}
}

// look returns the credential at hand, the fetch to wait for, or why there is
// neither. It starts a fetch when one is due.
func (l *lease[T]) look() (value T, wait *flight[T], err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	if now.Before(l.renew) {
		return l.value, nil, nil
	}
	if l.flight == nil && !now.Before(l.again) && !l.closed {
		l.start()
	}
	switch {
	case now.Before(l.expires):
		return l.value, nil, nil
	case l.closed:
		return value, nil, errClosed
	case l.flight != nil:
		return value, l.flight, nil
	default:
		return value, nil, l.err
	}
}

// start begins a fetch. The limit settles the flight even if the fetch does
// not heed its context; what it brings later is thrown away.
func (l *lease[T]) start() {
	f := &flight[T]{done: make(chan struct{})}
	l.flight = f
	ctx, cancel := context.WithCancel(l.life)
	limit := l.clock.AfterFunc(l.timeout, func() {
		var none T
		l.settle(f, none, time.Time{}, fmt.Errorf("%s: no answer within %v", l.name, l.timeout))
		cancel()
	})
	l.running.Go(func() {
		defer cancel()
		value, expires, err := l.fetch(ctx)
		limit.Stop()
		if err != nil {
			err = fmt.Errorf("%s: %w", l.name, err)
		}
		l.settle(f, value, expires, err)
	})
}

// settle ends a flight, unless it has been settled.
func (l *lease[T]) settle(f *flight[T], value T, expires time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flight != f {
		return
	}
	l.flight = nil
	now := l.clock.Now()
	if err == nil && !expires.IsZero() && !now.Add(reserve).Before(expires) {
		err = fmt.Errorf("%s: what was obtained expires at once", l.name)
	}
	if err == nil {
		f.value = value
		l.keep(now, value, expires)
	} else {
		f.err = err
		l.fail(now, err)
	}
	close(f.done)
}

func (l *lease[T]) keep(now time.Time, value T, expires time.Time) {
	l.value, l.err, l.failures, l.again = value, nil, 0, time.Time{}
	if expires.IsZero() {
		// Good until the next look and then as long as that fails.
		l.renew, l.expires = now.Add(reread), now.AddDate(100, 0, 0)
		return
	}
	l.expires = expires.Add(-reserve)
	left := l.expires.Sub(now)
	l.renew = now.Add(left - min(early, left/2))
}

func (l *lease[T]) fail(now time.Time, err error) {
	pause := longestPause
	if l.failures < 5 {
		pause = min(firstPause<<l.failures, longestPause)
	}
	l.err, l.again = err, now.Add(pause)
	l.failures++
	if !l.closed && now.Before(l.expires) {
		l.log.Warn("credential not renewed, the old one is still used",
			slog.String("error", err.Error()), slog.Time("expires", l.expires))
	}
}

// close ends what is under way and waits for it. Nothing is fetched any more.
func (l *lease[T]) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.end()
	l.running.Wait()
}
