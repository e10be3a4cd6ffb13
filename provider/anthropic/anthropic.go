// Package anthropic is Anthropic's own API.
//
// https://platform.claude.com/docs/en/api/overview
package anthropic

import (
	"github.com/sluice-gateway/sluice/header"
	"github.com/sluice-gateway/sluice/provider"
	wire "github.com/sluice-gateway/sluice/wire/anthropic"
)

// New returns the provider.
func New() provider.Provider { return anthropic{} }

type anthropic struct{ provider.Keyed }

func (anthropic) Name() string { return "anthropic" }

// Endpoint implements provider.Provider.
func (anthropic) Endpoint(o *provider.Operation) (provider.Endpoint, error) {
	e := provider.Endpoint{Location: provider.Location{Scheme: "https", Host: "api.anthropic.com", Port: 443}}
	if v := o.Options.AnthropicVersion; v != "" {
		e.Header = header.Header{{Name: "anthropic-version", Value: v}}
	}
	switch o.RouteType {
	case provider.Chat:
		e.Location.Path, e.Format = "/v1/messages", wire.Provider{}
	case provider.Completions:
		e.Location.Path, e.Format = "/v1/complete", wire.Text{}
	case provider.Preserve:
	default:
		return e, provider.ErrNoOperation
	}
	return e, nil
}
