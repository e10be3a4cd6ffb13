package openaichat

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// NewStream implements wire.Provider.
func (*Provider) NewStream() wire.StreamDecoder { return &decoder{} }

// decoder reads the chunks of one stream.
type decoder struct {
	reader  wire.Reader
	dst     []llm.Event
	started bool
	ended   bool
	choices []*streamed
	waiting int // size of the calls without a name
}

// streamed is one choice on its way.
type streamed struct {
	index    int
	parts    int // begun so far
	open     int // the part that is open, or -1
	kind     llm.Kind
	calls    []tool
	unnamed  []unnamed
	finished bool
	// reason to end. It is told when the stream ends: some services give one
	// after each call.
	reason string
}

// tool is a call that has begun: its number in the chunks, and its part.
type tool struct {
	number int64
	part   int
}

// Decode implements wire.StreamDecoder.
func (d *decoder) Decode(dst []llm.Event, m wire.Message) ([]llm.Event, error) {
	d.dst = dst
	if string(m.Data) == "[DONE]" {
		d.end()
		return d.dst, nil
	}
	if len(m.Data) == 0 || d.ended {
		return dst, nil
	}
	err := d.read(m.Data)
	if err == nil {
		return d.dst, nil
	}
	// Some leave out the blank line between two events.
	line, rest, several := bytes.Cut(m.Data, []byte("\n"))
	if several && d.read(line) == nil {
		return d.Decode(d.dst, wire.Message{Data: rest})
	}
	// And some put a stray character behind the chunk.
	if syntax, ok := errors.AsType[*jsonscan.SyntaxError](err); ok && d.read(m.Data[:syntax.Offset]) == nil {
		return d.dst, nil
	}
	return dst, fmt.Errorf("chunk of the stream: %w", err)
}

// read tells what a chunk means, unless it is no JSON.
func (d *decoder) read(chunk []byte) error {
	f, err := d.reader.Open(chunk)
	if _, syntax := errors.AsType[*jsonscan.SyntaxError](err); syntax {
		return err
	}
	d.chunk(chunk, f)
	return nil
}

// End implements wire.StreamDecoder. Not every service says [DONE].
func (d *decoder) End(dst []llm.Event) ([]llm.Event, error) {
	d.dst = dst
	if !d.ended && !d.complete() {
		return dst, fmt.Errorf("the stream has no end: %w", io.ErrUnexpectedEOF)
	}
	d.end()
	return d.dst, nil
}

func (d *decoder) complete() bool {
	for _, c := range d.choices {
		if !c.finished {
			return false
		}
	}
	return len(d.choices) > 0
}

func (d *decoder) end() {
	if d.ended {
		return
	}
	d.ended = true
	for _, c := range d.choices {
		d.giveUp(c)
		d.close(c)
		ev := llm.Event{Kind: llm.EventFinish, Choice: c.index, Finish: finish(c.reason, len(c.calls) > 0), Reason: c.reason}
		if !c.finished {
			ev.Finish = finish("stop", len(c.calls) > 0)
		}
		d.emit(ev)
	}
	d.emit(llm.Event{Kind: llm.EventEnd})
}

func (d *decoder) emit(ev llm.Event) { d.dst = append(d.dst, ev) }

func (d *decoder) chunk(v llm.JSON, f wire.Fields) {
	head := f
	var usage, tier llm.JSON
	var choices wire.List
	for f.Next() {
		switch f.Name() {
		case "choices":
			choices = f.Items()
		case "usage":
			usage = wire.Null(f.Value())
		case "service_tier":
			tier = f.Value()
		case "x_groq":
			if usage == nil {
				usage = wire.Null(wire.Get(f.Value(), "usage"))
			}
		case "error":
			if wire.Null(f.Value()) != nil {
				d.fail(v)
				return
			}
		}
	}
	if !d.started {
		d.start(head, choices)
	}
	d.readChoices(choices)
	if usage != nil {
		ev := llm.Event{Kind: llm.EventUsage}
		readUsage(&ev.Usage, usage)
		ev.Usage.ServiceTier = wire.Text(tier)
		d.emit(ev)
	}
}

