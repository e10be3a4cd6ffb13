// Package relay carries an exchange with a model between caller and provider:
// it checks the question, points it at its target with a short list of edits,
// and meters the answer as it passes.
//
// Caller and provider speak the same format here, so bodies travel as bytes.
// relay takes part in sending as the exchange's Call; it opens no connections
// and makes no attempts of its own. Plugins (ai-proxy) decide that and how an
// exchange is relayed; relay must not know them.
package relay

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/provider"
)

// Streaming is the setting response_streaming.
type Streaming string

// What a caller may ask for.
const (
	Allow  Streaming = "allow"
	Always Streaming = "always"
	Deny   Streaming = "deny"
)

// Settings describe a target: a model at a provider, and how it is relayed.
type Settings struct {
	PluginID      string
	RouteType     string
	Auth          provider.Auth
	Logging       provider.Logging
	Model         provider.Model
	Streaming     Streaming
	ModelHeader   bool
	MaxBody       int64 // bytes; 0 is no limit
	MaxBodyField  string
	Provider      provider.Provider
	CollectLimit  int64 // how much of a plain answer is read before it is passed on; 0 is 4 MiB
	EventMaxBytes int   // longest event of a stream; 0 is 16 MiB
}

// Target is a configured model, ready to be relayed to. It is immutable and
// safe for concurrent use.
type Target struct {
	s       Settings
	surface surface
	secrets []string // what credentials come under, the caller's own too
	keys    *jsonscan.Keys
	param   int // index of auth.param_name among keys, or -1
	dynamic bool
	static  resolved
	price   price
	calls   sync.Pool
	// what the provider said last
	lastModel, lastTier memo

	mu     sync.RWMutex // guards models
	models map[string]*resolved
}

// maxModels bounds how many of the callers' model names are remembered.
const maxModels = 256

// named is what follows from the model that a caller asks for, given as a
// JSON string.
func (t *Target) named(raw []byte) (*resolved, error) {
	t.mu.RLock()
	r := t.models[string(raw)]
	t.mu.RUnlock()
	if r != nil {
		return r, nil
	}
	name, err := jsonscan.Unquote(raw)
	if err != nil {
		return nil, err
	}
	r = &resolved{options: t.options(&t.s.Model.Options, name)}
	r.setModel(t.s.Provider.Name(), name)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.models == nil || len(t.models) >= maxModels {
		t.models = map[string]*resolved{}
	}
	t.models[string(raw)] = r
	return r, nil
}

// resolved is what of a target may depend on the request.
type resolved struct {
	model    string
	quoted   []byte // model as a JSON string
	location provider.Location
	host     string // the location's Host header
	options  []option
	header   string // X-Kong-LLM-Model
}

// option is a configured parameter that wins over the caller's.
type option struct {
	key   int    // the member it takes the place of
	name  string // what it is called there
	other int    // another spelling to remove, or -1
	value []byte
}

// New prepares a target.
func New(s Settings) (*Target, error) {
	if s.CollectLimit == 0 {
		s.CollectLimit = 4 << 20
	}
	sf, ok := surfaces[s.RouteType]
	if !ok {
		return nil, fmt.Errorf("route_type %q is not supported", s.RouteType)
	}
	t := &Target{s: s, surface: sf, param: -1, dynamic: s.Model.Dynamic()}
	names := append([]string(nil), memberNames...)
	if s.Auth.ParamName != "" && s.Auth.ParamLocation == "body" {
		t.param = indexOf(names, s.Auth.ParamName)
		if t.param < 0 {
			t.param = len(names)
			names = append(names, s.Auth.ParamName)
		}
	}
	t.keys = jsonscan.NewKeys(names...)
	t.secrets = secrets(&s.Auth)
	t.price = newPrice(&s.Model.Options)
	t.calls.New = func() any { return new(call) }
	if t.dynamic {
		return t, nil
	}
	var err error
	t.static, err = t.resolve(&s.Model)
	return t, err
}

