package settings

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/listen"
	"github.com/sluice-gateway/sluice/schema"
)

// checks are what single values are held against beyond enum and between.
var checks = map[string]func(key string, v any) error{
	"accesslog":       checkAccessLog,
	"headers":         checkHeaders,
	"headersupstream": checkHeadersUpstream,
	"listen":          checkListen,
	"loopback":        checkLoopback,
	"nameservers":     checkNameservers,
	"pageurls":        checkPageURLs,
	"portmaps":        checkPortMaps,
	"realipheader":    checkRealIPHeader,
	"trustedips":      checkTrustedIPs,
	"uuid":            checkUUID,
}

func checkAccessLog(_ string, v any) error {
	if strings.ContainsAny(v.(string), " \t") {
		return errors.New("must be a path or off: a log format of one's own is not supported, use the plugin file-log")
	}
	return nil
}

// headerNames are what the setting headers knows, in lower case.
var headerNames = []string{
	"off", "server_tokens", "latency_tokens", "server", "via", "x-kong-proxy-latency", "x-kong-upstream-latency",
	"x-kong-response-latency", "x-kong-admin-latency", "x-kong-upstream-status", "x-kong-request-id",
}

func checkHeaders(_ string, v any) error {
	for _, name := range v.([]string) {
		if !slices.Contains(headerNames, strings.ToLower(name)) {
			return fmt.Errorf("%q must be one of: %s", name, strings.Join(headerNames, ", "))
		}
	}
	return nil
}

func checkHeadersUpstream(_ string, v any) error {
	for _, name := range v.([]string) {
		if name = strings.ToLower(name); name != "off" && name != "x-kong-request-id" {
			return fmt.Errorf("%q must be one of: x-kong-request-id, off", name)
		}
	}
	return nil
}

func checkListen(key string, v any) error {
	_, err := listen.ParseAddresses(key, v.(string))
	if err == nil {
		return nil
	}
	// The key stands before every problem already.
	return errors.New(strings.TrimPrefix(err.Error(), key+": "))
}

func checkLoopback(key string, v any) error {
	addrs, err := listen.ParseAddresses(key, v.(string))
	switch {
	case err != nil:
		return errors.New(strings.TrimPrefix(err.Error(), key+": "))
	case len(addrs) > 1 || len(addrs) == 1 && (addrs[0].TLS || addrs[0].HTTP2):
		return errors.New("must be off or one host:port without flags")
	case len(addrs) == 1 && !addrs[0].Loopback():
		return fmt.Errorf("%s is reachable from other machines: use a loopback address such as 127.0.0.1:8009", addrs[0])
	}
	return nil
}

func checkNameservers(_ string, v any) error {
	for _, s := range v.([]string) {
		a, ok := schema.ParseAddress(s)
		if !ok || !a.IP.IsValid() {
			return fmt.Errorf("%q must be the address of a name server, with or without a port", s)
		}
	}
	return nil
}

func checkPageURLs(_ string, v any) error {
	for _, page := range v.([]string) {
		if _, err := originOf(page); err != nil {
			return err
		}
	}
	return nil
}

func checkRealIPHeader(_ string, v any) error {
	name := v.(string)
	if name == "proxy_protocol" {
		return errors.New("the PROXY protocol is not in this version; use the name of a header")
	}
	if strings.ContainsAny(name, " \t:,") {
		return fmt.Errorf("%q must be the name of a header", name)
	}
	return nil
}

func checkTrustedIPs(_ string, v any) error {
	_, err := listen.NewTrust(v.([]string), "", false)
	if err == nil {
		return nil
	}
	return errors.New(strings.TrimPrefix(err.Error(), "trusted_ips: "))
}

func checkUUID(_ string, v any) error {
	if !schema.IsUUID(v.(string)) {
		return errors.New("must be a UUID")
	}
	return nil
}

// checkTogether holds settings against each other.
func (l *loader) checkTogether() {
	s := l.s
	if s.DeclarativeConfig != "" && s.DeclarativeConfigString != "" {
		l.failKey("declarative_config", "is set together with declarative_config_string: remove one of them")
	}
	l.pair("ssl_cert", len(s.SSLCert), len(s.SSLCertKey))
	l.pair("admin_ssl_cert", len(s.AdminSSLCert), len(s.AdminSSLCertKey))
	l.pair("status_ssl_cert", len(s.StatusSSLCert), len(s.StatusSSLCertKey))
	if s.ClientSSL && (s.ClientSSLCert == "" || s.ClientSSLCertKey == "") {
		l.failKey("client_ssl", "is on: set client_ssl_cert and client_ssl_cert_key too")
	}
	if s.SSLCipherSuite == "modern" && !slices.Contains(s.SSLProtocols, "TLSv1.3") {
		l.failKey("ssl_cipher_suite", "modern needs TLSv1.3 among ssl_protocols")
	}
	l.checkClients("admin", s.AdminListen, s.AdminClients())
	l.checkClients("status", s.StatusListen, s.StatusClients())
	l.checkAdmin()
	l.checkPorts()
	for _, where := range []string{s.ProxyListen, s.AdminListen, s.StatusListen} {
		l.flags = append(l.flags, idleFlags(where)...)
	}
}

