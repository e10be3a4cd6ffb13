package config

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Substitute replaces decK's expressions in a text, such as
// ${{ env "DECK_TOKEN" }} or ${{ env "DECK_PORT" | toInt }}. The functions are
// env (names begin with DECK_), toBool, toInt, toFloat and indent; lookup
// reads the environment. A text without expressions comes back as it is.
func Substitute(text []byte, lookup func(name string) (string, bool)) ([]byte, error) {
	if !bytes.Contains(text, []byte("${{")) {
		return text, nil
	}
	out := make([]byte, 0, len(text))
	for rest := text; ; {
		before, after, found := bytes.Cut(rest, []byte("${{"))
		out = append(out, before...)
		if !found {
			return out, nil
		}
		line := 1 + bytes.Count(text[:len(text)-len(after)], []byte("\n"))
		expr, tail, closed := bytes.Cut(after, []byte("}}"))
		if !closed {
			return nil, &ParseError{Line: line, Reason: "'${{' is never closed by '}}'"}
		}
		value, err := evaluate(string(expr), lookup)
		if err != nil {
			return nil, &ParseError{Line: line, Reason: err.Error()}
		}
		out = append(out, value...)
		rest = tail
	}
}

// evaluate runs a pipeline: each part's result is the last argument of the
// next.
func evaluate(expr string, lookup func(string) (string, bool)) (string, error) {
	words, err := splitExpression(expr)
	if err != nil {
		return "", err
	}
	var value []string
	for len(words) > 0 {
		end := 0
		for end < len(words) && words[end] != "|" {
			end++
		}
		if end == 0 {
			return "", errors.New("an expression is empty")
		}
		s, err := call(words[0], append(words[1:end:end], value...), lookup)
		if err != nil {
			return "", err
		}
		value = []string{s}
		if words = words[end:]; len(words) > 0 {
			if words = words[1:]; len(words) == 0 {
				return "", errors.New("an expression is empty")
			}
		}
	}
	if value == nil {
		return "", errors.New("an expression is empty")
	}
	return value[0], nil
}

// splitExpression gives the words of an expression, quoted ones unquoted.
func splitExpression(s string) ([]string, error) {
	var words []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimLeft(s, " \t\r\n") {
		switch s[0] {
		case '"', '`':
			q, err := strconv.QuotedPrefix(s)
			if err != nil {
				return nil, errors.New("a quoted text has no end: " + s)
			}
			w, _ := strconv.Unquote(q)
			words, s = append(words, w), s[len(q):]
		case '|':
			words, s = append(words, "|"), s[1:]
		default:
			end := strings.IndexAny(s, " \t\r\n|\"`")
			if end < 0 {
				end = len(s)
			}
			words, s = append(words, s[:end]), s[end:]
		}
	}
	return words, nil
}

func call(name string, args []string, lookup func(string) (string, bool)) (string, error) {
	want := 1
	if name == "indent" {
		want = 2
	}
	switch name {
	case "env", "toBool", "toInt", "toFloat", "indent":
	default:
		return "", fmt.Errorf("function %q is not known: there are env, toBool, toInt, toFloat and indent", name)
	}
	if len(args) != want {
		return "", fmt.Errorf("%s takes %d argument(s), not %d", name, want, len(args))
	}
	last := args[want-1]
	switch name {
	case "env":
		return environment(last, lookup)
	case "toBool":
		b, err := strconv.ParseBool(last)
		return strconv.FormatBool(b), wrong(name, err)
	case "toInt":
		n, err := strconv.ParseInt(last, 10, 64)
		return strconv.FormatInt(n, 10), wrong(name, err)
	case "toFloat":
		f, err := strconv.ParseFloat(last, 64)
		return strconv.FormatFloat(f, 'g', -1, 64), wrong(name, err)
	}
	n, err := strconv.Atoi(args[0])
	if err != nil || n < 0 || n > 1000 {
		return "", fmt.Errorf("indent takes a number of spaces, not %q", args[0])
	}
	return strings.ReplaceAll(last, "\n", "\n"+strings.Repeat(" ", n)), nil
}

// wrong says which function failed, and not on which value: it may be secret.
func wrong(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: the value cannot be converted", name)
}

func environment(name string, lookup func(string) (string, bool)) (string, error) {
	if !strings.HasPrefix(name, "DECK_") {
		return "", fmt.Errorf("environment variables in the state file must be prefixed with 'DECK_', found: '%s'", name)
	}
	value, ok := lookup(name)
	if !ok {
		return "", fmt.Errorf("environment variable '%s' present in state file but not set", name)
	}
	return value, nil
}
