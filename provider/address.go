package provider

import (
	"strings"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/schema"
)

// checkAddress refuses an address of which the caller chooses the host, where
// the gateway's credential would go along: whoever may ask could have it sent
// to a server of their own. A part of a name in front of a fixed domain is no
// such choice.
func checkAddress(e *schema.Errors, r *Record) {
	if !sendsSecret(r) {
		return
	}
	o := &r.Model.Options
	if host, _ := cutAuthority(o.UpstreamURL); HasTemplate(host) && !fixed(host) {
		e.At("model.options.upstream_url").Fail("a template must not choose the host, which the credential is sent to: end the host with a fixed domain, such as $(headers.x).example.com, or leave out auth")
	}
	if HasTemplate(o.Gemini.APIEndpoint) && !fixed(o.Gemini.APIEndpoint) {
		e.At("model.options.gemini.api_endpoint").Fail("a template must not choose the host, which the credential is sent to: end it with a fixed domain, such as .googleapis.com")
	}
}

// sendsSecret tells whether questions carry something that proves the gateway.
// What a provider makes a credential of counts wherever it is configured:
// whether it is used is the provider's matter, and may change.
func sendsSecret(r *Record) bool {
	a := r.Auth
	google := a.GCPUseServiceAccount || a.GCPServiceAccountJSON != ""
	azure := a.AzureUseManagedIdentity || a.AzureClientSecret != ""
	amazon := a.AWSSecretAccessKey != "" || r.Model.Provider == "bedrock"
	return a.HeaderName != "" || a.ParamName != "" || google || azure || amazon
}

// cutAuthority parts a URL behind its host and port.
func cutAuthority(url string) (front, rest string) {
	start := 0
	if i := strings.Index(url, "://"); i >= 0 {
		start = i + len("://")
	}
	if i := strings.IndexAny(url[start:], `/?#\`); i >= 0 {
		return url[:start+i], url[start+i:]
	}
	return url, ""
}

// fixed tells whether the last placeholder of a host stands before a domain of
// two names or more, and nothing but the host is a template.
func fixed(front string) bool {
	if i := strings.Index(front, "://"); i >= 0 {
		if HasTemplate(front[:i]) {
			return false
		}
		front = front[i+len("://"):]
	}
	domain := front[strings.LastIndexByte(front, ')')+1:]
	name, _, _ := strings.Cut(domain, ":")
	return strings.HasPrefix(name, ".") && strings.Contains(strings.Trim(name[1:], "."), ".")
}

// expandHost is Expand for a text that begins with a host. What stands before a
// fixed domain must be a name, or it could end the host there.
func expandHost(ex *flow.Exchange, s string) (string, error) {
	front, rest := cutAuthority(s)
	check := anything
	if fixed(front) {
		check = label
	}
	host, err := expand(ex, front, check)
	if err != nil {
		return "", err
	}
	rest, err = Expand(ex, rest)
	return host + rest, err
}

func anything(string) bool { return true }

// label tells whether s may be a part of a host's name.
func label(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return s != ""
}
