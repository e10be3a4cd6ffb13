package app

import (
	"os"

	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/plugins/acl"
	"github.com/sluice-gateway/sluice/plugins/aiproxy"
	"github.com/sluice-gateway/sluice/plugins/correlationid"
	"github.com/sluice-gateway/sluice/plugins/cors"
	"github.com/sluice-gateway/sluice/plugins/filelog"
	"github.com/sluice-gateway/sluice/plugins/httplog"
	"github.com/sluice-gateway/sluice/plugins/keyauth"
	"github.com/sluice-gateway/sluice/plugins/prometheus"
	"github.com/sluice-gateway/sluice/plugins/requesttermination"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/anthropic"
	"github.com/sluice-gateway/sluice/provider/azure"
	"github.com/sluice-gateway/sluice/provider/bedrock"
	"github.com/sluice-gateway/sluice/provider/cohere"
	"github.com/sluice-gateway/sluice/provider/compatible"
	"github.com/sluice-gateway/sluice/provider/gemini"
	"github.com/sluice-gateway/sluice/provider/huggingface"
	"github.com/sluice-gateway/sluice/provider/llama2"
	"github.com/sluice-gateway/sluice/provider/mistral"
	"github.com/sluice-gateway/sluice/provider/ollama"
	"github.com/sluice-gateway/sluice/wire"
	anthropicwire "github.com/sluice-gateway/sluice/wire/anthropic"
	bedrockwire "github.com/sluice-gateway/sluice/wire/bedrock"
	"github.com/sluice-gateway/sluice/wire/bedrockembed"
	coherewire "github.com/sluice-gateway/sluice/wire/cohere"
	"github.com/sluice-gateway/sluice/wire/cohereembed"
	geminiwire "github.com/sluice-gateway/sluice/wire/gemini"
	"github.com/sluice-gateway/sluice/wire/geminiembed"
	"github.com/sluice-gateway/sluice/wire/hfembed"
	mistralwire "github.com/sluice-gateway/sluice/wire/mistral"
	ollamawire "github.com/sluice-gateway/sluice/wire/ollama"
	"github.com/sluice-gateway/sluice/wire/ollamaembed"
	"github.com/sluice-gateway/sluice/wire/openaichat"
	"github.com/sluice-gateway/sluice/wire/openaicompletions"
	"github.com/sluice-gateway/sluice/wire/openaiembed"
	"github.com/sluice-gateway/sluice/wire/openairesponses"
	"github.com/sluice-gateway/sluice/wire/rerank"
	"github.com/sluice-gateway/sluice/wire/tgi"
)

// Plugins is the list of plugins in this binary. A build of one's own
// replaces this file.
func Plugins() *plugin.Registry {
	return plugin.NewRegistry(
		correlationid.Definition(),
		cors.Definition(),
		keyauth.Definition(),
		acl.Definition(),
		aiproxy.Definition(Providers(), Formats, EmbedFormats, RerankFormats),
		prometheus.Definition(),
		httplog.Definition(),
		filelog.Definition(),
		requesttermination.Definition(),
	)
}

// Providers is the list of LLM providers in this binary.
func Providers() provider.Registry {
	return provider.NewRegistry(append(compatible.All(),
		anthropic.New(),
		azure.New(),
		bedrock.New(os.LookupEnv),
		cohere.New(),
		gemini.New(),
		huggingface.New(),
		llama2.New(),
		mistral.New(),
		ollama.New(),
	)...)
}

// Formats is the list of what callers may speak, by llm_format and route type.
func Formats(llmFormat, routeType string) wire.Client {
	switch llmFormat {
	case "openai":
		return openAIFormat(routeType)
	case "anthropic":
		return anthropicwire.Client{}
	case "bedrock":
		return bedrockwire.Callers{
			Claude: anthropicwire.Hosted(anthropicwire.BedrockVersion).Client, CommandR: coherewire.V1Client{}, Mistral: mistralwire.Client{},
		}
	case "cohere":
		return coherewire.V2Client{}
	case "gemini":
		return geminiwire.Client{}
	case "huggingface":
		return tgi.Client{}
	case "mistral":
		return mistralwire.Client{}
	case "ollama":
		return ollamawire.Client{}
	}
	return nil
}

// EmbedFormats is the list of what callers may ask for embeddings in, by
// llm_format.
func EmbedFormats(llmFormat string) wire.EmbedClient {
	switch llmFormat {
	case "openai":
		return openaiembed.Client{}
	case "bedrock":
		return bedrockembed.Callers{Cohere: cohereembed.Client{First: true}, Failure: bedrockwire.Client{}.EncodeError}
	case "cohere":
		return cohereembed.Client{}
	case "gemini":
		return geminiembed.Client{}
	case "huggingface":
		return hfembed.Client{}
	case "ollama":
		return ollamaembed.Client{}
	}
	return nil
}

// RerankFormats is the list of what callers may ask for rankings in, by
// llm_format and route type.
func RerankFormats(llmFormat, routeType string) []wire.RerankClient {
	if llmFormat != "cohere" || routeType != provider.Chat {
		return nil
	}
	return []wire.RerankClient{rerank.Client{First: true}, rerank.Client{}}
}

func openAIFormat(routeType string) wire.Client {
	switch routeType {
	case provider.Chat:
		return openaichat.Client{}
	case provider.Completions:
		return openaicompletions.Client{}
	case provider.Responses:
		return openairesponses.Client{}
	}
	return nil
}
