package ollama

import (
	"errors"
	"time"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// answer is an answer, or one line of a stream of them, taken apart.
type answer struct {
	own                          llm.Format
	model, reason, failure       string
	created                      llm.JSON
	message                      llm.JSON // of /api/chat
	response, thinking           llm.JSON // of /api/generate
	prompt, completion, logprobs llm.JSON
	saidDone                     llm.JSON
	done                         bool
	extra                        llm.Extra
}

func (a *answer) read(body []byte) {
	*a = answer{own: a.own, extra: llm.Extra{From: a.own, Members: a.extra.Members[:0]}}
	f := wire.NewFields(body)
	for f.Next() {
		if !a.take(f.Name(), f.Value()) {
			f.Keep(&a.extra, a.own)
		}
	}
}

func (a *answer) take(name string, v llm.JSON) bool {
	switch name {
	case "model":
		a.model = wire.Text(v)
		return a.model != ""
	case "created_at":
		a.created = v // kept as well, for its nanoseconds
		return false
	case "done":
		a.saidDone, a.done = v, wire.IsTrue(v)
		return true
	case "done_reason":
		a.reason = wire.Text(v)
		return a.reason != ""
	case "error":
		a.failure = failure(v)
		return false
	case "prompt_eval_count":
		return takeCount(&a.prompt, v)
	case "eval_count":
		return takeCount(&a.completion, v)
	case "logprobs":
		a.logprobs = v
		return wire.IsArray(v)
	}
	return a.takeContent(name, v)
}

func (a *answer) takeContent(name string, v llm.JSON) bool {
	if a.own == llm.OllamaChat {
		if name != "message" || !wire.IsObject(v) {
			return false
		}
		a.message = v
		return true
	}
	switch name {
	case "response":
		if wire.IsString(v) {
			a.response = v
		}
		return wire.IsString(v)
	case "thinking":
		return takeText(&a.thinking, v)
	}
	return false
}

func takeCount(into *llm.JSON, v llm.JSON) bool {
	if n, ok := wire.Int(v); !ok || n < 0 {
		return false
	}
	*into = v
	return true
}

func (a *answer) usage() llm.Usage {
	u := llm.NoUsage()
	if n, ok := wire.Int(a.prompt); ok {
		u.Prompt = n
	}
	if n, ok := wire.Int(a.completion); ok {
		u.Completion = n
	}
	if u.Prompt >= 0 && u.Completion >= 0 && u.Prompt+u.Completion >= 0 {
		u.Total = u.Prompt + u.Completion
	}
	return u
}

// time is when the answer was made, and the id that stands for it: the digits
// of that time, for Ollama gives none.
func (a *answer) time() (created int64, id string) {
	text := wire.Text(a.created)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.Unix() < 0 {
		return 0, "ollama-" + digits(text)
	}
	return at.Unix(), "ollama-" + digits(text)
}

func digits(s string) string {
	out := make([]byte, 0, 24)
	for i := 0; i < len(s) && len(out) < cap(out); i++ {
		if s[i] >= '0' && s[i] <= '9' {
			out = append(out, s[i])
		}
	}
	return string(out)
}

// scope is what the made-up ids of calls in this answer have in common.
func (a *answer) scope() string { return digits(wire.Text(a.created)) }

// DecodeResponse implements wire.Provider.
func (p Provider) DecodeResponse(out *llm.Response, body []byte) error {
	if wire.Check(body) != nil {
		return errors.New("failed to decode ollama response")
	}
	a := answer{own: p.Format()}
	a.read(body)
	if a.message == nil && a.response == nil {
		if a.failure != "" {
			return &llm.Error{Status: 500, Message: a.failure, RetryAfter: -1}
		}
		return errors.New("ollama: an answer without a message")
	}
	a.into(out)
	return nil
}

func (a *answer) into(out *llm.Response) {
	out.Model = a.model
	out.Created, out.ID = a.time()
	out.Usage = a.usage()
	c := llm.Choice{Reason: a.reason, Logprobs: logprobs(a.logprobs)}
	calls := a.parts(&c)
	if a.done || a.reason != "" {
		c.Finish = finishOf(a.reason, calls)
	}
	wire.Expect(&a.extra, a.own, "done", a.saidDone != nil)
	if a.saidDone != nil && !a.done {
		a.extra.Members = append(a.extra.Members, llm.Member{Name: "done", Value: a.saidDone})
	}
	out.Extra = a.extra
	out.Choices = append(out.Choices, c)
}

// parts adds what was answered, and tells whether tools are to be called.
func (a *answer) parts(c *llm.Choice) (calls bool) {
	if a.own == llm.OllamaGenerate {
		c.Parts = appendText(appendThoughts(nil, a.thinking), a.response)
		return false
	}
	var s said
	c.Inner.From = a.own
	f := wire.NewFields(a.message)
	for f.Next() {
		known := f.Name() == "role" && wire.Equal(f.Value(), "assistant")
		if !known && (f.Name() == "role" || !s.take(f.Name(), f.Value(), false)) {
			f.Keep(&c.Inner, a.own)
		}
	}
	wire.Expect(&c.Inner, a.own, "role", wire.Get(a.message, "role") != nil)
	wire.Expect(&c.Inner, a.own, "content", wire.Get(a.message, "content") != nil)
	c.Parts = appendText(appendThoughts(nil, s.thinking), s.content)
	items := wire.Items(s.images)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		c.Parts = append(c.Parts, picture(v, a.own))
	}
	return a.calls(c, s.calls)
}

