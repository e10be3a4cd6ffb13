package tgi

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeError implements wire.Provider.
func (Provider) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return wire.ReadError(status, header, body)
}

// EncodeError implements wire.Client.
func (Client) EncodeError(dst []byte, e *llm.Error) []byte {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.Name("error")
	w.String(e.Message)
	w.Name("error_type")
	w.String(errorType(e.Status))
	w.EndObject()
	return w.Buf
}

func errorType(status int) string {
	switch {
	case status == 429 || status == 503:
		return "overloaded"
	case status == 401 || status == 403:
		return "authentication"
	case status >= 400 && status < 500 && status != 424:
		return "validation"
	}
	return "generation"
}
