package relay

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/fit"
)

// Translation is what becomes of what a provider's format cannot express.
type Translation string

// The ways.
const (
	// Adapt does the nearest and names the fields in a header of the answer.
	Adapt Translation = "adapt"
	// Strict refuses the question.
	Strict Translation = "strict"
	// Drop does as Adapt and says nothing.
	Drop Translation = "drop"
)

// TranslationHeader names the fields that were not sent as they were.
const TranslationHeader = "X-Sluice-Translation"

// translation is what an exchange needs whose caller and provider speak
// different formats.
type translation struct {
	on bool
	// same: both speak one format, which is not OpenAI's. Answers pass as they
	// are, and are read only.
	same     bool
	question llm.Request
	sent     llm.Request // the question as it is put to the provider
	answer   llm.Response
	notes    wire.Notes
	fit      fit.Fit // what the provider refuses of tools and schemas
	spares
}

// spares are the buffers of a translation, which are used again.
type spares struct {
	body   []byte     // the question in the provider's format
	links  wire.Links // the long values that belong into it
	whole  []byte     // the answer in the provider's format
	out    []byte     // events in the caller's format
	events []llm.Event
}

// release forgets everything but the buffers.
func (x *translation) release() {
	s := spares{body: spare(x.body), whole: spare(x.whole), out: spare(x.out), events: x.events[:0]}
	if clear(s.events[:cap(s.events)]); cap(s.events) > maxEvents {
		s.events = nil
	}
	s.links = x.links
	s.links.Reset()
	*x = translation{spares: s}
}

// maxEvents is for how many events room is kept for the next stream.
const maxEvents = 64

// understand reads the question into the canonical model.
func (c *call) understand(ex *flow.Exchange) error {
	c.x.question = llm.Request{}
	if err := c.client.DecodeRequest(&c.x.question, c.arrived(ex)); err != nil {
		return badQuestion(err)
	}
	return nil
}

// arrived is the question as the formats read it.
func (c *call) arrived(ex *flow.Exchange) wire.Question {
	q := wire.Question{Path: ex.In.Path, Query: ex.In.Query, Body: c.body, Header: ex.In.Header.Get}
	if c.index.Data() != nil && !c.counts { // a count can be of a part of the body
		q.Index = &c.index
	}
	return q
}

// settleFormat tells whether the provider speaks the callers' format. The model
// decides it in some places, so it must be known.
func (c *call) settleFormat() error {
	if f := c.place().format; f != nil {
		c.x.same = f.Format() == c.client.Format()
	}
	return c.checkState()
}

// keeper is a format whose questions can rest on what the service keeps.
type keeper interface {
	// Stored names the member that does; empty is none.
	Stored(r *llm.Request) string
}

// checkState refuses a question that goes on with something that is not in it:
// another format's provider does not have it.
func (c *call) checkState() error {
	k, ok := c.client.(keeper)
	if !ok || c.x.same {
		return nil
	}
	if name := k.Stored(&c.x.question); name != "" {
		return invalid(name + ": provider " + c.t.s.Provider.Name() + " keeps no answers; send the whole conversation as input")
	}
	return nil
}

func badQuestion(err error) error {
	if bad, ok := errors.AsType[*wire.Invalid](err); ok {
		return invalid(bad.Error())
	}
	return invalid("request body is not valid: " + err.Error())
}

// put writes the question in the provider's format.
func (c *call) put(ex *flow.Exchange, attempt int) error {
	ex.Out.Method = "POST"
	c.forget(ex)
	switch {
	case c.x.same && c.counts:
		c.addMembers(ex, ex.Body.Raw())
		return nil
	case c.x.same && c.untouched():
		if c.t.twofold != nil { // it came as bytes, perhaps, and is known to be JSON
			ex.Out.Header.Set("Content-Type", "application/json")
		}
		c.addMembers(ex, c.body)
		return nil
	}
	return c.send(ex, attempt, func(dst []byte) ([]byte, error) {
		q := &c.x.sent
		*q = c.x.question
		q.Model, q.Stream = c.target.model, c.stream
		c.configure(q)
		if !c.x.same {
			c.heed(ex, q)
			c.x.fit.Question(q, c.place().format, &c.x.notes)
		}
		if l, ok := c.place().format.(wire.Linker); ok {
			return c.x.link(l, dst)
		}
		return c.place().format.EncodeRequest(dst, q, &c.x.notes)
	})
}

