package h1

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/header"
)

// sockets is a connection with both its ends, of which near is the server's.
func sockets(tb testing.TB) (near, far *net.TCPConn) {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer ln.Close()
	to, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	from, err := ln.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { to.Close(); from.Close() })
	return from.(*net.TCPConn), to.(*net.TCPConn)
}

// noise is n bytes that are like no other.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(b)
	return b
}

// TestSocketWrites: a socket gets all that it is given, in order and once,
// whether it takes much at a time or little.
func TestSocketWrites(t *testing.T) {
	const most = 256 << 10
	for name, sizes := range map[string][]int{
		"nothing":         {},
		"empty ones":      {0, 0, 0},
		"empty between":   {0, 5, 0, 0, 70_000, 0},
		"one call":        {most},
		"one byte over":   {most + 1},
		"on the border":   {most - 1, 1, 1},
		"over the border": {100, most - 50, 100, 2*most + 7, 3},
		"several calls":   {3*most + 1},
		"many":            bytesInt(noise(1, 300)),
	} {
		for _, room := range []int{4 << 10, 4 << 20} {
			t.Run(fmt.Sprint(name, room), func(t *testing.T) {
				near, far := sockets(t)
				if err := near.SetWriteBuffer(room); err != nil {
					t.Fatal(err)
				}
				passes(t, near, far, sizes)
			})
		}
	}
}

// passes writes segments of the sizes and reads them.
func passes(t *testing.T, near, far *net.TCPConn, sizes []int) {
	t.Helper()
	c := NewServer(ServerOptions{}).Conn(near, near, nil)
	var segs [][]byte
	for i, n := range sizes {
		segs = append(segs, noise(uint64(i), n))
	}
	want := bytes.Join(segs, nil)
	go func() {
		if err := c.writing.all(segs); err != nil {
			t.Error(err)
		}
		c.Close()
	}()
	if got, err := io.ReadAll(far); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes of %d, or other ones: %v", len(got), len(want), err)
	}
}

func bytesInt(b []byte) []int {
	n := make([]int, len(b))
	for i := range b {
		n[i] = int(b[i]) * 16
	}
	return n
}

// borders are bodies that end around the borders of the buffers, each with the
// head of its request.
func borders() (heads []string, bodies [][]byte) {
	for i, border := range []int{smallBuf, mediumBuf, largeBuf, largeBuf + mediumBuf} {
		for off := -2; off <= 2; off++ {
			for _, with := range []bool{false, true} { // with the head, or without
				n := border + off
				head := fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", n)
				if with {
					n -= len(head)
					head = fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", n)
				}
				heads, bodies = append(heads, head), append(bodies, noise(uint64(i*100+off), n))
			}
		}
	}
	return heads, bodies
}

// TestSocketBorders: requests one behind the other, whose bodies end at, before
// and behind the ends of the buffers, are read each with its own body,
// whatever the size of the reader's.
func TestSocketBorders(t *testing.T) {
	heads, bodies := borders()
	for name, framed := range map[string]func(head string, b []byte) []byte{
		"length": func(head string, b []byte) []byte { return append([]byte(head), b...) },
		"chunked": func(_ string, b []byte) []byte {
			half := len(b) / 2
			return fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n",
				half, b[:half], len(b)-half, b[half:])
		},
	} {
		for _, size := range []int{100, smallBuf, 64 << 10} {
			t.Run(fmt.Sprint(name, size), func(t *testing.T) {
				near, far := sockets(t)
				go func() {
					for i := range bodies {
						_, _ = far.Write(framed(heads[i], bodies[i]))
					}
					_ = far.CloseWrite()
				}()
				go func() { _, _ = io.Copy(io.Discard, far) }()
				c := NewServer(ServerOptions{}).Conn(near, near, nil)
				for i := range bodies {
					takes(t, c, bodies[i], size)
				}
				if _, err := c.Next(); !errors.Is(err, io.EOF) {
					t.Errorf("after the last request: %v", err)
				}
			})
		}
	}
}

