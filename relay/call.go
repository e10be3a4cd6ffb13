package relay

import (
	"errors"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/h1"
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire"
)

// unspecified is what logs show for a model or provider that is not known.
const unspecified = "UNSPECIFIED"

// call is one exchange being relayed. It implements flow.Call.
type call struct {
	t  *Target
	ai flow.AI
	// client is the format of the question; nil passes bodies as they are.
	client wire.Client
	// body is the question as the plugins left it; spans are its members.
	body  []byte
	spans [keyCount + 1]jsonscan.Span
	// have tells that body is a JSON object.
	have bool
	// index of the body, where it may be read into the canonical model.
	index jsonscan.Index
	// bare: the request has no body, so it asks no model anything.
	bare   bool
	target resolved
	// record of the model, with what the request puts into it.
	record *provider.Model
	stream bool
	// asked: usage is asked of the provider on the caller's behalf.
	asked bool
	gzip  bool // the caller takes gzip
	// query is the caller's, as the plugins left it; credential tells whether
	// the caller sent one of its own.
	query      string
	hasQuery   bool
	credential bool
	// named: the answer says which model it is of.
	named    bool
	received bool // an answer came
	// counts: the caller wants to know how many tokens the question has.
	counts  bool
	meter   meter
	scrap   []byte
	room    llm.UsageDetails // where the usage has its details
	x       translation
	vectors llm.EmbedRequest // the question, where vectors are asked for
	rank    *ranking         // nil if the question is for something else
}

// place is where the question goes.
func (c *call) place() *place {
	if c.stream {
		return &c.target.places[1]
	}
	return &c.target.places[0]
}

func (c *call) begin(t *Target, ex *flow.Exchange) {
	scrap, room, meterBuf, index := c.scrap[:0], c.x.spares, c.meter, c.index
	*c = call{t: t, client: t.s.Client, scrap: scrap, index: index}
	c.x.spares = room
	c.meter.reuse(&meterBuf)
	c.ai = flow.AI{
		PluginID: t.s.PluginID, Plugin: "proxy", Provider: unspecified,
		RouteType: t.s.RouteType, RequestModel: unspecified,
		FirstTokenMS: -1, LatencyMS: -1,
		LogStatistics: t.s.Logging.LogStatistics, LogPayloads: t.s.Logging.LogPayloads,
	}
	ex.Conceal(t.secrets...)
	c.gzip = acceptsGzip(ex.In.Header)
	c.query, c.hasQuery = ex.Out.Query, ex.Out.HasQuery
	c.credential = t.s.Auth.HeaderName != "" && ex.Out.Header.Has(t.s.Auth.HeaderName)
	c.named = t.s.ModelHeader || ex.In.Header.Has("Kong-Debug")
}

// Settle accounts for a question that was sent and got no answer: the provider
// may have worked on it all the same.
func (c *call) Settle(ex *flow.Exchange) {
	if c.received || !slices.ContainsFunc(ex.Attempts, reached) {
		return
	}
	c.ai.Usage = llm.NoUsage()
	c.finish()
}

// reached tells whether a failed attempt may have got to the provider. Of one
// that ended because the caller left it is not known, so it counts.
func reached(a flow.Attempt) bool {
	if e, ok := errors.AsType[*h1.Error](a.Err); ok {
		return e.Sent
	}
	f, ok := errors.AsType[*fault.Error](a.Err)
	return ok && f.Kind == fault.Canceled
}

// Release gives the call back once the exchange has ended.
func (c *call) Release() {
	t := c.t
	c.body, c.target, c.record, c.vectors, c.rank = nil, resolved{}, nil, llm.EmbedRequest{}, nil
	c.ai = flow.AI{}
	c.x.release()
	c.index.Reset()
	c.scrap = spare(c.scrap)
	t.calls.Put(c)
}

// maxSpare is the largest buffer that is kept for the next call.
const maxSpare = 8 << 20

func spare(buf []byte) []byte {
	if cap(buf) > maxSpare {
		return nil
	}
	return buf
}

// check reads the question and refuses what cannot be served.
func (c *call) check(ex *flow.Exchange) error {
	if err := c.resolve(ex); err != nil {
		return err
	}
	if err := c.read(ex); err != nil {
		return err
	}
	c.ai.Provider = c.t.s.Provider.Name()
	if c.target.model != "" {
		c.ai.RequestModel = c.target.model
	}
	if c.t.native {
		return c.checkNative(ex)
	}
	for _, step := range [...]func(*call) error{(*call).checkPrompts, (*call).checkModel, (*call).checkShape, (*call).checkStream} {
		if err := step(c); err != nil {
			return err
		}
	}
	if c.x.on = c.t.translated(&c.target); !c.x.on {
		return nil
	}
	if c.t.embeds() {
		return c.understandEmbed(ex)
	}
	if err := c.understand(ex); err != nil {
		return err
	}
	return c.settleFormat()
}

