package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-gateway/sluice/h1"
)

// Options of a proxy server.
type Options struct {
	Addresses []Address
	Gateway   Gateway
	Log       *slog.Logger
	Trust     *Trust
	Stats     *Stats
	// TLS is the base of encrypted listeners; GetCertificate is set in it.
	TLS *tls.Config
	// PortMaps are the ports that callers see instead of those that are bound,
	// where something in front of the gateway maps them.
	PortMaps map[int]int
	// MaxHeaderBytes bounds the head of a request; 0 is 32 KiB.
	MaxHeaderBytes int
	// MaxBodyBytes bounds a request body; 0 is no limit.
	MaxBodyBytes int64
	// HeaderTimeout bounds the TLS handshake and reading a head, BodyTimeout
	// the time between two reads of a body, WriteTimeout that between two
	// writes of an answer, IdleTimeout an idle connection; 0 is no bound.
	HeaderTimeout, BodyTimeout, WriteTimeout, IdleTimeout time.Duration
}

// Server holds the sockets of the proxy and serves them.
type Server struct {
	o        Options
	h1       *h1.Server
	watcher  *watcher
	doors    []*door
	stopping atomic.Bool
	cut      atomic.Int64 // exchanges that the stop did not wait for

	mu      sync.Mutex         // guards callers
	callers map[uint64]*caller // those with a connection, by its number
	serving sync.WaitGroup     // one for each of them
}

// Open binds the sockets; nothing is served before Run.
func Open(o Options) (*Server, error) {
	s := &Server{o: o, callers: make(map[uint64]*caller)}
	s.h1 = h1.NewServer(h1.ServerOptions{
		MaxHeaderBytes: o.MaxHeaderBytes, HeadTimeout: o.HeaderTimeout,
		BodyTimeout: o.BodyTimeout, WriteTimeout: o.WriteTimeout, IdleTimeout: o.IdleTimeout,
	})
	s.watcher = newWatcher(s)
	for _, a := range o.Addresses {
		ln, err := a.Listen(context.Background())
		if err != nil {
			_ = s.Close()
			return nil, err
		}
		s.doors = append(s.doors, s.door(a, ln))
	}
	return s, nil
}

// door makes what serves one listener.
func (s *Server) door(a Address, ln net.Listener) *door {
	port := ln.Addr().(*net.TCPAddr).Port
	if seen, mapped := s.o.PortMaps[port]; mapped {
		port = seen
	}
	d := &door{server: s, listener: ln, port: port, portText: strconv.Itoa(port), streams: newHandover(ln.Addr())}
	if a.TLS {
		d.tls = s.o.TLS.Clone()
		d.tls.NextProtos = []string{"http/1.1"}
		if a.HTTP2 {
			d.tls.NextProtos = []string{"h2", "http/1.1"}
		}
	}
	d.http2 = d.http2Server()
	return d
}

// Addrs are the bound addresses, in the order of Options.Addresses.
func (s *Server) Addrs() []net.Addr {
	out := make([]net.Addr, len(s.doors))
	for i, d := range s.doors {
		out[i] = d.listener.Addr()
	}
	return out
}

// Run serves until ctx ends, then stops: no new connections, running
// exchanges get the grace period, what is left is cut.
func (s *Server) Run(ctx context.Context, grace time.Duration) error {
	var wg, watching sync.WaitGroup
	watching.Go(s.watcher.run)
	errs := make(chan error, len(s.doors))
	for _, d := range s.doors {
		wg.Go(d.accept)
		wg.Go(func() { errs <- d.http2.Serve(d.streams) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-errs:
	}
	s.stop(grace)
	wg.Wait()
	s.watcher.close()
	watching.Wait()
	return err
}

func (s *Server) stop(grace time.Duration) {
	s.stopping.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	_ = s.Close()
	s.eachCaller((*caller).wind)
	var wg sync.WaitGroup
	wg.Go(func() { s.awaitCallers(ctx) })
	for _, d := range s.doors {
		wg.Go(func() {
			if d.http2.Shutdown(ctx) != nil {
				_ = d.http2.Close()
			}
		})
	}
	wg.Wait()
}

// awaitCallers returns when no caller has a connection; those that have one
// when ctx ends are cut.
func (s *Server) awaitCallers(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		s.cut.Store(s.o.Stats.running.Load())
		s.eachCaller((*caller).cut)
	})
	defer stop()
	s.serving.Wait()
}

// Cut is how many exchanges the stop ended before they were through.
func (s *Server) Cut() int64 { return s.cut.Load() }

func (s *Server) eachCaller(f func(*caller)) {
	s.mu.Lock()
	all := make([]*caller, 0, len(s.callers))
	for _, c := range s.callers {
		all = append(all, c)
	}
	s.mu.Unlock()
	for _, c := range all {
		f(c)
	}
}

// enter takes a caller in, unless the server is stopping.
func (s *Server) enter(c *caller) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Load() {
		return false
	}
	s.callers[c.number] = c
	s.serving.Add(1)
	return true
}

func (s *Server) leave(c *caller) {
	s.mu.Lock()
	delete(s.callers, c.number)
	s.mu.Unlock()
	s.serving.Done()
}

// caller by its connection's number; nil when it has none any more.
func (s *Server) caller(number uint64) *caller {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.callers[number]
}

// Close releases the listening sockets.
func (s *Server) Close() error {
	var err error
	for _, d := range s.doors {
		err = errors.Join(err, d.listener.Close())
	}
	return err
}

// http2Server is net/http's, for connections that turned out to speak HTTP/2.
func (d *door) http2Server() *http.Server {
	p := new(http.Protocols)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	o := &d.server.o
	return &http.Server{
		Handler:           (*streamDoor)(d),
		ReadHeaderTimeout: o.HeaderTimeout,
		IdleTimeout:       o.IdleTimeout,
		MaxHeaderBytes:    o.MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		ConnState:         o.Stats.observe,
		ConnContext:       withConn,
		Protocols:         p,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 250, WriteByteTimeout: o.WriteTimeout},
	}
}
