package openairesponses

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// decodeUsage reads the member usage of a response.
func decodeUsage(v llm.JSON) llm.Usage {
	u := llm.NoUsage()
	u.Extra.From = own
	d := llm.NoDetails()
	for f := wire.NewFields(v); f.Next(); {
		n, ok := tokens(f.Value())
		switch {
		case ok && f.Name() == "input_tokens":
			u.Prompt = n
		case ok && f.Name() == "output_tokens":
			u.Completion = n
		case ok && f.Name() == "total_tokens":
			u.Total = n
		case f.Name() == "input_tokens_details":
			if details(f.Value(), "cached_tokens", &d.CachedPrompt, "cache_write_tokens", &d.CacheWrite) {
				f.Keep(&u.Extra, own)
			}
			u.Details = &d
		case f.Name() == "output_tokens_details":
			if details(f.Value(), "reasoning_tokens", &d.Reasoning, "audio_tokens", &d.AudioCompletion) {
				f.Keep(&u.Extra, own)
			}
			u.Details = &d
		default:
			f.Keep(&u.Extra, own)
		}
	}
	return u
}

func tokens(v llm.JSON) (n int64, ok bool) {
	n, ok = wire.Int(v)
	return n, ok && n >= 0
}

// details reads two counts and reports whether there is more, or nothing.
func details(v llm.JSON, a string, toA *int64, b string, toB *int64) (more bool) {
	some := false
	for f := wire.NewFields(v); f.Next(); {
		n, ok := tokens(f.Value())
		switch {
		case ok && f.Name() == a:
			*toA, some = n, true
		case ok && f.Name() == b:
			*toB, some = n, true
		default:
			more = true
		}
	}
	return more || !some
}

// writeUsage writes the counts. Clients of the API need all of them, and so
// those that another format does not tell are 0.
func writeUsage(w *wire.Writer, u *llm.Usage) {
	d := llm.NoDetails()
	if u.Details != nil {
		d = *u.Details
	}
	native := u.Extra.From == own
	w.Object()
	count(w, "input_tokens", u.Prompt, native)
	writeDetails(w, u, "input_tokens_details", []detail{{"cached_tokens", d.CachedPrompt}, {"cache_write_tokens", d.CacheWrite}})
	count(w, "output_tokens", u.Completion, native)
	writeDetails(w, u, "output_tokens_details", []detail{{"reasoning_tokens", d.Reasoning}, {"audio_tokens", d.AudioCompletion}})
	total := u.Total
	if total < 0 && !native {
		total = max(u.Prompt, 0) + max(u.Completion, 0)
	}
	count(w, "total_tokens", total, native)
	extraBut(w, &u.Extra, "input_tokens_details", "output_tokens_details")
	w.EndObject()
}

func count(w *wire.Writer, name string, n int64, native bool) {
	if n >= 0 || !native {
		w.IntMember(name, max(n, 0))
	}
}

type detail struct {
	name string
	n    int64
}

func writeDetails(w *wire.Writer, u *llm.Usage, name string, list []detail) {
	native, kept := u.Extra.From == own, u.Extra.Get(own, name)
	some := kept != nil || !native
	for _, d := range list {
		some = some || d.n >= 0
	}
	if !some {
		return
	}
	if kept != nil && !wire.IsObject(kept) {
		w.Member(name, kept)
		return
	}
	w.Name(name)
	w.Object()
	written := make([]string, 0, len(list))
	for i, d := range list {
		if d.n >= 0 || i == 0 && !native {
			w.IntMember(d.name, max(d.n, 0))
			written = append(written, d.name)
		}
	}
	rest(w, kept, written...)
	w.EndObject()
}

// isKnown tells whether anything is known of the usage.
func isKnown(u *llm.Usage) bool {
	return u.Prompt >= 0 || u.Completion >= 0 || u.Total >= 0 || u.Details != nil || u.Extra.From == own
}
