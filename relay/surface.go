package relay

import "github.com/sluice-gateway/sluice/provider"

// surface is what the bodies of a route type look like.
type surface struct {
	// generates text, so that sampling options apply.
	generates bool
	// prompts: the request must hold messages or a prompt.
	prompts bool
	// usage of a stream must be asked for.
	asks bool
	// explicit: the member stream is always sent.
	explicit bool
	// post: the method is POST whatever the caller used.
	post bool
	// must is the member that an answer cannot be without.
	must string
	// text names the members that hold generated text in stream events, whole
	// those in a plain answer.
	text, whole [][]byte
}

var surfaces = map[string]surface{
	provider.Chat: {
		generates: true, prompts: true, asks: true, explicit: true, post: true, must: "choices",
		text: named(`"content":`, `"arguments":`), whole: named("content", "arguments"),
	},
	provider.Completions: {
		generates: true, prompts: true, asks: true, explicit: true, post: true, must: "choices",
		text: named(`"text":`), whole: named("text"),
	},
	provider.Embeddings: {post: true},
	provider.Responses:  {generates: true, text: named(`"delta":`), whole: named("text", "arguments")},
	provider.Preserve:   {text: named(`"content":`, `"delta":`, `"text":`), whole: named("content", "text", "arguments")},
}

func named(list ...string) [][]byte {
	out := make([][]byte, len(list))
	for i, s := range list {
		out[i] = []byte(s)
	}
	return out
}

// memberNames are the members of a request that relaying looks at.
var memberNames = []string{
	"model", "stream", "messages", "prompt", "input", "max_tokens", "max_completion_tokens",
	"max_output_tokens", "temperature", "top_p", "top_k", "stream_options", "dimensions",
}

const (
	keyModel = iota
	keyStream
	keyMessages
	keyPrompt
	keyInput
	keyMaxTokens
	keyMaxCompletionTokens
	keyMaxOutputTokens
	keyTemperature
	keyTopP
	keyTopK
	keyStreamOptions
	keyDimensions
	keyCount
)
