package relay

import (
	"strings"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// CountHeader says who counted: provider, or estimate.
const CountHeader = "X-Sluice-Token-Count"

// counting tells whether a path asks how many tokens a question has.
func counting(f llm.Format, path string) bool {
	switch f {
	case llm.Anthropic:
		return strings.HasSuffix(path, "/count_tokens")
	case llm.Gemini:
		return strings.HasSuffix(path, ":countTokens")
	case llm.BedrockConverse:
		return strings.HasSuffix(path, "/count-tokens")
	}
	return false
}

// countPath is where a provider of the format counts, by where it answers.
func countPath(f llm.Format, path string) string {
	switch f {
	case llm.Anthropic:
		return path + "/count_tokens"
	case llm.Gemini:
		return strings.TrimSuffix(path, ":generateContent") + ":countTokens"
	case llm.BedrockConverse:
		return strings.TrimSuffix(path, "/converse") + "/count-tokens"
	}
	return path
}

// counted is what is to be counted: some formats wrap it.
func counted(f llm.Format, body []byte) []byte {
	switch f {
	case llm.Gemini:
		if inner := wire.Get(body, "generateContentRequest"); inner != nil {
			return inner
		}
	case llm.BedrockConverse:
		if inner := wire.Get(body, "input", "converse"); inner != nil {
			return inner
		}
	}
	return body
}

// count answers a question for a number of tokens from an estimate: the
// provider speaks another format, so it could count no question of this one.
func (c *call) count(ex *flow.Exchange) *flow.Reply {
	f := c.t.s.Client.Format()
	w := wire.Writer{}
	w.Object()
	w.IntMember(countMember[f], tokensOf(&c.x.question))
	w.EndObject()
	r := ex.NewReply(200)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(CountHeader, "estimate")
	r.SetBody(w.Buf)
	return r
}

var countMember = map[llm.Format]string{
	llm.Anthropic: "input_tokens", llm.Gemini: "totalTokens", llm.BedrockConverse: "inputTokens",
}

// What a token is, roughly: four letters of text, and a picture as large as
// the services count one of medium size.
const (
	lettersPerToken  = 4
	tokensPerMessage = 4
	tokensPerMedia   = 1000
)

// tokensOf estimates the tokens of a question.
func tokensOf(q *llm.Request) int64 {
	letters, tokens := len(q.Prompt), int64(0)
	for i := range q.Messages {
		tokens += tokensPerMessage
		letters, tokens = addParts(letters, tokens, q.Messages[i].Parts)
	}
	for i := range q.Tools {
		t := &q.Tools[i]
		letters += len(t.Name) + len(t.Description) + len(t.Schema) + len(t.Raw)
	}
	return tokens + int64(letters+lettersPerToken-1)/lettersPerToken
}

func addParts(letters int, tokens int64, parts []llm.Part) (int, int64) {
	for i := range parts {
		p := &parts[i]
		letters += max(len(p.Text)-2, 0) + len(p.Raw)
		if p.Call != nil {
			letters += len(p.Call.Name) + len(p.Call.Args)
		}
		if p.Media != nil {
			tokens += tokensPerMedia
		}
		if p.Result != nil {
			letters += len(p.Result.Value)
			letters, tokens = addParts(letters, tokens, p.Result.Parts)
		}
	}
	return letters, tokens
}
