package mistral

import (
	"slices"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// EncodeRequest implements wire.Provider.
func (p Provider) EncodeRequest(dst []byte, r *llm.Request, n *wire.Notes) ([]byte, error) {
	e := encoder{w: wire.Writer{Buf: dst}, n: n, r: r, same: r.Extra.From == own}
	e.thinks = e.same || r.Reasoning.On || r.Reasoning.Budget != nil
	e.w.Object()
	if !p.hosted {
		e.w.StringMember("model", r.Model)
	}
	if err := e.messages(); err != nil {
		return nil, err
	}
	e.tools()
	e.sampling()
	e.output()
	e.reasoning()
	if r.Stream && !p.hosted {
		e.w.BoolMember("stream", true)
	}
	e.rest()
	e.w.Extra(&r.Extra, own)
	e.note(&r.Extra, "", members)
	e.w.EndObject()
	return e.w.Buf, nil
}

// encoder writes one question.
type encoder struct {
	w      wire.Writer
	n      *wire.Notes
	r      *llm.Request
	same   bool   // the question was asked in this format
	thinks bool   // the model takes thoughts back
	at     string // the path of the message that is being written
}

func (e *encoder) drop(there bool, field string) {
	if there {
		e.n.Drop(field)
	}
}

// members are those that callers of OpenAI's format add to their questions for
// this service.
var members = []string{"guardrails", "prediction", "prompt_cache_key", "prompt_mode", "random_seed", "safe_prompt"}

// added is the value of such a member.
func added(x *llm.Extra, name string) llm.JSON { return wire.Null(x.Get(llm.OpenAIChat, name)) }

// note notes what another format left in x, but for what was written of it.
func (e *encoder) note(x *llm.Extra, path string, written []string) {
	if x.From == llm.OpenAIChat {
		rest := llm.Extra{From: x.From}
		for _, m := range x.Members {
			if !slices.Contains(written, m.Name) {
				rest.Members = append(rest.Members, m)
			}
		}
		x = &rest
	}
	wire.NoteExtra(e.n, x, own, path)
}

// rest writes what callers of OpenAI's format added, and what there is beside.
func (e *encoder) rest() {
	r := e.r
	for _, name := range members {
		e.w.Member(name, added(&r.Extra, name))
	}
	mode, _ := wire.Marked(&r.Extra, own, "prompt_mode")
	e.w.Member("prompt_mode", mode)
	e.w.Member("metadata", r.Metadata)
	if e.same || wire.Equal(r.ServiceTier, "auto") {
		e.w.Member("service_tier", r.ServiceTier)
	} else {
		e.n.Lose("service_tier", r.ServiceTier)
	}
	e.n.Lose("user", r.User)
	e.n.Lose("suffix", r.Suffix)
}

func (e *encoder) sampling() {
	s := &e.r.Sampling
	w := &e.w
	w.Member("max_tokens", s.MaxTokens)
	e.temperature(s.Temperature)
	w.Member("top_p", s.TopP)
	w.Member("frequency_penalty", s.FrequencyPenalty)
	w.Member("presence_penalty", s.PresencePenalty)
	if added(&e.r.Extra, "random_seed") == nil {
		w.Member("random_seed", s.Seed)
	}
	w.Member("n", s.N)
	e.stop(s.Stop)
	e.n.Lose("sampling.top_k", s.TopK)
	e.n.Lose("sampling.min_p", s.MinP)
	e.n.Lose("sampling.repeat_penalty", s.RepeatPenalty)
	e.n.Lose("sampling.logit_bias", s.LogitBias)
	e.n.Lose("sampling.logprobs", s.Logprobs)
	e.n.Lose("sampling.top_logprobs", s.TopLogprobs)
}

// temperature writes it, or the highest that the service takes.
func (e *encoder) temperature(v llm.JSON) {
	const limit = 1.5
	if t, ok := jsonscan.Float(v); ok && t > limit && !e.same {
		e.n.Change("sampling.temperature", "1.5, the highest")
		v = llm.JSON("1.5")
	}
	e.w.Member("temperature", v)
}

func (e *encoder) stop(list []llm.JSON) {
	if len(list) == 0 {
		return
	}
	e.w.Name("stop")
	if _, plain := wire.Marked(&e.r.Extra, own, "stop"); plain && len(list) == 1 {
		e.w.Raw(list[0])
		return
	}
	e.w.Array()
	for _, s := range list {
		e.w.Raw(s)
	}
	e.w.EndArray()
}

func (e *encoder) output() {
	o := &e.r.Output
	e.n.LoseText("output.verbosity", o.Verbosity)
	wire.NoteExtra(e.n, &o.Extra, own, "output.")
	if o.Kind == llm.OutputUnsaid {
		return
	}
	e.w.Name("response_format")
	e.w.Object()
	e.w.StringMember("type", outputs[o.Kind])
	_, said := wire.Marked(&o.Extra, own, "json_schema")
	if said || o.Kind == llm.OutputSchema && o.Extra.From != own {
		e.schema(o)
	}
	e.w.Extra(&o.Extra, own)
	e.w.EndObject()
}

func (e *encoder) schema(o *llm.Output) {
	mine := o.Extra.From == own
	e.w.Name("json_schema")
	e.w.Object()
	switch name, odd := wire.Marked(&o.Extra, own, "schema name"); {
	case odd:
		e.w.Member("name", name)
	case o.Name == "" && !mine:
		e.w.StringMember("name", "answer") // the service wants one
	default:
		e.w.StringMember("name", o.Name)
	}
	e.w.Member("description", o.Description)
	if o.Schema == nil && !mine {
		e.w.Name("schema")
		e.w.Literal(anySchema)
	}
	e.w.Member("schema", o.Schema)
	e.w.Member("strict", o.Strict)
	e.w.EndObject()
}

const (
	anySchema  = `{"type":"object"}`
	noSchema   = `{"type":"object","properties":{}}`
	textSchema = `{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}`
)

// reasoning writes how much to think. Models that can be told know no more
// than none and high; without a word they do as they are made.
func (e *encoder) reasoning() {
	r := &e.r.Reasoning
	if e.same {
		e.w.StringMember("reasoning_effort", r.Effort)
		return
	}
	effort := ""
	switch {
	case r.Effort == "none", r.Effort == "high":
		effort = r.Effort
	case r.Effort == "minimal":
		effort = "none"
	case r.Effort != "", r.On, r.Budget != nil && !r.Off:
		effort = "high"
	}
	if effort == "" {
		return
	}
	if effort != r.Effort {
		e.n.Change("reasoning", "effort "+effort)
	}
	e.w.StringMember("reasoning_effort", effort)
}

func (e *encoder) tools() {
	list := e.r.Tools
	if len(list) > 0 {
		e.w.Name("tools")
		e.w.Array()
		for i := range list {
			e.tool(&list[i], wire.ToolField(i, &list[i]))
		}
		e.w.EndArray()
	}
	e.choice()
	e.w.Member("parallel_tool_calls", e.r.Parallel)
}

// builtIn are the tools of the service's own.
var builtIn = []string{"web_search", "web_search_premium", "code_interpreter", "image_generation", "document_library"}

func (e *encoder) tool(t *llm.Tool, at string) {
	if t.Raw != nil {
		if t.From == own || t.From == llm.OpenAIChat && slices.Contains(builtIn, t.Name) {
			e.w.Raw(t.Raw)
			return
		}
		e.n.Drop(at)
		return
	}
	if allowed := e.r.Choice.Allowed; len(allowed) > 0 && !slices.Contains(allowed, t.Name) {
		e.n.Change("choice.allowed", "the other tools are left out")
		return
	}
	e.w.Object()
	if _, without := wire.Marked(&t.Extra, own, "no type"); !without {
		e.w.StringMember("type", "function")
	}
	e.w.Name("function")
	e.function(t, at)
	e.w.Extra(&t.Extra, own)
	e.w.EndObject()
	e.drop(t.Cache != nil, at+".cache")
	wire.NoteExtra(e.n, &t.Extra, own, at+".")
	wire.NoteExtra(e.n, &t.Inner, own, at+".")
}

func (e *encoder) function(t *llm.Tool, at string) {
	e.w.Object()
	e.w.StringMember("name", t.Name)
	e.w.Member("description", t.Description)
	switch {
	case t.Custom:
		e.n.Change(at+".custom", "a tool with one argument, input")
		e.w.Name("parameters")
		e.w.Literal(textSchema)
	case t.Schema == nil && t.Inner.From != own:
		e.w.Name("parameters")
		e.w.Literal(noSchema)
	default:
		e.w.Member("parameters", t.Schema)
	}
	if t.Inner.From == own || !wire.IsNull(t.Strict) {
		e.w.Member("strict", t.Strict)
	}
	e.w.Extra(&t.Inner, own)
	e.w.EndObject()
}

func (e *encoder) choice() {
	c := &e.r.Choice
	if c.Raw != nil && c.From == own {
		e.w.Member("tool_choice", c.Raw)
		return
	}
	if c.Mode == llm.ChoiceUnsaid || len(e.r.Tools) == 0 {
		e.n.LoseChoice(c, own)
		return
	}
	e.w.Name("tool_choice")
	if c.Mode != llm.ChoiceNamed {
		e.w.String(choices[c.Mode])
		return
	}
	e.w.Object()
	e.w.StringMember("type", "function")
	e.w.Name("function")
	e.w.Object()
	e.w.StringMember("name", c.Name)
	e.w.EndObject()
	e.w.EndObject()
}

var choices = [...]string{llm.ChoiceAuto: "auto", llm.ChoiceNone: "none", llm.ChoiceAny: "any"}
