// Package auth holds what all authentication plugins do alike: it tells the
// exchange and the upstream who asks, lets unknown callers on as the anonymous
// consumer, and passes preflights by where that is configured.
//
// It reads no credentials and answers nobody: finding out who asks is the
// plugin's business. It must not know any plugin.
package auth

import (
	"errors"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
)

// The fields that tell the upstream who asks.
const (
	ConsumerID           = "X-Consumer-ID"
	ConsumerCustomID     = "X-Consumer-Custom-ID"
	ConsumerUsername     = "X-Consumer-Username"
	CredentialIdentifier = "X-Credential-Identifier" //nolint:gosec // the name of a header
	AnonymousConsumer    = "X-Anonymous-Consumer"
	ConsumerGroups       = "X-Consumer-Groups"
	AuthenticatedGroups  = "X-Authenticated-Groups"
)

// preflight is the method of the requests by which browsers ask first.
const preflight = "OPTIONS"

// Options are the settings that authentication plugins share.
type Options struct {
	// Anonymous is the id or username of the consumer that callers without
	// valid credentials become; "" refuses them.
	Anonymous string
	// SkipPreflight lets OPTIONS requests through unasked.
	SkipPreflight bool
}

// Access makes an access hook of check, which authenticates the caller with
// Accept or returns a denial. Without an anonymous consumer every plugin on a
// route must be satisfied (AND); with one, a caller whom another plugin has
// accepted is not asked again, and one who is denied goes on as the anonymous
// consumer (OR). A check that broke stays an error.
func (o Options) Access(check func(ex *flow.Exchange) error) func(ex *flow.Exchange) (*flow.Reply, error) {
	return func(ex *flow.Exchange) (*flow.Reply, error) {
		if o.SkipPreflight && ex.In.Method == preflight {
			if ex.Consumer == nil && ex.Credential == nil {
				Forget(ex)
			}
			return nil, nil
		}
		if o.Anonymous != "" && ex.Credential != nil {
			Drop(&ex.Out.Header, AnonymousConsumer)
			return nil, nil
		}
		err := check(ex)
		if err == nil || o.Anonymous == "" || !denial(err) {
			return nil, err
		}
		return nil, o.anonymous(ex)
	}
}

// denial tells a caller without valid credentials from a plugin that broke.
func denial(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && (f.Kind == fault.Unauthorized || f.Kind == fault.Forbidden)
}

func (o Options) anonymous(ex *flow.Exchange) error {
	c := ex.Dir.Consumer(o.Anonymous)
	if c == nil {
		return &fault.Error{
			Kind:    fault.Internal,
			Message: "anonymous consumer " + o.Anonymous + " is configured but doesn't exist",
		}
	}
	Accept(ex, c, nil)
	return nil
}

// Accept makes the exchange one of consumer and tells the upstream so,
// replacing whatever the caller claimed about itself. A nil credential marks
// the consumer as anonymous; a nil consumer is a credential that belongs to
// nobody here.
func Accept(ex *flow.Exchange, consumer *config.Consumer, credential *flow.Credential) {
	ex.Consumer, ex.Credential, ex.Groups = consumer, credential, nil
	Forget(ex)
	h := &ex.Out.Header
	if consumer != nil {
		ex.Groups = ex.Dir.ConsumerGroups(consumer.ID)
		add(h, ConsumerID, consumer.ID)
		add(h, ConsumerCustomID, consumer.CustomID)
		add(h, ConsumerUsername, consumer.Username)
	}
	if credential == nil {
		h.Add(AnonymousConsumer, "true")
		return
	}
	add(h, CredentialIdentifier, credential.ID)
}

func add(h *flow.Header, name, value string) {
	if value != "" {
		h.Add(name, value)
	}
}

// Forget removes what the request to the upstream says about the caller's
// identity.
func Forget(ex *flow.Exchange) {
	removeIf(&ex.Out.Header, claimsIdentity)
}

// claimsIdentity tells whether a field is one that Accept sets. The lengths
// rule out nearly every other field at once.
func claimsIdentity(name string) bool {
	switch len(name) {
	case len(ConsumerID):
		return header.Alike(name, ConsumerID)
	case len(ConsumerUsername):
		return header.Alike(name, ConsumerUsername)
	case len(ConsumerCustomID):
		return header.Alike(name, ConsumerCustomID) || header.Alike(name, AnonymousConsumer)
	case len(CredentialIdentifier):
		return header.Alike(name, CredentialIdentifier)
	}
	return false
}

// Drop removes every field that header.Alike takes for name.
func Drop(h *flow.Header, name string) {
	removeIf(h, func(have string) bool { return header.Alike(have, name) })
}

func removeIf(h *flow.Header, unwanted func(name string) bool) {
	s := *h
	kept := 0
	for i := range s {
		if unwanted(s[i].Name) {
			continue
		}
		if kept != i {
			s[kept] = s[i]
		}
		kept++
	}
	clear(s[kept:])
	*h = s[:kept]
}
