package h1

import (
	"net"
	"syscall"
)

// What a look at an idle socket shows.
const (
	quiet   = iota // nothing to read: as an idle connection should be
	pending        // bytes nobody asked for
	gone           // closed or broken
)

// look sees whether a socket has something to read, without reading and
// without waiting. Its function is made once: a look allocates nothing.
type look struct {
	rc   syscall.RawConn // nil: cannot look
	fn   func(fd uintptr) bool
	seen int
	b    [1]byte
}

func (l *look) init(nc net.Conn) {
	sc, ok := nc.(syscall.Conn)
	if !ok || !canPeek {
		return
	}
	if rc, err := sc.SyscallConn(); err == nil {
		l.rc, l.fn = rc, l.peek
	}
}

// state looks. A socket that cannot be looked at counts as quiet. The read
// deadline must not have passed.
func (l *look) state() int {
	if l.rc == nil {
		return quiet
	}
	l.seen = gone
	if l.rc.Read(l.fn) != nil {
		return gone
	}
	return l.seen
}

func (l *look) peek(fd uintptr) bool {
	l.seen = peek(fd, l.b[:])
	return true // never wait
}

// Unread tells whether the other end of a socket has sent what nobody has read
// yet; false where that cannot be seen. It may be called while another goroutine
// reads.
func Unread(nc net.Conn) bool {
	sc, ok := nc.(syscall.Conn)
	if !ok || !canPeek {
		return false
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	seen, b := gone, [1]byte{}
	err = rc.Control(func(fd uintptr) { seen = peek(fd, b[:]) })
	return err == nil && seen == pending
}
