package quickstart

import (
	"fmt"
	"io"
	"strings"
)

// Guide tells how to call the gateway. proxy and status are the addresses of
// its listeners as URLs without a path; status "" is none.
func (r *Result) Guide(w io.Writer, proxy, status string) error {
	var b strings.Builder
	b.WriteString("\nSluice is ready. Ctrl-C stops it.\n")
	for _, p := range r.Providers {
		p.guide(&b, proxy)
	}
	b.WriteString("\nSDKs want some API key; any will do, the gateway has the real one.\n\n")
	fmt.Fprintf(&b, "Routes   %s (change it, the gateway reads it again)\n", r.Declarative)
	fmt.Fprintf(&b, "Keys     %s\n", r.EnvFile)
	if status != "" {
		fmt.Fprintf(&b, "Metrics  %s/metrics\n", status)
	}
	fmt.Fprintf(&b, "Again    %s\n", r.again)
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *Provider) guide(b *strings.Builder, proxy string) {
	base := proxy + "/" + p.Name + "/v1"
	fmt.Fprintf(b, "\n%s\n  base URL for SDKs: %s\n", title(p.Title), base)
	if p.Chat == "" {
		fmt.Fprintf(b, "  It has no model for chat yet; get one, for instance with: ollama pull llama3.2\n  curl %s/models\n", base)
		return
	}
	fmt.Fprintf(b, "  curl %s/chat/completions \\\n    -H 'Content-Type: application/json' \\\n", base)
	fmt.Fprintf(b, "    -d '{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello!\"}]}'\n", p.Chat)
	b.WriteString("  To see the answer as it is made: curl -N, and \"stream\":true in the question.\n")
	if p.Embedding != "" {
		fmt.Fprintf(b, "  curl %s/embeddings -H 'Content-Type: application/json' \\\n", base)
		fmt.Fprintf(b, "    -d '{\"model\":\"%s\",\"input\":\"Hello!\"}'\n", p.Embedding)
	}
}

// title begins a line with a capital.
func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
