package cohere

import (
	"errors"
	"unicode/utf8"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// The wording is part of what callers see.
var (
	errUnreadable = errors.New("failed to decode cohere response")
	errNoMessage  = errors.New("'message' missing from cohere response body")
	errNoAnswer   = errors.New("'text' or 'generations' missing from cohere response body")
)

// DecodeResponse implements wire.Provider.
func (V2Provider) DecodeResponse(a *llm.Response, body []byte) error {
	if wire.Check(body) != nil {
		return errUnreadable
	}
	if disguised := disguisedError(body); disguised != nil {
		return disguised
	}
	message := wire.Get(body, "message")
	if !wire.IsObject(message) {
		return errNoMessage
	}
	c := llm.Choice{}
	var plain bool
	v2Assistant(&c.Parts, &plain, &c.Inner, message)
	if plain {
		keep(&c.Inner, llm.CohereV2, "content", wire.Get(message, "content"))
	}
	a.Usage = llm.NoUsage()
	f := wire.NewFields(body)
	for f.Next() {
		v := f.Value()
		switch name := f.Name(); {
		case name == "message":
		case name == "id" && someText(v):
			a.ID = wire.Text(v)
		case name == "finish_reason" && someText(v):
			c.Reason = wire.Text(v)
		case name == "usage" && wire.IsObject(v):
			a.Usage = usage(v, llm.CohereV2)
		default:
			f.Keep(&a.Extra, llm.CohereV2)
		}
	}
	a.Extra.From = llm.CohereV2
	c.Finish, _ = finishOf(c.Reason, hasCalls(c.Parts))
	if probs, ok := keptOf(&a.Extra, llm.CohereV2, "logprobs"); ok {
		c.Logprobs = logprobs(probs)
	}
	a.Choices = []llm.Choice{c}
	return nil
}

// disguisedError is what an answer says that is none.
func disguisedError(body []byte) *llm.Error {
	message, failure := wire.Get(body, "message"), wire.Get(body, "error")
	if wire.IsObject(message) || !wire.IsString(message) && !wire.IsString(failure) && !wire.IsObject(failure) {
		return nil
	}
	return decodeError(200, nil, body)
}

// someText tells whether v is a string that is not empty.
func someText(v llm.JSON) bool { return wire.IsString(v) && !wire.EmptyText(v) }

func hasCalls(parts []llm.Part) bool {
	for i := range parts {
		if parts[i].Kind == llm.ToolCall {
			return true
		}
	}
	return false
}

// logprobs makes the API's list of pieces, each with its tokens, an object of
// OpenAI's shape. A piece of several tokens counts as one.
func logprobs(list llm.JSON) llm.JSON {
	if !wire.IsArray(list) {
		return nil
	}
	var w wire.Writer
	w.Object()
	w.Name("content")
	w.Array()
	items := wire.Items(list)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		logprob(&w, item)
	}
	w.EndArray()
	w.EndObject()
	return w.Buf
}

func logprob(w *wire.Writer, item llm.JSON) {
	text := wire.Get(item, "text")
	if !wire.IsString(text) {
		return
	}
	w.Object()
	w.Member("token", text)
	w.Name("logprob")
	w.Raw(total(wire.Get(item, "logprobs")))
	w.Name("bytes")
	w.Literal("null")
	w.Name("top_logprobs")
	w.Literal("[]")
	w.EndObject()
}

// total adds numbers up; a single one stays as it is.
func total(list llm.JSON) llm.JSON {
	sum, n, only := 0.0, 0, llm.JSON("0")
	items := wire.Items(list)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		if f, isFloat := jsonscan.Float(v); isFloat {
			sum, n, only = sum+f, n+1, v
		}
	}
	if n < 2 {
		return only
	}
	return appendFloat(sum)
}

// EncodeResponse implements wire.Client.
func (V2Client) EncodeResponse(dst []byte, a *llm.Response, _ *llm.Request) []byte {
	var c llm.Choice
	if len(a.Choices) > 0 {
		c = a.Choices[0]
	}
	w := wire.Writer{Buf: dst}
	top := begin(&w, &a.Extra, llm.CohereV2)
	top.Text("id", a.ID)
	end := ending{c.Finish, c.Reason, c.StopSequence, hasCalls(c.Parts), c.Inner.From == llm.CohereV2}
	top.Text("finish_reason", end.word(llm.CohereV2))
	top.Name("message")
	m := begin(&w, &c.Inner, llm.CohereV2)
	m.word("role", "assistant")
	v2Said(&m, c.Parts)
	v2Citations(&m, c.Parts, true)
	v2Calls(&m, c.Parts, true)
	m.End()
	v2Usage(&top, &a.Usage)
	if _, kept := top.kept("logprobs"); !kept && c.Logprobs != nil {
		top.Name("logprobs")
		w.Array()
		pieces(&w, c.Logprobs)
		w.EndArray()
	}
	top.End()
	return w.Buf
}

