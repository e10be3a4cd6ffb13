package cohere

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// EncodeRequest implements wire.Provider.
func (V2Provider) EncodeRequest(dst []byte, r *llm.Request, n *wire.Notes) ([]byte, error) {
	messages, err := spoken(r, n)
	if err != nil {
		return nil, err
	}
	w := wire.Writer{Buf: dst}
	top := begin(&w, &r.Extra, llm.CohereV2)
	top.Text("model", r.Model)
	top.stream(r.Stream)
	e := v2Writer{w: &w, n: n}
	top.Name("messages")
	w.Array()
	for i := range messages {
		e.message(&messages[i], "messages["+strconv.Itoa(i)+"]")
	}
	w.EndArray()
	e.documents(&top, messages)
	tools := confined(r, n)
	e.tools(&top, r, tools)
	e.choice(&top, r, len(tools) > 0)
	outputFormat(&top, &r.Output, n)
	top.sampling(&r.Sampling)
	top.Member("logprobs", r.Sampling.Logprobs)
	e.thinking(&top, &r.Reasoning)
	top.End()
	dropped(r, n)
	n.Lose("sampling.n", r.Sampling.N)
	n.Lose("parallel", r.Parallel)
	wire.NoteExtra(n, &r.Extra, llm.CohereV2, "")
	return w.Buf, nil
}

// stream writes whether an answer in events is wanted.
func (n *node) stream(on bool) {
	if _, kept := n.kept("stream"); on || !kept {
		n.Name("stream")
		n.W.Bool(on)
	}
}

// spoken are the messages of a question; a prompt becomes one.
func spoken(r *llm.Request, n *wire.Notes) ([]llm.Message, error) {
	if r.Prompt == nil {
		return r.Messages, nil
	}
	prompt, err := onePrompt(r)
	if err != nil {
		return nil, err
	}
	n.Change("prompt", "sent as a message of the user")
	return []llm.Message{{Parts: []llm.Part{{Text: prompt}}, Plain: true}}, nil
}

// onePrompt is the prompt where there must be one text.
func onePrompt(r *llm.Request) (llm.JSON, error) {
	if len(r.Messages) > 0 {
		return nil, &wire.Invalid{Field: "prompt", Message: "cannot run a 'prompt' and a history of 'messages' at the same time - refer to schema"}
	}
	prompt, ok := wire.OnePrompt(r.Prompt)
	if !ok {
		return nil, &wire.Invalid{Field: "prompt", Message: "must be one text"}
	}
	return prompt, nil
}

// confined are the tools that may be called: those the choice allows.
func confined(r *llm.Request, n *wire.Notes) []llm.Tool {
	allowed := r.Choice.Allowed
	if r.Choice.Mode == llm.ChoiceNamed {
		allowed = []string{r.Choice.Name}
	}
	if len(allowed) == 0 {
		return r.Tools
	}
	named := map[string]bool{}
	for _, name := range allowed {
		named[name] = true
	}
	var tools []llm.Tool
	for i := range r.Tools {
		if named[r.Tools[i].Name] {
			tools = append(tools, r.Tools[i])
		}
	}
	if len(tools) == 0 {
		return r.Tools
	}
	n.Change("choice", "only the tools that may be called are sent")
	return tools
}

// outputFormat writes response_format.
func outputFormat(top *node, o *llm.Output, n *wire.Notes) {
	n.Lose("output.description", o.Description)
	wire.NoteExtra(n, &o.Extra, top.Own, "output.")
	if o.Kind == llm.OutputUnsaid {
		return
	}
	top.Name("response_format")
	f := begin(top.W, &o.Extra, top.Own)
	if o.Kind == llm.OutputText {
		f.Text("type", "text")
		f.End()
		return
	}
	f.Text("type", "json_object")
	if old, _ := f.kept("schema"); o.Kind == llm.OutputSchema && old == nil {
		f.Member(schemaName(top.Own), o.Schema)
	}
	f.End()
}

// v2Writer writes the parts of a request.
type v2Writer struct {
	w *wire.Writer
	n *wire.Notes
}

func (e *v2Writer) tools(top *node, r *llm.Request, tools []llm.Tool) {
	strict, alike := strictness(tools)
	if len(tools) > 0 {
		top.Name("tools")
		e.w.Array()
		for i := range tools {
			e.tool(&tools[i], wire.ToolField(i, &tools[i]))
		}
		e.w.EndArray()
	}
	top.Member("strict_tools", strict)
	if !alike {
		e.n.Change("tools.strict", "all tools are strict, or none")
	}
	e.n.LoseChoice(&r.Choice, top.Own)
}

// strictness is that of all tools together: strict if any is.
func strictness(tools []llm.Tool) (strict llm.JSON, alike bool) {
	alike = true
	for i := range tools {
		if i > 0 && string(tools[i].Strict) != string(tools[0].Strict) {
			alike = false
		}
		if strict == nil || wire.IsTrue(tools[i].Strict) {
			strict = tools[i].Strict
		}
	}
	return wire.Null(strict), alike
}

