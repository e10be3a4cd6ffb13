package openaichat

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func (e *encoder) messages(r *llm.Request) error {
	if _, none := wire.Marked(&r.Extra, own, "no messages"); none && len(r.Messages) == 0 {
		return nil
	}
	e.w.Name("messages")
	e.w.Array()
	if r.Prompt != nil && len(r.Messages) == 0 {
		text, ok := wire.OnePrompt(r.Prompt)
		if !ok {
			return &wire.Invalid{Field: "prompt", Message: "must be one text: a chat has one question"}
		}
		e.w.Object()
		e.w.StringMember("role", "user")
		e.w.Member("content", text)
		e.w.EndObject()
	}
	for i := range r.Messages {
		e.at = "messages" + index(i)
		e.message(&r.Messages[i])
	}
	e.show()
	e.w.EndArray()
	return nil
}

// message writes a turn. Results of tools are turns of their own here, and
// come first: they belong to the calls of the turn before.
func (e *encoder) message(m *llm.Message) {
	rest := false
	for i := range m.Parts {
		if m.Parts[i].Kind == llm.ToolResult {
			e.result(m, i)
		} else {
			rest = true
		}
	}
	if !rest && len(m.Parts) > 0 {
		return
	}
	e.show()
	e.w.Object()
	e.w.StringMember("role", e.role(m.Role))
	e.w.Member("name", m.Name)
	e.content(m)
	e.thoughts(m)
	e.calls(m)
	sources(e.w, &m.Extra)
	e.w.Extra(&m.Extra, own)
	wire.NoteExtra(e.n, &m.Extra, own, e.at+".")
	e.w.EndObject()
}

func (e *encoder) role(r llm.Role) string {
	if r == llm.Developer && e.d.NoDeveloper && !e.same {
		return roles[llm.System]
	}
	if r == llm.ToolRole {
		return roles[llm.User] // what of such a turn is no result
	}
	return roles[r]
}

func (e *encoder) result(m *llm.Message, i int) {
	p := &m.Parts[i]
	res := p.Result
	e.w.Object()
	if _, old := wire.Marked(&m.Extra, own, "function"); old {
		e.w.StringMember("role", "function")
		e.w.StringMember("name", res.Name)
	} else {
		e.w.StringMember("role", "tool")
		e.w.StringMember("tool_call_id", e.id(res.ID))
		if e.same {
			e.w.StringMember("name", res.Name)
		}
	}
	switch {
	case res.Value != nil && len(res.Parts) == 0:
		e.w.Name("content")
		e.w.Bytes(res.Value)
	default:
		at := e.at
		e.at += ".parts" + index(i) + ".result"
		e.parts(e.told(res), nil, res.Plain)
		e.at = at
	}
	if res.Failed && !e.same {
		e.n.Change(e.at+".parts"+index(i)+".failed", "told by the content only")
	}
	if p.Cache != nil {
		e.n.Drop("cache")
	}
	e.w.Extra(&m.Extra, own)
	e.w.EndObject()
}

// told are the parts of a result that a tool can tell. The API takes nothing but
// text there: the rest is shown by the user, behind the results.
func (e *encoder) told(res *llm.Result) []llm.Part {
	if e.same || !slices.ContainsFunc(res.Parts, isShown) {
		return res.Parts
	}
	e.n.Change(e.at, "its media are shown in a user message")
	texts := make([]llm.Part, 0, len(res.Parts))
	e.shown = append(e.shown, llm.Part{Text: wire.Quote("Shown by the tool call " + e.id(res.ID) + ":")})
	for i := range res.Parts {
		if p := &res.Parts[i]; isShown(*p) {
			e.shown = append(e.shown, *p)
		} else {
			texts = append(texts, *p)
		}
	}
	if len(texts) == 0 {
		texts = append(texts, llm.Part{Text: wire.Quote("The result is shown below.")})
	}
	return texts
}

func isShown(p llm.Part) bool { //nolint:gocritic // as slices want it
	return p.Media != nil && p.Media.Text == nil
}

// show writes what results could not hold.
func (e *encoder) show() {
	if len(e.shown) == 0 {
		return
	}
	list := e.shown
	e.shown = nil
	e.w.Object()
	e.w.StringMember("role", roles[llm.User])
	e.parts(list, nil, false)
	e.w.EndObject()
}

