package provider

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/header"
	"github.com/sluice-gateway/sluice/identity"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// The route types: what an AI route does.
const (
	Chat        = "llm/v1/chat"
	Completions = "llm/v1/completions"
	Embeddings  = "llm/v1/embeddings"
	Responses   = "llm/v1/responses"
	Preserve    = "preserve"
)

// Rerank is asked for on a route for chats, by a path of its own; it is no
// route type that a configuration can have.
const Rerank = "rerank"

// Provider is an LLM service.
type Provider interface {
	// Name as in configuration.
	Name() string
	// Endpoint says where a question goes and in which format. Errors name an
	// operation or a model that the provider does not have.
	Endpoint(o *Operation) (Endpoint, error)
	// Identity proves the gateway where auth has no fixed credential; nil if
	// that is all there is.
	Identity(a *Auth, m *Model, env identity.Deps) (identity.Source, error)
}

// Operation is what a question asks a provider to do.
type Operation struct {
	RouteType string
	// Model at the provider; empty when the caller names none.
	Model   string
	Options *Options
	Stream  bool
	// Caller is the format of the question, for a provider that speaks several.
	Caller llm.Format
}

// Endpoint is where a question goes.
type Endpoint struct {
	Location Location
	// Format that the provider speaks there; nil passes bodies as they are.
	Format wire.Provider
	// Embed is the format of embeddings there, in place of Format, and Rerank
	// that of rankings.
	Embed  wire.EmbedProvider
	Rerank wire.RerankProvider
	// Header holds fields that every question there has.
	Header header.Header
	// Query holds arguments that a question has unless the caller sent some of
	// the same name.
	Query string
	// Body holds members that are set in every body there.
	Body []llm.Member
	// Suffix is appended to upstream_url as well.
	Suffix string
	// NoStreamOptions: the service refuses questions with stream_options.
	NoStreamOptions bool
	// Meta are further members of the log's meta object.
	Meta []Meta
	// Pathed: upstream_path is part of the location already.
	Pathed bool
	// Below: an upstream_url without a path is the address of the server.
	Below bool
	// Beside leads from an upstream_url or upstream_path of a chat to the
	// operation.
	Beside []Way
}

// Way leads from what the path of one operation ends with to the path of
// another of the same API.
type Way struct{ From, To string }

// Lead is where ways lead from a path; nowhere else if it ends with none.
func Lead(ways []Way, path string) string {
	for _, w := range ways {
		if base, ok := strings.CutSuffix(path, w.From); ok {
			return base + w.To
		}
	}
	return path
}

// Meta is something to log of a place.
type Meta struct{ Name, Value string }

// Location is a place to send requests to.
type Location struct {
	Scheme string // http or https
	Host   string // name or address, without port
	Port   int
	Path   string // escaped, begins with a slash
	Query  string
}

// ParseLocation reads an http or https URL. Without a port it is the scheme's.
func ParseLocation(raw string) (Location, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return Location{}, fmt.Errorf("not a URL: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return Location{}, fmt.Errorf("scheme %q: only http and https are supported", u.Scheme)
	}
	if u.User != nil {
		return Location{}, errors.New("must not hold a user or password: set auth instead")
	}
	if u.Hostname() == "" {
		return Location{}, fmt.Errorf("missing host in url")
	}
	loc := Location{Scheme: u.Scheme, Host: u.Hostname(), Port: 80, Path: OneSlash(u.EscapedPath()), Query: u.RawQuery}
	if u.Scheme == "https" {
		loc.Port = 443
	}
	if p := u.Port(); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 65535 {
			return Location{}, fmt.Errorf("port %q is not a port number", p)
		}
		loc.Port = n
	}
	return loc, nil
}

// Authority is the location's value of a Host header: the port is left out
// when it is the scheme's own.
func (l *Location) Authority() string {
	host := l.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if l.Scheme == "http" && l.Port == 80 || l.Scheme == "https" && l.Port == 443 {
		return host
	}
	return host + ":" + strconv.Itoa(l.Port)
}

// OneSlash makes a path begin with exactly one slash.
func OneSlash(path string) string {
	if len(path) > 0 && path[0] == '/' && (len(path) == 1 || path[1] != '/') {
		return path
	}
	return "/" + strings.TrimLeft(path, "/")
}

// Registry is the set of providers in this binary.
type Registry map[string]Provider

// NewRegistry makes a registry.
func NewRegistry(all ...Provider) Registry {
	r := Registry{}
	for _, p := range all {
		r[p.Name()] = p
	}
	return r
}

// Reasons tells OpenAI's models that know max_completion_tokens only.
func Reasons(model string) bool {
	for _, p := range [...]string{"o1", "o3", "o4", "gpt-5"} {
		if strings.HasPrefix(model, p) {
			return true
		}
	}
	return false
}
