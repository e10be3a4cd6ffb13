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
			known = count(&u.Prompt, v)
		case "completion_tokens":
			known = count(&u.Completion, v)
		case "total_tokens":
			known = count(&u.Total, v)
		case "prompt_tokens_details", "completion_tokens_details":
			details(&u, v)
		}
		if !known {
			f.Keep(&u.Extra, own)
		}
	}
	return u
}

func count(into *int64, v llm.JSON) bool {
	n, ok := wire.Int(v)
	if !ok || n < 0 {
		return false
	}
	*into = n
	return true
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
	count(&d.CachedPrompt, wire.Get(raw, "cached_tokens"))
	count(&d.Reasoning, wire.Get(raw, "reasoning_tokens"))
	count(&d.AcceptedPrediction, wire.Get(raw, "accepted_prediction_tokens"))
	count(&d.RejectedPrediction, wire.Get(raw, "rejected_prediction_tokens"))
}

func known(u *llm.Usage) bool { return u.Prompt >= 0 || u.Completion >= 0 || u.Total >= 0 }

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
		writeDetails(&n, "prompt_tokens_details", detail{"cached_tokens", d.CachedPrompt})
		writeDetails(&n, "completion_tokens_details",
			detail{"reasoning_tokens", d.Reasoning},
			detail{"accepted_prediction_tokens", d.AcceptedPrediction},
			detail{"rejected_prediction_tokens", d.RejectedPrediction})
	}
	n.End()
}

type detail struct {
	name  string
	count int64
}

// writeDetails writes an object of numbers, unless all are unknown.
func writeDetails(n *wire.Node, name string, list ...detail) {
	some := false
	for _, d := range list {
		some = some || d.count >= 0
	}
	if !some {
		return
	}
	n.Name(name)
	o := wire.Begin(n.W, &llm.Extra{}, own)
	for _, d := range list {
		o.Count(d.name, d.count)
	}
	o.End()
}