// heed reads what the head of the question asks for, where the callers' format
// says something there.
func (c *call) heed(ex *flow.Exchange, q *llm.Request) {
	h, ok := c.client.(wire.Headed)
	if !ok {
		return
	}
	for i := range ex.In.Header {
		h.Field(q, ex.In.Header[i].Name, ex.In.Header[i].Value, &c.x.notes)
	}
}

// link writes the question around its long values.
func (x *translation) link(l wire.Linker, dst []byte) ([]byte, error) {
	w := wire.Writer{Buf: dst, Links: &x.links}
	err := l.WriteRequest(&w, &x.sent, &x.notes)
	return w.Buf, err
}

// send makes what encode writes the body, unless what it lacks is against it.
// A further attempt sends what the first one did: its bytes may still be on
// their way.
func (c *call) send(ex *flow.Exchange, attempt int, encode func(dst []byte) ([]byte, error)) error {
	x := &c.x
	if attempt == 0 {
		x.notes.Reset()
		x.links.Reset()
		body, err := encode(x.body[:0])
		if err != nil {
			return badQuestion(err)
		}
		x.body = body
		if notes := x.notes.List(); len(notes) > 0 && c.t.s.Translation == Strict {
			return invalid(c.t.s.Provider.Name() + " cannot express: " + fields(notes, maxFields))
		}
		ex.Body.Replace(body)
	}
	ex.Out.Header.Set("Content-Type", "application/json")
	c.addMembers(ex, x.body)
	e := ex.Body.Edits()
	for _, l := range x.links.List() {
		e.Splice(l.At, l.End(), l.Value)
	}
	return nil
}

// untouched tells whether the question can go out as it came.
func (c *call) untouched() bool {
	o := &c.t.s.Model.Options
	return o.MaxTokens == nil && o.Temperature == nil && o.TopP == nil && o.TopK == nil &&
		c.x.question.Model == c.target.model && c.x.question.Stream == c.stream &&
		!wire.MayHoldSeal(c.body) // the model may have been another one in the turn before
}

// configure lets the configured options win.
func (c *call) configure(q *llm.Request) {
	o := &c.t.s.Model.Options
	s := &q.Sampling
	if o.MaxTokens != nil {
		s.MaxTokens = appendInt(*o.MaxTokens)
	}
	if o.Temperature != nil {
		s.Temperature = float(*o.Temperature)
	}
	if o.TopP != nil {
		s.TopP = float(*o.TopP)
	}
	if o.TopK != nil {
		s.TopK = appendInt(*o.TopK)
	}
}

// callersOwn are fields that mean something to one vendor only. Those of the
// caller's vendor must not reach another.
var callersOwn = []string{
	"Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key", "X-Goog-User-Project",
	"Anthropic-Version", "Anthropic-Dangerous-Direct-Browser-Access", "OpenAI-Organization", "OpenAI-Project", "OpenAI-Beta",
	"X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request",
}

// forget takes the caller's credentials and the marks of its vendor out of the
// request.
func (c *call) forget(ex *flow.Exchange) {
	for _, name := range callersOwn {
		if c.x.same && strings.HasPrefix(name, "Anthropic") {
			continue
		}
		if c.t.s.Auth.AllowOverride && strings.EqualFold(name, c.t.s.Auth.HeaderName) {
			continue
		}
		ex.Out.Header.Del(name)
	}
	c.forgetMaker(ex)
	if c.x.same { // the query belongs to the question; its key does not
		ex.Out.Query = dropParam(ex.Out.Query, "key")
		ex.Out.HasQuery = ex.Out.Query != ""
		return
	}
	loc := &c.place().location
	ex.Out.Query, ex.Out.HasQuery = loc.Query, loc.Query != ""
}

