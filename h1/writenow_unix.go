//go:build (linux && !(amd64 || arm64)) || darwin

package h1

import "golang.org/x/sys/unix"

// maxSegments is how many one writev takes.
const maxSegments = 1024

// canWrite: writeNow does something.
const canWrite = true

// writeNow writes without waiting, which may be less than all.
func writeNow(fd uintptr, segs [][]byte) (int, error) {
	for {
		var n int
		var err error
		if len(segs) == 1 {
			n, err = unix.Write(int(fd), segs[0])
		} else {
			n, err = unix.Writev(int(fd), segs[:min(len(segs), maxSegments)])
		}
		switch err {
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, nil
		default:
			return max(n, 0), err
		}
	}
}
