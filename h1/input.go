package h1

import (
	"io"
	"sync"
)

// Sizes of read buffers. They are borrowed while there is something to read,
// the larger ones while reads fill what there is.
const (
	smallBuf  = 4 << 10
	mediumBuf = 16 << 10
	largeBuf  = 32 << 10
	// shrinkAfter is how many small reads in a row make the buffer small again.
	shrinkAfter = 16
)

// buffers are shared by connections.
type buffers struct {
	small  sync.Pool // *[smallBuf]byte
	medium sync.Pool // *[mediumBuf]byte
	large  sync.Pool // *[largeBuf]byte
}

func (b *buffers) init() {
	b.small.New = func() any { return new([smallBuf]byte) }
	b.medium.New = func() any { return new([mediumBuf]byte) }
	b.large.New = func() any { return new([largeBuf]byte) }
}

// get returns a buffer of at least n bytes.
func (b *buffers) get(n int) []byte {
	switch {
	case n <= smallBuf:
		return b.small.Get().(*[smallBuf]byte)[:]
	case n <= mediumBuf:
		return b.medium.Get().(*[mediumBuf]byte)[:]
	case n <= largeBuf:
		return b.large.Get().(*[largeBuf]byte)[:]
	}
	return make([]byte, n)
}

func (b *buffers) put(p []byte) {
	switch len(p) {
	case smallBuf:
		b.small.Put((*[smallBuf]byte)(p))
	case mediumBuf:
		b.medium.Put((*[mediumBuf]byte)(p))
	case largeBuf:
		b.large.Put((*[largeBuf]byte)(p))
	}
}

// limits of a head or trailer section.
type limits struct{ bytes, fields int }

// input is what has been read from a connection and not yet used, and the
// body that is being read.
type input struct {
	buffers *buffers
	limits  limits

	buf      []byte // buf[r:w] has been read and not used; nil while nothing is
	r, w     int
	size     int   // of the buffer to borrow
	filled   bool  // the last read left no room
	lulls    int   // small reads in a row
	readErr  error // came with the last bytes
	body     body
	trailers fields
}

// space returns where the next read is to go.
func (in *input) space() []byte {
	switch {
	case in.r == in.w:
		in.r, in.w = 0, 0
		in.fit()
	case in.w < len(in.buf):
	case in.r > 0:
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	default: // a head or trailer still incomplete, which is bounded before
		in.swap(max(2*len(in.buf), mediumBuf))
	}
	return in.buf[in.w:]
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
	in.filled = in.w+n == len(in.buf)
	if n < smallBuf/2 {
		in.lulls++
	} else {
		in.lulls = 0
	}
	in.w += n
	in.readErr = err
	return nil
}

// fit gives an empty buffer the size that the last reads call for.
func (in *input) fit() {
	switch {
	case in.filled && in.size < mediumBuf:
		in.size = mediumBuf
	case in.filled:
		in.size = largeBuf
	case in.size == 0, in.lulls >= shrinkAfter:
		in.size = smallBuf
	}
	in.filled = false
	if len(in.buf) != in.size {
		in.swap(in.size)
	}
}

// shrink makes the next buffer small: what comes with a head is copied, while
// what comes later of a body goes straight to who reads it.
func (in *input) shrink() { in.size, in.filled = smallBuf, false }

// swap moves what is in the buffer to one of at least n bytes.
func (in *input) swap(n int) {
	b := in.buffers.get(n)
	w := copy(b, in.buf[in.r:in.w])
	in.buffers.put(in.buf)
	in.buf, in.r, in.w = b, 0, w
}

// drop gives the buffer back, with what is in it.
func (in *input) drop() {
	in.buffers.put(in.buf)
	in.buf, in.r, in.w = nil, 0, 0
}

// rest gives the buffer back if nothing is in it.
func (in *input) rest() {
	if in.r == in.w && in.buf != nil {
		in.drop()
	}
}