// start begins the answer with the first chunk that is part of it: Azure sends
// one before, which has no more than a verdict on the prompt.
func (d *decoder) start(f wire.Fields, choices wire.List) {
	ev := llm.Event{Kind: llm.EventStart, Extra: llm.Extra{From: own}}
	for f.Next() {
		switch f.Name() {
		case "id":
			ev.ID = wire.Text(f.Value())
		case "model":
			ev.Model = wire.Text(f.Value())
		case "created":
			ev.Created, _ = wire.Int(f.Value())
		case "choices", "usage", "x_groq", "error", "object":
		default:
			f.Keep(&ev.Extra, own)
		}
	}
	if ev.ID == "" && ev.Model == "" && choices.Len() == 0 {
		return
	}
	d.started = true
	d.emit(ev)
}

func (d *decoder) fail(v llm.JSON) {
	d.ended = true
	d.emit(llm.Event{Kind: llm.EventError, Err: wire.ReadError(502, nil, v)})
}

func (d *decoder) readChoices(items wire.List) {
	for _, ok := items.Next(); ok; _, ok = items.Next() {
		f := items.Fields()
		n, _ := wire.Int(f.Get("index"))
		if n < 0 || n > maxChoices {
			continue
		}
		d.choice(d.at(int(n)), f)
	}
}

// maxChoices bounds what a provider can make us remember.
const maxChoices = 1024

func (d *decoder) at(n int) *streamed {
	for _, c := range d.choices {
		if c.index == n {
			return c
		}
	}
	c := &streamed{index: n, open: -1}
	d.choices = append(d.choices, c)
	return c
}

func (d *decoder) choice(c *streamed, f wire.Fields) {
	for f.Next() {
		v := wire.Null(f.Value())
		switch f.Name() {
		case "delta":
			d.delta(c, f.Fields())
		case "finish_reason":
			if reason := wire.Text(v); reason != "" {
				c.reason, c.finished = reason, true
			}
		case "logprobs":
			if v != nil {
				d.emit(llm.Event{Kind: llm.EventLogprobs, Choice: c.index, Text: v})
			}
		}
	}
}

func (d *decoder) delta(c *streamed, f wire.Fields) {
	thought, all := false, f
	for f.Next() {
		v := wire.Null(f.Value())
		if v == nil {
			continue
		}
		switch f.Name() {
		case "content":
			d.content(c, v)
		case "reasoning_content", "reasoning": // some send both, with the same text
			if !thought {
				d.text(c, llm.Thinking, v)
			}
			thought = true
		case "refusal":
			d.text(c, llm.Refusal, v)
		case "tool_calls":
			d.tools(c, v)
		case "function_call":
			d.tool(c, v, v, 0)
		case "audio": // what is said in it
			d.text(c, llm.Text, wire.Get(v, "transcript"))
		case "annotations":
			d.annotations(c, v)
		case "reasoning_details":
			told := wire.IsString(all.Get("reasoning_content")) || wire.IsString(all.Get("reasoning"))
			d.details(c, v, !told)
		case "images":
			d.images(c, v)
		}
	}
}

// content takes a piece of text, or a list of parts.
func (d *decoder) content(c *streamed, v llm.JSON) {
	if !wire.IsArray(v) {
		d.text(c, llm.Text, v)
		return
	}
	items := wire.Items(v)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		if p := readPart(raw, items.Fields()); p.Kind == llm.Text || p.Kind == llm.Thinking {
			d.text(c, p.Kind, p.Text)
		} else {
			d.whole(c, p)
		}
	}
}

// text goes on with a part of the kind, or begins one. An empty text begins
// nothing: services send one along with the role.
func (d *decoder) text(c *streamed, kind llm.Kind, v llm.JSON) {
	if !wire.IsString(v) {
		return
	}
	if c.open < 0 || c.kind != kind {
		if wire.EmptyText(v) {
			return
		}
		d.open(c, llm.Part{Kind: kind})
	}
	d.emit(llm.Event{Kind: llm.EventDelta, Choice: c.index, Index: c.open, Text: v})
}

func (d *decoder) open(c *streamed, p llm.Part) {
	d.close(c)
	c.open, c.kind = c.parts, p.Kind
	c.parts++
	d.emit(llm.Event{Kind: llm.EventPart, Choice: c.index, Index: c.open, Part: p})
}

func (d *decoder) close(c *streamed) {
	if c.open >= 0 {
		d.emit(llm.Event{Kind: llm.EventPartEnd, Choice: c.index, Index: c.open})
		c.open = -1
	}
}

