package bedrock

import (
	"encoding/base64"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Chunked is another vendor's format as InvokeModel carries it: questions and
// plain answers are the vendor's own, the events of a stream are wrapped.
type Chunked struct{ wire.Provider }

// NewStream implements wire.Provider.
func (c Chunked) NewStream() wire.StreamDecoder { return &unwrapping{inner: c.Provider.NewStream()} }

// DecodeError implements wire.Provider: errors are the host's.
func (c Chunked) DecodeError(status int, header func(string) string, body []byte) *llm.Error {
	return Provider{}.DecodeError(status, header, body)
}

// unwrapping takes the vendor's events out of chunks.
type unwrapping struct{ inner wire.StreamDecoder }

// Decode implements wire.StreamDecoder.
func (u *unwrapping) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	if m.Name != "chunk" {
		return Provider{}.NewStream().Decode(dst, m) // an exception
	}
	data, err := base64.StdEncoding.AppendDecode(nil, wire.TextBytes(wire.Get(m.Data, "bytes")))
	if err != nil {
		return dst, err
	}
	return u.inner.Decode(dst, wire.Message{Name: wire.Text(wire.Get(data, "type")), Data: data})
}

// End implements wire.StreamDecoder.
func (u *unwrapping) End(dst []llm.Event) ([]llm.Event, error) { return u.inner.End(dst) }
