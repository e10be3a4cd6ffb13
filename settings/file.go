package settings

import (
	"fmt"
	"strings"
)

// line is one assignment of a settings file.
type line struct {
	key, value string
	number     int
}

// parseFile reads "key = value" lines. # begins a comment unless it is written
// \#; quotes around a value are dropped.
func parseFile(text string) (lines []line, problems []Problem) {
	n := 0
	for raw := range strings.Lines(strings.TrimPrefix(text, "\uFEFF")) {
		n++
		content := strings.TrimSpace(uncomment(raw))
		if content == "" {
			continue
		}
		key, value, ok := strings.Cut(content, "=")
		key = strings.TrimSpace(key)
		if !ok || key == "" || strings.ContainsAny(key, " \t") {
			problems = append(problems, Problem{Origin: fmt.Sprintf("line %d", n), Message: "must be key = value, or a comment after #"})
			continue
		}
		lines = append(lines, line{key, unquote(strings.TrimSpace(value)), n})
	}
	return lines, problems
}

// uncomment cuts a line at the first # that is not escaped.
func uncomment(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '#':
			return out.String()
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '#':
			i++
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}