// takes reads a request with that body, a piece of the size at a time, and
// answers.
func takes(t *testing.T, c *ServerConn, want []byte, size int) {
	t.Helper()
	if _, err := c.Next(); err != nil {
		t.Fatal(err)
	}
	got := new(bytes.Buffer)
	if _, err := io.CopyBuffer(struct{ io.Writer }{got}, struct{ io.Reader }{c}, make([]byte, size)); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Fatalf("%d bytes of %d, or other ones: %v", got.Len(), len(want), err)
	}
	c.Begin(&Answer{Status: 204})
	if err := c.End(nil); err != nil || !c.Finish() {
		t.Fatalf("%v, or it does not go on", err)
	}
}

// TestSocketEnds: what waits for a socket comes back when it is closed or given
// up, and when the other end is gone.
func TestSocketEnds(t *testing.T) {
	begin := func(t *testing.T) (*ServerConn, *net.TCPConn) {
		t.Helper()
		near, far := sockets(t)
		if _, err := io.WriteString(far, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		c := NewServer(ServerOptions{}).Conn(near, near, nil)
		if _, err := c.Next(); err != nil {
			t.Fatal(err)
		}
		return c, far
	}
	read := func(c *ServerConn) error {
		_, err := io.ReadAll(c)
		return err
	}
	write := func(c *ServerConn) error {
		c.Begin(&Answer{Status: 200, Length: -1, Header: header.Header{}})
		for {
			if _, err := c.Write([]byte(strings.Repeat("x", 10_000))); err != nil {
				return err
			}
		}
	}
	reset := func(_ *ServerConn, far *net.TCPConn) {
		_ = far.SetLinger(0)
		far.Close()
	}
	closing := func(c *ServerConn, _ *net.TCPConn) { c.Close() }
	for name, tt := range map[string]struct {
		wait func(*ServerConn) error
		end  func(*ServerConn, *net.TCPConn)
		want error // nil: any
	}{
		"read, closed":      {read, closing, net.ErrClosed},
		"write, closed":     {write, closing, net.ErrClosed},
		"read, aborted":     {read, func(c *ServerConn, _ *net.TCPConn) { c.Abort() }, nil},
		"read, half-closed": {read, func(_ *ServerConn, far *net.TCPConn) { _ = far.CloseWrite() }, io.ErrUnexpectedEOF},
		"read, reset":       {read, reset, nil},
		"write, reset":      {write, reset, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, far := begin(t)
			got := make(chan error, 1)
			go func() { got <- tt.wait(c) }()
			tt.end(c, far)
			if err := <-got; err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// TestSocketTimeouts: who neither reads nor sends is waited for as long as was
// said.
func TestSocketTimeouts(t *testing.T) {
	near, far := sockets(t)
	if _, err := io.WriteString(far, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab"); err != nil {
		t.Fatal(err)
	}
	c := NewServer(ServerOptions{BodyTimeout: 1, WriteTimeout: 1, HeadTimeout: 1 << 40}).Conn(near, near, nil)
	if _, err := c.Next(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(c); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v", b, err)
	}
	c.Begin(&Answer{Status: 200, Length: -1})
	var err error
	for range 1 << 10 {
		if _, err = c.Write(make([]byte, 1<<20)); err != nil {
			break
		}
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) || c.Finish() {
		t.Errorf("%v, or it goes on", err)
	}
}

// TestUnread: what has come and was not read can be told, also while somebody
// waits for it.
func TestUnread(t *testing.T) {
	near, far := sockets(t)
	if Unread(near) {
		t.Error("nothing was sent")
	}
	if _, err := io.WriteString(far, "x"); err != nil {
		t.Fatal(err)
	}
	if !Unread(near) {
		t.Error("one byte was sent")
	}
	if _, err := near.Read(make([]byte, 1)); err != nil || Unread(near) {
		t.Errorf("all was read: %v", err)
	}
	far.Close()
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, io.EOF) || Unread(near) {
		t.Errorf("the other end is gone: %v", err)
	}
	near.Close()
	if Unread(near) {
		t.Error("it is closed")
	}
}
