package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/internal/guard"
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
	// longest is how long a credential is used before the next is asked for,
	// whatever end its endpoint names.
	longest = 24 * time.Hour
	// fresh is how long the service's refusal of a credential is put down to
	// something else, such as a right that is missing.
	fresh = time.Minute
	// firstPause and longestPause bound how long a failure is remembered.
	firstPause   = time.Second
	longestPause = 30 * time.Second
	// maxFetching bounds the fetches that go on after their time because they
	// heed no context: a disk hangs.
	maxFetching = 4
	// closeWait is how long closing waits for one of those.
	closeWait = 3 * time.Second
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
	obtained time.Time // when value was
	renew    time.Time // when to renew value
	expires  time.Time // value is good until then
	flight   *flight[T]
	fetching int   // goroutines that have not ended
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
	l.startIfMay(now)
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

// refused hears that the service did not take the credential, though it has
// not expired. It is renewed, and used until there is another: the refusal may
// be about something else, and one question must not hold up all.
func (l *lease[T]) refused() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	if now.Before(l.obtained.Add(fresh)) || !now.Before(l.expires) {
		return
	}
	l.renew = now
	if l.startIfMay(now) {
		l.log.Warn("the service refused the credential before its end, it is renewed", slog.String("credential", l.name))
	}
}

// startIfMay begins a fetch, unless one is under way or it is too early for
// another. The caller holds mu.
func (l *lease[T]) startIfMay(now time.Time) bool {
	may := l.flight == nil && !now.Before(l.again) && !l.closed && l.fetching < maxFetching
	if may {
		l.start()
	}
	return may
}

// start begins a fetch. The limit settles the flight even if the fetch does
// not heed its context; what it brings later is thrown away. The caller holds mu.
func (l *lease[T]) start() {
	f := &flight[T]{done: make(chan struct{})}
	l.flight = f
	ctx, cancel := context.WithCancel(l.life)
	limit := l.clock.AfterFunc(l.timeout, func() {
		var none T
		l.settle(f, none, time.Time{}, fmt.Errorf("%s: no answer within %v", l.name, l.timeout))
		cancel()
	})
	l.fetching++
	l.running.Go(func() {
		defer cancel()
		value, expires, err := l.obtain(ctx)
		limit.Stop()
		if err != nil {
			err = fmt.Errorf("%s: %w", l.name, err)
		}
		l.settle(f, value, expires, err)
		l.mu.Lock()
		l.fetching--
		l.mu.Unlock()
	})
}

// obtain fetches. What endpoints and files hold goes through libraries: a panic
// in one is a fetch that failed.
func (l *lease[T]) obtain(ctx context.Context) (value T, expires time.Time, err error) {
	defer func() { err = guard.Tell(l.log, err, slog.String("credential", l.name)) }()
	defer guard.Recover(&err)
	return l.fetch(ctx)
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
		err = fmt.Errorf("%s: what was obtained expires at once, by the clock of this machine", l.name)
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
	l.value, l.obtained = value, now
	l.err, l.failures, l.again = nil, 0, time.Time{}
	if expires.IsZero() {
		// Good until the next look and then as long as that fails.
		l.renew, l.expires = now.Add(reread), now.AddDate(100, 0, 0)
		return
	}
	l.expires = expires.Add(-reserve)
	left := l.expires.Sub(now)
	l.renew = now.Add(min(left-min(early, left/2), longest))
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

// close ends what is under way and waits for it, but not for a fetch that
// hangs outside of our reach. Nothing is fetched any more.
func (l *lease[T]) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.end()
	ended := make(chan struct{})
	go func() { l.running.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(closeWait):
	}
}
