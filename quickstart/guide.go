package quickstart

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Guide tells how to call the gateway. proxy and status are the addresses of
// its listeners as URLs without a path; status "" is none.
func (r *Result) Guide(w io.Writer, proxy, status string) error {
	var b strings.Builder
	b.WriteString("\nSluice is ready. Ctrl-C stops it.\n")
	if len(r.Providers) > fewProviders {
		r.table(&b, proxy)
	} else {
		for _, p := range r.Providers {
			p.guide(&b, proxy)
		}
	}
	r.translation(&b, proxy)
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

// fewProviders get a paragraph each, more a table.
const fewProviders = 3

func (p *Provider) guide(b *strings.Builder, proxy string) {
	base := proxy + "/" + p.Name + "/v1"
	fmt.Fprintf(b, "\n%s\n  base URL for SDKs: %s\n", title(p.Title), base)
	if p.Own != nil {
		fmt.Fprintf(b, "  for SDKs of the vendor's own: %s/%s\n", proxy, p.Name)
	}
	if p.Chat == "" {
		fmt.Fprintf(b, "  It has no model for chat yet; get one, for instance with: ollama pull llama3.2\n  curl %s/models\n", base)
		return
	}
	p.curl(b, "  ", base)
	if p.Closed {
		fmt.Fprintf(b, "  %s/models lists this model only; others may be asked all the same.\n", base)
	}
	if p.Embedding != "" {
		fmt.Fprintf(b, "  curl %s/embeddings -H 'Content-Type: application/json' \\\n", base)
		fmt.Fprintf(b, "    -d '{\"model\":\"%s\",\"input\":\"Hello!\"}'\n", p.Embedding)
	}
}

// curl is a question to a model.
func (p *Provider) curl(b *strings.Builder, indent, base string) {
	fmt.Fprintf(b, "%scurl %s/chat/completions \\\n%s  -H 'Content-Type: application/json' \\\n", indent, base, indent)
	fmt.Fprintf(b, "%s  -d '{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello!\"}]}'\n", indent, p.Chat)
	fmt.Fprintf(b, "%sTo see the answer as it is made: curl -N, and \"stream\":true in the question.\n", indent)
}

// table has a line for each provider, and the question to the first.
func (r *Result) table(b *strings.Builder, proxy string) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "\nBase URLs for SDKs:\n")
	for i := range r.Providers {
		p := &r.Providers[i]
		fmt.Fprintf(t, "  %s\t%s/%s/v1\t%s\n", title(p.Title), proxy, p.Name, strings.Trim(p.Chat+", "+p.Embedding, ", "))
		if p.Own != nil {
			fmt.Fprintf(t, "  \t%s/%s\tfor SDKs of the vendor's own\n", proxy, p.Name)
		}
	}
	_ = t.Flush() // a strings.Builder takes everything
	i := slices.IndexFunc(r.Providers, func(p Provider) bool { return p.Chat != "" })
	if i < 0 {
		return
	}
	p := &r.Providers[i]
	fmt.Fprintf(b, "\nA question to %s; the others differ in name and model only:\n", p.Title)
	p.curl(b, "  ", proxy+"/"+p.Name+"/v1")
	r.closed(b)
}

// closed tells of lists of models that are short.
func (r *Result) closed(b *strings.Builder) {
	var names []string
	for i := range r.Providers {
		if r.Providers[i].Closed {
			names = append(names, r.Providers[i].Title)
		}
	}
	if len(names) > 0 {
		fmt.Fprintf(b, "\n/v1/models of %s lists the model above only; others may be asked all the same.\n", strings.Join(names, ", "))
	}
}

// translation is an example of it, where a provider has a format of its own.
func (r *Result) translation(b *strings.Builder, proxy string) {
	for i := range r.Providers {
		if p := &r.Providers[i]; p.Own != nil {
			fmt.Fprintf(b, "\nAny OpenAI client can speak to %s: base URL %s/%s/v1, model %s.\n", p.Own.Models, proxy, p.Name, p.Chat)
			return
		}
	}
}

// title begins a line with a capital, where the name itself is none.
func title(s string) string {
	if rest, ok := strings.CutPrefix(s, "the "); ok {
		return "The " + rest
	}
	return s
}
