// Package relay carries an exchange with a model between caller and provider:
// it checks the question, points it at its target, and meters the answer as it
// passes.
//
// Where caller and provider speak one format, bodies travel as bytes, with a
// short list of edits. Where they do not, both are read into the canonical model
// and written anew, by formats that relay must know by their interfaces only.
// relay takes part in sending as the exchange's Call; it opens no connections
// and makes no attempts of its own. Plugins (ai-proxy) decide that and how an
// exchange is relayed; relay must not know them.
package relay

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
	"github.com/sluice-gateway/sluice/identity"
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire"
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
	PluginID     string
	RouteType    string
	Auth         provider.Auth
	Logging      provider.Logging
	Model        provider.Model
	Streaming    Streaming
	ModelHeader  bool
	MaxBody      int64 // bytes; 0 is no limit
	MaxBodyField string
	Provider     provider.Provider
	// Client is the format that callers speak; nil passes bodies as they are.
	Client wire.Client
	// Embed is the format that callers speak where vectors are asked for, in
	// place of Client.
	Embed wire.EmbedClient
	// Rerank are the formats that callers of a chat may ask for rankings in, by
	// the path.
	Rerank []wire.RerankClient
	// Identity proves the gateway where Auth has no fixed credential; may be nil.
	Identity identity.Source
	// Translation is what becomes of what the provider cannot express; empty
	// is Adapt.
	Translation   Translation
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
	param   int  // index of auth.param_name among keys, or -1
	native  bool // callers speak another format than OpenAI's
	dynamic bool
	bytes   bool // callers may call their questions bytes
	reads   bool // questions may be read into the canonical model
	// twofold: callers have two formats to ask in; nil if not.
	twofold wire.Twofold
	static  resolved
	price   price
	calls   sync.Pool
	// what the provider said last
	lastModel, lastTier memo

	mu     sync.RWMutex // guards models
	models map[string]*resolved
}

// maxModels bounds how many of the callers' model names are remembered, and
// maxRemembered how long they are.
const (
	maxModels     = 256
	maxRemembered = 256
)

