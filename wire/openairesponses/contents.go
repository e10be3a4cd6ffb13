package openairesponses

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// writeOutputText writes a text with what it rests on, and reports whether
// something of that had to be left out.
func writeOutputText(w *wire.Writer, p *llm.Part, kind string, native bool) (lost bool) {
	w.Object()
	w.Name("type")
	if spelled := p.Extra.Get(own, "type"); spelled != nil {
		w.Raw(spelled)
	} else {
		w.String(kind)
	}
	w.Name("text")
	w.Raw(text(p))
	if p.Citations != nil && (native || kind == outputText) {
		w.Name("annotations")
		lost = writeCitations(w, p.Citations)
	} else {
		lost = len(p.Citations) > 0
	}
	writeKept(w, p, native)
	w.EndObject()
	return lost
}

// text of a part, "" if it has none.
func text(p *llm.Part) llm.JSON {
	if p.Text == nil {
		return emptyText
	}
	return p.Text
}

func writeRefusal(w *wire.Writer, p *llm.Part) {
	w.Object()
	w.Name("type")
	w.String(refusalText)
	w.Name(refusalText)
	w.Raw(text(p))
	writeKept(w, p, true)
	w.EndObject()
}

// writeKept writes what a content has beside what the model knows.
func writeKept(w *wire.Writer, p *llm.Part, native bool) {
	if native && p.Cache != nil && p.Extra.Get(own, "prompt_cache_breakpoint") == nil {
		w.Name("prompt_cache_breakpoint")
		w.Literal(`{"mode":"explicit"}`)
	}
	extraBut(w, &p.Extra, "type", contentMark)
}

func writeCitations(w *wire.Writer, list []llm.Citation) (lost bool) {
	w.Array()
	for i := range list {
		if !writeCitation(w, &list[i]) {
			lost = true
		}
	}
	w.EndArray()
	return lost
}

// writeCitation writes an annotation. Without an address there is none.
func writeCitation(w *wire.Writer, c *llm.Citation) bool {
	if c.From == own && c.Raw != nil {
		w.Raw(c.Raw)
		return true
	}
	if c.URL == nil {
		return false
	}
	w.Object()
	w.Name("type")
	w.String("url_citation")
	w.Member("url", c.URL)
	w.Name("title")
	if c.Title != nil {
		w.Raw(c.Title)
	} else {
		w.String("")
	}
	w.IntMember("start_index", int64(max(c.Start, 0)))
	w.IntMember("end_index", int64(max(c.End, 0)))
	w.EndObject()
	return true
}

// media writes a picture, a sound or a document.
func (q *question) media(p *llm.Part, path string) {
	noteExtra(q.n, &p.Media.Extra, "")
	if p.Kind == llm.Document && p.Media.Text != nil {
		q.n.Change(path, "text")
		writeText(&q.w, inputText, p.Media.Text)
		return
	}
	w := &q.w
	w.Object()
	w.Name("type")
	q.mediaBody(p, path)
	w.StringMember("detail", p.Media.Detail)
	w.Extra(&p.Media.Extra, own)
	writeKept(w, p, q.own)
	w.EndObject()
}

func (q *question) mediaBody(p *llm.Part, path string) {
	if p.Kind == llm.Image {
		q.w.String(inputImage)
		writeImage(&q.w, p.Media)
		return
	}
	if p.Kind == llm.Audio {
		q.w.String(inputAudio)
		writeAudio(&q.w, p.Media)
		return
	}
	q.w.String(inputFile)
	q.file(p.Media, path)
}

func writeImage(w *wire.Writer, m *llm.Media) {
	w.Member("file_id", m.File)
	switch {
	case m.Extra.Get(own, "image_url") != nil:
	case m.Data != nil:
		mime := m.MIME
		if mime == "" {
			mime = "image/png"
		}
		w.Name("image_url")
		w.Raw(wire.AppendDataURL(nil, mime, m.Data))
	default:
		w.Member("image_url", m.URL)
	}
}

func writeAudio(w *wire.Writer, m *llm.Media) {
	if m.Extra.Get(own, inputAudio) != nil {
		return
	}
	w.Name(inputAudio)
	w.Object()
	w.Name("data")
	w.Bytes(m.Data)
	w.Name("format")
	w.String(audioFormat(m.MIME))
	w.EndObject()
}

func (q *question) file(m *llm.Media, path string) {
	w := &q.w
	w.Member("file_id", m.File)
	w.Member("file_url", m.URL)
	title := m.Name
	if title == nil && !q.own {
		title = m.Title
	}
	if title == nil && m.Data != nil && !q.own {
		title = wire.Quote(defaultFileName + extension(m.MIME))
	}
	w.Member("filename", title)
	if m.Data != nil && m.Extra.Get(own, "file_data") == nil {
		w.Name("file_data")
		w.Raw(wire.AppendDataURL(nil, m.MIME, m.Data))
	}
	if m.Context != nil {
		q.n.Drop(path + ".context")
	}
}

func extension(mime string) string {
	switch mime {
	case "application/pdf":
		return ".pdf"
	case "text/plain":
		return ".txt"
	}
	return ""
}
