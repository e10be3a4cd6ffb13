package openaichat

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// EncodeError implements wire.Client.
func (Client) EncodeError(dst []byte, e *llm.Error) []byte { return wire.AppendError(dst, e) }

// DecodeError implements wire.Provider.
func (*Provider) DecodeError(status int, header func(string) string, body []byte) *llm.Error {
	return wire.ReadError(status, header, body)
}
