package cohere

import (
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// planMark marks the text that an assistant says before it calls tools, which
// has a member of its own: tool_plan.
const planMark = "tool_plan"

// documentsMark marks a document that came beside the messages, with the
// document as it was.
const documentsMark = "documents"

// DecodeRequest implements wire.Client.
func (V2Client) DecodeRequest(r *llm.Request, q wire.Question) error {
	f, err := q.Open()
	if err != nil {
		return wire.AsInvalid(err)
	}
	r.IncludeUsage = true
	var rest v2Rest
	for f.Next() {
		if !v2Member(r, &rest, f.Name(), f.Value()) {
			f.Keep(&r.Extra, llm.CohereV2)
		}
	}
	r.Extra.From = llm.CohereV2
	if !rest.stream {
		keep(&r.Extra, llm.CohereV2, "stream", nil)
	}
	if err := v2Messages(r, rest.messages); err != nil {
		return err
	}
	if !documents(r, rest.documents, llm.CohereV2) {
		keep(&r.Extra, llm.CohereV2, "documents", rest.documents)
	}
	if rest.strict != nil && !strictTools(r, rest.strict) {
		keep(&r.Extra, llm.CohereV2, "strict_tools", rest.strict)
	}
	return nil
}

// v2Rest are the members that take others to be understood.
type v2Rest struct {
	messages, documents, strict llm.JSON
	stream                      bool
}

// v2Member reads a member of the request; false if it has no place.
func v2Member(r *llm.Request, rest *v2Rest, name string, v llm.JSON) bool {
	switch name {
	case "model":
		r.Model = wire.Text(v)
		return r.Model != ""
	case "stream":
		rest.stream = true
		r.Stream = wire.IsTrue(v)
		return r.Stream || string(v) == "false"
	case "messages":
		rest.messages = v
	case "documents":
		rest.documents = v
	case "strict_tools":
		rest.strict = v
	case "tools":
		return v2Tools(r, v)
	case "tool_choice":
		return v2Choice(&r.Choice, v)
	case "response_format":
		return output(&r.Output, v, llm.CohereV2)
	case "thinking":
		return thinking(&r.Reasoning, v)
	case "logprobs":
		if !wire.IsTrue(v) && string(v) != "false" {
			return false
		}
		r.Sampling.Logprobs = v
	default:
		return sampling(&r.Sampling, name, v)
	}
	return true
}

func v2Choice(c *llm.ToolChoice, v llm.JSON) bool {
	switch {
	case wire.Equal(v, "REQUIRED"):
		c.Mode = llm.ChoiceAny
	case wire.Equal(v, "NONE"):
		c.Mode = llm.ChoiceNone
	default:
		return false
	}
	return true
}

// thinking reads {"type": "enabled", "token_budget": 100}.
func thinking(t *llm.Reasoning, v llm.JSON) bool {
	var read llm.Reasoning
	f := wire.NewFields(v)
	for f.Next() {
		switch {
		case f.Name() == "type" && wire.Equal(f.Value(), "enabled"):
			read.On = true
		case f.Name() == "type" && wire.Equal(f.Value(), "disabled"):
			read.Off = true
		case f.Name() == "token_budget" && wire.IsNumber(f.Value()):
			read.Budget = f.Value()
		default:
			return false
		}
	}
	if !read.On && !read.Off {
		return false
	}
	read.Show = read.On
	*t = read
	return true
}

// schemaNames are the names that versions have for the schema of an answer.
var schemaNames = [...]string{"json_schema", "schema"}

// output reads {"type": "json_object", "json_schema": {…}}.
func output(o *llm.Output, v llm.JSON, own llm.Format) bool {
	kind := wire.Get(v, "type")
	switch {
	case wire.Equal(kind, "text"):
		o.Kind = llm.OutputText
	case wire.Equal(kind, "json_object"):
		o.Kind = llm.OutputJSON
	default:
		return false
	}
	o.Extra.From = own
	f := wire.NewFields(v)
	for f.Next() {
		if name := f.Name(); name == "type" {
			continue
		} else if name == schemaName(own) && o.Kind == llm.OutputJSON && wire.IsObject(f.Value()) {
			o.Kind, o.Schema = llm.OutputSchema, f.Value()
			continue
		}
		f.Keep(&o.Extra, own)
	}
	if old, ok := keptOf(&o.Extra, own, "schema"); ok && o.Kind == llm.OutputJSON && wire.IsObject(old) {
		o.Kind, o.Schema = llm.OutputSchema, old
	}
	return true
}

func schemaName(own llm.Format) string {
	if own == llm.CohereV2 {
		return schemaNames[0]
	}
	return schemaNames[1]
}

// strictTools spreads what is said of all tools over each.
func strictTools(r *llm.Request, v llm.JSON) bool {
	if len(r.Tools) == 0 || !wire.IsTrue(v) && string(v) != "false" {
		return false
	}
	for i := range r.Tools {
		r.Tools[i].Strict = v
	}
	return true
}

func v2Tools(r *llm.Request, v llm.JSON) bool {
	items := wire.Items(v)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		r.Tools = append(r.Tools, v2Tool(raw))
	}
	return len(r.Tools) > 0
}

