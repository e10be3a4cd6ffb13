package conform

import (
	"errors"
	"regexp"
	"regexp/syntax"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// work counts what a check does, and ends it when that gets too much: a small
// schema can ask for 2^n steps.
type work struct{ left int }

// spent is what work panics with. No caller sees it.
type spent struct{}

func (w *work) spend(n int) {
	if w.left -= n; w.left < 0 {
		panic(spent{})
	}
}

// stop makes an error of the end that spend put to it.
func (w *work) stop(err *error) {
	switch r := recover(); r.(type) {
	case nil:
	case spent:
		*err = ErrBeyond
	default:
		panic(r)
	}
}

// step counts the visits of one object of the schema; it implements
// jsonschema.SchemaExt.
type step struct {
	work *work
	cost int
}

// step is called for each object of a schema.
func (w *work) step(_ *jsonschema.CompilerContext, object map[string]any) (jsonschema.SchemaExt, error) {
	w.spend(1 + len(object))
	cost := 1 + len(object)
	for _, v := range object {
		switch v := v.(type) {
		case []any:
			cost += len(v)
		case map[string]any:
			cost += len(v)
		}
	}
	return step{work: w, cost: cost}, nil
}

// Validate implements jsonschema.SchemaExt.
func (s step) Validate(_ *jsonschema.ValidatorContext, v any) {
	s.work.spend(s.cost)
	switch v := v.(type) {
	case []any:
		s.work.spend(len(v))
	case map[string]any:
		s.work.spend(len(v))
	case string:
		s.work.spend(len(v) / 64)
	}
}

// maxPattern is how many steps of its machine a pattern may have.
const maxPattern = 4096

var errPattern = errors.New("a pattern is too large")

// pattern is an expression whose matches are counted; it implements
// jsonschema.Regexp.
type pattern struct {
	*regexp.Regexp
	work *work
	cost int
}

func (w *work) pattern(text string) (jsonschema.Regexp, error) {
	w.spend(len(text))
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	cost := steps(tree)
	if cost > maxPattern {
		return nil, errPattern
	}
	w.spend(cost)
	re, err := regexp.Compile(text)
	return pattern{re, w, cost}, err
}

// steps is about how many an expression's machine has.
func steps(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		n = min(n+steps(sub), maxPattern+1)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Max, re.Min, 1)
	}
	return min(n, maxPattern+1)
}

// MatchString implements jsonschema.Regexp.
func (p pattern) MatchString(s string) bool {
	p.work.spend(1 + len(s)*p.cost/64)
	return p.Regexp.MatchString(s)
}
