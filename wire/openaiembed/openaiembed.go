// Package openaiembed translates between canonical embeddings and the bodies
// of OpenAI's embeddings, and of those who speak nearly the same: Mistral,
// Voyage, and servers of one's own.
//
// Formats are pure: they must not know networks, clocks, loggers or
// configuration, nor any other format.
package openaiembed

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Client is OpenAI's embeddings as callers speak them. The members of Mistral
// and Voyage are understood, too.
//
// https://platform.openai.com/docs/api-reference/embeddings/create
type Client struct{}

// Provider is OpenAI's embeddings as providers speak them.
type Provider struct {
	// Mistral has other names for some members, and takes no others.
	//
	// https://docs.mistral.ai/api/endpoint/embeddings
	Mistral bool
}

var (
	_ wire.EmbedClient   = Client{}
	_ wire.EmbedProvider = Provider{}
)

// own is the format that all of them come from.
const own = llm.OpenAIEmbeddings

// Format implements wire.EmbedClient.
func (Client) Format() llm.Format { return own }

// Format implements wire.EmbedProvider.
func (p Provider) Format() llm.Format {
	if p.Mistral {
		return llm.MistralEmbeddings
	}
	return own
}

// purposes are the words for input_type: Voyage's, and those that other
// servers took over from Cohere and NVIDIA.
//
// https://docs.voyageai.com/reference/embeddings-api
var purposes = []wire.Named{
	{Purpose: llm.PurposeQuery, Name: "query"},
	{Purpose: llm.PurposeDocument, Name: "document"},
	{Purpose: llm.PurposeDocument, Name: "passage"},
	{Purpose: llm.PurposeQuery, Name: "search_query"},
	{Purpose: llm.PurposeDocument, Name: "search_document"},
	{Purpose: llm.PurposeClassification, Name: "classification"},
	{Purpose: llm.PurposeClustering, Name: "clustering"},
}

// Names of members, and of what is remembered of their spelling.
const (
	shortSize = "dimensions"
	longSize  = "output_dimension"
	inputType = "input_type"
)

// DecodeRequest implements wire.EmbedClient.
func (Client) DecodeRequest(r *llm.EmbedRequest, q wire.Question) error {
	if err := wire.CheckQuestion(q.Body); err != nil {
		return err
	}
	r.Extra.From = own
	for f := wire.NewFields(q.Body); f.Next(); {
		if f.Name() == "input" {
			if err := readInput(r, f.Value()); err != nil {
				return err
			}
		} else if !readMember(r, f.Name(), f.Value()) {
			f.Keep(&r.Extra, own)
		}
	}
	if len(r.Inputs) == 0 {
		return &wire.Invalid{Field: "input", Message: "must be a text, a list of tokens, or a list of either"}
	}
	return nil
}

// readMember tells whether the member has a place in the model.
func readMember(r *llm.EmbedRequest, name string, v llm.JSON) bool {
	switch {
	case name == "model" && wire.IsString(v):
		r.Model = wire.Text(v)
	case name == "user" && wire.IsString(v):
		r.User = v
	case name == shortSize && wire.IsNumber(v):
		r.Dimensions = v
	case name == longSize && wire.IsNumber(v) && r.Dimensions == nil:
		r.Dimensions = v
		wire.Mark(&r.Extra, own, longSize, v)
	case name == "encoding_format" && wire.Equal(v, "float"):
		r.Encoding = llm.EncodingFloat
	case name == "encoding_format" && wire.Equal(v, "base64"):
		r.Encoding = llm.EncodingBase64
	case name == inputType && wire.PurposeOf(purposes, wire.Text(v)) != llm.PurposeUnsaid:
		r.Purpose = wire.PurposeOf(purposes, wire.Text(v))
		wire.Mark(&r.Extra, own, inputType, v)
	default:
		return false
	}
	return true
}

// readInput reads a text, a list of tokens, or a list of either.
func readInput(r *llm.EmbedRequest, v llm.JSON) error {
	if wire.IsString(v) {
		r.Plain, r.Inputs = true, []llm.EmbedInput{{Text: v}}
		return nil
	}
	items := wire.Items(v)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		if r.Inputs == nil && wire.Numbers(v) {
			r.Plain, r.Inputs = true, []llm.EmbedInput{{Tokens: v}}
			return nil
		}
		in := llm.EmbedInput{}
		switch {
		case wire.IsString(item):
			in.Text = item
		case wire.Numbers(item):
			in.Tokens = item
		case wire.IsObject(item):
			in.Raw, in.From = item, own
		default:
			return &wire.Invalid{Field: "input", Message: "must hold texts or lists of tokens"}
		}
		if err := wire.AddInput(r, in); err != nil {
			return err
		}
	}
	return nil
}

// EncodeRequest implements wire.EmbedProvider.
func (p Provider) EncodeRequest(dst []byte, r *llm.EmbedRequest, n *wire.Notes) ([]byte, error) {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("model", r.Model)
	if err := p.writeInput(&w, r); err != nil {
		return nil, err
	}
	w.Member(p.size(r), r.Dimensions)
	switch r.Encoding {
	case llm.EncodingFloat:
		w.StringMember("encoding_format", "float")
	case llm.EncodingBase64:
		w.StringMember("encoding_format", "base64")
	case llm.EncodingUnsaid:
	}
	writePurpose(&w, r, n)
	if p.Mistral && r.User != nil {
		n.Drop("user")
	} else {
		w.Member("user", r.User)
	}
	wire.NoteTitles(n, r)
	wire.NoteEmbed(n, r, own)
	w.Extra(&r.Extra, own)
	w.EndObject()
	return w.Buf, nil
}

// size is what the dimensions are called.
func (p Provider) size(r *llm.EmbedRequest) string {
	if _, long := wire.Marked(&r.Extra, own, longSize); long || p.Mistral {
		return longSize
	}
	return shortSize
}

func (p Provider) writeInput(w *wire.Writer, r *llm.EmbedRequest) error {
	if p.Mistral {
		if err := wire.OnlyTexts(r); err != nil {
			return err
		}
	}
	w.Name("input")
	plain := r.Plain && len(r.Inputs) == 1
	if !plain {
		w.Array()
	}
	for i := range r.Inputs {
		in := &r.Inputs[i]
		switch {
		case in.Raw != nil && in.From == own:
			w.Raw(in.Raw)
		case in.Text != nil:
			w.Raw(in.Text)
		case in.Tokens != nil:
			w.Raw(in.Tokens)
		default:
			return wire.OnlyTexts(r)
		}
	}
	if !plain {
		w.EndArray()
	}
	return nil
}

// writePurpose writes a word of the caller's own. There is none that every
// server knows.
func writePurpose(w *wire.Writer, r *llm.EmbedRequest, n *wire.Notes) {
	if r.Purpose == llm.PurposeUnsaid {
		return
	}
	word, ok := wire.Marked(&r.Extra, own, inputType)
	if !ok {
		n.Drop(inputType)
		return
	}
	w.Member(inputType, word)
}
