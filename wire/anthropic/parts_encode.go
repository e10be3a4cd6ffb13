package anthropic

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// partWriter writes parts as content blocks.
type partWriter struct {
	w *wire.Writer
	n *wire.Notes
	// own: the message came in our own format, so it may hold what the API
	// refuses; that is between the caller and the provider.
	own bool
	// answer: the parts go to a caller. Proofs of other providers are sealed,
	// where those that go to a provider are left out.
	answer bool
}

// part writes a part, and tells whether there was anything to write.
func (pw *partWriter) part(p *llm.Part, at string) bool {
	noteExtra(pw.n, &p.Extra)
	switch p.Kind {
	case llm.Text, llm.Refusal:
		return pw.text(p, at)
	case llm.Image, llm.Document:
		return pw.media(p, at)
	case llm.ToolCall:
		return pw.call(p, at)
	case llm.ToolResult:
		return pw.result(p, at)
	case llm.Thinking:
		return pw.thinking(p, at)
	case llm.Redacted:
		return pw.redacted(p, at)
	case llm.Opaque:
		if p.Extra.From == own {
			pw.w.Raw(p.Raw)
			return true
		}
	case llm.Audio, llm.Video:
	}
	pw.n.Drop(at)
	return false
}

func (pw *partWriter) begin(p *llm.Part, kind string) object {
	o := newObject(pw.w, &p.Extra)
	o.text("type", kind)
	return o
}

func (pw *partWriter) end(o *object, p *llm.Part) {
	pw.cache(o, p.Cache)
	o.end()
}

func (pw *partWriter) cache(o *object, c *llm.Cache) {
	if c == nil {
		return
	}
	o.name("cache_control")
	inner := newObject(pw.w, &c.Extra)
	inner.text("type", "ephemeral")
	// Of what other formats allow, these are the lifetimes that Anthropic has.
	if c.TTL != "" && (pw.own || c.TTL == "5m" || c.TTL == "1h") {
		inner.text("ttl", c.TTL)
	}
	inner.end()
}

func orEmpty(text llm.JSON) llm.JSON {
	if text == nil {
		return llm.JSON(`""`)
	}
	return text
}

func (pw *partWriter) text(p *llm.Part, at string) bool {
	if !pw.own && !pw.answer && wire.EmptyText(orEmpty(p.Text)) {
		return false
	}
	if p.Kind == llm.Refusal {
		pw.n.Change(at, "text")
	}
	o := pw.begin(p, "text")
	o.raw("text", orEmpty(p.Text))
	pw.citations(&o, p.Citations, at)
	pw.end(&o, p)
	return true
}

func (pw *partWriter) citations(o *object, list []llm.Citation, at string) {
	some := false
	for i := range list {
		if !pw.citable(&list[i]) {
			pw.n.Drop(at + ".citations")
			continue
		}
		if !some {
			o.name("citations")
			pw.w.Array()
			some = true
		}
		pw.citation(&list[i])
	}
	if some {
		pw.w.EndArray()
	}
}

// citable tells whether a citation can be written. A provider checks what it
// is given, so it gets its own ones only.
func (pw *partWriter) citable(c *llm.Citation) bool {
	return c.From == own && c.Raw != nil || pw.answer && c.URL != nil
}

func (pw *partWriter) citation(c *llm.Citation) {
	if c.From == own && c.Raw != nil {
		pw.w.Raw(c.Raw)
		return
	}
	pw.w.Object()
	pw.w.StringMember("type", "web_search_result_location")
	pw.w.Member("cited_text", orEmpty(c.Quote))
	pw.w.Member("url", c.URL)
	pw.w.Name("title")
	pw.w.Raw(c.Title)
	pw.w.Member("encrypted_index", orEmpty(nil))
	pw.w.EndObject()
}

