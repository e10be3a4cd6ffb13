package fit

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Sizes are how large schemas may be that an API takes.
type Sizes struct {
	// Properties of all objects together, and how deep they may be nested.
	Properties, Depth int
	// Names is how long those of properties and definitions may be together,
	// with the texts of enums and consts. Values is how many those of enums are.
	Names, Values int
	// Where one enum has more than Many, its texts are at most ManyLength long.
	Many, ManyLength int
}

// take tells whether a schema is small enough.
func (l *Sizes) take(v llm.JSON) bool {
	if l == nil {
		return true
	}
	m := measured{limits: l}
	m.schema(v, 0)
	return !m.beyond && m.properties <= l.Properties && m.names <= l.Names && m.values <= l.Values
}

// measured is what there is of a schema.
type measured struct {
	limits                    *Sizes
	properties, names, values int
	beyond                    bool
	nested                    int
}

// schema measures a schema within depth objects and arrays.
func (m *measured) schema(v llm.JSON, depth int) {
	m.nested++
	defer func() { m.nested-- }()
	if m.beyond = m.beyond || depth > m.limits.Depth || m.nested > maxNested; m.beyond {
		return
	}
	for f := wire.NewFields(v); f.Next(); {
		m.keyword(f.Name(), f.Value(), depth)
	}
}

func (m *measured) keyword(name string, v llm.JSON, depth int) {
	switch name {
	case "enum":
		m.enum(v)
		return
	case "const":
		m.names += len(wire.TextBytes(v))
		return
	}
	switch nestingOf(name) {
	case nothing:
	case named:
		m.named(name, v, depth)
	case one:
		if name == "items" || name == "prefixItems" {
			depth++
		}
		if !wire.IsArray(v) {
			m.schema(v, depth)
			return
		}
		items := wire.Items(v)
		for item, ok := items.Next(); ok; item, ok = items.Next() {
			m.schema(item, depth)
		}
	}
}

func (m *measured) named(name string, v llm.JSON, depth int) {
	switch name {
	case "properties":
		depth++
	case "$defs", "definitions":
		depth = 0
	}
	for f := wire.NewFields(v); f.Next(); {
		if m.names += len(f.Name()); name == "properties" {
			m.properties++
		}
		m.schema(f.Value(), depth)
	}
}

func (m *measured) enum(list llm.JSON) {
	n, length := 0, 0
	items := wire.Items(list)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		n++
		length += len(wire.TextBytes(v))
	}
	m.values += n
	m.names += length
	m.beyond = m.beyond || n > m.limits.Many && length > m.limits.ManyLength
}
