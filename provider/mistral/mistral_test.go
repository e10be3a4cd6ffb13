package mistral_test

import (
	"errors"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/mistral"
)

func TestEndpoints(t *testing.T) {
	for _, c := range []struct {
		route, format, path string
		speaks              llm.Format
		err                 error
	}{
		{provider.Chat, "openai", "/v1/chat/completions", llm.Mistral, nil},
		{provider.Chat, "", "/v1/chat/completions", llm.Mistral, nil},
		{provider.Completions, "openai", "", "", provider.ErrNoOperation},
		{provider.Embeddings, "openai", "/v1/embeddings", "", nil},
		{provider.Preserve, "openai", "", "", nil},
		{provider.Responses, "openai", "", "", provider.ErrNoOperation},
		{provider.Chat, "ollama", "/api/chat", llm.OllamaChat, nil},
	} {
		o := provider.Operation{RouteType: c.route, Options: &provider.Options{MistralFormat: c.format}}
		e, err := mistral.New().Endpoint(&o)
		if !errors.Is(err, c.err) || e.Location.Path != c.path {
			t.Errorf("%s %s: got %+v, %v", c.route, c.format, e, err)
		}
		if got := formatOf(&e); c.err == nil && got != c.speaks {
			t.Errorf("%s %s speaks %s", c.route, c.format, got)
		}
		if e.Location.Host != "api.mistral.ai" || e.Location.Port != 443 || e.Location.Scheme != "https" {
			t.Errorf("%s %s is at %+v", c.route, c.format, e.Location)
		}
	}
}

func formatOf(e *provider.Endpoint) llm.Format {
	if e.Format == nil {
		return ""
	}
	return e.Format.Format()
}
