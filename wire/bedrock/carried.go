package bedrock

import (
	"bytes"
	"encoding/base64"
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// carried is a family's format as InvokeModel carries it to and from callers:
// model and operation are in the path, the events of a stream in chunks, and
// errors are Bedrock's.
type carried struct{ family wire.Client }

// Format is llm.BedrockInvoke.
func (carried) Format() llm.Format { return invokeFormat }

// DecodeRequest implements wire.Client.
func (c carried) DecodeRequest(r *llm.Request, q wire.Question) error {
	if err := c.family.DecodeRequest(r, q); err != nil {
		return err
	}
	model, operation := wire.ModelOnBedrock(q.Path)
	r.Model, r.Stream, r.IncludeUsage = model, operation == invokeStream, true
	return nil
}

// EncodeResponse implements wire.Client.
func (c carried) EncodeResponse(dst []byte, a *llm.Response, r *llm.Request) []byte {
	return c.family.EncodeResponse(dst, a, r)
}

// EncodeError implements wire.Client.
func (carried) EncodeError(dst []byte, e *llm.Error) []byte { return Client{}.EncodeError(dst, e) }

// Head implements wire.Headed.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html
func (carried) Head(a *llm.Response, set func(name, value string)) {
	if a == nil {
		set("X-Amzn-Bedrock-Content-Type", "application/json")
		return
	}
	in, out := counted(&a.Usage)
	if in >= 0 {
		set("X-Amzn-Bedrock-Input-Token-Count", strconv.FormatInt(in, 10))
	}
	if out >= 0 {
		set("X-Amzn-Bedrock-Output-Token-Count", strconv.FormatInt(out, 10))
	}
}

// counted are the tokens as Bedrock counts them: without what a cache gave or
// took; -1 is unknown.
func counted(u *llm.Usage) (in, out int64) {
	in = u.Prompt
	if u.Details != nil && in >= 0 {
		in = max(in-max(u.Details.CachedPrompt, 0)-max(u.Details.CacheWrite, 0), 0)
	}
	return in, u.Completion
}

// NewStream implements wire.Client.
func (c carried) NewStream(r *llm.Request) wire.StreamEncoder {
	return &chunker{frames: newStream(), family: c.family.NewStream(r), usage: llm.NoUsage()}
}

// chunker puts the events of a family into chunks.
type chunker struct {
	frames *stream
	family wire.StreamEncoder
	said   []byte
	chunk  []byte
	usage  llm.Usage
	detail llm.UsageDetails
	over   bool
}

// ContentType implements wire.StreamEncoder.
func (c *chunker) ContentType() string { return c.frames.ContentType() }

// Encode implements wire.StreamEncoder.
func (c *chunker) Encode(dst []byte, ev *llm.Event) []byte {
	switch {
	case c.over:
		return dst
	case ev.Kind == llm.EventError:
		c.over = true
		return c.frames.exception(dst, ev.Err)
	case ev.Kind == llm.EventUsage:
		c.count(&ev.Usage)
	}
	c.over = ev.Kind == llm.EventEnd
	c.said = c.family.Encode(c.said[:0], ev)
	for doc, rest := document(c.said); doc != nil; {
		next, after := document(rest)
		if next == nil && c.over {
			doc = c.measured(doc)
		}
		dst = c.put(dst, doc)
		doc, rest = next, after
	}
	return dst
}

// document is the next JSON object of what an encoder wrote: of server-sent
// events, or one a line.
func document(said []byte) (doc, rest []byte) {
	for len(said) > 0 {
		line, rest, _ := bytes.Cut(said, []byte("\n"))
		line = bytes.TrimPrefix(line, []byte("data: "))
		if len(line) > 0 && line[0] == '{' {
			return line, rest
		}
		said = rest
	}
	return nil, nil
}

// put writes a chunk.
func (c *chunker) put(dst, doc []byte) []byte {
	c.chunk = append(c.chunk[:0], `{"bytes":"`...)
	c.chunk = base64.StdEncoding.AppendEncode(c.chunk, doc)
	c.chunk = append(c.chunk, `"}`...)
	return c.frames.frame(dst, "chunk", c.chunk)
}

// count remembers the usage for the last chunk.
func (c *chunker) count(u *llm.Usage) {
	c.usage = llm.Usage{Prompt: u.Prompt, Completion: u.Completion}
	if u.Details != nil {
		c.detail = *u.Details
		c.usage.Details = &c.detail
	}
}

// measured adds Bedrock's own counts to the last document of a stream.
func (c *chunker) measured(doc []byte) []byte {
	in, out := counted(&c.usage)
	if in < 0 && out < 0 || wire.Get(doc, metrics) != nil {
		return doc
	}
	w := wire.Writer{}
	w.Object()
	w.IntMember("inputTokenCount", max(in, 0))
	w.IntMember("outputTokenCount", max(out, 0))
	// Nobody here has a clock; clients print these all the same.
	w.IntMember("invocationLatency", 0)
	w.IntMember("firstByteLatency", 0)
	c.cached(&w)
	w.EndObject()
	doc = bytes.TrimSuffix(doc, []byte("}"))
	doc = append(bytes.Clone(doc), `,"`+metrics+`":`...)
	return append(append(doc, w.Buf...), '}')
}

func (c *chunker) cached(w *wire.Writer) {
	d := c.usage.Details
	if d == nil {
		return
	}
	if d.CachedPrompt >= 0 {
		w.IntMember(cacheReadCount, d.CachedPrompt)
	}
	if d.CacheWrite >= 0 {
		w.IntMember(cacheWriteCount, d.CacheWrite)
	}
}
