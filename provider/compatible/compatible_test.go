package compatible_test

import (
	"testing"

	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/compatible"
)

func TestEndpoints(t *testing.T) {
	r := provider.NewRegistry(compatible.All()...)
	own := provider.Options{UpstreamURL: "http://gpu.example:8000/v1"}
	for _, tt := range []struct {
		name, routeType string
		options         provider.Options
		want            string
	}{
		{"openai", provider.Chat, provider.Options{}, "https://api.openai.com/v1/chat/completions"},
		{"openai", provider.Completions, provider.Options{}, "https://api.openai.com/v1/completions"},
		{"openai", provider.Embeddings, provider.Options{}, "https://api.openai.com/v1/embeddings"},
		{"openai", provider.Responses, provider.Options{}, "https://api.openai.com/v1/responses"},
		{"openai", provider.Preserve, provider.Options{}, "https://api.openai.com"},
		{"xai", provider.Chat, provider.Options{}, "https://api.x.ai/v1/chat/completions"},
		{"cerebras", provider.Chat, provider.Options{}, "https://api.cerebras.ai/v1/chat/completions"},
		{"deepseek", provider.Chat, provider.Options{}, "https://api.deepseek.com/v1/chat/completions"},
		{"groq", provider.Chat, provider.Options{}, "https://api.groq.com/openai/v1/chat/completions"},
		{"openrouter", provider.Chat, provider.Options{}, "https://openrouter.ai/api/v1/chat/completions"},
		{"together", provider.Embeddings, provider.Options{}, "https://api.together.xyz/v1/embeddings"},
		{"perplexity", provider.Chat, provider.Options{}, "https://api.perplexity.ai/chat/completions"},
		{"dashscope", provider.Chat, provider.Options{DashScope: provider.DashScope{International: true}}, "https://dashscope-intl.aliyuncs.com/compatible-mode/v1/chat/completions"},
		{"dashscope", provider.Embeddings, provider.Options{}, "https://dashscope.aliyuncs.com/compatible-mode/v1/embeddings"},
		{"databricks", provider.Chat, provider.Options{Databricks: provider.Databricks{WorkspaceInstanceID: "dbc-1"}}, "https://dbc-1.cloud.databricks.com/serving-endpoints/v1/chat/completions"},
		{"vllm", provider.Chat, own, "http://gpu.example:8000/v1/chat/completions"},
		{"openai-compatible", provider.Chat, own, "http://gpu.example:8000/v1/chat/completions"},
	} {
		e, err := r[tt.name].Endpoint(&provider.Operation{RouteType: tt.routeType, Options: &tt.options})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := e.Location.Scheme + "://" + e.Location.Authority() + e.Location.Path; got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.name, tt.routeType, got, tt.want)
		}
	}
	if _, err := r["openai"].Endpoint(&provider.Operation{RouteType: "llm/v1/files", Options: &provider.Options{}}); err == nil {
		t.Error("there is an endpoint for files")
	}
}
