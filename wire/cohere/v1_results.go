package cohere

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// matcher finds the call that a result answers: the same arguments, or the
// first of the same name that has no result yet.
type matcher struct {
	calls []pendingCall
	byKey map[string][]int
}

func newMatcher(calls []pendingCall) *matcher {
	m := &matcher{calls: calls, byKey: map[string][]int{}}
	for i := range calls {
		c := calls[i].call
		m.add("i"+c.ID, i)
		m.add("n"+c.Name, i)
		m.add("a"+c.Name+"\x00"+string(c.Args), i)
	}
	return m
}

func (m *matcher) add(key string, i int) { m.byKey[key] = append(m.byKey[key], i) }

// take is the first call of a key that is left.
func (m *matcher) take(key string) *llm.Call {
	queue := m.byKey[key]
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		m.byKey[key] = queue
		if !m.calls[i].done {
			m.calls[i].done = true
			return m.calls[i].call
		}
	}
	return nil
}

func (m *matcher) find(id, name, args string) *llm.Call {
	if id != "" {
		if c := m.take("i" + id); c != nil {
			return c
		}
	}
	if c := m.take("a" + name + "\x00" + args); c != nil {
		return c
	}
	return m.take("n" + name)
}

func (m *matcher) left() []pendingCall {
	var left []pendingCall
	for _, c := range m.calls {
		if !c.done {
			left = append(left, c)
		}
	}
	return left
}

// v1Result reads {"call": {"name", "parameters"}, "outputs": [{…}]}. madeUp is
// its id if it answers no call.
func v1Result(match *matcher, raw llm.JSON, madeUp string) llm.Part {
	call := wire.Get(raw, "call")
	parameters := wire.Get(call, "parameters")
	r := &llm.Result{ID: madeUp, Name: wire.Text(wire.Get(call, "name"))}
	p := llm.Part{Kind: llm.ToolResult, Result: r, Extra: llm.Extra{From: llm.CohereV1}}
	given := wire.Text(wire.Get(call, "id"))
	id, _ := wire.OpenID(given)
	c := match.find(id, r.Name, string(parameters))
	if c != nil {
		r.ID = c.ID
	}
	f := wire.NewFields(raw)
	for f.Next() {
		switch {
		case f.Name() == "outputs":
			outputs(r, f.Value())
		case f.Name() == "call" && c != nil && (id != given || sameCall(call, parameters, c)):
		default:
			f.Keep(&p.Extra, llm.CohereV1)
		}
	}
	return p
}

// sameCall tells whether a call is written again as it came.
func sameCall(raw, parameters llm.JSON, c *llm.Call) bool {
	members := 0
	f := wire.NewFields(raw)
	for f.Next() {
		members++
	}
	return members == 2 && len(c.Args) > 0 && string(parameters) == string(c.Args)
}

// outputs reads [{"output": "…"}] as texts, and anything else as it is.
func outputs(r *llm.Result, v llm.JSON) {
	items := wire.Items(v)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		text, alone := onlyOutput(raw)
		if !alone {
			r.Parts, r.Value = nil, v
			return
		}
		r.Parts = append(r.Parts, llm.Part{Text: text})
	}
	if len(r.Parts) == 0 {
		r.Value = v
	}
}

func onlyOutput(raw llm.JSON) (text llm.JSON, alone bool) {
	members := 0
	f := wire.NewFields(raw)
	for f.Next() {
		members++
		if f.Name() == "output" {
			text = f.Value()
		}
	}
	return text, members == 1 && wire.IsString(text)
}
