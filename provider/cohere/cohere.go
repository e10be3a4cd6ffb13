// Package cohere is Cohere's API.
//
// https://docs.cohere.com/reference/about
package cohere

import (
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire/cohere"
	"github.com/sluice-gateway/sluice/wire/cohereembed"
)

// New returns the provider.
func New() provider.Provider { return service{} }

type service struct{ provider.Keyed }

func (service) Name() string { return "cohere" }

// Endpoint implements provider.Provider. Chat and embeddings are those of the
// second version; an upstream_url that ends in /v1/chat or /v1/embed is spoken
// to in the first.
func (service) Endpoint(o *provider.Operation) (provider.Endpoint, error) {
	e := provider.Endpoint{Location: provider.Location{Scheme: "https", Host: "api.cohere.com", Port: 443}}
	switch o.RouteType {
	case provider.Chat:
		e.Location.Path, e.Format = "/v2/chat", cohere.V2Provider{}
		if at(o.Options, "/v1/chat") {
			e.Format = cohere.V1Provider{}
		}
	case provider.Completions:
		e.Location.Path, e.Format = "/v1/generate", cohere.Generate{}
	case provider.Embeddings:
		e.Location.Path = "/v2/embed"
		e.Embed = cohereembed.Provider{First: at(o.Options, "/v1/embed"), InputType: o.Options.Cohere.EmbeddingInputType}
	case provider.Preserve:
	default:
		return e, provider.ErrNoOperation
	}
	return e, nil
}

// at tells whether the configuration asks for a path.
func at(o *provider.Options, path string) bool {
	if o.UpstreamURL == "" {
		return o.UpstreamPath == path
	}
	loc, err := provider.ParseLocation(o.UpstreamURL)
	return err == nil && loc.Path == path
}
