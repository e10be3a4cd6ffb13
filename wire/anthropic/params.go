package anthropic

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// decodeKept reads the parameters that can be spelled in several ways. They
// are kept as well, as they were: an encoder reads them again, and what still
// says the same goes out as it came.
func decodeKept(r *llm.Request, x *llm.Extra) {
	r.Stream = wire.IsTrue(kept(x, "stream"))
	r.User = stringOrNil(wire.Get(kept(x, "metadata"), "user_id"))
	decodeThinking(&r.Reasoning, kept(x, "thinking"))
	decodeChoice(r, kept(x, "tool_choice"))
	decodeFormat(&r.Output, kept(x, "output_format"))
	config := kept(x, "output_config")
	decodeFormat(&r.Output, wire.Get(config, "format"))
	r.Reasoning.Effort = wire.Text(wire.Get(config, "effort"))
}

func kept(x *llm.Extra, name string) llm.JSON {
	if v, ok := wire.Marked(x, own, name); ok {
		return v
	}
	return x.Get(own, name)
}

// isForm tells whether a parameter says nothing but what the model knows.
func isForm(name string, v llm.JSON) bool {
	switch name {
	case "stream", "thinking", "tool_choice", "output_format":
		return true
	case "metadata":
		return onlyHas(v, "user_id")
	case "output_config":
		return onlyHas(v, "effort", "format")
	}
	return false
}

func onlyHas(object llm.JSON, names ...string) bool {
	f := wire.NewFields(object)
	for f.Next() {
		if !slices.Contains(names, f.Name()) {
			return false
		}
	}
	return wire.IsObject(object)
}

func stringOrNil(v llm.JSON) llm.JSON {
	if wire.IsString(v) {
		return v
	}
	return nil
}

func decodeThinking(t *llm.Reasoning, v llm.JSON) {
	switch wire.Text(wire.Get(v, "type")) {
	case "enabled":
		t.On = true
		if budget := wire.Get(v, "budget_tokens"); wire.IsNumber(budget) {
			t.Budget = budget
		}
	case "adaptive":
		t.On = true
	case "disabled":
		t.Off = true
	}
	t.Show = t.On && wire.Text(wire.Get(v, "display")) != "omitted"
}

func decodeFormat(out *llm.Output, v llm.JSON) {
	schema := wire.Get(v, "schema")
	if wire.Equal(wire.Get(v, "type"), "json_schema") && wire.IsObject(schema) {
		out.Kind, out.Schema = llm.OutputSchema, schema
	}
}

func decodeChoice(r *llm.Request, v llm.JSON) {
	if !wire.IsObject(v) {
		return
	}
	switch wire.Text(wire.Get(v, "type")) {
	case "auto":
		r.Choice.Mode = llm.ChoiceAuto
	case "any":
		r.Choice.Mode = llm.ChoiceAny
	case "none":
		r.Choice.Mode = llm.ChoiceNone
	case "tool":
		r.Choice.Mode, r.Choice.Name = llm.ChoiceNamed, wire.Text(wire.Get(v, "name"))
	default:
		r.Choice.Raw, r.Choice.From = v, own
	}
	switch string(wire.Get(v, "disable_parallel_tool_use")) {
	case "true":
		r.Parallel = llm.JSON("false")
	case "false":
		r.Parallel = llm.JSON("true")
	}
}

func sameChoice(a, b *llm.Request) bool {
	return a.Choice.Mode == b.Choice.Mode && a.Choice.Name == b.Choice.Name &&
		len(a.Choice.Allowed) == len(b.Choice.Allowed) &&
		bytes.Equal(a.Choice.Raw, b.Choice.Raw) && bytes.Equal(a.Parallel, b.Parallel)
}

func sameThinking(a, b *llm.Reasoning) bool {
	return a.On == b.On && a.Off == b.Off && bytes.Equal(a.Budget, b.Budget)
}

func sameOutput(a, b *llm.Request) bool {
	return a.Reasoning.Effort == b.Reasoning.Effort && a.Output.Kind == b.Output.Kind &&
		bytes.Equal(a.Output.Schema, b.Output.Schema)
}

