package flow

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/jsonscan"
)

// ErrTooLarge says that a body is larger than its reader allows.
var ErrTooLarge = errors.New("body is larger than allowed")

// ErrSlow says that a caller took too long to send its body.
var ErrSlow = errors.New("the caller took too long to send the body")

// CallerLeft tells a read of the body that failed because the caller went
// away, from one that failed otherwise.
func (ex *Exchange) CallerLeft(err error) bool {
	return ex.Ctx.Err() != nil || errors.Is(err, io.ErrUnexpectedEOF)
}

// BodySource is where a request body comes from. Abort makes a Read that is
// blocked in another goroutine return.
type BodySource interface {
	io.Reader
	Abort()
}

// Body is the body of a request. It is read when somebody first asks, keeps
// the bytes as received, and collects edits as splices, so that a body of any
// size is changed without being copied. A body nobody asks for is never read
// here: send streams it.
type Body struct {
	// Length as announced by the caller: -1 unknown, 0 none.
	Length int64

	src      BodySource
	handed   *Handed
	state    bodyState
	raw      []byte
	buf      *[]byte // the pooled buffer that raw is in, if it is in one
	replaced []byte
	changed  bool
	gen      uint32
	edits    jsonscan.Edits
	readErr  error
}

type bodyState uint8

const (
	bodyUnread bodyState = iota
	bodyRead
	bodyStreamed
	bodyReleased
)

// Open gives the body its source. A nil source is an empty body.
func (b *Body) Open(src BodySource, length int64) {
	edits := b.edits
	edits.Reset()
	*b = Body{src: src, Length: length, edits: edits}
	if src == nil || length == 0 {
		b.state = bodyRead
	}
}

// Bytes returns the body as it now is, without pending edits, reading it on
// the first call. More than limit bytes (0 is no limit) give ErrTooLarge; any
// other error is the caller's connection failing. Nobody may change the bytes.
func (b *Body) Bytes(limit int64) ([]byte, error) {
	if b.state == bodyUnread {
		b.read(limit)
	}
	if b.readErr != nil {
		return nil, b.readErr
	}
	cur := b.current()
	if limit > 0 && int64(len(cur)) > limit {
		return nil, ErrTooLarge
	}
	return cur, nil
}

// Raw returns the body as received, nil when nobody has asked for it.
func (b *Body) Raw() []byte { return b.raw }

// Received is how many bytes of the body have been read, here or by who was
// handed it.
func (b *Body) Received() int64 {
	if b.handed != nil {
		return b.handed.bytes.Load()
	}
	return int64(len(b.raw))
}

// Buffered tells whether the body is in memory and can be sent again.
func (b *Body) Buffered() bool { return b.state == bodyRead && b.readErr == nil }

// Generation grows with every change, so that a view of an older one is known
// to be stale.
func (b *Body) Generation() uint32 { return b.gen }

// Replace gives the body new bytes and drops pending edits.
func (b *Body) Replace(body []byte) {
	b.replaced, b.changed = body, true
	b.state, b.readErr = bodyRead, nil
	b.edits.Reset()
	b.gen++
}

// Edits are the splices to apply when the body is sent. They refer to what
// Bytes returns.
func (b *Body) Edits() *jsonscan.Edits { return &b.edits }

// Segments appends the parts of the edited body to dst, for one writev, and
// returns their total length.
func (b *Body) Segments(dst [][]byte) ([][]byte, int64) {
	cur := b.current()
	dst = b.edits.Segments(dst, cur)
	var n int64
	for _, s := range dst {
		n += int64(len(s))
	}
	return dst, n
}

// Edited returns a copy of the body as it is sent.
func (b *Body) Edited() []byte {
	return b.edits.Append(nil, b.current())
}

