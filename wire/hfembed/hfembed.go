// Package hfembed translates between canonical embeddings and the bodies of
// Hugging Face's task feature-extraction, which its servers for embeddings
// speak, too.
//
// Formats are pure: they must not know networks, clocks, loggers or
// configuration, nor any other format.
package hfembed

import (
	"errors"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Provider is the task as providers speak it.
//
// https://huggingface.co/docs/inference-providers/tasks/feature-extraction
type Provider struct{}

// Client is the task as callers speak it.
type Client struct{}

var (
	_ wire.EmbedProvider = Provider{}
	_ wire.EmbedClient   = Client{}
)

const own = llm.HFFeatures

// Names of members, and of what is remembered.
const (
	dimensions = "dimensions"
	whole      = "whole"
)

// Format implements wire.EmbedProvider.
func (Provider) Format() llm.Format { return own }

// EncodeRequest implements wire.EmbedProvider. The model is in the path.
func (Provider) EncodeRequest(dst []byte, r *llm.EmbedRequest, n *wire.Notes) ([]byte, error) {
	if err := wire.OnlyTexts(r); err != nil {
		return nil, err
	}
	w := wire.Writer{Buf: dst}
	w.Object()
	w.Name("inputs")
	if r.Plain && r.Extra.From == own {
		w.Raw(r.Inputs[0].Text)
	} else {
		w.Array()
		for i := range r.Inputs {
			w.Raw(r.Inputs[i].Text)
		}
		w.EndArray()
	}
	if _, asked := wire.Marked(&r.Extra, own, dimensions); asked {
		w.Member(dimensions, r.Dimensions)
	} else {
		n.Lose(dimensions, r.Dimensions)
	}
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

var errShape = errors.New("the answer is no list of vectors")

// finer is why there is no vector of a text.
const finer = "is a list: the model gives a vector for each token, none for a text"

// DecodeResponse implements wire.EmbedProvider. The answer is a list of
// vectors; a model that was asked one text may answer one bare vector.
func (Provider) DecodeResponse(a *llm.EmbedResponse, _ func(name string) string, body []byte) error {
	if err := jsonscan.Valid(body); err != nil {
		return err
	}
	a.Usage, a.Extra.From = llm.NoUsage(), own
	if wire.IsObject(body) {
		if wire.Null(wire.Get(body, "error")) != nil {
			return wire.ReadError(502, nil, body)
		}
		return errShape
	}
	wire.Mark(&a.Extra, own, whole, body)
	items := wire.Items(body)
	first, ok := items.Next()
	inner := wire.Items(first)
	second, _ := inner.Next()
	switch {
	case !ok:
		return errShape
	case wire.IsNumber(first):
		a.Vectors = []llm.Vector{{Value: body}}
	case wire.IsNumber(second):
		wire.ReadVectors(a, body, wire.Bare)
	case wire.IsArray(second):
		wire.ReadVectors(a, body, func(llm.JSON) llm.Vector { return llm.Vector{Opaque: finer} })
	default:
		return errShape
	}
	return nil
}

// DecodeError implements wire.EmbedProvider.
func (Provider) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return wire.ReadError(status, header, body)
}
