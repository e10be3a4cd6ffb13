package cohereembed

import (
	"errors"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

var errShape = errors.New("the answer has no embeddings of type float or base64")

// Names of members, and of what is remembered of their spelling.
const (
	embeddings = "embeddings"
	meta       = "meta"
)

// DecodeResponse implements wire.EmbedProvider. Vectors come in a list, or by
// type.
func (p Provider) DecodeResponse(a *llm.EmbedResponse, header func(name string) string, body []byte) error {
	if err := wire.Check(body); err != nil {
		return err
	}
	own := p.Format()
	a.Usage, a.Extra.From = llm.NoUsage(), own
	for f := wire.NewFields(body); f.Next(); {
		v := f.Value()
		switch name := f.Name(); {
		case name == embeddings:
			readVectors(a, v, own)
		case name == "id" && wire.IsString(v):
			a.ID = wire.Text(v)
		case name == meta:
			wire.Mark(&a.Extra, own, meta, v)
			count(&a.Usage, wire.Get(v, "billed_units", "input_tokens"))
		default:
			f.Keep(&a.Extra, own)
		}
	}
	if header != nil {
		count(&a.Usage, llm.JSON(header("num_tokens")))
	}
	if a.Vectors == nil {
		if wire.IsString(wire.Get(body, "message")) {
			return wire.ReadError(502, nil, body)
		}
		return errShape
	}
	return nil
}

// count takes the first count that is told.
func count(u *llm.Usage, v llm.JSON) {
	if u.Prompt < 0 {
		wire.TakeCount(&u.Prompt, v)
		u.Total = u.Prompt
	}
}

// readVectors takes the type that others know. All are kept for those who
// speak the format.
func readVectors(a *llm.EmbedResponse, v llm.JSON, own llm.Format) {
	if !wire.IsObject(v) {
		wire.ReadVectors(a, v, wire.Bare)
		return
	}
	wire.Mark(&a.Extra, own, embeddings, v)
	for _, kind := range [...]string{"float", "base64"} {
		if list := wire.Get(v, kind); list != nil {
			wire.ReadVectors(a, list, wire.Bare)
			return
		}
	}
	if f := wire.NewFields(v); f.Next() {
		wire.ReadVectors(a, f.Value(), func(llm.JSON) llm.Vector { return llm.Vector{Opaque: "is of a type that only callers of Cohere know"} })
	}
}

// EncodeResponse implements wire.EmbedClient.
func (c Client) EncodeResponse(dst []byte, a *llm.EmbedResponse, r *llm.EmbedRequest) []byte {
	own := c.Format()
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("id", a.ID)
	w.Name(embeddings)
	list := c.First && r.Encoding == llm.EncodingUnsaid
	c.writeVectors(&w, a, r, list)
	if a.Extra.From == own {
		if whole, ok := wire.Marked(&a.Extra, own, meta); ok {
			w.Member(meta, whole)
		}
		w.Extra(&a.Extra, own)
		w.EndObject()
		return w.Buf
	}
	writeTexts(&w, r)
	if list {
		w.StringMember("response_type", "embeddings_floats")
	} else {
		w.StringMember("response_type", "embeddings_by_type")
	}
	c.writeMeta(&w, &a.Usage)
	w.EndObject()
	return w.Buf
}

func (c Client) writeVectors(w *wire.Writer, a *llm.EmbedResponse, r *llm.EmbedRequest, list bool) {
	if whole, ok := wire.Marked(&a.Extra, c.Format(), embeddings); ok {
		w.Raw(whole)
		return
	}
	if !list {
		w.Object()
		defer w.EndObject()
		if r.Encoding == llm.EncodingBase64 {
			w.Name("base64")
		} else {
			w.Name("float")
		}
	}
	w.Array()
	for i := range a.Vectors {
		w.Vector(a.Vectors[i].Value, r.Encoding)
	}
	w.EndArray()
}

func writeTexts(w *wire.Writer, r *llm.EmbedRequest) {
	w.Name(texts)
	w.Array()
	for i := range r.Inputs {
		if text := r.Inputs[i].Text; text != nil && r.Inputs[i].Raw == nil {
			w.Raw(text)
		}
	}
	w.EndArray()
}

func (c Client) writeMeta(w *wire.Writer, u *llm.Usage) {
	w.Name(meta)
	w.Object()
	w.Name("api_version")
	w.Object()
	if c.First {
		w.StringMember("version", "1")
	} else {
		w.StringMember("version", "2")
	}
	w.EndObject()
	if u.Prompt >= 0 {
		w.Name("billed_units")
		w.Object()
		w.IntMember("input_tokens", u.Prompt)
		w.EndObject()
	}
	w.EndObject()
}
