package cohere

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// preambleMark marks the instructions that have a member of their own.
const preambleMark = "preamble"

// Marks of a turn that the request does not have: where only the results of
// calls are sent, the calls are known from them alone. The marks tell what
// comes before it.
const (
	afterMessage = "implied after message"
	afterHistory = "implied after history"
)

// DecodeRequest implements wire.Client.
func (V1Client) DecodeRequest(r *llm.Request, q wire.Question) error {
	f, err := q.Open()
	if err != nil {
		return wire.AsInvalid(err)
	}
	r.IncludeUsage = true
	var rest v1Rest
	for f.Next() {
		if !v1Member(r, &rest, f.Name(), f.Value()) {
			f.Keep(&r.Extra, llm.CohereV1)
		}
	}
	r.Extra.From = llm.CohereV1
	if !rest.stream {
		keep(&r.Extra, llm.CohereV1, "stream", nil)
	}
	t := v1Turns{r: r}
	if err := t.all(&rest); err != nil {
		return err
	}
	if !documents(r, rest.documents, llm.CohereV1) {
		keep(&r.Extra, llm.CohereV1, "documents", rest.documents)
	}
	return nil
}

// v1Rest are the members that make the messages.
type v1Rest struct {
	preamble, history, message, results, documents llm.JSON
	stream                                         bool
}

func v1Member(r *llm.Request, rest *v1Rest, name string, v llm.JSON) bool {
	switch name {
	case "model":
		r.Model = wire.Text(v)
		return r.Model != ""
	case "stream":
		rest.stream = true
		r.Stream = wire.IsTrue(v)
		return r.Stream || string(v) == "false"
	case "message":
		rest.message = v
	case "preamble":
		rest.preamble = v
		return wire.IsString(v)
	case "chat_history":
		rest.history = v
		return wire.Len(v) > 0
	case "tool_results":
		rest.results = v
		return v1Results(v)
	case "documents":
		rest.documents = v
	case "tools":
		return v1Tools(r, v)
	case "response_format":
		return output(&r.Output, v, llm.CohereV1)
	default:
		return sampling(&r.Sampling, name, v)
	}
	return true
}

// v1Results tells whether a list of results can be read as such.
func v1Results(v llm.JSON) bool {
	items, n := wire.Items(v), 0
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		if !wire.IsString(wire.Get(raw, "call", "name")) || !wire.IsArray(wire.Get(raw, "outputs")) {
			return false
		}
		n++
	}
	return n > 0
}

func v1Tools(r *llm.Request, v llm.JSON) bool {
	items := wire.Items(v)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		r.Tools = append(r.Tools, v1Tool(raw))
	}
	return len(r.Tools) > 0
}

func v1Tool(raw llm.JSON) llm.Tool {
	if !wire.IsString(wire.Get(raw, "name")) {
		return llm.Tool{Raw: raw, From: llm.CohereV1}
	}
	t := llm.Tool{Extra: llm.Extra{From: llm.CohereV1}}
	f := wire.NewFields(raw)
	for f.Next() {
		switch v := f.Value(); {
		case f.Name() == "name":
			t.Name = wire.Text(v)
		case f.Name() == "description" && wire.IsString(v):
			t.Description = v
		case f.Name() == "parameter_definitions" && wire.IsObject(v):
			var w wire.Writer
			t.Schema = schemaOf(v)
			if definitionsOf(&w, t.Schema); string(w.Buf) != string(compact(v)) {
				f.Keep(&t.Extra, llm.CohereV1)
			}
		default:
			f.Keep(&t.Extra, llm.CohereV1)
		}
	}
	return t
}

// v1Turns makes messages of the history and what comes after it.
type v1Turns struct {
	r *llm.Request
	// pending are the calls that have no result yet.
	pending []pendingCall
}

type pendingCall struct {
	call *llm.Call
	done bool
}

func (t *v1Turns) all(rest *v1Rest) error {
	if wire.IsString(rest.preamble) {
		m := llm.Message{Role: llm.System, Parts: []llm.Part{{Text: rest.preamble}}, Plain: true}
		wire.Mark(&m.Extra, llm.CohereV1, preambleMark, nil)
		t.r.Messages = append(t.r.Messages, m)
	}
	items, n := wire.Items(rest.history), 0
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		if err := t.turn(raw, "chat_history["+strconv.Itoa(n)+"]"); err != nil {
			return err
		}
		n++
	}
	results := v1Results(rest.results)
	switch {
	case wire.IsString(rest.message) && (!results || !wire.EmptyText(rest.message)):
		m := llm.Message{Parts: []llm.Part{{Text: rest.message}}, Plain: true, Extra: llm.Extra{From: llm.CohereV1}}
		t.r.Messages, t.pending = append(t.r.Messages, m), nil
	case !results && rest.message == nil:
		return &wire.Invalid{Field: "message", Message: "is required"}
	case rest.message != nil && !wire.IsString(rest.message):
		return &wire.Invalid{Field: "message", Message: "must be a string"}
	}
	if !results {
		return nil
	}
	if rest.message == nil {
		keep(&t.r.Extra, llm.CohereV1, "message", nil)
	}
	before := afterHistory
	if !wire.EmptyText(rest.message) && rest.message != nil {
		before = afterMessage
	}
	t.results(llm.Message{Role: llm.ToolRole, Extra: llm.Extra{From: llm.CohereV1}}, rest.results, before)
	return nil
}

