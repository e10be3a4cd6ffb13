package listen

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/h1"
)

// body is the body of one request. Once end has returned nobody reads the
// connection through it any more, whoever may still hold it.
type body struct {
	conn *h1.ServerConn
	// limit of what may be read, in bytes; 0 is none.
	limit, read int64

	unwanted atomic.Bool // no further Read is to begin

	mu   sync.Mutex // held while the connection is read
	over error      // what every later Read gives

	aborting sync.Mutex // held by Abort
	ended    bool
}

// body opens the exchange's body.
func (c *caller) body(ex *flow.Exchange, head *h1.RequestHead, refused bool) *body {
	if head.Length == 0 || refused {
		ex.Body.Open(nil, 0)
		return nil
	}
	b := &body{conn: c.conn, limit: c.door.server.o.MaxBodyBytes}
	ex.Body.Open(b, head.Length)
	return b
}

// Read reads the body. The error is io.EOF at its end.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.over != nil:
		return 0, b.over
	case b.unwanted.Load():
		return 0, errOver
	}
	n, err := b.conn.Read(p)
	b.read += int64(n)
	switch {
	case b.limit > 0 && b.read > b.limit:
		n, err = 0, flow.ErrTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = flow.ErrSlow
	}
	b.over = err
	return n, err
}

// Abort makes a Read that waits return, and every later one fail. Only the
// former costs the connection.
func (b *body) Abort() {
	b.unwanted.Store(true)
	b.aborting.Lock()
	defer b.aborting.Unlock()
	if b.ended {
		return // the connection is somebody else's
	}
	if b.mu.TryLock() {
		b.mu.Unlock() // nobody waits
		return
	}
	b.conn.Abort()
}

var errOver = errors.New("listen: the exchange has ended")

// end takes the connection away from whoever still reads.
func (b *body) end() {
	if b == nil {
		return
	}
	b.Abort()
	b.mu.Lock() // until nobody reads
	b.over = errOver
	b.mu.Unlock()
	b.aborting.Lock()
	b.ended = true
	b.aborting.Unlock()
}
