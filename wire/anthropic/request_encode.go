package anthropic

import (
	"bytes"
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// EncodeRequest implements wire.Provider.
func (p Provider) EncodeRequest(dst []byte, r *llm.Request, n *wire.Notes) ([]byte, error) {
	w := wire.Writer{Buf: dst}
	if err := p.WriteRequest(&w, r, n); err != nil {
		return dst, err
	}
	return w.Buf, nil
}

// WriteRequest implements wire.Linker.
func (p Provider) WriteRequest(w *wire.Writer, r *llm.Request, n *wire.Notes) error {
	e := encoder{w: w, r: r, n: n, own: r.Extra.From == own, version: p.version}
	e.o = newObject(e.w, &r.Extra)
	if e.own {
		e.was = new(llm.Request)
		decodeKept(e.was, &r.Extra)
	}
	e.parts = partWriter{w: e.w, n: n, own: e.own}
	return e.request()
}

// encoder writes one question.
type encoder struct {
	w *wire.Writer
	o object
	r *llm.Request
	n *wire.Notes
	// own: the question came in our own format.
	own     bool
	version string
	// was is what the kept spellings say, if own.
	was *llm.Request
	// mute: the model shall not think, whatever was asked.
	mute  bool
	parts partWriter
}

func (e *encoder) request() error {
	t := ownThought(&e.r.Reasoning)
	if !e.own {
		t = e.foreignThought()
		e.noteForeign()
	} else if t.kind == "enabled" && wire.Moved(e.r.Messages, own) && wire.LacksThoughts(e.r.Messages, own) {
		e.n.Change("reasoning", wire.ThoughtsLacking)
		t.kind, e.mute = "", true
	}
	e.head()
	e.limit(t)
	if bad := e.conversation(); bad != nil {
		return bad
	}
	e.tools()
	e.choice()
	e.sampling(t)
	e.thinking(t)
	e.output(t)
	e.meta()
	e.o.end()
	return nil
}

// head writes who is asked, and how: by the path where another host serves
// the model.
func (e *encoder) head() {
	kept := string(e.o.kept("anthropic_version"))
	e.o.take("anthropic_version")
	if e.version == "" {
		if kept != "" {
			e.betas()
		}
		e.o.text("model", e.r.Model)
		if !e.own || e.was.Stream != e.r.Stream {
			e.o.name("stream")
			e.w.Bool(e.r.Stream)
		}
		return
	}
	version := wire.Quote(e.version)
	e.o.take("model")
	// A caller who speaks to the same host knows what it lets them say.
	if kept != string(version) {
		e.o.take("stream")
	}
	e.o.raw("anthropic_version", version)
}

// betas leaves out what a question to another host has in the body: Anthropic's
// own want it in the head.
func (e *encoder) betas() {
	if e.o.kept("anthropic_beta") != nil {
		e.n.Drop("anthropic_beta")
		e.o.take("anthropic_beta")
	}
}

func (e *encoder) limit(t thought) {
	limit := e.r.Sampling.MaxTokens
	if limit == nil {
		limit = t.limit
	}
	if limit == nil {
		limit = number(defaultLimit(e.r.Model))
	}
	e.o.raw("max_tokens", limit)
}

func (e *encoder) conversation() error {
	if len(e.r.Messages) == 0 && e.r.Prompt != nil {
		return e.prompt()
	}
	e.system()
	e.o.name("messages")
	e.w.Array()
	for i := 0; i < len(e.r.Messages); {
		i += e.message(i)
	}
	e.w.EndArray()
	return nil
}

// prompt makes a question of the text that a completion shall go on with.
func (e *encoder) prompt() error {
	text, ok := wire.OnePrompt(e.r.Prompt)
	if !ok {
		return invalid("prompt", "must be one text")
	}
	e.n.Lose("suffix", e.r.Suffix)
	e.o.name("messages")
	e.w.Array()
	e.w.Object()
	e.w.StringMember("role", "user")
	e.w.Member("content", text)
	e.w.EndObject()
	e.w.EndArray()
	return nil
}

// isTop tells whether a message belongs to the top-level system.
func isTop(m *llm.Message) bool {
	return (m.Role == llm.System || m.Role == llm.Developer) && !inPlace(m)
}

// system joins the instructions, wherever they stood. The API wants them
// before everything else; only some models take them later, and for those the
// caller speaks our own format.
func (e *encoder) system() {
	plain, count := true, 0
	var texts []llm.JSON
	for i := range e.r.Messages {
		m := &e.r.Messages[i]
		if !isTop(m) {
			continue
		}
		count++
		text, ok := plainText(m)
		plain = plain && ok
		if ok && (e.own || !wire.EmptyText(text)) {
			texts = append(texts, text)
		}
	}
	switch {
	case count == 0:
	case !plain:
		e.systemBlocks()
	case len(texts) > 0:
		e.o.raw("system", wire.Join("\n\n", texts...))
	}
}

// plainText is the text of a message that has nothing else.
func plainText(m *llm.Message) (llm.JSON, bool) {
	if !m.Plain || len(m.Parts) != 1 {
		return nil, false
	}
	p := &m.Parts[0]
	ok := (p.Kind == llm.Text || p.Kind == llm.Refusal) && p.Text != nil && p.Cache == nil && len(p.Citations) == 0 && p.Extra.From != own
	return p.Text, ok
}

func (e *encoder) systemBlocks() {
	e.o.name("system")
	e.w.Array()
	for i := range e.r.Messages {
		m := &e.r.Messages[i]
		if !isTop(m) {
			continue
		}
		for j := range m.Parts {
			p := &m.Parts[j]
			if kind := p.Kind; kind != llm.Text && kind != llm.Opaque {
				e.n.Drop(place(i, j))
				continue
			}
			e.parts.part(p, place(i, j))
		}
	}
	e.w.EndArray()
}

func place(message, part int) string {
	return "messages[" + strconv.Itoa(message) + "].parts[" + strconv.Itoa(part) + "]"
}

// message writes the message at i and tells how many it took: the results of
// several calls must come in one, directly after the calls.
func (e *encoder) message(i int) int {
	m := &e.r.Messages[i]
	if isTop(m) {
		return 1
	}
	last := i + 1
	if !e.own && m.Role == llm.ToolRole {
		for last < len(e.r.Messages) && e.r.Messages[last].Role == llm.ToolRole {
			last++
		}
	}
	start, some := len(e.w.Buf), false
	o := newObject(e.w, &m.Extra)
	o.text("role", roleName(m.Role))
	o.name("content")
	if text, ok := plainText(m); ok {
		some = e.own || !wire.EmptyText(text)
		e.noteMessage(i)
		e.w.Raw(text)
	} else {
		e.w.Array()
		for at := i; at < last; at++ {
			some = e.content(at) || some
		}
		e.w.EndArray()
	}
	o.end()
	if !some && !e.own {
		e.w.Cut(start)
		e.n.Drop("messages[" + strconv.Itoa(i) + "]")
	}
	return last - i
}

// noteMessage notes what is lost of a message beside its parts.
func (e *encoder) noteMessage(i int) {
	m := &e.r.Messages[i]
	if m.Name != nil {
		e.n.Drop("messages[" + strconv.Itoa(i) + "].name")
	}
	noteExtra(e.n, &m.Extra)
}

func roleName(role llm.Role) string {
	switch role {
	case llm.Assistant:
		return "assistant"
	case llm.System, llm.Developer:
		return "system"
	case llm.User, llm.ToolRole:
	}
	return "user"
}

// content writes the parts of a message, and tells whether there were any. The
// API wants the results of tools first.
func (e *encoder) content(i int) bool {
	m, some := &e.r.Messages[i], false
	e.noteMessage(i)
	if e.own {
		for j := range m.Parts {
			some = e.parts.part(&m.Parts[j], place(i, j)) || some
		}
		return some
	}
	for _, results := range []bool{true, false} {
		for j := range m.Parts {
			if (m.Parts[j].Kind == llm.ToolResult) == results {
				some = e.parts.part(&m.Parts[j], place(i, j)) || some
			}
		}
	}
	return some
}

func (e *encoder) sampling(t thought) {
	s := &e.r.Sampling
	if e.own {
		e.o.raw("temperature", s.Temperature)
		e.o.raw("top_p", s.TopP)
		e.o.raw("top_k", s.TopK)
	} else {
		e.foreignSampling(t)
	}
	if stop := e.stopSequences(); len(stop) > 0 {
		e.o.name("stop_sequences")
		e.w.Array()
		for _, v := range stop {
			e.w.Raw(v)
		}
		e.w.EndArray()
	}
}

// foreignSampling writes what the model takes of another format's parameters:
// newer models none, and one that thinks only some.
func (e *encoder) foreignSampling(t thought) {
	s := &e.r.Sampling
	temperature, topP, topK := s.Temperature, s.TopP, s.TopK
	switch {
	case adaptiveOnly(e.r.Model):
		e.drop("sampling.temperature", &temperature)
		e.drop("sampling.top_p", &topP)
		e.drop("sampling.top_k", &topK)
	case t.kind != "":
		e.drop("sampling.temperature", &temperature)
		e.drop("sampling.top_k", &topK)
		if !above(topP, 0.949) {
			e.drop("sampling.top_p", &topP)
		}
	case above(temperature, 1):
		e.n.Change("sampling.temperature", "1 is the most")
		temperature = llm.JSON("1")
	}
	e.o.raw("temperature", temperature)
	e.o.raw("top_p", topP)
	e.o.raw("top_k", topK)
}

func (e *encoder) drop(field string, v *llm.JSON) {
	if *v != nil {
		e.n.Drop(field)
		*v = nil
	}
}

// stopSequences are those that the API takes: it refuses white space.
func (e *encoder) stopSequences() []llm.JSON {
	if e.own {
		return e.r.Sampling.Stop
	}
	var stop []llm.JSON
	for _, v := range e.r.Sampling.Stop {
		if len(bytes.TrimSpace(wire.TextBytes(v))) == 0 {
			e.n.Drop("sampling.stop")
			continue
		}
		stop = append(stop, v)
	}
	return stop
}

func (e *encoder) thinking(t thought) {
	if e.own && !e.mute && sameThinking(&e.was.Reasoning, &e.r.Reasoning) {
		return
	}
	e.o.take("thinking")
	if t.kind == "" {
		return
	}
	e.o.name("thinking")
	e.w.Object()
	e.w.StringMember("type", t.kind)
	e.w.Member("budget_tokens", t.budget)
	// Models that measure their thinking themselves tell it only when asked.
	if !e.own && t.kind == "adaptive" && e.r.Reasoning.Show {
		e.w.StringMember("display", "summarized")
	}
	e.w.EndObject()
}

func (e *encoder) output(t thought) {
	if e.own && sameOutput(e.was, e.r) {
		return
	}
	config := e.o.kept("output_config")
	e.o.take("output_config")
	e.o.take("output_format")
	schema := e.schema()
	if schema == nil && t.effort == "" && len(config) == 0 {
		return
	}
	e.o.name("output_config")
	e.w.Object()
	e.w.StringMember("effort", t.effort)
	if schema != nil {
		e.w.Name("format")
		e.w.Object()
		e.w.StringMember("type", "json_schema")
		e.w.Member("schema", schema)
		e.w.EndObject()
	}
	e.otherConfig(config)
	e.w.EndObject()
}

// otherConfig writes what output_config held beside what the model knows.
func (e *encoder) otherConfig(config llm.JSON) {
	f := wire.NewFields(config)
	var x llm.Extra
	for f.Next() {
		if f.Name() != "effort" && f.Name() != "format" {
			f.Keep(&x, own)
		}
	}
	e.w.Extra(&x, own)
}

// schema is that of the answer; any JSON at all cannot be asked for.
func (e *encoder) schema() llm.JSON {
	out := &e.r.Output
	switch out.Kind {
	case llm.OutputSchema:
		e.n.Lose("output.description", out.Description)
		return out.Schema
	case llm.OutputJSON:
		e.n.Drop("output.kind")
	case llm.OutputUnsaid, llm.OutputText:
	}
	return nil
}

func (e *encoder) meta() {
	if e.own {
		e.ownMeta()
		return
	}
	if e.r.User != nil {
		e.user()
	}
	switch tier := wire.Text(e.r.ServiceTier); tier {
	case "":
	case "auto", "standard_only":
		e.o.raw("service_tier", e.r.ServiceTier)
	case "priority":
		e.n.Change("service_tier", "auto")
		e.o.text("service_tier", "auto")
	case "default", "standard":
		e.o.text("service_tier", "standard_only")
	default:
		e.n.Drop("service_tier")
	}
}

func (e *encoder) ownMeta() {
	e.o.raw("service_tier", e.r.ServiceTier)
	if e.own && bytes.Equal(e.was.User, e.r.User) {
		return
	}
	e.o.take("metadata")
	if e.r.User != nil {
		e.user()
	}
}

func (e *encoder) user() {
	e.o.name("metadata")
	e.w.Object()
	e.w.Member("user_id", e.r.User)
	e.w.EndObject()
}

// noteForeign notes what another format can say and this one cannot.
func (e *encoder) noteForeign() {
	s := &e.r.Sampling
	for _, p := range [...]struct {
		field string
		value llm.JSON
	}{
		{"sampling.min_p", s.MinP},
		{"sampling.frequency_penalty", s.FrequencyPenalty},
		{"sampling.presence_penalty", s.PresencePenalty},
		{"sampling.repeat_penalty", s.RepeatPenalty},
		{"sampling.seed", s.Seed},
		{"sampling.logit_bias", s.LogitBias},
		{"sampling.logprobs", s.Logprobs},
		{"sampling.top_logprobs", s.TopLogprobs},
		{"metadata", e.r.Metadata},
	} {
		e.n.Lose(p.field, p.value)
	}
	e.n.Lose("sampling.n", s.N)
	e.n.LoseText("output.verbosity", e.r.Output.Verbosity)
	noteExtra(e.n, &e.r.Extra)
	noteExtra(e.n, &e.r.Output.Extra)
}

// noteExtra notes the members that only another format knows.
func noteExtra(n *wire.Notes, x *llm.Extra) { wire.NoteExtra(n, x, own, "") }
