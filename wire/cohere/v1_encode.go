package cohere

import (
	"strconv"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// EncodeRequest implements wire.Provider. The last message is the one to
// answer, all before it are the history. Instructions of other formats are
// said by the user there.
func (p V1Provider) EncodeRequest(dst []byte, r *llm.Request, n *wire.Notes) ([]byte, error) {
	messages, err := spoken(r, n)
	if err != nil {
		return nil, err
	}
	w := wire.Writer{Buf: dst}
	top := begin(&w, &r.Extra, llm.CohereV1)
	e := v1Writer{v2Writer: v2Writer{w: &w, n: n}, calls: map[string]*llm.Call{}}
	p.asks(&top, r)
	e.turns(&top, messages)
	e.beside(&top, messages)
	e.tools(&top, r)
	p.output(&top, &r.Output, n)
	top.sampling(&r.Sampling)
	top.End()
	dropped(r, n)
	n.Lose("sampling.n", r.Sampling.N)
	n.Lose("sampling.logprobs", r.Sampling.Logprobs)
	n.Lose("parallel", r.Parallel)
	t := &r.Reasoning
	drop(n, "reasoning", wire.Thinks(t))
	wire.NoteExtra(n, &r.Extra, llm.CohereV1, "")
	return w.Buf, nil
}

// asks writes whom is asked, and how it shall answer, where that is not said in
// the path.
func (p V1Provider) asks(top *node, r *llm.Request) {
	if p.hosted {
		return
	}
	top.Text("model", r.Model)
	top.stream(r.Stream)
}

func (p V1Provider) output(top *node, o *llm.Output, n *wire.Notes) {
	if !p.hosted || top.X.From == llm.CohereV1 {
		outputFormat(top, o, n)
		return
	}
	drop(n, "output", o.Kind > llm.OutputText)
}

type v1Writer struct {
	v2Writer
	// calls by their ids: results repeat what they answer.
	calls map[string]*llm.Call
}

// v1Turn is an entry of the history: a message, or the results in one or
// several.
type v1Turn struct {
	m       *llm.Message
	at      string
	results []*llm.Part
	said    []*llm.Part
}

// turns writes preamble, history, message and results.
func (e *v1Writer) turns(top *node, messages []llm.Message) {
	turns := e.split(top, messages)
	var results, message *v1Turn
	if n := len(turns); n > 0 && turns[n-1].results != nil {
		results, turns = &turns[n-1], turns[:n-1]
		if n > 2 && marked(turns[n-2].m, afterMessage) {
			message, turns = &turns[n-3], turns[:n-3]
		}
	} else if n > 0 {
		message, turns = &turns[n-1], turns[:n-1]
	}
	e.history(top, turns)
	if message != nil {
		top.Member("message", e.said(message))
		e.asked(message)
	} else if _, kept := top.kept("message"); !kept {
		top.Member("message", llm.JSON(`""`))
	}
	if results != nil {
		top.Name("tool_results")
		e.results(results)
	}
}

// asked notes what a message loses by being the one to answer.
func (e *v1Writer) asked(t *v1Turn) {
	if t.m.Role != llm.User && t.m.Role != llm.ToolRole {
		e.n.Change(t.at+".role", "sent as the message to answer")
	}
}

func (e *v1Writer) history(top *node, turns []v1Turn) {
	some := false
	for i := range turns {
		if marked(turns[i].m, afterMessage) || marked(turns[i].m, afterHistory) {
			continue
		}
		if !some {
			top.Name("chat_history")
			e.w.Array()
			some = true
		}
		e.turn(&turns[i])
	}
	if some {
		e.w.EndArray()
	}
}

func marked(m *llm.Message, mark string) bool {
	_, ok := wire.Marked(&m.Extra, llm.CohereV1, mark)
	return ok
}

// split makes turns of messages. Results that other formats have in messages
// of their own are one turn.
func (e *v1Writer) split(top *node, messages []llm.Message) []v1Turn {
	var turns []v1Turn
	for i := range messages {
		m := &messages[i]
		if marked(m, preambleMark) && len(m.Parts) == 1 {
			top.Member("preamble", m.Parts[0].Text)
			continue
		}
		at := "messages[" + strconv.Itoa(i) + "]"
		wire.NoteExtra(e.n, &m.Extra, llm.CohereV1, at+".")
		drop(e.n, at+".name", m.Name != nil)
		turns = e.turnsOf(turns, m, at)
	}
	return turns
}

func (e *v1Writer) turnsOf(turns []v1Turn, m *llm.Message, at string) []v1Turn {
	t := v1Turn{m: m, at: at}
	for i := range m.Parts {
		p := &m.Parts[i]
		switch {
		case p.Kind == llm.ToolResult && p.Result != nil:
			t.results = append(t.results, p)
			continue
		case p.Kind == llm.ToolCall && p.Call != nil:
			e.calls[p.Call.ID] = p.Call
		case besideV1(m, p):
			moved(e.n, p, partAt(at, i))
		case !isText(p):
			drop(e.n, partAt(at, i), p.Kind != llm.Redacted && (p.Kind != llm.Thinking || p.Text != nil))
		}
		if p.Kind == llm.Refusal {
			e.n.Change(partAt(at, i), "text")
		}
		drop(e.n, partAt(at, i)+".cache", p.Cache != nil)
		drop(e.n, partAt(at, i)+".citations", len(p.Citations) > 0 && p.Citations[0].From != llm.CohereV1)
		t.said = append(t.said, p)
	}
	last := len(turns) - 1
	if len(t.results) > 0 {
		if last >= 0 && turns[last].results != nil && m.Extra.From != llm.CohereV1 {
			turns[last].results = append(turns[last].results, t.results...)
		} else {
			turns = append(turns, v1Turn{m: m, at: at, results: t.results})
		}
	}
	if len(t.results) == 0 || len(t.said) > 0 {
		turns = append(turns, v1Turn{m: m, at: at, said: t.said})
	}
	return turns
}

func v1Role(r llm.Role) string {
	switch r {
	case llm.Assistant:
		return "CHATBOT"
	case llm.System:
		return "SYSTEM"
	case llm.ToolRole:
		return "TOOL"
	case llm.User, llm.Developer:
	}
	return "USER"
}

// turn writes an entry of the history.
func (e *v1Writer) turn(t *v1Turn) {
	var none llm.Extra
	x := &t.m.Extra
	if t.said == nil && len(t.results) != len(t.m.Parts) {
		x = &none
	}
	o := begin(e.w, x, llm.CohereV1)
	role := v1Role(t.m.Role)
	switch {
	case t.results != nil:
		role = "TOOL"
	case x.From != llm.CohereV1 && (t.m.Role == llm.System || t.m.Role == llm.Developer):
		role = "USER"
		e.n.Change(t.at+".role", "sent as USER")
	}
	o.word("role", role)
	if t.results != nil {
		o.Name("tool_results")
		e.results(t)
		o.End()
		return
	}
	if _, kept := o.kept("message"); !kept && (t.m.Role != llm.ToolRole || x.From != llm.CohereV1) {
		o.Member("message", e.said(t))
	}
	v1Calls(&o, t.said, e.n, t.at)
	o.End()
}

// said is the text of a turn.
func (e *v1Writer) said(t *v1Turn) llm.JSON {
	var texts []llm.JSON
	for _, p := range t.said {
		if isText(p) && p.Text != nil {
			texts = append(texts, p.Text)
		}
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return wire.Join("\n", texts...)
}

// v1Calls writes the calls of a turn.
func v1Calls(o *node, parts []*llm.Part, n *wire.Notes, at string) {
	some := false
	for _, p := range parts {
		if p.Kind != llm.ToolCall || p.Call == nil {
			continue
		}
		if !some {
			o.Name("tool_calls")
			o.W.Array()
			some = true
		}
		v1CallOut(o.W, p, "")
		if n != nil && len(p.Call.Args) > 0 && !isObject(p.Call.Args) {
			n.Change(at+".tool_calls", "arguments that are no JSON object are sent as its member _raw")
		}
	}
	if some {
		o.W.EndArray()
	}
}

// v1CallOut writes a call; with an id only if it must come back.
func v1CallOut(w *wire.Writer, p *llm.Part, id string) {
	c := begin(w, &p.Extra, llm.CohereV1)
	if _, kept := c.kept("id"); !kept {
		c.Text("id", id)
	}
	c.Name("name")
	w.String(p.Call.Name)
	if _, kept := keptOf(&p.Call.Extra, llm.CohereV1, "parameters"); !kept {
		c.Name("parameters")
		arguments(w, p.Call.Args)
	}
	c.End()
}

func isObject(args []byte) bool { return wire.IsObject(args) && jsonscan.Valid(args) == nil }

// arguments writes arguments as an object.
func arguments(w *wire.Writer, args []byte) {
	switch {
	case len(args) == 0:
		w.Literal("{}")
	case isObject(args):
		w.Raw(args)
	default:
		w.Object()
		w.Name("_raw")
		w.Bytes(args)
		w.EndObject()
	}
}

// results writes what tools gave, each with the call that it answers.
func (e *v1Writer) results(t *v1Turn) {
	e.w.Array()
	for i, p := range t.results {
		r := p.Result
		drop(e.n, partAt(t.at, i)+".failed", r.Failed)
		o := begin(e.w, &p.Extra, llm.CohereV1)
		if _, kept := o.kept("call"); !kept {
			o.Name("call")
			e.answered(r)
		}
		o.Name("outputs")
		if p.Extra.From == llm.CohereV1 && wire.IsArray(r.Value) || objects(r.Value) {
			e.w.Raw(r.Value)
		} else {
			e.outputs(r, partAt(t.at, i))
		}
		o.End()
	}
	e.w.EndArray()
}

func (e *v1Writer) answered(r *llm.Result) {
	var args []byte
	name := r.Name
	if c := e.calls[r.ID]; c != nil {
		name, args = c.Name, c.Args
	}
	e.w.Object()
	e.w.Name("name")
	e.w.String(name)
	e.w.Name("parameters")
	arguments(e.w, args)
	e.w.EndObject()
}

func (e *v1Writer) outputs(r *llm.Result, at string) {
	e.w.Array()
	switch {
	case wire.IsObject(r.Value):
		e.w.Raw(r.Value)
	case r.Value != nil:
		e.output(r.Value)
	}
	for i := range r.Parts {
		p := &r.Parts[i]
		text := p.Text
		if p.Kind == llm.Document {
			text = documentText(p.Media)
		}
		if text == nil || p.Kind != llm.Document && !isText(p) {
			e.n.Drop(partAt(at, i))
			continue
		}
		e.output(text)
	}
	e.w.EndArray()
}

func (e *v1Writer) output(v llm.JSON) {
	e.w.Object()
	e.w.Member("output", v)
	e.w.EndObject()
}

// objects tells whether v is a list of nothing but objects.
func objects(v llm.JSON) bool {
	items := wire.Items(v)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		if !wire.IsObject(raw) {
			return false
		}
	}
	return wire.IsArray(v)
}

func besideV1(m *llm.Message, p *llm.Part) bool {
	return m.Role == llm.User && p.Kind == llm.Document && documentText(p.Media) != nil
}

// beside writes the documents beside the messages.
func (e *v1Writer) beside(top *node, messages []llm.Message) {
	some := false
	for i := range messages {
		for k := range messages[i].Parts {
			p := &messages[i].Parts[k]
			if !besideV1(&messages[i], p) {
				continue
			}
			if !some {
				top.Name("documents")
				e.w.Array()
				some = true
			}
			e.documentV1(p)
		}
	}
	if some {
		e.w.EndArray()
	}
}

func (e *v1Writer) documentV1(p *llm.Part) {
	if raw, ok := wire.Marked(&p.Extra, llm.CohereV1, documentsMark); ok {
		e.w.Raw(raw)
		return
	}
	if raw, ok := wire.Marked(&p.Extra, llm.CohereV2, documentsMark); ok && wire.IsObject(wire.Get(raw, "data")) {
		e.w.Raw(wire.Get(raw, "data"))
		return
	}
	documentData(e.w, p.Media)
}

// tools writes the tools; a choice among them can only be made by leaving
// some out.
func (e *v1Writer) tools(top *node, r *llm.Request) {
	tools := confined(r, e.n)
	drop(e.n, "choice", r.Choice.Mode == llm.ChoiceAny || r.Choice.Mode == llm.ChoiceNamed)
	e.n.LoseChoice(&r.Choice, top.Own)
	if r.Choice.Mode == llm.ChoiceNone && len(tools) > 0 {
		e.n.Change("choice", "the tools are not sent")
		return
	}
	if len(tools) == 0 {
		return
	}
	top.Name("tools")
	e.w.Array()
	for i := range tools {
		e.toolV1(&tools[i], wire.ToolField(i, &tools[i]))
	}
	e.w.EndArray()
}

func (e *v1Writer) toolV1(t *llm.Tool, at string) {
	switch {
	case t.Raw != nil && t.From == llm.CohereV1:
		e.w.Raw(t.Raw)
		return
	case t.Raw != nil, t.Custom:
		e.n.Drop(at)
		return
	}
	drop(e.n, at+".cache", t.Cache != nil)
	drop(e.n, at+".strict", wire.IsTrue(t.Strict))
	wire.NoteExtra(e.n, &t.Extra, llm.CohereV1, at+".")
	wire.NoteExtra(e.n, &t.Inner, llm.CohereV1, at+".")
	o := begin(e.w, &t.Extra, llm.CohereV1)
	o.Name("name")
	e.w.String(t.Name)
	o.Member("description", t.Description)
	if t.Description == nil && t.Extra.From != llm.CohereV1 {
		o.Member("description", llm.JSON(`""`))
	}
	if _, kept := o.kept("parameter_definitions"); !kept && t.Schema != nil {
		o.Name("parameter_definitions")
		if !definitionsOf(e.w, t.Schema) {
			e.n.Change(at+".schema", "only names, types and descriptions of its properties are sent")
		}
	}
	o.End()
}
