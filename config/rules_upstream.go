package config

import (
	"maps"
	"net"
	"strconv"

	"github.com/sluice-gateway/sluice/schema"
)

// Checks are the checks that only upstreams have.
func (*Upstream) Checks() map[string]schema.Check {
	return map[string]schema.Check{"upstream_name": checkUpstreamName}
}

func checkUpstreamName(s string) string {
	a, ok := schema.ParseAddress(s)
	switch {
	case !ok:
		return "Invalid name ('" + s + "'); must be a valid hostname"
	case a.IP.IsValid():
		return "Invalid name ('" + s + "'); no ip addresses allowed"
	case a.HasPort:
		return "Invalid name ('" + s + "'); no port allowed"
	}
	return ""
}

// Prepare couples algorithm and hash_on, the algorithm first: either decides
// the other when both are written.
func (*Upstream) Prepare(in map[string]any, _ *schema.Errors) map[string]any {
	algorithm, hashOn := in["algorithm"], in["hash_on"]
	if algorithm == nil && hashOn == nil {
		return in
	}
	out := maps.Clone(in)
	if algorithm == "least-connections" || algorithm == "latency" {
		delete(out, "hash_on")
		return out
	}
	switch s, ok := hashOn.(string); {
	case !ok:
	case s != "none":
		out["algorithm"] = "consistent-hashing"
	case algorithm == nil || algorithm == "consistent-hashing":
		out["algorithm"] = "round-robin"
	}
	return out
}

// Validate checks the fields that hashing asks for, and refuses what is not
// supported yet.
func (u *Upstream) Validate(e *schema.Errors) {
	u.hashing(e)
	u.notYet(e)
}

func (u *Upstream) hashing(e *schema.Errors) {
	if e.Has("hash_on") || e.Has("hash_fallback") {
		return
	}
	switch u.HashOn {
	case "none", "cookie":
		if u.HashFallback != "none" {
			e.Conditional("hash_on", "hash_fallback", "expected one of: none")
		}
		if u.HashOn == "cookie" {
			need(e, "hash_on_cookie", u.HashOnCookie, "hash_on")
		}
	case "header":
		need(e, "hash_on_header", u.HashOnHeader, "hash_on")
	case "query_arg":
		need(e, "hash_on_query_arg", u.HashOnQueryArg, "hash_on")
	case "uri_capture":
		need(e, "hash_on_uri_capture", u.HashOnURICapture, "hash_on")
	case "consumer", "ip", "path":
		if u.HashFallback == u.HashOn {
			e.Conditional("hash_on", "hash_fallback", "must not be one of: "+u.HashOn)
		}
	}
	u.fallback(e)
	e.Distinct(u, "hash_on_header", "hash_fallback_header")
	e.Distinct(u, "hash_on_query_arg", "hash_fallback_query_arg")
	e.Distinct(u, "hash_on_uri_capture", "hash_fallback_uri_capture")
}

// need: one field's value makes another one required.
func need(e *schema.Errors, field, value, given string) {
	if value == "" && !e.Has(field) {
		e.Conditional(given, field, schema.MsgRequired)
	}
}

func (u *Upstream) fallback(e *schema.Errors) {
	switch u.HashFallback {
	case "header":
		need(e, "hash_fallback_header", u.HashFallbackHeader, "hash_fallback")
	case "cookie":
		need(e, "hash_on_cookie", u.HashOnCookie, "hash_fallback")
	case "query_arg":
		need(e, "hash_fallback_query_arg", u.HashFallbackQueryArg, "hash_fallback")
	case "uri_capture":
		need(e, "hash_fallback_uri_capture", u.HashFallbackURICapture, "hash_fallback")
	}
}

func (u *Upstream) notYet(e *schema.Errors) {
	if !e.Has("hash_on") && u.HashOn != "none" {
		e.Field("hash_on").Fail("hash_on '" + u.HashOn + "' is not supported yet: leave it out or set it to none")
	} else if !e.Has("algorithm") && u.Algorithm != "round-robin" {
		e.Field("algorithm").Fail("algorithm '" + u.Algorithm + "' is not supported yet: use round-robin")
	}
	h, at := &u.Healthchecks, e.Field("healthchecks")
	const active = "active health checks are not supported yet: set the interval to 0 or leave it out"
	const passive = "passive health checks are not supported yet: set the threshold to 0 or leave it out"
	for _, c := range []struct {
		on         bool
		path, text string
	}{
		{h.Active.Healthy.Interval > 0, "active.healthy.interval", active},
		{h.Active.Unhealthy.Interval > 0, "active.unhealthy.interval", active},
		{h.Passive.Healthy.Successes > 0, "passive.healthy.successes", passive},
		{h.Passive.Unhealthy.TCPFailures > 0, "passive.unhealthy.tcp_failures", passive},
		{h.Passive.Unhealthy.Timeouts > 0, "passive.unhealthy.timeouts", passive},
		{h.Passive.Unhealthy.HTTPFailures > 0, "passive.unhealthy.http_failures", passive},
	} {
		if c.on && !at.Has(c.path) {
			at.At(c.path).Fail(c.text)
		}
	}
}

// DefaultTargetPort is the port of a target that names none.
const DefaultTargetPort = 8000

// Checks are the checks that only targets have.
func (*Target) Checks() map[string]schema.Check {
	return map[string]schema.Check{"target": checkTarget}
}

func checkTarget(s string) string {
	if _, ok := schema.ParseAddress(s); !ok {
		return "Invalid target ('" + s + "'); not a valid hostname or ip address"
	}
	return ""
}

// Validate brings the target into its stored form: with a port, IPv6 written
// out in brackets.
func (t *Target) Validate(e *schema.Errors) {
	if !e.Has("target") {
		t.Target = normalizeTarget(t.Target)
	}
}

func normalizeTarget(s string) string {
	a, ok := schema.ParseAddress(s)
	if !ok {
		return s
	}
	port := DefaultTargetPort
	if a.HasPort {
		port = a.Port
	}
	if a.IP.Is6() {
		return "[" + a.IP.StringExpanded() + "]:" + strconv.Itoa(port)
	}
	return net.JoinHostPort(a.Host, strconv.Itoa(port))
}
