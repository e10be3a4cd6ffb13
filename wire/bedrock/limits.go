package bedrock

import "github.com/sluice-gateway/sluice/wire/fit"

// limits: names match [a-zA-Z0-9_-]{1,64}; "the top level schema type must be
// object". Anthropic's models keep their own rules. Of Nova's: "Only three
// fields are supported in top-level Object - type, properties, and required",
// so there is no place for definitions.
//
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolSpecification.html
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolInputSchema.html
// https://docs.aws.amazon.com/nova/latest/userguide/prompting-tool-troubleshooting.html
var (
	limits       = limitsOf(&fit.Schemas{Object: true})
	claudeLimits = limitsOfClaude()
	novaLimits   = limitsOf(&fit.Schemas{
		Object: true, Properties: true, Inline: true,
		NotRoot: []string{"anyOf", "oneOf", "allOf"}, Root: []string{"type", "properties", "required"},
	})
	// What InvokeModel takes besides Claude's has no schemas of answers.
	invokeLimits     = fit.Limits{Names: limits.Names}
	invokeNovaLimits = fit.Limits{Names: limits.Names, Tools: novaLimits.Tools}
)

func limitsOfClaude() fit.Limits {
	l := limitsOf(&fit.ClaudeTools)
	l.Properties = &fit.ClaudeProperties
	return l
}

func limitsOf(tools *fit.Schemas) fit.Limits {
	return fit.Limits{
		Names: &fit.Names{Max: 64, Signs: "-"},
		Tools: tools, Strict: &fit.Compiled, Output: &fit.Compiled,
	}
}

// Limits implements fit.Limited.
func (Provider) Limits(model string) *fit.Limits {
	switch familyOf(model) {
	case claude:
		return &claudeLimits
	case nova, nova2:
		return &novaLimits
	case anyModel, gptOSS, topKModel:
	}
	return &limits
}

// Limits implements fit.Limited.
func (v Invoke) Limits(model string) *fit.Limits {
	if d := dialectOf(model); d == &dialects[commandRDialect] {
		if limited, ok := v.CommandR.(fit.Limited); ok {
			return limited.Limits(model)
		}
	}
	switch familyOf(model) {
	case claude:
		return &claudeLimits
	case nova, nova2:
		return &invokeNovaLimits
	case anyModel, gptOSS, topKModel:
	}
	return &invokeLimits
}
