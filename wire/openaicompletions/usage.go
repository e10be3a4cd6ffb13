package openaicompletions

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// decodeUsage reads usage. What it breaks down is kept besides as it was.
func decodeUsage(raw llm.JSON) llm.Usage {
	u := llm.NoUsage()
	u.Extra.From = own
	f := wire.NewFields(raw)
	for f.Next() {
		v := f.Value()
		known := false
		switch f.Name() {
		case "prompt_tokens":
			u.Prompt, known = counted(v)
		case "completion_tokens":
			u.Completion, known = counted(v)
		case "total_tokens":
			u.Total, known = counted(v)
		case "prompt_tokens_details", "completion_tokens_details":
			details(&u, v)
		}
		if !known {
			f.Keep(&u.Extra, own)
		}
	}
	return u
}

// counted is a count, -1 if v is none.
func counted(v llm.JSON) (n int64, ok bool) {
	if n, ok = wire.Count(v); !ok {
		n = -1
	}
	return n, ok
}

func details(u *llm.Usage, raw llm.JSON) {
	if !wire.IsObject(raw) {
		return
	}
	if u.Details == nil {
		d := llm.NoDetails()
		u.Details = &d
	}
	d := u.Details
	wire.TakeCount(&d.CachedPrompt, wire.Get(raw, "cached_tokens"))
	wire.TakeCount(&d.Reasoning, wire.Get(raw, "reasoning_tokens"))
	wire.TakeCount(&d.AcceptedPrediction, wire.Get(raw, "accepted_prediction_tokens"))
	wire.TakeCount(&d.RejectedPrediction, wire.Get(raw, "rejected_prediction_tokens"))
}

func writeUsage(w *wire.Writer, u *llm.Usage) {
	n := wire.Begin(w, &u.Extra, own)
	total := u.Total
	if total < 0 && u.Extra.From != own && u.Prompt >= 0 && u.Completion >= 0 {
		total = u.Prompt + u.Completion
	}
	n.Count("prompt_tokens", u.Prompt)
	n.Count("completion_tokens", u.Completion)
	n.Count("total_tokens", total)
	if d := u.Details; d != nil && u.Extra.From != own {
		w.Counts("prompt_tokens_details", wire.Counted{Name: "cached_tokens", N: d.CachedPrompt})
		w.Counts("completion_tokens_details",
			wire.Counted{Name: "reasoning_tokens", N: d.Reasoning},
			wire.Counted{Name: "accepted_prediction_tokens", N: d.AcceptedPrediction},
			wire.Counted{Name: "rejected_prediction_tokens", N: d.RejectedPrediction})
	}
	n.End()
}
