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

	to     []byte   // where to, past the buffer; nil for the buffer
	ask    [][]byte // to be written before waiting for the answer to it
	asked  int      // how much of it was
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

// straight reads once into p, past the buffer, which is empty.
func (r *reading) straight(p []byte) (int, error) {
	if r.rc == nil || len(p) == 0 {
		return r.nc.Read(p)
	}
	r.to = p
	n, err := r.once()
	r.to = nil
	return n, err
}

// try reads what is there; false means nothing is. A question is written
// before. Even right after it the read is tried: the poller tells of a change
// once, and what came before the wait began it does not tell again.
func (r *reading) try(fd uintptr) bool {
	if r.ask != nil {
		ask := r.ask
		r.ask = nil
		r.asked, r.askErr = writeNow(fd, ask)
		if r.asked < lengthOf(ask) {
			return true
		}
	}
	to := r.to
	if to == nil {
		to = r.in.space()
	}
	n, again, err := readNow(fd, to)
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

// question writes what it can of a question without waiting, and if that is
// all waits for the first bytes of the answer, in one turn of the poller.
func (r *reading) question(ask [][]byte) (n int, err error) {
	r.ask, r.asked, r.askErr = ask, 0, nil
	n, err = r.once()
	r.ask = nil
	return n, err
}

func lengthOf(segs [][]byte) int {
	n := 0
	for _, s := range segs {
		n += len(s)
	}
	return n
}
