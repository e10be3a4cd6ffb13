package listen

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// errLeft is why an exchange ended whose caller hung up.
var errLeft = errors.New("the caller has gone")

// lookInterval is how often callers who wait are looked at: the longest that
// an upstream works for somebody who has left.
const lookInterval = 80 * time.Millisecond

// net/http notices that a caller has left by a goroutine for every request,
// which reads one byte: about a seventh of what a small exchange costs. Plain
// connections go without; a watcher of all of them looks now and then instead.

// quietListener accepts quietConns.
type quietListener struct{ net.Listener }

// Accept waits for a caller.
func (l quietListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c, nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return c, nil //nolint:nilerr // such a connection is served in net/http's way
	}
	return &quietConn{TCPConn: tcp, raw: raw}, nil
}

// quietConn is a connection that answers net/http's read of one byte at once,
// with nothing. Once it speaks HTTP/2, or is taken over, it is an ordinary one.
type quietConn struct {
	*net.TCPConn
	raw syscall.RawConn

	begun bool // the first bytes have been seen
	quiet bool
}

// Read reads from the caller. It is called by one goroutine at a time.
func (c *quietConn) Read(p []byte) (int, error) {
	if len(p) == 1 && c.quiet {
		return 0, nil
	}
	n, err := c.TCPConn.Read(p)
	if !c.begun && n > 0 {
		c.begun = true
		c.quiet = n >= 4 && string(p[:4]) != "PRI "
	}
	return n, err
}

// watcher looks after the callers of plain connections that wait for answers.
type watcher struct {
	mu   sync.Mutex // guards the ring
	ring waiting    // its next is the one that has waited longest
}

// waiting is a caller in the watcher's ring.
type waiting struct {
	prev, next *waiting
	conn       *quietConn
	cancel     context.CancelCauseFunc
	since      time.Time
}

func newWatcher() *watcher {
	w := &watcher{}
	w.ring.prev, w.ring.next = &w.ring, &w.ring
	return w
}

func (w *watcher) enter(n *waiting) {
	w.mu.Lock()
	n.prev, n.next = w.ring.prev, &w.ring
	n.prev.next, w.ring.prev = n, n
	w.mu.Unlock()
}

func (w *watcher) leave(n *waiting) {
	w.mu.Lock()
	n.prev.next, n.next.prev = n.next, n.prev
	w.mu.Unlock()
}

// run looks at those who wait until ctx ends.
func (w *watcher) run(ctx context.Context) {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	var long []waiting
	for {
		select {
		case <-ctx.Done():
			w.endAll()
			return
		case now := <-tick.C:
			long = w.look(long[:0], now)
		}
	}
}

// endAll ends what is still running when the time of a stop is up: its
// connections have been closed.
func (w *watcher) endAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n := w.ring.next; n != &w.ring; n = n.next {
		n.cancel(errLeft)
	}
}

// look ends the exchanges of callers who have left. Those who have just come
// are not looked at: most are answered before their turn.
func (w *watcher) look(long []waiting, now time.Time) []waiting {
	w.mu.Lock()
	for n := w.ring.next; n != &w.ring && now.Sub(n.since) > lookInterval/2; n = n.next {
		long = append(long, *n)
	}
	w.mu.Unlock()
	for i := range long {
		if gone(long[i].conn.raw) {
			long[i].cancel(errLeft)
		}
		long[i] = waiting{}
	}
	return long
}
