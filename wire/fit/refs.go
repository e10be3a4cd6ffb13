package fit

import (
	"bytes"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// definitions finds what the references of a schema mean. Only what is within
// the schema is found: nothing is ever fetched.
type definitions struct {
	root llm.JSON
	// known are the references asked for, and those of $defs and definitions.
	known map[string]llm.JSON
	walks int // those that took a walk
}

// maxWalks bounds how many references are followed that lead elsewhere than to
// a definition.
const maxWalks = 64

// find is what a reference means, nil for nothing.
func (d *definitions) find(ref string) llm.JSON {
	d.load()
	v, ok := d.known[ref]
	if ok || d.walks >= maxWalks {
		return v
	}
	d.walks++
	switch name, ok := strings.CutPrefix(ref, "#"); {
	case !ok:
		v = called(d.root, ref, 0, "$id")
	case name != "" && name[0] != '/':
		v = called(d.root, name, 0, "$anchor", "$dynamicAnchor")
	default:
		v = d.walk(name)
	}
	if !wire.IsObject(v) {
		v = nil
	}
	d.known[ref] = v
	return v
}

// load reads the definitions once.
func (d *definitions) load() {
	if d.known == nil {
		d.known = map[string]llm.JSON{"#": d.root}
		d.read("$defs")
		d.read("definitions")
	}
}

// read remembers the definitions below a member of the root.
func (d *definitions) read(name string) {
	for f := wire.NewFields(wire.Get(d.root, name)); f.Next(); {
		if wire.IsObject(f.Value()) && !strings.ContainsAny(f.Name(), "~/%") {
			d.known["#/"+name+"/"+f.Name()] = f.Value()
		}
	}
}

// called is the schema within v whose name is told by one of the keywords, nil
// for none.
func called(v llm.JSON, name string, depth int, keywords ...string) llm.JSON {
	if depth > maxNested {
		return nil
	}
	for f := wire.NewFields(v); f.Next(); {
		if slices.Contains(keywords, f.Name()) && wire.Equal(f.Value(), name) {
			return v
		}
		if found := called(f.Value(), name, depth+1, keywords...); found != nil {
			return found
		}
	}
	items := wire.Items(v)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		if found := called(item, name, depth+1, keywords...); found != nil {
			return found
		}
	}
	return nil
}

// walk follows a pointer (RFC 6901) as a fragment has it; it begins with a
// slash.
func (d *definitions) walk(pointer string) llm.JSON {
	if _, err := url.PathUnescape(pointer); err != nil {
		return nil
	}
	v := d.root
	for i, step := range strings.Split(pointer, "/")[1:] {
		if i >= maxNested || v == nil {
			return nil
		}
		v = child(v, unescaped(step))
	}
	return v
}

// child is a member of an object by its name, or an element of an array by its
// number from 0 on; nil is none.
func child(v llm.JSON, name string) llm.JSON {
	if wire.IsObject(v) {
		return wire.Get(v, name)
	}
	n, err := strconv.ParseUint(name, 10, 32)
	if err != nil {
		return nil
	}
	items := wire.Items(v)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		if n == 0 {
			return item
		}
		n--
	}
	return nil
}

// mustInline tells whether the references of the schema cannot stay.
func (s *rewriter) mustInline(v llm.JSON) bool {
	l := s.limits
	if l.Inline || s.uprooted(v) || slices.Contains(l.Refused, "$id") && bytes.Contains(v, []byte(`"$id"`)) {
		return true
	}
	if l.Cycles == AnyCycles && !l.PlainAllOf {
		return false
	}
	g := newGraph(&s.defs, s.budget, true)
	round := g.cyclic("#", s.defs.root)
	switch {
	case g.lost || l.PlainAllOf && g.combined:
		return true
	case !round || l.Cycles != OptionalCycles:
		return round && l.Cycles == NoCycles
	}
	g = newGraph(&s.defs, s.budget, false)
	for ref, v := range s.defs.known {
		if g.state[ref] == unseen && g.cyclic(ref, v) {
			return true
		}
	}
	return g.lost
}

// uprooted tells whether something may refer to what the root does not have any
// more.
func (s *rewriter) uprooted(v llm.JSON) bool {
	for _, name := range s.limits.NotRoot {
		if bytes.Contains(v, []byte(`"#/`+name)) {
			return true
		}
	}
	return false
}

func newGraph(d *definitions, b *budget, optional bool) *graph {
	d.load()
	return &graph{defs: d, budget: b, optional: optional, state: map[string]visit{}}
}

// graph is what refers to what.
type graph struct {
	defs   *definitions
	budget *budget
	// optional: ways through properties that are not required count too.
	optional bool
	state    map[string]visit
	// lost: a reference leads nowhere. combined: one is in an allOf.
	lost, combined bool
	depth          int
}

type visit uint8

const (
	unseen visit = iota
	entered
	done
)

// cyclic tells whether a way leads from the schema back to one on the way to
// it.
func (g *graph) cyclic(name string, v llm.JSON) bool {
	g.state[name] = entered
	round := g.walk(v)
	g.state[name] = done
	return round
}

func (g *graph) walk(v llm.JSON) bool {
	g.budget.work -= len(v)
	g.depth++
	defer func() { g.depth-- }()
	if g.budget.work < 0 || g.depth > maxNested {
		g.lost = true
		return false
	}
	round := false
	if ref := wire.Get(v, "$ref"); wire.IsString(ref) {
		round = g.follow(wire.Text(ref))
	}
	for f := wire.NewFields(v); f.Next(); {
		round = g.member(v, f.Name(), f.Value()) || round
	}
	return round
}

func (g *graph) follow(ref string) bool {
	switch g.state[ref] {
	case entered:
		return true
	case done:
		return false
	case unseen:
	}
	target := g.defs.find(ref)
	if target == nil {
		g.lost = true
		return false
	}
	return g.cyclic(ref, target)
}

func (g *graph) member(in llm.JSON, name string, v llm.JSON) bool {
	round := false
	switch nestingOf(name) {
	case nothing:
	case one:
		if !wire.IsArray(v) {
			return g.walk(v)
		}
		items := wire.Items(v)
		for item, ok := items.Next(); ok; item, ok = items.Next() {
			g.combined = g.combined || name == "allOf" && wire.Get(item, "$ref") != nil
			round = g.walk(item) || round
		}
	case named:
		if name == "$defs" || name == "definitions" {
			return false
		}
		required := wire.TextSet(wire.Get(in, "required"))
		for f := wire.NewFields(v); f.Next(); {
			if g.optional || name != "properties" || required[f.Name()] {
				round = g.walk(f.Value()) || round
			}
		}
	}
	return round
}
