// Package ollamaembed translates between canonical embeddings and the bodies
// of Ollama's /api/embed.
//
// Formats are pure: they must not know networks, clocks, loggers or
// configuration, nor any other format.
package ollamaembed

import (
	"errors"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Client is /api/embed as callers speak it.
//
// https://docs.ollama.com/api/embed
type Client struct{}

// Provider is /api/embed as servers speak it.
type Provider struct{}

var (
	_ wire.EmbedClient   = Client{}
	_ wire.EmbedProvider = Provider{}
)

const own = llm.OllamaEmbed

// Format implements wire.EmbedClient.
func (Client) Format() llm.Format { return own }

// Format implements wire.EmbedProvider.
func (Provider) Format() llm.Format { return own }

// DecodeRequest implements wire.EmbedClient.
func (Client) DecodeRequest(r *llm.EmbedRequest, q wire.Question) error {
	if err := wire.CheckQuestion(q.Body); err != nil {
		return err
	}
	r.Extra.From = own
	for f := wire.NewFields(q.Body); f.Next(); {
		v := f.Value()
		switch name := f.Name(); {
		case name == "model" && wire.IsString(v):
			r.Model = wire.Text(v)
		case name == "input":
			if err := wire.ReadTexts(r, v); err != nil {
				return err
			}
		case name == "dimensions" && wire.IsNumber(v):
			r.Dimensions = v
		default:
			f.Keep(&r.Extra, own)
		}
	}
	if len(r.Inputs) == 0 {
		return &wire.Invalid{Field: "input", Message: "must be a text or a list of texts"}
	}
	return nil
}

// EncodeRequest implements wire.EmbedProvider.
func (Provider) EncodeRequest(dst []byte, r *llm.EmbedRequest, n *wire.Notes) ([]byte, error) {
	if err := wire.OnlyTexts(r); err != nil {
		return nil, err
	}
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("model", r.Model)
	w.Name("input")
	if r.Plain && len(r.Inputs) == 1 {
		w.Raw(r.Inputs[0].Text)
	} else {
		w.Array()
		for i := range r.Inputs {
			w.Raw(r.Inputs[i].Text)
		}
		w.EndArray()
	}
	w.Member("dimensions", r.Dimensions)
	if r.Purpose != llm.PurposeUnsaid {
		n.Drop("input_type")
	}
	n.Lose("user", r.User)
	wire.NoteTitles(n, r)
	wire.NoteEmbed(n, r, own)
	w.Extra(&r.Extra, own)
	w.EndObject()
	return w.Buf, nil
}

var errShape = errors.New("the answer has no embeddings")

// DecodeResponse implements wire.EmbedProvider.
func (Provider) DecodeResponse(a *llm.EmbedResponse, _ func(name string) string, body []byte) error {
	if err := wire.Check(body); err != nil {
		return err
	}
	a.Usage, a.Extra.From = llm.NoUsage(), own
	found := false
	for f := wire.NewFields(body); f.Next(); {
		v := f.Value()
		switch name := f.Name(); {
		case name == "model" && wire.IsString(v):
			a.Model = wire.Text(v)
		case name == "embeddings" && wire.IsArray(v):
			found = true
			wire.ReadVectors(a, v, wire.Bare)
		case name == "prompt_eval_count" && wire.IsNumber(v):
			wire.TakeCount(&a.Usage.Prompt, v)
			a.Usage.Total = a.Usage.Prompt
		default:
			f.Keep(&a.Extra, own)
		}
	}
	switch {
	case len(a.Vectors) == 0 && wire.Null(wire.Get(body, "error")) != nil:
		return wire.ReadError(502, nil, body)
	case found:
		return nil
	}
	return errShape
}

// EncodeResponse implements wire.EmbedClient.
func (Client) EncodeResponse(dst []byte, a *llm.EmbedResponse, _ *llm.EmbedRequest) []byte {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("model", a.Model)
	w.Name("embeddings")
	w.Array()
	for i := range a.Vectors {
		w.Vector(a.Vectors[i].Value, llm.EncodingFloat)
	}
	w.EndArray()
	if a.Usage.Prompt >= 0 {
		w.IntMember("prompt_eval_count", a.Usage.Prompt)
	}
	w.Extra(&a.Extra, own)
	w.EndObject()
	return w.Buf
}

// DecodeError implements wire.EmbedProvider.
func (Provider) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return wire.ReadError(status, header, body)
}

// EncodeError implements wire.EmbedClient.
//
// https://docs.ollama.com/api/errors
func (Client) EncodeError(dst []byte, e *llm.Error) []byte { return wire.AppendPlainError(dst, e) }
