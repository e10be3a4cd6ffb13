package fit

import (
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// maxOpen is how many calls of a stream can be under way at once.
const maxOpen = 256

// place is where a part is in an answer.
type place struct{ choice, index int }

// Call gives a whole call of an answer the names that the caller has: that of
// its tool, and those of its arguments.
func (f *Fit) Call(c *llm.Call) {
	if c == nil || f.own == nil && f.properties == nil {
		return
	}
	f.name(c)
	if f.properties == nil || c.Custom || len(c.Args) == 0 {
		return
	}
	u := undoing{own: f.properties}
	c.Args = append(u.text(c.Args), u.rest()...)
}

func (f *Fit) name(c *llm.Call) {
	if name, ok := f.own[c.Name]; ok {
		c.Name = name
	}
}

// Event does for an event of an answer what Call does for a whole one. A piece
// of arguments can end within a name, which is kept back then; if it was none
// after all, it is told by the event that is returned, before ev.
func (f *Fit) Event(ev *llm.Event) (before *llm.Event) {
	if f.own == nil && f.properties == nil {
		return nil
	}
	at := place{ev.Choice, ev.Index}
	switch ev.Kind { //nolint:exhaustive // nothing else has arguments
	case llm.EventPart:
		f.begin(at, ev.Part.Call)
	case llm.EventDelta:
		if u := f.open[at]; u != nil && wire.IsString(ev.Text) {
			ev.Text = u.piece(ev.Text)
		}
	case llm.EventPartEnd:
		u := f.open[at]
		delete(f.open, at)
		if u != nil && len(u.held) > 0 {
			return &llm.Event{Kind: llm.EventDelta, Choice: ev.Choice, Index: ev.Index, Text: quoted(u.held)}
		}
	}
	return nil
}

// begin begins a part, which may be a call.
func (f *Fit) begin(at place, c *llm.Call) {
	delete(f.open, at)
	if c == nil {
		return
	}
	f.name(c)
	if f.properties == nil || c.Custom || len(f.open) >= maxOpen {
		return
	}
	if f.open == nil {
		f.open = map[place]*undoing{}
	}
	u := &undoing{own: f.properties}
	if f.open[at] = u; len(c.Args) > 0 {
		c.Args = u.text(c.Args)
	}
}

// undoing gives a text of arguments its own names back, piece by piece. Every
// string of it that is one of the names which were sent becomes the own name:
// what is sent has a hash in it, and nothing else of the question is like it.
// It works on the text as JSON strings have it, so that pieces may be cut
// anywhere.
type undoing struct {
	own     map[string]string // by what was sent
	within  bool              // a string
	other   bool              // which is no name
	escaped bool              // by a backslash before
	name    []byte            // the string so far, if it can be a name
	held    []byte            // how it was written
}

// text is a piece of the text.
func (u *undoing) text(t []byte) []byte {
	return wire.TextBytes(u.piece(wire.Quote(string(t))))
}

// rest is what was kept back, at the end.
func (u *undoing) rest() []byte { return wire.TextBytes(quoted(u.held)) }

// piece is a piece of the text, as a JSON string.
func (u *undoing) piece(v llm.JSON) llm.JSON {
	in := v[1 : len(v)-1]
	out := append(make(llm.JSON, 0, len(v)+len(u.held)), '"')
	for len(in) > 0 {
		c, n := unit(in)
		out = u.take(out, c, in[:n])
		in = in[n:]
	}
	return append(out, '"')
}

func quoted(in []byte) llm.JSON {
	return append(append(llm.JSON{'"'}, in...), '"')
}

// unit is the first character of the inside of a JSON string, and how much of
// it that is; what cannot be in a name is 0.
func unit(in []byte) (c byte, n int) {
	switch {
	case in[0] != '\\' || len(in) == 1:
		return in[0], 1
	case in[1] == '"' || in[1] == '\\':
		return in[1], 2
	case in[1] != 'u':
		return 0, 2
	}
	n = min(6, len(in))
	text := wire.TextBytes(quoted(in[:n]))
	if len(text) != 1 { // half of a pair is nothing, and no name has more
		return 0, n
	}
	return text[0], n
}

// take takes a character, which was written as raw.
func (u *undoing) take(out llm.JSON, c byte, raw []byte) llm.JSON {
	switch {
	case !u.within && c != '"':
		return append(out, raw...)
	case !u.within:
		u.within, u.other = true, false
		u.name, u.held = u.name[:0], append(u.held[:0], raw...)
		return out
	case u.other:
		u.within = u.escaped || c != '"'
		u.escaped = !u.escaped && c == '\\'
		return append(out, raw...)
	case c == '"':
		return u.end(out, raw)
	case c == '\\' || c <= ' ' || c >= 0x7f || len(u.name) >= maxName:
		u.other, u.escaped = true, c == '\\'
		out = append(append(out, u.held...), raw...)
		u.held = u.held[:0]
		return out
	}
	u.name, u.held = append(u.name, c), append(u.held, raw...)
	return out
}

// end ends a string that can be a name.
func (u *undoing) end(out llm.JSON, raw []byte) llm.JSON {
	u.within = false
	own, ok := u.own[string(u.name)]
	if ok {
		text := jsonscan.AppendQuote(nil, []byte(wire.Quote(own)))
		out = append(out, text[1:len(text)-1]...)
	} else {
		out = append(append(out, u.held...), raw...)
	}
	u.held = u.held[:0]
	return out
}