// forgetMaker takes out what says something only to the provider whose format it
// is of, whichever the caller's is.
func (c *call) forgetMaker(ex *flow.Exchange) {
	f := c.place().speaker().Format()
	if f != llm.Anthropic && f != llm.AnthropicHosted {
		ex.Out.Header.Del("Anthropic-Beta")
	}
	if f != llm.BedrockConverse && f != llm.BedrockInvoke && f != llm.BedrockEmbed {
		ex.Out.Header = slices.DeleteFunc(ex.Out.Header, amazons)
	}
}

// amazons tells the fields in which InvokeModel says what is not in the body.
func amazons(f header.Field) bool {
	const prefix = "X-Amzn-Bedrock-"
	return len(f.Name) > len(prefix) && header.Equal(f.Name[:len(prefix)], prefix)
}

// addMembers sets what every body at the place has, and a credential that
// goes into the body.
func (c *call) addMembers(ex *flow.Exchange, body []byte) {
	e := ex.Body.Edits()
	e.Reset()
	for _, m := range c.place().body {
		e.Set(jsonscan.Find(body, m.Name), m.Name, m.Value)
	}
	if a := &c.t.s.Auth; a.ParamLocation == "body" && a.ParamName != "" {
		e.Set(jsonscan.Find(body, a.ParamName), a.ParamName, jsonscan.AppendQuote(nil, a.ParamValue.Reveal()))
	}
}

// maxFields is how much of a list of fields is shown.
const maxFields = 1000

// fields names what was noted.
func fields(notes []wire.Note, limit int) string {
	var b strings.Builder
	for i, n := range notes {
		if i > 0 {
			b.WriteString(", ")
		}
		if b.Len()+len(n.Field)+len(n.How) > limit {
			b.WriteString("…")
			break
		}
		b.WriteString(n.Field)
		if n.Changed && n.How != "" {
			b.WriteString(" (" + n.How + ")")
		}
	}
	return b.String()
}

// warn tells the caller what was lost on the way.
func (c *call) warn(r *flow.Reply) {
	notes := c.x.notes.List()
	if len(notes) == 0 || c.t.s.Translation == Drop {
		return
	}
	var dropped, changed []wire.Note
	for _, n := range notes {
		if n.Changed {
			changed = append(changed, n)
		} else {
			dropped = append(dropped, n)
		}
	}
	var parts []string
	if len(dropped) > 0 {
		parts = append(parts, "dropped: "+fields(dropped, maxFields))
	}
	if len(changed) > 0 {
		parts = append(parts, "changed: "+fields(changed, maxFields))
	}
	r.Header.Set(TranslationHeader, printable(strings.Join(parts, "; ")))
}

// report tells the caller what was found of a plain answer.
func (c *call) report(r *flow.Reply) {
	found := &c.ai.Schema
	if c.t.s.Translation == Drop || found.Violates == nil && found.Unchecked == nil {
		return
	}
	parts := []string{r.Header.Get(TranslationHeader)}
	if found.Violates != nil {
		parts = append(parts, "violates: "+strings.Join(found.Violates, ", "))
	}
	if found.Unchecked != nil {
		parts = append(parts, "unchecked: "+strings.Join(found.Unchecked, ", "))
	}
	r.Header.Set(TranslationHeader, printable(strings.Join(parts, "; ")))
}