// What is thought where an effort is asked for in place of a budget of tokens.
const (
	minBudget    = 1024 // the API's least
	mediumBudget = 4096
)

func budgetOf(effort string) int64 {
	switch effort {
	case "minimal", "low":
		return minBudget
	case "high":
		return 16384
	case "xhigh":
		return 24576
	case "max":
		return 32768
	}
	return mediumBudget
}

// thought is how much the model is asked to think: kind is the type of the
// parameter thinking, empty for none.
type thought struct {
	kind   string
	budget llm.JSON
	effort string
	// limit is max_tokens where the budget made another one necessary.
	limit llm.JSON
}

// ownThought spells what a question in our own format says.
func ownThought(r *llm.Reasoning) thought {
	t := thought{effort: r.Effort, budget: r.Budget}
	switch {
	case r.Off:
		t.kind, t.budget = "disabled", nil
	case r.On && r.Budget != nil:
		t.kind = "enabled"
	case r.On:
		t.kind = "adaptive"
	}
	return t
}

// foreignThought finds what is nearest to what a question in another format
// says.
func (e *encoder) foreignThought() thought {
	r := &e.r.Reasoning
	budget, counted := wire.Int(r.Budget)
	asked := r.On || r.Effort != "" || counted
	if !asked || r.Off || r.Effort == "none" || counted && budget == 0 {
		return thought{}
	}
	if e.r.Choice.Mode == llm.ChoiceAny || e.r.Choice.Mode == llm.ChoiceNamed {
		e.n.Change("reasoning", "left out: a tool is forced, and then the model cannot think")
		return thought{}
	}
	if adaptiveOnly(e.r.Model) {
		return thought{kind: "adaptive", effort: adaptiveEffort(r.Effort)}
	}
	if wire.LacksThoughts(e.r.Messages, own) {
		e.n.Change("reasoning", wire.ThoughtsLacking)
		return thought{}
	}
	if !counted || budget < 0 {
		budget = budgetOf(r.Effort)
	}
	return e.fit(max(budget, minBudget))
}

// fit brings a budget below max_tokens, as the API demands.
func (e *encoder) fit(budget int64) thought {
	limit, ok := wire.Int(e.r.Sampling.MaxTokens)
	switch {
	case !ok:
		return thought{kind: "enabled", budget: number(budget), limit: number(budget + DefaultMaxTokens)}
	case limit <= minBudget:
		e.n.Change("reasoning", "left out: max_tokens leaves no room for it")
		return thought{}
	case limit <= budget:
		e.n.Change("reasoning.budget", "less than max_tokens")
		budget = max(limit/4*3, minBudget)
	}
	return thought{kind: "enabled", budget: number(budget)}
}

func number(n int64) llm.JSON { return strconv.AppendInt(nil, n, 10) }

// adaptiveEffort is an effort in the words of output_config.
func adaptiveEffort(effort string) string {
	if effort == "minimal" {
		return "low"
	}
	return effort
}

// adaptiveOnly tells whether a model measures its thinking itself, and refuses
// a budget and the parameters of sampling: those after Claude 4.6,
// https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking.
func adaptiveOnly(model string) bool {
	_, name, ok := strings.Cut(model, "claude-")
	if !ok {
		return false
	}
	family, version, _ := strings.Cut(name, "-")
	switch family {
	case "fable", "mythos":
		return true
	case "opus", "sonnet", "haiku":
	default:
		return false
	}
	major, rest := leadingNumber(version)
	minor := 0
	if len(rest) > 0 && (rest[0] == '-' || rest[0] == '.') {
		minor, _ = leadingNumber(rest[1:])
	}
	return major >= 5 || major == 4 && minor >= 7
}

// leadingNumber reads a version's number. A longer one is a date, and counts
// as 0.
func leadingNumber(s string) (n int, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i > 2 {
		return 0, s[i:]
	}
	for _, c := range []byte(s[:i]) {
		n = n*10 + int(c-'0')
	}
	return n, s[i:]
}

// above tells whether a number is greater than limit.
func above(v llm.JSON, limit float64) bool {
	f, ok := jsonscan.Float(v)
	return ok && f > limit
}
