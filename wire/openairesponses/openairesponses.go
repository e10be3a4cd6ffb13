// Package openairesponses is the Responses API of OpenAI, POST /v1/responses,
// plain and streamed, as callers speak it and as providers speak it
// (https://platform.openai.com/docs/api-reference/responses).
//
// It translates bodies and does nothing else: it must not look at the network,
// the clock or a configuration, and knows no other format.
//
// An item of the API becomes one part, a message item one part for each of its
// contents; items of the assistant that follow each other are one message. What
// an item has beside that, its id say, is kept with its first part, in the
// Extra member "item".
package openairesponses

import (
	"slices"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/fit"
)

const own = llm.OpenAIResponses

// The names that this package gives to what it keeps in Extra.
const (
	// itemMark holds the members of an item that have no place in its parts.
	itemMark = "item"
	// contentMark is at an Opaque part that is in the content of a message.
	contentMark = "content"
)

// Types of items and contents.
const (
	typeMessage      = "message"
	typeReasoning    = "reasoning"
	typeCall         = "function_call"
	typeCallOutput   = "function_call_output"
	typeCustom       = "custom_tool_call"
	typeCustomOutput = "custom_tool_call_output"
	inputText        = "input_text"
	inputImage       = "input_image"
	inputFile        = "input_file"
	inputAudio       = "input_audio"
	outputText       = "output_text"
	refusalText      = "refusal"
	summaryText      = "summary_text"
	reasoningText    = "reasoning_text"
)

// Client is the format as callers speak it.
type Client struct{}

// Provider is the format as providers speak it.
type Provider struct{}

var (
	_ wire.Client   = Client{}
	_ wire.Provider = Provider{}
)

// Format of the bodies.
func (Client) Format() llm.Format { return own }

// Format of the bodies.
func (Provider) Format() llm.Format { return own }

// Limits implements fit.Limited.
func (Provider) Limits(string) *fit.Limits { return &fit.OpenAI }

// Stored tells by which of its parts a question relies on what the provider
// has stored (previous_response_id, conversation, prompt, item_reference), or
// "" if it has everything with it. Another format cannot put such a question,
// because the conversation before it is missing.
func Stored(r *llm.Request) string {
	for _, name := range [...]string{"previous_response_id", "conversation", "prompt"} {
		if wire.Null(r.Extra.Get(own, name)) != nil {
			return name
		}
	}
	for i := range r.Messages {
		for j := range r.Messages[i].Parts {
			if isReference(&r.Messages[i].Parts[j]) {
				return "item_reference"
			}
		}
	}
	return ""
}

func isReference(p *llm.Part) bool {
	if p.Kind != llm.Opaque || p.Extra.From != own {
		return false
	}
	kind := wire.Null(wire.Get(p.Raw, "type"))
	return wire.Equal(kind, "item_reference") || kind == nil && wire.Get(p.Raw, "id") != nil
}

// without is the object v but for the members named, or nil if nothing is left.
func without(v llm.JSON, names ...string) llm.JSON {
	var w wire.Writer
	for f := wire.NewFields(v); f.Next(); {
		if slices.Contains(names, f.Name()) {
			continue
		}
		if w.Buf == nil {
			w.Object()
		}
		name(&w, f.Name())
		w.Raw(f.Value())
	}
	if w.Buf == nil {
		return nil
	}
	w.EndObject()
	return w.Buf
}

// name begins a member whose name may need escapes.
func name(w *wire.Writer, s string) {
	w.String(s)
	w.Buf = append(w.Buf, ':')
}

// rest writes the members of the object v but for those named.
func rest(w *wire.Writer, v llm.JSON, names ...string) {
	for f := wire.NewFields(v); f.Next(); {
		if !slices.Contains(names, f.Name()) {
			name(w, f.Name())
			w.Raw(f.Value())
		}
	}
}

// extraBut writes what a node of this format held beside what the model knows,
// but for the members named.
func extraBut(w *wire.Writer, x *llm.Extra, names ...string) {
	if x.From != own {
		return
	}
	for i := range x.Members {
		if m := &x.Members[i]; !slices.Contains(names, m.Name) {
			name(w, m.Name)
			w.Raw(m.Value)
		}
	}
}

func keep(x *llm.Extra, name string, v llm.JSON) {
	x.From = own
	x.Members = append(x.Members, llm.Member{Name: name, Value: v})
}

// clean is a JSON string, or nothing.
func clean(v llm.JSON) llm.JSON {
	if wire.IsString(v) {
		return v
	}
	return nil
}

// Stored names the member of a question that rests on what the service keeps.
func (Client) Stored(r *llm.Request) string { return Stored(r) }
