package bedrock

import "github.com/sluice-gateway/sluice/wire"

// limits: names match [a-zA-Z0-9_-]{1,64}; "the top level schema type must be
// object". Anthropic's models keep their own rules. Of Nova's: "Only three
// fields are supported in top-level Object - type, properties, and required",
// so there is no place for definitions.
//
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolSpecification.html
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolInputSchema.html
// https://docs.aws.amazon.com/nova/latest/userguide/prompting-tool-troubleshooting.html
var (
	limits       = limitsOf(&wire.SchemaLimits{Object: true})
	claudeLimits = limitsOf(&wire.AnthropicTools)
	novaLimits   = limitsOf(&wire.SchemaLimits{
		Object: true, Properties: true, Inline: true,
		NotRoot: []string{"anyOf", "oneOf", "allOf"}, Root: []string{"type", "properties", "required"},
	})
	invokeLimits = wire.Limits{Names: limits.Names}
)

func limitsOf(tools *wire.SchemaLimits) wire.Limits {
	return wire.Limits{
		Names: &wire.NameLimits{Max: 64, Signs: "-"},
		Tools: tools, Strict: &wire.Compiled, Output: &wire.Compiled,
	}
}

// Limits implements wire.Limited.
func (Provider) Limits(model string) *wire.Limits {
	switch familyOf(model) {
	case claude:
		return &claudeLimits
	case nova, nova2:
		return &novaLimits
	case anyModel, gptOSS, topKModel:
	}
	return &limits
}

// Limits implements wire.Limited.
func (v Invoke) Limits(model string) *wire.Limits {
	maker := v.Claude
	if d := dialectOf(model); d == &dialects[commandRDialect] {
		maker = v.CommandR
	} else if d != nil || !isClaude(model) {
		maker = nil
	}
	if limited, ok := maker.(wire.Limited); ok {
		return limited.Limits(model)
	}
	return &invokeLimits
}
