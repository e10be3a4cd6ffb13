package ollama

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// EncodeRequest implements wire.Provider. /api/generate takes one prompt: a
// completion, or one turn of a user after the instructions.
func (p Provider) EncodeRequest(dst []byte, r *llm.Request, notes *wire.Notes) ([]byte, error) {
	w := wire.Writer{Buf: dst}
	e := requestEncoder{w: &w, r: r, notes: notes, own: p.Format()}
	e.foreign = r.Extra.From != e.own
	n := wire.Begin(&w, &r.Extra, e.own)
	n.Text("model", r.Model)
	question := e.chat
	if p.Generate {
		question = e.generate
	}
	if err := question(&n); err != nil {
		return dst, err
	}
	e.stream(&n)
	e.format(&n)
	e.think(&n)
	e.writeOptions(&n)
	n.Member("logprobs", r.Sampling.Logprobs)
	n.Member("top_logprobs", r.Sampling.TopLogprobs)
	n.End()
	e.drops()
	return w.Buf, nil
}

// severalPrompts is a question that has none that is one text.
var severalPrompts = &wire.Invalid{Field: "prompt", Message: "must be one text"}

// requestEncoder writes one question.
type requestEncoder struct {
	w       *wire.Writer
	r       *llm.Request
	notes   *wire.Notes
	own     llm.Format
	foreign bool              // the question comes from another format
	names   map[string]string // of the tools, by the ids of their calls
}

// stream is on where it is left out.
func (e *requestEncoder) stream(n *wire.Node) {
	if e.r.Stream {
		n.Implied("stream", llm.JSON("true"))
		return
	}
	n.Member("stream", llm.JSON("false"))
}

func (e *requestEncoder) format(n *wire.Node) {
	o := &e.r.Output
	switch {
	case o.Kind == llm.OutputSchema && o.Schema != nil:
		n.Member("format", o.Schema)
	case o.Kind == llm.OutputSchema, o.Kind == llm.OutputJSON:
		n.Member("format", llm.JSON(`"json"`))
	}
	e.notes.Lose("output.description", o.Description)
	e.notes.Lose("output.strict", o.Strict)
	e.notes.LoseText("output.verbosity", o.Verbosity)
}

func (e *requestEncoder) think(n *wire.Node) {
	t := &e.r.Reasoning
	switch effort := t.Effort; {
	case t.Off || effort == "none":
		n.Member("think", llm.JSON("false"))
	case effort == "low" || effort == "medium" || effort == "high":
		n.Text("think", effort)
	case effort == "minimal":
		n.Text("think", "low")
		e.notes.Change("reasoning.effort", "low is the least")
	case effort != "":
		n.Text("think", "high")
		e.notes.Change("reasoning.effort", "high is the most")
	case t.On || t.Budget != nil:
		n.Member("think", llm.JSON("true"))
	}
	e.notes.Lose("reasoning.budget", t.Budget)
	e.notes.LoseText("reasoning.summary", t.Summary)
}

func (e *requestEncoder) drop(there bool, field string) {
	if there {
		e.notes.Drop(field)
	}
}

// drops notes what neither endpoint has a place for.
func (e *requestEncoder) drops() {
	r, s := e.r, &e.r.Sampling
	e.notes.Lose("parallel", r.Parallel)
	e.notes.Lose("user", r.User)
	e.notes.Lose("service_tier", r.ServiceTier)
	e.notes.Lose("metadata", r.Metadata)
	e.notes.Lose("sampling.n", s.N)
	e.notes.Lose("sampling.logit_bias", s.LogitBias)
	e.dropExtra(&r.Extra)
}

// dropExtra notes what another format said beside the model.
func (e *requestEncoder) dropExtra(x *llm.Extra) {
	wire.NoteExtra(e.notes, x, e.own, "")
}

// generate writes a question to /api/generate.
func (e *requestEncoder) generate(n *wire.Node) error {
	e.drop(len(e.r.Tools) > 0, "tools")
	e.drop(wire.Confines(&e.r.Choice), "choice")
	n.Member("suffix", e.r.Suffix)
	if len(e.r.Messages) > 0 {
		return e.oneTurn(n)
	}
	prompt, ok := wire.OnePrompt(e.r.Prompt)
	if !ok && e.r.Prompt != nil {
		return severalPrompts
	}
	if prompt == nil && e.foreign {
		return &wire.Invalid{Field: "prompt", Message: "is missing"}
	}
	n.Member("prompt", prompt)
	return nil
}

// oneTurn writes instructions and the only turn of a conversation.
func (e *requestEncoder) oneTurn(n *wire.Node) error {
	messages := e.r.Messages
	var system []llm.JSON
	for len(messages) > 0 && (messages[0].Role == llm.System || messages[0].Role == llm.Developer) {
		c := e.content(len(system), &messages[0])
		system, messages = append(system, c.text()), messages[1:]
	}
	if len(messages) != 1 || messages[0].Role != llm.User {
		return &wire.Invalid{Field: "messages", Message: "must be one turn of a user after the instructions"}
	}
	c := e.content(len(system), &messages[0])
	if len(c.results) > 0 || len(c.calls) > 0 {
		return &wire.Invalid{Field: "messages", Message: "must be free of calls and results of tools"}
	}
	if system != nil {
		n.Member("system", wire.Join("\n", system...))
	}
	n.Implied("prompt", c.text())
	e.images(n, c.images)
	return nil
}
