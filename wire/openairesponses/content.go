package openairesponses

import (
	"bytes"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// contentParts reads the contents of a message, or of what a tool gave. usual
// is the type that a text has there.
func contentParts(dst []llm.Part, content llm.JSON, usual string) []llm.Part {
	items := wire.Items(content)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		dst = append(dst, contentPart(v, usual))
	}
	return dst
}

func contentPart(v llm.JSON, usual string) llm.Part {
	switch kind := wire.Text(wire.Get(v, "type")); kind {
	case inputText, outputText, "text":
		return textPart(v, kind, usual)
	case refusalText:
		return refusalPart(v)
	case inputImage:
		return mediaPart(v, llm.Image, "image_url", decodeImage)
	case inputFile:
		return mediaPart(v, llm.Document, "file_data", decodeFile)
	case inputAudio:
		return mediaPart(v, llm.Audio, inputAudio, decodeAudio)
	}
	return opaqueContent(v)
}

func opaqueContent(v llm.JSON) llm.Part {
	p := opaque(v)
	keep(&p.Extra, contentMark, llm.JSON("true"))
	return p
}

func textPart(v llm.JSON, kind, usual string) llm.Part {
	if !wire.IsString(wire.Get(v, "text")) {
		return opaqueContent(v)
	}
	p := llm.Part{Kind: llm.Text}
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "text":
			p.Text = f.Value()
		case "type":
			if kind != usual {
				f.Keep(&p.Extra, own)
			}
		case "annotations":
			if !wire.IsArray(f.Value()) {
				f.Keep(&p.Extra, own)
				continue
			}
			p.Citations = citations(f.Value())
		default:
			keepPart(&p, &f)
		}
	}
	return p
}

func refusalPart(v llm.JSON) llm.Part {
	p := llm.Part{Kind: llm.Refusal}
	for f := wire.NewFields(v); f.Next(); {
		if f.Name() == refusalText && wire.IsString(f.Value()) {
			p.Text = f.Value()
		} else if f.Name() != "type" {
			f.Keep(&p.Extra, own)
		}
	}
	if p.Text == nil {
		return opaqueContent(v)
	}
	return p
}

// keepPart reads the members that every content can have.
func keepPart(p *llm.Part, f *wire.Fields) {
	if f.Name() == "prompt_cache_breakpoint" && wire.Equal(wire.Get(f.Value(), "mode"), "explicit") && wire.IsObject(f.Value()) {
		p.Cache = &llm.Cache{}
		if more := without(f.Value(), "mode"); more == nil {
			return
		}
	}
	f.Keep(&p.Extra, own)
}

// citations are the annotations of a text; none are an empty list, not nil, so
// that the member is written again.
func citations(v llm.JSON) []llm.Citation {
	out := make([]llm.Citation, 0, wire.Len(v))
	items := wire.Items(v)
	for a, ok := items.Next(); ok; a, ok = items.Next() {
		out = append(out, citation(a))
	}
	return out
}

func citation(a llm.JSON) llm.Citation {
	return llm.Citation{
		URL: clean(wire.Get(a, "url")), Title: clean(wire.Get(a, "title")),
		Start: index(wire.Get(a, "start_index")), End: index(wire.Get(a, "end_index")),
		Raw: a, From: own,
	}
}

func index(v llm.JSON) int {
	n, ok := wire.Int(v)
	if !ok || n < 0 || n > 1<<40 {
		return -1
	}
	return int(n)
}

// mediaPart reads a content that holds a file. data is the member that may
// hold the file itself.
func mediaPart(v llm.JSON, kind llm.Kind, data string, decode func(*llm.Media, llm.JSON) (exact, ok bool)) llm.Part {
	m := &llm.Media{}
	p := llm.Part{Kind: kind, Media: m}
	some := false
	for f := wire.NewFields(v); f.Next(); {
		to := mediaField(m, kind, f.Name())
		switch {
		case f.Name() == "type":
		case f.Name() == data:
			exact, ok := decode(m, f.Value())
			if !exact {
				f.Keep(&m.Extra, own)
			}
			some = some || ok
		case to != nil && wire.IsString(f.Value()):
			*to = f.Value()
			some = some || f.Name() != "filename"
		case f.Name() == "detail" && wire.Text(f.Value()) != "":
			m.Detail = wire.Text(f.Value())
		default:
			keepPart(&p, &f)
		}
	}
	if !some || m.Data != nil && (m.File != nil || m.URL != nil) || m.File != nil && m.URL != nil {
		return opaqueContent(v)
	}
	if kind == llm.Document && m.MIME == "" {
		m.MIME = mimeByName(wire.Text(m.Name))
	}
	return p
}

func mediaField(m *llm.Media, kind llm.Kind, name string) *llm.JSON {
	switch {
	case name == "file_id":
		return &m.File
	case name == "filename" && kind == llm.Document:
		return &m.Name
	case name == "file_url" && kind == llm.Document:
		return &m.URL
	}
	return nil
}

func decodeImage(m *llm.Media, v llm.JSON) (exact, ok bool) {
	if !wire.IsString(v) {
		return false, false
	}
	if exact, ok = decodeDataURL(m, v); !ok {
		m.URL = v
		return true, true
	}
	return exact, true
}

// decodeDataURL reports too whether the same URL can be made of m again.
func decodeDataURL(m *llm.Media, v llm.JSON) (exact, ok bool) {
	mime, data, ok := wire.DataURL(v)
	if !ok {
		return false, false
	}
	m.MIME, m.Data = mime, data
	if m.Data == nil {
		m.Data = []byte{}
	}
	head := `"data:` + mime + `;base64,`
	return mime != "" && len(v) == len(head)+len(data)+1 && string(v[:len(head)]) == head, true
}

func decodeFile(m *llm.Media, v llm.JSON) (exact, ok bool) {
	if exact, ok = decodeDataURL(m, v); ok {
		return exact, true
	}
	data := wire.TextBytes(v)
	if len(data) == 0 || bytes.ContainsRune(data, ':') {
		return false, false
	}
	m.Data = data
	return false, true
}

func decodeAudio(m *llm.Media, v llm.JSON) (exact, ok bool) {
	data, format := wire.TextBytes(wire.Get(v, "data")), wire.Text(wire.Get(v, "format"))
	if len(data) == 0 {
		return false, false
	}
	m.Data, m.MIME = data, audioMIME(format)
	return without(v, "data", "format") == nil && audioFormat(m.MIME) == format, true
}

func audioMIME(format string) string {
	switch format {
	case "":
		return ""
	case "mp3":
		return "audio/mpeg"
	}
	return "audio/" + format
}

func audioFormat(mime string) string {
	switch mime {
	case "audio/mpeg", "audio/mp3":
		return "mp3"
	case "audio/x-wav", "audio/wave":
		return "wav"
	}
	format, _ := strings.CutPrefix(mime, "audio/")
	return format
}

// mimeByName is for files that came without a type.
func mimeByName(name string) string {
	if strings.HasSuffix(strings.ToLower(name), ".pdf") {
		return "application/pdf"
	}
	return ""
}
