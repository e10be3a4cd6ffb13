package bedrock

import (
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

const invokeFormat = llm.BedrockInvoke

// Invoke is the format of InvokeModel and InvokeModelWithResponseStream: each
// family of models has its own. A question is written for the family of its
// model; answers are told apart by their members. Its zero value is ready.
//
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
type Invoke struct {
	// Claude is Anthropic's Messages, CommandR the first version of Cohere's
	// chat, Mistral the chat completions of Mistral, all as hosts of theirs have
	// them. Without its maker's a family is asked for texts only, or as Amazon
	// documents it.
	Claude, CommandR, Mistral wire.Provider
}

var _ wire.Counting = Invoke{}

// Format is llm.BedrockInvoke.
func (Invoke) Format() llm.Format { return invokeFormat }

// DecodeError implements wire.Provider.
func (Invoke) DecodeError(status int, header func(string) string, body []byte) *llm.Error {
	return Provider{}.DecodeError(status, header, body)
}

// dialect is how a family of models is asked.
type dialect struct {
	// models are parts of the ids that it is asked for.
	models []string
	ask    func(e *asker, o *object)
	// prose is how callers speak it, where questions are one text.
	prose *prose
	// marks are members of questions that no other family has.
	marks []string
}

// dialects in the order in which they are looked for.
var dialects = []dialect{
	titanDialect:       {models: []string{"amazon.titan-text", "amazon.titan-tg1"}, ask: (*asker).titan, prose: &titanProse, marks: []string{"inputText"}},
	novaDialect:        {models: []string{"amazon.nova"}, marks: []string{"schemaVersion", "inferenceConfig", "toolConfig"}},
	llamaDialect:       {models: []string{"meta.llama"}, ask: (*asker).llama, prose: &llamaProse, marks: []string{"max_gen_len"}},
	commandRDialect:    {models: []string{"cohere.command-r"}, ask: (*asker).commandR, marks: []string{"message"}},
	commandDialect:     {models: []string{"cohere.command"}, ask: (*asker).command, prose: &commandProse, marks: []string{"num_generations", "return_likelihoods"}},
	mistralChatDialect: {models: []string{"mistral-large-2407", "pixtral", "ministral", "magistral", "mistral-large-3"}, ask: (*asker).mistralChat},
	mistralDialect:     {models: []string{"mistral."}, ask: (*asker).mistral, prose: &mistralProse},
	jurassicDialect:    {models: []string{"ai21.j2"}, ask: (*asker).jurassic},
	jambaDialect:       {models: []string{"ai21.jamba"}, ask: (*asker).jamba},
	claudeTextDialect:  {models: []string{"anthropic.claude-v", "anthropic.claude-instant"}, ask: (*asker).claudeText, prose: &claudeProse, marks: []string{"max_tokens_to_sample"}},
}

const (
	titanDialect = iota
	novaDialect
	llamaDialect
	commandRDialect
	commandDialect
	mistralChatDialect
	mistralDialect
	jurassicDialect
	jambaDialect
	claudeTextDialect
)

// EncodeRequest implements wire.Provider.
func (v Invoke) EncodeRequest(dst []byte, r *llm.Request, n *wire.Notes) ([]byte, error) {
	if m := v.maker(r); m != nil {
		if m == v.Mistral && r.Extra.From != llm.Mistral {
			r = documented(r, n)
		}
		return m.EncodeRequest(dst, r, n)
	}
	if r.Extra.From != invokeFormat && strings.Contains(r.Model, "anthropic.") && dialectOf(r.Model) != &dialects[claudeTextDialect] {
		return dst, &wire.Invalid{Field: "model", Message: "InvokeModel takes the Messages of Anthropic for Claude model '" + r.Model + "'"}
	}
	if d := dialectFor(r); d != nil {
		return ask(dst, r, n, d)
	}
	return dst, &wire.Invalid{Field: "model", Message: "the InvokeModel format of model '" + r.Model + "' is unknown"}
}

// maker is whose format a question is put in, nil if it is none of the makers'.
func (v Invoke) maker(r *llm.Request) wire.Provider {
	d := dialectFor(r)
	switch {
	case v.speaksClaude(r):
		return v.Claude
	case d == &dialects[commandRDialect] && len(r.Messages) > 0:
		return v.CommandR
	case d == &dialects[mistralChatDialect] && len(r.Messages) > 0:
		return v.Mistral
	}
	return nil
}

// speaksClaude tells whether a question is put in Anthropic's Messages: by the
// model, or, where its name says nothing, by what the question came in.
func (Invoke) speaksClaude(r *llm.Request) bool {
	if isClaude(r.Model) {
		return cameIn(r) != claudeTextDialect
	}
	return r.Extra.From == llm.Anthropic && dialectOf(r.Model) == nil
}

// dialectFor finds what a question is put in: the dialect of its model, else that
// which it came in.
func dialectFor(r *llm.Request) *dialect {
	d := dialectOf(r.Model)
	switch n, from := cameIn(r), r.Extra.From; {
	case n >= 0 && d == nil:
		return &dialects[n]
	case from == llm.Mistral && (d == nil || d == &dialects[mistralDialect]):
		return &dialects[mistralChatDialect]
	case from == llm.CohereV1 && d == nil:
		return &dialects[commandRDialect]
	}
	return d
}

// cameIn is the dialect that a question came in, -1 if in none.
func cameIn(r *llm.Request) int64 {
	v, ok := wire.Marked(&r.Extra, invokeFormat, dialectForm)
	if n, number := wire.Int(v); ok && number && n >= 0 && n < int64(len(dialects)) {
		return n
	}
	return -1
}

// dialectOf finds the dialect of a model; nil is an unknown one.
func dialectOf(model string) *dialect {
	for i := range dialects {
		for _, name := range dialects[i].models {
			if strings.Contains(model, name) {
				return &dialects[i]
			}
		}
	}
	return nil
}

func ask(dst []byte, r *llm.Request, n *wire.Notes, d *dialect) ([]byte, error) {
	if d.ask == nil {
		return askNova(dst, r, n)
	}
	if r.Prompt != nil && !wire.IsString(onePrompt(r.Prompt)) {
		return dst, &wire.Invalid{Field: "prompt", Message: "must be one text"}
	}
	e := &asker{w: wire.Writer{Buf: dst}, r: r, n: n, own: cameIn(r) >= 0 && d == &dialects[cameIn(r)]}
	o := begin(&e.w)
	d.ask(e, &o)
	if e.own {
		o.members(r.Extra.Members)
	}
	o.end()
	e.unsaid()
	return e.w.Buf, nil
}

// onePrompt is the text of a prompt. One that is more than that was refused.
func onePrompt(v llm.JSON) llm.JSON {
	text, _ := wire.OnePrompt(v)
	return text
}

// askNova writes a Nova model's body, which is almost Converse.
// https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html
func askNova(dst []byte, r *llm.Request, n *wire.Notes) ([]byte, error) {
	mine := cameIn(r) == novaDialect
	if mine { // its words are Converse's
		converse := *r
		converse.Extra.From = own
		r = &converse
	}
	e := &encoder{w: wire.Writer{Buf: dst}, r: r, n: n, invoke: true}
	e.b = blocks{w: &e.w, note: e.note}
	o := begin(&e.w)
	o.text("schemaVersion", "messages-v1")
	if err := e.messages(&o); err != nil {
		return dst, err
	}
	e.system(&o)
	e.inference(&o)
	e.tools(&o)
	if mine {
		o.rest(&r.Extra)
	}
	o.end()
	e.unsaid()
	a := &asker{r: r, n: n, own: mine}
	if mine {
		a.r = &llm.Request{Reasoning: r.Reasoning, Output: r.Output, Metadata: r.Metadata, ServiceTier: r.ServiceTier}
	}
	a.beside()
	return e.w.Buf, nil
}
