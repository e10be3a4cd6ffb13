//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"time"
)

// stage is a gateway, the provider behind it, and its callers.
type stage struct {
	*loop
	gateway  *gateway
	provider *provider
	callers  []*caller
	coming   int // callers that are not yet where they should be
}

// caller is a connection to the gateway.
type caller struct {
	fd    int
	lost  bool
	asked []byte // of what is to be said, what has not been
	heard int
	whole bool
}

func open(dir string) (*stage, error) {
	l, err := newLoop()
	if err != nil {
		return nil, err
	}
	p, err := newProvider(l)
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	g, err := launch(dir, p.port)
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	s := &stage{loop: l, gateway: g, provider: p}
	return s, s.until("the gateway to be ready", func() (bool, error) {
		_, err := g.page("/status/ready")
		return err == nil, nil
	})
}

func (s *stage) close() error { return errors.Join(s.gateway.stop(), s.loop.close()) }

// open is how many callers are still connected.
func (s *stage) open() (n int) {
	for _, c := range s.callers {
		if !c.lost {
			n++
		}
	}
	return n
}

func (s *stage) hangUp() {
	for _, c := range s.callers {
		if !c.lost {
			c.lost = true
			s.drop(c.fd)
		}
	}
}

// window is how many callers are on their way at a time.
const window = 64

// gather connects callers who say something each, and waits until each has
// come as far as arrived tells. Without arrived it is enough to have spoken.
func (s *stage) gather(n int, text string, small bool, arrived func(c *caller, heard []byte) bool) error {
	for len(s.callers) < n || s.coming > 0 {
		for len(s.callers) < n && s.coming < window {
			if err := s.call(text, small, arrived); err != nil {
				return err
			}
		}
		if err := s.turn(time.Second); err != nil {
			return err
		}
		if s.open() == 0 {
			return errors.New("the gateway has closed every connection")
		}
	}
	return s.until("the gateway to have them all", func() (bool, error) {
		active, err := s.gateway.active()
		return active >= n, err
	})
}

func (s *stage) call(text string, small bool, arrived func(c *caller, heard []byte) bool) error {
	fd, err := bound(small)
	if err != nil {
		return fmt.Errorf("a socket: %w (ulimit -n)", err)
	}
	c := &caller{fd: fd, asked: []byte(text)}
	s.callers = append(s.callers, c)
	s.coming++
	err = syscall.Connect(fd, &syscall.SockaddrInet4{Port: s.gateway.port, Addr: s.gateway.proxy})
	if err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		return fmt.Errorf("connect: %w", err)
	}
	return s.add(fd, readable|writable, func(events uint32) error { return s.step(c, events, arrived) })
}

// step says what is to be said, then listens.
func (s *stage) step(c *caller, events uint32, arrived func(c *caller, heard []byte) bool) error {
	if events&writable != 0 && len(c.asked) > 0 {
		n, err := syscall.Write(c.fd, c.asked)
		if err != nil && !errors.Is(err, syscall.EAGAIN) {
			return fmt.Errorf("a caller cannot speak: %w", err)
		}
		c.asked = c.asked[max(n, 0):]
	}
	if len(c.asked) == 0 && events&writable != 0 {
		if err := s.watch(c.fd, readable); err != nil {
			return err
		}
		if arrived == nil {
			s.arrive(c)
		}
	}
	if events&readable == 0 {
		return nil
	}
	n, err := syscall.Read(c.fd, s.scratch[:])
	switch {
	case errors.Is(err, syscall.EAGAIN):
	case err != nil || n == 0:
		c.lost = true
		s.drop(c.fd)
		s.arrive(c)
	default:
		c.heard += n
		if arrived != nil && arrived(c, s.scratch[:n]) {
			s.arrive(c)
		}
	}
	return nil
}

func (s *stage) arrive(c *caller) {
	if !c.whole {
		c.whole = true
		s.coming--
	}
}

// idle callers connect and say nothing.
func idle(s *stage, n int) error { return s.gather(n, "", false, nil) }

func question(more string) string {
	body := `{"messages":[{"role":"user","content":"Hello!"}]` + more + `}`
	return "POST /chat HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// asked callers have had an answer and keep their connections.
func asked(s *stage, n int) error {
	end := []byte(answer)[len(answer)-10:]
	return s.gather(n, question(""), false, func(_ *caller, heard []byte) bool { return bytes.Contains(heard, end) })
}

// streams are asked for by callers who read slower than the provider writes.
// Once they have all begun they are looked at a tenth each tenth of a second.
func streams(s *stage, n int) error {
	err := s.gather(n, question(`,"stream":true`), true, func(c *caller, heard []byte) bool {
		if c.heard == len(heard) && !bytes.HasPrefix(heard, []byte("HTTP/1.1 200 ")) {
			c.lost = true
		}
		_ = s.watch(c.fd, 0) // from now on it is read by the clock
		return true
	})
	if err != nil {
		return err
	}
	return s.slowly(func(c *caller) error {
		_, err := syscall.Read(c.fd, s.scratch[:1<<10])
		return err
	})
}

// heads never come to their end.
func heads(s *stage, n int) error {
	if err := s.gather(n, "POST /chat HTTP/1.1\r\nHost: gateway\r\nX-Slow: ", false, nil); err != nil {
		return err
	}
	return s.slowly(s.dribble)
}

// bodies never come to their end either.
func bodies(s *stage, n int) error {
	head := "POST /chat HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(*announce) + "\r\n\r\n"
	if err := s.gather(n, head+`{"messages":[`, false, nil); err != nil {
		return err
	}
	return s.slowly(s.dribble)
}

func (s *stage) dribble(c *caller) error {
	_, err := syscall.Write(c.fd, []byte{' '})
	return err
}

// slowly gives each caller its turn once a second.
func (s *stage) slowly(turn func(*caller) error) error {
	tenth := 0
	for end := time.Now().Add(*hold); time.Now().Before(end); tenth++ {
		for i := tenth % 10; i < len(s.callers); i += 10 {
			c := s.callers[i]
			if c.lost {
				continue
			}
			if err := turn(c); err != nil && !errors.Is(err, syscall.EAGAIN) {
				c.lost = true
				s.drop(c.fd)
			}
		}
		if err := s.pass(100 * time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
