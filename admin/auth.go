package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/sluice-gateway/sluice/schema"
)

// Auth says who may use the Admin API. Its zero value lets everyone in: then
// the listener's address is the only boundary.
type Auth struct {
	// Tokens of which one must come as Kong-Admin-Token or as a bearer token.
	// Empty ones are ignored.
	Tokens []schema.Secret
	// ClientCertificates says that TLS listeners verify client certificates
	// against a CA that was set up for this purpose; a verified one is as
	// good as a token.
	ClientCertificates bool
}

// tokens tells whether there is any token.
func (a Auth) tokens() bool {
	for _, t := range a.Tokens {
		if t != "" {
			return true
		}
	}
	return false
}

// allows tells whether the request may pass.
func (a Auth) allows(r *http.Request) bool {
	certified := a.ClientCertificates && r.TLS != nil && len(r.TLS.VerifiedChains) > 0
	switch {
	case a.tokens():
		return certified || a.presented(r)
	case a.ClientCertificates && r.TLS != nil:
		return certified
	}
	// A plain listener without tokens is on loopback, or meant to be open:
	// CheckBinds saw to it.
	return true
}

// presented tells whether the request carries a token. All tokens are always
// compared, by their hashes: how long it takes says nothing about them.
func (a Auth) presented(r *http.Request) bool {
	given := r.Header.Get("Kong-Admin-Token")
	if given == "" {
		given = bearer(r.Header.Get("Authorization"))
	}
	sum, match := sha256.Sum256([]byte(given)), 0
	for _, t := range a.Tokens {
		if t == "" {
			continue
		}
		want := sha256.Sum256([]byte(t.Reveal()))
		match |= subtle.ConstantTimeCompare(sum[:], want[:])
	}
	return match == 1
}

func bearer(field string) string {
	scheme, token, _ := strings.Cut(field, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// Bind is an address that the Admin API listens on.
type Bind struct {
	// Address as host:port, for the message.
	Address string
	// Loopback: only this machine reaches it.
	Loopback bool
	// TLS: the listener speaks TLS.
	TLS bool
}

// CheckBinds refuses listeners that other machines reach and that ask for no
// credentials. admin_auth = off skips it, at the owner's risk; app calls it
// at start.
func CheckBinds(binds []Bind, a Auth) error {
	var all error
	for _, b := range binds {
		if b.Loopback || a.tokens() || a.ClientCertificates && b.TLS {
			continue
		}
		all = errors.Join(all, fmt.Errorf("admin_listen: %s can be reached from other machines and asks for no credentials: "+
			"listen on 127.0.0.1, or set admin_token, or let an ssl listener ask for client certificates, "+
			"or accept the risk with admin_auth = off", b.Address))
	}
	return all
}
