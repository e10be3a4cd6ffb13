package mistral

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// EncodeError implements wire.Client.
func (Client) EncodeError(dst []byte, e *llm.Error) []byte {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("object", "error")
	w.Name("message")
	w.String(e.Message)
	w.Name("type")
	w.String(errorType(e))
	w.Name("param")
	w.OrNull(e.Param)
	w.Name("code")
	w.OrNull(e.Code)
	if e.Status > 0 {
		w.IntMember("raw_status_code", int64(e.Status))
	}
	w.EndObject()
	return w.Buf
}

func errorType(e *llm.Error) string {
	switch {
	case e.Type != "":
		return e.Type
	case e.Status == 401:
		return "unauthorized"
	case e.Status == 403:
		return "forbidden"
	case e.Status == 404:
		return "not_found"
	case e.Status == 429:
		return "rate_limited"
	case e.Status >= 500:
		return "internal_server_error"
	}
	return "invalid_request_error"
}

// DecodeError implements wire.Provider.
func (Provider) DecodeError(status int, header func(string) string, body []byte) *llm.Error {
	e := readError(status, body)
	if header == nil {
		return e
	}
	if n, err := strconv.Atoi(header("Retry-After")); err == nil && n >= 0 {
		e.RetryAfter = n
	}
	if id := header("Mistral-Correlation-Id"); id != "" {
		e.RequestID = id
	}
	return e
}

// failed tells whether a body is an error, whatever its status.
func failed(v llm.JSON) bool {
	if wire.Equal(wire.Get(v, "object"), "error") || wire.Null(wire.Get(v, "error")) != nil {
		return true
	}
	return wire.Get(v, "choices") == nil && (wire.IsString(wire.Get(v, "message")) || wire.Null(wire.Get(v, "detail")) != nil)
}

// maxPlain is how much of an error body that is no JSON is passed on.
const maxPlain = 2000

func readError(status int, body []byte) *llm.Error {
	e := &llm.Error{Status: status, RetryAfter: -1}
	if jsonscan.Valid(body) == nil {
		v := llm.JSON(body)
		if inner := wire.Get(v, "error"); inner != nil { // servers with Mistral's models
			e.Message = wire.Text(inner)
			errorObject(e, inner)
		}
		errorObject(e, v)
	} else if plain := strings.TrimSpace(string(body[:min(len(body), maxPlain)])); utf8.ValidString(plain) && !strings.HasPrefix(plain, "<") {
		e.Message = plain
	}
	if e.Message == "" {
		e.Message = "the provider answered with status " + strconv.Itoa(status)
	}
	return e
}

// errorObject takes what is not known yet.
func errorObject(e *llm.Error, v llm.JSON) {
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "message", "detail":
			if e.Message == "" {
				e.Message = message(f.Value())
			}
		case "type":
			first(&e.Type, f.Value())
		case "code":
			first(&e.Code, f.Value())
		case "param":
			first(&e.Param, f.Value())
		case "request_id":
			first(&e.RequestID, f.Value())
		}
	}
}

// first fills an empty text, from a string or a number.
func first(dst *string, v llm.JSON) {
	if *dst != "" {
		return
	}
	if *dst = wire.Text(v); wire.IsNumber(v) {
		*dst = string(v)
	}
}

// message is what an error says: a text, or the list of what is wrong with the
// question, perhaps within an object.
func message(v llm.JSON) string {
	if wire.IsString(v) {
		return wire.Text(v)
	}
	if wire.IsObject(v) {
		v = wire.Get(v, "detail")
	}
	if wire.IsString(v) {
		return wire.Text(v)
	}
	var b strings.Builder
	items := wire.Items(v)
	for d, ok := items.Next(); ok && b.Len() < maxPlain; d, ok = items.Next() {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		if where := path(wire.Get(d, "loc")); where != "" {
			b.WriteString(where + ": ")
		}
		b.WriteString(wire.Text(wire.Get(d, "msg")))
	}
	return b.String()
}

// path is the place of something wrong, such as messages.0.content.
func path(v llm.JSON) string {
	var b strings.Builder
	items := wire.Items(v)
	for name, ok := items.Next(); ok && b.Len() < maxPlain; name, ok = items.Next() {
		if wire.Equal(name, "body") {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		if wire.IsString(name) {
			b.WriteString(wire.Text(name))
		} else {
			b.Write(name)
		}
	}
	return b.String()
}