// v2Said writes content and plan of an answer.
func v2Said(m *node, parts []llm.Part) {
	some := false
	var plan []llm.JSON
	e := v2Writer{w: m.W}
	whole, _ := m.kept("content")
	for i := range parts {
		p := &parts[i]
		if isPlan(p) {
			plan = append(plan, p.Text)
			continue
		}
		if !e.sayable(p) || wire.IsString(whole) {
			continue
		}
		if !some {
			m.Name("content")
			m.W.Array()
			some = true
		}
		e.block(p)
	}
	if some {
		m.W.EndArray()
	}
	switch len(plan) {
	case 0:
	case 1:
		m.Member(planMark, plan[0])
	default:
		m.Member(planMark, wire.Join("", plan...))
	}
}

func v2Usage(top *node, u *llm.Usage) {
	if !known(u) && u.Extra.From != llm.CohereV2 {
		return
	}
	top.Name("usage")
	m := begin(top.W, &u.Extra, llm.CohereV2)
	m.usageMembers(u)
	m.End()
}

// pieces turns logprobs of OpenAI's shape back.
func pieces(w *wire.Writer, probs llm.JSON) {
	items := wire.Items(wire.Get(probs, "content"))
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		piece(w, wire.Get(item, "token"), wire.Get(item, "logprob"))
	}
}

func piece(w *wire.Writer, token, prob llm.JSON) {
	w.Object()
	w.Member("text", token)
	w.Name("token_ids")
	w.Literal("[]")
	w.Name("logprobs")
	w.Array()
	if wire.IsNumber(prob) {
		w.Raw(prob)
	}
	w.EndArray()
	w.EndObject()
}

// v2Citations writes the citations of all parts; those of other formats only
// to callers.
func v2Citations(o *node, parts []llm.Part, translate bool) {
	some := false
	for i := range parts {
		for k := range parts[i].Citations {
			c := &parts[i].Citations[k]
			if c.From != llm.CohereV2 && !translate {
				continue
			}
			if !some {
				o.Name("citations")
				o.W.Array()
				some = true
			}
			v2CitationOut(o.W, c, parts[i].Text)
		}
	}
	if some {
		o.W.EndArray()
	}
}

// v2CitationOut writes a citation of text.
func v2CitationOut(w *wire.Writer, c *llm.Citation, text llm.JSON) {
	if c.From == llm.CohereV2 && c.Raw != nil {
		w.Raw(c.Raw)
		return
	}
	start, end, cited := span(c, text)
	w.Object()
	w.IntMember("start", start)
	w.IntMember("end", end)
	w.Name("text")
	w.Bytes(cited)
	w.Name("sources")
	w.Array()
	w.Object()
	w.StringMember("type", "document")
	w.Name("id")
	w.Raw(sourceID(c))
	w.Name("document")
	w.Object()
	w.Member("id", sourceID(c))
	w.Member("url", c.URL)
	w.Member("title", c.Title)
	w.Member("text", c.Quote)
	w.EndObject()
	w.EndObject()
	w.EndArray()
	w.StringMember("type", "TEXT_CONTENT")
	w.EndObject()
}

func sourceID(c *llm.Citation) llm.JSON {
	switch {
	case c.URL != nil:
		return c.URL
	case c.Title != nil:
		return c.Title
	}
	return llm.JSON(`"source"`)
}

// span is the place of a citation, and what stands there. Without a place it
// is the whole text. Long texts are not searched.
func span(c *llm.Citation, text llm.JSON) (start, end int64, cited []byte) {
	if len(text) > maxSaid {
		return int64(max(c.Start, 0)), int64(max(c.End, 0)), nil
	}
	all := wire.TextBytes(text)
	if c.Start < 0 || c.End < c.Start {
		return 0, int64(utf8.RuneCount(all)), all
	}
	from := afterRunes(all, c.Start)
	to := from + afterRunes(all[from:], c.End-c.Start)
	return int64(c.Start), int64(c.End), all[from:to]
}

// afterRunes is the offset after n characters.
func afterRunes(b []byte, n int) int {
	i := 0
	for ; n > 0 && i < len(b); n-- {
		_, size := utf8.DecodeRune(b[i:])
		i += size
	}
	return i
}
