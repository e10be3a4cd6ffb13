package mistral

import (
	"errors"
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

var errNoChoices = errors.New("'choices' not in the answer of the chat")

// DecodeResponse implements wire.Provider.
func (Provider) DecodeResponse(a *llm.Response, body []byte) error {
	if err := wire.Check(body); err != nil {
		return err
	}
	if failed(body) {
		return readError(200, body)
	}
	a.Extra.From, a.Usage = own, llm.NoUsage()
	found := false
	for f := wire.NewFields(body); f.Next(); {
		switch {
		case f.Name() == "id":
			takeText(&a.ID, &f, &a.Extra)
		case f.Name() == "model":
			takeText(&a.Model, &f, &a.Extra)
		case f.Name() == "object" && wire.Equal(f.Value(), "chat.completion"):
			wire.Mark(&a.Extra, own, "object", nil)
		case f.Name() == "created":
			takeTime(&a.Created, &f, &a.Extra)
		case f.Name() == "choices" && wire.IsArray(f.Value()):
			found = true
			readChoices(a, f.Value())
		case f.Name() == "usage":
			a.Usage = readUsage(f.Value())
		default:
			f.Keep(&a.Extra, own)
		}
	}
	if !found {
		return errNoChoices
	}
	return nil
}

// takeTime takes a time that is written again as it stands.
func takeTime(dst *int64, f *wire.Fields, x *llm.Extra) {
	n, ok := wire.Int(f.Value())
	if !ok || n <= 0 || string(f.Value()) != strconv.FormatInt(n, 10) {
		f.Keep(x, own)
		return
	}
	*dst = n
}

func readChoices(a *llm.Response, v llm.JSON) {
	items := wire.Items(v)
	for c, ok := items.Next(); ok && len(a.Choices) <= wire.MaxChoices; c, ok = items.Next() {
		a.Choices = append(a.Choices, readAnswer(c))
	}
}

func readAnswer(v llm.JSON) llm.Choice {
	c := llm.Choice{Extra: llm.Extra{From: own}, Inner: llm.Extra{From: own}}
	for f := wire.NewFields(v); f.Next(); {
		switch {
		case f.Name() == "index":
			if n, ok := wire.Int(f.Value()); ok && n >= 0 && n < maxChoices {
				c.Index = int(n)
			}
			wire.Mark(&c.Extra, own, "index", f.Value())
		case f.Name() == "message" && wire.IsObject(f.Value()):
			wire.Mark(&c.Extra, own, "message", nil)
			readSaid(&c, f.Value())
		case f.Name() == "finish_reason":
			takeText(&c.Reason, &f, &c.Extra)
		case f.Name() == "logprobs" && !wire.IsNull(f.Value()):
			c.Logprobs = f.Value()
		default:
			f.Keep(&c.Extra, own)
		}
	}
	c.Finish = finish(c.Reason, hasCalls(c.Parts))
	return c
}

// readSaid reads the message of an answer.
func readSaid(c *llm.Choice, v llm.JSON) {
	var thoughts, said, calls []llm.Part
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "role":
			if !wire.Equal(f.Value(), roles[llm.Assistant]) {
				f.Keep(&c.Inner, own)
				continue
			}
			wire.Mark(&c.Inner, own, "role", nil)
		case "content":
			said = readAnswered(c, &f)
		case "tool_calls":
			if calls = readCalls(f.Value()); len(calls) == 0 {
				f.Keep(&c.Inner, own)
			}
		case "reasoning_content", "reasoning":
			// Servers with models of Mistral's tell thoughts so.
			f.Keep(&c.Inner, own)
			if wire.IsString(f.Value()) && !wire.EmptyText(f.Value()) && thoughts == nil {
				thoughts = []llm.Part{{Kind: llm.Thinking, Text: f.Value()}}
				wire.Mark(&thoughts[0].Extra, own, "kept", nil)
			}
		default:
			f.Keep(&c.Inner, own)
		}
	}
	c.Parts = append(append(thoughts, said...), calls...)
}

// readAnswered reads the content of an answer. An empty text, as it comes with
// calls, is no part.
func readAnswered(c *llm.Choice, f *wire.Fields) []llm.Part {
	if wire.EmptyText(f.Value()) {
		f.Keep(&c.Inner, own)
		return nil
	}
	parts, plain := readContent(f, &c.Inner)
	if plain {
		wire.Mark(&c.Inner, own, "plain", nil)
	}
	return parts
}