func v2Tool(raw llm.JSON) llm.Tool {
	inner := wire.Get(raw, "function")
	if !wire.IsString(wire.Get(inner, "name")) {
		return llm.Tool{Raw: raw, From: llm.CohereV2}
	}
	var t llm.Tool
	t.Extra.From, t.Inner.From = llm.CohereV2, llm.CohereV2
	f := wire.NewFields(raw)
	for f.Next() {
		switch f.Name() {
		case "type", "function":
		default:
			f.Keep(&t.Extra, llm.CohereV2)
		}
	}
	keepUnless(&t.Extra, llm.CohereV2, "type", "function", wire.Get(raw, "type"))
	f = wire.NewFields(inner)
	for f.Next() {
		switch v := f.Value(); {
		case f.Name() == "name":
			t.Name = wire.Text(v)
		case f.Name() == "description" && wire.IsString(v):
			t.Description = v
		case f.Name() == "parameters" && wire.IsObject(v):
			t.Schema = v
		default:
			f.Keep(&t.Inner, llm.CohereV2)
		}
	}
	return t
}

// documents puts the documents beside the messages at the head of the last
// thing that the user says, where other formats have theirs.
func documents(r *llm.Request, v llm.JSON, own llm.Format) bool {
	if v == nil {
		return true
	}
	last := len(r.Messages) - 1
	for last >= 0 && r.Messages[last].Role != llm.User {
		last--
	}
	if last < 0 || wire.Len(v) == 0 {
		return false
	}
	var parts []llm.Part
	items := wire.Items(v)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		p := document(raw)
		wire.Mark(&p.Extra, own, documentsMark, raw)
		parts = append(parts, p)
	}
	r.Messages[last].Parts = append(parts, r.Messages[last].Parts...)
	return true
}

// document reads a text, {"data": {"text": …}, "id": …}, or the bare data.
func document(raw llm.JSON) llm.Part {
	if wire.IsString(raw) {
		return llm.Part{Kind: llm.Document, Media: &llm.Media{MIME: "text/plain", Text: raw}}
	}
	data := wire.Get(raw, "data")
	if !wire.IsObject(data) {
		data = raw
	}
	m := &llm.Media{MIME: "text/plain"}
	for _, name := range [...]string{"text", "content", "snippet"} {
		if text := wire.Get(data, name); m.Text == nil && wire.IsString(text) {
			m.Text = text
		}
	}
	if m.Text == nil {
		m.Text = wire.Quote(string(data))
	}
	if title := wire.Get(data, "title"); wire.IsString(title) {
		m.Title = title
	}
	return llm.Part{Kind: llm.Document, Media: m}
}

func v2Messages(r *llm.Request, v llm.JSON) error {
	if !wire.IsArray(v) {
		return &wire.Invalid{Field: "messages", Message: "must be an array"}
	}
	items := wire.Items(v)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		m, err := v2Message(raw, "messages["+strconv.Itoa(len(r.Messages))+"]")
		if err != nil {
			return err
		}
		r.Messages = append(r.Messages, m)
	}
	return nil
}