// named is what follows from the model that a caller asks for, given as a
// JSON string. What depends on more of the request than that, by the record m,
// is worked out anew each time.
func (t *Target) named(raw []byte, m *provider.Model) (*resolved, error) {
	if t.dynamic {
		return t.place(raw, m)
	}
	t.mu.RLock()
	r := t.models[string(raw)]
	t.mu.RUnlock()
	if r != nil {
		return r, nil
	}
	r, err := t.place(raw, m)
	if err != nil || len(raw) > maxRemembered {
		return r, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.models == nil || len(t.models) >= maxModels {
		t.models = map[string]*resolved{}
	}
	t.models[string(raw)] = r
	return r, nil
}

// place works out what follows from a model's name.
func (t *Target) place(raw []byte, m *provider.Model) (*resolved, error) {
	name, err := jsonscan.Unquote(raw)
	if err != nil {
		return nil, err
	}
	r := &resolved{options: t.options(&m.Options, name)}
	r.setModel(t.s.Provider.Name(), name)
	return r, t.locate(r, m)
}

// resolved is what of a target may depend on the request.
type resolved struct {
	model  string
	quoted []byte // model as a JSON string
	places places
	// second are the places of questions in the callers' second format.
	second *places
	// ranks are the places of questions for rankings, by their format.
	ranks   []place
	options []option
	header  string // X-Kong-LLM-Model
}

// places are where questions go: the first for plain ones, the second for those
// that want a stream.
type places [2]place

// place is one of them, and how it is spoken to.
type place struct {
	location provider.Location
	host     string // the location's Host header
	format   wire.Provider
	embed    wire.EmbedProvider
	rerank   wire.RerankProvider
	header   header.Header
	query    string
	body     []llm.Member
	meta     []flow.LogField
	// mute: stream_options are refused there.
	mute bool
}

func meta(list []provider.Meta) []flow.LogField {
	var out []flow.LogField
	for _, m := range list {
		out = append(out, flow.LogField{Path: m.Name, Value: m.Value})
	}
	return out
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
	if s.Translation == "" {
		t.s.Translation = Adapt
	}
	caller := t.caller()
	t.native = caller != nil && !openAI(caller.Format())
	t.twofold, _ = caller.(wire.Twofold)
	t.bytes = t.twofold != nil || caller != nil && caller.Format() == llm.BedrockEmbed
	t.keys = jsonscan.NewKeys(names...)
	t.secrets = secrets(&s.Auth)
	t.price = newPrice(&s.Model.Options)
	t.calls.New = func() any { return new(call) }
	t.reads = !t.embeds()
	if t.dynamic {
		return t, nil
	}
	var err error
	t.static, err = t.resolve(&s.Model)
	t.reads = t.reads && (t.native || t.translated(&t.static))
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
	r.options = t.options(&m.Options, m.Name)
	return r, t.locate(&r, m)
}

func (r *resolved) setModel(providerName, model string) {
	r.model = model
	if model != "" {
		r.quoted = jsonscan.AppendQuote(nil, model)
		r.header = providerName + "/" + model
	}
}

// locate works out where questions go.
func (t *Target) locate(r *resolved, m *provider.Model) error {
	if t.twofold != nil {
		r.second = new(places)
		if err := t.settle(r.second, r.model, m, t.twofold.Second()); err != nil {
			return err
		}
	}
	if len(t.s.Rerank) > 0 {
		if err := t.locateRanks(r, m); err != nil {
			return err
		}
	}
	var format llm.Format
	if caller := t.caller(); caller != nil {
		format = caller.Format()
	}
	return t.settle(&r.places, r.model, m, format)
}

// settle finds the places of questions in a format of the callers.
func (t *Target) settle(list *places, model string, m *provider.Model, caller llm.Format) error {
	for i := range list {
		o := provider.Operation{RouteType: t.s.RouteType, Model: model, Options: &m.Options, Stream: i == 1, Caller: caller}
		if err := t.settlePlace(&list[i], &o, m); err != nil {
			return err
		}
	}
	return nil
}

// settlePlace finds the place of an operation.
func (t *Target) settlePlace(p *place, o *provider.Operation, m *provider.Model) error {
	e, err := t.s.Provider.Endpoint(o)
	if errors.Is(err, provider.ErrNoOperation) && translates(o.RouteType) {
		// What a chat can answer it does.
		o.RouteType = provider.Chat
		e, err = t.s.Provider.Endpoint(o)
	}
	if err != nil {
		return fmt.Errorf("provider %s: %w", t.s.Provider.Name(), err)
	}
	loc, err := t.location(&e, m)
	if err != nil {
		return err
	}
	*p = place{
		location: loc, host: loc.Authority(), format: e.Format, embed: e.Embed, rerank: e.Rerank, header: e.Header,
		query: e.Query, body: e.Body, meta: meta(e.Meta), mute: e.NoStreamOptions,
	}
	return nil
}

// location is an endpoint's, unless the configuration names another.
func (t *Target) location(e *provider.Endpoint, m *provider.Model) (provider.Location, error) {
	loc := e.Location
	if m.Options.UpstreamURL != "" {
		own, err := provider.ParseLocation(m.Options.UpstreamURL)
		if err != nil {
			return loc, fmt.Errorf("model.options.upstream_url: %w", err)
		}
		own.Path = strings.TrimSuffix(own.Path, "/") + e.Suffix
		if e.Below && own.Path == "" {
			own.Path = loc.Path
		}
		loc = own
		if loc.Path = provider.OneSlash(loc.Path); t.s.RouteType == provider.Preserve {
			loc.Path = ""
		}
	}
	if t.dynamic && (ascends(m.Options.UpstreamURL) || ascends(m.Options.UpstreamPath)) {
		return loc, errClimbs
	}
	if m.Options.UpstreamPath != "" && !e.Pathed && (m.Options.UpstreamURL == "" || t.s.RouteType == provider.Preserve) {
		loc.Path = provider.OneSlash(m.Options.UpstreamPath)
	}
	loc.Path = provider.Lead(e.Beside, loc.Path)
	return loc, nil
}

var errClimbs = errors.New("the path climbs")

// ascends tells whether a path that callers have a part in leads upwards. They
// may have written a slash in it as %2F.
func ascends(path string) bool {
	path, _, _ = strings.Cut(path, "?")
	plain, err := url.PathUnescape(path)
	if err != nil {
		return true
	}
	for segment := range strings.FieldsFuncSeq(plain, func(r rune) bool { return r == '/' || r == '\\' }) {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// translated tells whether questions to the model change their format.
func (t *Target) translated(r *resolved) bool {
	if t.embeds() {
		e := r.places[0].embed
		return t.s.Embed != nil && e != nil && (e.Format() != t.s.Embed.Format() || !openAI(e.Format()))
	}
	f := r.places[0].format
	return t.s.Client != nil && f != nil && translates(t.s.RouteType) &&
		(f.Format() != t.s.Client.Format() || !openAI(f.Format()))
}

// openAI tells the formats whose bodies can pass with a few edits.
func openAI(f llm.Format) bool {
	return f == llm.OpenAIChat || f == llm.OpenAICompletions || f == llm.OpenAIResponses || f == llm.OpenAIEmbeddings
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
		out = append(out, option{keyDimensions, "dimensions", -1, appendInt(*o.EmbeddingsDimensions)})
	}
	return out
}

func (t *Target) maxTokens(n int, model string) option {
	v := appendInt(n)
	switch {
	case t.s.RouteType == provider.Responses:
		return option{keyMaxOutputTokens, "max_output_tokens", -1, v}
	case t.s.RouteType == provider.Chat && provider.Reasons(model):
		return option{keyMaxCompletionTokens, "max_completion_tokens", keyMaxTokens, v}
	case t.s.RouteType == provider.Chat:
		return option{keyMaxTokens, "max_tokens", keyMaxCompletionTokens, v}
	}
	return option{keyMaxTokens, "max_tokens", -1, v}
}

func appendInt(n int) []byte { return strconv.AppendInt(nil, int64(n), 10) }

func float(f float64) []byte { return strconv.AppendFloat(nil, f, 'g', -1, 64) }

// Call starts relaying an exchange: it reads and checks the question. The
// call is set on the exchange, also when it is refused, so that the log knows
// of it. What the gateway can say by itself it answers at once.
func (t *Target) Call(ex *flow.Exchange) (*flow.Reply, error) {
	if r := t.Models(ex); r != nil {
		return r, nil
	}
	c := t.calls.Get().(*call)
	c.begin(t, ex)
	ex.Call, ex.AI = c, &c.ai
	if err := c.check(ex); err != nil {
		return nil, err
	}
	if c.counts && !c.x.same {
		return c.count(ex), nil
	}
	return nil, nil //nolint:nilnil // the provider answers
}
