package openaichat

import (
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func appendInt(n int64) []byte { return strconv.AppendInt(nil, n, 10) }

// readUsage reads a usage object; the object itself is kept for this format.
func readUsage(u *llm.Usage, v llm.JSON) {
	*u = llm.NoUsage()
	u.Extra.From = own
	wire.Mark(&u.Extra, own, "usage", v)
	d := llm.NoDetails()
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "prompt_tokens":
			wire.TakeCount(&u.Prompt, f.Value())
		case "completion_tokens":
			wire.TakeCount(&u.Completion, f.Value())
		case "total_tokens":
			wire.TakeCount(&u.Total, f.Value())
		case "prompt_tokens_details":
			readPromptDetails(&d, f.Value())
		case "completion_tokens_details":
			readCompletionDetails(&d, f.Value())
		case "prompt_cache_hit_tokens":
			if d.CachedPrompt < 0 {
				wire.TakeCount(&d.CachedPrompt, f.Value())
			}
		}
	}
	// xAI counts thinking beside the completion.
	if d.Reasoning > 0 && u.Prompt >= 0 && u.Completion >= 0 && u.Total == u.Prompt+u.Completion+d.Reasoning {
		u.Completion += d.Reasoning
	}
	bound(&d.CachedPrompt, u.Prompt)
	bound(&d.Reasoning, u.Completion)
	if d != llm.NoDetails() {
		u.Details = &d
	}
}

// bound keeps a part from being more than the whole, as it is where a router
// puts the counts of several services together.
func bound(part *int64, whole int64) {
	if whole >= 0 && *part > whole {
		*part = whole
	}
}

func readPromptDetails(d *llm.UsageDetails, v llm.JSON) {
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "cached_tokens":
			wire.TakeCount(&d.CachedPrompt, f.Value())
		case "audio_tokens":
			wire.TakeCount(&d.AudioPrompt, f.Value())
		case "cache_write_tokens":
			wire.TakeCount(&d.CacheWrite, f.Value())
		}
	}
}

func readCompletionDetails(d *llm.UsageDetails, v llm.JSON) {
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "reasoning_tokens":
			wire.TakeCount(&d.Reasoning, f.Value())
		case "audio_tokens":
			wire.TakeCount(&d.AudioCompletion, f.Value())
		case "accepted_prediction_tokens":
			wire.TakeCount(&d.AcceptedPrediction, f.Value())
		case "rejected_prediction_tokens":
			wire.TakeCount(&d.RejectedPrediction, f.Value())
		}
	}
}

func writeUsage(w *wire.Writer, u *llm.Usage) {
	if raw, ok := wire.Marked(&u.Extra, own, "usage"); ok {
		w.Raw(raw)
		return
	}
	prompt, completion := max(u.Prompt, 0), max(u.Completion, 0)
	total := u.Total
	if total < 0 {
		total = prompt + completion
	}
	w.Object()
	w.IntMember("prompt_tokens", prompt)
	w.IntMember("completion_tokens", completion)
	w.IntMember("total_tokens", total)
	if d := u.Details; d != nil {
		w.Counts("prompt_tokens_details",
			wire.Counted{Name: "cached_tokens", N: d.CachedPrompt}, wire.Counted{Name: "cache_write_tokens", N: d.CacheWrite}, wire.Counted{Name: "audio_tokens", N: d.AudioPrompt})
		w.Counts("completion_tokens_details",
			wire.Counted{Name: "reasoning_tokens", N: d.Reasoning}, wire.Counted{Name: "audio_tokens", N: d.AudioCompletion},
			wire.Counted{Name: "accepted_prediction_tokens", N: d.AcceptedPrediction}, wire.Counted{Name: "rejected_prediction_tokens", N: d.RejectedPrediction})
	}
	w.EndObject()
}