func v2Message(raw llm.JSON, at string) (llm.Message, error) {
	m := llm.Message{Extra: llm.Extra{From: llm.CohereV2}}
	if !wire.IsObject(raw) {
		return m, &wire.Invalid{Field: at, Message: "must be an object"}
	}
	role := wire.Get(raw, "role")
	switch wire.Text(role) {
	case "user":
		m.Role = llm.User
	case "system":
		m.Role = llm.System
	case "developer":
		m.Role = llm.Developer
	case "assistant":
		m.Role = llm.Assistant
		v2Assistant(&m.Parts, &m.Plain, &m.Extra, raw)
		return m, nil
	case "tool":
		m.Role = llm.ToolRole
		v2Result(&m, raw)
		return m, nil
	default:
		return m, &wire.Invalid{Field: at + ".role", Message: "must be user, assistant, system or tool"}
	}
	f := wire.NewFields(raw)
	for f.Next() {
		switch {
		case f.Name() == "role", f.Name() == "content" && v2Content(&m.Parts, &m.Plain, f.Value()):
		default:
			f.Keep(&m.Extra, llm.CohereV2)
		}
	}
	return m, nil
}

// v2Content reads a text or a list of blocks; false if it is neither, or
// empty.
func v2Content(parts *[]llm.Part, plain *bool, v llm.JSON) bool {
	if wire.IsString(v) {
		*plain = true
		*parts = append(*parts, llm.Part{Text: v, Extra: llm.Extra{From: llm.CohereV2}})
		return true
	}
	n := len(*parts)
	items := wire.Items(v)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		*parts = append(*parts, v2Block(raw))
	}
	return len(*parts) > n
}

// v2Block reads a block of content.
func v2Block(raw llm.JSON) llm.Part {
	opaque := llm.Part{Kind: llm.Opaque, Raw: raw, Extra: llm.Extra{From: llm.CohereV2}}
	kind := wire.Text(wire.Get(raw, "type"))
	v := wire.Get(raw, kind)
	p := llm.Part{Extra: llm.Extra{From: llm.CohereV2}}
	switch {
	case kind == "text" && wire.IsString(v):
		p.Text = v
	case kind == "thinking" && wire.IsString(v):
		p.Kind, p.Text = llm.Thinking, v
	case kind == "image_url" && v2Image(&p, v):
	case kind == "document" && v != nil:
		p = document(v)
		wire.Mark(&p.Extra, llm.CohereV2, kind, v)
	default:
		return opaque
	}
	f := wire.NewFields(raw)
	for f.Next() {
		if f.Name() != "type" && f.Name() != kind {
			f.Keep(&p.Extra, llm.CohereV2)
		}
	}
	return p
}

// v2Image reads {"url": …, "detail": …}, or the URL alone.
func v2Image(p *llm.Part, v llm.JSON) bool {
	url := v
	if wire.IsObject(v) {
		url = wire.Get(v, "url")
	} else {
		keep(&p.Extra, llm.CohereV2, "image_url", v)
	}
	if !wire.IsString(url) {
		return false
	}
	m := &llm.Media{URL: url, Extra: llm.Extra{From: llm.CohereV2}}
	if mime, data, ok := wire.DataURL(url); ok {
		m.MIME, m.Data, m.URL = mime, data, nil
		if string(wire.AppendDataURL(nil, mime, data)) != string(url) {
			keep(&m.Extra, llm.CohereV2, "url", url)
		}
	}
	f := wire.NewFields(v)
	for f.Next() {
		switch f.Name() {
		case "url":
		case "detail":
			if m.Detail = wire.Text(f.Value()); m.Detail == "" {
				f.Keep(&m.Extra, llm.CohereV2)
			}
		default:
			f.Keep(&m.Extra, llm.CohereV2)
		}
	}
	p.Kind, p.Media = llm.Image, m
	return true
}
