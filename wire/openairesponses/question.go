package openairesponses

import (
	"slices"
	"unicode/utf8"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// question writes the body of a create request.
type question struct {
	w wire.Writer
	r *llm.Request
	n *wire.Notes
	// own: the question came in this format.
	own bool
	// custom are the ids of calls of tools that take any text.
	custom map[string]bool
	// calls counts the calls without an id, results those that answer them.
	calls, results int
	// instructions were written.
	instructions bool
}

// EncodeRequest writes the body of a create request. A question from another
// format is put without having it stored, as those formats have it.
func (Provider) EncodeRequest(dst []byte, r *llm.Request, n *wire.Notes) ([]byte, error) {
	if n == nil {
		n = &wire.Notes{}
	}
	q := question{w: wire.Writer{Buf: dst}, r: r, n: n, own: r.Extra.From == own}
	q.w.Object()
	q.w.StringMember("model", r.Model)
	if err := q.conversation(); err != nil {
		return nil, err
	}
	q.options()
	q.output()
	q.reasoning()
	if len(r.Tools) > 0 {
		writeTools(&q.w, r.Tools, n)
	}
	if q.own || len(r.Tools) > 0 {
		writeChoice(&q.w, &r.Choice, r.Tools, n)
	}
	q.extra()
	q.w.EndObject()
	return q.w.Buf, nil
}

func (q *question) options() {
	w, r, s := &q.w, q.r, &q.r.Sampling
	if r.Stream {
		w.BoolMember("stream", true)
	}
	w.Member("max_output_tokens", q.maxTokens())
	w.Member("temperature", s.Temperature)
	w.Member("top_p", s.TopP)
	w.Member("top_logprobs", s.TopLogprobs)
	if q.own || len(r.Tools) > 0 {
		w.Member("parallel_tool_calls", r.Parallel)
	}
	q.user()
	w.Member("service_tier", r.ServiceTier)
	w.Member("metadata", r.Metadata)
	q.unsampled()
	if !q.own {
		w.Member("store", q.store())
		q.include()
	}
}

// maxUser is how many characters OpenAI takes in user. Others give longer ones:
// Claude Code's are a JSON object of its device and session.
const maxUser = 64

func (q *question) user() {
	if !q.own && utf8.RuneCount(wire.TextBytes(q.r.User)) > maxUser {
		q.n.Drop("user")
		return
	}
	q.w.Member("user", q.r.User)
}

// leastTokens is what the API takes.
const leastTokens = 16

func (q *question) maxTokens() llm.JSON {
	v := q.r.Sampling.MaxTokens
	if n, ok := wire.Int(v); !q.own && ok && n < leastTokens {
		q.n.Change("sampling.max_tokens", "at least 16")
		return llm.JSON("16")
	}
	return v
}

// unsampled notes what the API has no option for.
func (q *question) unsampled() {
	s := &q.r.Sampling
	for _, o := range [...]struct {
		name  string
		value llm.JSON
	}{
		{"top_k", s.TopK},
		{"min_p", s.MinP},
		{"frequency_penalty", s.FrequencyPenalty},
		{"presence_penalty", s.PresencePenalty},
		{"repeat_penalty", s.RepeatPenalty},
		{"seed", s.Seed},
		{"logit_bias", s.LogitBias},
	} {
		q.n.Lose("sampling."+o.name, o.value)
	}
	q.n.Lose("sampling.n", s.N)
	if len(s.Stop) > 0 {
		q.n.Drop("sampling.stop")
	}
	q.n.Lose("suffix", q.r.Suffix)
}

// store is whether the provider shall keep the answer: only if the caller said
// so, as with chat completions.
func (q *question) store() llm.JSON {
	if v := q.r.Extra.Get(llm.OpenAIChat, "store"); isBool(v) {
		return v
	}
	return llm.JSON("false")
}

// include asks for what a stateless conversation has to bring back. Models
// that do not reason refuse to be asked.
func (q *question) include() {
	t := &q.r.Reasoning
	reasons := t.On || t.Budget != nil || t.Effort != "" && t.Effort != "none" || q.hasThoughts()
	logprobs := wire.IsTrue(q.r.Sampling.Logprobs)
	if !reasons && !logprobs {
		return
	}
	q.w.Name("include")
	q.w.Array()
	if reasons {
		q.w.String(includeEncrypted)
	}
	if logprobs {
		q.w.String(includeLogprobs)
	}
	q.w.EndArray()
}

func (q *question) hasThoughts() bool {
	for i := range q.r.Messages {
		for j := range q.r.Messages[i].Parts {
			if p := &q.r.Messages[i].Parts[j]; p.Kind == llm.Thinking && p.SignedBy == own && p.Signature != nil {
				return true
			}
		}
	}
	return false
}

func (q *question) output() {
	o, kept := &q.r.Output, q.r.Extra.Get(own, "text")
	noteExtra(q.n, &o.Extra, "output.")
	if o.Kind == llm.OutputUnsaid && o.Verbosity == "" {
		q.w.Member("text", kept)
		return
	}
	q.w.Name("text")
	q.w.Object()
	if o.Kind != llm.OutputUnsaid {
		q.w.Name("format")
		q.format(o)
	} else {
		q.w.Member("format", wire.Get(kept, "format"))
	}
	q.w.StringMember("verbosity", o.Verbosity)
	if o.Verbosity == "" {
		q.w.Member("verbosity", wire.Get(kept, "verbosity"))
	}
	rest(&q.w, kept, "format", "verbosity")
	q.w.EndObject()
}

func (q *question) format(o *llm.Output) {
	w := &q.w
	w.Object()
	w.Name("type")
	w.String([...]string{llm.OutputUnsaid: "text", llm.OutputText: "text", llm.OutputJSON: "json_object", llm.OutputSchema: "json_schema"}[o.Kind])
	if o.Kind == llm.OutputSchema {
		called := o.Name
		if called == "" && o.Extra.From != own {
			called = "response"
		}
		w.StringMember("name", called)
		w.Member("description", o.Description)
		w.Member("schema", o.Schema)
		w.Member("strict", o.Strict)
	}
	w.Extra(&o.Extra, own)
	w.EndObject()
}

func (q *question) reasoning() {
	t, kept := &q.r.Reasoning, q.r.Extra.Get(own, "reasoning")
	effort := q.effort(t)
	summary := t.Summary
	if t.Show && summary == "" {
		summary = "auto"
	}
	if effort == "" && summary == "" {
		q.w.Member("reasoning", kept)
		return
	}
	q.w.Name("reasoning")
	q.w.Object()
	written := make([]string, 0, 2)
	if effort != "" {
		q.w.StringMember("effort", effort)
		written = append(written, "effort")
	}
	if summary != "" {
		q.w.StringMember("summary", summary)
		written = append(written, "summary")
	}
	rest(&q.w, kept, written...)
	q.w.EndObject()
}

// effort is the nearest to a budget that the API has.
func (q *question) effort(t *llm.Reasoning) string {
	switch budget, ok := wire.Int(t.Budget); {
	case t.Effort != "":
		q.n.Lose("reasoning.budget", t.Budget)
		return t.Effort
	case t.Off || ok && budget == 0:
		// Many models refuse to be told not to think.
		q.n.Drop("reasoning.off")
		return ""
	case !ok || budget < 0:
		return ""
	case budget < 4096:
		q.n.Change("reasoning.budget", "effort low")
		return "low"
	case budget < 16384:
		q.n.Change("reasoning.budget", "effort medium")
		return "medium"
	}
	q.n.Change("reasoning.budget", "effort high")
	return "high"
}

// shared are the options of chat completions that mean the same here.
var shared = [...]string{"prompt_cache_key", "prompt_cache_retention", "safety_identifier"}

// extra writes the options that only this format knows, unless the model has
// come to hold them.
func (q *question) extra() {
	x := &q.r.Extra
	if q.own {
		names := append(q.written(), "reasoning", "text")
		extraBut(&q.w, x, names...)
		return
	}
	for i := range x.Members {
		m := &x.Members[i]
		switch {
		case x.From == llm.OpenAIChat && slices.Contains(shared[:], m.Name):
			q.w.Member(m.Name, m.Value)
		case x.From == llm.OpenAIChat && m.Name == "store":
		default:
			q.n.Lose(m.Name, m.Value)
		}
	}
}

// written are the members that were written although the question as it came
// may hold them, as null say.
func (q *question) written() []string {
	r, s := q.r, &q.r.Sampling
	names := make([]string, 0, 16)
	for _, m := range [...]struct {
		name    string
		written bool
	}{
		{"model", r.Model != ""},
		{"stream", r.Stream},
		{"max_output_tokens", s.MaxTokens != nil},
		{"temperature", s.Temperature != nil},
		{"top_p", s.TopP != nil},
		{"top_logprobs", s.TopLogprobs != nil},
		{"parallel_tool_calls", r.Parallel != nil},
		{"user", r.User != nil},
		{"service_tier", r.ServiceTier != nil},
		{"metadata", r.Metadata != nil},
		{"tools", len(r.Tools) > 0},
		{"instructions", q.instructions},
		{"input", len(r.Messages) > 1 || len(r.Messages) == 1 && !q.instructions},
		{"tool_choice", r.Choice.Mode != llm.ChoiceUnsaid || r.Choice.Raw != nil},
	} {
		if m.written {
			names = append(names, m.name)
		}
	}
	return names
}

// quoteText is a JSON value as a JSON string.
func quoteText(v []byte) llm.JSON { return jsonscan.AppendQuote(nil, v) }
