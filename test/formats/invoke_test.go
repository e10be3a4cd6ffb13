package formats

import (
	"encoding/base64"

	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/anthropic"
	"github.com/sluice-gateway/sluice/wire/bedrock"
	"github.com/sluice-gateway/sluice/wire/cohere"
	"github.com/sluice-gateway/sluice/wire/mistral"
)

const (
	claudeModel   = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
	novaModel     = "us.amazon.nova-pro-v1:0"
	commandRModel = "cohere.command-r-plus-v1:0"
	mistralModel  = "mistral.mistral-large-2407-v1:0"
)

var invokeProvider = bedrock.Invoke{
	Claude: anthropic.Hosted(anthropic.BedrockVersion).Provider, CommandR: cohere.HostedV1(), Mistral: mistral.Hosted(),
}

// invokeClient is what callers of InvokeModel speak to a model.
func invokeClient(model string) wire.Client {
	return app.Formats("bedrock", "llm/v1/chat").(wire.Twofold).For(wire.Question{Path: "/model/" + model + "/invoke"})
}

// unchunked is what a chunk of InvokeModel holds; what is none is itself.
func unchunked(message []byte) []byte {
	in, err := base64.StdEncoding.DecodeString(wire.Text(wire.Get(message, "bytes")))
	if err != nil || len(in) == 0 {
		return message
	}
	return in
}
