//go:build (linux && !(amd64 || arm64)) || darwin || freebsd || netbsd || openbsd || dragonfly

package h1

import "syscall"

const canPeek = true

func peek(fd uintptr, b []byte) int {
	for {
		n, _, err := syscall.Recvfrom(int(fd), b, syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return quiet
		case err == nil && n > 0:
			return pending
		default:
			return gone
		}
	}
}

// readNow reads without waiting; again means that there is nothing to read.
func readNow(fd uintptr, b []byte) (n int, again bool, err error) {
	for {
		n, err := syscall.Read(int(fd), b)
		switch err {
		case nil:
			return n, false, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, true, nil
		default:
			return 0, false, err
		}
	}
}
