package admin

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strings"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/internal/jsonv2"
)

// The content types that are understood.
const (
	mediaJSON      = "application/json"
	mediaForm      = "application/x-www-form-urlencoded"
	mediaMultipart = "multipart/form-data"
)

// media is the request's content type without parameters, in lower case.
func (q *request) media() string {
	name, _, _ := strings.Cut(q.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(name))
}

// acceptable tells whether the body is of a type that is understood. None is
// needed where there is no body.
func (q *request) acceptable() bool {
	switch q.media() {
	case mediaJSON, mediaForm, mediaMultipart:
		return true
	case "text/yaml", "application/yaml":
		return strings.TrimRight(q.URL.Path, "/") == "/config"
	case "":
		return q.ContentLength == 0
	}
	return false
}

// read reads the body, up to limit bytes.
func (q *request) read(w http.ResponseWriter, limit int64) *answer {
	if limit <= 0 {
		limit = config.MaxText
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, q.Body, limit))
	if err == nil {
		q.raw = raw
		return nil
	}
	bad := message(http.StatusBadRequest, "Bad request")
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		bad = message(http.StatusRequestEntityTooLarge, "Payload too large")
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		bad = message(http.StatusRequestTimeout, "Request timeout")
	}
	return &bad
}

// badRequest is a body that cannot be read, in the words of the answer.
type badRequest string

func (b badRequest) Error() string { return string(b) }

const (
	errNoJSON    badRequest = "Cannot parse JSON body"
	errMultipart badRequest = "Cannot parse multipart body"
)

// record is the body as a record: JSON, or a form, whose values are texts
// until shape gives them the types they are meant to have.
func (q *request) record(shape func(form map[string]any) map[string]any) (map[string]any, error) {
	if pairs, isForm, err := q.form(); isForm {
		if err != nil {
			return nil, err
		}
		return shape(pairs.tree()), nil
	}
	if len(bytes.TrimSpace(q.raw)) == 0 {
		return map[string]any{}, nil
	}
	v, err := jsonv2.Parse(q.raw)
	m, ok := v.(map[string]any)
	if err != nil || !ok {
		return nil, errNoJSON
	}
	return m, nil
}

// form reads the body as a form, when it is one.
func (q *request) form() (pairs form, isForm bool, err error) {
	switch q.media() {
	case mediaForm:
		return parseForm(string(q.raw)), true, nil
	case mediaMultipart:
		pairs, err = q.multipart()
		return pairs, true, err
	}
	return nil, false, nil
}

// multipart reads a multipart form; a file is the text it holds.
func (q *request) multipart() (form, error) {
	_, params, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return nil, errMultipart
	}
	var f form
	parts := multipart.NewReader(bytes.NewReader(q.raw), params["boundary"])
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return nil, errMultipart
		}
		value, err := io.ReadAll(p)
		if err != nil {
			return nil, errMultipart
		}
		f = append(f, pair{p.FormName(), string(value)})
	}
}
