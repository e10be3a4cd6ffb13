package flow

import "github.com/sluice-gateway/sluice/llm"

// AI is what is known of an exchange with a model: the one per-request AI
// context that the proxy fills and logs, metrics and other AI plugins read.
type AI struct {
	PluginID      string
	Plugin        string // section name in the log: "proxy"
	Provider      string
	RouteType     string
	RequestModel  string
	ResponseModel string
	Streaming     bool
	// Usage is complete once the stream has ended.
	Usage llm.Usage
	// LatencyMS is the end-to-end time of the model, in milliseconds.
	LatencyMS int64
	// FirstTokenMS is the time to the first event of a stream; -1 unknown.
	FirstTokenMS int64
	// Cost in the currency of the configured prices.
	Cost float64
	// LogStatistics and LogPayloads: what may be written to logs.
	LogStatistics bool
	LogPayloads   bool
	// RequestBody and ResponseBody are kept only with LogPayloads.
	RequestBody  []byte
	ResponseBody []byte
	// Meta are further members of the log's meta object, in order.
	Meta []LogField
	// Cache is the section of the semantic cache; empty without one.
	Cache AICache
	// Schema is what was found of the answer, where the caller's schemas were
	// not sent as they were.
	Schema AISchema
	// Error is why a stream that began with 200 failed.
	Error string
}

// AISchema names the schemas of a question that its answer does not keep to,
// each with the place; and those that it could not be held against.
type AISchema struct {
	Violates  []string
	Unchecked []string
}

// AICache is what the semantic cache tells logs and metrics.
type AICache struct {
	Status             string
	VectorDB           string
	EmbeddingsProvider string
	EmbeddingsModel    string
}
