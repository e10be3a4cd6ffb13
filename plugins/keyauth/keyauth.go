// Package keyauth is the plugin key-auth: it authenticates callers by a key
// that they send in a header, in the query, or in the body.
//
// It finds the key, asks the exchange's directory whose it is, and can take it
// out of the request before that goes upstream. It keeps no keys itself, and
// what happens once the consumer is known belongs to package plugin/auth.
package keyauth

import (
	"strings"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/plugin/auth"
	"github.com/sluice-gateway/sluice/schema"
)

// Config of the plugin.
type Config struct {
	// KeyNames are the names of the header, query argument or body field that
	// may hold the key, tried in this order. Default: apikey. Add
	// authorization for clients that can only send a bearer token, such as the
	// SDKs of LLM vendors: a key in that header counts with or without
	// "Bearer " before it.
	KeyNames []string `json:"key_names" default:"apikey" required:"true" check:"header_name"`
	// HideCredentials removes the key from the request before it goes
	// upstream. Default: false. Turn it on unless the upstream needs the key.
	HideCredentials bool `json:"hide_credentials" default:"false" required:"true"`
	// Anonymous is the id or username of the consumer that callers without a
	// valid key become. Default: none, such callers get a 401. Set it on
	// every authentication plugin of a route when one of them is enough.
	Anonymous string `json:"anonymous"`
	// KeyInHeader looks for the key in the headers. Default: true.
	KeyInHeader bool `json:"key_in_header" default:"true" required:"true"`
	// KeyInQuery looks for the key in the query string. Default: true. Turn it
	// off to keep keys out of the access logs of whatever stands before the
	// gateway.
	KeyInQuery bool `json:"key_in_query" default:"true" required:"true"`
	// KeyInBody looks for the key in bodies of type
	// application/x-www-form-urlencoded, application/json and
	// multipart/form-data, of at most 1 MiB. Default: false. It makes the
	// gateway read the body of callers it does not know yet.
	KeyInBody bool `json:"key_in_body" default:"false" required:"true"`
	// RunOnPreflight asks OPTIONS requests for a key too. Default: true. Turn
	// it off where browsers send preflights and the plugin cors does not
	// answer them.
	RunOnPreflight bool `json:"run_on_preflight" default:"true" required:"true"`
	// Realm is shown in the WWW-Authenticate header of a 401. Default: none.
	Realm string `json:"realm"`
	// IdentityRealms say where consumers are kept. Only the gateway's own
	// consumers (scope cp) are supported; leave it out.
	IdentityRealms []IdentityRealm `json:"identity_realms"`
	// Principals would authenticate against Kong's hosted directory, which is
	// not supported; leave it out.
	Principals *Principals `json:"principals"`
}

// IdentityRealm is a place where consumers are kept.
type IdentityRealm struct {
	// Scope is cp for the gateway's own consumers. Default: cp.
	Scope string `json:"scope" default:"cp" enum:"cp,realm"`
	// ID of a hosted realm; not supported.
	ID string `json:"id" check:"uuid"`
	// Region of a hosted realm; not supported.
	Region string `json:"region"`
}

// Principals are settings of Kong's hosted directory.
type Principals struct {
	// Enabled asks the hosted directory instead of the gateway's own
	// credentials. Default: false, and nothing else is supported.
	Enabled bool `json:"enabled" default:"false" refuse:"not supported: credentials are kept in the gateway only"`
	// Directory of the hosted service. Default: default.
	Directory string `json:"directory" default:"default"`
	// ErrorOnMiss refuses callers unknown to the hosted service. Default: true.
	ErrorOnMiss bool `json:"error_on_miss" default:"true"`
}

// Validate implements schema.Validator.
func (c *Config) Validate(e *schema.Errors) {
	for i, r := range c.IdentityRealms {
		if r.Scope == "realm" || r.ID != "" || r.Region != "" {
			e.Field("identity_realms").Index(i).Fail("not supported: consumers are kept in the gateway only (scope 'cp')")
		}
	}
}

// Definition describes the plugin.
func Definition() plugin.Definition {
	d := plugin.Define("key-auth", 1250, build)
	d.Scope = plugin.Scope{NoConsumer: true, NoConsumerGroup: true}
	return d
}

// bearerField is the field in which a key may follow an authentication scheme.
const bearerField = "authorization"

type keyAuth struct {
	names                     []string
	inHeader, inQuery, inBody bool
	hide                      bool
	anonymous                 bool

	// The denials are shared by all exchanges; nobody changes a fault.
	missing, duplicate, unknown *fault.Error
}

