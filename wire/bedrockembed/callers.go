package bedrockembed

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Callers is InvokeModel as callers speak it who want vectors: in the format of
// the model's family.
type Callers struct {
	// Cohere is the first version of Cohere's Embed, which its models speak.
	Cohere wire.EmbedClient
	// Failure appends an error body of Bedrock's.
	Failure func(dst []byte, e *llm.Error) []byte
}

var _ wire.EmbedHeaded = Callers{}

// Format implements wire.EmbedClient.
func (Callers) Format() llm.Format { return own }

// DecodeRequest implements wire.EmbedClient. Names of models that say nothing
// leave it to the body whose format it is.
func (c Callers) DecodeRequest(r *llm.EmbedRequest, q wire.Question) error {
	if err := wire.CheckQuestion(q.Body); err != nil {
		return err
	}
	model, operation := wire.ModelOnBedrock(q.Path)
	if strings.HasSuffix(operation, "stream") {
		return &wire.Invalid{Message: "vectors do not come in a stream: use invoke"}
	}
	f := familyOf(model)
	switch {
	case f == nil && (strings.Contains(model, "cohere.") || cohereBody(q.Body)):
		if err := c.Cohere.DecodeRequest(r, q); err != nil {
			return err
		}
	case f == nil:
		f = familyBy(q.Body)
		fallthrough
	default:
		if err := read(r, f, q.Body); err != nil {
			return err
		}
	}
	r.Model = model
	return nil
}

// cohereBody tells a question in Cohere's format.
func cohereBody(body llm.JSON) bool {
	for _, name := range [...]string{"texts", "images", "inputs"} {
		if wire.IsArray(wire.Get(body, name)) {
			return true
		}
	}
	return false
}

// familyBy finds a family by the members that only its questions have; nil is
// none.
func familyBy(body llm.JSON) *family {
	word := ""
	switch {
	case wire.Get(body, "singleEmbeddingParams") != nil:
		word = novaModels
	case wire.Get(body, "inputImage") != nil, wire.Get(body, "embeddingConfig") != nil:
		word = "titan-embed-image"
	case wire.Get(body, "inputText") != nil:
		word = "titan-embed-text-v2"
	}
	return familyOf(word)
}

// read reads a question in the format of a family, which stays as it came for
// models of the same.
func read(r *llm.EmbedRequest, f *family, body llm.JSON) error {
	if f == nil {
		return &wire.Invalid{Message: "the body is none of InvokeModel's for vectors: it has inputText, texts or singleEmbeddingParams"}
	}
	in := llm.EmbedInput{Raw: body, From: own}
	r.Extra.From, r.Plain = own, true
	if f.size != nil {
		if n := wire.Get(body, f.size...); wire.IsNumber(n) {
			r.Dimensions = n
		}
	}
	wire.Mark(&r.Extra, own, f.kind, r.Dimensions)
	f.read(r, &in, body)
	r.Inputs = []llm.EmbedInput{in}
	return nil
}

// readTitan reads a text. With a picture beside it the vector is another.
func readTitan(r *llm.EmbedRequest, in *llm.EmbedInput, body llm.JSON) {
	for f := wire.NewFields(body); f.Next(); {
		switch v := f.Value(); {
		case f.Name() == "inputText" && wire.IsString(v):
			in.Text = v
		case f.Name() == "dimensions" || f.Name() == "embeddingConfig":
		case f.Name() == types && wire.Len(v) == 1 && wire.Equal(first(v), "float"):
		default:
			f.Keep(&r.Extra, own)
		}
	}
	if wire.Null(wire.Get(body, "inputImage")) != nil {
		in.Text = nil
	}
}

// types is what sorts of vectors a Titan is asked for.
const types = "embeddingTypes"

func first(list llm.JSON) llm.JSON {
	items := wire.Items(list)
	v, _ := items.Next()
	return v
}

// readNova reads a text; anything else stays with Nova.
func readNova(r *llm.EmbedRequest, in *llm.EmbedInput, body llm.JSON) {
	for f := wire.NewFields(wire.Get(body, novaParams)); f.Next(); {
		v := f.Value()
		switch f.Name() {
		case "embeddingDimension":
		case "embeddingPurpose":
			if r.Purpose = wire.PurposeOf(novaAsked, wire.Text(v)); r.Purpose == llm.PurposeUnsaid {
				in.Beside = append(in.Beside, llm.Member{Name: f.Name(), Value: v})
			}
		case "text":
			if text := wire.Get(v, "value"); wire.IsString(text) {
				in.Text = text
			}
		default:
			in.Beside = append(in.Beside, llm.Member{Name: f.Name(), Value: v})
		}
	}
}

