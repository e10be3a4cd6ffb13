package config

import (
	"maps"
	"net/url"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/schema"
)

// Prepare turns the shorthand url into protocol, host, port and path.
func (*Service) Prepare(in map[string]any, e *schema.Errors) map[string]any {
	text, there := in["url"]
	if !there || text == nil {
		return in
	}
	s, ok := text.(string)
	if !ok {
		e.Field("url").Fail("expected a string")
		return in
	}
	out := maps.Clone(in)
	maps.Copy(out, splitURL(s))
	return out
}

// splitURL reads a URL leniently: what is missing is left to the defaults and
// to the checks of the fields.
func splitURL(s string) map[string]any {
	out := map[string]any{"port": int64(80), "path": nil}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		scheme, rest = "", s
	}
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	if u, err := url.Parse(path); err == nil && u.EscapedPath() != "" {
		out["path"] = u.EscapedPath()
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		authority = authority[i+1:]
	}
	host, port := authority, ""
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		host, port = authority[:i], authority[i+1:]
	}
	if host != "" {
		out["host"] = host
	}
	if scheme == "https" {
		out["port"] = int64(443)
	}
	if n, err := strconv.ParseInt(port, 10, 64); err == nil {
		out["port"] = n
	}
	switch {
	case scheme != "":
		out["protocol"] = scheme
	case out["port"] == int64(443):
		out["protocol"] = "https"
	default:
		out["protocol"] = "http"
	}
	return out
}

// EntityChecks are the rules below as the schema JSON can say them.
func (*Service) EntityChecks() []any {
	null := func(field string, protocols ...any) any {
		return map[string]any{"conditional": map[string]any{
			"if_field": "protocol", "if_match": map[string]any{"one_of": protocols},
			"then_field": field, "then_match": map[string]any{"eq": nil},
		}}
	}
	plain := []any{"http", "grpc", "grpcs", "tcp", "udp", "tls_passthrough"}
	return []any{
		null("path", "tcp", "tls", "udp", "grpc", "grpcs"),
		null("client_certificate", plain...), null("tls_verify", plain...),
		null("tls_verify_depth", plain...), null("ca_certificates", plain...),
	}
}

// Validate checks what the protocol allows to be set.
func (s *Service) Validate(e *schema.Errors) {
	if e.Has("protocol") {
		return
	}
	if isStream(s.Protocol) {
		e.Field("protocol").Fail(refuseProtocol(s.Protocol))
		return
	}
	if s.Protocol == "grpc" || s.Protocol == "grpcs" {
		e.NullUnless(s, "protocol", "path")
	}
	if s.Protocol != "https" {
		e.NullUnless(s, "protocol", "client_certificate", "tls_verify", "tls_verify_depth", "ca_certificates")
	}
}
