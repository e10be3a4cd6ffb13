package bedrock

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// named is a media type and what Bedrock calls it. Of several names for a type
// the first is written.
type named struct{ format, mime string }

// Sources: the enumerations ImageFormat, DocumentFormat, VideoFormat and
// AudioFormat of the API reference.
var (
	images = []named{
		{"png", "image/png"},
		{"jpeg", "image/jpeg"},
		{"gif", "image/gif"},
		{"webp", "image/webp"},
		{"jpeg", "image/jpg"},
	}
	documents = []named{
		{"pdf", "application/pdf"},
		{"csv", "text/csv"},
		{"doc", "application/msword"},
		{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"xls", "application/vnd.ms-excel"},
		{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
		{"html", "text/html"},
		{"txt", "text/plain"},
		{"md", "text/markdown"},
	}
	videos = []named{
		{"mp4", "video/mp4"},
		{"mov", "video/quicktime"},
		{"mkv", "video/x-matroska"},
		{"webm", "video/webm"},
		{"flv", "video/x-flv"},
		{"mpeg", "video/mpeg"},
		{"mpg", "video/mpeg"},
		{"wmv", "video/x-ms-wmv"},
		{"three_gp", "video/3gpp"},
	}
	audios = []named{
		{"mp3", "audio/mpeg"},
		{"mpeg", "audio/mpeg"},
		{"mpga", "audio/mpeg"},
		{"mp3", "audio/mp3"},
		{"wav", "audio/wav"},
		{"wav", "audio/x-wav"},
		{"opus", "audio/opus"},
		{"aac", "audio/aac"},
		{"x-aac", "audio/x-aac"},
		{"flac", "audio/flac"},
		{"mp4", "audio/mp4"},
		{"m4a", "audio/x-m4a"},
		{"ogg", "audio/ogg"},
		{"mka", "audio/x-matroska"},
		{"mkv", "audio/x-matroska"},
		{"webm", "audio/webm"},
		{"pcm", "audio/pcm"},
	}
)

// mediaOf is the name of a block for a kind, and the formats that it knows.
func mediaOf(kind llm.Kind) (block string, formats []named) {
	switch kind {
	case llm.Image:
		return "image", images
	case llm.Document:
		return "document", documents
	case llm.Video:
		return "video", videos
	case llm.Audio:
		return "audio", audios
	case llm.Text, llm.ToolCall, llm.ToolResult, llm.Thinking, llm.Redacted, llm.Refusal, llm.Opaque:
	}
	return "", nil
}

func mimeOf(formats []named, format string) string {
	for _, f := range formats {
		if f.format == format {
			return f.mime
		}
	}
	return ""
}

func formatOf(formats []named, mime string) string {
	mime, _, _ = strings.Cut(mime, ";")
	for _, f := range formats {
		if strings.EqualFold(f.mime, strings.TrimSpace(mime)) {
			return f.format
		}
	}
	return ""
}

// readMedia reads the value of an image, document, video or audio block.
func readMedia(kind llm.Kind, v llm.JSON) (llm.Part, bool) {
	_, formats := mediaOf(kind)
	m := &llm.Media{Extra: llm.Extra{From: own}}
	placed := false
	f := wire.NewFields(v)
	for f.Next() {
		switch name, value := f.Name(), f.Value(); {
		case name == "format":
			m.MIME = mimeOf(formats, wire.Text(value))
			if m.MIME == "" || formatOf(formats, m.MIME) != wire.Text(value) {
				f.Keep(&m.Extra, own)
			}
		case name == "source" && readSource(m, value):
			placed = true
		case name == "name" && wire.IsString(value):
			m.Name = value
		case name == "context" && wire.IsString(value):
			m.Context = value
		default:
			f.Keep(&m.Extra, own)
		}
	}
	return llm.Part{Kind: kind, Media: m}, placed
}

// readSource reads where a medium is. What the model has no place for stays in
// Extra as source, for writeSource.
func readSource(m *llm.Media, v llm.JSON) bool {
	name, value, ok := single(v)
	if !ok {
		return false
	}
	switch name {
	case "bytes":
		m.Data = wire.TextBytes(value)
		return len(m.Data) > 0 && isBase64(m.Data)
	case "text":
		m.Text = value
		return wire.IsString(value)
	case "s3Location":
		m.URL = wire.Get(value, "uri")
		if _, _, alone := single(value); !alone {
			m.Extra.Members = append(m.Extra.Members, llm.Member{Name: "source", Value: v})
		}
		return wire.IsString(m.URL)
	case "content":
		m.Text = joinTexts(value)
		m.Extra.Members = append(m.Extra.Members, llm.Member{Name: "source", Value: v})
		return m.Text != nil
	}
	return false
}

// joinTexts makes one text of an array of {text} blocks, nil if it has others.
func joinTexts(array llm.JSON) llm.JSON {
	if !wire.IsArray(array) {
		return nil
	}
	texts := []llm.JSON{}
	items := wire.Items(array)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		name, text, one := single(v)
		if !one || name != "text" || !wire.IsString(text) {
			return nil
		}
		texts = append(texts, text)
	}
	return wire.Join("", texts...)
}

