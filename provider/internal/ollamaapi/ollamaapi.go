// Package ollamaapi is where the operations of Ollama's API are, for the
// providers that speak it. It must not know any of them.
package ollamaapi

import (
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire/ollama"
	"github.com/sluice-gateway/sluice/wire/ollamaembed"
)

// Endpoint of an operation on a server.
func Endpoint(routeType string, server provider.Location) (provider.Endpoint, error) {
	e := provider.Endpoint{Location: server, Below: true}
	switch routeType {
	case provider.Chat:
		e.Location.Path, e.Format = "/api/chat", ollama.Provider{}
	case provider.Completions:
		e.Location.Path, e.Format = "/api/generate", ollama.Provider{Generate: true}
	case provider.Embeddings:
		e.Location.Path, e.Embed = "/api/embed", ollamaembed.Provider{}
	case provider.Preserve:
	default:
		return e, provider.ErrNoOperation
	}
	return e, nil
}
