package dns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-gateway/sluice/internal/guard"
)

// Resolver resolves names and remembers them. It is safe for concurrent use.
// Whoever made it must Close it.
type Resolver struct {
	opts    Options
	servers []string
	search  []string
	order   []Type
	rotate  bool
	turn    atomic.Uint32
	hosts   hostTable
	fixed   map[string]Answer // of the hosts file

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu      sync.RWMutex // guards the fields below
	cache   map[string]*entry
	flights map[string]*flight
	closed  bool
}

// entry is a remembered outcome. What is not atomic never changes.
type entry struct {
	ans     Answer
	err     error
	expires time.Time // when it is old
	dead    time.Time // when it may not be served at all
	used    atomic.Int64
	// renewing is set once somebody has asked for a refresh.
	renewing atomic.Bool
}

// flight is a resolution on its way; done is closed once entry or err is set.
type flight struct {
	done  chan struct{}
	entry *entry
	err   error
}

// New makes a resolver. It reads the files named in the options and asks no
// server yet; what is wrong with the options is logged and passed over.
func New(opts Options) *Resolver {
	given := opts
	if given.Log == nil {
		given.Log = slog.New(slog.DiscardHandler)
	}
	rotate := given.merge()
	r := &Resolver{
		opts: given.withDefaults(), rotate: rotate,
		servers: serverAddrs(given.Servers, given.Log),
		search:  searchDomains(given.Search),
		order:   typeOrder(given.Order, given.Log),
		hosts:   parseHosts(readConf(given.HostsFile, given.Log)),
		fixed:   map[string]Answer{},
		cache:   map[string]*entry{},
		flights: map[string]*flight{},
	}
	for name := range r.hosts {
		for _, t := range r.addressTypesFirst() {
			if ip, ok := r.hosts.address(name, t); ok {
				r.fixed[name] = Answer{Addresses: []Address{{IP: ip}}, Type: t}
				break
			}
		}
	}
	r.ctx, r.stop = context.WithCancel(context.Background())
	return r
}

// addressTypesFirst are both address types, the preferred one first.
func (r *Resolver) addressTypesFirst() []Type {
	if slices.Index(r.order, AAAA) >= 0 && r.addressTypes()[0] == AAAA {
		return []Type{AAAA, A}
	}
	return []Type{A, AAAA}
}

// address gives what the hosts file says of a name.
func (t hostTable) address(name string, typ Type) (netip.Addr, bool) {
	e := t[name]
	switch {
	case typ == A && e.v4.IsValid():
		return e.v4, true
	case typ == AAAA && e.v6.IsValid():
		return e.v6, true
	}
	return netip.Addr{}, false
}

// Close ends the resolutions on their way and waits for them. Answers that are
// remembered can still be had.
func (r *Resolver) Close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop()
	r.wg.Wait()
	return nil
}

// Resolve gives the addresses of a host. A remembered answer comes at once,
// also an old one: then one refresh runs in the background. Otherwise it waits
// for the servers or the end of ctx. The error is an *Error, ErrClosed, or
// that of ctx.
func (r *Resolver) Resolve(ctx context.Context, host string) (Answer, error) {
	return r.get(ctx, host, true)
}

// Fresh is like Resolve, but waits for an old answer to be refreshed. When the
// refresh fails it gives the old answer.
func (r *Resolver) Fresh(ctx context.Context, host string) (Answer, error) {
	return r.get(ctx, host, false)
}

func (r *Resolver) get(ctx context.Context, host string, stale bool) (Answer, error) {
	e := r.cached(host)
	if e == nil {
		if ans, ok := r.fixed[host]; ok {
			return ans, nil
		}
		return r.miss(ctx, host, stale)
	}
	now := r.opts.Clock.Now()
	e.touch(now)
	if now.Before(e.expires) {
		return e.ans, e.err
	}
	if stale && e.usable(now) {
		if e.renewing.CompareAndSwap(false, true) {
			r.refresh(host, e)
		}
		return e.ans, nil
	}
	return r.wait(ctx, host)
}

// miss deals with a host that is not remembered in this spelling.
func (r *Resolver) miss(ctx context.Context, host string, stale bool) (Answer, error) {
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		typ := A
		if ip.Is6() {
			typ = AAAA
		}
		return Answer{Addresses: []Address{{IP: ip}}, Type: typ}, nil
	}
	name := strings.ToLower(host)
	bare := strings.TrimSuffix(name, ".")
	if ans, ok := r.fixed[bare]; ok {
		return ans, nil
	}
	if bare == "" || len(bare) > 253 {
		return Answer{}, &Error{Kind: NotFound, Host: host, Cause: errName, Retry: r.opts.Clock.Now().Add(r.opts.NotFoundTTL)}
	}
	if name != host {
		return r.get(ctx, name, stale)
	}
	return r.wait(ctx, name)
}

func (r *Resolver) cached(host string) *entry {
	r.mu.RLock()
	e := r.cache[host]
	r.mu.RUnlock()
	return e
}

