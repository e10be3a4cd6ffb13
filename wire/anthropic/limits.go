package anthropic

import "github.com/sluice-gateway/sluice/wire"

// limits: names match ^[a-zA-Z0-9_-]{1,128}$.
var limits = wire.Limits{
	Names: &wire.NameLimits{Max: 128, Signs: "-"},
	Tools: &wire.AnthropicTools, Strict: &wire.Compiled, Output: &wire.Compiled,
}

// Limits implements wire.Limited.
func (Provider) Limits(string) *wire.Limits { return &limits }