func (e *v2Writer) tool(t *llm.Tool, at string) {
	switch {
	case t.Raw != nil && t.From == llm.CohereV2:
		e.w.Raw(t.Raw)
		return
	case t.Raw != nil, t.Custom:
		e.n.Drop(at)
		return
	}
	drop(e.n, at+".cache", t.Cache != nil)
	wire.NoteExtra(e.n, &t.Extra, llm.CohereV2, at+".")
	wire.NoteExtra(e.n, &t.Inner, llm.CohereV2, at+".")
	o := begin(e.w, &t.Extra, llm.CohereV2)
	o.word("type", "function")
	o.Name("function")
	f := begin(e.w, &t.Inner, llm.CohereV2)
	f.Name("name")
	e.w.String(t.Name)
	f.Member("description", t.Description)
	f.Member("parameters", t.Schema)
	if t.Schema == nil && t.Inner.From != llm.CohereV2 {
		f.Member("parameters", llm.JSON(`{"type":"object","properties":{}}`))
	}
	f.End()
	o.End()
}

func (e *v2Writer) choice(top *node, r *llm.Request, tools bool) {
	switch r.Choice.Mode {
	case llm.ChoiceNone:
		top.Text("tool_choice", "NONE")
	case llm.ChoiceAny, llm.ChoiceNamed:
		if tools || r.Extra.From == llm.CohereV2 {
			top.Text("tool_choice", "REQUIRED")
		}
	case llm.ChoiceAuto, llm.ChoiceUnsaid:
	}
}

func (e *v2Writer) thinking(top *node, t *llm.Reasoning) {
	drop(e.n, "reasoning.summary", t.Summary != "")
	if t.Effort != "" && t.Effort != "none" {
		e.n.Change("reasoning.effort", "thinking is enabled, without a measure")
	}
	kind := ""
	switch {
	case t.Off, t.Effort == "none":
		kind = "disabled"
	case t.On, t.Effort != "", t.Budget != nil:
		kind = "enabled"
	default:
		return
	}
	top.Name("thinking")
	e.w.Object()
	e.w.StringMember("type", kind)
	e.w.Member("token_budget", t.Budget)
	e.w.EndObject()
}

// documents writes those that the API wants beside the messages: all that the
// user gives as text.
func (e *v2Writer) documents(top *node, messages []llm.Message) {
	some := false
	for i := range messages {
		for k := range messages[i].Parts {
			p := &messages[i].Parts[k]
			if !beside(&messages[i], p) {
				continue
			}
			if !some {
				top.Name("documents")
				e.w.Array()
				some = true
			}
			e.document(p)
		}
	}
	if some {
		e.w.EndArray()
	}
}

// beside tells whether a part is a document that is sent beside the messages.
func beside(m *llm.Message, p *llm.Part) bool {
	if m.Role != llm.User || p.Kind != llm.Document {
		return false
	}
	if _, inside := wire.Marked(&p.Extra, llm.CohereV2, "document"); inside {
		return false
	}
	return documentText(p.Media) != nil
}

// documentText is the text of a document; nil if it is more than text.
func documentText(m *llm.Media) llm.JSON {
	if m == nil || m.Text != nil {
		if m == nil {
			return nil
		}
		return m.Text
	}
	if m.Data == nil || !strings.HasPrefix(m.MIME, "text/") && m.MIME != "application/json" {
		return nil
	}
	text, err := base64.StdEncoding.DecodeString(string(m.Data))
	if err != nil {
		return nil
	}
	return wire.Quote(string(text))
}

// moved notes that a document of another format is sent beside the messages.
func moved(n *wire.Notes, p *llm.Part, at string) {
	if p.Extra.From == llm.CohereV1 || p.Extra.From == llm.CohereV2 {
		return
	}
	n.Change(at, "beside the messages")
	drop(n, at+".cache", p.Cache != nil)
}

func (e *v2Writer) document(p *llm.Part) {
	for _, name := range [...]string{documentsMark, "document"} {
		if raw, ok := wire.Marked(&p.Extra, llm.CohereV2, name); ok {
			e.w.Raw(raw)
			return
		}
	}
	e.w.Object()
	e.w.Name("data")
	if raw, ok := wire.Marked(&p.Extra, llm.CohereV1, documentsMark); ok && wire.IsObject(raw) {
		e.w.Raw(raw)
	} else {
		documentData(e.w, p.Media)
	}
	e.w.EndObject()
}

func documentData(w *wire.Writer, m *llm.Media) {
	w.Object()
	w.Member("text", documentText(m))
	title := m.Title
	if title == nil {
		title = m.Name
	}
	w.Member("title", title)
	w.Member("context", m.Context)
	w.EndObject()
}
