package relay

import (
	"strings"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// CountHeader says who counted: provider, or estimate.
const CountHeader = "X-Sluice-Token-Count"

// counter is how a format asks how many tokens a question has.
type counter struct {
	// path ends with suffix where the question itself ends with instead.
	suffix, instead string
	// wrapped is where the question may be in the body.
	wrapped []string
	// member of the answer that has the number.
	member string
}

// counters, with the vendors' pages:
// https://platform.claude.com/docs/en/api/messages-count-tokens,
// https://ai.google.dev/api/tokens and
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
var counters = map[llm.Format]counter{
	llm.Anthropic:       {"/count_tokens", "", nil, "input_tokens"},
	llm.Gemini:          {":countTokens", ":generateContent", []string{"generateContentRequest"}, "totalTokens"},
	llm.BedrockConverse: {"/count-tokens", "/converse", []string{"input", "converse"}, "inputTokens"},
	llm.BedrockInvoke:   {"/count-tokens", "/invoke", nil, "inputTokens"},
}

// counting tells whether a path asks how many tokens a question has.
func counting(f llm.Format, path string) bool {
	c, ok := counters[f]
	return ok && strings.HasSuffix(path, c.suffix)
}

// countPath is where a provider of the format counts, by where it answers.
func countPath(f llm.Format, path string) string {
	c := counters[f]
	return strings.TrimSuffix(strings.TrimSuffix(path, "/"), c.instead) + c.suffix
}

// counted is what is to be counted: some formats wrap it.
func counted(f llm.Format, body []byte) []byte {
	c := counters[f]
	if c.wrapped == nil {
		return body
	}
	if inner := wire.Get(body, c.wrapped...); inner != nil {
		return inner
	}
	return body
}

// count answers a question for a number of tokens from an estimate: the
// provider speaks another format, so it could count no question of this one.
func (c *call) count(ex *flow.Exchange) *flow.Reply {
	f := c.client.Format()
	w := wire.Writer{}
	w.Object()
	w.IntMember(counters[f].member, tokensOf(&c.x.question))
	w.EndObject()
	r := ex.NewReply(200)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(CountHeader, "estimate")
	r.SetBody(w.Buf)
	return r
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
