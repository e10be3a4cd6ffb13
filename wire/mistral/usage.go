package mistral

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// maxCount is beyond what any answer holds; sums of less cannot overflow.
const maxCount = 1 << 53

func tokens(dst *int64, v llm.JSON) {
	if n, ok := wire.Int(v); ok && n >= 0 && n < maxCount {
		*dst = n
	}
}

// readUsage reads a usage object, which is kept for this format.
func readUsage(v llm.JSON) llm.Usage {
	u, d := llm.NoUsage(), llm.NoDetails()
	wire.Mark(&u.Extra, own, "usage", v)
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "prompt_tokens":
			tokens(&u.Prompt, f.Value())
		case "completion_tokens":
			tokens(&u.Completion, f.Value())
		case "total_tokens":
			tokens(&u.Total, f.Value())
		case "num_cached_tokens":
			if d.CachedPrompt < 0 {
				tokens(&d.CachedPrompt, f.Value())
			}
		case "service_tier":
			u.ServiceTier = wire.Text(f.Value())
		case "prompt_tokens_details":
			tokens(&d.CachedPrompt, wire.Get(f.Value(), "cached_tokens"))
			tokens(&d.AudioPrompt, wire.Get(f.Value(), "audio_tokens"))
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

// told tells whether anything is known of a usage.
func told(u *llm.Usage) bool { return u.Prompt >= 0 || u.Completion >= 0 || u.Total >= 0 }

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
