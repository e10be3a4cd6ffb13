// Package cors is the plugin cors: it answers the preflights of browsers and
// adds the Access-Control headers to all other answers.
//
// It runs before authentication, since a preflight carries no credentials. It
// refuses nobody: a browser does that, by the headers.
package cors

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/schema"
)

// Config of the plugin.
type Config struct {
	// Origins that may read answers: * for all, an origin such as
	// https://app.example.com, or a regular expression (anything with a
	// character outside letters, digits and .:/-). An expression without a
	// colon is matched against the host of the origin, one with a colon
	// against scheme, host and port; both from beginning to end. A single
	// plain origin is sent whatever the caller's is. Default: all.
	Origins []string `json:"origins" check:"origin"`
	// Headers that requests may carry. Default: those that the preflight
	// asks for.
	Headers []string `json:"headers"`
	// ExposedHeaders of the answer that scripts may read. Default: none.
	ExposedHeaders []string `json:"exposed_headers"`
	// Methods that requests may use. Default: all nine.
	Methods []string `json:"methods" default:"GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT" enum:"GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT"`
	// MaxAge is how long a browser may remember the answer to a preflight, in
	// seconds. Default: the browser decides.
	MaxAge *float64 `json:"max_age"`
	// Credentials lets scripts send cookies and authorization. Default: false.
	// Where all origins are allowed, the caller's own is sent instead of *.
	Credentials bool `json:"credentials" default:"false" required:"true"`
	// PrivateNetwork lets public sites reach a gateway in a private network.
	// Default: false.
	PrivateNetwork bool `json:"private_network" default:"false" required:"true"`
	// PreflightContinue leaves preflights to the upstream, which then also
	// sets all headers of the answer. Default: false.
	PreflightContinue bool `json:"preflight_continue" default:"false" required:"true"`
	// AllowOriginAbsent adds the headers also to answers to requests without
	// an Origin, which are not from scripts in browsers. Default: true.
	AllowOriginAbsent bool `json:"allow_origin_absent" default:"true" required:"true"`
}

// Checks implements schema.Checker.
func (c *Config) Checks() map[string]schema.Check {
	return map[string]schema.Check{"origin": checkOrigin}
}

// Definition describes the plugin.
func Definition() plugin.Definition {
	d := plugin.Define("cors", 2000, build)
	d.Scope = plugin.Scope{NoConsumer: true, NoConsumerGroup: true}
	return d
}

const (
	allowOrigin      = "Access-Control-Allow-Origin"
	allowCredentials = "Access-Control-Allow-Credentials"

	preflight = "OPTIONS"
)

type cors struct {
	origins origins

	// Ready-made values; "" leaves the field out.
	headers, methods, exposed, maxAge string

	credentials, privateNetwork bool
	pass                        bool // preflights go upstream
	absent                      bool // requests without Origin count
}

func build(c *Config, _ *plugin.Deps) (plugin.Hooks, error) {
	o, err := newOrigins(c.Origins)
	if err != nil {
		return plugin.Hooks{}, err
	}
	p := &cors{
		origins: o,
		headers: strings.Join(c.Headers, ","), methods: strings.Join(c.Methods, ","),
		exposed:     strings.Join(c.ExposedHeaders, ","),
		credentials: c.Credentials, privateNetwork: c.PrivateNetwork,
		pass: c.PreflightContinue, absent: c.AllowOriginAbsent,
	}
	if c.MaxAge != nil {
		p.maxAge = strconv.FormatFloat(*c.MaxAge, 'f', -1, 64)
	}
	return plugin.Hooks{Access: p.access, Head: p.head}, nil
}

// access answers preflights.
func (p *cors) access(ex *flow.Exchange) (*flow.Reply, error) {
	in := &ex.In
	if in.Method != preflight {
		return nil, nil
	}
	origin := in.Header.Get("Origin")
	if origin == "" || !in.Header.Has("Access-Control-Request-Method") {
		return nil, nil
	}
	// The answer gets no other headers of ours: they are all there, or the
	// upstream sets them.
	ex.SetNote(p, true)
	if p.pass {
		return nil, nil
	}
	r := ex.NewReply(200)
	p.setOrigin(&r.Header, origin)
	p.allowRequest(&r.Header, in)
	r.SetBody(nil)
	return r, nil
}

// allowRequest says what the request that follows a preflight may be.
func (p *cors) allowRequest(h *flow.Header, in *flow.Request) {
	allowed := p.headers
	if allowed == "" {
		allowed = in.Header.Get("Access-Control-Request-Headers")
	}
	if allowed != "" {
		h.Add("Access-Control-Allow-Headers", allowed)
	}
	h.Add("Access-Control-Allow-Methods", p.methods)
	if p.maxAge != "" {
		h.Add("Access-Control-Max-Age", p.maxAge)
	}
	if p.privateNetwork && in.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Add("Access-Control-Allow-Private-Network", "true")
	}
}

// head adds the headers to an answer of any origin, errors included.
func (p *cors) head(ex *flow.Exchange, r *flow.Reply) error {
	origin := ex.In.Header.Get("Origin")
	if origin == "" && !p.absent || ex.Note(p) != nil {
		return nil
	}
	p.setOrigin(&r.Header, origin)
	if p.exposed != "" {
		r.Header.Set("Access-Control-Expose-Headers", p.exposed)
	}
	return nil
}

// setOrigin says which origin may read the answer, and whether with
// credentials. origin is the caller's, "" without one.
func (p *cors) setOrigin(h *flow.Header, origin string) {
	allowed, varies := p.origins.match(origin)
	if allowed == "*" && p.credentials && origin != "" {
		// A browser takes no * together with credentials.
		allowed, varies = origin, true
	}
	if allowed == "" {
		h.Del(allowOrigin)
	} else {
		h.Set(allowOrigin, allowed)
	}
	if varies {
		addVary(h)
	}
	if p.credentials && allowed != "*" {
		h.Set(allowCredentials, "true")
	}
}

// addVary keeps what the upstream's answer varies by besides.
func addVary(h *flow.Header) {
	for _, f := range *h {
		if header.Equal(f.Name, "Vary") && header.Equal(f.Value, "Origin") {
			return
		}
	}
	h.Add("Vary", "Origin")
}
