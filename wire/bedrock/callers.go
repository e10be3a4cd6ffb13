package bedrock

import (
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Callers is what callers of Bedrock speak: Converse, or InvokeModel with a body
// in the format of the model's family. The path says which.
type Callers struct {
	Client
	// Claude is Anthropic's Messages as hosts of theirs have them, CommandR the
	// first version of Cohere's chat, Mistral the chat completions of Mistral:
	// families that speak as their makers do. A nil one is refused.
	Claude, CommandR, Mistral wire.Client
}

var (
	_ wire.Twofold = Callers{}
	_ wire.Headed  = carried{}
)

// The operations of InvokeModel, as paths end with them.
const (
	invokeOperation = "invoke"
	invokeStream    = "invoke-with-response-stream"
	countOperation  = "count-tokens"
)

// Second is llm.BedrockInvoke.
func (Callers) Second() llm.Format { return invokeFormat }

// For implements wire.Twofold.
func (c Callers) For(q wire.Question) wire.Client {
	model, operation := wire.ModelOnBedrock(q.Path)
	switch operation {
	case invokeOperation, invokeStream:
		return carried{family: c.family(model, marksOf(q))}
	case countOperation:
		return c.inCount(model, q)
	}
	return c.Client
}

// family is the format of the model's family. Names that say nothing (an
// application's inference profile, a model of another provider) leave it to the
// body.
func (c Callers) family(model string, m marks) wire.Client {
	d := dialectOf(model)
	switch {
	case isClaude(model) && (d == nil || !m.prompt):
		return orUnserved(c.Claude, model)
	case slices.ContainsFunc(wordless, func(s string) bool { return strings.Contains(model, s) }):
		return unserved(model)
	case d != nil, bedrocks(model):
	case m.claude:
		return orUnserved(c.Claude, model)
	default:
		d = m.dialect
	}
	return orUnserved(c.speaks(d, m.prompt), model)
}

// marks are what the members of a question tell of its family.
type marks struct {
	prompt, claude bool
	// dialect is the first of which a member is that no other family has; nil is
	// none.
	dialect *dialect
}

// marksOf looks for the marks in a body; one that cannot be read has none.
func marksOf(q wire.Question) (m marks) {
	f, err := q.Open()
	if err != nil {
		return m
	}
	for f.Next() {
		switch name := f.Name(); name {
		case "prompt":
			m.prompt = true
		case "anthropic_version":
			m.claude = true
		default:
			if m.dialect == nil {
				m.dialect = markedBy(name)
			}
		}
	}
	return m
}

// markedBy finds the dialect that alone has a member; nil is none.
func markedBy(name string) *dialect {
	for i := range dialects {
		if slices.Contains(dialects[i].marks, name) {
			return &dialects[i]
		}
	}
	return nil
}

// makers are what the names of Bedrock's own models have before a dot.
var makers = []string{
	"ai21", "amazon", "anthropic", "cohere", "deepseek", "google", "luma", "meta", "minimax", "mistral", "moonshot", "moonshotai", "nvidia",
	"openai", "qwen", "stability", "twelvelabs", "writer", "zai",
}

// bedrocks tells whether a name is that of a model of Bedrock: us.meta.llama3…,
// …foundation-model/amazon.titan-embed….
func bedrocks(model string) bool {
	name := model[strings.LastIndexByte(model, '/')+1:]
	for range 2 { // a region may come first
		maker, rest, _ := strings.Cut(name, ".")
		if slices.Contains(makers, maker) {
			return true
		}
		name = rest
	}
	return false
}

// wordless are the Novas that make pictures, films, sounds and vectors.
var wordless = []string{"nova-canvas", "nova-reel", "nova-sonic", "nova-2-sonic", "embed"}

// speaks is the format of a dialect; text tells that the question is a prompt.
func (c Callers) speaks(d *dialect, text bool) wire.Client {
	switch {
	case d == nil:
		return nil
	case d == &dialects[novaDialect]:
		return novaClient{}
	case d == &dialects[commandRDialect]:
		return c.CommandR
	case d == &dialects[mistralChatDialect], d == &dialects[mistralDialect] && !text:
		if c.Mistral == nil {
			return nil
		}
		return mistralChat{c.Mistral}
	case d.prose != nil:
		return d.prose
	}
	return nil
}

func isClaude(model string) bool { return strings.Contains(model, "anthropic.claude") }

// refused is a question that is not served, with the reason.
type refused struct {
	wire.Client
	reason wire.Invalid
}

// DecodeRequest implements wire.Client. What is wrong with the body as a whole
// is said first: it can be why its family is not known.
func (r refused) DecodeRequest(_ *llm.Request, q wire.Question) error {
	if _, err := q.Open(); err != nil {
		return wire.AsInvalid(err)
	}
	return &r.reason
}

// served are the families that InvokeModel's callers may ask.
const served = "anthropic.claude, amazon.nova, amazon.titan-text, meta.llama, mistral, cohere.command"

// unserved refuses the questions to a model whose format is not understood.
func unserved(model string) wire.Client {
	return refused{Client{}, wire.Invalid{
		Field: "model", Message: "InvokeModel in the format of '" + model + "' is not understood; use Converse, or one of: " + served,
	}}
}

func orUnserved(c wire.Client, model string) wire.Client {
	if c == nil {
		return unserved(model)
	}
	return c
}
