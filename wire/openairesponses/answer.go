package openairesponses

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// EncodeResponse writes a response object. It has one answer: the first
// choice.
func (Client) EncodeResponse(dst []byte, a *llm.Response, r *llm.Request) []byte {
	native := a.Extra.From == own
	e := shell{id: a.ID, model: a.Model, created: a.Created, native: native, status: statusCompleted}
	out := output{base: a.ID, native: native}
	out.w.Array()
	if len(a.Choices) > 0 {
		c := &a.Choices[0]
		e.status, e.reason = statusOf(c.Finish, c.Reason, native)
		if native && c.Reason == "" && c.Finish == llm.Unfinished {
			e.status = ""
		}
		out.logprobs = wire.Get(c.Logprobs, "content")
		out.parts(c.Parts, e.status)
	}
	out.w.EndArray()
	e.output = out.w.Buf
	if isKnown(&a.Usage) {
		var w wire.Writer
		writeUsage(&w, &a.Usage)
		e.usage = w.Buf
	}
	if native {
		e.others = members(&a.Extra)
	} else {
		e.others = echo(r)
		if e.status == statusFailed {
			e.failure = failureOf(&llm.Error{})
		}
	}
	w := wire.Writer{Buf: dst}
	e.write(&w)
	return w.Buf
}

// shell is a response object ready to be written.
type shell struct {
	id, model      string
	created        int64
	native         bool
	status, reason string
	output, usage  llm.JSON
	failure        llm.JSON
	// others are the members that it has besides, as an object.
	others llm.JSON
}

func (e *shell) write(w *wire.Writer) {
	w.Object()
	if !e.native {
		w.Name("object")
		w.String("response")
	}
	id := e.id
	if id == "" && !e.native {
		id = "resp_0"
	}
	w.StringMember("id", id)
	if e.created != 0 || !e.native {
		w.IntMember("created_at", e.created)
	}
	w.StringMember("status", e.status)
	if e.model != "" || !e.native {
		w.Name("model")
		w.String(e.model)
	}
	w.Member("output", e.output)
	written := e.states(w)
	for f := wire.NewFields(e.others); f.Next(); {
		v := f.Value()
		if slices.Contains(written, f.Name()) {
			continue
		}
		if f.Name() == "output_text" {
			v = e.outputText(v)
		}
		name(w, f.Name())
		w.Raw(v)
	}
	w.EndObject()
}

// states writes what came of the response, and tells the members.
func (e *shell) states(w *wire.Writer) (written []string) {
	if e.failure != nil {
		w.Member("error", e.failure)
		written = append(written, "error")
	}
	if e.reason != "" && !wire.IsObject(wire.Get(e.others, "incomplete_details")) {
		w.Name("incomplete_details")
		w.Object()
		w.Name("reason")
		w.String(e.reason)
		w.EndObject()
		written = append(written, "incomplete_details")
	}
	if e.usage != nil {
		w.Member("usage", e.usage)
		written = append(written, "usage")
	}
	return written
}

// outputText is the text of all messages, which some services tell a second
// time: as it is now, since a plugin may have changed it.
func (e *shell) outputText(kept llm.JSON) llm.JSON {
	if !wire.IsString(kept) || wire.EmptyText(kept) {
		return kept
	}
	var texts []llm.JSON
	items := wire.Items(e.output)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		content := wire.Items(wire.Get(item, "content"))
		for c, ok := content.Next(); ok; c, ok = content.Next() {
			if wire.Equal(wire.Get(c, "type"), outputText) {
				texts = append(texts, wire.Get(c, "text"))
			}
		}
	}
	return wire.Join("", texts...)
}

// members are those of x as an object.
func members(x *llm.Extra) llm.JSON {
	var w wire.Writer
	w.Object()
	w.Extra(x, own)
	w.EndObject()
	return w.Buf
}

// echo is what a response tells of its question.
func echo(r *llm.Request) llm.JSON {
	if r == nil {
		r = &llm.Request{}
	}
	var w wire.Writer
	w.Object()
	for _, m := range [...]struct {
		name  string
		value llm.JSON
		unset string
	}{
		{"background", nil, "false"},
		{"error", nil, "null"},
		{"incomplete_details", nil, "null"},
		{"instructions", instructions(r), "null"},
		{"max_output_tokens", r.Sampling.MaxTokens, "null"},
		{"metadata", r.Metadata, "{}"},
		{"parallel_tool_calls", r.Parallel, "true"},
		{"previous_response_id", r.Extra.Get(own, "previous_response_id"), "null"},
		{"store", r.Extra.Get(own, "store"), "false"},
		{"temperature", r.Sampling.Temperature, "null"},
		{"top_p", r.Sampling.TopP, "null"},
		{"truncation", r.Extra.Get(own, "truncation"), `"disabled"`},
		{"user", r.User, "null"},
		{"usage", nil, "null"},
	} {
		w.Name(m.name)
		if m.value != nil {
			w.Raw(m.value)
		} else {
			w.Literal(m.unset)
		}
	}
	echoObjects(&w, r)
	w.EndObject()
	return w.Buf
}

func echoObjects(w *wire.Writer, r *llm.Request) {
	w.Name("reasoning")
	w.Object()
	w.Name("effort")
	w.OrNull(r.Reasoning.Effort)
	w.Name("summary")
	w.OrNull(r.Reasoning.Summary)
	w.EndObject()
	writeTools(w, r.Tools, nil)
	n := len(w.Buf)
	writeChoice(w, &r.Choice, r.Tools, nil)
	if len(w.Buf) == n {
		w.Name("tool_choice")
		w.String(choiceAuto)
	}
	q := question{r: &llm.Request{Output: r.Output}}
	if r.Output.Kind == llm.OutputUnsaid {
		q.r.Output.Kind = llm.OutputText
	}
	q.w.Object()
	q.output()
	q.w.EndObject()
	w.Member("text", wire.Get(q.w.Buf, "text"))
}

