package admin

import (
	"net/http"
	"sync/atomic"

	"github.com/sluice-gateway/sluice/config"
)

// StatusAPI is the Status API. It is open to whoever reaches it.
type StatusAPI struct {
	front
	draining atomic.Bool
}

// statusBody is the longest body the Status API takes: it knows one word.
const statusBody = 64 << 10

// NewStatus makes the Status API.
func NewStatus(o Options) *StatusAPI {
	o.MaxBody = statusBody
	s := &StatusAPI{front: front{o: &o}}
	list := []endpoint{
		{"/status", methods{http.MethodGet: s.status}},
		{"/status/dns", methods{http.MethodGet: statusDNS}},
		{"/status/ready", methods{http.MethodGet: s.ready, http.MethodPost: s.postReady}},
	}
	if o.Metrics != nil {
		list = append(list, endpoint{"/metrics", methods{http.MethodGet: s.metrics}})
	}
	s.table = newTable(list)
	return s
}

// Drain makes the node not ready until it is started again, as POST
// /status/ready does; app calls it when a graceful stop begins.
func (s *StatusAPI) Drain() { s.draining.Store(true) }

func (s *StatusAPI) ready(*request) answer {
	if why := s.notReady(); why != "" {
		return message(http.StatusServiceUnavailable, why)
	}
	return message(http.StatusOK, "ready")
}

func (s *StatusAPI) notReady() string {
	if s.draining.Load() {
		return "draining"
	}
	if s.o.NotReady != nil {
		if why := s.o.NotReady(); why != "" {
			return why
		}
	}
	if s.o.Configuration.Hash() == config.EmptyHash {
		return "no configuration available (empty configuration present)"
	}
	return ""
}

func (s *StatusAPI) postReady(q *request) answer {
	body, err := q.record(func(m map[string]any) map[string]any { return m })
	if err != nil {
		return message(http.StatusBadRequest, err.Error())
	}
	// curl -d without a body of its own is as good: ?status=draining.
	status := body["status"]
	if status == nil {
		status = q.URL.Query().Get("status")
	}
	if status != "draining" {
		return message(http.StatusBadRequest, "status must be 'draining'")
	}
	s.tellDraining(q)
	s.Drain()
	return answer{status: http.StatusNoContent}
}
