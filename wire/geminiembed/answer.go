package geminiembed

import (
	"errors"
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

var errShape = errors.New("the answer has no embeddings")

// DecodeResponse implements wire.EmbedProvider.
func (Batch) DecodeResponse(a *llm.EmbedResponse, _ func(name string) string, body []byte) error {
	return decode(a, body)
}

// DecodeResponse implements wire.EmbedProvider.
func (Single) DecodeResponse(a *llm.EmbedResponse, _ func(name string) string, body []byte) error {
	return decode(a, body)
}

// DecodeResponse implements wire.EmbedProvider.
func (Predict) DecodeResponse(a *llm.EmbedResponse, _ func(name string) string, body []byte) error {
	return decode(a, body)
}

// decode reads the answer to any of the operations.
func decode(a *llm.EmbedResponse, body []byte) error {
	if err := wire.Check(body); err != nil {
		return err
	}
	a.Usage, a.Extra.From = llm.NoUsage(), own
	for f := wire.NewFields(body); f.Next(); {
		v := f.Value()
		switch name := f.Name(); {
		case name == "embeddings" && wire.IsArray(v):
			wire.ReadVectors(a, v, embedding)
		case name == "embedding" && wire.IsObject(v):
			a.Vectors = append(a.Vectors, embedding(v))
		case name == "predictions" && wire.IsArray(v):
			wire.ReadVectors(a, v, func(item llm.JSON) llm.Vector {
				inner := wire.Get(item, "embeddings")
				count(&a.Usage, wire.Get(inner, "statistics", "token_count"))
				return embedding(inner)
			})
		case name == "usageMetadata":
			wire.Mark(&a.Extra, own, name, v)
			count(&a.Usage, wire.Get(v, "promptTokenCount"))
		default:
			f.Keep(&a.Extra, own)
		}
	}
	switch {
	case len(a.Vectors) > 0:
		return nil
	case wire.IsObject(wire.Get(body, "error")):
		return wire.ReadError(502, nil, body)
	}
	return errShape
}

// count adds to the tokens of the question.
func count(u *llm.Usage, v llm.JSON) {
	if n, ok := wire.Count(v); ok {
		u.Prompt = max(u.Prompt, 0) + n
		u.Total = u.Prompt
	}
}

// embedding reads {"values":[…]}.
func embedding(v llm.JSON) llm.Vector {
	out := llm.Vector{}
	for f := wire.NewFields(v); f.Next(); {
		if f.Name() == "values" {
			out.Value = f.Value()
		} else {
			f.Keep(&out.Extra, own)
		}
	}
	return out
}

// EncodeResponse implements wire.EmbedClient.
func (Client) EncodeResponse(dst []byte, a *llm.EmbedResponse, r *llm.EmbedRequest) []byte {
	asked, _ := wire.Marked(&r.Extra, own, operation)
	w := wire.Writer{Buf: dst}
	w.Object()
	switch string(asked) {
	case instances:
		writePredictions(&w, a)
	case content:
		w.Name("embedding")
		var v llm.Vector
		if len(a.Vectors) > 0 {
			v = a.Vectors[0]
		}
		writeVector(&w, &v)
	default:
		w.Name("embeddings")
		w.Array()
		for i := range a.Vectors {
			writeVector(&w, &a.Vectors[i])
		}
		w.EndArray()
	}
	if string(asked) != instances {
		writeUsage(&w, a)
	}
	w.Extra(&a.Extra, own)
	w.EndObject()
	return w.Buf
}

func writeVector(w *wire.Writer, v *llm.Vector) {
	w.Object()
	w.Name("values")
	w.Vector(v.Value, llm.EncodingFloat)
	w.Extra(&v.Extra, own)
	w.EndObject()
}

func writePredictions(w *wire.Writer, a *llm.EmbedResponse) {
	w.Name("predictions")
	w.Array()
	for i := range a.Vectors {
		w.Object()
		w.Name("embeddings")
		writeVector(w, &a.Vectors[i])
		w.EndObject()
	}
	w.EndArray()
}

// writeUsage writes the counts as they came, or those of another format if the
// provider told them.
func writeUsage(w *wire.Writer, a *llm.EmbedResponse) {
	if whole, ok := wire.Marked(&a.Extra, own, "usageMetadata"); ok {
		w.Member("usageMetadata", whole)
		return
	}
	if a.Extra.From == own || a.Usage.Prompt < 0 {
		return
	}
	w.Name("usageMetadata")
	w.Object()
	w.IntMember("promptTokenCount", a.Usage.Prompt)
	w.EndObject()
}

// DecodeError implements wire.EmbedProvider.
func (Batch) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return wire.ReadError(status, header, body)
}

// DecodeError implements wire.EmbedProvider.
func (Single) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return wire.ReadError(status, header, body)
}

// DecodeError implements wire.EmbedProvider.
func (Predict) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return wire.ReadError(status, header, body)
}

// codes are the canonical codes by HTTP status.
//
// https://cloud.google.com/apis/design/errors#handling_errors
var codes = map[int]string{
	400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
	409: "ABORTED", 429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 500: "INTERNAL", 501: "UNIMPLEMENTED",
	502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}

// EncodeError implements wire.EmbedClient.
func (Client) EncodeError(dst []byte, e *llm.Error) []byte {
	code := codes[e.Status]
	switch {
	case code != "":
	case e.Status >= 400 && e.Status < 500:
		code = "INVALID_ARGUMENT"
	default:
		code = "UNKNOWN"
	}
	w := wire.Writer{Buf: dst}
	w.Object()
	w.Name("error")
	w.Object()
	w.IntMember("code", int64(e.Status))
	w.Name("message")
	w.String(e.Message)
	w.StringMember("status", code)
	if e.RetryAfter >= 0 {
		writeRetry(&w, e.RetryAfter)
	}
	w.EndObject()
	w.EndObject()
	return w.Buf
}

func writeRetry(w *wire.Writer, after int) {
	w.Name("details")
	w.Array()
	w.Object()
	w.StringMember("@type", "type.googleapis.com/google.rpc.RetryInfo")
	w.StringMember("retryDelay", strconv.Itoa(after)+"s")
	w.EndObject()
	w.EndArray()
}
