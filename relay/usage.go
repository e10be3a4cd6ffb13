package relay

import (
	"bytes"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
)

var usageKey = []byte(`"usage"`)

// usageKeys are the spellings of chat, completions and embeddings, then those
// of responses.
var usageKeys = jsonscan.NewKeys(
	"prompt_tokens", "completion_tokens", "total_tokens",
	"prompt_tokens_details", "completion_tokens_details",
	"input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details",
	"prompt_cache_hit_tokens",
)

// readUsage takes counts from a usage object; null, or anything that is not
// an object, says nothing. What is absent stays as it was. Details, when there
// are any, go to room.
func readUsage(u *llm.Usage, room *llm.UsageDetails, raw []byte) {
	if jsonscan.KindOf(raw) != jsonscan.Object {
		return
	}
	var s [10]jsonscan.Span
	if usageKeys.Nested(raw, s[:]) != nil {
		return
	}
	count(&u.Prompt, s[0].Of(raw), s[5].Of(raw))
	count(&u.Completion, s[1].Of(raw), s[6].Of(raw))
	count(&u.Total, s[2].Of(raw))
	readDetails(u, room, s[3].Of(raw), s[4].Of(raw))
	readDetails(u, room, s[7].Of(raw), s[8].Of(raw))
	if hit := s[9].Of(raw); len(hit) > 0 && (u.Details == nil || u.Details.CachedPrompt < 0) {
		count(&details(u, room).CachedPrompt, hit)
	}
}

// maxCount is beyond what any answer holds; sums of less cannot overflow.
const maxCount = 1 << 53

// count takes the first number that can be a count.
func count(dst *int64, raws ...[]byte) {
	for _, raw := range raws {
		if n, ok := jsonscan.Int(raw); ok && n >= 0 && n < maxCount {
			*dst = n
			return
		}
	}
}

func details(u *llm.Usage, room *llm.UsageDetails) *llm.UsageDetails {
	if u.Details == nil {
		*room = llm.NoDetails()
		u.Details = room
	}
	return u.Details
}

var detailKeys = jsonscan.NewKeys(
	"cached_tokens", "audio_tokens", "reasoning_tokens",
	"accepted_prediction_tokens", "rejected_prediction_tokens", "cache_write_tokens",
)

func readDetails(u *llm.Usage, room *llm.UsageDetails, prompt, completion []byte) {
	var s [6]jsonscan.Span
	if jsonscan.KindOf(prompt) == jsonscan.Object && detailKeys.Nested(prompt, s[:]) == nil {
		d := details(u, room)
		count(&d.CachedPrompt, s[0].Of(prompt))
		count(&d.AudioPrompt, s[1].Of(prompt))
		count(&d.CacheWrite, s[5].Of(prompt))
	}
	if jsonscan.KindOf(completion) == jsonscan.Object && detailKeys.Nested(completion, s[:]) == nil {
		d := details(u, room)
		count(&d.AudioCompletion, s[1].Of(completion))
		count(&d.Reasoning, s[2].Of(completion))
		count(&d.AcceptedPrediction, s[3].Of(completion))
		count(&d.RejectedPrediction, s[4].Of(completion))
	}
}

// finish completes usage and cost when the answer has ended: what the
// provider did not count is estimated, once, and marked.
func (c *call) finish() {
	if c.ai.ResponseModel == "" {
		c.ai.ResponseModel = c.ai.RequestModel
	}
	if c.rank != nil {
		c.finishRank()
		return
	}
	u := &c.ai.Usage
	if c.bare {
		// A stored answer that is fetched was counted when it was made.
		*u = llm.Usage{ServiceTier: u.ServiceTier}
	}
	if c.t.s.RouteType == provider.Embeddings && u.Prompt >= 0 && u.Completion < 0 {
		u.Completion = 0
	}
	if u.Prompt < 0 && c.have {
		u.Prompt, u.Estimated = c.estimatePrompt(), true
	}
	if u.Completion < 0 && c.t.surface.text != nil {
		u.Completion, u.Estimated = int64(c.meter.text+3)/4, true
	}
	u.Prompt, u.Completion = max(u.Prompt, 0), max(u.Completion, 0)
	if u.Total < 0 || u.Estimated {
		u.Total = u.Prompt + u.Completion
	}
	c.ai.Cost = c.t.price.of(u)
}

// estimatePrompt counts words: 1.8 tokens each in a stream, one otherwise,
// rounded half up.
func (c *call) estimatePrompt() int64 {
	if c.x.on && c.t.embeds() {
		return c.embedWords()
	}
	words := 0
	for _, key := range [...]int{keyMessages, keyPrompt, keyInput} {
		words += countWords(c.value(key), 0)
	}
	if c.stream {
		return int64(float64(words)*1.8 + 0.5)
	}
	return int64(words)
}

// countWords counts the words of the texts in a prompt: a string, the content
// of messages, the text parts in it; a number counts one.
func countWords(raw []byte, depth int) int {
	if depth > 8 {
		return 0
	}
	switch jsonscan.KindOf(raw) {
	case jsonscan.String:
		return words(raw)
	case jsonscan.Number:
		return 1
	case jsonscan.Array:
		n := 0
		e := jsonscan.NewElements(raw)
		for v, ok := e.Next(); ok; v, ok = e.Next() {
			n += countWords(v, depth+1)
		}
		return n
	case jsonscan.Object:
		n := 0
		m := jsonscan.NewMembers(raw)
		for name, v, ok := m.Next(); ok; name, v, ok = m.Next() {
			if jsonscan.EqualString(name, "content") || jsonscan.EqualString(name, "text") {
				n += countWords(v, depth+1)
			}
		}
		return n
	case jsonscan.Null, jsonscan.Bool, jsonscan.Invalid:
	}
	return 0
}

// words counts the runs of non-space in a JSON string.
func words(raw []byte) int {
	s := raw[1 : len(raw)-1]
	n, inside := 0, false
	for i := 0; i < len(s); i++ {
		space := s[i] == ' '
		if s[i] == '\\' && i+1 < len(s) {
			i++
			space = s[i] == 'n' || s[i] == 't' || s[i] == 'r'
		}
		if !space && !inside {
			n++
		}
		inside = !space
	}
	return n
}

// textLen adds up the lengths of the strings that follow key in events or an
// answer. A key inside a string has escaped quotes and is not found.
func textLen(b, key []byte) int {
	total := 0
	for {
		i := bytes.Index(b, key)
		if i < 0 {
			return total
		}
		b = b[i+len(key):]
		for len(b) > 0 && b[0] == ' ' {
			b = b[1:]
		}
		if len(b) == 0 || b[0] != '"' {
			continue
		}
		n, end := stringLen(b)
		total += n
		b = b[end:]
	}
}

// stringLen is about the decoded length of the JSON string at the start of b,
// and where it ends: no string goes on in the next line.
func stringLen(b []byte) (n, end int) {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '"':
			return n, i + 1
		case '\n', '\r':
			return n, i
		case '\\':
			k := escaped(b[i+1:])
			n += 1 + k/5 // \u stands for two bytes, more or less
			i += k
		default:
			n++
		}
	}
	return n, len(b)
}

// escaped is how many bytes of an escape follow its backslash.
func escaped(b []byte) int {
	if len(b) == 0 || b[0] < ' ' {
		return 0
	}
	n := 1
	for b[0] == 'u' && n < min(5, len(b)) && b[n] > ' ' && b[n] != '"' {
		n++
	}
	return n
}
