package bedrock

import (
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
	model, operation := fromPath(q.Path)
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
	switch {
	case isClaude(model):
		return c.Claude
	case dialectOf(model) == nil && wire.Get(body, "anthropic_version") != nil:
		return c.Claude
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
const served = "anthropic.claude"
