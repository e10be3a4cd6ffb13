package anthropic

import "github.com/sluice-gateway/sluice/wire/fit"

// limits: names match ^[a-zA-Z0-9_-]{1,128}$.
var limits = fit.Limits{
	Names:      &fit.Names{Max: 128, Signs: "-"},
	Properties: &fit.ClaudeProperties,
	Tools:      &fit.ClaudeTools, Strict: &fit.Compiled, Output: &fit.Compiled,
}

// Limits implements fit.Limited.
func (Provider) Limits(string) *fit.Limits { return &limits }
