package route

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// pattern is a compiled regular expression.
type pattern struct {
	re *regexp.Regexp
	// literal is what every match of a path expression begins with.
	literal string
	// inner is the longest text known to be somewhere in every match. Looking
	// for it first is ten times as fast as the expression.
	inner string
}

// find runs a path expression; nil is no match.
func (p *pattern) find(path string) []int {
	if !strings.Contains(path, p.inner) {
		return nil
	}
	return p.re.FindStringSubmatchIndex(path)
}

// patternCache holds patterns by what the route says.
type patternCache map[patternKey]*pattern

// patternKey tells an expression for paths from one for values.
type patternKey struct {
	forPath bool
	text    string
}

// isRegex tells whether a path of a route is a regular expression.
func isRegex(path string) bool { return strings.HasPrefix(path, "~") }

// pathPattern compiles a path of a route; nil for a prefix. All alternatives
// are anchored: with only the first one anchored, as in the original, the
// text to strip would not stand at the start of the path.
func (b *builder) pathPattern(path string) (*pattern, error) {
	expr, ok := strings.CutPrefix(path, "~")
	if !ok {
		return nil, nil //nolint:nilnil // a prefix is no pattern and no error
	}
	return b.compile(patternKey{true, expr}, func() (*pattern, error) {
		// Parsed on its own first, so that nothing can close the group that
		// holds the anchor.
		tree, err := syntax.Parse(expr, syntax.Perl)
		if err != nil {
			return nil, err
		}
		re, err := regexp.Compile(`\A(?:` + expr + `)`)
		if err != nil {
			return nil, err
		}
		p := &pattern{re: re}
		p.literal, p.inner = literals(tree)
		return p, nil
	})
}

// valuePattern compiles an expression for the values of a header.
func (b *builder) valuePattern(value string) (*pattern, error) {
	return b.compile(patternKey{false, value}, func() (*pattern, error) {
		re, err := regexp.Compile(strings.TrimPrefix(value, "~*"))
		return &pattern{re: re}, err
	})
}

// compile asks both caches before it makes a pattern.
func (b *builder) compile(key patternKey, fresh func() (*pattern, error)) (*pattern, error) {
	if p, ok := b.patterns[key]; ok {
		return p, nil
	}
	p, ok := b.older[key]
	if !ok {
		var err error
		if p, err = fresh(); err != nil {
			return nil, err
		}
	}
	b.patterns[key] = p
	return p, nil
}

// literals finds the text that an expression asks for before anything else,
// and the longest it asks for anywhere.
func literals(tree *syntax.Regexp) (prefix, longest string) {
	parts := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpConcat {
		parts = tree.Sub
	}
	for i, part := range parts {
		text := literal(part)
		if i == 0 {
			prefix = text
		}
		if len(text) > len(longest) {
			longest = text
		}
	}
	return prefix, longest
}

// literal is the text an expression stands for, as far as it is fixed. The
// replacement character ends it, since that also matches any broken byte.
func literal(part *syntax.Regexp) string {
	if part.Op != syntax.OpLiteral || part.Flags&syntax.FoldCase != 0 {
		return ""
	}
	text := string(part.Rune)
	if at := strings.IndexRune(text, utf8.RuneError); at >= 0 {
		text = text[:at]
	}
	return text
}

// Captures is the number of groups of the regular expression that matched,
// without the whole match; 0 for other routes.
func (m *Match) Captures() int { return max(len(m.groups)/2-1, 0) }

// Capture returns the nth group of the regular expression that matched; 0 is
// the whole match. It is false for a group that took no part.
func (m *Match) Capture(n int) (string, bool) {
	if n < 0 || 2*n+1 >= len(m.groups) || m.groups[2*n] < 0 {
		return "", false
	}
	return m.Path[m.groups[2*n]:m.groups[2*n+1]], true
}

// CaptureNamed returns a named group of the regular expression that matched.
func (m *Match) CaptureNamed(name string) (string, bool) {
	if m.pattern == nil {
		return "", false
	}
	return m.Capture(m.pattern.re.SubexpIndex(name))
}

// CaptureName is the name of the nth group, "" when it has none.
func (m *Match) CaptureName(n int) string {
	if n < 1 || n > m.Captures() {
		return ""
	}
	return m.pattern.re.SubexpNames()[n]
}
