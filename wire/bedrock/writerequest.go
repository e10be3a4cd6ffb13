package bedrock

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// encoder writes one question.
type encoder struct {
	w wire.Writer
	r *llm.Request
	n *wire.Notes
	b blocks
	// role of the message that is being written, empty between messages.
	role string
	// current is that message; mine, that it and all joined to it are ours.
	current *llm.Message
	// invoke: the body is that of a Nova model itself.
	invoke bool
	// index of the message and the part at hand.
	index, part int
}

// EncodeRequest implements wire.Provider. The model's name, which belongs in the
// path, decides how it is told what Converse has no words for.
func (Provider) EncodeRequest(dst []byte, r *llm.Request, n *wire.Notes) ([]byte, error) {
	e := &encoder{w: wire.Writer{Buf: dst}, r: r, n: n}
	e.b = blocks{w: &e.w, note: e.note}
	if err := e.check(); err != nil {
		return dst, err
	}
	o := begin(&e.w)
	if err := e.messages(&o); err != nil {
		return dst, err
	}
	e.system(&o)
	e.inference(&o)
	e.tools(&o)
	e.output(&o)
	e.fields(&o)
	o.member("requestMetadata", e.r.Metadata)
	e.tier(&o)
	e.foreign(&o)
	o.rest(&r.Extra)
	o.end()
	e.unsaid()
	return e.w.Buf, nil
}

// check refuses instructions for models that take none.
// https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
func (e *encoder) check() error {
	if !noSystem(e.r.Model) {
		return nil
	}
	for i := range e.r.Messages {
		if m := &e.r.Messages[i]; isSystem(m) && len(m.Parts) > 0 {
			return &wire.Invalid{Message: "system prompts are unsupported for model '" + e.r.Model}
		}
	}
	return nil
}

func noSystem(model string) bool {
	for _, name := range []string{
		"amazon.titan-text", "cohere.command-text", "cohere.command-light-text", "mistral.mistral-7b-instruct", "mistral.mixtral-8x7b-instruct",
	} {
		if strings.Contains(model, name) {
			return true
		}
	}
	return false
}

func isSystem(m *llm.Message) bool { return m.Role == llm.System || m.Role == llm.Developer }

// note notes the part at hand.
func (e *encoder) note(what, how string) {
	field := "messages[" + strconv.Itoa(e.index) + "].parts[" + strconv.Itoa(e.part) + "]" + what
	if how != "" {
		e.n.Change(field, how)
		return
	}
	e.n.Drop(field)
}

func (e *encoder) messages(o *object) error {
	if len(e.r.Messages) == 0 && e.r.Prompt != nil {
		return e.prompt(o)
	}
	o.name("messages")
	e.w.Array()
	for i := range e.r.Messages {
		if m := &e.r.Messages[i]; !isSystem(m) {
			e.index = i
			e.message(m)
		}
	}
	e.closeMessage()
	e.w.EndArray()
	return nil
}

// prompt puts a text to go on with as what the user says.
func (e *encoder) prompt(o *object) error {
	text := e.r.Prompt
	if wire.IsArray(text) && wire.Len(text) == 1 {
		items := wire.Items(text)
		text, _ = items.Next()
	}
	if !wire.IsString(text) {
		return &wire.Invalid{Field: "prompt", Message: "must be one text"}
	}
	o.name("messages")
	e.w.Array()
	e.w.Object()
	e.w.StringMember("role", "user")
	e.w.Name("content")
	e.w.Array()
	textBlock(&e.w, text)
	e.w.EndArray()
	e.w.EndObject()
	e.w.EndArray()
	return nil
}

// message writes a message, or goes on with the one before: roles must
// alternate. Those that Bedrock's own client sent stay apart.
func (e *encoder) message(m *llm.Message) {
	e.b.before = func() { e.openMessage(m) }
	if m.Extra.From == own {
		e.openMessage(m)
	}
	for j := range m.Parts {
		e.part = j
		e.b.part(&m.Parts[j])
		e.members(&m.Parts[j].Extra)
	}
	if m.Name != nil {
		e.n.Drop("messages[" + strconv.Itoa(e.index) + "].name")
	}
	e.members(&m.Extra)
}

// openMessage begins a message, unless m goes on with the current one.
func (e *encoder) openMessage(m *llm.Message) {
	role := "user"
	if m.Role == llm.Assistant {
		role = "assistant"
	}
	if e.current == m || e.role == role && (m.Extra.From != own || e.current.Extra.From != own) {
		return
	}
	e.closeMessage()
	e.role, e.current = role, m
	e.w.Object()
	e.w.StringMember("role", role)
	e.w.Name("content")
	e.w.Array()
}

func (e *encoder) closeMessage() {
	if e.role == "" {
		return
	}
	e.w.EndArray()
	e.w.Extra(&e.current.Extra, own)
	e.w.EndObject()
	e.role, e.current = "", nil
}

