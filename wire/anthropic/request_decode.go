package anthropic

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeRequest implements wire.Client.
func (c Client) DecodeRequest(r *llm.Request, q wire.Question) error {
	f, err := q.Open()
	if err != nil {
		return inWords(err)
	}
	r.Extra.From = own
	r.IncludeUsage = true
	d := requestDecoder{r: r}
	for f.Next() {
		if bad := d.member(&f); bad != nil {
			return bad
		}
	}
	decodeKept(r, &r.Extra)
	if bad := d.conversation(); bad != nil {
		return bad
	}
	if c.version != "" {
		readPath(r, q.Path)
	}
	return nil
}

// inWords says for the caller what Open found.
func inWords(err error) *wire.Invalid {
	if bad := (*wire.Invalid)(nil); errors.As(err, &bad) {
		return bad
	}
	return &wire.Invalid{Message: "is not JSON: " + err.Error()}
}

func invalid(field, message string) *wire.Invalid {
	return &wire.Invalid{Field: field, Message: message}
}

// within puts the place of a node before the field that is wrong in it.
func within(name string, i int, bad *wire.Invalid) *wire.Invalid {
	field := name + "[" + strconv.Itoa(i) + "]"
	if bad.Field != "" {
		field += "." + bad.Field
	}
	return invalid(field, bad.Message)
}

type requestDecoder struct {
	r                *llm.Request
	system, messages content
}

func (d *requestDecoder) member(f *wire.Fields) *wire.Invalid {
	v := f.Value()
	if wire.IsNull(v) {
		f.Keep(&d.r.Extra, own)
		return nil
	}
	switch f.Name() {
	case "model":
		if !wire.IsString(v) {
			return invalid("model", "must be a string")
		}
		d.r.Model = wire.Text(v)
	case "messages":
		d.messages = whole(f)
	case "system":
		d.system = whole(f)
	case "tools":
		return d.tools(f)
	case "stop_sequences":
		return d.stop(f)
	case "service_tier":
		if !wire.IsString(v) {
			return invalid("service_tier", "must be a string")
		}
		d.r.ServiceTier = v
	default:
		return d.number(f)
	}
	return nil
}

// number reads the members that are numbers and keeps what is none of them.
func (d *requestDecoder) number(f *wire.Fields) *wire.Invalid {
	s := &d.r.Sampling
	var to *llm.JSON
	switch f.Name() {
	case "max_tokens":
		to = &s.MaxTokens
	case "temperature":
		to = &s.Temperature
	case "top_p":
		to = &s.TopP
	case "top_k":
		to = &s.TopK
	default:
		if isForm(f.Name(), f.Value()) || f.Name() == "anthropic_version" {
			wire.Mark(&d.r.Extra, own, f.Name(), f.Value())
		} else {
			f.Keep(&d.r.Extra, own)
		}
		return nil
	}
	if !wire.IsNumber(f.Value()) {
		return invalid(strings.Clone(f.Name()), "must be a number")
	}
	*to = f.Value()
	return nil
}

func (d *requestDecoder) stop(f *wire.Fields) *wire.Invalid {
	if !wire.IsArray(f.Value()) {
		return invalid("stop_sequences", "must be an array")
	}
	items := f.Items()
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		if !wire.IsString(v) {
			return invalid("stop_sequences", "must be an array of strings")
		}
		d.r.Sampling.Stop = append(d.r.Sampling.Stop, v)
	}
	if len(d.r.Sampling.Stop) == 0 {
		f.Keep(&d.r.Extra, own)
	}
	return nil
}

func (d *requestDecoder) tools(f *wire.Fields) *wire.Invalid {
	if !wire.IsArray(f.Value()) {
		return invalid("tools", "must be an array")
	}
	items := f.Items()
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		if !wire.IsObject(v) {
			return within("tools", len(d.r.Tools), invalid("", "must be an object"))
		}
		d.r.Tools = append(d.r.Tools, decodeTool(v))
	}
	if len(d.r.Tools) == 0 {
		f.Keep(&d.r.Extra, own)
	}
	return nil
}