func secrets(a *provider.Auth) []string {
	var names []string
	if a.HeaderName != "" {
		names = append(names, a.HeaderName)
	}
	if a.ParamLocation == "query" && a.ParamName != "" {
		names = append(names, a.ParamName)
	}
	return names
}

func indexOf(list []string, s string) int {
	for i, v := range list {
		if v == s {
			return i
		}
	}
	return -1
}

func (t *Target) resolve(m *provider.Model) (resolved, error) {
	r := resolved{}
	r.setModel(t.s.Provider.Name(), m.Name)
	loc, err := t.locate(m)
	if err != nil {
		return r, err
	}
	r.location, r.host = loc, loc.Authority()
	r.options = t.options(&m.Options, m.Name)
	return r, nil
}

func (r *resolved) setModel(providerName, model string) {
	r.model = model
	if model != "" {
		r.quoted = jsonscan.AppendQuote(nil, model)
		r.header = providerName + "/" + model
	}
}

// locate works out scheme, host, port and path.
func (t *Target) locate(m *provider.Model) (provider.Location, error) {
	path, ok := t.s.Provider.Path(t.s.RouteType)
	if !ok {
		return provider.Location{}, fmt.Errorf("provider %s has no %s", t.s.Provider.Name(), t.s.RouteType)
	}
	loc := t.s.Provider.Base()
	loc.Path = path
	if m.Options.UpstreamURL != "" {
		own, err := provider.ParseLocation(m.Options.UpstreamURL)
		if err != nil {
			return loc, fmt.Errorf("model.options.upstream_url: %w", err)
		}
		loc = own
		if t.s.RouteType == provider.Preserve {
			loc.Path = ""
		}
	}
	if m.Options.UpstreamPath != "" && (m.Options.UpstreamURL == "" || t.s.RouteType == provider.Preserve) {
		loc.Path = provider.OneSlash(m.Options.UpstreamPath)
	}
	return loc, nil
}

// options lists the configured parameters in the spelling of the surface and
// the model.
func (t *Target) options(o *provider.Options, model string) []option {
	var out []option
	if t.s.RouteType == provider.Preserve {
		return nil
	}
	if t.surface.generates {
		if o.MaxTokens != nil {
			out = append(out, t.maxTokens(*o.MaxTokens, model))
		}
		if o.Temperature != nil {
			out = append(out, option{keyTemperature, "temperature", -1, float(*o.Temperature)})
		}
		if o.TopP != nil {
			out = append(out, option{keyTopP, "top_p", -1, float(*o.TopP)})
		}
	}
	if t.s.RouteType == provider.Embeddings && o.EmbeddingsDimensions != nil {
		out = append(out, option{keyDimensions, "dimensions", -1, strconv.AppendInt(nil, int64(*o.EmbeddingsDimensions), 10)})
	}
	return out
}

func (t *Target) maxTokens(n int, model string) option {
	v := strconv.AppendInt(nil, int64(n), 10)
	switch {
	case t.s.RouteType == provider.Responses:
		return option{keyMaxOutputTokens, "max_output_tokens", -1, v}
	case t.s.RouteType == provider.Chat && reasons(model):
		return option{keyMaxCompletionTokens, "max_completion_tokens", keyMaxTokens, v}
	case t.s.RouteType == provider.Chat:
		return option{keyMaxTokens, "max_tokens", keyMaxCompletionTokens, v}
	}
	return option{keyMaxTokens, "max_tokens", -1, v}
}

// reasons tells the models that know max_completion_tokens only.
func reasons(model string) bool {
	for _, p := range [...]string{"o1", "o3", "o4", "gpt-5"} {
		if strings.HasPrefix(model, p) {
			return true
		}
	}
	return false
}

func float(f float64) []byte { return strconv.AppendFloat(nil, f, 'g', -1, 64) }

// Call starts relaying an exchange: it reads and checks the question. The
// call is set on the exchange, also when it is refused, so that the log knows
// of it.
func (t *Target) Call(ex *flow.Exchange) error {
	c := t.calls.Get().(*call)
	c.begin(t, ex)
	ex.Call, ex.AI = c, &c.ai
	return c.check(ex)
}