func (pw *partWriter) media(p *llm.Part, at string) bool {
	m := p.Media
	if m == nil {
		pw.n.Drop(at)
		return false
	}
	if m.Extra.From != own {
		var ok bool
		if m, ok = nearest(p.Kind, m); !ok {
			pw.n.Drop(at)
			return false
		}
		if m.Detail != "" && m.Detail != "auto" {
			pw.n.Drop(at + ".detail")
		}
	}
	kind := "image"
	if p.Kind == llm.Document {
		kind = "document"
	}
	o := pw.begin(p, kind)
	o.name("source")
	pw.source(m)
	if p.Kind == llm.Document {
		o.raw("title", m.Title)
		o.raw("context", m.Context)
	}
	pw.end(&o, p)
	return true
}

// nearest makes of another format's media what the API takes: data, a text or
// a web address.
func nearest(kind llm.Kind, from *llm.Media) (*llm.Media, bool) {
	m := *from
	if mime, data, ok := wire.DataURL(m.URL); ok {
		m.MIME, m.Data, m.URL = mime, data, nil
	}
	if m.Title == nil {
		m.Title = m.Name
	}
	switch {
	case m.URL != nil:
		return &m, bytes.HasPrefix(wire.TextBytes(m.URL), []byte("http"))
	case m.Text != nil:
		m.MIME = "text/plain"
		return &m, kind == llm.Document
	case m.File != nil || len(m.Data) == 0:
		return nil, false // a file at one provider is nothing at another
	}
	if m.MIME == "" || m.MIME == "application/octet-stream" {
		m.MIME = sniff(m.Data)
	}
	if kind == llm.Image {
		return &m, true
	}
	return &m, nearestDocument(&m)
}

// nearestDocument tells whether data is a document that the API reads: PDF, or
// text, which it wants as such.
func nearestDocument(m *llm.Media) bool {
	if m.MIME == "application/pdf" {
		return true
	}
	if !strings.HasPrefix(m.MIME, "text/") {
		return false
	}
	text, err := base64.StdEncoding.AppendDecode(nil, m.Data)
	if err != nil || !utf8.Valid(text) {
		return false
	}
	m.MIME, m.Data = "text/plain", nil
	m.Text = jsonscan.AppendQuote(nil, text)
	return true
}

// sniff tells what data in base64 is by how it begins.
func sniff(data []byte) string {
	for _, known := range [...]struct{ begins, mime string }{
		{"iVBORw", "image/png"},
		{"/9j/", "image/jpeg"},
		{"R0lGOD", "image/gif"},
		{"UklGR", "image/webp"},
		{"JVBERi", "application/pdf"},
	} {
		if bytes.HasPrefix(data, []byte(known.begins)) {
			return known.mime
		}
	}
	return "application/octet-stream"
}

func (pw *partWriter) source(m *llm.Media) {
	o := newObject(pw.w, &m.Extra)
	switch {
	case m.URL != nil:
		o.text("type", "url")
		o.raw("url", m.URL)
	case m.File != nil:
		o.text("type", "file")
		o.raw("file_id", m.File)
	case m.Text != nil:
		o.text("type", "text")
		pw.mime(&o, m)
		o.raw("data", m.Text)
	default:
		o.text("type", "base64")
		pw.mime(&o, m)
		o.name("data")
		pw.w.Bytes(m.Data)
	}
	o.end()
}

func (pw *partWriter) mime(o *object, m *llm.Media) {
	if m.MIME != "" {
		o.text("media_type", m.MIME)
	}
}

func (pw *partWriter) call(p *llm.Part, at string) bool {
	c := p.Call
	if c == nil {
		pw.n.Drop(at)
		return false
	}
	o := pw.begin(p, "tool_use")
	o.text("id", pw.callID(c.ID, p))
	o.text("name", c.Name)
	switch {
	case c.Custom:
		o.name("input")
		pw.w.Object()
		pw.w.Name("input")
		pw.w.Bytes(c.Args)
		pw.w.EndObject()
	case len(bytes.TrimSpace(c.Args)) > 0:
		o.name("input")
		pw.input(c.Args, at)
	case o.kept("input") == nil:
		o.name("input")
		pw.w.Literal("{}")
	}
	noteExtra(pw.n, &c.Extra)
	pw.end(&o, p)
	return true
}

