package admin

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Bounds of what a client may take. A head is to come within headTime, a
// request with its body within requestTime.
const (
	headTime    = 10 * time.Second
	requestTime = time.Minute
	answerTime  = 5 * time.Minute
	idleTime    = 75 * time.Second
	headBytes   = 32 << 10
	// stopTime is for requests that are being answered when a server stops,
	// unusedTime for connections on which no request has come yet.
	stopTime   = 5 * time.Second
	unusedTime = 200 * time.Millisecond
)

// Server serves one of the APIs.
type Server struct {
	http http.Server

	mu     sync.Mutex // guards unused
	unused map[net.Conn]struct{}
}

// Listening is how a server listens.
type Listening struct {
	// TLS, unless nil, encrypts.
	TLS *tls.Config
	// HTTP2 besides HTTP/1.1, also without TLS.
	HTTP2 bool
}

// NewServer makes a server for one of the APIs, with bounds on how long and
// how much a client may send.
func NewServer(h http.Handler, l Listening, log *slog.Logger) *Server {
	s := &Server{unused: map[net.Conn]struct{}{}}
	s.http = http.Server{
		Handler:           h,
		TLSConfig:         l.TLS,
		ReadHeaderTimeout: headTime,
		ReadTimeout:       requestTime,
		WriteTimeout:      answerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headBytes,
		ConnState:         s.note,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		Protocols:         new(http.Protocols),
		// The handler knows better what to say to OPTIONS *.
		DisableGeneralOptionsHandler: true,
	}
	s.http.Protocols.SetHTTP1(true)
	s.http.Protocols.SetHTTP2(l.HTTP2 && l.TLS != nil)
	s.http.Protocols.SetUnencryptedHTTP2(l.HTTP2 && l.TLS == nil)
	return s
}

// Run serves until ctx ends. Then requests that are being answered get a few
// seconds, and everything else is closed. It closes ln.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		s.stop()
	})
	err := s.serve(ln)
	if stop() {
		return err
	}
	<-stopped
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *Server) serve(ln net.Listener) error {
	if s.http.TLSConfig != nil {
		return s.http.ServeTLS(ln, "", "")
	}
	return s.http.Serve(ln)
}

func (s *Server) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	// net/http would wait for them as for requests.
	defer time.AfterFunc(unusedTime, s.closeUnused).Stop()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
}

// note keeps track of the connections on which no request has come yet.
func (s *Server) note(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateNew {
		s.unused[c] = struct{}{}
	} else {
		delete(s.unused, c)
	}
}

func (s *Server) closeUnused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.unused {
		_ = c.Close()
	}
}
