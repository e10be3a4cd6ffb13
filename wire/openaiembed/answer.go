package openaiembed

import (
	"errors"
	"fmt"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

var errShape = errors.New("the answer has no list of vectors in data")

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
		case name == "object":
		case name == "data" && wire.IsArray(v):
			found = true
			if err := readVectors(a, v); err != nil {
				return err
			}
		case name == "id" && wire.IsString(v):
			a.ID = wire.Text(v)
		case name == "model" && wire.IsString(v):
			a.Model = wire.Text(v)
		case name == "usage" && wire.IsObject(v):
			readUsage(&a.Usage, v)
		default:
			f.Keep(&a.Extra, own)
		}
	}
	if failure := wire.Null(wire.Get(body, "error")); failure != nil && len(a.Vectors) == 0 {
		return wire.ReadError(502, nil, body)
	}
	if !found {
		return errShape
	}
	return nil
}

func readVectors(a *llm.EmbedResponse, list llm.JSON) error {
	var places []int64
	wire.ReadVectors(a, list, func(item llm.JSON) llm.Vector {
		v, place := llm.Vector{}, int64(len(places))
		for f := wire.NewFields(item); f.Next(); {
			switch f.Name() {
			case "object":
			case "embedding":
				v.Value = f.Value()
			case "index":
				place = placeOf(f.Value(), place)
			default:
				f.Keep(&v.Extra, own)
			}
		}
		places = append(places, place)
		return v
	})
	return order(a, places)
}

// placeOf is the place that an index tells, or the next where it is null; what
// tells none is nobody's.
func placeOf(index llm.JSON, next int64) int64 {
	if wire.IsNull(index) {
		return next
	}
	if n, ok := wire.Int(index); ok {
		return n
	}
	return -1
}

// order puts vectors in the order of their inputs.
func order(a *llm.EmbedResponse, places []int64) error {
	list := make([]llm.Vector, len(places))
	taken := make([]bool, len(places))
	for i, at := range places {
		if at < 0 || at >= int64(len(list)) || taken[at] {
			return fmt.Errorf("data[%d] of the answer has the index %d, which is another's or no input's", i, at)
		}
		list[at], taken[at] = a.Vectors[i], true
	}
	a.Vectors = list
	return nil
}

// readUsage reads the counts; Voyage tells the total only.
func readUsage(u *llm.Usage, v llm.JSON) {
	wire.Mark(&u.Extra, own, "usage", v)
	wire.TakeCount(&u.Total, wire.Get(v, "total_tokens"))
	u.Prompt = u.Total
	wire.TakeCount(&u.Prompt, wire.Get(v, "prompt_tokens"))
}

// EncodeResponse implements wire.EmbedClient.
func (Client) EncodeResponse(dst []byte, a *llm.EmbedResponse, r *llm.EmbedRequest) []byte {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("object", "list")
	w.Name("data")
	w.Array()
	for i := range a.Vectors {
		v := &a.Vectors[i]
		w.Object()
		w.StringMember("object", "embedding")
		w.IntMember("index", int64(i))
		w.Name("embedding")
		w.Vector(v.Value, r.Encoding)
		w.Extra(&v.Extra, own)
		w.EndObject()
	}
	w.EndArray()
	w.StringMember("model", a.Model)
	writeUsage(&w, &a.Usage)
	if a.Extra.From == own {
		w.StringMember("id", a.ID)
	}
	w.Extra(&a.Extra, own)
	w.EndObject()
	return w.Buf
}

func writeUsage(w *wire.Writer, u *llm.Usage) {
	if whole, ok := wire.Marked(&u.Extra, own, "usage"); ok {
		w.Member("usage", whole)
		return
	}
	if u.Prompt < 0 {
		return
	}
	w.Name("usage")
	w.Object()
	w.IntMember("prompt_tokens", u.Prompt)
	w.IntMember("total_tokens", max(u.Total, u.Prompt))
	w.EndObject()
}

// DecodeError implements wire.EmbedProvider.
func (Provider) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return wire.ReadError(status, header, body)
}

// EncodeError implements wire.EmbedClient.
//
// https://platform.openai.com/docs/guides/error-codes
func (Client) EncodeError(dst []byte, e *llm.Error) []byte { return wire.AppendError(dst, e) }