func (a *answer) calls(c *llm.Choice, list llm.JSON) (some bool) {
	items, n := wire.Items(list), 0
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		p := decodeCall(raw, a.own)
		if p.Call.ID == "" {
			p.Call.ID = madeUpID(a.scope(), n)
		}
		n++
		c.Parts = append(c.Parts, p)
	}
	return n > 0
}

func appendThoughts(parts []llm.Part, text llm.JSON) []llm.Part {
	if text == nil {
		return parts
	}
	return append(parts, llm.Part{Kind: llm.Thinking, Text: text})
}

func appendText(parts []llm.Part, text llm.JSON) []llm.Part {
	if text == nil || wire.EmptyText(text) {
		return parts
	}
	return append(parts, llm.Part{Kind: llm.Text, Text: text})
}

// logprobs are a bare list in Ollama, of elements shaped like OpenAI's.
func logprobs(list llm.JSON) llm.JSON {
	if !wire.IsArray(list) {
		return nil
	}
	var w wire.Writer
	w.Object()
	w.Member("content", list)
	w.EndObject()
	return w.Buf
}

// EncodeResponse implements wire.Client. Ollama has one answer to a question,
// so of several the first is told.
func (c Client) EncodeResponse(dst []byte, a *llm.Response, _ *llm.Request) []byte {
	w := wire.Writer{Buf: dst}
	own := c.Format()
	choice := &llm.Choice{Finish: llm.FinishStop}
	if len(a.Choices) > 0 {
		choice = &a.Choices[0]
	}
	n := wire.Begin(&w, &a.Extra, own)
	n.Text("model", a.Model)
	writeCreated(&n, a.Created)
	v := voice{w: &w, own: own}
	v.sort(choice.Parts)
	if c.Generate {
		n.Implied("response", v.text())
		v.thinking(&n)
	} else {
		v.message(&n, &choice.Inner)
	}
	writeDone(&n, choice.Finish, choice.Reason, a.Extra.From == own)
	writeUsage(&n, &a.Usage)
	n.Member("logprobs", wire.Get(choice.Logprobs, "content"))
	n.End()
	return w.Buf
}

func writeCreated(n *wire.Node, created int64) {
	if created > 0 && n.X.Get(n.Own, "created_at") == nil {
		n.Text("created_at", time.Unix(created, 0).UTC().Format(time.RFC3339))
	}
}

func writeDone(n *wire.Node, f llm.Finish, reason string, own bool) {
	n.Implied("done", llm.JSON("true"))
	if !own || reason != "" {
		n.Text("done_reason", reasonOf(f, reason, own))
	}
}

func writeUsage(n *wire.Node, u *llm.Usage) {
	if u.Prompt >= 0 {
		n.Name("prompt_eval_count")
		n.W.Int(u.Prompt)
	}
	if u.Completion >= 0 {
		n.Name("eval_count")
		n.W.Int(u.Completion)
	}
}

// voice writes what was answered.
type voice struct {
	w        *wire.Writer
	own      llm.Format
	texts    []llm.JSON
	thoughts []llm.JSON
	images   []*llm.Part
	calls    []call
	proofs   []wire.Proof
}

// call is one to be told, with the proofs that have to come back with it.
type call struct {
	part   *llm.Part
	proofs []wire.Proof
}

func (v *voice) sort(parts []llm.Part) {
	for i := range parts {
		p := &parts[i]
		switch p.Kind {
		case llm.Text, llm.Refusal:
			v.texts = append(v.texts, p.Text)
		case llm.Thinking, llm.Redacted:
			if p.Text != nil {
				v.thoughts = append(v.thoughts, p.Text)
			}
			v.proofs = wire.Prove(v.proofs, p, v.own)
		case llm.ToolCall:
			if p.Call == nil {
				continue
			}
			v.calls = append(v.calls, call{part: p, proofs: wire.Prove(v.proofs, p, v.own)})
			v.proofs = nil
		case llm.Image:
			if p.Media != nil && (p.Media.Data != nil || isDataURL(p.Media.URL)) {
				v.images = append(v.images, p)
			}
		case llm.Audio, llm.Video, llm.Document, llm.ToolResult, llm.Opaque:
		}
	}
}

func (v *voice) text() llm.JSON { return wire.Join("", v.texts...) }

func (v *voice) thinking(n *wire.Node) {
	if text := wire.Join("", v.thoughts...); !wire.EmptyText(text) {
		n.Member("thinking", text)
	}
}

func (v *voice) message(n *wire.Node, inner *llm.Extra) {
	n.Name("message")
	m := wire.Begin(v.w, inner, v.own)
	m.Implied("role", llm.JSON(`"assistant"`))
	m.Implied("content", v.text())
	v.thinking(&m)
	if len(v.images) > 0 {
		m.Name("images")
		v.w.Array()
		for _, p := range v.images {
			writeImage(v.w, p, v.own)
		}
		v.w.EndArray()
	}
	if len(v.calls) > 0 {
		m.Name("tool_calls")
		v.w.Array()
		for _, c := range v.calls {
			writeCall(v.w, c.part, v.own, sealed(c, v.own))
		}
		v.w.EndArray()
	}
	m.End()
}

// sealed is the id of a call as the caller gets it. One that was made up for
// Ollama's own answer is left out again.
func sealed(c call, own llm.Format) string {
	id := c.part.Call.ID
	if c.part.Extra.From == own {
		id = realID(id)
	}
	return wire.SealID(id, c.proofs)
}
