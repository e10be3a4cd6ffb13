package cohere

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// sampling reads a member on how the answer is drawn; false if it is none.
func sampling(s *llm.Sampling, name string, v llm.JSON) bool {
	if name == "stop_sequences" {
		return stops(s, v)
	}
	slot := number(s, name)
	if slot == nil || !wire.IsNumber(v) {
		return false
	}
	*slot = v
	return true
}

func number(s *llm.Sampling, name string) *llm.JSON {
	switch name {
	case "max_tokens":
		return &s.MaxTokens
	case "temperature":
		return &s.Temperature
	case "seed":
		return &s.Seed
	case "frequency_penalty":
		return &s.FrequencyPenalty
	case "presence_penalty":
		return &s.PresencePenalty
	case "k":
		return &s.TopK
	case "p":
		return &s.TopP
	}
	return nil
}

func stops(s *llm.Sampling, v llm.JSON) bool {
	list, ok := wire.Stops(v)
	s.Stop = list
	return ok
}

// sampling writes what all three operations call the same.
func (n *node) sampling(s *llm.Sampling) {
	n.Member("max_tokens", s.MaxTokens)
	n.Member("temperature", s.Temperature)
	n.Member("seed", s.Seed)
	n.Member("frequency_penalty", s.FrequencyPenalty)
	n.Member("presence_penalty", s.PresencePenalty)
	n.Member("k", s.TopK)
	n.Member("p", s.TopP)
	if len(s.Stop) == 0 {
		return
	}
	n.Name("stop_sequences")
	n.W.Array()
	for _, stop := range s.Stop {
		n.W.Raw(stop)
	}
	n.W.EndArray()
}

// dropped notes what no operation of the API knows.
func dropped(r *llm.Request, n *wire.Notes) {
	s := &r.Sampling
	n.Lose("sampling.min_p", s.MinP)
	n.Lose("sampling.repeat_penalty", s.RepeatPenalty)
	n.Lose("sampling.logit_bias", s.LogitBias)
	n.Lose("sampling.top_logprobs", s.TopLogprobs)
	n.Lose("user", r.User)
	n.Lose("service_tier", r.ServiceTier)
	n.Lose("metadata", r.Metadata)
	n.Lose("suffix", r.Suffix)
	n.LoseText("output.verbosity", r.Output.Verbosity)
}

func drop(n *wire.Notes, field string, when bool) {
	if when {
		n.Drop(field)
	}
}
