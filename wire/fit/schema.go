package fit

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Schemas are what JSON schemas an API takes.
type Schemas struct {
	// Object: the root says that it is an object. Properties: and which it has.
	Object, Properties bool
	// Root are the members that the root may have; nil is any.
	Root []string
	// NotRoot are members that the root must not have. What alternatives among
	// them say of properties goes into the root.
	NotRoot []string
	// Inline: references are not taken.
	Inline bool
	// Lone: a reference has no other members beside it.
	Lone bool
	// Cycles are what references may go round in.
	Cycles Cycles
	// Closed: every object says additionalProperties: false.
	Closed bool
	// AllRequired: an object requires all its properties. SomeRequired: one.
	AllRequired, SomeRequired bool
	// Refused are keywords. A oneOf is sent as anyOf, where that is taken; of
	// alternatives of which all but one are null the one is sent.
	Refused []string
	// Formats that are taken of texts; nil is any.
	Formats []string
	// Patterns must not have one of these signs.
	Patterns []string
	// Items: an array says what is in it.
	Items bool
	// Objects: no schema within another is true or false.
	Objects bool
	// Sizes that are taken; nil is any. A schema beyond is not adapted.
	Sizes *Sizes
	// FewItems: minItems is at most 1. SimpleEnums: no objects, no arrays.
	// PlainAllOf: no references in allOf.
	FewItems, SimpleEnums, PlainAllOf bool
}

// Cycles are what recursion an API takes.
type Cycles uint8

// The kinds.
const (
	AnyCycles      Cycles = iota
	OptionalCycles        // through properties that are not required
	NoCycles
)

const (
	// maxSchema is how much longer a schema gets by what is put in place of
	// references, maxGrowth is that for all schemas of a question.
	maxSchema = 64 << 10
	maxGrowth = 1 << 20
	// maxWork is how many bytes are read for the schemas of a question, beyond a
	// few times their own.
	maxWork = 3 << 20
	// maxFollowed is how many references are followed within each other.
	maxFollowed = 20
	// maxNested is how deep schemas are looked into.
	maxNested = 200
)

// budget is what the schemas of one question may still take together.
type budget struct {
	work   int // bytes to be read
	growth int // bytes to be written beyond those of the caller
}

// budgetOf is that of a question.
func budgetOf(r *llm.Request) budget {
	n := len(r.Output.Schema)
	for i := range r.Tools {
		n += len(r.Tools[i].Schema)
	}
	return budget{work: maxWork + 8*n, growth: maxGrowth}
}

// deep tells whether the limits may be on more of a schema than its root.
func (l *Schemas) deep(v llm.JSON) bool {
	switch {
	case l.Closed, l.AllRequired, l.SomeRequired, l.Formats != nil, l.Patterns != nil, l.FewItems, l.SimpleEnums:
		return true
	case l.Items && bytes.Contains(v, []byte(`"array"`)), l.Objects && (bytes.Contains(v, []byte("true")) || bytes.Contains(v, []byte("false"))):
		return true
	}
	return slices.ContainsFunc(l.Refused, func(name string) bool { return bytes.Contains(v, []byte(name)) })
}

// refers tells whether the limits are on references.
func (l *Schemas) refers() bool {
	return l.Inline || l.Lone || l.Cycles != AnyCycles || l.PlainAllOf
}

var refName, dynamicName = []byte(`"$ref"`), []byte(`"$dynamicRef"`)

// fit is the schema as it is taken, and what was changed; empty is nothing,
// and then it has the same bytes.
func (l *Schemas) fit(v llm.JSON, b *budget) (out llm.JSON, how string) {
	if l == nil || !wire.IsObject(v) {
		return v, ""
	}
	fine := l.takesRoot(v)
	deep := l.deep(v) || (l.refers() || !fine) && (bytes.Contains(v, refName) || bytes.Contains(v, dynamicName))
	if fine && !deep {
		return v, ""
	}
	s := rewriter{limits: l, defs: definitions{root: v}, budget: b}
	v = s.root(v)
	if deep {
		v = s.rewrite(v)
	}
	if !l.takesRoot(v) { // it was cut
		v = s.root(v)
	}
	v = s.clean(v)
	b.growth -= max(0, len(v)-len(s.defs.root))
	return v, strings.Join(s.hows, ", ")
}

// rewrite is a schema whose root is taken, with all within it taken.
func (s *rewriter) rewrite(v llm.JSON) llm.JSON {
	s.inline = s.mustInline(v)
	changed := len(s.hows)
	s.schema(v)
	if len(s.hows) == changed {
		return v
	}
	return s.w.Buf
}

