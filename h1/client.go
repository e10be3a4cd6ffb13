package h1

import (
	"context"
	"net"
	"sync"
	"time"
)

// Options of a Client. Zero fields take their defaults.
type Options struct {
	// MaxIdle is how many idle connections are kept per endpoint. 512.
	MaxIdle int
	// IdleTimeout is how long an idle connection is kept. 60 s. A shorter time
	// announced by the peer (Keep-Alive: timeout=N) wins.
	IdleTimeout time.Duration
	// MaxRequests is how many requests one connection carries. 10,000.
	MaxRequests int
	// MaxHeaderBytes bounds the head of an answer, and its trailer. 64 KiB.
	MaxHeaderBytes int
	// MaxHeaders bounds the number of fields in either. 256.
	MaxHeaders int
	// Dial makes connections; net.Dialer by default. What it returns should be
	// a *net.TCPConn: only then large bodies leave by writev and idle connections can be looked at.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

func (o Options) withDefaults() Options {
	o.MaxIdle = positive(o.MaxIdle, 512)
	o.IdleTimeout = positive(o.IdleTimeout, 60*time.Second)
	o.MaxRequests = positive(o.MaxRequests, 10_000)
	o.MaxHeaderBytes = positive(o.MaxHeaderBytes, 64<<10)
	o.MaxHeaders = positive(o.MaxHeaders, 256)
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return o
}

func positive[T int | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

// Client sends requests and keeps idle connections. It may be used by any
// number of goroutines. It has no goroutine of its own; Close it in the end.
type Client struct {
	opt     Options
	pool    pool
	scratch sync.Pool // *scratch: what a head is built in
	buffers buffers   // for reading, and for staging streams
}

// New returns a client. It opens nothing and starts nothing.
func New(o Options) *Client {
	c := &Client{opt: o.withDefaults()}
	c.pool.maxIdle, c.pool.timeout = c.opt.MaxIdle, c.opt.IdleTimeout
	c.scratch.New = func() any { return new(scratch) }
	c.buffers.init()
	return c
}

// CloseIdle closes the idle connections.
func (c *Client) CloseIdle() { c.pool.closeIdle() }

// Close closes the idle connections and refuses further requests. Exchanges
// under way are left alone; their connections close when they end. It returns nil.
func (c *Client) Close() error {
	c.pool.close()
	return nil
}

// Do sends req to ep and returns the answer once its head has arrived; 1xx
// answers are skipped. The error is always an *Error.
//
// The context governs the exchange until the response ends: when ctx ends, the
// connection is closed at once, and whatever waits for it returns OpCanceled.
// The caller must Close the response.
//
// A request whose reused connection turns out dead before the first byte of an
// answer is sent once more on a new connection, if nothing of it was
// written or its method is safe and it has no Stream. No other request is ever sent twice.
func (c *Client) Do(ctx context.Context, ep *Endpoint, req *Request) (*Response, error) {
	req.sender = nil
	if err := req.check(ep); err != nil {
		return nil, &Error{Op: OpRequest, Err: err}
	}
	if ctx.Err() != nil {
		return nil, canceled(ctx, false)
	}
	if cn := c.pool.get(keyOf(ep), time.Now(), req.ReadTimeout); cn != nil {
		resp, failed := cn.exchange(ctx, ep, req)
		if failed == nil {
			return resp, nil
		}
		if !cn.again(req, failed) {
			return nil, failed
		}
	}
	cn, err := c.dial(ctx, ep, req.ConnectTimeout)
	if err != nil {
		return nil, err
	}
	resp, failed := cn.exchange(ctx, ep, req)
	if failed != nil {
		return nil, failed
	}
	return resp, nil
}

// again tells whether a request that failed on this reused connection may be
// sent on a new one.
func (c *conn) again(req *Request, e *Error) bool {
	if c.answered || e.Timeout || e.Op != OpWrite && e.Op != OpRead {
		return false
	}
	return !e.Sent && (req.Stream == nil || req.sender == nil) || req.safe()
}
