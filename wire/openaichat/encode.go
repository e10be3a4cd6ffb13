package openaichat

import (
	"strconv"
	"unicode/utf8"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// EncodeRequest implements wire.Provider.
func (p *Provider) EncodeRequest(dst []byte, r *llm.Request, n *wire.Notes) ([]byte, error) {
	w := wire.Writer{Buf: dst}
	if err := p.WriteRequest(&w, r, n); err != nil {
		return nil, err
	}
	return w.Buf, nil
}

// WriteRequest implements wire.Linker.
func (p *Provider) WriteRequest(w *wire.Writer, r *llm.Request, n *wire.Notes) error {
	e := encoder{d: &p.d, n: n, same: r.Extra.From == own, w: w}
	e.w.Object()
	e.w.StringMember("model", r.Model)
	if err := e.messages(r); err != nil {
		return err
	}
	e.tools(r)
	e.sampling(r)
	e.output(&r.Output)
	e.reasoning(&r.Reasoning)
	e.stream(r)
	e.w.Extra(&r.Extra, own)
	wire.NoteExtra(n, &r.Extra, own, "")
	e.w.EndObject()
	return nil
}

// encoder writes one question.
type encoder struct {
	w    *wire.Writer
	d    *Dialect
	n    *wire.Notes
	same bool   // the question was asked in this format
	at   string // the path of the message that is being written
	// shown are parts of results that only a user can show.
	shown []llm.Part
}

func (e *encoder) stream(r *llm.Request) {
	_, said := wire.Marked(&r.Extra, own, "stream")
	if r.Stream || said {
		e.w.BoolMember("stream", r.Stream)
	}
	options, had := wire.Marked(&r.Extra, own, "stream_options")
	switch {
	case e.d.NoStreamOptions:
	case had:
		e.w.Member("stream_options", options)
	case r.Stream && !e.same:
		e.w.Name("stream_options")
		e.w.Literal(`{"include_usage":true}`)
	}
}

func (e *encoder) sampling(r *llm.Request) {
	s := &r.Sampling
	limit := "max_tokens"
	if _, later := wire.Marked(&r.Extra, own, "max_completion_tokens"); later || e.d.NewLimit != nil && e.d.NewLimit(r.Model) {
		limit = "max_completion_tokens"
	}
	w := e.w
	w.Member(limit, s.MaxTokens)
	w.Member("temperature", s.Temperature)
	w.Member("top_p", s.TopP)
	e.optional("top_k", "top_k", s.TopK, e.d.TopK)
	e.optional("min_p", "min_p", s.MinP, e.d.MinP)
	e.optional("repetition_penalty", "repeat_penalty", s.RepeatPenalty, e.d.RepeatPenalty)
	w.Member("frequency_penalty", s.FrequencyPenalty)
	w.Member("presence_penalty", s.PresencePenalty)
	w.Member("seed", s.Seed)
	w.Member("n", s.N)
	e.stop(r)
	w.Member("logit_bias", s.LogitBias)
	w.Member("logprobs", s.Logprobs)
	w.Member("top_logprobs", s.TopLogprobs)
	e.user(r.User)
	w.Member("service_tier", r.ServiceTier)
	w.Member("metadata", r.Metadata)
}

// maxUser is how many characters OpenAI takes in user. Others give longer ones:
// Claude Code's are a JSON object of its device and session.
const maxUser = 64

func (e *encoder) user(v llm.JSON) {
	if !e.same && utf8.RuneCount(wire.TextBytes(v)) > maxUser {
		e.n.Drop("user")
		return
	}
	e.w.Member("user", v)
}

// optional writes a parameter that not every service takes, field in the model.
func (e *encoder) optional(name, field string, v llm.JSON, takes bool) {
	switch {
	case v == nil:
	case takes || e.same:
		e.w.Member(name, v)
	default:
		e.n.Drop("sampling." + field)
	}
}

func (e *encoder) stop(r *llm.Request) {
	stop := r.Sampling.Stop
	if len(stop) == 0 {
		return
	}
	e.w.Name("stop")
	if _, plain := wire.Marked(&r.Extra, own, "stop"); plain {
		e.w.Raw(stop[0])
		return
	}
	e.w.Array()
	for _, s := range stop {
		e.w.Raw(s)
	}
	e.w.EndArray()
}

func (e *encoder) output(o *llm.Output) {
	e.w.StringMember("verbosity", o.Verbosity)
	wire.NoteExtra(e.n, &o.Extra, own, "output.")
	name := [...]string{llm.OutputText: "text", llm.OutputJSON: "json_object", llm.OutputSchema: "json_schema"}[o.Kind]
	if name == "" && (o.Extra.From != own || len(o.Extra.Members) == 0) {
		return
	}
	e.w.Name("response_format")
	e.w.Object()
	e.w.StringMember("type", name)
	if o.Kind == llm.OutputSchema {
		e.schema(o)
	}
	e.w.Extra(&o.Extra, own)
	e.w.EndObject()
}

func (e *encoder) schema(o *llm.Output) {
	name := o.Name
	if name == "" && o.Extra.From != own {
		name = "answer" // the API wants one
	}
	e.w.Name("json_schema")
	e.w.Object()
	e.w.StringMember("name", name)
	e.w.Member("description", o.Description)
	e.w.Member("schema", o.Schema)
	e.w.Member("strict", o.Strict)
	e.w.EndObject()
}

func (e *encoder) reasoning(r *llm.Reasoning) {
	effort := r.Effort
	switch {
	case effort != "":
	case r.Off:
		effort = "none"
	case r.Budget != nil:
		effort = effortOf(r.Budget)
		e.n.Change("reasoning.budget", "effort "+effort)
	case r.On:
		effort = "medium"
		e.n.Change("reasoning", "effort medium")
	}
	e.w.StringMember("reasoning_effort", effort)
}

// effortOf is the effort nearest to a budget of tokens.
func effortOf(budget llm.JSON) string {
	n, _ := wire.Int(budget)
	switch {
	case n <= 0:
		return "none"
	case n <= 2048:
		return "low"
	case n <= 8192:
		return "medium"
	}
	return "high"
}

func (e *encoder) tools(r *llm.Request) {
	if _, old := wire.Marked(&r.Extra, own, "functions"); old {
		e.functions(r)
	} else if len(r.Tools) > 0 {
		e.w.Name("tools")
		e.w.Array()
		for i := range r.Tools {
			e.tool(&r.Tools[i], i)
		}
		e.w.EndArray()
	}
	e.choice(r)
	e.w.Member("parallel_tool_calls", r.Parallel)
}

func (e *encoder) functions(r *llm.Request) {
	e.w.Name("functions")
	e.w.Array()
	for i := range r.Tools {
		e.declaration(&r.Tools[i])
	}
	e.w.EndArray()
}

func (e *encoder) tool(t *llm.Tool, i int) {
	if t.Raw != nil {
		if t.From == own {
			e.w.Raw(t.Raw)
			return
		}
		e.n.Drop(wire.ToolField(i, t))
		return
	}
	kind := "function"
	if t.Custom {
		kind = "custom"
	}
	e.w.Object()
	if _, without := wire.Marked(&t.Extra, own, "no type"); !without {
		e.w.StringMember("type", kind)
	}
	e.w.Name(kind)
	e.declaration(t)
	e.cache(t.Cache)
	e.w.Extra(&t.Extra, own)
	wire.NoteExtra(e.n, &t.Extra, own, field("tools", i, "."))
	e.w.EndObject()
}

func (e *encoder) declaration(t *llm.Tool) {
	e.w.Object()
	e.w.StringMember("name", t.Name)
	e.w.Member("description", t.Description)
	e.w.Member("parameters", t.Schema)
	e.w.Member("strict", t.Strict)
	e.w.Extra(&t.Inner, own)
	e.w.EndObject()
}

func (e *encoder) choice(r *llm.Request) {
	c := &r.Choice
	name := "tool_choice"
	if _, old := wire.Marked(&r.Extra, own, "function_call"); old {
		name = "function_call"
	}
	if c.Raw != nil && c.From == own {
		e.w.Member(name, c.Raw)
		return
	}
	e.n.LoseChoice(c, own)
	if c.Mode == llm.ChoiceUnsaid || len(r.Tools) == 0 {
		return
	}
	e.w.Name(name)
	switch {
	case c.Mode == llm.ChoiceNamed:
		e.named(c.Name)
	case len(c.Allowed) > 0:
		e.allowed(c)
	default:
		e.w.String(choiceName(c.Mode))
	}
}

func choiceName(m llm.ChoiceMode) string {
	switch m {
	case llm.ChoiceNone:
		return "none"
	case llm.ChoiceAny:
		return "required"
	case llm.ChoiceUnsaid, llm.ChoiceAuto, llm.ChoiceNamed:
	}
	return "auto"
}

func (e *encoder) named(tool string) {
	e.w.Object()
	e.w.StringMember("type", "function")
	e.w.Name("function")
	e.w.Object()
	e.w.StringMember("name", tool)
	e.w.EndObject()
	e.w.EndObject()
}

func (e *encoder) allowed(c *llm.ToolChoice) {
	e.w.Object()
	e.w.StringMember("type", "allowed_tools")
	e.w.Name("allowed_tools")
	e.w.Object()
	e.w.StringMember("mode", choiceName(c.Mode))
	e.w.Name("tools")
	e.w.Array()
	for _, name := range c.Allowed {
		e.named(name)
	}
	e.w.EndArray()
	e.w.EndObject()
	e.w.EndObject()
}

func (e *encoder) cache(c *llm.Cache) {
	if c == nil {
		return
	}
	if !e.d.CacheMarks && c.Extra.From != own {
		e.n.Drop("cache")
		return
	}
	e.w.Name("cache_control")
	e.w.Object()
	e.w.StringMember("ttl", c.TTL)
	if c.Extra.From != own {
		e.w.StringMember("type", "ephemeral")
	}
	e.w.Extra(&c.Extra, own)
	e.w.EndObject()
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }
