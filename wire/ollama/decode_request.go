package ollama

import (
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeRequest implements wire.Client.
func (c Client) DecodeRequest(r *llm.Request, q wire.Question) error {
	f, err := q.Open()
	if err != nil {
		return wire.AsInvalid(err)
	}
	d := requestDecoder{r: r, own: c.Format(), generate: c.Generate}
	r.Extra.From, r.Stream, r.IncludeUsage = d.own, true, true
	for f.Next() {
		known, err := d.member(f.Name(), f.Value())
		if err != nil {
			return err
		}
		if !known {
			f.Keep(&r.Extra, d.own)
		}
	}
	wire.Expect(&r.Extra, d.own, "stream", d.streamSaid)
	if c.Generate {
		d.prompt()
	}
	return nil
}

// requestDecoder reads one question. What is spelled in a way that the model
// has no place for is left to the extra.
type requestDecoder struct {
	r          *llm.Request
	own        llm.Format
	generate   bool
	streamSaid bool
	pending    []llm.Call // calls without a result so far

	// Of a question to /api/generate.
	text, system, images llm.JSON
}

func (d *requestDecoder) member(name string, v llm.JSON) (known bool, err error) {
	r := d.r
	switch name {
	case "model":
		r.Model = wire.Text(v)
		return r.Model != "", nil
	case "stream":
		return d.stream(v), nil
	case "options":
		return d.options(v), nil
	case "think":
		return d.think(v), nil
	case "format":
		return d.format(v), nil
	case "logprobs":
		return takeBool(&r.Sampling.Logprobs, v), nil
	case "top_logprobs":
		return takeNumber(&r.Sampling.TopLogprobs, v), nil
	}
	if d.generate {
		return d.generateMember(name, v)
	}
	return d.chatMember(name, v)
}

func (d *requestDecoder) chatMember(name string, v llm.JSON) (known bool, err error) {
	switch name {
	case "messages":
		return d.messages(v)
	case "tools":
		return d.tools(v)
	case "tool_choice":
		return d.choice(v), nil
	}
	return false, nil
}

func (d *requestDecoder) generateMember(name string, v llm.JSON) (known bool, err error) {
	switch name {
	case "prompt":
		if !wire.IsString(v) {
			return false, &wire.Invalid{Field: name, Message: "must be a string"}
		}
		d.text = v
		return true, nil
	case "suffix":
		return takeText(&d.r.Suffix, v), nil
	case "system":
		return takeText(&d.system, v), nil
	case "images":
		if !pictures(v) {
			return false, nil
		}
		d.images = v
		return true, nil
	}
	return false, nil
}

// prompt makes of /api/generate what it is: a completion, or, with
// instructions or pictures, a conversation of one turn.
func (d *requestDecoder) prompt() {
	if d.system == nil && d.images == nil {
		d.r.Prompt = d.text
		return
	}
	if d.system != nil {
		d.r.Messages = append(d.r.Messages, llm.Message{
			Role: llm.System, Plain: true, Parts: []llm.Part{{Kind: llm.Text, Text: d.system}},
		})
	}
	wire.Expect(&d.r.Extra, d.own, "prompt", d.text != nil)
	user := llm.Message{Role: llm.User, Plain: true, Parts: d.appendPictures(nil, d.images)}
	if d.text != nil && (len(user.Parts) == 0 || !wire.EmptyText(d.text)) {
		user.Parts = append(user.Parts, llm.Part{Kind: llm.Text, Text: d.text})
	}
	d.r.Messages = append(d.r.Messages, user)
}

func (d *requestDecoder) stream(v llm.JSON) bool {
	d.streamSaid = true
	if string(v) != "true" && string(v) != "false" {
		return false
	}
	d.r.Stream = wire.IsTrue(v)
	return true
}

func (d *requestDecoder) think(v llm.JSON) bool {
	t := &d.r.Reasoning
	switch string(v) {
	case "true":
		t.On, t.Show = true, true
	case "false":
		t.Off = true
	case `"low"`, `"medium"`, `"high"`:
		t.On, t.Show, t.Effort = true, true, wire.Text(v)
	default:
		return false
	}
	return true
}

func (d *requestDecoder) format(v llm.JSON) bool {
	switch {
	case wire.Equal(v, "json"):
		d.r.Output.Kind = llm.OutputJSON
	case wire.IsObject(v):
		d.r.Output.Kind, d.r.Output.Schema = llm.OutputSchema, v
	default:
		return false
	}
	return true
}

func (d *requestDecoder) choice(v llm.JSON) bool {
	c := &d.r.Choice
	switch wire.Text(v) {
	case "auto":
		c.Mode = llm.ChoiceAuto
	case "none":
		c.Mode = llm.ChoiceNone
	case "required":
		c.Mode = llm.ChoiceAny
	default:
		return named(c, v)
	}
	return true
}

// named takes {"type":"function","function":{"name":…}} and nothing else.
func named(c *llm.ToolChoice, v llm.JSON) bool {
	function := wire.Get(v, "function")
	name := wire.Text(wire.Get(function, "name"))
	if name == "" || members(function) != 1 || members(v) != 2 || !wire.Equal(wire.Get(v, "type"), "function") {
		return false
	}
	c.Mode, c.Name = llm.ChoiceNamed, name
	return true
}

func members(object []byte) int {
	n := 0
	for f := wire.NewFields(object); f.Next(); {
		n++
	}
	return n
}

func (d *requestDecoder) tools(v llm.JSON) (known bool, err error) {
	if !wire.IsArray(v) {
		return false, nil
	}
	items := wire.Items(v)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		d.r.Tools = append(d.r.Tools, d.tool(raw))
	}
	return len(d.r.Tools) > 0, nil
}

func (d *requestDecoder) tool(raw []byte) llm.Tool {
	function := wire.Get(raw, "function")
	kind := wire.Get(raw, "type")
	if !wire.IsObject(function) || (kind != nil && !wire.Equal(kind, "function")) {
		return llm.Tool{Raw: raw, From: d.own, Name: wire.Text(wire.Get(function, "name"))}
	}
	var t llm.Tool
	wire.Expect(&t.Extra, d.own, "type", kind != nil)
	f := wire.NewFields(raw)
	for f.Next() {
		if f.Name() != "type" && f.Name() != "function" {
			f.Keep(&t.Extra, d.own)
		}
	}
	d.function(&t, function)
	return t
}

func (d *requestDecoder) function(t *llm.Tool, raw []byte) {
	t.Inner.From = d.own
	f := wire.NewFields(raw)
	for f.Next() {
		v, known := f.Value(), false
		switch f.Name() {
		case "name":
			t.Name = wire.Text(v)
			known = t.Name != ""
		case "description":
			known = takeText(&t.Description, v)
		case "parameters":
			if known = wire.IsObject(v); known {
				t.Schema = v
			}
		case "strict":
			known = takeBool(&t.Strict, v)
		}
		if !known {
			f.Keep(&t.Inner, d.own)
		}
	}
}

// pictures tells whether v is a list of strings that is not empty.
func pictures(v llm.JSON) bool {
	items, n := wire.Items(v), 0
	for s, ok := items.Next(); ok; s, ok = items.Next() {
		if !wire.IsString(s) {
			return false
		}
		n++
	}
	return n > 0
}

func (d *requestDecoder) appendPictures(parts []llm.Part, v llm.JSON) []llm.Part {
	items := wire.Items(v)
	for s, ok := items.Next(); ok; s, ok = items.Next() {
		parts = append(parts, picture(s, d.own))
	}
	return parts
}

func picture(s llm.JSON, own llm.Format) llm.Part {
	if mime, data, ok := wire.DataURL(s); ok {
		return llm.Part{
			Kind: llm.Image, Media: &llm.Media{MIME: mime, Data: data},
			Extra: llm.Extra{From: own, Members: []llm.Member{{Name: "image", Value: s}}},
		}
	}
	data := wire.TextBytes(s)
	return llm.Part{Kind: llm.Image, Media: &llm.Media{MIME: sniff(data), Data: data}}
}

// takeText, takeNumber and takeBool take a value of the kind that the model
// holds there.
func takeText(into *llm.JSON, v llm.JSON) bool {
	if !wire.IsString(v) || wire.EmptyText(v) {
		return false
	}
	*into = v
	return true
}

func takeNumber(into *llm.JSON, v llm.JSON) bool {
	if !wire.IsNumber(v) {
		return false
	}
	*into = v
	return true
}

func takeBool(into *llm.JSON, v llm.JSON) bool {
	if s := string(v); s != "true" && s != "false" {
		return false
	}
	*into = v
	return true
}

func at(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }
