package provider

import "slices"

// Ability is what a provider can do through this gateway.
type Ability struct {
	// Routes are the route types.
	Routes []string `json:"route_types"`
	// Stream: answers can come in events.
	Stream bool `json:"stream"`
	// Tools, Images, Documents, Reasoning and Schema (JSON of a schema) can be
	// asked for. Whether a model can is the model's matter.
	Tools     bool `json:"tools"`
	Images    bool `json:"images"`
	Documents bool `json:"documents"`
	Reasoning bool `json:"reasoning"`
	Schema    bool `json:"schema"`
	// Rerank: documents can be ranked.
	Rerank bool `json:"rerank"`
}

var (
	chatOnly = []string{Chat, Preserve}
	chatText = []string{Chat, Completions, Preserve}
	chatVec  = []string{Chat, Embeddings, Preserve}
	textVec  = []string{Chat, Completions, Embeddings, Preserve}
	cloud    = []string{Chat, Completions, Embeddings}
	all      = []string{Chat, Completions, Embeddings, Responses, Preserve}
)

// NativeEmbeddings are the formats but OpenAI's that callers may ask for
// embeddings in.
var NativeEmbeddings = []string{"bedrock", "cohere", "gemini", "huggingface", "ollama"}

// Abilities of the providers by name. The formats know more; this is for
// people, and for refusing a configuration before it meets a caller.
var Abilities = map[string]Ability{
	"openai":            {all, true, true, true, true, true, true, false},
	"openai-compatible": {all, true, true, true, true, true, true, true},
	"azure":             {all, true, true, true, true, true, true, false},
	"anthropic":         {chatText, true, true, true, true, true, true, false},
	"bedrock":           {cloud, true, true, true, true, true, false, true},
	"gemini":            {cloud, true, true, true, true, true, true, false},
	"cohere":            {textVec, true, true, true, true, true, true, true},
	"mistral":           {textVec, true, true, true, true, true, true, false},
	"llama2":            {textVec, true, true, false, false, false, false, false},
	"ollama":            {textVec, true, true, true, false, true, true, false},
	"huggingface":       {textVec, true, true, true, false, true, true, false},
	"vllm":              {all, true, true, true, false, true, true, true},
	"xai":               {[]string{Chat, Responses, Preserve}, true, true, true, false, true, true, false},
	"cerebras":          {chatOnly, true, true, false, false, true, true, false},
	"dashscope":         {chatVec, true, true, true, false, true, true, true},
	"databricks":        {chatOnly, true, true, true, false, true, true, false},
	"deepseek":          {[]string{Chat, Responses, Preserve}, true, true, false, false, true, false, false},
	"groq":              {[]string{Chat, Responses, Preserve}, true, true, true, false, true, true, false},
	"openrouter":        {all, true, true, true, true, true, true, true},
	"together":          {textVec, true, true, true, false, true, true, true},
	"perplexity":        {chatOnly, true, false, true, false, true, true, false},
}

// Has tells whether a provider has an operation of its own for a route type.
func Has(name, routeType string) bool {
	return slices.Contains(Abilities[name].Routes, routeType)
}
