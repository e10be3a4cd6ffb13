// Package anthropic is Anthropic's own API.
//
// https://platform.claude.com/docs/en/api/overview
package anthropic

import (
	"errors"

	"github.com/sluice-gateway/sluice/header"
	"github.com/sluice-gateway/sluice/identity"
	"github.com/sluice-gateway/sluice/provider"
	wire "github.com/sluice-gateway/sluice/wire/anthropic"
)

// New returns the provider.
func New() provider.Provider { return anthropic{} }

type anthropic struct{}

func (anthropic) Name() string { return "anthropic" }

var errOperation = errors.New("the provider does not have the operation")

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
		return e, errOperation
	}
	return e, nil
}

// Identity implements provider.Provider: the key is in a header.
func (anthropic) Identity(*provider.Auth, *provider.Model, identity.Environment) (identity.Source, error) {
	return nil, nil //nolint:nilnil // there is none, and that is no fault
}
