// Package llama2 is a server with a Llama 2 model: in the raw prompt format,
// as Ollama, or as OpenAI's API.
package llama2

import (
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/internal/ollamaapi"
	"github.com/sluice-gateway/sluice/provider/internal/openaiapi"
	"github.com/sluice-gateway/sluice/wire/llama2"
	"github.com/sluice-gateway/sluice/wire/openaichat"
)

// New returns the provider.
func New() provider.Provider { return server{} }

type server struct{ provider.Keyed }

func (server) Name() string { return "llama2" }

// Endpoint implements provider.Provider. The address is always upstream_url.
func (server) Endpoint(o *provider.Operation) (provider.Endpoint, error) {
	nowhere := provider.Location{Scheme: "http", Host: "127.0.0.1", Port: 80}
	switch o.Options.Llama2Format {
	case "ollama":
		return ollamaapi.Endpoint(o.RouteType, nowhere)
	case "openai":
		format, err := openaiapi.Format(o.RouteType, openaichat.Dialect{TopK: true, NoDeveloper: true})
		return provider.Endpoint{Location: nowhere, Format: format, Embed: openaiapi.Embed(o.RouteType)}, err
	}
	switch o.RouteType {
	case provider.Preserve:
		return provider.Endpoint{Location: nowhere}, nil
	case provider.Embeddings:
		return provider.Endpoint{}, provider.ErrNoOperation
	}
	return provider.Endpoint{Location: nowhere, Format: llama2.Provider{}}, nil
}
