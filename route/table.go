// Package route finds the route of a request: the router flavour
// traditional_compatible of the contract.
//
// It is where an exchange goes after the rewrite step and before its plan is
// known. Routes are put into an immutable Table when the configuration is
// loaded; a request asks the table and gets the place of its route, the
// normalized path and what a stripped prefix would be. What follows from the
// paths alone lives here too: the path that goes upstream, the forwarded
// prefix, and whether the route wants TLS, HTTP/2 or gRPC first.
//
// route must not validate entities (that is config's business), know plugins
// or plans, read a clock, or keep state between requests.
package route

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/header"
)

// Entry is one route to put into the table. Routes of disabled services are
// left out by the caller; stream routes are ignored.
type Entry struct {
	// Route is never nil.
	Route *config.Route
	// Service is nil for a route without one.
	Service *config.Service
}

// Query is what routing looks at.
type Query struct {
	// Scheme of the request: "https", "grpcs" and "wss" say the same as TLS.
	// It may be left out.
	Scheme string
	// Method as received.
	Method string
	// Host header as received: it may carry a port; empty when there is none.
	Host string
	// Path is the raw request target as received. A query is ignored.
	Path string
	// Header of the request.
	Header header.Header
	// SNI of the TLS handshake, empty when there was none.
	SNI string
	// TLS tells that the request came over TLS.
	TLS bool
	// ListenerPort is the port that counts when Host has none.
	ListenerPort int
}

// Match is the route that was found.
type Match struct {
	// Index is the place of the route in the entries given to Build.
	Index int
	// Path is the normalized path of the request. It may hold any byte.
	Path string
	// Prefix is what strip_path would remove: the matched prefix, or all that
	// the regular expression matched. It is empty for a route without paths.
	Prefix string

	protocols protocolSet
	pattern   *pattern
	groups    []int
}

// Table is an immutable set of routes. It may be used by many goroutines.
type Table struct {
	ways     []way
	index    index
	patterns patternCache
	size     int
}

// way is one path of a route (or the one way into a route without paths).
// The ways of a table stand in the order in which they are tried.
type way struct {
	rule    *rule
	path    string
	pattern *pattern
}

// Build makes a table. Every regular expression that does not compile is
// reported, with its route and path; errors are joined.
func Build(entries []Entry) (*Table, error) { return BuildFrom(nil, entries) }

// BuildFrom is Build that takes over the compiled regular expressions of an
// earlier table. prev may be nil; it is not changed.
func BuildFrom(prev *Table, entries []Entry) (*Table, error) {
	b := builder{patterns: patternCache{}}
	if prev != nil {
		b.older = prev.patterns
	}
	for i, e := range entries {
		if isStream(e.Route.Protocols) {
			continue
		}
		b.add(i, e.Route)
	}
	if len(b.problems) > 0 {
		return nil, errors.Join(b.problems...)
	}
	return b.table(len(entries)), nil
}

// Len is the number of entries the table was built from.
func (t *Table) Len() int { return t.size }

// Match finds the route of a request. It does not allocate when the winner is
// a route without regular expressions, the path is already normalized and the
// host is written in lower case.
func (t *Table) Match(q *Query) (Match, bool) {
	rq := newRequest(q)
	best := t.index.search(t.ways, &rq)
	if best.way == none {
		return Match{}, false
	}
	w := &t.ways[best.way]
	m := Match{
		Index:     w.rule.entry,
		Path:      rq.path,
		Prefix:    w.path,
		protocols: w.rule.protocols,
	}
	if w.pattern != nil {
		m.pattern, m.groups = w.pattern, best.groups
		m.Prefix = rq.path[:best.groups[1]]
	}
	return m, true
}

// builder collects what becomes a table.
type builder struct {
	older    patternCache
	patterns patternCache
	drafts   []draft
	problems []error
}

// draft is a variant of a route that waits to be put in order.
type draft struct {
	variant
	rule     *rule
	priority uint64
}

func (b *builder) add(entry int, r *config.Route) {
	ru, err := b.rule(entry, r)
	if err != nil {
		b.problems = append(b.problems, err)
	}
	for _, v := range variants(r) {
		b.drafts = append(b.drafts, draft{v, ru, priority(r, v.paths)})
		for _, p := range v.paths {
			if _, err := b.pathPattern(p); err != nil {
				b.problems = append(b.problems, fmt.Errorf("%s: path %s: invalid regex: %w", label(r), p, err))
			}
		}
	}
}

// label names a route for people.
func label(r *config.Route) string {
	if r.Name != "" {
		return "route " + r.Name
	}
	return "route " + r.ID
}

// table puts the drafts in order: higher priority first, then higher id.
func (b *builder) table(size int) *Table {
	slices.SortStableFunc(b.drafts, func(x, y draft) int {
		if c := cmp.Compare(y.priority, x.priority); c != 0 {
			return c
		}
		return strings.Compare(y.id, x.id)
	})
	t := &Table{patterns: b.patterns, size: size}
	f := newFiler()
	for _, d := range b.drafts {
		for _, w := range b.ways(&d) {
			f.file(len(t.ways), &w)
			t.ways = append(t.ways, w)
		}
	}
	t.index = f.index()
	return t
}

func (b *builder) ways(d *draft) []way {
	if len(d.paths) == 0 {
		return []way{{rule: d.rule}}
	}
	out := make([]way, len(d.paths))
	for i, p := range d.paths {
		// Errors were reported by add, which ran before.
		pat, _ := b.pathPattern(p)
		out[i] = way{rule: d.rule, path: p, pattern: pat}
	}
	return out
}