// idleFlags are the flags of listeners that only tune nginx's sockets.
func idleFlags(where string) []string {
	var out []string
	for entry := range strings.SplitSeq(where, ",") {
		words := strings.Fields(entry)
		for _, flag := range words[min(1, len(words)):] {
			name, _, _ := strings.Cut(flag, "=")
			if !slices.Contains([]string{"ssl", "http2", "ipv6only"}, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

func (l *loader) failKey(key, message string) { l.fail(key, l.raw[key].origin, message) }

func (l *loader) pair(key string, certs, keys int) {
	if certs != keys {
		l.failKey(key, fmt.Sprintf("has %d certificates but %s_key has %d keys: each needs its own", certs, key, keys))
	}
}

// checkClients holds what is said about client certificates against itself.
func (l *loader) checkClients(api, where string, c ClientCertificates) {
	verify, authorities := "nginx_"+api+"_ssl_verify_client", "nginx_"+api+"_ssl_client_certificate"
	switch {
	case c.Ask && len(c.Authorities) == 0:
		l.failKey(verify, "asks for certificates: set "+authorities+" to the CA that they come from")
	case !c.Ask && len(c.Authorities) > 0:
		l.failKey(authorities, "verifies nobody while "+verify+" is off: set it to on or optional, or remove both")
	case c.Ask && onlyPlain(where):
		l.failKey(verify, "needs a listener with the flag ssl in "+api+"_listen")
	}
}

func onlyPlain(where string) bool {
	addrs, _ := listen.ParseAddresses("", where)
	return len(addrs) > 0 && !slices.ContainsFunc(addrs, func(a listen.Address) bool { return a.TLS })
}

// checkAdmin keeps the Admin API from being open to other machines by mistake.
func (l *loader) checkAdmin() {
	certificates := l.s.AdminClients()
	_, given := l.raw["admin_token"]
	switch {
	case given && l.s.AdminToken == "": // what is wrong with it has been said
	case l.s.AdminAuth == "token" && l.s.AdminToken == "":
		l.failKey("admin_auth", "wants a token: set admin_token, for instance to {vault://env/admin-token}")
	case l.s.AdminAuth == "auto" && l.s.AdminToken == "":
		if open := reachable(l.s.AdminListen, certificates.Ask); open != "" {
			l.failKey("admin_listen", open+" is reachable from other machines: set admin_token, "+
				"for instance to {vault://env/admin-token}; or admin_auth = off if something else guards the port")
		}
	case l.s.AdminAuth == "off":
		if open := reachable(l.s.AdminListen, certificates.Require); open != "" {
			l.more = append(l.more, Warning{
				Message: "the Admin API is open to everyone who reaches it",
				Attrs:   []slog.Attr{slog.String("admin_listen", open), slog.String("admin_auth", "off")},
			})
		}
	}
}

// reachable gives the first address that is not loopback; those with TLS do
// not count where they are guarded.
func reachable(where string, guarded bool) string {
	addrs, err := listen.ParseAddresses("", where)
	if err != nil {
		return ""
	}
	for _, a := range addrs {
		if !a.Loopback() && (!a.TLS || !guarded) {
			return a.String()
		}
	}
	return ""
}

// checkPorts finds addresses that two listeners want.
func (l *loader) checkPorts() {
	type claim struct {
		key  string
		addr listen.Address
	}
	var claims []claim
	for _, c := range []struct{ key, value string }{
		{"proxy_listen", l.s.ProxyListen},
		{"admin_listen", l.s.AdminListen},
		{"status_listen", l.s.StatusListen},
		{"demo_listen", l.s.DemoListen},
	} {
		addrs, err := listen.ParseAddresses(c.key, c.value)
		if err != nil {
			continue
		}
		for _, a := range addrs {
			for _, other := range claims {
				if a.Overlaps(other.addr) {
					l.failKey(c.key, fmt.Sprintf("%s is taken by %s of %s: choose another port", a, other.addr, other.key))
				}
			}
			claims = append(claims, claim{c.key, a})
		}
	}
}
