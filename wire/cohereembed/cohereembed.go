// Package cohereembed translates between canonical embeddings and the bodies
// of Cohere's Embed API, in its second and its first version.
//
// Formats are pure: they must not know networks, clocks, loggers or
// configuration, nor any other format.
package cohereembed

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Client is Embed as callers speak it.
//
// https://docs.cohere.com/reference/embed
type Client struct {
	// First is the first version: https://docs.cohere.com/v1/reference/embed
	First bool
}

// Provider is Embed as providers speak it.
type Provider struct {
	First bool
	// Sized: vectors have a choice of dimensions in the first version, too, as
	// on Bedrock since the fourth model.
	Sized bool
	// InputType is what vectors are for where the caller says nothing: models
	// want to know.
	InputType string
}

var (
	_ wire.EmbedClient   = Client{}
	_ wire.EmbedProvider = Provider{}
)

// Format implements wire.EmbedClient.
func (c Client) Format() llm.Format { return format(c.First) }

// Format implements wire.EmbedProvider.
func (p Provider) Format() llm.Format { return format(p.First) }

func format(first bool) llm.Format {
	if first {
		return llm.CohereEmbedV1
	}
	return llm.CohereEmbedV2
}

// purposes are the words for input_type. What has none of its own gets that of
// a query: it is compared with documents.
var purposes = []wire.Named{
	{Purpose: llm.PurposeQuery, Name: "search_query"},
	{Purpose: llm.PurposeDocument, Name: "search_document"},
	{Purpose: llm.PurposeClassification, Name: "classification"},
	{Purpose: llm.PurposeClustering, Name: "clustering"},
}

const inputType = "input_type"

// DecodeRequest implements wire.EmbedClient.
func (c Client) DecodeRequest(r *llm.EmbedRequest, q wire.Question) error {
	if err := wire.CheckQuestion(q.Body); err != nil {
		return err
	}
	r.Extra.From = c.Format()
	for f := wire.NewFields(q.Body); f.Next(); {
		known, err := readMember(r, f.Name(), f.Value())
		if err != nil {
			return err
		}
		if !known {
			f.Keep(&r.Extra, c.Format())
		}
	}
	if len(r.Inputs) == 0 {
		return &wire.Invalid{Field: "texts", Message: "must be a list of texts"}
	}
	return nil
}

// readMember tells whether the member has a place in the model.
func readMember(r *llm.EmbedRequest, name string, v llm.JSON) (bool, error) {
	switch {
	case name == "model" && wire.IsString(v):
		r.Model = wire.Text(v)
	case name == "texts" || name == "images" || name == "inputs":
		return len(wire.Null(v)) > 0 && wire.Len(v) > 0, readInputs(r, name, v)
	case name == "output_dimension" && wire.IsNumber(v):
		r.Dimensions = v
	case name == inputType && wire.PurposeOf(purposes, wire.Text(v)) != llm.PurposeUnsaid:
		r.Purpose = wire.PurposeOf(purposes, wire.Text(v))
	case name == "embedding_types":
		e := encoding(v)
		r.Encoding = e
		return e != llm.EncodingUnsaid, nil
	default:
		return false, nil
	}
	return true, nil
}

// encoding is the one type that is asked for, if it is one that others know.
func encoding(v llm.JSON) llm.Encoding {
	items := wire.Items(v)
	first, _ := items.Next()
	switch {
	case wire.Len(v) != 1:
	case wire.Equal(first, "float"):
		return llm.EncodingFloat
	case wire.Equal(first, "base64"):
		return llm.EncodingBase64
	}
	return llm.EncodingUnsaid
}

// texts are inputs that are nothing else; images and inputs are the others.
const texts = "texts"

func readInputs(r *llm.EmbedRequest, member string, v llm.JSON) error {
	if len(r.Inputs) > 0 && wire.Len(v) > 0 {
		return &wire.Invalid{Field: member, Message: "only one of texts, images and inputs can be given"}
	}
	items := wire.Items(v)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		in := llm.EmbedInput{}
		switch {
		case member != texts:
			in = llm.EmbedInput{Text: partsText(item), Raw: item, From: r.Extra.From}
		case wire.IsString(item):
			in.Text = item
		default:
			return &wire.Invalid{Field: texts, Message: "must be a list of texts"}
		}
		if err := wire.AddInput(r, in); err != nil {
			return err
		}
	}
	if member != texts && len(r.Inputs) > 0 {
		wire.Mark(&r.Extra, r.Extra.From, "inputs", llm.JSON(member))
	}
	return nil
}

// partsText is the text of an input in parts, if it is nothing but texts.
func partsText(input llm.JSON) llm.JSON {
	var all []llm.JSON
	items := wire.Items(wire.Get(input, "content"))
	for part, ok := items.Next(); ok; part, ok = items.Next() {
		text := wire.Get(part, "text")
		if !wire.IsString(text) {
			return nil
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return nil
	}
	return wire.Join("", all...)
}

// EncodeRequest implements wire.EmbedProvider.
func (p Provider) EncodeRequest(dst []byte, r *llm.EmbedRequest, n *wire.Notes) ([]byte, error) {
	own := p.Format()
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("model", r.Model)
	if err := writeInputs(&w, r, own); err != nil {
		return nil, err
	}
	p.writePurpose(&w, r, n)
	writeEncoding(&w, r, own)
	if p.First && !p.Sized && r.Dimensions != nil {
		n.Drop("dimensions")
	} else {
		w.Member("output_dimension", r.Dimensions)
	}
	n.Lose("user", r.User)
	wire.NoteTitles(n, r)
	wire.NoteEmbed(n, r, own)
	w.Extra(&r.Extra, own)
	w.EndObject()
	return w.Buf, nil
}

func writeInputs(w *wire.Writer, r *llm.EmbedRequest, own llm.Format) error {
	member, asItCame := wire.Marked(&r.Extra, own, "inputs")
	if !asItCame {
		if err := wire.OnlyTexts(r); err != nil {
			return err
		}
		member = llm.JSON(texts)
	}
	w.Name(string(member))
	w.Array()
	for i := range r.Inputs {
		if asItCame {
			w.Raw(r.Inputs[i].Raw)
		} else {
			w.Raw(r.Inputs[i].Text)
		}
	}
	w.EndArray()
	return nil
}

// writePurpose writes input_type, without which models answer an error.
func (p Provider) writePurpose(w *wire.Writer, r *llm.EmbedRequest, n *wire.Notes) {
	word := wire.PurposeName(purposes, r.Purpose)
	switch {
	case r.Purpose == llm.PurposeUnsaid:
		if r.Extra.Get(p.Format(), inputType) == nil {
			w.StringMember(inputType, p.InputType)
		}
		return
	case r.Purpose == llm.PurposeSimilarity:
		word = "clustering"
		n.Change(inputType, word)
	case word == "":
		word = "search_query"
		n.Change(inputType, word)
	}
	w.StringMember(inputType, word)
}

// writeEncoding asks for numbers, whatever the caller of another format wants:
// we have the means to write them another way.
func writeEncoding(w *wire.Writer, r *llm.EmbedRequest, own llm.Format) {
	kind := "float"
	if r.Extra.From == own {
		switch r.Encoding {
		case llm.EncodingUnsaid:
			return
		case llm.EncodingBase64:
			kind = "base64"
		case llm.EncodingFloat:
		}
	}
	w.Name("embedding_types")
	w.Array()
	w.String(kind)
	w.EndArray()
}

// DecodeError implements wire.EmbedProvider.
func (Provider) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return wire.ReadError(status, header, body)
}

// EncodeError implements wire.EmbedClient.
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
