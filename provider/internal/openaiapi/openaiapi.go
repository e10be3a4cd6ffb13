// Package openaiapi chooses the formats of OpenAI's API, for the providers that
// speak it. It must not know any of them.
package openaiapi

import (
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/openaichat"
	"github.com/sluice-gateway/sluice/wire/openaicompletions"
	"github.com/sluice-gateway/sluice/wire/openaiembed"
	"github.com/sluice-gateway/sluice/wire/openairesponses"
)

// Format is what the API speaks on a route type; nil where bodies pass as they
// are.
func Format(routeType string, d openaichat.Dialect) (wire.Provider, error) {
	switch routeType {
	case provider.Chat:
		return openaichat.New(d), nil
	case provider.Completions:
		return openaicompletions.Provider{}, nil
	case provider.Responses:
		return openairesponses.Provider{}, nil
	case provider.Embeddings, provider.Preserve:
		return nil, nil //nolint:nilnil // bodies pass as they are
	}
	return nil, provider.ErrNoOperation
}

// Embed is what the API speaks where a route asks for embeddings.
func Embed(routeType string) wire.EmbedProvider {
	if routeType != provider.Embeddings {
		return nil
	}
	return openaiembed.Provider{}
}
