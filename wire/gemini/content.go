package gemini

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// content is a turn: a role and parts.
type content struct {
	role  llm.JSON
	parts llm.JSON
}

// readContent reads a turn. How its parts were listed is noted in x.
func readContent(v llm.JSON, x *llm.Extra) content {
	var c content
	x.From = own
	walk(v, x, func(name string, v llm.JSON) bool {
		switch name {
		case "role":
			return put(&c.role, v, wire.IsString(v))
		case "parts":
			return put(&c.parts, v, wire.IsArray(v) || wire.IsObject(v))
		}
		return false
	})
	switch {
	case c.parts == nil:
		setForm(x, formParts, llm.JSON("none"))
	case wire.IsObject(c.parts):
		setForm(x, formParts, llm.JSON("object"))
	}
	return c
}

// bad is the index of the first part that is no object.
func (c *content) bad() string {
	items := wire.Items(c.parts)
	i := 0
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		if !wire.IsObject(v) {
			return "[" + strconv.Itoa(i) + "]"
		}
		i++
	}
	return ""
}

func (c *content) each(do func(v llm.JSON)) {
	_ = each(c.parts, func(v llm.JSON) error { // do cannot fail
		do(v)
		return nil
	})
}

// roleOf reads a role. Google documents user and model; function and tool are
// seen for results, and none means user.
func roleOf(v llm.JSON) llm.Role {
	switch wire.Text(v) {
	case "model", "assistant":
		return llm.Assistant
	case "function", "tool":
		return llm.ToolRole
	}
	return llm.User
}

func usualRole(r llm.Role) string {
	if r == llm.Assistant {
		return "model"
	}
	return "user"
}

func spelledRole(v llm.JSON) llm.JSON {
	if v == nil {
		return llm.JSON("null")
	}
	return v
}

// prefix marks the ids of calls that Google gave none.
const prefix = "gemini_"

// maxPrint is how much of a response's id goes into the ids of its calls: some
// providers refuse ids beyond 40 characters.
const maxPrint = 24

// callIDs makes up ids and finds the calls that results without an id are for.
type callIDs struct {
	response string
	made     int
	open     map[string][]string
	answered map[string]bool
}

// next is the next made-up id. It is the same whenever the same bytes are read.
func (c *callIDs) next() string {
	id := prefix + c.response
	if c.response != "" {
		id += "_"
	}
	id += strconv.Itoa(c.made)
	c.made++
	return id
}

// madeUp tells whether an id is one of ours, which Google must not see.
func madeUp(id string) bool { return strings.HasPrefix(id, prefix) }

// printable is what of an id may be part of another.
func printable(id string) string {
	b := make([]byte, 0, maxPrint)
	for i := 0; i < len(id) && len(b) < maxPrint; i++ {
		c := id[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			b = append(b, c)
		}
	}
	return string(b)
}

func (c *callIDs) call(call *llm.Call) {
	if call.ID == "" {
		call.ID = c.next()
	}
	if c.open == nil {
		c.open, c.answered = map[string][]string{}, map[string]bool{}
	}
	c.open[call.Name] = append(c.open[call.Name], call.ID)
}

// result gives a result the id of the oldest call of its name that has none yet.
func (c *callIDs) result(r *llm.Result) {
	if c.answered == nil {
		c.answered = map[string]bool{}
	}
	for r.ID == "" {
		queue := c.open[r.Name]
		if len(queue) == 0 {
			r.ID = c.next()
			break
		}
		if !c.answered[queue[0]] {
			r.ID = queue[0]
		}
		c.open[r.Name] = queue[1:]
	}
	c.answered[r.ID] = true
}

