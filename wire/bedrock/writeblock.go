package bedrock

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// blocks writes parts as content blocks, of a question or of an answer.
type blocks struct {
	w *wire.Writer
	// before is called before a block is written; nil is nothing to do.
	before func()
	// answer: proofs of other formats are sealed in, for they must come back.
	answer bool
	// note tells that the part at hand is dropped or, with how, changed; what
	// names a field of it, if it is not all of it.
	note func(what, how string)
	// documents counts those without a name of their own.
	documents int
}

// begin begins a block.
func (b *blocks) begin() object {
	if b.before != nil {
		b.before()
	}
	return begin(b.w)
}

// part writes a part and the cache point after it.
func (b *blocks) part(p *llm.Part) {
	if !b.write(p) || p.Cache == nil {
		return
	}
	b.cache(p.Cache)
}

// write writes a part; false says that nothing was written.
func (b *blocks) write(p *llm.Part) bool {
	done := true
	switch p.Kind {
	case llm.Text, llm.Refusal:
		return b.text(p)
	case llm.Image, llm.Document, llm.Video, llm.Audio:
		done = b.media(p)
	case llm.ToolCall:
		done = b.call(p)
	case llm.ToolResult:
		done = b.result(p)
	case llm.Thinking, llm.Redacted:
		done = b.reasoning(p)
	case llm.Opaque:
		done = b.opaque(p)
	}
	if !done {
		b.note("", "")
	}
	return done
}

func (b *blocks) opaque(p *llm.Part) bool {
	if p.Extra.From != own || p.Raw == nil {
		return false
	}
	if b.before != nil {
		b.before()
	}
	b.w.Raw(p.Raw)
	return true
}

// cache writes a cache point. Bedrock keeps for five minutes or an hour.
func (b *blocks) cache(c *llm.Cache) {
	o := b.begin()
	o.name("cachePoint")
	in := begin(b.w)
	if c.Extra.Get(own, "type") == nil {
		in.text("type", "default")
	}
	switch {
	case c.TTL == "":
	case c.TTL == "5m" || c.TTL == "1h" || c.Extra.From == own:
		in.text("ttl", c.TTL)
	default:
		b.note(".cache.ttl", "Bedrock's own")
	}
	in.rest(&c.Extra)
	in.end()
	o.end()
}

// text writes a text as the block that it was. Bedrock refuses blank ones.
func (b *blocks) text(p *llm.Part) bool {
	if p.Text == nil || p.Extra.From != own && blank(p.Text) {
		return false
	}
	if p.Kind == llm.Refusal {
		b.note("", "text")
	}
	o := b.begin()
	switch {
	case b.original(&o, p, "guardContent", readGuard):
	case b.original(&o, p, "citationsContent", readCitations):
	case b.original(&o, p, "json", readJSON):
	case len(p.Citations) > 0 && b.answer:
		o.name("citationsContent")
		b.citations(p)
	default:
		if len(p.Citations) > 0 {
			b.note(".citations", "")
		}
		o.member("text", p.Text)
	}
	o.skip("guardContent", "citationsContent", "json")
	o.rest(&p.Extra)
	o.end()
	return true
}

func readJSON(v llm.JSON) (llm.Part, bool) {
	return llm.Part{Text: wire.Quote(string(v))}, true
}

// original writes the member that a text was read from, if it still says that.
func (b *blocks) original(o *object, p *llm.Part, name string, read func(llm.JSON) (llm.Part, bool)) bool {
	kept := p.Extra.Get(own, name)
	if kept == nil {
		return false
	}
	was, ok := read(kept)
	if !ok || !same(was.Text, p.Text) || len(was.Citations) != len(p.Citations) {
		return false
	}
	o.member(name, kept)
	return true
}

// blank tells whether a text holds nothing to see.
func blank(text llm.JSON) bool {
	if !wire.IsString(text) || len(text) > 2 && text[1] > ' ' && text[1] != '\\' {
		return false
	}
	return len(bytes.TrimSpace(wire.TextBytes(text))) == 0
}

func (b *blocks) citations(p *llm.Part) {
	b.w.Object()
	b.w.Name("citations")
	b.w.Array()
	for i := range p.Citations {
		writeCitation(b.w, &p.Citations[i])
	}
	b.w.EndArray()
	b.w.Name("content")
	b.w.Array()
	textBlock(b.w, p.Text)
	b.w.EndArray()
	b.w.EndObject()
}

func textBlock(w *wire.Writer, text llm.JSON) {
	w.Object()
	w.Member("text", text)
	w.EndObject()
}