// novaAsked are the words of Nova as callers use them.
var novaAsked = []wire.Named{
	{Purpose: llm.PurposeDocument, Name: "GENERIC_INDEX"},
	{Purpose: llm.PurposeQuery, Name: "TEXT_RETRIEVAL"},
	{Purpose: llm.PurposeQuery, Name: "GENERIC_RETRIEVAL"},
	{Purpose: llm.PurposeQuery, Name: "DOCUMENT_RETRIEVAL"},
	{Purpose: llm.PurposeClassification, Name: "CLASSIFICATION"},
	{Purpose: llm.PurposeClustering, Name: "CLUSTERING"},
}

// asItCame writes a question in the family's own format, but for dimensions that
// were decided anew; ok is false for any other.
func (f *family) asItCame(w *wire.Writer, r *llm.EmbedRequest) (ok bool) {
	asked, ok := wire.Marked(&r.Extra, own, f.kind)
	if !ok {
		return false
	}
	raw := r.Inputs[0].Raw
	if f.size == nil || bytes.Equal(asked, r.Dimensions) {
		w.Raw(raw)
	} else {
		replace(w, raw, r.Dimensions, f.size...)
	}
	return true
}

// replace writes an object with another value at a path of names.
func replace(w *wire.Writer, object, v llm.JSON, path ...string) {
	w.Object()
	for f := wire.NewFields(object); f.Next(); {
		if f.Name() != path[0] {
			w.Quoted(f.Name())
			w.Raw(f.Value())
		}
	}
	w.Name(path[0])
	if len(path) == 1 {
		w.Raw(v)
	} else {
		replace(w, wire.Get(object, path[0]), v, path[1:]...)
	}
	w.EndObject()
}

// EncodeResponse implements wire.EmbedClient.
func (c Callers) EncodeResponse(dst []byte, a *llm.EmbedResponse, r *llm.EmbedRequest) []byte {
	if r.Extra.From != own {
		return c.Cohere.EncodeResponse(dst, a, r)
	}
	w := wire.Writer{Buf: dst}
	w.Object()
	if _, nova := wire.Marked(&r.Extra, own, novaKind); nova {
		writeNova(&w, a)
	} else {
		writeTitan(&w, a, r)
	}
	w.Extra(&a.Extra, own)
	w.EndObject()
	return w.Buf
}

func writeNova(w *wire.Writer, a *llm.EmbedResponse) {
	w.Name(embeddings)
	if whole, ok := wire.Marked(&a.Extra, own, embeddings); ok {
		w.Raw(whole)
		return
	}
	w.Array()
	for i := range a.Vectors {
		w.Object()
		w.StringMember("embeddingType", "TEXT")
		w.Name(embedding)
		w.Vector(a.Vectors[i].Value, llm.EncodingFloat)
		w.EndObject()
	}
	w.EndArray()
}

func writeTitan(w *wire.Writer, a *llm.EmbedResponse, r *llm.EmbedRequest) {
	var v llm.Vector
	if len(a.Vectors) > 0 {
		v = a.Vectors[0]
	}
	if v.Opaque == "" {
		w.Name(embedding)
		w.Vector(v.Value, llm.EncodingFloat)
	}
	if a.Extra.From == own {
		if n, ok := wire.Marked(&a.Extra, own, tokens); ok {
			w.Member(tokens, n)
		}
		return
	}
	if wire.Get(r.Inputs[0].Raw, types) != nil {
		w.Name(byType)
		w.Object()
		w.Name("float")
		w.Vector(v.Value, llm.EncodingFloat)
		w.EndObject()
	}
	if a.Usage.Prompt >= 0 {
		w.IntMember(tokens, a.Usage.Prompt)
	}
}

// Head implements wire.EmbedHeaded: some SDKs count by it.
func (Callers) Head(a *llm.EmbedResponse, set func(name, value string)) {
	if a.Usage.Prompt >= 0 {
		set(countHeader, strconv.FormatInt(a.Usage.Prompt, 10))
	}
}

// EncodeError implements wire.EmbedClient.
func (c Callers) EncodeError(dst []byte, e *llm.Error) []byte { return c.Failure(dst, e) }
