// Package compatible is OpenAI, and the services and servers that speak its
// API: where they are, and what they do differently.
//
// The services are data. What has an API or an identity of its own has a
// package of its own.
package compatible

import (
	"strings"

	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/internal/openaiapi"
	"github.com/sluice-gateway/sluice/wire/openaichat"
)

// Service is a service that speaks OpenAI's API.
type Service struct {
	provider.Keyed

	name string
	// base is the address with the path that the operations are below; empty
	// when the configuration has to say it.
	base string
	// under is base where it depends on the configuration.
	under   func(o *provider.Options) string
	dialect openaichat.Dialect
}

// paths of the operations below the base.
var paths = map[string]string{
	provider.Chat: "/chat/completions", provider.Completions: "/completions",
	provider.Embeddings: "/embeddings", provider.Responses: "/responses",
}

// All are the services that this package knows, with their vendors' pages:
//
//	openai      https://platform.openai.com/docs/api-reference
//	xai         https://docs.x.ai/docs/api-reference
//	deepseek    https://api-docs.deepseek.com
//	cerebras    https://inference-docs.cerebras.ai/api-reference
//	dashscope   https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope
//	databricks  https://docs.databricks.com/machine-learning/model-serving
//	groq        https://console.groq.com/docs/openai
//	openrouter  https://openrouter.ai/docs/api-reference
//	together    https://docs.together.ai/docs/openai-api-compatibility
//	perplexity  https://docs.perplexity.ai/api-reference
//	vllm        https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
func All() []provider.Provider {
	all := []Service{
		{name: "openai", base: "https://api.openai.com/v1", dialect: openaichat.Dialect{NewLimit: provider.Reasons}},
		{name: "openai-compatible", dialect: openaichat.Dialect{TopK: true}},
		{name: "vllm", dialect: openaichat.Dialect{TopK: true, MinP: true, RepeatPenalty: true}},
		{name: "xai", base: "https://api.x.ai/v1"},
		{name: "cerebras", base: "https://api.cerebras.ai/v1"},
		{name: "deepseek", base: "https://api.deepseek.com/v1", dialect: openaichat.Dialect{NoDeveloper: true, Thoughts: true}},
		{name: "dashscope", under: dashscope, dialect: openaichat.Dialect{TopK: true, NoDeveloper: true}},
		{name: "databricks", under: databricks, dialect: openaichat.Dialect{NoStreamOptions: true, CacheMarks: true}},
		{name: "groq", base: "https://api.groq.com/openai/v1"},
		{name: "openrouter", base: "https://openrouter.ai/api/v1", dialect: openaichat.Dialect{TopK: true, MinP: true, RepeatPenalty: true, CacheMarks: true}},
		{name: "together", base: "https://api.together.xyz/v1", dialect: openaichat.Dialect{TopK: true, MinP: true, RepeatPenalty: true, NoDeveloper: true}},
		{name: "perplexity", base: "https://api.perplexity.ai", dialect: openaichat.Dialect{TopK: true, NoDeveloper: true}},
	}
	out := make([]provider.Provider, len(all))
	for i := range all {
		out[i] = &all[i]
	}
	return out
}

func dashscope(o *provider.Options) string {
	if o.DashScope.International {
		return "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"
	}
	return "https://dashscope.aliyuncs.com/compatible-mode/v1"
}

func databricks(o *provider.Options) string {
	return "https://" + o.Databricks.WorkspaceInstanceID + ".cloud.databricks.com/serving-endpoints/v1"
}

// Name implements provider.Provider.
func (s *Service) Name() string { return s.name }

// Endpoint implements provider.Provider.
func (s *Service) Endpoint(o *provider.Operation) (provider.Endpoint, error) {
	if o.RouteType == provider.Rerank {
		return s.ranking(o.Options)
	}
	if !provider.Has(s.name, o.RouteType) {
		return provider.Endpoint{}, provider.ErrNoOperation
	}
	loc, err := s.location(o.Options)
	if err != nil {
		return provider.Endpoint{}, err
	}
	format, err := openaiapi.Format(o.RouteType, s.dialect)
	if err != nil {
		return provider.Endpoint{}, err
	}
	loc.Path = strings.TrimSuffix(loc.Path, "/") + paths[o.RouteType]
	if o.RouteType == provider.Preserve {
		loc.Path = ""
	}
	return provider.Endpoint{
		Location: loc, Format: format, Embed: openaiapi.Embed(o.RouteType), NoStreamOptions: s.dialect.NoStreamOptions,
	}, nil
}

// location is the base of the API.
func (s *Service) location(o *provider.Options) (provider.Location, error) {
	base := s.base
	if s.under != nil {
		base = s.under(o)
	}
	if base == "" {
		base = o.UpstreamURL
	}
	return provider.ParseLocation(base)
}
