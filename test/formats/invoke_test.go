package formats

import (
	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/anthropic"
	"github.com/sluice-gateway/sluice/wire/bedrock"
)

const (
	claudeModel = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
	novaModel   = "us.amazon.nova-pro-v1:0"
)

var invokeProvider = bedrock.Invoke{Claude: anthropic.Hosted(anthropic.BedrockVersion).Provider}

// invokeClient is what callers of InvokeModel speak to a model.
func invokeClient(model string) wire.Client {
	return app.Formats("bedrock", "llm/v1/chat").(wire.Twofold).For(wire.Question{Path: "/model/" + model + "/invoke"})
}
