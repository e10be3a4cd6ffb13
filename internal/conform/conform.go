// Package conform tells whether JSON documents keep to a JSON schema, both of
// which strangers wrote. It is the one place that names the library which
// knows the drafts.
//
// Nothing is ever fetched, and the work is bounded: what would take more ends
// with ErrBeyond.
package conform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// ErrBeyond is a schema or document that takes too much to check.
var ErrBeyond = errors.New("too much to check")

const (
	// maxSchema and maxDocument are how long they may be.
	maxSchema   = 128 << 10
	maxDocument = 1 << 20
	// maxWork is how many steps a check may take.
	maxWork = 1 << 17
	// maxCompared is how many comparisons with listed values it may take.
	maxCompared = 1 << 20
	// maxDigits is how long a number may be, and how large its exponent.
	maxDigits   = 64
	maxExponent = 400
)

// Schema is a compiled schema. It is for one goroutine.
type Schema struct {
	compiled *jsonschema.Schema
	work     *work
	lists    int // the longest list of values in it
}

const (
	place = "sluice:///schema"
	extra = "sluice:///work"
)

// Compile reads a schema: of draft 2020-12, unless it names another.
func Compile(schema []byte) (s *Schema, err error) {
	if len(schema) > maxSchema {
		return nil, ErrBeyond
	}
	tree, err := read(schema)
	if err != nil {
		return nil, err
	}
	w := &work{left: maxWork}
	defer w.stop(&err)
	c := jsonschema.NewCompiler()
	c.UseLoader(nowhere{})
	c.UseRegexpEngine(w.pattern)
	c.RegisterVocabulary(&jsonschema.Vocabulary{URL: extra, Compile: w.step})
	c.AssertVocabs()
	if err := c.AddResource(place, tree); err != nil {
		return nil, err
	}
	compiled, err := c.Compile(place)
	if err != nil {
		return nil, err
	}
	return &Schema{compiled: compiled, work: w, lists: longest(tree)}, nil
}

// Check tells where a document does not keep to the schema, as a JSON pointer;
// ok is true if it does. A text that is no JSON does not.
func (s *Schema) Check(document []byte) (at string, ok bool, err error) {
	if len(document) > maxDocument {
		return "", false, ErrBeyond
	}
	tree, err := read(document)
	if err != nil && !errors.Is(err, ErrBeyond) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	if size(tree)*s.lists > maxCompared {
		return "", false, ErrBeyond
	}
	s.work.left = maxWork
	defer s.work.stop(&err)
	bad := s.compiled.Validate(tree)
	if bad == nil {
		return "", true, nil
	}
	if v, is := errors.AsType[*jsonschema.ValidationError](bad); is {
		return pointer(first(v).InstanceLocation), false, nil
	}
	return "", false, bad
}

// first is the failure that a list of failures begins with. One of
// alternatives is none: all of them failed.
func first(v *jsonschema.ValidationError) *jsonschema.ValidationError {
	for len(v.Causes) > 0 {
		switch v.ErrorKind.(type) {
		case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
			v = v.Causes[0]
		default:
			return v
		}
	}
	return v
}

func pointer(steps []string) string {
	var b strings.Builder
	for _, s := range steps {
		b.WriteByte('/')
		b.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(s))
	}
	return b.String()
}

// read makes a tree of a text. Numbers that take long to reckon with are
// refused.
func read(text []byte) (any, error) {
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return tree, numbers(tree)
}

func numbers(v any) error {
	switch v := v.(type) {
	case json.Number:
		if !handy(string(v)) {
			return ErrBeyond
		}
	case []any:
		for _, e := range v {
			if err := numbers(e); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, e := range v {
			if err := numbers(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func handy(number string) bool {
	if len(number) > maxDigits {
		return false
	}
	i := strings.IndexAny(number, "eE")
	if i < 0 {
		return true
	}
	exponent := 0
	for _, c := range strings.TrimLeft(number[i+1:], "+-") {
		if exponent = exponent*10 + int(c-'0'); exponent > maxExponent {
			return false
		}
	}
	return true
}

// size counts the values and names in a tree.
func size(v any) int {
	n := 1
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			n += size(e)
		}
	case map[string]any:
		for _, e := range v {
			n += 1 + size(e)
		}
	}
	return n
}

// longest is the length of the longest enum in a schema, and at least 1.
func longest(v any) int {
	n := 1
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			n = max(n, longest(e))
		}
	case map[string]any:
		if list, ok := v["enum"].([]any); ok {
			n = size(list)
		}
		for _, e := range v {
			n = max(n, longest(e))
		}
	}
	return n
}

// nowhere has nothing to load.
type nowhere struct{}

// Load implements jsonschema.URLLoader.
func (nowhere) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s: not in the schema", url)
}
