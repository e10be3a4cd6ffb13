package h1

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"time"
)

// dial makes a connection, through the proxy and the TLS handshake if there
// are any, all within timeout.
func (c *Client) dial(ctx context.Context, ep *Endpoint, timeout time.Duration) (*conn, error) {
	if c.pool.isClosed() {
		return nil, &Error{Op: OpDial, Err: ErrClosed}
	}
	dctx := ctx
	if timeout > 0 {
		var cancel context.CancelFunc
		dctx, cancel = context.WithTimeoutCause(ctx, timeout, ErrConnectTimeout)
		defer cancel()
	}
	cn, op, err := c.connect(dctx, ep)
	switch {
	case err == nil:
		return cn, nil
	case ctx.Err() != nil:
		return nil, canceled(ctx, false)
	case dctx.Err() != nil:
		return nil, &Error{Op: op, Timeout: true, Err: ErrConnectTimeout}
	}
	return nil, &Error{Op: op, Timeout: isTimeout(err), Err: err}
}

func (c *Client) connect(ctx context.Context, ep *Endpoint) (*conn, Op, error) {
	addr := ep.Addr
	if ep.Proxy != nil {
		addr = ep.Proxy.Addr
	}
	start := time.Now()
	nc, err := c.opt.Dial(ctx, "tcp", addr)
	if err != nil {
		return nil, OpDial, err
	}
	cn := newConn(c, nc)
	cn.key = keyOf(ep)
	if ep.Proxy != nil && ep.TLS != nil {
		if err := cn.tunnel(ctx, ep); err != nil {
			cn.close()
			return nil, OpProxy, err
		}
	}
	cn.dialTime = time.Since(start)
	if ep.TLS != nil {
		if err := cn.handshake(ctx, ep.TLS); err != nil {
			cn.close()
			return nil, OpTLS, err
		}
		cn.tlsTime = time.Since(start) - cn.dialTime
	}
	return cn, 0, nil
}

// tunnel asks the proxy for a connection to the endpoint (RFC 9110 section
// 9.3.6). The context closes the connection when it ends.
func (c *conn) tunnel(ctx context.Context, ep *Endpoint) error {
	stop := context.AfterFunc(ctx, c.closeFn)
	defer stop()
	b := append([]byte("CONNECT "), ep.Addr...)
	b = append(b, " HTTP/1.1\r\n"...)
	b = appendField(b, "Host", ep.Addr)
	if ep.Proxy.Authorization != "" {
		b = appendField(b, "Proxy-Authorization", ep.Proxy.Authorization)
	}
	if _, err := c.raw.Write(append(b, "\r\n"...)); err != nil {
		return err
	}
	err := c.readAnswer("")
	if err == io.EOF { //nolint:errorlint // a wrapped one says something else
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	if c.head.status/100 != 2 {
		return ProxyStatus(c.head.status)
	}
	if c.r != c.w {
		return malformed("proxy sent bytes before the tunnel's first")
	}
	if !stop() {
		return context.Cause(ctx)
	}
	c.answered, c.readErr = false, nil
	return nil
}

// handshake puts TLS on the connection. The peer may choose HTTP/1.1 or
// nothing by ALPN.
func (c *conn) handshake(ctx context.Context, cfg *tls.Config) error {
	c.sock = &socket{Conn: c.raw, look: &c.look, sent: &c.sent}
	tc := tls.Client(c.sock, cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		return err
	}
	if p := tc.ConnectionState().NegotiatedProtocol; p != "" && p != "http/1.1" {
		return ErrProtocol
	}
	c.nc, c.vectored = tc, false
	c.reading.init(&c.input, tc)
	return nil
}

// socket stands between a TLS connection and its socket. It can be told not to
// wait, so that what TLS holds or the peer sent unasked can be seen without
// blocking, and it knows whether anything was really written.
type socket struct {
	net.Conn
	look    *look
	sent    *flag
	instant bool // set only between exchanges
}

func (s *socket) Read(p []byte) (int, error) {
	if s.instant && s.look.state() == quiet {
		return 0, nothing{}
	}
	return s.Conn.Read(p)
}

func (s *socket) Write(p []byte) (int, error) {
	n, err := s.Conn.Write(p)
	if n > 0 {
		s.sent.set()
	}
	return n, err
}

// nothing is what an instant read that would wait returns. It is temporary, so
// that crypto/tls goes on afterwards.
type nothing struct{}

func (nothing) Error() string   { return "nothing to read" }
func (nothing) Timeout() bool   { return true }
func (nothing) Temporary() bool { return true }
