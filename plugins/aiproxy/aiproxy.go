// Package aiproxy is the plugin ai-proxy: it lets callers speak to one model
// of one provider, with the gateway's credential, and meters what passes.
//
// The plugin checks its configuration and says, in the access phase, where an
// exchange goes; package relay does the work while the exchange is sent.
package aiproxy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/relay"
	"github.com/sluice-gateway/sluice/schema"
	"github.com/sluice-gateway/sluice/wire"
)

// Config of ai-proxy.
type Config struct {
	// RouteType is what the route does with the model.
	RouteType string `json:"route_type" required:"true" enum:"llm/v1/chat,llm/v1/completions,llm/v1/embeddings,llm/v1/responses,preserve,llm/v1/assistants,llm/v1/batches,llm/v1/files,audio/v1/audio/speech,audio/v1/audio/transcriptions,audio/v1/audio/translations,image/v1/images/edits,image/v1/images/generations,realtime/v1/realtime,video/v1/videos/generations"`
	// LLMFormat is the API that callers speak. Another than openai goes with
	// route_type llm/v1/chat; bedrock, cohere, gemini, huggingface and ollama
	// with llm/v1/embeddings, too. Callers of cohere may also ask for rankings,
	// at /v1/rerank and /v2/rerank. mistral and ollama are values of Sluice's own.
	LLMFormat string `json:"llm_format" default:"openai" enum:"anthropic,bedrock,cohere,gemini,huggingface,mistral,ollama,openai"`
	// Translation says what becomes of what the provider's API cannot express:
	// adapt does the nearest and names the fields in the header
	// X-Sluice-Translation, strict refuses the question with 400, drop does
	// the nearest and says nothing. Sluice's own field.
	Translation string `json:"translation" default:"adapt" enum:"adapt,strict,drop"`
	// GenAICategory classifies what the model makes; it changes nothing.
	GenAICategory string `json:"genai_category" default:"text/generation" enum:"audio/speech,audio/transcription,image/generation,text/embeddings,text/generation,video/generation"`
	// Auth is how the gateway proves itself to the provider.
	Auth provider.Auth `json:"auth"`
	// Logging is what goes into log entries.
	Logging provider.Logging `json:"logging"`
	// Model to speak to.
	Model provider.Model `json:"model" required:"true"`
	// ResponseStreaming: allow leaves it to the caller, always streams every
	// answer, deny refuses streams.
	ResponseStreaming string `json:"response_streaming" default:"allow" enum:"allow,always,deny"`
	// ModelNameHeader adds X-Kong-LLM-Model to answers of the model.
	ModelNameHeader bool `json:"model_name_header" default:"true"`
	// MaxRequestBodySize bounds the request body, in bytes; 0 is no limit.
	// A larger one is answered with 413.
	MaxRequestBodySize int64 `json:"max_request_body_size" default:"1048576" between:"0,9007199254740991"`
}

// Validate checks what concerns several fields.
func (c *Config) Validate(e *schema.Errors) {
	provider.CheckRecord(e, c.record())
	switch c.RouteType {
	case provider.Chat, provider.Completions, provider.Embeddings, provider.Responses, provider.Preserve, "":
	default:
		e.At("route_type").Fail("not supported by this version: " + c.RouteType)
	}
	embeds := c.RouteType == provider.Embeddings && slices.Contains(provider.NativeEmbeddings, c.LLMFormat)
	if c.LLMFormat != "openai" && c.LLMFormat != "" && c.RouteType != provider.Chat && c.RouteType != "" && !embeds {
		e.Entity("native provider options in llm_format can only be used with the 'llm/v1/chat' route_type")
		e.At("route_type").Fail("value must be llm/v1/chat")
	}
	switch c.GenAICategory {
	case "text/generation", "text/embeddings", "":
	default:
		e.At("genai_category").Fail("not supported by this version: " + c.GenAICategory)
	}
}

// Warnings implements schema.Warner.
func (c *Config) Warnings() []schema.Problem { return c.record().Warnings() }

func (c *Config) record() *provider.Record {
	return &provider.Record{RouteType: c.RouteType, LLMFormat: c.LLMFormat, Auth: &c.Auth, Model: &c.Model, Logging: &c.Logging}
}

// Formats finds what callers of a route speak, by llm_format and route_type;
// nil passes bodies as they are.
type Formats func(llmFormat, routeType string) wire.Client

// EmbedFormats finds what callers of a route for embeddings speak, by
// llm_format; nil passes bodies as they are.
type EmbedFormats func(llmFormat string) wire.EmbedClient

// RerankFormats finds what callers of a route may ask for rankings in, by
// llm_format and route_type; most in none.
type RerankFormats func(llmFormat, routeType string) []wire.RerankClient

// Definition of the plugin, with the providers and formats of this binary.
func Definition(providers provider.Registry, formats Formats, embed EmbedFormats, rerank RerankFormats) plugin.Definition {
	d := plugin.Define("ai-proxy", 770, func(cfg *Config, deps *plugin.Deps) (plugin.Hooks, error) {
		return build(cfg, deps, providers, &spoken{formats, embed, rerank})
	})
	d.Protocols = []string{"grpc", "grpcs", "http", "https", "ws", "wss"}
	return d
}

// spoken is what callers may speak.
type spoken struct {
	formats Formats
	embed   EmbedFormats
	rerank  RerankFormats
}

func build(cfg *Config, deps *plugin.Deps, providers provider.Registry, s *spoken) (plugin.Hooks, error) {
	p, ok := providers[cfg.Model.Provider]
	if !ok {
		return plugin.Hooks{}, fmt.Errorf("provider %q is not in this version", cfg.Model.Provider)
	}
	source, release, err := share(cfg, deps, p)
	if err != nil {
		return plugin.Hooks{}, err
	}
	target, err := relay.New(relay.Settings{
		PluginID: deps.Instance.ID, RouteType: cfg.RouteType, Auth: cfg.Auth, Logging: cfg.Logging,
		Model: cfg.Model, Streaming: relay.Streaming(cfg.ResponseStreaming), ModelHeader: cfg.ModelNameHeader,
		MaxBody: cfg.MaxRequestBodySize, MaxBodyField: "config.max_request_body_size of plugin ai-proxy",
		Provider: p, Client: s.formats(cfg.LLMFormat, cfg.RouteType), Embed: s.embed(cfg.LLMFormat),
		Rerank: s.rerank(cfg.LLMFormat, cfg.RouteType), Identity: source, Translation: relay.Translation(cfg.Translation),
	})
	if err != nil {
		return plugin.Hooks{}, errors.Join(err, release())
	}
	return plugin.Hooks{
		Access: target.Call,
		Close:  release,
	}, nil
}
