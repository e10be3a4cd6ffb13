package openaichat

import (
	"slices"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func readMessages(r *llm.Request, items wire.List) error {
	if !items.IsArray() {
		return &wire.Invalid{Field: "messages", Message: "must be an array"}
	}
	n := min(items.Len(), maxRoom)
	r.Messages = make([]llm.Message, 0, n)
	room := make([]llm.Part, 0, n)
	for m, ok := items.Next(); ok; m, ok = items.Next() {
		if !wire.IsObject(m) {
			return &wire.Invalid{Field: field("messages", len(r.Messages), ""), Message: "must be an object"}
		}
		msg, err := readMessage(items.Fields(), &room)
		if err != nil {
			return &wire.Invalid{Field: field("messages", len(r.Messages), ".role"), Message: err.Error()}
		}
		r.Messages = append(r.Messages, msg)
	}
	return nil
}

// maxRoom is for how many messages room is made before they are read.
const maxRoom = 256

// readMessage reads a turn. Its parts are the thoughts, the content, the
// refusal and the calls, in this order, however the members stand.
func readMessage(f wire.Fields, room *[]llm.Part) (m llm.Message, err error) {
	m.Extra.From = own
	s := speech{room: room}
	var id, name llm.JSON
	role := ""
	for f.Next() {
		switch f.Name() {
		case "role":
			role = wire.Word(f.Value())
		case "name":
			name = f.Value()
		case "tool_call_id":
			id = f.Value()
		default:
			s.take(&f, &m.Extra)
		}
	}
	i := slices.Index(roles[:], role)
	switch {
	case role == "function":
		m.Role = llm.ToolRole
		wire.Mark(&m.Extra, own, "function", nil)
	case i < 0:
		return m, &wire.Invalid{Message: "unknown role " + string(wire.Quote(role))}
	default:
		m.Role = llm.Role(i)
	}
	if m.Role == llm.ToolRole {
		readResult(&m, &s, id, name)
		return m, nil
	}
	m.Name, m.Plain = name, s.plain
	m.Parts = s.parts()
	return m, nil
}

func readResult(m *llm.Message, s *speech, id, name llm.JSON) {
	bare, _ := wire.OpenID(wire.Text(id)) // its proofs stand with the call
	res := &llm.Result{ID: bare, Name: wire.Text(name), Parts: s.content, Plain: s.plain}
	if id == nil && name != nil {
		res.ID = res.Name
	}
	m.Parts = []llm.Part{{Kind: llm.ToolResult, Result: res}}
}

// speech is what a message says, sorted.
type speech struct {
	plain    bool
	content  []llm.Part
	thoughts []llm.Part
	refusal  []llm.Part
	calls    []llm.Part
	media    []llm.Part
	// room for single parts, which most messages have; nil is none.
	room *[]llm.Part
	// transcript of a spoken answer
	transcript llm.JSON
	signed     bool // the thoughts came with their signatures
}

// take reads one member of a message, or keeps it in x.
func (s *speech) take(f *wire.Fields, x *llm.Extra) {
	v := f.Value()
	if wire.IsNull(v) {
		f.Keep(x, own)
		return
	}
	switch f.Name() {
	case "content":
		s.readContent(v, f.Items())
	case "refusal":
		p := llm.Part{Kind: llm.Refusal, Text: v}
		wire.Mark(&p.Extra, own, "member", nil)
		s.refusal = append(s.refusal, p)
	case "tool_calls":
		if s.readCalls(v); len(s.calls) == 0 {
			f.Keep(x, own)
		}
	case "function_call":
		if wire.Text(wire.Get(v, "name")) == "" {
			f.Keep(x, own)
			return
		}
		call := readFunction(v, "", llm.Extra{From: own})
		call.Call.ID = call.Call.Name // as in the result
		s.calls = append(s.calls, call)
		wire.Mark(x, own, "function_call", nil)
	case "reasoning_content", "reasoning":
		wire.Mark(x, own, f.Name(), v)
		if wire.IsString(v) && len(s.thoughts) == 0 {
			s.thoughts = append(s.thoughts, ownPart(llm.Part{Kind: llm.Thinking, Text: v}))
		}
	case "reasoning_details":
		wire.Mark(x, own, f.Name(), v)
		s.readDetails(v)
	case "images":
		wire.Mark(x, own, f.Name(), v)
		s.readImages(v)
	case "audio":
		f.Keep(x, own)
		s.transcript = wire.Get(v, "transcript")
	default:
		f.Keep(x, own)
	}
}

// ownPart marks a part whose source stands in the Form of the message's Extra:
// this format writes it from there.
func ownPart(p llm.Part) llm.Part {
	wire.Mark(&p.Extra, own, "kept", nil)
	return p
}

// sources writes the members that parts of a message were made of.
func sources(w *wire.Writer, x *llm.Extra) {
	if x.From != own {
		return
	}
	for i := range x.Form {
		w.Member(x.Form[i].Name, x.Form[i].Value)
	}
}

func isKept(p *llm.Part) bool {
	_, ok := wire.Marked(&p.Extra, own, "kept")
	return ok
}

// parts are all of them, the proofs that calls brought with them before those.
func (s *speech) parts() []llm.Part {
	if len(s.content) == 0 && wire.IsString(s.transcript) && !wire.EmptyText(s.transcript) {
		s.content = []llm.Part{ownPart(llm.Part{Kind: llm.Text, Text: s.transcript})}
	}
	if len(s.thoughts) == 0 && len(s.refusal) == 0 && len(s.calls) == 0 && len(s.media) == 0 {
		return s.content
	}
	out := append(s.thoughts, s.content...)
	out = append(out, s.media...)
	out = append(out, s.refusal...)
	for i := range s.calls {
		call := s.calls[i]
		thoughts := wire.Unseal(&call)
		if !s.signed {
			out = wire.Restore(out, thoughts)
		}
		out = append(out, call)
	}
	return out
}

// readContent takes a text, a list of parts, or (some services) an object.
func (s *speech) readContent(v llm.JSON, items wire.List) {
	switch {
	case wire.IsString(v):
		s.plain = true
		s.content = s.single(llm.Part{Kind: llm.Text, Text: v})
	case wire.IsArray(v):
		s.content = []llm.Part{}
		for p, ok := items.Next(); ok; p, ok = items.Next() {
			s.content = append(s.content, readPart(p, items.Fields()))
		}
	default:
		s.content = []llm.Part{opaque(v)}
	}
}

// single is a list of one part.
func (s *speech) single(p llm.Part) []llm.Part {
	if s.room == nil {
		return []llm.Part{p}
	}
	n := len(*s.room)
	*s.room = append(*s.room, p)
	return (*s.room)[n : n+1 : n+1]
}

func opaque(v llm.JSON) llm.Part {
	return llm.Part{Kind: llm.Opaque, Raw: v, Extra: llm.Extra{From: own}}
}

// readPart reads one part of a content.
func readPart(v llm.JSON, f wire.Fields) llm.Part {
	if wire.IsString(v) {
		p := llm.Part{Kind: llm.Text, Text: v}
		wire.Mark(&p.Extra, own, "bare", nil)
		return p
	}
	var kind string
	var p llm.Part
	var value llm.JSON
	p.Extra.From = own
	for f.Next() {
		switch f.Name() {
		case "type":
			kind = wire.Word(f.Value())
		case "text", "refusal", "image_url", "input_audio", "file":
			value = f.Value()
		case "cache_control":
			p.Cache = readCache(f.Value())
		default:
			f.Keep(&p.Extra, own)
		}
	}
	if kind == "thinking" {
		return thought(v)
	}
	if !known(&p, kind, value) {
		return opaque(v)
	}
	return p
}

// thought is a part of Mistral's: {"type":"thinking","thinking":[parts]}. Those
// of the format get it back as it was.
func thought(v llm.JSON) llm.Part {
	inner := wire.Get(v, "thinking")
	text := inner
	if !wire.IsString(inner) {
		var texts []llm.JSON
		items := wire.Items(inner)
		for p, ok := items.Next(); ok; p, ok = items.Next() {
			texts = append(texts, wire.Get(p, "text"))
		}
		text = wire.Join("", texts...)
	}
	p := llm.Part{Kind: llm.Thinking, Text: text}
	wire.Mark(&p.Extra, own, "part", v)
	return p
}

// asPart is a thought as a part of the content, which is where it came from.
func asPart(p *llm.Part) (raw llm.JSON, ok bool) { return wire.Marked(&p.Extra, own, "part") }

// known fills a part of a kind that the model has.
func known(p *llm.Part, kind string, value llm.JSON) bool {
	switch kind {
	case "text":
		p.Kind, p.Text = llm.Text, value
	case "refusal":
		p.Kind, p.Text = llm.Refusal, value
	case "image_url":
		p.Kind, p.Media = llm.Image, readImage(value)
	case "input_audio":
		p.Kind, p.Media = llm.Audio, readAudio(value)
	case "file":
		p.Kind, p.Media = llm.Document, readFile(value)
	}
	if p.Kind == llm.Text || p.Kind == llm.Refusal {
		return kind != "" && wire.IsString(value)
	}
	return p.Media != nil
}

func readCache(v llm.JSON) *llm.Cache {
	c := &llm.Cache{Extra: llm.Extra{From: own}}
	for f := wire.NewFields(v); f.Next(); {
		if f.Name() == "ttl" {
			c.TTL = wire.Text(f.Value())
		} else {
			f.Keep(&c.Extra, own)
		}
	}
	return c
}

func readImage(v llm.JSON) *llm.Media {
	m := &llm.Media{Extra: llm.Extra{From: own}}
	if wire.IsString(v) { // as Mistral and some clients have it
		wire.Mark(&m.Extra, own, "bare", nil)
		setURL(m, v)
		return m
	}
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "url":
			setURL(m, f.Value())
		case "detail":
			m.Detail = wire.Text(f.Value())
		default:
			f.Keep(&m.Extra, own)
		}
	}
	if m.URL == nil && m.Data == nil {
		return nil
	}
	return m
}

func setURL(m *llm.Media, url llm.JSON) {
	if mime, data, ok := wire.DataURL(url); ok {
		m.MIME, m.Data = mime, data
		return
	}
	m.URL = url
}

func readAudio(v llm.JSON) *llm.Media {
	m := &llm.Media{Extra: llm.Extra{From: own}}
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "data":
			m.Data = wire.TextBytes(f.Value())
		case "format":
			m.MIME = "audio/" + wire.Text(f.Value())
		default:
			f.Keep(&m.Extra, own)
		}
	}
	if m.Data == nil {
		return nil
	}
	return m
}

func readFile(v llm.JSON) *llm.Media {
	m := &llm.Media{Extra: llm.Extra{From: own}}
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "file_data":
			setURL(m, f.Value())
		case "file_id":
			m.File = f.Value()
		case "filename":
			m.Name = f.Value()
		default:
			f.Keep(&m.Extra, own)
		}
	}
	if m.URL == nil && m.Data == nil && m.File == nil {
		return nil
	}
	return m
}