// members notes what another format kept with a node.
func (e *encoder) members(x *llm.Extra) {
	wire.NoteExtra(e.n, x, own, "")
}

func (e *encoder) system(o *object) {
	opened := false
	e.b.before = func() {
		if !opened {
			o.name("system")
			e.w.Array()
			opened = true
		}
	}
	for i := range e.r.Messages {
		m := &e.r.Messages[i]
		if !isSystem(m) {
			continue
		}
		e.index = i
		for j := range m.Parts {
			e.part = j
			e.instruction(&m.Parts[j])
		}
	}
	if opened {
		e.w.EndArray()
	}
}

// instruction writes a part of the instructions, of which there are only texts.
func (e *encoder) instruction(p *llm.Part) {
	switch p.Kind {
	case llm.Text, llm.Opaque:
		e.b.part(p)
	case llm.Image, llm.Audio, llm.Video, llm.Document, llm.ToolCall, llm.ToolResult, llm.Thinking, llm.Redacted, llm.Refusal:
		e.note("", "")
	}
}

func (e *encoder) inference(o *object) {
	s := &e.r.Sampling
	kept := e.r.Extra.Get(own, "inferenceConfig")
	var inner wire.Writer
	in := begin(&inner)
	in.member("maxTokens", s.MaxTokens)
	if s.Temperature != nil && e.r.Extra.From != own && e.thinks() && familyOf(e.r.Model) == claude {
		e.n.Drop("sampling.temperature")
	} else {
		in.member("temperature", s.Temperature)
	}
	in.member("topP", s.TopP)
	if e.invoke {
		in.member("topK", s.TopK)
	}
	if len(s.Stop) > 0 {
		in.name("stopSequences")
		inner.Array()
		for _, stop := range s.Stop {
			inner.Raw(stop)
		}
		inner.EndArray()
	}
	in.restOf(kept)
	in.end()
	if len(in.names) > 0 || wire.IsObject(kept) {
		o.member("inferenceConfig", inner.Buf)
	}
}

// output asks for JSON of a schema. Bedrock has no way to ask for just any JSON.
func (e *encoder) output(o *object) {
	out := &e.r.Output
	e.n.LoseText("output.verbosity", out.Verbosity)
	switch out.Kind {
	case llm.OutputUnsaid, llm.OutputText:
		return
	case llm.OutputJSON:
		e.n.Drop("output")
		return
	case llm.OutputSchema:
	}
	if out.Schema == nil {
		e.n.Drop("output")
		return
	}
	e.n.Lose("output.strict", out.Strict)
	o.name("outputConfig")
	e.w.Object()
	e.w.Name("textFormat")
	e.w.Object()
	e.w.StringMember("type", "json_schema")
	e.w.Name("structure")
	e.w.Object()
	e.w.Name("jsonSchema")
	e.w.Object()
	e.w.StringMember("name", out.Name)
	e.w.Member("description", out.Description)
	e.w.Name("schema")
	e.w.Bytes(out.Schema)
	e.w.EndObject()
	e.w.EndObject()
	e.w.EndObject()
	e.w.EndObject()
}

// tier writes the service tier. OpenAI's auto is what nothing means here.
func (e *encoder) tier(o *object) {
	tier := e.r.ServiceTier
	switch {
	case tier == nil:
	case e.r.Extra.From == own, wire.Equal(tier, "default"), wire.Equal(tier, "flex"), wire.Equal(tier, "priority"), wire.Equal(tier, "reserved"):
		o.name("serviceTier")
		e.w.Object()
		e.w.Member("type", tier)
		e.w.EndObject()
	case !wire.Equal(tier, "auto"):
		e.n.Drop("service_tier")
	}
}

// foreign passes on what clients of other formats may say to Bedrock, and notes
// the rest.
func (e *encoder) foreign(o *object) {
	x := &e.r.Extra
	if x.From == own {
		return
	}
	for i := range x.Members {
		if m := &x.Members[i]; m.Name == "guardrailConfig" && wire.IsObject(m.Value) {
			o.member(m.Name, m.Value)
			continue
		}
		e.n.Lose(x.Members[i].Name, x.Members[i].Value)
	}
}

// unsaid notes the fields that Converse does not have.
func (e *encoder) unsaid() {
	s := &e.r.Sampling
	for _, f := range []struct {
		name  string
		value llm.JSON
	}{
		{"sampling.min_p", s.MinP},
		{"sampling.frequency_penalty", s.FrequencyPenalty},
		{"sampling.presence_penalty", s.PresencePenalty},
		{"sampling.repeat_penalty", s.RepeatPenalty},
		{"sampling.seed", s.Seed},
		{"sampling.n", s.N},
		{"sampling.logit_bias", s.LogitBias},
		{"sampling.logprobs", s.Logprobs},
		{"sampling.top_logprobs", s.TopLogprobs},
		{"suffix", e.r.Suffix},
		{"parallel", e.r.Parallel},
		{"user", e.r.User},
	} {
		e.n.Lose(f.name, f.value)
	}
}
