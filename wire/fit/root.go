package fit

import (
	"maps"
	"slices"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// root is a schema whose root is taken, but for members that it must not have.
func (s *rewriter) root(v llm.JSON) llm.JSON {
	l := s.limits
	if l.Object && wire.Get(v, "type") == nil && wire.IsString(wire.Get(v, "$ref")) {
		v = s.settle(v)
	}
	if slices.ContainsFunc(l.NotRoot, func(name string) bool { return wire.Get(v, name) != nil }) {
		v = s.flatten(v)
	}
	if l.Object && !wire.Equal(wire.Get(v, "type"), "object") {
		s.change(howObject)
		v = merge(v, llm.JSON(`{"type":"object"}`))
	}
	if l.Properties && wire.Get(v, "properties") == nil {
		s.change(howListed)
		v = merge(v, llm.JSON(`{"properties":{}}`))
	}
	return v
}

// clean is a schema without members that the root must not have.
func (s *rewriter) clean(v llm.JSON) llm.JSON {
	l := s.limits
	if l.Root == nil || l.takesRoot(v) {
		return v
	}
	return pick(nil, v, func(name string) bool {
		fine := slices.Contains(l.Root, name)
		if !fine {
			s.change("without " + name)
		}
		return fine
	})
}

// settle puts what the root refers to into it.
func (s *rewriter) settle(v llm.JSON) llm.JSON {
	for range maxFlattened {
		ref := wire.Get(v, "$ref")
		target := s.defs.find(wire.Text(ref))
		if !wire.IsString(ref) || target == nil {
			break
		}
		s.change(howInlined)
		v = merge(target, without(v, "$ref"))
	}
	if wire.Get(v, "$ref") != nil {
		s.change(howLost)
		v = without(v, "$ref")
	}
	return v
}

// maxFlattened is how deep alternatives within alternatives are looked into.
const maxFlattened = 8

// flat is one object made of alternatives.
type flat struct {
	s       *rewriter
	names   []string // of properties, in order
	schemas map[string][]llm.JSON
	depth   int
}

// flatten makes one object of the alternatives at the root: with the
// properties of all, of which those are required that every alternative
// requires.
func (s *rewriter) flatten(v llm.JSON) llm.JSON {
	x := flat{s: s, schemas: map[string][]llm.JSON{}}
	required := x.add(v)
	var w wire.Writer
	w.Object()
	w.StringMember("type", "object")
	w.Name("properties")
	x.properties(&w)
	if order := x.order(required); len(order) > 0 {
		w.Name("required")
		w.Array()
		for _, name := range order {
			w.String(name)
		}
		w.EndArray()
	}
	w.EndObject()
	s.change(howMerged)
	rest := pick(nil, v, func(name string) bool { return name != "required" && !slices.Contains(s.limits.NotRoot, name) })
	return merge(rest, w.Buf)
}

// add takes the properties of an alternative, and tells which it requires.
func (x *flat) add(v llm.JSON) map[string]bool {
	x.s.budget.work -= len(v)
	if x.depth++; x.depth > maxFlattened || x.s.budget.work < 0 {
		x.s.change(howLong)
		x.depth--
		return nil
	}
	defer func() { x.depth-- }()
	required := wire.TextSet(wire.Get(v, "required"))
	if ref := wire.Get(v, "$ref"); wire.IsString(ref) {
		maps.Copy(required, x.add(x.s.defs.find(wire.Text(ref))))
	}
	for f := wire.NewFields(wire.Get(v, "properties")); f.Next(); {
		x.property(f.Name(), f.Value())
	}
	for _, name := range [...]string{"anyOf", "oneOf", "allOf"} {
		maps.Copy(required, x.alternatives(wire.Get(v, name), name == "allOf"))
	}
	return required
}

// alternatives takes those of a list. Of what they require all is required if
// all hold, and else what all have in common.
func (x *flat) alternatives(list llm.JSON, all bool) map[string]bool {
	count, n := map[string]int{}, 0
	items := wire.Items(list)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		n++
		for name := range x.add(v) {
			count[name]++
		}
	}
	set := map[string]bool{}
	for name, c := range count {
		if all || c == n {
			set[name] = true
		}
	}
	return set
}

// maxForms is how many schemas of one property are kept.
const maxForms = 32

func (x *flat) property(name string, v llm.JSON) {
	forms := x.schemas[name]
	if forms == nil {
		x.names = append(x.names, name)
	}
	if len(forms) >= maxForms || slices.ContainsFunc(forms, func(f llm.JSON) bool { return string(f) == string(v) }) {
		return
	}
	x.schemas[name] = append(forms, v)
}

func (x *flat) properties(w *wire.Writer) {
	w.Object()
	for _, name := range x.names {
		w.Quoted(name)
		forms := x.schemas[name]
		if len(forms) == 1 {
			w.Raw(forms[0])
			continue
		}
		w.Object()
		w.Name("anyOf")
		w.Array()
		for _, f := range forms {
			w.Raw(f)
		}
		w.EndArray()
		w.EndObject()
	}
	w.EndObject()
}

// order is what is required, in the order of the properties.
func (x *flat) order(required map[string]bool) []string {
	var out []string
	for _, name := range x.names {
		if required[name] {
			out = append(out, name)
		}
	}
	return out
}