// takesRoot tells whether the root needs no change, in one walk.
func (l *Schemas) takesRoot(v llm.JSON) bool {
	object, properties := !l.Object, !l.Properties
	for f := wire.NewFields(v); f.Next(); {
		name := f.Name()
		if l.Root != nil && !slices.Contains(l.Root, name) || slices.Contains(l.NotRoot, name) {
			return false
		}
		object = object || name == "type" && wire.Equal(f.Value(), "object")
		properties = properties || name == "properties"
	}
	return object && properties
}

// takes tells whether a schema needs no change.
func (l *Schemas) takes(v llm.JSON, b *budget) bool {
	_, how := l.fit(v, b)
	return how == "" && (l == nil || l.Sizes.take(v))
}

// rewriter writes a schema within limits.
type rewriter struct {
	w      wire.Writer
	limits *Schemas
	defs   definitions
	budget *budget
	// inline: what references mean is put in their place.
	inline bool
	stack  []string // references that are being followed
	depth  int
	hows   []string
}

// change tells what is not as it was.
func (s *rewriter) change(how string) {
	if !slices.Contains(s.hows, how) {
		s.hows = append(s.hows, how)
	}
}

const (
	howInlined  = "references replaced by what they mean"
	howCut      = "recursion cut"
	howLost     = "references that lead nowhere left out"
	howLong     = "cut where it is too long"
	howClosed   = "objects closed"
	howFilled   = "properties required"
	howBeside   = "what is beside references wrapped"
	howMerged   = "alternatives merged into one object"
	howObject   = "type object"
	howListed   = "properties added"
	howOneOf    = "oneOf sent as anyOf"
	howOnly     = "null left out of alternatives"
	howNamed    = "properties renamed"
	howUnited   = "allOf merged"
	howBooleans = "true and false sent as objects"
	howItems    = "items added"
	howFew      = "minItems sent as 1"
)

// schema writes one schema. What is no object (true, false) stays as it is.
func (s *rewriter) schema(v llm.JSON) {
	s.budget.work -= len(v)
	s.depth++
	defer func() { s.depth-- }()
	switch {
	case !wire.IsObject(v):
		s.simple(v)
	case s.budget.work < 0 || s.depth > maxNested:
		s.short(v)
	case wire.IsString(wire.Get(v, "$ref")):
		s.reference(v)
	case s.inline && wire.IsString(wire.Get(v, "$dynamicRef")):
		s.reference(merge(without(v, "$dynamicRef"), reference(wire.Get(v, "$dynamicRef"))))
	default:
		s.object(v)
	}
}

// simple writes a schema that is no object.
func (s *rewriter) simple(v llm.JSON) {
	switch {
	case !s.limits.Objects || s.depth == 1:
		s.w.Raw(v)
	case wire.IsTrue(v):
		s.change(howBooleans)
		s.w.Literal("{}")
	case string(v) == "false":
		s.change(howBooleans)
		s.w.Literal(`{"not":{}}`)
	default:
		s.w.Raw(v)
	}
}

// reference is a schema that refers to another one.
func reference(to llm.JSON) llm.JSON {
	var w wire.Writer
	w.Object()
	w.Member("$ref", to)
	w.EndObject()
	return w.Buf
}

// reference writes a schema that refers to another one.
func (s *rewriter) reference(v llm.JSON) {
	if !s.inline && !s.opens(v) {
		s.kept(v)
		return
	}
	name := wire.Text(wire.Get(v, "$ref"))
	target := s.defs.find(name)
	switch {
	case target == nil:
		s.change(howLost)
		s.schema(without(v, "$ref"))
	case slices.Contains(s.stack, name):
		s.change(howCut)
		s.cut(v, target)
	case len(s.w.Buf) > len(s.defs.root)+min(maxSchema, s.budget.growth) || len(s.stack) >= maxFollowed:
		s.change(howLong)
		s.cut(v, target)
	default:
		s.change(howInlined)
		s.stack = append(s.stack, name)
		s.schema(join(target, without(v, "$ref")))
		s.stack = s.stack[:len(s.stack)-1]
	}
}

// kept writes a reference as such.
func (s *rewriter) kept(v llm.JSON) {
	if !s.limits.Lone || alone(v) {
		s.object(v)
		return
	}
	s.change(howBeside)
	if wire.Get(v, "anyOf") != nil {
		v = without(v, "anyOf")
	}
	s.w.Object()
	s.w.Name("anyOf")
	s.w.Array()
	s.w.Object()
	s.w.Member("$ref", wire.Get(v, "$ref"))
	s.w.EndObject()
	s.w.EndArray()
	s.members(without(v, "$ref"))
	s.w.EndObject()
}

