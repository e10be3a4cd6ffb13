package fit

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// properties gives the arguments of tools names that are taken. The same name
// is sent as the same one in all tools of a question.
type properties struct {
	limits *Names
	tools  map[string]bool   // those that have one which is renamed
	sent   map[string]string // what is sent, by what the caller has
	own    map[string]string // the other way
	met    map[string]bool   // texts of the schemas that look like what is sent
	w      wire.Writer
	depth  int
}

func (p *properties) takes(name string) bool { return name != "" && p.limits.takes(name) }

// fine tells whether a schema of arguments needs no change.
func (p *properties) fine(schema llm.JSON) bool {
	if p.limits == nil {
		return true
	}
	for f := wire.NewFields(wire.Get(schema, "properties")); f.Next(); {
		if !p.takes(f.Name()) {
			return false
		}
	}
	return true
}

// tool is the schema of a tool of r with names that are taken.
func (p *properties) tool(r *llm.Request, name string, schema llm.JSON) llm.JSON {
	if p.sent == nil {
		p.tools, p.sent, p.own, p.met = map[string]bool{}, map[string]string{}, map[string]string{}, map[string]bool{}
		for i := range r.Tools {
			p.meet(r.Tools[i].Schema)
		}
	}
	p.tools[name] = true
	p.w = wire.Writer{}
	p.schema(schema, true)
	return p.w.Buf
}

// meet remembers what in a schema could be taken for a name that is sent.
func (p *properties) meet(schema llm.JSON) {
	for {
		text, rest, ok := bytes.Cut(schema, []byte{'"'})
		if !ok {
			return
		}
		if n := len(text) - hashed - 1; n >= 0 && len(text) <= maxName && text[n] == '_' {
			p.met[string(text)] = true
		}
		schema = rest
	}
}

// maxName is how long what is sent for a name can be.
const maxName = kept + 1 + hashed

// name is what is sent for a name.
func (p *properties) name(own string) string {
	if p.takes(own) {
		return own
	}
	if sent, ok := p.sent[own]; ok {
		return sent
	}
	own = strings.Clone(own)
	for salt := 0; ; salt++ {
		sent := p.limits.near(own, salt)
		if _, used := p.own[sent]; !used && !p.met[sent] {
			p.own[sent], p.sent[own] = own, sent
			return sent
		}
	}
}

// schema writes a schema. here tells that it is one of the arguments, not of
// something within them.
func (p *properties) schema(v llm.JSON, here bool) {
	p.depth++
	defer func() { p.depth-- }()
	if !wire.IsObject(v) || p.depth > maxNested {
		p.w.Raw(v)
		return
	}
	p.w.Object()
	for f := wire.NewFields(v); f.Next(); {
		p.w.Quoted(f.Name())
		p.keyword(f.Name(), f.Value(), here)
	}
	p.w.EndObject()
}

func (p *properties) keyword(name string, v llm.JSON, here bool) {
	switch name {
	case "required":
		p.list(v, here)
		return
	case "dependentRequired", "dependencies":
		p.named(v, here, func(v llm.JSON) { p.dependent(v, here) })
		return
	case "properties":
		p.named(v, here, func(v llm.JSON) { p.schema(v, false) })
		return
	case "dependentSchemas":
		p.named(v, here, func(v llm.JSON) { p.schema(v, here) })
		return
	case "$ref", "$dynamicRef":
		p.reference(v)
		return
	}
	here = here && sameObject(name)
	switch kind := nestingOf(name); {
	case kind == named:
		p.named(v, false, func(v llm.JSON) { p.schema(v, false) })
	case kind == one && wire.IsArray(v):
		p.each(v, func(v llm.JSON) { p.schema(v, here) })
	case kind == one:
		p.schema(v, here)
	default:
		p.w.Raw(v)
	}
}

// sameObject tells whether the schemas of a keyword are about what the schema
// is about that has it.
func sameObject(keyword string) bool {
	switch keyword {
	case "anyOf", "oneOf", "allOf", "not", "if", "then", "else":
		return true
	}
	return false
}

// named writes an object, with its names replaced if they are properties of
// the arguments.
func (p *properties) named(v llm.JSON, here bool, write func(v llm.JSON)) {
	if !wire.IsObject(v) {
		p.w.Raw(v)
		return
	}
	p.w.Object()
	for f := wire.NewFields(v); f.Next(); {
		name := f.Name()
		if here {
			name = p.name(name)
		}
		p.w.Quoted(name)
		write(f.Value())
	}
	p.w.EndObject()
}

func (p *properties) each(list llm.JSON, write func(v llm.JSON)) {
	p.w.Array()
	items := wire.Items(list)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		write(v)
	}
	p.w.EndArray()
}

// dependent writes what a property asks for: names, or a schema.
func (p *properties) dependent(v llm.JSON, here bool) {
	if wire.IsArray(v) {
		p.list(v, here)
		return
	}
	p.schema(v, here)
}

// list writes a list of names.
func (p *properties) list(v llm.JSON, here bool) {
	if !here || !wire.IsArray(v) {
		p.w.Raw(v)
		return
	}
	p.each(v, func(v llm.JSON) {
		if !wire.IsString(v) {
			p.w.Raw(v)
			return
		}
		p.w.String(p.name(wire.Text(v)))
	})
}

// reference writes a reference, which can lead through a property.
func (p *properties) reference(v llm.JSON) {
	const through = "#/properties/"
	rest, ok := strings.CutPrefix(wire.Text(v), through)
	if !ok {
		p.w.Raw(v)
		return
	}
	step, rest, more := strings.Cut(rest, "/")
	if own := unescaped(step); !p.takes(own) {
		step = p.name(own)
	}
	if more {
		step += "/" + rest
	}
	p.w.String(through + step)
}

// unescaped is what a step of a pointer in a fragment stands for.
func unescaped(step string) string {
	if s, err := url.PathUnescape(step); err == nil {
		step = s
	}
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
}

// calls renames in the calls of earlier turns, which belong to the schemas.
func (p *properties) calls(r *llm.Request) {
	if p.sent == nil {
		return
	}
	r.Messages = append([]llm.Message(nil), r.Messages...)
	for i := range r.Messages {
		m := &r.Messages[i]
		for k := range m.Parts {
			c := m.Parts[k].Call
			if c == nil || c.Custom || !p.tools[c.Name] {
				continue
			}
			if args := p.arguments(c.Args); args != nil {
				renamed := *c
				renamed.Args = args
				m.Parts = append([]llm.Part(nil), m.Parts...)
				m.Parts[k].Call = &renamed
			}
		}
	}
}

// arguments are those of a call, nil for those that stay as they are.
func (p *properties) arguments(args []byte) []byte {
	if jsonscan.NoDuplicates(args) != nil || !wire.IsObject(args) {
		return nil
	}
	var w wire.Writer
	w.Object()
	changed := false
	for f := wire.NewFields(args); f.Next(); {
		name := f.Name()
		if sent, ok := p.sent[name]; ok {
			name, changed = sent, true
		}
		w.Quoted(name)
		w.Raw(f.Value())
	}
	w.EndObject()
	if !changed || jsonscan.NoDuplicates(w.Buf) != nil {
		return nil
	}
	return w.Buf
}
