package bedrock

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// What Converse has no place for, a model may still understand in
// additionalModelRequestFields, each family in its own words.

const modelFields = "additionalModelRequestFields"

// fields are what we understand of it.
type fields struct {
	// whole: there is nothing else in it.
	whole     bool
	reasoning llm.Reasoning
	topK      llm.JSON
}

func (f *fields) same(r *llm.Request) bool {
	a, b := f.reasoning, r.Reasoning
	return same(f.topK, r.Sampling.TopK) && same(a.Budget, b.Budget) && a.Effort == b.Effort &&
		a.On == b.On && a.Off == b.Off && a.Show == b.Show && a.Summary == b.Summary
}

// understood are the members that readFields takes something from.
var understood = [...]string{"thinking", "reasoning_config", "reasoningConfig", "reasoning_effort", "top_k"}

func readFields(v llm.JSON) fields {
	out := fields{whole: wire.IsObject(v)}
	f := wire.NewFields(v)
	for f.Next() {
		switch name, value := f.Name(), f.Value(); {
		case name == "top_k" && wire.IsNumber(value):
			out.topK = value
		case name == "inferenceConfig" && wire.IsNumber(wire.Get(value, "topK")):
			out.topK, out.whole = wire.Get(value, "topK"), out.whole && !several(value)
		case name == "thinking", name == "reasoning_config", name == "reasoningConfig":
			out.reasoning = readThinking(value)
		case name == "reasoning_effort":
			out.reasoning = llm.Reasoning{On: true, Effort: wire.Text(value)}
		default:
			out.whole = false
		}
	}
	return out
}

func several(object llm.JSON) bool {
	_, _, one := single(object)
	return !one
}

func readThinking(v llm.JSON) llm.Reasoning {
	if wire.IsString(v) {
		return llm.Reasoning{On: true, Effort: wire.Text(v)}
	}
	if wire.Equal(wire.Get(v, "type"), "disabled") {
		return llm.Reasoning{Off: true}
	}
	r := llm.Reasoning{On: wire.IsObject(v), Effort: wire.Text(wire.Get(v, "maxReasoningEffort"))}
	if budget := wire.Get(v, "budget_tokens"); wire.IsNumber(budget) {
		r.Budget = budget
	}
	r.Show = wire.Equal(wire.Get(v, "display"), "summarized")
	return r
}

// family is who made a model, as far as its own fields go.
type family uint8

const (
	anyModel family = iota
	claude
	nova
	nova2
	gptOSS
	topKModel // knows nothing of ours but top_k
)

func familyOf(model string) family {
	switch {
	case strings.Contains(model, "claude"):
		return claude
	case strings.Contains(model, "nova-2"):
		return nova2
	case strings.Contains(model, "nova"):
		return nova
	case strings.Contains(model, "gpt-oss"):
		return gptOSS
	case strings.Contains(model, "mistral"), strings.Contains(model, "mixtral"), strings.Contains(model, "qwen"):
		return topKModel
	}
	return anyModel
}

// fields writes additionalModelRequestFields: as they came, if they still say
// what the question does, else with what it says now in the model's words.
func (e *encoder) fields(o *object) {
	kept, whole := wire.Marked(&e.r.Extra, own, modelFields)
	if !whole {
		kept = e.r.Extra.Get(own, modelFields)
	}
	was := readFields(kept)
	if was.same(e.r) {
		o.member(modelFields, kept)
		return
	}
	var inner wire.Writer
	in := begin(&inner)
	if !same(was.topK, e.r.Sampling.TopK) {
		e.topK(&in)
	} else {
		in.member("top_k", wire.Get(kept, "top_k"))
	}
	e.reasoning(&in)
	written := len(in.names) > 0
	in.skip(understood[:]...)
	in.restOf(kept)
	in.end()
	if written || kept != nil {
		o.member(modelFields, inner.Buf)
	}
	o.skip(modelFields)
}

func (e *encoder) topK(in *object) {
	k := e.r.Sampling.TopK
	if k == nil {
		in.skip("inferenceConfig")
		return
	}
	switch familyOf(e.r.Model) {
	case claude:
		if e.thinks() {
			e.n.Drop("sampling.top_k")
			return
		}
		in.member("top_k", k)
	case topKModel:
		in.member("top_k", k)
	case nova, nova2:
		in.name("inferenceConfig")
		in.w.Object()
		in.w.Member("topK", k)
		in.w.EndObject()
	case anyModel, gptOSS:
		e.n.Drop("sampling.top_k")
	}
}

// thinks tells whether the question asks for thoughts. Claude then allows
// neither a temperature nor top_k.
func (e *encoder) thinks() bool {
	r := &e.r.Reasoning
	return !r.Off && r.Effort != "none" && (r.On || r.Budget != nil || r.Effort != "") && !e.lacksThoughts()
}

// lacksThoughts tells whether Claude shall go on from calls without the thoughts
// that led to them. A caller of our own API knows what it lets them do.
func (e *encoder) lacksThoughts() bool {
	return familyOf(e.r.Model) == claude && e.r.Extra.From != own && wire.LacksThoughts(e.r.Messages, own)
}

func (e *encoder) reasoning(in *object) {
	r := &e.r.Reasoning
	e.n.LoseText("reasoning.summary", r.Summary)
	if !e.thinks() {
		if wire.Thinks(r) && !r.Off && r.Effort != "none" {
			e.n.Change("reasoning", wire.ThoughtsLacking)
		}
		if (r.Off || r.Effort == "none") && familyOf(e.r.Model) == gptOSS {
			e.n.Drop("reasoning.off")
		}
		return
	}
	switch familyOf(e.r.Model) {
	case claude:
		e.thinking(in)
	case nova2:
		in.name("reasoningConfig")
		in.w.Object()
		in.w.StringMember("type", "enabled")
		in.w.StringMember("maxReasoningEffort", e.effort())
		in.w.EndObject()
	case gptOSS:
		in.text("reasoning_effort", e.effort())
	case anyModel, nova, topKModel:
		e.n.Drop("reasoning")
	}
}

// effort is one of low, medium and high.
func (e *encoder) effort() string {
	r := &e.r.Reasoning
	e.n.Lose("reasoning.budget", r.Budget)
	near := "medium"
	switch r.Effort {
	case "low", "medium", "high", "":
		if r.Effort != "" {
			near = r.Effort
		}
		return near
	case "minimal":
		near = "low"
	case "xhigh", "max":
		near = "high"
	}
	e.n.Change("reasoning.effort", near)
	return near
}

// minBudget is the least that Claude thinks.
const minBudget = 1024

// thinking writes Claude's budget, which must be less than the answer's limit.
func (e *encoder) thinking(in *object) {
	budget, ok := wire.Int(e.r.Reasoning.Budget)
	if !ok {
		budget = budgetOf(e.r.Reasoning.Effort)
		e.n.Change("reasoning.effort", "a budget of "+strconv.FormatInt(budget, 10)+" tokens")
	}
	if limit, ok := wire.Int(e.r.Sampling.MaxTokens); ok && budget >= limit {
		budget = limit - 1
		e.n.Change("reasoning.budget", "less than the limit of tokens")
	}
	if budget < minBudget {
		e.n.Drop("reasoning")
		return
	}
	in.name("thinking")
	in.w.Object()
	in.w.StringMember("type", "enabled")
	in.w.IntMember("budget_tokens", budget)
	in.w.EndObject()
}

func budgetOf(effort string) int64 {
	switch effort {
	case "minimal", "low":
		return minBudget
	case "high":
		return 16384
	case "xhigh", "max":
		return 32768
	}
	return 4096
}
