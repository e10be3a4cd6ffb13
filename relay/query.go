package relay

import (
	"net/url"
	"strings"
)

// paramName is the decoded name of one part of a query string.
func paramName(part string) string {
	name, _, _ := strings.Cut(part, "=")
	if strings.ContainsAny(name, "%+") {
		if plain, err := url.QueryUnescape(name); err == nil {
			return plain
		}
	}
	return name
}

func encodeParam(name, value string) string {
	return url.QueryEscape(name) + "=" + url.QueryEscape(value)
}
