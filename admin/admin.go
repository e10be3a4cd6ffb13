// Package admin answers the Admin API and the Status API: what the node is,
// what it runs, and the ways to look at a configuration and to replace it.
//
// It reads requests, guards them and shows results; it owns the door through
// which configurations come in (Configuration). It must not know how a
// configuration is run, open sockets, or name a plugin: app hands it what it
// needs. Nothing here is on the path of proxied requests.
package admin

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/plugin"
)

// DefaultMaxBody is the default of nginx_admin_client_max_body_size.
const DefaultMaxBody = 10 << 20

// Options are what both APIs ask for. Functions are called by several
// goroutines at once.
type Options struct {
	// Configuration is what runs, and the way to replace it.
	Configuration *Configuration
	// Entities says how entities and posted documents are read, and which
	// plugins may be configured.
	Entities config.Options
	// Plugins are those in this binary.
	Plugins *plugin.Registry
	// Providers are the LLM providers in this binary and what they can do, as
	// plain values; GET /ai/providers shows them.
	Providers []any
	// Node identifies the gateway.
	Node plugin.Node
	// Settings gives all settings as plain values, secrets already masked;
	// GET / shows them.
	Settings func() map[string]any
	// Stats are the connections of the proxy; nil shows zeros.
	Stats Stats
	// Metrics writes the page for Prometheus; nil is no such page.
	Metrics func(w io.Writer) error
	// NotReady says why the node is not ready yet, "" when it is. It is asked
	// beside what this package knows itself; nil has no objection.
	NotReady func() string
	// Auth is who may use the Admin API. The Status API is open.
	Auth Auth
	// Origins of pages that may use the Admin API from a browser. Empty allows
	// pages of the same host, and any page when a token is asked for.
	Origins []string
	// Hosts, unless nil, are the names by which the Admin API may be asked as
	// long as it wants no token, besides localhost, addresses and the hosts of
	// Origins. For an API that other machines reach it is nil: they may call
	// it as they like.
	Hosts []string
	// MaxBody is the longest body that the Admin API takes, in bytes; 0 is
	// config.MaxText.
	MaxBody int64
	// Agent is what the header Server says; "" leaves it out.
	Agent string
	// Latency turns X-Kong-Admin-Latency on.
	Latency bool
	// Clock and Log, never nil.
	Clock clock.Clock
	Log   *slog.Logger
}

// Stats count the connections and requests of callers.
type Stats interface {
	// Accepted connections so far.
	Accepted() int64
	// Active is how many are open now, Idle how many of them wait.
	Active() int64
	Idle() int64
	// Requests so far.
	Requests() int64
}

// New makes the Admin API.
func New(o Options) http.Handler {
	f := &front{o: &o, guarded: true}
	f.table = newTable(f.adminEndpoints())
	return f
}

// adminEndpoints is the list of everything the Admin API answers.
func (f *front) adminEndpoints() []endpoint {
	list := []endpoint{
		{"/", methods{http.MethodGet: f.root}},
		{"/ai/providers", methods{http.MethodGet: f.providers}},
		{"/config", methods{http.MethodGet: f.getConfig, http.MethodPost: f.postConfig}},
		{"/endpoints", methods{http.MethodGet: f.endpoints}},
		{"/plugins/enabled", methods{http.MethodGet: f.enabledPlugins}},
		{"/plugins/schema/{name}", methods{http.MethodGet: f.pluginConfigSchema}},
		{"/robots.txt", methods{http.MethodGet: robots}},
		{"/schemas/plugins/validate", methods{http.MethodPost: f.validateAs("plugins")}},
		{"/schemas/plugins/{name}", methods{http.MethodGet: f.pluginSchema}},
		{"/schemas/vaults/validate", methods{http.MethodPost: f.validateAs("vaults")}},
		{"/schemas/vaults/{name}", methods{http.MethodGet: f.vaultSchema}},
		{"/schemas/{name}", methods{http.MethodGet: f.entitySchema}},
		{"/schemas/{name}/validate", methods{http.MethodPost: f.validate}},
		{"/status", methods{http.MethodGet: f.status}},
		{"/status/dns", methods{http.MethodGet: statusDNS}},
	}
	if f.o.Metrics != nil {
		list = append(list, endpoint{"/metrics", methods{http.MethodGet: f.metrics}})
	}
	return append(list, f.entityEndpoints()...)
}
