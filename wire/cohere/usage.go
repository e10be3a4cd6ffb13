package cohere

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// usage reads the usage of a second version's answer, or the meta of a first
// one's. There are two counts: what is billed, and what the model saw, which
// has the API's own instructions in it. What is billed is the usage; all of it
// is kept for callers of the same format.
func usage(v llm.JSON, own llm.Format) llm.Usage {
	u := llm.NoUsage()
	u.Extra.From = own
	f := wire.NewFields(v)
	for f.Next() {
		f.Keep(&u.Extra, own)
	}
	billed, tokens := wire.Get(v, "billed_units"), wire.Get(v, "tokens")
	d := llm.NoDetails()
	if u.Prompt = count(billed, "input_tokens"); u.Prompt < 0 {
		u.Prompt = count(tokens, "input_tokens")
		d.CachedPrompt = count(v, "cached_tokens") // is a part of this count, not of what is billed
	}
	if u.Completion = count(billed, "output_tokens"); u.Completion < 0 {
		u.Completion = count(tokens, "output_tokens")
	}
	if n := count(tokens, "reasoning_tokens"); n <= u.Completion {
		d.Reasoning = n
	}
	sum(&u)
	if d != llm.NoDetails() {
		u.Details = &d
	}
	return u
}

func count(object llm.JSON, name string) int64 {
	if n, ok := wire.Int(wire.Get(object, name)); ok && n >= 0 {
		return n
	}
	return -1
}

func sum(u *llm.Usage) {
	if u.Prompt >= 0 && u.Completion >= 0 {
		u.Total = u.Prompt + u.Completion
	}
}

// tokenCount reads token_count, in which early answers tell their usage.
func tokenCount(v llm.JSON) llm.Usage {
	u := llm.NoUsage()
	u.Prompt, u.Completion = count(v, "prompt_tokens"), count(v, "response_tokens")
	sum(&u)
	return u
}

func known(u *llm.Usage) bool { return u.Prompt >= 0 || u.Completion >= 0 }

// usageMembers writes the members of usage or meta.
func (n *node) usageMembers(u *llm.Usage) {
	if u.Extra.From == n.Own && len(u.Extra.Members) > 0 || !known(u) {
		return
	}
	counts(n, "billed_units", u, -1)
	d := llm.NoDetails()
	if u.Details != nil {
		d = *u.Details
	}
	counts(n, "tokens", u, d.Reasoning)
	if d.CachedPrompt >= 0 {
		n.Name("cached_tokens")
		n.W.Int(d.CachedPrompt)
	}
}

func counts(n *node, name string, u *llm.Usage, reasoning int64) {
	n.Name(name)
	n.W.Object()
	if u.Prompt >= 0 {
		n.W.IntMember("input_tokens", u.Prompt)
	}
	if u.Completion >= 0 {
		n.W.IntMember("output_tokens", u.Completion)
	}
	if reasoning >= 0 {
		n.W.IntMember("reasoning_tokens", reasoning)
	}
	n.W.EndObject()
}
