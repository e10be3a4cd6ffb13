// Package pool keeps the members of an upstream: its targets with the
// addresses their names have at the moment. What an algorithm makes of them is
// built anew whenever they change, and swapped in whole.
//
// pool chooses nobody; that is what the algorithms are for.
package pool

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/dns"
	"github.com/sluice-gateway/sluice/internal/guard"
)

// minCheck is how long an answer stands at least: a name with a TTL of 0 is
// not asked for with every request.
const minCheck = 500 * time.Millisecond

// Pool holds a T made of the members. It is safe for concurrent use.
type Pool[T any] struct {
	deps  balance.Deps
	build func([]Member) T
	table atomic.Pointer[table[T]]
	busy  atomic.Bool // a refresh runs

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu      sync.Mutex // guards the fields below and changes of table
	conf    balance.Config
	targets []target
	names   map[string]*name
	changed bool // the table's T is out of date
	closed  bool
}

// table is what requests see.
type table[T any] struct {
	built   T
	members []Member
	// usable tells whether some ordinary member has a weight.
	usable bool
	// check is when some name should be looked at again; zero is at once.
	check time.Time
	never bool // no name will ever change
	// pending is closed when the next table comes; nil when none is needed.
	pending chan struct{}
}

// name is a host name among the targets.
type name struct {
	known bool
	ans   dns.Answer
	err   error
	check time.Time // zero is never once known
}

// New makes a pool. Names are resolved when they are first needed.
func New[T any](c balance.Config, deps balance.Deps, build func([]Member) T) *Pool[T] {
	if deps.Clock == nil {
		deps.Clock = clock.System()
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	p := &Pool[T]{deps: deps, build: build, names: map[string]*name{}}
	p.ctx, p.stop = context.WithCancel(context.Background()) //nolint:gosec // Close calls it
	p.Update(c)
	return p
}

// Update replaces the targets. Addresses that are known serve at once.
func (p *Pool[T]) Update(c balance.Config) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conf = c
	p.targets = parse(c)
	names := map[string]*name{}
	for _, t := range p.targets {
		if t.ip.IsValid() {
			continue
		}
		if names[t.name] = p.names[t.name]; names[t.name] == nil {
			names[t.name] = &name{}
		}
	}
	p.names = names
	p.changed = true
	p.publish()
}

// Get gives the T of the moment. It waits only while no ordinary member has a
// weight and names are yet to be resolved.
func (p *Pool[T]) Get(ctx context.Context) (T, error) {
	for {
		t := p.table.Load()
		if !t.never && !p.deps.Clock.Now().Before(t.check) && p.busy.CompareAndSwap(false, true) {
			p.start()
		}
		if t.pending == nil {
			return t.built, nil
		}
		select {
		case <-t.pending:
		case <-ctx.Done():
			return t.built, context.Cause(ctx)
		case <-p.ctx.Done():
			return t.built, nil
		}
	}
}

// Close ends a refresh and waits for it. Get goes on with what is known.
func (p *Pool[T]) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	p.wg.Wait()
	return nil
}

// Settle waits for the refresh that runs, if one does.
func (p *Pool[T]) Settle() { p.wg.Wait() }

func (p *Pool[T]) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.wg.Go(p.refresh)
	}
}

// refresh asks for the names that are due, all at once, and publishes what has
// come of it.
func (p *Pool[T]) refresh() {
	var wg sync.WaitGroup
	for _, host := range p.due() {
		wg.Go(func() {
			ans, err := p.deps.Resolver.Fresh(p.ctx, host)
			p.note(host, ans, err)
		})
	}
	wg.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	// Free before the table is out: who was waiting for it may find that
	// targets were added meanwhile, and start again.
	p.busy.Store(false)
	p.publish()
}

func (p *Pool[T]) due() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.deps.Clock.Now()
	var out []string
	for host, n := range p.names {
		if !n.known || !n.check.IsZero() && !now.Before(n.check) {
			out = append(out, host)
		}
	}
	return out
}

// note keeps what a name resolved to. While there is nobody to choose,
// the first answer serves at once.
func (p *Pool[T]) note(host string, ans dns.Answer, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.names[host]
	if n == nil || p.ctx.Err() != nil {
		return
	}
	p.changed = p.changed || !n.known || !n.ans.Same(ans)
	if err != nil && (n.err == nil || !n.known) {
		p.deps.Log.LogAttrs(p.ctx, slog.LevelWarn, "target's name cannot be resolved",
			slog.String("upstream", p.conf.Upstream.Name), slog.String("host", host), slog.Any("error", err))
	}
	n.known, n.ans, n.err, n.check = true, ans, err, checkTime(p.deps.Clock.Now(), ans, err)
	if err == nil && !p.table.Load().usable {
		p.publish()
	}
}

// checkTime is when to look at a name again.
func checkTime(now time.Time, ans dns.Answer, err error) time.Time {
	soonest := now.Add(minCheck)
	at := ans.Expires
	if err != nil {
		at = now.Add(time.Second)
		if e := (*dns.Error)(nil); errors.As(err, &e) {
			at = e.Retry
		}
	} else if at.IsZero() {
		return at
	}
	if at.Before(soonest) {
		return soonest
	}
	return at
}

// publish puts out a table of what is known. The caller holds p.mu.
func (p *Pool[T]) publish() {
	old := p.table.Load()
	t := &table[T]{never: true}
	if old != nil {
		t.built, t.members = old.built, old.members
	}
	if p.changed || old == nil {
		_ = guard.Tell(p.deps.Log, p.rebuild(t), slog.String("upstream", p.conf.Upstream.Name))
		p.changed = false
	}
	missing := false
	for _, n := range p.names {
		missing = missing || !n.known
		if n.known && n.check.IsZero() {
			continue
		}
		if t.never || n.check.Before(t.check) {
			t.check = n.check
		}
		t.never = false
	}
	t.usable = slices.ContainsFunc(t.members, func(m Member) bool { return m.Weight > 0 && !m.Failover })
	if !t.usable && missing {
		t.pending = make(chan struct{})
	}
	p.table.Store(t)
	if old != nil && old.pending != nil {
		close(old.pending)
	}
}

// rebuild fills t with what is known now. Numbers that name servers gave decide
// how much is computed there: a panic leaves what was before.
func (p *Pool[T]) rebuild(t *table[T]) (err error) {
	defer guard.Recover(&err)
	members := p.assemble(t.members)
	built := p.build(members)
	t.members, t.built = members, built
	return nil
}
