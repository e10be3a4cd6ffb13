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
)

// Second is llm.BedrockInvoke.
func (Callers) Second() llm.Format { return invokeFormat }

// For implements wire.Twofold.
func (c Callers) For(q wire.Question) wire.Client {
	model, operation := wire.ModelOnBedrock(q.Path)
	if operation != invokeOperation && operation != invokeStream {
		return c.Client
	}
	family := c.family(model, q.Body)
	if family == nil {
		family = unserved{model: model}
	}
	return carried{family}
}

// family is the format of the model's family; nil is one that callers are not
// served in. Names that say nothing (an application's inference profile, a model
// of another provider) leave it to the body.
func (c Callers) family(model string, body []byte) wire.Client {
	d, text := dialectOf(model), wire.Get(body, "prompt") != nil
	switch {
	case isClaude(model) && !text:
		return c.Claude
	case d != nil, bedrocks(model):
	case wire.Get(body, "anthropic_version") != nil:
		return c.Claude
	default:
		d = dialectBy(body)
	}
	if slices.ContainsFunc(wordless, func(s string) bool { return strings.Contains(model, s) }) {
		return nil
	}
	return c.speaks(d, text)
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

// dialectBy finds a dialect by the members that only its questions have; nil is
// none.
func dialectBy(body []byte) *dialect {
	for f := wire.NewFields(body); f.Next(); {
		for i := range dialects {
			if slices.Contains(dialects[i].marks, f.Name()) {
				return &dialects[i]
			}
		}
	}
	return nil
}

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

// unserved refuses the questions to a model whose format is not understood.
type unserved struct {
	wire.Client
	model string
}

func (u unserved) DecodeRequest(*llm.Request, wire.Question) error {
	return &wire.Invalid{
		Field: "model", Message: "InvokeModel in the format of '" + u.model + "' is not understood; use Converse, or one of: " + served,
	}
}

// served are the families that InvokeModel's callers may ask.
const served = "anthropic.claude, amazon.nova, amazon.titan-text, meta.llama, mistral, cohere.command"
