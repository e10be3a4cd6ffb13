// Package mistral is the format of Mistral's chat completions, as callers of
// the service speak it and as the service does.
//
// It looks like OpenAI's and differs in much: thoughts are parts of the
// content, ids of calls have nine characters, and a member that the service
// does not know is an error. The package follows
// https://docs.mistral.ai/api/endpoint/chat and what was seen of the service;
// it must not know who uses it, nor any other format's package.
package mistral

import (
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire/fit"
)

const own = llm.Mistral

// Client is the format as callers speak it; it implements wire.Client.
type Client struct{}

// Provider is the format as the service speaks it; it implements wire.Provider.
// Its zero value is Mistral's own service.
type Provider struct{ hosted bool }

// Hosted is the format as other hosts speak it, where the model and whether to
// stream are said in the path.
func Hosted() Provider { return Provider{hosted: true} }

// Format implements wire.Client.
func (Client) Format() llm.Format { return own }

// Format implements wire.Provider.
func (Provider) Format() llm.Format { return own }

// limits: "Function name was … but must be a-z, A-Z, 0-9, or contain
// underscores and dashes, with a maximum length of 64." Of schemas its documents
// say nothing. What is known is that those of tools are compiled, which fails
// where they say what they are themselves: "Grammar error: … failed to compile
// JSON schema", https://github.com/BerriAI/litellm/pull/13389.
var limits = fit.Limits{
	Names: &fit.Names{Max: 64, Signs: "-"},
	Tools: &fit.Schemas{Refused: []string{"$schema", "$id"}},
}

// Limits implements fit.Limited.
func (Provider) Limits(string) *fit.Limits { return &limits }

// roles as they are spelled. The service has no developer; servers with its
// models may.
var roles = [...]string{
	llm.User: "user", llm.Assistant: "assistant", llm.System: "system", llm.Developer: "developer", llm.ToolRole: "tool",
}

// outputs are the types of response_format.
var outputs = [...]string{
	llm.OutputUnsaid: "", llm.OutputText: "text", llm.OutputJSON: "json_object", llm.OutputSchema: "json_schema",
}

// reasons are the values of finish_reason. There is none for content that was
// held back.
var reasons = [...]string{
	llm.Unfinished: "stop", llm.FinishStop: "stop", llm.FinishLength: "length", llm.FinishTools: "tool_calls",
	llm.FinishFilter: "stop", llm.FinishRefusal: "stop", llm.FinishPause: "stop", llm.FinishError: "error",
}

func finish(reason string, calls bool) llm.Finish {
	switch reason {
	case "":
		return llm.Unfinished
	case "length", "model_length":
		return llm.FinishLength
	case "tool_calls":
		return llm.FinishTools
	case "error":
		return llm.FinishError
	case "content_filter": // servers with Mistral's models
		return llm.FinishFilter
	}
	if calls {
		return llm.FinishTools
	}
	return llm.FinishStop
}

// reasonOf is the finish as the service spells it.
func reasonOf(f llm.Finish, said string, calls bool) string {
	if said != "" && finish(said, false) == f {
		switch said {
		case "stop", "length", "model_length", "tool_calls", "error":
			return said
		}
	}
	if calls && (f == llm.Unfinished || f == llm.FinishStop) {
		f = llm.FinishTools
	}
	return reasons[f]
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }
