package bedrock

import (
	"bytes"
	"encoding/base64"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// carried is a family's format as InvokeModel carries it to and from callers:
// model and operation are in the path, the events of a stream in chunks, and
// errors are Bedrock's.
type carried struct {
	family wire.Client
	// inner is the question, if it is within another body.
	inner []byte
}

// Format is llm.BedrockInvoke.
func (carried) Format() llm.Format { return invokeFormat }

// DecodeRequest implements wire.Client.
func (c carried) DecodeRequest(r *llm.Request, q wire.Question) error {
	if c.inner != nil {
		q.Body, q.Index = c.inner, nil
	}
	if err := c.family.DecodeRequest(r, q); err != nil {
		return c.within(err)
	}
	model, operation := wire.ModelOnBedrock(q.Path)
	r.Model, r.Stream, r.IncludeUsage = model, operation == invokeStream, true
	return nil
}

// within says where the question is that something is wrong with.
func (c carried) within(err error) error {
	if c.inner == nil {
		return err
	}
	return &wire.Invalid{Field: countedBody, Message: err.Error()}
}

// EncodeResponse implements wire.Client.
func (c carried) EncodeResponse(dst []byte, a *llm.Response, r *llm.Request) []byte {
	return c.family.EncodeResponse(dst, a, r)
}

// EncodeError implements wire.Client.
func (carried) EncodeError(dst []byte, e *llm.Error) []byte { return Client{}.EncodeError(dst, e) }

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

// failing are encoders that cannot tell everything.
type failing interface {
	// failure is why the stream cannot go on, nil if it can.
	failure() *llm.Error
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
		return c.fail(dst, ev.Err)
	case ev.Kind == llm.EventUsage:
		c.count(&ev.Usage)
	}
	c.over = ev.Kind == llm.EventEnd
	c.said = c.family.Encode(c.said[:0], ev)
	if f, ok := c.family.(failing); ok && f.failure() != nil {
		c.over = true
		return c.fail(dst, f.failure())
	}
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

// fail ends the stream with an exception: those of Converse, and one more.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ResponseStream.html
func (c *chunker) fail(dst []byte, e *llm.Error) []byte {
	if e != nil && kindOf(e) == modelTimeout {
		return c.frames.raise(dst, "modelTimeoutException", e)
	}
	return c.frames.exception(dst, e)
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
