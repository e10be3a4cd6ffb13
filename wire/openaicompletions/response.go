package openaicompletions

import (
	"errors"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

const object = "text_completion"

// DecodeResponse implements wire.Provider.
func (Provider) DecodeResponse(a *llm.Response, body []byte) error {
	if wire.Check(body) != nil {
		return errors.New("failed to decode llm/v1/completions response")
	}
	choices := wire.Get(body, "choices")
	if !wire.IsArray(choices) {
		if e := wire.Null(wire.Get(body, "error")); e != nil {
			return wire.ReadError(500, nil, body)
		}
		return errors.New("'choices' not in llm/v1/completions response")
	}
	a.Usage = llm.NoUsage()
	a.Extra.From = own
	f := wire.NewFields(body)
	for f.Next() {
		if !takeHead(a, f.Name(), f.Value()) {
			f.Keep(&a.Extra, own)
		}
	}
	for _, name := range [...]string{"id", "object", "created"} {
		wire.Expect(&a.Extra, own, name, wire.Get(body, name) != nil)
	}
	items := wire.Items(choices)
	for raw, ok := items.Next(); ok && len(a.Choices) <= wire.MaxChoices; raw, ok = items.Next() {
		a.Choices = append(a.Choices, decodeChoice(raw, len(a.Choices)))
	}
	return nil
}

func takeHead(a *llm.Response, name string, v llm.JSON) bool {
	switch name {
	case "id":
		a.ID = wire.Text(v)
		return wire.IsString(v)
	case "object":
		return wire.Equal(v, object)
	case "created":
		n, ok := wire.Count(v)
		a.Created = max(n, 0)
		return ok
	case "model":
		a.Model = wire.Text(v)
		return a.Model != ""
	case "choices":
		return true
	case "usage":
		if !wire.IsObject(v) {
			return false
		}
		a.Usage = decodeUsage(v)
		return true
	}
	return false
}

func decodeChoice(raw []byte, index int) llm.Choice {
	c := llm.Choice{Index: index}
	f := wire.NewFields(raw)
	for f.Next() {
		if !takeChoice(&c, f.Name(), f.Value()) {
			f.Keep(&c.Extra, own)
		}
	}
	for _, name := range [...]string{"text", "index"} {
		wire.Expect(&c.Extra, own, name, wire.Get(raw, name) != nil)
	}
	return c
}

func takeChoice(c *llm.Choice, name string, v llm.JSON) bool {
	switch name {
	case "text":
		if !wire.IsString(v) {
			return false
		}
		c.Parts = append(c.Parts, llm.Part{Kind: llm.Text, Text: v})
		return true
	case "index":
		n, ok := wire.Int(v)
		if !ok || n < 0 || n > maxIndex {
			return false
		}
		c.Index = int(n)
		return true
	case "finish_reason":
		c.Reason = wire.Text(v)
		c.Finish = finishOf(c.Reason)
		return c.Reason != ""
	case "logprobs":
		c.Logprobs = modern(v) // kept as well: offsets are lost
	}
	return false
}

// EncodeResponse implements wire.Client.
func (Client) EncodeResponse(dst []byte, a *llm.Response, _ *llm.Request) []byte {
	w := wire.Writer{Buf: dst}
	n := wire.Begin(&w, &a.Extra, own)
	writeHead(&n, a.ID, a.Created, a.Model)
	n.Name("choices")
	w.Array()
	for i := range a.Choices {
		writeChoice(&w, &a.Choices[i])
	}
	w.EndArray()
	if a.Usage.Known() || len(a.Usage.Extra.Members) > 0 || a.Usage.Extra.From == own {
		n.Name("usage")
		writeUsage(&w, &a.Usage)
	}
	n.End()
	return w.Buf
}

func writeHead(n *wire.Node, id string, created int64, model string) {
	n.Implied("id", wire.Quote(id))
	n.Implied("object", llm.JSON(`"`+object+`"`))
	n.ImpliedInt("created", created)
	n.Text("model", model)
}

func writeChoice(w *wire.Writer, c *llm.Choice) {
	ours := c.Extra.From == own
	n := wire.Begin(w, &c.Extra, own)
	n.Implied("text", wire.Join("", texts(c.Parts)...))
	n.ImpliedInt("index", int64(c.Index))
	switch {
	case c.Logprobs == nil:
		n.OrNull("logprobs")
	case c.Extra.Get(own, "logprobs") == nil:
		n.Name("logprobs")
		legacy(w, c.Logprobs)
	}
	if ours && c.Reason == "" && c.Finish == llm.Unfinished {
		n.OrNull("finish_reason")
	} else {
		n.Member("finish_reason", reasonOf(c.Finish, c.Reason, c.Extra.From))
	}
	n.End()
}

// texts are what is said to the caller; a completion has no place for thoughts.
func texts(parts []llm.Part) []llm.JSON {
	var out []llm.JSON
	for i := range parts {
		if k := parts[i].Kind; k == llm.Text || k == llm.Refusal {
			out = append(out, parts[i].Text)
		}
	}
	return out
}
