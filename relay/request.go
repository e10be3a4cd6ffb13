package relay

import (
	"net/url"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/identity"
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/provider"
)

// Prepare points the exchange at the target and writes the request for it.
func (c *call) Prepare(ex *flow.Exchange, n int) error {
	out := &ex.Out
	at := c.place()
	loc := &at.location
	out.Scheme, out.Addr, out.Port, out.Host = loc.Scheme, loc.Host, loc.Port, at.host
	path, err := c.path(ex)
	if err != nil {
		return err
	}
	out.Path = path
	if c.counts {
		out.Path = countPath(at.format.Format(), path)
	}
	out.Query, out.HasQuery = joinQuery(loc.Query, c.query), c.hasQuery || loc.Query != ""
	if c.t.surface.post && ex.Body.Buffered() {
		out.Method = "POST"
	}
	c.encoding(out)
	if err := c.fill(ex, n); err != nil {
		return err
	}
	c.addFixed(out, at)
	c.ai.Meta = at.meta
	c.authorize(ex)
	if c.ai.LogPayloads && c.have {
		c.ai.RequestBody = c.concealed(ex.Body.Edited())
	}
	return c.prove(ex)
}

// fill makes the body that goes out.
func (c *call) fill(ex *flow.Exchange, n int) error {
	switch {
	case !c.x.on:
		c.edit(ex)
	case c.t.embeds():
		return c.putEmbed(ex, n)
	case c.rank != nil:
		return c.putRank(ex, n)
	default:
		return c.put(ex, n)
	}
	return nil
}

// addFixed adds what every question to the place has. Arguments of the
// caller's query win.
func (c *call) addFixed(out *flow.Outgoing, at *place) {
	for _, f := range at.header {
		out.Header.Set(f.Name, f.Value)
	}
	if at.query == "" || c.x.same {
		return
	}
	name, _, _ := strings.Cut(at.query, "=")
	if !hasParam(out.Query, name) {
		out.Query, out.HasQuery = joinQuery(out.Query, at.query), true
	}
}

// prove adds a proof of identity that changes with time, or with the request.
func (c *call) prove(ex *flow.Exchange) error {
	source := c.t.s.Identity
	if source == nil {
		return nil
	}
	out := &ex.Out
	r := identity.Request{
		Method: out.Method, Scheme: out.Scheme, Host: out.Host, Path: out.Path, Query: out.Query,
		Header: &out.Header, Body: ex.Body.Edited(),
	}
	if err := source.Authorize(ex.Ctx, &r); err != nil {
		if ex.Ctx.Err() != nil {
			return &fault.Error{Kind: fault.Canceled, Shape: fault.Server, Cause: err}
		}
		return &fault.Error{Kind: fault.Internal, Shape: fault.AI, Message: "LLM request failed before proxying", Cause: err}
	}
	out.Query = r.Query
	return nil
}

func joinQuery(own, caller string) string {
	if caller == "" || own == "" {
		return own + caller
	}
	return own + "&" + caller
}

// path of the operation. The caller's sub-paths of a REST resource are kept,
// and the whole path in preserve mode.
func (c *call) path(ex *flow.Exchange) (string, error) {
	own := c.place().location.Path
	switch c.t.s.RouteType {
	case provider.Preserve:
		if own == "" {
			if climbs(ex.In.Path) {
				return "", invalid("the path must not leave the route")
			}
			return provider.OneSlash(ex.In.Path), nil
		}
	case provider.Responses:
		if c.x.on {
			break
		}
		rest := resource(ex, "/responses")
		if climbs(rest) {
			return "", invalid("the path must not leave the resource")
		}
		if rest != "" {
			return strings.TrimRight(own, "/") + rest, nil
		}
	}
	return provider.OneSlash(own), nil
}