// content writes what is neither thought nor call, and the refusal.
func (e *encoder) content(m *llm.Message) {
	var list []llm.Part
	var places []int
	calls := false
	for i := range m.Parts {
		p := &m.Parts[i]
		_, part := asPart(p)
		switch {
		case isKept(p):
		case part:
			list = append(list, *p)
		case p.Kind == llm.ToolCall:
			calls = true
		case p.Kind == llm.Refusal && e.refusal(p):
		case p.Kind == llm.ToolResult, p.Kind == llm.Thinking, p.Kind == llm.Redacted:
		default:
			list, places = append(list, *p), append(places, i)
		}
	}
	switch {
	case len(list) > 0:
		e.parts(list, places, m.Plain)
	case m.Role == llm.Assistant && calls && m.Extra.From != own:
		e.w.Name("content")
		e.w.Raw(nil)
	case m.Extra.From != own:
		e.w.Name("content")
		e.w.String("")
	case m.Extra.Get(own, "content") == nil && len(m.Parts) == 0 && m.Plain:
		e.w.Name("content")
		e.w.String("")
	}
}

// refusal writes a refusal that is no part of the content.
func (e *encoder) refusal(p *llm.Part) bool {
	if _, member := wire.Marked(&p.Extra, own, "member"); !member && p.Extra.From == own {
		return false
	}
	e.w.Member("refusal", p.Text)
	return true
}

// parts writes a content: one text, or a list. places are those of its parts in
// the message, where there are others beside them.
func (e *encoder) parts(list []llm.Part, places []int, plain bool) {
	e.w.Name("content")
	if len(list) == 1 && list[0].Kind == llm.Text && (plain || !e.same && list[0].Cache == nil) {
		e.w.Raw(list[0].Text)
		e.cite(&list[0])
		return
	}
	if len(list) == 1 && list[0].Kind == llm.Opaque && list[0].Extra.From == own && !wire.IsString(wire.Get(list[0].Raw, "type")) {
		e.w.Raw(list[0].Raw)
		return
	}
	e.w.Array()
	for i := range list {
		place := i
		if places != nil {
			place = places[i]
		}
		e.part(&list[i], place)
	}
	e.w.EndArray()
}

func (e *encoder) cite(p *llm.Part) {
	if len(p.Citations) > 0 {
		e.n.Drop(e.at + ".citations")
	}
}

func (e *encoder) part(p *llm.Part, i int) {
	if _, bare := wire.Marked(&p.Extra, own, "bare"); bare {
		e.w.Raw(p.Text)
		return
	}
	if p.Kind == llm.Opaque {
		e.opaque(p, i)
		return
	}
	if raw, ok := asPart(p); ok {
		e.w.Raw(raw)
		return
	}
	if p.Media != nil && !e.canShow(p) {
		e.n.Drop(e.at + ".parts" + index(i))
		return
	}
	e.cite(p)
	e.w.Object()
	switch p.Kind {
	case llm.Text:
		e.w.StringMember("type", "text")
		e.w.Member("text", p.Text)
	case llm.Refusal:
		e.w.StringMember("type", "refusal")
		e.w.Member("refusal", p.Text)
	case llm.Image:
		e.image(p.Media)
	case llm.Audio:
		e.audio(p.Media)
	case llm.Document:
		e.document(p.Media, i)
	case llm.Video, llm.ToolCall, llm.ToolResult, llm.Thinking, llm.Redacted, llm.Opaque:
	}
	e.cache(p.Cache)
	e.w.Extra(&p.Extra, own)
	e.w.EndObject()
}

func (e *encoder) opaque(p *llm.Part, i int) {
	if p.Extra.From == own {
		e.w.Raw(p.Raw)
		return
	}
	e.n.Drop(e.at + ".parts" + index(i))
}

// canShow tells whether there is a part for the media.
func (e *encoder) canShow(p *llm.Part) bool {
	m := p.Media
	switch p.Kind {
	case llm.Image:
		return m.Data != nil || m.URL != nil
	case llm.Audio:
		return m.Data != nil
	case llm.Document:
		return m.Data != nil || m.Text != nil || m.File != nil || m.URL != nil && m.Extra.From == own
	case llm.Text, llm.Video, llm.ToolCall, llm.ToolResult, llm.Thinking, llm.Redacted, llm.Refusal, llm.Opaque:
	}
	return false
}

func (e *encoder) image(m *llm.Media) {
	e.w.StringMember("type", "image_url")
	e.w.Name("image_url")
	if _, bare := wire.Marked(&m.Extra, own, "bare"); bare {
		e.url(m)
		return
	}
	e.w.Object()
	e.w.Name("url")
	e.url(m)
	e.w.StringMember("detail", m.Detail)
	e.w.Extra(&m.Extra, own)
	e.w.EndObject()
}

func (e *encoder) url(m *llm.Media) {
	if m.Data == nil {
		e.w.Raw(m.URL)
		return
	}
	e.w.Raw(wire.AppendDataURL(nil, m.MIME, m.Data))
}

