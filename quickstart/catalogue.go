package quickstart

import "strings"

// Models to try: small ones of today. A wrong name is easily changed, so they
// are all here.
const (
	openAIChat, openAIEmbedding         = "gpt-4o-mini", "text-embedding-3-small"
	anthropicChat                       = "claude-haiku-4-5"
	geminiChat, geminiEmbedding         = "gemini-3.5-flash-lite", "gemini-embedding-001"
	mistralChat, mistralEmbedding       = "mistral-small-latest", "mistral-embed"
	cohereChat, cohereEmbedding         = "command-r7b-12-2024", "embed-v4.0"
	xaiChat                             = "grok-4.3"
	deepseekChat                        = "deepseek-flash"
	groqChat                            = "openai/gpt-oss-20b"
	openRouterChat, openRouterEmbedding = "openai/gpt-4o-mini", "openai/text-embedding-3-small"
	togetherChat, togetherEmbedding     = "openai/gpt-oss-20b", "intfloat/multilingual-e5-large-instruct"
	perplexityChat                      = "sonar"
	cerebrasChat                        = "gpt-oss-120b"
	dashscopeChat, dashscopeEmbedding   = "qwen-flash", "text-embedding-v4"
	huggingFaceChat, hfEmbedding        = "openai/gpt-oss-20b", "intfloat/multilingual-e5-large"
	bedrockChat, bedrockEmbedding       = "amazon.nova-lite-v1:0", "amazon.titan-embed-text-v2:0"
)

// catalogue lists the providers of this version, the demo model aside.
func catalogue(lookup func(string) (string, bool)) []Provider {
	first := []Provider{
		{
			Name: "openai", Title: "OpenAI", KeyVariables: []string{"OPENAI_API_KEY"}, HeaderVariable: "OPENAI_AUTHORIZATION",
			Base: "https://api.openai.com", Chat: openAIChat, Embedding: openAIEmbedding,
		},
		{Name: "ollama", Title: "Ollama", Base: ollamaBase(lookup), Local: true},
	}
	return append(append(append(first, vendors()...), services()...), bedrock(lookup))
}

// vendors have an API of their own beside what they share with OpenAI's.
// Anthropic's and Cohere's endpoints for texts serve none of the models of
// today, and Mistral has none.
func vendors() []Provider {
	return []Provider{
		{
			Name: "anthropic", Title: "Anthropic", KeyVariables: []string{"ANTHROPIC_API_KEY"},
			Header: "x-api-key", HeaderVariable: "ANTHROPIC_X_API_KEY",
			Kind: "anthropic", Options: []string{`anthropic_version: "2023-06-01"`},
			Base: "https://api.anthropic.com", Closed: true, NoText: true, More: true, Chat: anthropicChat,
			Own: &Own{
				Models: "Claude", Format: "anthropic", Chat: "/v1/messages(/count_tokens)?",
				List: "/v1/models(/[^/]+)?", Mark: "anthropic-version",
			},
		},
		{
			Name: "gemini", Title: "Gemini", KeyVariables: []string{"GEMINI_API_KEY", "GOOGLE_API_KEY"},
			Header: "x-goog-api-key", HeaderVariable: "GEMINI_X_GOOG_API_KEY",
			Kind: "gemini", Base: "https://generativelanguage.googleapis.com", Closed: true, More: true, Chat: geminiChat, Embedding: geminiEmbedding,
			Own: &Own{
				Models: "Gemini", Format: "gemini",
				Chat: "/v1beta/models/[^/]+:(generateContent|streamGenerateContent|countTokens)",
				List: "/v1beta/models(/[^/:]+)?",
			},
		},
		{
			Name: "mistral", Title: "Mistral", KeyVariables: []string{"MISTRAL_API_KEY"}, HeaderVariable: "MISTRAL_AUTHORIZATION",
			Kind: "mistral", Options: []string{"mistral_format: openai"},
			Base: "https://api.mistral.ai", NoText: true, More: true, Chat: mistralChat, Embedding: mistralEmbedding,
		},
		{
			Name: "cohere", Title: "Cohere", KeyVariables: []string{"COHERE_API_KEY", "CO_API_KEY"}, HeaderVariable: "COHERE_AUTHORIZATION",
			Kind: "cohere", Base: "https://api.cohere.com", Closed: true, NoText: true, More: true, Chat: cohereChat, Embedding: cohereEmbedding,
			Own: &Own{Models: "Command", Format: "cohere", Chat: "/v2/chat"},
		},
	}
}