func isBase64(b []byte) bool {
	for _, c := range b {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '+' && c != '/' && c != '=' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// mediaSource is the source of a medium, nil if Bedrock cannot be told.
func mediaSource(kind llm.Kind, m *llm.Media) llm.JSON {
	if kept := m.Extra.Get(own, "source"); kept != nil {
		var was llm.Media
		if readSource(&was, kept) && same(was.URL, m.URL) && same(was.Text, m.Text) {
			return kept
		}
	}
	var w wire.Writer
	w.Object()
	switch {
	case len(m.Data) > 0:
		w.Name("bytes")
		w.Bytes(m.Data)
	case m.Text != nil && kind == llm.Document:
		w.Member("text", m.Text)
	case bytes.HasPrefix(wire.TextBytes(m.URL), []byte("s3://")):
		w.Name("s3Location")
		w.Object()
		w.Member("uri", m.URL)
		w.EndObject()
	case m.Extra.From == own && m.URL != nil:
		w.Name("s3Location")
		w.Object()
		w.Member("uri", m.URL)
		w.EndObject()
	default:
		return nil
	}
	w.EndObject()
	return w.Buf
}

// mediaFormat is the name of a medium's type, empty if Bedrock has none.
func mediaFormat(kind llm.Kind, m *llm.Media) string {
	_, formats := mediaOf(kind)
	if kept := m.Extra.Get(own, "format"); kept != nil && mimeOf(formats, wire.Text(kept)) == m.MIME {
		return wire.Text(kept)
	}
	if m.MIME == "" && kind == llm.Document && m.Text != nil && m.Extra.From != own {
		return "txt"
	}
	return formatOf(formats, m.MIME)
}

// media writes a block; false says that it cannot be.
func (b *blocks) media(p *llm.Part) bool {
	m := p.Media
	if m == nil {
		return false
	}
	format, source := mediaFormat(p.Kind, m), mediaSource(p.Kind, m)
	mine := m.Extra.From == own
	if source == nil || format == "" && !mine {
		return false
	}
	if m.Detail != "" && m.Detail != "auto" {
		b.note(".media.detail", "")
	}
	block, _ := mediaOf(p.Kind)
	o := b.begin()
	o.name(block)
	in := begin(b.w)
	if format != "" {
		in.text("format", format)
	}
	if p.Kind == llm.Document {
		b.documentName(&in, m)
		in.member("context", m.Context)
	}
	in.member("source", source)
	in.rest(&m.Extra)
	in.end()
	o.rest(&p.Extra)
	o.end()
	return true
}

// documentName writes the name that every document must have.
func (b *blocks) documentName(o *object, m *llm.Media) {
	if m.Extra.From == own {
		o.member("name", m.Name)
		return
	}
	b.documents++
	name := m.Name
	if name == nil {
		name = m.Title
	}
	s := documentName(wire.Text(name))
	if s == "" {
		s = "document-" + strconv.Itoa(b.documents)
	}
	o.text("name", s)
}

// documentName makes s a name that Bedrock allows: letters, digits, single
// spaces, hyphens, parentheses and square brackets, 200 of them at most. The
// ending goes, for it is told as the format.
func documentName(s string) string {
	if i := strings.LastIndexByte(s, '.'); i > 0 && mimeOf(documents, strings.ToLower(s[i+1:])) != "" {
		s = s[:i]
	}
	out := make([]byte, 0, min(len(s), 200))
	for _, r := range s {
		c := byte('-')
		switch {
		case r < 128 && (r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z') || r < 128 && strings.ContainsRune("-()[]", r):
			c = byte(r)
		case r == ' ' || r == '\t' || r == '\n':
			c = ' '
		}
		if c == ' ' && (len(out) == 0 || out[len(out)-1] == ' ') {
			continue
		}
		if len(out) == 200 {
			break
		}
		out = append(out, c)
	}
	return strings.TrimSpace(string(out))
}
