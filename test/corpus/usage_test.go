package corpus

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"regexp"
)

// withoutUsage is a stream without what asking for usage adds: the event with
// usage and no choices, and the member "usage":null of the others.
func withoutUsage(stream []byte) []byte {
	var out []byte
	for _, e := range splitEvents(stream) {
		m, err := object(e.data)
		usage, has := m["usage"]
		switch {
		case err != nil || !has:
			out = append(out, e.raw...)
		case usage == nil:
			out = append(out, cutNull(e, m)...)
		case emptyList(m["choices"]):
		default:
			out = append(out, e.raw...)
		}
	}
	return out
}

func emptyList(v any) bool {
	list, ok := v.([]any)
	return ok && len(list) == 0
}

var nullUsage = regexp.MustCompile(`,\s*"usage"\s*:\s*null|"usage"\s*:\s*null\s*,?\s*`)

// cutNull takes the member out of an event: of the places that look like it
// the one after which everything else still means the same.
func cutNull(e event, m map[string]any) []byte {
	want := maps.Clone(m)
	delete(want, "usage")
	for _, place := range nullUsage.FindAllIndex(e.raw, -1) {
		raw := append(bytes.Clone(e.raw[:place[0]]), e.raw[place[1]:]...)
		got, err := object(splitEvents(raw)[0].data)
		if err == nil && reflect.DeepEqual(got, want) {
			return raw
		}
	}
	return []byte("the test cannot cut usage out of: " + string(e.raw))
}

// recorded is what a recording says of itself.
type recorded struct {
	model string
	usage map[string]any // nil when there is none
}

// reads takes in a document of the answer; what comes later in a stream wins.
func (r *recorded) reads(m map[string]any) {
	if inner, ok := m["response"].(map[string]any); ok {
		m = inner
	}
	if model, _ := m["model"].(string); model != "" && r.model == "" {
		r.model = model
	}
	if usage, ok := m["usage"].(map[string]any); ok {
		r.usage = usage
	} else if groq, ok := m["x_groq"].(map[string]any); ok {
		if usage, ok := groq["usage"].(map[string]any); ok {
			r.usage = usage
		}
	}
}

// recorded reads the whole answer.
func (x *exchange) recorded() recorded {
	var r recorded
	if !x.Streaming {
		if m, err := object(x.answer); err == nil {
			r.reads(m)
		}
		return r
	}
	for _, e := range splitEvents(x.answer) {
		if m, err := object(e.data); err == nil {
			r.reads(m)
		}
	}
	return r
}

// checkLog holds the log entry against the recording.
func (r *replay) checkLog(e *entry) {
	if e == nil || e.AI.Proxy == nil {
		r.fail("no log entry with a section ai.proxy")
		return
	}
	meta, usage := &e.AI.Proxy.Meta, e.AI.Proxy.Usage
	if e.Response.Status != r.x.Response.Status {
		r.fail("logged status %d, recorded %d", e.Response.Status, r.x.Response.Status)
	}
	if meta.RequestModel != r.x.model() {
		r.fail("logged request_model %q, want %q", meta.RequestModel, r.x.model())
	}
	if r.x.Response.Status != http.StatusOK {
		r.same(usage, "tokens of an error", "prompt_tokens", json.Number("0"))
		r.same(usage, "tokens of an error", "completion_tokens", json.Number("0"))
		return
	}
	rec := r.x.recorded()
	if rec.model != "" && meta.ResponseModel != rec.model {
		r.fail("logged response_model %q, recorded %q", meta.ResponseModel, rec.model)
	}
	r.checkUsage(usage, rec.usage)
}

// checkUsage compares the counts. Where the provider gave none the log has an
// estimate, and says so.
func (r *replay) checkUsage(logged, usage map[string]any) {
	prompt, completion := first(usage, "prompt_tokens", "input_tokens"), first(usage, "completion_tokens", "output_tokens")
	if r.x.API == "openai.embeddings" && prompt != nil && completion == nil {
		completion = json.Number("0")
	}
	if prompt == nil || completion == nil {
		r.same(logged, "without usage", "estimated", true)
		return
	}
	r.same(logged, "usage", "estimated", nil)
	r.same(logged, "usage", "prompt_tokens", prompt)
	r.same(logged, "usage", "completion_tokens", completion)
	r.same(logged, "usage", "total_tokens", sum(usage, prompt, completion))
	in := nested(usage, "prompt_tokens_details", "input_tokens_details")
	if in["cached_tokens"] == nil {
		in["cached_tokens"] = first(usage, "prompt_cache_hit_tokens")
	}
	out := nested(usage, "completion_tokens_details", "output_tokens_details")
	r.sameDetails(nested(logged, "prompt_tokens_details"), in, "cached_tokens", "audio_tokens")
	r.sameDetails(nested(logged, "completion_tokens_details"), out, "reasoning_tokens", "audio_tokens",
		"accepted_prediction_tokens", "rejected_prediction_tokens")
}

func (r *replay) same(logged map[string]any, what, name string, want any) {
	if logged[name] != want {
		r.fail("%s: logged %s = %v, want %v", what, name, logged[name], want)
	}
}

func (r *replay) sameDetails(logged, recorded map[string]any, names ...string) {
	for _, name := range names {
		r.same(logged, "usage details", name, first(recorded, name))
	}
}

// first is the first of the members that is a count; nil when none is.
func first(m map[string]any, names ...string) any {
	for _, name := range names {
		if n, ok := m[name].(json.Number); ok {
			return n
		}
	}
	return nil
}

// nested is the first of the members that is an object, as a copy.
func nested(m map[string]any, names ...string) map[string]any {
	for _, name := range names {
		if o, ok := m[name].(map[string]any); ok {
			return maps.Clone(o)
		}
	}
	return map[string]any{}
}

// sum is the provider's own, or else the sum.
func sum(usage map[string]any, prompt, completion any) any {
	if n := first(usage, "total_tokens"); n != nil {
		return n
	}
	a, errA := prompt.(json.Number).Int64()
	b, errB := completion.(json.Number).Int64()
	if errA != nil || errB != nil {
		return nil
	}
	text, _ := json.Marshal(a + b)
	return json.Number(text)
}
