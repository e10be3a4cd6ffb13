// Package bedrockembed translates between canonical embeddings and what models
// on Amazon Bedrock take and give by InvokeModel. The id of the model decides,
// for the body is its maker's: Amazon's own are here, others are Hosted.
//
// Formats are pure: they must not know networks, clocks, loggers or
// configuration, nor any other format.
package bedrockembed

import (
	"bytes"
	"errors"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Provider is InvokeModel with Amazon's models for embeddings.
//
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
type Provider struct {
	// Normalize asks for vectors of length one, of models that know it.
	Normalize bool
}

var _ wire.EmbedProvider = Provider{}

const own = llm.BedrockEmbed

// Format implements wire.EmbedProvider.
func (Provider) Format() llm.Format { return own }

// family is what models have one body, with one input in a request.
type family struct {
	// word in the model's id.
	word string
	// kind of body. What came in the same goes out as it came.
	kind string
	// size is where the dimensions stand, if they can be chosen.
	size []string
	// purposed: there is a word for what vectors are for.
	purposed bool
	write    func(w *wire.Writer, p Provider, r *llm.EmbedRequest, n *wire.Notes)
	read     func(r *llm.EmbedRequest, in *llm.EmbedInput, body llm.JSON)
}

// Names of kinds, models and members.
const (
	titanKind   = "titan"
	novaKind    = "nova"
	novaModels  = "nova-2-multimodal-embeddings"
	novaParams  = "singleEmbeddingParams"
	embedding   = "embedding"
	embeddings  = "embeddings"
	byType      = "embeddingsByType"
	tokens      = "inputTextTokenCount"
	inputType   = "input_type"
	countHeader = "X-Amzn-Bedrock-Input-Token-Count"
)

// families by their ids; the first that fits counts.
var families = []family{
	{word: "titan-embed-text-v2", kind: titanKind, size: []string{"dimensions"}, write: titan, read: readTitan},
	{word: "titan-embed-image", kind: titanKind, size: []string{"embeddingConfig", "outputEmbeddingLength"}, write: titanImage, read: readTitan},
	{word: "titan-embed", kind: titanKind, write: titanFirst, read: readTitan},
	{word: novaModels, kind: novaKind, size: []string{novaParams, "embeddingDimension"}, purposed: true, write: nova, read: readNova},
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
	if len(r.Inputs) != 1 {
		return nil, &wire.Invalid{Field: "input", Message: "this model takes one input in a request; send them one by one"}
	}
	w := wire.Writer{Buf: dst}
	if f.asItCame(&w, r) {
		return w.Buf, nil
	}
	if err := wire.OnlyTexts(r); err != nil {
		return nil, err
	}
	f.note(r, n)
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
	return strings.Join(append(list, "cohere.embed"), ", ")
}

// note notes what the family cannot express.
func (f *family) note(r *llm.EmbedRequest, n *wire.Notes) {
	if f.size == nil && r.Dimensions != nil {
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
	w.Name(novaParams)
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

var errShape = errors.New("the answer has no embedding")

// DecodeResponse implements wire.EmbedProvider. The shape of the answer tells
// whose it is.
func (Provider) DecodeResponse(a *llm.EmbedResponse, header func(name string) string, body []byte) error {
	if err := wire.Check(body); err != nil {
		return err
	}
	a.Usage, a.Extra.From = llm.NoUsage(), own
	for f := wire.NewFields(body); f.Next(); {
		v := f.Value()
		switch name := f.Name(); {
		case name == embedding && wire.IsArray(v):
			a.Vectors = []llm.Vector{{Value: v}}
		case name == embeddings:
			wire.Mark(&a.Extra, own, name, v)
			readVectors(a, v)
		case name == tokens:
			wire.Mark(&a.Extra, own, name, v)
			count(&a.Usage, v)
		default:
			f.Keep(&a.Extra, own)
		}
	}
	countIn(&a.Usage, header)
	readTypes(a)
	if len(a.Vectors) > 0 {
		return nil
	}
	if message := wire.Text(wire.Get(body, "message")); message != "" {
		return wire.ReadError(502, header, body)
	}
	return errShape
}

// readTypes looks for a vector that was given by type only.
func readTypes(a *llm.EmbedResponse) {
	kinds := a.Extra.Get(own, byType)
	if len(a.Vectors) > 0 || !wire.IsObject(kinds) {
		return
	}
	v := llm.Vector{Value: wire.Get(kinds, "float")}
	if v.Value == nil {
		v.Opaque = "is of a type that only callers of Bedrock know"
	}
	a.Vectors = []llm.Vector{v}
}

// countIn takes the count of a header, where some models tell it only.
func countIn(u *llm.Usage, header func(name string) string) {
	if header != nil {
		count(u, llm.JSON(header(countHeader)))
	}
}

// count takes the first count that is told.
func count(u *llm.Usage, v llm.JSON) {
	if u.Prompt < 0 {
		wire.TakeCount(&u.Prompt, v)
		u.Total = u.Prompt
	}
}

// readVectors reads the vectors of Nova, which gives sound and pictures of one
// input apart: those of the first's type.
func readVectors(a *llm.EmbedResponse, list llm.JSON) {
	kind := wire.Get(first(list), "embeddingType")
	items := wire.Items(list)
	for item, ok := items.Next(); ok && len(a.Vectors) <= wire.MaxInputs; item, ok = items.Next() {
		if bytes.Equal(wire.Get(item, "embeddingType"), kind) {
			a.Vectors = append(a.Vectors, llm.Vector{Value: wire.Get(item, embedding)})
		}
	}
}

// DecodeError implements wire.EmbedProvider.
func (Provider) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return wire.ReadError(status, header, body)
}