// whole is a part that comes in one piece.
func (d *decoder) whole(c *streamed, p llm.Part) {
	d.open(c, p)
	d.close(c)
}

func (d *decoder) tools(c *streamed, v llm.JSON) {
	if wire.IsObject(v) {
		d.numbered(c, v, 0)
		return
	}
	items := wire.Items(v)
	for i := int64(0); ; i++ {
		raw, ok := items.Next()
		if !ok {
			return
		}
		d.numbered(c, raw, i)
	}
}

// numbered finds out which call a piece belongs to. Without a number, one that
// names a tool is a new call, any other goes on with the last.
func (d *decoder) numbered(c *streamed, raw llm.JSON, place int64) {
	n, ok := wire.Int(wire.Get(raw, "index"))
	if !ok {
		n = int64(len(c.calls)) - 1
		if name := wire.Get(raw, "function", "name"); n < 0 || wire.IsString(name) && !wire.EmptyText(name) {
			n = max(int64(len(c.calls)), place)
		}
	}
	function := wire.Get(raw, "function")
	if function == nil {
		function = wire.Get(raw, "custom")
	}
	d.tool(c, raw, function, n)
}

// maxCalls bounds the calls of one answer.
const maxCalls = 4096

func (d *decoder) tool(c *streamed, raw, function llm.JSON, n int64) {
	part := -1
	for _, t := range c.calls {
		if t.number == n {
			part = t.part
		}
	}
	if part < 0 {
		if len(c.calls)+len(c.unnamed) >= maxCalls {
			return
		}
		p := readCall(raw)
		if p.Call.Name == "" { // function_call of old
			p.Call.Name = wire.Text(wire.Get(function, "name"))
		}
		p.Call.Args = nil
		p, ready := d.await(c, n, &p, function)
		if !ready {
			return
		}
		part = d.begin(c, p, n)
	}
	d.arguments(c, part, function)
}

func (d *decoder) arguments(c *streamed, part int, function llm.JSON) {
	if args := argumentsIn(function); args != nil {
		d.emit(llm.Event{Kind: llm.EventDelta, Choice: c.index, Index: part, Text: args})
	}
}

// argumentsIn is the piece of arguments in a piece of a call, a JSON string; nil
// for none.
func argumentsIn(function llm.JSON) llm.JSON {
	args := wire.Null(wire.Get(function, "arguments"))
	if args == nil {
		args = wire.Null(wire.Get(function, "input"))
	}
	if args == nil || wire.EmptyText(args) {
		return nil
	}
	if !wire.IsString(args) {
		args = jsonscan.AppendQuote(nil, []byte(args))
	}
	return args
}

func (d *decoder) annotations(c *streamed, v llm.JSON) {
	if c.open < 0 || c.kind != llm.Text {
		return
	}
	for _, cite := range citations(v) {
		d.emit(llm.Event{Kind: llm.EventCite, Choice: c.index, Index: c.open, Citation: cite})
	}
}

// details takes the proofs of thoughts, and their text unless that came by
// another member.
func (d *decoder) details(c *streamed, v llm.JSON, texts bool) {
	items := wire.Items(v)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		if texts {
			d.text(c, llm.Thinking, wire.Get(raw, "text"))
			d.text(c, llm.Thinking, wire.Get(raw, "summary"))
		}
		by := signer(wire.Get(raw, "format"))
		signature, data := wire.Get(raw, "signature"), wire.Get(raw, "data")
		switch {
		case wire.IsString(data):
			d.whole(c, llm.Part{Kind: llm.Redacted, Signature: data, SignedBy: by})
		case wire.IsString(signature) && !wire.EmptyText(signature):
			if c.open < 0 || c.kind != llm.Thinking {
				d.open(c, llm.Part{Kind: llm.Thinking})
			}
			d.emit(llm.Event{
				Kind: llm.EventSign, Choice: c.index, Index: c.open, Text: signature,
				Part: llm.Part{Kind: llm.Thinking, SignedBy: by},
			})
		}
	}
}

func (d *decoder) images(c *streamed, v llm.JSON) {
	items := wire.Items(v)
	for raw, ok := items.Next(); ok; raw, ok = items.Next() {
		if m := readImage(wire.Get(raw, "image_url")); m != nil {
			d.whole(c, llm.Part{Kind: llm.Image, Media: m})
		}
	}
}
