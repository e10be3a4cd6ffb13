package harness

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// Caller speaks to the gateway as clients do, over HTTP/1.1 or HTTP/2, plain
// or in TLS. Nothing is added to requests that the test did not name, and
// nothing is done to answers.
type Caller struct {
	// Plain and Secure are the gateway's addresses.
	Plain, Secure string
	// Roots are believed in TLS; nil believes anybody.
	Authority  *Authority
	transports map[Manner]*http.Transport
}

// Manner is how a caller connects.
type Manner struct {
	TLS, HTTP2 bool
	// SNI is the name asked for in the handshake.
	SNI string
	// Verify wants the certificate to be the authority's, for SNI.
	Verify bool
}

// Question is a request to be made.
type Question struct {
	Manner
	Method, Path string
	Header       []string // "Name: value"
	Body         []byte
	// Discard counts the answer's bytes and keeps none.
	Discard bool
}

// Exchange is a question on its way, or answered.
type Exchange struct {
	*http.Response
	// Bytes of the whole body, how many they were, and why they ended.
	Bytes  []byte
	Size   int64
	Broken error

	cancel context.CancelFunc
	headed chan struct{}
	err    error
	events *bufio.Reader
}

// Close drops the connections.
func (c *Caller) Close() {
	for _, t := range c.transports {
		t.CloseIdleConnections()
	}
}

// Begin asks in the background.
func (c *Caller) Begin(q Question) (*Exchange, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*Deadline)
	req, err := c.request(ctx, q)
	if err != nil {
		cancel()
		return nil, err
	}
	x := &Exchange{cancel: cancel, headed: make(chan struct{})}
	t := c.transport(q.Manner)
	go func() {
		x.Response, x.err = t.RoundTrip(req) //nolint:bodyclose // Finish or Hangup closes it
		close(x.headed)
	}()
	return x, nil
}

func (c *Caller) request(ctx context.Context, q Question) (*http.Request, error) {
	base := "http://" + c.Plain
	if q.TLS {
		base = "https://" + c.Secure
	}
	var body io.Reader
	if q.Body != nil {
		body = bytes.NewReader(q.Body)
	}
	req, err := http.NewRequestWithContext(ctx, q.Method, base+q.Path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "test")
	for _, h := range q.Header {
		name, value, _ := strings.Cut(h, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "host":
			req.Host = value
		case "content-length":
			req.ContentLength = -1
		default:
			req.Header.Add(name, value)
		}
	}
	return req, nil
}

func (c *Caller) transport(m Manner) *http.Transport {
	if t := c.transports[m]; t != nil {
		return t
	}
	t := &http.Transport{DisableCompression: true, Protocols: new(http.Protocols)}
	t.Protocols.SetHTTP1(!m.HTTP2)
	t.Protocols.SetHTTP2(m.HTTP2 && m.TLS)
	t.Protocols.SetUnencryptedHTTP2(m.HTTP2 && !m.TLS)
	t.TLSClientConfig = &tls.Config{ServerName: m.SNI, InsecureSkipVerify: !m.Verify}
	if m.Verify {
		t.TLSClientConfig.RootCAs = c.Authority.Pool()
	}
	if c.transports == nil {
		c.transports = map[Manner]*http.Transport{}
	}
	c.transports[m] = t
	return t
}

// Head waits for the head of the answer.
func (x *Exchange) Head() error {
	<-x.headed
	if x.err == nil && x.events == nil {
		x.events = bufio.NewReaderSize(x.Body, 64<<10)
	}
	return x.err
}

// Finish reads the answer to its end.
func (x *Exchange) Finish(discard bool) error {
	if err := x.Head(); err != nil {
		x.cancel()
		return err
	}
	defer x.cancel()
	defer func() { _ = x.Body.Close() }()
	if discard {
		x.Size, x.Broken = io.Copy(io.Discard, x.events)
		return nil
	}
	x.Bytes, x.Broken = io.ReadAll(x.events)
	x.Size = int64(len(x.Bytes))
	return nil
}

// Event reads one event of a stream: the lines up to a blank one. At the end
// the error is io.EOF, or why the stream broke.
func (x *Exchange) Event() (string, error) {
	if err := x.Head(); err != nil {
		return "", err
	}
	var event strings.Builder
	for {
		line, err := x.events.ReadString('\n')
		event.WriteString(line)
		if err != nil {
			return event.String(), err
		}
		if strings.TrimRight(line, "\r\n") == "" && event.Len() > len(line) {
			return event.String(), nil
		}
	}
}

// Hangup leaves without waiting for the rest.
func (x *Exchange) Hangup() {
	x.cancel()
	if x.Head() == nil {
		_ = x.Body.Close()
	}
}

// Line is a bare connection to the gateway.
type Line struct {
	net.Conn
	heard []byte
}

// Dial opens a bare connection, in TLS if so asked.
func (c *Caller) Dial(m Manner) (*Line, error) {
	if !m.TLS {
		conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", c.Plain)
		return &Line{Conn: conn}, err
	}
	d := &tls.Dialer{Config: &tls.Config{ServerName: m.SNI, InsecureSkipVerify: true}}
	conn, err := d.DialContext(context.Background(), "tcp", c.Secure)
	return &Line{Conn: conn}, err
}

// Hear reads until what was heard so far satisfies f. It returns what was
// heard, and io.EOF when the line ended first.
func (l *Line) Hear(f func(heard []byte) bool) (string, error) {
	guard := afterDeadline(func() { _ = l.Close() })
	defer guard()
	buf := make([]byte, 4096)
	for {
		if f(l.heard) {
			return string(l.heard), nil
		}
		n, err := l.Read(buf)
		l.heard = append(l.heard, buf[:n]...)
		if err != nil && n == 0 {
			if errors.Is(err, net.ErrClosed) {
				return string(l.heard), fmt.Errorf("heard nothing that fits in time: %w", err)
			}
			return string(l.heard), err
		}
	}
}
