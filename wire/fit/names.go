package fit

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Names are what names an API takes: of letters, digits and _.
type Names struct {
	// Max is how many there may be; 0 is no limit.
	Max int
	// Signs may be among them.
	Signs string
	// Letter: the first is a letter or _.
	Letter bool
}

// takes tells whether a name is taken. None is: there is nothing to rename.
func (l *Names) takes(name string) bool {
	if l.Max > 0 && len(name) > l.Max {
		return false
	}
	for i := range len(name) {
		if !l.takesAt(i, name[i]) {
			return false
		}
	}
	return true
}

func (l *Names) takesAt(i int, c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		return true
	case i == 0 && l.Letter:
		return false
	}
	return '0' <= c && c <= '9' || strings.IndexByte(l.Signs, c) >= 0
}

// hashed is how many digits of a name's hash are in what is sent for it.
const hashed = 10

// kept is how much of a name's beginning is in what is sent for it.
const kept = 48

// near is a name that is taken, in place of one that is not: what can be kept
// of its beginning, and a hash of the whole. The same name has the same.
func (l *Names) near(name string, salt int) string {
	sum := sha256.Sum256([]byte(name + strings.Repeat("+", salt)))
	tail := "_" + hex.EncodeToString(sum[:])[:hashed]
	limit := kept
	if l.Max > 0 {
		limit = min(kept, l.Max-len(tail))
	}
	b := make([]byte, 0, limit)
	for i := 0; i < len(name) && len(b) < limit; {
		_, size := utf8.DecodeRuneInString(name[i:])
		if c := name[i]; size == 1 && l.takesAt(len(b), c) {
			b = append(b, c)
		} else if len(b) == 0 || b[len(b)-1] != '_' {
			b = append(b, '_')
		}
		i += size
	}
	return strings.TrimRight(string(b), "_") + tail
}

// renaming gives names to the tools of one question.
type renaming struct {
	limits *Names
	own    map[string]string // what the caller has, by what is sent
	sent   map[string]string // the other way
	notes  *wire.Notes
	noted  map[string]bool
}

// names renames the tools of r that have names which are not taken, wherever
// they are named.
func (f *Fit) names(r *llm.Request, l *Names, n *wire.Notes) {
	if l == nil {
		return
	}
	if o := &r.Output; !l.takes(o.Name) {
		o.Name = l.near(o.Name, 0)
		n.Change(outputName, "sent as "+o.Name)
	}
	if l.takeAll(r) {
		return
	}
	x := renaming{limits: l, own: map[string]string{}, sent: map[string]string{}, notes: n, noted: map[string]bool{}}
	eachName(r, x.keep)
	for i := range r.Tools {
		if t := &r.Tools[i]; t.Raw != nil { // the provider's own tool has the provider's name
			x.own[t.Name], x.sent[t.Name] = t.Name, t.Name
		}
	}
	x.question(r)
	f.own = x.own
}

// takeAll tells whether there is nothing to rename.
func (l *Names) takeAll(r *llm.Request) bool {
	fine := true
	eachName(r, func(name string) { fine = fine && l.takes(name) })
	return fine
}

// eachName calls do with all names of tools in a question.
func eachName(r *llm.Request, do func(name string)) {
	for i := range r.Tools {
		if r.Tools[i].Raw == nil {
			do(r.Tools[i].Name)
		}
	}
	do(r.Choice.Name)
	for _, name := range r.Choice.Allowed {
		do(name)
	}
	for i := range r.Messages {
		for k := range r.Messages[i].Parts {
			do(toolOf(&r.Messages[i].Parts[k]))
		}
	}
}

// toolOf is the name of the tool that a part calls, or has the result of.
func toolOf(p *llm.Part) string {
	switch {
	case p.Call != nil:
		return p.Call.Name
	case p.Result != nil:
		return p.Result.Name
	}
	return ""
}

// keep reserves a name that is sent as it is.
func (x *renaming) keep(name string) {
	if name != "" && x.limits.takes(name) {
		x.own[name], x.sent[name] = name, name
	}
}

// name is what is sent for a name.
func (x *renaming) name(name string) string {
	if x.limits.takes(name) {
		return name
	}
	if sent, ok := x.sent[name]; ok {
		return sent
	}
	for salt := 0; ; salt++ {
		sent := x.limits.near(name, salt)
		if _, used := x.own[sent]; !used {
			x.own[sent], x.sent[name] = name, sent
			return sent
		}
	}
}

func (x *renaming) question(r *llm.Request) {
	r.Tools = slices.Clone(r.Tools)
	for i := range r.Tools {
		t := &r.Tools[i]
		x.note(t.Name, func() string { return ToolMember(i, "name") })
		t.Name = x.name(t.Name)
	}
	x.choice(&r.Choice)
	r.Messages = slices.Clone(r.Messages)
	for i := range r.Messages {
		x.message(&r.Messages[i], "messages["+strconv.Itoa(i)+"].parts[")
	}
}

// choice renames what is chosen. It does not say any more what was written.
func (x *renaming) choice(c *llm.ToolChoice) {
	fine := x.limits.takes(c.Name)
	c.Name = x.name(c.Name)
	c.Allowed = slices.Clone(c.Allowed)
	for i, name := range c.Allowed {
		fine = fine && x.limits.takes(name)
		c.Allowed[i] = x.name(name)
	}
	if !fine {
		c.Raw = nil
	}
}

// message copies the parts if they name a tool whose name changes.
func (x *renaming) message(m *llm.Message, at string) {
	if !slices.ContainsFunc(m.Parts, func(p llm.Part) bool { return !x.limits.takes(toolOf(&p)) }) {
		return
	}
	m.Parts = slices.Clone(m.Parts)
	for k := range m.Parts {
		p := &m.Parts[k]
		x.note(toolOf(p), func() string { return at + strconv.Itoa(k) + "].name" })
		switch {
		case p.Call != nil:
			c := *p.Call
			c.Name = x.name(c.Name)
			p.Call = &c
		case p.Result != nil:
			res := *p.Result
			res.Name = x.name(res.Name)
			p.Result = &res
		}
	}
}

// note tells of each name that changes where it is met first.
func (x *renaming) note(name string, field func() string) {
	sent := x.name(name)
	if sent != name && !x.noted[name] {
		x.noted[name] = true
		x.notes.Change(field(), "sent as "+sent)
	}
}
