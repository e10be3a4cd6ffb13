package hfembed

import (
	"net/url"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Format implements wire.EmbedClient.
func (Client) Format() llm.Format { return own }

// DecodeRequest implements wire.EmbedClient.
func (Client) DecodeRequest(r *llm.EmbedRequest, q wire.Question) error {
	if err := wire.CheckQuestion(q.Body); err != nil {
		return err
	}
	r.Extra.From = own
	r.Model = modelOf(q.Path)
	for f := wire.NewFields(q.Body); f.Next(); {
		switch name, v := f.Name(), f.Value(); {
		case name == "inputs":
			if err := wire.ReadTexts(r, v); err != nil {
				return err
			}
		case name == "model" && wire.IsString(v):
			if r.Model == "" {
				r.Model = wire.Text(v)
			}
		case name == dimensions && wire.IsNumber(v):
			r.Dimensions = v
			wire.Mark(&r.Extra, own, dimensions, v)
		default:
			f.Keep(&r.Extra, own)
		}
	}
	if len(r.Inputs) == 0 {
		return &wire.Invalid{Field: "inputs", Message: "must be a text or a list of texts"}
	}
	return nil
}

// modelOf is the model in a path such as
// /hf-inference/models/{owner}/{name}/pipeline/feature-extraction, or the older
// /pipeline/feature-extraction/{owner}/{name}.
func modelOf(path string) string {
	const task = "/pipeline/feature-extraction"
	_, name, ok := strings.Cut(path, "/models/")
	if ok {
		name, _, _ = strings.Cut(name, "/pipeline/")
	} else if _, name, ok = strings.Cut(path, task+"/"); !ok {
		return ""
	}
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	return strings.TrimSuffix(name, "/")
}

// EncodeResponse implements wire.EmbedClient. One text gets one bare vector.
func (Client) EncodeResponse(dst []byte, a *llm.EmbedResponse, r *llm.EmbedRequest) []byte {
	if asItCame, ok := wire.Marked(&a.Extra, own, whole); ok {
		return append(dst, asItCame...)
	}
	w := wire.Writer{Buf: dst}
	if !r.Plain {
		w.Array()
	}
	for i := range a.Vectors {
		w.Vector(a.Vectors[i].Value, llm.EncodingFloat)
	}
	if !r.Plain {
		w.EndArray()
	}
	return w.Buf
}

// EncodeError implements wire.EmbedClient.
func (Client) EncodeError(dst []byte, e *llm.Error) []byte { return wire.AppendPlainError(dst, e) }
