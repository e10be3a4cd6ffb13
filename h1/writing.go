package h1

import (
	"net"
	"syscall"
)

// writing writes to a connection: to a socket in one go where it takes all of
// it, to TLS a segment after the other.
type writing struct {
	nc   net.Conn
	rc   syscall.RawConn // nil: not a socket
	fn   func(fd uintptr) bool
	left [][]byte
	err  error
}

// init prepares writing to nc; rc is that of its socket, or nil.
func (w *writing) init(nc net.Conn, rc syscall.RawConn) {
	*w = writing{nc: nc}
	if rc != nil && canWrite {
		w.rc, w.fn = rc, w.try
	}
}

// all writes all of segs, which it uses up.
func (w *writing) all(segs [][]byte) error {
	if w.rc == nil {
		for _, seg := range segs {
			if _, err := w.nc.Write(seg); err != nil {
				return err
			}
		}
		return nil
	}
	w.err = nil
	// A socket that is told nothing looks like one that takes nothing.
	w.left, _ = after(segs, 0)
	err := w.rc.Write(w.fn)
	w.left = nil
	if err != nil {
		return err
	}
	return w.err
}

// try writes what the socket takes; false means that there is more.
func (w *writing) try(fd uintptr) bool {
	for len(w.left) > 0 {
		n, err := writeNow(fd, w.left)
		if err != nil {
			w.err = err
			return true
		}
		if n == 0 {
			return false
		}
		skip := 0
		if w.left, skip = after(w.left, n); skip > 0 {
			w.left[0] = w.left[0][skip:]
		}
	}
	return true
}

// after is what is left of segs after n bytes: the segments, and how much of
// the first of them is gone.
func after(segs [][]byte, n int) (_ [][]byte, skip int) {
	for len(segs) > 0 && n >= len(segs[0]) {
		n -= len(segs[0])
		segs = segs[1:]
	}
	return segs, n
}
