package logentry

import (
	"strings"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
)

// unspecified stands where provider or model never became known.
const unspecified = "UNSPECIFIED"

// appendAI writes the section of the exchange with a model.
func appendAI(dst []byte, ai *flow.AI) []byte {
	hit := strings.EqualFold(ai.Cache.Status, "hit")
	dst = quote(append(dst, '{'), known(ai.Plugin, "proxy"))
	dst = appendMeta(append(dst, `:{"meta":`...), ai, hit)
	dst = appendUsage(append(dst, `,"usage":`...), ai, hit)
	if ai.LogPayloads {
		dst = appendPayload(dst, ai)
	}
	if ai.Cache.Status != "" {
		dst = appendCache(append(dst, `,"cache":`...), &ai.Cache)
	}
	if ai.Schema.Violates != nil || ai.Schema.Unchecked != nil {
		dst = appendSchema(append(dst, `,"schema":`...), &ai.Schema)
	}
	return append(dst, '}', '}')
}

// appendSchema writes what was found of an answer.
func appendSchema(dst []byte, s *flow.AISchema) []byte {
	dst = append(dst, '{')
	if s.Violates != nil {
		dst = texts(append(dst, `"violates":`...), s.Violates)
	}
	if s.Unchecked != nil {
		dst = texts(comma(dst, `"unchecked":`), s.Unchecked)
	}
	return append(dst, '}')
}

func texts(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = quote(dst, s)
	}
	return append(dst, ']')
}

func known(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}

func appendMeta(dst []byte, ai *flow.AI, hit bool) []byte {
	model := known(ai.RequestModel, unspecified)
	dst = member(dst, `{"plugin_id":`, ai.PluginID)
	dst = member(dst, `,"provider_name":`, known(ai.Provider, unspecified))
	dst = member(dst, `,"request_model":`, model)
	dst = member(dst, `,"response_model":`, known(ai.ResponseModel, model))
	if !hit && ai.LatencyMS >= 0 {
		dst = number(dst, `,"llm_latency":`, ai.LatencyMS)
	}
	for i := range ai.Meta {
		dst = quote(append(dst, ','), ai.Meta[i].Path)
		dst = appendAny(append(dst, ':'), ai.Meta[i].Value)
	}
	return append(dst, '}')
}

func appendUsage(dst []byte, ai *flow.AI, hit bool) []byte {
	u := &ai.Usage
	dst = append(dst, '{')
	dst = count(dst, "prompt_tokens", u.Prompt)
	dst = count(dst, "completion_tokens", u.Completion)
	dst = count(dst, "total_tokens", u.Total)
	if u.SearchUnits > 0 {
		dst = count(dst, "search_units", u.SearchUnits)
	}
	if !hit && ai.LatencyMS >= 0 && u.Completion >= 0 {
		perToken := 0.0
		if u.Completion > 0 {
			perToken = float64(ai.LatencyMS) / float64(u.Completion)
		}
		dst = appendFloat(comma(dst, `"time_per_token":`), perToken)
	}
	if ai.Streaming && !hit {
		dst = count(dst, "time_to_first_token", ai.FirstTokenMS)
	}
	dst = appendFloat(comma(dst, `"cost":`), ai.Cost)
	if u.Details != nil {
		dst = appendDetails(dst, u.Details)
	}
	if u.Estimated {
		dst = append(dst, `,"estimated":true`...)
	}
	return append(dst, '}')
}

func appendDetails(dst []byte, d *llm.UsageDetails) []byte {
	if d.CachedPrompt >= 0 || d.AudioPrompt >= 0 {
		dst = append(dst, `,"prompt_tokens_details":{`...)
		dst = count(dst, "cached_tokens", d.CachedPrompt)
		dst = append(count(dst, "audio_tokens", d.AudioPrompt), '}')
	}
	if d.Reasoning >= 0 || d.AudioCompletion >= 0 || d.AcceptedPrediction >= 0 || d.RejectedPrediction >= 0 {
		dst = append(dst, `,"completion_tokens_details":{`...)
		dst = count(dst, "reasoning_tokens", d.Reasoning)
		dst = count(dst, "audio_tokens", d.AudioCompletion)
		dst = count(dst, "accepted_prediction_tokens", d.AcceptedPrediction)
		dst = append(count(dst, "rejected_prediction_tokens", d.RejectedPrediction), '}')
	}
	return dst
}

func appendPayload(dst []byte, ai *flow.AI) []byte {
	if ai.RequestBody == nil && ai.ResponseBody == nil {
		return dst
	}
	dst = append(dst, `,"payload":{`...)
	if ai.RequestBody != nil {
		dst = jsonscan.AppendQuote(append(dst, `"request":`...), ai.RequestBody)
	}
	if ai.ResponseBody != nil {
		dst = jsonscan.AppendQuote(comma(dst, `"response":`), ai.ResponseBody)
	}
	return append(dst, '}')
}

func appendCache(dst []byte, c *flow.AICache) []byte {
	dst = member(dst, `{"cache_status":`, c.Status)
	if c.VectorDB != "" {
		dst = member(dst, `,"vector_db":`, c.VectorDB)
	}
	if c.EmbeddingsProvider != "" {
		dst = member(dst, `,"embeddings_provider":`, c.EmbeddingsProvider)
	}
	if c.EmbeddingsModel != "" {
		dst = member(dst, `,"embeddings_model":`, c.EmbeddingsModel)
	}
	return append(dst, '}')
}

// count writes a number that is known, that is, not negative.
func count(dst []byte, name string, n int64) []byte {
	if n < 0 {
		return dst
	}
	dst = append(comma(dst, `"`), name...)
	return number(dst, `":`, n)
}
