package provider_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/schema"
)

// TestWarnings: what is legal in a record and yet does nothing, or hardly what
// was meant, is named with its place.
func TestWarnings(t *testing.T) {
	type m = map[string]any
	for _, tt := range []struct {
		name, provider, route, format string
		auth, options                 m
		want                          string // path and how the message begins, line by line
	}{
		{name: "nothing set", provider: "openai"},
		{name: "all is well", provider: "azure", auth: m{"header_name": "api-key", "header_value": "k", "allow_override": true}, options: m{
			"azure_instance": "i", "azure_deployment_id": "d", "azure_api_version": "2024-01-01", "max_tokens": int64(1), "temperature": int64(2), "top_p": int64(1),
		}},
		{name: "defaults written out", provider: "openai", auth: m{"gcp_use_service_account": false, "gcp_metadata_url": nil}, options: m{
			"azure_api_version": "2023-05-15", "cohere": m{"embedding_input_type": "classification"}, "dashscope": m{"international": true},
			"bedrock": m{"embeddings_normalize": false}, "gemini": m{}, "ask_usage": true, "mistral_format": nil,
		}},
		{name: "another's options", provider: "openai", options: m{"azure_instance": "i", "anthropic_version": "v"}, want: `
model.options.anthropic_version: no effect with provider openai: it is for anthropic
model.options.azure_instance: no effect with provider openai: it is for azure`},
		{name: "records of others", provider: "anthropic", options: m{"bedrock": m{"aws_region": "r", "embeddings_normalize": true}, "gemini": m{"project_id": "p"}}, want: `
model.options.gemini.project_id: no effect with provider anthropic: it is for gemini
model.options.bedrock.aws_region: no effect with provider anthropic: it is for bedrock
model.options.bedrock.embeddings_normalize: no effect with provider anthropic: it is for bedrock`},
		{name: "shared", provider: "bedrock", route: provider.Embeddings, options: m{"cohere": m{"embedding_input_type": "image"}, "bedrock": m{"embeddings_normalize": true}}},
		{name: "credentials of others", provider: "cohere", auth: m{"aws_access_key_id": "a", "azure_use_managed_identity": true, "gcp_metadata_url": "u"}, want: `
auth.gcp_metadata_url: no effect with provider cohere: it is for gemini
auth.aws_access_key_id: no effect with provider cohere: it is for bedrock
auth.azure_use_managed_identity: no effect with provider cohere: it is for azure`},
		{name: "credentials that are off", provider: "gemini", auth: m{"gcp_service_account_json": "{}"}, want: `
auth.gcp_service_account_json: no effect without auth.gcp_use_service_account`},
		{name: "azure's that are off", provider: "azure", auth: m{"azure_tenant_id": "t"}, want: `
auth.azure_tenant_id: no effect without auth.azure_use_managed_identity`},
		{name: "a key in place of a signature", provider: "bedrock", auth: m{"header_name": "authorization", "header_value": "k", "aws_access_key_id": "a"}, options: m{"bedrock": m{"aws_assume_role_arn": "r", "aws_region": "r"}}, want: `
auth.aws_access_key_id: no effect beside auth.header_name
model.options.bedrock.aws_assume_role_arn: no effect beside auth.header_name`},
		{name: "a name without a role", provider: "bedrock", options: m{"bedrock": m{"aws_role_session_name": "n"}}, want: `
model.options.bedrock.aws_role_session_name: no effect without model.options.bedrock.aws_assume_role_arn`},
		{name: "nothing to override", provider: "openai", auth: m{"allow_override": true}, want: `
auth.allow_override: no effect without auth.header_name or auth.param_name`},
		{name: "a member of a body that passes", provider: "openai", route: provider.Preserve, auth: m{"param_name": "key", "param_value": "k", "param_location": "body"}, want: `
auth.param_name: no effect: bodies pass unchanged`},
		{name: "a path beside a URL", provider: "openai", options: m{"upstream_url": "http://a/b", "upstream_path": "/c"}, want: `
model.options.upstream_path: no effect beside model.options.upstream_url`},
		{name: "a path beside a URL counts in preserve", provider: "openai", route: provider.Preserve, options: m{"upstream_url": "http://a/b", "upstream_path": "/c"}},
		{name: "sampling of vectors", provider: "openai", route: provider.Embeddings, options: m{"max_tokens": int64(-5), "temperature": 0.5, "embeddings_dimensions": int64(3)}, want: `
model.options.max_tokens: no effect with route_type llm/v1/embeddings: it is for llm/v1/chat, llm/v1/completions, llm/v1/responses
model.options.temperature: no effect with route_type llm/v1/embeddings`},
		{name: "dimensions of a chat", provider: "openai", options: m{"embeddings_dimensions": int64(3)}, want: `
model.options.embeddings_dimensions: no effect with route_type llm/v1/chat: it is for llm/v1/embeddings`},
		{name: "a negative limit", provider: "openai", options: m{"max_tokens": int64(-5)}, want: `
model.options.max_tokens: -5 is no length of an answer`},
		{name: "no answer at all", provider: "gemini", options: m{"max_tokens": int64(0)}, want: `
model.options.max_tokens: 0 is no length of an answer`},
		{name: "Ollama's numbers", provider: "ollama", options: m{"max_tokens": int64(-1)}},
		{name: "Ollama's numbers at a Llama", provider: "llama2", options: m{"max_tokens": int64(-2), "llama2_format": "ollama", "upstream_url": "http://a"}},
		{name: "no number of Ollama's", provider: "mistral", options: m{"max_tokens": int64(-3), "mistral_format": "ollama"}, want: `
model.options.max_tokens: -3 is no length of an answer`},
		{name: "too hot", provider: "anthropic", options: m{"temperature": 1.5}, want: `
model.options.temperature: provider anthropic takes 0 to 1`},
		{name: "too hot for Converse", provider: "bedrock", options: m{"temperature": int64(2)}, want: `
model.options.temperature: provider bedrock takes 0 to 1`},
		{name: "not for all makers", provider: "bedrock", options: m{"temperature": int64(2), "bedrock": m{"invoke_model": true}}},
		{name: "hot, and nobody knows how hot is too hot", provider: "vllm", options: m{"temperature": int64(5)}},
		{name: "OpenAI knows no top_k", provider: "openai", options: m{"top_k": int64(5)}, want: `
model.options.top_k: no effect with provider openai: it is for anthropic, bedrock, `},
		{name: "nor do its callers", provider: "vllm", options: m{"top_k": int64(5)}, want: `
model.options.top_k: no effect with llm_format openai`},
		{name: "top_k in translation", provider: "vllm", format: "anthropic", options: m{"top_k": int64(5)}},
		{name: "top_k of Anthropic's", provider: "anthropic", options: m{"top_k": int64(5)}},
	} {
		r := &provider.Record{RouteType: tt.route, LLMFormat: tt.format, Auth: &provider.Auth{}, Model: &provider.Model{}, Logging: &provider.Logging{}}
		if r.RouteType == "" {
			r.RouteType = provider.Chat
		}
		if r.LLMFormat == "" {
			r.LLMFormat = "openai"
		}
		e := schema.Decode(tt.auth, r.Auth)
		e2 := schema.Decode(m{"provider": tt.provider, "options": tt.options}, r.Model)
		if !e.Empty() || !e2.Empty() {
			t.Errorf("%s: %v, %v", tt.name, e, e2)
			continue
		}
		got := r.Warnings()
		want := strings.Split(strings.TrimSpace(tt.want), "\n")
		if tt.want == "" {
			want = nil
		}
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i].String(), want[i]) {
				t.Errorf("%s: got\n%v, want%s", tt.name, got, tt.want)
				break
			}
		}
	}
}
