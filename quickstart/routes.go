package quickstart

import (
	"slices"

	"github.com/sluice-gateway/sluice/provider"
)

// Route is a route of the declarative file, with its ai-proxy.
type Route struct {
	// Name after the provider's; Note is a remark.
	Name, Note string
	// Path as in the file; Methods and Mark (a header it must have) limit it.
	Path, Methods, Mark string
	// Type is the route type; Format the llm_format, "" is OpenAI's.
	Type, Format string
	// Kind of provider and Model; without a model the caller chooses.
	Kind, Model string
	// Options of the model, as lines of YAML.
	Options []string
	// Metered routes log statistics and have questions of size.
	Metered bool
}

// operations of OpenAI's API, below /<name>/v1.
var operations = []struct{ name, path, routeType string }{
	{"chat", "/v1/chat/completions", provider.Chat},
	{"completions", "/v1/completions", provider.Completions},
	{"embeddings", "/v1/embeddings", provider.Embeddings},
	{"responses", "/v1/responses", provider.Responses},
}

// Routes of the provider: OpenAI's API, and the vendor's own.
func (p *Provider) Routes() []Route {
	var out []Route
	for _, o := range operations {
		if !p.serves(o.routeType) {
			continue
		}
		r := p.route(o.name, o.routeType)
		r.Path, r.Metered = "/"+p.Name+o.path, true
		r.Options = slices.Concat(p.upstream(o.path), p.Options)
		if o.routeType == provider.Responses && p.has(provider.Responses) {
			r.Methods = "" // answers are kept there, and can be read and deleted
		}
		out = append(out, r)
	}
	out = append(out, p.models())
	if p.Own != nil {
		out = append(out, p.own()...)
	}
	return out
}

func (p *Provider) route(name, routeType string) Route {
	return Route{Name: name, Methods: "POST", Type: routeType, Kind: p.kind(), Options: p.Options}
}

func (p *Provider) kind() string {
	if p.Kind == "" {
		return "openai"
	}
	return p.Kind
}

// has tells whether the provider itself has an operation.
func (p *Provider) has(routeType string) bool {
	return slices.Contains(provider.Abilities[p.kind()].Routes, routeType)
}

// serves tells whether there is a way to an operation: what a chat can answer
// it does.
func (p *Provider) serves(routeType string) bool {
	switch routeType {
	case provider.Completions:
		return !p.NoText
	case provider.Responses:
		return true
	}
	return p.has(routeType)
}

// upstream names the place of an operation, for a server that has no name.
func (p *Provider) upstream(path string) []string {
	if p.Kind != "" {
		return nil
	}
	return []string{"upstream_url: " + p.Base + path}
}

// models is the list in OpenAI's shape, and /models/<name>.
func (p *Provider) models() Route {
	r := p.route("models", provider.Preserve)
	r.Methods, r.Path = "GET", "~/"+p.Name+"(?<path>/v1/models(/.*)?)$"
	if p.Closed {
		r.Note = "the gateway lists this one in OpenAI's shape; others may be asked all the same"
		r.Path = "~/" + p.Name + "/v1/models(/.*)?$"
		r.Type, r.Model = provider.Chat, p.Chat
		return r
	}
	r.Note = "the list, and /models/<name>"
	r.Options = slices.Concat([]string{"upstream_url: " + p.Base, "upstream_path: " + p.Under + "$(uri_captures.path)"}, p.Options)
	return r
}

// own are the routes for the vendor's SDK.
func (p *Provider) own() []Route {
	chat := p.route("native", provider.Chat)
	chat.Note = "for SDKs of the vendor's own"
	chat.Path, chat.Format, chat.Metered = "~/"+p.Name+p.Own.Chat+"$", p.Own.Format, true
	if p.Own.List == "" {
		return []Route{chat}
	}
	list := p.route("native-models", provider.Preserve)
	list.Note = "the vendor's list, as it is"
	list.Methods, list.Path, list.Mark = "GET", "~/"+p.Name+"(?<path>"+p.Own.List+")$", p.Own.Mark
	if !p.has(provider.Preserve) {
		list.Kind = "openai-compatible" // nothing is said in it, so it does not matter
	}
	list.Options = slices.Concat([]string{"upstream_url: " + p.Base, "upstream_path: $(uri_captures.path)"}, p.Options)
	return []Route{chat, list}
}
