// Package openaicompletions translates OpenAI's legacy completions, a text that
// is gone on with, for callers and for providers: OpenAI, and the many servers
// that speak the same. It only translates: it opens no connection, reads no
// clock and knows no other format.
//
// A conversation cannot be put to it, for how the turns would stand in one text
// is the model's own affair.
//
// Source: https://platform.openai.com/docs/api-reference/completions
package openaicompletions

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

const own = llm.OpenAICompletions

// Client is the caller's side.
type Client struct{}

// Provider is the provider's side.
type Provider struct{}

// Format implements wire.Client.
func (Client) Format() llm.Format { return own }

// Format implements wire.Provider.
func (Provider) Format() llm.Format { return own }

// finishOf is what a reason means, in the spellings of the servers that speak
// this format; one that none of them has is a stop.
func finishOf(reason string) llm.Finish {
	switch reason {
	case "":
		return llm.Unfinished
	case "stop", "eos", "eos_token", "stop_sequence", "end_of_text":
		return llm.FinishStop
	case "length", "max_tokens":
		return llm.FinishLength
	case "content_filter":
		return llm.FinishFilter
	case "tool_calls", "function_call":
		return llm.FinishTools
	case "error":
		return llm.FinishError
	}
	return llm.FinishStop
}

// reasonOf is finishOf turned round; nil is null. The spelling of a server that
// speaks this format is kept where it means the same, and so is that of
// Anthropic's old completions, which callers of Kong know.
func reasonOf(f llm.Finish, reason string, from llm.Format) llm.JSON {
	if (from == own || from == llm.AnthropicText) && reason != "" && finishOf(reason) == f {
		return wire.Quote(reason)
	}
	switch f {
	case llm.Unfinished:
		return llm.JSON("null")
	case llm.FinishLength:
		return llm.JSON(`"length"`)
	case llm.FinishFilter, llm.FinishRefusal:
		return llm.JSON(`"content_filter"`)
	case llm.FinishStop, llm.FinishTools, llm.FinishPause, llm.FinishError:
	}
	return llm.JSON(`"stop"`)
}