// services speak OpenAI's API and nothing else. Together's list of models has
// another shape, Perplexity has none, and Hugging Face's endpoint for texts
// serves hardly a model.
func services() []Provider {
	all := []Provider{
		{Name: "xai", Title: "xAI", Base: "https://api.x.ai", Chat: xaiChat},
		{Name: "deepseek", Title: "DeepSeek", Base: "https://api.deepseek.com", Chat: deepseekChat},
		{Name: "groq", Title: "Groq", Base: "https://api.groq.com", Under: "/openai", Chat: groqChat},
		{Name: "openrouter", Title: "OpenRouter", Base: "https://openrouter.ai", Under: "/api", Chat: openRouterChat, Embedding: openRouterEmbedding},
		{Name: "together", Title: "Together", Base: "https://api.together.xyz", Closed: true, Chat: togetherChat, Embedding: togetherEmbedding},
		{Name: "perplexity", Title: "Perplexity", Base: "https://api.perplexity.ai", Closed: true, Chat: perplexityChat},
		{Name: "cerebras", Title: "Cerebras", Base: "https://api.cerebras.ai", Chat: cerebrasChat},
		{
			Name: "dashscope", Title: "DashScope", Base: "https://dashscope-intl.aliyuncs.com", Under: "/compatible-mode",
			Options: []string{"dashscope: {international: true}"}, Chat: dashscopeChat, Embedding: dashscopeEmbedding,
		},
		{
			Name: "huggingface", Title: "Hugging Face", KeyVariables: []string{"HF_TOKEN"},
			Base: "https://router.huggingface.co", NoText: true, Chat: huggingFaceChat, Embedding: hfEmbedding,
		},
	}
	for i := range all {
		p := &all[i]
		p.Kind, p.More = p.Name, true
		upper := strings.ToUpper(p.Name)
		p.HeaderVariable = upper + "_AUTHORIZATION"
		if p.KeyVariables == nil {
			p.KeyVariables = []string{upper + "_API_KEY"}
		}
	}
	return all
}

// bedrock is there when the environment names an identity and a region. The
// identity stays where it is: AWS's own variables and files.
func bedrock(lookup func(string) (string, bool)) Provider {
	p := Provider{
		Name: "bedrock", Title: "Amazon Bedrock", Kind: "bedrock", Closed: true, More: true, Cloud: true, Chat: bedrockChat, Embedding: bedrockEmbedding,
		Own: &Own{Models: "the models of Bedrock", Format: "bedrock", Chat: "/model/.+/(converse|converse-stream|count-tokens)"},
	}
	_, region := firstSet(lookup, "AWS_REGION", "AWS_DEFAULT_REGION")
	if strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || region == "" {
		return p
	}
	p.Found, _ = firstSet(lookup, "AWS_ACCESS_KEY_ID", "AWS_PROFILE")
	p.Options = []string{"bedrock: {aws_region: " + region + "}"}
	p.Base = "https://bedrock-runtime." + region + ".amazonaws.com"
	p.Chat = profile(region) + bedrockChat
	return p
}

// profile is what stands before a model's name where it can only be had from
// a group of regions.
//
// https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
func profile(region string) string {
	for _, group := range [...]struct{ regions, prefix string }{
		{"us-gov-", "us-gov."}, {"us-", "us."}, {"eu-", "eu."}, {"ap-", "apac."},
	} {
		if strings.HasPrefix(region, group.regions) {
			return group.prefix
		}
	}
	return ""
}