// decodePart reads a part.
func decodePart(v llm.JSON, ids *callIDs) llm.Part {
	var d partDecoder
	walk(v, &d.p.Extra, d.member)
	p := &d.p
	switch {
	case !d.known:
		return llm.Part{Kind: llm.Opaque, Raw: v, Extra: llm.Extra{From: own}}
	case wire.IsTrue(d.thought) && p.Kind == llm.Text:
		p.Kind = llm.Thinking
	case wire.IsTrue(d.thought):
		p.Extra.From = own
		p.Extra.Members = append(p.Extra.Members, llm.Member{Name: "thought", Value: d.thought})
	case d.thought != nil:
		setForm(&p.Extra, formThought, d.thought)
	}
	if p.Call != nil {
		ids.call(p.Call)
	}
	if p.Result != nil {
		ids.result(p.Result)
	}
	return d.p
}

type partDecoder struct {
	p       llm.Part
	thought llm.JSON
	known   bool // it has data that the model knows
}

func (d *partDecoder) member(name string, v llm.JSON) bool {
	switch name {
	case "thought":
		return put(&d.thought, v, wire.IsTrue(v) || string(v) == "false")
	case "thoughtSignature":
		if !put(&d.p.Signature, v, wire.IsString(v)) {
			return false
		}
		d.p.SignedBy = own
		return true
	case "text", "inlineData", "fileData", "functionCall", "functionResponse":
		if d.known {
			return false
		}
		d.known = d.data(name, v)
		return d.known
	}
	return false
}

func (d *partDecoder) data(name string, v llm.JSON) bool {
	if name == "text" {
		d.p.Text = v
		return wire.IsString(v)
	}
	if !wire.IsObject(v) {
		return false
	}
	switch name {
	case "functionCall":
		d.p.Kind, d.p.Call = llm.ToolCall, readCall(v)
	case "functionResponse":
		d.p.Kind, d.p.Result = llm.ToolResult, readResult(v)
		setForm(&d.p.Extra, formOriginal, v)
	default:
		m := readMedia(v, name == "fileData")
		if isNowhere(m) {
			return false
		}
		d.p.Kind, d.p.Media = mediaKind(m), m
	}
	return true
}

// readCall reads a functionCall.
func readCall(v llm.JSON) *llm.Call {
	c := &llm.Call{}
	c.Extra.From = own
	walk(v, &c.Extra, func(name string, v llm.JSON) bool {
		switch name {
		case "id":
			return putText(&c.ID, v)
		case "name":
			return putText(&c.Name, v)
		case "args":
			if c.Args != nil || !wire.IsObject(v) {
				return false
			}
			c.Args = v
			return true
		}
		return false
	})
	if c.Args == nil {
		c.Args = []byte("{}")
		setForm(&c.Extra, formArgs, llm.JSON("none"))
	}
	return c
}

func putText(field *string, v llm.JSON) bool {
	if *field != "" {
		return false
	}
	*field = wire.Text(v)
	return *field != ""
}

// readResult reads a functionResponse. The response is an object; "use output
// key to specify function output and error key to specify error details".
// Source: https://ai.google.dev/api/caching#FunctionResponse.
func readResult(v llm.JSON) *llm.Result {
	r := &llm.Result{}
	r.ID, r.Name = wire.Text(member(v, "id")), wire.Text(member(v, "name"))
	r.Value = member(v, "response")
	r.Failed = member(r.Value, "error") != nil && member(r.Value, "output") == nil
	if plain := unwrapped(r.Value); plain != nil {
		r.Value = plain
	}
	if wire.IsString(r.Value) {
		r.Parts, r.Plain, r.Value = []llm.Part{{Text: r.Value}}, true, nil
	}
	media := resultMedia(member(v, "parts"))
	if len(media) == 0 {
		return r
	}
	if r.Plain = false; r.Value != nil {
		r.Parts = append(r.Parts, llm.Part{Text: wire.Quote(string(r.Value))})
		r.Value = nil
	}
	r.Parts = append(r.Parts, media...)
	return r
}

// unwrapped is what SDKs put into an object of one member, since a response must
// be an object; nil if the response is one of its own.
func unwrapped(response llm.JSON) llm.JSON {
	f := wire.NewFields(response)
	if !f.Next() || f.Name() != "output" && f.Name() != "result" {
		return nil
	}
	v := f.Value()
	if f.Next() {
		return nil
	}
	return v
}