// decodeTool reads a tool of the caller's, or keeps one of Anthropic's whole.
func decodeTool(raw llm.JSON) llm.Tool {
	kind := wire.Null(wire.Get(raw, "type"))
	if kind != nil && !wire.Equal(kind, "custom") {
		return llm.Tool{Name: wire.Text(wire.Get(raw, "name")), Raw: raw, From: own}
	}
	t := llm.Tool{Extra: llm.Extra{From: own}}
	f := wire.NewFields(raw)
	for f.Next() {
		v := f.Value()
		switch name := f.Name(); {
		case name == "name" && wire.IsString(v):
			t.Name = wire.Text(v)
		case name == "description" && wire.IsString(v):
			t.Description = v
		case name == "input_schema" && wire.IsObject(v):
			t.Schema = v
		case name == "strict" && !wire.IsNull(v):
			t.Strict = v
		case name == "cache_control" && isCache(v):
			t.Cache = decodeCache(v)
		default:
			f.Keep(&t.Extra, own)
		}
	}
	return t
}

// conversation reads system and messages. They become one list, in which the
// top-level system comes first, whatever the order in the body.
func (d *requestDecoder) conversation() *wire.Invalid {
	if d.system.raw != nil {
		if bad := d.topSystem(); bad != nil {
			return bad
		}
	}
	items, i := d.messages.items, 0
	if !items.IsArray() {
		return invalid("messages", "must be an array")
	}
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		m, bad := decodeMessage(v, items.Fields())
		if bad != nil {
			return within("messages", i, bad)
		}
		d.r.Messages = append(d.r.Messages, m)
		i++
	}
	return nil
}

func (d *requestDecoder) topSystem() *wire.Invalid {
	m := llm.Message{Role: llm.System}
	if bad := decodeContent(&m, "system", d.system); bad != nil {
		return bad
	}
	d.r.Messages = append(d.r.Messages, m)
	return nil
}

func decodeMessage(raw llm.JSON, f wire.Fields) (llm.Message, *wire.Invalid) {
	var m llm.Message
	var said bool
	var c content
	if !wire.IsObject(raw) {
		return m, invalid("", "must be an object")
	}
	for f.Next() {
		switch f.Name() {
		case "role":
			if said = decodeRole(&m, &f); !said {
				return m, invalid("role", "must be user, assistant or system")
			}
		case "content":
			c = whole(&f)
		default:
			f.Keep(&m.Extra, own)
		}
	}
	if !said {
		return m, invalid("role", "must be user, assistant or system")
	}
	if bad := decodeContent(&m, "content", c); bad != nil {
		return m, bad
	}
	if m.Role == llm.User && wire.OnlyResults(m.Parts) {
		m.Role = llm.ToolRole
	}
	return m, nil
}

// decodeRole reads who speaks. That a system message stood among the others
// is remembered by keeping its role: see inPlace.
func decodeRole(m *llm.Message, f *wire.Fields) bool {
	switch wire.Text(f.Value()) {
	case "user":
		m.Role = llm.User
	case "assistant":
		m.Role = llm.Assistant
	case "system":
		m.Role = llm.System
		f.Keep(&m.Extra, own)
	default:
		return false
	}
	return true
}

// inPlace tells whether a system message stood among the others, and not at
// the top level.
func inPlace(m *llm.Message) bool { return m.Extra.Get(own, "role") != nil }

// content is a member that is read when the others are known.
type content struct {
	raw   llm.JSON
	items wire.List
}

func whole(f *wire.Fields) content { return content{f.Value(), f.Items()} }

func decodeContent(m *llm.Message, name string, c content) *wire.Invalid {
	if wire.IsString(c.raw) {
		m.Plain = true
		m.Parts = []llm.Part{{Kind: llm.Text, Text: c.raw}}
		return nil
	}
	if !c.items.IsArray() {
		return invalid(name, "must be a string or an array")
	}
	var bad *wire.Invalid
	m.Parts, bad = blocks{open: true}.list(name, c.items)
	return bad
}

// readPath takes from the path what other hosts have there:
// …/models/{model}:streamRawPredict (Vertex) and
// /model/{model}/invoke-with-response-stream (Bedrock).
func readPath(r *llm.Request, path string) {
	var model, operation string
	if _, after, ok := strings.Cut(path, "/models/"); ok {
		if i := strings.LastIndexByte(after, ':'); i >= 0 {
			model, operation = after[:i], after[i+1:]
		}
	} else if _, after, ok := strings.Cut(path, "/model/"); ok {
		model, operation, _ = strings.Cut(after, "/")
	}
	if operation == "streamRawPredict" || operation == "invoke-with-response-stream" {
		r.Stream = true
	}
	if name, err := url.PathUnescape(model); err == nil && r.Model == "" {
		r.Model = name
	}
}