// climbs tells whether a path may lead out of what it stands below: the
// gateway's credential is meant for the operation only.
func climbs(path string) bool {
	plain, err := url.PathUnescape(path)
	if err != nil || strings.Count(plain, "/") != strings.Count(path, "/") || strings.Contains(plain, "\\") {
		return true
	}
	for segment := range strings.SplitSeq(plain, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// resource returns what follows the resource's name in the caller's path.
func resource(ex *flow.Exchange, name string) string {
	path := ex.In.Path
	if i := strings.LastIndex(path, name); i >= 0 {
		rest := path[i+len(name):]
		if rest == "" || rest[0] == '/' {
			return strings.TrimRight(rest, "/")
		}
	}
	if rest, ok := strings.CutPrefix(path, ex.Prefix); ok && strings.HasPrefix(rest, "/") {
		return strings.TrimRight(rest, "/")
	}
	return ""
}

// encoding asks for an answer we can read: streams uncompressed, since they
// are never compressed towards the caller.
func (c *call) encoding(out *flow.Outgoing) {
	accept := "identity"
	if c.gzip && !c.stream && !c.x.on {
		accept = "gzip, identity"
	}
	out.Header.Set("Accept-Encoding", accept)
}

// authorize adds the gateway's credential by header or query.
func (c *call) authorize(ex *flow.Exchange) {
	a := &c.t.s.Auth
	if a.HeaderName != "" && (!a.AllowOverride || !c.credential) {
		ex.Out.Header.Set(a.HeaderName, a.HeaderValue.Reveal())
	}
	if a.ParamLocation != "query" || a.ParamName == "" {
		return
	}
	if hasParam(ex.Out.Query, a.ParamName) {
		if a.AllowOverride {
			return
		}
		ex.Out.Query = dropParam(ex.Out.Query, a.ParamName)
	}
	ex.Out.Query = joinQuery(ex.Out.Query, encodeParam(a.ParamName, a.ParamValue.Reveal()))
	ex.Out.HasQuery = true
}

// edit lists what of the body changes on its way: nothing in preserve mode.
func (c *call) edit(ex *flow.Exchange) {
	if !c.have || c.t.s.RouteType == provider.Preserve {
		return
	}
	e := ex.Body.Edits()
	e.Reset()
	if c.target.quoted != nil && !jsonscan.EqualString(c.value(keyModel), c.target.model) {
		e.Set(c.spans[keyModel], "model", c.target.quoted)
	}
	c.editStream(e)
	for _, o := range c.target.options {
		e.Set(c.spans[o.key], o.name, o.value)
		if o.other >= 0 && c.spans[o.other].Present() {
			e.Delete(c.spans[o.other])
		}
	}
	c.editLimit(e)
	c.unseal(e)
	if c.spans[keyTopK].Present() {
		e.Delete(c.spans[keyTopK])
	}
	a := &c.t.s.Auth
	if c.t.param >= 0 && (!a.AllowOverride || !c.spans[c.t.param].Present()) {
		e.Set(c.spans[c.t.param], a.ParamName, jsonscan.AppendQuote(nil, a.ParamValue.Reveal()))
	}
}

var (
	jsonTrue  = []byte("true")
	jsonFalse = []byte("false")
	askUsage  = []byte(`{"include_usage":true}`)
)

// editStream makes the stream flag explicit and asks for usage.
func (c *call) editStream(e *jsonscan.Edits) {
	flag := c.value(keyStream)
	switch {
	case c.stream && string(flag) != "true":
		e.Set(c.spans[keyStream], "stream", jsonTrue)
	case !c.stream && c.t.surface.explicit && string(flag) != "false":
		e.Set(c.spans[keyStream], "stream", jsonFalse)
	}
	options := c.spans[keyStreamOptions]
	if c.place().mute && options.Present() {
		e.Delete(options)
	}
	if !c.stream || !c.t.surface.asks || !c.t.s.Model.Options.AskUsage || c.place().mute {
		return
	}
	if jsonscan.KindOf(options.Of(c.body)) != jsonscan.Object {
		e.Set(options, "stream_options", askUsage)
		c.asked = true
		return
	}
	include := jsonscan.Find(options.Of(c.body), "include_usage").Shift(options.Start)
	if string(include.Of(c.body)) == "true" {
		return
	}
	e.SetIn(options, include, "include_usage", jsonTrue)
	c.asked = true
}

var maxCompletionTokens = []byte(`"max_completion_tokens":`)

// editLimit gives the caller's max_tokens the name that reasoning models know
// it by; a configured limit has taken its place already.
func (c *call) editLimit(e *jsonscan.Edits) {
	limit := c.spans[keyMaxTokens]
	switch {
	case !limit.Present(), c.t.s.RouteType != provider.Chat, c.t.s.Model.Options.MaxTokens != nil, !provider.Reasons(c.target.model):
	case c.spans[keyMaxCompletionTokens].Present():
		e.Delete(limit)
	default:
		e.Splice(limit.KeyStart, limit.Start, maxCompletionTokens)
	}
}

// hasParam looks for a query argument by its decoded name.
func hasParam(query, name string) bool {
	for part := range strings.SplitSeq(query, "&") {
		if paramName(part) == name {
			return true
		}
	}
	return false
}

func dropParam(query, name string) string {
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		if paramName(part) != name {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&")
}

// concealed is a body that may be logged: without the credential in it.
func (c *call) concealed(body []byte) []byte {
	a := &c.t.s.Auth
	if a.ParamLocation != "body" || a.ParamName == "" {
		return body
	}
	s := jsonscan.Find(body, a.ParamName)
	if !s.Present() {
		return body
	}
	return slices.Concat(body[:s.Start], []byte(`"***"`), body[s.End:])
}
