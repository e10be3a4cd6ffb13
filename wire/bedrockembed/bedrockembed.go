// Package bedrockembed translates between canonical embeddings and what the
// models on Amazon Bedrock take and give by InvokeModel. The id of the model
// decides, for the body is its maker's.
//
// Formats are pure: they must not know networks, clocks, loggers or
// configuration, nor any other format.
package bedrockembed

import (
	"errors"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Provider is InvokeModel with models for embeddings.
//
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
type Provider struct {
	// Normalize asks for vectors of length one, of models that know it.
	Normalize bool
	// InputType is what vectors are for where the caller says nothing, for
	// models that want to know.
	InputType string
}

var _ wire.EmbedProvider = Provider{}

const own = llm.BedrockEmbed

// Format implements wire.EmbedProvider.
func (Provider) Format() llm.Format { return own }

// family is what models have one body.
type family struct {
	// word in the model's id.
	word string
	// one: a request holds one input.
	one bool
	// sized: the dimensions can be chosen. purposed: there is a word for what
	// vectors are for.
	sized, purposed bool
	write           func(w *wire.Writer, p Provider, r *llm.EmbedRequest, n *wire.Notes)
}

// families by their ids; the first that fits counts.
var families = []family{
	{word: "titan-embed-text-v2", one: true, sized: true, write: titan},
	{word: "titan-embed-image", one: true, sized: true, write: titanImage},
	{word: "titan-embed", one: true, write: titanFirst},
	{word: "nova-2-multimodal-embeddings", one: true, sized: true, purposed: true, write: nova},
	{word: "cohere.embed-v4", sized: true, purposed: true, write: cohereSized},
	{word: "cohere.embed", purposed: true, write: cohere},
}

func familyOf(model string) *family {
	for i := range families {
		if strings.Contains(model, families[i].word) {
			return &families[i]
		}
	}
	return nil
}

// EncodeRequest implements wire.EmbedProvider. The model is in the path.
func (p Provider) EncodeRequest(dst []byte, r *llm.EmbedRequest, n *wire.Notes) ([]byte, error) {
	f := familyOf(r.Model)
	if f == nil {
		return nil, &wire.Invalid{Field: "model", Message: "no model of Bedrock for embeddings that this version knows: it takes ids with " + words()}
	}
	if f.one && len(r.Inputs) != 1 {
		return nil, &wire.Invalid{Field: "input", Message: "this model takes one input in a request; send them one by one"}
	}
	if err := wire.OnlyTexts(r); err != nil {
		return nil, err
	}
	f.note(r, n)
	w := wire.Writer{Buf: dst}
	w.Object()
	f.write(&w, p, r, n)
	w.EndObject()
	return w.Buf, nil
}

func words() string {
	var list []string
	for i := range families {
		list = append(list, families[i].word)
	}
	return strings.Join(list, ", ")
}

// note notes what the family cannot express.
func (f *family) note(r *llm.EmbedRequest, n *wire.Notes) {
	if !f.sized && r.Dimensions != nil {
		n.Drop("dimensions")
	}
	if !f.purposed && r.Purpose != llm.PurposeUnsaid {
		n.Drop(inputType)
	}
	n.Lose("user", r.User)
	wire.NoteTitles(n, r)
	wire.NoteEmbed(n, r, own)
}

// titanFirst writes the body of the first Titan, which has no parameters.
//
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
func titanFirst(w *wire.Writer, _ Provider, r *llm.EmbedRequest, _ *wire.Notes) {
	w.Member("inputText", r.Inputs[0].Text)
}

// titan writes the body of the second Titan, which normalizes unless told.
func titan(w *wire.Writer, p Provider, r *llm.EmbedRequest, _ *wire.Notes) {
	w.Member("inputText", r.Inputs[0].Text)
	w.Member("dimensions", r.Dimensions)
	w.BoolMember("normalize", p.Normalize)
}

// titanImage writes the body of the Titan that knows pictures, too.
//
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html
func titanImage(w *wire.Writer, _ Provider, r *llm.EmbedRequest, _ *wire.Notes) {
	w.Member("inputText", r.Inputs[0].Text)
	if r.Dimensions == nil {
		return
	}
	w.Name("embeddingConfig")
	w.Object()
	w.Member("outputEmbeddingLength", r.Dimensions)
	w.EndObject()
}

// novaPurposes are the words of Nova.
var novaPurposes = []wire.Named{
	{Purpose: llm.PurposeUnsaid, Name: "GENERIC_INDEX"},
	{Purpose: llm.PurposeDocument, Name: "GENERIC_INDEX"},
	{Purpose: llm.PurposeQuery, Name: "TEXT_RETRIEVAL"},
	{Purpose: llm.PurposeClassification, Name: "CLASSIFICATION"},
	{Purpose: llm.PurposeClustering, Name: "CLUSTERING"},
}

// nova writes the body of Nova's multimodal embeddings.
//
// https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html
func nova(w *wire.Writer, _ Provider, r *llm.EmbedRequest, n *wire.Notes) {
	word := wire.PurposeName(novaPurposes, r.Purpose)
	if word == "" {
		word = "TEXT_RETRIEVAL"
		n.Change(inputType, word)
	}
	w.StringMember("taskType", "SINGLE_EMBEDDING")
	w.Name("singleEmbeddingParams")
	w.Object()
	w.StringMember("embeddingPurpose", word)
	w.Member("embeddingDimension", r.Dimensions)
	w.Name("text")
	w.Object()
	w.StringMember("truncationMode", "END")
	w.Member("value", r.Inputs[0].Text)
	w.EndObject()
	w.EndObject()
}

const inputType = "input_type"

// coherePurposes are the words of Cohere. What has none gets the one nearest.
var coherePurposes = []wire.Named{
	{Purpose: llm.PurposeQuery, Name: "search_query"},
	{Purpose: llm.PurposeDocument, Name: "search_document"},
	{Purpose: llm.PurposeClassification, Name: "classification"},
	{Purpose: llm.PurposeClustering, Name: "clustering"},
}

// cohere writes the body of Cohere's models.
//
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html
func cohere(w *wire.Writer, p Provider, r *llm.EmbedRequest, n *wire.Notes) {
	w.Name("texts")
	w.Array()
	for i := range r.Inputs {
		w.Raw(r.Inputs[i].Text)
	}
	w.EndArray()
	w.StringMember(inputType, p.cohereWord(r.Purpose, n))
	w.Name("embedding_types")
	w.Array()
	w.String("float")
	w.EndArray()
}

// cohereSized writes the body of the models since the fourth version.
func cohereSized(w *wire.Writer, p Provider, r *llm.EmbedRequest, n *wire.Notes) {
	cohere(w, p, r, n)
	w.Member("output_dimension", r.Dimensions)
}

func (p Provider) cohereWord(purpose llm.Purpose, n *wire.Notes) string {
	word := wire.PurposeName(coherePurposes, purpose)
	switch {
	case word != "":
		return word
	case purpose == llm.PurposeUnsaid && p.InputType != "":
		return p.InputType
	case purpose == llm.PurposeUnsaid:
		return "search_document"
	case purpose == llm.PurposeSimilarity:
		word = "clustering"
	default:
		word = "search_query"
	}
	n.Change(inputType, word)
	return word
}

var errShape = errors.New("the answer has no embedding")

// DecodeResponse implements wire.EmbedProvider. The shape of the answer tells
// whose it is. Some models tell the count of tokens in a header only.
func (Provider) DecodeResponse(a *llm.EmbedResponse, header func(name string) string, body []byte) error {
	if err := wire.Check(body); err != nil {
		return err
	}
	a.Usage, a.Extra.From = llm.NoUsage(), own
	for f := wire.NewFields(body); f.Next(); {
		v := f.Value()
		switch f.Name() {
		case "embedding":
			if wire.IsArray(v) {
				a.Vectors = []llm.Vector{{Value: v}}
			}
		case "embeddings":
			readVectors(a, v)
		case "inputTextTokenCount":
			count(&a.Usage, v)
		case "id":
			a.ID = wire.Text(v)
		default:
			f.Keep(&a.Extra, own)
		}
	}
	if header != nil {
		count(&a.Usage, llm.JSON(header("X-Amzn-Bedrock-Input-Token-Count")))
	}
	if len(a.Vectors) > 0 {
		return nil
	}
	if message := wire.Text(wire.Get(body, "message")); message != "" {
		return wire.ReadError(502, header, body)
	}
	return errShape
}

// count takes the first count that is told.
func count(u *llm.Usage, v llm.JSON) {
	if u.Prompt < 0 {
		wire.TakeCount(&u.Prompt, v)
		u.Total = u.Prompt
	}
}

// readVectors reads a list of vectors, of objects that hold one, or an object
// with a list by type.
func readVectors(a *llm.EmbedResponse, v llm.JSON) {
	if wire.IsObject(v) {
		v = wire.Get(v, "float")
	}
	wire.ReadVectors(a, v, func(item llm.JSON) llm.Vector {
		if wire.IsObject(item) {
			item = wire.Get(item, "embedding")
		}
		return llm.Vector{Value: item}
	})
}

// DecodeError implements wire.EmbedProvider.
func (Provider) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return wire.ReadError(status, header, body)
}
