package bedrockembed

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Hosted is InvokeModel with models that speak a format of their maker's, such
// as Cohere's.
type Hosted struct{ wire.EmbedProvider }

// EncodeRequest implements wire.EmbedProvider. The model is in the path, and
// refused in the body.
func (h Hosted) EncodeRequest(dst []byte, r *llm.EmbedRequest, n *wire.Notes) ([]byte, error) {
	q := *r
	q.Model = ""
	return h.EmbedProvider.EncodeRequest(dst, &q, n)
}

// DecodeResponse implements wire.EmbedProvider. The count of tokens is in a
// header.
func (h Hosted) DecodeResponse(a *llm.EmbedResponse, header func(name string) string, body []byte) error {
	if err := h.EmbedProvider.DecodeResponse(a, header, body); err != nil {
		return err
	}
	countIn(&a.Usage, header)
	return nil
}
