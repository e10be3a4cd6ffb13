package llm

// Usage is what an answer cost in tokens. A negative number is unknown. Prompt
// includes what was read from and written to a cache, Completion what was
// spent on thinking.
type Usage struct {
	Prompt     int64
	Completion int64
	Total      int64
	// Details as reported by the provider; nil when it said nothing.
	Details *UsageDetails
	// Estimated tells that the provider gave no count and ours stands in.
	Estimated bool
	// SearchUnits are the searches that were billed, where these are what one
	// pays for; 0 is none.
	SearchUnits int64
	// ServiceTier as reported by the provider.
	ServiceTier string
	// Extra of the object that it was told in.
	Extra Extra
}

// UsageDetails break a count down. Negative numbers are unknown.
type UsageDetails struct {
	CachedPrompt int64
	CacheWrite   int64
	// CacheWriteHour is the part of CacheWrite that is kept for an hour.
	CacheWriteHour     int64
	AudioPrompt        int64
	Reasoning          int64
	AudioCompletion    int64
	AcceptedPrediction int64
	RejectedPrediction int64
}

// Known tells whether any count is known.
func (u *Usage) Known() bool { return u.Prompt >= 0 || u.Completion >= 0 || u.Total >= 0 }

// NoUsage is a usage of which nothing is known.
func NoUsage() Usage { return Usage{Prompt: -1, Completion: -1, Total: -1} }

// NoDetails are details of which nothing is known.
func NoDetails() UsageDetails {
	return UsageDetails{
		CachedPrompt: -1, CacheWrite: -1, CacheWriteHour: -1, AudioPrompt: -1, Reasoning: -1,
		AudioCompletion: -1, AcceptedPrediction: -1, RejectedPrediction: -1,
	}
}
