//go:build unix

package listen

import (
	"errors"
	"net"
	"syscall"
)

// quietly makes a plain listener's connections quiet.
func quietly(l net.Listener) net.Listener { return quietListener{l} }

// gone tells whether the other end has closed the connection, or it is closed
// here. What is waiting to be read stays where it is.
func gone(raw syscall.RawConn) bool {
	left := false
	err := raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case err == nil:
			left = n == 0
		case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		default:
			left = true
		}
	})
	return left || err != nil
}
