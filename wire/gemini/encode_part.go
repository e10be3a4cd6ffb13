package gemini

import (
	"bytes"
	"strconv"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// partEncoder writes parts, of questions and of answers.
type partEncoder struct {
	w       wire.Writer
	n       *wire.Notes
	version int  // of the model that is asked; 0 in answers
	same    bool // the whole comes from this format
	moved   bool // thoughts in it are another vendor's
	answer  bool // it goes to a caller
	show    bool // who wants to see thoughts of others
	message int
	index   int
	names   map[string]string // of calls, by id
	called  bool              // the turn has had a call
	proofs  []wire.Proof      // of other formats, for the next call
}

// at is where the encoder is, for notes.
func (e *partEncoder) at(message, part int) { e.message, e.index = message, part }

func at(list string, i int, field string) string {
	return list + "[" + strconv.Itoa(i) + "]" + field
}

func (e *partEncoder) field(name string) string {
	where := at("messages", e.message, "")
	if e.index >= 0 {
		where += at(".parts", e.index, "")
	}
	return where + name
}

func (e *partEncoder) drop(name string) {
	if e.n != nil {
		e.n.Drop(e.field(name))
	}
}

func (e *partEncoder) change(name, how string) {
	if e.n != nil {
		e.n.Change(e.field(name), how)
	}
}

// expressible tells whether a part can be written, and notes it if not.
func (e *partEncoder) expressible(p *llm.Part, m *llm.Message) bool {
	ok := true
	switch p.Kind {
	case llm.Text:
		// Google refuses texts that are empty, and others send them beside calls.
		return e.same || m.Extra.From == own || len(m.Parts) == 1 || !wire.EmptyText(p.Text) || p.SignedBy == own
	case llm.Thinking:
		ok = e.same || p.SignedBy == own || e.answer && e.show
	case llm.Redacted:
		ok = false
	case llm.Image, llm.Audio, llm.Video, llm.Document:
		ok = p.Media != nil && (p.Media.Data != nil || p.Media.URL != nil || p.Media.Text != nil || e.file(p.Media))
	case llm.ToolCall:
		ok = p.Call != nil
	case llm.ToolResult:
		ok = p.Result != nil
	case llm.Opaque:
		ok = p.Extra.From == own && p.Raw != nil
	case llm.Refusal:
		ok = p.Text != nil
	}
	if !ok {
		e.keepProof(p)
		e.drop("")
	}
	return ok
}

// file tells whether a file's id is one of Google's.
func (e *partEncoder) file(m *llm.Media) bool {
	return m.File != nil && (m.Extra.From == own || isFile(wire.Text(m.File)))
}

// keepProof keeps what proves thoughts of another format's model for the call
// after them, on the way to a caller.
func (e *partEncoder) keepProof(p *llm.Part) {
	if e.answer {
		e.proofs = wire.Prove(e.proofs, p, own)
	}
}

// foreignPart notes what of a part has no place here.
func (e *partEncoder) foreignPart(p *llm.Part) {
	if p.Cache != nil {
		e.drop(".cache")
	}
	if len(p.Citations) > 0 && !e.answer {
		e.drop(".citations")
	}
	if !e.answer {
		e.unknown(&p.Extra)
	}
}

// part writes a part that is expressible.
func (e *partEncoder) part(p *llm.Part) {
	if p.Kind == llm.Opaque {
		e.w.Raw(p.Raw)
		return
	}
	e.foreignPart(p)
	o := node{w: &e.w, x: &p.Extra}
	o.open()
	switch p.Kind {
	case llm.Thinking:
		o.member("text", text(p.Text))
		o.member("thought", llm.JSON("true"))
		e.keepProof(p)
	case llm.Image, llm.Audio, llm.Video, llm.Document:
		e.media(&o, p)
	case llm.ToolCall:
		e.call(&o, p)
	case llm.ToolResult:
		e.result(&o, p)
	case llm.Refusal:
		e.change("", "text")
		o.member("text", text(p.Text))
	case llm.Text, llm.Redacted, llm.Opaque:
		o.member("text", text(p.Text))
	}
	o.member("thought", form(&p.Extra, formThought))
	e.signature(&o, p)
	o.end()
}

func text(v llm.JSON) llm.JSON {
	if !wire.IsString(v) {
		return llm.JSON(`""`)
	}
	return v
}

// noSignature is what Google takes in place of a signature, of a call that its
// model has not made. Models from 3 on refuse a turn whose first call has none.
// Source: https://ai.google.dev/gemini-api/docs/thought-signatures.
const noSignature = `"skip_thought_signature_validator"`

func (e *partEncoder) signature(o *node, p *llm.Part) {
	call := p.Kind == llm.ToolCall
	switch {
	case p.Signature != nil && p.SignedBy == own:
		o.member("thoughtSignature", p.Signature)
	case call && e.answer:
		e.keepProof(p)
		if len(e.proofs) > 0 {
			o.member("thoughtSignature", seal(e.proofs))
		}
	case call && (!e.same || e.moved || p.Signature != nil) && e.version >= 30 && !e.called:
		o.member("thoughtSignature", llm.JSON(noSignature))
	}
	if call {
		e.called, e.proofs = true, nil
	}
}

// media writes inlineData or fileData; a document that is a text is a text.
func (e *partEncoder) media(o *node, p *llm.Part) {
	m := p.Media
	foreign := m.Extra.From != own
	if foreign {
		e.noteMedia(m)
	}
	if m.Data == nil && m.Text != nil {
		if foreign {
			e.change("", "text")
		}
		o.member("text", text(m.Text))
		return
	}
	key, mime, data := "fileData", m.MIME, m.Data
	if kind, inline, ok := wire.DataURL(m.URL); ok && data == nil {
		data = inline
		if mime == "" {
			mime = kind
		}
	}
	if data != nil {
		key = "inlineData"
	}
	if mime == "" && foreign {
		mime = usualMIME(p, data != nil)
	}
	in := o.inner(key, &m.Extra)
	in.open()
	in.text("mimeType", mime)
	if hasForm(&m.Extra, formDisplay, "true") {
		in.member("displayName", m.Name)
	}
	e.place(&in, m, data)
	in.end()
}

// place writes where the media are.
func (e *partEncoder) place(in *node, m *llm.Media, data []byte) {
	switch {
	case data != nil:
		if hasForm(&m.Extra, formBase64, "url") {
			if back := translate(data, "+/", "-_"); back != nil {
				data = back
			}
		}
		in.name("data")
		e.w.Bytes(data)
	case m.File != nil && (m.URL == nil || m.Extra.From == own):
		in.member("fileUri", m.File)
	default:
		in.member("fileUri", m.URL)
	}
}

func (e *partEncoder) noteMedia(m *llm.Media) {
	if m.Name != nil || m.Title != nil || m.Context != nil {
		e.drop(".media.name")
	}
	if m.Detail != "" && m.Detail != "auto" {
		e.drop(".media.detail")
	}
	if !e.answer {
		e.unknown(&m.Extra)
	}
}

// usualMIME is the type of media whose type nobody told: Google requires one.
func usualMIME(p *llm.Part, inline bool) string {
	if mime := mimeOf(wire.Text(p.Media.URL)); mime != "" && !inline {
		return mime
	}
	switch p.Kind {
	case llm.Image:
		if inline {
			return "image/png"
		}
		return "image/generic"
	case llm.Audio:
		return "audio/wav"
	case llm.Video:
		return "video/mp4"
	case llm.Text, llm.Document, llm.ToolCall, llm.ToolResult, llm.Thinking, llm.Redacted, llm.Refusal, llm.Opaque:
	}
	return "application/pdf"
}

// call writes a functionCall.
func (e *partEncoder) call(o *node, p *llm.Part) {
	c := p.Call
	if e.names == nil {
		e.names = map[string]string{}
	}
	e.names[c.ID] = c.Name
	in := o.inner("functionCall", &c.Extra)
	in.open()
	if c.ID != "" && !madeUp(c.ID) {
		in.text("id", c.ID)
	}
	in.text("name", c.Name)
	if args := e.args(c); form(&c.Extra, formArgs) == nil || string(args) != "{}" {
		in.member("args", args)
	}
	in.end()
}

// args are the arguments as an object.
func (e *partEncoder) args(c *llm.Call) llm.JSON {
	switch {
	case c.Custom:
		return wrap("input", wire.Quote(string(c.Args)))
	case len(bytes.TrimSpace(c.Args)) == 0:
		return llm.JSON("{}")
	case wire.Check(c.Args) != nil:
		e.change(".call.args", "no JSON object: sent as a text, _raw")
		return wrap("_raw", wire.Quote(string(c.Args)))
	}
	return c.Args
}

func wrap(name string, v llm.JSON) llm.JSON {
	var w wire.Writer
	w.Object()
	w.Member(name, v)
	w.EndObject()
	return w.Buf
}

// resultForm is a functionResponse as it was, if it still says the same.
func resultForm(p *llm.Part) llm.JSON {
	was := form(&p.Extra, formOriginal)
	if was == nil {
		return nil
	}
	r, now := readResult(was), p.Result
	if r.ID != "" && r.ID != now.ID {
		return nil
	}
	if r.Name != now.Name || r.Failed != now.Failed || !bytes.Equal(r.Value, now.Value) || len(r.Parts) != len(now.Parts) {
		return nil
	}
	for i := range r.Parts {
		if !samePart(&r.Parts[i], &now.Parts[i]) {
			return nil
		}
	}
	return was
}

func samePart(a, b *llm.Part) bool {
	if a.Kind != b.Kind || !bytes.Equal(a.Text, b.Text) || (a.Media == nil) != (b.Media == nil) {
		return false
	}
	return a.Media == nil || bytes.Equal(a.Media.Data, b.Media.Data) && bytes.Equal(a.Media.URL, b.Media.URL) &&
		bytes.Equal(a.Media.File, b.Media.File) && a.Media.MIME == b.Media.MIME
}

// result writes a functionResponse. Its name is that of the call it answers.
func (e *partEncoder) result(o *node, p *llm.Part) {
	if was := resultForm(p); was != nil {
		o.member("functionResponse", was)
		return
	}
	r := p.Result
	in := o.inner("functionResponse", nil)
	in.open()
	if r.ID != "" && !madeUp(r.ID) {
		in.text("id", r.ID)
	}
	in.text("name", e.resultName(r))
	in.member("response", e.response(r))
	e.resultParts(&in, r)
	in.end()
}

func (e *partEncoder) resultName(r *llm.Result) string {
	switch {
	case r.Name != "":
		return r.Name
	case e.names[r.ID] != "":
		return e.names[r.ID]
	}
	e.change(".result.name", "no such call: the id is sent")
	if r.ID == "" {
		return "tool"
	}
	return r.ID
}

// response is the object that holds a result: as it is, if it is one.
func (e *partEncoder) response(r *llm.Result) llm.JSON {
	v := r.Value
	if v == nil {
		v = e.resultText(r)
	}
	key := "result"
	if r.Failed {
		key = "error"
	}
	if !wire.IsObject(v) || r.Failed && member(v, "error") == nil {
		return wrap(key, v)
	}
	return v
}

// resultText is the text of a result, or the object that the text is.
func (e *partEncoder) resultText(r *llm.Result) llm.JSON {
	var texts []llm.JSON
	for i := range r.Parts {
		p := &r.Parts[i]
		switch {
		case p.Kind == llm.Text && p.Text != nil:
			texts = append(texts, p.Text)
		case p.Media != nil && p.Media.Text != nil:
			texts = append(texts, p.Media.Text)
		case p.Media == nil:
			e.drop(at(".result.parts", i, ""))
		}
	}
	if len(texts) == 0 {
		return llm.JSON(`""`)
	}
	joined := texts[0]
	if len(texts) > 1 {
		joined = wire.Join("\n", texts...)
	}
	if plain := wire.TextBytes(joined); jsonscan.KindOf(plain) == jsonscan.Object && wire.Check(plain) == nil {
		return bytes.TrimSpace(plain)
	}
	return joined
}

// resultParts writes the media of a result where the model takes them.
// Source: https://ai.google.dev/gemini-api/docs/function-calling#multimodal.
func (e *partEncoder) resultParts(in *node, r *llm.Result) {
	if e.version < 30 {
		return
	}
	open := false
	for i := range r.Parts {
		p := &r.Parts[i]
		if p.Media == nil || p.Media.Text != nil || p.Media.Data == nil && p.Media.URL == nil && !e.file(p.Media) {
			continue
		}
		if !open {
			in.name("parts")
			e.w.Array()
			open = true
		}
		e.part(p)
	}
	if open {
		e.w.EndArray()
	}
}
