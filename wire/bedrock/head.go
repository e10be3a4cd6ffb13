package bedrock

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// headPrefix is what the fields begin with in which InvokeModel says what
// Converse has in the body.
const headPrefix = "X-Amzn-Bedrock-"

// fieldTier is the tier of service, asked for and given.
const fieldTier = headPrefix + "Service-Tier"

// Fields of an answer.
const (
	fieldInput  = headPrefix + "Input-Token-Count"
	fieldOutput = headPrefix + "Output-Token-Count"
)

// headField is one of those of a question. unasked is what says no more than to
// say nothing.
type headField struct{ name, unasked string }

const anyValue = "*"

// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html#API_runtime_InvokeModel_RequestSyntax
var headFields = []headField{
	{headPrefix + "Accept", anyValue},
	{headPrefix + "GuardrailIdentifier", ""},
	{headPrefix + "GuardrailVersion", ""},
	{headPrefix + "PerformanceConfig-Latency", "standard"},
	{fieldTier, "default"},
	{headPrefix + "Trace", "DISABLED"},
}

// tiers are those of Bedrock that others call the same.
var tiers = []string{"flex", "priority"}

// Field implements wire.Headed.
func (carried) Field(r *llm.Request, name, value string, n *wire.Notes) {
	if len(name) < len(headPrefix) || !strings.EqualFold(name[:len(headPrefix)], headPrefix) {
		return
	}
	f := headField{name: strings.Clone(name)}
	if i := slices.IndexFunc(headFields, func(f headField) bool { return strings.EqualFold(f.name, name) }); i >= 0 {
		f = headFields[i]
	}
	switch {
	case value == "", value == f.unasked, f.unasked == anyValue:
	case f.name == fieldTier && r.Extra.From == invokeFormat && slices.Contains(tiers, value):
		r.ServiceTier = wire.Quote(value) // the makers have other names for theirs
	default:
		n.Drop(f.name)
	}
}

// Head implements wire.Headed.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html
func (carried) Head(a *llm.Response, set func(name, value string)) {
	if a == nil {
		set(headPrefix+"Content-Type", "application/json")
		return
	}
	in, out := counted(&a.Usage)
	if in >= 0 {
		set(fieldInput, strconv.FormatInt(in, 10))
	}
	if out >= 0 {
		set(fieldOutput, strconv.FormatInt(out, 10))
	}
}

// counted are the tokens as Bedrock counts them: without what a cache gave or
// took; -1 is unknown.
func counted(u *llm.Usage) (in, out int64) {
	in = u.Prompt
	if u.Details != nil && in >= 0 {
		in = max(in-max(u.Details.CachedPrompt, 0)-max(u.Details.CacheWrite, 0), 0)
	}
	return in, u.Completion
}

// Count implements wire.Counting: some families tell no counts in the body.
func (Invoke) Count(u *llm.Usage, header func(name string) string) {
	if u.Prompt >= 0 || u.Completion >= 0 {
		return
	}
	u.Prompt, u.Completion = tokens(llm.JSON(header(fieldInput))), tokens(llm.JSON(header(fieldOutput)))
	*u = totalled(*u)
}
