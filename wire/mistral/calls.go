package mistral

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func readCalls(v llm.JSON) []llm.Part {
	var calls []llm.Part
	items := wire.Items(v)
	for c, ok := items.Next(); ok; c, ok = items.Next() {
		calls = append(calls, readCall(c))
	}
	return calls
}

// readCall reads a call. Type and index may be missing.
func readCall(v llm.JSON) llm.Part {
	p := llm.Part{Kind: llm.ToolCall, Call: &llm.Call{Extra: llm.Extra{From: own}}, Extra: llm.Extra{From: own}}
	typed := false
	for f := wire.NewFields(v); f.Next(); {
		switch {
		case f.Name() == "id":
			takeText(&p.Call.ID, &f, &p.Extra)
		case f.Name() == "type" && wire.Equal(f.Value(), "function"):
			typed = true
		case f.Name() == "index":
			wire.Mark(&p.Extra, own, "index", f.Value())
		case f.Name() == "function" && someMember(f.Value()):
			readFunctionCall(p.Call, f.Value())
		default:
			f.Keep(&p.Extra, own)
		}
	}
	if !typed {
		wire.Mark(&p.Extra, own, "no type", nil)
	}
	return p
}

func someMember(v llm.JSON) bool {
	f := wire.NewFields(v)
	return f.Next()
}

func readFunctionCall(c *llm.Call, v llm.JSON) {
	for f := wire.NewFields(v); f.Next(); {
		switch {
		case f.Name() == "name":
			takeText(&c.Name, &f, &c.Extra)
		case f.Name() == "arguments" && wire.IsString(f.Value()):
			c.Args = wire.TextBytes(f.Value())
			wire.Mark(&c.Extra, own, "text", nil)
		case f.Name() == "arguments" && wire.IsObject(f.Value()):
			c.Args = f.Value()
		default:
			f.Keep(&c.Extra, own)
		}
	}
}

func hasCalls(parts []llm.Part) bool {
	for i := range parts {
		if parts[i].Kind == llm.ToolCall {
			return true
		}
	}
	return false
}

// writeCalls writes the calls among the parts, under the ids that they shall
// have.
func writeCalls(w *wire.Writer, parts []llm.Part, id func(i int) string) {
	if !hasCalls(parts) {
		return
	}
	w.Name("tool_calls")
	w.Array()
	for i := range parts {
		if p := &parts[i]; p.Kind == llm.ToolCall {
			writeCall(w, p, id(i))
		}
	}
	w.EndArray()
}

func writeCall(w *wire.Writer, p *llm.Part, id string) {
	mine := p.Extra.From == own
	w.Object()
	if id != "" || !mine {
		w.Name("id")
		w.String(id)
	}
	if _, without := wire.Marked(&p.Extra, own, "no type"); !without {
		w.StringMember("type", "function")
	}
	if c := p.Call; c.Extra.From != own || c.Name != "" || c.Args != nil || len(c.Extra.Members) > 0 {
		w.Name("function")
		writeFunctionCall(w, p.Call)
	}
	at, _ := wire.Marked(&p.Extra, own, "index")
	w.Member("index", at)
	w.Extra(&p.Extra, own)
	w.EndObject()
}

func writeFunctionCall(w *wire.Writer, c *llm.Call) {
	mine := c.Extra.From == own
	_, text := wire.Marked(&c.Extra, own, "text")
	w.Object()
	if c.Name != "" || !mine {
		w.Name("name")
		w.String(c.Name)
	}
	switch {
	case c.Custom:
		w.Name("arguments")
		w.Bytes(customArgs(c.Args))
	case len(c.Args) == 0 && !mine:
		w.StringMember("arguments", "{}")
	case text || !mine:
		w.Name("arguments")
		w.Bytes(c.Args)
	case c.Args != nil:
		w.Member("arguments", llm.JSON(c.Args))
	}
	w.Extra(&c.Extra, own)
	w.EndObject()
}

// customArgs wraps the text for a tool that takes any.
func customArgs(text []byte) []byte {
	var w wire.Writer
	w.Object()
	w.Name("input")
	w.Bytes(text)
	w.EndObject()
	return w.Buf
}

const (
	idLength = 9
	alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// fitID makes an id that the service takes of any other: always the same one,
// so that call and result stay together.
func fitID(id string) string {
	if fits(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	n := binary.BigEndian.Uint64(sum[:])
	var out [idLength]byte
	for i := range out {
		out[i] = alphabet[n%uint64(len(alphabet))]
		n /= uint64(len(alphabet))
	}
	return string(out[:])
}

func fits(id string) bool {
	if len(id) != idLength {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		default:
			return false
		}
	}
	return true
}
