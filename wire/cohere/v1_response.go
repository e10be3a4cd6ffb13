package cohere

import (
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeResponse implements wire.Provider. It also reads the answers that
// models behind the same path gave before chat: generations.
func (V1Provider) DecodeResponse(a *llm.Response, body []byte) error {
	if wire.Check(body) != nil {
		return errUnreadable
	}
	switch {
	case wire.IsString(wire.Get(body, "text")), wire.IsArray(wire.Get(body, "tool_calls")):
		v1Answer(a, body)
	case wire.IsArray(wire.Get(body, "generations")):
		generations(a, body, llm.CohereV1)
	default:
		if disguised := disguisedError(body); disguised != nil {
			return disguised
		}
		return errNoAnswer
	}
	return nil
}

func v1Answer(a *llm.Response, body llm.JSON) {
	a.ID = wire.Text(wire.Get(body, "generation_id"))
	a.Usage = llm.NoUsage()
	a.Extra.From = llm.CohereV1
	c := llm.Choice{Inner: llm.Extra{From: llm.CohereV1}}
	var text llm.Part
	var calls llm.JSON
	f := wire.NewFields(body)
	for f.Next() {
		v := f.Value()
		switch name := f.Name(); {
		case name == "generation_id" && a.ID != "":
		case name == "text" && wire.IsString(v):
			text.Text = v
		case name == "citations" && wire.Len(v) > 0:
			text.Citations = v1Citations(v, wire.Get(body, "documents"))
		case name == "tool_calls" && v1Callable(v):
			calls = v
		case name == "finish_reason" && someText(v):
			c.Reason = wire.Text(v)
		case name == "meta" && wire.IsObject(v):
			a.Usage = usage(v, llm.CohereV1)
		default:
			f.Keep(&a.Extra, llm.CohereV1)
		}
	}
	if text.Text == nil {
		keep(&a.Extra, llm.CohereV1, "text", nil)
	}
	if len(text.Text) > 2 || text.Citations != nil || calls == nil {
		c.Parts = append(c.Parts, text)
	}
	items, n := wire.Items(calls), 0
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		v1Call(&c.Parts, raw, madeUp(a.ID, n))
		n++
	}
	if counted := wire.Get(body, "token_count"); counted != nil && !known(&a.Usage) {
		extra := a.Usage.Extra
		a.Usage = tokenCount(counted)
		a.Usage.Extra = extra
	}
	c.Finish, _ = finishOf(c.Reason, calls != nil)
	a.Choices = []llm.Choice{c}
}

// madeUp is the id of a call in an answer.
func madeUp(id string, n int) string {
	if id == "" {
		id = "call"
	}
	return id + "_" + strconv.Itoa(n)
}

// v1Citations reads citations. What they cite is told once for all.
func v1Citations(list, documents llm.JSON) []llm.Citation {
	known := map[string]llm.JSON{}
	items := wire.Items(documents)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		known[wire.Text(wire.Get(raw, "id"))] = raw
	}
	var out []llm.Citation
	items = wire.Items(list)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		out = append(out, v1Citation(raw, known))
	}
	return out
}

func v1Citation(raw llm.JSON, known map[string]llm.JSON) llm.Citation {
	c := v2Citation(raw)
	c.From = llm.CohereV1
	ids := wire.Items(wire.Get(raw, "document_ids"))
	id, _ := ids.Next()
	sourced(&c, known[wire.Text(id)])
	return c
}

func v1CitationOut(w *wire.Writer, c *llm.Citation, text llm.JSON) {
	if c.From == llm.CohereV1 && c.Raw != nil {
		w.Raw(c.Raw)
		return
	}
	start, end, cited := span(c, text)
	w.Object()
	w.IntMember("start", start)
	w.IntMember("end", end)
	w.Name("text")
	w.Bytes(cited)
	w.Name("document_ids")
	w.Array()
	w.Raw(sourceID(c))
	w.EndArray()
	w.EndObject()
}

// EncodeResponse implements wire.Client.
func (V1Client) EncodeResponse(dst []byte, a *llm.Response, _ *llm.Request) []byte {
	var c llm.Choice
	if len(a.Choices) > 0 {
		c = a.Choices[0]
	}
	w := wire.Writer{Buf: dst}
	top := begin(&w, &a.Extra, llm.CohereV1)
	if a.Extra.From != llm.CohereV1 {
		top.Text("response_id", a.ID)
	}
	v1Body(&top, a.ID, &c)
	v1Meta(&top, &a.Usage)
	top.End()
	return w.Buf
}

// v1Body writes an answer but for its usage.
func v1Body(top *node, id string, c *llm.Choice) {
	text := answerText(c.Parts)
	if _, kept := top.kept("text"); !kept || len(text) > 2 {
		top.Member("text", text)
	}
	top.Text("generation_id", id)
	end := ending{c.Finish, c.Reason, c.StopSequence, hasCalls(c.Parts), c.Inner.From == llm.CohereV1}
	top.Text("finish_reason", end.word(llm.CohereV1))
	v1Cited(top, c.Parts)
	v1Sealed(top, c.Parts)
}

func answerText(parts []llm.Part) llm.JSON {
	var texts []llm.JSON
	for i := range parts {
		if isText(&parts[i]) && parts[i].Text != nil {
			texts = append(texts, parts[i].Text)
		}
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return wire.Join("", texts...)
}

func v1Cited(top *node, parts []llm.Part) {
	some := false
	for i := range parts {
		for k := range parts[i].Citations {
			if !some {
				top.Name("citations")
				top.W.Array()
				some = true
			}
			v1CitationOut(top.W, &parts[i].Citations[k], parts[i].Text)
		}
	}
	if some {
		top.W.EndArray()
	}
}

// v1Sealed writes the calls of an answer. Those of other formats get their
// ids, in which proofs travel, as a member that the format does not have; who
// sends the whole call back sends it too.
func v1Sealed(top *node, parts []llm.Part) {
	sealed, some := wire.SealedIDs(parts, llm.CohereV1), false
	for i := range parts {
		p := &parts[i]
		if p.Kind != llm.ToolCall || p.Call == nil {
			continue
		}
		if !some {
			top.Name("tool_calls")
			top.W.Array()
			some = true
		}
		id := sealed(i)
		if p.Extra.From == llm.CohereV1 {
			id = ""
		}
		v1CallOut(top.W, p, id)
	}
	if some {
		top.W.EndArray()
	}
}

func v1Meta(top *node, u *llm.Usage) {
	own := u.Extra.From == llm.CohereV1
	if !own && top.X.From == llm.CohereV1 {
		return
	}
	top.Name("meta")
	m := begin(top.W, &u.Extra, llm.CohereV1)
	if !own {
		m.Name("api_version")
		m.W.Literal(`{"version":"1"}`)
	}
	m.usageMembers(u)
	m.End()
}
