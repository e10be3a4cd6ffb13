package gemini

import (
	"unicode/utf8"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Google tells in two places where an answer has something from:
// citationMetadata, of what was recited, and groundingMetadata, of what was
// searched for. Both stay with the choice as they are; the model's citations
// are read from them for other formats. Places are counted in bytes of UTF-8.
// Source: https://ai.google.dev/api/generate-content#GroundingSupport.

// citer finds the citations of a choice. add is called with the part that each
// is of, which is -1 for the first text.
type citer struct {
	add func(part int, c llm.Citation)
}

func (c *citer) read(name string, v llm.JSON) {
	switch name {
	case "citationMetadata":
		c.recited(v)
	case "groundingMetadata":
		c.grounded(v)
	}
}

// recited reads citationMetadata; the Gemini API calls the list citationSources,
// Vertex AI citations.
func (c *citer) recited(v llm.JSON) {
	list := member(v, "citationSources")
	if list == nil {
		list = member(v, "citations")
	}
	items := wire.Items(list)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		uri := member(item, "uri")
		if !wire.IsString(uri) {
			continue
		}
		c.add(-1, llm.Citation{
			URL: uri, Title: stringOf(member(item, "title")), Raw: item, From: own,
			Start: startOf(item), End: offset(member(item, "endIndex")),
		})
	}
}

func stringOf(v llm.JSON) llm.JSON {
	if !wire.IsString(v) {
		return nil
	}
	return v
}

func offset(v llm.JSON) int {
	n, ok := wire.Int(v)
	if !ok || n < 0 || n > 1<<40 {
		return -1
	}
	return int(n)
}

// startOf is where a piece begins: a start of 0 is left out.
func startOf(v llm.JSON) int {
	if offset(member(v, "endIndex")) < 0 {
		return -1
	}
	return max(offset(member(v, "startIndex")), 0)
}

// grounded reads groundingMetadata: pieces of the answer, and by number what
// each rests on.
func (c *citer) grounded(v llm.JSON) {
	var chunks []llm.JSON
	items := wire.Items(member(v, "groundingChunks"))
	for chunk, ok := items.Next(); ok; chunk, ok = items.Next() {
		chunks = append(chunks, chunk)
	}
	supports := wire.Items(member(v, "groundingSupports"))
	for support, ok := supports.Next(); ok; support, ok = supports.Next() {
		c.support(support, chunks)
	}
}

func (c *citer) support(v llm.JSON, chunks []llm.JSON) {
	segment := member(v, "segment")
	part := max(offset(member(segment, "partIndex")), 0)
	indices := wire.Items(member(v, "groundingChunkIndices"))
	for index, ok := indices.Next(); ok; index, ok = indices.Next() {
		i := offset(index)
		if i < 0 || i >= len(chunks) {
			continue
		}
		one := sourceOf(chunks[i])
		one.Start, one.End = startOf(segment), offset(member(segment, "endIndex"))
		one.Raw, one.From = v, own
		c.add(part, one)
	}
}

func sourceOf(chunk llm.JSON) llm.Citation {
	for _, kind := range []string{"web", "retrievedContext", "maps"} {
		if v := member(chunk, kind); v != nil {
			return llm.Citation{
				URL:   stringOf(member(v, "uri")),
				Title: stringOf(member(v, "title")),
				Quote: stringOf(member(v, "text")),
			}
		}
	}
	return llm.Citation{}
}

// cite adds citations to the parts of a whole answer.
func cite(parts []llm.Part, extra *llm.Extra) {
	counts := map[int]*counter{}
	c := citer{add: func(part int, one llm.Citation) {
		i := textPart(parts, part)
		if i < 0 {
			return
		}
		if counts[i] == nil {
			counts[i] = newCounter(wire.TextBytes(parts[i].Text))
		}
		one.Start, one.End = counts[i].characters(one.Start), counts[i].characters(one.End)
		parts[i].Citations = append(parts[i].Citations, one)
	}}
	for _, m := range extra.Members {
		c.read(camel(m.Name), m.Value)
	}
}

