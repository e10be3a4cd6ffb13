package gemini

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// The wording is part of what callers see.
var (
	errUnreadable   = errors.New("failed to decode response from Gemini")
	errNoCandidates = errors.New("no generation candidates received from Gemini, or max_tokens too short")
)

// DecodeResponse implements wire.Provider.
func (Provider) DecodeResponse(a *llm.Response, body []byte) error {
	if wire.Check(body) != nil {
		return errUnreadable
	}
	if wire.IsObject(member(body, "error")) {
		return readError(0, nil, body)
	}
	d := responseDecoder{a: a}
	a.Usage = llm.NoUsage()
	a.Extra.From = own
	d.ids.response = printable(wire.Text(member(body, "responseId")))
	walk(body, &a.Extra, d.member)
	if len(a.Choices) > 0 {
		return nil
	}
	feedback := member(body, "promptFeedback")
	if feedback == nil {
		return errNoCandidates
	}
	a.Choices = []llm.Choice{blocked(feedback)}
	return nil
}

// blocked is the choice that stands for an answer without any, because the
// prompt was blocked.
func blocked(feedback llm.JSON) llm.Choice {
	c := llm.Choice{Finish: llm.FinishFilter}
	c.Reason, _ = reasonOf(member(feedback, "blockReason"))
	setForm(&c.Extra, formBlocked, llm.JSON("true"))
	return c
}

type responseDecoder struct {
	a   *llm.Response
	ids callIDs
}

func (d *responseDecoder) member(name string, v llm.JSON) bool {
	switch name {
	case "candidates":
		return d.candidates(v)
	case "usageMetadata":
		if !wire.IsObject(v) || d.a.Usage.Extra.From == own {
			return false
		}
		d.a.Usage = readUsage(v)
		return true
	case "modelVersion":
		return putText(&d.a.Model, v)
	case "responseId":
		return putText(&d.a.ID, v)
	case "createTime":
		if d.a.Created != 0 {
			return false
		}
		d.a.Created = seconds(v)
		setForm(&d.a.Extra, formTime, v)
		return d.a.Created != 0
	}
	return false
}

// seconds reads a time stamp; 0 is unknown.
func seconds(v llm.JSON) int64 {
	t, err := time.Parse(time.RFC3339Nano, wire.Text(v))
	if err != nil || t.Unix() < 0 {
		return 0
	}
	return t.Unix()
}

func (d *responseDecoder) candidates(v llm.JSON) bool {
	if len(d.a.Choices) > 0 || !wire.IsArray(v) {
		return false
	}
	items := wire.Items(v)
	for item, ok := items.Next(); ok && len(d.a.Choices) <= wire.MaxChoices; item, ok = items.Next() {
		if !wire.IsObject(item) {
			d.a.Choices = nil
			return false
		}
		c := d.candidate(item, len(d.a.Choices))
		d.a.Choices = append(d.a.Choices, c)
	}
	return len(d.a.Choices) > 0
}

func (d *responseDecoder) candidate(v llm.JSON, i int) llm.Choice {
	c := llm.Choice{Index: i}
	c.Extra.From = own
	var turn, reason, probs llm.JSON
	walk(v, &c.Extra, func(name string, v llm.JSON) bool {
		switch name {
		case "content":
			return put(&turn, v, wire.IsObject(v))
		case "finishReason":
			return put(&reason, v, wire.IsString(v) || isCount(v))
		case "index":
			if form(&c.Extra, formIndex) != nil || !isCount(v) {
				return false
			}
			n, _ := wire.Int(v)
			c.Index = int(n)
			setForm(&c.Extra, formIndex, v)
			return true
		case "logprobsResult":
			return put(&probs, v, wire.IsObject(v))
		}
		return false
	})
	d.content(&c, turn)
	var number bool
	c.Reason, number = reasonOf(reason)
	c.Finish = finishOf(c.Reason, hasCalls(c.Parts))
	switch {
	case number:
		setForm(&c.Extra, formNumber, llm.JSON("number"))
	case reason != nil && c.Reason == "":
		setForm(&c.Extra, formNumber, llm.JSON("empty"))
	}
	if probs != nil {
		c.Logprobs = logprobs(probs)
		setForm(&c.Extra, formLogprobs, probs)
	}
	cite(c.Parts, &c.Extra)
	return c
}

func isCount(v llm.JSON) bool {
	n, ok := wire.Int(v)
	return ok && n >= 0 && strconv.FormatInt(n, 10) == string(v) && n < 1<<31
}

// content reads the parts of a candidate. How they were listed stays in Inner.
func (d *responseDecoder) content(c *llm.Choice, v llm.JSON) {
	if v == nil {
		return
	}
	turn := readContent(v, &c.Inner)
	if turn.bad() != "" {
		c.Inner = llm.Extra{}
		c.Extra.Members = append(c.Extra.Members, llm.Member{Name: "content", Value: v})
		return
	}
	if !wire.Equal(turn.role, "model") {
		setForm(&c.Inner, formRole, spelledRole(turn.role))
	}
	turn.each(func(v llm.JSON) { c.Parts = append(c.Parts, decodePart(v, &d.ids)) })
}