// printable keeps what may stand in a header field: names come from callers.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '…' {
			return '~'
		}
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// receiveTranslated turns the provider's answer into the caller's format.
func (c *call) receiveTranslated(ex *flow.Exchange, r *flow.Reply) error {
	contentType := r.Header.Get("Content-Type")
	decoded(r)
	c.warn(r)
	if c.stream || r.Events {
		return c.translateStream(ex, r, contentType)
	}
	whole, err := c.collectAll(ex, r)
	if err != nil {
		return err
	}
	a := &c.x.answer
	if err := c.answerOf(ex, r, a, whole); err != nil {
		return err
	}
	c.report(r)
	if c.x.same {
		c.keepAnswer(whole)
		r.SetBody(whole)
		return nil
	}
	c.setAnswer(ex, r, a)
	return nil
}

// decoded undoes the content coding.
func decoded(r *flow.Reply) {
	if codingOf(r.Header) == codingGzip {
		r.Stream, r.Length = inflate(r.Stream), -1
	}
	r.Header.Del("Content-Encoding")
}

func (c *call) keepAnswer(body []byte) {
	if c.ai.LogPayloads {
		c.ai.ResponseBody = append([]byte{}, body...)
	}
}

// maxAnswer is how large a plain answer may be that is translated.
const maxAnswer = 64 << 20

// collectAll reads a plain answer whole, which ends the waiting for it.
func (c *call) collectAll(ex *flow.Exchange, r *flow.Reply) ([]byte, error) {
	whole, err := flow.CollectIn(c.x.whole, r.Stream, maxAnswer)
	if errors.Is(err, flow.ErrTooLarge) {
		return nil, conversion(c, "the answer is too large")
	}
	if err != nil {
		return nil, broken(ex, err)
	}
	c.x.whole = whole
	c.ai.LatencyMS = since(ex)
	return whole, nil
}

// plain reads an answer that cannot be a stream, without its content coding.
func (c *call) plain(ex *flow.Exchange, r *flow.Reply) ([]byte, error) {
	decoded(r)
	c.warn(r)
	return c.collectAll(ex, r)
}

// undecoded is what the caller gets instead of an answer that its format could
// not read, or in which the provider told an error; nil for nil.
func (c *call) undecoded(err error) error {
	if e, ok := errors.AsType[*llm.Error](err); ok {
		return c.disguised(e)
	}
	if err != nil {
		return conversion(c, err.Error())
	}
	return nil
}

// answerOf reads an answer into the canonical model.
func (c *call) answerOf(ex *flow.Exchange, r *flow.Reply, a *llm.Response, body []byte) error {
	if err := c.undecoded(wire.Read(c.place().format, a, body)); err != nil {
		return err
	}
	if counts, ok := c.place().format.(wire.Counting); ok {
		counts.Count(&a.Usage, r.Header.Get)
	}
	c.complete(ex, a)
	return nil
}

// disguised is an error that came with status 200.
func (c *call) disguised(e *llm.Error) error {
	status := e.Status
	if status < 400 {
		status = 502
	}
	return &fault.Error{Kind: fault.BadUpstream, Code: status, Shape: fault.AI, Message: e.Message, Cause: e}
}

// complete fills what the provider left out, and takes what the log needs.
func (c *call) complete(ex *flow.Exchange, a *llm.Response) {
	c.identify(ex, &a.ID, &a.Model, &a.Created)
	c.ai.ResponseModel = a.Model
	c.takeUsage(&a.Usage)
	calls := 0
	for i := range a.Choices {
		parts := a.Choices[i].Parts
		c.meter.text += letters(parts)
		conclude(&a.Choices[i])
		for k := range parts {
			c.x.fit.Call(parts[k].Call)
			name(ex, &parts[k], &calls)
		}
	}
	if c.altered() {
		c.conform(ex, a, true)
	}
	c.finish()
	if a.Usage.Prompt < 0 && a.Usage.Completion < 0 {
		a.Usage = c.ai.Usage
	}
}

