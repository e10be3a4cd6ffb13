// Package mistral is Mistral's own API, or a server with a model of Mistral's.
//
// https://docs.mistral.ai/api
package mistral

import (
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/internal/ollamaapi"
	wire "github.com/sluice-gateway/sluice/wire/mistral"
	"github.com/sluice-gateway/sluice/wire/openaichat"
	"github.com/sluice-gateway/sluice/wire/openaicompletions"
	"github.com/sluice-gateway/sluice/wire/openaiembed"
)

// New returns the provider.
func New() provider.Provider { return service{} }

type service struct{ provider.Keyed }

func (service) Name() string { return "mistral" }

// Endpoint implements provider.Provider.
func (service) Endpoint(o *provider.Operation) (provider.Endpoint, error) {
	own := provider.Location{Scheme: "https", Host: "api.mistral.ai", Port: 443}
	if o.Options.MistralFormat == "ollama" {
		return ollamaapi.Endpoint(o.RouteType, own)
	}
	e := provider.Endpoint{Location: own}
	switch o.RouteType {
	case provider.Chat:
		e.Location.Path, e.Format = "/v1/chat/completions", wire.Provider{}
		if elsewhere(o.Options.UpstreamURL, own.Host) {
			e.Format = openaichat.New(openaichat.Dialect{TopK: true})
		}
	case provider.Completions: // servers with its models have some
		if !elsewhere(o.Options.UpstreamURL, own.Host) && o.Options.UpstreamPath == "" {
			return e, provider.ErrNoOperation
		}
		e.Location.Path, e.Format = "/", openaicompletions.Provider{}
	case provider.Embeddings:
		e.Location.Path, e.Embed = "/v1/embeddings", openaiembed.Provider{Mistral: true}
	case provider.Preserve:
	default:
		return e, provider.ErrNoOperation
	}
	return e, nil
}

// elsewhere tells whether an address is not the service's own: other servers
// with its models speak OpenAI's API as OpenAI does.
func elsewhere(url, host string) bool {
	if url == "" {
		return false
	}
	loc, err := provider.ParseLocation(url)
	return err == nil && loc.Host != host
}
