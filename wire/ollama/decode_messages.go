package ollama

import (
	"bytes"
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func trim(b []byte) []byte { return bytes.TrimSpace(b) }

func (d *requestDecoder) messages(v llm.JSON) (known bool, err error) {
	if wire.IsNull(v) {
		return false, nil
	}
	if !wire.IsArray(v) {
		return false, &wire.Invalid{Field: "messages", Message: "must be an array"}
	}
	items, i := wire.Items(v), 0
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		if !wire.IsObject(raw) {
			return false, &wire.Invalid{Field: at("messages", i), Message: "must be an object"}
		}
		if err := d.message(i, raw); err != nil {
			return false, err
		}
		i++
	}
	return i > 0, nil
}

// said is a message, taken apart.
type said struct {
	role                             llm.JSON
	content, thinking, images, calls llm.JSON
	toolName, toolCallID             llm.JSON
}

func (d *requestDecoder) message(i int, raw []byte) error {
	var m llm.Message
	var s said
	m.Extra.From = d.own
	m.Role = roleOf(wire.Get(raw, "role"))
	f := wire.NewFields(raw)
	for f.Next() {
		if !s.take(f.Name(), f.Value(), m.Role == llm.ToolRole) {
			f.Keep(&m.Extra, d.own)
		}
	}
	if content := wire.Get(raw, "content"); s.content == nil && content != nil && !wire.IsNull(content) {
		return &wire.Invalid{Field: at("messages", i) + ".content", Message: "must be a string"}
	}
	wire.Expect(&m.Extra, d.own, "role", wire.Get(raw, "role") != nil)
	m.Plain = s.content != nil
	if m.Role == llm.ToolRole {
		d.result(&m, &s)
	} else {
		d.parts(&m, &s, i)
	}
	d.r.Messages = append(d.r.Messages, m)
	return nil
}

// take takes a member. A tool speaks in texts and pictures only.
func (s *said) take(name string, v llm.JSON, tool bool) bool {
	switch name {
	case "role":
		s.role = v
		return knownRole(v)
	case "content":
		if wire.IsString(v) {
			s.content = v
		}
		return wire.IsString(v)
	case "images":
		if !pictures(v) {
			return false
		}
		s.images = v
		return true
	case "thinking":
		return !tool && takeText(&s.thinking, v)
	case "tool_calls":
		if tool || !calls(v) {
			return false
		}
		s.calls = v
		return true
	case "tool_name":
		return tool && takeText(&s.toolName, v)
	case "tool_call_id":
		return tool && takeText(&s.toolCallID, v)
	}
	return false
}

func roleOf(v llm.JSON) llm.Role {
	switch wire.Text(v) {
	case "assistant":
		return llm.Assistant
	case "system":
		return llm.System
	case "developer":
		return llm.Developer
	case "tool":
		return llm.ToolRole
	}
	return llm.User
}

// knownRole tells whether the role is spelled as it would be again.
func knownRole(v llm.JSON) bool {
	switch wire.Text(v) {
	case "assistant", "system", "tool", "user":
		return true
	}
	return false
}

// calls tells whether v is a list of calls that is not empty.
func calls(v llm.JSON) bool {
	items, n := wire.Items(v), 0
	for c, ok := items.Next(); ok; c, ok = items.Next() {
		if !wire.IsObject(wire.Get(c, "function")) {
			return false
		}
		n++
	}
	return n > 0
}

func (d *requestDecoder) parts(m *llm.Message, s *said, i int) {
	if s.thinking != nil {
		m.Parts = append(m.Parts, llm.Part{Kind: llm.Thinking, Text: s.thinking})
	}
	m.Parts = d.appendPictures(m.Parts, s.images)
	alone := len(m.Parts) == 0 && s.calls == nil
	if s.content != nil && (alone || !wire.EmptyText(s.content)) {
		m.Parts = append(m.Parts, llm.Part{Kind: llm.Text, Text: s.content})
	}
	if s.calls == nil {
		return
	}
	d.pending = d.pending[:0]
	items, n := wire.Items(s.calls), 0
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		p := decodeCall(raw, d.own)
		if p.Call.ID == "" {
			p.Call.ID = madeUpID("m"+strconv.Itoa(i), n)
		}
		n++
		m.Parts = wire.AppendCall(m.Parts, p)
		d.pending = append(d.pending, *p.Call)
	}
}

// decodeCall reads a call whose function is an object.
func decodeCall(raw []byte, own llm.Format) llm.Part {
	p := llm.Part{Kind: llm.ToolCall, Call: &llm.Call{}}
	p.Extra.From, p.Call.Extra.From = own, own
	f := wire.NewFields(raw)
	for f.Next() {
		switch f.Name() {
		case "function":
			decodeFunction(p.Call, f.Value(), own)
			continue
		case "id":
			if p.Call.ID = wire.Text(f.Value()); p.Call.ID != "" {
				continue
			}
		}
		f.Keep(&p.Extra, own)
	}
	return p
}

func decodeFunction(c *llm.Call, raw []byte, own llm.Format) {
	f := wire.NewFields(raw)
	for f.Next() {
		v := f.Value()
		switch f.Name() {
		case "name":
			if c.Name = wire.Text(v); c.Name != "" {
				continue
			}
		case "arguments":
			if wire.IsObject(v) {
				c.Args = v
				continue
			}
			c.Args = wire.TextBytes(v) // old callers send the text of an object
		}
		f.Keep(&c.Extra, own)
	}
}

// maxPending bounds the search for the call that a result is of.
const maxPending = 64

func (d *requestDecoder) result(m *llm.Message, s *said) {
	res := &llm.Result{Name: wire.Text(s.toolName), Plain: s.content != nil}
	res.Parts = d.appendPictures(nil, s.images)
	if s.content != nil && (len(res.Parts) == 0 || !wire.EmptyText(s.content)) {
		res.Parts = append(res.Parts, llm.Part{Kind: llm.Text, Text: s.content})
	}
	if s.toolCallID != nil {
		res.ID, _ = wire.OpenID(wire.Text(s.toolCallID))
	} else {
		wire.Expect(&m.Extra, d.own, "tool_call_id", false)
		res.ID = d.answered(res.Name)
	}
	m.Parts = append(m.Parts, llm.Part{Kind: llm.ToolResult, Result: res})
}

// answered is the id of the first call, of that tool if it is named, which
// has no result yet.
func (d *requestDecoder) answered(name string) string {
	for i := range d.pending[:min(len(d.pending), maxPending)] {
		if name != "" && d.pending[i].Name != name {
			continue
		}
		id := d.pending[i].ID
		copy(d.pending[1:i+1], d.pending[:i])
		d.pending = d.pending[1:]
		return id
	}
	return ""
}
