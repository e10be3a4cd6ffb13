package h1

import (
	"io"
	"net"
	"syscall"
)

// reading fills the buffer of a caller's connection. On a socket it waits
// without one, so that idle callers cost little.
type reading struct {
	c   *ServerConn
	rc  syscall.RawConn // nil: the buffer is there while waiting
	fn  func(fd uintptr) bool
	n   int
	err error
}

func (r *reading) init(c *ServerConn) {
	r.c = c
	tcp, ok := c.nc.(*net.TCPConn)
	if !ok || !canPeek {
		return
	}
	if rc, err := tcp.SyscallConn(); err == nil {
		r.rc, r.fn = rc, r.try
	}
}

// buffer reads once.
func (r *reading) buffer() (int, error) {
	c := r.c
	if r.rc == nil {
		if c.small == nil {
			c.borrow()
		}
		p, err := c.space()
		if err != nil {
			return 0, err
		}
		return c.nc.Read(p)
	}
	r.n, r.err = 0, nil
	if err := r.rc.Read(r.fn); err != nil {
		return 0, err
	}
	return r.n, r.err
}

// try reads what is there; false means nothing is.
func (r *reading) try(fd uintptr) bool {
	c := r.c
	if c.small == nil {
		c.borrow()
	}
	p, err := c.space()
	if err != nil {
		r.err = err
		return true
	}
	n, again, err := readNow(fd, p)
	if again {
		if c.r == c.w {
			c.idle()
		}
		return false
	}
	if n == 0 && err == nil {
		err = io.EOF
	}
	r.n, r.err = n, err
	return true
}
