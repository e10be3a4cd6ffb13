package h1

import (
	"sync"
	"time"
)

// pool keeps idle connections, per key a stack: the one used last is taken
// first, so that the surplus grows old and leaves.
type pool struct {
	maxIdle int
	timeout time.Duration

	mu     sync.Mutex // guards the fields below
	idle   map[poolKey][]*conn
	closed bool
	reaper *time.Timer // nil while there is nothing to reap
	reaps  sync.WaitGroup
}

// get returns a connection that looks usable, or nil.
func (p *pool) get(k poolKey, now time.Time, readTimeout time.Duration) *conn {
	for {
		c := p.pop(k)
		if c == nil {
			return nil
		}
		if now.Before(c.idleUntil) && c.alive(now, readTimeout) {
			c.reused = true
			return c
		}
		c.close()
	}
}

func (p *pool) pop(k poolKey) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.idle[k]
	if len(s) == 0 {
		return nil
	}
	c := s[len(s)-1]
	s[len(s)-1] = nil
	p.idle[k] = s[:len(s)-1]
	return c
}

// put takes a connection back, or closes it.
func (p *pool) put(c *conn, now time.Time) {
	life := p.timeout
	if c.hint > 0 {
		life = min(life, c.hint)
	}
	c.idleUntil = now.Add(life)
	if !p.push(c) {
		c.close()
	}
}

func (p *pool) push(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle[c.key]) >= p.maxIdle {
		return false
	}
	if p.idle == nil {
		p.idle = make(map[poolKey][]*conn)
	}
	p.idle[c.key] = append(p.idle[c.key], c)
	if p.reaper == nil {
		p.startReaper()
	}
	return true
}

// startReaper arranges the next sweep. p.mu is held.
func (p *pool) startReaper() {
	p.reaps.Add(1)
	p.reaper = time.AfterFunc(p.timeout, func() {
		defer p.reaps.Done()
		closeAll(p.expired(time.Now()))
	})
}

// expired takes out what is too old, forgets keys without connections, and
// arranges the next sweep if any connection remains.
func (p *pool) expired(now time.Time) []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaper = nil
	if p.closed {
		return nil
	}
	var old []*conn
	for k, s := range p.idle {
		kept := s[:0]
		for _, c := range s {
			if now.Before(c.idleUntil) {
				kept = append(kept, c)
			} else {
				old = append(old, c)
			}
		}
		clear(s[len(kept):])
		if p.idle[k] = kept; len(kept) == 0 {
			delete(p.idle, k)
		}
	}
	if len(p.idle) > 0 {
		p.startReaper()
	}
	return old
}

func (p *pool) closeIdle() { closeAll(p.takeAll(false)) }

// close ends the pool and waits for a sweep under way.
func (p *pool) close() {
	closeAll(p.takeAll(true))
	p.reaps.Wait()
}

// takeAll empties the pool, for good if last.
func (p *pool) takeAll(last bool) []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = p.closed || last
	if p.reaper != nil && p.reaper.Stop() {
		p.reaps.Done()
	}
	p.reaper = nil
	var all []*conn
	for _, s := range p.idle {
		all = append(all, s...)
	}
	p.idle = nil
	return all
}

func (p *pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

func closeAll(cs []*conn) {
	for _, c := range cs {
		c.close()
	}
}
