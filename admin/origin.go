package admin

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Browsers send requests on behalf of any page somebody looks at, also to an
// Admin API that only listens on loopback. Echoing every Origin, as the
// original does, would let any page read keys and replace the configuration.
// So an unknown page is answered as if it had no right to look, and may not
// write.

// mayWrite tells whether the page that sent a request, if any, may change
// something.
func (f *front) mayWrite(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		site := r.Header.Get("Sec-Fetch-Site")
		return site == "" || site == "same-origin" || site == "none"
	}
	return f.trusts(r, origin)
}

// trusts tells whether pages of an origin may use the API.
func (f *front) trusts(r *http.Request, origin string) bool {
	if slices.Contains(f.o.Origins, origin) {
		return true
	}
	if !f.guarded || len(f.o.Origins) > 0 {
		return false
	}
	// A page must be given the token; a certificate is sent by the browser on
	// its own.
	if f.o.Auth.tokens() && !f.o.Auth.ClientCertificates {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" {
		return false
	}
	return strings.EqualFold(u.Hostname(), hostOnly(r.Host)) || isLoopback(u.Hostname()) && isLoopback(hostOnly(r.Host))
}

func hostOnly(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return strings.Trim(hostport, "[]")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// cors sets the headers that tell a browser which page may read the answer.
func (f *front) cors(h http.Header, r *http.Request) {
	if !f.guarded {
		return
	}
	origin := r.Header.Get("Origin")
	switch {
	case origin != "" && f.trusts(r, origin):
	case len(f.o.Origins) > 0:
		origin = f.o.Origins[0]
	case origin == "":
		origin = "*"
	default:
		h.Set("Vary", "Origin")
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Vary", "Origin")
}