func resultMedia(parts llm.JSON) []llm.Part {
	var out []llm.Part
	_ = each(parts, func(v llm.JSON) error { // nothing to fail
		m := readMedia(member(v, "inlineData"), false)
		if isNowhere(m) {
			m = readMedia(member(v, "fileData"), true)
		}
		if !isNowhere(m) {
			out = append(out, llm.Part{Kind: mediaKind(m), Media: m})
		}
		return nil
	})
	return out
}

func isNowhere(m *llm.Media) bool { return m.Data == nil && m.URL == nil && m.File == nil }

// readMedia reads inlineData, or fileData.
func readMedia(v llm.JSON, file bool) *llm.Media {
	m := &llm.Media{}
	m.Extra.From = own
	walk(v, &m.Extra, func(name string, v llm.JSON) bool {
		switch name {
		case "mimeType":
			return putText(&m.MIME, v)
		case "displayName":
			if !put(&m.Name, v, wire.IsString(v)) {
				return false
			}
			setForm(&m.Extra, formDisplay, llm.JSON("true"))
			return true
		case "data":
			return !file && putData(m, v)
		case "fileUri":
			return file && putURI(m, v)
		}
		return false
	})
	return m
}

// putData takes base64. Some of Google's libraries write it in the alphabet for
// URLs, which nobody else reads.
func putData(m *llm.Media, v llm.JSON) bool {
	if m.Data != nil || !wire.IsString(v) {
		return false
	}
	m.Data = wire.TextBytes(v)
	if standard := translate(m.Data, "-_", "+/"); standard != nil {
		m.Data = standard
		setForm(&m.Extra, formBase64, llm.JSON("url"))
	}
	return true
}

// translate replaces the two letters of one alphabet by those of another, nil if
// there is nothing to replace or letters of both.
func translate(data []byte, from, to string) []byte {
	text := string(data)
	if !strings.ContainsAny(text, from) || strings.ContainsAny(text, to) {
		return nil
	}
	return []byte(strings.NewReplacer(from[:1], to[:1], from[1:], to[1:]).Replace(text))
}

// putURI takes the place of a file: an id where the file is Google's.
func putURI(m *llm.Media, v llm.JSON) bool {
	if !isNowhere(m) || !wire.IsString(v) || wire.EmptyText(v) {
		return false
	}
	if isFile(wire.Text(v)) {
		m.File = v
	} else {
		m.URL = v
	}
	return true
}

func isFile(uri string) bool {
	return strings.HasPrefix(uri, "https://generativelanguage.googleapis.com/") || strings.HasPrefix(uri, "files/")
}

// mediaKind tells what media are by their type, or by the end of their URL.
func mediaKind(m *llm.Media) llm.Kind {
	mime := m.MIME
	if mime == "" {
		mime = mimeOf(wire.Text(m.URL))
	}
	family, _, _ := strings.Cut(mime, "/")
	switch strings.ToLower(family) {
	case "image":
		return llm.Image
	case "audio":
		return llm.Audio
	case "video":
		return llm.Video
	}
	return llm.Document
}

// mimeOf guesses a type from the end of a URL's path; "" is unknown.
func mimeOf(uri string) string {
	uri, _, _ = strings.Cut(uri, "#")
	uri, _, _ = strings.Cut(uri, "?")
	dot := strings.LastIndexByte(uri, '.')
	if dot < 0 {
		return ""
	}
	switch strings.ToLower(uri[dot+1:]) {
	case "png":
		return "image/png"
	case "jpg", "jpeg":
		return "image/jpeg"
	case "webp":
		return "image/webp"
	case "gif":
		return "image/gif"
	case "heic":
		return "image/heic"
	case "pdf":
		return "application/pdf"
	case "txt":
		return "text/plain"
	case "mp3":
		return "audio/mpeg"
	case "wav":
		return "audio/wav"
	case "ogg":
		return "audio/ogg"
	case "flac":
		return "audio/flac"
	case "mp4":
		return "video/mp4"
	case "mov":
		return "video/quicktime"
	case "webm":
		return "video/webm"
	}
	return ""
}
