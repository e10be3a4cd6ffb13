package bedrock

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Bedrock has had two spellings of what a cache did, and often sends both.
const (
	cacheRead       = "cacheReadInputTokens"
	cacheReadCount  = "cacheReadInputTokenCount"
	cacheWrite      = "cacheWriteInputTokens"
	cacheWriteCount = "cacheWriteInputTokenCount"
)

// readUsage reads a TokenUsage. Its inputTokens do not include what a cache gave
// or took; ours do.
func readUsage(v llm.JSON) llm.Usage {
	u := llm.NoUsage()
	d := llm.NoDetails()
	u.Extra.From = own
	f := wire.NewFields(v)
	for f.Next() {
		switch f.Name() {
		case "inputTokens":
			u.Prompt = tokens(f.Value())
		case "outputTokens":
			u.Completion = tokens(f.Value())
		case "totalTokens":
			u.Total = tokens(f.Value())
		case cacheRead, cacheReadCount:
			d.CachedPrompt = max(d.CachedPrompt, tokens(f.Value()))
			f.Keep(&u.Extra, own)
		case cacheWrite, cacheWriteCount:
			d.CacheWrite = max(d.CacheWrite, tokens(f.Value()))
			f.Keep(&u.Extra, own)
		case "cacheDetails":
			d.CacheWriteHour = hour(f.Value())
			f.Keep(&u.Extra, own)
		default:
			f.Keep(&u.Extra, own)
		}
	}
	if d != llm.NoDetails() {
		u.Details = &d
	}
	if u.Prompt >= 0 {
		u.Prompt += max(d.CachedPrompt, 0) + max(d.CacheWrite, 0)
	}
	if u.Total < 0 && u.Prompt >= 0 && u.Completion >= 0 {
		u.Total = u.Prompt + u.Completion
	}
	return u
}

// tokens is a count, -1 if it is none.
func tokens(v llm.JSON) int64 {
	if n, ok := wire.Count(v); ok {
		return n
	}
	return -1
}

// hour is how much is kept for an hour, of cacheDetails.
func hour(v llm.JSON) int64 {
	items := wire.Items(v)
	for d, ok := items.Next(); ok; d, ok = items.Next() {
		if wire.Equal(wire.Get(d, "ttl"), "1h") {
			return tokens(wire.Get(d, "inputTokens"))
		}
	}
	return -1
}

func writeUsage(w *wire.Writer, u *llm.Usage) {
	d := u.Details
	if d == nil {
		none := llm.NoDetails()
		d = &none
	}
	o := begin(w)
	o.name("inputTokens")
	w.Int(max(u.Prompt-max(d.CachedPrompt, 0)-max(d.CacheWrite, 0), 0))
	o.name("outputTokens")
	w.Int(max(u.Completion, 0))
	o.name("totalTokens")
	w.Int(total(u))
	o.rest(&u.Extra)
	if u.Extra.From != own {
		writeCache(&o, d)
	}
	o.end()
}

func total(u *llm.Usage) int64 {
	if u.Total >= 0 {
		return u.Total
	}
	return max(u.Prompt, 0) + max(u.Completion, 0)
}

// writeCache writes what another format told of a cache.
func writeCache(o *object, d *llm.UsageDetails) {
	for _, c := range []struct {
		name string
		n    int64
	}{{cacheRead, d.CachedPrompt}, {cacheWrite, d.CacheWrite}} {
		if c.n >= 0 {
			o.name(c.name)
			o.w.Int(c.n)
		}
	}
	if d.CacheWriteHour <= 0 {
		return
	}
	o.name("cacheDetails")
	o.w.Array()
	cacheDetail(o.w, "1h", d.CacheWriteHour)
	if rest := d.CacheWrite - d.CacheWriteHour; rest > 0 {
		cacheDetail(o.w, "5m", rest)
	}
	o.w.EndArray()
}

func cacheDetail(w *wire.Writer, ttl string, n int64) {
	w.Object()
	w.StringMember("ttl", ttl)
	w.IntMember("inputTokens", n)
	w.EndObject()
}