// input writes the arguments of a call. What is no object was cut short.
func (pw *partWriter) input(args []byte, at string) {
	if jsonscan.KindOf(args) == jsonscan.Object && jsonscan.NoDuplicates(args) == nil {
		pw.w.Raw(args)
		return
	}
	pw.n.Change(at+".args", "text within an object")
	pw.w.Object()
	pw.w.Name("_raw")
	pw.w.Bytes(args)
	pw.w.EndObject()
}

// callID is the id of a call, or of the call that a result belongs to.
func (pw *partWriter) callID(id string, p *llm.Part) string {
	if pw.answer {
		if p.Signature != nil && p.SignedBy != own {
			return wire.SealID(id, []wire.Proof{{By: p.SignedBy, Kind: llm.ToolCall, Signature: p.Signature}})
		}
		return id
	}
	if pw.own || allowedID(id) {
		return id
	}
	return "toolu_x" + base64.RawURLEncoding.EncodeToString([]byte(id))
}

// allowedID tells whether the API takes an id: it wants [a-zA-Z0-9_-]+.
func allowedID(id string) bool {
	for _, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return id != ""
}

func (pw *partWriter) result(p *llm.Part, at string) bool {
	res := p.Result
	if res == nil {
		pw.n.Drop(at)
		return false
	}
	o := pw.begin(p, "tool_result")
	o.text("tool_use_id", pw.callID(res.ID, p))
	switch {
	case res.Value != nil:
		o.name("content")
		pw.w.Bytes(res.Value)
	case plainResult(res):
		o.raw("content", res.Parts[0].Text)
	case len(res.Parts) > 0:
		o.name("content")
		pw.w.Array()
		for i := range res.Parts {
			pw.part(&res.Parts[i], at+".result")
		}
		pw.w.EndArray()
	}
	if res.Failed {
		o.name("is_error")
		pw.w.Bool(true)
	}
	pw.end(&o, p)
	return true
}

func plainResult(res *llm.Result) bool {
	return res.Plain && len(res.Parts) == 1 && res.Parts[0].Kind == llm.Text && res.Parts[0].Text != nil
}

// thinking writes thoughts. A provider takes back none but those it signed.
func (pw *partWriter) thinking(p *llm.Part, at string) bool {
	mine := p.Extra.From == own || p.SignedBy == own
	signed := p.SignedBy == own && p.Signature != nil
	if !pw.answer && !signed && (!mine || wire.EmptyText(orEmpty(p.Text))) {
		if !wire.EmptyText(orEmpty(p.Text)) || p.Signature != nil {
			pw.n.Drop(at)
		}
		return false
	}
	o := pw.begin(p, "thinking")
	o.raw("thinking", orEmpty(p.Text))
	switch {
	case signed:
		o.raw("signature", p.Signature)
	case pw.answer && !mine:
		o.text("signature", sealed(p))
	}
	pw.end(&o, p)
	return true
}

// sealed stands in place of a signature for thoughts of another provider. They
// come back with it, and are known not to be Anthropic's even where nobody
// signed them.
func sealed(p *llm.Part) string {
	return wire.SealID("", []wire.Proof{{By: p.SignedBy, Kind: p.Kind, Signature: orEmpty(p.Signature)}})
}

func (pw *partWriter) redacted(p *llm.Part, at string) bool {
	if p.Signature == nil || !pw.answer && p.SignedBy != own {
		pw.n.Drop(at)
		return false
	}
	o := pw.begin(p, "redacted_thinking")
	if p.SignedBy == own {
		o.raw("data", p.Signature)
	} else {
		o.text("data", sealed(p))
	}
	pw.end(&o, p)
	return true
}
