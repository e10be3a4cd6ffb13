package wire

import (
	"net/url"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
)

// What several formats say in the same way is read and written here.

// OnePrompt is the text of a prompt that is one, alone or in an array.
func OnePrompt(prompt llm.JSON) (text llm.JSON, ok bool) {
	if IsString(prompt) {
		return prompt, true
	}
	items := Items(prompt)
	text, _ = items.Next()
	if _, more := items.Next(); more || !IsString(text) {
		return nil, false
	}
	return text, true
}

// Stops is a list of stop sequences; ok is false for anything else and for an
// empty one.
func Stops(v llm.JSON) (list []llm.JSON, ok bool) {
	items := Items(v)
	for s, some := items.Next(); some; s, some = items.Next() {
		if !IsString(s) {
			return nil, false
		}
		list = append(list, s)
	}
	return list, list != nil
}

// maxCount is beyond what any answer holds; sums of less cannot overflow.
const maxCount = 1 << 48

// Count is a number of tokens; ok is false if v is none.
func Count(v llm.JSON) (n int64, ok bool) {
	n, ok = Int(v)
	return n, ok && n >= 0 && n <= maxCount
}

// TakeCount sets dst to a number of tokens, if v is one.
func TakeCount(dst *int64, v llm.JSON) {
	if n, ok := Count(v); ok {
		*dst = n
	}
}

// Counted is a number under a name; below nought it is unknown.
type Counted struct {
	Name string
	N    int64
}

// Counts appends a member that is an object of numbers, unless all are unknown.
func (w *Writer) Counts(name string, list ...Counted) {
	some := false
	for _, c := range list {
		if c.N < 0 {
			continue
		}
		if !some {
			w.Name(name)
			w.Object()
			some = true
		}
		w.IntMember(c.Name, c.N)
	}
	if some {
		w.EndObject()
	}
}

// ModelOnBedrock takes the model and the operation out of /model/{id}/converse.
// The id may be an ARN, with or without its slashes encoded.
func ModelOnBedrock(path string) (model, operation string) {
	const before = "/model/"
	start, end := strings.Index(path, before), strings.LastIndexByte(path, '/')
	if start < 0 || end < start+len(before) {
		return "", ""
	}
	raw := path[start+len(before) : end]
	if model, err := url.PathUnescape(raw); err == nil {
		raw = model
	}
	return raw, path[end+1:]
}
