// Package dnstest is a DNS server on loopback for tests, over UDP and TCP,
// that says what it is told to say, well-formed or not.
//
// It is for tests only and keeps no rules of its own: what nobody has told it
// does not exist.
package dnstest

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// Types of records.
const (
	A     = dnsmessage.TypeA
	AAAA  = dnsmessage.TypeAAAA
	SRV   = dnsmessage.TypeSRV
	CNAME = dnsmessage.TypeCNAME
)

// RR is a record. Names have no final dot.
type RR struct {
	Name string
	TTL  uint32
	Body dnsmessage.ResourceBody
}

// Script makes the packets that answer a query; over TCP each is one message.
// ctx ends when the server is closed.
type Script func(ctx context.Context, network string, q Query) [][]byte

// Query is what was asked.
type Query struct {
	ID   uint16
	Name string // without the final dot
	Type dnsmessage.Type
	// EDNS tells whether the query carried an OPT record.
	EDNS bool
}

// Server answers on Addr.
type Server struct {
	Addr string

	udp    net.PacketConn
	tcp    net.Listener
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex // guards the fields below
	scripts map[key]Script
	asked   map[key]int
	conns   map[net.Conn]struct{}
}

type key struct {
	name string
	typ  dnsmessage.Type
}

// New starts a server that stops with the test.
func New(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{scripts: map[key]Script{}, asked: map[key]int{}, conns: map[net.Conn]struct{}{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.listen(tb)
	s.wg.Go(s.serveUDP)
	s.wg.Go(s.serveTCP)
	tb.Cleanup(s.Close)
	return s
}

// listen finds a port that is free for both.
func (s *Server) listen(tb testing.TB) {
	tb.Helper()
	var conf net.ListenConfig
	var err error
	for range 20 {
		if s.udp, err = conf.ListenPacket(s.ctx, "udp", "127.0.0.1:0"); err != nil {
			tb.Fatal(err)
		}
		s.Addr = s.udp.LocalAddr().String()
		if s.tcp, err = conf.Listen(s.ctx, "tcp", s.Addr); err == nil {
			return
		}
		_ = s.udp.Close()
	}
	tb.Fatal(err)
}

// Close stops the server and waits for its scripts. Closing twice is allowed.
func (s *Server) Close() {
	s.cancel()
	_ = s.udp.Close()
	_ = s.tcp.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// Script makes a question be answered by f.
func (s *Server) Script(name string, typ dnsmessage.Type, f Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts[key{strings.ToLower(name), typ}] = f
}

// Set makes a question be answered with records.
func (s *Server) Set(name string, typ dnsmessage.Type, rrs ...RR) {
	s.Script(name, typ, func(_ context.Context, _ string, q Query) [][]byte {
		return [][]byte{q.Reply(dnsmessage.RCodeSuccess, rrs)}
	})
}

// Fail makes a question be answered with a code.
func (s *Server) Fail(name string, typ dnsmessage.Type, code dnsmessage.RCode) {
	s.Script(name, typ, func(_ context.Context, _ string, q Query) [][]byte {
		return [][]byte{q.Reply(code, nil)}
	})
}

// Asked counts the queries for a question.
func (s *Server) Asked(name string, typ dnsmessage.Type) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[key{strings.ToLower(name), typ}]
}

// Total counts all queries.
func (s *Server) Total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.asked {
		n += c
	}
	return n
}

func (s *Server) serveUDP() {
	buf := make([]byte, 4096)
	for {
		n, from, err := s.udp.ReadFrom(buf)
		if err != nil {
			return
		}
		msg := append([]byte(nil), buf[:n]...)
		s.wg.Go(func() {
			for _, out := range s.answer("udp", msg) {
				_, _ = s.udp.WriteTo(out, from)
			}
		})
	}
}

func (s *Server) serveTCP() {
	for {
		conn, err := s.tcp.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = struct{}{}
		s.mu.Unlock()
		s.wg.Go(func() {
			s.serveConn(conn)
			_ = conn.Close()
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		})
	}
}

func (s *Server) serveConn(conn net.Conn) {
	var size [2]byte
	for {
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		msg := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, msg); err != nil {
			return
		}
		for _, out := range s.answer("tcp", msg) {
			_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(out))), out...))
		}
	}
}

func (s *Server) answer(network string, msg []byte) [][]byte {
	var m dnsmessage.Message
	if err := m.Unpack(msg); err != nil || len(m.Questions) != 1 {
		return nil
	}
	q := Query{
		ID: m.ID, Name: strings.TrimSuffix(m.Questions[0].Name.String(), "."),
		Type: m.Questions[0].Type, EDNS: len(m.Additionals) > 0,
	}
	k := key{strings.ToLower(q.Name), q.Type}
	s.mu.Lock()
	s.asked[k]++
	f := s.scripts[k]
	s.mu.Unlock()
	if f == nil {
		return [][]byte{q.Reply(dnsmessage.RCodeNameError, nil)}
	}
	return f(s.ctx, network, q)
}

// Reply makes a proper response.
func (q Query) Reply(code dnsmessage.RCode, answers []RR, extra ...RR) []byte {
	m := q.Message(code, answers, extra...)
	return Pack(&m)
}

// Message is Reply before it is packed, for those who want to spoil it.
func (q Query) Message(code dnsmessage.RCode, answers []RR, extra ...RR) dnsmessage.Message {
	return dnsmessage.Message{
		Header:      dnsmessage.Header{ID: q.ID, Response: true, RecursionAvailable: true, RCode: code},
		Questions:   []dnsmessage.Question{{Name: Name(q.Name), Type: q.Type, Class: dnsmessage.ClassINET}},
		Answers:     resources(answers),
		Additionals: resources(extra),
	}
}

// Pack writes a message; one that cannot be written is the test's mistake.
func Pack(m *dnsmessage.Message) []byte {
	b, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return b
}

// Name makes a name of one without its final dot.
func Name(s string) dnsmessage.Name { return dnsmessage.MustNewName(s + ".") }

func resources(rrs []RR) []dnsmessage.Resource {
	out := make([]dnsmessage.Resource, len(rrs))
	for i, rr := range rrs {
		out[i] = dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: Name(rr.Name), Class: dnsmessage.ClassINET, TTL: rr.TTL},
			Body:   rr.Body,
		}
	}
	return out
}

// Addrs makes A or AAAA records of IPs.
func Addrs(name string, ttl uint32, ips ...string) []RR {
	var out []RR
	for _, s := range ips {
		ip := net.ParseIP(s)
		rr := RR{Name: name, TTL: ttl}
		if v4 := ip.To4(); v4 != nil {
			rr.Body = &dnsmessage.AResource{A: [4]byte(v4)}
		} else {
			rr.Body = &dnsmessage.AAAAResource{AAAA: [16]byte(ip)}
		}
		out = append(out, rr)
	}
	return out
}

// Alias makes a CNAME record.
func Alias(name string, ttl uint32, target string) RR {
	return RR{name, ttl, &dnsmessage.CNAMEResource{CNAME: Name(target)}}
}

// Service makes an SRV record.
func Service(name string, ttl uint32, target string, port, weight, priority uint16) RR {
	return RR{name, ttl, &dnsmessage.SRVResource{Target: Name(target), Port: port, Weight: weight, Priority: priority}}
}
