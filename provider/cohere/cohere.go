// Package cohere is Cohere's API.
//
// https://docs.cohere.com/reference/about
package cohere

import (
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire/cohere"
	"github.com/sluice-gateway/sluice/wire/cohereembed"
	"github.com/sluice-gateway/sluice/wire/rerank"
)

// New returns the provider.
func New() provider.Provider { return service{} }

type service struct{ provider.Keyed }

func (service) Name() string { return "cohere" }

// Endpoint implements provider.Provider. Chat and embeddings are those of the
// second version; an upstream_url that ends in /v1/chat or /v1/embed is spoken
// to in the first. Rankings are of the caller's version, unless the path of the
// configuration has one.
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
	case provider.Rerank:
		ranking(&e, o)
	case provider.Preserve:
	default:
		return e, provider.ErrNoOperation
	}
	return e, nil
}

// The paths of rankings, by version.
const (
	rerankFirst  = "/v1/rerank"
	rerankSecond = "/v2/rerank"
)

func ranking(e *provider.Endpoint, o *provider.Operation) {
	path := configured(o.Options)
	first := strings.HasSuffix(path, rerankFirst) || o.Caller == llm.CohereRerankV1 && !strings.HasSuffix(path, rerankSecond)
	e.Location.Path, e.Below = rerankSecond, true
	if first {
		e.Location.Path = rerankFirst
	}
	e.Rerank = rerank.Cohere{First: first}
	e.Beside = []provider.Way{{From: "/v2/chat", To: e.Location.Path}, {From: "/v1/chat", To: e.Location.Path}}
}

// at tells whether the configuration asks for a path.
func at(o *provider.Options, path string) bool { return configured(o) == path }

// configured is the path that the configuration asks for; empty is none.
func configured(o *provider.Options) string {
	if o.UpstreamURL == "" {
		return o.UpstreamPath
	}
	loc, err := provider.ParseLocation(o.UpstreamURL)
	if err != nil {
		return ""
	}
	return loc.Path
}