func writeCitation(w *wire.Writer, c *llm.Citation) {
	if c.From == own && c.Raw != nil {
		w.Raw(c.Raw)
		return
	}
	w.Object()
	w.Member("title", c.Title)
	if c.URL != nil {
		w.Name("location")
		w.Object()
		w.Name("web")
		w.Object()
		w.Member("url", c.URL)
		w.EndObject()
		w.EndObject()
	}
	if c.Quote != nil {
		w.Name("sourceContent")
		w.Array()
		textBlock(w, c.Quote)
		w.EndArray()
	}
	w.EndObject()
}

func (b *blocks) call(p *llm.Part) bool {
	c := p.Call
	if c == nil {
		return false
	}
	o := b.begin()
	o.name("toolUse")
	in := begin(b.w)
	in.text("toolUseId", b.callID(p))
	in.text("name", c.Name)
	if kept := c.Extra.Get(own, "input"); kept != nil && same(kept, c.Args) {
		in.member("input", kept)
	} else {
		in.name("input")
		b.args(c)
	}
	in.rest(&c.Extra)
	in.end()
	o.rest(&p.Extra)
	o.end()
	return true
}

// callID is the id of a call; in an answer the proof of another format is
// sealed into it.
func (b *blocks) callID(p *llm.Part) string {
	switch {
	case p.Signature == nil || p.SignedBy == "":
	case b.answer:
		return wire.SealID(p.Call.ID, []wire.Proof{{By: p.SignedBy, Kind: llm.ToolCall, Signature: p.Signature}})
	default:
		b.note(".signature", "")
	}
	return b.id(p.Call.ID)
}

// id is an id that Bedrock takes: letters, digits and _-.:, 64 of them. Others
// are replaced by their hash, the same for the call and its result.
func (b *blocks) id(id string) string {
	if b.answer || fits(id) {
		return id
	}
	hash := sha256.Sum256([]byte(id))
	return "tooluse_" + base64.RawURLEncoding.EncodeToString(hash[:18])
}

func fits(id string) bool {
	for i := range len(id) {
		c := id[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("_-.:", rune(c)) {
			return false
		}
	}
	return id != "" && len(id) <= 64
}

// args writes the arguments of a call, which must be an object.
func (b *blocks) args(c *llm.Call) {
	args := bytes.TrimSpace(c.Args)
	switch {
	case len(args) == 0:
		b.w.Literal("{}")
	case wire.IsObject(args) && jsonscan.Valid(args) == nil:
		b.w.Raw(args)
	default:
		b.note(".call.args", "an object with the text as _raw")
		b.w.Object()
		b.w.Name("_raw")
		b.w.Bytes(c.Args)
		b.w.EndObject()
	}
}

func (b *blocks) result(p *llm.Part) bool {
	r := p.Result
	if r == nil {
		return false
	}
	o := b.begin()
	o.name("toolResult")
	in := begin(b.w)
	in.text("toolUseId", b.id(r.ID))
	in.name("content")
	b.w.Array()
	b.content(r, p.Extra.From == own)
	b.w.EndArray()
	if r.Failed {
		in.text("status", "error")
	}
	in.restOf(p.Extra.Get(own, "toolResult"))
	in.end()
	o.skip("toolResult")
	o.rest(&p.Extra)
	o.end()
	return true
}

// content writes what a tool gave. JSON that came as a text becomes a value, as
// models on Bedrock are used to, unless a client of ours had it as a text.
func (b *blocks) content(r *llm.Result, mine bool) {
	value := r.Value
	if value == nil && !mine {
		value = jsonText(r.Parts)
	}
	if value != nil {
		jsonBlock(b.w, value, mine)
		return
	}
	inner := *b
	inner.before = nil
	for i := range r.Parts {
		inner.part(&r.Parts[i])
	}
	b.documents = inner.documents
}

// jsonText is the value that the one text of a result spells, nil if there is
// none.
func jsonText(parts []llm.Part) llm.JSON {
	if len(parts) != 1 || parts[0].Kind != llm.Text || parts[0].Cache != nil {
		return nil
	}
	text := bytes.TrimSpace(wire.TextBytes(parts[0].Text))
	if len(text) == 0 || jsonscan.Valid(text) != nil {
		return nil
	}
	return text
}

// jsonBlock writes a value as a block. Bedrock wants it to be an object.
func jsonBlock(w *wire.Writer, v llm.JSON, mine bool) {
	w.Object()
	w.Name("json")
	if mine || wire.IsObject(v) {
		w.Raw(v)
	} else {
		w.Object()
		w.Member("result", v)
		w.EndObject()
	}
	w.EndObject()
}
