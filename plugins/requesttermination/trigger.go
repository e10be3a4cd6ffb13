package requesttermination

import (
	"net/url"
	"strings"

	"github.com/sluice-gateway/sluice/flow"
)

// triggered tells whether the request has a header or query argument called
// name, with whatever value. An underscore in name stands for a hyphen too.
func triggered(ex *flow.Exchange, name string) bool {
	h := ex.Out.Header
	if h.Has(name) || strings.Contains(name, "_") && h.Has(strings.ReplaceAll(name, "_", "-")) {
		return true
	}
	for arg := range strings.SplitSeq(ex.Out.Query, "&") {
		if n, _, _ := strings.Cut(arg, "="); n != "" && unescape(n) == name {
			return true
		}
	}
	return false
}

// argsOf turns a query string or form into values; an argument without an
// equals sign is true.
func argsOf(args string) map[string]any {
	m := map[string]any{}
	for arg := range strings.SplitSeq(args, "&") {
		name, value, ok := strings.Cut(arg, "=")
		switch {
		case name == "":
		case ok:
			collect(m, unescape(name), unescape(value))
		default:
			collect(m, unescape(name), true)
		}
	}
	return m
}

// unescape leaves alone what is wrongly escaped.
func unescape(s string) string {
	if t, err := url.QueryUnescape(s); err == nil {
		return t
	}
	return s
}