func instructions(r *llm.Request) llm.JSON {
	if len(r.Messages) > 0 && isWhole(&r.Messages[0], llm.System) {
		return r.Messages[0].Parts[0].Text
	}
	return nil
}

// output writes the items of an answer.
type output struct {
	w      wire.Writer
	base   string // id of the response
	native bool
	n      int // items written
	proofs []wire.Proof
	// logprobs of a foreign answer go to its first text.
	logprobs llm.JSON
}

func (o *output) parts(parts []llm.Part, status string) {
	for i := 0; i < len(parts); {
		p := &parts[i]
		if !isText(p) {
			o.item(p)
			i++
			continue
		}
		end := i + 1
		for end < len(parts) && isText(&parts[end]) && mark(&parts[end]) == nil {
			end++
		}
		itemStatus := statusCompleted
		if end == len(parts) && status == statusIncomplete {
			itemStatus = statusIncomplete
		}
		o.message(parts[i:end], itemStatus)
		i = end
	}
}

// isText tells whether a part is in the content of a message that is an
// answer.
func isText(p *llm.Part) bool {
	return isContent(p) && (!isMedia(p.Kind) || p.Extra.From == own)
}

func (o *output) item(p *llm.Part) {
	o.n++
	switch {
	case p.Kind == llm.Thinking, p.Kind == llm.Redacted:
		o.reasoning(p)
	case p.Kind == llm.ToolCall && p.Call != nil:
		o.call(p)
	case p.Kind == llm.Opaque && p.Extra.From == own && wire.IsObject(p.Raw):
		o.w.Raw(p.Raw)
	case p.Kind == llm.Image && p.Media != nil && p.Media.Data != nil:
		writePicture(&o.w, itemID("ig", o.base, o.n-1), p.Media, statusCompleted)
	default:
		o.n--
	}
}

// itemID is a name for the item n of a response.
func itemID(kind, base string, n int) string {
	if _, after, ok := strings.Cut(base, "_"); ok {
		base = after
	}
	return kind + "_" + base + "_" + strconv.Itoa(n)
}

func (o *output) reasoning(p *llm.Part) {
	o.proofs = wire.Prove(o.proofs, p, own)
	id := itemID("rs", o.base, o.n-1)
	writeReasoning(&o.w, p, id, sealedContent(p))
}

func isForeign(by llm.Format) bool { return by != "" && by != own }

// sealedContent is the encrypted content of a thought that another format has
// signed.
func sealedContent(p *llm.Part) string {
	if !isForeign(p.SignedBy) || p.Signature == nil {
		return ""
	}
	return wire.SealID("rs", []wire.Proof{{By: p.SignedBy, Kind: p.Kind, Signature: p.Signature}})
}

func (o *output) call(p *llm.Part) {
	id := p.Call.ID
	if id == "" && !o.native {
		id = itemID("call", o.base, o.n-1)
	}
	id = wire.SealID(id, wire.Prove(o.proofs, p, own))
	o.proofs = nil
	more := mark(p)
	if more == nil && p.Extra.From != own && !o.native {
		more = madeUp("", itemID(callPrefix(p.Call.Custom), o.base, o.n-1), statusCompleted)
	}
	writeCall(&o.w, p.Call, id, more)
}

func callPrefix(custom bool) string {
	if custom {
		return "ctc"
	}
	return "fc"
}

// madeUp are the members of an item that came without any. No kind is one that
// is written otherwise.
func madeUp(kind, id, status string) llm.JSON {
	var w wire.Writer
	w.Object()
	w.StringMember("type", kind)
	w.Name("id")
	w.String(id)
	w.Name("status")
	w.String(status)
	if kind == typeMessage {
		w.Name("role")
		w.String("assistant")
	}
	w.EndObject()
	return w.Buf
}

func (o *output) message(parts []llm.Part, status string) {
	item := mark(&parts[0])
	if item == nil {
		item = madeUp(typeMessage, itemID("msg", o.base, o.n), status)
	}
	o.n++
	o.w.Object()
	rest(&o.w, item, "content")
	o.w.Name("content")
	o.w.Array()
	for i := range parts {
		o.content(&parts[i])
	}
	o.w.EndArray()
	o.w.EndObject()
}

func (o *output) content(p *llm.Part) {
	switch {
	case p.Kind == llm.Refusal:
		writeRefusal(&o.w, p)
	case p.Kind == llm.Opaque:
		o.w.Raw(p.Raw)
	case isMedia(p.Kind) && p.Media != nil:
		q := question{w: o.w, own: true}
		q.media(p, "")
		o.w = q.w
	case o.native:
		writeOutputText(&o.w, p, outputText, true)
	default:
		o.text(p)
	}
}

// text writes a text of another format, with all members that clients expect.
func (o *output) text(p *llm.Part) {
	w := &o.w
	w.Object()
	w.Name("type")
	w.String(outputText)
	w.Name("text")
	w.Raw(text(p))
	w.Name("annotations")
	writeCitations(w, p.Citations)
	w.Name("logprobs")
	w.Array()
	elements(w, o.logprobs)
	o.logprobs = nil
	w.EndArray()
	w.EndObject()
}

// writePicture writes a picture that the model made as the item that the API
// has for it.
func writePicture(w *wire.Writer, id string, m *llm.Media, status string) {
	w.Object()
	w.Name("type")
	w.String("image_generation_call")
	w.Name("id")
	w.String(id)
	w.Name("status")
	w.String(status)
	w.Name("result")
	w.Bytes(m.Data)
	w.EndObject()
}
