package wire

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
)

// Lose notes a field that is left out, unless its value asks for nothing: SDKs
// and agents spell out what is so anyway. A name that is a mere label, such as
// that of an answer's schema, asks for nothing whatever it is, and is not noted.
func (n *Notes) Lose(field string, v llm.JSON) {
	if n != nil && v != nil && Asks(field[strings.LastIndexByte(field, '.')+1:], v) {
		n.Drop(field)
	}
}

// LoseText is Lose for what the model holds as a text.
func (n *Notes) LoseText(field, v string) {
	if v != "" {
		n.Lose(field, Quote(v))
	}
}

// Asks tells whether a member with this value asks for anything: null, false, 0
// where it means nothing, what is empty, and the API's own default do not.
func Asks(name string, v llm.JSON) bool {
	if v == nil || slices.Contains(defaults[name], string(v)) {
		return false
	}
	switch jsonscan.KindOf(v) {
	case jsonscan.Null:
		return false
	case jsonscan.Bool:
		return IsTrue(v) || slices.Contains(meansNo, name)
	case jsonscan.String:
		return !EmptyText(v)
	case jsonscan.Array:
		return asksFor(name, v)
	case jsonscan.Object:
		return !blank(v)
	case jsonscan.Invalid, jsonscan.Number:
	}
	return true
}

// defaults are what members are without anybody asking, by the names that the
// APIs and the canonical model have for them.
var defaults = map[string][]string{
	"parallel": {"true"}, "parallel_tool_calls": {"true"},
	"n": {"1"}, "best_of": {"1"}, "top_logprobs": {"0"}, "min_p": {"0", "0.0"},
	"frequency_penalty": {"0", "0.0"}, "presence_penalty": {"0", "0.0"},
	"repeat_penalty": {"1", "1.0"}, "repetition_penalty": {"1", "1.0"},
	"service_tier": {`"auto"`, `"default"`, `"standard"`, `"standard_only"`},
	"tool_choice":  {`"auto"`}, "truncation": {`"disabled"`}, "summary": {`"auto"`}, "detail": {`"auto"`}, "verbosity": {`"medium"`},
	"modalities": {`["text"]`}, "priority": {"0"},
}

// meansNo are members that are so unless somebody says no.
var meansNo = []string{
	"parallel", "parallel_tool_calls", "use_cache", "truncate", "normalize", "add_generation_prompt",
	"skip_special_tokens", "include_reasoning", "enable_thinking",
}

// brought are what a list of things to include asks for that comes anyway: a
// gateway brings proofs of thoughts back whatever the format.
var brought = []string{`"reasoning.encrypted_content"`}

func asksFor(name string, list llm.JSON) bool {
	items := Items(list)
	for v, some := items.Next(); some; v, some = items.Next() {
		if name != "include" || !slices.Contains(brought, string(v)) {
			return true
		}
	}
	return false
}

// blank tells whether an object has no members but null.
func blank(object llm.JSON) bool {
	for f := NewFields(object); f.Next(); {
		if !IsNull(f.Value()) {
			return false
		}
	}
	return true
}

// Thinks tells whether the model is asked to think.
func Thinks(r *llm.Reasoning) bool {
	n, counted := Int(r.Budget)
	return r.On || r.Effort != "" && r.Effort != "none" || r.Budget != nil && (!counted || n != 0)
}

// Confines tells whether a choice among tools is more than leaving it to the
// model.
func Confines(c *llm.ToolChoice) bool {
	return c.Mode != llm.ChoiceUnsaid && c.Mode != llm.ChoiceAuto || len(c.Allowed) > 0
}

// LoseChoice notes a choice among tools of which nothing could be read: only
// another format than own knows what it means.
func (n *Notes) LoseChoice(c *llm.ToolChoice, own llm.Format) {
	if c.Mode == llm.ChoiceUnsaid && c.From != own {
		n.Lose("choice", c.Raw)
	}
}

// ToolField names a tool in a note; one that only its maker knows is called by
// its name, too.
func ToolField(i int, t *llm.Tool) string {
	field := "tools[" + strconv.Itoa(i) + "]"
	if t.Raw != nil && t.Name != "" {
		field += " (" + t.Name + ")"
	}
	return field
}
