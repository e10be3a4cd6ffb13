package engine

import (
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/flow"
)

// Headers says which fields of its own the gateway puts on answers: the
// setting headers.
type Headers struct {
	// Agent is "sluice/<version>".
	Agent string
	via   string
	via2  string

	Server, Via, ProxyLatency, UpstreamLatency, ResponseLatency bool
	UpstreamStatus, RequestID, AdminLatency                     bool
	// Names as configured.
	Names []string
}

// NewHeaders reads the setting headers: names, the aliases server_tokens and
// latency_tokens, or off alone.
func NewHeaders(agent string, names []string) Headers {
	h := Headers{Agent: agent, via: "1.1 " + agent, via2: "2 " + agent, Names: names}
	for _, n := range names {
		switch strings.ToLower(n) {
		case "server_tokens":
			h.Server, h.Via = true, true
		case "latency_tokens":
			h.ProxyLatency, h.UpstreamLatency, h.ResponseLatency, h.AdminLatency = true, true, true, true
		case "server":
			h.Server = true
		case "via":
			h.Via = true
		case "x-kong-proxy-latency":
			h.ProxyLatency = true
		case "x-kong-upstream-latency":
			h.UpstreamLatency = true
		case "x-kong-response-latency":
			h.ResponseLatency = true
		case "x-kong-admin-latency":
			h.AdminLatency = true
		case "x-kong-upstream-status":
			h.UpstreamStatus = true
		case "x-kong-request-id":
			h.RequestID = true
		}
	}
	return h
}

// finish adds the fields to an answer.
func (h *Headers) finish(ex *flow.Exchange, r *flow.Reply) {
	now := time.Now()
	if r.Attempted {
		h.proxied(ex, r)
	} else {
		h.own(ex, r, now)
	}
	if h.RequestID {
		r.Header.Set("X-Kong-Request-Id", ex.ID)
	} else {
		r.Header.Del("X-Kong-Request-Id")
	}
}

func (h *Headers) own(ex *flow.Exchange, r *flow.Reply, now time.Time) {
	if r.Header.Get("Via") != h.via {
		if h.Server {
			r.Header.Set("Server", h.Agent)
		} else {
			r.Header.Del("Server")
		}
	}
	if h.ResponseLatency {
		r.Header.Set("X-Kong-Response-Latency", ms(now.Sub(ex.Started)))
	}
}

func (h *Headers) proxied(ex *flow.Exchange, r *flow.Reply) {
	if h.Server && !r.Header.Has("Server") {
		r.Header.Add("Server", h.Agent)
	}
	if h.Via && r.Source == flow.FromUpstream {
		via := h.via
		if ex.Out.Scheme == "grpc" || ex.Out.Scheme == "grpcs" {
			via = h.via2
		}
		if old := r.Header.Get("Via"); old != "" {
			via = old + ", " + via
		}
		r.Header.Set("Via", via)
	}
	upstream := ex.Times.Head
	if upstream.IsZero() {
		upstream = time.Now()
	}
	if h.UpstreamLatency {
		r.Header.Set("X-Kong-Upstream-Latency", ms(upstream.Sub(ex.Attempts[0].Began)))
	}
	if h.ProxyLatency {
		r.Header.Set("X-Kong-Proxy-Latency", ms(ex.Attempts[0].Began.Sub(ex.Started)))
	}
	if last := &ex.Attempts[len(ex.Attempts)-1]; h.UpstreamStatus && last.Status != 0 {
		r.Header.Set("X-Kong-Upstream-Status", strconv.Itoa(last.Status))
	}
}

// ms is a duration in whole milliseconds; small ones cost no allocation.
func ms(d time.Duration) string {
	return strconv.FormatInt(max(d.Milliseconds(), 0), 10)
}
