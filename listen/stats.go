package listen

import (
	"net"
	"net/http"
	"sync/atomic"
)

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

func (s *Stats) opened() {
	s.accepted.Add(1)
	s.active.Add(1)
}

func (s *Stats) closed() { s.active.Add(-1) }

// observe counts the connections that were handed over: they have been
// accepted before.
func (s *Stats) observe(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.active.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.active.Add(-1)
	case http.StateActive, http.StateIdle:
	}
}
