//go:build linux && (amd64 || arm64)

package h1

import (
	"syscall"
	"unsafe"
)

// Sockets are read and written by system calls of which the scheduler does
// not hear. They never wait, and what it does for those that might costs more
// than the copy of a few kilobytes; worse, a processor that it takes away
// during a call has to be found again after it.

const (
	canPeek  = true
	canWrite = true
)

const (
	// maxSegments is how many one write takes.
	maxSegments = 64
	// rawMost is how many bytes one call moves, so that none keeps a processor
	// for long.
	rawMost = 256 << 10
)

func peek(fd uintptr, b []byte) int {
	for {
		n, _, err := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd,
			uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), //nolint:gosec // what recvfrom takes
			syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return quiet
		case err == 0 && n > 0:
			return pending
		default:
			return gone
		}
	}
}

// readNow reads without waiting; again means that there is nothing to read.
func readNow(fd uintptr, b []byte) (n int, again bool, err error) {
	b = b[:min(len(b), rawMost)]
	for {
		n, _, err := syscall.RawSyscall(syscall.SYS_READ, fd,
			uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b))) //nolint:gosec // what read takes
		switch {
		case err == 0:
			return int(n), false, nil
		case err == syscall.EAGAIN:
			return 0, true, nil
		case err != syscall.EINTR:
			return 0, false, err
		}
	}
}

// writeNow writes without waiting, which may be less than all.
func writeNow(fd uintptr, segs [][]byte) (int, error) {
	var room [maxSegments]syscall.Iovec
	written, skip := 0, 0 // skip: what of segs[0] has been written
	for len(segs) > 0 {
		vec, size := vectorOf(room[:0], segs, skip)
		if size == 0 {
			return written, nil
		}
		n, _, err := syscall.RawSyscall(syscall.SYS_WRITEV, fd,
			uintptr(unsafe.Pointer(unsafe.SliceData(vec))), uintptr(len(vec))) //nolint:gosec // what writev takes
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return written, nil
		case err != 0:
			return written, err
		}
		written += int(n)
		if int(n) < size {
			return written, nil
		}
		segs, skip = after(segs, skip+int(n))
	}
	return written, nil
}

// vectorOf lists what one call is to write of segs, without the first skip
// bytes: size bytes in all.
func vectorOf(vec []syscall.Iovec, segs [][]byte, skip int) (_ []syscall.Iovec, size int) {
	for _, seg := range segs {
		seg = seg[skip:]
		skip = 0
		seg = seg[:min(len(seg), rawMost-size)]
		if len(seg) == 0 {
			continue
		}
		if len(vec) == cap(vec) {
			break
		}
		vec = append(vec, syscall.Iovec{Base: &seg[0], Len: uint64(len(seg))})
		size += len(seg)
	}
	return vec, size
}
