// Package rerank translates between canonical reranking and the bodies that
// Cohere, Jina and those who followed them have for it. Voyage's, which has
// other names for the same, is understood, too.
//
// Formats are pure: they must not know networks, clocks, loggers or
// configuration, nor any other format.
package rerank

import (
	"errors"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Codec is the format, for both sides.
//
// https://docs.cohere.com/reference/rerank and https://jina.ai/reranker
type Codec struct{}

const own = llm.Rerank

// Names of Voyage's, and marks that they were used.
//
// https://docs.voyageai.com/reference/reranker-api
const (
	topK = "top_k"
	data = "data"
)

// Format of the bodies.
func (Codec) Format() llm.Format { return own }

// DecodeRequest reads a question into r, which is empty. Errors are
// *wire.Invalid.
func (Codec) DecodeRequest(r *llm.RerankRequest, q wire.Question) error {
	if err := wire.CheckQuestion(q.Body); err != nil {
		return err
	}
	r.Extra.From = own
	for f := wire.NewFields(q.Body); f.Next(); {
		if !readMember(r, f.Name(), f.Value()) {
			f.Keep(&r.Extra, own)
		}
	}
	switch {
	case r.Query == nil:
		return &wire.Invalid{Field: "query", Message: "must be a text"}
	case len(r.Documents) == 0:
		return &wire.Invalid{Field: "documents", Message: "must be a list of documents"}
	}
	return nil
}

// readMember tells whether the member has a place in the model.
func readMember(r *llm.RerankRequest, name string, v llm.JSON) bool {
	switch {
	case name == "model" && wire.IsString(v):
		r.Model = wire.Text(v)
	case name == "query" && wire.IsString(v):
		r.Query = v
	case name == "documents" && wire.IsArray(v):
		items := wire.Items(v)
		for item, ok := items.Next(); ok; item, ok = items.Next() {
			r.Documents = append(r.Documents, item)
		}
	case name == "top_n" && wire.IsNumber(v):
		r.TopN = v
	case name == topK && wire.IsNumber(v) && r.TopN == nil:
		r.TopN = v
		wire.Mark(&r.Extra, own, topK, v)
	case name == "return_documents" && !wire.IsNull(v):
		r.ReturnDocuments = v
	default:
		return false
	}
	return true
}

// EncodeRequest appends the body of the question.
func (Codec) EncodeRequest(dst []byte, r *llm.RerankRequest, n *wire.Notes) ([]byte, error) {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("model", r.Model)
	w.Member("query", r.Query)
	w.Name("documents")
	w.Array()
	for _, d := range r.Documents {
		w.Raw(d)
	}
	w.EndArray()
	if _, ok := wire.Marked(&r.Extra, own, topK); ok {
		w.Member(topK, r.TopN)
	} else {
		w.Member("top_n", r.TopN)
	}
	w.Member("return_documents", r.ReturnDocuments)
	wire.NoteExtra(n, &r.Extra, own, "")
	w.Extra(&r.Extra, own)
	w.EndObject()
	return w.Buf, nil
}

var errShape = errors.New("the answer has no results")

// DecodeResponse reads an answer with status 200 into a, which is empty; the
// bytes of a refer to body.
func (Codec) DecodeResponse(a *llm.RerankResponse, body []byte) error {
	if err := wire.Check(body); err != nil {
		return err
	}
	a.Usage, a.Extra.From = llm.NoUsage(), own
	found := false
	for f := wire.NewFields(body); f.Next(); {
		v := f.Value()
		switch name := f.Name(); {
		case (name == "results" || name == data) && wire.IsArray(v) && !found:
			found = true
			if name == data {
				wire.Mark(&a.Extra, own, data, v)
			}
			readResults(a, v)
		case name == "id" && wire.IsString(v):
			a.ID = wire.Text(v)
		case name == "model" && wire.IsString(v):
			a.Model = wire.Text(v)
		case name == "usage" && wire.IsObject(v):
			wire.Mark(&a.Extra, own, name, v)
			count(&a.Usage, v)
		default:
			f.Keep(&a.Extra, own)
		}
	}
	switch {
	case found:
		return nil
	case wire.Null(wire.Get(body, "error")) != nil || wire.IsString(wire.Get(body, "message")):
		return wire.ReadError(502, nil, body)
	}
	return errShape
}

func readResults(a *llm.RerankResponse, v llm.JSON) {
	items := wire.Items(v)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		x := llm.Ranked{}
		for f := wire.NewFields(item); f.Next(); {
			switch f.Name() {
			case "index":
				n, _ := wire.Int(f.Value())
				x.Index = int(n)
			case "relevance_score":
				x.Score = f.Value()
			case "document":
				x.Document = f.Value()
			default:
				f.Keep(&x.Extra, own)
			}
		}
		a.Results = append(a.Results, x)
	}
}

// count reads the tokens; some tell the total only. Cohere bills by searches
// and tells none.
func count(u *llm.Usage, v llm.JSON) {
	if n, ok := wire.Int(wire.Get(v, "total_tokens")); ok && n >= 0 {
		u.Total, u.Prompt = n, n
	}
	if n, ok := wire.Int(wire.Get(v, "prompt_tokens")); ok && n >= 0 {
		u.Prompt = n
	}
}

// EncodeResponse appends the answer.
func (Codec) EncodeResponse(dst []byte, a *llm.RerankResponse, _ *llm.RerankRequest) []byte {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("id", a.ID)
	w.StringMember("model", a.Model)
	if _, ok := wire.Marked(&a.Extra, own, data); ok {
		w.Name(data)
	} else {
		w.Name("results")
	}
	w.Array()
	for i := range a.Results {
		writeResult(&w, &a.Results[i])
	}
	w.EndArray()
	writeUsage(&w, a)
	w.Extra(&a.Extra, own)
	w.EndObject()
	return w.Buf
}

func writeResult(w *wire.Writer, x *llm.Ranked) {
	w.Object()
	w.IntMember("index", int64(x.Index))
	w.Member("relevance_score", x.Score)
	w.Member("document", x.Document)
	w.Extra(&x.Extra, own)
	w.EndObject()
}

func writeUsage(w *wire.Writer, a *llm.RerankResponse) {
	if whole, ok := wire.Marked(&a.Extra, own, "usage"); ok {
		w.Member("usage", whole)
		return
	}
	if a.Usage.Prompt < 0 {
		return
	}
	w.Name("usage")
	w.Object()
	w.IntMember("prompt_tokens", a.Usage.Prompt)
	w.IntMember("total_tokens", max(a.Usage.Total, a.Usage.Prompt))
	w.EndObject()
}

// DecodeError reads the body of another status than 200. It never fails.
func (Codec) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return wire.ReadError(status, header, body)
}

// EncodeError appends {"message":…}, as Cohere tells errors.
func (Codec) EncodeError(dst []byte, e *llm.Error) []byte {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("id", e.RequestID)
	w.Name("message")
	w.String(e.Message)
	w.EndObject()
	return w.Buf
}
