//go:build !linux

package listen

import (
	"syscall"
	"time"
)

// lookInterval is how often callers who wait are looked at: the longest that
// an upstream works for somebody who has left.
const lookInterval = 80 * time.Millisecond

// watcher looks now and then which callers have hung up.
type watcher struct {
	server *Server
	done   chan struct{}
}

func newWatcher(s *Server) *watcher { return &watcher{server: s, done: make(chan struct{})} }

func (*watcher) add(*caller)    {}
func (*watcher) remove(*caller) {}
func (w *watcher) close()       { close(w.done) }

// run looks until close.
func (w *watcher) run() {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		select {
		case <-w.done:
			return
		case <-tick.C:
			w.server.eachCaller(func(c *caller) {
				if c.state.Load() == busy && hungUp(c) {
					c.leave()
				}
			})
		}
	}
}

// hungUp tells whether the other end has closed the connection. What is
// waiting to be read stays where it is.
func hungUp(c *caller) bool {
	socket, ok := c.socket.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return true
	}
	left := false
	err = raw.Control(func(fd uintptr) { left = peekEnd(fd) })
	return left || err != nil
}
