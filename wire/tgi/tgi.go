// Package tgi translates the generate endpoints of Hugging Face's Text
// Generation Inference, /generate and /generate_stream, and the task endpoint
// for text generation of Hugging Face's own service, which speaks the same but
// answers in a list. It only translates: it opens no connection, reads no clock
// and knows no other format.
//
// A conversation cannot be put to it, for how the turns would stand in one text
// is the model's own affair.
//
// Sources: https://huggingface.github.io/text-generation-inference,
// https://huggingface.co/docs/inference-providers/tasks/text-generation
package tgi

import (
	"github.com/sluice-gateway/sluice/llm"
)

const own = llm.TGI

// Client is the caller's side.
type Client struct{}

// Provider is the provider's side.
type Provider struct{}

// Format implements wire.Client.
func (Client) Format() llm.Format { return own }

// Format implements wire.Provider.
func (Provider) Format() llm.Format { return own }

// finishOf is what a reason means. Answers without details have none, and are
// complete.
func finishOf(reason string) llm.Finish {
	if reason == "length" {
		return llm.FinishLength
	}
	return llm.FinishStop
}

// reasonOf is finishOf turned round. The provider's own spelling is kept where
// it means the same.
func reasonOf(f llm.Finish, reason string, stop llm.JSON) string {
	switch {
	case f == llm.FinishLength:
		return "length"
	case reason == "stop_sequence" || stop != nil:
		return "stop_sequence"
	}
	return "eos_token"
}