func build(c *Config, _ *plugin.Deps) (plugin.Hooks, error) {
	k := &keyAuth{
		names:    c.KeyNames,
		inHeader: c.KeyInHeader, inQuery: c.KeyInQuery, inBody: c.KeyInBody,
		hide: c.HideCredentials, anonymous: c.Anonymous != "",
		missing:   denial("No API key found in request", c.Realm),
		duplicate: denial("Duplicate API key found", c.Realm),
		unknown:   denial("Unauthorized", c.Realm),
	}
	o := auth.Options{Anonymous: c.Anonymous, SkipPreflight: !c.RunOnPreflight}
	authenticate := o.Access(k.check)
	return plugin.Hooks{Access: func(ex *flow.Exchange) (*flow.Reply, error) {
		ex.Conceal(k.names...)
		return authenticate(ex)
	}}, nil
}

func denial(message, realm string) *fault.Error {
	challenge := "Key"
	if realm != "" {
		challenge = `Key realm="` + realm + `"`
	}
	return &fault.Error{
		Kind: fault.Unauthorized, Message: message, By: "plugin/key-auth",
		Header: header.Header{{Name: "WWW-Authenticate", Value: challenge}},
	}
}

// check authenticates the caller.
func (k *keyAuth) check(ex *flow.Exchange) error {
	f, err := k.find(ex)
	if err != nil {
		return err
	}
	id, consumerID, ok := f.lookup(ex.Dir)
	if k.hide && (ok || k.anonymous) {
		if err := k.strip(ex, f.name); err != nil {
			return err
		}
	}
	switch {
	case f.key == "":
		return k.missing
	case !ok:
		return k.unknown
	}
	auth.Accept(ex, ex.Dir.Consumer(consumerID), &flow.Credential{ID: id, ConsumerID: consumerID})
	return nil
}

// found is a key and where it was: the configured name, and whether it may
// follow an authentication scheme.
type found struct {
	name, key string
	bearer    bool
}

// lookup finds the credential of a key. The text as sent goes first, since
// keys that begin with "Bearer " can be registered as such.
func (f found) lookup(dir flow.Directory) (id, consumerID string, ok bool) {
	if f.key == "" {
		return "", "", false
	}
	cred := dir.KeyAuth(f.key)
	if token := bearerToken(f.key); cred == nil && f.bearer && token != "" {
		cred = dir.KeyAuth(token)
	}
	if cred == nil {
		return "", "", false
	}
	return cred.ID, cred.Consumer.ID, true
}

// bearerToken is what follows the scheme Bearer, "" where there is none.
func bearerToken(s string) string {
	const scheme = "bearer "
	if len(s) <= len(scheme) || !strings.EqualFold(s[:len(scheme)], scheme) {
		return ""
	}
	return strings.TrimLeft(s[len(scheme):], " ")
}

// outcome is what one place holds under a name.
type outcome uint8

const (
	absent   outcome = iota
	text             // one text, perhaps empty
	repeated         // several values
	other            // something that is no key, such as a flag or a number
)

// find looks through the places under each name. The first text ends the
// search, even if empty; what is no text ends it for that name only.
func (k *keyAuth) find(ex *flow.Exchange) (found, error) {
	for _, name := range k.names {
		var key string
		var st outcome
		var inHeader bool
		if k.inHeader {
			key, st = inFields(ex.Out.Header, name)
			inHeader = st != absent
		}
		if st == absent && k.inQuery && ex.Out.Query != "" {
			key, st = inArgs(ex.Out.Query, name)
		}
		if st == absent && k.inBody {
			var err error
			if key, st, err = inBody(ex, name); err != nil {
				return found{}, err
			}
		}
		switch st {
		case text:
			return found{name, key, inHeader && header.Alike(name, bearerField)}, nil
		case repeated:
			return found{}, k.duplicate
		case absent, other:
		}
	}
	return found{}, k.missing
}

func inFields(h flow.Header, name string) (string, outcome) {
	var value string
	st := absent
	for i := range h {
		if !header.Alike(h[i].Name, name) {
			continue
		}
		if st != absent {
			return "", repeated
		}
		value, st = h[i].Value, text
	}
	return value, st
}

// strip removes what stands under name from every place that goes upstream,
// also from those that the key was not looked for or found in.
func (k *keyAuth) strip(ex *flow.Exchange, name string) error {
	auth.Drop(&ex.Out.Header, name)
	if q, removed := withoutArg(ex.Out.Query, name); removed {
		ex.Out.Query = q
		ex.Out.HasQuery = false
	}
	if k.inBody {
		return stripBody(ex, name)
	}
	return nil
}
