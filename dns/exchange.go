package dns

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	// maxStrays is how many foreign packets are looked at for one question:
	// somebody who floods us with guesses shall not keep us busy.
	maxStrays = 64
	maxUDP    = 4096
)

// errStrays says that too many packets were not for us.
var errStrays = errors.New("too many responses that do not belong to the question")

// ask puts a question to the servers in turn. A reply may carry any code;
// an error means that there is no reply at all.
func (r *Resolver) ask(ctx context.Context, q question) (reply, error) {
	first := r.firstServer()
	var rep reply
	var err error
	for i := range r.opts.Attempts {
		rep, err = r.askServer(ctx, r.servers[(first+i)%len(r.servers)], q)
		if ctx.Err() != nil {
			return reply{}, ErrClosed
		}
		if errors.Is(err, errName) {
			return reply{}, &Error{Kind: NotFound, Cause: err}
		}
		// A server that fails is not asked again; another may know better.
		if err == nil && (!failing(rep.rcode) || i+1 >= len(r.servers)) {
			return rep, nil
		}
	}
	if err == nil {
		return rep, nil
	}
	kind := Failed
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		kind = TimedOut
	}
	return reply{}, &Error{Kind: kind, Cause: err}
}

func failing(c dnsmessage.RCode) bool {
	return c != dnsmessage.RCodeSuccess && c != dnsmessage.RCodeNameError
}

func (r *Resolver) firstServer() int {
	if !r.rotate {
		return 0
	}
	return int(r.turn.Add(1)-1) % len(r.servers)
}

// askServer makes one try, over UDP first. Servers from before EDNS are asked
// again in their way.
func (r *Resolver) askServer(ctx context.Context, server string, q question) (reply, error) {
	for _, edns := range []bool{true, false} {
		rep, err := r.round(ctx, "udp", server, q, edns)
		if err == nil && rep.truncated {
			rep, err = r.round(ctx, "tcp", server, q, edns)
		}
		if err != nil || !refused(rep.rcode) || !edns {
			return rep, err
		}
	}
	return reply{}, nil // not reached
}

// round sends one query over a connection of its own, so that the port of
// every query is another.
func (r *Resolver) round(ctx context.Context, network, server string, q question, edns bool) (reply, error) {
	id := randomID()
	msg, err := q.pack(id, edns)
	if err != nil {
		return reply{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	conn, err := r.opts.Dial(ctx, network, server)
	if err != nil {
		return reply{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if network == "tcp" {
		return overTCP(conn, q, id, msg)
	}
	return overUDP(conn, q, id, msg[2:])
}

func overUDP(conn net.Conn, q question, id uint16, msg []byte) (reply, error) {
	if _, err := conn.Write(msg); err != nil {
		return reply{}, err
	}
	buf := make([]byte, maxUDP)
	for range maxStrays {
		n, err := conn.Read(buf)
		if err != nil {
			return reply{}, err
		}
		rep, err := q.parse(buf[:n], id)
		if !errors.Is(err, errNotOurs) {
			return rep, err
		}
	}
	return reply{}, errStrays
}

func overTCP(conn net.Conn, q question, id uint16, msg []byte) (reply, error) {
	if _, err := conn.Write(msg); err != nil {
		return reply{}, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return reply{}, fmt.Errorf("read length: %w", err)
	}
	buf := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, buf); err != nil {
		return reply{}, fmt.Errorf("read response: %w", err)
	}
	rep, err := q.parse(buf, id)
	if err == nil && rep.truncated {
		err = errors.New("response is truncated over tcp")
	}
	return rep, err
}

func randomID() uint16 {
	var b [2]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint16(b[:])
}
