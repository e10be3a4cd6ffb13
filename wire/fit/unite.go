package fit

import (
	"slices"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Where objects are closed, what two schemas say of one object has to be in
// one: each by itself would forbid the properties of the other.

// opens tells whether properties are beside a reference to be closed.
func (s *rewriter) opens(v llm.JSON) bool {
	return s.limits.Closed && wire.Get(v, "properties") != nil
}

// unite is a schema of objects that are closed, with those of its allOf in it.
func (s *rewriter) unite(v llm.JSON) llm.JSON {
	if !s.limits.Closed {
		return v
	}
	for range maxFlattened {
		all := wire.Get(v, "allOf")
		if !wire.IsArray(all) || !s.ofObjects(all) {
			return v
		}
		s.change(howUnited)
		var both llm.JSON
		items := wire.Items(all)
		for item, ok := items.Next(); ok; item, ok = items.Next() {
			s.budget.work -= len(both)
			both = join(both, s.resolved(item))
		}
		v = join(both, without(v, "allOf"))
	}
	return v
}

// ofObjects tells whether one of the schemas in a list is one of objects.
func (s *rewriter) ofObjects(list llm.JSON) bool {
	items := wire.Items(list)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		if s.ofObject(item, 0) {
			return true
		}
	}
	return false
}

// maxAll is how deep schemas of objects are looked for in allOf.
const maxAll = 3

func (s *rewriter) ofObject(v llm.JSON, depth int) bool {
	if depth > maxAll || s.budget.work < 0 {
		return false
	}
	if ref := wire.Get(v, "$ref"); wire.IsString(ref) {
		target := s.defs.find(wire.Text(ref))
		s.budget.work -= len(target)
		if s.ofObject(target, depth+1) {
			return true
		}
	}
	items := wire.Items(wire.Get(v, "allOf"))
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		if s.ofObject(item, depth+1) {
			return true
		}
	}
	return isObjectSchema(v)
}

// resolved is a schema with what it refers to in it. That is on the stack then.
func (s *rewriter) resolved(v llm.JSON) llm.JSON {
	for {
		ref := wire.Get(v, "$ref")
		if !wire.IsString(ref) {
			return v
		}
		name := wire.Text(ref)
		target := s.defs.find(name)
		s.budget.work -= len(target)
		v = without(v, "$ref")
		switch {
		case target == nil:
			s.change(howLost)
			return v
		case slices.Contains(s.stack, name):
			s.change(howCut)
			return v
		case len(s.stack) >= maxFollowed:
			s.change(howLong)
			return v
		}
		s.stack = append(s.stack, name)
		v = join(target, v)
	}
}

// join is a schema that says what both say, as far as it goes: the properties
// of both, what both require, all of both lists of allOf, and else what over
// says.
func join(under, over llm.JSON) llm.JSON {
	if !wire.IsObject(under) {
		return over
	}
	both := merge(under, over)
	var w wire.Writer
	w.Object()
	for f := wire.NewFields(both); f.Next(); {
		w.Quoted(f.Name())
		u, o := wire.Get(under, f.Name()), wire.Get(over, f.Name())
		switch name := f.Name(); {
		case u == nil || o == nil:
			w.Raw(f.Value())
		case name == "properties" && wire.IsObject(u) && wire.IsObject(o):
			w.Raw(joinProperties(u, o))
		case name == "required" || name == "allOf":
			joinLists(&w, u, o)
		default:
			w.Raw(o)
		}
	}
	w.EndObject()
	return w.Buf
}

// joinProperties are the properties of both; a schema that differs is both.
func joinProperties(under, over llm.JSON) llm.JSON {
	var w wire.Writer
	w.Object()
	for f := wire.NewFields(merge(under, over)); f.Next(); {
		w.Quoted(f.Name())
		u, o := wire.Get(under, f.Name()), wire.Get(over, f.Name())
		if u == nil || o == nil || string(u) == string(o) {
			w.Raw(f.Value())
			continue
		}
		w.Object()
		w.Name("allOf")
		w.Array()
		w.Raw(u)
		w.Raw(o)
		w.EndArray()
		w.EndObject()
	}
	w.EndObject()
	return w.Buf
}

// joinLists writes what is in one of two lists.
func joinLists(w *wire.Writer, under, over llm.JSON) {
	seen := map[string]bool{}
	w.Array()
	for _, list := range [...]llm.JSON{under, over} {
		items := wire.Items(list)
		for v, ok := items.Next(); ok; v, ok = items.Next() {
			if !seen[string(v)] {
				seen[string(v)] = true
				w.Raw(v)
			}
		}
	}
	w.EndArray()
}