// conclude gives a whole answer the finish that nobody told.
func conclude(c *llm.Choice) {
	if c.Finish != llm.Unfinished {
		return
	}
	c.Finish = llm.FinishStop
	for i := range c.Parts {
		if c.Parts[i].Kind == llm.ToolCall {
			c.Finish = llm.FinishTools
		}
	}
}

// name gives a call an id where the provider did not: most callers need one to
// answer it. calls counts them.
func name(ex *flow.Exchange, p *llm.Part, calls *int) {
	if p.Call == nil {
		return
	}
	if *calls++; p.Call.ID == "" {
		p.Call.ID = "call_" + ex.ID + "_" + strconv.Itoa(*calls)
	}
}

func letters(parts []llm.Part) int {
	n := 0
	for i := range parts {
		if p := &parts[i]; p.Call != nil {
			n += len(p.Call.Args)
		} else {
			n += max(len(p.Text)-2, 0)
		}
	}
	return n
}

// identify fills what every answer has.
func (c *call) identify(ex *flow.Exchange, id, model *string, created *int64) {
	if *id == "" {
		*id = idPrefixes[c.client.Format()] + ex.ID
	}
	if *model == "" {
		*model = c.target.model
	}
	if *created == 0 {
		*created = ex.Started.Unix()
	}
}

// idPrefixes are what the ids of answers begin with.
var idPrefixes = map[llm.Format]string{
	llm.OpenAIChat: "chatcmpl-", llm.OpenAICompletions: "cmpl-", llm.OpenAIResponses: "resp_", llm.Anthropic: "msg_",
}

// setAnswer writes the answer in the caller's format.
func (c *call) setAnswer(_ *flow.Exchange, r *flow.Reply, a *llm.Response) {
	c.head(r, a)
	c.scrap = c.client.EncodeResponse(c.scrap[:0], a, &c.x.question)
	c.answer(r)
}

// head sets what the callers' format says in the head of an answer; a is nil
// before a stream.
func (c *call) head(r *flow.Reply, a *llm.Response) {
	if h, ok := c.client.(wire.Headed); ok {
		h.Head(a, r.Header.Set)
	}
}

// answer replies with the document in the call's buffer.
func (c *call) answer(r *flow.Reply) {
	c.keepAnswer(c.scrap)
	r.Header.Set("Content-Type", "application/json")
	r.Events = false
	r.SetBody(c.scrap)
}

// maxError is how much of an error body is read.
const maxError = 1 << 20

// passError turns a provider's error into one of the caller's format. Status
// and Retry-After stay.
func (c *call) passError(ex *flow.Exchange, r *flow.Reply) error {
	c.ai.LatencyMS = since(ex)
	if codingOf(r.Header) == codingGzip {
		r.Stream = inflate(r.Stream)
	}
	r.Header.Del("Content-Encoding")
	var body []byte
	if r.Stream != nil {
		var err error
		if body, err = flow.Collect(r.Stream, maxError); err != nil && !errors.Is(err, flow.ErrTooLarge) {
			return broken(ex, err)
		}
	}
	e := c.place().speaker().DecodeError(r.Status, r.Header.Get, body)
	c.ai.Error = e.Message
	c.scrap = c.caller().EncodeError(c.scrap[:0], e)
	r.Header.Set("Content-Type", "application/json")
	r.Events = false
	r.SetBody(c.scrap)
	return nil
}

// translates tells whether a route type has bodies that can be translated.
func translates(routeType string) bool {
	switch routeType {
	case provider.Chat, provider.Completions, provider.Responses:
		return true
	}
	return false
}

// Fault implements flow.Voice: callers of another format than OpenAI's get its
// errors; OpenAI's callers get those of the original.
func (c *call) Fault(f *fault.Error) []byte {
	if !c.t.native {
		return nil
	}
	msg := f.Message
	if msg == "" {
		msg = http.StatusText(f.Status())
	}
	return c.caller().EncodeError(nil, &llm.Error{Status: f.Status(), Message: msg, RetryAfter: -1})
}
