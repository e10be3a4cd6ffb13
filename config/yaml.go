package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// parseYAML reads one YAML document into a tree of plain values; a text
// without any is null.
func parseYAML(data []byte) (any, error) {
	if tree, ok := parseInPieces(data); ok {
		return tree, nil
	}
	return newTreeMaker().read(bytes.NewReader(data))
}

// read is parseYAML for a text that is read as one.
func (t *treeMaker) read(text io.Reader) (any, error) {
	loader, err := yaml.NewLoader(text, yaml.WithPlugin(loaderlimits.New()))
	if err != nil {
		return nil, yamlFailure(err)
	}
	var root, second yaml.Node
	switch err := loader.Load(&root); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, yamlFailure(err)
	}
	switch err := loader.Load(&second); {
	case err == nil:
		return nil, at(&second, "a second document is not allowed")
	case !errors.Is(err, io.EOF):
		return nil, yamlFailure(err)
	}
	return t.value(&root, 0)
}

func yamlFailure(err error) error {
	if le, ok := errors.AsType[*yaml.LoadError](err); ok {
		return &ParseError{Line: le.Mark.Line, Reason: strings.TrimSpace(le.Message)}
	}
	return &ParseError{Reason: err.Error()}
}

// treeMaker turns YAML nodes into plain values.
type treeMaker struct {
	anchors map[*yaml.Node]*anchored
	names   map[string]string
	nodes   int
}

func newTreeMaker() *treeMaker {
	return &treeMaker{anchors: map[*yaml.Node]*anchored{}, names: make(map[string]string, 64)}
}

// anchored is the value of an anchor, shared by its aliases.
type anchored struct {
	value any
	nodes int
	open  bool // still being made: an alias to it would never end
}

func (t *treeMaker) value(n *yaml.Node, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, at(n, fmt.Sprintf("nested deeper than %d levels", MaxDepth))
	}
	if t.nodes++; t.nodes > maxNodes {
		return nil, at(n, "too many values")
	}
	if n.Anchor != "" {
		return t.anchor(n, depth)
	}
	return t.plain(n, depth)
}

func at(n *yaml.Node, reason string) error { return &ParseError{Line: n.Line, Reason: reason} }

func (t *treeMaker) anchor(n *yaml.Node, depth int) (any, error) {
	a := &anchored{open: true}
	t.anchors[n] = a
	before := t.nodes
	v, err := t.plain(n, depth)
	a.value, a.nodes, a.open = v, t.nodes-before+1, false
	return v, err
}

func (t *treeMaker) plain(n *yaml.Node, depth int) (any, error) {
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) == 0 {
			return nil, nil
		}
		return t.value(n.Content[0], depth)
	case yaml.MappingNode:
		return t.mapping(n, depth)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			v, err := t.value(c, depth+1)
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	case yaml.AliasNode:
		return t.alias(n)
	case yaml.ScalarNode:
		return scalar(n)
	case yaml.StreamNode: // only a reader of whole streams makes one
	}
	return nil, nil
}

func (t *treeMaker) alias(n *yaml.Node) (any, error) {
	a := t.anchors[n.Alias]
	if a == nil || a.open {
		return nil, at(n, "anchor '"+n.Value+"' value contains itself")
	}
	if t.nodes += a.nodes; t.nodes > maxNodes {
		return nil, at(n, "too many values")
	}
	return a.value, nil
}

func (t *treeMaker) mapping(n *yaml.Node, depth int) (any, error) {
	m := make(map[string]any, len(n.Content)/2)
	var merges []any
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		v, err := t.value(val, depth+1)
		if err != nil {
			return nil, err
		}
		if key.Value == "<<" && key.ShortTag() == "!!merge" {
			if merges, err = mergeSources(val, v, merges); err != nil {
				return nil, err
			}
			continue
		}
		name, err := t.key(key)
		if err != nil {
			return nil, err
		}
		if _, twice := m[name]; twice {
			return nil, at(key, fmt.Sprintf("mapping key %q already defined", name))
		}
		m[name] = v
	}
	for _, src := range merges {
		for k, v := range src.(map[string]any) {
			if _, own := m[k]; !own {
				m[k] = v
			}
		}
	}
	return m, nil
}

// mergeSources lists the mappings that a merge key names, the strongest
// first.
func mergeSources(n *yaml.Node, v any, merges []any) ([]any, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, src := range list {
		if _, isMap := src.(map[string]any); !isMap {
			return nil, at(n, "map merge requires map or sequence of maps as the value")
		}
	}
	return append(merges, list...), nil
}

// key is the text of a mapping key; other scalars are taken by their text.
func (t *treeMaker) key(n *yaml.Node) (string, error) {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		return "", at(n, "a mapping key must be a text")
	}
	if have, ok := t.names[n.Value]; ok {
		return have, nil
	}
	if len(t.names) < 4096 {
		t.names[n.Value] = n.Value
	}
	return n.Value, nil
}

// scalar gives the value of a scalar by YAML 1.2's core schema. A date stays
// a text.
func scalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!int":
		return yamlInt(n)
	case "!!float":
		return yamlFloat(n)
	}
	return n.Value, nil
}

func yamlInt(n *yaml.Node) (any, error) {
	text := strings.ReplaceAll(n.Value, "_", "")
	if i, err := strconv.ParseInt(text, 0, 64); err == nil && !legacyOctal(text) {
		return i, nil
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i, nil
	}
	return yamlFloat(n)
}

// legacyOctal: 010 is ten in YAML 1.2 and eight in Go.
func legacyOctal(s string) bool {
	s = strings.TrimLeft(s, "+-")
	return len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9'
}

func yamlFloat(n *yaml.Node) (any, error) {
	f, err := strconv.ParseFloat(strings.ReplaceAll(n.Value, "_", ""), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, at(n, "number out of range: "+n.Value)
	}
	return f, nil
}
