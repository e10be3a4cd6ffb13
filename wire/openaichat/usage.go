package openaichat

import (
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func appendInt(n int64) []byte { return strconv.AppendInt(nil, n, 10) }

// maxCount is beyond what any answer holds; sums of less cannot overflow.
const maxCount = 1 << 53

func count(dst *int64, v llm.JSON) {
	if n, ok := wire.Int(v); ok && n >= 0 && n < maxCount {
		*dst = n
	}
}

// readUsage reads a usage object; the object itself is kept for this format.
func readUsage(u *llm.Usage, v llm.JSON) {
	*u = llm.NoUsage()
	u.Extra.From = own
	wire.Mark(&u.Extra, own, "usage", v)
	d := llm.NoDetails()
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "prompt_tokens":
			count(&u.Prompt, f.Value())
		case "completion_tokens":
			count(&u.Completion, f.Value())
		case "total_tokens":
			count(&u.Total, f.Value())
		case "prompt_tokens_details":
			readPromptDetails(&d, f.Value())
		case "completion_tokens_details":
			readCompletionDetails(&d, f.Value())
		case "prompt_cache_hit_tokens":
			if d.CachedPrompt < 0 {
				count(&d.CachedPrompt, f.Value())
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
			count(&d.CachedPrompt, f.Value())
		case "audio_tokens":
			count(&d.AudioPrompt, f.Value())
		case "cache_write_tokens":
			count(&d.CacheWrite, f.Value())
		}
	}
}

func readCompletionDetails(d *llm.UsageDetails, v llm.JSON) {
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "reasoning_tokens":
			count(&d.Reasoning, f.Value())
		case "audio_tokens":
			count(&d.AudioCompletion, f.Value())
		case "accepted_prediction_tokens":
			count(&d.AcceptedPrediction, f.Value())
		case "rejected_prediction_tokens":
			count(&d.RejectedPrediction, f.Value())
		}
	}
}

// told tells whether anything was said of usage.
func told(u *llm.Usage) bool { return u.Prompt >= 0 || u.Completion >= 0 || u.Total >= 0 }

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
		writeDetails(w, "prompt_tokens_details",
			detail{"cached_tokens", d.CachedPrompt}, detail{"cache_write_tokens", d.CacheWrite}, detail{"audio_tokens", d.AudioPrompt})
		writeDetails(w, "completion_tokens_details",
			detail{"reasoning_tokens", d.Reasoning}, detail{"audio_tokens", d.AudioCompletion},
			detail{"accepted_prediction_tokens", d.AcceptedPrediction}, detail{"rejected_prediction_tokens", d.RejectedPrediction})
	}
	w.EndObject()
}

type detail struct {
	name  string
	count int64
}

func writeDetails(w *wire.Writer, name string, list ...detail) {
	open := false
	for _, d := range list {
		if d.count < 0 {
			continue
		}
		if !open {
			w.Name(name)
			w.Object()
			open = true
		}
		w.IntMember(d.name, d.count)
	}
	if open {
		w.EndObject()
	}
}
