package h1

import (
	"io"
	"net"
	"syscall"
)

// reading fills an input from its connection. On a socket it waits without a
// buffer, so that idle connections cost little.
type reading struct {
	in *input
	nc net.Conn
	rc syscall.RawConn // nil: the buffer is there while waiting
	fn func(fd uintptr) bool

	ask    []byte // to be written before waiting for the answer to it
	asked  int    // how much of it was
	askErr error
	n      int
	err    error
}

// init prepares reading from nc.
func (r *reading) init(in *input, nc net.Conn) {
	*r = reading{in: in, nc: nc}
	tcp, ok := nc.(*net.TCPConn)
	if !ok || !canPeek {
		return
	}
	if rc, err := tcp.SyscallConn(); err == nil {
		r.rc, r.fn = rc, r.try
	}
}

// once reads once.
func (r *reading) once() (int, error) {
	if r.rc == nil {
		return r.nc.Read(r.in.space())
	}
	r.n, r.err = 0, nil
	if err := r.rc.Read(r.fn); err != nil {
		return 0, err
	}
	return r.n, r.err
}

// try reads what is there; false means nothing is. Before anything of a
// question has been written there cannot be.
func (r *reading) try(fd uintptr) bool {
	if len(r.ask) > 0 {
		ask := r.ask
		r.ask = nil
		r.asked, r.askErr = writeNow(fd, ask)
		return r.asked < len(ask)
	}
	n, again, err := readNow(fd, r.in.space())
	if again {
		r.in.rest()
		return false
	}
	if n == 0 && err == nil {
		err = io.EOF
	}
	r.n, r.err = n, err
	return true
}

// question writes b and waits for the first bytes of the answer, in one turn:
// a read that finds nothing yet is saved. Only where it can.
func (r *reading) question(b []byte) (asked int, askErr error, n int, err error) { //nolint:revive // an error for each half
	r.ask, r.asked, r.askErr = b, 0, nil
	n, err = r.once()
	r.ask = nil
	return r.asked, r.askErr, n, err
}