// checkNative is check for callers who speak another format than OpenAI's: it
// knows where model and stream are.
func (c *call) checkNative(ex *flow.Exchange) error {
	if !c.have {
		return invalid("request body is not a valid JSON object")
	}
	c.x.on = true
	if c.t.embeds() {
		if err := c.understandEmbed(ex); err != nil {
			return err
		}
		return c.settleModel(c.vectors.Model)
	}
	if i := c.t.ranker(ex.In.Path); i >= 0 {
		return c.checkRank(ex, i)
	}
	if c.t.twofold != nil {
		c.client = c.t.twofold.For(c.arrived(ex))
	}
	f := c.client.Format()
	if c.counts = counting(f, ex.In.Path); c.counts {
		c.body = counted(f, c.body)
	}
	if err := c.understand(ex); err != nil {
		return err
	}
	if err := c.settleModel(c.x.question.Model); err != nil {
		return err
	}
	if c.t.twofold != nil && f == c.t.twofold.Second() {
		c.target.places = *c.target.second
	}
	if c.counts { // no number comes in events
		return c.settleFormat()
	}
	if err := c.settleStream(c.x.question.Stream); err != nil {
		return err
	}
	return c.settleFormat()
}

func (c *call) resolve(ex *flow.Exchange) error {
	if !c.t.dynamic {
		c.target, c.record = c.t.static, &c.t.s.Model
		return nil
	}
	m, err := c.t.s.Model.Resolve(ex)
	if err != nil {
		return err
	}
	c.record = m
	c.target, err = c.t.resolve(m)
	if err != nil {
		return &fault.Error{Kind: fault.Invalid, Shape: fault.AI, Message: "the request makes no usable address of the model", Cause: err}
	}
	return nil
}

// read takes the body in and finds its members. What is not a JSON object is
// left alone: the checks that follow say what is missing.
func (c *call) read(ex *flow.Exchange) error {
	body, err := ex.Body.Bytes(c.t.s.MaxBody)
	if errors.Is(err, flow.ErrTooLarge) {
		return &fault.Error{
			Kind: fault.TooLarge, Shape: fault.AI,
			Message: "request body is larger than " + c.t.s.MaxBodyField + " allows",
		}
	}
	if err != nil && ex.CallerLeft(err) {
		return &fault.Error{Kind: fault.Canceled, Shape: fault.Server, Cause: err}
	}
	if errors.Is(err, flow.ErrSlow) {
		return &fault.Error{Kind: fault.Invalid, Code: 408, Shape: fault.Server, Cause: err}
	}
	if err != nil {
		return &fault.Error{Kind: fault.Invalid, Shape: fault.AI, Message: "request body could not be read", Cause: err}
	}
	c.bare = len(body) == 0
	if c.bare {
		return nil
	}
	if !c.t.takes(ex.In.Header.Get("Content-Type")) {
		return c.foreign()
	}
	c.body = body
	err = c.findMembers()
	c.have = err == nil
	if c.have {
		return nil
	}
	return c.unread(err)
}

// findMembers checks the body and finds its members. What a translation would
// not take is left to it to say.
func (c *call) findMembers() error {
	if c.t.reads && c.index.Scan(c.body) == nil && jsonscan.KindOf(c.body) == jsonscan.Object {
		return c.t.keys.Indexed(&c.index, c.spans[:])
	}
	c.index.Reset()
	return c.t.keys.Object(c.body, c.spans[:])
}

// foreign decides about a body that says it is not JSON. It must not reach a
// provider unchecked that would read it all the same.
func (c *call) foreign() error {
	if c.t.surface.prompts || c.t.s.RouteType == provider.Preserve && c.target.model == "" {
		return nil // as in unread
	}
	return invalid("content type must be application/json")
}

// unread decides about a body that is not one JSON object.
func (c *call) unread(err error) error {
	syntax, ok := errors.AsType[*jsonscan.SyntaxError](err)
	switch {
	case ok && syntax.Duplicate:
		return invalid("request body is ambiguous: " + syntax.Msg)
	case c.t.surface.prompts:
		return nil // the check for prompts says so in its own words
	case c.t.s.RouteType == provider.Preserve && c.target.model == "":
		return nil // nothing of the body matters to us
	}
	// A provider more lenient than we are must not see what we could not check.
	return invalid("request body is not a valid JSON object")
}

// takes tells whether a body of this type may be a question. The SDKs of AWS call
// the bodies of InvokeModel bytes.
func (t *Target) takes(contentType string) bool {
	return jsonType(contentType) || t.bytes && mediaType(contentType) == "application/octet-stream"
}

// jsonType tells whether a body of this type may be JSON; none counts as JSON.
func jsonType(contentType string) bool {
	mt := mediaType(contentType)
	return mt == "" || mt == "application/json" || strings.HasSuffix(mt, "+json")
}

// mediaType is a content type without its parameters.
func mediaType(contentType string) string {
	mt, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(mt))
}

