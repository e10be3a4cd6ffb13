package admin

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A page can give its own name the address 127.0.0.1 and then reads an API on
// loopback as if it were its own: to the browser both are the same origin. The
// name shows in Host. So an API that asks for no credentials and that only this
// machine reaches answers to its own names only, to reads as well.

// misaddressed says what is wrong with the Host of a request; "" is nothing.
func (f *front) misaddressed(r *http.Request) string {
	if !f.guarded || f.o.Hosts == nil || f.o.Auth.tokens() || f.answersTo(hostOnly(r.Host)) {
		return ""
	}
	return "the Host '" + hostOnly(r.Host) + "' is no name of this Admin API: use 127.0.0.1 or localhost, or set admin_token"
}

// answersTo tells whether a host is one of the API's own. An address cannot
// be pointed elsewhere, so any will do; neither can the empty one, which no
// browser sends.
func (f *front) answersTo(host string) bool {
	if host == "" || host == "localhost" || net.ParseIP(host) != nil {
		return true
	}
	is := func(own string) bool { return strings.EqualFold(own, host) }
	return slices.ContainsFunc(f.o.Hosts, is) || slices.ContainsFunc(f.o.Origins, func(origin string) bool {
		u, err := url.Parse(origin)
		return err == nil && is(u.Hostname())
	})
}