// alone tells whether nothing is beside a reference that counts.
func alone(v llm.JSON) bool {
	for f := wire.NewFields(v); f.Next(); {
		if !strings.HasPrefix(f.Name(), "$") {
			return false
		}
	}
	return true
}

// short writes what is beyond the bounds.
func (s *rewriter) short(v llm.JSON) {
	n := len(s.w.Buf)
	if s.cut(v, nil); !bytes.HasSuffix(s.w.Buf[n:], v) {
		s.change(howLong)
	}
}

// cut writes what can be said of a schema without saying what is in it.
func (s *rewriter) cut(v, target llm.JSON) {
	kind, about := wire.Get(target, "type"), wire.Get(v, "description")
	if target == nil {
		kind = wire.Get(v, "type")
	}
	s.w.Object()
	if wire.IsString(kind) {
		s.w.Member("type", kind)
	}
	if wire.IsString(about) {
		s.w.Member("description", about)
	}
	if s.limits.Closed && wire.Equal(kind, "object") {
		s.w.BoolMember("additionalProperties", false)
	}
	s.w.EndObject()
}

// object writes a schema by its members.
func (s *rewriter) object(v llm.JSON) {
	if only := s.only(v); only != nil {
		s.change(howOnly)
		s.schema(only)
		return
	}
	followed := len(s.stack)
	defer func() { s.stack = s.stack[:followed] }()
	v = s.unite(v)
	s.w.Object()
	s.members(v)
	if s.limits.Closed && isObjectSchema(v) {
		s.w.BoolMember("additionalProperties", false)
		if string(wire.Get(v, "additionalProperties")) != "false" {
			s.change(howClosed)
		}
	}
	s.require(v)
	if s.limits.Items && isOf(v, "array") && wire.Get(v, "items") == nil {
		s.change(howItems)
		s.w.Name("items")
		s.w.Literal("{}")
	}
	s.w.EndObject()
}

func (s *rewriter) members(v llm.JSON) {
	closed := s.limits.Closed && isObjectSchema(v)
	for f := wire.NewFields(v); f.Next(); {
		switch name := f.Name(); {
		case closed && name == "additionalProperties":
		case name == "oneOf" && s.asAnyOf(v):
			s.change(howOneOf)
			s.member("anyOf", f.Value())
		case slices.Contains(s.limits.Refused, name) || s.refused(name, f.Value()):
			s.change("without " + name)
		case s.inline && referredTo(name):
		default:
			s.member(name, f.Value())
		}
	}
}

// referredTo tells whether a keyword is for references only.
func referredTo(keyword string) bool {
	switch keyword {
	case "$defs", "definitions", "$anchor", "$dynamicAnchor", "$id":
		return true
	}
	return false
}

// asAnyOf tells whether oneOf is sent as anyOf.
func (s *rewriter) asAnyOf(v llm.JSON) bool {
	r := s.limits.Refused
	return slices.Contains(r, "oneOf") && !slices.Contains(r, "anyOf") && wire.Get(v, "anyOf") == nil
}

// refused tells whether a keyword is not taken with a value.
func (s *rewriter) refused(name string, v llm.JSON) bool {
	switch l := s.limits; name {
	case "format":
		return l.Formats != nil && !slices.Contains(l.Formats, wire.Text(v))
	case "pattern":
		return slices.ContainsFunc(l.Patterns, func(sign string) bool { return strings.Contains(wire.Text(v), sign) })
	case "enum":
		return l.SimpleEnums && !simple(v)
	}
	return false
}

// simple tells whether a list has neither objects nor arrays.
func simple(list llm.JSON) bool {
	items := wire.Items(list)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		if wire.IsObject(v) || wire.IsArray(v) {
			return false
		}
	}
	return true
}

// nesting is where a keyword has schemas.
type nesting uint8

const (
	nothing nesting = iota
	one             // its value, or the elements of its value
	named           // the members of its value
)

func nestingOf(keyword string) nesting {
	switch keyword {
	case "items", "additionalItems", "prefixItems", "contains", "unevaluatedItems", "additionalProperties", "unevaluatedProperties",
		"propertyNames", "not", "if", "then", "else", "anyOf", "oneOf", "allOf":
		return one
	case "properties", "patternProperties", "dependentSchemas", "$defs", "definitions":
		return named
	}
	return nothing
}

