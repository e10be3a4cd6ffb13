package gemini

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// readUsage reads usageMetadata. Google counts what was thought beside the
// candidates, and what tools gave beside the prompt; what came from a cache is
// in the prompt. A count of 0 may be left out, so nothing is unknown where its
// fellow is known.
// Source: https://ai.google.dev/api/generate-content#UsageMetadata.
func readUsage(v llm.JSON) llm.Usage {
	u, d := llm.NoUsage(), llm.NoDetails()
	tools, some := int64(-1), false
	u.Extra.From = own
	walk(v, &u.Extra, func(name string, v llm.JSON) bool {
		switch name {
		case "promptTokenCount":
			return putCount(&u.Prompt, v)
		case "candidatesTokenCount":
			return putCount(&u.Completion, v)
		case "totalTokenCount":
			return putCount(&u.Total, v)
		case "toolUsePromptTokenCount":
			return putCount(&tools, v)
		case "thoughtsTokenCount":
			some = true
			return putCount(&d.Reasoning, v)
		case "cachedContentTokenCount":
			some = true
			return putCount(&d.CachedPrompt, v)
		case "serviceTier":
			return putText(&u.ServiceTier, v)
		case "promptTokensDetails":
			some = audio(&d.AudioPrompt, v) || some
		case "candidatesTokensDetails":
			some = audio(&d.AudioCompletion, v) || some
		}
		return false
	})
	u.Prompt = sum(u.Prompt, tools)
	u.Completion = sum(u.Completion, d.Reasoning)
	if some {
		u.Details = &d
	}
	setForm(&u.Extra, formOriginal, v)
	return u
}

func putCount(field *int64, v llm.JSON) bool {
	n, ok := wire.Int(v)
	if *field >= 0 || !ok || n < 0 {
		return false
	}
	*field = n
	return true
}

// sum adds counts of which one or both may be unknown.
func sum(a, b int64) int64 {
	if a < 0 {
		return b
	}
	return a + max(b, 0)
}

// audio finds the count of sound in details by modality, where AUDIO is 4.
// Source: https://ai.google.dev/api/generate-content#Modality.
func audio(field *int64, details llm.JSON) bool {
	items := wire.Items(details)
	found := false
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		modality := member(item, "modality")
		if !wire.Equal(modality, "AUDIO") && string(modality) != "4" {
			continue
		}
		if n, ok := wire.Int(member(item, "tokenCount")); ok && n >= 0 {
			*field, found = n, true
		}
	}
	return found
}

func sameUsage(a, b *llm.Usage) bool {
	if a.Prompt != b.Prompt || a.Completion != b.Completion || a.Total != b.Total || a.ServiceTier != b.ServiceTier {
		return false
	}
	return details(a) == details(b)
}

func details(u *llm.Usage) llm.UsageDetails {
	if u.Details == nil {
		return llm.NoDetails()
	}
	return *u.Details
}

func knownUsage(u *llm.Usage) bool {
	return u.Prompt >= 0 || u.Completion >= 0 || u.Total >= 0 || u.Extra.From == own
}

// writeUsage writes usageMetadata: as it was, or by what the model knows.
func writeUsage(o *node, u *llm.Usage) {
	if !knownUsage(u) {
		return
	}
	if was := form(&u.Extra, formOriginal); was != nil {
		if now := readUsage(was); sameUsage(&now, u) {
			o.member("usageMetadata", was)
			return
		}
	}
	d := details(u)
	in := o.inner("usageMetadata", &u.Extra)
	in.open()
	in.count("promptTokenCount", u.Prompt)
	if u.Completion >= 0 {
		in.count("candidatesTokenCount", max(u.Completion-max(d.Reasoning, 0), 0))
	}
	total := u.Total
	if total < 0 && u.Prompt >= 0 && u.Completion >= 0 {
		total = u.Prompt + u.Completion
	}
	in.count("totalTokenCount", total)
	in.count("thoughtsTokenCount", d.Reasoning)
	in.count("cachedContentTokenCount", d.CachedPrompt)
	if u.Extra.From == own {
		in.text("serviceTier", u.ServiceTier)
	}
	in.end()
}
