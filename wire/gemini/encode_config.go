package gemini

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// maxStops is how many stop sequences Google takes.
// Source: https://ai.google.dev/api/generate-content#generationconfig.
const maxStops = 5

// config writes the generationConfig.
func (e *requestEncoder) config(root *node) {
	o := root.inner("generationConfig", &e.r.Output.Extra)
	s := &e.r.Sampling
	o.member("maxOutputTokens", s.MaxTokens)
	o.member("temperature", s.Temperature)
	o.member("topP", s.TopP)
	o.member("topK", s.TopK)
	o.member("frequencyPenalty", s.FrequencyPenalty)
	o.member("presencePenalty", s.PresencePenalty)
	o.member("seed", s.Seed)
	o.member("candidateCount", s.N)
	o.member("responseLogprobs", s.Logprobs)
	o.member("logprobs", s.TopLogprobs)
	e.stops(&o)
	e.noteSampling(s)
	e.output(&o)
	e.thinking(&o)
	if !e.same {
		e.foreignConfig(&o)
	}
	o.end()
}

func (e *requestEncoder) noteSampling(s *llm.Sampling) {
	e.n.Lose("sampling.min_p", s.MinP)
	e.n.Lose("sampling.repeat_penalty", s.RepeatPenalty)
	e.n.Lose("sampling.logit_bias", s.LogitBias)
}

func (e *requestEncoder) stops(o *node) {
	stop := e.r.Sampling.Stop
	if len(stop) == 0 {
		return
	}
	if !e.same && len(stop) > maxStops {
		stop = stop[:maxStops]
		e.n.Change("sampling.stop", "the first "+strconv.Itoa(maxStops)+" are sent")
	}
	o.name("stopSequences")
	e.w.Array()
	for _, s := range stop {
		e.w.Raw(s)
	}
	e.w.EndArray()
}

// output writes what the answer shall look like. "responseMimeType is required
// and must be set to application/json" with a schema.
func (e *requestEncoder) output(o *node) {
	out := &e.r.Output
	if was, same := outputForm(out); same {
		o.member("responseMimeType", was.mime)
		o.member("responseSchema", was.schema)
		o.member("responseJsonSchema", was.jsonSchema)
		return
	}
	e.unknown(&out.Extra)
	e.n.Lose("output.description", out.Description)
	e.n.LoseText("output.verbosity", out.Verbosity)
	if out.Kind != llm.OutputJSON && out.Kind != llm.OutputSchema {
		return
	}
	o.text("responseMimeType", "application/json")
	o.member("responseJsonSchema", out.Schema)
}

// foreignConfig writes what the caller of another format put into members of the
// names that Google has, unless it is said already.
func (e *requestEncoder) foreignConfig(o *node) {
	for _, m := range e.r.Extra.Members {
		switch name := camel(m.Name); name {
		case "generationConfig":
			f := wire.NewFields(m.Value)
			for f.Next() {
				e.once(o, camel(f.Name()), f.Value())
			}
		case "thinkingConfig", "imageConfig":
			e.once(o, name, m.Value)
		}
	}
}

func (e *requestEncoder) once(o *node, name string, v llm.JSON) {
	if slices.Contains(o.names, name) {
		return
	}
	o.open()
	o.names = append(o.names, name)
	one := llm.Extra{From: own, Members: []llm.Member{{Name: name, Value: v}}}
	e.w.Extra(&one, own)
}

// thinking writes the thinkingConfig: as it was, or by what the model knows.
// Models up to 2.5 have a budget, later ones a level; "an error will be returned
// if this field is set for models that don't support thinking".
// Source: https://ai.google.dev/gemini-api/docs/thinking.
func (e *requestEncoder) thinking(o *node) {
	r := &e.r.Reasoning
	if was := form(&e.r.Output.Extra, formThinking); was != nil {
		if now := reasoning(was); sameReasoning(&now, r) {
			o.member("thinkingConfig", was)
			return
		}
	}
	if !r.Off && !r.On && r.Effort == "" && r.Budget == nil && !r.Show && r.Summary == "" {
		return
	}
	if e.version > 0 && e.version < 25 {
		e.n.Drop("reasoning")
		return
	}
	config := o.inner("thinkingConfig", nil)
	if e.version >= 30 {
		config.text("thinkingLevel", e.level(r))
	} else if budget := e.budget(r); budget != "" {
		config.member("thinkingBudget", llm.JSON(budget))
	}
	if r.Show || r.Summary != "" {
		config.name("includeThoughts")
		e.w.Bool(true)
	}
	config.end()
}

// level is the thinkingLevel. Thinking cannot be turned off; Flash goes down to
// minimal, the first Pro has low and high only.
func (e *requestEncoder) level(r *llm.Reasoning) string {
	flash := strings.Contains(e.r.Model, "flash")
	level := e.wanted(r)
	switch level {
	case "none":
		e.n.Change("reasoning", "thinking cannot be turned off: the lowest level is sent")
		level = "minimal"
	case "xhigh", "max":
		e.n.Change("reasoning.effort", "sent as high")
		level = "high"
	}
	if level == "minimal" && !flash {
		level = "low"
	}
	if level == "medium" && !flash && e.version < 31 {
		e.n.Change("reasoning.effort", "sent as high")
		level = "high"
	}
	return level
}

// wanted is the effort, also where it was told as a budget: the bounds are those
// by which Google's own OpenAI endpoint makes a budget of an effort.
// Source: https://ai.google.dev/gemini-api/docs/openai#thinking.
func (e *requestEncoder) wanted(r *llm.Reasoning) string {
	n, ok := wire.Int(r.Budget)
	switch {
	case r.Off:
		return "none"
	case r.Effort != "":
		return r.Effort
	case !ok:
		return ""
	}
	e.n.Change("reasoning.budget", "sent as a level")
	switch {
	case n <= budgetLow:
		return "low"
	case n <= budgetMedium:
		return "medium"
	}
	return "high"
}

const (
	budgetLow    = 1024
	budgetMedium = 8192
	budgetHigh   = 24576
	// What 2.5 models take: Pro cannot do without thinking.
	budgetPro    = 32768
	budgetProMin = 128
)

// budget is the thinkingBudget, "" for none.
func (e *requestEncoder) budget(r *llm.Reasoning) string {
	least, most := int64(0), int64(budgetHigh)
	if strings.Contains(e.r.Model, "-pro") {
		least, most = budgetProMin, budgetPro
	}
	n, ok := wire.Int(r.Budget)
	switch {
	case r.Off || r.Effort == "none":
		n = 0
	case ok && r.Budget != nil:
	case r.Effort != "":
		n = budgetOf(r.Effort, most)
	case r.On:
		return "-1"
	default:
		return ""
	}
	if n != min(max(n, least), most) && n != -1 {
		e.n.Change("reasoning", "the nearest budget of the model is sent")
		n = min(max(n, least), most)
	}
	return strconv.FormatInt(n, 10)
}

func budgetOf(effort string, most int64) int64 {
	switch effort {
	case "minimal", "low":
		return budgetLow
	case "medium":
		return budgetMedium
	case "high":
		return budgetHigh
	}
	return most
}
