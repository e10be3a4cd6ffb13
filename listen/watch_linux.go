package listen

import (
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

// watcher learns from the system which callers have hung up, by one epoll set
// of all connections: nobody has to read a connection to find out, and a
// request costs nothing.
type watcher struct {
	server *Server
	file   *os.File // the set; nil when there is none
	blind  sync.Once
	closed atomic.Bool
}

// watched is what is told of a connection: the other end has closed, or shut
// its sending side, or the connection has failed.
const watched = syscall.EPOLLRDHUP | syscall.EPOLLET&(1<<32-1)

func newWatcher(s *Server) *watcher {
	w := &watcher{server: s}
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err == nil {
		err = syscall.SetNonblock(fd, true)
	}
	if err != nil {
		w.lost(err)
		return w
	}
	w.file = os.NewFile(uintptr(fd), "epoll")
	return w
}

// lost says once that callers who hang up while they wait go unnoticed.
func (w *watcher) lost(err error) {
	w.blind.Do(func() {
		w.server.o.Log.Error("callers that hang up will not all be noticed while they wait", slog.Any("error", err))
	})
}

// add begins to look after a caller.
func (w *watcher) add(c *caller) {
	// The number travels in the event, in two halves.
	ev := syscall.EpollEvent{Events: watched, Fd: int32(uint32(c.number)), Pad: int32(uint32(c.number >> 32))}
	w.control(c, syscall.EPOLL_CTL_ADD, &ev)
}

// remove ends it. A connection that has been closed is gone from the set.
func (w *watcher) remove(c *caller) { w.control(c, syscall.EPOLL_CTL_DEL, nil) }

func (w *watcher) control(c *caller, op int, ev *syscall.EpollEvent) {
	socket, ok := c.socket.(syscall.Conn)
	if w.file == nil || !ok {
		return
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		if set, err := w.file.SyscallConn(); err == nil {
			_ = set.Control(func(epoll uintptr) {
				if err := syscall.EpollCtl(int(epoll), op, int(fd), ev); err != nil && op == syscall.EPOLL_CTL_ADD {
					w.lost(err)
				}
			})
		}
	})
}

// run hears of callers that leave until close.
func (w *watcher) run() {
	if w.file == nil {
		return
	}
	set, err := w.file.SyscallConn()
	if err != nil {
		w.lost(err)
		return
	}
	events := make([]syscall.EpollEvent, 128)
	for {
		n := 0
		err := set.Read(func(fd uintptr) bool {
			n, _ = syscall.EpollWait(int(fd), events, 0)
			return n > 0
		})
		if err != nil {
			if !w.closed.Load() {
				w.lost(err)
			}
			return
		}
		for i := range events[:n] {
			number := uint64(uint32(events[i].Fd)) | uint64(uint32(events[i].Pad))<<32
			if c := w.server.caller(number); c != nil {
				c.leave()
			}
		}
	}
}

func (w *watcher) close() {
	w.closed.Store(true)
	if w.file != nil {
		_ = w.file.Close()
	}
}