func (e *encoder) audio(m *llm.Media) {
	e.w.StringMember("type", "input_audio")
	e.w.Name("input_audio")
	e.w.Object()
	e.w.Name("data")
	e.w.Bytes(m.Data)
	e.w.StringMember("format", audioFormat(m.MIME))
	e.w.Extra(&m.Extra, own)
	e.w.EndObject()
}

// audioFormat is the name of a type of sound.
func audioFormat(mime string) string {
	switch mime {
	case "audio/mpeg", "audio/mp3":
		return "mp3"
	case "audio/x-wav", "audio/wave", "audio/vnd.wave":
		return "wav"
	}
	const prefix = "audio/"
	if len(mime) > len(prefix) && mime[:len(prefix)] == prefix {
		return mime[len(prefix):]
	}
	return mime
}

func (e *encoder) document(m *llm.Media, i int) {
	if m.Text != nil { // a text needs no file
		e.n.Change(e.at+".parts"+index(i), "text")
		e.w.StringMember("type", "text")
		e.w.Member("text", m.Text)
		return
	}
	e.w.StringMember("type", "file")
	e.w.Name("file")
	e.w.Object()
	name := m.Name
	if m.Data != nil {
		e.w.Name("file_data")
		e.w.Raw(wire.AppendDataURL(nil, m.MIME, m.Data))
		if name == nil && m.Extra.From != own {
			name = m.Title
			if name == nil { // the API wants one with data
				name = wire.Quote("document" + index(i)[1:2] + extension(m.MIME))
			}
		}
	} else if m.URL != nil {
		e.w.Member("file_data", m.URL)
	}
	e.w.Member("file_id", m.File)
	e.w.Member("filename", name)
	e.w.Extra(&m.Extra, own)
	e.w.EndObject()
}

func extension(mime string) string {
	if mime == "application/pdf" {
		return ".pdf"
	}
	return ""
}

// thoughts writes those of a foreign question for a service that wants them.
// Others do not take thoughts back.
func (e *encoder) thoughts(m *llm.Message) {
	var texts []llm.JSON
	for i := range m.Parts {
		p := &m.Parts[i]
		if _, part := asPart(p); part {
			continue
		}
		if (p.Kind == llm.Thinking || p.Kind == llm.Redacted) && !isKept(p) {
			texts = append(texts, p.Text)
			if !e.d.Thoughts {
				e.n.Drop(e.at + ".parts" + index(i))
			}
		}
	}
	if len(texts) > 0 && e.d.Thoughts {
		e.w.Member("reasoning_content", wire.Join("\n", texts...))
	}
}

func (e *encoder) calls(m *llm.Message) {
	_, old := wire.Marked(&m.Extra, own, "function_call")
	open := false
	for i := range m.Parts {
		p := &m.Parts[i]
		if p.Kind != llm.ToolCall {
			continue
		}
		if old {
			e.w.Name("function_call")
			writeFunction(e.w, p.Call)
			return
		}
		if !open {
			e.w.Name("tool_calls")
			e.w.Array()
			open = true
		}
		writeCall(e.w, p, e.id(p.Call.ID))
	}
	if open {
		e.w.EndArray()
	}
}

// maxID is the longest id of a call that the API takes.
const maxID = 40

// id makes a longer id of another format short, the same for call and result.
func (e *encoder) id(id string) string {
	if e.same || len(id) <= maxID {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "call_" + hex.EncodeToString(sum[:12])
}

// writeCall writes a call under the id that it shall have.
func writeCall(w *wire.Writer, p *llm.Part, id string) {
	w.Object()
	if p.Extra.Get(own, "id") == nil {
		w.Name("id")
		w.String(id)
	}
	kind := "function"
	if p.Call.Custom {
		kind = "custom"
	}
	if _, without := wire.Marked(&p.Extra, own, "no type"); !without {
		w.StringMember("type", kind)
	}
	if p.Extra.Get(own, kind) == nil {
		w.Name(kind)
		writeFunction(w, p.Call)
	}
	w.Extra(&p.Extra, own)
	w.EndObject()
}

func writeFunction(w *wire.Writer, c *llm.Call) {
	w.Object()
	w.Name("name")
	w.String(c.Name)
	_, object := wire.Marked(&c.Extra, own, "object")
	arguments := "arguments"
	if c.Custom {
		arguments = "input"
	}
	switch {
	case c.Extra.Get(own, arguments) != nil:
	case object:
		w.Member(arguments, c.Args)
	case len(c.Args) == 0 && c.Extra.From != own:
		w.StringMember(arguments, "{}")
	default:
		w.Name(arguments)
		w.Bytes(c.Args)
	}
	w.Extra(&c.Extra, own)
	w.EndObject()
}
