// Package jsonv2 is the one place that names the JSON library, so that the
// move to the standard library's encoding/json/v2 is a change of one file.
//
// It turns JSON text into a tree of plain values and writes strings and
// numbers back. It is for configuration and the Admin API; bodies on the path
// belong to package jsonscan.
package jsonv2

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep a document may nest.
const MaxDepth = 200

// SyntaxError tells where a text stops being JSON.
type SyntaxError struct {
	// Line counts from 1.
	Line int
	// Reason, without the place.
	Reason string
	// Refused: the text is JSON, but a number or its depth is beyond limits.
	Refused bool
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return "line " + strconv.Itoa(e.Line) + ": " + e.Reason
}

// Parse reads exactly one JSON value. Objects become map[string]any, arrays
// []any, numbers int64 when they are written as integers and fit, else
// float64. Duplicate names, bad UTF-8 and trailing data are errors.
func Parse(data []byte) (any, error) {
	p := parser{dec: jsontext.NewDecoder(bytes.NewReader(data)), names: make(map[string]string, 64)}
	v, err := p.value(0)
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return nil, syntaxError(data, p.dec, err)
	}
	return v, nil
}

type parser struct {
	dec   *jsontext.Decoder
	names map[string]string
}

var errTrailing = errors.New("unexpected data after the document")

func (p *parser) end() error {
	if _, err := p.dec.ReadToken(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errTrailing
		}
		return err
	}
	return nil
}

func (p *parser) value(depth int) (any, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("nested deeper than %d levels", MaxDepth)
	}
	tok, err := p.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch tok.Kind() { //nolint:exhaustive // what is left is null: the reader checks where ends stand
	case '{':
		return p.object(depth)
	case '[':
		return p.array(depth)
	case '"':
		return tok.String(), nil
	case '0':
		return Number(tok.String())
	case 't', 'f':
		return tok.Bool(), nil
	default:
		return nil, nil
	}
}

func (p *parser) object(depth int) (any, error) {
	m := make(map[string]any)
	for p.dec.PeekKind() != '}' {
		tok, err := p.dec.ReadToken()
		if err != nil {
			return nil, err
		}
		if m[p.intern(tok.String())], err = p.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := p.dec.ReadToken()
	return m, err
}

func (p *parser) array(depth int) (any, error) {
	list := []any{}
	for p.dec.PeekKind() != ']' {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := p.dec.ReadToken()
	return list, err
}

// intern keeps one copy of each member name: a document repeats few names
// very often.
func (p *parser) intern(name string) string {
	if have, ok := p.names[name]; ok {
		return have
	}
	if len(p.names) < 4096 {
		p.names[name] = name
	}
	return name
}

// Number gives the value of a JSON number: int64 when it is written as an
// integer and fits, else float64.
func Number(text string) (any, error) {
	if !strings.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return nil, errors.New("number out of range: " + text)
	}
	return f, nil
}

func syntaxError(data []byte, dec *jsontext.Decoder, err error) error {
	at := dec.InputOffset()
	reason, refused := err.Error(), true
	if syn, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at, reason, refused = syn.ByteOffset, syn.Err.Error(), false
		if strings.Contains(reason, "duplicate") && syn.JSONPointer != "" {
			reason += " " + string(syn.JSONPointer)
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		reason, refused = "unexpected end of text", false
	}
	at = min(at, int64(len(data)))
	return &SyntaxError{Line: 1 + bytes.Count(data[:at], []byte{'\n'}), Reason: reason, Refused: refused}
}

// AppendString appends s as a JSON string. Bad UTF-8 is replaced.
func AppendString(dst []byte, s string) []byte {
	out, err := jsontext.AppendQuote(dst, s)
	if err != nil {
		out, _ = jsontext.AppendQuote(dst, strings.ToValidUTF8(s, "\uFFFD"))
	}
	return out
}

// AppendFloat appends f as JSON, as an integer when it is whole.
func AppendFloat(dst []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.AppendInt(dst, int64(f), 10)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}