// checkPrompts wants something to be asked, where the route type needs it.
func (c *call) checkPrompts() error {
	if !c.t.surface.prompts {
		return nil
	}
	if chat, text := c.shape(); !chat && !text {
		return invalid("request body doesn't contain valid prompts")
	}
	return nil
}

// shape tells whether the body holds messages, and whether a prompt.
func (c *call) shape() (chat, text bool) {
	if !c.have {
		return false, false
	}
	chat = c.kind(keyMessages) == jsonscan.Array && !emptyArray(c.value(keyMessages))
	text = c.kind(keyPrompt) == jsonscan.String
	if c.t.s.RouteType == provider.Completions {
		text = text || c.kind(keyPrompt) == jsonscan.Array && !emptyArray(c.value(keyPrompt))
	}
	return chat, text
}

// checkShape holds what the body looks like against the route type.
func (c *call) checkShape() error {
	if !c.have {
		return nil
	}
	chat, text := c.shape()
	input := c.spans[keyInput].Present()
	switch c.t.s.RouteType {
	case provider.Chat, provider.Completions:
		if chat && text {
			return invalid("request matches multiple LLM request formats")
		}
		if chat != (c.t.s.RouteType == provider.Chat) {
			return incompatible(chat, c.t.s.RouteType)
		}
	case provider.Embeddings:
		if !input && !chat && !text {
			return invalid("request format not recognised")
		}
		if !input {
			return incompatible(chat, c.t.s.RouteType)
		}
	case provider.Responses:
		if !input && (chat || text) {
			return incompatible(chat, c.t.s.RouteType)
		}
	}
	return nil
}

func incompatible(chat bool, routeType string) error {
	have := provider.Completions
	if chat {
		have = provider.Chat
	}
	return invalid("[" + have + "] message format is not compatible with [" + routeType + "] route type")
}

// checkModel settles the model's name: the configured one, or the caller's.
func (c *call) checkModel() error {
	asked := c.value(keyModel)
	if jsonscan.KindOf(asked) != jsonscan.String || len(asked) <= 2 {
		return c.settleModel("")
	}
	if c.target.model != "" {
		if !jsonscan.EqualString(asked, c.target.model) {
			return invalid("cannot use own model - must be: " + c.target.model)
		}
		return nil
	}
	return c.name(asked)
}

// settleModel is checkModel for a name that was found elsewhere.
func (c *call) settleModel(asked string) error {
	switch {
	case c.target.model != "":
		if asked != "" && asked != c.target.model {
			return invalid("cannot use own model - must be: " + c.target.model)
		}
		return nil
	case asked != "":
		return c.name(jsonscan.AppendQuote(nil, asked))
	case c.t.s.RouteType == provider.Preserve || !c.have:
		return nil
	}
	return invalid("model parameter not found in request, nor in gateway configuration")
}

// maxName is how long the name of a model may be, as JSON. ARNs have up to 2048
// characters.
const maxName = 4096

// name takes the caller's model, a JSON string.
func (c *call) name(asked []byte) error {
	if len(asked) > maxName {
		return invalid("model is too long for the name of a model")
	}
	named, err := c.t.named(asked, c.record)
	if err != nil {
		return invalid("model must be a string that names a model of the provider")
	}
	c.target.model, c.target.quoted, c.target.header = named.model, named.quoted, named.header
	c.target.options, c.target.places, c.target.second, c.target.ranks = named.options, named.places, named.second, named.ranks
	c.ai.RequestModel = named.model
	return nil
}

func (c *call) checkStream() error {
	v := c.value(keyStream)
	return c.settleStream(len(v) > 0 && jsonscan.KindOf(v) != jsonscan.Null && string(v) != "false")
}

func (c *call) settleStream(asked bool) error {
	c.stream = asked
	if c.stream && c.t.s.Streaming == Deny {
		return invalid("response streaming is not enabled for this LLM")
	}
	if c.t.s.Streaming == Always && c.t.s.RouteType != provider.Embeddings && c.have {
		c.stream = true
	}
	c.ai.Streaming = c.stream
	return nil
}

func (c *call) value(key int) []byte { return c.spans[key].Of(c.body) }

func (c *call) kind(key int) jsonscan.Kind { return jsonscan.KindOf(c.value(key)) }

func emptyArray(v []byte) bool {
	e := jsonscan.NewElements(v)
	_, some := e.Next()
	return !some
}

func invalid(msg string) error {
	return &fault.Error{Kind: fault.Invalid, Shape: fault.AI, Message: msg}
}

// acceptsGzip looks for the word gzip in Accept-Encoding.
func acceptsGzip(h flow.Header) bool {
	v := strings.ToLower(h.Get("Accept-Encoding"))
	for {
		i := strings.Index(v, "gzip")
		if i < 0 {
			return false
		}
		before := i == 0 || !letter(v[i-1])
		after := i+4 >= len(v) || !letter(v[i+4])
		if before && after {
			return true
		}
		v = v[i+4:]
	}
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' }
