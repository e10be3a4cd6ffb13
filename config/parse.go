package config

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/sluice-gateway/sluice/internal/jsonv2"
)

// Limits of a document's text. They are far beyond any real document; they
// keep a hostile one from taking the machine.
const (
	// MaxText is the longest text that Parse reads, in bytes.
	MaxText = 512 << 20
	// MaxDepth is how deep a text may nest.
	MaxDepth = jsonv2.MaxDepth
	// maxNodes is how many values a text may have, aliases counted in full.
	maxNodes = 50_000_000
)

// ParseError tells where a text is neither JSON nor YAML.
type ParseError struct {
	// Line counts from 1; 0 when it is not known.
	Line int
	// Reason, without the place.
	Reason string
}

// Error implements error.
func (e *ParseError) Error() string {
	if e.Line == 0 {
		return e.Reason
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
}

// Parse reads a declarative text, as JSON first and then as YAML, into a tree
// of plain values: map[string]any, []any, string, int64, float64, bool, nil.
// Integers stay integers; YAML's anchors and merge keys are applied; duplicate
// keys are errors, and so is a second document. The parts of the tree that
// aliases share must not be changed. A failure is a *ParseError.
func Parse(data []byte) (any, error) {
	if len(data) > MaxText {
		return nil, &ParseError{Reason: fmt.Sprintf("longer than %d bytes", MaxText)}
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	text := bytes.TrimLeft(data, " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return parseYAML(data)
	}
	v, err := jsonv2.Parse(data)
	if err == nil {
		return v, nil
	}
	// YAML in braces is not JSON: take it when it is right. When it is not,
	// what is wrong with it as JSON says more.
	syn, _ := errors.AsType[*jsonv2.SyntaxError](err)
	if !syn.Refused {
		if w, yerr := parseYAML(data); yerr == nil {
			return w, nil
		}
	}
	return nil, &ParseError{Line: syn.Line, Reason: syn.Reason}
}

// ParseAndLoad is Parse and then Load. The error is always a *DocumentError.
func ParseAndLoad(data []byte, o Options) (*Document, error) {
	tree, err := Parse(data)
	if err != nil {
		return nil, ParseFailed(err.Error())
	}
	return Load(tree, o)
}

// ParseFile reads a file from disk: decK's expressions are substituted, decK's
// keys honoured, and the rest is Parse and Load. lookup reads the environment.
// The error is always a *DocumentError.
func ParseFile(data []byte, o Options, lookup func(name string) (string, bool)) (*Document, error) {
	o.File = true
	text, err := Substitute(data, lookup)
	if err != nil {
		return nil, ParseFailed(err.Error())
	}
	return ParseAndLoad(text, o)
}
