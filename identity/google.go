package identity

import (
	"context"
	"encoding/pem"
	"errors"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
)

const (
	googleScope    = "https://www.googleapis.com/auth/cloud-platform"
	googleMetadata = "http://metadata.google.internal"
	googleToken    = "/computeMetadata/v1/instance/service-accounts/default/token"
)

// errUnasked tells of credentials that a library gave up on before it asked
// anybody. What it says of that may hold them.
var errUnasked = errors.New("nobody was asked, since the private key or the credential_source in the Google credentials cannot be used")

// GoogleOptions say who the gateway is in Google Cloud.
type GoogleOptions struct {
	Deps
	// JSON is the key of a service account, or the configuration of a workload
	// identity federation. Without it there is GCP_SERVICE_ACCOUNT, then the
	// file that GOOGLE_APPLICATION_CREDENTIALS names.
	JSON string
	// MetadataURL replaces http://metadata.google.internal and
	// GCE_METADATA_HOST. With a path it is the address of the token itself.
	MetadataURL string
	// TokenURL replaces the token endpoint of a service account's key. What
	// the key's proof is made out to stays the endpoint that the key names.
	TokenURL string
}

// Google authorizes with a token of Google Cloud: of a service account, of a
// federated workload, or of the machine or pod that the gateway runs on. The
// metadata server is asked only when no JSON is configured anywhere.
//
// https://cloud.google.com/docs/authentication/application-default-credentials
type Google struct{ bearer }

// NewGoogle makes a source. A JSON from options or environment is checked;
// nothing is asked before it is needed.
func NewGoogle(o GoogleOptions) (*Google, error) {
	o.Deps = o.complete()
	g := &googleCloud{Deps: o.Deps, tokenURL: o.TokenURL}
	var err error
	if text := first(o.JSON, o.env("GCP_SERVICE_ACCOUNT")); text != "" {
		_, err = g.source(context.Background(), []byte(text))
		g.json = []byte(text)
	} else if g.file = o.env("GOOGLE_APPLICATION_CREDENTIALS"); g.file == "" {
		g.metadata, err = metadataAddress(o.MetadataURL, o.env("GCE_METADATA_HOST"))
	}
	if err != nil {
		return nil, err
	}
	return &Google{bearer{newLease(&g.Deps, "Google Cloud token", g.fetch)}}, nil
}

// googleCloud asks for tokens: with json, with what is in file, or at metadata.
type googleCloud struct {
	Deps
	json     []byte
	file     string
	metadata string
	tokenURL string
}

func metadataAddress(option, host string) (string, error) {
	if option == "" && host != "" {
		option = "http://" + host
	}
	u, err := url.Parse(first(option, googleMetadata))
	if err != nil || u.Host == "" {
		return "", errors.New("the address of the Google metadata server is not a URL")
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path, u.RawQuery = googleToken, url.Values{"scopes": {googleScope}}.Encode()
	}
	return u.String(), nil
}

func (g *googleCloud) fetch(ctx context.Context) (string, time.Time, error) {
	t, err := g.token(g.attempt(ctx))
	if err != nil {
		return "", time.Time{}, err
	}
	return t.field(g.Clock.Now())
}

func (g *googleCloud) token(try *attempt) (token, error) {
	if g.metadata != "" {
		req, err := get(try.ctx, g.metadata, "Metadata-Flavor", "Google")
		if err != nil {
			return token{}, err
		}
		return try.ask(req, g.Clock.Now())
	}
	text := g.json
	if g.file != "" {
		var err error
		if text, err = readFile(g.file); err != nil {
			return token{}, try.problem(err)
		}
	}
	source, err := g.source(context.WithValue(try.ctx, oauth2.HTTPClient, &try.client), text)
	if err != nil {
		return token{}, err
	}
	got, err := source.Token()
	if err != nil {
		if status, failed := try.last(); status == 0 && failed == nil {
			return token{}, errUnasked
		}
		return token{}, try.problem(err)
	}
	return g.translate(got), nil
}

// translate puts the end of a token, which the library counts by the machine's
// clock, on ours. Of a life without seconds the library makes one without end.
func (g *googleCloud) translate(got *oauth2.Token) token {
	t := token{text: got.AccessToken}
	if life, ok := seconds(got.Extra("expires_in")); ok {
		t.expires = g.Clock.Now().Add(life)
	} else if !got.Expiry.IsZero() {
		t.expires = g.Clock.Now().Add(time.Until(got.Expiry))
	}
	return t
}

// source makes a library's source of one token of what a JSON says.
func (g *googleCloud) source(ctx context.Context, text []byte) (oauth2.TokenSource, error) {
	answer, err := object(text)
	if err != nil {
		return nil, errors.New("the Google credentials are not a JSON object")
	}
	switch kind, _ := answer["type"].(string); kind {
	case string(google.ServiceAccount):
		return g.account(ctx, text)
	case string(google.ExternalAccount):
		c, err := google.CredentialsFromJSONWithType(ctx, text, google.ExternalAccount, googleScope)
		if err != nil {
			return nil, errors.New("the Google credentials do not describe a workload identity federation")
		}
		return c.TokenSource, nil
	default:
		return nil, errors.New("the Google credentials are of a type other than service_account and external_account")
	}
}

func (g *googleCloud) account(ctx context.Context, text []byte) (oauth2.TokenSource, error) {
	c, err := google.JWTConfigFromJSON(text, googleScope)
	if err != nil || c.Email == "" || len(c.PrivateKey) == 0 {
		return nil, errors.New("the Google credentials are not the key of a service account")
	}
	if block, _ := pem.Decode(c.PrivateKey); block == nil {
		return nil, errors.New("the private key in the Google credentials is not PEM")
	}
	c.Audience = first(c.Audience, c.TokenURL)
	if g.tokenURL != "" {
		c.TokenURL = g.tokenURL
	}
	return c.TokenSource(ctx), nil
}
