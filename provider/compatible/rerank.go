package compatible

import (
	"strings"

	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire/rerank"
)

// ranking is where the services rank documents, which OpenAI's API has nothing
// for: most do it as Jina does.
//
//	Jina        https://api.jina.ai/redoc
//	Voyage      https://docs.voyageai.com/reference/reranker-api
//	dashscope   https://www.alibabacloud.com/help/en/model-studio/text-rerank-api
//	openrouter  https://openrouter.ai/docs/api-reference
//	together    https://docs.together.ai/reference/rerank
//	vllm        https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
func (s *Service) ranking(o *provider.Options) (provider.Endpoint, error) {
	if !provider.Abilities[s.name].Rerank {
		return provider.Endpoint{}, provider.ErrNoOperation
	}
	loc, err := s.location(o)
	if err != nil {
		return provider.Endpoint{}, err
	}
	if s.name == "dashscope" {
		return dashscopeRanking(loc), nil
	}
	if s.base == "" { // the address is all configured, but for the path
		loc.Path = "/v1"
	}
	loc.Path = strings.TrimSuffix(loc.Path, "/") + "/rerank"
	return provider.Endpoint{
		Location: loc, Rerank: rerank.Jina{TopK: voyage(o)}, Below: true,
		Beside: []provider.Way{{From: "/chat/completions", To: "/rerank"}},
	}, nil
}

func dashscopeRanking(loc provider.Location) provider.Endpoint {
	const path = "/api/v1/services/rerank/text-rerank/text-rerank"
	loc.Path = path
	return provider.Endpoint{
		Location: loc, Rerank: rerank.DashScope{}, Below: true,
		Beside: []provider.Way{{From: "/compatible-mode/v1/chat/completions", To: path}},
	}
}

// voyage tells the one service that has another name for top_n.
func voyage(o *provider.Options) bool {
	loc, err := provider.ParseLocation(o.UpstreamURL)
	return err == nil && (loc.Host == "voyageai.com" || strings.HasSuffix(loc.Host, ".voyageai.com"))
}
