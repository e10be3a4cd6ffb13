package admin

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/schema"
)

const (
	typeJSON = "application/json; charset=utf-8"
	typeText = "text/plain; charset=utf-8"
)

// answer is what a handler says.
type answer struct {
	status int
	kind   string // Content-Type; "" is an answer without a body
	body   []byte
	// stream writes the body in place of body.
	stream func(w io.Writer) error
	fields [][2]string
}

// with adds a header.
func (a answer) with(name, value string) answer {
	a.fields = append(a.fields, [2]string{name, value})
	return a
}

// object answers with a tree of plain values as JSON.
func object(status int, v any) answer {
	return answer{status: status, kind: typeJSON, body: schema.AppendJSON(nil, v)}
}

func message(status int, text string) answer {
	return object(status, map[string]any{"message": text})
}

func text(status int, s string) answer {
	return answer{status: status, kind: typeText, body: []byte(s)}
}

func unexpected() answer {
	return message(http.StatusInternalServerError, "An unexpected error occurred")
}

// The numbers and names of errors in the contract.
const (
	codeSchema      = 2
	codeUnsupported = 12
	codeDocument    = 14
)

func violation(e *schema.Errors) answer {
	return object(http.StatusBadRequest, map[string]any{
		"message": e.Violation(), "name": "schema violation", "code": codeSchema, "fields": e.Value(),
	})
}

func unsupported(verb, entity string) answer {
	return object(http.StatusMethodNotAllowed, map[string]any{
		"message": "cannot " + verb + " '" + entity + "' entities when not using a database",
		"name":    "operation unsupported", "code": codeUnsupported,
	})
}

// invalidDocument shows what is wrong with a declarative document; flat lists
// the errors entity by entity.
func invalidDocument(e *config.DocumentError, flat bool) answer {
	body := map[string]any{
		"message": e.Message(), "name": "invalid declarative configuration", "code": codeDocument, "fields": e.Fields(),
	}
	if flat {
		body["flattened_errors"], body["fields"] = e.Flattened()
	}
	return object(http.StatusBadRequest, body)
}

// write sends the answer. finish is called right before the head leaves.
func (a answer) write(w http.ResponseWriter, headOnly bool, finish func()) error {
	h := w.Header()
	for _, f := range a.fields {
		h.Set(f[0], f[1])
	}
	if a.stream != nil {
		return a.pass(w, headOnly, finish)
	}
	if a.kind != "" {
		h.Set("Content-Type", a.kind)
	}
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	finish()
	w.WriteHeader(a.status)
	if headOnly || len(a.body) == 0 {
		return nil
	}
	_, err := w.Write(a.body)
	return err
}

// pass streams a body. The head leaves with its first byte, so that a failure
// before it is still a proper answer.
func (a answer) pass(w http.ResponseWriter, headOnly bool, finish func()) error {
	out := &lateWriter{w: w, headOnly: headOnly}
	out.begin = func() {
		w.Header().Set("Content-Type", a.kind)
		finish()
		w.WriteHeader(a.status)
	}
	err := a.stream(out)
	switch {
	case out.begun:
		return err
	case err != nil:
		_ = unexpected().write(w, headOnly, finish)
		return err
	}
	out.begin()
	return nil
}

// lateWriter calls begin before the first byte.
type lateWriter struct {
	w        io.Writer
	begin    func()
	begun    bool
	headOnly bool
}

func (l *lateWriter) Write(p []byte) (int, error) {
	if !l.begun && len(p) > 0 {
		l.begun = true
		l.begin()
	}
	if l.headOnly {
		return len(p), nil
	}
	return l.w.Write(p)
}

// ms is a duration in whole milliseconds.
func ms(d time.Duration) string { return strconv.FormatInt(max(d.Milliseconds(), 0), 10) }
