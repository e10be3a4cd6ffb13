package openairesponses

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// maxMessage bounds what a body that is no JSON says.
const maxMessage = 4096

// DecodeError reads the body of a failed request
// (https://platform.openai.com/docs/guides/error-codes) in the spellings of
// the services that copy the API.
func (Provider) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	e := &llm.Error{Status: status, RetryAfter: -1}
	if jsonscan.Valid(body) == nil {
		decodeError(e, body)
	} else {
		e.Message = string(bytes.ToValidUTF8(bytes.TrimSpace(body[:min(len(body), maxMessage)]), nil))
	}
	if e.Message == "" {
		e.Message = http.StatusText(status)
	}
	if e.Message == "" {
		e.Message = "the provider answered with status " + strconv.Itoa(status)
	}
	if header == nil {
		return e
	}
	if id := header("x-request-id"); id != "" {
		e.RequestID = id
	}
	if n, err := strconv.Atoi(strings.TrimSpace(header("retry-after"))); err == nil && n >= 0 {
		e.RetryAfter = n
	}
	return e
}

// decodeError reads an error in any of its shapes: the member error as an
// object or a text, or the members of it by themselves.
func decodeError(e *llm.Error, v llm.JSON) {
	if wire.IsString(v) {
		e.Message = wire.Text(v)
	}
	inner := wire.Get(v, "error")
	decodeErrorFields(e, v)
	if wire.IsObject(inner) {
		decodeErrorFields(e, inner)
	} else if wire.IsString(inner) {
		e.Message = wire.Text(inner)
	}
	if e.Message != "" {
		return
	}
	for _, name := range [...]string{"detail", "message"} {
		if v := wire.Null(wire.Get(v, name)); v != nil {
			e.Message = string(v[:min(len(v), maxMessage)])
			return
		}
	}
}

func decodeErrorFields(e *llm.Error, v llm.JSON) {
	for f := wire.NewFields(v); f.Next(); {
		text := wire.Text(f.Value())
		if text == "" && f.Name() == "code" && wire.IsNumber(f.Value()) {
			text = string(f.Value())
		}
		if text == "" {
			continue
		}
		switch f.Name() {
		case "message", "detail":
			e.Message = text
		case "type":
			if text != "error" {
				e.Type = text
			}
		case "code":
			e.Code = text
		case "param":
			e.Param = text
		case "request_id":
			e.RequestID = text
		}
	}
}

// EncodeError writes an error body.
func (Client) EncodeError(dst []byte, e *llm.Error) []byte {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.Name("error")
	w.Object()
	w.Name("message")
	w.String(message(e))
	w.Name("type")
	w.String(errorType(e))
	w.Name("param")
	stringOrNull(&w, e.Param)
	w.Name("code")
	stringOrNull(&w, e.Code)
	w.EndObject()
	w.EndObject()
	return w.Buf
}

func stringOrNull(w *wire.Writer, s string) {
	if s == "" {
		w.Raw(nil)
		return
	}
	w.String(s)
}

func message(e *llm.Error) string {
	if e.Message == "" {
		return "the provider failed"
	}
	return e.Message
}

// errorTypes are those that clients of the API know.
var errorTypes = [...]string{
	"invalid_request_error", "authentication_error", "permission_error", "not_found_error", "rate_limit_error",
	"rate_limit_exceeded", "insufficient_quota", "tokens", "requests", "server_error", "api_error", "image_generation_user_error",
}

func errorType(e *llm.Error) string {
	if slices.Contains(errorTypes[:], e.Type) {
		return e.Type
	}
	switch {
	case e.Status == http.StatusUnauthorized:
		return "authentication_error"
	case e.Status == http.StatusForbidden:
		return "permission_error"
	case e.Status == http.StatusNotFound:
		return "not_found_error"
	case e.Status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case e.Status >= 400 && e.Status < 500:
		return "invalid_request_error"
	}
	return "server_error"
}

// errorStatus is what an error that came with status 200 would have had.
func errorStatus(code string) int {
	switch {
	case code == "rate_limit_exceeded" || code == "insufficient_quota":
		return http.StatusTooManyRequests
	case code == "invalid_prompt" || code == "context_length_exceeded" || strings.Contains(code, "image"):
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

// inBand is the error that an answer or an event of status 200 holds.
func inBand(v llm.JSON) *llm.Error {
	e := &llm.Error{RetryAfter: -1}
	decodeError(e, v)
	if e.Message == "" {
		e.Message = "the provider failed"
	}
	e.Status = errorStatus(e.Code)
	return e
}
