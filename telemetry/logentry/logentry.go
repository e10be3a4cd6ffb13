// Package logentry writes the log entry of an exchange: the one JSON object
// that file-log, http-log and every other logging plugin hand out.
//
// It is on the measured path of every logged request, so it appends straight
// to a buffer and builds no maps. It only describes what happened: it must not
// change the exchange, decide who may see an entry, or send it anywhere.
package logentry

import (
	"time"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/flow"
)

// The workspace there is.
const (
	WorkspaceID   = "0dc6f45b-8f8d-40d2-a504-473544ee190b"
	WorkspaceName = "default"
)

// Writer writes entries. It keeps the entities and the names of fields that it
// has written, so it is worth having one for long; it may be used by many
// goroutines at once.
type Writer struct {
	entities cache
	names    names
	seconds  seconds
}

// New returns a writer.
func New() *Writer { return &Writer{} }

// Append appends the entry of a finished exchange to dst: one JSON object
// without a line end.
func (w *Writer) Append(dst []byte, ex *flow.Exchange) []byte {
	base := len(dst)
	dst = w.appendRequest(append(dst, `{"request":`...), ex)
	dst = w.appendResponse(append(dst, `,"response":`...), ex)
	dst = appendUpstream(dst, ex)
	dst = appendLatencies(append(dst, `,"latencies":`...), LatenciesOf(ex))
	dst = w.appendTries(dst, ex.Attempts)
	dst = w.appendWho(dst, ex)
	dst = member(dst, `,"client_ip":`, ex.In.ClientIP)
	dst = w.seconds.append(append(dst, `,"started_at":`...), ex.Started, millis)
	dst = append(dst, `,"source":"`...)
	dst = append(dst, sourceOf(ex)...)
	dst = append(dst, `","workspace":"`+WorkspaceID+`","workspace_name":"`+WorkspaceName+`"`...)
	if ai := ex.AI; ai != nil && ai.LogStatistics {
		dst = appendAI(append(dst, `,"ai":`...), ai)
	}
	return appendFields(dst, base, ex.LogFields())
}

// appendWho writes who asked for what: the entities.
func (w *Writer) appendWho(dst []byte, ex *flow.Exchange) []byte {
	if c := ex.Credential; c != nil {
		dst = member(dst, `,"authenticated_entity":{"id":`, c.ID)
		if c.ConsumerID != "" {
			dst = member(dst, `,"consumer_id":`, c.ConsumerID)
		}
		dst = append(dst, '}')
	}
	if ex.Consumer != nil {
		dst = append(append(dst, `,"consumer":`...), cached(&w.entities, ex.Consumer)...)
	}
	if ex.Service != nil {
		dst = append(append(dst, `,"service":`...), cached(&w.entities, ex.Service)...)
	}
	if ex.Route != nil {
		dst = append(append(dst, `,"route":`...), cached(&w.entities, ex.Route)...)
	}
	return dst
}

// sourceOf says who made the answer.
func sourceOf(ex *flow.Exchange) string {
	if ex.Reply != nil && ex.Reply.Source == flow.FromUpstream {
		return "upstream"
	}
	return "kong"
}

// Latencies are the times of an exchange in milliseconds.
type Latencies struct {
	// Request is the whole time, from the first byte read to the last sent.
	Request int64
	// Kong is the gateway's own time before the upstream was asked; for
	// its own answers, until the answer was there.
	Kong int64
	// Proxy is the time until the upstream's head was there; -1 without an
	// upstream.
	Proxy int64
	// Receive is the time from the upstream's head to the last byte.
	Receive int64
}

// LatenciesOf works out the latencies of a finished exchange.
func LatenciesOf(ex *flow.Exchange) Latencies {
	t := &ex.Times
	l := Latencies{Request: between(ex.Started, t.Done), Proxy: -1}
	// As in the latency headers, the upstream's time begins with the first
	// attempt.
	upstream := t.Upstream
	if len(ex.Attempts) > 0 {
		upstream = ex.Attempts[0].Began
	}
	switch {
	case upstream.IsZero() && t.AccessEnd.IsZero():
		l.Kong = l.Request
	case upstream.IsZero():
		l.Kong = between(ex.Started, t.AccessEnd)
	default:
		l.Kong = between(ex.Started, upstream)
		// An attempt that brought no head ends with our own answer.
		head := t.Head
		if head.IsZero() {
			head = t.Done
		}
		l.Proxy = between(upstream, head)
		l.Receive = between(head, t.Done)
	}
	return l
}

func between(from, to time.Time) int64 {
	if to.IsZero() || to.Before(from) {
		return 0
	}
	return to.Sub(from).Milliseconds()
}

func appendLatencies(dst []byte, l Latencies) []byte {
	dst = number(dst, `{"request":`, l.Request)
	dst = number(dst, `,"kong":`, l.Kong)
	dst = number(dst, `,"proxy":`, l.Proxy)
	dst = number(dst, `,"receive":`, l.Receive)
	return append(dst, '}')
}

// ServiceName is what metrics call a service: its name or host.
func ServiceName(s *config.Service) string {
	switch {
	case s == nil:
		return ""
	case s.Name != "":
		return s.Name
	}
	return s.Host
}

// RouteName is what metrics call a route: its name or id.
func RouteName(r *config.Route) string {
	switch {
	case r == nil:
		return ""
	case r.Name != "":
		return r.Name
	}
	return r.ID
}
