package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/schema"
)

// protocolSets are the sets that a route's protocols must stay within one of,
// each with how messages write it.
var protocolSets = []struct {
	names []string
	text  string
}{
	{[]string{"http", "https"}, "('http', 'https')"},
	{[]string{"tcp", "tls", "udp"}, "('tcp', 'tls', 'udp')"},
	{[]string{"tls_passthrough"}, "('tls_passthrough')"},
	{[]string{"grpc", "grpcs"}, "('grpc', 'grpcs')"},
	{[]string{"ws", "wss"}, "('ws', 'wss')"},
}

// Checks are the checks that only routes have.
func (*Route) Checks() map[string]schema.Check {
	return map[string]schema.Check{
		"route_host": checkRouteHost, "route_path": checkRoutePath, "match_header": checkMatchHeader,
	}
}

// Prepare makes strip_path false by default for grpc routes.
func (*Route) Prepare(in map[string]any, _ *schema.Errors) map[string]any {
	protocols, _ := in["protocols"].([]any)
	if in["strip_path"] != nil || !slices.Contains(protocols, any("grpc")) && !slices.Contains(protocols, any("grpcs")) {
		return in
	}
	out := maps.Clone(in)
	out["strip_path"] = false
	return out
}

// EntityChecks are the rules below as the schema JSON can say them.
func (*Route) EntityChecks() []any {
	return []any{map[string]any{"conditional_at_least_one_of": map[string]any{
		"if_field": "protocols", "if_match": map[string]any{"contains": "https"},
		"then_at_least_one_of": []any{"methods", "hosts", "headers", "paths", "snis"},
	}}}
}

// Validate checks the protocols and what may be matched with them.
func (r *Route) Validate(e *schema.Errors) {
	if e.Has("protocols") {
		return
	}
	var sets []string
	for _, s := range protocolSets {
		if slices.ContainsFunc(r.Protocols, func(p string) bool { return slices.Contains(s.names, p) }) {
			sets = append(sets, s.text)
		}
	}
	if len(sets) > 1 {
		e.Field("protocols").Fail("these sets are mutually exclusive: " + strings.Join(sets, ", "))
		return
	}
	if i := slices.IndexFunc(r.Protocols, isStream); i >= 0 {
		e.Field("protocols").Fail(refuseProtocol(r.Protocols[i]))
		return
	}
	r.needMatcher(e)
	r.forbidden(e)
}

func isStream(protocol string) bool {
	switch protocol {
	case "http", "https", "grpc", "grpcs":
		return false
	}
	return true
}

func refuseProtocol(p string) string {
	return "protocol '" + p + "' is not supported yet: use http, https, grpc or grpcs"
}

// needMatcher: a route has to match on something.
func (r *Route) needMatcher(e *schema.Errors) {
	has := func(p string) bool { return slices.Contains(r.Protocols, p) }
	some := len(r.Hosts) > 0 || len(r.Headers) > 0 || len(r.Paths) > 0
	methods, snis := len(r.Methods) > 0, len(r.SNIs) > 0
	var fields, protocol string
	switch {
	case has("https"):
		some, fields, protocol = some || methods || snis, "'methods', 'hosts', 'headers', 'paths', 'snis'", "https"
	case has("http"):
		some, fields, protocol = some || methods, "'methods', 'hosts', 'headers', 'paths'", "http"
	case has("grpcs"):
		some, fields, protocol = some || snis, "'hosts', 'headers', 'paths', 'snis'", "grpcs"
	case has("grpc"):
		fields, protocol = "'hosts', 'headers', 'paths'", "grpc"
	}
	if some || e.Has("hosts") || e.Has("headers") || e.Has("paths") || e.Has("methods") || e.Has("snis") {
		return
	}
	e.Entity("must set one of " + fields + " when 'protocols' is '" + protocol + "'")
}

// forbidden: what the protocols do not allow to be set.
func (r *Route) forbidden(e *schema.Errors) {
	when := "'http' or 'https'"
	if slices.Contains(r.Protocols, "grpc") || slices.Contains(r.Protocols, "grpcs") {
		when = "'grpc' or 'grpcs'"
		cannotSet(e, "methods", len(r.Methods) > 0, when)
		cannotSet(e, "strip_path", r.StripPath, when)
	}
	cannotSet(e, "sources", len(r.Sources) > 0, when)
	cannotSet(e, "destinations", len(r.Destinations) > 0, when)
	secure := slices.Contains(r.Protocols, "https") || slices.Contains(r.Protocols, "grpcs")
	if len(r.SNIs) > 0 && !secure {
		e.Entity("'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'")
	}
}

func cannotSet(e *schema.Errors, field string, set bool, when string) {
	if set {
		e.Field(field).Fail("cannot set '" + field + "' when 'protocols' is " + when)
	}
}

// checkRouteHost: a host with an optional port and at most one wildcard label
// at either end.
func checkRouteHost(s string) string {
	switch strings.Count(s, "*") {
	case 0:
	case 1:
		name, _, _ := strings.Cut(s, ":")
		if !strings.HasPrefix(name, "*.") && !strings.HasSuffix(name, ".*") {
			return "invalid wildcard: must be placed at leftmost or rightmost label"
		}
		s = strings.Replace(s, "*", "w", 1)
	default:
		return "invalid wildcard: must have at most one wildcard"
	}
	if _, ok := schema.ParseAddress(s); !ok {
		return "invalid value: " + s
	}
	return ""
}

// checkRoutePath: a normalized prefix, or ~ and a regular expression.
func checkRoutePath(s string) string {
	switch {
	case !strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "~/"):
		return "should start with: / (fixed path) or ~/ (regex path)"
	case strings.Contains(s, "//"):
		return "must not have empty segments"
	case s[0] == '~':
		if _, err := regexp.Compile(s[1:]); err != nil {
			return "invalid regex: '" + s[1:] + "' (PCRE returned: " + err.Error() + ")"
		}
		return ""
	}
	if p := normalizePath(s); p != s {
		return "non-normalized path, consider use '" + p + "' instead"
	}
	return ""
}

func checkMatchHeader(s string) string {
	if strings.EqualFold(s, "host") {
		return "cannot contain 'host' header, which must be specified in the 'hosts' attribute"
	}
	for i := range len(s) {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			continue
		}
		return "bad header name '" + s + "', allowed characters are A-Z, a-z, 0-9, '_', and '-'"
	}
	return ""
}