func hasCalls(parts []llm.Part) bool {
	for i := range parts {
		if parts[i].Kind == llm.ToolCall {
			return true
		}
	}
	return false
}

// EncodeResponse implements wire.Client.
func (Client) EncodeResponse(dst []byte, a *llm.Response, r *llm.Request) []byte {
	e := responseEncoder{}
	e.w.Buf = dst
	e.same, e.answer, e.show = a.Extra.From == own, true, r == nil || r.Reasoning.Show
	o := node{w: &e.w, x: &a.Extra}
	o.open()
	if choices := candidates(a.Choices); choices > 0 {
		o.name("candidates")
		e.w.Array()
		for i := range a.Choices {
			e.candidate(&a.Choices[i], choices)
		}
		e.w.EndArray()
	}
	writeUsage(&o, &a.Usage)
	o.text("modelVersion", a.Model)
	if was := form(&a.Extra, formTime); was != nil && seconds(was) == a.Created {
		o.member("createTime", was)
	}
	o.text("responseId", a.ID)
	o.end()
	return e.w.Buf
}

// candidates counts the choices that are candidates.
func candidates(choices []llm.Choice) int {
	n := 0
	for i := range choices {
		if !standsForBlock(&choices[i]) {
			n++
		}
	}
	return n
}

func standsForBlock(c *llm.Choice) bool {
	return form(&c.Extra, formBlocked) != nil && len(c.Parts) == 0
}

type responseEncoder struct{ partEncoder }

func (e *responseEncoder) candidate(c *llm.Choice, of int) {
	if standsForBlock(c) {
		return
	}
	o := node{w: &e.w, x: &c.Extra}
	o.open()
	e.called, e.proofs = false, nil
	var cited grounding
	e.content(&o, c, &cited)
	e.reason(&o, c)
	if c.Extra.From != own && of > 1 || form(&c.Extra, formIndex) != nil {
		o.count("index", int64(c.Index))
	}
	e.logprobs(&o, c)
	if !holds(&c.Extra, "groundingMetadata") {
		cited.write(&o)
	}
	o.end()
}

func holds(x *llm.Extra, name string) bool {
	return x.From == own && slices.ContainsFunc(x.Members, func(m llm.Member) bool { return camel(m.Name) == name })
}

func (e *responseEncoder) content(o *node, c *llm.Choice, cited *grounding) {
	shape := form(&c.Inner, formParts)
	if c.Inner.From != own && c.Extra.From == own && len(c.Parts) == 0 {
		return // there was none
	}
	in := o.inner("content", &c.Inner)
	in.open()
	if role := form(&c.Inner, formRole); role == nil {
		in.text("role", "model")
	} else if wire.IsString(role) {
		in.member("role", role)
	}
	if string(shape) == "none" && len(c.Parts) == 0 {
		in.end()
		return
	}
	in.name("parts")
	single := string(shape) == "object" && len(c.Parts) == 1
	if !single {
		e.w.Array()
	}
	e.parts(c, cited)
	if !single {
		e.w.EndArray()
	}
	in.end()
}

func (e *responseEncoder) parts(c *llm.Choice, cited *grounding) {
	m := llm.Message{Parts: c.Parts}
	written := 0
	for i := range c.Parts {
		p := &c.Parts[i]
		if !e.expressible(p, &m) {
			continue
		}
		e.part(p)
		if len(p.Citations) > 0 {
			text := newPlaces(wire.TextBytes(p.Text))
			for j := range p.Citations {
				cited.add(written, text, &p.Citations[j])
			}
		}
		written++
	}
}

func (e *responseEncoder) reason(o *node, c *llm.Choice) {
	reason := reasonFor(c.Finish, c.Reason, hasCalls(c.Parts), e.same)
	shape := string(form(&c.Extra, formNumber))
	switch {
	case reason == "" && shape == "empty":
		o.member("finishReason", llm.JSON(`""`))
	case shape == "number" && reason == c.Reason:
		o.member("finishReason", llm.JSON(reason))
	default:
		o.text("finishReason", reason)
	}
}

// logprobs writes the probabilities: as they were, if they still say the same.
func (e *responseEncoder) logprobs(o *node, c *llm.Choice) {
	was := form(&c.Extra, formLogprobs)
	switch {
	case was != nil && string(logprobs(was)) == string(c.Logprobs):
		o.member("logprobsResult", was)
	case jsonscan.KindOf(c.Logprobs) == jsonscan.Object:
		writeLogprobs(o, c.Logprobs)
	}
}
