// Package openaichat is the format of OpenAI's chat completions, which many
// other services speak as well: as their callers and as they themselves do.
//
// What the services do differently is data (Dialect). The package follows
// https://platform.openai.com/docs/api-reference/chat and what was seen of
// others; it must not know who uses it.
package openaichat

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire/fit"
)

const own = llm.OpenAIChat

// Dialect is what a service does differently from OpenAI.
type Dialect struct {
	// TopK, MinP and RepeatPenalty: the service takes these parameters.
	TopK, MinP, RepeatPenalty bool
	// Thoughts: the service wants the thoughts of earlier answers back, as
	// reasoning_content.
	Thoughts bool
	// NoDeveloper: instructions of the role developer go by system.
	NoDeveloper bool
	// NoStreamOptions: the service refuses stream_options.
	NoStreamOptions bool
	// CacheMarks: parts may have cache_control.
	CacheMarks bool
	// NewLimit tells whether a model wants max_completion_tokens in place of
	// max_tokens; nil is never.
	NewLimit func(model string) bool
}

// Client is the format as callers speak it; it implements wire.Client.
type Client struct{}

// Provider is the format as providers speak it; it implements wire.Provider.
type Provider struct{ d Dialect }

// New returns the provider's side of a service.
func New(d Dialect) *Provider { return &Provider{d: d} }

// Format implements wire.Client.
func (Client) Format() llm.Format { return own }

// Format implements wire.Provider.
func (*Provider) Format() llm.Format { return own }

// Limits implements fit.Limited.
func (*Provider) Limits(string) *fit.Limits { return &fit.OpenAI }

// roles as they are spelled.
var roles = [...]string{
	llm.User: "user", llm.Assistant: "assistant", llm.System: "system", llm.Developer: "developer", llm.ToolRole: "tool",
}
