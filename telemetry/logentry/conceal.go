package logentry

import (
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
	"github.com/sluice-gateway/sluice/internal/percent"
)

// redacted stands in the place of what must not be seen.
const redacted = "REDACTED"

// concealed tells whether a header field holds a key.
func concealed(ex *flow.Exchange, field string) bool {
	for _, name := range ex.Concealed() {
		if len(name) == len(field) && header.Alike(name, field) {
			return true
		}
	}
	return false
}

// Target is a request target, path and query, without the keys in it.
func Target(ex *flow.Exchange, target string) string {
	path, query, _ := strings.Cut(target, "?")
	if shown := withoutKeys(ex, query); shown != query {
		return path + "?" + shown
	}
	return target
}

// withoutKeys is a query without the keys in it: query itself when it has none.
func withoutKeys(ex *flow.Exchange, query string) string {
	if len(ex.Concealed()) == 0 {
		return query
	}
	for part := range strings.SplitSeq(query, "&") {
		if isKey(ex, part) {
			return redactKeys(ex, query)
		}
	}
	return query
}

func redactKeys(ex *flow.Exchange, query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		if isKey(ex, part) {
			name, _, _ := strings.Cut(part, "=")
			parts[i] = name + "=" + redacted
		}
	}
	return strings.Join(parts, "&")
}

// isKey tells whether a part of a query has a key for its value.
func isKey(ex *flow.Exchange, part string) bool {
	name, _, valued := strings.Cut(part, "=")
	return valued && slices.ContainsFunc(ex.Concealed(), func(key string) bool { return percent.FormEqual(name, key) })
}
