package openaichat

import (
	"bytes"
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
	w.Name("error")
	writeError(&w, e)
	w.EndObject()
	return w.Buf
}

func writeError(w *wire.Writer, e *llm.Error) {
	w.Object()
	w.Name("message")
	w.String(e.Message)
	w.Name("type")
	w.String(errorType(e))
	w.Name("param")
	orNull(w, e.Param)
	w.Name("code")
	orNull(w, e.Code)
	w.EndObject()
}

func orNull(w *wire.Writer, s string) {
	if s == "" {
		w.Raw(nil)
		return
	}
	w.String(s)
}

func errorType(e *llm.Error) string {
	switch {
	case e.Type != "":
		return e.Type
	case e.Status == 401:
		return "authentication_error"
	case e.Status == 403:
		return "permission_error"
	case e.Status == 429:
		return "rate_limit_error"
	case e.Status >= 500:
		return "server_error"
	}
	return "invalid_request_error"
}

// DecodeError implements wire.Provider.
func (*Provider) DecodeError(status int, header func(string) string, body []byte) *llm.Error {
	e := readError(status, body)
	if header != nil {
		if n, err := strconv.Atoi(header("Retry-After")); err == nil && n >= 0 {
			e.RetryAfter = n
		}
		e.RequestID = header("X-Request-Id")
	}
	return e
}

// maxPlain is how much of an error body that is no JSON is passed on.
const maxPlain = 2000

func readError(status int, body []byte) *llm.Error {
	e := &llm.Error{Status: status, RetryAfter: -1}
	if jsonscan.Valid(body) == nil {
		v := llm.JSON(bytes.TrimSpace(body))
		if items := wire.Items(v); wire.IsArray(v) { // Google wraps it in a list
			v, _ = items.Next()
		}
		inner := wire.Null(wire.Get(v, "error"))
		switch {
		case wire.IsObject(inner):
			readErrorObject(e, inner)
		case wire.IsString(inner):
			e.Message = wire.Text(inner)
		}
		readErrorObject(e, v)
	} else if plain := strings.TrimSpace(string(body[:min(len(body), maxPlain)])); utf8.ValidString(plain) && !strings.HasPrefix(plain, "<") {
		e.Message = plain
	}
	if e.Message == "" {
		e.Message = "the provider answered with status " + strconv.Itoa(status)
	}
	return e
}

// readErrorObject takes what is not known yet.
func readErrorObject(e *llm.Error, v llm.JSON) {
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "message", "detail", "Message", "error_description":
			first(&e.Message, f.Value())
		case "type", "status":
			if !wire.Equal(f.Value(), "error") {
				first(&e.Type, f.Value())
			}
		case "code":
			first(&e.Code, f.Value())
		case "param":
			first(&e.Param, f.Value())
		}
	}
}

// first fills an empty text, from a string, or a number as it stands.
func first(dst *string, v llm.JSON) {
	switch {
	case *dst != "":
	case wire.IsString(v):
		*dst = wire.Text(v)
	case wire.IsNumber(v), wire.IsArray(v) && len(v) <= maxPlain:
		*dst = string(v)
	}
}
