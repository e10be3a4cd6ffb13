package admin

import (
	"net/url"
	"slices"
	"strings"
)

// endpoint is a path pattern and what it answers. A segment in braces matches
// any one segment and names it.
type endpoint struct {
	pattern string
	methods methods
}

// table finds endpoints by path. A literal segment beats a named one.
type table struct {
	root     node
	patterns []string
}

type node struct {
	literal map[string]*node
	named   *node
	// names of the braces on the way here, in order.
	names   []string
	methods methods
}

func newTable(list []endpoint) *table {
	t := &table{}
	for _, e := range list {
		t.add(e)
	}
	// Sorted segment by segment, so that /a/b comes before /a-b.
	slices.SortFunc(t.patterns, func(a, b string) int {
		return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
	})
	return t
}

// add enters an endpoint. A pattern given twice is a programmer's error.
func (t *table) add(e endpoint) {
	at, names := &t.root, []string(nil)
	for _, s := range segments(e.pattern) {
		if name, ok := strings.CutPrefix(s, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
			if at.named == nil {
				at.named = &node{}
			}
			at = at.named
			continue
		}
		if at.literal == nil {
			at.literal = map[string]*node{}
		}
		if at.literal[s] == nil {
			at.literal[s] = &node{}
		}
		at = at.literal[s]
	}
	if at.methods != nil {
		panic("admin: " + e.pattern + " is there twice")
	}
	at.methods, at.names = e.methods, names
	t.patterns = append(t.patterns, e.pattern)
}

// segments splits a path; slashes at its end do not count.
func segments(path string) []string {
	path = strings.TrimRight(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// find looks an escaped path up.
func (t *table) find(path string) (m methods, params map[string]string, found bool) {
	if !strings.HasPrefix(path, "/") {
		return nil, nil, false
	}
	parts := segments(path)
	for i, p := range parts {
		s, err := url.PathUnescape(p)
		if err != nil || s == "" {
			return nil, nil, false
		}
		parts[i] = s
	}
	values := make([]string, 0, 4)
	n, values := t.root.find(parts, values)
	if n == nil {
		return nil, nil, false
	}
	params = make(map[string]string, len(values))
	for i, name := range n.names {
		params[name] = values[i]
	}
	return n.methods, params, true
}

func (n *node) find(parts, values []string) (*node, []string) {
	if len(parts) == 0 {
		if n.methods == nil {
			return nil, nil
		}
		return n, values
	}
	if next := n.literal[parts[0]]; next != nil {
		if hit, v := next.find(parts[1:], values); hit != nil {
			return hit, v
		}
	}
	if n.named == nil {
		return nil, nil
	}
	return n.named.find(parts[1:], append(values, parts[0]))
}
