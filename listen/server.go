package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Address is one entry of proxy_listen, admin_listen or status_listen.
type Address struct {
	Host      string
	Port      int
	TLS       bool
	HTTP2     bool
	ReusePort bool
}

// String is host:port.
func (a Address) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// Loopback tells whether only this machine reaches the address.
func (a Address) Loopback() bool {
	if a.Host == "localhost" {
		return true
	}
	ip := net.ParseIP(a.Host)
	return ip != nil && ip.IsLoopback()
}

// ParseAddresses reads a listener setting: a comma-separated list of
// "host:port flag …", or "off".
func ParseAddresses(key, value string) ([]Address, error) {
	if strings.TrimSpace(value) == "off" {
		return nil, nil
	}
	var out []Address
	for entry := range strings.SplitSeq(value, ",") {
		words := strings.Fields(entry)
		if len(words) == 0 {
			continue
		}
		a, err := parseAddress(words)
		if err != nil {
			return nil, fmt.Errorf("%s: %q: %w", key, strings.TrimSpace(entry), err)
		}
		out = append(out, a)
	}
	return out, nil
}

func parseAddress(words []string) (Address, error) {
	host, port, err := net.SplitHostPort(words[0])
	if err != nil {
		return Address{}, errors.New("must be host:port followed by flags")
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 0 || n > 65535 {
		return Address{}, fmt.Errorf("port %q must be a number from 0 to 65535", port)
	}
	a := Address{Host: host, Port: n}
	for _, flag := range words[1:] {
		switch {
		case flag == "ssl":
			a.TLS = true
		case flag == "http2":
			a.HTTP2 = true
		case flag == "reuseport", flag == "deferred", flag == "bind", strings.HasPrefix(flag, "backlog="),
			strings.HasPrefix(flag, "ipv6only="), strings.HasPrefix(flag, "so_keepalive="):
			// Tuning of nginx's sockets; ours need none.
		default:
			return Address{}, fmt.Errorf("flag %q is not supported", flag)
		}
	}
	return a, nil
}

// Stats count connections, as the status page shows them.
type Stats struct {
	accepted, active, running, requests atomic.Int64
}

// Accepted is how many connections have been taken.
func (s *Stats) Accepted() int64 { return s.accepted.Load() }

// Active is how many connections are open.
func (s *Stats) Active() int64 { return s.active.Load() }

// Idle is how many of them wait for a request. With several requests on one
// HTTP/2 connection it is a lower bound.
func (s *Stats) Idle() int64 { return max(s.active.Load()-s.running.Load(), 0) }

// Requests is how many requests have been read.
func (s *Stats) Requests() int64 { return s.requests.Load() }

// Options of a proxy server.
type Options struct {
	Addresses []Address
	Gateway   Gateway
	Log       *slog.Logger
	Trust     *Trust
	Stats     *Stats
	// TLS is the base of encrypted listeners; GetCertificate is set in it.
	TLS *tls.Config
	// MaxHeaderBytes bounds the head of a request; 0 is 32 KiB.
	MaxHeaderBytes int
	// MaxBodyBytes bounds a request body; 0 is no limit.
	MaxBodyBytes int64
	// HeaderTimeout bounds reading a head, BodyTimeout the time between two
	// reads of a body, IdleTimeout an idle connection; 0 is no bound.
	HeaderTimeout, BodyTimeout, IdleTimeout time.Duration
}

// Server holds the sockets of the proxy and serves them.
type Server struct {
	o         Options
	listeners []net.Listener
	servers   []*http.Server
	watcher   *watcher
}

// Open binds the sockets; nothing is served before Run.
func Open(o Options) (*Server, error) {
	s := &Server{o: o, watcher: newWatcher()}
	for _, a := range o.Addresses {
		ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", a.String())
		if err != nil {
			_ = s.closeListeners()
			return nil, fmt.Errorf("listen on %s: %w", a, err)
		}
		if !a.TLS {
			ln = quietly(ln)
		}
		s.listeners = append(s.listeners, ln)
		s.servers = append(s.servers, s.server(a, ln))
	}
	return s, nil
}

// Addrs are the bound addresses, in the order of Options.Addresses.
func (s *Server) Addrs() []net.Addr {
	out := make([]net.Addr, len(s.listeners))
	for i, ln := range s.listeners {
		out[i] = ln.Addr()
	}
	return out
}

func (s *Server) server(a Address, ln net.Listener) *http.Server {
	port := ln.Addr().(*net.TCPAddr).Port
	d := &door{
		gateway: s.o.Gateway, log: s.o.Log, trust: s.o.Trust, stats: s.o.Stats,
		port: port, portText: strconv.Itoa(port), maxBody: s.o.MaxBodyBytes, slowBody: s.o.BodyTimeout, watcher: s.watcher,
	}
	srv := &http.Server{
		Handler:           d,
		ReadHeaderTimeout: s.o.HeaderTimeout,
		IdleTimeout:       s.o.IdleTimeout,
		MaxHeaderBytes:    s.o.MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
		ConnState:         s.o.Stats.observe,
		ConnContext:       withConn,
		Protocols:         protocols(a),
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 250},
	}
	if a.TLS {
		srv.TLSConfig = s.o.TLS.Clone()
	}
	return srv
}

// protocols: HTTP/1.1 everywhere; HTTP/2 by ALPN where asked for, and in
// cleartext with prior knowledge on every plain listener.
func protocols(a Address) *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	if a.TLS {
		p.SetHTTP2(a.HTTP2)
	} else {
		p.SetUnencryptedHTTP2(true)
	}
	return p
}

func (s *Stats) observe(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.accepted.Add(1)
		s.active.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.active.Add(-1)
	case http.StateActive, http.StateIdle:
	}
}

// Run serves until ctx ends, then stops: no new connections, running
// exchanges get the grace period, what is left is cut.
func (s *Server) Run(ctx context.Context, grace time.Duration) error {
	var wg, watching sync.WaitGroup
	watchCtx, stopWatching := context.WithCancel(context.WithoutCancel(ctx))
	watching.Go(func() { s.watcher.run(watchCtx) })
	errs := make(chan error, len(s.servers))
	for i, srv := range s.servers {
		wg.Go(func() { errs <- s.serve(srv, s.listeners[i]) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-errs:
	}
	s.stop(grace)
	wg.Wait()
	stopWatching()
	watching.Wait()
	return err
}

func (s *Server) serve(srv *http.Server, ln net.Listener) error {
	var err error
	if srv.TLSConfig != nil {
		err = srv.ServeTLS(ln, "", "")
	} else {
		err = srv.Serve(ln)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *Server) stop(grace time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var wg sync.WaitGroup
	for _, srv := range s.servers {
		wg.Go(func() {
			if srv.Shutdown(ctx) != nil {
				_ = srv.Close()
			}
		})
	}
	wg.Wait()
}

// Close releases the sockets of a server that was not run.
func (s *Server) Close() error { return s.closeListeners() }

func (s *Server) closeListeners() error {
	var err error
	for _, ln := range s.listeners {
		err = errors.Join(err, ln.Close())
	}
	return err
}