// textPart is the part that is meant, or the first text.
func textPart(parts []llm.Part, i int) int {
	if i > 0 && i < len(parts) && parts[i].Kind == llm.Text {
		return i
	}
	for j := range parts {
		if parts[j].Kind == llm.Text && !wire.EmptyText(parts[j].Text) {
			return j
		}
	}
	return -1
}

// counter turns places in bytes into places in characters. It remembers every
// place, for pieces come in any order.
type counter struct {
	size  int
	ascii bool
	chars []int32
}

func newCounter(text []byte) *counter {
	c := &counter{size: len(text), ascii: utf8.RuneCount(text) == len(text)}
	if c.ascii {
		return c
	}
	c.chars = make([]int32, len(text)+1)
	n := int32(0)
	for i := range text {
		c.chars[i] = n
		if i+1 == len(text) || utf8.RuneStart(text[i+1]) {
			n++
		}
	}
	c.chars[len(text)] = n
	return c
}

func (c *counter) characters(bytes int) int {
	switch {
	case bytes < 0 || bytes > c.size:
		return -1
	case c.ascii:
		return bytes
	}
	return int(c.chars[bytes])
}

// places turns places in characters into places in bytes.
type places struct {
	text   []byte
	ascii  bool
	starts []int32
}

func newPlaces(text []byte) *places {
	p := &places{text: text, ascii: utf8.RuneCount(text) == len(text)}
	if p.ascii {
		return p
	}
	for i := range text {
		if i == 0 || utf8.RuneStart(text[i]) {
			p.starts = append(p.starts, int32(i))
		}
	}
	p.starts = append(p.starts, int32(len(text)))
	return p
}

// bytes is where a character begins; -1 is unknown.
func (p *places) bytes(character int) int {
	switch {
	case character < 0 || character > len(p.text):
		return -1
	case p.ascii:
		return character
	case character >= len(p.starts):
		return -1
	}
	return int(p.starts[character])
}

// grounding writes the citations of other formats as groundingMetadata, each
// source once for each piece that rests on it.
type grounding struct {
	chunks, supports wire.Writer
	n                int64
}

// add adds a citation of the text of a part.
func (g *grounding) add(part int, text *places, c *llm.Citation) {
	if !g.source(c) {
		return
	}
	start, end := text.bytes(c.Start), text.bytes(c.End)
	if start >= 0 && end >= start {
		g.support(part, start, end, text.text[start:end])
	}
}

// source adds what is cited.
func (g *grounding) source(c *llm.Citation) bool {
	if c.From == own || c.URL == nil && c.Title == nil {
		return false
	}
	if g.n == 0 {
		g.chunks.Array()
		g.supports.Array()
	}
	g.n++
	g.chunks.Object()
	g.chunks.Name("web")
	g.chunks.Object()
	g.chunks.Member("uri", c.URL)
	g.chunks.Member("title", c.Title)
	g.chunks.EndObject()
	g.chunks.EndObject()
	return true
}

// support adds the piece that rests on the source added last. text may be
// unknown.
func (g *grounding) support(part, start, end int, text []byte) {
	w := &g.supports
	w.Object()
	w.Name("segment")
	w.Object()
	if part > 0 {
		w.IntMember("partIndex", int64(part))
	}
	w.IntMember("startIndex", int64(start))
	w.IntMember("endIndex", int64(end))
	if text != nil {
		w.Name("text")
		w.Bytes(text)
	}
	w.EndObject()
	w.Name("groundingChunkIndices")
	w.Array()
	w.Int(g.n - 1)
	w.EndArray()
	w.EndObject()
}

func (g *grounding) write(o *node) {
	if g.n == 0 {
		return
	}
	g.chunks.EndArray()
	g.supports.EndArray()
	in := o.inner("groundingMetadata", nil)
	in.member("groundingChunks", g.chunks.Buf)
	if len(g.supports.Buf) > 2 {
		in.member("groundingSupports", g.supports.Buf)
	}
	in.end()
}
