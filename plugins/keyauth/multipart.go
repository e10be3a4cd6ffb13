package keyauth

import (
	"bytes"
	"mime"
	"strings"
)

// boundary of a multipart body, "" when the type does not say.
func boundary(contentType string) string {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return params["boundary"]
}

// inParts finds a part by the name in its Content-Disposition.
func inParts(body []byte, boundary, name string) (string, outcome) {
	var value []byte
	st := absent
	parts := partWalk{body: body, delimiter: "--" + boundary}
	for parts.next() {
		if parts.name() != name {
			continue
		}
		if st != absent {
			return "", repeated
		}
		value, st = parts.content, text
	}
	return string(value), st
}

// withoutParts cuts the parts of that name out and leaves the others as they
// are, with their file names and types.
func withoutParts(body []byte, boundary, name string) ([]byte, bool) {
	var out []byte
	done := 0
	parts := partWalk{body: body, delimiter: "--" + boundary}
	for parts.next() {
		if parts.name() == name {
			out = append(out, body[done:parts.start]...)
			done = parts.end
		}
	}
	if done == 0 {
		return nil, false
	}
	return append(out, body[done:]...), true
}

// partWalk goes through the parts of a multipart body. A body that breaks off
// has no last part.
type partWalk struct {
	body      []byte
	delimiter string

	// The current part with the delimiter before it is body[start:end].
	start, end    int
	head, content []byte
	begun         bool
}

func (w *partWalk) next() bool {
	if !w.begun {
		w.begun = true
		w.end = w.find(0)
	}
	w.start = w.end
	if w.delimiter == "--" || w.start < 0 {
		return false
	}
	inner := w.start + len(w.delimiter)
	w.end = w.find(inner)
	if w.end < 0 || bytes.HasPrefix(w.body[inner:], []byte("--")) {
		return false
	}
	w.head, w.content = splitPart(w.body[inner:w.end])
	return true
}

// find looks for the next delimiter at the beginning of a line.
func (w *partWalk) find(from int) int {
	for {
		i := bytes.Index(w.body[from:], []byte(w.delimiter))
		if i < 0 {
			return -1
		}
		i += from
		if (i == 0 || w.body[i-1] == '\n') && delimits(w.body[i+len(w.delimiter):]) {
			return i
		}
		from = i + 1
	}
}

// delimits looks at what follows: the delimiter of an inner multipart body may
// begin with that of the outer one.
func delimits(rest []byte) bool {
	if bytes.HasPrefix(rest, []byte("--")) {
		return true
	}
	return len(rest) > 0 && (rest[0] == '\r' || rest[0] == '\n' || rest[0] == ' ' || rest[0] == '\t')
}

// splitPart divides what stands between two delimiters.
func splitPart(part []byte) (head, content []byte) {
	head, content, ok := bytes.Cut(part, []byte("\r\n\r\n"))
	if !ok {
		head, content, _ = bytes.Cut(part, []byte("\n\n"))
	}
	content = bytes.TrimSuffix(content, []byte("\n"))
	return head, bytes.TrimSuffix(content, []byte("\r"))
}

// name is the name parameter of the part's Content-Disposition.
func (w *partWalk) name() string {
	for line := range strings.SplitSeq(string(w.head), "\n") {
		field, value, _ := strings.Cut(line, ":")
		if !strings.EqualFold(strings.TrimSpace(field), "Content-Disposition") {
			continue
		}
		_, params, err := mime.ParseMediaType(strings.TrimSpace(value))
		if err != nil {
			return ""
		}
		return params["name"]
	}
	return ""
}
