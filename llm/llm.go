// Package llm holds the canonical model of a conversation with a language
// model: what a format of a vendor is translated to, and another one from.
//
// A value that needs no understanding stays as it was written (JSON): a
// prompt of 100 KB goes from one format into another as the bytes that it is.
// What a format says that nobody else knows is kept with the node it was said
// of (Extra), for those of the same format. The package depends on nothing
// and does nothing; package wire translates.
package llm

// JSON is one JSON value, valid and as it was written; nil is no value.
type JSON []byte

// Format is the shape of bodies, by vendor and operation.
type Format string

// The formats.
const (
	OpenAIChat        Format = "openai.chat"
	OpenAICompletions Format = "openai.completions"
	OpenAIResponses   Format = "openai.responses"
	Anthropic         Format = "anthropic.messages"
	AnthropicText     Format = "anthropic.complete"
	// AnthropicHosted is Anthropic on hosts that have the model in the path.
	AnthropicHosted Format = "anthropic.messages.hosted"
	Gemini          Format = "gemini.generateContent"
	BedrockConverse Format = "bedrock.converse"
	BedrockInvoke   Format = "bedrock.invoke"
	CohereV1        Format = "cohere.v1.chat"
	CohereGenerate  Format = "cohere.v1.generate"
	CohereV2        Format = "cohere.v2.chat"
	Mistral         Format = "mistral.chat"
	OllamaChat      Format = "ollama.chat"
	OllamaGenerate  Format = "ollama.generate"
	TGI             Format = "tgi.generate"
	Llama2Raw       Format = "llama2.raw"
)

// Extra are the members of a node that have no place in the model, in the
// spelling of the format they come from.
type Extra struct {
	From    Format
	Members []Member
	// Form is how From spelled what the model does know, in terms of its own.
	// Other formats lose nothing by it and have no note to make of it.
	Form []Member
}

// Member is one member of an object.
type Member struct {
	Name  string
	Value JSON
}

// Get is the value of a member, nil if there is none or it is another
// format's.
func (x *Extra) Get(from Format, name string) JSON {
	if x.From != from {
		return nil
	}
	for i := range x.Members {
		if x.Members[i].Name == name {
			return x.Members[i].Value
		}
	}
	return nil
}
