package bedrock

import (
	"errors"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// The wording is part of what callers see.
var (
	errUnreadable = errors.New("failed to decode response from Bedrock")
	errNoOutput   = errors.New("no generation candidates received from Bedrock, or max_tokens too short")
)

// DecodeResponse implements wire.Provider.
func (Provider) DecodeResponse(a *llm.Response, body []byte) error {
	if wire.Check(body) != nil {
		return errUnreadable
	}
	message := wire.Get(body, "output", "message")
	if !wire.IsObject(message) {
		if e := disguised(body); e != nil {
			return e
		}
		return errNoOutput
	}
	a.Usage = llm.NoUsage()
	a.Extra.From = own
	c := llm.Choice{Extra: llm.Extra{From: own}, Inner: llm.Extra{From: own}}
	f := wire.NewFields(body)
	for f.Next() {
		switch name, value := f.Name(), f.Value(); {
		case name == "output":
			nestOutput(&a.Extra, value)
		case name == "stopReason" && wire.IsString(value):
			c.Reason = wire.Text(value)
		case name == "usage" && wire.IsObject(value):
			a.Usage = readUsage(value)
		default:
			f.Keep(&a.Extra, own)
		}
	}
	readAnswer(&c, message)
	c.Finish = finishOf(c.Reason)
	a.Choices = []llm.Choice{c}
	return nil
}

// nestOutput keeps what output has beside the message.
func nestOutput(x *llm.Extra, v llm.JSON) {
	var kept llm.Extra
	f := wire.NewFields(v)
	for f.Next() {
		if f.Name() != "message" {
			f.Keep(&kept, own)
		}
	}
	if len(kept.Members) > 0 {
		nest(x, "output", &kept)
	}
}

func readAnswer(c *llm.Choice, message llm.JSON) {
	f := wire.NewFields(message)
	for f.Next() {
		switch name, value := f.Name(), f.Value(); {
		case name == "content" && wire.Len(value) > 0:
			c.Parts = readBlocks(value)
		case name == "role" && wire.Equal(value, "assistant"):
		default:
			f.Keep(&c.Inner, own)
		}
	}
}

// disguised is the error that a body of status 200 is, nil if it is none.
func disguised(body []byte) *llm.Error {
	kind := wire.Text(first(body, "__type", "code"))
	if kind == "" {
		kind = wire.Text(wire.Get(body, "Output", "__type"))
	}
	message := wire.Text(first(body, "message", "Message"))
	if kind == "" && message == "" {
		return nil
	}
	e := newError(0, kind, message)
	return e
}

// first is the first of some members that is there.
func first(body []byte, names ...string) llm.JSON {
	for _, name := range names {
		if v := wire.Null(wire.Get(body, name)); v != nil {
			return v
		}
	}
	return nil
}

// EncodeResponse implements wire.Client. Converse has one answer.
func (Client) EncodeResponse(dst []byte, a *llm.Response, _ *llm.Request) []byte {
	w := wire.Writer{Buf: dst}
	var c llm.Choice
	if len(a.Choices) > 0 {
		c = a.Choices[0]
	}
	o := begin(&w)
	o.name("output")
	in := begin(&w)
	in.name("message")
	answer(&w, &c)
	in.restOf(a.Extra.Get(own, "output"))
	in.end()
	if mine := c.Extra.From == own; !mine || c.Reason != "" {
		o.text("stopReason", reasonOf(c.Finish, c.Reason, mine, c.StopSequence != nil))
	}
	if mine := a.Extra.From == own; !mine || a.Usage.Extra.From == own {
		o.name("usage")
		writeUsage(&w, &a.Usage)
	}
	if a.Extra.From != own {
		o.member("metrics", llm.JSON(`{"latencyMs":0}`)) // clients' models require it
	}
	o.rest(&a.Extra)
	o.end()
	return w.Buf
}

func answer(w *wire.Writer, c *llm.Choice) {
	o := begin(w)
	if c.Inner.Get(own, "role") == nil {
		o.text("role", "assistant")
	}
	if c.Inner.From != own || len(c.Parts) > 0 {
		o.name("content")
		w.Array()
		b := blocks{w: w, answer: true, note: func(string, string) {}}
		for i := range c.Parts {
			b.part(&c.Parts[i])
		}
		w.EndArray()
	}
	o.rest(&c.Inner)
	o.end()
}
