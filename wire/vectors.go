package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
)

// MaxInputs is how many inputs a question may have, eight times what any
// service takes. An input of three bytes takes a hundred times that in memory.
const MaxInputs = 1 << 14

// AddInput adds an input to a question, unless it has too many.
func AddInput(r *llm.EmbedRequest, in llm.EmbedInput) error {
	if len(r.Inputs) == MaxInputs {
		return &Invalid{Field: "input", Message: "more than " + strconv.Itoa(MaxInputs) + " of them; send several requests"}
	}
	r.Inputs = append(r.Inputs, in)
	return nil
}

// ReadTexts reads the inputs of a question: a text or a list of texts; of
// anything else it takes nothing.
func ReadTexts(r *llm.EmbedRequest, v llm.JSON) error {
	if IsString(v) {
		r.Plain, r.Inputs = true, []llm.EmbedInput{{Text: v}}
		return nil
	}
	items := Items(v)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		if !IsString(item) {
			r.Inputs = nil
			return nil
		}
		if err := AddInput(r, llm.EmbedInput{Text: item}); err != nil {
			return err
		}
	}
	return nil
}

// ReadVectors adds the elements of a list to an answer, each as read makes a
// vector of it: one more at most than there can be inputs, by which ReadEmbed
// knows.
func ReadVectors(a *llm.EmbedResponse, list llm.JSON, read func(item llm.JSON) llm.Vector) {
	items := Items(list)
	for item, ok := items.Next(); ok && len(a.Vectors) <= MaxInputs; item, ok = items.Next() {
		a.Vectors = append(a.Vectors, read(item))
	}
}

// Bare is a vector that stands for itself in a list.
func Bare(item llm.JSON) llm.Vector { return llm.Vector{Value: item} }

// membersOfVector is what an answer says of a vector at most, in members.
const membersOfVector = 16

// ReadEmbed reads an answer with status 200 to r into a, as p does, unless it is
// in too many parts, or has not one vector for each input.
func ReadEmbed(p EmbedProvider, a *llm.EmbedResponse, r *llm.EmbedRequest, header func(name string) string, body []byte) error {
	if limit := maxValues + membersOfVector*len(r.Inputs); len(body) > limit && jsonscan.CountMembers(body) > limit {
		return ErrParts
	}
	if err := p.DecodeResponse(a, header, body); err != nil {
		return err
	}
	return checkVectors(a, r)
}

func checkVectors(a *llm.EmbedResponse, r *llm.EmbedRequest) error {
	same := a.Extra.From == r.Extra.From
	switch {
	case len(a.Vectors) == 0 && same && asksNothing(r):
		return nil
	case len(a.Vectors) != len(r.Inputs):
		return fmt.Errorf("the answer has %d vectors for %d inputs", len(a.Vectors), len(r.Inputs))
	}
	for i := range a.Vectors {
		v := &a.Vectors[i]
		switch err := checkVector(v.Value, r.Encoding); {
		case v.Opaque != "" && !same:
			return fmt.Errorf("vector %d of the answer %s", i, v.Opaque)
		case v.Opaque == "" && err != nil:
			return fmt.Errorf("vector %d of the answer %w", i, err)
		}
	}
	return nil
}

// asksNothing tells a question of callers who want a model to be loaded, no
// more: a server that knows it answers without a vector.
func asksNothing(r *llm.EmbedRequest) bool {
	return len(r.Inputs) == 1 && EmptyText(r.Inputs[0].Text)
}

var (
	errNoVector = errors.New("is neither a list of numbers nor base64")
	errEmpty    = errors.New("is empty")
	errUnasked  = errors.New("is a text, of what is not known: nobody asked for base64")
)

// checkVector tells what keeps a vector from being written in an encoding.
func checkVector(v llm.JSON, e llm.Encoding) error {
	switch {
	case EmptyText(v), IsArray(v) && vacant(v):
		return errEmpty
	case Numbers(v), IsString(v) && e == llm.EncodingBase64 && base64Only(TextBytes(v)): // it passes as it is
		return nil
	case IsString(v) && e != llm.EncodingBase64: // some have bytes in it, not floats
		return errUnasked
	}
	return errNoVector
}

// vacant tells whether an array has no elements.
func vacant(array llm.JSON) bool {
	items := Items(array)
	_, some := items.Next()
	return !some
}

// Numbers tells whether an array holds nothing but numbers, be it none.
func Numbers(array llm.JSON) bool {
	return IsArray(array) && !bytes.ContainsAny(array[1:len(array)-1], `"[{tfn`)
}
