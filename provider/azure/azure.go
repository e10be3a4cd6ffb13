// Package azure is Azure OpenAI: OpenAI's API below a resource and a
// deployment of one's own, by key or by an identity of Microsoft Entra.
//
// https://learn.microsoft.com/azure/ai-services/openai/reference
package azure

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/sluice-gateway/sluice/identity"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/internal/openaiapi"
	"github.com/sluice-gateway/sluice/wire/openaichat"
)

// New returns the provider.
func New() provider.Provider { return azure{} }

type azure struct{}

func (azure) Name() string { return "azure" }

// operations below the deployment; responses stand below the resource.
var operations = map[string]string{
	provider.Chat: "/chat/completions", provider.Completions: "/completions", provider.Embeddings: "/embeddings",
}

// Endpoint implements provider.Provider.
func (azure) Endpoint(o *provider.Operation) (provider.Endpoint, error) {
	format, err := openaiapi.Format(o.RouteType, openaichat.Dialect{NewLimit: provider.Reasons})
	if err != nil {
		return provider.Endpoint{}, err
	}
	host := o.Options.AzureInstance
	if strings.ContainsAny(host, "/?#@:\\ ") {
		return provider.Endpoint{}, fmt.Errorf("azure_instance %q is not the name of a resource", host)
	}
	e := provider.Endpoint{
		Location: provider.Location{Scheme: "https", Host: host + ".openai.azure.com", Port: 443},
		Format:   format, Embed: openaiapi.Embed(o.RouteType), Query: "api-version=" + url.QueryEscape(o.Options.AzureAPIVersion),
	}
	e.Meta = []provider.Meta{
		{Name: "azure_instance_id", Value: host},
		{Name: "azure_deployment_id", Value: o.Options.AzureDeploymentID},
		{Name: "azure_api_version", Value: o.Options.AzureAPIVersion},
	}
	deployment := "/openai/deployments/" + url.PathEscape(o.Options.AzureDeploymentID)
	switch {
	case o.Options.UpstreamPath != "":
		e.Location.Path, e.Pathed = deployment+provider.OneSlash(o.Options.UpstreamPath), true
	case o.RouteType == provider.Responses:
		e.Location.Path = "/openai/v1/responses"
	case o.RouteType == provider.Preserve:
	default:
		e.Location.Path = deployment + operations[o.RouteType]
	}
	return e, nil
}

// Identity implements provider.Provider: with managed identity, or a client
// secret, a token of Entra.
func (azure) Identity(a *provider.Auth, _ *provider.Model, env identity.Deps) (identity.Source, error) {
	if !a.AzureUseManagedIdentity {
		return nil, nil //nolint:nilnil // the key is in a header
	}
	return identity.NewAzure(identity.AzureOptions{
		Deps: env, TenantID: a.AzureTenantID, ClientID: a.AzureClientID, ClientSecret: a.AzureClientSecret.Reveal(),
	})
}
