// Package identity proves the gateway's identity to cloud services with
// credentials that change over time: AWS signatures, tokens of Google Cloud
// and of Microsoft Entra.
//
// A Source obtains its credential when it is first needed, renews it before it
// expires, once for all requests, and puts it on requests. It knows nothing of
// providers, plugins or configuration records; it sends no request but those
// to token endpoints, and no error or log line of it holds a secret.
package identity

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/header"
)

// Request is what a Source needs to know of a request, and changes: fields of
// Header, and the spelling of Query. Path is escaped, as it goes on the request
// line; Host is the value of the Host header.
type Request struct {
	Method string
	Scheme string
	Host   string
	Path   string
	Query  string
	Header *header.Header
	Body   []byte
}

// Source authorizes requests. It may be used concurrently. What it sets is
// final: nobody may change path, query, signed header fields or body between
// Authorize and sending, and a repeated attempt is authorized again.
type Source interface {
	// Authorize puts the credential on r in place of what the caller sent. It
	// waits for a token endpoint only when there is no valid credential, and
	// no longer than ctx. An error means that r must not be sent.
	Authorize(ctx context.Context, r *Request) error
	// Refused tells that the service did not take a credential, by status 401
	// or 403. It may have been revoked: unless it is quite new, another is
	// fetched, and used as soon as it is there. Refused does not wait for it.
	Refused()
}

// Deps are what every source gets from the house.
type Deps struct {
	// Clock says when credentials expire; nil is the machine's.
	Clock clock.Clock
	// Client asks token endpoints. It is used without following redirects, and
	// should reach link-local addresses without a proxy. nil is a client that
	// does, and takes the proxy of the process's environment for all others.
	Client *http.Client
	// LookupEnv reads the environment; nil is an empty one.
	LookupEnv func(name string) (string, bool)
	// Log hears of renewals that failed while the old credential is still
	// good, which no caller hears of; nil discards.
	Log *slog.Logger
	// Timeout bounds the fetching of a credential; 0 is ten seconds.
	Timeout time.Duration
}

const defaultTimeout = 10 * time.Second

// complete returns d with nothing left nil.
func (d Deps) complete() Deps {
	if d.Clock == nil {
		d.Clock = clock.System()
	}
	if d.LookupEnv == nil {
		d.LookupEnv = func(string) (string, bool) { return "", false }
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Timeout <= 0 {
		d.Timeout = defaultTimeout
	}
	if d.Client == nil {
		d.Client = &http.Client{}
	}
	return d
}

// env is a variable, "" when it is not set.
func (d *Deps) env(name string) string {
	value, _ := d.LookupEnv(name)
	return value
}

// first is the first of values that is not empty.
func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
