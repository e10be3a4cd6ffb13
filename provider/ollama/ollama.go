// Package ollama is an Ollama server.
//
// https://github.com/ollama/ollama/blob/main/docs/api.md
package ollama

import (
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/internal/ollamaapi"
)

// New returns the provider.
func New() provider.Provider { return ollama{} }

type ollama struct{ provider.Keyed }

func (ollama) Name() string { return "ollama" }

// Endpoint implements provider.Provider.
func (ollama) Endpoint(o *provider.Operation) (provider.Endpoint, error) {
	return ollamaapi.Endpoint(o.RouteType, provider.Location{Scheme: "http", Host: "127.0.0.1", Port: 11434})
}
