package harness

import (
	"context"
	"errors"
	"net"
	"strconv"
	"syscall"
	"time"
)

// Full is an address that does not answer whoever connects: a socket that
// listens, whose queue is full, and from which nobody takes connections.
type Full struct {
	listener int
	addr     string
	waiting  []net.Conn
}

// NewFull fills the queue of a new socket.
func NewFull() (*Full, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := &Full{listener: fd}
	if err := f.fill(); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// fill connects until that is not answered any more. How many connections fit
// into the least queue differs between systems.
func (f *Full) fill() error {
	if err := syscall.Bind(f.listener, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	if err := syscall.Listen(f.listener, 0); err != nil {
		return err
	}
	at, err := syscall.Getsockname(f.listener)
	if err != nil {
		return err
	}
	f.addr = "127.0.0.1:" + strconv.Itoa(at.(*syscall.SockaddrInet4).Port)
	for range 32 {
		c, err := (&net.Dialer{Timeout: 200 * time.Millisecond}).DialContext(context.Background(), "tcp", f.addr)
		if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
			return nil
		}
		if err != nil {
			return err
		}
		f.waiting = append(f.waiting, c)
	}
	return errors.New("the queue of a socket does not get full")
}

// Addr is host:port.
func (f *Full) Addr() string { return f.addr }

// Close gives the address back.
func (f *Full) Close() {
	for _, c := range f.waiting {
		_ = c.Close()
	}
	_ = syscall.Close(f.listener)
}
