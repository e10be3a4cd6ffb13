package wire

import (
	"errors"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
)

// ErrParts is an answer, or an event of one, that is in more pieces than any
// model makes.
var ErrParts = errors.New("the answer is in too many parts")

// maxValues bounds what one text is taken apart into: a part of three bytes
// takes a hundred times that in memory. maxBesides bounds, in brackets, what a
// text says besides, which is passed on as it is or written anew.
const (
	maxValues  = 1 << 15
	maxBesides = 1 << 19
)

// Bounded tells whether a provider's text, JSON or not, may be taken apart. It
// is asked before a decoder is: however large the text is, what a decoder makes
// of it has room in some tens of megabytes beside it. Texts of usual size cost
// nothing.
func Bounded(text []byte) error {
	if len(text) <= maxValues { // a value takes a byte at least
		return nil
	}
	if values, besides := jsonscan.Weigh(text, besides); values > maxValues || besides > maxBesides {
		return ErrParts
	}
	return nil
}

// Read reads an answer with status 200 into a, as p does, unless it is in too
// many parts.
func Read(p Provider, a *llm.Response, body []byte) error {
	if err := Bounded(body); err != nil {
		return err
	}
	if err := p.DecodeResponse(a, body); err != nil {
		return err
	}
	if len(a.Choices) > MaxChoices {
		return ErrParts
	}
	return nil
}

// besides names what no decoder looks into for parts: probabilities, tokens,
// and the arguments of calls, which may be of many values.
func besides(name []byte) bool {
	switch string(name) {
	case "logprobs", "logprobsResult", "prompt_logprobs", "tokens", "top_tokens", "prefill", "context", "token_ids", "prompt_token_ids",
		"arguments", "args", "input", "parameters":
		return true
	}
	return false
}
