package quickstart

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/internal/jsonv2"
)

// Provider is one that quickstart can set up.
type Provider struct {
	// Name in paths: the base URL for SDKs is /<name>/v1.
	Name string
	// Title for people.
	Title string
	// KeyVariables are the variables in which vendors' tools look for the key,
	// the first that is set counts; none needs no key.
	KeyVariables []string
	// Header carries the key; "" is Authorization, with the scheme Bearer.
	Header string
	// HeaderVariable is the variable that the declarative file refers to: the
	// whole header, since a vault reference is always a whole value.
	HeaderVariable string
	// Kind is the name in configuration; "" is a server at Base that speaks
	// OpenAI's API.
	Kind string
	// Options of the model that Kind needs, as lines of YAML.
	Options []string
	// Base is where the provider is, without /v1.
	Base string
	// Under is what stands before /v1/models at the provider.
	Under string
	// Closed providers have no list of models in OpenAI's shape, so the gateway
	// lists Chat.
	Closed bool
	// NoText: there is no way to complete a text with the models of today.
	NoText bool
	// Local providers are looked for on this machine.
	Local bool
	// More providers are not asked for one by one.
	More bool
	// Cloud providers take the environment's identity in place of a key.
	Cloud bool
	// Found is the variable that names the identity; "" when there is none.
	Found string
	// Chat and Embedding are models to try; "" when there is none.
	Chat, Embedding string
	// Demo is the built-in model.
	Demo bool
	// Own is the vendor's own API; nil is OpenAI's.
	Own *Own
}

// Own is an API of a vendor's own, below /<name>.
type Own struct {
	// Models is what people call the models.
	Models string
	// Format is the llm_format.
	Format string
	// Chat and List are expressions for paths: questions, and what there is.
	Chat, List string
	// Mark is a header that the vendor's SDK sends and OpenAI's does not, where
	// both want the same path.
	Mark string
}

// demoAddress is where the demo model listens unless the settings say
// otherwise.
const demoAddress = "127.0.0.1:8009"

func demoProvider(lookup func(string) (string, bool)) Provider {
	address := demoAddress
	for _, name := range []string{"KONG_DEMO_LISTEN", "SLUICE_DEMO_LISTEN"} {
		if v, ok := lookup(name); ok && v != "" && v != "off" {
			address = v
		}
	}
	return Provider{
		Name: "demo", Title: "the demo model", Base: "http://" + address,
		Chat: "demo", Embedding: "demo", Demo: true,
	}
}

// is tells whether two are the same provider.
func (p *Provider) is(other Provider) bool { return p.Name == other.Name }

// header is the header's value for a key.
func (p *Provider) header(key string) string {
	key = strings.TrimPrefix(strings.TrimSpace(key), "Bearer ")
	if p.Header != "" {
		return key
	}
	return "Bearer " + key
}

// given finds the provider's key in the environment, and the variable it is in.
func (p *Provider) given(lookup func(string) (string, bool)) (variable, key string) {
	return firstSet(lookup, p.KeyVariables...)
}

func firstSet(lookup func(string) (string, bool), names ...string) (name, value string) {
	for _, name := range names {
		if v, ok := lookup(name); ok && v != "" {
			return name, v
		}
	}
	return "", ""
}

// address is host:port of a provider on this machine.
func (p *Provider) address() string { return strings.TrimPrefix(p.Base, "http://") }

// ollamaBase follows OLLAMA_HOST, which may lack scheme and port and may be a
// wildcard that one can listen on but not call.
func ollamaBase(lookup func(string) (string, bool)) string {
	const usual = "http://127.0.0.1:11434"
	raw, ok := lookup("OLLAMA_HOST")
	if !ok || raw == "" {
		return usual
	}
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return usual
	}
	host, port := u.Hostname(), u.Port()
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	if port == "" {
		port = "11434"
	}
	return u.Scheme + "://" + net.JoinHostPort(host, port)
}

// maxModels bounds the list of models that is read.
const maxModels = 4 << 20

// find asks a local server for its models; false when nobody answers.
func (s *session) find(ctx context.Context, p *Provider) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Base+"/v1/models", http.NoBody)
	if err != nil {
		return false
	}
	resp, err := s.o.HTTP.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxModels))
	if err != nil || resp.StatusCode != http.StatusOK {
		return false
	}
	v, err := jsonv2.Parse(body)
	list, isObject := v.(map[string]any)
	if err != nil || !isObject {
		return false
	}
	p.Chat, p.Embedding = pick(list)
	return true
}

// pick takes the first model that looks as if it could chat and the first
// that looks like one for embeddings.
func pick(list map[string]any) (chat, embedding string) {
	models, _ := list["data"].([]any)
	for _, m := range models {
		model, _ := m.(map[string]any)
		name, _ := model["id"].(string)
		switch {
		case name == "" || !plain(name):
		case strings.Contains(strings.ToLower(name), "embed"):
			embedding = first(embedding, name)
		default:
			chat = first(chat, name)
		}
	}
	return chat, embedding
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
