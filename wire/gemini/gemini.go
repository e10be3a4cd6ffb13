// Package gemini speaks Google's generateContent and streamGenerateContent, of
// the Gemini API and of Vertex AI, on both sides of the gateway.
//
// It translates and nothing else: no network, no clock, no logger, no
// configuration. It must not know other formats, nor who uses it.
//
// The names of members may be in camelCase or in snake_case, as with every API
// of Google that is defined by protocol buffers. A node keeps the spelling it
// came in, in the Form of its Extra.
//
// Sources: https://ai.google.dev/api/generate-content,
// https://ai.google.dev/api/caching#Content,
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference.
package gemini

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

const own = llm.Gemini

// Client is the format as callers speak it. It has no state.
type Client struct{}

// Provider is the format as providers speak it. It has no state.
type Provider struct{}

var (
	_ wire.Client   = Client{}
	_ wire.Provider = Provider{}
)

// Format implements wire.Client.
func (Client) Format() llm.Format { return own }

// NewStream implements wire.Client. The answer is server-sent events, or, where
// the question was put without alt=sse, one array: DecodeRequest leaves that in
// the Form of r's Extra.
func (Client) NewStream(r *llm.Request) wire.StreamEncoder { return newEncoder(r) }

// Format implements wire.Provider.
func (Provider) Format() llm.Format { return own }

// NewStream implements wire.Provider. A message is one GenerateContentResponse:
// the data of an event, or one element of the array.
func (Provider) NewStream() wire.StreamDecoder { return newDecoder() }