// turn reads one entry of the history.
func (t *v1Turns) turn(raw llm.JSON, at string) error {
	m := llm.Message{Extra: llm.Extra{From: llm.CohereV1}}
	role := wire.Get(raw, "role")
	switch strings.ToUpper(wire.Text(role)) {
	case "USER":
		m.Role = llm.User
	case "CHATBOT":
		m.Role = llm.Assistant
	case "SYSTEM":
		m.Role = llm.System
	case "TOOL":
		m.Role = llm.ToolRole
	default:
		return &wire.Invalid{Field: at + ".role", Message: "must be USER, CHATBOT, SYSTEM or TOOL"}
	}
	keepUnless(&m.Extra, llm.CohereV1, "role", v1Role(m.Role), role)
	calls, results := t.members(&m, raw)
	if results != nil {
		t.results(m, results, afterHistory)
		return nil
	}
	t.calls(&m, calls)
	t.r.Messages = append(t.r.Messages, m)
	return nil
}

func (t *v1Turns) members(m *llm.Message, raw llm.JSON) (calls, results llm.JSON) {
	said := false
	f := wire.NewFields(raw)
	for f.Next() {
		v := f.Value()
		switch name := f.Name(); {
		case name == "role":
		case name == "message" && wire.IsString(v) && m.Role != llm.ToolRole:
			m.Parts, m.Plain, said = append(m.Parts, llm.Part{Text: v, Extra: llm.Extra{From: llm.CohereV1}}), true, true
		case name == "tool_calls" && v1Callable(v):
			calls = v
		case name == "tool_results" && m.Role == llm.ToolRole && v1Results(v):
			results = v
		default:
			f.Keep(&m.Extra, llm.CohereV1)
		}
	}
	if _, other := keptOf(&m.Extra, llm.CohereV1, "message"); !said && !other && m.Role != llm.ToolRole {
		keep(&m.Extra, llm.CohereV1, "message", nil)
	}
	return calls, results
}

// v1Callable tells whether all calls of a list can be read as such.
func v1Callable(v llm.JSON) bool {
	items, n := wire.Items(v), 0
	for call, ok := items.Next(); ok; call, ok = items.Next() {
		if !wire.IsString(wire.Get(call, "name")) {
			return false
		}
		n++
	}
	return n > 0
}

func (t *v1Turns) calls(m *llm.Message, list llm.JSON) {
	if m.Role != llm.ToolRole {
		t.pending = nil
	}
	base := "call_" + strconv.Itoa(len(t.r.Messages)) + "_"
	items := wire.Items(list)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		v1Call(&m.Parts, raw, base+strconv.Itoa(len(t.pending)))
		t.pending = append(t.pending, pendingCall{call: m.Parts[len(m.Parts)-1].Call})
	}
}

// v1Call reads {"name", "parameters"}. The format has no ids; some senders
// have one all the same, and arguments by the name of args.
func v1Call(parts *[]llm.Part, raw llm.JSON, id string) {
	c := &llm.Call{ID: id, Extra: llm.Extra{From: llm.CohereV1}}
	p := llm.Part{Kind: llm.ToolCall, Call: c, Extra: llm.Extra{From: llm.CohereV1}}
	f := wire.NewFields(raw)
	for f.Next() {
		switch v := f.Value(); {
		case f.Name() == "name":
			c.Name = wire.Text(v)
		case f.Name() == "parameters" && wire.IsObject(v):
			c.Args = v
		default:
			f.Keep(&p.Extra, llm.CohereV1)
		}
	}
	if c.Args == nil {
		if args, _ := keptOf(&p.Extra, llm.CohereV1, "args"); wire.IsObject(args) {
			c.Args = args
		}
		keep(&c.Extra, llm.CohereV1, "parameters", nil)
	}
	if own, _ := keptOf(&p.Extra, llm.CohereV1, "id"); len(own) > 2 && wire.IsString(own) {
		if c.ID = wire.Text(own); wire.IsSealed(c.ID) { // it is ours then, not the API's
			p.Extra.Members = slices.DeleteFunc(p.Extra.Members, func(m llm.Member) bool { return m.Name == "id" })
		}
	}
	*parts = wire.AppendCall(*parts, p)
}

// results adds the results of calls, after the calls if the request has none.
func (t *v1Turns) results(m llm.Message, list llm.JSON, before string) {
	implied := len(t.pending) == 0
	at := len(t.r.Messages)
	if implied {
		t.imply(list, before)
		at++
	}
	match := newMatcher(t.pending)
	items := wire.Items(list)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		m.Parts = append(m.Parts, v1Result(match, raw, "call_"+strconv.Itoa(at)+"_r"+strconv.Itoa(len(m.Parts))))
	}
	t.r.Messages = append(t.r.Messages, m)
	t.pending = match.left()
}

// imply adds the turn of the assistant that the results answer.
func (t *v1Turns) imply(list llm.JSON, before string) {
	m := llm.Message{Role: llm.Assistant}
	wire.Mark(&m.Extra, llm.CohereV1, before, nil)
	base := "call_" + strconv.Itoa(len(t.r.Messages)) + "_"
	items := wire.Items(list)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		v1Call(&m.Parts, wire.Get(raw, "call"), base+strconv.Itoa(len(t.pending)))
		t.pending = append(t.pending, pendingCall{call: m.Parts[len(m.Parts)-1].Call})
	}
	t.r.Messages = append(t.r.Messages, m)
}
