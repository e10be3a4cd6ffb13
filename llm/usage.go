// Package llm holds the canonical model of a conversation with a language
// model: the vocabulary that formats translate to and from. So far it holds
// usage; requests, parts and events come with the second format.
//
// It depends on nothing and does nothing.
package llm

// Usage is what an answer cost in tokens. A negative number is unknown.
type Usage struct {
	Prompt     int64
	Completion int64
	Total      int64
	// Details as reported by the provider; nil when it said nothing.
	Details *UsageDetails
	// Estimated tells that the provider gave no count and ours stands in.
	Estimated bool
	// ServiceTier as reported by the provider.
	ServiceTier string
}

// UsageDetails break a count down. Negative numbers are unknown.
type UsageDetails struct {
	CachedPrompt       int64
	CacheWrite         int64
	AudioPrompt        int64
	Reasoning          int64
	AudioCompletion    int64
	AcceptedPrediction int64
	RejectedPrediction int64
}

// NoUsage is a usage of which nothing is known.
func NoUsage() Usage { return Usage{Prompt: -1, Completion: -1, Total: -1} }

// NoDetails are details of which nothing is known.
func NoDetails() UsageDetails {
	return UsageDetails{
		CachedPrompt: -1, CacheWrite: -1, AudioPrompt: -1, Reasoning: -1,
		AudioCompletion: -1, AcceptedPrediction: -1, RejectedPrediction: -1,
	}
}
