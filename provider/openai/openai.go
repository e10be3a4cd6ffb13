// Package openai is the provider OpenAI, and every server that speaks its API.
//
// It says where the operations are; the format itself needs no translation.
package openai

import "github.com/sluice-gateway/sluice/provider"

// New returns the provider.
func New() provider.Provider { return openai{} }

type openai struct{}

func (openai) Name() string { return "openai" }

func (openai) Base() provider.Location {
	return provider.Location{Scheme: "https", Host: "api.openai.com", Port: 443, Path: "/"}
}

// Path follows https://platform.openai.com/docs/api-reference.
func (openai) Path(routeType string) (string, bool) {
	switch routeType {
	case provider.Chat:
		return "/v1/chat/completions", true
	case provider.Completions:
		return "/v1/completions", true
	case provider.Embeddings:
		return "/v1/embeddings", true
	case provider.Responses:
		return "/v1/responses", true
	case provider.Preserve:
		return "", true
	}
	return "", false
}
