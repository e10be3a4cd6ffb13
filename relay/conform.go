package relay

import (
	"log/slog"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/internal/conform"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/fit"
)

// altered tells whether the caller's schemas went out as they came, and with
// what was promised of them. The answer is held against those that did not.
func (c *call) altered() bool {
	if c.x.same || len(c.x.notes.List()) == 0 {
		return false
	}
	tools := c.x.question.Tools
	for i := range tools {
		if c.alteredTool(i) {
			return true
		}
	}
	return c.alteredOutput()
}

func (c *call) alteredTool(i int) bool {
	n := &c.x.notes
	return c.x.question.Tools[i].Schema != nil &&
		(n.Changed(fit.ToolMember(i, "schema")) || n.Changed(fit.ToolMember(i, "strict")))
}

func (c *call) alteredOutput() bool {
	n, o := &c.x.notes, &c.x.question.Output
	return o.Kind == llm.OutputSchema && o.Schema != nil && (n.Changed(fit.OutputSchema) || n.Changed(fit.OutputStrict))
}

// conform holds an answer against the caller's schemas that were not sent as
// they were; altered tells whether there are any. It changes nothing: who asked
// decides what to do with it. whole is false if not all of the answer is there.
func (c *call) conform(ex *flow.Exchange, a *llm.Response, whole bool) {
	k := checker{c: c, schemas: map[string]*conform.Schema{}}
	for i := range a.Choices {
		k.choice(&a.Choices[i], whole)
	}
	c.ai.Schema = k.found
	if f := &k.found; f.Violates != nil || f.Unchecked != nil {
		ex.Logger().LogAttrs(ex.Ctx, slog.LevelWarn, "the answer does not keep to the caller's schema, or may not",
			slog.Any("violates", f.Violates), slog.Any("unchecked", f.Unchecked))
	}
}

// checker holds one answer against schemas.
type checker struct {
	c       *call
	schemas map[string]*conform.Schema // by their fields; nil cannot be read
	found   flow.AISchema
	checks  int
}

const (
	// maxChecks is how many texts of one answer are checked.
	maxChecks = 64
	// maxFound is how much is told of them, and maxPlace how much of a place:
	// the names in it are the model's.
	maxFound = 16
	maxPlace = 100
)

func (k *checker) choice(c *llm.Choice, whole bool) {
	var text []byte
	whole = whole && (c.Finish == llm.FinishStop || c.Finish == llm.FinishTools)
	said := false
	for i := range c.Parts {
		switch p := &c.Parts[i]; {
		case p.Kind == llm.ToolCall && p.Call != nil:
			k.call(p.Call, whole)
		case p.Kind == llm.Text:
			text, said = append(text, wire.TextBytes(p.Text)...), true
		}
	}
	// What is said beside a call is no answer yet.
	if said && c.Finish != llm.FinishTools && k.c.alteredOutput() {
		k.check(fit.OutputSchema, k.c.x.question.Output.Schema, text, whole)
	}
}

func (k *checker) call(call *llm.Call, whole bool) {
	tools := k.c.x.question.Tools
	i := slices.IndexFunc(tools, func(t llm.Tool) bool { return t.Name == call.Name && t.Raw == nil })
	if i < 0 || !k.c.alteredTool(i) {
		return
	}
	args := call.Args
	if len(args) == 0 {
		args = []byte("{}")
	}
	k.check(fit.ToolMember(i, "schema"), tools[i].Schema, args, whole)
}

// check holds a text against a schema. A text that was cut short cannot be.
func (k *checker) check(field string, schema llm.JSON, text []byte, whole bool) {
	k.checks++
	s := k.schema(field, schema)
	if s == nil || !whole || k.checks > maxChecks {
		remember(&k.found.Unchecked, field)
		return
	}
	at, ok, err := s.Check(text)
	switch {
	case err != nil:
		remember(&k.found.Unchecked, field)
	case !ok:
		remember(&k.found.Violates, field+" at "+where(at))
	}
}

// schema is the schema of a field, compiled once.
func (k *checker) schema(field string, schema llm.JSON) *conform.Schema {
	s, known := k.schemas[field]
	if !known {
		s, _ = conform.Compile(schema) // one that cannot be read checks nothing
		k.schemas[field] = s
	}
	return s
}

func remember(list *[]string, what string) {
	if len(*list) < maxFound && !slices.Contains(*list, what) {
		*list = append(*list, what)
	}
}

// where is the place where a text does not keep to its schema.
func where(pointer string) string {
	if pointer == "" {
		return "/"
	}
	if len(pointer) > maxPlace {
		pointer = strings.ToValidUTF8(pointer[:maxPlace], "") + "…"
	}
	return pointer
}
