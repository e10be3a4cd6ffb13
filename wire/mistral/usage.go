package mistral

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// readUsage reads a usage object, which is kept for this format.
func readUsage(v llm.JSON) llm.Usage {
	u, d := llm.NoUsage(), llm.NoDetails()
	wire.Mark(&u.Extra, own, "usage", v)
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "prompt_tokens":
			wire.TakeCount(&u.Prompt, f.Value())
		case "completion_tokens":
			wire.TakeCount(&u.Completion, f.Value())
		case "total_tokens":
			wire.TakeCount(&u.Total, f.Value())
		case "num_cached_tokens":
			if d.CachedPrompt < 0 {
				wire.TakeCount(&d.CachedPrompt, f.Value())
			}
		case "service_tier":
			u.ServiceTier = wire.Text(f.Value())
		case "prompt_tokens_details":
			wire.TakeCount(&d.CachedPrompt, wire.Get(f.Value(), "cached_tokens"))
			wire.TakeCount(&d.AudioPrompt, wire.Get(f.Value(), "audio_tokens"))
		}
	}
	// The service counts sound beside the prompt.
	if d.AudioPrompt > 0 && u.Prompt >= 0 && u.Completion >= 0 && u.Total == u.Prompt+u.Completion+d.AudioPrompt {
		u.Prompt += d.AudioPrompt
	}
	if d != llm.NoDetails() {
		u.Details = &d
	}
	return u
}

func writeUsage(w *wire.Writer, u *llm.Usage) {
	w.Name("usage")
	if raw, ok := wire.Marked(&u.Extra, own, "usage"); ok {
		w.Raw(raw)
		return
	}
	prompt, completion, total := max(u.Prompt, 0), max(u.Completion, 0), u.Total
	if total < 0 {
		total = prompt + completion
	}
	w.Object()
	w.IntMember("prompt_tokens", prompt)
	w.IntMember("completion_tokens", completion)
	w.IntMember("total_tokens", total)
	if d := u.Details; d != nil && (d.CachedPrompt >= 0 || d.AudioPrompt >= 0) {
		w.Name("prompt_tokens_details")
		w.Object()
		w.IntMember("cached_tokens", max(d.CachedPrompt, 0))
		if d.AudioPrompt > 0 {
			w.IntMember("audio_tokens", d.AudioPrompt)
		}
		w.EndObject()
	}
	w.EndObject()
}
