// Package rerank translates between canonical rankings and the bodies that
// Cohere has for it, and Jina, Voyage and those who followed them, DashScope
// and Amazon Bedrock.
//
// Formats are pure: they must not know networks, clocks, loggers or
// configuration, nor any other format.
package rerank

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Client is Cohere's Rerank as callers speak it.
//
// https://docs.cohere.com/reference/rerank
type Client struct {
	// First is the first version: https://docs.cohere.com/v1/reference/rerank
	First bool
}

var _ wire.RerankClient = Client{}

// Format implements wire.RerankClient.
func (c Client) Format() llm.Format { return cohereFormat(c.First) }

func cohereFormat(first bool) llm.Format {
	if first {
		return llm.CohereRerankV1
	}
	return llm.CohereRerankV2
}

// Asks implements wire.RerankClient. A path that names no version is of the
// second.
func (c Client) Asks(path string) bool {
	path = strings.TrimSuffix(path, "/")
	return strings.HasSuffix(path, "/rerank") && strings.HasSuffix(path, "/v1/rerank") == c.First
}

// DecodeRequest implements wire.RerankClient.
func (c Client) DecodeRequest(r *llm.RerankRequest, q wire.Question) error {
	members, err := q.Open()
	if err != nil {
		return wire.AsInvalid(err)
	}
	own := c.Format()
	r.Extra.From = own
	for f := members; f.Next(); {
		if !readMember(r, &f) {
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
func readMember(r *llm.RerankRequest, f *wire.Fields) bool {
	v := f.Value()
	switch name := f.Name(); {
	case name == "model" && wire.IsString(v):
		r.Model = wire.Text(v)
	case name == "query" && wire.IsString(v):
		r.Query = v
	case name == "documents" && wire.IsArray(v):
		items := f.Items()
		for item, ok := items.Next(); ok; item, ok = items.Next() {
			r.Documents = append(r.Documents, item)
		}
	case name == rankFields && wire.IsArray(v):
		r.Fields = v
	case name == topN && wire.IsNumber(v):
		r.TopN = v
	case name == "return_documents" && (wire.IsTrue(v) || string(v) == "false"):
		r.ReturnDocuments = v
	default:
		return false
	}
	return true
}

const (
	topN       = "top_n"
	rankFields = "rank_fields"
)

// EncodeResponse implements wire.RerankClient. Documents are those of the
// question: no provider's are nearer to what the caller has.
func (c Client) EncodeResponse(dst []byte, a *llm.RerankResponse, r *llm.RerankRequest) []byte {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("id", a.ID)
	w.Name("results")
	w.Array()
	for i := range a.Results {
		x := &a.Results[i]
		w.Object()
		w.IntMember("index", int64(x.Index))
		w.Member("relevance_score", x.Score)
		if wire.IsTrue(r.ReturnDocuments) {
			writeDocument(&w, r.Documents[x.Index])
		}
		w.EndObject()
	}
	w.EndArray()
	c.writeMeta(&w, &a.Usage)
	w.EndObject()
	return w.Buf
}

func writeDocument(w *wire.Writer, document llm.JSON) {
	w.Name("document")
	if !wire.IsString(document) {
		w.Raw(document)
		return
	}
	w.Object()
	w.Member("text", document)
	w.EndObject()
}

func (c Client) writeMeta(w *wire.Writer, u *llm.Usage) {
	w.Name("meta")
	w.Object()
	w.Name("api_version")
	w.Object()
	version := "2"
	if c.First {
		version = "1"
	}
	w.StringMember("version", version)
	w.EndObject()
	units := int64(-1)
	if u.SearchUnits > 0 {
		units = u.SearchUnits
	}
	w.Counts("billed_units", wire.Counted{Name: "input_tokens", N: u.Prompt}, wire.Counted{Name: "search_units", N: units})
	w.EndObject()
}

// EncodeError implements wire.RerankClient.
//
// https://docs.cohere.com/reference/errors
func (Client) EncodeError(dst []byte, e *llm.Error) []byte {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("id", e.RequestID)
	w.Name("message")
	w.String(e.Message)
	w.EndObject()
	return w.Buf
}

// texts writes the documents as texts, which is all that most take: of an
// object that of its fields, one after the other.
func texts(w *wire.Writer, r *llm.RerankRequest, n *wire.Notes) error {
	names, err := ranked(r.Fields)
	if err != nil {
		return err
	}
	joined := false
	w.Name("documents")
	w.Array()
	for i, d := range r.Documents {
		if wire.IsString(d) {
			w.Raw(d)
			continue
		}
		parts := fields(d, names)
		if parts == nil {
			return &wire.Invalid{
				Field: "documents[" + strconv.Itoa(i) + "]", Message: "must be a text, or an object with one in the member text or in those of " + rankFields,
			}
		}
		joined = joined || len(parts) > 1
		w.Raw(wire.Join("\n", parts...))
	}
	w.EndArray()
	if joined {
		n.Change(rankFields, "joined")
	}
	return nil
}

// maxFields bounds how often a document is looked through.
const maxFields = 64

// ranked are the members of objects that count, each once.
func ranked(list llm.JSON) ([]string, error) {
	if wire.Len(list) > maxFields {
		return nil, &wire.Invalid{Field: rankFields, Message: "must be " + strconv.Itoa(maxFields) + " at most for this provider"}
	}
	var out []string
	items := wire.Items(list)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		if name := wire.Text(v); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if out == nil {
		out = []string{"text"}
	}
	return out, nil
}

// fields are the texts of a document that count; a number says its figures.
func fields(document llm.JSON, names []string) []llm.JSON {
	var out []llm.JSON
	for _, name := range names {
		switch v := wire.Get(document, name); {
		case wire.IsString(v):
			out = append(out, v)
		case wire.IsNumber(v):
			out = append(out, wire.Quote(string(v)))
		}
	}
	return out
}