// member writes a keyword that is taken.
func (s *rewriter) member(name string, v llm.JSON) {
	s.w.Quoted(name)
	switch kind := nestingOf(name); {
	case kind == named && wire.IsObject(v):
		s.named(v)
	case kind == one && wire.IsArray(v):
		s.list(v)
	case kind == one:
		s.schema(v)
	case name == "minItems" && s.limits.FewItems && !few(v):
		s.change(howFew)
		s.w.Int(1)
	default:
		s.w.Raw(v)
	}
}

func few(v llm.JSON) bool {
	n, ok := wire.Int(v)
	return ok && n <= 1
}

func (s *rewriter) named(v llm.JSON) {
	s.w.Object()
	for f := wire.NewFields(v); f.Next(); {
		s.w.Quoted(f.Name())
		s.schema(f.Value())
	}
	s.w.EndObject()
}

func (s *rewriter) list(v llm.JSON) {
	s.w.Array()
	items := wire.Items(v)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		s.schema(item)
	}
	s.w.EndArray()
}

// only is a schema with the one alternative that it has beside null in place
// of alternatives that are not taken; nil if it has none or more.
func (s *rewriter) only(v llm.JSON) llm.JSON {
	for _, name := range [...]string{"anyOf", "oneOf", "allOf"} {
		if !slices.Contains(s.limits.Refused, name) {
			continue
		}
		list := wire.Get(v, name)
		if !wire.IsArray(list) || name == "oneOf" && s.asAnyOf(v) {
			continue
		}
		var found llm.JSON
		n, items := 0, wire.Items(list)
		for item, ok := items.Next(); ok; item, ok = items.Next() {
			if !wire.Equal(wire.Get(item, "type"), "null") {
				found = item
				n++
			}
		}
		if n == 1 && wire.IsObject(found) {
			return merge(found, without(v, name))
		}
	}
	return nil
}

// isObjectSchema tells whether a schema is one of objects.
func isObjectSchema(v llm.JSON) bool {
	return isOf(v, "object") || wire.Get(v, "type") == nil && wire.Get(v, "properties") != nil
}

// isOf tells whether a schema says that a type is taken.
func isOf(v llm.JSON, name string) bool {
	kind := wire.Get(v, "type")
	if wire.Equal(kind, name) {
		return true
	}
	items := wire.Items(kind)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		if wire.Equal(item, name) {
			return true
		}
	}
	return false
}

// require adds what has to be required of an object's properties.
func (s *rewriter) require(v llm.JSON) {
	if !s.limits.AllRequired && !s.limits.SomeRequired {
		return
	}
	properties := wire.Get(v, "properties")
	if !wire.IsObject(properties) {
		return
	}
	required, n := wire.TextSet(wire.Get(v, "required")), 0
	first := ""
	for f := wire.NewFields(properties); f.Next(); {
		if n++; n == 1 {
			first = f.Name()
		}
		if !required[f.Name()] && s.limits.AllRequired {
			s.change(howFilled)
		}
	}
	if s.limits.SomeRequired && len(required) == 0 && n > 0 && wire.Get(v, "required") == nil {
		s.change(howFilled)
		s.w.Name("required")
		s.w.Array()
		s.w.String(first)
		s.w.EndArray()
	}
}

// merge is an object with the members of both; of those that both have that of
// over is taken.
func merge(under, over llm.JSON) llm.JSON {
	if !wire.IsObject(under) {
		under = nil
	}
	have := map[string]bool{}
	for f := wire.NewFields(over); f.Next(); {
		have[f.Name()] = true
	}
	if under != nil && len(have) == 0 {
		return under
	}
	return pick(pick(nil, under, func(name string) bool { return !have[name] }), over, nil)
}

// without is an object without a member.
func without(v llm.JSON, name string) llm.JSON {
	return pick(nil, v, func(other string) bool { return other != name })
}

// pick adds members of v to an object; nil is a new one, and all of them.
func pick(object, v llm.JSON, take func(name string) bool) llm.JSON {
	out := append(make(llm.JSON, 0, len(object)+len(v)+2), '{')
	if object != nil {
		out = append(out[:0], object[:len(object)-1]...)
	}
	for f := wire.NewFields(v); f.Next(); {
		if take != nil && !take(f.Name()) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(jsonscan.AppendQuote(out, f.Name()), ':')
		out = append(out, f.Value()...)
	}
	return append(out, '}')
}