// Stream hands out the unread body. As long as nobody has read from it, it can
// be had again; after that, and for a body that has been read here, it is nil.
func (b *Body) Stream() *Handed {
	switch {
	case b.state == bodyUnread:
		b.state, b.handed = bodyStreamed, &Handed{BodySource: b.src}
	case b.state != bodyStreamed || b.handed.Touched():
		return nil
	}
	return b.handed
}

// Spent tells that the body was handed out as a stream of which some has been
// read: it cannot be sent again.
func (b *Body) Spent() bool { return b.state == bodyStreamed && b.handed.Touched() }

// Handed is a body that was handed out as a stream.
type Handed struct {
	BodySource
	touched atomic.Bool
	bytes   atomic.Int64
}

// Read reads the body. Who calls may be in a goroutine of its own, which a
// panic must not end the process from.
func (h *Handed) Read(p []byte) (n int, err error) {
	defer fault.Recover(&err)
	h.touched.Store(true)
	n, err = h.BodySource.Read(p)
	h.bytes.Add(int64(n))
	return n, err
}

// Touched tells whether anybody has begun to read.
func (h *Handed) Touched() bool { return h.touched.Load() }

// Sending tells whether the body was handed out as a stream and may still be
// on its way.
func (b *Body) Sending() bool { return b.state == bodyStreamed }

// Abort unblocks whoever reads the body's source.
func (b *Body) Abort() {
	if b.src != nil {
		b.src.Abort()
	}
}

// Release gives the buffer back. Slices of the body are invalid afterwards.
func (b *Body) Release() {
	putBuffer(b.buf)
	b.raw, b.buf, b.replaced = nil, nil, nil
	b.state = bodyReleased
	b.edits.Reset()
}

func (b *Body) current() []byte {
	if b.changed {
		return b.replaced
	}
	return b.raw
}

func (b *Body) read(limit int64) {
	b.state = bodyRead
	if limit > 0 && b.Length > limit {
		b.readErr = ErrTooLarge
		return
	}
	b.buf = getBuffer(min(b.Length, trusted))
	buf := *b.buf
	for {
		if limit > 0 && int64(len(buf)) > limit {
			b.raw, b.readErr = buf, ErrTooLarge
			return
		}
		if len(buf) == cap(buf) {
			buf = b.grow(buf)
		}
		n, err := b.src.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			b.raw = buf
			return
		}
		if err != nil {
			b.raw, b.readErr = buf, err
			return
		}
	}
}

// trusted is how much room an announced length gets before any of it has come:
// many callers who announce much and send little must not fill the memory.
const trusted = 128<<10 - 1

// grow moves what has been read to a larger buffer: twice as large, or up to
// eight times towards an announced length.
func (b *Body) grow(full []byte) []byte {
	want := int64(2*cap(full) - 1)
	if b.Length > int64(cap(full)) {
		want = min(b.Length, int64(8*cap(full)-1))
	}
	larger := getBuffer(want)
	*larger = append(*larger, full...)
	putBuffer(b.buf)
	b.buf = larger
	return *larger
}

// Buffers come in classes, so that a small body does not hold a large buffer.
// Buffers beyond the largest class are left to the collector.
var bufferSizes = [...]int{2 << 10, 8 << 10, 32 << 10, 128 << 10, 512 << 10}

var bufferPools [len(bufferSizes)]sync.Pool

// getBuffer returns an empty buffer for a body of the given length and one
// byte more, so that its end is seen without growing.
func getBuffer(length int64) *[]byte {
	want := length + 1
	if length < 0 {
		want = int64(bufferSizes[1])
	}
	for i, size := range bufferSizes {
		if want <= int64(size) {
			if p, ok := bufferPools[i].Get().(*[]byte); ok {
				return p
			}
			b := make([]byte, 0, size)
			return &b
		}
	}
	b := make([]byte, 0, want)
	return &b
}

func putBuffer(p *[]byte) {
	if p == nil {
		return
	}
	for i, size := range bufferSizes {
		if cap(*p) == size {
			*p = (*p)[:0]
			bufferPools[i].Put(p)
			return
		}
	}
}
