package cors

import (
	"fmt"
	"regexp"
	"strings"
)

// origins decides which origin an answer is for. It is built once.
type origins struct {
	all    bool   // any origin: *
	star   bool   // * is one of several: any origin, but the answer varies
	single string // the only entry, if it is plain: sent to everybody
	list   []entry
}

// entry is one of several allowed origins: a plain one, or a pattern for the
// host or the whole.
type entry struct {
	plain   string
	pattern *regexp.Regexp
	byHost  bool
}

func newOrigins(list []string) (origins, error) {
	switch {
	case len(list) == 0, len(list) == 1 && list[0] == "*":
		return origins{all: true}, nil
	case len(list) == 1 && plain(list[0]):
		return origins{single: list[0]}, nil
	}
	var o origins
	for _, s := range list {
		switch {
		case s == "*":
			o.star = true
		case plain(s):
			o.list = append(o.list, entry{plain: parseOrigin(s).text})
		default:
			re, err := compile(s)
			if err != nil {
				return origins{}, fmt.Errorf("origins: %q: %w", s, err)
			}
			o.list = append(o.list, entry{pattern: re, byHost: !strings.Contains(s, ":")})
		}
	}
	return o, nil
}

// plain tells a plain origin from a regular expression.
func plain(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case c == '.', c == ':', c == '/', c == '-':
		default:
			return false
		}
	}
	return true
}

// compile anchors an expression at both ends; anchors of the user's own do no
// harm.
func compile(s string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(s); err != nil {
		return nil, err
	}
	return regexp.Compile(`\A(?:` + s + `)\z`)
}

func checkOrigin(s string) string {
	if s == "*" || plain(s) {
		return ""
	}
	if _, err := compile(s); err != nil {
		return "'" + s + "' is not a valid regex"
	}
	return ""
}

// match returns the origin to allow (* for all, "" for none) and whether the
// answer depends on the caller's, which is "" when it sent none.
func (o *origins) match(origin string) (allowed string, varies bool) {
	switch {
	case o.all:
		return "*", false
	case o.single != "":
		return o.single, true
	case origin == "":
		return "", true
	case o.star:
		return "*", true
	}
	got := parseOrigin(origin)
	for i := range o.list {
		if o.list[i].matches(got) {
			return got.text, true
		}
	}
	return "", true
}

func (e *entry) matches(o parsed) bool {
	switch {
	case e.pattern == nil:
		return e.plain == o.text
	case e.byHost:
		return e.pattern.MatchString(o.host)
	}
	return e.pattern.MatchString(o.text)
}

// parsed is an origin as it is compared: without the default port, and without
// what does not belong into an origin.
type parsed struct {
	text, host string
}

func parseOrigin(s string) parsed {
	scheme, rest, ok := strings.Cut(s, "//")
	if !ok || scheme != "" && !strings.HasSuffix(scheme, ":") {
		return parsed{s, s} // "null", or a bare host name
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		authority = authority[i+1:]
	}
	if authority == "" {
		return parsed{s, s}
	}
	host := authority
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.Contains(authority[i:], "]") {
		host = authority[:i]
		port := authority[i+1:]
		if port == "" || scheme == "http:" && port == "80" || scheme == "https:" && port == "443" {
			authority = host
		}
	}
	text := s
	switch {
	case scheme == "":
		text = authority
	case len(scheme)+len("//")+len(authority) != len(s):
		text = scheme + "//" + authority
	}
	return parsed{text, strings.Trim(host, "[]")}
}
