package wire

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"strconv"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
)

// EmbedClient is a format of embeddings as callers speak it.
type EmbedClient interface {
	Format() llm.Format
	// DecodeRequest reads a question into r, which is empty. Errors are
	// *Invalid: the caller's mistake.
	DecodeRequest(r *llm.EmbedRequest, q Question) error
	// EncodeResponse appends the answer to r.
	EncodeResponse(dst []byte, a *llm.EmbedResponse, r *llm.EmbedRequest) []byte
	// EncodeError appends an error body.
	EncodeError(dst []byte, e *llm.Error) []byte
}

// EmbedHeaded is an EmbedClient whose answers say something in the head, too.
type EmbedHeaded interface {
	EmbedClient
	// Head sets fields for an answer.
	Head(a *llm.EmbedResponse, set func(name, value string))
}

// EmbedProvider is a format of embeddings as providers speak it.
type EmbedProvider interface {
	Format() llm.Format
	// EncodeRequest appends the body of the question. What the format cannot
	// express is noted in n. Errors are *Invalid: a question that the format
	// cannot put at all.
	EncodeRequest(dst []byte, r *llm.EmbedRequest, n *Notes) ([]byte, error)
	// DecodeResponse reads an answer with status 200 into a, which is empty;
	// the bytes of a refer to body. Some tell the usage in a header, which may
	// be nil. Errors are as in Provider. ReadEmbed asks it, and checks the
	// vectors.
	DecodeResponse(a *llm.EmbedResponse, header func(name string) string, body []byte) error
	// DecodeError reads the body of another status, as in Provider.
	DecodeError(status int, header func(name string) string, body []byte) *llm.Error
}

// CheckQuestion is Check for a caller's body: what is wrong is *Invalid.
func CheckQuestion(body []byte) error { return AsInvalid(Check(body)) }

// OnlyTexts refuses inputs that are no texts.
func OnlyTexts(r *llm.EmbedRequest) error {
	for i := range r.Inputs {
		in := &r.Inputs[i]
		field := "input[" + strconv.Itoa(i) + "]"
		switch {
		case in.Text != nil:
		case in.Tokens != nil:
			return &Invalid{Field: field, Message: "this provider takes texts, no tokens"}
		default:
			return &Invalid{Field: field, Message: "this provider takes nothing but texts"}
		}
	}
	return nil
}

// NoteEmbed notes what a question of another format than own says besides, in
// all and of its inputs.
func NoteEmbed(n *Notes, r *llm.EmbedRequest, own llm.Format) {
	NoteExtra(n, &r.Extra, own, "")
	NoteInputs(n, r, own)
}

// NoteInputs notes what is said besides of inputs that are of another format
// than own.
func NoteInputs(n *Notes, r *llm.EmbedRequest, own llm.Format) {
	for i := range r.Inputs {
		if r.Inputs[i].From == own {
			continue
		}
		for _, m := range r.Inputs[i].Beside {
			n.Lose("input["+strconv.Itoa(i)+"]."+m.Name, m.Value)
		}
	}
}

// NoteTitles notes the titles of inputs.
func NoteTitles(n *Notes, r *llm.EmbedRequest) {
	for i := range r.Inputs {
		if r.Inputs[i].Title != nil {
			n.Drop("input[" + strconv.Itoa(i) + "].title")
		}
	}
}

// Named is a purpose's name in a format.
type Named struct {
	Purpose llm.Purpose
	Name    string
}

// PurposeOf is what a name means in a format, whose list has the names.
func PurposeOf(list []Named, name string) llm.Purpose {
	for _, p := range list {
		if p.Name == name {
			return p.Purpose
		}
	}
	return llm.PurposeUnsaid
}

// PurposeName is what a format calls a purpose: the first of its names, empty
// if there is none.
func PurposeName(list []Named, p llm.Purpose) string {
	for _, named := range list {
		if named.Purpose == p {
			return named.Name
		}
	}
	return ""
}

// AppendVector appends a vector in an encoding; EncodingUnsaid is that of
// numbers. ReadEmbed lets nothing in base64 through that was not asked for, so
// only numbers have to be put into another encoding. What is neither is left as
// it is.
func AppendVector(dst []byte, v llm.JSON, e llm.Encoding) []byte {
	if v == nil {
		return append(dst, "null"...)
	}
	if e == llm.EncodingBase64 && IsArray(v) {
		if out, ok := appendFloats(dst, v); ok {
			return out
		}
	}
	return append(dst, v...)
}

// appendFloats writes numbers as 32-bit floats in base64.
func appendFloats(dst []byte, v llm.JSON) ([]byte, bool) {
	raw := make([]byte, 0, len(v)/2)
	items := Items(v)
	for n, ok := items.Next(); ok; n, ok = items.Next() {
		f, err := strconv.ParseFloat(string(n), 32)
		if err != nil && !errors.Is(err, strconv.ErrRange) { // what is too large is infinite
			return nil, false
		}
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(f)))
	}
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, raw)
	return append(dst, '"'), true
}

// Vector appends a vector in an encoding.
func (w *Writer) Vector(v llm.JSON, e llm.Encoding) {
	w.comma()
	w.Buf = AppendVector(w.Buf, v, e)
}

// Quoted begins a member whose name may need escapes.
func (w *Writer) Quoted(name string) {
	w.comma()
	w.Buf = append(jsonscan.AppendQuote(w.Buf, name), ':')
}
