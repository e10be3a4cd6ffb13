//go:build linux

package main

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// loop waits for many sockets at a time. Everything happens in the goroutine
// that calls turn.
type loop struct {
	ep      int
	sockets map[int]*socket
	events  [512]syscall.EpollEvent
	scratch [64 << 10]byte
}

// socket is a descriptor and what is to be done when it is ready.
type socket struct {
	fd    int
	ready func(events uint32) error
}

const (
	readable = uint32(syscall.EPOLLIN)
	writable = uint32(syscall.EPOLLOUT)
)

func newLoop() (*loop, error) {
	ep, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	return &loop{ep: ep, sockets: map[int]*socket{}}, err
}

// add watches a descriptor for events.
func (l *loop) add(fd int, events uint32, ready func(events uint32) error) error {
	l.sockets[fd] = &socket{fd, ready}
	return syscall.EpollCtl(l.ep, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: events, Fd: int32(fd)})
}

// watch changes the events that a descriptor is watched for.
func (l *loop) watch(fd int, events uint32) error {
	return syscall.EpollCtl(l.ep, syscall.EPOLL_CTL_MOD, fd, &syscall.EpollEvent{Events: events, Fd: int32(fd)})
}

// drop closes a descriptor, with a reset so that nothing of it stays behind.
func (l *loop) drop(fd int) {
	delete(l.sockets, fd)
	_ = syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	_ = syscall.Close(fd)
}

// turn waits for a while at most, and does what there is to do.
func (l *loop) turn(wait time.Duration) error {
	n, err := syscall.EpollWait(l.ep, l.events[:], int(wait.Milliseconds()))
	if errors.Is(err, syscall.EINTR) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range l.events[:n] {
		if s := l.sockets[int(e.Fd)]; s != nil {
			if err := s.ready(e.Events); err != nil {
				return err
			}
		}
	}
	return nil
}

// pass lets a time pass.
func (l *loop) pass(d time.Duration) error {
	for end := time.Now().Add(d); time.Now().Before(end); {
		if err := l.turn(10 * time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// until turns until done says true, a minute at most. It asks ten times a
// second.
func (l *loop) until(what string, done func() (bool, error)) error {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		if err := l.pass(100 * time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("waited in vain for %s", what)
}

func (l *loop) close() error {
	for fd := range l.sockets {
		l.drop(fd)
	}
	return syscall.Close(l.ep)
}

// bound is a socket with the least buffers, or with the system's.
func bound(small bool) (int, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err == nil && small {
		err = errors.Join(
			syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10),
			syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_SNDBUF, 16<<10),
		)
	}
	return fd, err
}
