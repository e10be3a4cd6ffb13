package h1

import (
	"io"
	"sync"
)

// Sizes of read buffers: every connection owns a small one; the others are
// borrowed while reads fill what there is.
const (
	smallBuf  = 4 << 10
	mediumBuf = 16 << 10
	largeBuf  = 32 << 10
	// shrinkAfter is how many small reads in a row give a borrowed buffer back.
	shrinkAfter = 16
)

// buffers are shared by connections.
type buffers struct {
	medium sync.Pool // *[mediumBuf]byte
	large  sync.Pool // *[largeBuf]byte
}

func (b *buffers) init() {
	b.medium.New = func() any { return new([mediumBuf]byte) }
	b.large.New = func() any { return new([largeBuf]byte) }
}

// limits of a head or trailer section.
type limits struct{ bytes, fields int }

// input is what has been read from a connection and not yet used, and the
// body that is being read.
type input struct {
	buffers *buffers
	limits  limits

	buf      []byte // buf[r:w] has been read and not used
	r, w     int
	small    []byte // the connection's own buffer
	filled   bool   // the last read left no room
	lulls    int    // small reads in a row
	readErr  error  // came with the last bytes
	body     body
	trailers fields
}

// space returns where the next read is to go, or the error that came with
// the last.
func (in *input) space() ([]byte, error) {
	if in.readErr != nil {
		return nil, in.readErr
	}
	in.room()
	return in.buf[in.w:], nil
}

// took notes what a read brought.
func (in *input) took(n int, err error) error {
	if n == 0 {
		if err == nil {
			err = io.ErrNoProgress
		}
		in.readErr = err
		return err
	}
	in.note(n)
	in.w += n
	in.readErr = err
	return nil
}

// note remembers how full the buffer got, for room.
func (in *input) note(n int) {
	in.filled = in.w+n == len(in.buf)
	if n < smallBuf/2 {
		in.lulls++
	} else {
		in.lulls = 0
	}
}

// room makes room for a read. Only a head or trailer still incomplete keeps
// bytes in the buffer; these are bounded before.
func (in *input) room() {
	switch {
	case in.r == in.w:
		in.r, in.w = 0, 0
		in.fit()
	case in.w < len(in.buf):
	case in.r > 0:
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	default:
		in.swap(max(2*len(in.buf), mediumBuf))
	}
}

// fit gives an empty buffer the size that the last reads call for.
func (in *input) fit() {
	switch {
	case in.filled && len(in.buf) < mediumBuf:
		in.swap(mediumBuf)
	case in.filled && len(in.buf) < largeBuf:
		in.swap(largeBuf)
	case in.lulls >= shrinkAfter && len(in.buf) > smallBuf:
		in.giveBuffer()
	}
	in.filled = false
}

// swap moves what is in the buffer to one of size n.
func (in *input) swap(n int) {
	var b []byte
	switch {
	case n <= mediumBuf:
		b = in.buffers.medium.Get().(*[mediumBuf]byte)[:]
	case n <= largeBuf:
		b = in.buffers.large.Get().(*[largeBuf]byte)[:]
	default:
		b = make([]byte, n)
	}
	w := copy(b, in.buf[in.r:in.w])
	in.giveBuffer()
	in.buf, in.r, in.w = b, 0, w
}

// giveBuffer returns to the connection's own buffer, empty.
func (in *input) giveBuffer() {
	switch len(in.buf) {
	case mediumBuf:
		in.buffers.medium.Put((*[mediumBuf]byte)(in.buf))
	case largeBuf:
		in.buffers.large.Put((*[largeBuf]byte)(in.buf))
	}
	in.buf, in.r, in.w, in.lulls, in.filled = in.small, 0, 0, 0, false
}
