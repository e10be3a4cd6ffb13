package mistral

import (
	"bytes"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// readImage reads image_url: a string, or an object with one.
func readImage(v llm.JSON) *llm.Media {
	if wire.IsString(v) {
		m := readURL(v)
		wire.Mark(&m.Extra, own, "bare", nil)
		return m
	}
	m := readURL(wire.Get(v, "url"))
	if m == nil {
		return nil
	}
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "url":
		case "detail":
			takeText(&m.Detail, &f, &m.Extra)
		default:
			f.Keep(&m.Extra, own)
		}
	}
	return m
}

// readURL reads a URL, which may hold the data itself.
func readURL(v llm.JSON) *llm.Media {
	if !wire.IsString(v) {
		return nil
	}
	m := &llm.Media{Extra: llm.Extra{From: own}}
	mime, data, ok := wire.DataURL(v)
	if !ok || !isBase64(data) {
		m.URL = v
		return m
	}
	m.MIME, m.Data = mime, data
	if !bytes.Equal(wire.TextBytes(v), dataURL(m)) {
		wire.Mark(&m.Extra, own, "url", v)
	}
	return m
}

// readAudio reads input_audio: base64, a URL, or an object with base64.
func readAudio(v llm.JSON) *llm.Media {
	if wire.IsObject(v) {
		return readAudioObject(v)
	}
	if !wire.IsString(v) {
		return nil
	}
	text := wire.TextBytes(v)
	if isBase64(text) {
		return &llm.Media{MIME: audioType(text), Data: text, Extra: llm.Extra{From: own}}
	}
	m := readURL(v)
	if m.Data != nil {
		wire.Mark(&m.Extra, own, "url", v)
	}
	return m
}

// audioType is what base64 is by its beginning, empty if that says nothing.
func audioType(data []byte) string {
	for _, known := range [...]struct{ begin, mime string }{
		{"UklGR", "audio/wav"}, {"SUQz", "audio/mpeg"}, {"//uQ", "audio/mpeg"}, {"//vQ", "audio/mpeg"}, {"ZkxhQ", "audio/flac"}, {"T2dnUw", "audio/ogg"},
	} {
		if bytes.HasPrefix(data, []byte(known.begin)) {
			return known.mime
		}
	}
	return ""
}

// readAudioObject reads the shape of OpenAI, which the service takes too.
func readAudioObject(v llm.JSON) *llm.Media {
	m := &llm.Media{Extra: llm.Extra{From: own}}
	wire.Mark(&m.Extra, own, "object", nil)
	for f := wire.NewFields(v); f.Next(); {
		switch {
		case f.Name() == "data" && wire.IsString(f.Value()):
			m.Data = wire.TextBytes(f.Value())
		case f.Name() == "format" && wire.IsString(f.Value()):
			m.MIME = audio + wire.Text(f.Value())
		default:
			f.Keep(&m.Extra, own)
		}
	}
	if m.Data == nil || !isBase64(m.Data) {
		return nil
	}
	return m
}

const audio = "audio/"

// isBase64 tells whether data can be base64, in either alphabet.
func isBase64(data []byte) bool {
	for _, c := range data {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '+', c == '/', c == '-', c == '_', c == '=':
		default:
			return false
		}
	}
	return len(data) > 0
}

// dataURL is the URL that holds the data.
func dataURL(m *llm.Media) []byte {
	mime := m.MIME
	if mime == "" {
		mime = "application/octet-stream"
	}
	const scheme, coding = "data:", ";base64,"
	out := make([]byte, 0, len(scheme)+len(mime)+len(coding)+len(m.Data))
	out = append(append(append(out, scheme...), mime...), coding...)
	return append(out, m.Data...)
}

// writeURL writes the URL of a medium.
func writeURL(w *wire.Writer, m *llm.Media) {
	raw, kept := wire.Marked(&m.Extra, own, "url")
	switch {
	case kept:
		w.Raw(raw)
	case m.Data != nil:
		w.Bytes(dataURL(m))
	default:
		w.Raw(m.URL)
	}
}

func writeImage(w *wire.Writer, m *llm.Media) {
	w.StringMember("type", "image_url")
	w.Name("image_url")
	if _, bare := wire.Marked(&m.Extra, own, "bare"); bare {
		writeURL(w, m)
		return
	}
	w.Object()
	w.Name("url")
	writeURL(w, m)
	w.StringMember("detail", m.Detail)
	w.Extra(&m.Extra, own)
	w.EndObject()
}

func writeAudio(w *wire.Writer, m *llm.Media) {
	w.StringMember("type", "input_audio")
	w.Name("input_audio")
	raw, kept := wire.Marked(&m.Extra, own, "url")
	_, object := wire.Marked(&m.Extra, own, "object")
	switch {
	case kept:
		w.Raw(raw)
	case object:
		w.Object()
		w.Name("data")
		w.Bytes(m.Data)
		if len(m.MIME) >= len(audio) {
			w.Name("format")
			w.String(m.MIME[len(audio):])
		}
		w.Extra(&m.Extra, own)
		w.EndObject()
	case m.Data != nil:
		w.Bytes(m.Data)
	default:
		w.Raw(m.URL)
	}
}

func writeDocument(w *wire.Writer, m *llm.Media) {
	if m.File != nil {
		w.StringMember("type", "file")
		w.Member("file_id", m.File)
		return
	}
	if m.Text != nil { // a text needs no file
		w.StringMember("type", "text")
		w.Member("text", m.Text)
		return
	}
	w.StringMember("type", "document_url")
	w.Name("document_url")
	writeURL(w, m)
	name := m.Name
	if name == nil {
		name = m.Title
	}
	w.Member("document_name", name)
}
