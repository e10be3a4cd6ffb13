// Package anthropic translates the formats of Anthropic: the Messages API, as
// callers and as providers speak it, on Anthropic's own hosts and within
// Google's and Amazon's clouds; and the older API of text completions, as
// providers speak it.
//
// It must not know any other format, nor who uses it, and does no I/O. Facts
// are those of Anthropic's API reference,
// https://platform.claude.com/docs/en/api/messages.
package anthropic

import (
	"strings"

	"github.com/sluice-gateway/sluice/llm"
)

// DefaultMaxTokens is what is asked for when the caller set no limit: the API
// demands one, and every model can do as much. RoomyMaxTokens is that for
// models from generation 4 on, which can do more, and are asked to write files.
const (
	DefaultMaxTokens = 4096
	RoomyMaxTokens   = 16384
)

// defaultLimit of a model, whose name may have a region or a path before it.
func defaultLimit(model string) int64 {
	i := strings.Index(model, "claude-")
	if i < 0 {
		return DefaultMaxTokens
	}
	for _, old := range [...]string{"claude-1", "claude-2", "claude-3", "claude-instant"} {
		if strings.HasPrefix(model[i:], old) {
			return DefaultMaxTokens
		}
	}
	return RoomyMaxTokens
}

// The versions that hosts other than Anthropic's want in the body, see Hosted.
const (
	// VertexVersion is that of Google Vertex AI,
	// https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai.
	VertexVersion = "vertex-2023-10-16"
	// BedrockVersion is that of Amazon Bedrock,
	// https://platform.claude.com/docs/en/build-with-claude/claude-on-amazon-bedrock.
	BedrockVersion = "bedrock-2023-05-31"
)

const own = llm.Anthropic

// Messages is the format of the Messages API, on both sides of a gateway.
type Messages struct {
	Client   Client
	Provider Provider
}

// Client is the format as callers speak it; it implements wire.Client. Its
// zero value is that of New.
type Client struct{ version string }

// Provider is the format as providers speak it; it implements wire.Provider.
// Its zero value is that of New.
type Provider struct{ version string }

// New gives the format as Anthropic's own hosts speak it.
func New() Messages { return Messages{} }

// Hosted gives the format as other hosts speak it: the model and whether to
// stream are said in the path, and the body says the version.
func Hosted(version string) Messages {
	return Messages{Client: Client{version}, Provider: Provider{version}}
}

// Format implements wire.Client.
func (Client) Format() llm.Format { return own }

// Format implements wire.Provider. On other hosts bodies differ from what
// callers of Anthropic send, so that they cannot pass as they are.
func (p Provider) Format() llm.Format {
	if p.version != "" {
		return llm.AnthropicHosted
	}
	return own
}
