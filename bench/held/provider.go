//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"syscall"
)

// provider answers questions: plainly, or with a stream that has no end.
type provider struct {
	l       *loop
	fd      int
	port    int
	streams int // that are being written
}

const (
	answer = `{"id":"1","object":"chat.completion","model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"Hello! How can I help you today?"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":10,"total_tokens":19}}`
	event  = `data: {"id":"1","object":"chat.completion.chunk","model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}` + "\n\n"
)

var (
	plain      = fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)
	streamHead = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
	chunk      = fmt.Appendf(nil, "%x\r\n%s\r\n", len(event), event)
)

func newProvider(l *loop) (*provider, error) {
	fd, err := bound(true)
	if err != nil {
		return nil, err
	}
	p := &provider{l: l, fd: fd}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return nil, err
	}
	if err := syscall.Listen(fd, 4096); err != nil {
		return nil, err
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		return nil, err
	}
	p.port = at.(*syscall.SockaddrInet4).Port
	return p, l.add(fd, readable, p.accept)
}

func (p *provider) accept(uint32) error {
	for {
		fd, _, err := syscall.Accept4(p.fd, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		if errors.Is(err, syscall.EAGAIN) {
			return nil
		}
		if err != nil {
			return err
		}
		c := &call{p: p, l: p.l, fd: fd}
		if err := p.l.add(fd, readable, c.ready); err != nil {
			return err
		}
	}
}

// call is a connection from the gateway.
type call struct {
	p       *provider
	l       *loop
	fd      int
	in, out []byte
	stream  bool
}

func (c *call) ready(events uint32) error {
	if events&readable != 0 {
		n, err := syscall.Read(c.fd, c.l.scratch[:])
		if errors.Is(err, syscall.EAGAIN) {
			return nil
		}
		if err != nil || n == 0 {
			c.end()
			return nil //nolint:nilerr // the gateway may end a call
		}
		c.in = append(c.in, c.l.scratch[:n]...)
		for c.take() {
		}
	}
	return c.send()
}

// take takes a question that has come in full, and begins its answer.
func (c *call) take() bool {
	end := bytes.Index(c.in, []byte("\r\n\r\n"))
	if end < 0 {
		return false
	}
	end += 4
	if _, rest, ok := bytes.Cut(c.in[:end], []byte("Content-Length: ")); ok {
		digits, _, _ := bytes.Cut(rest, []byte("\r\n"))
		n, _ := strconv.Atoi(string(digits))
		end += n
	}
	if len(c.in) < end {
		return false
	}
	if bytes.Contains(c.in[:end], []byte(`"stream":true`)) {
		c.stream = true
		c.p.streams++
		c.out = append(c.out, streamHead...)
	} else {
		c.out = append(c.out, plain...)
	}
	c.in = c.in[:copy(c.in, c.in[end:])]
	if len(c.in) == 0 {
		c.in = nil
	}
	return true
}

func (c *call) end() {
	if c.stream {
		c.p.streams--
	}
	c.l.drop(c.fd)
}

// send writes as much as the connection takes.
func (c *call) send() error {
	for len(c.out) > 0 || c.stream {
		if len(c.out) == 0 {
			c.out = chunk
		}
		n, err := syscall.Write(c.fd, c.out)
		if errors.Is(err, syscall.EAGAIN) {
			return c.l.watch(c.fd, readable|writable)
		}
		if err != nil {
			c.end()
			return nil //nolint:nilerr // the gateway may end a call
		}
		c.out = c.out[n:]
		if c.stream {
			// One piece at a time: the others want their turn.
			return c.l.watch(c.fd, readable|writable)
		}
	}
	c.out = nil
	return nil
}