// touch notes that the entry is in use; to the second, so that busy readers do
// not write all the time.
func (e *entry) touch(now time.Time) {
	if s := now.Unix(); e.used.Load() != s {
		e.used.Store(s)
	}
}

// usable tells whether an old entry may be served.
func (e *entry) usable(now time.Time) bool { return e.err == nil && now.Before(e.dead) }

// refresh sees to it that an old entry is being replaced.
func (r *Resolver) refresh(host string, e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cache[host] == e {
		r.join(host)
	}
}

// wait waits for a resolution, its own or one on its way.
func (r *Resolver) wait(ctx context.Context, host string) (Answer, error) {
	r.mu.Lock()
	// Another one may have landed since the cache was looked at.
	if e := r.cache[host]; e != nil && r.opts.Clock.Now().Before(e.expires) {
		r.mu.Unlock()
		return e.ans, e.err
	}
	f := r.join(host)
	r.mu.Unlock()
	if f == nil {
		return Answer{}, ErrClosed
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return Answer{}, fmt.Errorf("dns: resolve %s: %w", host, context.Cause(ctx))
	}
	if f.err != nil {
		return Answer{}, f.err
	}
	return f.entry.ans, f.entry.err
}

// join gives the flight for a host, starting one when there is none; nil after
// Close. The caller holds r.mu.
func (r *Resolver) join(host string) *flight {
	if f := r.flights[host]; f != nil || r.closed {
		return f
	}
	f := &flight{done: make(chan struct{})}
	r.flights[host] = f
	var before Type
	if e := r.cache[host]; e != nil {
		before = e.ans.Type
	}
	// The resolution belongs to the resolver, not to the caller that happens
	// to be first: others may be waiting for it too.
	r.wg.Go(func() { r.fly(host, before, f) })
	return f
}

func (r *Resolver) fly(host string, before Type, f *flight) {
	w := walk{r: r, ctx: r.ctx}
	res, err := w.resolve(host, before)
	err = guard.Tell(r.opts.Log, err, slog.String("host", host))
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(f.done)
	delete(r.flights, host)
	if errors.Is(err, ErrClosed) {
		f.err = ErrClosed
		return
	}
	if err != nil {
		f.entry = r.failure(host, err, w.failed)
	} else {
		f.entry = r.success(host, res)
	}
	r.cache[host] = f.entry
	r.evict(host)
}

// success makes the entry of an answer.
func (r *Resolver) success(host string, res found) *entry {
	now := r.opts.Clock.Now()
	ttl := res.ttl
	if r.opts.ValidTTL > 0 && ttl != math.MaxInt64 {
		ttl = r.opts.ValidTTL
	}
	if res.partial {
		ttl = min(ttl, r.opts.ErrorTTL)
	}
	ans := Answer{Addresses: res.addrs, Type: res.typ, Expires: now.Add(ttl)}
	if old := r.cache[host]; old != nil && slices.Equal(old.ans.Addresses, ans.Addresses) {
		ans.Addresses = old.ans.Addresses
	}
	e := &entry{ans: ans, expires: ans.Expires, dead: ans.Expires.Add(r.opts.StaleTTL)}
	e.touch(now)
	return e
}

// failure makes the entry of an error. An old answer is kept while it may be
// served, unless the servers say that the name is gone.
func (r *Resolver) failure(host string, err error, failed bool) *entry {
	now := r.opts.Clock.Now()
	var cause *Error
	if !errors.As(err, &cause) {
		cause = &Error{Kind: Failed, Cause: err}
	}
	gone := cause.Kind == NotFound && !failed
	if old := r.cache[host]; old != nil && old.usable(now) && !gone {
		r.opts.Log.LogAttrs(r.ctx, slog.LevelWarn, "dns: refresh failed, keeping the old answer",
			slog.String("host", host), slog.Any("error", err))
		e := &entry{ans: old.ans, expires: now.Add(r.opts.ErrorTTL), dead: old.dead}
		e.ans.Expires = e.expires
		e.touch(now)
		return e
	}
	ttl := r.opts.ErrorTTL
	if cause.Absent() && !failed {
		ttl = r.opts.NotFoundTTL
	}
	e := &entry{expires: now.Add(ttl)}
	e.err = &Error{Kind: cause.Kind, Host: host, Retry: e.expires, Cause: cause.Cause}
	e.touch(now)
	return e
}

// evict keeps the cache within its size: of a few entries it drops the one
// that was not used for longest. The caller holds r.mu.
func (r *Resolver) evict(keep string) {
	if len(r.cache) <= r.opts.CacheSize {
		return
	}
	const sample = 16
	victim, oldest, seen := "", int64(math.MaxInt64), 0
	for host, e := range r.cache {
		if host == keep {
			continue
		}
		if used := e.used.Load(); used < oldest {
			victim, oldest = host, used
		}
		if seen++; seen == sample {
			break
		}
	}
	delete(r.cache, victim)
}
