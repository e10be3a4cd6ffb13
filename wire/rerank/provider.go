package rerank

import (
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Cohere is Cohere's API, as in Client.
type Cohere struct {
	reader

	First bool
}

// Jina is the API of Jina, which most servers and resellers have taken up.
//
// https://jina.ai/reranker
type Jina struct {
	reader

	// TopK is Voyage's name for how many results are wanted.
	//
	// https://docs.voyageai.com/reference/reranker-api
	TopK bool
}

// DashScope is Alibaba's own API.
//
// https://www.alibabacloud.com/help/en/model-studio/text-rerank-api
type DashScope struct{ reader }

// Bedrock is InvokeModel with models that rank. The model is in the path.
//
// https://docs.aws.amazon.com/bedrock/latest/userguide/rerank-use.html
type Bedrock struct{ reader }

var (
	_ wire.RerankProvider = Cohere{}
	_ wire.RerankProvider = Jina{}
	_ wire.RerankProvider = DashScope{}
	_ wire.RerankProvider = Bedrock{}
)

// Format implements wire.RerankProvider.
func (p Cohere) Format() llm.Format { return cohereFormat(p.First) }

// Format implements wire.RerankProvider.
func (Jina) Format() llm.Format { return llm.Rerank }

// Format implements wire.RerankProvider.
func (DashScope) Format() llm.Format { return llm.DashScopeRerank }

// Format implements wire.RerankProvider.
func (Bedrock) Format() llm.Format { return llm.BedrockRerank }

// EncodeRequest implements wire.RerankProvider. Documents need not be asked
// for: the caller gets its own.
func (p Cohere) EncodeRequest(dst []byte, r *llm.RerankRequest, n *wire.Notes) ([]byte, error) {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("model", r.Model)
	w.Member("query", r.Query)
	if err := p.documents(&w, r, n); err != nil {
		return nil, err
	}
	w.Member(topN, r.TopN)
	return end(&w, r, p.Format(), n)
}

func (p Cohere) documents(w *wire.Writer, r *llm.RerankRequest, n *wire.Notes) error {
	if !p.First {
		return texts(w, r, n)
	}
	w.Name("documents")
	w.Array()
	for _, d := range r.Documents {
		w.Raw(d)
	}
	w.EndArray()
	w.Member(rankFields, r.Fields)
	return nil
}

// EncodeRequest implements wire.RerankProvider.
func (p Jina) EncodeRequest(dst []byte, r *llm.RerankRequest, n *wire.Notes) ([]byte, error) {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("model", r.Model)
	w.Member("query", r.Query)
	if err := texts(&w, r, n); err != nil {
		return nil, err
	}
	if p.TopK {
		w.Member("top_k", r.TopN)
	} else {
		w.Member(topN, r.TopN)
	}
	return end(&w, r, p.Format(), n)
}

// EncodeRequest implements wire.RerankProvider.
func (p DashScope) EncodeRequest(dst []byte, r *llm.RerankRequest, n *wire.Notes) ([]byte, error) {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("model", r.Model)
	w.Name("input")
	w.Object()
	w.Member("query", r.Query)
	if err := texts(&w, r, n); err != nil {
		return nil, err
	}
	w.EndObject()
	w.Name("parameters")
	w.Object()
	w.Member(topN, r.TopN)
	w.EndObject()
	return end(&w, r, p.Format(), n)
}

// EncodeRequest implements wire.RerankProvider.
func (p Bedrock) EncodeRequest(dst []byte, r *llm.RerankRequest, n *wire.Notes) ([]byte, error) {
	if !strings.Contains(r.Model, "rerank") {
		return nil, &wire.Invalid{Field: "model", Message: "no model of Bedrock that ranks: it takes ids with amazon.rerank or cohere.rerank"}
	}
	w := wire.Writer{Buf: dst}
	w.Object()
	w.Member("query", r.Query)
	if err := texts(&w, r, n); err != nil {
		return nil, err
	}
	w.Member(topN, r.TopN)
	if strings.Contains(r.Model, "cohere.") {
		w.IntMember("api_version", 2)
	}
	return end(&w, r, p.Format(), n)
}

// end closes the question; what is left of it in another format is noted.
func end(w *wire.Writer, r *llm.RerankRequest, own llm.Format, n *wire.Notes) ([]byte, error) {
	wire.NoteExtra(n, &r.Extra, own, "")
	w.Extra(&r.Extra, own)
	w.EndObject()
	return w.Buf, nil
}
